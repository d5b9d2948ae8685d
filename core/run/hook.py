"""The command of the setting `hook`: started when the run ends, fails or is restarted, with JSON on its input.

It runs beside everything else: nobody waits for it, and whatever it does is only a line in the log.
"""

import asyncio
import contextlib
import logging
import os
import signal
from pathlib import Path
from typing import Literal

import msgspec

LONGEST_S = 60.0
OUTPUT_CHARACTERS = 2_000

Happening = Literal["ended", "failed", "restarted"]
log = logging.getLogger(__name__)


class HookNote(msgspec.Struct, frozen=True):
    """What the hook reads: which run, what happened to it, at which iteration, and why."""

    run: str
    folder: str
    happening: Happening
    iteration: int
    sentence: str
    at: float


async def call(command: str, note: HookNote) -> None:
    """Run the hook to its end or for LONGEST_S, then kill it with its children. Never raises."""
    try:
        await _call(command, note)
    except (OSError, RuntimeError, ValueError) as error:    # no process, no home, text that cannot be written
        log.error("hook_failed command=%r error=%s", command, error)


async def _call(command: str, note: HookNote) -> None:
    # A process group of its own: what the hook started is ended with it.
    process = await asyncio.create_subprocess_exec(
        "/bin/sh", "-c", command, cwd=Path.home(), process_group=0, stdin=asyncio.subprocess.PIPE,
        stdout=asyncio.subprocess.PIPE, stderr=asyncio.subprocess.STDOUT)
    try:
        async with asyncio.timeout(LONGEST_S):
            output, _ = await process.communicate(msgspec.json.encode(note) + b"\n")
        text = output.decode(errors="replace")[-OUTPUT_CHARACTERS:].strip()
        log.info("hook happening=%s code=%s output=%r", note.happening, process.returncode, text)
    except TimeoutError:
        log.warning("hook happening=%s did not end within %g s and was killed", note.happening, LONGEST_S)
    finally:
        with contextlib.suppress(ProcessLookupError):
            os.killpg(process.pid, signal.SIGKILL)
        await process.wait()
