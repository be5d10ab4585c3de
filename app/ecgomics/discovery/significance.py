"""p-values of rank sums, of rare values and of missingness, and their correction for many biomarkers."""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache

import numpy as np
import numpy.typing as npt
from scipy.special import gammaln, ndtr

Floats = npt.NDArray[np.float64]
Bools = npt.NDArray[np.bool_]

_ENOUGH_EXPECTED = 25.0
"""Expected count of rare values in the smaller group above which the normal approximation serves."""


def normal_p(shift: Floats, variance: Floats) -> Floats:
    """Two-sided p of centred rank sums under the normal approximation, with continuity correction of ½.

    Parameters
    ----------
    shift, variance
        Sum of centred midranks in the group and its permutation variance (float64, biomarker).

    Returns
    -------
    float64, 0 to 1; 1 where nothing varies, NaN where a side is empty (variance NaN).
    """
    spread = np.sqrt(np.maximum(variance, 0.0))
    z = np.maximum(np.abs(shift) - 0.5, 0.0) / np.where(spread > 0, spread, 1.0)
    return np.where(spread > 0, np.minimum(2 * ndtr(-z), 1.0), 1.0)


FEW = 20
"""Patients on the smaller side up to which rank sums are counted out instead of taken as normal."""


def exact_p(wins: Floats, losses: Floats, *, few: Floats, many: Floats) -> Floats:
    """Two-sided p of rank sums by counting all ways to draw a small group.

    With three of 200 patients in the group even a perfect separation lies only three standard deviations out: the
    normal approximation cannot tell it from luck, though one drawing in a million gives it.

    Parameters
    ----------
    wins, losses
        Pairs of one of each side in which the smaller side's value is larger, and smaller (float64, biomarker). Ties
        count as neither: broken against the effect, whatever they are, they leave the test valid.
    few, many
        Patients with a value on the smaller and on the other side (float64, biomarker).

    Returns
    -------
    float64, 0 to 1; 1 where a side is empty.
    """
    p = np.ones(wins.shape)
    for column in np.flatnonzero((few > 0) & (many > 0)):
        below = _cumulated(int(few[column]), int(many[column]))
        pairs = int(few[column] * many[column])
        tails = [_upper_tail(below, pairs, int(each[column])) for each in (wins, losses)]
        p[column] = min(1.0, 2 * min(tails))
    return p


def _upper_tail(below: Floats, pairs: int, wins: int) -> float:
    """Chance of at least so many wins of so many pairs; the distribution is its own mirror image."""
    lost = pairs - wins
    return float(below[lost]) if lost < len(below) else float(1.0 - below[pairs - lost - 1] if lost < pairs else 1.0)


