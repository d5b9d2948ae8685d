"""Conditions of recipes: what they say of readings, and how a wrong one is refused."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from core.events.reading import Readings, Verdict
from core.recipes.condition import Seen, holds, parts, progress, reason
from core.recipes.condition_parser import parse_condition
from core.settings.error import RecipeError

FLAT = Verdict("plateau", "loss", 9_000, True, "loss is flat", confidence=0.95)
MOVES = Verdict("plateau", "likeness", 9_000, False, "likeness rises", confidence=0.95)
SILENT = Verdict("drop", "likeness", 9_000, False, "too few readings")
SEEN = Seen(
    Readings(9_000, 0, values={"loss": 0.5, "likeness": 71.0, "best": 74.0, "before": 70.0, "iterations": 4_000.0},
             since={"random_warp": 6_000}, verdicts=[FLAT, MOVES, SILENT]),
    is_locked={"encoder": True, "inter": False, "encoder.*, -encoder.down1": True}.get)


def asked(text: str, seen: Seen = SEEN) -> bool | None:
    return holds(parse_condition(text, "here"), seen)


@pytest.mark.parametrize(("text", "answer"), [
    ("iterations >= 4_000", True),
    ("iterations > 4000", False),
    ("likeness >= before - 1", True),
    ("likeness < best - 2 and plateau(loss)", True),
    ("2 * loss + 1 <= 2", True),
    ("8 - 2 - 1 > 4", True),
    ("8 / 2 / 2 >= 2 and 8 / 2 / 2 <= 2", True),
    ("-loss < 0", True),
    ("(likeness + before) / 2 >= 70.5", True),
    ("since(random_warp) >= 5000 and since(grow) >= 9000", True),
    ("locked(encoder) and not locked(inter)", True),
    ("locked(encoder.*, -encoder.down1)", True),
    ("plateau(loss) or iterations >= 9000000", True),
    ("not (plateau(loss) and plateau(likeness))", True),
    ("plateau(likeness)", False),
    ("not plateau(loss) or plateau(loss) and iterations < 5", False),
])
def test_a_condition_says_what_it_reads(text, answer):
    assert asked(text) is answer


@pytest.mark.parametrize(("text", "answer"), [
    ("floor < 1.5", None),
    ("not floor < 1.5", None),
    ("drop(likeness)", None),
    ("not drop(likeness)", None),
    ("spike(loss)", None),
    ("locked(octave9.head)", None),
    ("loss / (before - 70) > 1", None),
    ("floor < 1.5 and iterations < 3", False),
    ("floor < 1.5 or iterations >= 3", True),
    ("floor < 1.5 and iterations >= 3", None),
])
def test_what_is_not_known_yet_neither_holds_nor_lets_its_opposite_hold(text, answer):
    assert asked(text) is answer


def test_the_reason_is_made_of_the_parts_that_hold_with_their_numbers():
    condition = parse_condition("(plateau(loss) or plateau(likeness)) and iterations >= 4000", "here")
    assert reason(condition, SEEN) == "plateau(loss): loss is flat; iterations 4,000 >= 4,000"
    assert [part.holds for part in parts(condition, SEEN)] == [True, False, True]


def test_progress_is_the_mean_of_what_must_hold_and_the_best_of_what_may():
    def near(text: str) -> float:
        return progress(parse_condition(text, "here"), SEEN)

    assert near("iterations >= 16000") == pytest.approx(0.25)
    assert near("plateau(loss) and iterations >= 16000") == pytest.approx(0.625)
    assert near("plateau(likeness) or iterations >= 8000") == pytest.approx(0.5)
    assert near("loss <= 0.25") == pytest.approx(0.5)
    assert near("floor >= 1") == 0
    assert near("iterations >= 1") == 1


@pytest.mark.parametrize(("text", "place", "what"), [
    ("", 1, "'the end' stands where a number is expected"),
    ("plateau(loss", 13, "'the end' stands where ')' is expected"),
    ("plateau(loose)", 9, "'loose' is no reading that is watched"),
    ("plateau loss", 9, "'loss' stands where '(' is expected"),
    ("likenes >= 3", 1, "'likenes' is no reading"),
    ("likeness >=", 12, "'the end' stands where a number is expected"),
    ("likeness 3", 10, "'3' stands where a comparison is expected"),
    ("1 < loss < 2", 10, "a second comparison"),
    ("loss > 1 iterations > 2", 10, "'iterations' is not expected here"),
    ("loss > 1 && masks > 2", 10, "'&' has no meaning here"),
    ("loss == 1", 6, "'=' has no meaning here"),
    ("since(warp) > 3", 7, "'warp' is no setting"),
    ("locked() and loss > 1", 8, "')' is no group of blocks"),
    ("__import__('os')", 12, '"\'" has no meaning here'),
    ("(loss > 1))", 11, "')' is not expected here"),
])
def test_a_wrong_condition_is_refused_at_its_character(text, place, what):
    with pytest.raises(RecipeError) as refused:
        parse_condition(text, "growth.toml, stage 2")
    assert f"growth.toml, stage 2: character {place} of" in refused.value.message
    assert what in refused.value.message


def test_a_condition_that_is_too_long_or_too_deep_is_refused():
    with pytest.raises(RecipeError, match="601 characters"):
        parse_condition("1" * 601, "here")
    for text in ("(" * 80 + "loss > 1" + ")" * 80, "not " * 80 + "plateau(loss)", "-" * 90 + "loss > 1"):
        with pytest.raises(RecipeError, match="nested too deeply"):
            parse_condition(text, "here")


@given(st.text(alphabet="loss iterpand()<>=+-*/.0123456789_not", max_size=60))
def test_any_text_is_a_condition_or_is_refused(text):
    try:
        condition = parse_condition(text, "here")
    except RecipeError:
        return
    assert holds(condition, SEEN) in (True, False, None)
    assert 0 <= progress(condition, SEEN) <= 1
