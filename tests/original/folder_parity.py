"""All cases of a folder of recorded numbers: finds them, and names those that need what does not exist yet."""

import json
import struct
import zipfile
import zlib
from collections.abc import Callable, Iterator
from pathlib import Path

from core.settings.error import DflTuiError
from tests.original.dfm_parity import check_dfm
from tests.original.judge_parity import check_judge, judges_in
from tests.original.model_dir_parity import check_model_dir, model_name
from tests.original.msssim_parity import check_msssim
from tests.original.ops_parity import check_ops
from tests.original.samples_parity import check_samples
from tests.original.step_parity import check_forward, check_step

# What readers of NumPy, zip and JSON files, networks and comparisons raise when a file is not as described.
BROKEN = (LookupError, ValueError, TypeError, AttributeError, OSError, EOFError, StopIteration, AssertionError,
          RuntimeError, ArithmeticError, struct.error, zlib.error, zipfile.BadZipFile, DflTuiError)

Case = tuple[str, dict[str, float | str], bool]


def check_folder(folder: Path) -> Iterator[Case]:
    """(case, deviations, is within tolerance) of everything in the folder; what cannot be read fails by its name."""
    found = False
    for case in cases_in(folder):
        found = True
        yield case
    if not found:
        why = "it holds no case that is known" if folder.is_dir() else "it is no folder"
        yield "", {"error": f"{folder}: {why}"}, False


def cases_in(folder: Path) -> Iterator[Case]:
    """The cases of everything in the folder."""
    if (folder / "cases.json").exists():
        yield from guarded("cases.json", lambda: listed_cases(folder))
    if (folder / "ops.npz").exists():
        yield from guarded("ops", lambda: check_ops(folder / "ops.npz"))
    if (folder / "samples" / "expected.npz").exists():
        yield from guarded("samples", lambda: renamed("samples", check_samples(folder / "samples")))
    for path in sorted((folder / "model_dirs").glob("*_expected.npz")):
        yield from guarded(model_name(path), lambda path=path: [(model_name(path), *check_model_dir(path))])
    for path in sorted((folder / "dfm").glob("*.dfm")):
        yield from guarded(f"dfm/{path.stem}", lambda path=path: [(f"dfm/{path.stem}", *check_dfm(path))])
    if (folder / "mve_msssim.npz").exists():
        yield from guarded("mve_msssim", lambda: check_msssim(folder / "mve_msssim.npz"))
    for name, path in judges_in(folder):
        yield from guarded(name, lambda name=name, path=path: [check_judge(name, path)])


def listed_cases(folder: Path) -> Iterator[Case]:
    """Networks and steps that cases.json lists."""
    for name, entry in json.loads((folder / "cases.json").read_text()).items():
        yield from guarded(name, lambda name=name, entry=entry: [(name, *listed_case(folder, name, entry))])


def listed_case(folder: Path, name: str, entry: dict) -> tuple[dict[str, float | str], bool]:
    """One of them. ValueError for a kind that nobody knows."""
    match entry["kind"]:
        case "forward":
            return check_forward(folder, name, entry)
        case "step":
            return check_step(folder, name, entry)
        case other:
            raise ValueError(f"cases.json calls {name} a {other!r}: known are forward and step")


def renamed(prefix: str, cases: Iterator[Case]) -> Iterator[Case]:
    """The same cases under `prefix/`."""
    for name, deviations, is_within in cases:
        yield f"{prefix}/{name}", deviations, is_within


def guarded(name: str, cases: Callable[[], Iterator[Case] | list[Case]]) -> Iterator[Case]:
    """The cases; a file that is not as described fails its case and leaves the others alone."""
    try:
        yield from cases()
    except BROKEN as error:
        yield name, {"error": f"{type(error).__name__}: {error}"}, False
