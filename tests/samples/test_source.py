"""Batches from worker processes: the same bits as in place, whatever happens to the processes."""

import os
import signal
import subprocess
import sys
import textwrap
import time
from collections.abc import Callable

import numpy as np
import psutil
import pytest

from core.samples.crew import MOST_FAILURES
from core.samples.error import SampleError
from core.samples.share import Share
from core.samples.source import SampleSource, worker_count
from tests.samples.conftest import SIDE_PX, opened, options
from tests.samples.test_sample import batch_of, broken, content  # noqa: F401  (a fixture)

pytestmark = pytest.mark.journey
DEADLINE_S = 30.0


def until(is_so: Callable[[], bool]) -> None:
    """Wait for a condition with a deadline."""
    end = time.monotonic() + DEADLINE_S
    while not is_so():
        assert time.monotonic() < end, "the condition did not come true"
        time.sleep(0.01)


def is_gone(pid: int) -> bool:
    return not psutil.pid_exists(pid) or psutil.Process(pid).status() == psutil.STATUS_ZOMBIE


def run(source: SampleSource, iterations: range, **changes) -> list[list[bytes]]:
    """Contents of consecutive batches."""
    wanted = options(**changes)
    return [content(batch_of(source, wanted, iteration=i, drawn=i * wanted.batch_size)) for i in iterations]


@pytest.fixture
def expected(faces):
    """Six batches made in place."""
    with SampleSource(*faces, seed=6, workers=0) as source:
        return run(source, range(6), eyes=True)


@pytest.mark.parametrize("workers", [1, 4])
def test_any_number_of_workers_makes_the_same_bits(faces, expected, workers):
    with SampleSource(*faces, seed=6, workers=workers) as source:
        assert run(source, range(6), eyes=True) == expected


def test_more_workers_than_samples_make_the_same_bits(faces):
    with SampleSource(*faces, seed=6, workers=4) as source, SampleSource(*faces, seed=6, workers=0) as in_place:
        assert run(source, range(3), batch_size=1) == run(in_place, range(3), batch_size=1)


def test_what_was_asked_before_cannot_be_seen_in_a_batch(faces, expected):
    with SampleSource(*faces, seed=6, workers=2) as source:
        for history in (range(3), range(5, 6), range(1, 2)):
            run(source, history, eyes=True)
        run(source, range(2), random_warp=False)
        run(source, range(2), batch_size=9)                       # another layout of the memory
        batch_of(source, options(eyes=True), iteration=0, life=1)
        assert run(source, range(6), eyes=True) == expected
        assert run(source, range(2, 6), eyes=True) == expected[2:]


def test_a_killed_worker_is_replaced_and_its_samples_are_made_again(faces, expected):
    with SampleSource(*faces, seed=6, workers=2) as source:
        found, restarts = [], 0
        for i in range(6):
            if i in (1, 4):
                for pid in source.process_ids[:i]:
                    os.kill(pid, signal.SIGKILL)
            batch = batch_of(source, options(eyes=True), iteration=i, drawn=4 * i)
            found.append(content(batch))
            restarts += batch.restarts
        assert found == expected
        # A worker that was killed after it had made all that was asked for is noticed with the next job.
        batch_of(source, options(eyes=True), iteration=0)
        assert restarts >= 2


def test_a_worker_that_hangs_is_replaced(faces, expected):
    with SampleSource(*faces, seed=6, workers=2, stall_s=3.0) as source:
        assert run(source, range(1), eyes=True) == expected[:1]
        os.kill(source.process_ids[1], signal.SIGSTOP)
        assert run(source, range(6), eyes=True) == expected


def test_signals_to_workers_do_not_end_them(faces, expected):
    with SampleSource(*faces, seed=6, workers=2) as source:
        before = source.process_ids
        assert run(source, range(2), eyes=True) == expected[:2]
        for pid in before:
            for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
                os.kill(pid, number)
        assert run(source, range(2, 6), eyes=True) == expected[2:]
        assert source.process_ids == before


def test_workers_stand_outside_the_trainer_group(faces):
    with SampleSource(*faces, seed=6, workers=1) as source:
        assert os.getpgid(source.process_ids[0]) != os.getpgid(0)


def test_closing_ends_the_workers_and_a_second_time_nothing(faces):
    source = SampleSource(*faces, seed=6, workers=2)
    pids = source.process_ids
    run(source, range(2))
    source.close()
    source.close()
    assert all(is_gone(pid) for pid in pids)


def test_workers_that_cannot_start_are_an_error_after_some_tries(faces, monkeypatch, tmp_path):
    failing = tmp_path / "python"
    failing.write_text("#!/bin/sh\nexit 3\n")
    failing.chmod(0o700)
    monkeypatch.setattr(sys, "executable", str(failing))
    with (SampleSource(*faces, seed=6, workers=1) as source,
          pytest.raises(SampleError, match=rf"{MOST_FAILURES + 1} times in a row \(exit code 3\)")):
        run(source, range(1))


def test_a_face_that_cannot_be_read_is_replaced_in_workers_as_in_place(broken, faces):  # noqa: F811
    found = []
    for workers in (0, 2):
        with SampleSource(broken, faces[1], seed=6, workers=workers) as source:
            batch = batch_of(source, options(batch_size=7))
            found.append((batch.problems, content(batch)))
    assert found[0] == found[1] and found[0][0]


