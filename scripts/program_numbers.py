"""What must be run to be counted: import times, contracts, unused names, tests, coverage, dependencies."""

import json
import re
import subprocess
import sys
import time
import xml.etree.ElementTree as ElementTree
from importlib.metadata import PackageNotFoundError, distribution, files, requires
from pathlib import Path
from statistics import median

from scripts.source_numbers import Source

ROOT = Path(__file__).resolve().parents[1]
JUNIT = ROOT / "build" / "tests.xml"      # written by `make pytest`
COVERAGE = ROOT / ".coverage"
REPEATS = 5
PURE = ("core/settings", "core/events", "core/wire", "dfl_tui/draw")
QUIET_NAMES = "ctx,_ctx,_param,cls,forbid_unknown_fields,tag,BINDINGS,CSS,DEFAULT_CSS,BLANK,can_replace"


def import_of_cli() -> str:
    """Median ms that `import dfl_tui.cli.group` and `dfl-tui --help` take over `python -c pass`, interleaved."""
    programs = {"pass": ["-c", "pass"], "group": ["-c", "import dfl_tui.cli.group"],
                "help": ["-P", "-m", "dfl_tui", "--help"]}
    ms = interleaved(programs)
    return f"+{ms['group'] - ms['pass']:.0f} ms; dfl-tui --help +{ms['help'] - ms['pass']:.0f} ms " \
           f"(python -c pass {ms['pass']:.0f} ms)"


def interleaved(programs: dict[str, list[str]]) -> dict[str, float]:
    """Median ms of each program over REPEATS rounds."""
    times: dict[str, list[float]] = {name: [] for name in programs}
    for _ in range(REPEATS):
        for name, arguments in programs.items():
            began = time.perf_counter()
            subprocess.run([sys.executable, *arguments], check=True, stdout=subprocess.DEVNULL, cwd="/")
            times[name].append(1000 * (time.perf_counter() - began))
    return {name: median(values) for name, values in times.items()}


def contracts() -> str:
    """Import contracts kept and broken."""
    told = output(["lint-imports"])
    found = re.search(r"Contracts: (\d+) kept, (\d+) broken", told)
    return f"{found[2]} broken, {found[1]} kept" if found else "lint-imports did not say"


def unused_names() -> str:
    """What vulture is sure of at 80 %, by name."""
    told = output(["vulture", "core", "dfl_tui", "--min-confidence", "80", "--ignore-names", QUIET_NAMES])
    lines = [line.rpartition(" (")[0] for line in told.splitlines()]
    return " ".join([str(len(lines)), *lines])


def tests(code: list[Source], written: list[Source]) -> str:
    """Lines of tests per line of code; number, seconds and the slowest three of the last `make test`."""
    ratio = sum(f.code_lines for f in written) / sum(f.code_lines for f in code)
    if not JUNIT.exists():
        return f"{ratio:.2f} lines per line of code; run make test for number and seconds"
    cases = list(ElementTree.parse(JUNIT).getroot().iter("testcase"))
    suite = next(ElementTree.parse(JUNIT).getroot().iter("testsuite"))
    slowest = sorted(cases, key=lambda case: -float(case.get("time", "0")))[:3]
    names = ", ".join(f"{case.get('name')} {float(case.get('time', '0')):.0f} s" for case in slowest)
    return f"{ratio:.2f} lines per line of code; {len(cases)} tests, {float(suite.get('time', '0')):.0f} s; {names}"


def coverage() -> str:
    """Branch coverage of the pure folders and of all, from the last `make test`."""
    if not COVERAGE.exists():
        return "run make test first"
    told = output(["coverage", "json", "-q", "-o", "-"])
    if "{" not in told:     # a run that was cut short leaves a file without data
        return f"nothing is measured in {COVERAGE.name} ({told.strip() or 'coverage said nothing'}): run make test"
    measured = json.loads(told[told.index("{"):])["files"]
    return f"pure {share(measured, PURE):.1%}, all {share(measured, ('',)):.1%}"


def share(measured: dict[str, dict[str, dict[str, int]]], folders: tuple[str, ...]) -> float:
    """Lines and branches that were run, of those in files below `folders`."""
    summaries = [file["summary"] for path, file in measured.items() if path.startswith(folders)]
    done = sum(s["covered_lines"] + s["covered_branches"] for s in summaries)
    return done / max(1, sum(s["num_statements"] + s["num_branches"] for s in summaries))


def dependencies() -> str:
    """Required packages, and MB of everything they pull in, without torch's own."""
    required = [name_of(line) for line in requires("dfl-tui") or () if "extra ==" not in line]
    seen: set[str] = set()
    waiting = [name for name in required if name != "torch"]
    while waiting:
        name = waiting.pop()
        if name not in seen:
            seen.add(name)
            waiting += [name_of(line) for line in requires_of(name) if ";" not in line]
    size = sum(installed_bytes(name) for name in seen)
    return f"{len(required)} required, {size / 1e6:.0f} MB without torch ({len(seen)} packages)"


def name_of(requirement: str) -> str:
    return re.split(r"[^\w.-]", requirement, maxsplit=1)[0].lower()


def requires_of(name: str) -> list[str]:
    try:
        return requires(name) or []
    except PackageNotFoundError:
        return []


def installed_bytes(name: str) -> int:
    try:
        distribution(name)
    except PackageNotFoundError:
        return 0
    return sum(path.locate().stat().st_size for path in files(name) or () if path.locate().exists())


def output(command: list[str]) -> str:
    """What a tool of the environment prints."""
    program = Path(sys.executable).with_name(command[0])
    return subprocess.run([str(program), *command[1:]], cwd=ROOT, check=False, capture_output=True, text=True).stdout
