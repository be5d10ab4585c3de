"""How well a probability parts two groups, with intervals from resampled patients."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import numpy.typing as npt

Floats = npt.NDArray[np.float64]
Bools = npt.NDArray[np.bool_]

_RESAMPLES = 500


def auc(score: Floats, carries: Bools) -> float:
    """Area under the ROC curve, ties counting half; NaN when one group is empty."""
    n, m = int(carries.sum()), int((~carries).sum())
    if not n or not m:
        return float("nan")
    _, place, count = np.unique(score, return_inverse=True, return_counts=True)
    ranks = (np.cumsum(count) - (count - 1) / 2)[place]
    return float((ranks[carries].sum() - n * (n + 1) / 2) / (n * m))


def average_precision(score: Floats, carries: Bools) -> float:
    """Mean over the carriers of the share of carriers among all that score as high; NaN without any."""
    if not carries.any():
        return float("nan")
    values, place = np.unique(-score, return_inverse=True)
    everyone = np.cumsum(np.bincount(place, minlength=len(values)))
    hits = np.bincount(place, weights=carries, minlength=len(values))
    return float((hits * np.cumsum(hits) / everyone).sum() / carries.sum())


def brier(score: Floats, carries: Bools) -> float:
    """Mean squared error of a probability, 0 to 1."""
    return float(np.square(score - carries).mean())


FIGURES: dict[str, Callable[[Floats, Bools], float]] = {
    "auc": auc,
    "average_precision": average_precision,
    "brier": brier,
}


def scores(
    probability: Floats, carries: Bools, *, patient: npt.ArrayLike, level: float = 0.95, seed: int = 0
) -> dict[str, list[float]]:
    """Each of `FIGURES` as [value, low, high].

    Parameters
    ----------
    probability, carries
        (record): 0 to 1, and the truth.
    patient
        (record): whose; patients are resampled, not records, 500 times. Percentile interval; NaN when fewer than half
        of the resamples hold both groups.
    """
    _, whose = np.unique(np.asarray(patient), return_inverse=True)
    rows = [np.flatnonzero(whose == number) for number in range(int(whose.max(initial=-1)) + 1)]
    rng = np.random.default_rng(seed)
    draws = [np.concatenate([rows[one] for one in rng.integers(len(rows), size=len(rows))]) for _ in range(_RESAMPLES)]
    found = {}
    for name, figure in FIGURES.items():
        again = np.array([figure(probability[draw], carries[draw]) for draw in draws])
        low, high = float("nan"), float("nan")
        if np.isfinite(again).mean() > 0.5:
            low, high = (float(limit) for limit in np.nanquantile(again, [(1 - level) / 2, (1 + level) / 2]))
        found[name] = [figure(probability, carries), low, high]
    return found