def test_faces_that_are_gone_are_an_error_from_workers_too(faces, folders, tmp_path):
    folder = tmp_path / "gone"
    folder.symlink_to(folders[0])
    cache = opened(folder, tmp_path / "cache-gone")
    folder.unlink()
    with SampleSource(cache, faces[1], seed=6, workers=2) as source:
        for _ in range(2):
            with pytest.raises(SampleError, match="none of 7 src faces"):
                run(source, range(1))


TRAINER = """
    import os
    import sys
    from pathlib import Path
    from core.faces.cache import FaceCache
    from core.faces.face_type import FaceType
    from core.faces.faceset import open_faceset
    from core.samples.request import SampleOptions
    from core.samples.source import SampleSource

    src, dst, cache = map(Path, sys.argv[1:])
    faces = [FaceCache(open_faceset(folder), side_px=32, face_type=FaceType.whole_face, folder=cache, limit_bytes=10**8)
             for folder in (src, dst)]
    os.environ["PYTHONPATH"] = "."
    source = SampleSource(*faces, seed=6, workers=2)
    options = SampleOptions(4, True, True, True, False, True, False)
    batch = source.batch(life=0, iteration=0, drawn_src=0, drawn_dst=0, options=options)
    print(*source.process_ids, int(batch.src.warped.sum()), flush=True)
    sys.stdin.read()
"""


def test_workers_start_in_a_hostile_folder_and_end_with_a_killed_trainer(folders, expected, tmp_path):
    hostile = tmp_path / "hostile"
    for module in ("core", "cv2", "numpy"):
        (hostile / module).mkdir(parents=True)
        (hostile / module / "__init__.py").write_text("raise RuntimeError('the wrong folder')")
    trainer = subprocess.Popen(
        [sys.executable, "-P", "-c", textwrap.dedent(TRAINER), *map(str, folders), str(tmp_path / "cache")],
        cwd=hostile, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
    try:
        assert trainer.stdout and trainer.stdin
        *pids, total = map(int, trainer.stdout.readline().split())
        assert total == int(np.frombuffer(expected[0][0], np.uint8).sum()) and len(pids) == 2
        trainer.kill()
        trainer.wait(DEADLINE_S)
        until(lambda: all(is_gone(pid) for pid in pids))
    finally:
        trainer.kill()
        trainer.communicate()


def test_the_current_folder_is_not_where_workers_look(faces, tmp_path, monkeypatch, expected):
    (tmp_path / "core").mkdir()
    (tmp_path / "core" / "__init__.py").write_text("raise RuntimeError('the wrong folder')")
    monkeypatch.chdir(tmp_path)
    with SampleSource(*faces, seed=6, workers=1) as source:
        assert run(source, range(1), eyes=True) == expected[:1]


def test_batches_larger_than_the_memory_for_reading_ahead_are_made(faces):
    side_bytes = 8 * SIDE_PX**2
    assert 512 * 2 * side_bytes < 256 * 1024 * 1024
    with SampleSource(*faces, seed=6, workers=2) as source, SampleSource(*faces, seed=6, workers=0) as in_place:
        assert run(source, range(2), batch_size=130) == run(in_place, range(2), batch_size=130)


def test_the_setting_workers_leaves_a_core_to_the_trainer():
    assert worker_count(0) == 0 and worker_count(5) == 5
    assert 1 <= worker_count(-1) <= 8


def test_a_change_at_the_very_iteration_that_was_made_ahead_is_in_its_batch(faces):
    with SampleSource(*faces, seed=6, workers=1) as source, SampleSource(*faces, seed=6, workers=0) as in_place:
        run(source, range(2))
        assert run(source, range(2, 4), random_warp=False) == run(in_place, range(2, 4), random_warp=False)
        for change in ({"life": 1}, {"drawn": 1}):
            made = [content(batch_of(one, options(), iteration=4, **change)) for one in (source, in_place)]
            assert made[0] == made[1], change


def test_a_batch_stays_as_it_is_while_workers_make_those_after_it(faces):
    def worked(source: SampleSource) -> float:
        return sum(sum(psutil.Process(pid).cpu_times()[:2]) for pid in source.process_ids)

    with SampleSource(*faces, seed=6, workers=2) as source:
        batch = batch_of(source, options(), iteration=0)
        before, spent, looks = content(batch), -1.0, 0
        while looks < 20:               # until they have nothing to do any more
            spent, earlier = worked(source), spent
            looks = looks + 1 if spent == earlier else 0
            time.sleep(0.01)
        assert content(batch) == before


@pytest.mark.parametrize(("ranks", "workers"), [(2, 0), (3, 2)])
def test_the_shares_of_all_ranks_together_are_the_batch(faces, ranks, workers):
    wanted = options(batch_size=5, eyes=True)
    with SampleSource(*faces, seed=6, workers=0) as source:
        whole = batch_of(source, wanted)
        for rank in range(ranks):
            share = Share(rank, ranks)
            with SampleSource(*faces, seed=6, workers=workers, share=share) as ours:
                for _ in range(2):      # the second one had others made ahead meanwhile
                    made = batch_of(ours, wanted)
                    for side, of_all in ((made.src, whole.src), (made.dst, whole.dst)):
                        assert side.index.tolist() == of_all.index[rank::ranks].tolist()
                        for plane in ("warped", "target", "mask", "eyes_mouth"):
                            assert np.array_equal(getattr(side, plane), getattr(of_all, plane)[rank::ranks])
