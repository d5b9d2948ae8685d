"""A console that stands still costs nobody anything. `python -m benchmarks.slow_console` holds the budgets for 60 s."""

import pytest

from benchmarks.slow_console import slow_console

SECONDS = 6.0
BUSY = 3.0      # tests share their machine: times may be so many times their budget

pytestmark = [pytest.mark.journey, pytest.mark.slow, pytest.mark.timeout(300)]


def test_a_stopped_console_costs_trainer_supervisor_and_a_second_console_nothing():
    figures = {figure.what: figure for figure in slow_console(SECONDS)}
    for figure in figures.values():
        slack = BUSY if figure.unit in ("s", "µs") else 1.0
        assert figure.budget is None or figure.measured <= slack * figure.budget, figure
    assert figures["iterations while a console stood still"].measured > SECONDS
