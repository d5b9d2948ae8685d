"""Messages between a supervisor and its trainer, over a socket pair with the same frames.

The trainer opens the run folder itself (generation, metrics, previews; the journal for reading). Changes come by wire:

    supervisor: Ask(command)                 trainer: At(command, iteration)      at an iteration boundary
    supervisor: writes and fsyncs the event, then Apply(event)
                                             trainer: applies it, then Applied(number)
    supervisor: only now Done to the client

What the trainer finds out by itself goes the same way: Propose(ref, iteration, body) is answered by Apply(event).
"""

from typing import Annotated

from msgspec import Meta, Struct

from core.events.act import Act
from core.events.event import Body, Event
from core.events.reading import WatchNews

Ref = Annotated[int, Meta(ge=0, lt=2**48)]


# --- supervisor to trainer --------------------------------------------------------------------------------------------
class Begin(Struct, frozen=True, forbid_unknown_fields=True, tag="begin"):
    """Train the run in `folder`. `journal` = number of the last event that the supervisor wrote before it began.

    relaunch: command line that starts a supervisor again, for the trainer's last act when its supervisor is gone.
    """

    folder: str
    cache: str
    journal: int
    relaunch: list[str]


class Ask(Struct, frozen=True, forbid_unknown_fields=True, tag="ask"):
    """At which iteration can this act take effect? `at` = not before that iteration."""

    command: Ref
    act: Act
    at: int | None


class Apply(Struct, frozen=True, forbid_unknown_fields=True, tag="apply"):
    """This event is in the journal: apply it (at its boundary, where the trainer waits for it)."""

    event: Event
    ref: Ref | None    # the Ask or Propose that it answers


class Drop(Struct, frozen=True, forbid_unknown_fields=True, tag="drop"):
    """Forget an Ask (withdrawn) or a Propose or At (refused): `sentence` says why."""

    ref: Ref
    sentence: str


class Finish(Struct, frozen=True, forbid_unknown_fields=True, tag="finish"):
    """Save and end. `is_final`: the supervisor ends too, on purpose, so that none is to be started in its place."""

    why: str
    is_final: bool = False


SupervisorOrder = Begin | Ask | Apply | Drop | Finish


# --- trainer to supervisor --------------------------------------------------------------------------------------------
class Phase(Struct, frozen=True, forbid_unknown_fields=True, tag="phase"):
    """What the trainer does: "starting", "trial", "training", "paused", "saving", "stopping"; with a sentence."""

    phase: str
    detail: str


class At(Struct, frozen=True, forbid_unknown_fields=True, tag="at"):
    """The act of `command` takes effect at `iteration`; the trainer stands at that boundary and waits.

    floor, error: before a growth, as core.events.event.Grown has them; 0 where they were not measured.
    """

    command: Ref
    iteration: int
    floor: float = 0.0
    error: float = 0.0


class Declined(Struct, frozen=True, forbid_unknown_fields=True, tag="declined"):
    """The act of `command` cannot be carried out on this machine, as a probe has found; the trainer goes on."""

    command: Ref
    sentence: str
    hint: str


class Propose(Struct, frozen=True, forbid_unknown_fields=True, tag="propose"):
    """The trainer wants this event written; `ref` is its own number for the answer."""

    ref: Ref
    iteration: int
    body: Body
    why: str = ""


class Applied(Struct, frozen=True, forbid_unknown_fields=True, tag="applied"):
    """Event `number` is in force."""

    number: int


class Beat(Struct, frozen=True, forbid_unknown_fields=True, tag="beat"):
    """Sign of life, at most 5 a second; `iteration` = completed iterations. Latest wins."""

    iteration: int
    life: int
    it_s: float
    data_ms: float
    compute_ms: float
    save_ms: float
    lr: float
    src: float
    dst: float
    src_smooth: float
    dst_smooth: float
    masks: float
    replaying_to: int
    watch: WatchNews | None = None


class RankStanding(Struct, frozen=True, forbid_unknown_fields=True):
    """One rank of several. device: for people; node: name of its machine, "" for ours; contact: Unix seconds of its
    last sign of life; it_s: iterations a second that it told of then."""

    rank: int
    device: str
    node: str
    contact: float
    it_s: float


class RankNews(Struct, frozen=True, forbid_unknown_fields=True, tag="ranks"):
    """How the ranks stand, where there are several. No sign of life of the training itself. Latest wins."""

    ranks: list[RankStanding]


class Previewed(Struct, frozen=True, forbid_unknown_fields=True, tag="previewed"):
    """A preview of `iteration` is in the run folder, or is not: `trouble` says why. `ref` = the Ask that wanted it, or
    None."""

    iteration: int
    ref: Ref | None = None
    trouble: str = ""


class Saved(Struct, frozen=True, forbid_unknown_fields=True, tag="saved"):
    """Generation `number` is durable. `ref` = the Ask (save, backup) that wanted it, or None. `name` of a backup."""

    number: int
    iteration: int
    name: str
    bytes_written: int
    seconds: float
    ref: Ref | None


class NotSaved(Struct, frozen=True, forbid_unknown_fields=True, tag="not_saved"):
    """A generation could not be written; training goes on. `missing_bytes` > 0 where the disk is full."""

    sentence: str
    missing_bytes: int
    ref: Ref | None


class Failed(Struct, frozen=True, forbid_unknown_fields=True, tag="failed"):
    """The trainer ends because of an error. `memory` = an allocation failed; `killed` = one of its other ranks was
    ended from outside, and nothing else was wrong."""

    sentence: str
    iteration: int
    memory: bool
    killed: bool = False


class Bye(Struct, frozen=True, forbid_unknown_fields=True, tag="bye"):
    """The trainer saved and ends as asked."""

    iteration: int


TrainerReport = (
    Phase | At | Declined | Propose | Applied | Beat | RankNews | Previewed | Saved
    | NotSaved | Failed | Bye
)
