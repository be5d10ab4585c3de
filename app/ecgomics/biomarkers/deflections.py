"""The deflections of one lead of one beat: levels, peaks, areas and shapes between given marks.

The same kernel measures the representative beats (one "beat" a record) and every single beat of the recording.
It is compiled because naming Q, R, S and R′ walks along the wave; everything else in this room is NumPy.
"""

from __future__ import annotations

import math
import zlib
from collections.abc import Callable
from importlib import resources

import numpy as np
from numpy.typing import NDArray

from ecgomics.biomarkers.block import Block
from ecgomics.biomarkers.fields import (
    LEVEL,
    LEVEL_FROM,
    P_AMP,
    P_AREA,
    P_BIPHASIC,
    P_MORPH,
    P_NEG,
    P_NOTCH_MS,
    P_OFF,
    P_ON,
    P_TERMINAL,
    QRS_OFF,
    QRS_ON,
    ST_60,
    ST_80,
    ST_CURVE,
    ST_J,
    T_AMP,
    T_AREA,
    T_ASYMMETRY,
    T_KURTOSIS,
    T_MORPH,
    T_NOTCH_MS,
    T_OFF,
    T_ON,
)
from ecgomics.biomarkers.qrs import measure_qrs
from ecgomics.biomarkers.shapes import form, kurtosis, second_peak, steepness
from ecgomics.biomarkers.stretch import area, choose, extremes, intact, median, piece, span, value_at
from ecgomics.waves.kernels import compiled

P_FLAT_MV = 0.02
T_FLAT_MV = 0.05
P_NOTCH_MV = 0.01
T_NOTCH_MV = 0.03
# where there is no PR segment, the level is taken this long before QRS onset
LEVEL_FROM_MS = 24.0
LEVEL_TO_MS = 4.0


def of_template(block: Block) -> NDArray[np.float32]:
    """Measure the representative beats: (R, L, len(FIELDS)), mV, ms, mV·ms, shapes included."""
    rate = block.template_rate
    start = block.offset_s[0]
    return _measure(
        writable(block.template),
        np.arange(block.size),
        writable((block.template_marks - start) * rate),
        writable((block.template_global - start) * rate),
        ~block.lead_unusable,
        1000.0 / rate,
        True,
    )


def of_beats(block: Block) -> NDArray[np.float32]:
    """Measure every beat in the recording itself: (B, L, SIZES), mV, ms, mV·ms; the sizes without the shapes."""
    return _measure(
        writable(block.ecg),
        block.beat_of,
        writable(block.lead_marks * block.rate),
        writable(block.marks * block.rate),
        ~block.lead_unusable,
        1000.0 / block.rate,
        False,
    )


def writable(values: NDArray[np.generic]) -> NDArray[np.generic]:
    """Contiguous and writable, copied only when it is not: every other kind of array costs a compilation of its own."""
    return np.require(values, requirements=["C", "W"])


@piece
def _measure_one(x, own, whole, step_ms, shapes, out):  # type: ignore[no-untyped-def]
    if math.isnan(whole[QRS_ON]) or math.isnan(whole[QRS_OFF]):
        return
    level, level_from = _level(x, whole, step_ms)
    if math.isnan(level):
        return
    out[LEVEL] = level
    out[LEVEL_FROM] = level_from
    _measure_p(x, own, whole, level, step_ms, shapes, out)
    measure_qrs(x, own, whole, level, step_ms, shapes, out)
    out[ST_J] = value_at(x, whole[QRS_OFF]) - level
    # a point later than the T onset is still the ST amplitude by name: the offset after J is the definition
    out[ST_60] = value_at(x, whole[QRS_OFF] + 60.0 / step_ms) - level
    out[ST_80] = value_at(x, whole[QRS_OFF] + 80.0 / step_ms) - level
    if shapes:
        middle = value_at(x, whole[QRS_OFF] + 40.0 / step_ms) - level
        out[ST_CURVE] = middle - 0.5 * (out[ST_J] + out[ST_80])
    _measure_t(x, own, whole, level, step_ms, shapes, out)


@piece
def _level(x, whole, step_ms):  # type: ignore[no-untyped-def]
    start, stop = span(whole[P_OFF], whole[QRS_ON], len(x))
    if stop > start:
        # the samples at both marks belong to the waves
        start, stop = start + 1, stop - 1
    if stop - start >= 3 and (stop - start) * step_ms >= 10.0 and intact(x, start, stop):
        return median(x, start, stop), 0.0
    start = round(whole[QRS_ON] - LEVEL_FROM_MS / step_ms)
    stop = max(round(whole[QRS_ON] - LEVEL_TO_MS / step_ms) + 1, start + 1)
    if start < 0 or stop > len(x) or not intact(x, start, stop):
        return np.nan, np.nan
    return median(x, start, stop), 1.0


