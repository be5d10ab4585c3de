"""Compiled loops of the waves room, few and small so that a fresh process loads them quickly."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, TypeVar

import numpy as np
import numpy.typing as npt
from numba import njit

F = TypeVar("F", bound=Callable[..., Any])

NETWORK_HZ = 250.0
"""Rate of the network's input, Hz."""


def compiled(function: F) -> F:
    """Compile with numba, kept on disk between processes where the disk lets it."""
    try:
        return njit(cache=True, nogil=True, fastmath=False)(function)
    except RuntimeError:
        # numba finds no folder it may write its cache to: compile in each process
        return njit(nogil=True, fastmath=False)(function)


@compiled
def fill_gaps(x: npt.NDArray[np.float32]) -> int:
    """Bridge NaN and infinite samples of one lead by straight lines, in place; return how many there were."""
    n = x.size
    missing = 0
    last = -1
    for i in range(n):
        if np.isfinite(x[i]):
            if last < 0:
                for j in range(i):
                    x[j] = x[i]
            elif last < i - 1:
                for j in range(last + 1, i):
                    x[j] = x[last] + (x[i] - x[last]) * (j - last) / (i - last)
            last = i
        else:
            missing += 1
    if last < 0:
        for i in range(n):
            x[i] = 0.0
    else:
        for j in range(last + 1, n):
            x[j] = x[last]
    return missing


@compiled
def resample(x: npt.NDArray[np.float32], rate: float, out: npt.NDArray[np.float64]) -> None:
    """Bring one lead to 250 Hz: a triangular kernel from above (it also keeps aliases out), a cubic from below.

    Output sample k lies at k / 250 s, whatever the native rate.
    """
    n = x.size
    ratio = rate / 250.0
    for k in range(out.size):
        at = k * ratio
        if ratio > 1.0001:
            first = max(int(np.ceil(at - ratio)), 0)
            stop = min(int(np.floor(at + ratio)), n - 1)
            total = 0.0
            weight = 0.0
            for j in range(first, stop + 1):
                w = 1.0 - abs(j - at) / ratio
                total += w * x[j]
                weight += w
            out[k] = total / weight if weight > 0 else x[n - 1]
        else:
            j = min(int(at), n - 1)
            u = at - j
            a = x[max(j - 1, 0)]
            b = x[j]
            c = x[min(j + 1, n - 1)]
            d = x[min(j + 2, n - 1)]
            out[k] = b + 0.5 * u * (c - a + u * (2 * a - 5 * b + 4 * c - d + u * (3 * (b - c) + d - a)))


