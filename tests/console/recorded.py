"""A supervisor that plays a run from a formula: it speaks the wire and folds its events, without a trainer or a disk.

`python -m tests.console.recorded FOLDER` serves FOLDER/run.sock until it is killed; tests run `Recorded` on their loop.
"""

import argparse
import asyncio
import contextlib
import math
import socket
import time
from collections.abc import AsyncIterator
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
from msgspec import Struct
from msgspec.structs import replace

from core.events.act import (
    Act,
    LockBlocks,
    MakeBackup,
    PauseRun,
    PreviewNow,
    ResumeRun,
    RollBack,
    SaveNow,
    SetValues,
    StopRun,
    UndoLast,
    UnlockBlocks,
    WithdrawAct,
)
from core.events.event import (
    Asked,
    BackedUp,
    Block,
    Body,
    Born,
    Change,
    Consent,
    Event,
    FaceSetNote,
    Locked,
    NetworkMade,
    Paused,
    Resumed,
    RolledBack,
    SettingsChanged,
    Started,
    Stopped,
    Unlocked,
    Withdrawn,
)
from core.events.fold import apply, fold, inverse
from core.events.pattern import resolve
from core.settings.error import DflTuiError, RefusedError, WireError
from core.settings.registry import check, defaults
from core.wire.codec import REQUESTS
from core.wire.console_record import (
    PROTOCOL,
    AskEvents,
    AskGenerations,
    AskHistory,
    AskLog,
    AskPreview,
    AskPreviewList,
    Command,
    Done,
    EventNews,
    Events,
    Generation,
    Generations,
    Hello,
    History,
    Lease,
    LeaseNews,
    Log,
    Losses,
    Machine,
    Ping,
    Pong,
    Preview,
    PreviewList,
    PreviewNews,
    Refused,
    SeriesBuckets,
    StateNews,
    Tick,
    Welcome,
)
from core.wire.stream import Stream

SERIES = ["src", "dst", "masks", "lr", "data_ms", "compute_ms", "save_ms", "total_ms"]
COLUMNS = ["src", "src'", "dst", "dst'", "swap", "mask"]


def born_events(at: float, name: str = "anna-on-bo") -> list[Event]:
    """The beginning of a run: birth, network, trial, a lock, a setting, a waiting act."""
    settings = defaults() | {"resolution": 128, "archi": "liae-ud", "target_iter": 20_000, "batch_size": 8}
    bodies: list[tuple[int, str, Body]] = [
        (0, "person:anna@box", Born(name, settings, FaceSetNote("/data/anna", 4_310, "a1"),
                                    FaceSetNote("/data/bo", 2_877, "b2"), Consent("Anna", "consent", "anna"),
                                    Consent("Bo", "consent", "anna"), "", "0.1.0")),
        (0, "trainer", NetworkMade(blocks())),
        (0, "trainer", Started("cpu", None)),
        (2_400, "person:anna@box", Locked("inter_b.*", ["inter_b.dense1", "inter_b.dense2", "inter_b.upscale1"])),
        (2_900, "person:anna@box", SettingsChanged([Change("lr", 5e-5, 1e-4)])),
        (3_100, "person:anna@box", Asked(SetValues({"random_warp": False}), 12_000)),
        (3_300, "supervisor", BackedUp("before-warp-off", 7)),
    ]
    return [Event(i + 1, iteration, 0, at - 3_000 + 400 * i, author, body)
            for i, (iteration, author, body) in enumerate(bodies)]


