from core.train.soundness import Soundness


def said(outcomes):
    """Iterations at which a sentence is said, for a row of outcomes (1 = applied)."""
    soundness = Soundness()
    return [i for i, applied in enumerate(outcomes) if soundness.step(i, applied=bool(applied))]


def test_single_steps_that_are_skipped_are_not_worth_a_word():
    assert said([1, 0, 1, 0, 0, 1] + [1] * 100) == []


def test_three_in_a_row_are_said_once():
    assert said([1, 0, 0, 0, 0, 0, 1]) == [3]


def test_five_in_a_hundred_are_said_once_a_streak():
    assert said(([0] + [1] * 15) * 5) == [64]
    assert said([0] * 3 + [1] * 100 + [0] * 3) == [2, 105]


def test_the_sentence_names_numbers_and_what_helps():
    soundness = Soundness()
    sentence = [soundness.step(7_000 + i, applied=False) for i in range(3)][-1]
    assert "3 of the last 3 iterations before 7,002" in sentence
    assert "clipgrad" in sentence
