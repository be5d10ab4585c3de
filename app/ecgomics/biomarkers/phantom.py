"""The ECG phantom: a digital recording whose every wave is a formula, and the values that follow from the formulas.

It is to this room what the digital phantoms of the image biomarker standardisation initiative are to radiomics: a
fixed input with reference values that any program can be checked against. The values follow from the coefficients
below by closed formulas, not by the code that measures.

Time runs from the R peak, s. Every lead is a sum of the same shapes with its own coefficients (mV):

=========  =====================  ==============================================================
shape      support, s             form
=========  =====================  ==============================================================
p          −0.200 … −0.088        raised cosine ½(1 + cos), top 1 at −0.144
p1, p2     −0.200 … −0.144 …      half sines: the two phases of a biphasic P
q          −0.040 … −0.016        half sine
r          −0.016 … 0.016         half sine, top at 0
s          0.016 … 0.048          half sine
r2         0.048 … 0.088          half sine (only where the QRS is wide)
st         J … 0.360              1 from J to T onset, then a straight line to 0 at T offset
t          0.160 … 0.360          raised cosine, top at 0.260
=========  =====================  ==============================================================

A half sine of height A and length D has the area 2AD/π, a raised cosine AD/2.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

import numpy as np
import xarray as xr
from numpy.typing import NDArray

from ecgomics.vocabulary import BEAT_CLASSES, LEADS, MARKS
from ecgomics.waves.beats import Beats

P_ON, P_MIDDLE, P_OFF = -0.200, -0.144, -0.088
QRS_ON, Q_END, R_END, S_END, R2_END = -0.040, -0.016, 0.016, 0.048, 0.088
T_ON, T_PEAK, T_OFF = 0.160, 0.260, 0.360
OFFSET_FROM, OFFSET_TO = -0.300, 0.500
WIDE_S = 0.140

Shapes = ("p", "p1", "p2", "q", "r", "s", "r2", "st", "t")
Coefficients = Mapping[str, Mapping[str, float]]

NORMAL: Coefficients = {
    "I": {"p": 0.08, "q": -0.04, "r": 0.70, "s": -0.10, "t": 0.20},
    "II": {"p": 0.15, "q": -0.06, "r": 1.10, "s": -0.14, "t": 0.30},
    "V1": {"p1": 0.06, "p2": -0.05, "r": 0.20, "s": -0.90, "st": 0.03, "t": -0.06},
    "V2": {"p": 0.06, "r": 0.40, "s": -1.40, "st": 0.08, "t": 0.50},
    "V3": {"p": 0.06, "r": 0.70, "s": -0.80, "st": 0.06, "t": 0.55},
    "V4": {"p": 0.06, "q": -0.05, "r": 1.40, "s": -0.40, "st": 0.02, "t": 0.45},
    "V5": {"p": 0.06, "q": -0.08, "r": 1.30, "s": -0.20, "t": 0.35},
    "V6": {"p": 0.06, "q": -0.08, "r": 1.00, "s": -0.10, "st": -0.02, "t": 0.25},
}
"""Coefficients of the independent leads of a normal beat, mV; the other limb leads follow from I and II."""

RIGHT_BLOCK: Coefficients = {
    **NORMAL,
    "I": {"p": 0.08, "q": -0.04, "r": 0.70, "s": -0.10, "r2": -0.16, "t": 0.20},
    "V1": {"p1": 0.06, "p2": -0.05, "r": 0.20, "s": -0.50, "r2": 0.80, "st": -0.06, "t": -0.25},
    "V2": {"p": 0.06, "r": 0.30, "s": -0.60, "r2": 0.60, "t": -0.15},
    "V6": {"p": 0.06, "q": -0.08, "r": 1.00, "s": -0.10, "r2": -0.30, "t": 0.25},
}
"""The same with a late rightward force: rsR′ in V1, QRS 128 ms."""


@dataclass(frozen=True)
class Phantom:
    """A phantom: signal, beats, subject, and the coefficients of all twelve leads (lead → shape → mV)."""

    ecg: xr.DataArray
    beats: Beats
    subjects: xr.Dataset
    coefficients: Coefficients

    def classed(self, kinds: NDArray[np.integer]) -> Phantom:
        """The phantom with its beats given classes (beat,), the ventricular ones marked as 140 ms wide."""
        ragged = self.beats.beats
        marks = ragged["marks"].values.copy()
        wide = kinds == BEAT_CLASSES.index("ventricular")
        marks[wide, MARKS.index("qrs_off")] = marks[wide, MARKS.index("qrs_on")] + WIDE_S
        changed = ragged.assign(beat_class=("beat", kinds.astype(np.int8)), marks=(("beat", "mark"), marks))
        return replace(self, beats=replace(self.beats, beats=changed))


def phantom(
    coefficients: Coefficients = NORMAL,
    *,
    rr_s: Sequence[float] = (0.8,) * 11,
    gains: Sequence[float] | None = None,
    rate_hz: float = 500.0,
    start_s: float = 0.5,
    level_mv: float = 0.0,
    record: str = "phantom",
    age: float = 50.0,
    sex: str = "M",
) -> Phantom:
    """Build a phantom.

    Parameters
    ----------
    coefficients
        Of the leads I, II and V1 to V6, mV by shape.
    rr_s
        Intervals between the beats, s; one beat more than intervals.
    gains
        Factor of each beat; all 1 when not given. The representative beat has factor 1.
    rate_hz
        Sampling rate, Hz. The marks fall on samples at 250, 500 and 1000 Hz.
    start_s
        Time of the first R peak, s.
    level_mv
        Constant added to every lead, mV.
    record, age, sex
        Id and subject.

    Returns
    -------
    Phantom
    """
    full = twelve(coefficients)
    wide = any(values.get("r2", 0.0) for values in full.values())
    r_s = start_s + np.concatenate([[0.0], np.cumsum(np.asarray(rr_s, dtype=float))])
    factors = np.ones(len(r_s)) if gains is None else np.asarray(gains, dtype=float)
    time = np.arange(round((r_s[-1] + 0.7) * rate_hz)) / rate_hz
    signal = np.full((len(LEADS), len(time)), level_mv)
    for at, factor in zip(r_s, factors, strict=True):
        near = slice(max(round((at + OFFSET_FROM) * rate_hz), 0), round((at + OFFSET_TO) * rate_hz))
        signal[:, near] += factor * _beat(time[near] - at, full, wide=wide)
    ecg = xr.DataArray(
        signal[None].astype(np.float32),
        dims=("record", "lead", "time"),
        coords={"record": [record], "lead": list(LEADS)},
        attrs={"rate_hz": rate_hz},
    )
    offset = np.arange(round(OFFSET_FROM * rate_hz), round(OFFSET_TO * rate_hz) + 1) / rate_hz
    beat = level_mv + _beat(offset, full, wide=wide)
    subjects = xr.Dataset(
        {"age": ("record", np.array([age], dtype=np.float32)), "sex": ("record", [sex])}, coords={"record": [record]}
    )
    return Phantom(
        ecg=ecg, beats=_beats(r_s, offset, beat, record=record, wide=wide), subjects=subjects, coefficients=full
    )


def twelve(coefficients: Coefficients) -> dict[str, dict[str, float]]:
    """Coefficients of all twelve leads: III, aVR, aVL and aVF by Einthoven and Goldberger."""

    def mix(i: float, ii: float) -> dict[str, float]:
        one, two = coefficients["I"], coefficients["II"]
        return {shape: i * one.get(shape, 0.0) + ii * two.get(shape, 0.0) for shape in Shapes}

    derived = {"III": mix(-1, 1), "aVR": mix(-0.5, -0.5), "aVL": mix(1, -0.5), "aVF": mix(-0.5, 1)}
    return {lead: dict(derived.get(lead) or coefficients[lead]) for lead in LEADS}


def marks_s(*, wide: bool) -> dict[str, float]:
    """The marks of every lead and of the whole, s from the R peak."""
    return {
        "p_on": P_ON,
        "p_peak": P_MIDDLE,
        "p_off": P_OFF,
        "qrs_on": QRS_ON,
        "q_peak": (QRS_ON + Q_END) / 2,
        "r_peak": 0.0,
        "s_peak": (R_END + S_END) / 2,
        "qrs_off": R2_END if wide else S_END,
        "t_on": T_ON,
        "t_peak": T_PEAK,
        "t_off": T_OFF,
    }


def _beat(t: NDArray[np.float64], coefficients: Coefficients, *, wide: bool) -> NDArray[np.float64]:
    j = R2_END if wide else S_END
    plateau = np.clip((T_OFF - t) / (T_OFF - T_ON), 0.0, 1.0) * (t >= j - 1e-9)
    shapes = {
        "p": _raised(t, P_ON, P_OFF),
        "p1": _half(t, P_ON, P_MIDDLE),
        "p2": _half(t, P_MIDDLE, P_OFF),
        "q": _half(t, QRS_ON, Q_END),
        "r": _half(t, Q_END, R_END),
        "s": _half(t, R_END, S_END),
        "r2": _half(t, S_END, R2_END),
        "st": plateau,
        "t": _raised(t, T_ON, T_OFF),
    }
    return np.stack(
        [sum(value * shapes[shape] for shape, value in coefficients[lead].items()) + 0.0 * t for lead in LEADS]
    )


def _half(t: NDArray[np.float64], start: float, stop: float) -> NDArray[np.float64]:
    inside = (t > start) & (t < stop)
    return np.where(inside, np.sin(math.pi * (t - start) / (stop - start)), 0.0)


def _raised(t: NDArray[np.float64], start: float, stop: float) -> NDArray[np.float64]:
    inside = (t > start) & (t < stop)
    return np.where(inside, 0.5 - 0.5 * np.cos(2.0 * math.pi * (t - start) / (stop - start)), 0.0)


def _beats(
    r_s: NDArray[np.float64], offset: NDArray[np.float64], beat: NDArray[np.float64], *, record: str, wide: bool
) -> Beats:
    given = marks_s(wide=wide)
    relative = np.array([given[mark] for mark in MARKS])
    marks = r_s[:, None] + relative
    count, leads = len(r_s), len(LEADS)
    named = {"lead": list(LEADS), "mark": list(MARKS)}
    ragged = xr.Dataset(
        {
            "r_s": ("beat", r_s),
            "rr_s": ("beat", np.concatenate([[np.nan], np.diff(r_s)])),
            "beat_class": ("beat", np.zeros(count, dtype=np.int8)),
            "beat_quality": ("beat", np.ones(count, dtype=np.float32)),
            "marks": (("beat", "mark"), marks),
            "lead_marks": (("beat", "lead", "mark"), np.repeat(marks[:, None], leads, axis=1)),
        },
        coords={"beat_record": ("beat", np.full(count, record)), **named},
    )
    template = xr.Dataset(
        {
            "beat_mv": (("record", "lead", "offset"), beat[None].astype(np.float32)),
            "template_marks": (("record", "lead", "mark"), np.tile(relative, (1, leads, 1))),
            "template_global": (("record", "mark"), relative[None]),
            "template_class": ("record", np.zeros(1, dtype=np.int8)),
            "template_beats": ("record", np.array([count], dtype=np.int32)),
        },
        coords={"record": [record], "offset": offset, **named},
    )
    quality = xr.Dataset(
        {
            "lead_quality": (("record", "lead"), np.ones((1, leads), dtype=np.float32)),
            "lead_flags": (("record", "lead"), np.zeros((1, leads), dtype=np.uint16)),
            "record_quality": ("record", np.ones(1, dtype=np.float32)),
            "usable": ("record", np.ones(1, dtype=np.float32)),
            "pace_spikes": ("record", np.zeros(1, dtype=np.int32)),
        },
        coords={"record": [record], "lead": list(LEADS)},
    )
    return Beats(beats=ragged, template=template, quality=quality)
