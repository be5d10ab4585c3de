"""`contrast`: which biomarkers set a group of patients apart, effect first."""

from __future__ import annotations

import dataclasses
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd

from ecgomics.discovery.adjustment import Adjusted, Confounders
from ecgomics.discovery.adjustment import adjust as adjust_for
from ecgomics.discovery.candidates import Badge, Contrast, Counts
from ecgomics.discovery.effects import standardised_difference
from ecgomics.discovery.groups import EXPLORATORY_ORIGINS, Group, Origin
from ecgomics.discovery.intervals import bootstrap_interval, newcombe_interval
from ecgomics.discovery.ledger import Note, noted
from ecgomics.discovery.lockbox import Part, in_part
from ecgomics.discovery.material import Drawn, Material, Members, Values
from ecgomics.discovery.patients import Bools, Floats, Patients
from ecgomics.discovery.ranks import RankTable, effect_order
from ecgomics.discovery.scope import Scope
from ecgomics.discovery.significance import benjamini_yekutieli, missingness_p
from ecgomics.errors import DiscoveryError
from ecgomics.settings import ContrastSettings, LockBoxSettings

_LITTLE_OVERLAP = 0.2


def contrast(
    values: Values,
    group: Members,
    *,
    against: Members | None = None,
    patient: npt.ArrayLike | None = None,
    adjust: pd.DataFrame | Sequence[str] | None = None,
    drawn_on: Origin | None = None,
    lockbox: LockBoxSettings | None = None,
    part: Part = "discovery",
    settings: ContrastSettings | None = None,
    note: Note = "ledger",
) -> Contrast:
    """Compare a group of patients with the rest, or with another group, over every biomarker.

    The patient is the unit: a patient's value is the median over the patient's records compared, and a patient is in
    the group when more than half of those records are.

    Parameters
    ----------
    values
        Biomarkers: a DataFrame (record, biomarker) indexed by record id, float, NaN = not computable; the Dataset of
        `biomarkers.measure`; or a cohort. Of the last two, columns that say another's rank again (percentiles, z
        against the cohort) are left out: they would be tests counted twice.
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
    lockbox
        Which patients are set aside. Left out: the cohort's, if it has one. Its patients never enter a contrast: they
        are `replicate`'s.
    part
        Of the patients that are left: all ("discovery"), or one of the two halves that `validate` makes of them.
    settings
        Level, resamples, seed, smallest group.
    note
        Whether a cohort that keeps a ledger is told of this look ("ledger") or not ("no": the same look again, or one
        that nobody sees).

    Raises
    ------
    DiscoveryError
        For too few patients on a side, groups that overlap, arrays that do not belong together, an unknown confounder.

    Notes
    -----
    Missing values are left out biomarker by biomarker and reported. p-values are Mann–Whitney's (exact where one value
    dominates, and where a side has 20 patients or fewer), corrected by Benjamini & Yekutieli. Intervals are percentiles
    over resampled patients; those of adjusted effects hold the confounders' fitted part fixed.

    Examples
    --------
    >>> table = pd.DataFrame({"PR": [160, 150, 170, 155, 165, 230, 220, 240, 250, 260.0]})
    >>> contrast(table, table["PR"].gt(200).to_numpy(), drawn_on="biomarker").table()["auc"].tolist()
    [1.0]
    """
    scope = Scope.of(values, patient=patient, adjust=adjust, lockbox=lockbox, part=part, settings=settings)
    return noted(values, contrast_part(scope, Question(group, against, drawn_on)), note=note)


@dataclass(frozen=True)
class Question:
    """Who is held against whom, and where the groups were drawn; see `contrast`."""

    group: Members
    against: Members | None
    drawn_on: Origin | None

    def sides(self, material: Material) -> tuple[Bools, Bools]:
        """Membership of both sides (bool, record); everybody else when there is no `against`."""
        inside = material.mask(self.group)
        outside = ~inside if self.against is None else material.mask(self.against)
        both = int((inside & outside).sum())
        if both:
            raise DiscoveryError(
                f"{both} records are in both groups",
                expected="groups without a record in common",
                remedy="subtract one from the other first",
            )
        return inside, outside

    @property
    def origins(self) -> set[str]:
        """Where the groups were drawn; empty when one of them does not say."""
        return _origins(self.group, self.against, self.drawn_on)

    def described(self, sides: tuple[Bools, Bools], material: Material) -> dict[str, Any]:
        """Names, definitions and digests of both sides, for a recipe."""
        against = None if self.against is None else _described(self.against, sides[1], material)
        return {
            "group": _described(self.group, sides[0], material),
            "against": against,
            "drawn_on": sorted(self.origins),
        }


