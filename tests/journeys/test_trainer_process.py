"""A real trainer process: what it decides once, how it ends, and what it says when something is wrong."""

import math
import os
import resource
import shutil
import signal
import sys
import time
from pathlib import Path

import pytest

from core.events.act import LockBlocks, MakeBackup, PauseRun, PreviewNow, ResumeRun, SaveNow, SetValues
from core.events.event import Chose, FacesChanged, NetworkMade, RolledBack, Started, Stopped, Warned
from core.faces.demo import demo_folder
from core.store.generation import Generations
from core.store.lock import is_held
from core.store.metric_reader import MetricReader
from core.store.preview import PreviewStore
from core.wire.trainer_record import Applied, Beat, Bye, Failed, NotSaved, Phase, Previewed, Saved
from tests.train.directing import PATIENCE_S, Director, make_run, small_faces, wait_for_lock

pytestmark = [pytest.mark.journey, pytest.mark.slow, pytest.mark.timeout(400)]
SIGTERM_CPU_S = 3.0     # 10 s is what a rented box gives; the clock of a shared machine says nothing
EXIT_CPU_S = 1.0        # from the last word to the end of the process: taking torch apart costs 2 s


def bodies(trainer, kind):
    return [e.body for e in trainer.events if isinstance(e.body, kind)]


def cpu_s(trainer) -> float:
    """CPU seconds of a trainer so far, without its workers; endless when it is over already."""
    try:
        words = Path(f"/proc/{trainer.process.pid}/stat").read_text().rpartition(")")[2].split()
    except FileNotFoundError:
        return math.inf
    return (int(words[11]) + int(words[12])) / os.sysconf("SC_CLK_TCK")


def all_cpu_s(trainer) -> float:
    """CPU seconds of a trainer that has ended: of our children, only it ended since the test began."""
    usage = resource.getrusage(resource.RUSAGE_CHILDREN)
    return usage.ru_utime + usage.ru_stime - trainer.children_s


def test_a_first_start_decides_and_a_second_one_does_not_ask_again(tmp_path):
    run = make_run(tmp_path / "run", small_faces(tmp_path / "faces"), decided=(), target_iter=3)
    with Director(run) as trainer:
        assert trainer.wait() == 0, trainer.log
        assert [c.what for c in bodies(trainer, Chose)] == ["device", "threads", "trial", "shared_pass"]
        assert "an iteration" in bodies(trainer, Chose)[2].value
        (made,) = bodies(trainer, NetworkMade)
        assert "encoder.down1" in [b.name for b in made.blocks]
        assert [s.cause for s in bodies(trainer, Stopped)] == ["target"]
        assert trainer.reports[-1] == Bye(3)
        phases = [p.phase for p in trainer.of(Phase)]
        assert phases[:2] == ["starting", "starting"]
        assert phases.index("trial") < phases.index("training") < phases.index("saving")
        before = len(trainer.events)
    with Director(run) as trainer:
        trainer.ask(SetValues({"target_iter": 5}))
        assert trainer.wait() == 0, trainer.log
        started = [e.body for e in trainer.events[before:] if isinstance(e.body, Started)]
        assert [s.generation for s in started] == [1]
        assert not [e for e in trainer.events[before:] if isinstance(e.body, Chose | NetworkMade)]
    assert MetricReader(run.metrics).rows(1, 9)[:, 0].tolist() == [1, 2, 3, 4, 5]


def test_acts_are_carried_out_and_answered_while_it_trains_and_while_it_is_paused(tmp_path):
    run = make_run(tmp_path / "run", small_faces(tmp_path / "faces"))
    with Director(run) as trainer:
        trainer.until_iteration(3)
        preview = trainer.ask(PreviewNow())
        trainer.until(lambda r: isinstance(r, Previewed) and r.ref == preview)
        trainer.ask(PauseRun())
        trainer.until(lambda r: isinstance(r, Phase) and r.phase == "paused")
        stood = trainer.of(Beat)[-1].iteration
        backup = trainer.ask(MakeBackup("before"))
        saved = trainer.until(lambda r: isinstance(r, Saved) and r.ref == backup)
        trainer.ask(LockBlocks("encoder.*"))
        trainer.until(lambda r: isinstance(r, Applied) and r.number == len(trainer.events))
        assert trainer.events[-1].iteration == saved.iteration >= stood
        trainer.ask(ResumeRun())
        trainer.until(lambda r: isinstance(r, Beat) and r.iteration > saved.iteration + 2)
        assert trainer.finish() == 0
        assert isinstance(trainer.reports[-1], Bye)
    assert Generations(run).get(saved.number).name == "before"
    tiles = PreviewStore(run).read(None, 0, 4, 32)
    assert tiles.columns == ["src", "src'", "dst", "dst'", "swap", "mask"]
    assert tiles.pixels.shape == (4, 6, 32, 32, 3)


