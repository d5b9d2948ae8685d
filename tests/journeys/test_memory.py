"""A batch that does not fit is taken back with its reason, once, and the run goes on."""

import os
import resource
from pathlib import Path

import pytest

from core.events.act import SetValues
from core.events.event import Ended, SettingsChanged, Started
from core.run.place import Place
from core.run.spawn import join
from core.store.journal import read_journal
from core.wire.console_record import Command
from tests.journeys.killing import Victim, end_run
from tests.train.directing import make_run, small_faces

ROOM_BYTES = 100 * 2**20


@pytest.mark.journey
@pytest.mark.slow
@pytest.mark.timeout(600)
def test_a_batch_that_does_not_fit_is_taken_back_with_its_reason(tmp_path):
    run = make_run(tmp_path / "home" / "runs" / "large", small_faces(tmp_path / "faces"), save_minutes=0.05)
    try:
        victim = Victim(run, seed=0)
        pid = victim.training_pid()
        used = int(Path(f"/proc/{pid}/statm").read_text().split()[0]) * os.sysconf("SC_PAGE_SIZE")
        resource.prlimit(pid, resource.RLIMIT_AS, (used + ROOM_BYTES,) * 2)
        channel, _ = join(Place(run.name, run.path), "tester", park=False)
        channel.send(Command(1, SetValues({"batch_size": 512})))
        taken_back = victim.wait(lambda: next((e for e in read_journal(run.journal)
                                               if isinstance(e.body, SettingsChanged) and e.undoes), None),
                                 "the change to be taken back")
        channel.close()
        assert "batch_size 512 did not fit in memory: back to 2" in taken_back.why
        assert victim.training_pid() != pid
    finally:
        end_run(run)
    events = read_journal(run.journal)
    assert next(e.body.cause for e in events if isinstance(e.body, Ended)) == "memory"
    assert len([e for e in events if isinstance(e.body, Started)]) == 2
