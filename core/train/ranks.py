"""The other ranks of a training: started by torch's elastic agent, met, watched, let go.

Rank 0 is the trainer itself, as ever a child of the supervisor; the agent runs in a thread of it and starts the other
ranks of this machine. Only the supervisor restarts (max_restarts 0): a rank that dies ends the agent, and with it the
trainer, which says why; the supervisor then starts the whole again.
"""

import json
import logging
import os
import shutil
import signal
import threading
import time
from collections.abc import Callable, Mapping
from contextlib import suppress
from pathlib import Path
from typing import Any

import torch
from torch.distributed import Store  # type: ignore[attr-defined]

from core.settings.kind import Value
from core.train.elastic import AgentError, address_of, follower_words, host_name, run_agent
from core.train.machine import Machine
from core.train.meeting import KEY_S, Meeting, join
from core.train.progress import Progress
from core.train.world import ALONE, RankLostError, World
from core.wire.trainer_record import RankNews, RankStanding

WORDS_S = 5.0       # for a lost rank's last words, and the agent's
GOODBYE_S = 10.0
NEWS_S = 2.0

log = logging.getLogger(__name__)


class Ranks:
    """Rank 0's side. `lost`: called, from a thread, when a rank of this machine ends before it should."""

    def __init__(self, folder: Path, machine: Machine, settings: Mapping[str, Value], *,
                 lost: Callable[[], None]) -> None:
        self._devices = machine.devices
        self._threads = machine.threads
        self._nodes = int(settings["nodes"])
        self._folder = folder / "ranks"
        self._lost = lost
        interface = str(settings["node_interface"]) if self._nodes > 1 else ""
        where = f"{address_of(interface)}:{settings['node_port']}" if self._nodes > 1 else str(self._folder / "store")
        self._meeting = Meeting(where, interface)
        self._agents = 0
        self._store: Store | None = None
        self._agent: threading.Thread | None = None
        self._failure: AgentError | None = None
        self._is_closing = False
        self.told = threading.Event()     # the loss was noticed by the training thread
        self._here: dict[int, dict[str, Any]] = {}

    @property
    def is_alone(self) -> bool:
        """One rank in all: nothing is started, and no group made."""
        return len(self._devices) == 1 and self._nodes == 1

    def start(self) -> None:
        """Start the other ranks of this machine; returns at once. Raises RefusedError."""
        if self.is_alone:
            return
        shutil.rmtree(self._folder, ignore_errors=True)     # of a trainer that was killed
        self._folder.mkdir(mode=0o700)
        self._meeting.settle()
        self._store = self._meeting.store(hosts=True)
        agents = self._nodes - (len(self._devices) == 1)    # one of ours only where we have other ranks
        self._store.set("agents", str(agents))
        if len(self._devices) > 1:
            self._agents = agents
            self._agent = threading.Thread(target=self._run_agent, name="ranks", daemon=True)
            self._agent.start()

    def meet(self, progress: Progress) -> World:
        """Wait until all ranks are there, and become one of them. Raises EndTraining, RankLostError."""
        if self._store is None:
            return ALONE
        while (size := self._counted()) is None:
            progress.renew(f"waits for the other devices: {len(self._here)} more here")
            self._check()
            time.sleep(KEY_S)
        log.info("ranks=%s", self._here)
        return join(self._store, 0, size, torch.device(self._devices[0]))

    def _counted(self) -> int | None:
        """How many ranks there are, once all have said that they are there."""
        if self._store is None or not self._store.check(["size"]):
            return None
        size = int(self._store.get("size"))
        for rank in range(1, size):
            if rank not in self._here and self._store.check([f"here/{rank}"]):
                self._here[rank] = json.loads(self._store.get(f"here/{rank}"))
        return size if len(self._here) == size - 1 else None

    def _check(self) -> None:
        if self._failure is not None:
            raise RankLostError("a rank ended before training began")

    def tell(self, say: Callable[[RankNews], None]) -> threading.Event:
        """Say how the others stand, from a thread, until the event that is given back is set."""
        ended = threading.Event()
        if self._here:
            threading.Thread(target=self._tell, args=[say, ended], name="rank-news", daemon=True).start()
        return ended

    def _tell(self, say: Callable[[RankNews], None], ended: threading.Event) -> None:
        heard: dict[int, tuple[str, float]] = {rank: ("", time.time()) for rank in self._here}
        told: RankNews | None = None
        while not ended.wait(NEWS_S if told else 0.0):
            for rank, (last, _) in heard.items():
                with suppress(RuntimeError):
                    if self._store is not None and self._store.check([f"beat/{rank}"]):
                        word = self._store.get(f"beat/{rank}").decode()
                        heard[rank] = (word, time.time()) if word != last else heard[rank]
            news = RankNews([RankStanding(rank, f"{here['device']} {here['name']}",
                                          here["host"] if self._nodes > 1 else "", round(heard[rank][1]),
                                          float(heard[rank][0].partition(" ")[2] or 0))
                             for rank, here in sorted(self._here.items())])
            if news != told:
                told = news
                say(news)

    # --- the agent's thread -------------------------------------------------------------------------------------------
    def _run_agent(self) -> None:
        """Start the other ranks of this machine and stay with them. Their parent is this thread, which lives as long
        as they do: the kernel's signal at a parent's death is about the thread that forked."""
        launch = follower_words(self._meeting, self._devices[1:], threads=self._threads)
        try:
            run_agent(self._meeting, launch, count=len(self._devices) - 1, nodes=self._agents, logs=self._folder)
        except AgentError as error:
            self._failure = error
            log.warning("agent ended codes=%s error=%s", error.codes, error)
        if not self._is_closing:
            self._lost()

    # --- what became of them ------------------------------------------------------------------------------------------
    def explain(self, error: RankLostError) -> RankLostError:
        """The same loss, with who was lost and how, as far as that can be found out within seconds."""
        self.told.set()
        until = time.monotonic() + WORDS_S
        while time.monotonic() < until and self._agent is not None and self._failure is None:
            time.sleep(KEY_S)
        said = self._last_words()
        if said is not None:
            rank, words = said
            return RankLostError(f"{self._name(rank)} failed: {words['sentence']}", memory=bool(words["memory"]))
        if self._failure is not None:
            # The agent ends the others with SIGTERM: another signal is the cause.
            for rank, code in sorted(self._failure.codes.items(), key=lambda end: end[1] == -signal.SIGTERM):
                if code < 0:
                    return RankLostError(f"{self._name(rank)} was killed from outside ({signal.Signals(-code).name})",
                                         killed=True)
                return RankLostError(f"{self._name(rank)} ended with code {code} and without a word: log/trainer.log "
                                     "says more")
        return RankLostError(str(error), killed=self._nodes > 1)    # a node that went away did not fail by our mistake

    def _last_words(self) -> tuple[int, dict[str, Any]] | None:
        if self._store is None:
            return None
        for rank in self._here:
            with suppress(RuntimeError, ValueError):
                if self._store.check([f"failed/{rank}"]):
                    return rank, json.loads(self._store.get(f"failed/{rank}"))
        return None

    def _name(self, rank: int) -> str:
        here = self._here.get(rank)
        where = f" of {here['host']}" if here and self._nodes > 1 else ""
        return f"rank {rank} ({here['device']}{where})" if here else f"rank {rank}"

    def close(self) -> None:
        """See the other ranks of this machine out; one that does not end is killed. Nothing of theirs is left then, so
        that the next trainer finds the devices free."""
        if self._store is None:
            return
        self._is_closing = True
        if self._agent is not None:
            self._agent.join(0.0 if self.told.is_set() else GOODBYE_S)
            for here in self._here.values():
                if self._agent.is_alive() and here["host"] == host_name():
                    with suppress(ProcessLookupError):
                        os.kill(here["pid"], signal.SIGKILL)
            self._agent.join(GOODBYE_S)
        shutil.rmtree(self._folder, ignore_errors=True)
