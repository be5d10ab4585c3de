"""Rate and its spread: what the sequence of beats says."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from ecgomics.biomarkers.block import NORMAL, Block, Bools, Floats
from ecgomics.biomarkers.reasons import Causes
from ecgomics.biomarkers.sheet import Sheet, quantile
from ecgomics.settings import BiomarkerSettings


@dataclass(frozen=True)
class Intervals:
    """One choice of the RR intervals of a block: which count, and which successive ones share a beat.

    `rr_ms` and `diff_ms` are (B,) with NaN where the interval, or the difference to the one before, does not count.
    """

    block: Block
    rr_ms: Floats
    diff_ms: Floats

    @property
    def count(self) -> Floats:
        """Intervals by record."""
        return self.block.per_record(np.isfinite(self.rr_ms))

    @property
    def mean(self) -> Floats:
        """Mean by record, ms; NaN without intervals."""
        return _mean(self.block, self.rr_ms)

    @property
    def deviation(self) -> Floats:
        """Sample standard deviation by record, ms; NaN under two intervals."""
        return deviation(self.block, self.rr_ms)


def all_intervals(block: Block) -> Intervals:
    """Every RR interval, ectopic beats included."""
    return _choose(block, np.ones(len(block.rr_s), dtype=bool))


def normal_intervals(block: Block) -> Intervals:
    """RR intervals with a normal beat at both ends."""
    return _choose(block, block.beat_class == NORMAL)


def rhythm_intervals(block: Block) -> Intervals:
    """RR intervals with no ventricular beat at either end."""
    return _choose(block, ~block.ventricular)


def mean_rr_alike(block: Block) -> Floats:
    """Mean RR (s) with beats of the represented class at both ends; of all intervals where there is none such."""
    alike = _choose(block, block.alike).mean
    return np.where(np.isfinite(alike), alike, all_intervals(block).mean) / 1000.0


def deviation(block: Block, values: Floats) -> Floats:
    """Sample standard deviation by record of per-beat values, NaN left out; NaN under two."""
    count = block.per_record(np.isfinite(values))
    centred = np.nan_to_num(values - _mean(block, values)[block.beat_of])
    square = block.per_record(centred**2)
    return np.sqrt(square / np.where(count > 1, count - 1, np.nan))


def _mean(block: Block, values: Floats) -> Floats:
    count = block.per_record(np.isfinite(values))
    return block.per_record(np.nan_to_num(values)) / np.where(count > 0, count, np.nan)


def _choose(block: Block, beat: Bools) -> Intervals:
    before = np.zeros_like(beat)
    before[1:] = beat[:-1]
    first = block.place == 0
    rr = np.where(beat & before & ~first, 1000.0 * block.rr_s, np.nan)
    diff = np.full_like(rr, np.nan)
    diff[1:] = rr[1:] - rr[:-1]
    diff[first] = np.nan
    return Intervals(block=block, rr_ms=rr, diff_ms=diff)


def measure_rhythm(block: Block, *, sheet: Sheet, settings: BiomarkerSettings) -> None:
    """Write rates and RR statistics."""
    everything, rhythm = all_intervals(block), rhythm_intervals(block)
    grid, steady = block.pad(everything.rr_ms), block.pad(rhythm.rr_ms)
    count = everything.count
    beats = block.per_record(np.ones(len(block.rr_s)))
    one: Causes = ((beats == 0, "no beats"), (count < 1, "needs ≥ 2 beats"))
    two: Causes = (*one, (count < 2, "needs ≥ 3 beats"))
    middle, mean, sd = quantile(grid, 0.5), everything.mean, everything.deviation
    sheet.put("HR_Mean_Global", 60000.0 / mean, causes=one, count=count)
    sheet.put("HR_Median_Global", 60000.0 / middle, causes=one, count=count)
    normal = normal_intervals(block)
    sheet.put(
        "HR_Sinus_Global", 60000.0 / normal.mean, causes=one, otherwise="too few normal beats", count=normal.count
    )
    for column, share in (("HR_Min_Global", 1.0), ("HR_Max_Global", 0.0)):
        value = 60000.0 / quantile(steady, share)
        sheet.put(column, value, causes=one, otherwise="too few normal beats", count=rhythm.count)
    sheet.put("RR_Mean_Global", mean, causes=one, spread=grid)
    sheet.put("RR_Max_Global", quantile(grid, 1.0), causes=one, count=count)
    sheet.put("RR_StdDev_Global", sd, causes=two, count=count)
    sheet.put("RR_CV_Global", sd / mean, causes=two, count=count)
    sheet.put("RR_IQR_Global", quantile(grid, 0.75) - quantile(grid, 0.25), causes=two, count=count)
    spread = 1.4826 * quantile(np.abs(grid - middle[:, None]), 0.5)
    sheet.put("RR_MAD_Global", spread, causes=two, count=count)
    pauses = block.per_record(np.nan_to_num(everything.rr_ms) > settings.pause_ms)
    sheet.put("Pause_Count_Global", pauses, causes=one, count=count)
