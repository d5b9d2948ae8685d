"""All cases of a folder of recorded numbers: finds them, and names those that need what does not exist yet."""

import json
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

Case = tuple[str, dict[str, float | str], bool]


def check_folder(folder: Path) -> Iterator[Case]:
    """(case, deviations, is within tolerance) of everything in the folder; what cannot be read fails by its name."""
    listed = folder / "cases.json"
    for name, entry in json.loads(listed.read_text()).items() if listed.exists() else ():
        check = check_forward if entry["kind"] == "forward" else check_step
        yield from guarded(name, lambda check=check, name=name, entry=entry: [(name, *check(folder, name, entry))])
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


def renamed(prefix: str, cases: Iterator[Case]) -> Iterator[Case]:
    """The same cases under `prefix/`."""
    for name, deviations, is_within in cases:
        yield f"{prefix}/{name}", deviations, is_within


def guarded(name: str, cases: Callable[[], Iterator[Case] | list[Case]]) -> Iterator[Case]:
    """The cases; a file that is not as described fails its case and leaves the others alone."""
    try:
        yield from cases()
    except (KeyError, ValueError, OSError, StopIteration, AssertionError, DflTuiError) as error:
        yield name, {"error": f"{type(error).__name__}: {error}"}, False
