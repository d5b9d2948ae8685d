"""`make campaign`: what is too long for `make test`. Ends with 1 where one of them fails.

`python -m scripts.campaign [kills] [survive] [frames] [growths] [grown] [ranks] [sabotage]
[--only NAME]...` runs some of them; `--only` picks sabotages.
"""

import argparse
import os
import subprocess
import sys
import time
from collections.abc import Sequence

from scripts import sabotage
from scripts.sabotage import ROOT

# name -> (test file, variable that says how many rounds, rounds)
TESTS = {
    "kills": ("tests/journeys/test_kills.py", "DFL_TUI_KILLS", 100),
    "survive": ("tests/journeys/test_survive.py", "DFL_TUI_SUPERVISOR_KILLS", 20),
    "frames": ("tests/journeys/test_hostile_frames.py", "DFL_TUI_FRAMES", 10_000),
    "growths": ("tests/nets/test_octave.py", "DFL_TUI_GROWTHS", 100),
    "grown": ("tests/journeys/test_grown_run.py", "DFL_TUI_GROWN_RUNS", 1),
    "ranks": ("tests/journeys/test_ranks.py", "DFL_TUI_RANKS", 10),
}
PARTS = (*TESTS, "sabotage")
HOURS_4 = 4 * 3600


def main(words: Sequence[str] | None = None) -> int:
    """Run the parts that are named, or all."""
    parser = argparse.ArgumentParser(prog="python -m scripts.campaign", description=__doc__)
    # argparse holds the empty default against the choices too
    parser.add_argument("parts", nargs="*", choices=[*PARTS, []], metavar="PART", help=", ".join(PARTS))
    parser.add_argument("--only", action="append", default=[], metavar="NAME", help="a sabotage, by its file's name")
    asked = parser.parse_args(words)
    outcomes = {part: run(part, asked.only) for part in asked.parts or PARTS}
    for part, (is_good, seconds) in outcomes.items():
        print(f"{part}: {'passed' if is_good else 'FAILED'} in {seconds:,.0f} s")
    return 0 if all(is_good for is_good, _ in outcomes.values()) else 1


def run(part: str, only: list[str]) -> tuple[bool, float]:
    """Whether the part passed, and its seconds."""
    began = time.monotonic()
    is_good = sabotage.report(only) if part == "sabotage" else long_test(*TESTS[part])
    return is_good, time.monotonic() - began


def long_test(path: str, variable: str, rounds: int) -> bool:
    """Run one test file with many rounds, its own lines shown."""
    print(f"{path} with {variable}={rounds}", flush=True)
    command = [sys.executable, "-m", "pytest", "-q", "-s", "-p", "no:cacheprovider", "--timeout", str(HOURS_4), path]
    return subprocess.run(command, cwd=ROOT, env=os.environ | {variable: str(rounds)}, check=False).returncode == 0


if __name__ == "__main__":
    sys.exit(main())
