"""A trainer that counts: speaks the protocol, keeps rows and generations as a real one does, trains nothing.

A program of its own (python -P peer_trainer.py --channel FD). What it does besides counting, it is told by settings:
batch_size 512 does not fit in memory, 511 kills it from outside, 510 makes it silent for ever, 509 fails.
"""

import contextlib
import os
import queue
import signal
import socket
import subprocess
import sys
import threading
import time

import numpy as np

from core.events.act import MakeBackup, PauseRun, PreviewNow, ResumeRun, SaveNow
from core.events.event import REPLAYED, Block, NetworkMade, Started, Stopped
from core.events.fold import apply, fold
from core.settings.error import WireError
from core.settings.registry import BY_KEY
from core.store.folder import RunFolder
from core.store.generation import BlockContent, Generations, NewGeneration
from core.store.journal import read_journal
from core.store.line import line_of
from core.store.metric import MetricWriter, cut_to
from core.store.retention import keep_of
from core.store.segment import Column
from core.wire.channel import Channel
from core.wire.codec import ORDERS
from core.wire.trainer_record import (
    Applied,
    Apply,
    Ask,
    At,
    Beat,
    Begin,
    Bye,
    Drop,
    Failed,
    Finish,
    Phase,
    Previewed,
    Propose,
    Saved,
)

ITERATION_S = 0.01
BLOCKS = [Block(f"{part}.{name}", part, 100, 2) for part in ("encoder", "decoder_src") for name in ("down1", "down2")]
COLUMNS = [Column("iteration", ""), Column("life", ""), Column("src", ""), Column("dst", "")]


class Trainer:
    def __init__(self, channel: Channel):
        self.channel = channel
        self.orders: queue.Queue = queue.Queue()
        threading.Thread(target=self.listen, daemon=True).start()
        self.begin = self.orders.get()
        assert isinstance(self.begin, Begin)
        self.folder = RunFolder(__import__("pathlib").Path(self.begin.folder))
        self.asks: list[Ask] = []
        self.finish = None
        self.orphaned = False
        signal.signal(signal.SIGTERM, lambda *_: self.orders.put(Finish("SIGTERM")))

    def listen(self):
        while (order := self.channel.receive()) is not None:
            self.orders.put(order)
        self.orders.put(None)

    def say(self, report):
        """A supervisor that is gone hears nothing; the end of the stream follows."""
        with contextlib.suppress(WireError):
            self.channel.send(report)

    def run(self):
        lock = self.folder.lock_trainer(wait_s=30)
        self.say(Phase("starting", "peer"))
        self.load()
        self.loop()
        self.save("")
        if self.orphaned:
            subprocess.Popen(self.begin.relaunch, start_new_session=True)
        else:
            self.say(Bye(self.iteration))
        lock.release()

    def load(self):
        self.events = read_journal(self.folder.journal)[:self.begin.journal]     # later ones come as Apply
        self.state = fold(self.events)
        self.generations = Generations(self.folder)
        found = self.generations.newest_sound(line_of(self.events)).generation
        self.iteration = found.iteration if found else 0
        position = found.journal if found else 1
        self.settings = dict(fold(self.events[:position]).settings)
        for key, value in self.state.settings.items():
            if BY_KEY[key].when == "restart":
                self.settings[key] = value
        self.replay = [e for e in self.events[position:] if isinstance(e.body, REPLAYED) and e.life == self.state.life]
        cut_to(self.folder.metrics, self.iteration, self.state.life)
        self.metrics = MetricWriter(self.folder.metrics, COLUMNS)
        if not self.state.blocks:
            self.propose(NetworkMade(BLOCKS))
        self.propose(Started(str(self.settings["device"]), found.number if found else None))

    def propose(self, body):
        self.say(Propose(1, self.iteration, body))
        self.until_answered(1)

    def until_answered(self, ref):
        """Stand still until Apply or Drop of `ref`."""
        while True:
            order = self.take(self.orders.get())
            if order is None or getattr(order, "ref", None) == ref:
                return

    def take(self, order):
        match order:
            case None:
                self.orphaned = True
            case Apply(event=event):
                self.events.append(event)
                self.state = apply(self.state, event, self.events)
                if isinstance(event.body, REPLAYED):
                    self.settings = dict(self.state.settings)
                self.say(Applied(event.number))
            case Ask():
                self.asks.append(order)
            case Drop(ref=ref):
                self.asks = [a for a in self.asks if a.command != ref]
            case Finish():
                self.finish = order
        return order

    def loop(self):
        self.say(Phase("training", ""))
        while not (self.finish or self.orphaned or self.state.stopped):
            self.boundary()
            if self.finish or self.orphaned or self.state.stopped:
                break
            if self.state.paused:
                self.say(Phase("paused", ""))
                self.take(self.orders.get())
                self.say(Phase("training", ""))
                continue
            self.step()

    def boundary(self):
        for event in [e for e in self.replay if e.iteration <= self.iteration]:
            self.replay.remove(event)
            for change in getattr(event.body, "changes", []):
                self.settings[change.key] = change.new
        while not self.orders.empty():
            self.take(self.orders.get())
        for ask in [a for a in self.asks if (a.at or 0) <= self.iteration]:
            self.asks.remove(ask)
            match ask.act:
                case SaveNow():
                    self.save("", ask.command)
                case MakeBackup(name=name):
                    self.save(name, ask.command)
                case PreviewNow():
                    self.say(Previewed(self.iteration, ask.command))
                case PauseRun() | ResumeRun() | _:
                    self.say(At(ask.command, self.iteration))
                    self.until_answered(ask.command)
        target = self.settings["target_iter"]
        if target and self.iteration >= target and not self.state.stopped:
            self.propose(Stopped("target"))

    def step(self):
        self.fate(self.settings["batch_size"])
        time.sleep(ITERATION_S)
        self.iteration += 1
        loss = 1.0 / self.iteration
        self.metrics.append(np.array([[self.iteration, self.state.life, loss, 2 * loss]]))
        self.say(Beat(self.iteration, self.state.life, 1 / ITERATION_S, 1.0, 8.0, 0.0, self.settings["lr"],
                               loss, 2 * loss, loss, 2 * loss, 0.0, 0))

    def fate(self, batch_size):
        if batch_size == 512:
            self.say(Failed("512 faces need 9.1 GB and 7.6 GB are free", self.iteration, True))
            os._exit(3)
        if batch_size == 511:
            os.kill(os.getpid(), signal.SIGKILL)
        if batch_size == 510:
            threading.Event().wait()
        if batch_size == 509:
            self.say(Failed("509 is a number that fails", self.iteration, False))
            os._exit(1)

    def save(self, name, ref=None):
        began = time.monotonic()
        weights = {"w": np.full(4, self.iteration, np.float32)}
        new = NewGeneration(self.iteration, self.state.life, self.state.number, self.metrics.sync(),
                            {"encoder.down1": BlockContent(weights, {"m": np.zeros(4, np.float32)})}, time.time(), name)
        saved = self.generations.save(new)
        self.say(Saved(saved.generation.number, self.iteration, name, saved.bytes_written,
                                time.monotonic() - began, ref))
        self.generations.collect(keep_of(self.settings), now_s=time.time(), line=line_of(self.events))


if __name__ == "__main__":
    if os.environ.get("PEER_FAILS_AT_START"):
        sys.exit("this trainer does not start")
    Trainer(Channel(socket.socket(fileno=int(sys.argv[-1])), ORDERS)).run()
