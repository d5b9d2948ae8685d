"""A run's folder that appears whole or not at all: it is made under another name beside the runs, and named last."""

import shutil
from collections.abc import Callable

from core.events.event import Asked, Block, Body, Born, NetworkMade
from core.run.birth import family_acts, write
from core.settings.error import DflTuiError, StoreError
from core.store.disk import RealDisk, sync_folder
from core.store.folder import RunFolder
from core.store.segment import ITERATION, LIFE, Column

COLUMNS = (ITERATION, LIFE, Column("src"), Column("dst"))     # of the metric rows that such a run begins with


def make_whole(final: RunFolder, doing: str, fill: Callable[[RunFolder], None]) -> None:
    """Make the folder of `final` and have it filled. doing: "importing", for the name that it has until then.

    Raises StoreError or RefusedError; then nothing is left.
    """
    draft = RunFolder(final.path.parent / f".{doing}-{final.name}")
    if draft.path.exists():     # left by one that was killed, or at work
        with draft.lock_run():
            shutil.rmtree(draft.path)
    draft.create()
    try:
        with draft.lock_run():
            fill(draft)
            try:
                draft.path.rename(final.path)
            except OSError as error:
                raise StoreError(f"cannot name the run {final.path} ({error.strerror})",
                                 hint="is there one already?") from error
        sync_folder(RealDisk(), final.path.parent)
    except DflTuiError:
        shutil.rmtree(draft.path, ignore_errors=True)
        raise


def write_beginning(run: RunFolder, born: Born, table: list[Block], *, author: str, job: str) -> int:
    """The first events of a run that begins with a network, and how many they are.

    author: who asked for the run; job: "import" or "convert", which made the network.
    """
    events: list[tuple[Body, str]] = [(born, author), (NetworkMade(table), job)]
    events += [(Asked(act.act, act.at), act.author) for act in family_acts(str(born.settings["model"]))]
    write(run, events)
    return len(events)
