"""Principal components, the same on every machine to rounding."""

from __future__ import annotations

import numpy as np

from ecgomics.latent.neighbours import Floats


def principal(centred: Floats) -> tuple[Floats, Floats]:
    """Variances (direction) and orthonormal directions (direction, feature) of centred rows, largest first.

    An eigenvector's sign is arbitrary: the largest entry is made positive. By the smaller of both Gram matrices where
    rows outnumber features, which is much faster and good to a 1e-12th of the largest variance.
    """
    rows, features = centred.shape
    if rows < features:
        _, length, directions = np.linalg.svd(centred, full_matrices=False)
        variance = length**2 / max(rows, 1)
    else:
        size, columns = np.linalg.eigh(centred.T @ centred / max(rows, 1))
        variance, directions = np.maximum(size[::-1], 0.0), columns[:, ::-1].T
    signs = np.sign(directions[np.arange(len(directions)), np.argmax(np.abs(directions), axis=1)])
    return np.asarray(variance), np.asarray(directions * signs[:, None])