@lru_cache(maxsize=256)
def _cumulated(few: int, many: int) -> Floats:
    """Chance of 0, 1, … wins or fewer, up to half of all pairs (Mann & Whitney, Ann Math Stat 1947;18:50).

    The counts are the coefficients of a Gaussian binomial, multiplied up factor by factor.
    """
    counts = np.zeros(few * many // 2 + 1)
    counts[0] = 1.0
    for step in range(1, few + 1):
        shift = many + step
        if shift < len(counts):
            counts[shift:] -= counts[:-shift].copy()
        for start in range(step):
            counts[start::step] = np.cumsum(counts[start::step])
    ways = np.exp(gammaln(few + many + 1) - gammaln(few + 1) - gammaln(many + 1))
    return np.asarray(np.minimum(np.cumsum(counts) / ways, 1.0), dtype=np.float64)


def benjamini_yekutieli(p: Floats) -> Floats:
    """q-values that control the false discovery rate under any dependence between biomarkers.

    NaN p-values are no tests: they stay NaN and do not count. Benjamini & Yekutieli, Ann Stat 2001;29:1165.
    """
    q = np.full(p.shape, np.nan)
    order = np.argsort(p, kind="stable")[: int(np.isfinite(p).sum())]
    number = np.arange(1, len(order) + 1)
    scaled = p[order] * np.sum(1 / number) * len(order) / number
    q[order] = np.minimum(np.minimum.accumulate(scaled[::-1])[::-1], 1.0)
    return q


def missingness_p(missing: tuple[Floats, Floats], total: tuple[int, int]) -> Floats:
    """Two-sided Fisher p (twice the smaller tail) that a biomarker is missing equally often on both sides.

    Parameters
    ----------
    missing
        Patients without the biomarker in the group and in the rest (float64, biomarker).
    total
        Patients in the group and in the rest.
    """
    every = missing[0] + missing[1]
    p = np.ones(every.shape)
    asked = np.flatnonzero((every > 0) & (every < sum(total)))
    of_group = np.full(len(asked), float(total[0]))
    p[asked] = _two_tails(missing[0][asked], rare=every[asked], inside=of_group, every=of_group + total[1])
    return p


@dataclass(frozen=True)
class Rare:
    """Columns where one value is shared by more than half of the patients (0/1 patterns, counts that are mostly 0).

    There the normal approximation of the rank sum can be wrong by orders of magnitude: one of three positives in a
    group of twenty among a thousand has an exact p of 0.06 and a normal one of 0.0001. The sum over the other,
    rarer values is a mixture: their number in the group is hypergeometric, exactly; given the number, their sum of
    scores is close to normal, and a constant when they are all the same.

    Parameters
    ----------
    columns
        Which columns.
    count, mean, spread
        How many rarer values each has, and mean and standard deviation of their scores.
    rows, scores
        The patients who have them and their scores, column after column.
    """

    columns: npt.NDArray[np.int64]
    count: Floats
    mean: Floats
    spread: Floats
    rows: npt.NDArray[np.int64]
    scores: Floats

    @classmethod
    def find(cls, centred: Floats, present: Bools) -> Rare:
        """Pick the columns of centred midranks (float64, (patient, biomarker)) that have a majority value."""
        columns, rows, scores = [], [], []
        for column in _may_have_a_majority(centred, present.sum(axis=0)):
            kept = np.flatnonzero(present[:, column])
            ranks = centred[kept, column]
            # a value shared by more than half of the patients holds the middle rank
            mode = np.partition(ranks, len(ranks) // 2)[len(ranks) // 2]
            rare = ranks != mode
            if 0 < rare.sum() <= len(ranks) / 2:
                columns.append(column)
                rows.append(kept[rare])
                scores.append(ranks[rare] - mode)
        return cls(
            np.array(columns, dtype=np.int64),
            np.array([len(each) for each in scores], dtype=np.float64),
            np.array([each.mean() for each in scores], dtype=np.float64),
            np.array([each.std(ddof=1) if len(each) > 1 else 0.0 for each in scores], dtype=np.float64),
            np.concatenate([*rows, np.zeros(0, dtype=np.int64)]),
            np.concatenate([*scores, np.zeros(0)]),
        )

    def applies(self, inside: Floats, outside: Floats) -> Bools:
        """Where the exact count is used: a majority value, and few of the others expected in the smaller side."""
        chosen = np.zeros(inside.shape, dtype=bool)
        few, every = np.minimum(inside, outside)[self.columns], (inside + outside)[self.columns]
        chosen[self.columns] = (few >= 1) & (self.count * few < _ENOUGH_EXPECTED * every)
        return chosen

    def replace(self, p: Floats, *, members: Bools, inside: Floats, outside: Floats) -> Floats:
        """`p` with the entries replaced where the exact count `applies`."""
        result = p.copy()
        if len(self.columns) == 0:
            return result
        used = self.applies(inside, outside)[self.columns]
        columns = self.columns[used]
        starts = np.concatenate([[0], np.cumsum(self.count)[:-1]]).astype(np.int64)
        # scores are multiples of a half: their sums are exact
        total = np.add.reduceat(np.where(members[self.rows], self.scores, 0.0), starts)
        total = np.where((inside <= outside)[self.columns], total, np.add.reduceat(self.scores, starts) - total)
        result[columns] = _two_tails(
            total[used],
            rare=self.count[used],
            inside=np.minimum(inside, outside)[columns],
            every=(inside + outside)[columns],
            mean=self.mean[used],
            spread=self.spread[used],
        )
        return result


def _may_have_a_majority(centred: Floats, present: npt.NDArray[np.int64]) -> npt.NDArray[np.intp]:
    """Columns whose ranks are tied so much that one value may be shared by more than half."""
    count = present.astype(np.float64)
    untied, half = count**3 - count, (count / 2) ** 3 - count / 2
    return np.flatnonzero((present > 0) & (12 * np.sum(centred**2, axis=0) <= (untied - half) * (1 + 1e-9)))


def _two_tails(
    total: Floats,
    *,
    rare: Floats,
    inside: Floats,
    every: Floats,
    mean: Floats | float = 1.0,
    spread: Floats | float = 0.0,
) -> Floats:
    """Twice the smaller tail of sums over the rare values that fall into a group of `inside` among `every` (column)."""
    if len(total) == 0:
        return np.zeros(0)
    rare, inside, every, total = (each[:, None] for each in (rare, inside, every, total))
    mean, spread = (np.broadcast_to(each, rare.shape[0])[:, None] for each in (mean, spread))
    least, most = np.maximum(0.0, inside - (every - rare)), np.minimum(rare, inside)
    count = least + np.arange((most - least).max() + 1)
    there = count <= most
    count = np.minimum(count, most)
    chance = np.where(there, _hypergeometric(count, rare=rare, inside=inside, every=every), 0.0)
    centre = count * mean
    width = np.sqrt(count * (rare - count) / rare) * spread
    slack = 1e-9 * np.maximum(1.0, np.abs(mean) * rare)
    steps = width > slack
    scale = np.where(steps, width, 1.0)
    above = np.where(steps, ndtr((centre - total) / scale), centre >= total - slack)
    below = np.where(steps, ndtr((total - centre) / scale), centre <= total + slack)
    tails = np.minimum((chance * above).sum(axis=1), (chance * below).sum(axis=1))
    return np.asarray(np.minimum(1.0, 2 * tails))


def _hypergeometric(count: Floats, *, rare: Floats, inside: Floats, every: Floats) -> Floats:
    logs = np.concatenate([[0.0], np.cumsum(np.log(np.arange(1, int(every.max()) + 1)))])

    def choose(n: Floats, k: Floats) -> Floats:
        n, k = n.astype(np.int64), k.astype(np.int64)
        return np.asarray(logs[n] - logs[k] - logs[n - k])

    return np.asarray(np.exp(choose(rare, count) + choose(every - rare, inside - count) - choose(every, inside)))
