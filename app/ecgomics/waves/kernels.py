"""Compiled loops of the waves room, few and small so that a fresh process loads them quickly."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from ecgomics.waves.compilation import compiled, compiled_for_finite

__all__ = [
    "LANES",
    "NETWORK_HZ",
    "baseline_removed",
    "compiled",
    "condition",
    "fill_gaps",
    "low_passed",
    "survey",
]

NETWORK_HZ = 250.0
"""Rate of the network's input, Hz."""


@compiled
def _total(x: npt.NDArray[np.float32]) -> np.float32:
    """Sum, NaN where a sample is; four sums side by side, as one waits for each addition."""
    a = b = c = d = np.float32(0.0)
    whole = x.size - x.size % 4
    for i in range(0, whole, 4):
        a += x[i]
        b += x[i + 1]
        c += x[i + 2]
        d += x[i + 3]
    for i in range(whole, x.size):
        a += x[i]
    return (a + b) + (c + d)


@compiled
def _missing(x: npt.NDArray[np.float32]) -> int:
    count = 0
    for i in range(x.size):
        count += 0 if x[i] - x[i] == 0 else 1
    return count


@compiled
def fill_gaps(x: npt.NDArray[np.float32]) -> int:
    """Bridge NaN and infinite samples of one lead by straight lines, in place; return how many there were."""
    n = x.size
    missing = _missing(x)
    if missing == 0:
        return 0
    last = -1
    for i in range(n):
        if np.isfinite(x[i]):
            if last < 0:
                for j in range(i):
                    x[j] = x[i]
            elif last < i - 1:
                for j in range(last + 1, i):
                    x[j] = x[last] + np.float64(x[i] - x[last]) * (j - last) / (i - last)
            last = i
    if last < 0:
        for i in range(n):
            x[i] = 0.0
    else:
        for j in range(last + 1, n):
            x[j] = x[last]
    return missing


LANES = 24
"""Rows filtered side by side: a recursion waits for itself, many of them do not."""


@compiled
def condition(
    x: npt.NDArray[np.float32],
    first: npt.NDArray[np.uint64],
    weights: npt.NDArray[np.float32],
    taps: npt.NDArray[np.float64],
    ratio: int,
    out: npt.NDArray[np.float32],
) -> None:
    """The network's recipe for a block (row, time): 250 Hz, zero-phase high-pass `taps`, divided by the lead's SD.

    Sample k is the sum of `weights` (tap, sample) times the samples from ``first[k]``; with a `ratio` other than 0
    these begin `ratio` samples later for each k, but for the first. `taps` are b0 b1 b2 a1 a2 of one second-order
    section. A lead without any signal becomes zeros.
    """
    pad = 250
    m = out.shape[1]
    size = m + 2 * pad
    reach = weights.shape[0]
    long = np.zeros((size, LANES))
    lead = np.zeros(x.shape[1] + reach, dtype=np.float32)
    sums = np.zeros((LANES, m), dtype=np.float32)
    b0, b1, b2, a1, a2 = taps[0], taps[1], taps[2], taps[3], taps[4]
    steady = (b0 + b1 + b2) / (1.0 + a1 + a2)
    z1 = np.empty(LANES)
    z2 = np.empty(LANES)
    limits = np.empty(LANES)
    scales = np.empty(LANES)
    for begin in range(0, x.shape[0], LANES):
        used = min(LANES, x.shape[0] - begin)
        for lane in range(used):
            n = x.shape[1]
            lead[:n] = x[begin + lane]
            fill_gaps(lead[:n])
            total = sums[lane]
            total[:] = 0
            if ratio:
                _resampled(lead, first[1] if m > 1 else first[0], weights, ratio, total)
                continue
            for j in range(reach):
                # tap by tap: the inner loop runs many samples at once
                share, moved = weights[j], lead[j:]
                for k in range(m):
                    total[k] += share[k] * moved[first[k]]
        for k in range(m):
            for lane in range(LANES):
                long[pad + k, lane] = sums[lane, k]
        for i in range(pad):
            # odd reflection about both ends, as far as the record is long
            back, ahead = min(pad - i, m - 1), max(m - 2 - i, 0)
            for lane in range(LANES):
                long[i, lane] = 2 * long[pad, lane] - long[pad + back, lane]
                long[pad + m + i, lane] = 2 * long[pad + m - 1, lane] - long[pad + ahead, lane]
        for way in range(2):
            # direct form II transposed, started as if the first value had lasted for ever; then backwards
            edge = long[0] if way == 0 else long[size - 1]
            for lane in range(LANES):
                z2[lane] = (b2 - a2 * steady) * edge[lane]
                z1[lane] = (b1 - a1 * steady) * edge[lane] + z2[lane]
            for i in range(size):
                v = long[i] if way == 0 else long[size - 1 - i]
                for lane in range(LANES):
                    y = b0 * v[lane] + z1[lane]
                    z1[lane] = b1 * v[lane] - a1 * y + z2[lane]
                    z2[lane] = b2 * v[lane] - a2 * y
                    v[lane] = y
        _scales(long[pad : pad + m], limits, scales)
        for lane in range(used):
            y, limit, scale = out[begin + lane], limits[lane], scales[lane]
            for i in range(m):
                y[i] = min(max(long[pad + i, lane], -limit), limit) * scale


