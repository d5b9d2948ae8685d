"""Where panels stand: nothing overlaps, nothing sticks out, at any size that is not too small."""

from hypothesis import given
from hypothesis import strategies as st

from dfl_tui.arrange import PANELS, arrange, is_wide

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
