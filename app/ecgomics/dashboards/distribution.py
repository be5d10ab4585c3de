"""`spread`: how a biomarker is distributed in a group and in the rest, ready to be drawn."""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt

POINTS = 121
FEW = 8
"""Up to this many distinct whole values are drawn as bars, one each."""

Floats = npt.NDArray[np.float64]


def spread(values: Floats, *, members: npt.NDArray[np.bool_]) -> dict[str, Any] | None:
    """Densities of a group and of the rest on one axis.

    Parameters
    ----------
    values
        float, one a record; NaN = unknown.
    members
        Who is in the group: boolean, one a record; nobody is allowed.

    Returns
    -------
    dict or None
        `range` (low, high), `bars` (whether `group` and `rest` are shares of distinct values rather than densities),
        `group`, `rest` (lists, empty for nobody), `ticks` (dicts of `at`, `text`). None when nothing is known.

    Notes
    -----
    Gaussian kernel on a grid with Silverman's bandwidth (Density Estimation, 1986, eq. 3.31), taken over all records so
    that both curves are smoothed alike; the axis runs from the 0.5th to the 99.5th centile.
    """
    known = np.isfinite(values)
    if not known.any():
        return None
    distinct = np.unique(values[known])
    if len(distinct) <= FEW and np.array_equal(distinct, np.round(distinct)):
        return _bars(values, members & known, ~members & known, distinct=distinct)
    low, high = (float(edge) for edge in np.quantile(values[known], [0.005, 0.995]))
    if low == high:
        low, high = float(distinct[0]), float(distinct[-1])
    margin = 0.06 * (high - low) or 1.0
    low, high = low - margin, high + margin
    width = _bandwidth(values[known], (high - low) / (POINTS - 1))
    curves = [_density(values[side & known], low, high, width=width) for side in (members, ~members)]
    ticks = [{"at": tick, "text": f"{tick:g}".replace("-", "−")} for tick in _round_ticks(low, high)]
    return {"range": [low, high], "bars": False, "group": curves[0], "rest": curves[1], "ticks": ticks}


def _bars(
    values: Floats, group: npt.NDArray[np.bool_], rest: npt.NDArray[np.bool_], *, distinct: Floats
) -> dict[str, Any]:
    def shares(side: npt.NDArray[np.bool_]) -> list[float]:
        return [float(np.mean(values[side] == value)) for value in distinct] if side.any() else []

    ticks = [{"at": float(value), "text": f"{value:g}"} for value in distinct]
    ends = [float(distinct[0]) - 0.5, float(distinct[-1]) + 0.5]
    return {"range": ends, "bars": True, "group": shares(group), "rest": shares(rest), "ticks": ticks}


def _bandwidth(values: Floats, least: float) -> float:
    quartiles = np.quantile(values, [0.25, 0.75])
    scatter = min(float(values.std()), float(quartiles[1] - quartiles[0]) / 1.34) or float(values.std())
    return max(0.9 * scatter * len(values) ** -0.2, least)


def _density(values: Floats, low: float, high: float, *, width: float) -> list[float]:
    if not len(values):
        return []
    step = (high - low) / (POINTS - 1)
    counts, _ = np.histogram(values, bins=POINTS, range=(low - step / 2, high + step / 2))
    reach = int(np.ceil(4 * width / step))
    kernel = np.exp(-0.5 * (np.arange(-reach, reach + 1) * step / width) ** 2)
    smooth = np.convolve(counts, kernel / kernel.sum(), mode="full")[reach : reach + POINTS]
    return [float(value) for value in smooth / (len(values) * step)]


def _round_ticks(low: float, high: float, *, about: int = 5) -> list[float]:
    raw = (high - low) / about
    size = 10.0 ** np.floor(np.log10(raw))
    step = next(size * factor for factor in (1, 2, 5, 10) if size * factor >= raw)
    first = np.ceil(low / step)
    return [float(np.round(tick * step, 12)) + 0.0 for tick in np.arange(first, np.floor(high / step) + 1)]
