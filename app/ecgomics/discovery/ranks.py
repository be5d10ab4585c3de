"""Ranks prepared once, so that a new group's effects are one matrix product away."""

from __future__ import annotations

from collections.abc import Callable, Iterator

import numpy as np
import numpy.typing as npt
import pandas as pd

from ecgomics.discovery.intervals import newcombe_interval
from ecgomics.discovery.patients import Bools, Floats, Patients
from ecgomics.discovery.significance import FEW, Rare, benjamini_yekutieli, exact_p, normal_p
from ecgomics.errors import DiscoveryError
from ecgomics.settings import ContrastSettings

_COUNTED_OUT = 20_000
"""Patients up to which a small group is compared pair by pair."""
_BLOCK = 1024
"""Rows summed in float32 before the sum moves to float64: keeps an AUC of 10⁶ patients right to 1e-7."""


def midranks(values: Floats, *, progress: Callable[[float], object] | None = None) -> Floats:
    """Rank each column from 1, ties sharing their mean rank, NaN staying NaN.

    Parameters
    ----------
    values
        float64, (patient, column).

    Returns
    -------
    float64, (patient, column).
    """
    rows, columns = values.shape
    ranks = np.full(values.shape, np.nan)
    if rows == 0:
        return ranks
    position = np.arange(rows, dtype=np.float64)[:, None]
    for start, stop in _blocks(columns, max(1, 4_000_000 // rows)):
        block = values[:, start:stop]
        order = np.argsort(block, axis=0, kind="stable")
        ordered = np.take_along_axis(block, order, axis=0)
        new = np.ones(ordered.shape, dtype=bool)
        new[1:] = ordered[1:] != ordered[:-1]
        first = np.maximum.accumulate(np.where(new, position, 0.0), axis=0)
        ends = np.ones(ordered.shape, dtype=bool)
        ends[:-1] = new[1:]
        last = np.minimum.accumulate(np.where(ends, position, rows - 1.0)[::-1], axis=0)[::-1]
        shared = (first + last) / 2 + 1
        shared[np.isnan(ordered)] = np.nan
        target = np.empty_like(shared)
        np.put_along_axis(target, order, shared, axis=0)
        ranks[:, start:stop] = target
        if progress is not None:
            progress(stop / columns)
    return ranks


class RankTable:
    """Ranks of every biomarker over the patients of a cohort, ready for any group of its records.

    Making it costs one sort of each column; after that the effect of every biomarker for a new group takes
    milliseconds, so that a table of candidates can follow a lasso while it is drawn.

    Parameters
    ----------
    values
        Biomarkers, (record, biomarker); NaN = not computable.
    patient
        Patient id of each record; records without one are patients of their own. Left out: every record is.
    progress
        Called with the share of the biomarkers that are ranked, 0 to 1.

    Notes
    -----
    A patient's value is the median over the patient's records, and a patient is in the group when more than half of
    the patient's records are: the rule of `contrast`, which therefore gives the same AUC.
    """

    def __init__(
        self,
        values: pd.DataFrame | Floats,
        patient: npt.ArrayLike | None = None,
        *,
        progress: Callable[[float], object] | None = None,
    ) -> None:
        table = values if isinstance(values, pd.DataFrame) else pd.DataFrame(np.asarray(values))
        self.biomarkers: list[str] = [str(name) for name in table.columns]
        self.patients = Patients.from_ids(np.arange(len(table)) if patient is None else patient)
        if len(self.patients.of_record) != len(table):
            raise DiscoveryError(
                f"{len(self.patients.of_record)} patient ids for {len(table)} records",
                expected="one patient id a record",
                remedy="take both from the same cohort",
            )
        self._prepare(self.patients.fold(table.to_numpy(dtype=np.float64)), progress)

    @classmethod
    def of_patients(cls, values: Floats, biomarkers: list[str]) -> RankTable:
        """Rank values that are already one row a patient (float64, (patient, biomarker))."""
        return cls(pd.DataFrame(values, columns=biomarkers))

    def _prepare(self, values: Floats, progress: Callable[[float], object] | None) -> None:
        ranks = midranks(values, progress=progress)
        present = ~np.isnan(ranks)
        self.present = present.sum(axis=0)
        centred = np.where(present, ranks - (self.present + 1) / 2, 0.0)
        self._squares = np.sum(centred**2, axis=0)
        # twice a centred midrank is a whole number, exact in float32 up to 8 million patients
        self._doubled = (2 * centred).astype(np.float32)
        self._patterns, self._pattern_of = _unique_columns(present)
        self._rare = Rare.find(centred, present)

    def members(self, mask: npt.ArrayLike) -> Bools:
        """Which patients a mask over records (bool) puts in the group (bool, patient)."""
        chosen = np.asarray(mask, dtype=bool)
        if chosen.shape != self.patients.of_record.shape:
            raise DiscoveryError(
                f"a mask of shape {chosen.shape} for {len(self.patients.of_record)} records",
                expected="one true or false a record",
                remedy="make the mask from the same table as the ranks",
            )
        return self.patients.shares(chosen) > 0.5

    def auc(self, mask: npt.ArrayLike) -> Floats:
        """P(group > rest) + ½ P(equal) of each biomarker, 0 to 1; NaN where a side has no value."""
        shift, inside, outside = self._sums(self.members(mask))
        return _auc(shift, inside, outside)

    def test(self, members: Bools) -> tuple[Floats, Floats, Floats, Floats]:
        """AUC, two-sided p, and how many patients of the group and of the rest have a value (all float64, biomarker).

        The p-value is Mann–Whitney's with tie and continuity correction, counted out where a side has 20 patients or
        fewer (among up to 20,000: see `exact_p`); where one value is shared by more than half
        of the patients and the expected counts are small, it comes from the exact distribution of how many of the
        others fall into the group (Fisher's exact test when there are just two values).
        """
        shift, inside, outside = self._sums(members)
        variance = _variance(self._squares, inside, outside)
        p = normal_p(shift, variance)
        if min(members.sum(), (~members).sum()) <= FEW and len(members) <= _COUNTED_OUT:
            p = self._counted_out(members)
        p = self._rare.replace(p, members=members, inside=inside, outside=outside)
        auc = _auc(shift, inside, outside)
        return auc, np.where(np.isnan(auc), np.nan, p), inside, outside

    def preview(self, mask: npt.ArrayLike, *, settings: ContrastSettings | None = None) -> pd.DataFrame:
        """The live table of a group against the rest, strongest effect first.

        Returns
        -------
        `biomarker`; `auc`; `low`, `high` (Newcombe's method 5: a formula, where `contrast` resamples patients); `q`
        (Benjamini–Yekutieli); `n_group`, `n_rest` (patients with a value). NaN where a side has fewer than the
        setting `min_patients`. Exploratory by its nature.
        """
        settings = settings or ContrastSettings()
        auc, p, inside, outside = self.test(self.members(mask))
        enough = np.minimum(inside, outside) >= settings.min_patients
        auc, p = np.where(enough, auc, np.nan), np.where(enough, p, np.nan)
        low, high = newcombe_interval(auc, inside, outside, level=settings.level)
        columns = {"auc": auc, "low": low, "high": high, "q": benjamini_yekutieli(p)}
        counts = {"n_group": inside.astype(int), "n_rest": outside.astype(int)}
        table = pd.DataFrame({"biomarker": self.biomarkers} | columns | counts)
        return table.iloc[effect_order(auc)].reset_index(drop=True)

    def _counted_out(self, members: Bools) -> Floats:
        """p of a group (or rest) so small that all ways to draw it can be counted."""
        side = members if members.sum() <= (~members).sum() else ~members
        present = self._patterns[:, self._pattern_of] > 0
        other, there = self._doubled[~side], present[~side]
        wins, losses = np.zeros(len(self.biomarkers)), np.zeros(len(self.biomarkers))
        for row in np.flatnonzero(side):
            own = self._doubled[row]
            wins += np.where(present[row], ((other < own) & there).sum(axis=0), 0)
            losses += np.where(present[row], ((other > own) & there).sum(axis=0), 0)
        few, many = present[side].sum(axis=0).astype(np.float64), there.sum(axis=0).astype(np.float64)
        return exact_p(wins, losses, few=few, many=many)

    def decided_by_few(self, members: Bools) -> Bools:
        """Biomarkers whose p comes from the exact count of rare values, not from the normal approximation."""
        _, inside, outside = self._sums(members)
        return self._rare.applies(inside, outside)

    def _sums(self, members: Bools) -> tuple[Floats, Floats, Floats]:
        # the smaller side is summed; centred ranks of all patients add up to nothing
        few = members if members.sum() * 2 <= len(members) else ~members
        rows = np.flatnonzero(few)
        shift = _row_sums(self._doubled, rows) / 2
        counts = _row_sums(self._patterns, rows)[self._pattern_of]
        if few is members:
            return shift, counts, self.present - counts
        return -shift, self.present - counts, counts


def effect_order(auc: Floats) -> npt.NDArray[np.int64]:
    """Positions from the strongest effect |AUC − ½| to the weakest, not computable last, ties in column order."""
    return np.argsort(-np.nan_to_num(np.abs(auc - 0.5), nan=-1.0), kind="stable")


def _auc(shift: Floats, inside: Floats, outside: Floats) -> Floats:
    pairs = inside * outside
    return np.where(pairs > 0, np.clip(0.5 + shift / np.maximum(pairs, 1), 0.0, 1.0), np.nan)


def _variance(squares: Floats, inside: Floats, outside: Floats) -> Floats:
    every = inside + outside
    return inside * outside * squares / np.maximum(every * (every - 1), 1)


def _row_sums(matrix: npt.NDArray[np.float32], rows: npt.NDArray[np.intp]) -> Floats:
    total = np.zeros(matrix.shape[1])
    for start, stop in _blocks(len(rows), _BLOCK):
        total += matrix[rows[start:stop]].sum(axis=0)
    return total


def _unique_columns(present: Bools) -> tuple[npt.NDArray[np.float32], npt.NDArray[np.int64]]:
    """The distinct patterns of missingness (float32, (patient, pattern)) and each column's pattern."""
    keys = [column.tobytes() for column in np.packbits(present, axis=0).T]
    seen = {key: position for position, key in enumerate(dict.fromkeys(keys))}
    of_column = np.array([seen[key] for key in keys], dtype=np.int64)
    firsts = [keys.index(key) for key in seen]
    return present[:, firsts].astype(np.float32), of_column


def _blocks(size: int, step: int) -> Iterator[tuple[int, int]]:
    for start in range(0, size, step):
        yield start, min(size, start + step)
