"""A console that stands still costs nobody anything. `python -m benchmarks.slow_console` holds the budgets for 60 s."""

import pytest

from benchmarks.slow_console import slow_console

SECONDS = 6.0
BY_THE_CLOCK = ("s", "µs")      # tests share their machine: what a clock says is the benchmark's to hold

pytestmark = [pytest.mark.journey, pytest.mark.slow, pytest.mark.timeout(300)]


def test_a_stopped_console_costs_trainer_supervisor_and_a_second_console_nothing():
    figures = {figure.what: figure for figure in slow_console(SECONDS)}
    for figure in figures.values():
        assert figure.unit in BY_THE_CLOCK or figure.is_kept, figure
    assert figures["iterations while a console stood still"].measured > 0
    assert figures["ticks of a second console meanwhile"].measured > 0
