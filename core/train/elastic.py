"""Torch's elastic launch, as we use it: it starts the ranks of one machine and stays with them. It never restarts one
(max_restarts 0): that is the supervisor's to do, which knows why.
"""

import os
import socket
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path

import psutil

from core.settings.error import DflTuiError, RefusedError
from core.train.meeting import Meeting

LOST_CODE = 3               # a rank that ends because another one did
RENDEZVOUS_S = 24 * 3600    # other nodes are started by people
SHUTDOWN_S = 2              # a rank holds nothing that must be written


class AgentError(DflTuiError):
    """Ranks ended before they should. codes: exit code by rank, negative for a signal, those left out that another
    one's end took along; none where the agents did not find each other."""

    def __init__(self, message: str, codes: Mapping[int, int]) -> None:
        super().__init__(message)
        self.codes = dict(codes)


def follower_words(meeting: Meeting, devices: Sequence[str], *, threads: int, extra: Sequence[str] = ()) -> list[str]:
    """The words of a rank's command line behind the interpreter."""
    return ["-P", "-m", "core.train.follower", "--endpoint", meeting.endpoint, "--interface", meeting.interface,
            "--devices", ",".join(devices), "--threads", str(threads), "--parent", str(os.getpid()), *extra]


def run_agent(meeting: Meeting, words: Sequence[str], *, count: int, nodes: int, logs: Path) -> None:
    """Start `count` ranks here when all agents are there, and stay until they have ended. Raises AgentError where one
    of them fails, after the others were ended."""
    # Late: a trainer with one rank needs none of it.
    from torch.distributed.elastic.multiprocessing import DefaultLogsSpecs
    from torch.distributed.elastic.multiprocessing.api import SignalException
    from torch.distributed.elastic.multiprocessing.errors import ChildFailedError
    from torch.distributed.launcher.api import LaunchConfig, elastic_launch

    alone = meeting.is_on_one_machine
    config = LaunchConfig(
        min_nodes=nodes, max_nodes=nodes, nproc_per_node=count, run_id="dfl-tui", rdzv_backend="c10d",
        rdzv_endpoint=str(logs / "agents") if alone else meeting.endpoint,
        rdzv_configs={"join_timeout": RENDEZVOUS_S, "last_call_timeout": 1, "is_host": "false",
                      "store_type": "file" if alone else "tcp"},
        local_addr="127.0.0.1" if alone else address_of(meeting.interface),
        max_restarts=0, monitor_interval=0.1, logs_specs=DefaultLogsSpecs(log_dir=str(logs)),
        shutdown_timeout=SHUTDOWN_S)
    try:
        elastic_launch(config, sys.executable)(*words)
    except ChildFailedError as error:
        codes = {rank + 1: f.exitcode for rank, f in error.failures.items() if f.exitcode != LOST_CODE}
        raise AgentError(f"ranks ended: {codes or 'with another one'}", codes) from error
    except SignalException as error:    # only in a main thread: the ranks have been ended
        raise SystemExit(128 + int(error.sigval)) from error
    except Exception as error:  # elastic's boundary: rendezvous has a dozen kinds of its own
        first = (str(error).strip().splitlines() or [type(error).__name__])[0][:200]
        raise AgentError(f"the agents did not find each other ({first})", {}) from error


def address_of(interface: str) -> str:
    """The IPv4 address of a network interface. RefusedError where it has none."""
    found = [a.address for a in psutil.net_if_addrs().get(interface, ()) if a.family == socket.AF_INET]
    if not found:
        there = ", ".join(name for name in psutil.net_if_addrs() if not name.startswith("lo"))
        what = f"node_interface = {interface} has no address here" if interface else "node_interface is not set"
        raise RefusedError(f"{what}, and several nodes need one", hint=f"there are {there or 'none'}")
    return str(found[0])


def host_name() -> str:
    """This machine, for people."""
    return os.uname().nodename
