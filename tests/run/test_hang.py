"""A trainer that shows no sign of life, with the clock given as an argument."""

import asyncio
import time

import pytest

from core.events.act import SetValues
from core.events.event import Ended, Started
from core.run.archive import Archive
from core.run.conductor import Conductor, Setup
from core.run.desk import Wish
from core.run.ledger import Ledger
from tests.run.peer_supervise import PROGRAMS

pytestmark = pytest.mark.journey


async def reached(condition, what: str) -> None:
    async with asyncio.timeout(60):
        while not condition():
            await asyncio.sleep(0.01)
    assert condition(), what


def test_a_trainer_that_hangs_is_ended_told_of_and_started_again(run):
    async def conduct():
        ledger = Ledger(run.folder)
        archive = Archive(run.folder, ledger.events)
        conductor = Conductor(Setup(run.folder, PROGRAMS, lambda *_: None, lambda _: None), ledger, archive,
                              is_parked=False)
        loop = asyncio.create_task(conductor.conduct())
        await reached(lambda: conductor.progress > 10, "a few iterations")
        conductor.look_after(time.monotonic() + 60)
        assert conductor.attempt.killed_for == ""
        conductor.desk.take(Wish(SetValues({"batch_size": 510}), "person:x"), progress=conductor.progress)
        await reached(lambda: ledger.state.settings["batch_size"] == 510, "the setting that makes it hang")
        conductor.look_after(time.monotonic() + 1000)
        await reached(lambda: sum(isinstance(e.body, Started) for e in ledger.events) == 2, "another trainer")
        (end,) = [e.body for e in ledger.events if isinstance(e.body, Ended)]
        assert end.cause == "failed"
        assert "finished no iteration for" in end.sentence
        assert ledger.state.settings["batch_size"] == 8     # what made it hang was taken back
        conductor.end()
        await loop
        archive.close()
        ledger.close()

    asyncio.run(conduct())