@compiled
def _resampled(
    lead: npt.NDArray[np.float32],
    second: int,
    weights: npt.NDArray[np.float32],
    ratio: int,
    out: npt.NDArray[np.float32],
) -> None:
    """Add to out (sample) the sums of `weights` (tap, sample) times `lead` from 0, `second`, `second` + `ratio`, …

    Every `ratio`-th sample is put side by side first: a loop over neighbours runs many at once, one over others not.
    """
    m = out.size
    apart = np.empty((ratio, m + weights.shape[0] // ratio + 1), dtype=np.float32)
    for phase in range(ratio):
        begin = second + phase
        size = max(min(apart.shape[1], (lead.size - begin + ratio - 1) // ratio), 0)
        side = apart[phase]
        side[size:] = 0
        for k in range(size):
            side[k] = lead[begin + k * ratio]
    for j in range(weights.shape[0]):
        share, side = weights[j], apart[j % ratio, j // ratio :]
        out[0] += share[0] * lead[j]
        for k in range(1, m):
            out[k] += share[k] * side[k - 1]


PIECE = 500
"""Samples at 250 Hz whose SD is looked at by itself: two seconds, a beat or more."""
LOUD = 1.5
"""SD of a whole lead, in SDs of its middle piece, that only artefacts reach."""
QUIET = 0.03
"""SD, mV, below which a piece holds no beats."""


@compiled_for_finite
def _scales(x: npt.NDArray[np.float64], limits: npt.NDArray[np.float64], scales: npt.NDArray[np.float64]) -> None:
    """One over the SD of each lane of x (time, lane), 0 where there is no signal.

    Samples beyond ten SD count as cut at `limits`, and are to be cut there. Where a burst of artefacts makes the SD
    many times that of the rest of the lead, the rest decides.
    """
    limits[:] = 1e30
    pieces = max(len(x) // PIECE, 1)
    total = np.empty((pieces, LANES))
    sums = np.empty(LANES)
    for _ in range(2):
        total[:] = 0.0
        sums[:] = 0.0
        for piece in range(pieces):
            stop = (piece + 1) * PIECE if piece + 1 < pieces else len(x)
            part = total[piece]
            for i in range(piece * PIECE, stop):
                for lane in range(LANES):
                    v = min(max(x[i, lane], -limits[lane]), limits[lane])
                    part[lane] += v * v
            sums += part
            part /= stop - piece * PIECE
        for lane in range(LANES):
            sd = np.sqrt(sums[lane] / len(x))
            if pieces > 3:
                usual = LOUD * np.sqrt(np.sort(total[:, lane])[pieces // 2])
                if QUIET < usual < sd:
                    sd = usual
            limits[lane] = 10.0 * sd
            scales[lane] = 1.0 / sd if sd > 1e-4 else 0.0


@compiled
def baseline_removed(x: npt.NDArray[np.float32], rate: float, corner: float) -> None:
    """Bridge gaps and take off what is slower than `corner` (Hz, -3 dB), without phase, in place on (row, time).

    The slow part is found on means of 50 ms, by a first-order low-pass run both ways; what it takes is piecewise
    linear and far slower than any wave.
    """
    n = x.shape[1]
    step = max(int(0.05 * rate), 1)
    m = (n + step - 1) // step
    pad = min(m, int(20.0 * rate / step) + 1)
    size = m + 2 * pad
    coarse = np.empty(size)
    # 1 - 1 / (1 + (f / f1)²) is -3 dB where f = 1.554 f1
    pole = np.exp(-2 * np.pi * (corner / 1.554) * step / rate)
    for row in range(x.shape[0]):
        lead = x[row]
        fill_gaps(lead)
        for k in range(m):
            stop = min((k + 1) * step, n)
            coarse[pad + k] = np.float64(_total(lead[k * step : stop])) / (stop - k * step)
        for k in range(pad):
            coarse[pad - 1 - k] = coarse[pad + k]
            coarse[pad + m + k] = coarse[pad + m - 1 - k]
        mean = 0.0
        for k in range(size):
            mean += coarse[k] / size
        state = mean
        for k in range(size):
            state = pole * state + (1 - pole) * coarse[k]
            coarse[k] = state
        for k in range(size - 1, -1, -1):
            state = pole * state + (1 - pole) * coarse[k]
            coarse[k] = state
        for k in range(-1, m):
            # between the middles of two means the slow part is a straight line; beyond the outer ones it goes on
            left = min(max(k, 0), max(m - 2, 0))
            slope = (coarse[pad + left + 1] - coarse[pad + left]) / step
            begin = max(int(np.ceil((k + 0.5) * step - 0.5)), 0)
            stop = min(int(np.ceil((k + 1.5) * step - 0.5)), n)
            if stop <= begin:
                continue
            level = coarse[pad + left] + slope * (begin - (left + 0.5) * step + 0.5)
            part = lead[begin:stop]
            start, tilt = np.float32(level), np.float32(slope)
            for i in range(part.size):
                part[i] -= start + tilt * np.float32(i)


@compiled
def low_passed(x: npt.NDArray[np.float32], taps: npt.NDArray[np.float32], out: npt.NDArray[np.float32]) -> None:
    """Symmetric FIR on (row, time); the ends are continued by their own value."""
    n = x.shape[1]
    half = taps.size // 2
    long = np.empty(n + 2 * half, dtype=np.float32)
    for row in range(x.shape[0]):
        long[:half] = x[row, 0]
        long[half + n :] = x[row, n - 1]
        long[half : half + n] = x[row]
        y = out[row]
        centre = long[half : half + n]
        for i in range(n):
            y[i] = taps[half] * centre[i]
        for t in range(half):
            w = taps[t]
            early, late = long[t : t + n], long[2 * half - t : 2 * half - t + n]
            for i in range(n):
                y[i] += w * (early[i] + late[i])


@compiled_for_finite
def _extent(x: npt.NDArray[np.float32]) -> tuple[np.float32, np.float32, np.float32]:
    """Smallest, largest and sum."""
    low, high, total = np.float32(1e30), np.float32(-1e30), np.float32(0.0)
    for i in range(x.size):
        low = min(low, x[i])
        high = max(high, x[i])
        total += x[i]
    return low, high, total


@compiled
def _extent_with_gaps(x: npt.NDArray[np.float32]) -> tuple[np.float32, np.float32, np.float32]:
    """The same where samples may be missing."""
    low, high, total = np.float32(1e30), np.float32(-1e30), np.float32(0.0)
    for i in range(x.size):
        if np.isfinite(x[i]):
            low = min(low, x[i])
            high = max(high, x[i])
            total += x[i]
    return low, high, total


@compiled
def survey(x: npt.NDArray[np.float32], rate: float, out: npt.NDArray[np.float32]) -> None:
    """Look at each second of each row of an unfiltered block (row, time) into out (row, second, 5).

    Columns: share of samples missing; range in mV; share of samples in runs at the row's extremes; noise in mV (SD of
    white noise that has the second difference of the quieter 40 ms); mean.
    """
    n = x.shape[1]
    seconds = out.shape[1]
    small = max(int(0.04 * rate), 3)
    blocks = (int(rate) + 1) // small + 2
    lows = np.empty(blocks, dtype=np.float32)
    bends = np.empty(int(rate) + 2, dtype=np.float32)
    ends = np.empty((seconds, 2), dtype=np.float32)
    for row in range(x.shape[0]):
        lead = x[row]
        whole = _missing(lead) == 0
        for s in range(seconds):
            part = lead[int(s * rate) : min(int((s + 1) * rate), n)]
            missing = 0 if whole else _missing(part)
            least, most, total = _extent(part) if whole else _extent_with_gaps(part)
            ends[s, 0], ends[s, 1] = least, most
            count = _roughness(part, small, bends, lows)
            out[row, s, 0] = missing / max(part.size, 1)
            out[row, s, 1] = most - least if most >= least else 0.0
            out[row, s, 3] = np.float64(_smallest(lows[:count], (2 * count) // 5)) / 1.95 if count else 0.0
            out[row, s, 4] = np.float64(total) / max(part.size - missing, 1)
        low, high = ends[:, 0].min(), ends[:, 1].max()
        for s in range(seconds):
            part = lead[int(s * rate) : min(int((s + 1) * rate), n)]
            stuck = _in_runs(part, low, high) if ends[s, 0] == low or ends[s, 1] == high else 0
            out[row, s, 2] = stuck / max(part.size, 1) if high > low else 0.0


@compiled
def _in_runs(x: npt.NDArray[np.float32], low: np.float32, high: np.float32) -> int:
    """Samples that lie in runs of four and more at one of two values."""
    stuck = 0
    run = 0
    for i in range(x.size):
        run = run + 1 if x[i] == low or x[i] == high else 0
        stuck += 4 if run == 4 else (1 if run > 4 else 0)
    return stuck


@compiled
def sorted_few(x: npt.NDArray[np.floating]) -> None:
    """Sort a few numbers in place, without the copies and the recursion of a sort made for many."""
    for i in range(1, x.size):
        value = x[i]
        j = i
        while j > 0 and x[j - 1] > value:
            x[j] = x[j - 1]
            j -= 1
        x[j] = value


@compiled
def _smallest(x: npt.NDArray[np.float32], rank: int) -> np.float32:
    """The value of this rank, from 0, in ascending order; sorts the few values in place."""
    sorted_few(x)
    return x[rank]


@compiled
def _roughness(
    x: npt.NDArray[np.float32], small: int, bends: npt.NDArray[np.float32], out: npt.NDArray[np.float32]
) -> int:
    """Mean absolute second difference of each piece of `small` samples into `out`; returns the pieces that have one."""
    two = np.float32(2.0)
    m = max(x.size - 2, 0)
    left, middle, right = x[:m], x[1 : 1 + m], x[2 : 2 + m]
    for i in range(m):
        bends[i] = abs(left[i] - two * middle[i] + right[i])
    count = 0
    for begin in range(0, m, small):
        part = bends[begin : min(begin + small, m)]
        bend = _total(part)
        if np.isfinite(bend):
            out[count] = np.float64(bend) / part.size
            count += 1
    return count
