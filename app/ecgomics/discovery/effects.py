"""Effect sizes beside the AUC, and the AUC's own standard error."""

from __future__ import annotations

import numpy as np
from scipy.special import ndtr, ndtri

from ecgomics.discovery.patients import Bools, Floats


def standardised_difference(values: Floats, members: Bools) -> Floats:
    """Hedges' g of group − rest: means' difference over the pooled standard deviation, corrected for few patients.

    Parameters
    ----------
    values
        float64, (patient, biomarker), NaN = missing.
    members
        Who is in the group (bool, patient).

    Returns
    -------
    float64, (biomarker); NaN where nothing varies or a side has fewer than two values. Hedges, J Educ Stat 1981;6:107.
    """
    (first, mean_first, own), (second, mean_second, other) = (_moments(values[side]) for side in (members, ~members))
    freedom = first + second - 2
    pooled = (own + other) / np.where(freedom > 0, freedom, np.nan)
    usable = (first > 1) & (second > 1) & (pooled > 0)
    spread = np.sqrt(np.where(usable, pooled, np.nan))
    return (mean_first - mean_second) / spread * (1 - 3 / (4 * freedom - 1))


def auc_error(values: Floats, members: Bools) -> tuple[Floats, Floats]:
    """AUC and its standard error by DeLong's structural components.

    Parameters
    ----------
    values
        float64, (patient, biomarker), NaN = missing.
    members
        Who is in the group (bool, patient).

    Returns
    -------
    AUC (0 to 1) and standard error (float64, biomarker); NaN where a side has fewer than two values. DeLong et al.,
    Biometrics 1988;44:837.
    """
    from ecgomics.discovery.ranks import midranks

    every = midranks(values)
    inside, outside = every[members] - midranks(values[members]), every[~members] - midranks(values[~members])
    n, m = ((~np.isnan(side)).sum(axis=0).astype(float) for side in (inside, outside))
    enough = (n > 1) & (m > 1)
    wins = inside / np.where(m > 0, m, np.nan)
    losses = outside / np.where(n > 0, n, np.nan)
    auc = _mean(wins, n)
    variance = _variance(wins, n) / np.maximum(n, 1) + _variance(losses, m) / np.maximum(m, 1)
    return np.where(enough, auc, np.nan), np.where(enough, np.sqrt(variance), np.nan)


def power(auc: float | Floats, inside: float | Floats, outside: float | Floats, *, alpha: float = 0.05) -> Floats:
    """Chance that a one-sided rank-sum test finds an effect.

    Parameters
    ----------
    auc
        The true effect, 0 to 1.
    inside, outside
        Patients on each side.
    alpha
        Level of the test, one-sided.

    Returns
    -------
    float64, 0 to 1. Normal approximation, with Hanley & McNeil's variance at the effect (Radiology 1982;143:29).
    """
    effect = np.maximum(np.asarray(auc, dtype=np.float64), 1 - np.asarray(auc, dtype=np.float64))
    n, m = np.asarray(inside, dtype=np.float64), np.asarray(outside, dtype=np.float64)
    null = np.sqrt((n + m + 1) / (12 * n * m))
    one, two = effect / (2 - effect), 2 * effect**2 / (1 + effect)
    spread = np.sqrt((effect * (1 - effect) + (n - 1) * (one - effect**2) + (m - 1) * (two - effect**2)) / (n * m))
    reach = effect - 0.5 - ndtri(1 - alpha) * null
    return np.asarray(ndtr(reach / np.where(spread > 0, spread, 1e-12)), dtype=np.float64)


def _moments(side: Floats) -> tuple[Floats, Floats, Floats]:
    """Number, mean and sum of squares about the mean of each column's values."""
    present = ~np.isnan(side)
    number = present.sum(axis=0).astype(np.float64)
    mean = _mean(side, number)
    return number, mean, np.where(present, (side - mean) ** 2, 0.0).sum(axis=0)


def _mean(side: Floats, number: Floats) -> Floats:
    return np.nansum(side, axis=0) / np.where(number > 0, number, np.nan)


def _variance(side: Floats, number: Floats) -> Floats:
    return np.nansum((side - _mean(side, number)) ** 2, axis=0) / np.maximum(number - 1, 1)
