"""Heart-rate variability and irregularity: successive differences, Poincaré, entropies.

Written out here rather than taken from neurokit2, whose functions work on one recording at a time and leave gaps at
ectopic beats closed; the tests compare the two on a series without gaps.
"""

from __future__ import annotations

import math

import numpy as np

from ecgomics.biomarkers.block import Block, Floats
from ecgomics.biomarkers.reasons import Causes
from ecgomics.biomarkers.rhythm import Intervals, deviation, normal_intervals, rhythm_intervals
from ecgomics.biomarkers.sheet import Sheet
from ecgomics.settings import BiomarkerSettings
from ecgomics.waves.kernels import compiled

SAMPEN_BEATS = 200
SAMPEN_LIMIT = 5000
COSEN_LIMIT = 2000
COSEN_START_S = 0.030
COSEN_MATCHES = 5
HISTOGRAM_BINS = 15  # odd, so that a steady rhythm is in the middle of a bin
TURN_MS2 = 1e-3
LORENZ_BEATS, LORENZ_CELL_MS, LORENZ_ORIGIN_MS = 30, 25.0, 80.0
EXACT_MS = 1e-6  # times in s as floats: a difference of 20 ms is not beyond 20 ms


def measure_variability(block: Block, *, sheet: Sheet, settings: BiomarkerSettings) -> None:
    """Write variability of the normal intervals and irregularity of the rhythm."""
    _measure_successive(block, sheet=sheet, settings=settings)
    _measure_irregularity(block, sheet=sheet, settings=settings)


def _measure_successive(block: Block, *, sheet: Sheet, settings: BiomarkerSettings) -> None:
    normal = normal_intervals(block)
    pairs = block.per_record(np.isfinite(normal.diff_ms))
    some = np.where(pairs > 0, pairs, np.nan)
    long_enough: Causes = (
        (_beats(block) == 0, "no beats"),
        (block.duration_s < settings.hrv_min_s - 0.5, _needs_s(settings.hrv_min_s)),
    )
    causes: Causes = (*long_enough, (pairs < 2, "too few normal beats"))

    def put(column: str, value: Floats) -> None:
        sheet.put(column, value, causes=causes, otherwise="intervals do not vary", count=pairs)

    size = np.abs(np.nan_to_num(normal.diff_ms))
    put("RMSSD_Global", np.sqrt(block.per_record(size**2) / some))
    put("PNN20_Global", 100.0 * block.per_record(size > 20.0 + EXACT_MS) / some)
    put("PNN50_Global", 100.0 * block.per_record(size > 50.0 + EXACT_MS) / some)
    across = deviation(block, normal.diff_ms)
    sums = np.full_like(normal.rr_ms, np.nan)
    sums[1:] = normal.rr_ms[1:] + normal.rr_ms[:-1]
    sums[np.isnan(normal.diff_ms)] = np.nan
    along = deviation(block, sums)
    put("SDSD_Global", across)
    put("SD1_Global", across / math.sqrt(2.0))
    put("SD2_Global", along / math.sqrt(2.0))
    put("SD1_SD2_Ratio_Global", across / np.where(along > 0, along, np.nan))
    length, width = 4.0 * along / math.sqrt(2.0), 4.0 * across / math.sqrt(2.0)
    above = np.where(width > 0, width, np.nan)
    put("CSI_Global", length / above)
    put("CSI_Modified_Global", length**2 / above)
    with np.errstate(divide="ignore"):
        put("CVI_Global", np.log10(length * width))
    causes = (
        (_beats(block) == 0, "no beats"),
        (block.duration_s < settings.sdnn_min_s - 0.5, _needs_s(settings.sdnn_min_s)),
        (normal.count < 2, "too few normal beats"),
    )
    sheet.put("SDNN_Global", normal.deviation, causes=causes, count=normal.count)
    causes = ((_beats(block) == 0, "no beats"), (normal.count < SAMPEN_BEATS, "needs ≥ 200 normal beats"))
    value = np.full(block.size, np.nan)
    for record in np.flatnonzero(normal.count >= SAMPEN_BEATS):
        series = _series(normal, record=int(record), limit=SAMPEN_LIMIT)
        value[record] = sample_entropy(series, m=2, r=0.2 * float(np.std(series, ddof=1)))
    sheet.put("SampEn_Global", value, causes=causes, otherwise="intervals do not vary", count=normal.count)


