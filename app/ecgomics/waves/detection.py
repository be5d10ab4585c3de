"""A block of records, or of windows of one record, to beats and marks by the network."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from ecgomics.vocabulary import LEADS, MARKS
from ecgomics.waves.components import fill_peaks, in_order
from ecgomics.waves.conditioning import conditioned
from ecgomics.waves.decoding import across_leads, consensus, global_peaks, in_leads, joint_peak, steadied
from ecgomics.waves.filtering import measured
from ecgomics.waves.found import Found
from ecgomics.waves.kernels import NETWORK_HZ
from ecgomics.waves.quality import Survey, surveyed
from ecgomics.waves.rhythm import without_false_p
from ecgomics.waves.rpeaks import peaks_of
from ecgomics.waves.spikes import begun_after, led_by_spike, pacing_spikes, telling

LIMITS = np.array([[0.024, 0.5, 0.0], [0.028, 0.6, 0.2], [0.060, 0.6, 0.0]])
"""Least area in s and least peak of P, QRS and T in the leads' mean; refractory time of the QRS in s."""
ON_OFF = np.array([[MARKS.index(f"{wave}_{side}") for side in ("on", "off")] for wave in ("p", "qrs", "t")])
QRS_ON, R_PEAK, QRS_OFF = (MARKS.index(name) for name in ("qrs_on", "r_peak", "qrs_off"))
AGREEMENT_S = 0.15
ALIKE_S = 0.025
"""Beats whose QRS is as wide as usual within this are of one kind where boundaries are concerned."""
HIGHEST_MV = 1e4
"""Values beyond this are no voltage of a heart; they are cut so that nothing overflows."""
LEAST_QRS_MV = 0.04
"""A complex that is lower than this in every lead is no heartbeat; low voltage begins below 0.5 mV."""
SHAPE = np.arange(-0.06, 0.081, 0.008)
"""Where the QRS is sampled for comparing beats, s from R."""

Block = npt.NDArray[np.float32]
Floats = npt.NDArray[np.float64]


@dataclass(frozen=True)
class Piece:
    """A block after detection.

    Parameters
    ----------
    found
        Beats of each row.
    survey
        Quality of the rows.
    agreement
        (row, lead) share of the beats that the lead shows and that a second detector finds, 0–1.
    spikes
        Pacing spikes of each row, s.
    signal
        (row, lead, time) the measurement path, gaps bridged.
    """

    found: list[Found]
    survey: Survey
    agreement: Floats
    spikes: list[Floats]
    signal: Block


def within_reason(values: Block) -> Block:
    """The same without infinities and without values beyond `HIGHEST_MV`; itself where it holds none."""
    if values.size and values.min() >= -HIGHEST_MV and values.max() <= HIGHEST_MV:
        return values
    return np.clip(np.where(np.isfinite(values), values, np.float32(np.nan)), -HIGHEST_MV, HIGHEST_MV)


def prepared(values: Block, *, rate: float) -> tuple[Block, Block, Survey, list[Floats]]:
    """Cleaned raw values, measurement signal, quality and pacing spikes of a block (row, lead, time)."""
    raw = within_reason(values)
    signal, mains = measured(raw, rate=rate)
    return raw, signal, surveyed(raw, rate=rate, mains=mains), [pacing_spikes(row, rate=rate) for row in raw]


def detect(values: Block, *, rate: float, precision: str = "auto") -> Piece:
    """Beats of a block (row, lead, time) in mV, NaN where missing."""
    from ecgomics.waves.inference import probabilities
    from ecgomics.waves.network import fastest_precision, shipped

    raw, signal, survey, spikes = prepared(values, rate=rate)
    network = shipped(fastest_precision() if precision == "auto" else precision)
    inputs = conditioned(raw, rate=rate)
    inputs[~survey.present] = 0
    share = probabilities(inputs, present=survey.present, network=network)
    cells_hz = NETWORK_HZ / network.architecture.stem
    found = []
    for i in range(len(values)):
        spans = _decoded(share[i], weights=survey.score[i], last=(signal.shape[2] - 1) / rate, cells_hz=cells_hz)
        spikes[i] = _after_spikes(spans, spikes=spikes[i])
        found.append(completed(spans, weights=survey.score[i], signal=signal[i], inputs=inputs[i], rate=rate))
    found = [without_false_p(mark_spiked(one, spikes=spikes[i])) for i, one in enumerate(found)]
    agreement = np.stack(
        [
            agreement_of(one, peaks=peaks_of(_chosen(raw[i], survey.present[i]), rate=rate))
            if len(one.r)
            else np.zeros(values.shape[1])
            for i, one in enumerate(found)
        ]
    )
    return Piece(found, survey=survey, agreement=agreement, spikes=spikes, signal=signal)


def _chosen(leads: Block, present: npt.NDArray[np.bool_]) -> Block:
    """The leads that are present, without a copy where all are."""
    return leads if present.all() else leads[present]


@dataclass(frozen=True)
class Bounds:
    """Boundaries of the waves of one record's beats, before their peaks are looked for; s, NaN where there is no wave.

    `marks` (beat, mark) global, `lead_marks` (beat, lead, mark); `own` (beat, lead) leads that show the QRS themselves;
    `certainty` (beat) of the QRS.
    """

    marks: Floats
    lead_marks: Floats
    own: npt.NDArray[np.bool_]
    certainty: Floats


