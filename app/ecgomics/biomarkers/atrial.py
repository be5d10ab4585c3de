"""P waves: their rate, how many beats have one, and those that no QRS follows."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from ecgomics.biomarkers.block import NORMAL, Block, Bools, Floats, M
from ecgomics.biomarkers.conduction import Atria, measure_conduction
from ecgomics.biomarkers.deflections import writable
from ecgomics.biomarkers.reasons import Causes
from ecgomics.biomarkers.sheet import Sheet, quantile
from ecgomics.waves.kernels import compiled

BEFORE_R_S = 0.35
LIKE_P, MAY_BE_P = 0.87, 0.75
"""Correlation from which a stretch is a P wave, and from which it is one if it stands where one is due."""
MOST_TREND = 0.6
HALFWAY, FAR = 0.06, 1.6
LEAST_GAIN, MOST_GAIN = 0.5, 2.0
AFTER_T_S = 0.02
"""A P wave is looked for this long after the T wave and before the next wave."""
NO_T_S = 0.40
APART_S = 0.20
STEP_S = 0.008
AVERAGED = 200
"""Marked P waves that make the usual one, at most."""
MOST = 8
"""P waves before one QRS that are told apart at most."""
PR_S = (0.08, 0.35)
"""A P wave found this long before a QRS whose own P is not marked is that QRS's."""
MEAN_S = 0.01
"""P waves are compared in means of so long: noise faster than a P is left out."""
LEAST_MEANS = 4


def measure_atrial(block: Block, *, sheet: Sheet) -> None:
    """Write P waves per QRS, presence of P waves, P waves without a QRS, and what becomes of them in the AV node."""
    beats = block.per_record(np.ones(len(block.rr_s)))
    peak = block.marks[:, M["p_peak"]]
    # a first beat whose P lies before the recording says nothing about P waves
    seen = np.isfinite(peak) | (block.r_s >= BEFORE_R_S)
    found = block.per_record(np.isfinite(peak))
    none: Causes = ((beats == 0, "no beats"),)
    # the P of a premature beat may lie in the T wave before it
    own = (block.beat_class == NORMAL) & seen
    able = block.per_record(own)
    share = _over(block.per_record(own & np.isfinite(peak)), able)
    sheet.put("P_Fraction_Global", share, causes=none, otherwise="too few normal beats", count=able)
    shape = _shape(block)
    atria = atria_of(block, shape)
    alone = np.bincount(atria.owner[~atria.followed], minlength=block.size).astype(float)
    alone[shape.size == 0] = np.nan
    without_p: Causes = (*none, (found == 0, "no P wave"))
    sheet.put("P_Unfollowed_Global", alone, causes=without_p, otherwise="no P wave", count=found)
    able = block.per_record(seen)
    every = np.bincount(atria.owner, minlength=block.size).astype(float)
    sheet.put("P_QRS_Ratio_Global", _over(every, able), causes=none, otherwise="signal too short", count=able)
    measure_conduction(block, atria, sheet=sheet)


def atria_of(block: Block, shape: _Shape) -> Atria:
    """Every P wave: those marked before a beat, and those that look like the usual P between T wave and next beat.

    Of the latter, the last before a beat that has no P of its own and lies 80 to 350 ms before its QRS is taken for
    that beat's. A P wave inside a QRS or T wave is not seen; none is sought where no beat's P is marked.
    """
    marked = np.flatnonzero(np.isfinite(block.marks[:, M["p_peak"]]))
    own = block.marks[marked, M["p_on"]]
    own = np.where(np.isfinite(own), own, block.marks[marked, M["p_peak"]])
    before, at = _unmarked(block, shape)
    interval = block.marks[before, M["qrs_on"]] - at
    last = np.append(before[1:] != before[:-1], True) if len(before) else np.empty(0, dtype=bool)
    bare = ~np.isfinite(block.marks[before, M["p_peak"]])
    leads = last & bare & (interval >= PR_S[0]) & (interval <= PR_S[1])
    beat = np.concatenate([marked, before])
    on_s = np.concatenate([own, at])
    followed = np.concatenate([np.ones(len(marked), dtype=bool), leads])
    order = np.lexsort((on_s, block.beat_of[beat]))
    beat = beat[order].astype(np.intp)
    return Atria(owner=block.beat_of[beat], on_s=on_s[order], followed=followed[order], beat=beat)


