"""The biomarker table and the subjects as plain columns, ready for clauses."""

from __future__ import annotations

from collections.abc import Iterable

import numpy as np
import numpy.typing as npt
import xarray as xr

from ecgomics.errors import SignalError

Column = npt.NDArray[np.float32]


class Inputs:
    """Columns of one block of records.

    Parameters
    ----------
    values
        Biomarkers: `value`, dims ``(record, biomarker)``; extra variables are not read.
    subjects
        `age` (years) and `sex` by record, joined by record id; None: nobody's age or sex is known.
    columns
        Biomarkers that will be asked for.
    """

    def __init__(self, values: xr.Dataset, subjects: xr.Dataset | None, columns: Iterable[str]) -> None:
        if "value" not in values or set(values["value"].dims) != {"record", "biomarker"}:
            raise SignalError(
                f"biomarkers with variables {', '.join(map(str, values.data_vars)) or 'none'}",
                expected="a variable 'value' with dims (record, biomarker)",
            )
        table = values["value"].transpose("record", "biomarker")
        self.records = np.asarray(table["record"].values).astype(str)
        self.size = self.records.size
        self.sex, self.age = self._subjects(subjects)
        known = [str(name) for name in table["biomarker"].values]
        wanted = sorted(set(columns) & set(known))
        taken = np.asarray(table.values[:, [known.index(name) for name in wanted]], dtype=np.float32)
        self._columns = dict(zip(wanted, np.ascontiguousarray(taken.T), strict=True))
        self._absent = np.full(self.size, np.nan, dtype=np.float32)

    def column(self, name: str) -> Column:
        """One biomarker, dims ``(record,)``, float32; all NaN when the table lacks it."""
        return self._columns.get(name, self._absent)

    def _subjects(self, subjects: xr.Dataset | None) -> tuple[npt.NDArray[np.str_], npt.NDArray[np.float32]]:
        sex = np.full(self.size, "", dtype="<U1")
        age = np.full(self.size, np.nan, dtype=np.float32)
        if subjects is None:
            return sex, age
        place = {str(record): k for k, record in enumerate(np.atleast_1d(subjects["record"].values))}
        rows = np.array([place.get(record, -1) for record in self.records], dtype=np.int64)
        found = rows >= 0
        if found.any() and "sex" in subjects:
            sex[found] = np.atleast_1d(subjects["sex"].values).astype(str)[rows[found]]
        if found.any() and "age" in subjects:
            age[found] = np.atleast_1d(subjects["age"].values).astype(np.float32)[rows[found]]
        return sex, age
