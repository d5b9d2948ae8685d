"""Single operations of the original program against ours, one case for each recorded result."""

from collections.abc import Callable, Iterator
from pathlib import Path

import numpy as np
import torch
import torch.nn.functional as F
from torch import Tensor, nn

from core.nets.layer import (
    BlurPool,
    ResponseNorm,
    Threshold,
    Widen,
    convolution,
    cosine,
    depth_to_space,
    leaky,
    pixel_norm,
)
from core.train.loss_blur import gaussian_blur
from core.train.loss_ssim import dissimilarity
from core.train.loss_style import face_style, moments, variation

TOLERANCE = 1e-5
LAB_TOLERANCE = 1e-3

INPUTS = ("x", "img1", "img2", "rounded")

Case = tuple[str, dict[str, float | str], bool]


def check_ops(path: Path) -> Iterator[Case]:
    """A case for each result in ops.npz."""
    recorded = np.load(path)
    for name in recorded.files:
        if name in INPUTS or name.endswith(":0"):
            continue
        compute = operation(name, recorded)
        if compute is None:
            yield f"ops/{name}", {"missing": name}, False
            continue
        with torch.no_grad():
            found = np.asarray(compute(), np.float64)
        expected = recorded[name]
        gap = float(np.abs(found - expected).max()) if found.shape == expected.shape else float("inf")
        if name.startswith("tv_"):      # sums of hundreds, where one step of float32 is larger than the tolerance
            gap /= float(np.abs(expected).max())
        yield f"ops/{name}", {"deviation": gap}, gap <= (LAB_TOLERANCE if name == "rgb_to_lab" else TOLERANCE)


def operation(name: str, recorded: np.lib.npyio.NpzFile) -> Callable[[], object] | None:
    """How ours is computed; None for a name that is not known."""
    x = torch.from_numpy(recorded["x"])
    first, second = (torch.from_numpy(recorded[k].astype(np.float32) / 255) for k in ("img1", "img2"))
    head, _, argument = name.rpartition("_")
    if head == "gaussian_blur":
        channels = recorded[name].shape[1]
        return lambda: gaussian_blur(first[:1, :channels], float(argument))
    if head == "dssim":
        return lambda: dissimilarity(first, second, [int(argument)])[0]
    if name.endswith("/out"):
        return layer(name.removesuffix("/out"), recorded, x)
    plain: dict[str, Callable[[], object]] = {
        "depth_to_space_2": lambda: depth_to_space(x),
        "flatten": lambda: x.flatten(1),
        "reshape_4D_from_flat": lambda: x.flatten(1).unflatten(1, x.shape[1:]),
        "pixel_norm": lambda: pixel_norm(x.flatten(1)),
        "leaky_relu_0.1": lambda: leaky(x.clone(), 0.1),
        "cos_act": lambda: cosine(x, 0.1),
        "style_loss_blur8_w100": lambda: face_style(first, second, 1.0),
        "style_loss_noblur_w1": lambda: apart(moments(first), moments(second)),
        "tv_mse_nchw": lambda: variation(first, is_dfl=True),
        "tv_mse_nhwc": lambda: variation(first, is_dfl=False),
        # no model uses these, and torch has them
        "max_pool": lambda: F.max_pool2d(x, 2),
        "upsample2d": lambda: F.interpolate(x, scale_factor=2.0, mode="nearest"),
        "gelu": lambda: F.gelu(x, approximate="tanh"),
        "rgb_to_lab": lambda: analytic_lab(first[:1].permute(0, 2, 3, 1).numpy()),
    }
    return plain.get(name)


def apart(one: tuple[Tensor, Tensor], other: tuple[Tensor, Tensor]) -> Tensor:
    """How far means and deviations are apart, (b,)."""
    return sum((a - b).square() for a, b in zip(one, other, strict=True)).mean(1)


def analytic_lab(rgb: np.ndarray) -> np.ndarray:
    """sRGB 0..1 to CIE Lab under D65, in the closed form of the original's own operation.

    No model uses it: colour transfer takes OpenCV's, whose tables are off by up to 0.29 here.
    """
    linear = np.where(rgb <= 0.04045, rgb / 12.92, ((rgb.astype(np.float64) + 0.055) / 1.055) ** 2.4)
    to_xyz = np.array([[0.412453, 0.357580, 0.180423], [0.212671, 0.715160, 0.072169], [0.019334, 0.119193, 0.950227]])
    xyz = linear @ to_xyz.T / (0.950456, 1.0, 1.088754)
    x, y, z = np.moveaxis(np.where(xyz <= (6 / 29) ** 3, xyz / (3 * (6 / 29) ** 2) + 4 / 29, np.cbrt(xyz)), -1, 0)
    return np.stack([116 * y - 16, 500 * (x - y), 200 * (y - z)], -1)


def layer(name: str, recorded: np.lib.npyio.NpzFile, x: Tensor) -> Callable[[], Tensor] | None:
    """A layer with the recorded weights, as our networks build it."""
    state = {key.removeprefix(f"{name}/").removesuffix(":0"): torch.from_numpy(recorded[key])
             for key in recorded.files if key.startswith(f"{name}/") and key.endswith(":0")}
    if name == "dense":
        dense = nn.Linear(*state["weight"].shape)
        dense.load_state_dict(state | {"weight": state["weight"].t()})
        return lambda: dense(x.reshape(-1)[:32].reshape(2, 16))
    head, _, argument = name.partition("_")
    module: nn.Module
    match head:
        case "conv" | "convT":
            kernel = state["weight"].permute(3, 2, 0, 1)
            stride = 2 if argument.endswith("s2") else 1
            module = (convolution(kernel.shape[1], kernel.shape[0], kernel.shape[2], stride=stride) if head == "conv"
                      else Widen(kernel.shape[0], kernel.shape[1], stride=stride))
            state["weight"] = kernel
        case "frnorm":
            module = ResponseNorm(len(state["weight"]))
        case "tlu":
            module = Threshold(len(state["tau"]))
        case "blurpool":
            module = BlurPool(int(argument))
        case _:
            return None
    module.load_state_dict(state)
    return lambda: module(x)
