"""Axes, angles and vectors: the frontal plane and the vectorcardiogram of the representative beat."""

from __future__ import annotations

import math

import numpy as np
from numpy.typing import NDArray

from ecgomics.biomarkers.amplitudes import Waves
from ecgomics.biomarkers.block import Block, Bools, Floats, M
from ecgomics.biomarkers.fields import F
from ecgomics.biomarkers.reasons import Causes
from ecgomics.biomarkers.sheet import Sheet
from ecgomics.biomarkers.voltages import lacking, pick
from ecgomics.settings import BiomarkerSettings

VCG_LEADS = ("I", "II", "V1", "V2", "V3", "V4", "V5", "V6")
"""Leads of the Kors matrix, in the order of its columns."""

KORS = np.array(
    [
        [0.38, -0.07, -0.13, 0.05, -0.01, 0.14, 0.06, 0.54],
        [-0.07, 0.93, 0.06, -0.02, -0.05, 0.06, -0.17, 0.13],
        [0.11, -0.23, -0.43, -0.06, -0.14, -0.20, -0.11, 0.31],
    ]
)
"""Rows X (to the left), Y (downwards), Z (to the back). Kors et al., Eur Heart J 1990;11:1083–1092."""

EARLY_QRS_S = 0.040
INITIAL_QRS_S = 0.080


def vectorcardiogram(mv: NDArray[np.floating], *, leads: tuple[str, ...]) -> Floats:
    """X, Y and Z of the Kors matrix.

    Parameters
    ----------
    mv
        (record, lead, time), mV.
    leads
        Names along the lead axis; the eight of `VCG_LEADS` must be among them.

    Returns
    -------
    ndarray
        (record, 3, time), mV.
    """
    rows = [leads.index(lead) for lead in VCG_LEADS]
    return np.asarray(np.einsum("vl,rlt->rvt", KORS, mv[:, rows].astype(float)))


def frontal_axis(lead_i: Floats, *, avf: Floats) -> Floats:
    """Angle in the frontal plane from net areas (or amplitudes) of I and aVF, −180 < ° ≤ 180; aVF is scaled by 2/√3."""
    return np.degrees(np.arctan2(2.0 / math.sqrt(3.0) * avf, lead_i))


def angle_between(one: Floats, other: Floats) -> Floats:
    """Angle between vectors along the last axis, 0…180°; NaN where either has no length."""
    length = np.linalg.norm(one, axis=-1) * np.linalg.norm(other, axis=-1)
    cosine = (one * other).sum(axis=-1) / np.where(length > 0, length, np.nan)
    return np.degrees(np.arccos(np.clip(cosine, -1.0, 1.0)))


def measure_axes(block: Block, waves: Waves, *, sheet: Sheet, settings: BiomarkerSettings) -> None:
    """Write the frontal axes and the angle between QRS and T."""
    for column, field, missing in (
        ("P_AxisFront_Global", "p_area", "no P wave"),
        ("QRS_AxisFront_Global", "qrs_area", "wave not delimited"),
        ("T_AxisFront_Global", "t_area", "no T wave"),
    ):
        lead_i = pick(block, waves[..., F[field]], "I").astype(float)
        avf = pick(block, waves[..., F[field]], "aVF").astype(float)
        short = np.hypot(lead_i, 2.0 / math.sqrt(3.0) * avf) < settings.axis_floor_mv_ms
        causes: Causes = (*lacking(block, ("I", "aVF")), (short, "axis indeterminate"))
        axis = frontal_axis(lead_i, avf=avf)
        sheet.put(column, axis, causes=causes, otherwise=missing, count=block.template_beats)
    _measure_initial_axis(block, waves, sheet=sheet, settings=settings)
    qrs, t = sheet.get("QRS_AxisFront_Global"), sheet.get("T_AxisFront_Global")
    wrapped = np.abs((qrs - t + 180.0) % 360.0 - 180.0)
    causes = sheet.inherit(["QRS_AxisFront_Global", "T_AxisFront_Global"])
    sheet.put("QRST_AngleFront_Global", wrapped, causes=causes, count=block.template_beats)