def _decoded(share: Block, *, weights: npt.NDArray[np.float32], last: float, cells_hz: float) -> Bounds:
    """Boundaries in one record, `last` s long, from its probabilities (lead, 3, cell)."""
    leads, _, cells = share.shape
    agreed = np.full((int(cells / cells_hz / 0.2) + 2, 3, 4), np.nan)
    count = consensus(agreed_share(share, weights=weights), cells_hz, LIMITS, agreed) if weights.any() else 0
    agreed = agreed[:count]
    spans = np.empty((count, leads, 3, 2))
    in_leads(share, weights, agreed, cells_hz, spans)
    own = np.isfinite(spans[:, :, 1, 0])
    joint = np.empty((count, 3, 2))
    across_leads(spans, agreed, weights, joint)
    steadied(spans, joint, ALIKE_S * cells_hz)
    # a cell's value belongs to its middle
    lag = 0.5 / cells_hz - 0.5 / NETWORK_HZ
    lead_marks = np.full((count, leads, len(MARKS)), np.nan)
    lead_marks[:, :, ON_OFF] = np.clip(spans / cells_hz + lag, 0, last)
    marks = np.full((count, len(MARKS)), np.nan)
    marks[:, ON_OFF] = np.clip(joint / cells_hz + lag, 0, last)
    return Bounds(marks, lead_marks=lead_marks, own=own, certainty=agreed[:, 1, 3])


def _after_spikes(bounds: Bounds, *, spikes: Floats) -> Floats:
    """The spikes that pace; a QRS that seems to begin before its own begins after it, in `bounds`."""
    onsets = bounds.marks[:, QRS_ON].copy()
    pacing = telling(spikes, onsets=onsets, offsets=bounds.marks[:, QRS_OFF])
    for begins in (bounds.marks[:, QRS_ON], bounds.lead_marks[:, :, QRS_ON]):
        begun_after(pacing, onsets=begins, limit=onsets)
    return pacing


def agreed_share(share: Block, *, weights: npt.NDArray[np.float32]) -> Block:
    """The leads' mean probability (3, cell) of (lead, 3, cell); with few leads, a QRS seen by one of them counts more.

    Of two leads one may show no QRS at all; of twelve, one that alone shows a QRS is wrong.
    """
    weights = weights / weights.sum()
    mean = np.tensordot(weights, share, axes=1)
    seen = np.count_nonzero(weights)
    if seen < len(LEADS):
        qrs = share[:, 1]
        keen = np.tensordot(weights, qrs * qrs, axes=1) / np.maximum(mean[1], 1e-6)
        mean[1] += (keen - mean[1]) / seen
    return np.asarray(mean, dtype=np.float32)


def completed(
    bounds: Bounds,
    *,
    weights: npt.NDArray[np.float32],
    signal: Block,
    inputs: Block,
    rate: float,
) -> Found:
    """Add peaks and shapes to the boundaries of a record's beats, whose arrays are filled in place.

    The network sees shapes only: what it finds in the hiss of electrodes that touch nobody is left out by its height.
    """
    marks, lead_marks = bounds.marks, bounds.lead_marks
    last = (signal.shape[1] - 1) / rate
    fill_peaks(signal, rate, lead_marks)
    r, heights = np.empty(len(marks)), np.empty(len(marks))
    joint_peak(signal, weights, rate, np.ascontiguousarray(marks[:, [QRS_ON, QRS_OFF]]), r, heights)
    in_order(lead_marks.reshape(-1, len(MARKS)), last)
    global_peaks(lead_marks, r, marks)
    in_order(marks, last)
    r = marks[:, R_PEAK].copy()
    at = np.clip(np.round((r[:, None] + SHAPE) * NETWORK_HZ).astype(int), 0, inputs.shape[1] - 1)
    shape = (inputs[:, at] * weights[:, None, None]).transpose(1, 0, 2)
    shape = (shape - shape.mean(-1, keepdims=True)).reshape(len(r), inputs.shape[0] * SHAPE.size)
    shape /= np.maximum(np.linalg.norm(shape, axis=1, keepdims=True), 1e-6)
    found = Found(
        r=r,
        marks=marks,
        lead_marks=lead_marks,
        own=bounds.own.astype(np.float32),
        shape=shape.astype(np.float32),
        spiked=np.zeros(len(r), dtype=bool),
        certainty=bounds.certainty.astype(np.float32),
    )
    tall = heights >= LEAST_QRS_MV
    return found if tall.all() else found.take(tall)


def mark_spiked(found: Found, *, spikes: Floats) -> Found:
    """Note which beats a pacing spike leads."""
    found.spiked[:] = led_by_spike(spikes, onsets=found.marks[:, QRS_ON])
    return found


def agreement_of(found: Found, *, peaks: Floats) -> Floats:
    """(lead) share of the beats that the lead itself shows, times how well a second detector's peaks match them."""
    gap = np.abs(found.r[:, None] - peaks[None]) if len(peaks) else np.full((len(found.r), 1), np.inf)
    matched = int((gap.min(axis=1) <= AGREEMENT_S).sum())
    both = 2 * matched / (len(found.r) + len(peaks))
    return found.own.mean(0) * both
