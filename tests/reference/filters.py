"""Gaussian windows and depthwise blurs. Source: facts/losses.md 1.1 (window of dssim), 1.2 (gblur).

Two ways for each: the definition (a 2-D window that slides) and the same as two matrix products, because windows are
outer products. The second is what the losses use; a test holds the two together.
"""

from __future__ import annotations

import numpy as np


def dssim_row(size: int, sigma: float = 1.5) -> np.ndarray:
    """The row marginal of the SSIM window: softmax of -d^2 / (2 sigma^2), d from the middle (size - 1) / 2."""
    d = np.arange(size, dtype=np.float64) - (size - 1) / 2.0
    weights = np.exp(-(d**2) / (2.0 * sigma**2))
    return weights / weights.sum()


def gblur_size(radius: float) -> int:
    """max(3, int(4 r)), made odd."""
    size = max(3, int(4 * radius))
    return size + 1 if size % 2 == 0 else size


def gblur_row(radius: float) -> np.ndarray:
    size = gblur_size(radius)
    d = np.arange(size, dtype=np.float64) - size // 2
    weights = np.exp(-(d**2) / (2.0 * radius**2))
    return weights / weights.sum()


def slide(x: np.ndarray, window: np.ndarray) -> np.ndarray:
    """Depthwise correlation without padding: (b, c, h, w) -> (b, c, h - k + 1, w - k + 1). The definition, slow."""
    views = np.lib.stride_tricks.sliding_window_view(x, window.shape, axis=(-2, -1))
    return np.einsum("...ij,ij->...", views, window)


def valid_matrix(n: int, row: np.ndarray) -> np.ndarray:
    """The matrix (n - k + 1, n) that correlates a column with `row` without padding."""
    k = len(row)
    matrix = np.zeros((n - k + 1, n))
    for i in range(n - k + 1):
        matrix[i, i : i + k] = row
    return matrix


def same_matrix(n: int, row: np.ndarray) -> np.ndarray:
    """The matrix (n, n) that correlates with `row` after zero padding by its half on both sides."""
    half = len(row) // 2
    return valid_matrix(n + 2 * half, row)[:, half : half + n]


def valid(x: np.ndarray, row: np.ndarray) -> np.ndarray:
    """The separable form of slide(x, outer(row, row))."""
    return valid_matrix(x.shape[-2], row) @ x @ valid_matrix(x.shape[-1], row).T


def valid_transposed(y: np.ndarray, row: np.ndarray, shape: tuple[int, int]) -> np.ndarray:
    """The adjoint of `valid`: gradients at the output become gradients at an input of `shape` (h, w)."""
    return valid_matrix(shape[0], row).T @ y @ valid_matrix(shape[1], row)


def gblur(x: np.ndarray, radius: float) -> np.ndarray:
    """Zero-padded blur of unchanged size. Near the border mass is lost: the outside counts as black."""
    row = gblur_row(radius)
    return same_matrix(x.shape[-2], row) @ x @ same_matrix(x.shape[-1], row).T


def gblur_by_definition(x: np.ndarray, radius: float) -> np.ndarray:
    half = gblur_size(radius) // 2
    d = np.arange(gblur_size(radius), dtype=np.float64) - half
    window = np.exp(-(d[:, None] ** 2 + d[None, :] ** 2) / (2.0 * radius**2))
    padding = [(0, 0)] * (x.ndim - 2) + [(half, half), (half, half)]
    return slide(np.pad(x, padding), window / window.sum())