def _measure_initial_axis(block: Block, waves: Waves, *, sheet: Sheet, settings: BiomarkerSettings) -> None:
    """Write the axis of the first 80 ms: in right bundle-branch block those are the left ventricle's alone."""
    onset = block.template_global[:, M["qrs_on"]]
    until = np.minimum(onset + INITIAL_QRS_S, block.template_global[:, M["qrs_off"]])
    within = (block.offset_s >= onset[:, None]) & (block.offset_s <= until[:, None])
    area = np.full((2, block.size), np.nan)
    for row, lead in enumerate(("I", "aVF")):
        place = block.lead(lead)
        if place is not None:
            above = block.template[:, place] - waves[:, place, F["level"]][:, None]
            area[row] = np.where(within, above, 0.0).sum(axis=1) * 1000.0 / block.template_rate
    area[:, ~within.any(axis=1)] = np.nan
    short = np.hypot(area[0], 2.0 / math.sqrt(3.0) * area[1]) < settings.axis_floor_mv_ms
    causes: Causes = (*lacking(block, ("I", "aVF")), (short, "axis indeterminate"))
    axis = frontal_axis(area[0], avf=area[1])
    sheet.put("QRS_AxisInitial_Global", axis, causes=causes, count=block.template_beats)


def measure_vectors(block: Block, waves: Waves, *, sheet: Sheet) -> None:
    """Write what needs the vectorcardiogram, and what compares leads sample by sample."""
    level = waves[..., F["level"]]
    above = block.template - level[..., None]
    _measure_consistency(block, above, sheet=sheet)
    _measure_delta(block, above, sheet=sheet)
    causes = lacking(block, VCG_LEADS)
    if any(block.lead(lead) is None for lead in VCG_LEADS):
        vcg = np.full((block.size, 3, len(block.offset_s)), np.nan)
    else:
        vcg = vectorcardiogram(above, leads=block.leads)
    _measure_loops(block, vcg, causes, sheet=sheet)
    _measure_t_shape(block, above, causes, sheet=sheet)


def _measure_loops(block: Block, vcg: Floats, causes: Causes, *, sheet: Sheet) -> None:
    step_ms = 1000.0 / block.template_rate
    qrs, t = window(block, "qrs_on", "qrs_off"), window(block, "t_on", "t_off")
    late = window(block, "qrs_off", "t_off")
    whole = window(block, "qrs_on", "t_off")
    length = np.linalg.norm(vcg, axis=1)
    qrs_peak, t_peak = _largest(length, qrs), _largest(length, t)
    no_t: Causes = (*causes, (_empty(whole), "no T wave"), (_empty(t), "no T wave"))

    def put(column: str, value: Floats, *, why: Causes) -> None:
        sheet.put(column, value, causes=why, count=block.template_beats)

    put("QRS_VectorMag_Global", _take(length, qrs_peak), why=causes)
    put("T_VectorMag_Global", _take(length, t_peak), why=no_t)
    angle = angle_between(_take(vcg, qrs_peak), _take(vcg, t_peak))
    put("QRST_AngleSpatialPeak_Global", angle, why=no_t)
    put("QRST_AngleSpatial_Global", angle_between(_area(vcg, qrs, step_ms), _area(vcg, late, step_ms)), why=no_t)
    gradient = _area(vcg, whole, step_ms)
    put("VG_Mag_Global", np.linalg.norm(gradient, axis=1), why=no_t)
    put("VG_Azimuth_Global", np.degrees(np.arctan2(gradient[:, 2], gradient[:, 0])), why=no_t)
    flat = np.hypot(gradient[:, 0], gradient[:, 2])
    put("VG_Elevation_Global", np.degrees(np.arctan2(gradient[:, 1], flat)), why=no_t)
    put("SAI_QRST_Global", _area(np.abs(vcg), whole, step_ms).sum(axis=1), why=no_t)
    put("ST_VectorMag_Global", np.linalg.norm(_at(block, vcg, "qrs_off"), axis=1), why=causes)


