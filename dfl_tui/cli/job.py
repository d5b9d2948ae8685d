"""A heavy command runs in a process of its own (core/jobs); this starts it and shows its progress."""

import logging
import sys
from collections.abc import Iterable, Iterator, Mapping
from contextlib import closing
from typing import Any

from core.run.start import run_job

log = logging.getLogger(__name__)

BAR_CELLS = 30


def records(module: str, arguments: list[str], what: str) -> Iterator[dict[str, Any]]:
    """The records of the job `module` that are no progress; progress is shown on standard error of a terminal.

    Raises the job's own sentence where it fails. Leaving the loop early ends the job.
    """
    log.info("job=%s arguments=%s", module, arguments)
    with closing(run_job(module, arguments)) as job:
        yield from without_progress(job, what)


def without_progress(job: Iterable[Mapping[str, Any]], what: str) -> Iterator[dict[str, Any]]:
    """Show and drop the progress records."""
    is_shown = sys.stderr.isatty()
    for record in job:
        if "progress" in record:
            if is_shown:
                sys.stderr.write("\r\x1b[K" + bar(what, int(record["progress"]), int(record["total"])))
                sys.stderr.flush()
            continue
        if is_shown:
            sys.stderr.write("\r\x1b[K")
        yield dict(record)


def bar(what: str, done: int, total: int) -> str:
    """reading faces ███████            1,200 of 10,000"""
    full = BAR_CELLS * done // max(total, 1)
    return f"{what} {'█' * full}{' ' * (BAR_CELLS - full)} {done:,} of {total:,}"


def summary(module: str, arguments: list[str], what: str) -> dict[str, Any]:
    """The summary with which the job ends."""
    found: dict[str, Any] = {}
    for record in records(module, arguments, what):
        found = record.get("summary", found)
    return found