def test_terminals_do_not_end_it_and_sigterm_saves_within_ten_seconds(tmp_path):
    run = make_run(tmp_path / "run", small_faces(tmp_path / "faces"))
    with Director(run) as trainer:
        trainer.until_iteration(2)
        for number in (signal.SIGHUP, signal.SIGINT, signal.SIGUSR1):
            trainer.process.send_signal(number)
        trainer.until_iteration(trainer.of(Beat)[-1].iteration + 3)
        before_s = cpu_s(trainer)
        trainer.process.send_signal(signal.SIGTERM)
        assert trainer.wait() == 0
        assert all_cpu_s(trainer) - before_s < SIGTERM_CPU_S
        assert "Current thread" in trainer.log      # SIGUSR1
        bye = trainer.reports[-1]
    assert Generations(run).newest_sound().generation.iteration == bye.iteration
    assert MetricReader(run.metrics).last == (bye.iteration, 0)


def test_it_is_gone_soon_after_its_last_word(tmp_path):
    run = make_run(tmp_path / "run", small_faces(tmp_path / "faces"), target_iter=2, workers=1)
    with Director(run) as trainer:
        assert trainer.until(lambda r: isinstance(r, Bye)), trainer.log
        before_s = cpu_s(trainer)
        assert trainer.wait() == 0
        assert all_cpu_s(trainer) - before_s < EXIT_CPU_S


def test_an_orphan_saves_lets_the_lock_go_and_then_starts_a_supervisor(tmp_path):
    run = make_run(tmp_path / "run", small_faces(tmp_path / "faces"))
    note = tmp_path / "relaunched"
    script = (f"from core.store.lock import is_held; from pathlib import Path; "
              f"Path({str(note)!r}).write_text(str(is_held(Path({str(run.trainer_lock)!r}))))")
    with Director(run, relaunch=[sys.executable, "-P", "-c", script]) as trainer:
        trainer.until_iteration(3)
        trainer.channel.close()
        trainer.process.wait(PATIENCE_S)
        wait_for_lock(run)
    deadline = time.monotonic() + PATIENCE_S
    while not (note.exists() and note.read_text()):
        assert time.monotonic() < deadline
        time.sleep(0.01)
    assert note.read_text() == "False"
    assert Generations(run).newest_sound().generation.iteration >= 3


def test_a_second_trainer_is_refused_while_one_writes(tmp_path):
    run = make_run(tmp_path / "run", small_faces(tmp_path / "faces"))
    with Director(run) as first:
        first.until_iteration(1)
        assert is_held(run.trainer_lock)
        with Director(run) as second:
            failed = second.until(lambda r: isinstance(r, Failed))
            assert f"process {first.process.pid}" in failed.sentence
            assert second.process.wait(PATIENCE_S) == 1


def test_no_memory_is_said_as_such_and_where(tmp_path):
    run = make_run(tmp_path / "run", small_faces(tmp_path / "faces"))
    with Director(run) as trainer:
        trainer.until_iteration(3)
        used = int(Path(f"/proc/{trainer.process.pid}/statm").read_text().split()[0]) * os.sysconf("SC_PAGE_SIZE")
        resource.prlimit(trainer.process.pid, resource.RLIMIT_AS, (used + 100 * 2**20,) * 2)
        trainer.ask(SetValues({"batch_size": 512}))
        failed = trainer.until(lambda r: isinstance(r, Failed))
        assert trainer.process.wait(PATIENCE_S) == 1
        assert failed.memory is True
        assert failed.iteration == trainer.events[-1].iteration
        assert "batch_size" in failed.sentence
        assert trainer.log.count("Traceback") == 1


