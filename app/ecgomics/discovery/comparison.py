"""`contrast`: which biomarkers set a group of patients apart, effect first."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Literal

import numpy as np
import numpy.typing as npt
import pandas as pd

from ecgomics.discovery.adjustment import Adjusted, Confounders
from ecgomics.discovery.adjustment import adjust as adjust_for
from ecgomics.discovery.groups import EXPLORATORY_ORIGINS, Group, Origin
from ecgomics.discovery.intervals import bootstrap_interval, newcombe_interval
from ecgomics.discovery.material import Drawn, Material, Members, Values
from ecgomics.discovery.patients import Bools, Floats, Patients
from ecgomics.discovery.ranks import RankTable, effect_order
from ecgomics.discovery.significance import benjamini_yekutieli, missingness_p
from ecgomics.errors import DiscoveryError
from ecgomics.settings import ContrastSettings

Badge = Literal["exploratory", "declared", "validated", "replicated"]
"""How far a contrast can be believed. `exploratory`: the group was drawn on the data tested, so its q-values are no
evidence. `declared`: the group came from elsewhere. The last two need patients that exploration never saw."""

_LITTLE_OVERLAP = 0.2


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
    """

    results: pd.DataFrame
    badge: Badge
    n: Counts
    notes: tuple[str, ...]
    recipe: Mapping[str, Any]

    def table(self, *, top: int | None = None) -> pd.DataFrame:
        """One row a biomarker, strongest effect |AUC − ½| first.

        ====================================  =================================================================
        `biomarker, dimension, lead, unit`    what it is
        `auc`, `low`, `high`                  P(group > rest) + ½ P(equal), interval by patient
        `q`                                   Benjamini–Yekutieli over all biomarkers
        `auc_adjusted`, `low_adjusted`, …     the same with the confounders held equal; NaN without confounders
        `median_group`, `median_rest`         of the patients, in the biomarker's unit
        `n_group`, `n_rest`                   patients with a value
        `missing_group`, `missing_rest`       patients without
        `q_missing`                           that it is missing equally often on both sides
        `defines_group`                       the group's own definition uses it: its effect is no finding
        ====================================  =================================================================
        """
        return self.results.head(len(self.results) if top is None else top).copy()

    def candidates(self, *, q: float | None = None) -> pd.DataFrame:
        """Rows with q below a limit (default: the setting `q`), adjusted as well when adjusted for anything.

        Biomarkers that define the group are left out. With the exploratory badge these are suggestions to test on
        other patients, not findings.
        """
        limit = float(self.recipe["settings"]["q"] if q is None else q)
        kept = (self.results["q"] < limit) & ~self.results["defines_group"]
        if self.recipe["adjust"]:
            kept &= self.results["q_adjusted"] < limit
        return self.results[kept].reset_index(drop=True)


def contrast(
    values: Values,
    group: Members,
    *,
    against: Members | None = None,
    patient: npt.ArrayLike | None = None,
    adjust: pd.DataFrame | Sequence[str] | None = None,
    drawn_on: Origin | None = None,
    settings: ContrastSettings | None = None,
) -> Contrast:
    """Compare a group of patients with the rest, or with another group, over every biomarker.

    The patient is the unit: a patient's value is the median over the patient's records compared, and a patient is in
    the group when more than half of those records are.

    Parameters
    ----------
    values
        Biomarkers: a DataFrame (record, biomarker) indexed by record id, float, NaN = not computable; the Dataset of
        `biomarkers.measure`; or a cohort.
    group, against
        A `Group`, a boolean array over the records, or any iterable of record ids (a list, a dashboard's selection).
        `against` left out: all other records.
    patient
        Patient id of each record. Left out: the cohort's; without a cohort, each record is a patient of its own.
    adjust
        Confounders, one row a record (numbers, or texts; NaN or "" = missing); or names of the cohort's `age` and `sex`
        or of biomarkers.
    drawn_on
        Where the group was drawn (`Origin`). Left out: a `Group` and a selection know; otherwise it counts as
        exploratory.
    settings
        Level, resamples, seed, smallest group.

    Raises
    ------
    DiscoveryError
        For too few patients on a side, groups that overlap, arrays that do not belong together, an unknown confounder.

    Notes
    -----
    Missing values are left out biomarker by biomarker and reported. p-values are Mann–Whitney's (exact where one value
    dominates), corrected by Benjamini & Yekutieli. Intervals are percentiles over resampled patients; those of adjusted
    effects hold the confounders' fitted part fixed.

    Examples
    --------
    >>> table = pd.DataFrame({"PR": [160, 150, 170, 155, 165, 230, 220, 240, 250, 260.0]})
    >>> contrast(table, table["PR"].gt(200).to_numpy(), drawn_on="biomarker").table()["auc"].tolist()
    [1.0]
    """
    settings = settings or ContrastSettings()
    material = Material.gather(values, patient=patient, adjust=adjust)
    sides = _sides(material, group, against)
    compared = _Compared.from_records(material, sides, settings)
    adjusted = compared.adjusted()
    results = _results(compared, adjusted, notes=material.notes, settings=settings)
    results["defines_group"] = results["biomarker"].isin(_defined_by(group, against))
    origins = _origins(group, against, drawn_on)
    badge: Badge = "declared" if origins and not EXPLORATORY_ORIGINS.intersection(origins) else "exploratory"
    recipe = {
        "kind": "contrast",
        "version": 1,
        "settings": settings.as_dict(),
        "values": material.digest(),
        "group": _described(group, sides[0], material),
        "against": None if against is None else _described(against, sides[1], material),
        "adjust": list(compared.confounders.names) if compared.confounders else [],
        "drawn_on": sorted(origins),
    }
    return Contrast(results, badge, compared.n, _notes(compared, adjusted, origins=origins), recipe)