@dataclass(frozen=True)
class _Shape:
    """The usual P wave of each record from onset to end, in means of 10 ms, each lead about its straight trend."""

    wave: Floats  # (R, L, K) mV
    size: NDArray[np.intp]  # (R,) means of K in use; 0 where the record shows no P
    square: Floats  # (R,) sum of squares over the usable leads
    every: int  # samples a mean


def _shape(block: Block) -> _Shape:
    """Mean of the marked P waves, laid on one another by their peaks: PR may vary, and the representative beat is
    laid on its R."""
    marks = [block.marks[:, M[name]] for name in ("p_on", "p_peak", "p_off")]
    whole = np.isfinite(marks[0] + marks[1] + marks[2])
    before = quantile(block.pad(np.where(whole, marks[1] - marks[0], np.nan)), 0.5)
    after = quantile(block.pad(np.where(whole, marks[2] - marks[1], np.nan)), 0.5)
    every = max(1, round(MEAN_S * block.rate))
    size = np.round(np.nan_to_num(before + after) * block.rate / every).astype(np.intp)
    size[size < LEAST_MEANS] = 0
    wave = np.zeros((block.size, len(block.leads), int(size.max(initial=1))))
    for record in np.flatnonzero(size):
        own = np.flatnonzero(whole & (block.beat_of == record))
        own = own[:: len(own) // AVERAGED + 1]
        start = np.round((marks[1][own] - before[record]) * block.rate).astype(np.intp)
        start = start[(start >= 0) & (start + every * size[record] <= block.ecg.shape[2])]
        if not len(start):
            size[record] = 0
            continue
        at = start[:, None] + np.arange(every * size[record])
        mean = block.ecg[record][:, at].astype(float).mean(axis=1)
        mean[block.lead_unusable[record]] = 0.0
        wave[record, :, : size[record]] = _detrended(mean.reshape(len(mean), size[record], every).mean(axis=2))
    square = (wave**2).sum(axis=(1, 2))
    known = np.isfinite(square) & (square > 0)
    return _Shape(np.nan_to_num(wave), np.where(known, size, 0), np.where(known, square, 0.0), every)


def _detrended(wave: Floats) -> Floats:
    """Each row about its straight trend."""
    ramp = np.arange(wave.shape[1]) - 0.5 * (wave.shape[1] - 1)
    centred = wave - wave.mean(axis=1, keepdims=True)
    return centred - np.outer(centred @ ramp / float(ramp @ ramp), ramp)


def _unmarked(block: Block, shape: _Shape) -> tuple[NDArray[np.intp], Floats]:
    """P waves between the T wave of a beat and the P wave or QRS of the next: that next beat, and their onset in s."""
    t_end = block.marks[:, M["t_off"]]
    t_end = np.where(np.isfinite(t_end), t_end, block.r_s + NO_T_S)
    begin = np.where(np.isfinite(block.marks[:, M["p_on"]]), block.marks[:, M["p_on"]], block.marks[:, M["qrs_on"]])
    low, high = np.full(len(begin), -1.0), np.full(len(begin), -1.0)
    same = np.flatnonzero(block.place[1:] > 0) + 1
    low[same] = (t_end[same - 1] + AFTER_T_S) * block.rate
    high[same] = (begin[same] - AFTER_T_S) * block.rate
    found, likeness = _places_like(
        writable(block.ecg),
        block.beat_of,
        writable(np.nan_to_num(low, nan=-1.0)),
        writable(np.nan_to_num(high, nan=-1.0)),
        (shape.wave, shape.size, shape.square),
        ~block.lead_unusable,
        (round(APART_S * block.rate), max(1, round(STEP_S * block.rate)), shape.every),
    )
    before, place = np.nonzero(found >= 0)
    on_s = found[before, place] / block.rate
    kept = likeness[before, place] >= LIKE_P
    kept |= _halfway(block, before, on_s)
    return before[kept].astype(np.intp), on_s[kept]


def _halfway(block: Block, before: NDArray[np.intp], on_s: Floats) -> Bools:
    """Which of the stretches that may be P waves stand where one is due: halfway between the P waves at either side.

    Those must be further apart than the closest P waves of the record usually are, or half of all its P waves must have
    such a one between them, as in 2:1 block.
    """
    p_on = np.where(np.isfinite(block.marks[:, M["p_peak"]]), block.marks[:, M["p_on"]], np.nan)
    gap = np.full(len(p_on), np.nan)
    gap[1:] = p_on[1:] - p_on[:-1]
    gap[block.place == 0] = np.nan
    share = (on_s - p_on[np.maximum(before - 1, 0)]) / gap[before]
    even = np.abs(share - 0.5) <= HALFWAY
    owner = block.beat_of[before]
    closest = quantile(block.pad(gap), 0.1)
    apart = gap[before] >= FAR * closest[owner]
    one = np.zeros(len(p_on))
    one[before[even]] = 1.0
    often = block.per_record(one) >= 0.5 * np.maximum(block.per_record(np.isfinite(gap)), 2.0)
    return np.asarray(even & (apart | often[owner]))


@compiled
def _places_like(ecg, owner, low, high, shape, usable, pace):  # type: ignore[no-untyped-def]
    """Stretches before each beat that may be P waves, (B, MOST): first sample, −1 where there are no more; likeness."""
    wave, size, square = shape
    apart, stride, every = pace
    found = np.full((len(owner), MOST), -1, dtype=np.int64)
    likeness = np.zeros((len(owner), MOST))
    for beat in range(len(owner)):
        record = owner[beat]
        length = every * size[record]
        at = math.ceil(low[beat])
        if low[beat] < 0 or size[record] < 2:
            continue
        count = 0
        while at + length <= high[beat] and at + length < ecg.shape[2]:
            like = _likeness(ecg, record, at, size[record], every, usable, wave, square[record])
            if like >= MAY_BE_P:
                if count == 0 or at - found[beat, count - 1] > apart:
                    if count == MOST:
                        break
                    found[beat, count], likeness[beat, count] = at, like
                    count += 1
                elif like > likeness[beat, count - 1]:
                    found[beat, count - 1], likeness[beat, count - 1] = at, like
            at += stride
    return found, likeness


@compiled
def _likeness(ecg, record, at, number, every, usable, wave, square):  # type: ignore[no-untyped-def]
    """Correlation pooled over the usable leads, each about its straight trend; −1 where the size differs too much."""
    sxx, sxy, trend = 0.0, 0.0, 0.0
    middle = 0.5 * (number - 1)
    ramp = number * (number * number - 1) / 12.0
    for lead in range(ecg.shape[1]):
        if not usable[record, lead]:
            continue
        own, total, product, slope = 0.0, 0.0, 0.0, 0.0
        # from the first sample, so that an offset costs no digits
        zero = float(ecg[record, lead, at])
        for k in range(number):
            x = 0.0
            for sample in range(at + every * k, at + every * (k + 1)):
                x += ecg[record, lead, sample]
            x = x / every - zero
            total += x
            own += x * x
            product += x * wave[record, lead, k]
            slope += x * (k - middle)
        trend += slope * slope / ramp
        sxx += own - total * total / number
        sxy += product
    # where most is trend, what is left of it may be the bend at the edge of another wave
    if not (sxx > 0.0 and square > 0.0) or trend > MOST_TREND * sxx:
        return -1.0
    sxx -= trend
    gain = sxy / square
    if gain < LEAST_GAIN or gain > MOST_GAIN:
        return -1.0
    return sxy / math.sqrt(sxx * square)


def _over(part: Floats, whole: Floats) -> NDArray[np.float64]:
    return part / np.where(whole > 0, whole, np.nan)
