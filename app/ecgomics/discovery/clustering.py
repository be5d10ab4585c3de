"""`clusters`: records parted by their vectors, as a way to draw a group. Always exploratory."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from ecgomics.discovery.patients import Bools, Floats
from ecgomics.errors import DiscoveryError

_STARTS = 8


def clusters(vectors: Floats, *, count: int, aside: Bools | None = None, seed: int = 0) -> npt.NDArray[np.int64]:
    """Part records into clusters by k-means.

    Parameters
    ----------
    vectors
        float64, (record, component); NaN = no vector.
    count
        How many clusters, at least 2.
    aside
        Records the centres are not made from (bool, record); they get the nearest centre's number.
    seed
        Makes it repeatable.

    Returns
    -------
    int64, (record): 0 (the largest cluster) to count − 1; −1 without a vector.

    Raises
    ------
    DiscoveryError
        For fewer than two clusters, or more than there are records to part.
    """
    from scipy.cluster.vq import kmeans2, vq

    known = np.isfinite(vectors).all(axis=1)
    seen = known if aside is None else known & ~aside
    different = len(np.unique(vectors[seen], axis=0))
    if not 2 <= count <= different:
        raise DiscoveryError(
            f"{count} clusters of {different} different records", expected="at least 2, and not more than those"
        )
    centre, spread = vectors[seen].mean(axis=0), vectors[seen].std()
    scaled = (vectors - centre) / (spread or 1.0)
    best, least = None, np.inf
    for start in range(_STARTS):
        means, number = kmeans2(scaled[seen], count, minit="++", seed=np.random.default_rng([seed, start]))
        inertia = float(((scaled[seen] - means[number]) ** 2).sum())
        if inertia < least and len(np.unique(number)) == count:
            best, least = means, inertia
    if best is None:
        raise DiscoveryError(f"{count} clusters, of which some stay empty", remedy="ask for fewer")
    result = np.full(len(vectors), -1, dtype=np.int64)
    result[known] = vq(scaled[known], best)[0]
    sizes = np.bincount(result[seen], minlength=count)
    rank = np.empty(count, dtype=np.int64)
    rank[np.argsort(-sizes, kind="stable")] = np.arange(count)
    result[known] = rank[result[known]]
    return result
