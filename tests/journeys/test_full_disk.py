"""A disk that is full for real: a small tmpfs, filled to the last byte under a run that trains."""

import contextlib
import os
import re
import subprocess
from collections.abc import Iterator
from pathlib import Path
from tempfile import TemporaryDirectory

import pytest

from core.events.act import SaveNow, SetValues
from core.events.event import Ended, Warned
from core.run.environment import our_programs
from core.run.place import Place
from core.store.generation import RESERVE_BYTES, Generations
from core.store.metric_reader import MetricReader
from core.wire.console_record import Done, EventNews, Refused
from tests.run.running import Console, Running
from tests.train.directing import make_run, small_faces

DISK = "64m"
MORE = 10       # iterations that show that training goes on
PATIENCE_S = 120.0

pytestmark = [pytest.mark.journey, pytest.mark.slow, pytest.mark.timeout(600)]


@pytest.fixture
def small_disk() -> Iterator[Path]:
    """A file system of its own with little room; needs the right to mount."""
    with TemporaryDirectory(prefix="full-") as folder:
        mounted = subprocess.run(["mount", "-t", "tmpfs", "-o", f"size={DISK}", "tmpfs", folder], check=False,
                                 capture_output=True, text=True)
        if mounted.returncode:
            pytest.skip(f"no file system can be mounted here ({mounted.stderr.strip()})")
        try:
            yield Path(folder)
        finally:
            subprocess.run(["umount", "--lazy", folder], check=True)


@pytest.fixture
def run(small_disk, tmp_path) -> Iterator[Running]:
    """A real run on that disk; it saves when it is asked to."""
    folder = make_run(small_disk / "runs" / "full", small_faces(tmp_path / "faces"))
    running = Running(Place("full", folder.path), our_programs())
    yield running
    (small_disk / "filler").unlink(missing_ok=True)
    running.end()


def fill(disk: Path, *, leave: int) -> None:
    """Write until only so many bytes are free."""
    stat = os.statvfs(disk)
    with (disk / "filler").open("ab") as file, contextlib.suppress(OSError):
        for _ in range((stat.f_bavail * stat.f_frsize - leave) // 4096):
            file.write(b"\xff" * 4096)
            file.flush()


def goes_on(console: Console, iterations: int = MORE) -> int:
    """Wait for so many more iterations; the newest then."""
    now = console.tick(lambda t: t.phase == "training", PATIENCE_S).iteration
    return console.tick(lambda t: t.phase == "training" and t.iteration > now + iterations, PATIENCE_S).iteration


def blobs_of(run: Running) -> dict[str, bytes]:
    return {path.name: path.read_bytes() for path in run.folder.blobs.iterdir()}


def test_training_goes_on_the_last_save_is_whole_and_the_missing_bytes_are_told(run, small_disk):
    console = run.console()
    goes_on(console)
    assert isinstance(console.command(SaveNow()), Done)
    (before,), blobs, trainer = Generations(run.folder).list(), blobs_of(run), run.trainer

    fill(small_disk, leave=RESERVE_BYTES // 2)      # a save would take what the journal needs
    answer = console.command(SaveNow())
    assert isinstance(answer, Refused)
    (missing,) = re.findall(r"free ([\d,]+) bytes", answer.sentence + answer.hint)
    assert RESERVE_BYTES // 2 < int(missing.replace(",", "")) < 2 * RESERVE_BYTES
    warned = console.hear(lambda m: isinstance(m, EventNews) and isinstance(m.event.body, Warned))
    assert f"{missing} bytes" in warned.event.body.sentence
    goes_on(console)

    fill(small_disk, leave=0)
    # what the last page of the journal still takes is done; what it cannot take does not happen
    answers = (console.command(SetValues({"lr": 1e-4 + n * 1e-6})) for n in range(100))
    refused = next(answer for answer in answers if isinstance(answer, Refused))
    assert re.search(r"[\d,]+ bytes", refused.sentence + refused.hint)
    full_at = goes_on(console)
    found = Generations(run.folder).newest_sound()
    assert (found.generation, found.notes, blobs_of(run)) == (before, (), blobs)
    assert run.trainer == trainer

    (small_disk / "filler").unlink()
    assert isinstance(console.command(SetValues({"lr": 2e-4})), Done)
    assert isinstance(console.command(SaveNow()), Done)
    newest = Generations(run.folder).newest_sound().generation
    assert newest.iteration > full_at
    rows = MetricReader(run.folder.metrics).rows(1, newest.iteration)[:, 0]
    assert rows.tolist() == list(range(1, newest.iteration + 1)), "rows of the time without room are missing"
    assert run.bodies(Ended) == []
