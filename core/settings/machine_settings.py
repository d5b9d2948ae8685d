"""What a run is computed on. (`facts/options.md`, `method.md`)"""

from core.settings.kind import Text, Whole
from core.settings.setting import Setting

GROUP = "machine"

MACHINE_SETTINGS: tuple[Setting, ...] = (
    Setting("device", GROUP, Text(r"auto|cpu|mps|cuda(:\d{1,3})?", "auto, cpu, mps, cuda or cuda:1"), "auto",
            "restart",
            "Where to train. auto takes the best device that is there."),
    Setting("threads", GROUP, Whole(0, 256), 0, "restart",
            "Threads for computing on the CPU; 0 takes one for each core that this process may use."),
    Setting("workers", GROUP, Whole(-1, 64), -1, "restart",
            "Processes that prepare samples; 0 prepares them in the trainer, -1 chooses. "
            "Any number gives the same samples.",
            aliases=("cpu_cap",)),
)
