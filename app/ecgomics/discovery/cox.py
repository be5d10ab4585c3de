"""Cox's model of one column at a time under resampling: what a fit would give, without a thousand fits."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
from scipy.special import ndtr

from ecgomics.discovery.patients import Bools, Floats

_STEPS = 3
"""Newton's steps from the coefficient of all patients, which is close by."""
_COLUMNS = 128
"""Resamples worked on at a time."""


@dataclass(frozen=True)
class Followed:
    """Patients in the order of their times, the longest first, so that a risk set is a running sum.

    Parameters
    ----------
    order
        Positions of the patients (int64, patient).
    event
        Whether the time ended with the event (bool, patient), in that order.
    last
        Where each patient's risk set ends: the last of those with the same time (int64, patient).
    """

    order: npt.NDArray[np.int64]
    event: Bools
    last: npt.NDArray[np.int64]

    @classmethod
    def of(cls, duration: Floats, event: Floats) -> Followed:
        """Sort patients by their time (float64, patient; no NaN)."""
        order = np.argsort(-duration, kind="stable")
        ordered = -duration[order]
        return cls(order, event[order] == 1, np.searchsorted(ordered, ordered, side="right") - 1)


def resampled_coefficients(
    followed: Followed, value: Floats, *, start: float, offset: Floats, weights: npt.NDArray[np.float32]
) -> Floats:
    """Coefficient of one column in each resample of the patients.

    Parameters
    ----------
    followed
        The patients' times.
    value, offset
        The column and what other terms add to the log hazard (float64, patient).
    start
        Coefficient that all patients give.
    weights
        How often each resample holds each patient (float32, (patient, resample)).

    Returns
    -------
    float64, (resample); NaN where a resample holds no event or does not settle.

    Notes
    -----
    Newton's steps on the weighted partial likelihood with Breslow's ties, all resamples at once. The offset is held
    fixed: with a column that is orthogonal to the other terms in the information (see `orthogonal`) their refitting
    would move the coefficient in second order only.
    """
    x, shift = value[followed.order], offset[followed.order]
    result = np.empty(weights.shape[1])
    for first in range(0, weights.shape[1], _COLUMNS):
        block = slice(first, first + _COLUMNS)
        result[block] = _newton(followed, x, shift, start=start, weights=weights[followed.order, block])
    return result


def _newton(followed: Followed, x: Floats, shift: Floats, *, start: float, weights: npt.NDArray[np.float32]) -> Floats:
    beta = np.full(weights.shape[1], start)
    events = np.flatnonzero(followed.event)
    rows = followed.last[events]
    own = weights[events].astype(np.float64)
    total = own.sum(axis=0)
    with np.errstate(divide="ignore", invalid="ignore", over="ignore"):
        for _ in range(_STEPS):
            risk = weights * np.exp(np.clip(x[:, None] * beta + shift[:, None], -50, 50))
            zeroth = np.cumsum(risk, axis=0)[rows]
            mean = np.cumsum(risk * x[:, None], axis=0)[rows] / zeroth
            square = np.cumsum(risk * (x**2)[:, None], axis=0)[rows] / zeroth
            # a patient who is not in the resample has no risk set of its own
            slope = np.where(own > 0, own * (x[events, None] - mean), 0.0).sum(axis=0)
            curve = np.where(own > 0, own * (square - mean**2), 0.0).sum(axis=0)
            beta = beta + np.clip(slope / np.where(curve > 1e-9, curve, np.nan), -2, 2)
    return np.where(total > 0, beta, np.nan)


def orthogonal(value: Floats, terms: Floats, covariance: Floats) -> Floats:
    """A column with the part taken off that the other terms' coefficients would answer to.

    Parameters
    ----------
    value, terms
        float64, (patient) and (patient, term).
    covariance
        Of the coefficients of the column (first) and the terms, as the model of all patients gives it.
    """
    # rows of an inverse: −I_zz⁻¹ I_zx = V_zx / V_xx
    return np.asarray(value + terms @ (covariance[1:, 0] / covariance[0, 0]), dtype=np.float64)


def log_rank_p(duration: Floats, event: Floats, members: Bools) -> float:
    """Two-sided p of the log-rank test that members and others have the event equally often (Mantel 1966).

    Parameters
    ----------
    duration, event
        float64, (patient), no NaN; events are 0 or 1.
    members
        bool, (patient).

    Returns
    -------
    0 to 1; 1 where one side is empty or nothing can be told.
    """
    followed = Followed.of(duration, event)
    inside = members[followed.order].astype(np.float64)
    events = np.flatnonzero(followed.event)
    share = np.cumsum(inside)[followed.last[events]] / (followed.last[events] + 1.0)
    variance = float((share * (1 - share)).sum())
    if variance <= 0:
        return 1.0
    return float(min(1.0, 2 * ndtr(-abs(float((inside[events] - share).sum())) / np.sqrt(variance))))
