"""What a run is computed on. (`facts/options.md`, `method.md`)"""

from core.settings.kind import Text, Whole
from core.settings.setting import Setting

GROUP = "machine"

MACHINE_SETTINGS: tuple[Setting, ...] = (
    Setting("device", GROUP, Text(r"auto|cpu|mps|cuda(:\d{1,3})?", "auto, cpu, mps, cuda or cuda:1"), "auto",
            "restart",
            "Where to train. auto takes the best device that is there."),
    Setting("devices", GROUP, Text(r"|all|(cuda:)?\d{1,3}(,(cuda:)?\d{1,3})*|cpu(,cpu)*", "0,1 or all"), "", "restart",
            "Several GPUs that train together, as 0,1 (all takes every one of this machine); empty trains on `device` "
            "alone. The batch is divided among them and stays what it is: the result does not depend on their number.",
            cost="each device holds the whole network; more of them pay where the batch is large"),
    Setting("nodes", GROUP, Whole(1, 64), 1, "restart",
            "Machines that train together. Each of the others joins with `dfl-tui node`; training waits until all are "
            "there.",
            cost="a gradient as large as the network crosses the wire at every iteration: 10 Gbit/s or more"),
    Setting("node_interface", GROUP, Text(r"[A-Za-z0-9_.:-]{0,40}", "eth0"), "", "restart",
            "Network interface over which machines reach each other, such as eth0: needed with several nodes, and only "
            "for a network that you trust."),
    Setting("node_port", GROUP, Whole(1024, 65535), 29400, "restart",
            "Port at which the other machines meet this one."),
    Setting("threads", GROUP, Whole(0, 256), 0, "restart",
            "Threads for computing on the CPU; 0 takes one for each core that this process may use."),
    Setting("workers", GROUP, Whole(-1, 64), -1, "restart",
            "Processes that prepare samples; 0 prepares them in the trainer, -1 chooses. "
            "Any number gives the same samples.",
            aliases=("cpu_cap",)),
)
