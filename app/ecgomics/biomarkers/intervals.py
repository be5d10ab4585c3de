"""Structural timing: intervals between the global marks, their correction for rate, and their spread over leads."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from ecgomics.biomarkers.block import Block, Floats, M
from ecgomics.biomarkers.reasons import Causes
from ecgomics.biomarkers.rhythm import mean_rr_alike
from ecgomics.biomarkers.sheet import Sheet, quantile

_GLOBAL = {
    # column: from, to, what is missing when it is
    "P_Dur_Global": ("p_on", "p_off", "no P wave"),
    "PR_Int_Global": ("p_on", "qrs_on", "no P wave"),
    "PR_Seg_Global": ("p_off", "qrs_on", "no P wave"),
    "QRS_Dur_Global": ("qrs_on", "qrs_off", "wave not delimited"),
    "QT_Int_Global": ("qrs_on", "t_off", "no T wave"),
    "JT_Int_Global": ("qrs_off", "t_off", "no T wave"),
    "ST_Dur_Global": ("qrs_off", "t_on", "no T wave"),
}

WIDE_QRS_MS = 120.0
LEADS_FOR_DISPERSION = 3


def measure_intervals(block: Block, *, sheet: Sheet) -> None:
    """Write the intervals of the representative beat, with the spread over the beats alike."""
    for column, (start, stop, missing) in _GLOBAL.items():
        value = 1000.0 * (block.template_global[:, M[stop]] - block.template_global[:, M[start]])
        single = np.where(block.alike, 1000.0 * (block.marks[:, M[stop]] - block.marks[:, M[start]]), np.nan)
        sheet.put(column, value, causes=_no_beats(block), otherwise=missing, spread=block.pad(single))
    _measure_corrected(block, sheet=sheet)
    _measure_over_leads(block, sheet=sheet)
    pr = np.where(block.alike, 1000.0 * (block.marks[:, M["qrs_on"]] - block.marks[:, M["p_on"]]), np.nan)
    _measure_pr_spread(block, pr, sheet=sheet)


def correct_qt(qt_ms: Floats, *, rr_s: Floats) -> dict[str, Floats]:
    """QT corrected for rate by the four formulas.

    Parameters
    ----------
    qt_ms
        QT, ms.
    rr_s
        RR, s, same shape.

    Returns
    -------
    dict
        Bazett, Fridericia, Framingham and Hodges, ms.

    Examples
    --------
    >>> correct_qt(np.array([400.0]), rr_s=np.array([1.0]))["Bazett"]
    array([400.])
    """
    rr_s = np.where(rr_s > 0, rr_s, np.nan)
    return {
        "Bazett": qt_ms / np.sqrt(rr_s),
        "Fridericia": qt_ms / np.cbrt(rr_s),
        "Framingham": qt_ms + 154.0 * (1.0 - rr_s),
        "Hodges": qt_ms + 1.75 * (60.0 / rr_s - 60.0),
    }


def _measure_corrected(block: Block, *, sheet: Sheet) -> None:
    rr = mean_rr_alike(block)
    qt = sheet.get("QT_Int_Global").astype(float)
    qrs = sheet.get("QRS_Dur_Global").astype(float)
    causes: Causes = (*sheet.inherit(["QT_Int_Global"]), (np.isnan(rr), "needs ≥ 2 beats"))
    count = block.template_beats
    for name, value in correct_qt(qt, rr_s=rr).items():
        sheet.put(f"QT_Int{name}_Global", value, causes=causes, count=count)
    rate = 60.0 / rr
    index = np.where(qrs >= WIDE_QRS_MS, (qt - qrs) / 518.0, qt / 656.0) * (rate + 100.0)
    sheet.put("QT_Index_Global", index, causes=causes, count=count)


def _measure_over_leads(block: Block, *, sheet: Sheet) -> None:
    tpe = _lead_intervals(block, start="t_peak", stop="t_off")
    value = quantile(tpe, 0.5)
    found = np.isfinite(tpe).sum(axis=1)
    sheet.put("Tpe_Int_Global", value, causes=_no_beats(block), otherwise="no T wave", count=found)
    ratio = sheet.get("Tpe_Int_Global") / sheet.get("QT_Int_Global")
    sheet.put("Tpe_QT_Ratio_Global", ratio, causes=sheet.inherit(["Tpe_Int_Global", "QT_Int_Global"]), count=found)
    for column, start, stop, absent in (
        ("QT_Disp_Global", "qrs_on", "t_off", "no T wave"),
        ("P_Disp_Global", "p_on", "p_off", "no P wave"),
    ):
        spread = _lead_intervals(block, start=start, stop=stop)
        found = np.isfinite(spread).sum(axis=1)
        width = quantile(spread, 1.0) - quantile(spread, 0.0)
        causes: Causes = (
            *_no_beats(block),
            (found == 0, absent),
            (found < LEADS_FOR_DISPERSION, "too few leads"),
        )
        sheet.put(column, width, causes=causes, count=found)
    pr = _lead_intervals(block, start="p_on", stop="qrs_on")
    found = np.isfinite(pr).sum(axis=1)
    causes = (*_no_beats(block), (found == 0, "no P wave"), (found < LEADS_FOR_DISPERSION, "too few leads"))
    sheet.put("PR_LeadSpread_Global", quantile(pr, 0.9) - quantile(pr, 0.1), causes=causes, count=found)


def _measure_pr_spread(block: Block, pr: NDArray[np.floating], *, sheet: Sheet) -> None:
    grid = block.pad(pr)
    found = np.isfinite(grid).sum(axis=1)
    causes: Causes = (*_no_beats(block), (found == 0, "no P wave"), (found < 3, "needs ≥ 3 beats"))
    sheet.put("PR_Spread_Global", quantile(grid, 0.9) - quantile(grid, 0.1), causes=causes, count=found)


def _lead_intervals(block: Block, *, start: str, stop: str) -> Floats:
    """Interval by each usable lead's own marks, (R, L), ms; NaN without the wave anywhere."""
    own = 1000.0 * (block.template_marks[..., M[stop]] - block.template_marks[..., M[start]])
    anywhere = np.isfinite(block.template_global[:, M[start]] + block.template_global[:, M[stop]])
    return np.where(~block.lead_unusable & anywhere[:, None], own, np.nan)


def _no_beats(block: Block) -> Causes:
    return ((block.no_beats, "no beats"),)
