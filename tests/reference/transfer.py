"""Colour transfers: picture A towards the colours of picture P, whole frames. Source: facts/samples.md 7.1.

rct: Reinhard et al., "Color transfer between images", 2001 (in Lab). lct: matching mean and covariance by their
square roots. mkl: Pitie and Kokaram, "The linear Monge-Kantorovitch linear colour mapping", 2007. idt: Pitie et al.,
"N-dimensional probability density function transfer", 2005. sot: Coeurjolly et al., sliced optimal transport; Tomasi
and Manduchi, bilateral filter, 1998.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from .lab import from_lab, to_lab


def rct(a: np.ndarray, p: np.ndarray) -> np.ndarray:
    """Mean and population deviation of each Lab channel."""
    lab_a, lab_p = to_lab(a), to_lab(p)
    axes = (0, 1)
    moved = (lab_a - lab_a.mean(axis=axes)) * lab_p.std(axis=axes) / lab_a.std(axis=axes) + lab_p.mean(axis=axes)
    return np.clip(from_lab(np.clip(moved, [0, -127, -127], [100, 127, 127])), 0, 1)


def root(matrix: np.ndarray, power: float = 0.5) -> np.ndarray:
    """Symmetric power of a symmetric matrix, eigenvalues at least 2.2e-16."""
    values, vectors = np.linalg.eigh(matrix)
    return vectors @ np.diag(np.maximum(values, 2.2e-16) ** power) @ vectors.T


def lct(a: np.ndarray, p: np.ndarray) -> np.ndarray:
    """y = Q_P Q_A^-1 (x - mean_A) + mean_P with Q the roots of the covariances (1/N, + 1e-5 I)."""
    x, y = a.reshape(-1, 3), p.reshape(-1, 3)
    covariances = [np.cov(v.T, bias=True) + 1e-5 * np.eye(3) for v in (x, y)]
    turn = root(covariances[1]) @ root(covariances[0], -0.5)
    return np.clip((x - x.mean(axis=0)) @ turn.T + y.mean(axis=0), 0, 1).reshape(a.shape)


def mkl(a: np.ndarray, p: np.ndarray) -> np.ndarray:
    """The linear map of least effort: t = A^-1/2 (A^1/2 P A^1/2)^1/2 A^-1/2, covariances 1/(N-1)."""
    x, y = a.reshape(-1, 3), p.reshape(-1, 3)
    cov_a, cov_p = np.cov(x.T), np.cov(y.T)
    half, back = root(cov_a), root(cov_a, -0.5)
    t = back @ root(half @ cov_p @ half) @ back
    return np.clip((x - x.mean(axis=0)) @ t + y.mean(axis=0), 0, 1).reshape(a.shape)


def rotation_of_scipy_1_13(state: np.random.RandomState) -> np.ndarray:
    """SO(3), uniform, the draws of scipy 1.13.1's special_ortho_group (its recipe is in dfl_real/README.md)."""
    h, d = np.eye(3), np.ones(3)
    for n in range(2):
        x = state.normal(size=3 - n)
        r, x0 = x @ x, x[0]
        d[n] = np.sign(x0) if x0 != 0 else 1.0
        x[0] += d[n] * np.sqrt(r)
        x /= np.sqrt((r - x0**2 + x[0] ** 2) / 2)
        h[:, n:] -= np.outer(h[:, n:] @ x, x)
    d[2] = d[0] * d[1]
    return np.diag(d) @ h


def idt(
    a: np.ndarray, p: np.ndarray, rotations: Sequence[np.ndarray], *, bins: int = 256, mended: bool = False
) -> np.ndarray:
    """One 1-D histogram matching per rotated axis and round; each round moves by 1 / rounds.

    mended=False keeps the port's defect: values inside the lowest bin become 0 (and above the last edge, `bins`).
    """
    x, y = a.reshape(-1, 3).T, p.reshape(-1, 3).T
    for turn in rotations:
        seen, wanted = turn @ x, turn @ y
        moved = np.empty_like(x)
        for axis in range(3):
            low, high = min(seen[axis].min(), wanted[axis].min()), max(seen[axis].max(), wanted[axis].max())
            counts, edges = np.histogram(seen[axis], bins=bins, range=(low, high))
            aimed, _ = np.histogram(wanted[axis], bins=bins, range=(low, high))
            shares, aims = np.cumsum(counts) / counts.sum(), np.cumsum(aimed) / aimed.sum()
            values = np.interp(shares, aims, edges[1:])
            outside = {} if mended else {"left": 0.0, "right": float(bins)}
            moved[axis] = np.interp(seen[axis], edges[1:], values, **outside)
        x = x + turn.T @ (moved - seen) / len(rotations)
    return np.clip(x.T.reshape(a.shape), 0, 1)


def bilateral(image: np.ndarray, sigma_colour: float, sigma_space: float) -> np.ndarray:
    """(h, w, 3). Round support of radius round(1.5 sigma_space); colour distance is the sum over channels; border
    mirrored without repeating its pixel.
    """
    radius = round(sigma_space * 1.5)
    h, w = image.shape[:2]
    padded = np.pad(image, [(radius, radius), (radius, radius), (0, 0)], mode="reflect")
    total, weights = np.zeros(image.shape), np.zeros((h, w, 1))
    for dy in range(-radius, radius + 1):
        for dx in range(-radius, radius + 1):
            if dx * dx + dy * dy > radius * radius:
                continue
            other = padded[radius + dy : radius + dy + h, radius + dx : radius + dx + w]
            distance = np.abs(other - image).sum(axis=-1, keepdims=True)
            weight = np.exp(-(dx * dx + dy * dy) / (2 * sigma_space**2) - distance**2 / (2 * sigma_colour**2))
            total += weight * other
            weights += weight
    return total / weights


def sliced_change(a: np.ndarray, p: np.ndarray, directions: np.ndarray) -> np.ndarray:
    """What `sot` adds to A before smoothing. directions: (steps, batch, 3) unit vectors."""
    x, y = a.reshape(-1, 3).copy(), p.reshape(-1, 3)
    for batch in directions:
        change = np.zeros_like(x)
        for direction in batch:
            seen, wanted = x @ direction, y @ direction
            order = np.argsort(seen, kind="stable")
            change[order] += (np.sort(wanted) - seen[order])[:, None] * direction
        x += change / len(batch)
    return x.reshape(a.shape) - a


def sot(a: np.ndarray, p: np.ndarray, directions: np.ndarray) -> np.ndarray:
    """Sliced optimal transport, its change smoothed by a bilateral filter (colour 5, space 16). Equal sizes."""
    return np.clip(a + bilateral(sliced_change(a, p, directions), 5.0, 16.0), 0, 1)


def unit_directions(state: np.random.RandomState, steps: int = 10, batch: int = 5) -> np.ndarray:
    """(steps, batch, 3): normals over their norm."""
    drawn = np.array([[state.normal(size=3) for _ in range(batch)] for _ in range(steps)])
    return drawn / np.linalg.norm(drawn, axis=-1, keepdims=True)
