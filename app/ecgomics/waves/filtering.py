"""The measurement path: 0.05–150 Hz without phase, mains found before it is removed, ST level left alone."""

from __future__ import annotations

from functools import lru_cache

import numpy as np
import numpy.typing as npt
import xarray as xr

from ecgomics.waves.compilation import sparing
from ecgomics.waves.kernels import baseline_removed, low_passed
from ecgomics.waves.signals import checked

LOW_HZ, HIGH_HZ = 0.05, 150.0
MAINS_HZ = (50.0, 60.0)
LEAST_MAINS_MV = 0.008
"""Mains of less than this amplitude are left in."""
MAINS_CONTRAST = 5.0
"""How far the line must stand out of its neighbourhood to be called mains."""

Block = npt.NDArray[np.float32]


def measurement(ecg: xr.DataArray) -> xr.DataArray:
    """Filter for measuring: zero-phase 0.05–150 Hz, mains removed where found; nothing that bends ST.

    Parameters
    ----------
    ecg
        dims (..., time), mV, with `rate_hz`; NaN marks missing samples.

    Returns
    -------
    xarray.DataArray
        Same shape, float32, mV; NaN where the input has none; `attrs["mains_hz"]` (0, 50 or 60) is the line removed
        anywhere.

    Raises
    ------
    SignalError
        Without a `time` dim or any sample, for samples that are no real numbers, a stated unit other than mV, a rate
        outside 50–4000 Hz.

    Notes
    -----
    Bandwidth after Kligfield 2007 (AHA/ACCF/HRS standardisation, 0.05–150 Hz); as the high-pass has no phase, its
    effect on the ST segment is far below the 0.05 Hz single-pole reference filter of the recommendation. Above 150 Hz
    only rates over 320 Hz hold anything to remove. Departure: mains are subtracted as a slowly varying sine estimated
    outside the QRS, not notched, so that nothing rings after the QRS.
    """
    rate = checked(ecg, needed=("time",))
    moved = ecg.transpose(..., "time")
    values = np.asarray(moved.values, dtype=np.float32)
    with sparing(values.size):
        clean, mains = measured(values, rate=rate)
    clean[~np.isfinite(values)] = np.nan
    result = moved.copy(data=clean).transpose(*ecg.dims)
    result.attrs |= {"rate_hz": rate, "mains_hz": float(np.max(mains, initial=0.0))}
    return result


def measured(values: Block, *, rate: float) -> tuple[Block, npt.NDArray[np.float64]]:
    """Array form of `measurement`: filtered (..., time) with gaps bridged, and the mains removed (...), Hz or 0."""
    samples = values.shape[-1]
    rows = np.array(values, dtype=np.float32).reshape(-1, samples)
    baseline_removed(rows, float(rate), LOW_HZ)
    mains = detect_mains(rows, rate=rate)
    for line in MAINS_HZ:
        chosen = np.flatnonzero(mains == line)
        if len(chosen):
            rows[chosen] = without_line(rows[chosen], rate=rate, line=line)
    taps = _low_pass(float(rate))
    if len(taps) > 1:
        out = np.empty_like(rows)
        low_passed(rows, taps, out)
        rows = out
    return rows.reshape(values.shape), mains.reshape(values.shape[:-1])


@lru_cache(maxsize=16)
def _low_pass(rate: float) -> npt.NDArray[np.float32]:
    """Symmetric FIR with -3 dB at 150 Hz; a single one where the rate holds nothing above."""
    if rate <= 2.15 * HIGH_HZ:
        return np.ones(1, dtype=np.float32)
    half = int(np.ceil(rate / 50))
    at = np.arange(-half, half + 1)
    cutoff = (HIGH_HZ + 8.0) / rate  # the window widens the edge: -6 dB here is -3 dB at 150 Hz
    taps = 2 * cutoff * np.sinc(2 * cutoff * at) * np.hamming(len(at))
    return (taps / taps.sum()).astype(np.float32)


