"""Null clouds: what effects look like when there is nothing to find, for the same biomarkers and group sizes."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

import numpy as np
import numpy.typing as npt
import pandas as pd

from ecgomics.discovery.candidates import Contrast
from ecgomics.discovery.material import Material, Values
from ecgomics.discovery.patients import Bools, Floats, Patients
from ecgomics.discovery.ranks import RankTable
from ecgomics.discovery.significance import benjamini_yekutieli
from ecgomics.errors import DiscoveryError

Null = Literal["permuted", "random"]
"""`permuted`: the labels of the patients compared, dealt anew. `random`: as many patients drawn from all that may be
looked at, whether or not they were compared."""


@dataclass(frozen=True)
class NullCloud:
    """Effects of many null groups.

    Parameters
    ----------
    biomarkers
        Columns of the arrays.
    auc, q
        float64, (draw, biomarker): AUC, 0 to 1, and Benjamini–Yekutieli q within each draw.
    kind
        See `Null`.
    """

    biomarkers: tuple[str, ...]
    auc: Floats
    q: Floats
    kind: Null

    def share_of_draws(self, *, q: float = 0.05) -> float:
        """Share of draws in which anything at all lies below q: what a false alarm costs here, measured."""
        return float((np.nan_to_num(self.q, nan=1.0) < q).any(axis=1).mean())

    def band(self, *, level: float = 0.95) -> pd.DataFrame:
        """`biomarker, low, high`: where this share of the null's AUCs lie."""
        tail = 50 * (1 - level)
        low, high = np.nanpercentile(np.where(np.isnan(self.auc), 0.5, self.auc), [tail, 100 - tail], axis=0)
        return pd.DataFrame({"biomarker": self.biomarkers, "low": low, "high": high})

    def table(self) -> pd.DataFrame:
        """Tidy: `draw, biomarker, auc, q`, one row a grey point."""
        draws, size = self.auc.shape
        return pd.DataFrame(
            {
                "draw": np.repeat(np.arange(draws), size),
                "biomarker": np.tile(np.asarray(self.biomarkers, dtype=object), draws),
                "auc": self.auc.ravel(),
                "q": self.q.ravel(),
            }
        )


def null_cloud(
    found: Contrast,
    values: Values,
    *,
    patient: npt.ArrayLike | None = None,
    kind: Null = "permuted",
    draws: int = 200,
    seed: int = 0,
) -> NullCloud:
    """Effects of the same biomarkers when the group means nothing.

    Parameters
    ----------
    found
        The contrast whose biomarkers and group sizes are kept.
    values, patient
        As they were given to the contrast.
    kind
        See `Null`.
    draws, seed
        How many null groups, and the seed that makes them repeatable.

    Raises
    ------
    DiscoveryError
        When the contrast's records are not in the table.
    """
    material = Material.gather(values, patient=patient, adjust=None)
    records = material.values.index.to_numpy(dtype=str)
    compared = np.isin(records, [*found.sides[0], *found.sides[1]])
    if not compared.any():
        raise DiscoveryError("none of the contrast's records is in the table", remedy="hand over the contrast's values")
    if kind == "random" and found.recipe["against"] is not None:
        compared = _may_be_seen(material, found)
    material = material.restricted(compared)
    how = found.recipe["settings"]["aggregate"]
    table = Patients.from_ids(material.patient).fold(material.values.to_numpy(dtype=np.float64), how=how)
    ranks = RankTable.of_patients(table, [str(name) for name in material.values.columns])
    members = _dealt(len(table), size=found.n.patients_group, draws=draws, seed=seed)
    tested = [ranks.test(draw)[:2] for draw in members]
    q = np.array([benjamini_yekutieli(p) for _, p in tested])
    return NullCloud(tuple(ranks.biomarkers), np.array([auc for auc, _ in tested]), q, kind)


def _may_be_seen(material: Material, found: Contrast) -> Bools:
    from ecgomics.discovery.lockbox import in_part
    from ecgomics.settings import LockBoxSettings

    told = dict(found.recipe["lockbox"])
    part = told.pop("part")
    records = material.values.index.to_numpy(dtype=str)
    return in_part(part, patient=material.patient, record=records, settings=LockBoxSettings.from_dict(told))


def _dealt(patients: int, *, size: int, draws: int, seed: int) -> Bools:
    """Random groups of one size (bool, (draw, patient))."""
    rng = np.random.default_rng(seed)
    members = np.zeros((draws, patients), dtype=bool)
    for row in members:
        row[rng.choice(patients, size=size, replace=False)] = True
    return members
