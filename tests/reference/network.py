"""Forward passes of the df, liae and AMP networks and of both discriminators. Source: facts/networks.md 2 to 4, 6, 7.

Networks are dictionaries of weights by the original's keys (`decoder_src/res0/conv1/weight`), so a forward pass can be
repeated with a complex weight: that is a derivative (`derivative.py`).
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from .layer import Weights, conv, conv_transposed, dense, depth_to_space, leaky, pixel_norm, sigmoid


@dataclass(frozen=True)
class Drawn:
    """What one training pass predicts, and the codes it went through."""

    ss: np.ndarray
    ssm: np.ndarray
    dd: np.ndarray
    ddm: np.ndarray
    code_src: np.ndarray
    code_dst: np.ndarray
    code_swap: np.ndarray


def made_up(variables: list[tuple[str, tuple[int, ...]]], seed: int) -> Weights:
    """The weights behind the recorded numbers: one generator, tensors in order, multiples of 1/512."""
    draw, found = np.random.RandomState(seed), {}
    for name, shape in variables:
        if len(shape) == 1:
            value = draw.uniform(-0.1, 0.1, shape)
        else:
            receptive = shape[0] * shape[1] if len(shape) == 4 else 1
            limit = np.sqrt(6.0 / (receptive * (shape[-2] + shape[-1]))) * 1.25
            value = draw.uniform(-1, 1, shape) * limit
        found[name] = np.round(value * 512) / 512
    return found


def up(x: np.ndarray, w: Weights, name: str) -> np.ndarray:
    return depth_to_space(leaky(conv(x, w, f"{name}/conv1"), 0.1))


def res(x: np.ndarray, w: Weights, name: str) -> np.ndarray:
    inner = conv(leaky(conv(x, w, f"{name}/conv1"), 0.2), w, f"{name}/conv2")
    return leaky(x + inner, 0.2)


def encoder(x: np.ndarray, w: Weights, *, deep: bool, unit: bool) -> np.ndarray:
    """deep: letter t (5 downs, 2 res), unit: letter u (pixel norm). (b, 3, R, R) -> (b, features)."""
    if deep:
        for i in range(1, 6):
            x = leaky(conv(x, w, f"encoder/down{i}/conv1", 2), 0.1)
            x = res(x, w, f"encoder/res{i}") if i in (1, 5) else x
    else:
        for i in range(4):
            x = leaky(conv(x, w, f"encoder/down1/downs_{i}/conv1", 2), 0.1)
    x = x.reshape(len(x), -1)
    return pixel_norm(x) if unit else x


def inter(x: np.ndarray, w: Weights, name: str, grid: int) -> np.ndarray:
    """Of a shallow archi: dense, dense, map (b, c, grid, grid), one Up."""
    x = dense(dense(x, w, f"{name}/dense1"), w, f"{name}/dense2")
    return up(x.reshape(len(x), -1, grid, grid), w, f"{name}/upscale1")


def decoder(z: np.ndarray, w: Weights, name: str, *, deep: bool) -> tuple[np.ndarray, np.ndarray]:
    """With letter d: four output convolutions and a shuffle, one more mask Up. Image and mask."""
    levels = 4 if deep else 3
    x, m = z, z
    for i in range(levels):
        x = res(up(x, w, f"{name}/upscale{i}"), w, f"{name}/res{i}")
    for i in range(levels + 1):
        m = up(m, w, f"{name}/upscalem{i}")
    heads = [conv(x, w, f"{name}/out_conv{q}") for q in ("", "1", "2", "3")]
    return sigmoid(depth_to_space(np.concatenate(heads, axis=1))), sigmoid(conv(m, w, f"{name}/out_convm"))


def df_ud(src: np.ndarray, dst: np.ndarray, w: Weights) -> Drawn:
    grid = src.shape[-1] // 32
    codes = [inter(encoder(x, w, deep=False, unit=True), w, "inter", grid) for x in (src, dst)]
    drawn = *decoder(codes[0], w, "decoder_src", deep=False), *decoder(codes[1], w, "decoder_dst", deep=False)
    return Drawn(*drawn, codes[0], codes[1], codes[1])


def liae_ud(src: np.ndarray, dst: np.ndarray, w: Weights) -> Drawn:
    grid = src.shape[-1] // 32
    seen = [encoder(x, w, deep=False, unit=True) for x in (src, dst)]
    ab_src, ab_dst = (inter(x, w, "inter_AB", grid) for x in seen)
    b_dst = inter(seen[1], w, "inter_B", grid)
    codes = [np.concatenate(pair, axis=1) for pair in ((ab_src, ab_src), (b_dst, ab_dst), (ab_dst, ab_dst))]
    drawn = *decoder(codes[0], w, "decoder", deep=False), *decoder(codes[1], w, "decoder", deep=False)
    return Drawn(*drawn, *codes)


def amp_maps(x: np.ndarray, w: Weights) -> tuple[np.ndarray, np.ndarray]:
    """What inter_src and inter_dst make of the same faces, each (b, inter_dims, R / 32, R / 32)."""
    seen, grid = dense(encoder(x, w, deep=True, unit=True), w, "encoder/dense1"), x.shape[-1] // 32
    of_src, of_dst = (dense(seen, w, f"{n}/dense2").reshape(len(x), -1, grid, grid) for n in ("inter_src", "inter_dst"))
    return of_src, of_dst


def amp(src: np.ndarray, dst: np.ndarray, w: Weights, choice: np.ndarray) -> Drawn:
    """choice: (b, inter_dims) of 0/1, 1 = the channel of inter_src. No loss sees a swap: its code is dst's."""
    (of_src, of_dst), (_, code_dst) = amp_maps(src, w), amp_maps(dst, w)
    z = choice[:, :, None, None]
    code_src = of_src * z + of_dst * (1 - z)
    drawn = *decoder(code_src, w, "decoder", deep=True), *decoder(code_dst, w, "decoder", deep=True)
    return Drawn(*drawn, code_src, code_dst, code_dst)


def patch_discriminator(
    x: np.ndarray, w: Weights, name: str, strides: tuple[int, ...]
) -> tuple[np.ndarray, np.ndarray]:
    """Bottleneck logits and full-resolution logits."""
    x, skips = leaky(conv(x, w, f"{name}/in_conv"), 0.2), []
    for i, stride in enumerate(strides):
        skips.append(x)
        x = leaky(conv(x, w, f"{name}/convs_{i}", stride), 0.2)
    centre = conv(x, w, f"{name}/center_out")
    x = leaky(conv(x, w, f"{name}/center_conv"), 0.2)
    for j, stride in enumerate(reversed(strides)):
        x = leaky(conv_transposed(x, w, f"{name}/upconvs_{j}", stride), 0.2)
        x = np.concatenate([skips.pop(), x], axis=1)
    return centre, conv(x, w, f"{name}/out_conv")


def code_discriminator(code: np.ndarray, w: Weights, name: str = "dis") -> np.ndarray:
    x = code
    for i in range(1 + code.shape[-1] // 8):
        x = leaky(conv(x, w, f"{name}/convs_{i}", 2), 0.1)
    return conv(x, w, f"{name}/out_conv")
