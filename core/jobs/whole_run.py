"""A run's folder that appears whole or not at all: it is made under another name beside the runs, and named last."""

import shutil
from collections.abc import Callable

from core.settings.error import DflTuiError, StoreError
from core.store.disk import RealDisk, sync_folder
from core.store.folder import RunFolder


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
