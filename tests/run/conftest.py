"""Runs of their own for the tests."""

from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path
from tempfile import TemporaryDirectory

import pytest

from core.run.birth import Waiting, create_run
from tests.run.running import Running, new_run


@pytest.fixture(autouse=True)
def runtime(monkeypatch) -> Iterator[Path]:
    """A runtime directory of the test's own with a short name: tmp_path can be too long for a socket in it."""
    with TemporaryDirectory(prefix="rt-") as folder:
        monkeypatch.setenv("XDG_RUNTIME_DIR", folder)
        yield Path(folder)


@pytest.fixture
def home(tmp_path) -> Path:
    return tmp_path / "home"


@pytest.fixture
def run(home) -> Iterator[Running]:
    running = Running(create_run(home, new_run()))
    yield running
    running.end()


@pytest.fixture
def make_run(home) -> Iterator[Callable[..., Running]]:
    made: list[Running] = []

    def make(name: str = "demo", waiting: tuple[Waiting, ...] = (), **settings) -> Running:
        made.append(Running(create_run(home, replace(new_run(name, **settings), waiting=waiting))))
        return made[-1]

    yield make
    for running in made:
        running.end()


