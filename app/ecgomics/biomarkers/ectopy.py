"""Order of the beats: premature atrial beats, couplets, runs, bigeminy, and the intervals around ventricular beats."""

from __future__ import annotations

import numpy as np

from ecgomics.biomarkers.block import SUPRAVENTRICULAR, Block, Bools, Floats
from ecgomics.biomarkers.reasons import Causes
from ecgomics.biomarkers.rhythm import normal_intervals
from ecgomics.biomarkers.sheet import Sheet, quantile

ABRUPT = 0.85
RUN = 3


def measure_ectopy(block: Block, *, sheet: Sheet) -> None:
    """Write counts of premature beats and what their order makes of them."""
    beats = block.per_record(np.ones(len(block.rr_s)))
    none: Causes = ((beats == 0, "no beats"),)
    ventricular = block.ventricular
    count = block.per_record(ventricular)
    sheet.put("PVC_Count_Global", count, causes=none, count=beats)
    sheet.put("PVC_Burden_Global", 100.0 * count / np.where(beats > 0, beats, np.nan), causes=none, count=beats)
    sheet.put("PAC_Count_Global", block.per_record(abrupt(block)), causes=none, count=beats)
    length = run_length(block, ventricular)
    first = length > 0
    sheet.put("PVC_Couplets_Global", block.per_record(length == 2), causes=none, count=beats)
    sheet.put("PVC_Runs_Global", block.per_record(length >= RUN), causes=none, count=beats)
    sheet.put("PVC_RunMax_Global", _largest(block, np.where(first, length, 0)), causes=none, count=beats)
    fastest = _fastest_run(block, length)
    no_run: Causes = (*none, (fastest == 0, "no ventricular run"))
    sheet.put("PVC_RunRate_Global", fastest, causes=no_run, count=block.per_record(length >= RUN))
    sheet.put("Bigeminy_Global", _largest(block, _alternation(block, ventricular)), causes=none, count=beats)
    _measure_around(block, length, sheet=sheet)


def abrupt(block: Block) -> Bools:
    """Beats (B,) of stretches of supraventricular beats, aberrant ones included, that begin and end abruptly.

    The waves stage calls a beat supraventricular when it is early for its neighbourhood; in sinus arrhythmia that
    happens gradually. A stretch counts when its first interval is under 0.85 of the one before the stretch and, where
    the recording goes on, of the one after it.
    """
    early = (block.beat_class == SUPRAVENTRICULAR) | block.aberrant
    counted = np.zeros_like(early)
    length = run_length(block, early)
    for start in np.flatnonzero(length):
        stop = start + length[start]
        if block.place[start] < 2:
            continue
        own = block.rr_s[start]
        after = block.rr_s[stop] if stop < len(early) and block.beat_of[stop] == block.beat_of[start] else np.inf
        counted[start:stop] = own < ABRUPT * min(block.rr_s[start - 1], after)
    return counted


def run_length(block: Block, beat: Bools) -> np.ndarray[tuple[int], np.dtype[np.int64]]:
    """Length of each stretch of such beats, at its first beat; 0 elsewhere, (B,)."""
    length = np.zeros(len(beat), dtype=np.int64)
    before = np.zeros_like(beat)
    before[1:] = beat[:-1]
    begins = np.flatnonzero(beat & (~before | (block.place == 0)))
    after = np.zeros_like(beat)
    after[:-1] = beat[1:] & (block.place[1:] > 0)
    ends = np.flatnonzero(beat & ~after)
    length[begins] = ends - begins + 1
    return length


def _fastest_run(block: Block, length: np.ndarray[tuple[int], np.dtype[np.int64]]) -> Floats:
    """Rate of the fastest run by the mean of the intervals within it, /min, (R,); 0 without a run."""
    rate = np.zeros(len(length))
    for start in np.flatnonzero(length >= RUN):
        within = block.rr_s[start + 1 : start + length[start]]
        rate[start] = 60.0 / float(np.mean(within))
    return _largest(block, np.nan_to_num(rate))


def _alternation(block: Block, ventricular: Bools) -> Floats:
    """Ventricular beats in the alternation with single other beats that ends at a beat, (B,)."""
    count = np.zeros(len(ventricular))
    for beat in np.flatnonzero(ventricular):
        regular = block.place[beat] > 0 and not ventricular[beat - 1]
        if regular:
            goes_on = block.place[beat] > 2 and ventricular[beat - 2]
            count[beat] = count[beat - 2] + 1 if goes_on and count[beat - 2] > 0 else 1
    return np.where(count >= 2, count, 0.0)


def _measure_around(block: Block, length: np.ndarray[tuple[int], np.dtype[np.int64]], *, sheet: Sheet) -> None:
    """Coupling interval and following pause of single ventricular beats."""
    single = np.flatnonzero((length == 1) & (block.place > 0))
    coupling, pause = np.full(len(length), np.nan), np.full(len(length), np.nan)
    coupling[single] = 1000.0 * block.rr_s[single]
    goes_on = single[(single + 1 < len(length))]
    goes_on = goes_on[block.place[goes_on + 1] > 0]
    pause[goes_on] = 1000.0 * block.rr_s[goes_on + 1]
    usual = quantile(block.pad(normal_intervals(block).rr_ms), 0.5)
    beats = block.per_record(np.ones(len(length)))
    found = block.per_record(length == 1)
    causes: Causes = ((beats == 0, "no beats"), (found == 0, "no ventricular beat"))
    grid = block.pad(coupling)
    sheet.put("PVC_Coupling_Global", quantile(grid, 0.5), causes=causes, otherwise="signal too short", spread=grid)
    share = block.pad(pause / usual[block.beat_of])
    causes = (*causes, (np.isnan(usual), "too few normal beats"))
    sheet.put("PVC_Pause_Global", quantile(share, 0.5), causes=causes, otherwise="signal too short", spread=share)


def _largest(block: Block, values: Floats | np.ndarray[tuple[int], np.dtype[np.int64]]) -> Floats:
    largest = np.zeros(block.size)
    np.maximum.at(largest, block.beat_of, values)
    return largest
