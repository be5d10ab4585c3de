"""neurokit2 behind the same call: its R peaks and per-lead marks, agreed and completed as ours are."""

from __future__ import annotations

import warnings
from typing import Any

import numpy as np
import numpy.typing as npt

from ecgomics.vocabulary import MARKS
from ecgomics.waves.conditioning import conditioned
from ecgomics.waves.decoding import middle
from ecgomics.waves.detection import Block, Bounds, Floats, Piece, agreement_of, completed, mark_spiked, prepared
from ecgomics.waves.found import Found
from ecgomics.waves.spikes import telling

DELINEATORS = ("prominence", "dwt", "cwt", "peak")
BOUNDS = {
    "p_on": "ECG_P_Onsets",
    "p_off": "ECG_P_Offsets",
    "qrs_on": "ECG_R_Onsets",
    "qrs_off": "ECG_R_Offsets",
    "t_on": "ECG_T_Onsets",
    "t_off": "ECG_T_Offsets",
}
SAME_BEAT_S = 0.15
QRS_ON, QRS_OFF = MARKS.index("qrs_on"), MARKS.index("qrs_off")


def detect_with_neurokit(values: Block, *, rate: float, delineator: str = "prominence") -> Piece:
    """Beats of a block (row, lead, time) by neurokit2's own cleaning, R peaks and delineation of each lead.

    Beats are those of the lead of best quality; the other leads' marks are joined to them within 150 ms. Leads that
    neurokit2 cannot process are left without marks.
    """
    raw, signal, survey, spikes = prepared(values, rate=rate)
    inputs = conditioned(raw, rate=rate)
    found = []
    for i in range(len(values)):
        weights = survey.score[i]
        by_lead = [
            lead_marks(signal[i, lead], rate=rate, delineator=delineator) if weights[lead] > 0 else None
            for lead in range(values.shape[1])
        ]
        joined = _joined(by_lead, weights=weights, signal=signal[i], inputs=inputs[i], rate=rate)
        spikes[i] = telling(spikes[i], onsets=joined.marks[:, QRS_ON], offsets=joined.marks[:, QRS_OFF])
        found.append(mark_spiked(joined, spikes=spikes[i]))
    agreement = np.stack([agreement_of(one, peaks=one.r) if len(one.r) else np.zeros(values.shape[1]) for one in found])
    return Piece(found, survey=survey, agreement=agreement, spikes=spikes, signal=signal)


def lead_marks(lead: npt.NDArray[np.float32], *, rate: float, delineator: str) -> Floats | None:
    """Marks (beat, mark) in s of one lead; None where neurokit2 fails on it."""
    import neurokit2

    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            clean = neurokit2.ecg_clean(lead.astype(np.float64), sampling_rate=round(rate))
            _, info = neurokit2.ecg_peaks(clean, sampling_rate=round(rate))
            peaks = np.asarray(info["ECG_R_Peaks"], dtype=float)
            if len(peaks) < 2:
                return None
            _, waves = neurokit2.ecg_delineate(clean, peaks.astype(int), sampling_rate=round(rate), method=delineator)
    except (ValueError, IndexError, TypeError, KeyError, ZeroDivisionError, AttributeError):
        # neurokit2 raises many kinds on leads it cannot handle; such a lead simply has no marks
        return None
    out = np.full((len(peaks), len(MARKS)), np.nan)
    out[:, MARKS.index("r_peak")] = peaks / rate
    for mark, name in BOUNDS.items():
        out[:, MARKS.index(mark)] = _column(waves.get(name), count=len(peaks)) / rate
    return _paired(out)


def _column(values: Any, *, count: int) -> Floats:
    """Samples as floats, one a beat; NaN where neurokit2 gives fewer."""
    given = np.asarray(values if values is not None else [], dtype=float).ravel()[:count]
    return np.concatenate([given, np.full(count - len(given), np.nan)])


def _paired(marks: Floats) -> Floats:
    """Leave out waves of which one bound is missing or that lie the wrong way round."""
    for wave in ("p", "qrs", "t"):
        on, off = MARKS.index(f"{wave}_on"), MARKS.index(f"{wave}_off")
        bad = ~(marks[:, on] < marks[:, off])
        marks[bad, on] = marks[bad, off] = np.nan
    return marks


def _joined(
    by_lead: list[Floats | None], *, weights: npt.NDArray[np.float32], signal: Block, inputs: Block, rate: float
) -> Found:
    peak = MARKS.index("r_peak")
    usable = [i for i, marks in enumerate(by_lead) if marks is not None and len(marks)]
    leader = max(usable, key=lambda i: float(weights[i])) if usable else None
    chosen = by_lead[leader] if leader is not None else None
    beats = chosen[:, peak] if chosen is not None else np.empty(0)
    leads = np.full((len(beats), len(by_lead), len(MARKS)), np.nan)
    for lead in usable:
        marks = by_lead[lead]
        if marks is None:
            continue
        gap = np.abs(beats[:, None] - marks[None, :, peak])
        nearest = gap.argmin(axis=1)
        near = gap.min(axis=1) <= SAME_BEAT_S
        leads[near, lead] = marks[nearest[near]]
    # a QRS without bounds still has a place, so that no beat is lost
    on, off = MARKS.index("qrs_on"), MARKS.index("qrs_off")
    lost = np.isfinite(leads[:, :, peak]) & ~np.isfinite(leads[:, :, on])
    leads[:, :, on] = np.where(lost, leads[:, :, peak] - 0.04, leads[:, :, on])
    leads[:, :, off] = np.where(lost, leads[:, :, peak] + 0.04, leads[:, :, off])
    own = np.isfinite(leads[:, :, on])
    last = (signal.shape[1] - 1) / rate
    leads = np.clip(leads, 0, last)
    marks = np.full((len(beats), len(MARKS)), np.nan)
    for b, k in np.ndindex(*marks.shape):
        marks[b, k] = middle(leads[b, :, k])
    bounds = Bounds(marks, lead_marks=leads, own=own, certainty=np.ones(len(beats)))
    return completed(bounds, weights=weights, signal=signal, inputs=inputs, rate=rate)