def _measure_irregularity(block: Block, *, sheet: Sheet, settings: BiomarkerSettings) -> None:
    rhythm = rhythm_intervals(block)
    count, mean = rhythm.count, rhythm.mean
    pairs = block.per_record(np.isfinite(rhythm.diff_ms))
    none: Causes = ((_beats(block) == 0, "no beats"),)
    size = np.nan_to_num(rhythm.diff_ms)
    rmssd = np.sqrt(block.per_record(size**2) / np.where(pairs > 0, pairs, np.nan))
    sheet.put("NRMSSD_Global", rmssd / mean, causes=(*none, (pairs < 2, "needs ≥ 3 beats")), count=pairs)
    inner, turning = _turning(rhythm)
    value = turning / np.where(inner > 0, inner, np.nan)
    ten: Causes = (*none, (count < 9, "needs ≥ 10 beats"))
    sheet.put("TurningPoint_Global", value, causes=(*ten, (inner < 1, "needs ≥ 10 beats")), count=inner)
    _measure_lorenz(rhythm, none, sheet=sheet)
    spread, cosen = np.full(block.size, np.nan), np.full(block.size, np.nan)
    for record in np.flatnonzero(count >= 4):
        series = _series(rhythm, record=int(record), limit=COSEN_LIMIT)
        spread[record] = histogram_entropy(series)
        cosen[record] = coefficient_of_sample_entropy(series / 1000.0)
    sheet.put("RR_Entropy_Global", spread, causes=ten, count=count)
    few: Causes = (*none, (count < settings.cosen_min_beats - 1, _needs_beats(settings.cosen_min_beats)))
    sheet.put("CosEn_Global", cosen, causes=few, otherwise="intervals do not vary", count=count)


def _measure_lorenz(rhythm: Intervals, none: Causes, *, sheet: Sheet) -> None:
    before, after = rhythm.diff_ms[:-1], rhythm.diff_ms[1:]
    both = np.flatnonzero(np.isfinite(before) & np.isfinite(after))
    owner = rhythm.block.beat_of[1:][both]
    x, y = before[both], after[both]
    size = rhythm.block.size
    points = np.bincount(owner, minlength=size).astype(float)
    far = np.maximum(np.abs(x), np.abs(y)) > LORENZ_ORIGIN_MS + EXACT_MS
    cells = np.rint(np.stack([x, y], axis=1) / LORENZ_CELL_MS).astype(np.int64)
    occupied = np.unique(np.column_stack([owner[far], cells[far]]), axis=0)[:, 0]
    some = np.where(points > 0, points, np.nan)
    causes: Causes = (*none, (rhythm.count < LORENZ_BEATS - 1, "needs ≥ 30 beats"))
    irregular = np.bincount(occupied, minlength=size) / some
    near = np.bincount(owner[~far], minlength=size) / some
    sheet.put("Lorenz_Irregularity_Global", irregular, causes=causes, otherwise="too few normal beats", count=points)
    sheet.put("Lorenz_Origin_Global", near, causes=causes, otherwise="too few normal beats", count=points)


def _turning(rhythm: Intervals) -> tuple[Floats, Floats]:
    before = rhythm.diff_ms[:-1]
    after = rhythm.diff_ms[1:]
    inside = np.isfinite(before) & np.isfinite(after)
    steps = np.nan_to_num(before) * np.nan_to_num(after)
    turns = inside & (steps < -TURN_MS2)
    pad = np.zeros(1, dtype=bool)
    return (
        rhythm.block.per_record(np.concatenate([inside, pad])),
        rhythm.block.per_record(np.concatenate([turns, pad])),
    )


