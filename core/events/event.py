"""Events: what happened to a run, in order. The journal is a list of them and the run's state is their fold.

`iteration` = completed iterations when the event took effect: an event of iteration i acts before step i is computed.
"""

from typing import Literal

from msgspec import Struct

from core.events.act import Act
from core.settings.kind import Value

Ground = Literal["own", "consent", "licence", "synthetic"]


class FaceSetNote(Struct, frozen=True, forbid_unknown_fields=True):
    """A face set as it was when the run was made. `key` is a hash of its usable files' contents."""

    path: str
    faces: int
    key: str


class Consent(Struct, frozen=True, forbid_unknown_fields=True):
    """Who is shown in a face set, on what ground the pictures may be used, and who said so (design.md 6)."""

    person: str
    ground: Ground
    said_by: str


class Block(Struct, frozen=True, forbid_unknown_fields=True):
    """One lockable block of the network, e.g. `encoder.down1` of part `encoder`.

    born: iteration of the growth that it came by, 0 where it came with the run.
    """

    name: str
    part: str
    parameters: int
    tensors: int
    born: int = 0


class Change(Struct, frozen=True, forbid_unknown_fields=True):
    """A setting's old and new value."""

    key: str
    old: Value
    new: Value


class Origin(Struct, frozen=True, forbid_unknown_fields=True):
    """The model of another program that a run goes on from.

    program: "DeepFaceLab", ... kind: SAEHD, AMP, AMPLegacy, Quick96 or XSeg. name: as it was called there. path: where
    its files lay. iteration: how far it was trained. sha256: of its files, by name.
    """

    program: str
    kind: str
    name: str
    path: str
    iteration: int
    sha256: dict[str, str]


class Parent(Struct, frozen=True, forbid_unknown_fields=True):
    """The save of a run that another run was converted from, and what of its network was changed on the way.

    people: who is shown to the other run, where that may be others: of one whose inter was taken.
    """

    run: str
    generation: int
    iteration: int
    life: int
    changes: list[Change]
    people: list[Consent] = []


class Born(Struct, frozen=True, forbid_unknown_fields=True, tag="born"):
    """The run was made. `settings` holds every setting of the registry; `origin` is told of an imported model;
    `parents` of a run that was converted: the first one's first, the one that it was converted from last.
    """

    name: str
    settings: dict[str, Value]
    src: FaceSetNote
    dst: FaceSetNote
    src_consent: Consent
    dst_consent: Consent
    recipe: str
    version: str
    origin: Origin | None = None
    parents: list[Parent] = []


class NetworkMade(Struct, frozen=True, forbid_unknown_fields=True, tag="network"):
    """A network was made or changed; lists all of its blocks, in build order."""

    blocks: list[Block]


class Chose(Struct, frozen=True, forbid_unknown_fields=True, tag="chose"):
    """A trial or probe decided something that a resume must not decide again (device, threads, shared pass)."""

    what: str
    value: Value
    reason: str


class SettingsChanged(Struct, frozen=True, forbid_unknown_fields=True, tag="set"):
    """Settings took new values."""

    changes: list[Change]


class Locked(Struct, frozen=True, forbid_unknown_fields=True, tag="lock"):
    """Blocks were locked. `asked` as typed; `blocks` are those that were open before."""

    asked: str
    blocks: list[str]


class Unlocked(Struct, frozen=True, forbid_unknown_fields=True, tag="unlock"):
    """Blocks were opened. `blocks` are those that were locked before."""

    asked: str
    blocks: list[str]


class Paused(Struct, frozen=True, forbid_unknown_fields=True, tag="pause"):
    """The run stands still."""


class Resumed(Struct, frozen=True, forbid_unknown_fields=True, tag="resume"):
    """The run goes on."""


class Stopped(Struct, frozen=True, forbid_unknown_fields=True, tag="stop"):
    """The run was saved and its trainer ended; it stays so until it is resumed."""

    cause: Literal["person", "target", "failure"]


class Asked(Struct, frozen=True, forbid_unknown_fields=True, tag="asked"):
    """An act was accepted and waits: for iteration `at`, or (`at` is None) for a trainer."""

    act: Act
    at: int | None


