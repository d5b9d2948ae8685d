"""What a job prints: one JSON record a line on standard output, for core/run/job.py."""

import json
from collections.abc import Callable
from typing import Any

from core.settings.error import DflTuiError, MissingError


def tell(record: dict[str, Any]) -> None:
    """Print one record."""
    print(json.dumps(record), flush=True)


def told(job: Callable[[], None]) -> int:
    """Do a job; its exit code. What a person can mend becomes an error record."""
    try:
        job()
    except DflTuiError as error:
        missing = {"missing": True} if isinstance(error, MissingError) else {}   # the code of a command tells it
        tell({"error": error.message, "hint": error.hint} | missing)
        return 1
    return 0
