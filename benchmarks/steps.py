"""A step of every kind: `python -m benchmarks.steps [--device cuda] [--only WORD]... [-- OPTIONS OF benchmarks.step]`.

One JSON line a case, each in a process of its own: every letter of both architectures, the families, discriminators,
learning-rate dropout, eyes and mouth, and resolutions from 96 to 256. Narrow networks by default, so that a line takes
seconds on a CPU: `-- --ae 256 --e 64 --d 64 --dmask 22 --iters 7` for whole ones.
"""

import argparse
import json
import subprocess
import sys
from collections.abc import Iterator, Sequence
from itertools import combinations
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
NARROW = ("--ae", "64", "--e", "16", "--d", "16", "--dmask", "8", "--batch", "4", "--threads", "1", "--iters", "3",
          "--warmup", "1")
SIDES = (96, 128, 160, 192, 224, 256)
Words = tuple[str, ...]


def cases() -> Iterator[tuple[str, Words]]:
    """Name and words of each."""
    for kind in ("df", "liae"):
        for count in range(5):
            for letters in combinations("udtc", count):
                name = "-".join(filter(None, (kind, "".join(letters))))
                yield f"archi {name}", ("--archi", name, "--res", "128")
    for side_px in SIDES:
        yield f"side {side_px}", ("--archi", "df-ud", "--res", str(side_px))
        yield f"amp {side_px}", ("--model", "amp", "--inter", "128", "--res", str(side_px))
    yield "amp_legacy", ("--model", "amp_legacy", "--inter", "128", "--res", "128")
    yield "quick96", ("--model", "quick96")
    for side_px in (128, 256):
        base = ("--archi", "df-ud", "--res", str(side_px))
        yield f"gan {side_px}", (*base, "--gan", "0.1")
        yield f"true face {side_px}", (*base, "--set", "true_face_power=0.01")
        yield f"dropout {side_px}", (*base, "--set", "lr_dropout=y")
        yield f"eyes and mouth {side_px}", (*base, "--set", "eyes_prio=y", "--set", "mouth_prio=y")
        yield f"scales {side_px}", (*base, "--set", "loss_function=MS-SSIM")
    yield "amp gan", ("--model", "amp", "--inter", "128", "--res", "128", "--gan", "0.1")


def main(words: Sequence[str] | None = None) -> int:
    """Run those whose name has one of the words."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.steps", description=__doc__,
                                     formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--only", action="append", metavar="WORD", help="cases with this word in their name")
    parser.add_argument("--device", default="cpu")
    parser.add_argument("rest", nargs="*", metavar="OPTION", help="of benchmarks.step, after --")
    asked = parser.parse_args(words)
    failed = 0
    for name, options in cases():
        if asked.only and not any(word in name for word in asked.only):
            continue
        command = [sys.executable, "-m", "benchmarks.step", *NARROW, *options, "--device", asked.device, *asked.rest]
        done = subprocess.run(command, cwd=ROOT, check=False, capture_output=True, text=True)
        failed += done.returncode != 0
        line = json.loads(done.stdout) if done.returncode == 0 else {"error": done.stderr.strip().splitlines()[-1:]}
        print(json.dumps({"case": name} | line), flush=True)
    return min(failed, 1)


if __name__ == "__main__":
    sys.exit(main())