class Withdrawn(Struct, frozen=True, forbid_unknown_fields=True, tag="withdrawn"):
    """A waiting act will not be carried out; `asked` is the number of its Asked event."""

    asked: int


class BackedUp(Struct, frozen=True, forbid_unknown_fields=True, tag="backup"):
    """A generation is kept under a name. `generation` is its number."""

    name: str
    generation: int


class InterFrom(Struct, frozen=True, forbid_unknown_fields=True):
    """Blocks whose weights and moments are those of another run's save; who is shown there, on what ground; and what
    that run was made from."""

    run: str
    generation: int
    iteration: int
    life: int
    blocks: list[str]
    people: list[Consent]
    parents: list[Parent] = []


class RolledBack(Struct, frozen=True, forbid_unknown_fields=True, tag="roll_back"):
    """The run goes on from generation `generation`, at `to_iteration`, as life `life`.

    `position` is the number of the last event that the generation contains: settings and locks are those of then.
    inter: where that generation was made of the newest one by another run's inter; one event, for a run must never hold
    an inter that its journal does not tell of, or the other way round.
    """

    generation: int
    to_iteration: int
    position: int
    life: int
    inter: InterFrom | None = None


class Started(Struct, frozen=True, forbid_unknown_fields=True, tag="started"):
    """A trainer began to train: on `device`, from `generation` (None = from new weights)."""

    device: str
    generation: int | None


class Ended(Struct, frozen=True, forbid_unknown_fields=True, tag="ended"):
    """A trainer ended. `cause` is a word for rules, `sentence` is for people."""

    cause: Literal["done", "killed", "memory", "failed", "supervisor", "terminated"]
    sentence: str
    code: int | None = None
    signal: int | None = None


class Warned(Struct, frozen=True, forbid_unknown_fields=True, tag="warned"):
    """Something that a person should know: a full disk, skipped faces, a backup that failed."""

    about: str
    sentence: str


class Renamed(Struct, frozen=True, forbid_unknown_fields=True, tag="renamed"):
    """The run has another name."""

    old: str
    new: str


class FacesChanged(Struct, frozen=True, forbid_unknown_fields=True, tag="faces"):
    """A face set is not what it was: from here on samples are drawn from the new one, its first epoch begins.

    drawn: faces of this side that were drawn before; the new epoch counts from there.
    """

    side: Literal["src", "dst"]
    note: FaceSetNote
    drawn: int


class Grown(Struct, frozen=True, forbid_unknown_fields=True, tag="grown"):
    """The network took octaves: its pictures have side `resolution` from here on, and it draws what it drew.

    growth: the setting of that name after it. blocks: those that came, in build order. locked: those of the old and the
    new that were open before and are locked from here on. floor, error: mean absolute difference in the face at the new
    side, x 100, of the best that the old side can show and of what the network drew; 0 where they were not measured.
    """

    old_resolution: int
    resolution: int
    growth: str
    blocks: list[Block]
    locked: list[str]
    way: Literal["octaves", "native"] = "octaves"
    floor: float = 0.0
    error: float = 0.0


Body = (
    Born | NetworkMade | Chose | SettingsChanged | Locked | Unlocked | Paused | Resumed | Stopped | Asked | Withdrawn
    | BackedUp | RolledBack | Started | Ended | Warned | Renamed | FacesChanged | Grown
)

# Bodies that a resume applies again at their iteration, because training depends on them.
REPLAYED = (SettingsChanged, Locked, Unlocked, FacesChanged, Grown)


class Event(Struct, frozen=True, forbid_unknown_fields=True):
    """One line of the journal.

    number: 1, 2, 3, ... without gaps. at: Unix seconds (for people; nothing depends on it).
    author: "person", "person:NAME@HOST", "recipe:NAME", "supervisor", "trainer". why: a reason for people, or "".
    undoes: number of the event that this one takes back. asked: number of the Asked event that this one carries out.
    """

    number: int
    iteration: int
    life: int
    at: float
    author: str
    body: Body
    why: str = ""
    undoes: int | None = None
    asked: int | None = None
