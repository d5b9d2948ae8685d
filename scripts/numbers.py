"""`make numbers`: the house numbers, one line each, with their aims and the change since the last tag.

Numbers are thermometers: when one is bad, read the file before splitting it. Exits with 1 where a hard zero is none.
"""

import subprocess
import sys
import tarfile
import tempfile
from collections.abc import Callable
from dataclasses import dataclass
from io import BytesIO
from pathlib import Path

from scripts import import_numbers, program_numbers, source_numbers
from scripts.source_numbers import Source, sources

ROOT = Path(__file__).resolve().parents[1]


@dataclass(frozen=True)
class Number:
    """One house number. `of_source` takes the files of the package; `is_hard`: it must begin with 0."""

    name: str
    aim: str
    of_source: Callable[[list[Source]], str]
    is_hard: bool = False


NUMBERS = (
    Number("size", "told", source_numbers.size_of_code),
    Number("file length", "median 150, p90 350, longest 500", source_numbers.file_lengths),
    Number("files above 400", "<= 3 %", source_numbers.long_files),
    Number("functions", "<= 2 % above 50, longest 90", source_numbers.function_lengths),
    Number("branch depth > 4", "0", source_numbers.deep_branches, is_hard=True),
    Number("parameters > 6", "<= 5", source_numbers.parameter_counts),
    Number("imports", "depth <= 8, 0 cycles", import_numbers.depth_and_cycles),
    Number("fan", "out <= 15", import_numbers.fans),
    Number("duplicated runs", "0", source_numbers.duplicated_runs, is_hard=True),
    Number("public, no docstring", "0", source_numbers.undocumented, is_hard=True),
    Number("comments", "4-10 %, 0 TODO", source_numbers.comments),
    Number("exceptions to rules", "<= 5, <= 10, <= 10, <= 5", source_numbers.exceptions_to_the_rules),
)


def main() -> int:
    """Print all numbers."""
    now = sources(ROOT)
    tag = last_tag()
    before = sources_of(tag) if tag else []
    print(f"since {tag}" if tag else "no tag yet: no change to tell")
    broken = False
    for number in NUMBERS:
        value = number.of_source(now)
        old = number.of_source(before) if before else value
        print(f"{number.name:<22}{value}   [{number.aim}]" + (f"   was {old}" if old != value else ""))
        broken |= number.is_hard and not value.startswith("0")
    for name, aim, measure in (
        ("import contracts", "0 broken", program_numbers.contracts),
        ("import of the CLI", "+60 ms", program_numbers.import_of_cli),
        ("unused names", "0", program_numbers.unused_names),
        ("tests", "0.8-1.3; 480 s", lambda: program_numbers.tests(now, sources(ROOT, ("tests",)))),
        ("branch coverage", "95 %, 85 %", program_numbers.coverage),
        ("dependencies", "<= 12", program_numbers.dependencies),
    ):
        print(f"{name:<22}{measure()}   [{aim}]", flush=True)
    return int(broken)


def last_tag() -> str:
    """The newest tag that is behind HEAD, or ""."""
    return subprocess.run(["git", "describe", "--tags", "--abbrev=0"], cwd=ROOT, check=False, capture_output=True,
                          text=True).stdout.strip()


def sources_of(tag: str) -> list[Source]:
    """The package as it was at `tag`."""
    archive = subprocess.run(["git", "archive", tag], cwd=ROOT, check=True, capture_output=True).stdout
    with tempfile.TemporaryDirectory() as folder, tarfile.open(fileobj=BytesIO(archive)) as tar:
        tar.extractall(folder, filter="data")
        return sources(Path(folder))


if __name__ == "__main__":
    sys.exit(main())
