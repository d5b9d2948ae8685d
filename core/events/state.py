"""The state of a run, as it follows from its events. Frozen: `fold.apply` makes the next one."""

from msgspec import Struct

from core.events.event import Block, Consent, Event, FaceSetNote, Origin, Parent
from core.settings.kind import Value


class Lock(Struct, frozen=True, forbid_unknown_fields=True):
    """A block that keeps its weights: what was typed, who asked, since which iteration, and why."""

    asked: str
    author: str
    since: int
    why: str


class RunState(Struct, frozen=True, forbid_unknown_fields=True):
    """Everything about a run that its journal says.

    number, iteration: of the last event. waiting: Asked events that are not carried out yet, by their number order.
    undoable: events that `undo` can take back, the last one last (at most UNDO_DEPTH).
    """

    name: str
    number: int
    iteration: int
    life: int
    settings: dict[str, Value]
    src: FaceSetNote
    dst: FaceSetNote
    src_consent: Consent
    dst_consent: Consent
    recipe: str
    version: str
    blocks: list[Block] = []
    locks: dict[str, Lock] = {}
    chosen: dict[str, Value] = {}
    paused: bool = False
    stopped: str = ""          # "", "person", "target" or "failure"
    waiting: list[Event] = []
    undoable: list[Event] = []
    backups: dict[str, int] = {}   # name -> generation number
    first_drawn: dict[str, int] = {}   # side -> faces drawn when its present face set came in
    device: str = ""           # of the last trainer that started
    last_end: Event | None = None
    origin: Origin | None = None   # the model that the run was imported from
    parents: list[Parent] = []     # the runs that it was converted from, the last one last
