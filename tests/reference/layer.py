"""Layers over plain arrays. Source: facts/networks.md 1.

Kernels in the stored order: (kh, kw, in, out), transposed ones (kh, kw, out, in).
"""

from __future__ import annotations

import numpy as np

Weights = dict[str, np.ndarray]


def conv(x: np.ndarray, w: Weights, name: str, stride: int = 1) -> np.ndarray:
    """Zero padding k // 2 on all four sides whatever the stride (k 1: none), cross-correlation, bias."""
    kernel = w[f"{name}/weight"]
    k = kernel.shape[0]
    x = np.pad(x, [(0, 0), (0, 0), (k // 2, k // 2), (k // 2, k // 2)])
    views = np.lib.stride_tricks.sliding_window_view(x, (k, k), axis=(2, 3))[:, :, ::stride, ::stride]
    out = np.tensordot(views, kernel, axes=([4, 5, 1], [0, 1, 2]))
    return np.moveaxis(out, -1, 1) + w[f"{name}/bias"][:, None, None]


def conv_transposed(x: np.ndarray, w: Weights, name: str, stride: int) -> np.ndarray:
    """Kernel 3. Stride 2: the (2n + 1) result loses its last row and column; stride 1: one of each side."""
    kernel = w[f"{name}/weight"]
    b, _, h, width = x.shape
    full = np.zeros((b, kernel.shape[2], stride * (h - 1) + 3, stride * (width - 1) + 3), np.result_type(x, kernel))
    for i in range(3):
        for j in range(3):
            share = np.moveaxis(np.tensordot(x, kernel[i, j], axes=([1], [1])), -1, 1)
            full[:, :, i : i + stride * h : stride, j : j + stride * width : stride] += share
    first = 1 if stride == 1 else 0
    full = full[:, :, first : first + stride * h, first : first + stride * width]
    return full + w[f"{name}/bias"][:, None, None]


def dense(x: np.ndarray, w: Weights, name: str) -> np.ndarray:
    return x @ w[f"{name}/weight"] + w[f"{name}/bias"]


def leaky(x: np.ndarray, slope: float) -> np.ndarray:
    return np.where(np.real(x) > 0, x, slope * x)


def sigmoid(x: np.ndarray) -> np.ndarray:
    return 1.0 / (1.0 + np.exp(-x))


def pixel_norm(x: np.ndarray) -> np.ndarray:
    """Over all features of a sample: (b, n)."""
    return x / np.sqrt(np.mean(x * x, axis=1, keepdims=True) + 1e-6)


def depth_to_space(x: np.ndarray) -> np.ndarray:
    """DCR, block 2: channel (2 dy + dx) c_out + c goes to (c, 2h + dy, 2w + dx)."""
    b, c, h, w = x.shape
    x = x.reshape(b, 2, 2, c // 4, h, w)
    return x.transpose(0, 3, 4, 1, 5, 2).reshape(b, c // 4, 2 * h, 2 * w)
