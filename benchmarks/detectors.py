"""Detectors on simulated courses: false alarms and delays, one JSON line a row, to hold against facts/training.md 4.

    OMP_NUM_THREADS=1 python -m benchmarks.detectors [plateau] [drop] [divergence] [spike] [--seeds 200]

Noise: AR(1) with Student-t (3 degrees) innovations, clipped at 40, five spreads. The detectors are run as they are;
only the noise is made for all seeds at once. About 12 minutes of CPU for everything with 200 seeds.
"""

import argparse
import json
import math
from collections.abc import Iterator, Sequence
from typing import Any

import numpy as np

from core.watch import divergence, drop, plateau, spike
from core.watch.divergence import Divergence
from core.watch.drop import Drop
from core.watch.pace import NORMAL, SHORT, DropPace, Pace
from core.watch.plateau import Plateau
from core.watch.robust import TRIM
from core.watch.spike import Spike

SIGMAS = (0.03, 0.06, 0.12, 0.25, 0.5)
READING_SDS = (0.25, 0.5, 1.0, 2.0, 4.0)
RHO = 0.5
DROPS = (3.0, 6.0, 12.0)

Row = dict[str, Any]


def noise(seeds: int, count: int, sd: float, rho: float, salt: int) -> np.ndarray:
    """(seeds, count) courses of noise with standard deviation `sd`."""
    draws = np.random.default_rng([seeds, count, salt])
    made = np.clip(draws.standard_t(3, (count, seeds)), -40, 40) / math.sqrt(3)
    grown = math.sqrt(1 - rho * rho)
    for i in range(1, count):
        made[i] = rho * made[i - 1] + grown * made[i]
    return (made * sd).T


