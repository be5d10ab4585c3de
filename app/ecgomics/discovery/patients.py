"""The patient is the unit: records fold into patients before anything is tested."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

import numpy as np
import numpy.typing as npt
import pandas as pd

Floats = npt.NDArray[np.float64]
Bools = npt.NDArray[np.bool_]


@dataclass(frozen=True)
class Patients:
    """Which record belongs to which patient.

    Parameters
    ----------
    of_record
        Patient's position of each record (int64, record).
    size
        How many patients there are.
    unnamed
        Records without a patient id, each taken as a patient of its own.
    """

    of_record: npt.NDArray[np.int64]
    size: int
    unnamed: int

    @classmethod
    def from_ids(cls, patient: npt.ArrayLike) -> Patients:
        """Number the patients of a list of patient ids (record); an empty or missing id is a patient of its own."""
        ids = pd.Series(np.asarray(patient, dtype=object))
        blank = (ids.isna() | (ids.astype(str).str.strip() == "")).to_numpy()
        codes, names = pd.factorize(ids.where(~blank).astype(object), use_na_sentinel=True)
        codes = np.asarray(codes, dtype=np.int64)
        codes[blank] = len(names) + np.arange(int(blank.sum()))
        return cls(codes, len(names) + int(blank.sum()), int(blank.sum()))

    def fold(self, values: Floats, *, how: Literal["median", "mean"] = "median") -> Floats:
        """One row a patient: the median (or mean) of the patient's non-missing records, NaN when there is none.

        Parameters
        ----------
        values
            float64, (record, column), NaN = missing.

        Returns
        -------
        float64, (patient, column).
        """
        if self.size == len(self.of_record):
            single = np.empty_like(values)
            single[self.of_record] = values
            return single
        grouped = pd.DataFrame(values).groupby(self.of_record, sort=True)
        folded = grouped.median() if how == "median" else grouped.mean()
        return folded.to_numpy(dtype=np.float64)

    def commonest(self, values: pd.Series) -> pd.Series:
        """One entry a patient: the patient's most frequent non-missing text, ties to the one seen first."""
        frame = pd.DataFrame({"patient": self.of_record, "value": values.to_numpy()}).dropna()
        counts = frame.groupby(["patient", "value"], sort=False).size().rename("n").reset_index()
        best = counts.sort_values("n", ascending=False, kind="stable").drop_duplicates("patient")
        return best.set_index("patient")["value"].reindex(range(self.size))

    def shares(self, mask: Bools) -> Floats:
        """Share of each patient's records that `mask` holds, 0 to 1 (float64, patient)."""
        inside = np.bincount(self.of_record[mask], minlength=self.size)
        every = np.bincount(self.of_record, minlength=self.size)
        return inside / np.maximum(every, 1)

    def restrict(self, kept: Bools) -> tuple[Patients, npt.NDArray[np.int64]]:
        """Only the records in `kept`: the patients left, renumbered, and their old positions."""
        old, codes = np.unique(self.of_record[kept], return_inverse=True)
        return Patients(np.asarray(codes, dtype=np.int64), len(old), self.unnamed), old