@dataclass(frozen=True)
class _Compared:
    """The patients compared: their values, side and confounders."""

    values: Floats
    members: Bools
    confounders: Confounders | None
    n: Counts
    names: tuple[str, ...]

    @classmethod
    def from_records(cls, material: Material, sides: tuple[Bools, Bools], settings: ContrastSettings) -> _Compared:
        kept = sides[0] | sides[1]
        patients = Patients.from_ids(material.patient[kept])
        shares = patients.shares(sides[0][kept])
        mixed = (shares > 0) & (shares < 1)
        used = ~mixed if settings.mixed == "drop" else np.ones(len(shares), dtype=bool)
        members = (shares > 0.5)[used]
        _require(members, settings.min_patients)
        table = material.values.to_numpy(dtype=np.float64)[kept]
        confounders = None
        if material.confounders is not None:
            whole = Confounders.of_patients(material.confounders[kept], patients)
            confounders = Confounders(whole.names, whole.matrix[used])
        n = Counts(
            patients_group=int(members.sum()),
            patients_rest=int((~members).sum()),
            records_group=int(sides[0].sum()),
            records_rest=int(sides[1].sum()),
            mixed=int(mixed.sum()),
            dropped=int((~used).sum()),
            unnamed=patients.unnamed,
            incomplete=int((~confounders.complete).sum()) if confounders else 0,
        )
        names = tuple(map(str, material.values.columns))
        return cls(patients.fold(table, how=settings.aggregate)[used], members, confounders, n, names)

    def adjusted(self) -> Adjusted | None:
        """Effects with the confounders held equal, or None when there are none."""
        return adjust_for(self.values, self.members, self.confounders) if self.confounders else None


def _results(
    compared: _Compared, adjusted: Adjusted | None, *, notes: pd.DataFrame, settings: ContrastSettings
) -> pd.DataFrame:
    values, members = compared.values, compared.members
    ranks = RankTable.of_patients(values, list(compared.names))
    auc, p, inside, outside = ranks.test(members)
    enough = np.minimum(inside, outside) >= settings.min_patients
    auc, p = np.where(enough, auc, np.nan), np.where(enough, p, np.nan)
    missing = (members.sum() - inside, (~members).sum() - outside)
    absence = missingness_p(missing, (int(members.sum()), int((~members).sum())))
    columns: dict[str, Any] = {"biomarker": list(compared.names)}
    columns |= {name: notes[name].to_numpy() for name in notes.columns}
    columns |= _effect(auc, p, values=np.where(enough, values, np.nan), members=members, settings=settings)
    columns |= _adjusted_effect(compared, adjusted, ranks=ranks, enough=enough, unadjusted_p=p, settings=settings)
    columns |= {
        "median_group": pd.DataFrame(values[members]).median().to_numpy(),
        "median_rest": pd.DataFrame(values[~members]).median().to_numpy(),
        "n_group": inside.astype(int),
        "n_rest": outside.astype(int),
        "missing_group": missing[0].astype(int),
        "missing_rest": missing[1].astype(int),
        "q_missing": benjamini_yekutieli(absence),
    }
    return pd.DataFrame(columns).iloc[effect_order(auc)].reset_index(drop=True)