@compiled
def condition(
    x: npt.NDArray[np.float32],
    rate: float,
    taps: npt.NDArray[np.float64],
    out: npt.NDArray[np.float32],
) -> None:
    """The network's recipe for a block (row, time): 250 Hz, zero-phase high-pass `taps`, divided by the lead's SD.

    `taps` are b0 b1 b2 a1 a2 of one second-order section. A lead without any signal becomes zeros.
    """
    pad = 250
    m = out.shape[1]
    size = m + 2 * pad
    work = np.empty(m)
    long = np.empty(size)
    # four leads side by side: a recursion waits for itself, four fill the wait
    four = np.zeros((size, 4))
    b0, b1, b2, a1, a2 = taps[0], taps[1], taps[2], taps[3], taps[4]
    steady = (b0 + b1 + b2) / (1.0 + a1 + a2)
    z1 = np.empty(4)
    z2 = np.empty(4)
    for row in range(x.shape[0]):
        if row % 4 == 0:
            for k in range(min(4, x.shape[0] - row)):
                lead = x[row + k].copy()
                fill_gaps(lead)
                resample(lead, rate, work)
                for i in range(size):
                    # odd reflection about both ends, as far as the record is long
                    j = i - pad
                    if j < 0:
                        four[i, k] = 2 * work[0] - work[min(-j, m - 1)]
                    elif j >= m:
                        four[i, k] = 2 * work[m - 1] - work[max(2 * (m - 1) - j, 0)]
                    else:
                        four[i, k] = work[j]
            for way in range(2):
                # direct form II transposed, started as if the first value had lasted for ever; then backwards
                begin, turn = (0, 1) if way == 0 else (size - 1, -1)
                for k in range(4):
                    z2[k] = (b2 - a2 * steady) * four[begin, k]
                    z1[k] = (b1 - a1 * steady) * four[begin, k] + z2[k]
                for i in range(size):
                    at = begin + turn * i
                    for k in range(4):
                        v = four[at, k]
                        y = b0 * v + z1[k]
                        z1[k] = b1 * v - a1 * y + z2[k]
                        z2[k] = b2 * v - a2 * y
                        four[at, k] = y
        for i in range(size):
            long[i] = four[i, row % 4]
        limit = np.inf
        for _ in range(2):
            total = 0.0
            for i in range(m):
                v = min(max(long[pad + i], -limit), limit)
                total += v * v
            sd = np.sqrt(total / m)
            limit = 10.0 * sd
        if sd > 1e-4:
            for i in range(m):
                out[row, i] = min(max(long[pad + i], -limit), limit) / sd
        else:
            for i in range(m):
                out[row, i] = 0.0


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
            total = 0.0
            for i in range(k * step, stop):
                total += lead[i]
            coarse[pad + k] = total / (stop - k * step)
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
        half = 0.5 * (step - 1)
        for i in range(n):
            at = (i - half) / step
            k = min(max(int(np.floor(at)), 0), max(m - 2, 0))
            u = at - k
            lead[i] -= coarse[pad + k] + u * (coarse[pad + k + 1] - coarse[pad + k])


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
        for i in range(n):
            y[i] = taps[half] * long[half + i]
        for t in range(half):
            w = taps[t]
            for i in range(n):
                y[i] += w * (long[i + t] + long[i + 2 * half - t])


@compiled
def survey(x: npt.NDArray[np.float32], rate: float, out: npt.NDArray[np.float32]) -> None:
    """Look at each second of each row of an unfiltered block (row, time) into out (row, second, 6).

    Columns: share of samples missing; range in mV; share of samples in runs at the row's extremes; noise in mV (SD of
    white noise that has the second difference of the quieter 40 ms); mean; largest second difference in mV.
    """
    n = x.shape[1]
    seconds = out.shape[1]
    small = max(int(0.04 * rate), 3)
    rough = np.empty(64)
    for row in range(x.shape[0]):
        lead = x[row]
        low, high = np.inf, -np.inf
        for i in range(n):
            if np.isfinite(lead[i]):
                low = min(low, lead[i])
                high = max(high, lead[i])
        for s in range(seconds):
            first = int(s * rate)
            stop = min(int((s + 1) * rate), n)
            missing, stuck, total = 0, 0, 0.0
            least, most, sharp = np.inf, -np.inf, 0.0
            run = 0
            blocks = 0
            for begin in range(first, stop, small):
                end = min(begin + small, stop)
                bend = 0.0
                seen = 0
                for i in range(begin, end):
                    v = lead[i]
                    if not np.isfinite(v):
                        missing += 1
                        run = 0
                        continue
                    total += v
                    least = min(least, v)
                    most = max(most, v)
                    run = run + 1 if v == high or v == low else 0  # noqa: SIM109
                    if run == 4:
                        stuck += 4
                    elif run > 4:
                        stuck += 1
                    if i > 0 and i + 1 < n and np.isfinite(lead[i - 1]) and np.isfinite(lead[i + 1]):
                        d = abs(lead[i - 1] - 2 * v + lead[i + 1])
                        bend += d
                        sharp = max(sharp, d)
                        seen += 1
                if seen and blocks < 64:
                    rough[blocks] = bend / seen
                    blocks += 1
            count = max(stop - first, 1)
            out[row, s, 0] = missing / count
            out[row, s, 1] = most - least if most >= least else 0.0
            out[row, s, 2] = stuck / count if high > low else 0.0
            out[row, s, 3] = np.sort(rough[:blocks])[(2 * blocks) // 5] / 1.95 if blocks else 0.0
            out[row, s, 4] = total / max(count - missing, 1)
            out[row, s, 5] = sharp
