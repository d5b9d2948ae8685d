"""How long a training step takes, and against a naive one.

    python -m benchmarks.step --archi df-ud --threads 2 --reference naive

prints one JSON line. `--model` takes the other families (amp with its inters locked, as it is born), `--gan POWER` adds
the discriminator's part and lessons to ours, `--set` any other setting (lr_dropout=y, eyes_prio=y).
`python -m benchmarks.steps` goes through all of them. With a reference, each side runs in a process of its own and they
take turns step by step, so that whatever else the machine does falls on both; `ratio` is of their CPU times. `parts`
says what our step is made of.
"""

import argparse
import contextlib
import json
import multiprocessing as mp
import os
import resource
import sys
import time
from collections.abc import Callable, Iterator, Mapping
from multiprocessing.connection import Connection
from pathlib import Path
from statistics import median
from typing import Any

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))  # started as a file, the checkout is not on the path

# As the trainer is started: threads that wait sleep. Spinning, two threads on a busy machine were counted with up to
# ten times the CPU time of their work. Must be set before torch is loaded.
os.environ.setdefault("OMP_WAIT_POLICY", "passive")

import torch
from torch.utils.flop_counter import FlopCounterMode

from benchmarks.naive_step import NaiveStep
from core.events.pattern import resolve
from core.nets.family import make_network, outline
from core.nets.initial import initialise
from core.nets.network import FaceNetwork
from core.run.birth import AMP_INTERS
from core.run.environment import KEEP_MEMORY
from core.settings.family import AMP, AMPS, MODELS, SAEHD, uses
from core.settings.kind import Value
from core.settings.registry import birth_settings, check_together, parse_all
from core.train.clip import gradient_norm
from core.train.device import choose_device, name_of, prepare, synchronise
from core.train.loss_side import form_of, side_loss
from core.train.optim import make_optimizer
from core.train.shared_pass import measure_shared_pass
from core.train.step import Step
from core.train.train_batch import TrainBatch, TrainSide

SEED = 1
OF_A_SETTING = {"res": "resolution", "ae": "ae_dims", "inter": "inter_dims", "e": "e_dims", "d": "d_dims",
                "dmask": "d_mask_dims"}


def main() -> None:
    """Measure and print."""
    options = parse()
    if options.reference == "none":
        ours, _ = sides(options, ["ours"])
        line = options_line(options) | ours
    else:
        ours, naive = sides(options, ["ours", "naive"])
        line = options_line(options) | {"ours": ours, "naive": naive,
                                        "ratio": round(ours["cpu_ms_median"] / naive["cpu_ms_median"], 3)}
    print(json.dumps(line))


def parse() -> argparse.Namespace:
    """The options; those of a network have the names of the settings in brackets."""
    parser = argparse.ArgumentParser(description="Time a training step; prints one JSON line.")
    parser.add_argument("--model", choices=MODELS, default=SAEHD)
    parser.add_argument("--archi", help="[df-ud, or what the model always is]")
    for option, key in OF_A_SETTING.items():
        parser.add_argument(f"--{option}", type=int, help=f"{key} [what the model begins with]")
    for name, default, help_ in (("batch", 4, "faces of each person"), ("iters", 7, "steps that count"),
                                 ("warmup", 2, "steps before them"), ("threads", 2, "CPU threads")):
        parser.add_argument(f"--{name}", type=int, default=default, help=help_)
    parser.add_argument("--gan", type=float, default=0.0, metavar="POWER", help="gan_power")
    parser.add_argument("--set", dest="assignments", action="append", default=[], metavar="KEY=VALUE")
    parser.add_argument("--device", default="cpu")
    parser.add_argument("--precision", choices=("fp32", "bf16", "fp16"), default="fp32")
    parser.add_argument("--compile", action="store_true", help="torch.compile our step")
    for name, help_ in (("channels-last", "channels_last of our step"), ("tf32", "TF32 of both sides' convolutions")):
        parser.add_argument(f"--{name}", choices=("y", "n"), default="y", help=help_)
    parser.add_argument("--reference", choices=("none", "naive"), default="none")
    options = parser.parse_args()
    if options.reference == "naive" and (options.model in AMPS or options.gan):
        parser.error("the naive step is one of saehd or quick96 without GAN")
    return options


