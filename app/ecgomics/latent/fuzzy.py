"""UMAP's neighbourhood weights, in arrays: shared by fitting a map and by placing new records on it."""

from __future__ import annotations

from typing import Any

import numpy as np

from ecgomics.latent.neighbours import Floats, Ints

_STEPS = 64
_TOLERANCE = 1e-5
_LEAST_WIDTH = 1e-3


def widths(distance: Floats) -> tuple[Floats, Floats]:
    """Width and offset of each row's neighbourhood.

    Parameters
    ----------
    distance
        float64, (row, k): distances to the k nearest, nearest first, the row itself (0) included when it is there.

    Returns
    -------
    sigma, rho
        float64, (row): exp(−(d − rho) / sigma) sums to log₂ k over the neighbours after the first.

    Notes
    -----
    McInnes, Healy & Melville, arXiv:1802.03426, algorithm 3, with umap-learn's floor on the width and its local
    connectivity of one.
    """
    k = distance.shape[1]
    positive = np.where(distance > 0, distance, np.inf).min(axis=1)
    rho = np.where(np.isfinite(positive), positive, 0.0)
    excess = np.maximum(distance[:, 1:] - rho[:, None], 0.0)
    target = np.log2(k)
    low, high, sigma = np.zeros(len(distance)), np.full(len(distance), np.inf), np.ones(len(distance))
    open_rows = np.ones(len(distance), dtype=bool)
    for _ in range(_STEPS):
        total = np.exp(-excess / np.maximum(sigma, 1e-300)[:, None]).sum(axis=1)
        open_rows &= np.abs(total - target) >= _TOLERANCE
        if not open_rows.any():
            break
        above = total > target
        high = np.where(open_rows & above, sigma, high)
        low = np.where(open_rows & ~above, sigma, low)
        middle = np.where(np.isinf(high), sigma * 2, (low + high) / 2)
        sigma = np.where(open_rows, middle, sigma)
    least = np.where(rho > 0, distance.mean(axis=1), distance.mean()) * _LEAST_WIDTH
    return np.maximum(sigma, least), rho


def strengths(distance: Floats, sigma: Floats, rho: Floats) -> Floats:
    """Membership of each neighbour, 0 to 1 (float64, (row, k)); distances as in `widths`."""
    excess = np.maximum(distance - rho[:, None], 0.0)
    return np.asarray(np.exp(-excess / np.where(sigma > 0, sigma, 1.0)[:, None]))


def graph(position: Ints, weight: Floats) -> Any:
    """Symmetric neighbourhood graph (scipy sparse CSR, float32): the fuzzy union a + b − ab of both directions."""
    from scipy.sparse import csr_matrix

    rows = np.repeat(np.arange(len(position)), position.shape[1])
    own = position.ravel() == rows
    one_way = csr_matrix((np.where(own, 0.0, weight.ravel()), (rows, position.ravel())), shape=(len(position),) * 2)
    one_way.eliminate_zeros()
    back = one_way.transpose().tocsr()
    return (one_way + back - one_way.multiply(back)).tocsr().astype(np.float32)
