"""Likeness on screen: the verdict's sentence, the header, a sparkline of its own."""

from array import array
from math import nan

import pytest
from msgspec.structs import replace

from core.events.reading import LikenessNews, WatchNews
from core.wire.console_record import History, SeriesBuckets, Tick
from dfl_tui.model import Answer, Answered, Model, apply
from dfl_tui.panels import header, series, verdict
from tests.console.recorded import Recorded


@pytest.fixture
def model(tmp_path) -> Model:
    return apply(Model(), Recorded(tmp_path).welcome(3))


def read(tick: Tick, **changes: object) -> Tick:
    """The tick with a reading of 71 points."""
    news = replace(LikenessNews(3_500, "likeness", 71.4, 68.0, 74.8, 0.52, 1.2, 0.4, 2.0), **changes)
    return replace(tick, watch=WatchNews(news, []))


def test_the_verdict_tells_likeness_and_where_it_goes(model):
    tick = model.tick
    told = {change: verdict.likeness(read(tick, **change_of)) for change, change_of in {
        "up": {}, "down": {"change": -2.0, "change_low": -3.0, "change_high": -1.0},
        "still": {"change_low": -0.5}, "other": {"measure": "departure"}}.items()}
    assert told == {"up": "Likeness 71, rising.", "down": "Likeness 71, falling.", "still": "Likeness 71.",
                    "other": "Departure from the destination 71, rising."}
    assert verdict.likeness(tick) == "" and verdict.likeness(read(tick, trouble="too alike")) == ""
    assert "Likeness 71, rising." in verdict.select(apply(model, read(tick))).sentence


def test_the_header_tells_likeness_with_its_interval_where_it_means_something(model):
    assert header.alike(read(model.tick)) == "likeness 71 ±3"
    assert header.alike(read(model.tick, measure="departure")) == "" and header.alike(model.tick) == ""


def test_likeness_has_a_sparkline_whose_gaps_show_the_reading_before(model):
    def answered(*values: float) -> Model:
        empty = array("d", [0.0] * len(values)).tobytes()
        mean = array("d", values).tobytes()
        history = History(0, 0, 3_512, {"likeness": SeriesBuckets(empty, mean, mean, mean)})
        return apply(model, Answered("series", Answer(series.question(3_512, 40), history)))

    assert "alike" not in [line.name for line in series.select(answered(nan, nan)).lines]
    (line,) = [line for line in series.select(answered(60.0, nan, 64.0)).lines if line.name == "alike"]
    assert line.means == (60.0, 60.0, 64.0)
    assert series.newest(read(model.tick))["likeness"] == "71 ±3"
