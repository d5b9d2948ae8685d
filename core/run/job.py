"""Heavy one-shot commands: a process of its own that prints one JSON record a line. The caller shows the records."""

import contextlib
import json
import subprocess
from collections.abc import Generator, Sequence
from typing import IO, Any

from core.run.environment import child_environment, python_command
from core.settings.error import DflTuiError, MissingError

END_PATIENCE_S = 10.0
LONGEST_RECORD_CHARACTERS = 1 << 20


class JobError(DflTuiError):
    """A job that did not do what it was started for."""


def run_job(module: str, words: Sequence[str]) -> Generator[dict[str, Any], None, None]:
    """Start `core.jobs.MODULE` and yield its records. Raises JobError with its sentence when it fails.

    A record `{"error": sentence, "hint": ...}` is a failure, as is any exit status but 0; with `"missing": true` it is
    a MissingError. Closing the generator ends the job.
    """
    import tempfile  # late: few commands start a job

    with tempfile.TemporaryFile() as errors:
        process = subprocess.Popen(python_command(f"core.jobs.{module}", *words), stdin=subprocess.DEVNULL,
                                   stdout=subprocess.PIPE, stderr=errors, text=True, env=child_environment())
        try:
            if process.stdout is not None:  # it is a pipe: said for the type checker
                yield from _records(module, process.stdout)
            if process.wait():
                raise JobError(f"the job {module} ended with code {process.returncode}", hint=_last_line(errors))
        finally:
            _end(process)


def _records(module: str, lines: IO[str]) -> Generator[dict[str, Any], None, None]:
    while line := lines.readline(LONGEST_RECORD_CHARACTERS):
        try:
            record = json.loads(line)
        except ValueError as error:
            raise JobError(f"the job {module} printed what is no record: {line.strip()[:80]!r}") from error
        if not isinstance(record, dict):
            raise JobError(f"the job {module} printed what is no record: {line.strip()[:80]!r}")
        if "error" in record:
            kind = MissingError if record.get("missing") else JobError
            raise kind(str(record["error"]), hint=str(record.get("hint", "")))
        yield record


def _last_line(errors: IO[bytes]) -> str:
    errors.seek(0)
    lines = errors.read().decode(errors="replace").strip().splitlines()
    return lines[-1][:500] if lines else ""


def _end(process: "subprocess.Popen[str]") -> None:
    if process.poll() is None:
        process.terminate()
        with contextlib.suppress(subprocess.TimeoutExpired):
            process.wait(END_PATIENCE_S)
        process.kill()
    if process.stdout is not None:
        process.stdout.close()
    process.wait()