@lru_cache(maxsize=16)
def _probe(samples: int, rate: float) -> npt.NDArray[np.float32]:
    """Windowed sines and cosines at the lines and beside them: (time, line × place × 2)."""
    t = np.arange(samples) / rate
    shift = max(3.0, 4.0 * rate / samples)
    window = np.hanning(samples) * 4 / max(samples, 1)
    columns = []
    for line in MAINS_HZ:
        for place in (line, line - shift, line + shift, line - 1.6 * shift, line + 1.6 * shift):
            columns += [window * np.cos(2 * np.pi * place * t), window * np.sin(2 * np.pi * place * t)]
    return np.stack(columns, axis=1).astype(np.float32)


def detect_mains(rows: Block, *, rate: float) -> npt.NDArray[np.float64]:
    """Mains frequency in each row (row, time) without gaps: 50, 60, or 0 where none stands out."""
    samples = rows.shape[1]
    found = np.zeros(len(rows))
    if samples < rate or rate <= 2.2 * max(MAINS_HZ):
        # at lower rates a line folds onto the signal's own band; it cannot be told apart
        lines = [line for line in MAINS_HZ if rate > 2.2 * line] if samples >= rate else []
    else:
        lines = list(MAINS_HZ)
    if not lines:
        return found
    length = min(samples, int(10 * rate))
    first = (samples - length) // 2
    scores = rows[:, first : first + length] @ _probe(length, float(rate))
    amplitude = np.hypot(scores[:, 0::2], scores[:, 1::2]).reshape(len(rows), len(MAINS_HZ), 5)
    best = np.zeros(len(rows))
    for i, line in enumerate(MAINS_HZ):
        if line in lines:
            at, beside = amplitude[:, i, 0], amplitude[:, i, 1:].mean(axis=1)
            chosen = (at > LEAST_MAINS_MV) & (at > MAINS_CONTRAST * beside) & (at > best)
            found[chosen], best[chosen] = line, at[chosen]
    return found


def without_line(rows: Block, *, rate: float, line: float) -> Block:
    """Subtract the line and its second and third harmonic, following slow changes of amplitude and phase."""
    out = rows.astype(np.float64)
    t = np.arange(rows.shape[1]) / rate
    slope = np.abs(np.diff(out, axis=1, append=out[:, -1:]))
    width = max(int(0.04 * rate), 1)
    activity = _moving_mean(slope, width=width)
    # steep stretches (QRS) say little about the line and would make it ring
    quiet = (activity <= 2.0 * np.median(activity, axis=1, keepdims=True)).astype(np.float64)
    span = max(int(rate), 1)
    weight = np.maximum(_moving_mean(quiet, width=span), 1e-3)
    for harmonic in (1, 2, 3):
        if harmonic * line >= 0.48 * rate:
            break
        turn = np.exp(-2j * np.pi * harmonic * line * t)
        width = max(round(rate / line), 1)
        smooth = out - _moving_mean(out, width=width)
        share = smooth * quiet * turn
        envelope = (_moving_mean(share.real, width=span) + 1j * _moving_mean(share.imag, width=span)) / (
            weight * _left_of(harmonic * line / rate, width=width)
        )
        out -= 2 * (envelope * turn.conj()).real
    return out.astype(np.float32)


def _left_of(line: float, *, width: int) -> float:
    """Share of a line (cycles a sample) that is left when `_moving_mean` over `width` is taken off."""
    count = 2 * (width // 2) + 1
    return float(1 - np.sin(np.pi * count * line) / (count * np.sin(np.pi * line)))


def _moving_mean(x: npt.NDArray[np.float64], *, width: int) -> npt.NDArray[np.float64]:
    """Centred mean over `width` samples along the last axis, shorter at the ends; for any width, `x` longer or not."""
    half = width // 2
    total = np.concatenate([np.zeros((len(x), 1)), np.cumsum(x, axis=1)], axis=1)
    at = np.arange(x.shape[1])
    first, stop = np.maximum(at - half, 0), np.minimum(at + half + 1, x.shape[1])
    return (total[:, stop] - total[:, first]) / (stop - first)
