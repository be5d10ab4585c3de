"""Lead-wise voltages, durations, areas and shapes, from the deflections of the representative and the single beats."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from ecgomics.biomarkers import deflections
from ecgomics.biomarkers.block import Block, M
from ecgomics.biomarkers.fields import F
from ecgomics.biomarkers.reasons import Causes
from ecgomics.biomarkers.sheet import Sheet, quartile_range

Waves = NDArray[np.float32]
"""(R, L, field) for the representative beats, or (B, L, field) for single ones; see `fields.FIELDS`."""

RATIO_FLOOR_MV = 0.025

_WITH_SPREAD = {
    "PR_Level": "level",
    "P_Amp": "p_amp",
    "PNeg_Amp": "p_neg",
    "P_Area": "p_area",
    "Q_Amp": "q_amp",
    "R_Amp": "r_amp",
    "S_Amp": "s_amp",
    "R2_Amp": "r2_amp",
    "Q_Dur": "q_ms",
    "R_Dur": "r_ms",
    "S_Dur": "s_ms",
    "R_PeakTime": "r_peak_ms",
    "QRS_Area": "qrs_area",
    "ST_Amp": "st_j",
    "ST60_Amp": "st_60",
    "ST80_Amp": "st_80",
    "T_Amp": "t_amp",
    "T_Area": "t_area",
}

_SHAPES = {
    "QS_Pattern": "qs",
    "RSR_Pattern": "rsr",
    "QRS_Notches": "notches",
    "JWave_Amp": "j_wave",
    "Rprime_Base": "r2_base_ms",
    "P_Morph": "p_morph",
    "P_Biphasic": "p_biphasic",
    "P_NotchSpacing": "p_notch_ms",
    "PTF": "p_terminal",
    "T_Morph": "t_morph",
    "ST_Curve": "st_curve",
}

_T_SHAPES = {"T_Asymmetry": "t_asymmetry", "T_Kurtosis": "t_kurtosis", "T_NotchSpacing": "t_notch_ms"}
T_LEAST_MV = 0.1
"""A lower T wave is too flat for its slopes and tails to be told from noise."""
ST_LEVEL_MV, ST_STRAIGHT_MV = 0.05, 0.02
"""An ST segment is level when it moves less than this from J to J + 80 ms, and straight when its middle lies nearer."""


def measure_amplitudes(block: Block, *, sheet: Sheet) -> tuple[Waves, Waves]:
    """Write the lead-wise columns; returns the waves of the representative and of the single beats."""
    waves, single = deflections.of_template(block), deflections.of_beats(block)
    grid = block.pad(np.where(block.alike[:, None, None], single, np.nan).astype(np.float32))
    spread_iqr, spread_count = quartile_range(grid)
    causes = _causes(block)
    for name, field in _WITH_SPREAD.items():
        kind = name if name.startswith(("P_", "PNeg", "T_", "R_Peak")) else "QRS"
        spread = spread_iqr[..., F[field]], spread_count[..., F[field]]
        sheet.put_leads(name, waves[..., F[field]], causes=causes, otherwise=_missing(kind), spread=spread)
    for name, field in _SHAPES.items():
        sheet.put_leads(name, waves[..., F[field]], causes=causes, otherwise=_missing(name))
    flat: Causes = (*causes, (np.abs(waves[..., F["t_amp"]]) < T_LEAST_MV, "T wave too flat"))
    for name, field in _T_SHAPES.items():
        sheet.put_leads(name, waves[..., F[field]], causes=flat, otherwise="no T wave")
    sheet.put_leads("ST_Form", st_form(waves), causes=causes)
    high, low = grid[..., F["qrs_max"]], grid[..., F["qrs_min"]]
    top, bottom = waves[..., F["qrs_max"]], waves[..., F["qrs_min"]]
    sheet.put_leads("QRS_PP", top - bottom, causes=causes, spread=quartile_range(high - low))
    sheet.put_leads("QRS_Balance", top + bottom, causes=causes, spread=quartile_range(high + low))
    _measure_ratios(waves, causes, sheet=sheet)
    _measure_patterns(block, waves, causes, sheet=sheet)
    return waves, single


def tallest(waves: Waves) -> Waves:
    """Taller of R and R′, (R, L), mV ≥ 0."""
    return np.asarray(np.fmax(waves[..., F["r_amp"]], waves[..., F["r2_amp"]]))


def deepest(waves: Waves) -> Waves:
    """Depth of the S, or of the QS where there is no R, (R, L), mV ≥ 0."""
    qs = waves[..., F["qs"]] == 1
    return np.asarray(np.abs(np.where(qs, waves[..., F["q_amp"]], waves[..., F["s_amp"]])))


def lowest(waves: Waves) -> Waves:
    """Depth of the deepest negative deflection of any name, (R, L), mV ≥ 0."""
    return np.asarray(np.abs(np.fmin(waves[..., F["q_amp"]], waves[..., F["s_amp"]])))


def st_form(waves: Waves) -> Waves:
    """Form of the ST segment, (R, L): 3 × slope (0 level, 1 up, 2 down) + curve (0 straight, 1 concave, 2 convex)."""
    rise = waves[..., F["st_80"]] - waves[..., F["st_j"]]
    curve = waves[..., F["st_curve"]]
    slope = np.select([rise >= ST_LEVEL_MV, rise <= -ST_LEVEL_MV], [1.0, 2.0], 0.0)
    bend = np.select([curve <= -ST_STRAIGHT_MV, curve >= ST_STRAIGHT_MV], [1.0, 2.0], 0.0)
    return np.where(np.isfinite(rise + curve), 3.0 * slope + bend, np.nan)


def _measure_ratios(waves: Waves, causes: Causes, *, sheet: Sheet) -> None:
    r, s, low = tallest(waves), deepest(waves), lowest(waves)
    q = np.abs(waves[..., F["q_amp"]])
    sheet.put_leads("QR_Ratio", q / np.maximum(r, RATIO_FLOOR_MV), causes=causes)
    sheet.put_leads("RS_Ratio", r / np.maximum(s, RATIO_FLOOR_MV), causes=causes)
    above = np.where(r > 0, r, np.nan)
    t = waves[..., F["t_amp"]]
    no_t: Causes = ((np.isnan(t), "no T wave"), (np.isnan(above), "no R wave"))
    sheet.put_leads("TR_Ratio", t / above, causes=(*causes, *no_t))
    st = waves[..., F["st_j"]]
    opposite = np.where(st > 0, -low, r)
    ratio = np.where(st == 0, 0.0, st / np.where(opposite != 0, opposite, np.nan))
    none: Causes = ((np.isfinite(st) & (st != 0) & (opposite == 0), "no opposite wave"),)
    sheet.put_leads("STS_Ratio", ratio, causes=(*causes, *none))
    slope = (waves[..., F["st_80"]] - st) / 0.08
    sheet.put_leads("ST_Slope", slope, causes=causes)


def _measure_patterns(block: Block, waves: Waves, causes: Causes, *, sheet: Sheet) -> None:
    q = waves[..., F["q_amp"]]
    sheet.put_leads("Q_Present", np.where(np.isnan(q), np.nan, q < 0), causes=causes)
    qrs_ms = 1000.0 * (block.template_global[:, M["qrs_off"]] - block.template_global[:, M["qrs_on"]])
    terminal = qrs_ms[:, None] - waves[..., F["s_peak_ms"]]
    sheet.put_leads("Terminal_Activation", terminal, causes=causes, otherwise="no S wave")
    source = waves[..., F["level_from"]]
    usable = np.isfinite(source).any(axis=1)
    value = np.where(usable, np.nanmax(np.where(np.isfinite(source), source, -1), axis=1), np.nan)
    sheet.put("PR_LevelFrom_Global", value, causes=((block.no_beats, "no beats"),), count=block.template_beats)


def _causes(block: Block) -> Causes:
    return ((block.no_beats[:, None], "no beats"),)


def _missing(name: str) -> str:
    if name.startswith("P") and not name.startswith("PR"):
        return "no P wave"
    if name.startswith("T_"):
        return "no T wave"
    return "no R wave" if name == "R_PeakTime" else "wave not delimited"
