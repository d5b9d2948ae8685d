"""What one setting is."""

from dataclasses import dataclass
from typing import Literal

from core.settings.kind import Kind, Value

When = Literal["birth", "restart", "live"]


@dataclass(frozen=True, slots=True)
class Setting:
    """One setting: what it takes, when it can change, and what a person is told about it.

    `when`: "birth" is fixed when the run is made, "restart" restarts the trainer, "live" acts at the next iteration.
    `help` says what it does and when to use it, `cost` what it costs ("" = nothing worth saying).
    `usual` is the range that the original program offers, where it is narrower than what works.
    """

    key: str
    group: str
    kind: Kind
    default: Value
    when: When
    help: str
    cost: str = ""
    usual: str = ""
    aliases: tuple[str, ...] = ()


# How people and the original write the first two of a choice that begins with n and y.
ON_OFF = tuple((word, "y") for word in ("True", "true", "on", "yes")) + tuple(
    (word, "n") for word in ("False", "false", "off", "no"))
