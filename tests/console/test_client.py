"""The client against a served run: answers, refusals, ends, and work that blocks."""

import asyncio
import threading
from pathlib import Path

import pytest

from core.events.act import SaveNow
from core.settings.error import RefusedError, WireError
from core.wire.console_record import Closing, Command, Done, Ping, Welcome
from dfl_tui.client import Client
from dfl_tui.model import Link
from dfl_tui.thread import in_thread
from tests.console.recorded import serving

BACKOFF_S = (0.01,)
PATIENCE_S = 60.0


async def heard_of(heard: list, kind: type) -> object:
    """The first message of that kind."""
    async with asyncio.timeout(PATIENCE_S):
        while True:
            for message in heard:
                if isinstance(message, kind):
                    return message
            await asyncio.sleep(0.005)


def test_an_answer_comes_to_who_asked_and_a_refusal_is_raised(tmp_path):
    async def run() -> None:
        async with serving(tmp_path, speed=0.0) as served:
            heard: list = []
            client = Client(lambda _n: tmp_path / "run.sock", "test", heard.append, backoff_s=BACKOFF_S)
            task = asyncio.create_task(client.run())
            await heard_of(heard, Welcome)
            assert isinstance(await client.ask(Command(0, SaveNow())), Done)
            served.refuse = "no"
            with pytest.raises(RefusedError, match="no"):
                await client.ask(Command(0, SaveNow()))
            task.cancel()

    asyncio.run(run())


def test_without_a_connection_a_request_fails_at_once(tmp_path):
    async def run() -> None:
        client = Client(lambda _n: tmp_path / "run.sock", "test", lambda _m: None)
        with pytest.raises(WireError, match="no connection"):
            await client.ask(Ping(0))

    asyncio.run(run())


def test_a_supervisor_that_closes_says_why_and_is_joined_again(tmp_path):
    async def run() -> None:
        async with serving(tmp_path, speed=0.0) as served:
            heard: list = []
            client = Client(lambda _n: tmp_path / "run.sock", "test", heard.append, backoff_s=BACKOFF_S)
            task = asyncio.create_task(client.run())
            await heard_of(heard, Welcome)
            await served.tell(Closing("1 MiB was not read"))
            assert await heard_of(heard, Link) == Link("lost", "1 MiB was not read")
            async with asyncio.timeout(PATIENCE_S):
                while sum(isinstance(message, Welcome) for message in heard) < 2:
                    await asyncio.sleep(0.005)
            task.cancel()

    asyncio.run(run())


def test_a_search_that_blocks_does_not_hold_the_end_up(tmp_path):
    released, ended = threading.Event(), []

    def find(_attempt: int) -> Path:
        ended.append(released.wait(60))
        return tmp_path

    async def run() -> None:
        task = asyncio.create_task(Client(find, "test", lambda _m: None).run())
        await asyncio.sleep(0)
        await asyncio.sleep(0)
        task.cancel()

    asyncio.run(run())
    assert ended == [], "the end waited for the search"
    released.set()


def test_what_a_thread_raises_is_raised_where_it_is_awaited():
    def fail() -> None:
        raise RefusedError("not today")

    async def run() -> None:
        assert await in_thread(lambda: 7) == 7
        with pytest.raises(RefusedError, match="not today"):
            await in_thread(fail)

    asyncio.run(run())
