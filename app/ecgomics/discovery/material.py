"""What a contrast is made from: one table of values, patient ids and confounders, whatever form they came in."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from typing import Any, Protocol, runtime_checkable

import numpy as np
import numpy.typing as npt
import pandas as pd
import xarray as xr

from ecgomics.discovery.groups import Group, Origin
from ecgomics.discovery.patients import Bools
from ecgomics.errors import DiscoveryError, did_you_mean

ANNOTATIONS = ("dimension", "lead", "unit")
RESTATED = ("_zCohort", "_pctCohort", "_pctRef")
"""Endings of columns that say a biomarker's rank again in other numbers: no tests of their own."""


@runtime_checkable
class HasBiomarkers(Protocol):
    """Anything with `biomarkers` (record, biomarker) and `subjects` (record), as a cohort has."""

    @property
    def biomarkers(self) -> xr.Dataset:
        """`value` (record, biomarker), as `biomarkers.measure` returns it."""
        ...

    @property
    def subjects(self) -> xr.Dataset:
        """`age` (years), `sex` and, where known, `patient`, each (record)."""
        ...


@runtime_checkable
class Drawn(Protocol):
    """Record ids that remember where they were chosen, as a dashboard's selection does."""

    @property
    def drawn_on(self) -> Origin:
        """See `Origin`."""
        ...


Values = pd.DataFrame | xr.Dataset | HasBiomarkers
Members = Group | npt.ArrayLike | Iterable[str]


@dataclass(frozen=True)
class Given:
    """What an analysis was handed: values, patient ids and confounders, each as it came."""

    values: Values = field(repr=False)
    patient: npt.ArrayLike | None = field(default=None, repr=False)
    adjust: pd.DataFrame | Sequence[str] | None = field(default=None, repr=False)

    def material(self) -> Material:
        """All of it in one order."""
        return Material.gather(self.values, patient=self.patient, adjust=self.adjust)


@dataclass(frozen=True)
class Material:
    """Values and annotations of the records compared, in one order.

    Parameters
    ----------
    values
        float64 DataFrame, (record, biomarker), indexed by record id; NaN = not computable.
    notes
        DataFrame of the `ANNOTATIONS` columns, indexed by biomarker ("" where unknown).
    patient
        Patient id of each record (object; "" unknown).
    confounders
        DataFrame (record, confounder), or None.
    """

    values: pd.DataFrame
    notes: pd.DataFrame
    patient: npt.NDArray[np.object_]
    confounders: pd.DataFrame | None

    @classmethod
    def gather(
        cls, values: Values, *, patient: npt.ArrayLike | None, adjust: pd.DataFrame | Sequence[str] | None
    ) -> Material:
        """Read the table, the patient ids and the confounders out of what was given."""
        table, notes = _table(values)
        subjects = _subjects(values, table)
        ids = np.asarray(subjects.get("patient", pd.Series(table.index)) if patient is None else patient, dtype=object)
        if ids.shape != (len(table),):
            raise DiscoveryError(
                f"{ids.size} patient ids for {len(table)} records",
                expected="one patient id a record",
                remedy="take both from the same cohort",
            )
        return cls(table, notes, ids, _confounders(adjust, subjects=subjects, values=table))

    def mask(self, members: Members) -> Bools:
        """Membership (bool, record) of a `Group`, a boolean array or Series, or any iterable of record ids.

        Raises
        ------
        DiscoveryError
            For a mask of another length, and for ids of which the table holds none.
        """
        if isinstance(members, pd.Series) and members.dtype == bool:
            members = members.reindex(self.values.index, fill_value=False).to_numpy(dtype=bool)
        given = _ids_or_mask(members)
        return self._checked(given) if given.dtype == bool else self._holding(given)

    def restricted(self, kept: Bools) -> Material:
        """Only the records in `kept` (bool, record)."""
        confounders = None if self.confounders is None else self.confounders[kept]
        return Material(self.values[kept], self.notes, self.patient[kept], confounders)

    def columns(self, biomarkers: Iterable[str]) -> Material:
        """Only some of the biomarkers, in the order given."""
        chosen = list(dict.fromkeys(map(str, biomarkers)))
        known = [str(name) for name in self.values.columns]
        for name in chosen:
            if name not in known:
                raise DiscoveryError(
                    f"no biomarker named {name!r}",
                    expected="columns of the values",
                    remedy=did_you_mean(name, known) or "choose from the contrast's table",
                )
        places = [known.index(name) for name in chosen]
        return Material(self.values.iloc[:, places], self.notes.iloc[places], self.patient, self.confounders)

    def digest(self) -> str:
        """Short hash of the values, their columns and their record ids."""
        text = "\x1f".join([*map(str, self.values.columns), "", *map(str, self.values.index)])
        state = hashlib.sha256(text.encode())
        state.update(np.ascontiguousarray(self.values.to_numpy(dtype="<f8")).tobytes())
        return state.hexdigest()[:16]

    def column_digests(self) -> dict[str, str]:
        """Short hash of each biomarker's values, by name."""
        table = np.ascontiguousarray(self.values.to_numpy(dtype="<f8").T)
        return {
            str(name): hashlib.sha256(own.tobytes()).hexdigest()[:16]
            for name, own in zip(self.values.columns, table, strict=True)
        }

    @staticmethod
    def records_digest(records: Iterable[object]) -> str:
        """Short hash of a set of record ids, whatever their order."""
        return hashlib.sha256("\n".join(sorted(map(str, records))).encode()).hexdigest()[:16]

    def _holding(self, ids: npt.NDArray[Any]) -> Bools:
        records = self.values.index.to_numpy(dtype=str)
        mask = np.asarray(np.isin(records, ids), dtype=bool)
        if len(ids) and not mask.any():
            raise DiscoveryError(
                f"none of the group's {len(ids)} records is in the table, {str(ids[0])!r} for one",
                expected=f"record ids such as {str(records[0])!r}" if len(records) else "ids of records in the table",
                remedy=did_you_mean(str(ids[0]), map(str, records[:10_000]))
                or "take the group and the values from one cohort",
            )
        return mask

    def _checked(self, mask: Bools) -> Bools:
        if mask.shape != (len(self.values),):
            raise DiscoveryError(
                f"a mask of shape {mask.shape} for {len(self.values)} records",
                expected="one true or false a record",
                remedy="make the mask from the same table as the values",
            )
        return mask