def blocks(logs: np.ndarray, size: int) -> np.ndarray:
    """Trimmed means of blocks, (seeds, blocks), as core.watch.robust.trimmed_mean makes them."""
    ordered = np.sort(logs[:, :logs.shape[1] // size * size].reshape(len(logs), -1, size), axis=2)
    cut = int(TRIM * size)
    return ordered[:, :, cut:size - cut].mean(axis=2)


def quantiles(values: Sequence[float]) -> list[int] | None:
    """The median and the 90 % quantile."""
    return [round(x) for x in np.percentile(values, [50, 90]).tolist()] if len(values) else None


def plateaus(seeds: int) -> Iterator[Row]:
    """Early: fired while the true rate was above twice the bound; grey: between the bound and twice."""
    for name, pace, count, tau in (("normal", NORMAL, 60_000, 5_000), ("short", SHORT, 8_000, 500)):
        t = np.arange(count)
        courses = {"exp": np.log(1 + 1.5 * np.exp(-t / tau)), "pow": np.log(0.5 + 1.5 * (1 + 5 * t / tau) ** -0.35)}
        for shape, course in courses.items():
            rate = -np.gradient(course) * 1000
            settled = int(np.argmax(rate < pace.loss.delta))
            twice = int(np.argmax(rate < 2 * pace.loss.delta))
            for sigma in SIGMAS:
                logs = course + noise(seeds, count, sigma, RHO, 1)
                fired = [first_plateau(means, pace) for means in blocks(logs, pace.loss.block)]
                at = [f for f, _ in fired if f]
                yield {"detector": "plateau", "pace": name, "course": shape, "sigma": sigma, "settled": settled,
                       "early %": share(sum(f < twice for f in at), seeds),
                       "grey %": share(sum(twice <= f < settled for f in at), seeds),
                       "never %": share(seeds - len(at), seeds),
                       "delay 50/90": quantiles([f - settled for f in at if f >= settled]),
                       "window": int(np.median([w for f, w in fired if f])) if at else None}


def first_plateau(means: np.ndarray, pace: Pace) -> tuple[int, int]:
    """The iteration at which a plateau was found, 0 for never, and the window of the surest line then."""
    state = Plateau()
    for number, mean in enumerate(means.tolist(), 1):
        state = plateau.advance(state, number * pace.loss.block, mean, pace.loss, spacing=pace.loss.block)
        if state.holds:
            line = plateau.surest(state)
            return state.iteration, line.window if line else 0
    return 0, 0


def share(part: int, whole: int) -> float:
    """Per cent."""
    return round(100 * part / whole, 1)


def drops(seeds: int) -> Iterator[Row]:
    """False alarms on level and on rising readings; how often and how soon falls over ten readings are found."""
    for name, pace, count, at in (("normal", NORMAL.drop, 240, 80), ("short", SHORT.drop, 120, 40)):
        for sd in READING_SDS:
            for rho in (0.0, 0.4):
                readings = 60 + noise(seeds, count, sd, rho, 2)
                level = sum(bool(alarms(r, Drop(), 0, pace)) for r in readings)
                rising = sum(bool(alarms(r, Drop(), 0, pace)) for r in readings + np.linspace(0, 12, count))
                before = [state_after(r[:at], pace) for r in readings]
                fall = np.clip((np.arange(count) - at) / 10, 0, 1)
                row: Row = {"detector": "drop", "pace": name, "sd": sd, "rho": rho,
                            "false level %": share(level, seeds), "false rising %": share(rising, seeds)}
                for size in DROPS:
                    found = [alarms((r - size * fall)[at:], state, at, pace)
                             for r, state in zip(readings, before, strict=True)]
                    delays = [f[0] - at for f in found if f]
                    row[f"D {size:g} found %"] = share(len(delays), seeds)
                    row[f"D {size:g} delay 50/90"] = quantiles(delays)
                yield row


def state_after(readings: np.ndarray, pace: DropPace) -> Drop:
    """The state after these readings."""
    state = Drop()
    for number, reading in enumerate(readings.tolist()):
        state = drop.advance(state, number, reading, pace)
    return state


def alarms(readings: np.ndarray, state: Drop, first: int, pace: DropPace) -> list[int]:
    """The reading of the first alarm, counted from 0, or none."""
    for number, reading in enumerate(readings.tolist(), first):
        state = drop.advance(state, number, reading, pace)
        if state.holds:
            return [number]
    return []


def divergences(seeds: int) -> Iterator[Row]:
    """False alarms in 6,000 iterations; steps, a doubling in 200 iterations and a burst of 20, from iteration 3,000."""
    count, at, t = 6_000, 3_000, np.arange(6_000)
    shapes = {"none": np.zeros(count), "x2 per 200": math.log(2) * np.maximum(0, t - at) / 200,
              "step x1.5": math.log(1.5) * (t >= at), "step x3": math.log(3) * (t >= at),
              "burst x10": math.log(10) * ((t >= at) & (t < at + 20))}
    for sigma in SIGMAS:
        made = noise(seeds, count, sigma, RHO, 3)
        for shape, course in shapes.items():
            away = [first_divergence(m) for m in blocks(made + course, divergence.BLOCK)]
            high = [first_high(log) for log in made + course]
            is_event = shape != "none"
            yield {"detector": "divergence", "sigma": sigma, "course": shape,
                   "divergence %": share(sum(a > (at if is_event else 0) for a in away), seeds),
                   "divergence delay 50/90": quantiles([a - at for a in away if a > at]) if is_event else None,
                   "sustained %": share(sum(h > (at if is_event else 0) for h in high), seeds),
                   "sustained delay 50/90": quantiles([h - at for h in high if h > at]) if is_event else None}


def first_divergence(means: np.ndarray) -> int:
    """The iteration of the first alarm, 0 for none."""
    state = Divergence()
    for number, mean in enumerate(means.tolist(), 1):
        state = divergence.advance(state, number * divergence.BLOCK, mean)
        if state.holds:
            return state.iteration
    return 0


def first_high(logs: np.ndarray) -> int:
    """The iteration at which the loss was first high for long, 0 for none."""
    state = Spike()
    values = logs.tolist()
    for last in range(NORMAL.look, len(values) + 1, NORMAL.look):
        state = spike.advance(state, last, values[last - NORMAL.look:last], NORMAL.window)
        if state.high is not None:
            return state.high
    return 0


def spikes(seeds: int) -> Iterator[Row]:
    """Single spikes told in 10,000 iterations of noise alone."""
    for sigma in SIGMAS:
        told = 0
        for logs in noise(min(seeds, 50), 10_000, sigma, RHO, 4):
            state, values = Spike(), logs.tolist()
            for last in range(NORMAL.look, len(values) + 1, NORMAL.look):
                state = spike.advance(state, last, values[last - NORMAL.look:last], NORMAL.window)
                told += state.leap is not None
        yield {"detector": "spike", "sigma": sigma, "told in 10,000": round(told / min(seeds, 50), 1)}


def main() -> None:
    parts = {"plateau": plateaus, "drop": drops, "divergence": divergences, "spike": spikes}
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("detectors", nargs="*", default=list(parts), choices=[*parts, []])
    parser.add_argument("--seeds", type=int, default=200)
    arguments = parser.parse_args()
    for name in arguments.detectors:
        for row in parts[name](arguments.seeds):
            print(json.dumps(row), flush=True)


if __name__ == "__main__":
    main()
