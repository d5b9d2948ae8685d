"""How long structural dissimilarity takes, forward and backward, against the same with a two-dimensional window.

    python -m benchmarks.dssim [--side 128 --side 256]

Both are exact and not defined over the border (VALID); one thread, in turn, CPU time, the medians. Ours blurs rows,
then columns, and three maps in one call; the yardstick is the formula as it is written. One JSON line a side; ends with
1 where ours takes more than 0.8 of the yardstick's time at 128 pixels, or 0.35 at 256.
"""

import argparse
import json
import sys
import time
from collections.abc import Callable, Sequence
from statistics import median

import torch
import torch.nn.functional as F
from torch import Tensor

from core.train.device import prepare
from core.train.loss_blur import gaussian_row
from core.train.loss_ssim import CONTRAST_FLOOR, LUMINANCE_FLOOR, SIGMA, dissimilarity, windows_for

BATCH, CHANNELS = 4, 3
MOST = {128: 0.8, 256: 0.35}


def plain(target: Tensor, picture: Tensor, windows: Sequence[int]) -> list[Tensor]:
    """The dissimilarities by the formula, with one convolution a map."""
    values = []
    for window in windows:
        row = gaussian_row(window, SIGMA)
        kernel = torch.outer(row, row).expand(CHANNELS, 1, window, window)
        mean, other, cross, squares = (
            F.conv2d(x, kernel, groups=CHANNELS)
            for x in (target, picture, target * picture, target.square() + picture.square()))
        luminance = (2 * mean * other + LUMINANCE_FLOOR) / (mean.square() + other.square() + LUMINANCE_FLOOR)
        contrast = (2 * cross - 2 * mean * other + CONTRAST_FLOOR) / (
            squares - mean.square() - other.square() + CONTRAST_FLOOR)
        values.append((1 - (luminance * contrast).mean((2, 3))) / 2)
    return values


def measure(side_px: int, repeats: int) -> dict[str, object]:
    """One line."""
    generator = torch.Generator().manual_seed(1)
    target, picture = (torch.rand(BATCH, CHANNELS, side_px, side_px, generator=generator) for _ in range(2))
    windows = windows_for(side_px)
    ours, theirs = [], []
    apart = max(float((a - b).abs().max()) for a, b in
                zip(dissimilarity(target, picture, windows), plain(target, picture, windows), strict=True))
    for _ in range(repeats + 1):        # the first of each does not count
        ours.append(cpu_ms(dissimilarity, target, picture, windows))
        theirs.append(cpu_ms(plain, target, picture, windows))
    ratio = median(ours[1:]) / median(theirs[1:])
    return {"benchmark": "dssim", "side_px": side_px, "batch": BATCH, "windows": list(windows),
            "cpu_ms": round(median(ours[1:]), 2), "plain_cpu_ms": round(median(theirs[1:]), 2),
            "ratio": round(ratio, 3), "most": MOST.get(side_px), "apart": float(f"{apart:.1e}"),
            "ok": ratio <= MOST.get(side_px, 1.0)}


Form = Callable[[Tensor, Tensor, Sequence[int]], list[Tensor]]


def cpu_ms(form: Form, target: Tensor, picture: Tensor, windows: Sequence[int]) -> float:
    """Forward and backward, once."""
    picture = picture.clone().requires_grad_()
    began = time.process_time()
    torch.stack(form(target, picture, windows)).sum().backward()
    return (time.process_time() - began) * 1000


def main(words: Sequence[str] | None = None) -> int:
    """A line for each side."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.dssim", description=__doc__,
                                     formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--side", type=int, action="append", metavar="PX")
    parser.add_argument("--repeats", type=int, default=7)
    asked = parser.parse_args(words)
    prepare(torch.device("cpu"), 1)
    lines = [measure(side_px, asked.repeats) for side_px in asked.side or MOST]
    print(*map(json.dumps, lines), sep="\n")
    return 0 if all(line["ok"] for line in lines) else 1


if __name__ == "__main__":
    sys.exit(main())
