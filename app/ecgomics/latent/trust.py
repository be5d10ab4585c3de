"""How far a map can be trusted: do neighbours on the map neighbour in the vectors, and the other way round?"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

import numpy as np
import numpy.typing as npt

from ecgomics.latent.neighbours import Floats

_SAMPLE = 1000
_MOST_POINTS = 20_000
_BLOCK_ENTRIES = 4_000_000


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


def trust(
    vectors: npt.ArrayLike,
    coordinates: npt.ArrayLike,
    *,
    neighbours: int = 15,
    seed: int = 0,
    looked_at: Literal["sample", "all"] = "sample",
) -> Trust:
    """Trustworthiness and continuity of a map.

    Parameters
    ----------
    vectors, coordinates
        (record, latent) and (record, axis), finite, at least four records.
    neighbours
        Nearest neighbours looked at; at most a third of the records.
    seed
        Which records are looked at when there are more than a thousand; their neighbours are sought among all.
    looked_at
        ``"sample"``: at most a thousand records. ``"all"``: up to 20 000, about 3 s on one core for 10 000; of more,
        20 000 by chance.

    Notes
    -----
    Venna & Kaski, ICANN 2001, LNCS 2130:485.
    """
    high, low = np.asarray(vectors, dtype=np.float64), np.asarray(coordinates, dtype=np.float64)
    size = len(high)
    k = max(1, min(neighbours, (size - 1) // 3))
    most = _SAMPLE if looked_at == "sample" else _MOST_POINTS
    chosen = np.arange(size)
    if size > most:
        chosen = np.sort(np.random.default_rng(seed).choice(size, most, replace=False))
    intruders, torn = np.empty(len(chosen)), np.empty(len(chosen))
    high, low = high - high.mean(axis=0), low - low.mean(axis=0)
    sizes = [np.einsum("ij,ij->i", points, points) for points in (high, low)]
    step = max(1, _BLOCK_ENTRIES // size)
    for start in range(0, len(chosen), step):
        rows = chosen[start : start + step]
        far, near = _distances(high, sizes[0], rows), _distances(low, sizes[1], rows)
        intruders[start : start + step] = _excess(far, near, k)
        torn[start : start + step] = _excess(near, far, k)
    worst = k * (2 * size - 3 * k - 1) / 2
    points = np.full(size, np.nan)
    points[chosen] = 1 - intruders / worst
    return Trust(float(points[chosen].mean()), float(1 - torn.mean() / worst), k, points)


def _distances(points: Floats, squares: Floats, rows: npt.NDArray[np.int64]) -> Floats:
    """Squared distances of some points to all; to itself −1, so that it always comes first."""
    found = squares[rows, None] + squares - 2 * points[rows] @ points.T
    found[np.arange(len(rows)), rows] = -1.0
    return np.asarray(found, dtype=np.float64)


def _excess(judged: Floats, by: Floats, k: int) -> Floats:
    """Sum over each row's `k` nearest in `by` of how far their rank in `judged` exceeds `k`."""
    nearest = np.argpartition(by, k, axis=1)[:, : k + 1]
    total = np.zeros(len(by))
    for column in nearest.T:
        limit = np.take_along_axis(judged, column[:, None], axis=1)
        total += np.maximum((judged < limit).sum(axis=1) - k, 0)
    return total