def histogram_entropy(rr: Floats) -> float:
    """Shannon entropy of intervals in 15 bins from 0.4 to 1.6 of their median, over ln 15; 0 to 1.

    Intervals outside go to the outermost bins.
    """
    values = np.sort(np.ascontiguousarray(rr, dtype=float))
    middle = 0.5 * (values[(len(values) - 1) // 2] + values[len(values) // 2])
    return float(_histogram_entropy(values / middle))


def sample_entropy(series: Floats, *, m: int, r: float) -> float:
    """Sample entropy: −ln of the share of matches of length m that still match at length m + 1.

    Parameters
    ----------
    series
        Any unit, at least m + 2 values.
    m
        Length of the templates.
    r
        Largest distance (maximum norm, inclusive) of a match, in the unit of the series.

    Returns
    -------
    float
        NaN when no pair matches at length m + 1.
    """
    values = np.ascontiguousarray(series, dtype=float)
    if len(values) < m + 2 or r <= 0:
        return math.nan
    short, long = _matches(values, m, r)
    return float(-math.log(long / short)) if long > 0 else math.nan


def coefficient_of_sample_entropy(rr_s: Floats) -> float:
    """CosEn of Lake and Moorman: SampEn(m = 1, r) + ln(2r) − ln(mean RR), r grown until 5 pairs match.

    Parameters
    ----------
    rr_s
        RR intervals, s, at least 4.

    Returns
    -------
    float
        NaN when too few pairs exist to match.

    Notes
    -----
    Am J Physiol Heart Circ Physiol 2011;300:H319–H325: since r varies, the probability p of a match is made a density
    by dividing it by the width 2r of the matching region, and −ln(p/2r) = SampEn + ln 2r; the mean RR makes it free of
    unit. The sum is written with − ln 2r in some places. That cannot be meant: it would grow as r shrinks, where a
    density does not hang on r, and steady and fibrillating rhythms would both lie above 3, where the paper's limit
    is −1.4.
    """
    values = np.ascontiguousarray(rr_s, dtype=float)
    if len(values) < 4:
        return math.nan
    reach = float(_fifth_distance(values))
    if not math.isfinite(reach):
        return math.nan
    r = max(COSEN_START_S, reach)
    return sample_entropy(values, m=1, r=r) + math.log(2.0 * r) - math.log(float(values.mean()))


@compiled
def _histogram_entropy(share):  # type: ignore[no-untyped-def]
    counts = np.zeros(HISTOGRAM_BINS)
    width = 1.2 / HISTOGRAM_BINS
    for value in share:
        place = math.floor((value - 0.4) / width + 1e-9)
        counts[min(max(place, 0), HISTOGRAM_BINS - 1)] += 1.0
    total = 0.0
    for count in counts:
        if count > 0.0:
            total -= count / len(share) * math.log(count / len(share))
    return total / math.log(HISTOGRAM_BINS)


@compiled
def _fifth_distance(values):  # type: ignore[no-untyped-def]
    """Fifth smallest distance (maximum norm) between successive pairs of values; infinite with fewer distances."""
    nearest = np.full(COSEN_MATCHES, np.inf)
    for i in range(len(values) - 1):
        for j in range(i + 1, len(values) - 1):
            distance = max(abs(values[i] - values[j]), abs(values[i + 1] - values[j + 1]))
            place = COSEN_MATCHES - 1
            if distance >= nearest[place]:
                continue
            while place > 0 and nearest[place - 1] > distance:
                nearest[place] = nearest[place - 1]
                place -= 1
            nearest[place] = distance
    return nearest[COSEN_MATCHES - 1]


@compiled
def _matches(values, m, r):  # type: ignore[no-untyped-def]
    short, long = 0, 0
    size = len(values)
    for i in range(size - m):
        for j in range(i + 1, size - m):
            near = True
            for k in range(m):
                if abs(values[i + k] - values[j + k]) > r:
                    near = False
                    break
            if near:
                short += 1
                if abs(values[i + m] - values[j + m]) <= r:
                    long += 1
    return short, long


def _series(intervals: Intervals, *, record: int, limit: int) -> Floats:
    first, last = np.searchsorted(intervals.block.beat_of, [record, record + 1])
    own = intervals.rr_ms[first:last]
    return own[np.isfinite(own)][:limit]


def _beats(block: Block) -> Floats:
    return block.per_record(np.ones(len(block.rr_s)))


def _needs_s(seconds: float) -> str:
    return {60.0: "needs ≥ 60 s", 300.0: "needs ≥ 300 s"}.get(float(seconds), "shorter than set")


def _needs_beats(beats: int) -> str:
    return {10: "needs ≥ 10 beats", 12: "needs ≥ 12 beats"}.get(beats, "fewer beats than set")
