"""`make bench`: every benchmark once, short. Each prints its own lines; ends with 1 where one misses a budget or fails.

    python -m benchmarks.all [NAME]...

Long versions: run a benchmark by itself (its --help says how). Not here: benchmarks.parity, which needs recorded
numbers of the original, benchmarks.going_on (5 CPU minutes), benchmarks.rivals (30), and benchmarks.demo_truth in its
whole length of 28 CPU minutes a seed.
"""

import argparse
import subprocess
import sys
import time
from collections.abc import Sequence
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
TIMEOUT_S = 1800
SMALL_NET = ("--res", "64", "--ae", "64", "--e", "16", "--d", "16", "--dmask", "8", "--batch", "4")
SHORT: dict[str, tuple[str, ...]] = {
    "step": (*SMALL_NET, "--iters", "5", "--warmup", "1", "--reference", "naive"),
    "samples": ("--side", "128", "--rounds", "1"),
    "dssim": (),
    "data": ("--count", "16", "--side", "128", "--rounds", "1", "--reference", "original"),
    "faces": ("--count", "2000", "--workers", "1"),
    "wire_cost": ("--iterations", "500"),
    "console": ("--seconds", "15", "--rounds", "5"),
    "slow_console": ("--seconds", "15"),
    "survive": ("--kills", "2"),
    "demo_truth": ("--minutes", "0.5"),
}


def run(name: str) -> bool:
    """Whether a benchmark ended well."""
    command = [sys.executable, "-m", f"benchmarks.{name}", *SHORT[name]]
    print(f"--- python {' '.join(command[1:])}", flush=True)
    began = time.monotonic()
    try:
        code = subprocess.run(command, cwd=ROOT, timeout=TIMEOUT_S, check=False).returncode
    except subprocess.TimeoutExpired:
        code = -1
    print(f"--- {name}: {'ok' if code == 0 else f'ended with {code}'} after {time.monotonic() - began:.0f} s\n",
          flush=True)
    return code == 0


def main(words: Sequence[str] | None = None) -> int:
    """Run those that are named, or all."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.all", description=__doc__,
                                     formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("names", nargs="*", choices=[*SHORT, []], metavar="NAME", help=", ".join(SHORT))
    outcomes = {name: run(name) for name in parser.parse_args(words).names or SHORT}
    print(*(f"{name}: {'ok' if is_good else 'MISSED'}" for name, is_good in outcomes.items()), sep="\n")
    return 0 if all(outcomes.values()) else 1


if __name__ == "__main__":
    sys.exit(main())