def _measure_t_shape(block: Block, above: NDArray[np.floating], causes: Causes, *, sheet: Sheet) -> None:
    t = window(block, "t_on", "t_off")
    ratio = np.full(block.size, np.nan)
    rows = [at for at in map(block.lead, VCG_LEADS) if at is not None]
    own = np.where(t[:, None], above[:, rows], 0.0).astype(float)
    able = t.any(axis=1) & np.isfinite(own).all(axis=(1, 2)) & (len(rows) == len(VCG_LEADS))
    if able.any():
        # second moments about the PR level: a T that is one shape in every lead has ratio 0
        values = np.linalg.eigvalsh(own[able] @ own[able].transpose(0, 2, 1))
        ratio[able] = np.maximum(values[:, -2], 0.0) / np.where(values[:, -1] > 0, values[:, -1], np.nan)
    sheet.put("T_PCA_Ratio_Global", ratio, causes=causes, otherwise="no T wave", count=block.template_beats)


def _measure_consistency(block: Block, above: NDArray[np.floating], *, sheet: Sheet) -> None:
    value = np.full(block.size, np.nan)
    at = [block.lead(lead) for lead in ("I", "II", "III")]
    if None not in at:
        i, ii, iii = (above[:, lead].astype(float) for lead in at)
        square = (i + iii - ii) ** 2
        count = np.isfinite(square).sum(axis=1)
        value = np.sqrt(np.nansum(square, axis=1) / np.where(count > 0, count, np.nan))
    sheet.put("LimbConsistency_Global", value, causes=lacking(block, ("I", "II", "III")), count=block.template_beats)


def _measure_delta(block: Block, above: NDArray[np.floating], *, sheet: Sheet) -> None:
    usable = ~block.lead_unusable
    steady = np.where(usable[..., None], np.nan_to_num(above), 0.0)
    reach = max(1, round(0.003 * block.template_rate))
    slope = np.zeros_like(steady)
    slope[..., reach:-reach] = steady[..., 2 * reach :] - steady[..., : -2 * reach]
    speed = np.sqrt((slope**2).sum(axis=1))
    qrs = window(block, "qrs_on", "qrs_off")
    offset = block.offset_s[None]
    early = qrs & (offset <= block.template_global[:, [M["qrs_on"]]] + EARLY_QRS_S)
    samples = early.sum(axis=1)
    mean = np.where(early, speed, 0.0).sum(axis=1) / np.where(samples > 0, samples, np.nan)
    top = np.where(qrs, speed, 0.0).max(axis=1)
    value = mean / np.where(top > 0, top, np.nan)
    causes: Causes = ((block.no_beats, "no beats"), (_empty(usable), "lead unusable"))
    sheet.put("Delta_Index_Global", value, causes=causes, count=block.template_beats)


def window(block: Block, start: str, stop: str) -> Bools:
    """Samples of the representative beat between two global marks, both included, (R, O)."""
    half = 0.5 / block.template_rate
    first, last = block.template_global[:, [M[start]]], block.template_global[:, [M[stop]]]
    offset = block.offset_s[None]
    return np.asarray((offset >= first - half + 1e-9) & (offset <= last + half - 1e-9))


def _empty(inside: Bools) -> Bools:
    return np.asarray(~inside.any(axis=1))


def _area(curve: Floats, inside: Bools, step_ms: float) -> Floats:
    kept = np.where(inside[:, None], curve, 0.0)
    # trapezoid: the two end samples count half
    first, last = inside.argmax(axis=1), inside.shape[1] - 1 - inside[:, ::-1].argmax(axis=1)
    ends = 0.5 * (_take(kept, first) + _take(kept, last))
    return np.asarray((kept.sum(axis=-1) - ends) * step_ms)


def _largest(length: Floats, inside: Bools) -> NDArray[np.intp]:
    return np.where(inside & np.isfinite(length), length, -1.0).argmax(axis=1)


def _take(curve: Floats, at: NDArray[np.intp]) -> Floats:
    return np.asarray(curve[np.arange(len(at)), ..., at])


def _at(block: Block, curve: Floats, mark: str) -> Floats:
    position = (block.template_global[:, M[mark]] - block.offset_s[0]) * block.template_rate
    nearest = np.clip(np.nan_to_num(np.round(position)), 0, curve.shape[-1] - 1).astype(int)
    return np.where(np.isfinite(position)[:, None], _take(curve, nearest), np.nan)
