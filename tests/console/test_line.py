"""Lines: cells are counted, not characters; nothing steers the terminal."""

from hypothesis import given
from hypothesis import strategies as st
from rich.cells import cell_len
from rich.style import Style

from dfl_tui.draw.line import between, clean, cut, fit, strip, wrapped

STYLE = Style()


@given(st.text(), st.integers(0, 40))
def test_a_cut_text_fits(text, width):
    assert cell_len(cut(text, width)) <= max(width, 0)


@given(st.text(alphabet="ab 中文", max_size=30), st.integers(1, 40))
def test_a_fitted_text_fills_its_cells(text, width):
    assert cell_len(fit(text, width)) == width


@given(st.lists(st.text(alphabet="ab 中\x1b\n", max_size=12), max_size=5), st.integers(0, 30))
def test_a_strip_has_as_many_cells_as_it_says(texts, width):
    line = strip([(text, STYLE) for text in texts], width)
    assert sum(cell_len(segment.text) for segment in line) == line.cell_length <= width


def test_escape_sequences_of_a_file_name_are_shown_and_not_obeyed():
    assert clean("a\x1b[2Jb\n") == "a·[2Jb·"


def test_both_ends_stand_at_the_ends_and_the_left_one_is_cut_first():
    line = between([("a long beginning", STYLE)], [("end", STYLE)], 12)
    assert "".join(segment.text for segment in line) == "a long…  end"


@given(st.text(alphabet="abc 中", max_size=60), st.integers(2, 20))
def test_wrapped_lines_fit_and_lose_no_word(text, width):
    lines = wrapped(text, width)
    assert all(cell_len(line) <= width for line in lines)
    assert "".join(lines).replace(" ", "") == text.replace(" ", "")
