"""Where panels stand: nothing overlaps, nothing sticks out, at any size that is not too small."""

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from core.run.start import Place, Summary
from dfl_tui.arrange import PANELS, arrange, is_wide
from dfl_tui.look import look_of
from dfl_tui.panels.previews import tile_layout
from dfl_tui.screens import runs

sizes = st.tuples(st.integers(80, 260), st.integers(24, 90))


def covered(boxes):
    cells = [(x, y) for box in boxes.values() for x in range(box.x, box.x + box.width)
             for y in range(box.y, box.y + box.height)]
    return cells, set(cells)


@given(sizes, st.sampled_from(["", *PANELS]), st.sampled_from(["", *PANELS]))
def test_boxes_neither_overlap_nor_stick_out(size, tab, zoomed):
    width, height = size
    cells, unique = covered(arrange(width, height, tab=tab, zoomed=zoomed))
    assert len(cells) == len(unique)
    assert all(0 <= x < width and 0 <= y < height for x, y in unique)


@given(sizes)
def test_every_panel_is_on_screen_or_one_digit_away(size):
    width, height = size
    boxes = arrange(width, height)
    if is_wide(width, height):
        assert set(PANELS) <= set(boxes)
    for panel in PANELS:
        shown = arrange(width, height, tab=panel)[panel]
        assert shown.width > 20 and shown.height >= 1


def test_the_overview_at_80x24_has_a_chart_of_six_rows_and_one_tile_of_24x12():
    boxes = arrange(80, 24)
    assert boxes["chart"][:4] == (0, 4, 80, 6)
    assert (boxes["previews"].width, boxes["previews"].height) == (24, 13)      # a name over the tile
    assert boxes["series"].height == 5


def test_less_than_80x24_is_too_small():
    assert set(arrange(79, 24)) == set(arrange(80, 23)) == {"small"}


@pytest.mark.parametrize(("width", "height", "across", "side"), [
    (80, 18, 6, 6), (80, 20, 6, 6), (120, 36, 6, 8), (81, 13, 3, 12)])
def test_no_picture_is_left_out_where_slightly_smaller_tiles_show_all_six(width, height, across, side):
    layout = tile_layout(width, height, 6)
    assert (layout.across, layout.side) == (across, side)
    assert len(layout.columns) == across and layout.faces * (layout.side + 1) <= height


def test_a_list_of_runs_has_room_for_the_age_on_80_columns():
    summary = Summary("t1", Path("/r/t1"), False, "training", 1_234_567, 2_000_000, 0.31, 0.29, 1_000.0, "cpu", 9,
                      "anna", "ben", "")
    row = runs.row(runs.Entry(Place("t1", Path("/r/t1")), summary), 5_000.0, look_of({}), 80)
    told = "".join(text for text, _style in row.left)
    assert told.index(" ago") < 76 and "1,234,567 / 2,000,000" in told
