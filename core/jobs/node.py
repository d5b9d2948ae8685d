"""Lends this machine's devices to a training on another one.

    python -P -m core.jobs.node HOST:PORT --interface NAME --devices 0,1 --cache DIR [--src DIR --dst DIR]

Runs until it is ended. Records: phase (a sentence); or error. It restarts nothing by itself: when the training begins
anew, which its supervisor decides, the devices are lent to it again.
"""

import argparse
import logging
import signal
import sys
import time
from collections.abc import Sequence
from datetime import timedelta
from pathlib import Path
from tempfile import TemporaryDirectory

from core.jobs.record import tell, told
from core.settings.error import RefusedError
from core.train.device import choose_device
from core.train.elastic import AgentError, address_of, follower_words, run_agent
from core.train.machine import listed_devices
from core.train.meeting import Meeting

REACH = timedelta(seconds=20)
AGAIN_S = 3.0


def main(arguments: Sequence[str]) -> int:
    """The job; its exit code."""
    parser = argparse.ArgumentParser(prog="core.jobs.node")
    parser.add_argument("endpoint", metavar="HOST:PORT")
    for name in ("interface", "devices", "cache", "src", "dst"):
        parser.add_argument(f"--{name}", default="")
    words = parser.parse_args(arguments)
    logging.basicConfig(level=logging.INFO)
    kept = {"cache": words.cache, "src": words.src, "dst": words.dst}
    extra = [f"--{name}={value}" for name, value in kept.items() if value]
    return told(lambda: lend(Meeting(words.endpoint, words.interface), words.devices, extra))


def lend(meeting: Meeting, devices: str, extra: Sequence[str]) -> None:
    """Join the training at the meeting's address whenever there is one. Raises RefusedError for devices or an
    interface that are not there."""
    names = [str(choose_device(name)) for name in listed_devices(devices or "all", "")]
    address_of(meeting.interface)
    meeting.settle()
    said = ""
    while True:
        signal.signal(signal.SIGTERM, signal.SIG_DFL)   # elastic's own handler waits for torch's C++ to come back
        try:
            agents = int(meeting.store(patience=REACH).get("agents"))
        except (RefusedError, RuntimeError) as error:   # nobody is there yet, or just went
            sentence = f"waits for a training at {meeting.endpoint} ({error})"
        else:
            tell({"phase": f"lends {', '.join(names)} to the training at {meeting.endpoint}"})
            sentence = joined(meeting, names, agents, extra)
        if sentence != said:
            tell({"phase": sentence})
        said = sentence
        time.sleep(AGAIN_S)


def joined(meeting: Meeting, devices: Sequence[str], agents: int, extra: Sequence[str]) -> str:
    """Train along until the end; what came of it."""
    with TemporaryDirectory(prefix="dfl-tui-node-") as logs:
        try:
            run_agent(meeting, follower_words(meeting, devices, threads=0, extra=extra), count=len(devices),
                      nodes=agents, logs=Path(logs))
        except AgentError as error:
            return f"the training broke off ({error}); waits for the next"
    return "the training ended; waits for the next"


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