def test_faces_that_changed_become_an_event_and_a_broken_file_is_named_once(tmp_path):
    faces = small_faces(tmp_path / "faces")
    run = make_run(tmp_path / "run", faces, target_iter=4)
    (tmp_path / "faces" / "src" / "broken.jpg").write_bytes(b"\xff\xd8\xff")
    with Director(run) as trainer:
        assert trainer.wait() == 0, trainer.log
        assert bodies(trainer, FacesChanged) == []
    shutil.copy(sorted((demo_folder() / "dst").glob("*.jpg"))[-1], tmp_path / "faces" / "dst")
    with Director(run) as trainer:
        trainer.ask(SetValues({"target_iter": 8}))
        assert trainer.wait() == 0, trainer.log
        (changed,) = bodies(trainer, FacesChanged)
        assert (changed.side, changed.note.faces, changed.drawn) == ("dst", 6, 8)
        warned = [w.sentence for w in bodies(trainer, Warned) if w.about == "faces"]
    assert len(warned) == 1
    assert "broken.jpg" in warned[0]
    assert Generations(run).newest_sound().generation.extra["drawn"] == {"src": 16, "dst": 16}


def test_nothing_is_trained_with_other_faces_until_the_journal_says_so(tmp_path):
    run = make_run(tmp_path / "run", small_faces(tmp_path / "faces"), target_iter=2)
    with Director(run) as trainer:
        assert trainer.wait() == 0, trainer.log
    shutil.copy(sorted((demo_folder() / "dst").glob("*.jpg"))[-1], tmp_path / "faces" / "dst")
    with Director(run, refused=FacesChanged) as trainer:
        trainer.ask(SetValues({"target_iter": 4}))
        assert trainer.until(lambda r: isinstance(r, Phase) and "stands still" in r.detail), trainer.log
        trainer.refused = None      # there is room again
        trainer.ask(SaveNow())      # and something wakes it
        assert trainer.wait() == 0, trainer.log
        (changed,) = (e for e in trainer.events if isinstance(e.body, FacesChanged))
        assert (changed.body.side, changed.body.drawn, changed.iteration) == ("dst", 4, 2)


def test_a_roll_back_begins_a_new_life_from_that_generation(tmp_path):
    run = make_run(tmp_path / "run", small_faces(tmp_path / "faces"), target_iter=20, keep_generations=10,
                   waiting=[(MakeBackup("good"), 5), (SetValues({"lr": 0.0}), 8)])
    with Director(run) as trainer:
        assert trainer.wait() == 0, trainer.log
        last = len(trainer.events)
    good = next(g for g in Generations(run).list() if g.name == "good")
    with Director(run, before=RolledBack(good.number, good.iteration, good.journal, 1)) as trainer:
        assert trainer.wait() == 0, trainer.log
        assert {e.life for e in trainer.events[last + 1:]} == {1}
    newest = Generations(run).list()[-1]
    assert (newest.iteration, newest.life) == (20, 1)
    reader = MetricReader(run.metrics)
    lr = [c.name for c in reader.columns].index("lr")
    assert reader.rows(5, 20, life=0)[-1, lr] == 0.0
    again = reader.rows(good.iteration + 1, 20, life=1)
    assert again[:, 0].tolist() == list(range(good.iteration + 1, 21))
    # the change at 8 was asked for before the generation: it comes again, at its iteration
    assert again[:, lr].tolist() == [1e-3 if iteration <= 8 else 0.0 for iteration in again[:, 0]]


def test_a_damaged_generation_is_passed_over_and_said_and_none_at_all_is_an_error(tmp_path):
    run = make_run(tmp_path / "run", small_faces(tmp_path / "faces"), target_iter=6, waiting=[(SaveNow(), 3)])
    with Director(run) as trainer:
        assert trainer.wait() == 0, trainer.log
    older, newer = Generations(run).list()
    only_newer = set(newer.blobs()) - set(older.blobs())
    (run.blobs / sorted(only_newer)[0]).write_bytes(b"damaged")
    with Director(run) as trainer:
        trainer.ask(SetValues({"target_iter": 7}))
        assert trainer.wait() == 0, trainer.log
        assert [s.generation for s in bodies(trainer, Started)] == [None, older.number]
        assert any("passed over" in w.sentence for w in bodies(trainer, Warned))
    for blob in run.blobs.iterdir():
        blob.write_bytes(b"damaged")
    with Director(run) as trainer:
        failed = trainer.until(lambda r: isinstance(r, Failed))
        assert failed.sentence.startswith("no save of this run can be used")
        assert not trainer.of(NotSaved)
