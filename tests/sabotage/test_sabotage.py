"""Every sabotage still fits the program it breaks; `make campaign` shows that its test notices it."""

import pytest

from scripts.sabotage import FOLDER, Sabotage, sabotages

ALL = sabotages()


@pytest.mark.parametrize("sabotage", ALL, ids=[s.name for s in ALL])
def test_the_text_to_break_is_there_once_and_the_test_exists(sabotage):
    assert sabotage.problem() == ""


def test_there_are_at_least_fifteen():
    assert len(ALL) >= 15, f"write more of them in {FOLDER}"


def test_a_sabotage_is_undone_also_when_its_test_raises(tmp_path):
    (tmp_path / "a.py").write_text("x = 1\n")
    sabotage = Sabotage("one", "a.py", "x = 1", "x = 2", "a.py::test", "")
    with pytest.raises(ZeroDivisionError), sabotage.applied(tmp_path):
        assert (tmp_path / "a.py").read_text() == "x = 2\n"
        raise ZeroDivisionError
    assert (tmp_path / "a.py").read_text() == "x = 1\n"


@pytest.mark.parametrize(("text", "problem"), [("", "0 times"), ("x = 1\nx = 1\n", "2 times")])
def test_a_text_that_is_not_there_exactly_once_is_a_problem(text, problem, tmp_path):
    (tmp_path / "a.py").write_text(text)
    assert problem in Sabotage("one", "a.py", "x = 1", "x = 2", "a.py::test", "").problem(tmp_path)
