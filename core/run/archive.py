"""Answers to requests about the past: history, previews, generations, events, logs.

Read from the run folder in one thread of its own, so that the loop never waits for a disk. The readers (numpy, OpenCV)
are imported there, at first use.
"""

import asyncio
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING, TypeVar

from core.events.event import Event
from core.run.fit import newest_that_fit
from core.run.logs import tail
from core.settings.error import RefusedError
from core.store.folder import RunFolder
from core.wire.console_record import (
    WEIGHTS_ONLY,
    AskEvents,
    AskGenerations,
    AskHistory,
    AskLog,
    AskPreview,
    AskPreviewList,
    Events,
    Generation,
    Generations,
    History,
    Log,
    Preview,
    PreviewList,
    SeriesBuckets,
)
from core.wire.limits import EVENTS_ANSWER_BYTES, MAX_EVENTS_AN_ANSWER, MAX_SERIES, PREVIEW_ANSWER_BYTES

if TYPE_CHECKING:
    from core.store import manifest
    from core.store.metric_reader import MetricReader
    from core.store.pin import Pin
    from core.store.preview import PreviewStore

BUCKET_BYTES = 4 * 8    # four float64 a bucket of a series
COLUMNS_OF_A_FACE = 6   # src, src', dst, dst', swap, mask
SMALLEST_SIDE_PX = 8

Request = AskHistory | AskPreview | AskPreviewList | AskGenerations | AskEvents | AskLog
Answer = History | Preview | PreviewList | Generations | Events | Log
Result = TypeVar("Result")


class Archive:
    """What a run folder tells about the past."""

    def __init__(self, folder: RunFolder, events: list[Event]) -> None:
        self._folder = folder
        self._events = events
        self._thread = ThreadPoolExecutor(1, "archive")
        self._reader: MetricReader | None = None
        self._store: PreviewStore | None = None

    async def answer(self, request: Request) -> Answer:
        """The answer to a request. Raises RefusedError or StoreError with a sentence."""
        return await self._run(lambda: self._answer(request))

    async def last_row(self) -> tuple[int, int] | None:
        """Completed iterations and life of the newest metric row, or None before the first."""
        return await self._run(lambda: self._metrics().last)

    async def series(self) -> list[str]:
        """Names that a history can be asked for."""
        return await self._run(lambda: list(self._metrics().series))

    async def newest_preview(self) -> int | None:
        """Iteration of the newest preview, or None."""
        return await self._run(lambda: self._previews().newest)

    async def pinned(self, number: int) -> "tuple[manifest.Generation, Pin]":
        """A generation, kept until the pin is released: whatever the trainer saves meanwhile. Raises StoreError."""
        return await self._run(lambda: self._pinned(number))

    def close(self) -> None:
        """End the thread; what it still does is not waited for."""
        self._thread.shutdown(wait=False, cancel_futures=True)

    async def _run(self, work: Callable[[], Result]) -> Result:
        return await asyncio.get_running_loop().run_in_executor(self._thread, work)

    # --- in the thread ------------------------------------------------------------------------------------------------
    def _metrics(self) -> "MetricReader":
        from core.store.metric_reader import MetricReader  # late: imports numpy

        self._reader = self._reader or MetricReader(self._folder.metrics)
        return self._reader

    def _previews(self) -> "PreviewStore":
        from core.store.preview import PreviewStore  # late: imports numpy

        self._store = self._store or PreviewStore(self._folder)
        return self._store

    def _pinned(self, number: int) -> "tuple[manifest.Generation, Pin]":
        from core.store.generation import Generations as Kept  # late: imports numpy

        store = Kept(self._folder)
        pin = store.pin(number, "roll_back")
        return store.get(number), pin

    def _answer(self, request: Request) -> Answer:
        match request:
            case AskHistory():
                return self._history(request)
            case AskPreview():
                return self._preview(request)
            case AskPreviewList(id=number):
                return PreviewList(number, self._previews().iterations())
            case AskGenerations(id=number):
                return Generations(number, self._generations())
            case AskEvents(id=number, first=first, last=last):
                asked = self._events[max(first, 1) - 1:max(last, 0)][:MAX_EVENTS_AN_ANSWER]
                return Events(number, newest_that_fit(asked, EVENTS_ANSWER_BYTES, oldest_first=True))
            case AskLog(id=number, which=which, lines=lines):
                files = {"trainer": self._folder.trainer_log, "supervisor": self._folder.supervisor_log}
                if which not in files:
                    raise RefusedError(f"there is no log {which[:40]!r}", hint="ask for trainer or supervisor")
                return Log(number, tail(files[which], lines))

    def _history(self, request: AskHistory) -> History:
        reader = self._metrics()
        known = set(reader.series)
        if not 0 < len(request.series) <= MAX_SERIES:
            raise RefusedError(f"{len(request.series)} series were asked for", hint=f"ask for 1 to {MAX_SERIES}")
        names = [name for name in dict.fromkeys(request.series) if name in known]
        # Coarser rather than refused: the answer must fit into a frame, whatever was asked for.
        buckets = min(request.buckets, PREVIEW_ANSWER_BYTES // (BUCKET_BYTES * max(1, len(names))))
        found = reader.history(names, request.first, request.last, buckets) if names else {}
        series = {name: SeriesBuckets(*(a.astype("<f8").tobytes() for a in (b.iteration, b.low, b.high, b.mean)))
                  for name, b in found.items()}
        newest = reader.last
        last = request.last if request.last is not None else (newest[0] if newest else 0)
        return History(request.id, request.first, last, series)

    def _preview(self, request: AskPreview) -> Preview:
        # Smaller tiles rather than a refusal: a console asks for what fits its cells, not what fits into a frame.
        most_px = int((PREVIEW_ANSWER_BYTES / (request.count * COLUMNS_OF_A_FACE * 3)) ** 0.5)
        side_px = max(SMALLEST_SIDE_PX, min(request.side_px, most_px))
        tiles = self._previews().read(request.iteration, request.first, request.count, side_px)
        return Preview(request.id, tiles.iteration, tiles.side_px, tiles.total, list(tiles.columns), list(tiles.names),
                       tiles.pixels.tobytes())

    def _generations(self) -> list[Generation]:
        from core.store.generation import Generations as Kept  # late: imports numpy
        from core.store.manifest import own_bytes

        store = Kept(self._folder)
        kept = store.list()
        sizes, users = own_bytes(kept), store.in_use()
        newest = kept[-1].number if kept else 0
        return [Generation(g.number, g.iteration, g.life, g.at, g.name, sizes.get(g.number, 0),
                           users.get(g.number) or standing(g, newest)) for g in reversed(kept)]


def standing(generation: "manifest.Generation", newest: int) -> str:
    """What people should know of a generation that nobody reads: a word, or ""."""
    if generation.weights_only:
        return WEIGHTS_ONLY
    return "newest" if generation.number == newest else ""
