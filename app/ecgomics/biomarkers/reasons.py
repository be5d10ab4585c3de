"""Why a value is not there: the list every missing value points into.

Stored as small integers, so the order is part of the store's format: append, never re-order.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

REASONS = (
    "",  # computed
    "no beats",
    "lead missing",
    "lead unusable",
    "no P wave",
    "no T wave",
    "no R wave",
    "no S wave",
    "wave not delimited",
    "no opposite wave",
    "axis indeterminate",
    "too few leads",
    "needs ≥ 2 beats",
    "needs ≥ 3 beats",
    "needs ≥ 10 beats",
    "needs ≥ 12 beats",
    "needs ≥ 200 normal beats",
    "needs ≥ 60 s",
    "needs ≥ 300 s",
    "too few normal beats",
    "intervals do not vary",
    "signal too short",
    "sampling rate too low",
    "age unknown",
    "sex unknown",
    "no reference for this age",
    "not measured",
    "cohort below 20 records",
    "cohort has no spread",
    "shorter than set",
    "fewer beats than set",
    "fewer records than set",
    "no ventricular beat",
    "needs ≥ 256 normal beats",
    "T wave too flat",
    "P waves present",
    "needs ≥ 30 s",
    "needs ≥ 20 normal beats",
    "no regular breathing",
    "needs ≥ 30 beats",
    "no blocked P wave",
    "no steady period",
    "no ventricular run",
    "needs ≥ 20 min",
    "needs ≥ 1 h",
    "needs ≥ 18 h",
)
"""Index 0 means computed."""

Causes = tuple[tuple[NDArray[np.bool_], str], ...]
"""Pairs of (where, reason), most telling first."""


_CODES = {reason: index for index, reason in enumerate(REASONS)}


def code(reason: str) -> int:
    """Index of a reason in `REASONS`."""
    return _CODES[reason]


def settle(
    value: NDArray[np.floating], causes: Causes, *, otherwise: str
) -> tuple[NDArray[np.float32], NDArray[np.uint8]]:
    """Blank values where a cause holds, and give every missing value its reason.

    Parameters
    ----------
    value
        Any shape; NaN where nothing came out.
    causes
        Masks that broadcast to `value`, each with its reason; the first that holds wins.
    otherwise
        Reason of a NaN that no cause explains.

    Returns
    -------
    value, reason
        float32 with NaN exactly where `reason` is not 0.
    """
    kept = np.array(value, dtype=np.float32)
    reason = np.zeros(kept.shape, dtype=np.uint8)
    for where, name in causes:
        # most causes hold nowhere in most blocks
        if where.any():
            reason[where & (reason == 0)] = code(name)
    missing = ~np.isfinite(kept)
    if reason.any():
        kept[reason > 0] = np.nan
    if missing.any():
        kept[missing] = np.nan
        reason[missing & (reason == 0)] = code(otherwise)
    return kept, reason
