"""Shapes drawn on a map."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import numpy.typing as npt


def inside(points: npt.ArrayLike, corners: Sequence[tuple[float, float]]) -> npt.NDArray[np.bool_]:
    """Which points lie inside a closed shape, by the even–odd rule, as the map's lasso counts them.

    Parameters
    ----------
    points
        (point, [x, y]), float; NaN lies nowhere.
    corners
        Pairs (x, y), in order.

    Examples
    --------
    >>> inside([[0.5, 0.5], [2, 2]], [(0, 0), (1, 0), (1, 1), (0, 1)]).tolist()
    [True, False]
    """
    places = np.asarray(points, dtype=float)
    x, y = places[:, 0], places[:, 1]
    found = np.zeros(len(places), dtype=bool)
    if len(corners) < 3:
        return found
    before = corners[-1]
    for corner in corners:
        (xi, yi), (xj, yj) = corner, before
        if yi != yj:
            crosses = (yi > y) != (yj > y)
            found ^= crosses & (x < (xj - xi) * (y - yi) / (yj - yi) + xi)
        before = corner
    return found
