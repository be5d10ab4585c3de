"""R peaks of all leads together, without a network: slope energy, a threshold that follows, a fine position."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt
import xarray as xr

from ecgomics.waves.compilation import compiled, compiled_for_finite, sparing
from ecgomics.waves.signals import checked

REFRACTORY_S = 0.2
"""300 beats a minute."""
LEAST_SHARE = 0.05
"""A beat is at least this share of the usual one: stretches that stay lower are hiss of electrodes that came off."""
LARGEST = np.float32(1e30)
"""Slopes beyond this are those of missing samples."""


def r_peaks(ecg: xr.DataArray) -> list[npt.NDArray[np.float64]]:
    """R peaks of each record, leads taken together.

    Parameters
    ----------
    ecg
        dims (record, lead, time) or (lead, time) or (time), mV, unfiltered, 100–1000 Hz; NaN marks missing samples.

    Returns
    -------
    list of numpy.ndarray
        Times in s, one array a record.

    Raises
    ------
    SignalError
        Without a `time` dim or any sample, for samples that are no real numbers, a stated unit other than mV, a rate
        outside 50–4000 Hz.

    Notes
    -----
    Energy of the slope over 16 ms summed over leads that are each scaled by their own strongest slopes, as in
    Pan and Tompkins 1985 but without their band-pass; a missed beat is looked for again where the pause is long.
    """
    rate = checked(ecg, needed=("time",))
    values = np.asarray(ecg.transpose(..., "time").values, dtype=np.float32)
    blocks = values.reshape((1,) * (3 - values.ndim) + values.shape)
    with sparing(values.size):
        return [peaks_of(leads, rate=rate) for leads in blocks]


def peaks_of(leads: npt.NDArray[np.float32], *, rate: float) -> npt.NDArray[np.float64]:
    """R peaks in s of one record (lead, time); gaps count as no signal."""
    samples = leads.shape[1]
    if samples < 0.3 * rate:
        return np.empty(0)
    out = np.empty(int(samples / rate / REFRACTORY_S) + 2)
    step = max(round(rate / 125), 1)
    energy = np.zeros(samples // step + 1)
    scales = np.zeros(len(leads))
    count = _detect(leads, float(rate), step, energy, scales, out)
    return out[:count]


@compiled
def _slopes(
    leads: npt.NDArray[np.float32], step: int, energy: npt.NDArray[np.float64], scales: npt.NDArray[np.float64]
) -> None:
    """Add each lead's absolute slope over two steps to `energy`, in units of the lead's own strong slopes."""
    m = energy.size
    slope = np.empty(m, dtype=np.float32)
    places = np.empty((2, m), dtype=np.uint64)
    for k in range(m):
        places[0, k] = max((k - 1) * step, 0)
        places[1, k] = min((k + 1) * step, leads.shape[1] - 1)
    back, ahead = places[0], places[1]
    hop = max(int(125 * 1.6), 1)
    pieces = max(m // hop, 1)
    tops = np.empty(pieces)
    for lead in range(leads.shape[0]):
        x = leads[lead]
        for k in range(m):
            d = abs(x[ahead[k]] - x[back[k]])
            slope[k] = d if d < LARGEST else np.float32(0.0)
        # typical strongest slope of 1.6 s: the middle of the pieces' maxima, so that one spike does not set it
        for p in range(pieces):
            tops[p] = _largest(slope[p * hop : min((p + 1) * hop, m)])
        scale = np.sort(tops)[pieces // 2]
        scales[lead] = scale
        if scale > 1e-3:
            units = np.float32(1.0 / scale)
            for k in range(m):
                energy[k] += min(slope[k] * units, np.float32(2.0))


@compiled_for_finite
def _largest(x: npt.NDArray[np.float32]) -> np.float32:
    top = np.float32(0.0)
    for i in range(x.size):
        top = max(top, x[i])
    return top


@compiled
def _detect(
    leads: npt.NDArray[np.float32],
    rate: float,
    step: int,
    energy: npt.NDArray[np.float64],
    scales: npt.NDArray[np.float64],
    out: npt.NDArray[np.float64],
) -> int:
    _slopes(leads, step, energy, scales)
    m = energy.size
    hz = rate / step
    # a sliding mean of 90 ms makes one hump of each QRS
    half = max(int(0.045 * hz), 1)
    hump = np.empty(m)
    total = 0.0
    for k in range(-half, m):
        if k + half < m:
            total += energy[k + half]
        if k - half - 1 >= 0:
            total -= energy[k - half - 1]
        if k >= 0:
            hump[k] = total
    # threshold: between the local floor and the middle of the local maxima
    hop = max(int(1.6 * hz), 1)
    pieces = max((m + hop - 1) // hop, 1)
    tops = np.zeros(pieces)
    floors = np.zeros(pieces)
    for p in range(pieces):
        low, high = np.inf, 0.0
        for k in range(p * hop, min((p + 1) * hop, m)):
            low = min(low, hump[k])
            high = max(high, hump[k])
        tops[p], floors[p] = high, low
    limits = np.empty(pieces)
    least = LEAST_SHARE * np.sort(tops)[pieces // 2]
    for p in range(pieces):
        first, stop = max(p - 3, 0), min(p + 4, pieces)
        level = np.sort(tops[first:stop])[(stop - first) // 2]
        floor = np.sort(floors[first:stop])[(stop - first) // 2]
        limits[p] = max(floor + 0.38 * (level - floor), least)
    wait = REFRACTORY_S * hz
    count = 0
    where = np.empty(out.size)
    heights = np.empty(out.size)
    for k in range(1, m - 1):
        if not (hump[k] >= hump[k - 1] and hump[k] > hump[k + 1]):
            continue
        if hump[k] < limits[k // hop] or hump[k] <= 0:
            continue
        if count and k - where[count - 1] < wait:
            if hump[k] > heights[count - 1]:
                where[count - 1], heights[count - 1] = k, hump[k]
        elif count and k - where[count - 1] < 1.8 * wait and hump[k] < 0.6 * heights[count - 1]:
            continue  # a T wave
        elif count < out.size:
            where[count], heights[count] = k, hump[k]
            count += 1
    reach = int(0.07 * rate)
    for b in range(count):
        out[b] = _deflection(leads, scales, int(where[b] * step), reach) / rate
    kept = 0
    for b in range(count):
        if kept == 0 or out[b] - out[kept - 1] >= 0.5 * REFRACTORY_S:
            out[kept] = out[b]
            kept += 1
    return kept


@compiled
def _deflection(leads: npt.NDArray[np.float32], scales: npt.NDArray[np.float64], centre: int, reach: int) -> float:
    """Sample of the largest deflection of all leads within `reach` of `centre`, each lead from its level there."""
    n = leads.shape[1]
    first, stop = max(centre - reach, 0), min(centre + reach + 1, n)
    size = stop - first
    if size <= 0:
        return float(min(max(centre, 0), n - 1))
    sums = np.zeros(size)
    for lead in range(leads.shape[0]):
        if scales[lead] <= 1e-3:
            continue
        x = leads[lead]
        level = 0.5 * (np.float64(x[first]) + np.float64(x[stop - 1]))
        for i in range(size):
            d = abs(np.float64(x[first + i]) - level)
            if np.isfinite(d):
                sums[i] += d / scales[lead]
    best = 0
    for i in range(size):
        if sums[i] > sums[best]:
            best = i
    if 0 < best < size - 1:
        a, b, c = sums[best - 1], sums[best], sums[best + 1]
        bend = a - 2 * b + c
        if bend < 0:
            return first + best + min(max(0.5 * (a - c) / bend, -0.5), 0.5)
    return float(first + best)
