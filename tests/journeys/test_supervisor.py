"""A supervisor with the real trainer on the demo's faces: steered, killed, replaced.

DFL_TUI_SUPERVISOR_KILLS: how often the supervisor is killed.
"""

import os
import signal
import time
from pathlib import Path

import pytest

import core.faces.demo
from core.events.act import LockBlocks, RollBack, SaveNow, SetValues, StopRun
from core.events.event import Ended, FaceSetNote, Started
from core.events.fold import fold
from core.run.birth import NewRun, create_run
from core.run.environment import our_programs
from core.run.job import run_job
from core.store.lock import is_held
from core.store.metric_reader import MetricReader
from core.wire.console_record import AskGenerations, AskHistory, Command, Done, EventNews
from tests.run.running import CONSENT, Running, until

KILLS = int(os.environ.get("DFL_TUI_SUPERVISOR_KILLS", "1"))
PATIENCE_S = 120.0  # a start imports torch, and tests share their machine
SMALL = {"archi": "df", "resolution": 32, "ae_dims": 8, "e_dims": 2, "d_dims": 2, "d_mask_dims": 2, "batch_size": 2,
         "workers": 0, "threads": 1, "save_minutes": 0.05}
DEMO = Path(core.faces.demo.__file__).parent

pytestmark = [pytest.mark.journey, pytest.mark.slow, pytest.mark.timeout(300 + 120 * KILLS)]


def note(side: str) -> FaceSetNote:
    (found,) = [r["summary"] for r in run_job("faces", [str(DEMO / side)]) if "summary" in r]
    return FaceSetNote(found["path"], found["faces"], found["key"])


@pytest.fixture
def run(tmp_path):
    place = create_run(tmp_path / "home", NewRun("demo", SMALL, note("src"), note("dst"), CONSENT, CONSENT))
    running = Running(place, our_programs())
    yield running
    running.end()


def test_a_run_is_steered_and_goes_on_after_every_kill(run):
    console = run.console()
    console.tick(lambda t: t.iteration > 3, PATIENCE_S)
    assert isinstance(console.command(SetValues({"lr": 1e-4})), Done)
    assert isinstance(console.command(SaveNow()), Done)
    locked = console.command(LockBlocks("encoder")).event
    console.tick(lambda t: t.iteration > locked.iteration + 3, PATIENCE_S)

    os.kill(run.trainer, signal.SIGKILL)
    began = time.monotonic()
    end = console.hear(lambda m: isinstance(m, EventNews) and isinstance(m.event.body, Ended), PATIENCE_S).event
    assert end.body.cause == "killed"
    console.tick(lambda t: t.phase == "training" and t.iteration > end.iteration, PATIENCE_S)
    print(f"goes on {time.monotonic() - began:.1f} s after the trainer was killed")
    assert "encoder.down1" in fold(run.events).locks

    for _ in range(KILLS):
        old, old_trainer = run.supervisor, run.trainer
        os.kill(old, signal.SIGKILL)
        began = time.monotonic()
        console = run.console("again")
        assert run.supervisor != old
        until(lambda gone=old_trainer: run.trainer != gone, "the end of the old trainer", PATIENCE_S)
        console.tick(lambda t: t.phase == "training", PATIENCE_S)
        print(f"goes on {time.monotonic() - began:.1f} s after the supervisor was killed")
    assert [b.cause for b in run.bodies(Ended)] == ["killed"] + ["supervisor"] * KILLS
    assert len(run.bodies(Started)) == 2 + KILLS

    stopped = console.ask(lambda n: Command(n, StopRun()), PATIENCE_S)
    kept = console.ask(AskGenerations).generations[0]
    assert kept.iteration == stopped.event.iteration
    assert not is_held(run.folder.trainer_lock)
    history = console.ask(lambda n: AskHistory(n, ["src", "dst"], 0, None, 100))
    assert history.last == kept.iteration
    rows = MetricReader(run.folder.metrics).rows(1, kept.iteration)
    assert rows[:, 0].tolist() == list(range(1, kept.iteration + 1)), "a gap in the metrics"
    assert isinstance(console.command(RollBack(kept.number)), Done)
