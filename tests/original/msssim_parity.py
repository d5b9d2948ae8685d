"""The fork's MS-SSIM losses against ours: values, and gradients with respect to the drawn picture."""

from collections.abc import Iterator, Mapping
from pathlib import Path

import numpy as np
import torch

from core.train.loss_msssim import multiscale, multiscale_and_pixels, powers_for

TOLERANCE = 1e-4
GRADIENT = 1e-4     # of the largest
FACTOR = 1e-6

Outcome = tuple[dict[str, float], bool]


def check_msssim(path: Path) -> Iterator[tuple[str, dict[str, float], bool]]:
    """A case for each recorded loss and size."""
    recorded = np.load(path)
    for name in sorted(key for key in recorded if key.endswith(("_msssim", "_msssim_l1"))):
        yield f"{path.stem}/{name}", *check_one(recorded, name)


def check_one(recorded: Mapping[str, np.ndarray], name: str) -> Outcome:
    """One loss at one size: `64_msssim`, `192_msssim_l1`, ..."""
    side, _, kind = name.partition("_")
    ending = "" if f"img1_{side}" not in recorded else f"_{side}"
    target, picture = (torch.from_numpy(recorded[f"img{n}{ending}"].astype(np.float32) / 255) for n in (1, 2))
    picture.requires_grad_()
    loss = multiscale(target, picture) if kind == "msssim" else multiscale_and_pixels(target, picture, is_dfl=True)
    loss.sum().backward()
    expected = recorded[f"{name}_grad_img2"]
    every = picture.shape[-1] // expected.shape[-1]
    gradient = picture.grad[:, :, ::every, ::every].numpy()
    factors = np.array(powers_for(int(side))) - recorded[f"{name}_power_factors"]
    found = {"loss": float(np.abs(loss.detach().numpy() - recorded[name]).max()),
             "gradient": float(np.abs(gradient - expected).max() / np.abs(expected).max()),
             "factors": float(np.abs(factors).max())}
    return found, found["loss"] <= TOLERANCE and found["gradient"] <= GRADIENT and found["factors"] <= FACTOR
