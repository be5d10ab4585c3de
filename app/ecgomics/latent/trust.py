"""How far a map can be trusted: do neighbours on the map neighbour in the vectors, and the other way round?"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from ecgomics.latent.neighbours import Floats

_SAMPLE = 1000


@dataclass(frozen=True)
class Trust:
    """Agreement of a map with the vectors it shows.

    Parameters
    ----------
    trustworthiness
        0 to 1: low when records far apart in the vectors are neighbours on the map.
    continuity
        0 to 1: low when neighbours in the vectors are torn apart on the map.
    neighbours
        How many nearest neighbours were looked at.
    points
        float64, (record), 0 to 1: each record's trustworthiness; NaN for records not looked at.
    """

    trustworthiness: float
    continuity: float
    neighbours: int
    points: Floats


def trust(vectors: npt.ArrayLike, coordinates: npt.ArrayLike, *, neighbours: int = 15, seed: int = 0) -> Trust:
    """Trustworthiness and continuity of a map.

    Parameters
    ----------
    vectors, coordinates
        (record, latent) and (record, axis), finite, at least four records.
    neighbours
        Nearest neighbours looked at; at most a third of the records.
    seed
        Which records are looked at when there are more than a thousand; their neighbours are sought among all.

    Notes
    -----
    Venna & Kaski, ICANN 2001, LNCS 2130:485.
    """
    high, low = np.asarray(vectors, dtype=np.float64), np.asarray(coordinates, dtype=np.float64)
    size = len(high)
    k = max(1, min(neighbours, (size - 1) // 3))
    chosen = np.arange(size)
    if size > _SAMPLE:
        chosen = np.sort(np.random.default_rng(seed).choice(size, _SAMPLE, replace=False))
    intruders, torn = np.empty(len(chosen)), np.empty(len(chosen))
    for place, row in enumerate(chosen.tolist()):
        ranks = [_ranks(points, row) for points in (high, low)]
        intruders[place] = np.maximum(ranks[0][(ranks[1] <= k) & (ranks[1] > 0)] - k, 0).sum()
        torn[place] = np.maximum(ranks[1][(ranks[0] <= k) & (ranks[0] > 0)] - k, 0).sum()
    worst = k * (2 * size - 3 * k - 1) / 2
    points = np.full(size, np.nan)
    points[chosen] = 1 - intruders / worst
    return Trust(float(points[chosen].mean()), float(1 - torn.mean() / worst), k, points)


def _ranks(points: Floats, row: int) -> npt.NDArray[np.int64]:
    """Rank of every point by distance to one of them: itself 0, its nearest 1."""
    distance = np.square(points - points[row]).sum(axis=1)
    distance[row] = -1.0
    ranks = np.empty(len(points), dtype=np.int64)
    ranks[np.argsort(distance, kind="stable")] = np.arange(len(points))
    return ranks
