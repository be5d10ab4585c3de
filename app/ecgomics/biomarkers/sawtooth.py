"""Regular atrial activity between the QRS complexes, as flutter makes it."""

from __future__ import annotations

import math

import numpy as np

from ecgomics.biomarkers.block import Block, Bools, Floats, M
from ecgomics.biomarkers.fibrillation import LEAST_S, P_WAVES
from ecgomics.biomarkers.reasons import Causes
from ecgomics.biomarkers.sheet import Sheet

LEADS = ("II", "III", "aVF", "V1")
PER_MIN = (230.0, 350.0)
"""Range in which the period is sought: a little wider than that of typical flutter."""
BAND_HZ = (3.0, 12.0)
SAMPLED_HZ = 125.0
WINDOW_S, MOST_WINDOWS = 10.0, 30
BEFORE_QRS_S, AFTER_QRS_S = 0.03, 0.04
HALF_QRS_S = 0.06


def measure_sawtooth(block: Block, *, sheet: Sheet) -> None:
    """Write rate and regularity of the atrial activity of records without P waves."""
    places = [place for place in (block.lead(name) for name in LEADS) if place is not None]
    with_p = sheet.get("P_Fraction_Global") >= P_WAVES
    short = block.duration_s < LEAST_S
    usable: Bools = ~block.lead_unusable[:, places]
    none = ~np.any(usable, axis=1)
    causes: Causes = (
        (block.no_beats, "no beats"),
        (none, "lead missing" if not places else "lead unusable"),
        (with_p, "P waves present"),
        (short, "signal too short"),
    )
    found = np.full((2, block.size), np.nan)
    for record in np.flatnonzero(~(block.no_beats | none | with_p | short)):
        own = [place for place, fit in zip(places, usable[record], strict=True) if fit]
        found[:, record] = _of_record(block, record=int(record), leads=own)
    for row, name in enumerate(("Sawtooth_Regularity_Global", "Sawtooth_Rate_Global")):
        sheet.put(name, found[row], causes=causes, otherwise="no steady period")


def _of_record(block: Block, *, record: int, leads: list[int]) -> tuple[float, float]:
    """Medians over windows of 10 s; the rate is that of the windows as regular as half of them."""
    rate = block.rate
    whole = round(block.duration_s[record] * rate)
    size = min(round(WINDOW_S * rate), whole)
    starts = np.arange(0, whole - size + 1, size)
    starts = starts[:: len(starts) // MOST_WINDOWS + 1]
    told = []
    for start in starts:
        signal = block.ecg[record, leads, start : start + size].astype(float)
        if np.isfinite(signal).all():
            between = _between_qrs(block, record=record, start=int(start), size=size)
            told.append(steadiest(signal, between=between, rate_hz=rate))
    if not told:
        return math.nan, math.nan
    regularity, per_min = np.array(told).T
    middle = float(np.median(regularity))
    able = per_min[(regularity >= middle) & np.isfinite(per_min)]
    return middle, float(np.median(able)) if len(able) else math.nan


def _between_qrs(block: Block, *, record: int, start: int, size: int) -> Bools:
    """Samples of a window that lie in no QRS."""
    first, last = np.searchsorted(block.beat_of, [record, record + 1])
    r = block.r_s[first:last]
    on, off = block.marks[first:last, M["qrs_on"]], block.marks[first:last, M["qrs_off"]]
    on = np.where(np.isfinite(on), on, r - HALF_QRS_S) - BEFORE_QRS_S
    off = np.where(np.isfinite(off), off, r + HALF_QRS_S) + AFTER_QRS_S
    edges = np.zeros(size + 1, dtype=int)
    np.add.at(edges, np.clip(np.round(on * block.rate).astype(int) - start, 0, size), 1)
    np.add.at(edges, np.clip(np.round(off * block.rate).astype(int) + 1 - start, 0, size), -1)
    return np.asarray(np.cumsum(edges[:-1]) == 0)


def steadiest(signal: Floats, *, between: Bools, rate_hz: float) -> tuple[float, float]:
    """How regular the signal between the QRS complexes is at its steadiest period, and that period as a rate.

    The QRS complexes are bridged by straight lines and the signal is kept from 3 to 12 Hz. Its autocorrelation, of
    the samples between the complexes alone and summed over the leads, is looked at one, two and three periods on: a
    T wave answers to itself a beat later, a sawtooth every time.

    Parameters
    ----------
    signal
        (lead, time), mV.
    between
        Samples that lie in no QRS, (time,).
    rate_hz
        Sampling rate, Hz.

    Returns
    -------
    regularity, per_min
        The least of the three correlations at the period where that is greatest, −1 to 1, and the rate of that period;
        −1 and NaN where there is no such period from 230 to 350 a minute.
    """
    place = np.arange(signal.shape[1])
    if between.sum() < 2:
        return -1.0, math.nan
    bridged = np.stack([np.interp(place, place[between], lead[between]) for lead in signal])
    every = max(1, round(rate_hz / SAMPLED_HZ))
    count = signal.shape[1] // every
    low = bridged[:, : count * every].reshape(len(signal), count, every).mean(axis=2)
    kept = between[: count * every].reshape(count, every).mean(axis=1) > 0.5
    hz = rate_hz / every
    spectrum = np.fft.rfft(low - low.mean(axis=1, keepdims=True), axis=1)
    frequency = np.fft.rfftfreq(count, 1.0 / hz)
    spectrum[:, (frequency < BAND_HZ[0]) | (frequency > BAND_HZ[1])] = 0.0
    wave = np.fft.irfft(spectrum, n=count, axis=1) * kept
    pairs = np.maximum(_products(kept[None].astype(float))[0], 1.0)
    echo = (_products(wave) / pairs).sum(axis=0)
    if not echo[0] > 0:
        return -1.0, math.nan
    period = np.arange(60.0 / PER_MIN[1], 60.0 / PER_MIN[0], 0.001)
    lag = np.arange(count) / hz
    least = np.min([np.interp(times * period, lag, echo / echo[0]) for times in (1, 2, 3)], axis=0)
    best = int(np.argmax(least))
    if best in (0, len(period) - 1):
        return -1.0, math.nan
    return float(least[best]), float(60.0 / period[best])


def _products(wave: Floats) -> Floats:
    """Sum of the products of each row with itself later on, by how much later, (row, time)."""
    count = wave.shape[1]
    spectrum = np.fft.rfft(wave, n=2 * count, axis=1)
    return np.asarray(np.fft.irfft(np.abs(spectrum) ** 2, axis=1)[:, :count])
