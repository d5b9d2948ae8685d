"""Where the ranks of one training find each other: a file on one machine, or an address that all nodes reach.

On one machine nothing listens beyond loopback. Between nodes it does, unencrypted and without a password, on the
interface that a person named: torch has nothing else (docs/guide/multi-gpu.md says so).
"""

import os
import sys
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path

import torch
import torch.distributed as dist
from torch.distributed import FileStore, PrefixStore, Store, TCPStore  # type: ignore[attr-defined]

from core.settings.error import RefusedError
from core.train.world import RankLostError, World

# How long one rank waits for another in a collective. Rank 0 may stand still between two of them for a pause or a slow
# disk, and says so now and then; a process that ends closes its connections, which is noticed at once.
PATIENCE = timedelta(minutes=30)
KEY_S = 0.1


@dataclass(frozen=True, slots=True)
class Meeting:
    """endpoint: a file's path, or host:port. interface: of the network between nodes, "" for loopback."""

    endpoint: str
    interface: str = ""

    @property
    def is_on_one_machine(self) -> bool:
        """Whether all ranks are on this machine."""
        return Path(self.endpoint).is_absolute()

    def settle(self) -> None:
        """Have this process, and those that it starts, speak over the interface. Before the first collective."""
        interface = self.interface or ("lo0" if sys.platform == "darwin" else "lo")
        for name in ("GLOO_SOCKET_IFNAME", "NCCL_SOCKET_IFNAME"):
            os.environ[name] = interface
        # Else torch opens a port of its own on all interfaces, beside the store that we have.
        os.environ["TORCH_DISABLE_SHARE_RDZV_TCP_STORE"] = "1"

    def store(self, *, hosts: bool = False, patience: timedelta = PATIENCE) -> Store:
        """The store in which ranks leave word for each other. `hosts`: this is the process whose address it is;
        patience: until it can be reached. Raises RefusedError."""
        if self.is_on_one_machine:
            return FileStore(self.endpoint)
        host, _, port = self.endpoint.rpartition(":")
        try:
            return TCPStore(host, int(port), is_master=hosts, wait_for_workers=False, multi_tenant=True,
                                 timeout=patience)
        except (RuntimeError, OSError) as error:    # torch's DistNetworkError is a RuntimeError
            first = str(error).strip().splitlines()[0][:200]
            raise RefusedError(f"{self.endpoint} cannot be {'opened' if hosts else 'reached'} ({first})",
                               hint="check node_interface, node_port and the firewall between the nodes") from error


def join(store: Store, rank: int, size: int, device: torch.device) -> World:
    """Become rank `rank` of `size`. All others do the same at the same time. Raises RankLostError."""
    on_gpu = device.type == "cuda"
    if on_gpu:
        torch.cuda.set_device(device)
    try:
        # Orders travel between the hosts, gradients between the devices.
        dist.init_process_group("cpu:gloo,cuda:nccl" if on_gpu else "gloo", store=PrefixStore("group", store),
                                rank=rank, world_size=size, timeout=PATIENCE)
    except RuntimeError as error:
        raise RankLostError(f"the {size} ranks did not find each other ({str(error).splitlines()[0][:200]})",
                            hint="look at log/trainer.log") from error
    return World(rank, size, dist.group.WORLD)
