"""Options of the commands that start a run: where it trains, to which iteration, and whose lease is taken for that."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from functools import wraps
from typing import Any

import click

from core.settings.kind import Value
from core.settings.registry import parse
from dfl_tui.cli.change import TAKE
from dfl_tui.cli.precision import ALLOW, ALLOWED

DEVICE = click.option("--device", metavar="D", help="Where to train: auto, cpu, mps, cuda or cuda:1.")


@dataclass(frozen=True, slots=True)
class Wanted:
    """What a run is started with: settings that change before it, and whether the lease is taken for that."""

    values: Mapping[str, Value] = field(default_factory=dict)
    take: bool = False


def start_options(function: Callable[..., Any]) -> Callable[..., Any]:
    """--until, --device, --allow-slow-precision and --take; the command gets them as `wanted`. Raises SettingError for
    a device of no kind."""
    @wraps(function)
    def bundled(*words: Any, until: int | None, device: str | None, take: bool, allow_slow_precision: bool,
                **others: Any) -> Any:
        values: dict[str, Value] = {} if until is None else {"target_iter": until}
        values |= {ALLOWED: True} if allow_slow_precision else {}
        return function(*words, wanted=Wanted(values | (parse("device", device) if device else {}), take), **others)

    command: Callable[..., Any] = bundled
    for option in (TAKE, ALLOW, DEVICE, click.option("--until", type=click.IntRange(min=1), metavar="N",
                                              help="Set target_iter: save and stop at iteration N.")):
        command = option(command)
    return command


def device_option(function: Callable[..., Any]) -> Callable[..., Any]:
    """--device, as one more assignment: the device is a setting as others are, and asked for more often."""
    @wraps(function)
    def bundled(*words: Any, device: str | None, assignments: tuple[str, ...], **others: Any) -> Any:
        return function(*words, assignments=(*assignments, f"device={device}") if device else assignments, **others)

    command: Callable[..., Any] = DEVICE(bundled)
    return command