@piece
def _measure_p(x, own, whole, level, step_ms, shapes, out):  # type: ignore[no-untyped-def]
    start, stop = choose(own, whole, P_ON, P_OFF, len(x))
    if not intact(x, start, stop):
        return
    high, high_at, low, low_at = extremes(x, start, stop, level)
    up = high >= -low
    out[P_AMP] = high if up else low
    out[P_NEG] = min(low, 0.0)
    out[P_AREA] = area(x, start, stop, level, step_ms)
    if not shapes:
        return
    out[P_TERMINAL] = _terminal(x, start, stop, level, step_ms)
    sign = 1.0 if up else -1.0
    spacing = 0
    if max(high, -low) >= P_FLAT_MV:
        spacing = second_peak(x, start, stop, sign, P_NOTCH_MV)
    out[P_NOTCH_MS] = spacing * step_ms
    out[P_MORPH], out[P_BIPHASIC] = form(high, high_at, low, low_at, spacing, P_FLAT_MV)


@piece
def _terminal(x, start, stop, level, step_ms):  # type: ignore[no-untyped-def]
    """Depth × duration of the last negative part of the P wave, mV·ms, ≥ 0."""
    end = stop - 1
    # the wave returns to the level at its end: step back over what has returned
    while end > start and x[end] - level > -0.01:
        end -= 1
    if (stop - 1 - end) * step_ms > 30.0:
        return 0.0
    first = end
    depth = 0.0
    while first >= start and x[first] - level < 0.0:
        depth = max(depth, level - x[first])
        first -= 1
    if depth < 0.01:
        return 0.0
    last = stop - 1
    while last > end and x[last] - level >= 0.0:
        last -= 1
    return depth * (last - first) * step_ms


@piece
def _measure_t(x, own, whole, level, step_ms, shapes, out):  # type: ignore[no-untyped-def]
    if math.isnan(whole[T_OFF]):
        return
    start, stop = choose(own, whole, T_ON, T_OFF, len(x))
    if stop <= start:
        # no onset given: from 60 ms after J
        start, stop = span(whole[QRS_OFF] + 60.0 / step_ms, whole[T_OFF], len(x))
    if not intact(x, start, stop):
        return
    high, high_at, low, low_at = extremes(x, start, stop, level)
    up = high >= -low
    out[T_AMP] = high if up else low
    out[T_AREA] = area(x, start, stop, level, step_ms)
    if not shapes:
        return
    sign = 1.0 if up else -1.0
    spacing = second_peak(x, start, stop, sign, T_NOTCH_MV)
    out[T_MORPH], _ = form(high, high_at, low, low_at, spacing, T_FLAT_MV)
    out[T_NOTCH_MS] = spacing * step_ms
    out[T_ASYMMETRY] = steepness(x, start, stop, high_at if up else low_at, sign, step_ms)
    out[T_KURTOSIS] = kurtosis(x, start, stop, sign)


def _compiled_for(sources: int) -> Callable[..., NDArray[np.float32]]:
    """The kernel, cached on disk under a number that changes with the files it calls into.

    numba's cache looks at the file of the outermost function only: an update of the pieces alone would go unnoticed and
    leave old numbers. It does look at the variables of a closure.
    """

    @compiled
    def measure_all(signal, owner, lead_marks, global_marks, usable, step_ms, shapes):  # type: ignore[no-untyped-def]
        if sources == 0:  # never: names the closure's variable
            return np.zeros((0, 0, 0), dtype=np.float32)
        beats, leads = lead_marks.shape[0], lead_marks.shape[1]
        fields = T_KURTOSIS + 1 if shapes else T_AREA + 1
        out = np.full((beats, leads, fields), np.nan, dtype=np.float32)
        for beat in range(beats):
            record = owner[beat]
            for lead in range(leads):
                if usable[record, lead]:
                    own, whole = lead_marks[beat, lead], global_marks[beat]
                    _measure_one(signal[record, lead], own, whole, step_ms, shapes, out[beat, lead])
        return out

    return measure_all


def _checksum() -> int:
    files = [
        resources.files(__package__).joinpath(f"{name}.py")
        for name in ("fields", "notches", "qrs", "shapes", "stretch")
    ]
    return zlib.crc32(b"".join(file.read_bytes() for file in files)) | 1


_measure = _compiled_for(_checksum())
