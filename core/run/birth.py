"""How a run comes into the world: checked as a whole, then a folder with a journal of one event. No consent, no run."""

import shutil
import time
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import get_args

from core.events.act import Act, LockBlocks
from core.events.event import Asked, Body, Born, Consent, Event, FaceSetNote, Ground, Origin, Parent
from core.run.name import check_name
from core.run.place import Place
from core.run.plan import check_act
from core.run.version import VERSION
from core.settings.error import DflTuiError, RefusedError
from core.settings.family import AMP
from core.settings.kind import Value
from core.settings.registry import birth_settings, check, check_together
from core.store.folder import RunFolder
from core.store.journal import JournalWriter
from core.wire.limits import MAX_WAITING

LONGEST_PERSON = 200
PERSON, SUPERVISOR = "person", "supervisor"
AMP_INTERS = "inter_src,inter_dst"


@dataclass(frozen=True, slots=True)
class Waiting:
    """An act that the run begins with: for iteration `at`, or (None) for its first trainer. `author`: "recipe:NAME"."""

    act: Act
    at: int | None = None
    author: str = PERSON


@dataclass(frozen=True, slots=True)
class NewRun:
    """A run to be made. `settings`: those that differ from the defaults. `origin`: the model that it goes on from.
    `parents`: the runs that it was converted from.
    `author`: who makes it, as an event says it."""

    name: str
    settings: Mapping[str, Value]
    src: FaceSetNote
    dst: FaceSetNote
    src_consent: Consent
    dst_consent: Consent
    recipe: str = ""
    waiting: tuple[Waiting, ...] = field(default=())
    origin: Origin | None = None
    parents: tuple[Parent, ...] = ()
    author: str = PERSON


def create_run(home: Path, new: NewRun) -> Place:
    """Make the run's folder and journal. Raises RefusedError or SettingError with a sentence; then nothing is left."""
    born = checked(new)
    folder = RunFolder(home / "runs" / new.name)
    if folder.path.exists():
        raise RefusedError(f"there is a run {new.name!r} already",
                           hint="choose another name, or go on with dfl-tui train")
    folder.create()
    try:
        waiting = (*family_acts(str(born.settings["model"])), *new.waiting)
        write(folder, [(born, new.author), *((Asked(w.act, w.at), w.author) for w in waiting)])
    except DflTuiError:
        # Half a run would hold its name, and could be neither trained nor made again.
        shutil.rmtree(folder.path, ignore_errors=True)
        raise
    return Place(new.name, folder.path)


def checked(new: NewRun) -> Born:
    """The birth of a run that may be made. Raises with the first thing that is wrong."""
    check_name(new.name, "a run")
    check_consent("src", new.src_consent)
    check_consent("dst", new.dst_consent)
    for side, note in (("src", new.src), ("dst", new.dst)):
        if note.path or new.origin is None:     # an imported model may be kept for exports alone
            check_faces(side, note)
    settings = birth_settings({key: check(key, value) for key, value in new.settings.items()})
    check_together(settings)
    if len(new.waiting) > MAX_WAITING:
        raise RefusedError(f"{len(new.waiting)} acts are to wait, the limit is {MAX_WAITING}")
    for waiting in new.waiting:
        check_act(waiting.act)
    return Born(new.name, settings, new.src, new.dst, new.src_consent, new.dst_consent, new.recipe, VERSION,
                new.origin, list(new.parents))


def family_acts(model: str) -> tuple[Waiting, ...]:
    """What a run of a family begins with: AMP's inters are never trained (facts/networks.md 4), by a lock that is seen
    and that a person may open."""
    return (Waiting(LockBlocks(AMP_INTERS), author=SUPERVISOR),) if model == AMP else ()


def check_consent(side: str, consent: Consent) -> None:
    """Raises RefusedError unless it says who is shown, on what ground, and who says so (design.md 6)."""
    if not consent.person.strip():
        raise RefusedError(f"it is not said who is shown in the {side} faces",
                           hint=f"give --{side}-person NAME, or \"synthetic\"")
    if len(consent.person) > LONGEST_PERSON or not consent.person.isprintable():
        raise RefusedError(f"the name of the person in the {side} faces is not one line of at most "
                           f"{LONGEST_PERSON} characters")
    if consent.ground not in get_args(Ground):
        raise RefusedError(f"it is not said on what ground the {side} faces may be used",
                           hint=f"give --{side}-ground {', '.join(get_args(Ground))}")
    if not consent.said_by.strip():
        raise RefusedError(f"it is not said who vouches for the {side} faces")


def check_faces(side: str, note: FaceSetNote) -> None:
    """Raises RefusedError for a face set that cannot be trained on."""
    if not Path(note.path).is_absolute():
        raise RefusedError(f"the {side} faces are at {note.path!r}, which depends on where one stands",
                           hint="give the whole path")
    if note.faces < 1:
        raise RefusedError(f"there is no usable face in {note.path}", hint="see dfl-tui faces check")


def write(folder: RunFolder, bodies: list[tuple[Body, str]]) -> None:
    """The first events of a journal: bodies and authors."""
    writer = JournalWriter(folder.journal)
    try:
        for number, (body, author) in enumerate(bodies, start=1):
            writer.append(Event(number, 0, 0, time.time(), author, body))
    finally:
        writer.close()
