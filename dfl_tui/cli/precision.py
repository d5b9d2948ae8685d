"""`--allow-slow-precision` of commands that make, start or change a run; asking the machine before a run is made."""

from collections.abc import Callable, Mapping
from functools import wraps
from typing import Any

import click

from core.settings.kind import Value
from core.settings.registry import birth_settings
from dfl_tui.cli.job import summary
from dfl_tui.language import _

ALLOWED = "allow_slow_precision"
ALLOW = click.option("--allow-slow-precision", ALLOWED, is_flag=True,
                     help="Take bf16 or fp16 even where it is slower than fp32 here; sets allow_slow_precision.")


def allow_option(function: Callable[..., Any]) -> Callable[..., Any]:
    """--allow-slow-precision, as one more assignment: so it is in the journal, in the event that it was needed for."""
    @wraps(function)
    def bundled(*words: Any, allow_slow_precision: bool, assignments: tuple[str, ...], **others: Any) -> Any:
        more = (f"{ALLOWED}=true",) if allow_slow_precision else ()
        return function(*words, assignments=(*assignments, *more), **others)

    command: Callable[..., Any] = ALLOW(bundled)
    return command


def refuse_what_does_not_pay(settings: Mapping[str, Value]) -> None:
    """Try the precision and torch.compile that a new run asks for, before its faces are read. Raises with the
    measurement where this machine is slower with them."""
    born = birth_settings(settings)
    if born["precision"] == "fp32" and not born["compile"]:
        return
    words = [f"{key}={value}" for key, value in settings.items()]
    found = summary("probe", words, _("trying {precision}").format(precision=born["precision"]))
    for sentence in found["sentences"]:
        click.echo(sentence, err=True)
