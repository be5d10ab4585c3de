"""Families: biomarkers that say the same, with one that speaks for them."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt
import pandas as pd

from ecgomics.discovery.candidates import Contrast
from ecgomics.discovery.folding import Folded
from ecgomics.discovery.material import Material, Values
from ecgomics.discovery.patients import Floats
from ecgomics.discovery.ranks import midranks
from ecgomics.settings import ContrastSettings, FamilySettings, LockBoxSettings


def rank_correlation(values: Floats) -> Floats:
    """Spearman's correlation of every two columns over the rows that have both.

    Parameters
    ----------
    values
        float64, (patient, biomarker), NaN = missing.

    Returns
    -------
    float64, (biomarker, biomarker), −1 to 1, 0 where fewer than five rows have both or one does not vary. Ranks are
    those of each column's own values, not re-ranked for every pair.
    """
    ranks = midranks(values)
    present = (~np.isnan(ranks)).astype(np.float64)
    centred = np.nan_to_num(ranks - np.nanmean(np.where(np.isnan(ranks), np.nan, ranks), axis=0, keepdims=True))
    number = present.T @ present
    each = centred.T @ present
    safe = np.maximum(number, 1)
    covariance = centred.T @ centred - each * each.T / safe
    own = (centred**2).T @ present - each**2 / safe
    spread = np.sqrt(np.maximum(own * own.T, 0))
    usable = (number >= 5) & (spread > 1e-9)
    return np.where(usable, np.clip(covariance / np.where(usable, spread, 1.0), -1, 1), 0.0)


def families(
    found: Contrast,
    values: Values,
    *,
    among: list[str] | None = None,
    patient: npt.ArrayLike | None = None,
    settings: FamilySettings | None = None,
) -> pd.DataFrame:
    """Group biomarkers by how much they say the same; the strongest effect speaks for its family.

    Parameters
    ----------
    found
        Whose effects choose the representatives, and whose patients are used.
    values, patient
        As they were given to the contrast.
    among
        Which biomarkers. Left out: the contrast's candidates.
    settings
        How alike a family is.

    Returns
    -------
    One row a biomarker, families by their strongest effect: `family` (0, 1, …), `representative`, `biomarker`,
    `correlation` (Spearman, with the representative), `size` (of the family).

    Notes
    -----
    Average linkage on 1 − |Spearman|, cut where the mean |correlation| between two branches falls below the setting.
    """
    settings = settings or FamilySettings()
    order = found.results["biomarker"].tolist()
    wanted = set(found.candidates()["biomarker"] if among is None else among)
    chosen = [name for name in order if name in wanted]
    columns = ["family", "representative", "biomarker", "correlation", "size"]
    if not chosen:
        return pd.DataFrame(columns=columns)
    table = folded_of(found, values, patient=patient).columns_of(chosen)
    correlation = rank_correlation(table)
    labels = _clusters(np.abs(correlation), settings.correlation)
    rows = []
    for family, label in enumerate(dict.fromkeys(labels)):
        members = [place for place in range(len(chosen)) if labels[place] == label]
        # `chosen` is ordered by effect: the first member is the strongest
        rows += [(family, chosen[members[0]], chosen[m], correlation[members[0], m], len(members)) for m in members]
    return pd.DataFrame(rows, columns=columns)


def folded_of(found: Contrast, values: Values, *, patient: npt.ArrayLike | None) -> Folded:
    """The patients that a contrast compared, folded as it did."""
    material = Material.gather(values, patient=patient, adjust=None)
    material = material.restricted(material.mask([*found.sides[0], *found.sides[1]]))
    settings = ContrastSettings.from_dict(found.recipe["settings"])
    return Folded.from_part(material, lockbox=LockBoxSettings(share=0.0), part="all", settings=settings)


def _clusters(similarity: Floats, least: float) -> list[int]:
    from scipy.cluster.hierarchy import fcluster, linkage

    if len(similarity) == 1:
        return [1]
    upper = np.triu_indices(len(similarity), 1)
    tree = linkage(np.clip(1 - similarity[upper], 0, 1), method="average")
    return [int(label) for label in fcluster(tree, 1 - least, criterion="distance")]
