"""The process of a trainer, as the supervisor holds it."""

import asyncio
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from core.run.environment import child_environment
from core.run.trainer_process import TrainerProcess
from tests.run.running import until

pytestmark = pytest.mark.journey

# Saves for a second when the other side of its channel is gone.
TRAINER = """import pathlib, socket, sys, time
channel = socket.socket(fileno=int(sys.argv[-1]))
while channel.recv(1):
    pass
time.sleep(1)
pathlib.Path(sys.argv[1]).write_text("saved")
"""
SUPERVISOR = """import asyncio, pathlib, sys
from core.run.trainer_process import TrainerProcess

async def supervise():
    TrainerProcess.start([sys.executable, "-c", sys.argv[1], sys.argv[2]], pathlib.Path(sys.argv[3]), lambda _: None)
    await asyncio.sleep(0)

asyncio.run(supervise())
"""


def test_a_trainer_outlives_its_supervisor_and_saves(tmp_path: Path):
    saved = tmp_path / "saved"
    subprocess.run([sys.executable, "-c", SUPERVISOR, TRAINER, str(saved), str(tmp_path / "log")], check=True,
                   timeout=60, env=child_environment())
    until(saved.exists, "the trainer saved when its supervisor was gone")


def test_the_end_of_a_trainer_is_its_signal_or_its_code(tmp_path: Path):
    async def ends(command: str, *, kill: bool):
        trainer = TrainerProcess.start([sys.executable, "-c", command], tmp_path / "log", lambda _: None)
        if kill:
            trainer.signal(signal.SIGKILL)
        return await trainer.wait()

    killed = asyncio.run(ends("import time; time.sleep(60)", kill=True))
    assert (killed.code, killed.signal) == (None, signal.SIGKILL)
    assert asyncio.run(ends("raise SystemExit(3)", kill=False)).code == 3


def test_a_process_that_was_killed_for_memory_long_ago_explains_no_later_end(tmp_path: Path, monkeypatch):
    kills = [3]
    monkeypatch.setattr("core.run.trainer_process.oom_kills", lambda: kills[0])    # the kernel's counter

    async def ends(*, looks: int):
        trainer = TrainerProcess.start([sys.executable, "-c", "import time; time.sleep(60)"], tmp_path / "log",
                                       lambda _: None)
        kills[0] += 1   # somewhere on this machine
        for _ in range(looks):
            trainer.look()
        trainer.signal(signal.SIGKILL)
        return (await trainer.wait()).out_of_memory

    assert asyncio.run(ends(looks=1)) is True       # just now: that was it
    assert asyncio.run(ends(looks=2)) is False      # seconds ago, and the trainer lived on
