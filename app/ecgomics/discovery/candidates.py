"""`Contrast`: what a comparison found, as a table of candidates with the badge each deserves."""

from __future__ import annotations

import dataclasses
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Literal, get_args

import numpy as np
import pandas as pd

from ecgomics.discovery.material import Given

if TYPE_CHECKING:
    import os

    from ecgomics.discovery.figures import Figure
    from ecgomics.discovery.report import Dossier

Badge = Literal["exploratory", "declared", "validated", "replicated"]
"""How far a contrast can be believed. `exploratory`: the group was drawn on the data tested, so its q-values are no
evidence. `declared`: the group came from elsewhere. `validated`: found in one half of the patients, confirmed in the
other (`validate`). `replicated`: confirmed in patients that exploration never saw (`replicate`)."""

BADGES: tuple[Badge, ...] = get_args(Badge)


@dataclass(frozen=True)
class Counts:
    """How many patients and records were compared, and how many were not."""

    patients_group: int
    patients_rest: int
    records_group: int
    records_rest: int
    mixed: int
    """Patients with records on both sides."""
    dropped: int
    """Mixed patients left out (settings.mixed = "drop")."""
    unnamed: int
    """Records without a patient id, each taken as a patient of its own."""
    incomplete: int
    """Patients left out of the adjusted effects: a confounder is missing."""
    elsewhere: int = 0
    """Patients that were set aside (lock-box, other half) and not looked at."""


@dataclass(frozen=True)
class Contrast:
    """A comparison of two groups of patients over all biomarkers.

    Parameters
    ----------
    results
        One row a biomarker, strongest effect first; see `table`.
    badge
        See `Badge`.
    n
        Patients and records compared.
    notes
        What a reader must know, in sentences.
    recipe
        Everything needed to make it again, in a form JSON can hold: settings, seed, digests of groups and values.
    sides
        Record ids of the group and of the rest.
    outcome
        What was given for each record where there are no two groups: `records` and a list for each outcome.
    given
        What it was made from; nothing of it is part of the result.
    """

    results: pd.DataFrame
    badge: Badge
    n: Counts
    notes: tuple[str, ...]
    recipe: Mapping[str, Any]
    sides: tuple[tuple[str, ...], tuple[str, ...]] = field(default=((), ()), repr=False)
    outcome: Mapping[str, Any] = field(default_factory=dict, repr=False)
    given: Given | None = field(default=None, repr=False, compare=False)

    def table(self, *, top: int | None = None) -> pd.DataFrame:
        """One row a biomarker, strongest effect |AUC − ½| first.

        ====================================  =================================================================
        `biomarker, dimension, lead, unit`    what it is
        `auc`, `low`, `high`                  P(group > rest) + ½ P(equal), interval by patient
        `q`                                   Benjamini–Yekutieli over all biomarkers
        `auc_adjusted`, `low_adjusted`, …     the same with the confounders held equal; NaN without confounders
        `delta`                               Cliff's delta, 2 AUC − 1
        `smd`                                 Hedges' g: difference of means over the pooled standard deviation
        `median_group`, `median_rest`         of the patients, in the biomarker's unit
        `n_group`, `n_rest`                   patients with a value
        `missing_group`, `missing_rest`       patients without
        `auc_missing`, `q_missing`            ½ + half the difference in how often it is missing, and its q
        `defines_group`                       the group's own definition uses it: its effect is no finding
        `badge`                               how far this row can be believed; see `Badge`
        ====================================  =================================================================
        """
        # a bare p among hundreds of biomarkers reads as evidence; `results` keeps it for replication
        shown = self.results.drop(columns=[name for name in ("p", "p_adjusted") if name in self.results])
        return shown.head(len(shown) if top is None else top).copy()

    def candidates(self, *, q: float | None = None) -> pd.DataFrame:
        """Rows with q below a limit (default: the setting `q`), adjusted as well when adjusted for anything.

        Biomarkers that define the group are left out. With the exploratory badge these are suggestions to test on
        other patients, not findings.
        """
        limit = float(self.recipe["settings"]["q"] if q is None else q)
        table = self.table()
        kept = (table["q"] < limit) & ~table["defines_group"]
        if self.recipe["adjust"]:
            kept &= table["q_adjusted"] < limit
        return table[kept].reset_index(drop=True)

    def missingness(self, *, q: float | None = None) -> pd.DataFrame:
        """Biomarkers that are missing more often on one side than on the other: a finding of its own.

        A beat that could not be measured is not a beat at random: P waves are missing in atrial fibrillation. Effects
        of such biomarkers hold for the patients that have them, and nobody else.

        Parameters
        ----------
        q
            Limit of `q_missing`. Left out: the setting `q`.

        Returns
        -------
        The clearest first: `biomarker, dimension, unit`, `share_group`, `share_rest` (of the patients that lack it, 0
        to 1; NaN where there is no rest), `auc_missing` (½ + half the difference of the shares, or how those who lack
        it lie in a continuous outcome), `q_missing`.
        """
        limit = float(self.recipe["settings"]["q"] if q is None else q)
        rows = self.results[self.results["q_missing"] < limit]
        # where there is an outcome and no rest, all who were followed count
        sizes = (self.n.patients_group, self.n.patients_rest)
        every = sizes if "missing_rest" in rows else (sum(sizes), np.nan)
        table = rows[["biomarker", "dimension", "unit"]].assign(
            share_group=rows["missing_group"] / every[0],
            share_rest=rows["missing_rest"] / every[1] if "missing_rest" in rows else np.nan,
            auc_missing=rows["auc_missing"],
            q_missing=rows["q_missing"],
        )
        return table.sort_values("q_missing", kind="stable").reset_index(drop=True)

    def dossier(self, path: str | os.PathLike[str], **options: Any) -> Dossier:
        """Write the dossier: a page, and beside it the JSON that makes every number again.

        Parameters
        ----------
        path
            Of the page, such as ``group-a.html``; the JSON gets the same name with ``.json``.
        **options
            See `dossier`. Values, patients and confounders are those the contrast was made from.

        Raises
        ------
        DiscoveryError
            When the contrast does not know what it was made from, and all that `dossier` refuses.
        """
        from ecgomics.discovery.report import written

        return written(self, path, **options)

    def volcano(self, *, cloud: pd.DataFrame | None = None) -> Figure:
        """Effect against q, with the null cloud (`NullCloud.table`) in grey where there is one."""
        from ecgomics.discovery.figures import volcano

        return volcano(self.results, cloud=cloud, limit=float(self.recipe["settings"]["q"]))

    def with_badge(self, badge: Badge, biomarkers: Iterable[str]) -> Contrast:
        """The same contrast with a badge on some of its rows."""
        results = self.results.copy()
        results.loc[results["biomarker"].isin(list(biomarkers)), "badge"] = badge
        return dataclasses.replace(self, results=results)
