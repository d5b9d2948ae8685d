"""Compare our networks, steps and samples with folders of numbers that the original program wrote.

    python -m benchmarks.parity DIR...

prints one JSON line a case: {"case", "folder", "ok", largest deviations | "missing" | "error"}. Exit code 1 if one
fails. A case that needs a network or option which does not exist yet is missing, and counts as failed.
"""

import json
import math
import sys
from pathlib import Path

import torch

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))  # started as a file, the checkout is not on the path

from tests.original.folder_parity import check_folder


def shown(value: float | str) -> float | str:
    """A deviation with three digits; JSON has no number for what is not finite."""
    if isinstance(value, str):
        return value
    return float(f"{value:.3g}") if math.isfinite(value) else str(value)


def main(arguments: list[str]) -> int:
    """Print the cases of every folder; 1 if one of them fails or none is found."""
    # The recorded program ran with one thread. With two, sums of a GAN's gradient come out up to 1.8e-4 apart.
    torch.set_num_threads(1)
    results = []
    for folder in map(Path, arguments):
        for name, deviations, is_within in check_folder(folder):
            results.append(is_within)
            rounded = {k: shown(v) for k, v in deviations.items()}
            print(json.dumps({"case": name, "folder": folder.name, "ok": bool(is_within)} | rounded), flush=True)
    failed = results.count(False)
    print(f"{len(results)} cases, {failed} failed", file=sys.stderr)
    return int(failed > 0 or not results)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