def blocks() -> list[Block]:
    """A liae network's blocks, about as large as the real ones."""
    made = [Block(f"encoder.down{i}", "encoder", 4_800 * 4**i, 2) for i in range(1, 6)]
    for part in ("inter_ab", "inter_b"):
        made += [Block(f"{part}.dense1", part, 4_194_560, 2), Block(f"{part}.dense2", part, 4_202_496, 2),
                 Block(f"{part}.upscale1", part, 9_441_280, 2)]
    made += [Block(f"decoder.upscale{i}", "decoder", 9_439_232 // 4**i, 2) for i in range(3)]
    made += [Block(f"decoder.res{i}", "decoder", 4_719_616 // 4**i, 4) for i in range(3)]
    return [*made, Block("decoder.out", "decoder", 13_836, 8),
            Block("decoder.mask.upscale0", "decoder.mask", 1_622_368, 2),
            Block("decoder.mask.out", "decoder.mask", 199, 2)]


def loss(iteration: np.ndarray, side: float) -> np.ndarray:
    """A falling curve with noise that is a function of the iteration."""
    noise = np.sin(iteration * 12.9898 + side * 78.233) * 43758.5453
    return 0.9 * np.exp(-iteration / 1_500) + 0.12 * side + (noise - np.floor(noise)) * 0.03


def history(request: AskHistory, now: int) -> History:
    """Buckets from the formula."""
    last = min(request.last if request.last is not None else now, now)
    edges = np.linspace(request.first, max(last, request.first + 1), request.buckets + 1)[:-1]
    values = {"src": loss(edges, 1.0), "dst": loss(edges, 1.3), "masks": loss(edges, 0.3),
              "lr": np.full_like(edges, 5e-5), "total_ms": 200 + 10 * np.sin(edges / 700)}
    packed = {}
    for name in request.series:
        if name not in values:
            continue            # as the supervisor does with columns that are not recorded
        mean = values[name]
        columns = (edges, mean * 0.93, mean * 1.1, mean)
        packed[name] = SeriesBuckets(*(column.astype("<f8").tobytes() for column in columns))
    return History(request.id, request.first, last, packed)


def pictures(request: AskPreview, iteration: int) -> Preview:
    """Smooth discs, a hue for each picture, the same for every face; sharper as the iteration grows."""
    side = request.side_px
    y, x = np.mgrid[0:side, 0:side] / side - 0.5
    disc = 1 / (1 + np.exp((np.hypot(x * 1.2, y) - 0.4) * 30))
    eyes = np.exp(-((np.abs(x) - 0.15)**2 + (y + 0.08)**2) * 300)
    tiles = np.zeros((request.count, len(COLUMNS), side, side, 3))
    for i in range(len(COLUMNS)):
        hue = np.array([210, 160 - 8 * i, 130 + 8 * (i // 2)])
        tiles[:, i] = (disc * (1 - 0.8 * eyes))[..., None] * hue + 20
    names = [f"anna_{request.first + i:05}.jpg | bo_{request.first + i:05}.jpg" for i in range(request.count)]
    return Preview(request.id, request.iteration or iteration, side, 8, COLUMNS, names,
                   np.clip(tiles, 0, 255).astype(np.uint8).tobytes())


@dataclass
class Recorded:
    """One run and everybody who looks at it. `speed` iterations a second; 0 lets the run stand."""

    folder: Path
    speed: float = 5.0
    iteration: int = 3_512
    phase: str = "training"
    events: list[Event] = field(default_factory=lambda: born_events(time.time()))
    commands: list[Act] = field(default_factory=list)
    seats: dict[int, Stream] = field(default_factory=dict)
    driver: int = 0
    refuse: str = ""

    def __post_init__(self) -> None:
        self.state = fold(self.events)
        self._next_seat = 1
        self._began = time.monotonic()
        self._base = self.iteration

    # --- serving
    async def serve(self) -> None:
        """Listen until cancelled."""
        path = self.folder / "run.sock"
        path.unlink(missing_ok=True)
        server = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
        server.bind(str(path))
        server.listen(16)
        server.setblocking(False)
        clients: set[asyncio.Task[None]] = set()
        ticker = asyncio.create_task(self._tick_for_ever())
        try:
            while True:
                sock, _address = await asyncio.get_running_loop().sock_accept(server)
                task = asyncio.create_task(self._client(Stream(sock, REQUESTS)))
                clients.add(task)
                task.add_done_callback(clients.discard)
        finally:
            ticker.cancel()
            for task in clients:
                task.cancel()
            for stream in self.seats.values():
                stream.close()
            server.close()
            path.unlink(missing_ok=True)

    async def _client(self, stream: Stream) -> None:
        seat = self._next_seat
        with contextlib.suppress(WireError):
            hello = await stream.receive()
            if isinstance(hello, Hello):
                self._next_seat += 1
                await stream.send(self.welcome(seat))
                self.seats[seat] = stream
                while (request := await stream.receive()) is not None:
                    await stream.send(await self._answer(seat, request))
        self.seats.pop(seat, None)
        stream.close()

    async def tell(self, message: Struct) -> None:
        """Send to everybody."""
        for stream in list(self.seats.values()):
            with contextlib.suppress(WireError):
                await stream.send(message)

    async def _tick_for_ever(self) -> None:
        last = None
        while True:
            await asyncio.sleep(0.5)
            if self.phase == "training":
                self.iteration = self._base + int((time.monotonic() - self._began) * self.speed)
            tick = replace(self.tick(), at=0.0)
            if tick != last:
                last = tick
                await self.tell(self.tick())

    # --- what is told
    def welcome(self, seat: int) -> Welcome:
        """The whole state."""
        label = "anna@box pts/3" if self.driver else ""
        return Welcome(PROTOCOL, "0.1.0", self.state.name, str(self.folder), seat, self.state, self.events[-200:],
                       self.tick(), self.driver, label, SERIES, self.iteration // 200 * 200)

    def tick(self) -> Tick:
        """How the run stands."""
        now = np.array([float(self.iteration)])
        src, dst = float(loss(now, 1.0)[0]), float(loss(now, 1.3)[0])
        moving = self.phase == "training" and self.speed > 0
        target = int(self.state.settings["target_iter"])
        return Tick(
            phase=self.phase, detail="", iteration=self.iteration, life=self.state.life, at=time.time(),
            it_s=self.speed if moving else 0.0, data_ms=3.0 if moving else 0.0, compute_ms=195.4 if moving else 0.0,
            save_ms=1.2 if moving else 0.0, lr=5e-5, contact=float(int(time.time())) if moving else 0.0,
            eta_s=float(int((target - self.iteration) / self.speed)) if moving and target else None,
            losses=Losses(src, dst, math.floor(src * 500) / 500, math.floor(dst * 500) / 500, 0.04),
            machine=Machine(cpu=0.93, ram_used=3_100_000_000, ram_total=16_400_000_000, disk_free=143_000_000_000,
                            trainer_rss=1_210_000_000))

    async def _answer(self, seat: int, request: Struct) -> Struct:
        number = getattr(request, "id", 0)
        try:
            match request:
                case Ping():
                    return Pong(number)
                case AskHistory():
                    return history(request, self.iteration)
                case AskPreview():
                    return pictures(request, self.iteration)
                case AskPreviewList():
                    return PreviewList(number, list(range(200, self.iteration, 200)))
                case AskGenerations():
                    return Generations(number, self.generations())
                case AskLog(which=which, lines=lines):
                    return Log(number, [f"{which} line={i}" for i in range(min(lines, 60))])
                case AskEvents(first=first, last=last):
                    return Events(number, [e for e in self.events if first <= e.number <= last][:500])
                case Lease(take=take):
                    await self._drive(seat if take else 0)
                    return Done(number, None, "you steer" if take else "nobody steers")
                case Command(act=act, at=at):
                    if self.driver not in (0, seat):
                        raise RefusedError("somebody else steers this run", hint="t takes the lease")
                    self.commands.append(act)
                    if self.refuse:
                        raise RefusedError(self.refuse, hint="try something else")
                    if self.driver == 0 and not isinstance(act, SaveNow | PreviewNow):
                        await self._drive(seat)
                    return await self._carry_out(number, act, at)
        except DflTuiError as error:
            return Refused(number, error.message, error.hint)
        return Refused(number, "not understood", "")

    async def _drive(self, seat: int) -> None:
        self.driver = seat
        await self.tell(LeaseNews(seat, f"person {seat}" if seat else ""))

    def generations(self) -> list[Generation]:
        """Some saves."""
        return [Generation(n, n * 480, 0, time.time() - (8 - n) * 600, "before-warp-off" if n == 7 else "",
                           221_000_000 + n, "newest" if n == 8 else "") for n in range(8, 3, -1)]

    # --- acts
    async def _carry_out(self, number: int, act: Act, at: int | None) -> Done:
        if at is not None:
            return await self._write(number, Asked(act, at), f"waits for iteration {at:,}")
        match act:
            case SetValues(values=values):
                changes = [Change(k, self.state.settings[k], check(k, v)) for k, v in values.items()]
                told = ", ".join(f"{c.key} = {c.new}" for c in changes)
                return await self._write(number, SettingsChanged(changes), told)
            case LockBlocks(pattern=pattern):
                names = [n for n in resolve(pattern, self.state.blocks) if n not in self.state.locks]
                return await self._write(number, Locked(pattern, names), f"locked {pattern}")
            case UnlockBlocks(pattern=pattern):
                names = [n for n in resolve(pattern, self.state.blocks) if n in self.state.locks]
                return await self._write(number, Unlocked(pattern, names), f"opened {pattern}")
            case UndoLast():
                last = self.state.undoable[-1]
                body = inverse(last.body)
                assert body is not None
                return await self._write(number, body, "taken back", undoes=last.number)
            case PauseRun():
                self.phase = "paused"
                return await self._write(number, Paused(), "paused")
            case ResumeRun():
                self.phase, self._base, self._began = "training", self.iteration, time.monotonic()
                return await self._write(number, Resumed(), "goes on")
            case StopRun():
                self.phase = "stopped"
                return await self._write(number, Stopped("person"), "saved and stopped")
            case MakeBackup(name=name):
                return await self._write(number, BackedUp(name, 9), f"backup {name}")
            case WithdrawAct(event=event):
                return await self._write(number, Withdrawn(event), f"event {event} is withdrawn")
            case RollBack(generation=generation):
                return await self._roll_back(number, generation)
            case SaveNow():
                return Done(number, None, f"saved at {self.iteration:,}")
            case PreviewNow():
                await self.tell(PreviewNews(self.iteration))
                return Done(number, None, "preview drawn")

    async def _roll_back(self, number: int, generation: int) -> Done:
        life = self.state.life + 1
        event = Event(len(self.events) + 1, generation * 480, life, time.time(), "person:anna@box",
                      RolledBack(generation, generation * 480, 4, life))
        self.events.append(event)
        self.state = fold(self.events)
        self.iteration, self._base, self._began = event.iteration, event.iteration, time.monotonic()
        await self.tell(EventNews(event))
        await self.tell(StateNews(self.state))
        return Done(number, event, f"back at {event.iteration:,}")

    async def _write(self, number: int, body: Body, told: str, undoes: int | None = None) -> Done:
        event = Event(len(self.events) + 1, self.iteration, self.state.life, time.time(), "person:anna@box", body,
                      undoes=undoes)
        self.events.append(event)
        self.state = apply(self.state, event)
        await self.tell(EventNews(event))
        await self.tell(self.tick())
        return Done(number, event, told)


@contextlib.asynccontextmanager
async def serving(folder: Path, **options: object) -> AsyncIterator[Recorded]:
    """A recorded run that listens in `folder` while the context lasts."""
    run = Recorded(folder, **options)   # type: ignore[arg-type]
    task = asyncio.create_task(run.serve())
    try:
        while not (folder / "run.sock").exists():
            await asyncio.sleep(0)
        yield run
    finally:
        task.cancel()
        with contextlib.suppress(asyncio.CancelledError):
            await task


def main() -> None:
    """Serve a folder."""
    parser = argparse.ArgumentParser()
    parser.add_argument("folder", type=Path)
    parser.add_argument("--speed", type=float, default=5.0)
    parser.add_argument("--iteration", type=int, default=3_512)
    options = parser.parse_args()
    options.folder.mkdir(parents=True, exist_ok=True)
    asyncio.run(Recorded(options.folder, options.speed, options.iteration).serve())


if __name__ == "__main__":
    main()
