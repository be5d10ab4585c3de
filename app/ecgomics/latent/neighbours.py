"""Exact nearest neighbours by matrix product."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

Floats = npt.NDArray[np.float64]
Ints = npt.NDArray[np.int64]

_BLOCK_ENTRIES = 4_000_000


def nearest_rows(query: npt.ArrayLike, data: npt.ArrayLike, *, k: int) -> tuple[Ints, Floats]:
    """The `k` rows of `data` nearest to each row of `query`, nearest first, ties in order of row.

    Parameters
    ----------
    query, data
        (query, feature) and (row, feature), finite.
    k
        How many; at most the rows of `data`.

    Returns
    -------
    Positions (int64) and Euclidean distances (float64), each (query, k). A row of `data` asked for itself is its own
    first neighbour at distance 0 exactly.
    """
    asked, known = np.asarray(query, dtype=np.float64), np.asarray(data, dtype=np.float64)
    k = min(k, len(known))
    centre = known.mean(axis=0)
    asked, known = asked - centre, known - centre
    squares = np.einsum("ij,ij->i", known, known)
    position = np.empty((len(asked), k), dtype=np.int64)
    distance = np.empty((len(asked), k))
    step = max(1, _BLOCK_ENTRIES // max(1, len(known)))
    # a few spare ones, because a matrix product rounds: the exact distances below decide
    spare = min(len(known), k + 8)
    for start in range(0, len(asked), step):
        block = slice(start, start + step)
        rough = squares - 2 * asked[block] @ known.T
        some = np.argpartition(rough, spare - 1, axis=1)[:, :spare]
        some.sort(axis=1)
        exact = np.sqrt(np.square(asked[block][:, None] - known[some]).sum(axis=-1))
        order = np.argsort(exact, axis=1, kind="stable")[:, :k]
        position[block] = np.take_along_axis(some, order, axis=1)
        distance[block] = np.take_along_axis(exact, order, axis=1)
    return position, distance
