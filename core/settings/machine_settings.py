"""What a run is computed on. (`facts/options.md`, `method.md`)"""

from core.settings.kind import Choice, Flag, Text, Whole
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
    Setting("precision", GROUP, Choice(("fp32", "bf16", "fp16")), "fp32", "live",
            "Number format of the convolutions while training. bf16 and fp16 take half of the memory for maps and are "
            "2 to 4 times faster on cards that are made for them; weights, optimizer and losses stay in 32 bits. bf16 "
            "for the long wild part of a training; fp16, which has 3 more bits, late and for texture; fp32 on a CPU. A "
            "probe tries it first, and refuses what does not pay on this machine.",
            cost="The loss is a little noisier. fp16 skips a step now and then, while its scale is found."),
    Setting("allow_slow_precision", GROUP, Flag(), False, "live",
            "Take a precision even where the probe finds it slower than fp32, as on most CPUs: to try a recipe without "
            "the card that it is for. Also `--allow-slow-precision`."),
    Setting("tf32", GROUP, Flag(), True, "live",
            "NVIDIA from the 30 series on: convolutions in fp32 round what they multiply to 10 bits, which makes them "
            "2 to 4 times faster, as torch does by itself. Dense layers never do. Off: to compare with a CPU.",
            cost="On: numbers are right to about 1 in 1,000. On a CPU and elsewhere it does nothing."),
    Setting("channels_last", GROUP, Flag(), True, "live",
            "Lay maps and kernels out in memory with the channels last, which convolutions on GPUs with bf16 or fp16 "
            "and depth-to-space on a CPU are fastest with. Off: to measure whether that is so on your machine.",
            cost="Another layout gives other last bits."),
    Setting("compile", GROUP, Flag(), False, "live",
            "Let torch.compile build kernels of their own for encoder, inters and decoders. A probe tries it first, "
            "and refuses it where there is no compiler. Worth it on long runs of one stage on a GPU.",
            cost="Minutes at its start, and again after each start of the trainer and each change of locks, batch "
                 "size or precision; other last bits."),
)
