"""`Folded`: the patients of one part of a cohort, one row each, ready for an outcome that each of them has."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd

from ecgomics.discovery.adjustment import Confounders
from ecgomics.discovery.candidates import Badge, Contrast, Counts
from ecgomics.discovery.groups import EXPLORATORY_ORIGINS, Group, Origin
from ecgomics.discovery.lockbox import AnyPart, in_part
from ecgomics.discovery.material import Given, Material
from ecgomics.discovery.patients import Bools, Floats, Patients
from ecgomics.errors import DiscoveryError
from ecgomics.settings import ContrastSettings, LockBoxSettings


@dataclass(frozen=True)
class Folded:
    """Values and confounders by patient.

    Parameters
    ----------
    values
        float64, (patient, biomarker), NaN = missing.
    confounders
        Of the same patients, or None.
    material
        The records they were folded from.
    patients
        Which record is whose.
    elsewhere
        Patients that were set aside.
    """

    values: Floats
    confounders: Confounders | None
    material: Material
    patients: Patients
    elsewhere: int

    @classmethod
    def from_part(
        cls, material: Material, *, lockbox: LockBoxSettings, part: AnyPart, settings: ContrastSettings
    ) -> Folded:
        """Fold the records of one part."""
        records = material.values.index.to_numpy(dtype=str)
        kept = in_part(part, patient=material.patient, record=records, settings=lockbox)
        every, material = Patients.from_ids(material.patient).size, material.restricted(kept)
        patients = Patients.from_ids(material.patient)
        values = patients.fold(material.values.to_numpy(dtype=np.float64), how=settings.aggregate)
        table = material.confounders
        confounders = None if table is None else Confounders.of_patients(table, patients)
        return cls(values, confounders, material, patients, every - patients.size)

    def columns_of(self, biomarkers: Sequence[str]) -> Floats:
        """Values of some biomarkers, in the order given (float64, (patient, biomarker))."""
        names = {str(name): place for place, name in enumerate(self.material.values.columns)}
        return self.values[:, [names[name] for name in biomarkers]]

    def members(self, records: Sequence[str]) -> Bools:
        """Which patients have more than half of their records among `records` (bool, patient)."""
        return self.patients.shares(np.isin(self.material.values.index.to_numpy(dtype=str), list(records))) > 0.5

    def outcome(self, given: npt.ArrayLike, *, name: str, whole: Material) -> Floats:
        """One value a patient of something given for every record of `whole` (float64, patient), NaN unknown.

        Raises
        ------
        DiscoveryError
            When the length does not fit, or records of one patient disagree.
        """
        column = np.asarray(given, dtype=np.float64)
        if column.shape != (len(whole.values),):
            raise DiscoveryError(
                f"{name} of {column.size} records for {len(whole.values)} records",
                expected="one number a record",
                remedy="take both from the same cohort",
            )
        own = column[whole.values.index.isin(self.material.values.index)]
        grouped = pd.Series(own).groupby(self.patients.of_record)
        unequal = int((grouped.nunique() > 1).sum())
        if unequal:
            raise DiscoveryError(
                f"{unequal} patients whose records have different {name}",
                expected=f"one {name} a patient",
                remedy="keep one record a patient, or count from one starting point",
            )
        return np.asarray(grouped.first().to_numpy(), dtype=np.float64)

    def contrast(
        self,
        columns: Mapping[str, Any],
        order: npt.NDArray[np.int64],
        *,
        counts: tuple[int, int],
        records: tuple[int, int],
        drawn_on: Origin | None,
        recipe: Mapping[str, Any],
        outcome: Mapping[str, Floats],
        given: Given,
        notes: tuple[str, ...] = (),
    ) -> Contrast:
        """Put effects (one entry a biomarker) into a contrast."""
        names = [str(name) for name in self.material.values.columns]
        annotated = {name: self.material.notes[name].to_numpy() for name in self.material.notes.columns}
        results = pd.DataFrame({"biomarker": names} | annotated | dict(columns)).iloc[order].reset_index(drop=True)
        origin = None if drawn_on is None else Group("asked", (), origin=drawn_on).origin
        badge: Badge = "declared" if origin and origin not in EXPLORATORY_ORIGINS else "exploratory"
        incomplete = int((~self.confounders.complete).sum()) if self.confounders else 0
        n = Counts(
            *counts,
            *records,
            mixed=0,
            dropped=0,
            unnamed=self.patients.unnamed,
            incomplete=incomplete,
            elsewhere=self.elsewhere,
        )
        told = {
            "values": self.material.digest(),
            "adjust": list(self.confounders.names) if self.confounders else [],
            "drawn_on": [origin] if origin else [],
        }
        said = [f"{self.elsewhere} patients are set aside and were not looked at."] if self.elsewhere else []
        results = results.assign(defines_group=False, badge=badge)
        ids = tuple(self.material.values.index.astype(str))
        known = {name: each[self.patients.of_record].tolist() for name, each in outcome.items()}
        whole = {**told, **recipe}
        return Contrast(
            results, badge, n, (*said, *notes), whole, (ids, ()), {"records": list(ids), **known}, given=given
        )


def digest_of(numbers: Floats) -> str:
    """Short hash of an outcome."""
    import hashlib

    return hashlib.sha256(np.ascontiguousarray(numbers, dtype="<f8").tobytes()).hexdigest()[:16]