def _ids_or_mask(members: Members) -> npt.NDArray[Any]:
    """Record ids (str) or a mask (bool); an object that is neither array nor sequence is iterated over."""
    if isinstance(members, Group):
        return np.asarray(members.records, dtype=str)
    if isinstance(members, str):
        return np.asarray([members])
    plain = isinstance(members, (np.ndarray, Sequence, pd.Series, pd.Index, xr.DataArray))
    given = np.asarray(members if plain or not isinstance(members, Iterable) else list(members))
    return given if given.dtype == bool else given.astype(str).ravel()


def _table(values: Values) -> tuple[pd.DataFrame, pd.DataFrame]:
    if isinstance(values, pd.DataFrame):
        table = values.astype(np.float64)
        blank = {name: "" for name in ANNOTATIONS}
        return table, pd.DataFrame(blank, index=pd.Index(map(str, table.columns), name="biomarker"))
    stored = values if isinstance(values, xr.Dataset) else values.biomarkers
    if "value" not in stored or set(stored["value"].dims) != {"record", "biomarker"}:
        raise DiscoveryError(
            f"a Dataset with {', '.join(map(str, stored.data_vars)) or 'no variable'}",
            expected="a variable value with dims (record, biomarker)",
            remedy="hand over what biomarkers.measure returned, or a DataFrame of records × biomarkers",
        )
    value = stored["value"].transpose("record", "biomarker")
    names = value["biomarker"].values.astype(str)
    columns = {name: _texts(stored, name, len(names)) for name in ANNOTATIONS}
    notes = pd.DataFrame(columns, index=pd.Index(names, name="biomarker"))
    numbers = np.asarray(value.values, dtype=np.float64)
    own = ~np.array([name.endswith(RESTATED) for name in names], dtype=bool)
    return pd.DataFrame(numbers[:, own], index=value["record"].values.astype(str), columns=names[own]), notes[own]


def _texts(stored: xr.Dataset, name: str, size: int) -> Any:
    return stored[name].values.astype(str) if name in stored.coords else np.full(size, "")


def _subjects(values: Values, table: pd.DataFrame) -> pd.DataFrame:
    if isinstance(values, (pd.DataFrame, xr.Dataset)):
        return pd.DataFrame(index=table.index)
    kept = values.subjects.drop_vars([name for name in values.subjects.coords if name != "record"])
    people = kept.to_dataframe().reindex(table.index)
    # a cohort's table of records knows more: device, rate, and whatever else came with the recordings
    facts = getattr(values, "records", None)
    if isinstance(facts, pd.DataFrame):
        more = [name for name in facts.columns if name not in people.columns]
        people = people.join(facts[more].reindex(people.index))
    return people


def _confounders(
    adjust: pd.DataFrame | Sequence[str] | None, *, subjects: pd.DataFrame, values: pd.DataFrame
) -> pd.DataFrame | None:
    if adjust is None or len(adjust) == 0:
        return None
    if isinstance(adjust, pd.DataFrame):
        if len(adjust) != len(values):
            raise DiscoveryError(
                f"confounders of {len(adjust)} records for {len(values)} records",
                expected="one row a record, in the order of the values",
                remedy="take both from the same cohort",
            )
        return adjust.set_axis(values.index, axis=0)
    known = [*map(str, subjects.columns), *map(str, values.columns)]
    for name in adjust:
        if name not in known:
            raise DiscoveryError(
                f"no confounder named {name!r}",
                expected="a column of the subjects, or a biomarker",
                remedy=did_you_mean(name, known) or "hand the confounders over as a DataFrame, one row a record",
            )
    return pd.DataFrame({name: subjects[name] if name in subjects else values[name] for name in adjust})