def _effect(
    auc: Floats, p: Floats, *, values: Floats, members: Bools, settings: ContrastSettings, suffix: str = ""
) -> dict[str, Floats]:
    if settings.interval == "formula":
        present = ~np.isnan(values)
        sizes = [present[side].sum(axis=0).astype(np.float64) for side in (members, ~members)]
        low, high = newcombe_interval(auc, *sizes, level=settings.level)
    else:
        low, high = bootstrap_interval(
            values, members, resamples=settings.resamples, level=settings.level, seed=settings.seed
        )
    names = (f"auc{suffix}", f"low{suffix}", f"high{suffix}", f"q{suffix}")
    return dict(zip(names, (auc, low, high, benjamini_yekutieli(p)), strict=True))


def _adjusted_effect(
    compared: _Compared,
    adjusted: Adjusted | None,
    *,
    ranks: RankTable,
    enough: Bools,
    unadjusted_p: Floats,
    settings: ContrastSettings,
) -> dict[str, Floats]:
    if adjusted is None:
        nothing = np.full(len(enough), np.nan)
        return {name: nothing for name in ("auc_adjusted", "low_adjusted", "high_adjusted", "q_adjusted")}
    usable = ~np.isnan(adjusted.residuals)
    each = np.minimum(usable[compared.members].sum(axis=0), usable[~compared.members].sum(axis=0))
    kept = enough & (each >= settings.min_patients)
    # where a few rare values decide, the t-test is not to be trusted below the exact unadjusted p
    p = np.where(ranks.decided_by_few(compared.members), np.maximum(adjusted.p, unadjusted_p), adjusted.p)
    return _effect(
        np.where(kept, adjusted.auc, np.nan),
        np.where(kept, p, np.nan),
        values=np.where(kept, adjusted.residuals, np.nan),
        members=compared.members,
        settings=settings,
        suffix="_adjusted",
    )


def _sides(material: Material, group: Members, against: Members | None) -> tuple[Bools, Bools]:
    inside = material.mask(group)
    outside = ~inside if against is None else material.mask(against)
    both = int((inside & outside).sum())
    if both:
        raise DiscoveryError(
            f"{both} records are in both groups",
            expected="groups without a record in common",
            remedy="subtract one from the other first",
        )
    return inside, outside


def _require(members: Bools, least: int) -> None:
    for side, count in (("group", int(members.sum())), ("rest", int((~members).sum()))):
        if count < least:
            raise DiscoveryError(
                f"{count} patients in the {side}",
                expected=f"at least {least} on each side",
                remedy="widen the selection, or lower the setting min_patients",
            )


def _origins(group: Members, against: Members | None, drawn_on: Origin | None) -> set[str]:
    if drawn_on is not None:
        return {Group("asked", (), origin=drawn_on).origin}
    given = (group,) if against is None else (group, against)
    known = [_origin(member) for member in given]
    return {origin for origin in known if origin} if all(known) else set()


def _origin(member: Members) -> str:
    """Where a group was drawn, if it knows."""
    if isinstance(member, Group):
        return member.origin
    return Group("asked", (), origin=member.drawn_on).origin if isinstance(member, Drawn) else ""


def _defined_by(*members: Members | None) -> list[str]:
    return [column for member in members if isinstance(member, Group) for column in member.defined_by]


def _described(members: Members, mask: Bools, material: Material) -> dict[str, Any]:
    records = sorted(map(str, material.values.index[mask]))
    told = {"records": len(records), "digest": hashlib.sha256("\n".join(records).encode()).hexdigest()[:16]}
    if isinstance(members, Group):
        told |= {"name": members.name, "definition": members.definition, "origin": members.origin}
    return told


def _notes(compared: _Compared, adjusted: Adjusted | None, *, origins: set[str]) -> tuple[str, ...]:
    n, notes = compared.n, []
    if not origins:
        notes.append("Where the group was drawn is not stated, so it counts as drawn on these data.")
    if EXPLORATORY_ORIGINS & origins:
        notes.append("The group was drawn on these data: effects suggest, q-values are no evidence.")
    if n.mixed:
        placed = "left out" if n.dropped else "placed with the side that holds more than half of their records"
        notes.append(f"{n.mixed} patients have records on both sides; {placed}.")
    if n.unnamed:
        notes.append(f"{n.unnamed} records name no patient; each counts as a patient of its own.")
    if n.incomplete:
        notes.append(f"{n.incomplete} patients lack a confounder and are left out of the adjusted effects.")
    if adjusted is not None and adjusted.overlap < _LITTLE_OVERLAP:
        notes.append(
            f"The confounders explain {1 - adjusted.overlap:.0%} of who is in the group: little is left to compare."
        )
    return tuple(notes)
