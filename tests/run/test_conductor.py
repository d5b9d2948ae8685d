"""The trainer's life on a disk that is full, and a person who goes on while something is still owed."""

import asyncio

import pytest

from core.events.act import ResumeRun, SetValues
from core.events.event import Ended, SettingsChanged, Started, Stopped
from core.run.archive import Archive
from core.run.conductor import Conductor, Setup
from core.run.desk import Wish
from core.run.ledger import Ledger
from core.run.steering import Steering
from tests.run.peer_supervise import PROGRAMS
from tests.run.running import FullDisk

pytestmark = pytest.mark.journey


def conducted(run, disk):
    """A ledger on `disk`, its archive, and a conductor of the run that nobody has set going."""
    ledger = Ledger(run.folder, disk)
    archive = Archive(run.folder, ledger.events)
    setup = Setup(run.folder, PROGRAMS, lambda *_: None, lambda _: None)
    return ledger, archive, Conductor(setup, ledger, archive, is_parked=False)


def test_a_change_that_a_full_disk_keeps_from_being_taken_back_is_taken_back_after_the_next_death(run):
    """And not as soon as there is room: a trainer that runs by then may be beyond the iteration."""
    async def conduct():
        disk = FullDisk()
        ledger, archive, conductor = conducted(run, disk)

        def fill(event, _ref):
            disk.is_full = isinstance(event.body, SettingsChanged) and event.author == "person:x"

        ledger.listeners.append(fill)
        loop = asyncio.create_task(conductor.conduct())
        async with asyncio.timeout(60):
            while conductor.progress < 5:
                await asyncio.sleep(0.01)
            conductor.desk.take(Wish(SetValues({"batch_size": 509}), "person:x"), progress=conductor.progress)
            while conductor.phase[0] != "backoff":
                await asyncio.sleep(0.01)
            assert ledger.state.settings["batch_size"] == 509
            disk.is_full = False
            ledger.pay()
            assert isinstance(ledger.events[-1].body, Ended)
            while ledger.state.settings["batch_size"] == 509:
                await asyncio.sleep(0.01)
        assert [e.body.cause for e in ledger.events if isinstance(e.body, Ended)] == ["failed"] * 2
        conductor.end()
        await loop
        archive.close()
        ledger.close()

    asyncio.run(conduct())


def test_a_stop_that_a_full_disk_did_not_take_ends_nothing_that_a_person_began_since(run, monkeypatch):
    async def conduct():
        disk = FullDisk()
        ledger, archive, conductor = conducted(run, disk)
        steering = Steering(conductor, ledger, archive, lambda *_: None)
        disk.is_full = True
        monkeypatch.setenv("PEER_FAILS_AT_START", "1")
        loop = asyncio.create_task(conductor.conduct())
        async with asyncio.timeout(60):
            while not conductor.is_parked:      # three failures; the disk takes neither their ends nor the stop
                await asyncio.sleep(0.01)
            monkeypatch.delenv("PEER_FAILS_AT_START")
            disk.is_full = False
            steering.resume(Wish(ResumeRun(), "person:x"))
            while conductor.progress < 5:
                await asyncio.sleep(0.01)
        ledger.pay()
        assert [type(e.body) for e in ledger.events if isinstance(e.body, Ended | Started | Stopped)] == [
            *[Ended] * 3, Started]
        assert ledger.state.stopped == ""
        conductor.end()
        await loop
        archive.close()
        ledger.close()

    asyncio.run(conduct())
