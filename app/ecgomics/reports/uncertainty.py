"""How far a measured value can be trusted, and what change between two recordings chance alone makes.

A value is a median over beats. Its standard uncertainty has two parts, added in quadrature (JCGM 100:2008, GUM, 5.1):
the standard error of a median of normal beats, 1.2533·σ/√n with σ = IQR/1.349, and, for an interval, the error of the
two marks it lies between, taken from held-out annotated records. The second part is the same in every beat of one
recording (it comes from the shape of the waves), so more beats do not make it smaller.
"""

from __future__ import annotations

import math
from collections.abc import Mapping

import pandas as pd

MARK_SD_MS: Mapping[str, float] = {
    "p_on": 6.6,
    "p_off": 6.1,
    "qrs_on": 3.4,
    "qrs_off": 3.9,
    "t_on": 9.2,
    "t_off": 10.3,
}
"""SD of the error of our global marks on held-out LUDB records, ms (the delineation network's model card)."""

BETWEEN: Mapping[str, tuple[str, str]] = {
    "P_Dur_Global": ("p_on", "p_off"),
    "PR_Int_Global": ("p_on", "qrs_on"),
    "PR_Seg_Global": ("p_off", "qrs_on"),
    "QRS_Dur_Global": ("qrs_on", "qrs_off"),
    "QT_Int_Global": ("qrs_on", "t_off"),
    "QT_IntBazett_Global": ("qrs_on", "t_off"),
    "QT_IntFridericia_Global": ("qrs_on", "t_off"),
    "QT_IntFramingham_Global": ("qrs_on", "t_off"),
    "QT_IntHodges_Global": ("qrs_on", "t_off"),
    "JT_Int_Global": ("qrs_off", "t_off"),
}
"""The marks an interval lies between."""

Z_95 = 1.959964


def uncertainty(table: pd.DataFrame, biomarker: str) -> float:
    """Standard uncertainty of a value, in its unit; NaN when nothing is known of it.

    Parameters
    ----------
    table
        As `Examination.table`.
    biomarker
        Column name.
    """
    if biomarker not in table.index:
        return math.nan
    value, spread, count = (float(table[name].loc[biomarker]) for name in ("value", "iqr", "count"))
    if not math.isfinite(value):
        return math.nan
    beats = 1.2533 * spread / 1.349 / math.sqrt(count) if math.isfinite(spread) and count > 1 else math.nan
    if biomarker not in BETWEEN:
        return beats
    marks = math.hypot(*(MARK_SD_MS[mark] for mark in BETWEEN[biomarker]))
    return math.hypot(marks, 0.0 if math.isnan(beats) else beats)


def detectable_change(uncertainties: tuple[float, float]) -> float:
    """The change between two values that chance exceeds one time in twenty: 1.96 times their joint uncertainty."""
    now, then = uncertainties
    return Z_95 * math.hypot(now, then)
