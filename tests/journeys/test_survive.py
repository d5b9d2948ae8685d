"""A run outlives consoles, terminals, tmux and supervisors. The trials are those of `python -m benchmarks.survive`."""

import os
import shutil

import pytest

from benchmarks.live_run import LiveRun, live_run
from benchmarks.survive import (
    DEATHS,
    GOES_ON_S,
    a_console,
    nothing_notices,
    supervisor_is_killed,
    three_consoles,
    tmux_is_stopped,
)

KILLS = int(os.environ.get("DFL_TUI_SUPERVISOR_KILLS", "3"))
BRAILLE = range(0x2801, 0x2900)     # the chart's curves, and nothing else on the screen

pytestmark = [pytest.mark.journey, pytest.mark.slow, pytest.mark.timeout(300 + 90 * KILLS)]


@pytest.fixture(scope="module")
def run():
    """One run for all deaths that it does not notice."""
    with live_run() as made:
        yield made


@pytest.fixture
def fresh_run():
    """A run of its own, for tests that begin or end its processes."""
    with live_run() as made:
        yield made


@pytest.mark.parametrize("death", DEATHS, ids=lambda death: death.__name__)
def test_a_trainer_does_not_notice_that(run: LiveRun, death):
    nothing_notices(run, death)


def test_one_console_steers_and_two_others_see_it(run: LiveRun):
    three_consoles(run)


def test_a_new_console_draws_the_history(run: LiveRun):
    run.ensure()
    run.train(1)
    with a_console(run) as terminal:
        terminal.watch(2.0, until="⣀".encode())
        drawn = terminal.output.decode(errors="replace")
    assert any(ord(c) in BRAILLE for c in drawn)


@pytest.mark.skipif(shutil.which("tmux") is None, reason="there is no tmux here")
@pytest.mark.parametrize("how", ["kill-server", "kill -9"])
def test_a_run_that_was_begun_in_tmux_outlives_its_server(fresh_run: LiveRun, how):
    tmux_is_stopped(fresh_run, how)


def test_after_a_kill_of_the_supervisor_there_are_never_two_writers_and_training_goes_on(fresh_run: LiveRun):
    seconds = supervisor_is_killed(fresh_run, KILLS)
    print("seconds to the next iteration:", *(f"{s:.1f}" for s in seconds))
    assert max(seconds) < GOES_ON_S
