"""Pacing spikes, looked for on the unfiltered signal."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from ecgomics.waves.compilation import compiled

LEAST_HZ = 200.0
LEAST_MV = 0.15
CONTRAST = 10.0
"""A spike stands out of the mean of its measure by this factor."""
SHARPNESS = 0.7
"""Share of its height that a spike gains and loses within 4 ms rather than 12 ms."""
LEAD_S = 0.10
"""A spike this long before the QRS onset, or less, has caused it."""

WITHIN_S, EARLY_S = 0.010, 0.035
"""A sharp deflection later than this after the QRS onset is one of the QRS; a broad one may be begun this early."""
AFTER_S = 0.004
"""A spike is over and the QRS begins."""
CLOSE_S, BROAD_S = 0.04, 0.115
"""A spike up to this long before the onset of a QRS at least this broad needs no others like it."""
ALIKE_S, LEAST_SHARE = 0.012, 0.25
"""Spikes whose distance from the QRS is the same within this support each other; share of the beats that need one."""


def pacing_spikes(leads: npt.NDArray[np.float32], *, rate: float) -> npt.NDArray[np.float64]:
    """Times in s of pacing spikes in an unfiltered record (lead, time); none below 200 Hz or when there is just one."""
    samples = leads.shape[1]
    if rate < LEAST_HZ or samples < rate:
        return np.empty(0)
    out = np.empty(int(samples / rate * 8) + 8)
    near, far = max(round(0.004 * rate), 1), max(round(0.012 * rate), 2)
    count = _find(leads, near, far, int(0.03 * rate), out)
    return out[:count] / rate if count > 1 else np.empty(0)


@compiled
def _find(leads: npt.NDArray[np.float32], near: int, far: int, apart: int, out: npt.NDArray[np.float64]) -> int:
    n = leads.shape[1]
    half = np.float32(0.5)
    sharp = np.zeros(n, dtype=np.float32)
    broad = np.zeros(n, dtype=np.float32)
    used = 0
    for lead in range(leads.shape[0]):
        x = leads[lead]
        m = n - 2 * far
        early, late, middle = x[far - near : far - near + m], x[far + near : far + near + m], x[far : far + m]
        first, last = x[:m], x[2 * far : 2 * far + m]
        into, around = sharp[far : far + m], broad[far : far + m]
        seen = 0
        for i in range(m):
            e = abs(middle[i] - half * (early[i] + late[i]))
            f = abs(middle[i] - half * (first[i] + last[i]))
            # false for NaN, and for steps no heart makes; written so that it runs without branches
            good = e + f < np.float32(50.0)
            into[i] += e if good else np.float32(0.0)
            around[i] += f if good else np.float32(0.0)
            seen += 1 if good else 0
        if seen:
            used += 1
    if used == 0:
        return 0
    mean = 0.0
    for i in range(n):
        mean += sharp[i]
    mean /= n
    limit = max(CONTRAST * mean, LEAST_MV * max(used / 3.0, 1.0))
    count = 0
    for i in range(far, n - far):
        if (
            sharp[i] > limit
            and sharp[i] >= sharp[i - 1]
            and sharp[i] > sharp[i + 1]
            and sharp[i] > SHARPNESS * broad[i]
        ):
            if count and i - out[count - 1] < apart:
                continue
            if count == out.size:
                break
            out[count] = i
            count += 1
    return count


def telling(
    spikes: npt.NDArray[np.float64], *, onsets: npt.NDArray[np.float64], offsets: npt.NDArray[np.float64]
) -> npt.NDArray[np.float64]:
    """The spikes (s) that pace: at or before a QRS, and broad after them or at one distance from many of the beats.

    Notches of a QRS and single bursts of noise are as sharp. Without any beat all stay.
    """
    if len(spikes) == 0 or len(onsets) == 0:
        return spikes
    place = np.searchsorted(onsets, spikes - EARLY_S)
    before, place = np.clip(place - 1, 0, None), np.minimum(place, len(onsets) - 1)
    distance = onsets[place] - spikes
    wide = offsets[place] - onsets[place] > BROAD_S
    inside = (onsets[before] < spikes - EARLY_S) & (spikes < offsets[before] + WITHIN_S)
    usable = (distance >= np.where(wide, -EARLY_S, -WITHIN_S)) & ~inside
    broad = wide & (distance < CLOSE_S)
    alike = (np.abs(distance[:, None] - distance[None]) <= ALIKE_S) & usable[None]
    many = alike.sum(axis=1) >= max(2.0, LEAST_SHARE * len(onsets))
    kept = spikes[usable & (broad | many)]
    return kept if len(kept) > 1 else kept[:0]


def led_by_spike(spikes: npt.NDArray[np.float64], *, onsets: npt.NDArray[np.float64]) -> npt.NDArray[np.bool_]:
    """Which QRS onsets (s) have a spike shortly before them or at their very beginning."""
    if len(spikes) == 0:
        return np.zeros(len(onsets), dtype=bool)
    gap = onsets[:, None] - spikes[None]
    return np.any((gap <= LEAD_S) & (gap >= -0.03), axis=1)


def begun_after(
    spikes: npt.NDArray[np.float64], *, onsets: npt.NDArray[np.float64], limit: npt.NDArray[np.float64]
) -> None:
    """Move onsets (beat, ...) that lie before the spike within their QRS to the end of the spike, in place.

    `limit` (beat) are the global onsets by which spikes belong to beats.
    """
    for spike in spikes:
        own = (limit < spike + AFTER_S) & (limit > spike - EARLY_S)
        onsets[own] = np.maximum(onsets[own], spike + AFTER_S)
