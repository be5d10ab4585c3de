"""The biomarker table and the subjects as plain columns, ready for clauses."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import numpy.typing as npt
import xarray as xr

from ecgomics.errors import SignalError
from ecgomics.rules.model import Band, Population

Table = npt.NDArray[np.float32]


class People:
    """Age and sex of some records; who fits a band is found out once for all the clauses that ask."""

    def __init__(self, age: npt.NDArray[np.float32], sex: npt.NDArray[np.str_]) -> None:
        self.age, self.sex = age, sex
        self._fits: dict[tuple[str, float | None, float | None], npt.NDArray[np.bool_]] = {}

    def __getitem__(self, records: slice) -> People:
        return People(self.age[records], self.sex[records])

    def fit(self, band: Band | Population) -> npt.NDArray[np.bool_]:
        """Records of whom the band is, (record,); nobody of unknown age fits one that asks for it, sex alike."""
        key = band.sex, band.age_from, band.age_below
        if key not in self._fits:
            self._fits[key] = self._fitting(*key)
        return self._fits[key]

    def _fitting(self, sex: str, age_from: float | None, age_below: float | None) -> npt.NDArray[np.bool_]:
        fits = np.ones(self.age.size, dtype=bool)
        if sex:
            fits &= self.sex == sex
        if age_from is not None:
            fits &= self.age >= age_from
        if age_below is not None:
            fits &= self.age < age_below
        return fits


class Inputs:
    """Columns of one block of records.

    Parameters
    ----------
    values
        Biomarkers: `value`, dims ``(record, biomarker)``; extra variables are not read.
    subjects
        `age` (years) and `sex` by record, joined by record id; None: nobody's age or sex is known.
    wanted
        Biomarkers that will be asked for; `columns` has a row for each, NaN throughout where the table lacks it.
    """

    def __init__(self, values: xr.Dataset, subjects: xr.Dataset | None, wanted: Sequence[str]) -> None:
        if "value" not in values or set(values["value"].dims) != {"record", "biomarker"}:
            raise SignalError(
                f"biomarkers with variables {', '.join(map(str, values.data_vars)) or 'none'}",
                expected="a variable 'value' with dims (record, biomarker)",
            )
        table = values.variables["value"].transpose("record", "biomarker").values
        self.records = np.asarray(values["record"].values).astype(str)
        self.size = self.records.size
        self.people = People(*self._subjects(subjects))
        known = {name: place for place, name in enumerate(map(str, values["biomarker"].values.tolist()))}
        places = np.array([known.get(name, -1) for name in wanted], dtype=np.intp)
        self.columns: Table = np.empty((len(places), self.size), dtype=np.float32)
        self.columns[:] = table[:, places].T if len(known) else np.nan
        self.columns[places < 0] = np.nan

    def _subjects(self, subjects: xr.Dataset | None) -> tuple[npt.NDArray[np.float32], npt.NDArray[np.str_]]:
        sex = np.full(self.size, "", dtype="<U1")
        age = np.full(self.size, np.nan, dtype=np.float32)
        if subjects is None:
            return age, sex
        place = {str(record): k for k, record in enumerate(np.atleast_1d(subjects["record"].values).tolist())}
        rows = np.array([place.get(record, -1) for record in self.records.tolist()], dtype=np.int64)
        found = rows >= 0
        if found.any() and "sex" in subjects:
            sex[found] = np.atleast_1d(subjects.variables["sex"].values).astype(str)[rows[found]]
        if found.any() and "age" in subjects:
            age[found] = np.atleast_1d(subjects.variables["age"].values).astype(np.float32)[rows[found]]
        return age, sex
