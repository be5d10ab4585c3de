"""Intervals of an AUC: by resampling patients, and by formula while a group is still being drawn."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt
from scipy.special import ndtri

Floats = npt.NDArray[np.float64]
Bools = npt.NDArray[np.bool_]

_COLUMNS = 64
"""Resamples worked on at a time: keeps a biomarker's cumulated weights in the processor's cache."""


def newcombe_interval(auc: Floats, inside: Floats, outside: Floats, *, level: float = 0.95) -> tuple[Floats, Floats]:
    """Score interval of an AUC from its value and the two group sizes alone.

    Parameters
    ----------
    auc, inside, outside
        AUC (0 to 1) and patients with a value on each side (float64, biomarker).
    level
        Coverage, 0 to 1.

    Returns
    -------
    Lower and upper limit, 0 to 1; NaN where the AUC is. At an AUC of 1 the lower limit stays below 1.

    Notes
    -----
    Newcombe, Stat Med 2006;25:559 (method 5), with Hanley & McNeil's variance taken at the limit. It knows no
    ties: where many patients share a value it is wider than it need be.
    """
    z = float(ndtri(0.5 + level / 2))
    low = _newcombe_limit(auc, inside, outside, z=z)
    high = 1.0 - _newcombe_limit(1.0 - auc, inside, outside, z=z)
    return low, high


def _newcombe_limit(auc: Floats, inside: Floats, outside: Floats, *, z: float) -> Floats:
    pairs = np.maximum(inside * outside, 1.0)
    half = (inside + outside) / 2 - 1.0
    low, high = np.zeros(auc.shape), np.nan_to_num(auc, nan=0.5)
    for _ in range(40):
        middle = (low + high) / 2
        extra = half * ((1 - middle) / (2 - middle) + middle / (1 + middle))
        reach = z * np.sqrt(middle * (1 - middle) * (1 + extra) / pairs)
        outside_interval = auc - middle > reach
        low, high = np.where(outside_interval, middle, low), np.where(outside_interval, high, middle)
    return np.where(np.isnan(auc), np.nan, (low + high) / 2)


def bootstrap_interval(
    values: Floats, members: Bools, *, resamples: int = 1000, level: float = 0.95, seed: int = 0
) -> tuple[Floats, Floats]:
    """Percentile interval of every biomarker's AUC over resampled patients.

    Patients are drawn with replacement within each side, the same draws for every biomarker.

    Parameters
    ----------
    values
        float64, (patient, biomarker), NaN = missing.
    members
        Who is in the group (bool, patient).
    resamples, level, seed
        How many resamples, the coverage (0 to 1), and the seed that makes them repeatable.

    Returns
    -------
    Lower and upper limit (float64, biomarker), 0 to 1; NaN where a side has no value. Where a limit reaches 0 or 1,
    resampling cannot see beyond the few patients that overlap: there the interval is as wide as Newcombe's at least.
    """
    rng = np.random.default_rng(seed)
    inside, outside = np.flatnonzero(members), np.flatnonzero(~members)
    weights = (resample_weights(len(inside), resamples, rng), resample_weights(len(outside), resamples, rng))
    tail = 50 * (1 - level)
    limits, effect = np.full((2, values.shape[1]), np.nan), np.full(values.shape[1], np.nan)
    for column in range(values.shape[1]):
        auc = _resampled_auc(values[inside, column], values[outside, column], weights=weights)
        if np.isfinite(auc).any():
            effect[column] = auc[0]
            limits[:, column] = np.nanpercentile(auc[1:], [tail, 100 - tail])
    return _widen_at_the_ends(values, members, limits, level=level, auc=effect)


def resample_weights(patients: int, resamples: int, rng: np.random.Generator) -> npt.NDArray[np.float32]:
    """How often each resample holds each patient, (patient, 1 + resample): the first holds each of them once.

    A patient's weights lie side by side in memory, because a sorted gather copies rows.
    """
    drawn = rng.integers(patients, size=(resamples, patients)) * resamples + np.arange(resamples)[:, None]
    counts = np.bincount(drawn.ravel(), minlength=patients * resamples)
    return np.pad(counts.reshape(patients, resamples), ((0, 0), (1, 0)), constant_values=1).astype(np.float32)


def _resampled_auc(group: Floats, rest: Floats, *, weights: tuple[npt.NDArray[np.float32], ...]) -> Floats:
    in_group, in_rest = np.flatnonzero(~np.isnan(group)), np.flatnonzero(~np.isnan(rest))
    order = in_rest[np.argsort(rest[in_rest], kind="stable")]
    below = np.searchsorted(rest[order], group[in_group], side="left")
    upto = np.searchsorted(rest[order], group[in_group], side="right")
    result = np.empty(weights[0].shape[1])
    for start in range(0, len(result), _COLUMNS):
        block = slice(start, start + _COLUMNS)
        own = weights[0][in_group, block]
        beaten = np.zeros((len(order) + 1, own.shape[1]), dtype=np.float32)
        np.cumsum(weights[1][order, block], axis=0, out=beaten[1:])
        wins = np.einsum("ij,ij->j", own, beaten[below] + beaten[upto], dtype=np.float64)
        pairs = 2.0 * own.sum(axis=0, dtype=np.float64) * beaten[-1]
        result[block] = np.where(pairs > 0, wins / np.where(pairs > 0, pairs, 1.0), np.nan)
    return result


def _widen_at_the_ends(
    values: Floats, members: Bools, limits: Floats, *, auc: Floats, level: float
) -> tuple[Floats, Floats]:
    present = ~np.isnan(values)
    inside, outside = (present[side].sum(axis=0).astype(np.float64) for side in (members, ~members))
    low, high = limits
    ended = np.flatnonzero((low <= 0) | (high >= 1))
    if len(ended):
        wide = newcombe_interval(auc[ended], inside[ended], outside[ended], level=level)
        low[ended], high[ended] = np.minimum(low[ended], wide[0]), np.maximum(high[ended], wide[1])
    return low, high


def paired_interval(
    change: Floats, *, resamples: int = 1000, level: float = 0.95, seed: int = 0, way: str = "bootstrap"
) -> tuple[Floats, Floats, Floats]:
    """Chance that the mean change of two pairs is upwards, with its percentile interval over resampled pairs.

    Parameters
    ----------
    change
        float64, (pair, biomarker), NaN = missing.
    way
        "bootstrap", or "formula": the jackknife's standard error on the logit scale.

    Returns
    -------
    Effect, lower and upper limit (float64, biomarker), 0 to 1. Pairs count with themselves as well, as resampling has
    it; where a limit reaches 0 or 1 the interval is as wide as Newcombe's for as many pairs on each side.
    """
    limits, effect = np.full((2, change.shape[1]), np.nan), np.full(change.shape[1], np.nan)
    weights = resample_weights(len(change), resamples, np.random.default_rng(seed)) if way == "bootstrap" else None
    for column in range(change.shape[1]):
        rows = np.flatnonzero(~np.isnan(change[:, column]))
        if len(rows) < 2:
            continue
        own = change[rows, column]
        order = np.sort(-own)
        each = (np.searchsorted(order, own, "left") + np.searchsorted(order, own, "right")) / (2 * len(own))
        effect[column] = each.mean()
        if weights is None:
            limits[:, column] = _logit_limits(effect[column], 2 * each.std(ddof=1) / np.sqrt(len(own)), level=level)
        else:
            drawn = _resampled_auc(own, -own, weights=(weights[rows], weights[rows]))[1:]
            limits[:, column] = np.nanpercentile(drawn, [50 * (1 - level), 50 * (1 + level)])
    pairs = (~np.isnan(change)).sum(axis=0).astype(np.float64)
    ended = np.flatnonzero((limits[0] <= 0) | (limits[1] >= 1))
    if len(ended):
        low, high = newcombe_interval(effect[ended], pairs[ended], pairs[ended], level=level)
        limits[0, ended], limits[1, ended] = np.minimum(limits[0, ended], low), np.maximum(limits[1, ended], high)
    return effect, limits[0], limits[1]


def _logit_limits(effect: float, error: float, *, level: float) -> tuple[float, float]:
    inside = min(max(effect, 1e-9), 1 - 1e-9)
    if inside != effect:
        return (0.0, 1.0) if error > 0 else (effect, effect)
    reach = float(ndtri(0.5 + level / 2)) * error / (inside * (1 - inside))
    centre = np.log(inside / (1 - inside))
    low, high = 1 / (1 + np.exp(-(centre - reach))), 1 / (1 + np.exp(-(centre + reach)))
    return float(low), float(high)


def wilson_interval(seen: Floats, number: Floats, *, level: float = 0.95) -> tuple[Floats, Floats]:
    """Score interval of a share (Wilson, J Am Stat Assoc 1927;22:209).

    Parameters
    ----------
    seen, number
        Patients with it, and patients (float64).

    Returns
    -------
    Lower and upper limit, 0 to 1; NaN where there is no patient.
    """
    z = float(ndtri(0.5 + level / 2))
    safe = np.where(number > 0, number, np.nan)
    share = seen / safe
    centre = (share + z**2 / (2 * safe)) / (1 + z**2 / safe)
    reach = z * np.sqrt(share * (1 - share) / safe + z**2 / (4 * safe**2)) / (1 + z**2 / safe)
    return np.maximum(centre - reach, 0.0), np.minimum(centre + reach, 1.0)
