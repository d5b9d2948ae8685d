"""The whole line by the real commands: make a run, train it, steer it, kill it, go on, swap, go back."""

import os
import signal
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import cv2
import numpy as np
import pytest

from cli.shell import FACES, TINY_WORDS, Shell
from core.run.start import find, offline_summary
from core.store.lock import holder, is_held
from dfl_tui.cli.exit_code import ExitCode

pytestmark = [pytest.mark.journey, pytest.mark.slow, pytest.mark.timeout(300)]


@pytest.fixture
def shell(tmp_path: Path) -> Iterator[Shell]:
    """A home with a tiny run called a."""
    shell = Shell(tmp_path / "home")
    shell.done("new", "a", "--src", str(FACES / "src"), "--dst", str(FACES / "dst"), "--src-ground", "synthetic",
               "--dst-ground", "synthetic", *TINY_WORDS)
    yield shell
    shell.close()


def until(condition: Callable[[], object], seconds: float = 120.0) -> None:
    """Wait for a condition, and fail when it does not come."""
    deadline = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < deadline, "it did not come"
        time.sleep(0.05)


def trainer_of(shell: Shell) -> int:
    """The trainer process of run a."""
    lock = find(shell.home, "a").folder / "trainer.lock"
    assert is_held(lock)
    return holder(lock).pid


def test_from_a_new_run_to_a_swap(shell, tmp_path):
    lines = shell.done("train", "a", "--plain", "--until", "60", "--every", "20").splitlines()
    assert any(line.startswith("       60  ") and "target" in line for line in lines)
    assert shell.done("status").startswith("a: finished, iteration 60 of 60\n")
    assert "target is 60" in shell.refused(ExitCode.REFUSED, "train", "a", "--plain")

    newest = shell.done("generations", "a").splitlines()[1].split()
    assert newest[1] == "60"
    shell.done("preview", "a", "--png", str(tmp_path / "p.png"))
    assert cv2.imread(str(tmp_path / "p.png")).shape == (2 * 32, 6 * 32, 3)

    shell.refused(ExitCode.NOT_FOUND, "preview", "a", "--png", str(tmp_path / "q.png"), "--iteration", "7")
    shell.refused(ExitCode.NOT_FOUND, "swap", "a", str(FACES / "truth"), "--out", str(tmp_path / "s"), "--generation",
                  "99")

    said = shell.done("swap", "a", str(FACES / "truth"), "--out", str(tmp_path / "swapped"), "--format", "npz")
    assert "12 of 12 faces" in said
    with np.load(sorted((tmp_path / "swapped").glob("*.npz"))[0]) as arrays:
        assert {name: arrays[name].shape for name in arrays.files} == {
            "face": (32, 32, 3), "swap": (32, 32, 3), "dst": (32, 32, 3), "swap_mask": (32, 32, 1),
            "dst_mask": (32, 32, 1)}


def test_a_run_is_steered_and_survives_its_trainer(shell):
    watching = shell.start("train", "a", "--plain", "--every", "500")
    place = find(shell.home, "a")
    until(lambda: offline_summary(place).iteration > 20)
    assert "locked, from iteration " in shell.done("lock", "a", "encoder.*")
    assert shell.done("set", "a", "lr=1e-4").startswith("lr ")
    assert shell.done("save", "a").startswith("saved generation ")
    shell.done("backup", "a", "before")
    os.kill(trainer_of(shell), signal.SIGKILL)
    killed_at = offline_summary(place).iteration
    until(lambda: offline_summary(place).iteration > killed_at + 20)
    assert "encoder.*" in shell.done("show", "a")

    shell.done("pause", "a")    # or the run may be beyond the target before it is set
    target = offline_summary(place).iteration + 50
    shell.done("train", "a", "--plain", "--until", str(target))
    out, err = watching.communicate(timeout=120)
    assert watching.returncode == ExitCode.OK, err
    assert "locked encoder.*" in out
    assert "was killed" in out, out
    assert shell.done("status").startswith(f"a: finished, iteration {target:,} of {target:,}\n")

    assert "gives up" in shell.done("restore", "a", "before", "--yes")
    assert offline_summary(place).iteration < target


def test_ctrl_c_leaves_the_training_running(shell):
    watching = shell.start("train", "a", "--plain")
    place = find(shell.home, "a")
    until(lambda: offline_summary(place).iteration > 20)
    watching.send_signal(signal.SIGINT)
    out, err = watching.communicate(timeout=120)
    assert (watching.returncode, err) == (ExitCode.INTERRUPTED, "")
    assert "a goes on without you" in out
    left_at = offline_summary(place).iteration
    until(lambda: offline_summary(place).iteration > left_at + 20)
    assert "paused" in shell.done("pause", "a")
    assert shell.done("status").startswith("a: paused")
    shell.done("resume", "a")
    shell.done("stop", "a")
    until(lambda: shell.done("status").startswith("a: stopped"))


def test_the_demo_without_a_terminal_trains_200_iterations_and_ends_well(tmp_path):
    shell = Shell(tmp_path / "home")
    try:
        shell.done("demo", *TINY_WORDS)
        assert shell.done("status", "demo").startswith("demo: stopped, iteration 200")
        shell.done("demo")
        assert shell.done("status", "demo").startswith("demo: stopped, iteration 400")
    finally:
        shell.close()