def options_line(options: argparse.Namespace) -> dict[str, Any]:
    """What was measured."""
    settings = settings_of(options)
    sizes = {option: settings[key] for option, key in OF_A_SETTING.items() if uses(options.model, key)}
    return {"model": options.model, "archi": settings["archi"]} | sizes | {
        key: getattr(options, key) for key in ("batch", "gan", "threads", "precision", "compile", "channels_last",
                                               "tf32")} | parse_all(options.assignments)


def sides(options: argparse.Namespace, names: list[str]) -> list[dict[str, Any]]:
    """Each side's figures (and None for one that was not asked for), steps taken in turn."""
    context = mp.get_context("spawn")
    ends = []
    for name in names:
        mine, theirs = context.Pipe()
        with surroundings(KEEP_MEMORY if name == "ours" else {}):
            context.Process(target=run_side, args=(name, options, theirs), daemon=True).start()
        mine.recv()  # it is ready: building one side must not disturb the other's steps
        ends.append(mine)
    for _ in range(options.warmup + options.iters):
        for end in ends:
            end.send("step")
            end.recv()
    for end in ends:
        end.send("report")
    return ([end.recv() for end in ends] + [{}])[:2]


@contextlib.contextmanager
def surroundings(words: Mapping[str, str]) -> Iterator[None]:
    """What a process started meanwhile finds in its environment: ours what a trainer finds, the naive one nothing."""
    os.environ.update(words)
    yield
    for word in words:
        del os.environ[word]


def run_side(name: str, options: argparse.Namespace, end: Connection) -> None:
    """One side's process: a step for each "step", then the report."""
    device = choose_device(options.device)
    threads = prepare(device, options.threads)
    settings = settings_of(options)
    network = make_network(settings)
    initialise(network, SEED)
    network.to(device)
    batch = random_batch(settings, device)
    step, extra = (ours(network, settings, batch) if name == "ours" else naive(network, batch))
    end.send("ready")
    wall, cpu = [], []
    while end.recv() == "step":
        started, cpu_started = time.perf_counter(), time.process_time()
        step(len(wall))
        synchronise(device)
        wall.append((time.perf_counter() - started) * 1000)
        cpu.append((time.process_time() - cpu_started) * 1000)
        end.send("done")
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / (1024 if sys.platform == "linux" else 1024**2)
    wall, cpu = wall[options.warmup:], cpu[options.warmup:]
    end.send({
        "ms_median": round(median(wall), 1), "cpu_ms_median": round(median(cpu), 1), "cpu_ms_min": round(min(cpu), 1),
        "peak_rss_mib": round(peak), "params_total": sum(p.numel() for p in network.parameters()),
        "device": name_of(device, threads),
    } | extra(median(cpu)))


def settings_of(options: argparse.Namespace) -> dict[str, Value]:
    """The network's settings."""
    given = {key: getattr(options, option) for option, key in OF_A_SETTING.items()}
    given |= {"model": options.model, "archi": options.archi, "batch_size": options.batch, "gan_power": options.gan,
              "precision": options.precision, "compile": options.compile,
              "channels_last": options.channels_last == "y", "tf32": options.tf32 == "y"}
    if options.model == SAEHD and options.archi is None:
        given["archi"] = "df-ud"
    asked = {key: value for key, value in given.items() if value is not None}
    settings = birth_settings(asked | parse_all(options.assignments))
    check_together(settings)
    return settings


def locked_of(settings: dict[str, Value], network: FaceNetwork) -> frozenset[str]:
    """The blocks that a run of this family is born with locked."""
    locks = resolve(AMP_INTERS, network.blocks) if settings["model"] == AMP else []
    return frozenset(locks)


