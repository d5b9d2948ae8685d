"""The chart shows what is in the numbers: where the curve is, where events are, and what the scale says."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from rich.style import Style

from dfl_tui.draw.chart import LABEL_CELLS, Frame, Look, Mark, Series, draw_chart, smoothed, ticks, value_range
from dfl_tui.draw.number import duration, short, size
from dfl_tui.draw.sparkline import sparkline

LOOK = Look(Style(), Style(dim=True), Style(bold=True))
LINE, BAND = Style(color="blue"), Style(color="black")


def series(mean, last=1000, dotted=False):
    mean = np.asarray(mean, dtype=float)
    return Series("src", np.linspace(0, last, len(mean)), mean, mean, mean, LINE, BAND, dotted)


def drawn(*args, width=60, height=12, **frame):
    return draw_chart(list(args), Frame(0, 1000, frame.pop("log", False), frame.pop("cursor", None)),
                      frame.pop("marks", []), width=width, height=height, look=LOOK)


def cells_of(strips, style):
    """(row, column) of the cells drawn in `style`."""
    found = []
    for y, strip in enumerate(strips):
        x = 0
        for segment in strip:
            found += [(y, x + i) for i, c in enumerate(segment.text) if segment.style == style and c != " "]
            x += segment.cell_length
    return found


def test_a_falling_loss_goes_down_from_left_to_right():
    rows = {x: y for y, x in cells_of(drawn(series(np.linspace(2, 0.1, 120))), LINE)}
    left, right = rows[min(rows)], rows[max(rows)]
    assert left < 2 and right > 7


@pytest.mark.parametrize("log", [False, True])
def test_every_row_is_as_wide_as_asked(log):
    assert {s.cell_length for s in drawn(series(np.linspace(3, 0.2, 50)), log=log, cursor=300)} == {60}


@given(st.lists(st.floats(0, 1e6) | st.just(float("nan")), min_size=1, max_size=80), st.booleans())
@settings(max_examples=60, deadline=None)
def test_no_values_break_the_chart(values, log):
    assert len(drawn(series(values), log=log, cursor=7)) == 12


def test_an_event_stands_at_its_iteration_and_the_cursor_names_its_own():
    strips = drawn(series(np.ones(50)), marks=[Mark(500, "◆", Style())], cursor=250)
    marks, scale = strips[-2].text, strips[-1].text
    assert marks.index("◆") == LABEL_CELLS + (60 - LABEL_CELLS) // 2
    assert "250" in scale and scale.startswith(" " * LABEL_CELLS + "0")


def test_one_spike_does_not_press_the_rest_flat():
    calm = np.full(100, 0.2)
    calm[50] = 50
    s = Series("src", np.arange(100.0), np.full(100, 0.2), calm, np.full(100, 0.2), LINE, BAND)
    assert value_range([s], log=False)[1] <= 0.5


def test_the_second_series_can_be_told_apart_without_colour():
    whole = sum(bin(ord(c) - 0x2800).count("1") for s in drawn(series(np.ones(110))) for c in s.text if c >= "\u2800")
    half = sum(bin(ord(c) - 0x2800).count("1") for s in drawn(series(np.ones(110), dotted=True)) for c in s.text
               if c >= "\u2800")
    assert half < 0.7 * whole


def test_smoothing_keeps_a_constant_and_follows_a_step():
    assert np.allclose(smoothed(np.full(200, 0.7)), 0.7)
    step = smoothed(np.concatenate([np.ones(200), np.zeros(200)]))
    assert step[199] == pytest.approx(1) and step[399] < 1e-6


@pytest.mark.parametrize(("low", "high", "log"), [(0, 1, False), (0.18, 0.23, False), (0.01, 3, True), (5, 5.1, True)])
def test_scale_values_are_round_and_inside(low, high, log):
    for value in ticks(low, high, 4, log):
        assert low - 1e-9 <= value <= high + 1e-9
        assert len(f"{value:.4g}") <= 6


@pytest.mark.parametrize(("value", "text"), [(0.01234, "0.0123"), (1.23456, "1.235"), (1234.0, "1,234"),
                                             (123_456.0, "123k"), (1.2e6, "1.2M"), (0.0, "0.0000"),
                                             (5e-5, "5.0e-5"), (float("nan"), "-")])
def test_numbers_are_short(value, text):
    assert short(value) == text and len(short(value)) <= 7


def test_sizes_and_times_have_units():
    assert [size(812), size(12_345), size(1.2e9)] == ["812 B", "12.3 kB", "1.2 GB"]
    assert [duration(8), duration(250), duration(12_000), duration(187_200)] == ["8 s", "4 min 10 s", "3 h 20 min",
                                                                                 "2 d 4 h"]


def test_a_sparkline_of_one_value_is_flat_whatever_its_means_are_rounded_to():
    assert sparkline([5e-5, 5e-5 * (1 + 1e-15), 5e-5], 3, LINE).text == "▁▁▁"
    assert sparkline([0.0, 0.0], 2, LINE).text == "▁▁"


def test_a_sparkline_is_one_segment_of_the_width_asked():
    strip = sparkline([1, 2, 3, float("nan"), 8], 12, LINE)
    assert strip.cell_length == 12 and len(list(strip)) == 1
    assert strip.text.strip() == "▁▂▃ █"


@pytest.mark.parametrize(("low", "high"), [(1.2, 3.9), (0.31, 0.49), (2.1, 2.2), (0.05, 6.0)])
def test_a_logarithmic_scale_has_labels_enough_to_tell_distances(low, high):
    there = ticks(low, high, 6, True)
    assert 3 <= len(there) <= 7 and all(low <= value <= high for value in there)