def contrast_part(scope: Scope, question: Question) -> Contrast:
    """`contrast` of one part of the patients; the one that may be told to open the lock-box."""
    material, lockbox, part, settings = scope.material, scope.lockbox, scope.part, scope.settings
    whole, every = question.sides(material), material
    kept = in_part(part, patient=material.patient, record=material.values.index.to_numpy(dtype=str), settings=lockbox)
    material, sides = material.restricted(kept), (whole[0][kept], whole[1][kept])
    aside = [Patients.from_ids(every.patient[side & ~kept]).size for side in whole]
    compared = _Compared.from_records(material, sides, settings, aside=aside)
    sealed = 0
    if lockbox.share > 0 and part != "lockbox":
        sealed = Patients.from_ids(every.patient).size - Patients.from_ids(material.patient).size
    n = dataclasses.replace(compared.n, elsewhere=sealed)
    adjusted = compared.adjusted()
    results = _results(compared, adjusted, notes=material.notes, settings=settings)
    results["defines_group"] = results["biomarker"].isin(_defined_by(question.group, question.against))
    origins = question.origins
    badge: Badge = "declared" if origins and not EXPLORATORY_ORIGINS.intersection(origins) else "exploratory"
    results["badge"] = badge
    recipe = (
        scope.told("contrast")
        | {
            "values": material.digest(),
            "adjust": list(compared.confounders.names) if compared.confounders else [],
        }
        | question.described(sides, material)
    )
    records = material.values.index.to_numpy(dtype=str)
    ids = (tuple(records[sides[0]].tolist()), tuple(records[sides[1]].tolist()))
    return Contrast(results, badge, n, _notes(n, adjusted, origins=origins), recipe, ids, given=scope.given)


@dataclass(frozen=True)
class _Compared:
    """The patients compared: their values, side and confounders."""

    values: Floats
    members: Bools
    confounders: Confounders | None
    n: Counts
    names: tuple[str, ...]

    @classmethod
    def from_records(
        cls, material: Material, sides: tuple[Bools, Bools], settings: ContrastSettings, *, aside: Sequence[int]
    ) -> _Compared:
        kept = sides[0] | sides[1]
        patients = Patients.from_ids(material.patient[kept])
        shares = patients.shares(sides[0][kept])
        mixed = (shares > 0) & (shares < 1)
        used = ~mixed if settings.mixed == "drop" else np.ones(len(shares), dtype=bool)
        members = (shares > 0.5)[used]
        _require(members, settings.min_patients, aside=aside)
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
        "delta": 2 * auc - 1,
        "smd": np.where(enough, standardised_difference(values, members), np.nan),
        "median_group": pd.DataFrame(values[members]).median().to_numpy(),
        "median_rest": pd.DataFrame(values[~members]).median().to_numpy(),
        "n_group": inside.astype(int),
        "n_rest": outside.astype(int),
        "missing_group": missing[0].astype(int),
        "missing_rest": missing[1].astype(int),
        "auc_missing": 0.5 + (missing[0] / members.sum() - missing[1] / (~members).sum()) / 2,
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
    names = (f"auc{suffix}", f"low{suffix}", f"high{suffix}", f"p{suffix}", f"q{suffix}")
    return dict(zip(names, (auc, low, high, p, benjamini_yekutieli(p)), strict=True))


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
        return {name: nothing for name in ("auc_adjusted", "low_adjusted", "high_adjusted", "p_adjusted", "q_adjusted")}
    usable = ~np.isnan(adjusted.residuals)
    each = np.minimum(usable[compared.members].sum(axis=0), usable[~compared.members].sum(axis=0))
    # of a biomarker that is a confounder itself nothing is left but how it bends
    confounding = np.isin(compared.names, [] if compared.confounders is None else compared.confounders.names)
    kept = enough & (each >= settings.min_patients) & ~confounding
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


def _require(members: Bools, least: int, *, aside: Sequence[int]) -> None:
    counts = (int(members.sum()), int((~members).sum()))
    for side, count, away in zip(("group", "rest"), counts, aside, strict=True):
        if count < least:
            more = f", and {away} that are set aside for confirmation" if away else ""
            raise DiscoveryError(
                f"{count} patients in the {side}{more}",
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
    told: dict[str, Any] = {"records": len(records), "digest": Material.records_digest(records)}
    if isinstance(members, Group):
        told |= {"name": members.name, "definition": members.definition, "origin": members.origin}
        told |= {"defined_by": list(members.defined_by)}
    return told


def _notes(n: Counts, adjusted: Adjusted | None, *, origins: set[str]) -> tuple[str, ...]:
    notes = []
    if not origins:
        notes.append("Where the group was drawn is not stated, so it counts as drawn on these data.")
    if EXPLORATORY_ORIGINS & origins:
        notes.append("The group was drawn on these data: effects suggest, q-values are no evidence.")
    if n.elsewhere:
        notes.append(f"{n.elsewhere} patients are set aside and were not looked at.")
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
