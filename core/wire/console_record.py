"""Messages between a console (or one-shot command) and a supervisor.

Every message is a tagged struct; decoding checks types, unknown fields are refused. Requests carry an `id` chosen by
the client; exactly one answer bears the same id. Lists have limits in core/wire/limits.py.
"""

from typing import Annotated

from msgspec import Meta, Struct

from core.events.act import Act
from core.events.event import Event
from core.events.reading import WatchNews
from core.events.state import RunState
from core.wire.trainer_record import RankStanding

PROTOCOL = (1, 0)  # other major: refused with a sentence; other minor: welcome, unknown optional fields ignored

Id = Annotated[int, Meta(ge=0, lt=2**32)]
Count = Annotated[int, Meta(ge=0, lt=2**40)]


# --- client to supervisor ---------------------------------------------------------------------------------------------
class Hello(Struct, frozen=True, forbid_unknown_fields=True, tag="hello"):
    """First message. `label` names the client to others ("anna@box pts/3"); `steers` = it wants commands accepted."""

    protocol: tuple[int, int]
    version: str
    label: str


class Command(Struct, frozen=True, forbid_unknown_fields=True, tag="command"):
    """Ask for an act; `at` = at that iteration instead of now. Answered by Done or Refused."""

    id: Id
    act: Act
    at: Count | None = None


class Lease(Struct, frozen=True, forbid_unknown_fields=True, tag="lease"):
    """Take the driver's lease (from whoever holds it) or release it. Answered by Done or Refused."""

    id: Id
    take: bool


class AskHistory(Struct, frozen=True, forbid_unknown_fields=True, tag="ask_history"):
    """Loss history of iterations first..last (last = None: to the end) in at most `buckets` buckets a series."""

    id: Id
    series: list[str]
    first: Count
    last: Count | None
    buckets: Annotated[int, Meta(ge=1, le=4096)]


class AskPreview(Struct, frozen=True, forbid_unknown_fields=True, tag="ask_preview"):
    """Tiles of the preview made at `iteration` (None = newest), faces first..first+count, scaled to `side_px`."""

    id: Id
    iteration: Count | None
    first: Annotated[int, Meta(ge=0, le=1000)]
    count: Annotated[int, Meta(ge=1, le=32)]
    side_px: Annotated[int, Meta(ge=8, le=1024)]


class AskPreviewList(Struct, frozen=True, forbid_unknown_fields=True, tag="ask_preview_list"):
    """Which iterations have a preview."""

    id: Id


class AskGenerations(Struct, frozen=True, forbid_unknown_fields=True, tag="ask_generations"):
    """The generations that are kept."""

    id: Id


class AskEvents(Struct, frozen=True, forbid_unknown_fields=True, tag="ask_events"):
    """Events number first..last (at most MAX_EVENTS_AN_ANSWER; ask again for the rest)."""

    id: Id
    first: Count
    last: Count


class AskLog(Struct, frozen=True, forbid_unknown_fields=True, tag="ask_log"):
    """The last `lines` lines of the trainer's or supervisor's log."""

    id: Id
    which: str
    lines: Annotated[int, Meta(ge=1, le=2000)]


class Ping(Struct, frozen=True, forbid_unknown_fields=True, tag="ping"):
    """Are you there? Answered by Pong."""

    id: Id


Request = Command | Lease | AskHistory | AskPreview | AskPreviewList | AskGenerations | AskEvents | AskLog | Ping
ClientMessage = Hello | Request


# --- supervisor to client ---------------------------------------------------------------------------------------------
class Losses(Struct, frozen=True, forbid_unknown_fields=True):
    """Newest losses: of the last iteration, and smoothed over about 100."""

    src: float
    dst: float
    src_smooth: float
    dst_smooth: float
    masks: float


class Machine(Struct, frozen=True, forbid_unknown_fields=True):
    """Load of the machine. Fractions are 0..1, sizes bytes. GPU fields are 0 and "" where there is none."""

    cpu: float
    ram_used: int
    ram_total: int
    disk_free: int
    trainer_rss: int
    gpu: str = ""
    gpu_use: float = 0.0
    gpu_used: int = 0
    gpu_total: int = 0


class Tick(Struct, frozen=True, forbid_unknown_fields=True, tag="tick"):
    """How the run stands. Sent at most twice a second; latest wins.

    phase: "starting", "trial", "training", "paused", "saving", "backoff", "waiting", "stopping", "stopped", "parked".
    detail: a sentence for that phase ("waits 8 s, then starts again: ..."), or "".
    *_ms: mean of the last iterations, split; it_s: iterations a second; eta_s: to target_iter, None without one.
    contact: Unix seconds of the trainer's last sign of life (0 = never). replaying_to: iterations up to here are
    trained a second time after a crash (0 = no). ranks: the trainer's other ranks, where several devices train.
    """

    phase: str
    detail: str
    iteration: int
    life: int
    at: float
    it_s: float = 0.0
    data_ms: float = 0.0
    compute_ms: float = 0.0
    save_ms: float = 0.0
    lr: float = 0.0
    eta_s: float | None = None
    contact: float = 0.0
    replaying_to: int = 0
    losses: Losses | None = None
    machine: Machine | None = None
    ranks: list[RankStanding] = []
    watch: WatchNews | None = None


