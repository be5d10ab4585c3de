"""Amplitudes and durations of a patient's noise-free beat, by the biomarkers' names: what `accept` clauses look at.

Read off the waves themselves, so it shares nothing with `ecgomics.waves` and `ecgomics.biomarkers`.
"""

from __future__ import annotations

from itertools import pairwise

import numpy as np

from ecgomics.simulate.electrolytes import with_electrolytes
from ecgomics.simulate.heart import STEP_S, Complex, Heart
from ecgomics.simulate.kernel import Array
from ecgomics.simulate.patient import VirtualPatient
from ecgomics.vocabulary import LEADS

_RUN_MV = 0.03
_NOTCH_MV = 0.02
_LATERAL = ("I", "aVL", "V5", "V6")


def landmarks(patient: VirtualPatient) -> dict[str, float]:
    """Measures of the conducted (or paced) beat: mV, ms, µ as the biomarker columns; signed Q, S, ST and T."""
    heart = Heart.of(with_electrolytes(patient))
    beat = heart.complexes[heart.leading]
    result: dict[str, float] = {}
    for lead, row in zip(LEADS, heart.field, strict=True):
        result |= {f"{name}_{lead}": value for name, value in _lead(row, beat).items()}
    if "sinus" in heart.atria:
        result |= _atrial(heart)
    return result | _sums(result, patient.sex)


def _lead(row: Array, beat: Complex) -> dict[str, float]:
    qrs = row @ beat.qrs.vector
    end = round(beat.at.j / STEP_S)
    total = row @ beat.ventricular.vector
    after = total[end : round(beat.at.t_off / STEP_S)]
    wave = qrs[: end + 1]
    runs = _runs(wave)
    upward = [run for run in runs if run[2] > 0]
    first = upward[0] if upward else None
    q = [run for run in runs if run[2] < 0 and (first is None or run[0] < first[0])]
    s = [run for run in runs if run[2] < 0 and first is not None and run[0] > first[0]]
    lowest_s = min(s, key=lambda run: run[2], default=None)
    return {
        "R_Amp": max((run[2] for run in upward), default=0.0),
        "R2_Amp": upward[1][2] if len(upward) > 1 else 0.0,
        "Q_Amp": q[0][2] if q else 0.0,
        "Q_Dur": (q[0][1] - q[0][0]) * STEP_S * 1000 if q else 0.0,
        "S_Amp": lowest_s[2] if lowest_s else 0.0,
        "S_Dur": (lowest_s[1] - lowest_s[0]) * STEP_S * 1000 if lowest_s else 0.0,
        "R_PeakTime": _last_peak(wave) * STEP_S * 1000,
        "QRS_Notches": float(_notches(wave)),
        "QRS_PP": float(wave.max() - wave.min()),
        "ST_Amp": float(total[end]),
        "T_Amp": float((row @ beat.t.vector)[np.abs(row @ beat.t.vector).argmax()]) if after.size else 0.0,
    }


def _runs(wave: Array) -> list[tuple[int, int, float]]:
    """Stretches of one sign: first and last grid index and extreme, where it reaches `_RUN_MV`."""
    sign = np.sign(wave)
    edges = np.flatnonzero(np.diff(sign)) + 1
    parts = zip([0, *edges.tolist()], [*edges.tolist(), wave.size], strict=True)
    runs = [(a, b, float(wave[a:b][np.abs(wave[a:b]).argmax()])) for a, b in parts]
    return [run for run in runs if abs(run[2]) >= _RUN_MV]


def _turns(wave: Array) -> tuple[list[int], list[int]]:
    """Grid indices of local maxima above zero and of local minima."""
    slope = np.sign(np.diff(wave))
    up_down = np.flatnonzero((slope[:-1] > 0) & (slope[1:] <= 0)) + 1
    down_up = np.flatnonzero((slope[:-1] < 0) & (slope[1:] >= 0)) + 1
    return [int(k) for k in up_down if wave[k] > _RUN_MV], [int(k) for k in down_up]


def _last_peak(wave: Array) -> int:
    """The last maximum that stands out by `_NOTCH_MV` and half of the highest."""
    tops, _ = _turns(wave)
    high = [k for k in tops if wave[k] >= 0.5 * wave.max()]
    return high[-1] if high else int(wave.argmax())


def _notches(wave: Array) -> int:
    """Dips of at least `_NOTCH_MV` between two maxima."""
    tops, dips = _turns(wave)
    return sum(any(min(wave[a], wave[b]) - wave[k] >= _NOTCH_MV for k in dips if a < k < b) for a, b in pairwise(tops))


def _atrial(heart: Heart) -> dict[str, float]:
    p = heart.atrial_field @ heart.atria["sinus"].vector
    v1 = p[LEADS.index("V1")]
    positive = np.flatnonzero(v1 > 0)
    tail = v1[positive[0] if positive.size else 0 :]
    terminal = np.minimum(tail, 0)
    width_ms = float((terminal < -0.005).sum() * STEP_S * 1000)
    heights = {f"P_Amp_{lead}": float(p[LEADS.index(lead)].max()) for lead in ("II", "V1", "V2")}
    return heights | {"PTF_V1": float(terminal.min()) * width_ms}


def _sums(at: dict[str, float], sex: str) -> dict[str, float]:
    chest, limb = LEADS[6:], LEADS[:6]
    others = [lead for lead in LEADS if lead not in ("V2", "V3", "aVR")]
    # a wide q in III or aVL alone belongs to many healthy hearts
    lone = ("aVR", "III", "aVL", "V1")
    wide_q = [-at[f"Q_Amp_{lead}"] for lead in LEADS if lead not in lone and at[f"Q_Dur_{lead}"] >= 28]
    deepest_s = max(-min(at[f"S_Amp_{lead}"], at[f"Q_Amp_{lead}"]) for lead in chest)
    down = {lead: -min(at[f"S_Amp_{lead}"], at[f"Q_Amp_{lead}"]) for lead in chest}
    return {
        "Sokolow_Global": down["V1"] + max(at["R_Amp_V5"], at["R_Amp_V6"]),
        "Cornell_Global": at["R_Amp_aVL"] + down["V3"],
        "Peguero_Global": deepest_s + down["V4"],
        "QRS_MaxLimb_Global": max(at[f"QRS_PP_{lead}"] for lead in limb),
        "QRS_MaxChest_Global": max(at[f"QRS_PP_{lead}"] for lead in chest),
        "RS_Ratio_V1": at["R_Amp_V1"] / max(down["V1"], 1e-3),
        "RS_Ratio_V2": at["R_Amp_V2"] / max(down["V2"], 1e-3),
        "Q_Largest": max(wide_q, default=0.0),
        "Q_Lateral": max(-at[f"Q_Amp_{lead}"] for lead in ("I", "V5", "V6")),
        "QRS_NotchedLateral": float(sum(at[f"QRS_Notches_{lead}"] > 0 for lead in _LATERAL)),
        "ST_Highest": max(at[f"ST_Amp_{lead}"] for lead in others),
        "ST_Highest_V2V3": max(at["ST_Amp_V2"], at["ST_Amp_V3"]),
        "ST_Lowest": min(at[f"ST_Amp_{lead}"] for lead in LEADS if lead != "aVR"),
    }