def random_batch(settings: dict[str, Value], device: torch.device) -> TrainBatch:
    """Pictures of noise, masks of ones, as in facts/ports.md 3; of eyes and mouth where they are weighed."""
    generator = torch.Generator().manual_seed(SEED)
    count, side_px = int(settings["batch_size"]), int(settings["resolution"])
    has_eyes = settings["eyes_prio"] or settings["mouth_prio"]

    def side() -> TrainSide:
        pictures = [torch.rand(count, side_px, side_px, 3, generator=generator).to(device).permute(0, 3, 1, 2)
                    for _ in range(2)]
        ones = torch.ones(count, 1, side_px, side_px, device=device)
        return TrainSide(*pictures, ones, ones if has_eyes else None)

    return TrainBatch(side(), side())


Stepper = Callable[[int], object]
Extra = Callable[[float], dict[str, Any]]


def ours(network: FaceNetwork, settings: dict[str, Value], batch: TrainBatch) -> tuple[Stepper, Extra]:
    """Our step, with the pass that is faster here; and what it is made of."""
    step, locked = Step(network, make_optimizer(str(settings["optimizer"]), network)), locked_of(settings, network)
    step.equip(settings, locked)
    trial = measure_shared_pass(step, batch, settings, repeats=2)
    step.shared_pass = trial.is_shared_faster
    return (lambda iteration: step(batch, settings, iteration=iteration, locked=locked),
            lambda cpu_ms: {"shared_pass": step.shared_pass, "parts": parts(step, settings, batch, cpu_ms)})


def naive(network: FaceNetwork, batch: TrainBatch) -> tuple[Stepper, Extra]:
    """The yardstick."""
    step = NaiveStep(network)
    return lambda _: step(batch), lambda _: {}


def parts(step: Step, settings: dict[str, Value], batch: TrainBatch, cpu_ms: float) -> dict[str, Any]:
    """CPU ms of losses and optimizer, each alone; the rest is the network, of which FLOPs are counted, and the GAN."""
    drawn = step.network.reconstruct(batch.src.warped, batch.dst.warped)
    maps = [x.clone().requires_grad_() for x in drawn]
    form = form_of(settings)

    def losses() -> None:
        loss = side_loss(maps[0], maps[1], batch.src, form).total.sum()
        (loss + side_loss(maps[2], maps[3], batch.dst, form).total.sum()).backward()

    blocks = step.open_blocks(settings, locked_of(settings, step.network))
    gradients = {p: torch.full_like(p, 1e-4) for block in blocks for p in step.network.parameters_of(block).values()}
    for p, gradient in gradients.items():
        p.grad = gradient
    one = torch.ones((), device=step.optimizer.device)

    def optimizer() -> None:
        gradient_norm(list(gradients.values()))
        step.optimizer.update(blocks, rate=0.0, scale=one, sound=one, masks=None)

    loss_ms, optimizer_ms = cpu_of(losses), cpu_of(optimizer)
    flops = flops_of(settings, batch.src.warped.shape, step.shared_pass)
    network_ms = cpu_ms - loss_ms - optimizer_ms
    return {"network_ms": round(network_ms, 1), "losses_ms": round(loss_ms, 1), "optimizer_ms": round(optimizer_ms, 1),
            "network_gflop": round(flops / 1e9, 1), "gflop_a_cpu_second": round(flops / 1e6 / network_ms, 1)}


def cpu_of(work: Callable[[], None], repeats: int = 3) -> float:
    """CPU ms, the median after one call that does not count."""
    times = []
    for _ in range(repeats + 1):
        started = time.process_time()
        work()
        times.append((time.process_time() - started) * 1000)
    return median(times[1:])


def flops_of(settings: dict[str, Value], shape: torch.Size, shared_pass: bool) -> int:
    """Floating point operations of the network's forward and backward pass, counted on shapes alone."""
    with torch.device("meta"):
        network, faces = outline(settings), torch.empty(shape)
        mix = torch.empty(shape[0], network.shape.inter_channels, 1, 1) if network.mixing else None
    for block in locked_of(settings, network):
        for parameter in network.parameters_of(block).values():
            parameter.requires_grad_(False)
    with FlopCounterMode(display=False) as counter:
        drawn = network.train_pass(faces, faces, shared_pass=shared_pass, mix=mix)
        torch.stack([x.sum() for x in drawn]).sum().backward()
    return counter.get_total_flops()


if __name__ == "__main__":
    main()