class Welcome(Struct, frozen=True, forbid_unknown_fields=True, tag="welcome"):
    """First answer: the whole state, the last events (at most WELCOME_EVENTS), where the run stands, who steers."""

    protocol: tuple[int, int]
    version: str
    run: str
    folder: str
    seat: int                   # this client's number
    state: RunState
    events: list[Event]
    tick: Tick
    driver: int                 # seat of the lease holder, 0 = nobody
    driver_label: str
    series: list[str]           # names that AskHistory takes
    preview: int | None         # iteration of the newest preview


class EventNews(Struct, frozen=True, forbid_unknown_fields=True, tag="event"):
    """An event was written to the journal. Never dropped."""

    event: Event


class StateNews(Struct, frozen=True, forbid_unknown_fields=True, tag="state"):
    """The whole state again, after an event that a client cannot fold by itself (a roll back)."""

    state: RunState


class PreviewNews(Struct, frozen=True, forbid_unknown_fields=True, tag="preview_news"):
    """A preview was drawn. Latest wins."""

    iteration: int


class LeaseNews(Struct, frozen=True, forbid_unknown_fields=True, tag="lease_news"):
    """The driver changed."""

    driver: int
    driver_label: str


class Done(Struct, frozen=True, forbid_unknown_fields=True, tag="done"):
    """The command was carried out (or accepted for later: `event` is then an Asked)."""

    id: Id
    event: Event | None
    sentence: str


class Refused(Struct, frozen=True, forbid_unknown_fields=True, tag="refused"):
    """The command or request was not carried out; why, and what would help."""

    id: Id
    sentence: str
    hint: str


class SeriesBuckets(Struct, frozen=True, forbid_unknown_fields=True):
    """One series, bucket by bucket: first iteration of the bucket, min, max, mean (float64, little-endian, packed)."""

    iteration: bytes
    low: bytes
    high: bytes
    mean: bytes


class History(Struct, frozen=True, forbid_unknown_fields=True, tag="history"):
    """Answer to AskHistory."""

    id: Id
    first: int
    last: int
    series: dict[str, SeriesBuckets]


class Preview(Struct, frozen=True, forbid_unknown_fields=True, tag="preview"):
    """Answer to AskPreview. pixels: uint8 RGB, (faces, columns, side, side, 3) in C order.

    columns: names of the pictures of a face, in order: src, src', dst, dst', swap, mask. total: faces there are.
    """

    id: Id
    iteration: int
    side_px: int
    total: int
    columns: list[str]
    names: list[str]
    pixels: bytes


class PreviewList(Struct, frozen=True, forbid_unknown_fields=True, tag="preview_list"):
    """Answer to AskPreviewList, rising."""

    id: Id
    iterations: list[int]


WEIGHTS_ONLY = "weights only"   # what Generation.in_use says where the moments were given up for the disk budget


class Generation(Struct, frozen=True, forbid_unknown_fields=True):
    """A kept generation. `bytes` is what only it holds (shared blobs are counted for the newest that names them)."""

    number: int
    iteration: int
    life: int
    at: float
    name: str        # of a backup, or ""
    bytes: int
    in_use: str      # "", "newest", "swap", ..., WEIGHTS_ONLY


class Generations(Struct, frozen=True, forbid_unknown_fields=True, tag="generations"):
    """Answer to AskGenerations, newest first."""

    id: Id
    generations: list[Generation]


class Events(Struct, frozen=True, forbid_unknown_fields=True, tag="events"):
    """Answer to AskEvents."""

    id: Id
    events: list[Event]


class Log(Struct, frozen=True, forbid_unknown_fields=True, tag="log"):
    """Answer to AskLog."""

    id: Id
    lines: list[str]


class Pong(Struct, frozen=True, forbid_unknown_fields=True, tag="pong"):
    """Answer to Ping."""

    id: Id


class Closing(Struct, frozen=True, forbid_unknown_fields=True, tag="closing"):
    """The supervisor closes this connection, for this reason."""

    reason: str


SupervisorMessage = (
    Welcome | EventNews | StateNews | Tick | PreviewNews | LeaseNews | Done | Refused | History | Preview | PreviewList
    | Generations | Events | Log | Pong | Closing
)
