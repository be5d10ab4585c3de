"""AV conduction: how regular the atria are, and which of their P waves the ventricles do not follow."""

from __future__ import annotations

from dataclasses import dataclass, field
from itertools import pairwise

import numpy as np
from numpy.typing import NDArray

from ecgomics.biomarkers.block import Block, Bools, Floats, M
from ecgomics.biomarkers.reasons import Causes
from ecgomics.biomarkers.sheet import Sheet

ON_TIME = (0.8, 1.25)
"""A P wave this far from the one before, in PP intervals, comes from the same steady pacemaker."""


@dataclass(frozen=True)
class Atria:
    """The P waves of a block in order of record and time; P of them.

    `beat` is the beat a P wave leads to, or, where it leads to none, the next one.
    """

    owner: NDArray[np.intp]  # (P,) index of the record
    on_s: Floats  # (P,)
    followed: Bools  # (P,)
    beat: NDArray[np.intp]  # (P,)


@dataclass
class _Conduction:
    """What one record's P waves tell; `drops` has one PR before less PR after for each single blocked P."""

    period_s: float = np.nan
    deviation: float = np.nan
    periods: NDArray[np.float64] = field(default_factory=lambda: np.empty(0))
    blocked: int = 0
    longest: int = 0
    alternating: int = 0
    drops: list[float] = field(default_factory=list)


def measure_conduction(block: Block, atria: Atria, *, sheet: Sheet) -> None:
    """Write atrial rate and regularity, blocked P waves and how PR changes over them.

    Parameters
    ----------
    block, sheet
        The records and where their values go.
    atria
        Their P waves.
    """
    ventricular = block.ventricular
    qrs_on = block.marks[:, M["qrs_on"]]
    first = np.searchsorted(atria.owner, np.arange(block.size + 1))
    told = []
    for start, stop in pairwise(first.tolist()):
        own = slice(start, stop)
        beat = atria.beat[own]
        pr = np.where(atria.followed[own], qrs_on[beat] - atria.on_s[own], np.nan)
        beside = ventricular[beat] | (ventricular[np.maximum(beat - 1, 0)] & (block.place[beat] > 0))
        told.append(conduction(atria.on_s[own], pr, followed=atria.followed[own], ectopic=beside))
    found = np.diff(first)
    causes: Causes = ((block.no_beats, "no beats"), (found == 0, "no P wave"), (found == 1, "needs ≥ 2 beats"))
    pairs = np.maximum(found - 1, 0)
    period = np.array([one.period_s for one in told])
    grid = _padded([one.periods for one in told])
    with np.errstate(divide="ignore"):
        sheet.put("HR_Atrial_Global", 60.0 / period, causes=causes, spread=60.0 / grid)
    three: Causes = (*causes, (found == 2, "needs ≥ 3 beats"))
    deviation = np.array([one.deviation for one in told])
    sheet.put("PP_Deviation_Global", deviation, causes=three, otherwise="needs ≥ 3 beats", count=pairs)
    blocked = np.array([one.blocked for one in told], dtype=float)
    for name, number in (
        ("AV_Blocked_Global", blocked),
        ("AV_BlockedRun_Global", np.array([one.longest for one in told], dtype=float)),
        ("AV_Alternating_Global", np.array([one.alternating for one in told], dtype=float)),
    ):
        sheet.put(name, number, causes=three, count=found)
    drops = [one.drops for one in told]
    value = np.array([float(np.median(some)) if some else np.nan for some in drops])
    count = np.array([len(some) for some in drops])
    sheet.put("AV_PRDrop_Global", value, causes=three, otherwise="no blocked P wave", count=count)


def conduction(on_s: Floats, pr_s: Floats, *, followed: Bools, ectopic: Bools) -> _Conduction:
    """AV conduction of one record.

    Parameters
    ----------
    on_s
        Onsets of all its P waves, s, ascending.
    pr_s
        PR interval of each, s; NaN without a QRS.
    followed
        Whether a QRS follows.
    ectopic
        Whether the beat before or after it is ventricular: such a P says nothing about the AV node.
    """
    told = _Conduction()
    if len(on_s) < 2:
        return told
    told.period_s, told.periods = period(on_s)
    share = np.diff(on_s) / told.period_s
    if len(on_s) < 3:
        return told
    told.deviation = float(np.median(np.abs(share - np.maximum(np.round(share), 1.0))))
    on_time = (share >= ON_TIME[0]) & (share <= ON_TIME[1])
    blocked = ~followed & ~ectopic
    blocked[0] = False
    blocked[1:] &= on_time
    told.blocked = int(blocked.sum())
    _follow(told, pr_s, followed=followed, blocked=blocked)
    return told


def period(on_s: Floats) -> tuple[float, Floats]:
    """The interval the P waves keep, s, and each interval over the number of times it holds that, (pairs,).

    P waves that are hidden make an interval of two or three: the lower quartile is taken for a single one.
    """
    interval = np.diff(on_s)
    single = float(np.quantile(interval, 0.25))
    times = np.maximum(np.round(interval / single), 1.0) if single > 0 else np.ones_like(interval)
    each = interval / times
    return float(np.median(each)), each


def _follow(told: _Conduction, pr_s: Floats, *, followed: Bools, blocked: Bools) -> None:
    """Go through the P waves in order: how many are blocked in a row, and PR before and after a single one."""
    conducted, run, alternating = 0, 0, 0
    before = np.nan
    cycle = 0
    for place in range(len(followed)):
        if blocked[place]:
            if run == 0:
                cycle = conducted
                alternating = alternating + 1 if cycle == 1 else 1
                told.alternating = max(told.alternating, alternating)
            else:
                alternating = 0
            run += 1
            told.longest = max(told.longest, run)
            conducted = 0
        elif followed[place]:
            drop = 1000.0 * (before - pr_s[place])
            if run == 1 and cycle >= 2 and np.isfinite(drop):
                told.drops.append(float(drop))
            before, run = pr_s[place], 0
            conducted += 1
        else:
            # neither: early, late or beside an ectopic beat
            before, run, conducted, alternating = np.nan, 0, 0, 0


def _padded(rows: list[Floats]) -> Floats:
    width = max((len(row) for row in rows), default=0) or 1
    grid = np.full((len(rows), width), np.nan)
    for place, row in enumerate(rows):
        grid[place, : len(row)] = row
    return grid
