"""Runs of their own for the tests."""

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from core.run.birth import create_run
from tests.run.running import Running, new_run


@pytest.fixture
def home(tmp_path, monkeypatch) -> Path:
    monkeypatch.setenv("XDG_RUNTIME_DIR", str(tmp_path / "runtime"))
    (tmp_path / "runtime").mkdir(mode=0o700)
    return tmp_path / "home"


@pytest.fixture
def run(home) -> Iterator[Running]:
    running = Running(create_run(home, new_run()))
    yield running
    running.end()


@pytest.fixture
def make_run(home) -> Iterator[Callable[..., Running]]:
    made: list[Running] = []

    def make(name: str = "demo", **settings) -> Running:
        made.append(Running(create_run(home, new_run(name, **settings))))
        return made[-1]

    yield make
    for running in made:
        running.end()


