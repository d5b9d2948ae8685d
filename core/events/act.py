"""Acts: what a person, a recipe or a rule can ask of a run. An act that was carried out becomes an event."""

from typing import Literal

from msgspec import Struct

from core.settings.kind import Value


class SetValues(Struct, frozen=True, forbid_unknown_fields=True, tag="set"):
    """Change settings; the keys are registry keys, the values typed."""

    values: dict[str, Value]


class LockBlocks(Struct, frozen=True, forbid_unknown_fields=True, tag="lock"):
    """Lock the blocks that `pattern` names: a block, a group or a pattern over block names (core/events/pattern.py)."""

    pattern: str


class UnlockBlocks(Struct, frozen=True, forbid_unknown_fields=True, tag="unlock"):
    """Open the blocks that `pattern` names."""

    pattern: str


class PauseRun(Struct, frozen=True, forbid_unknown_fields=True, tag="pause"):
    """Stand still at the next iteration boundary; the trainer keeps its memory and device."""


class ResumeRun(Struct, frozen=True, forbid_unknown_fields=True, tag="resume"):
    """Go on: after a pause, a stop, or a failure that stopped the run."""


class SaveNow(Struct, frozen=True, forbid_unknown_fields=True, tag="save"):
    """Write a generation at the next iteration boundary."""


class MakeBackup(Struct, frozen=True, forbid_unknown_fields=True, tag="backup"):
    """Write a generation that is kept under `name` until a person removes it."""

    name: str


class PreviewNow(Struct, frozen=True, forbid_unknown_fields=True, tag="preview"):
    """Draw the preview faces at the next iteration boundary."""


class StopRun(Struct, frozen=True, forbid_unknown_fields=True, tag="stop"):
    """Save and end the trainer. The run stays and can be resumed."""


class UndoLast(Struct, frozen=True, forbid_unknown_fields=True, tag="undo"):
    """Take the last change of a setting or lock back, from now on."""


class RollBack(Struct, frozen=True, forbid_unknown_fields=True, tag="roll_back"):
    """Go on from an earlier generation, in a new life."""

    generation: int


class WithdrawAct(Struct, frozen=True, forbid_unknown_fields=True, tag="withdraw"):
    """Take back an act that waits for its iteration; `event` is the number of the event that accepted it."""

    event: int


class GrowRun(Struct, frozen=True, forbid_unknown_fields=True, tag="grow"):
    """Double the side of the network's pictures, once or more often, keeping what it draws.

    resolution: the new side, 0 for twice the present one. lock: a pattern over the blocks after the growth of what is
    locked at its birth, "" for nothing. why: a reason that a person gives for growing although a guard objects.
    """

    resolution: int = 0
    lock: str = "old"
    way: Literal["octaves", "native"] = "octaves"
    why: str = ""


Act = (
    SetValues | LockBlocks | UnlockBlocks | PauseRun | ResumeRun | SaveNow | MakeBackup | PreviewNow | StopRun
    | UndoLast | RollBack | WithdrawAct | GrowRun
)
