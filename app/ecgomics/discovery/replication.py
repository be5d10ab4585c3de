"""`replicate`: a candidate is put to patients that exploration never saw, once."""

from __future__ import annotations

import dataclasses
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Literal

import numpy as np
import numpy.typing as npt
import pandas as pd

from ecgomics.discovery.candidates import Contrast
from ecgomics.discovery.comparison import Question, contrast_part
from ecgomics.discovery.effects import power
from ecgomics.discovery.groups import EXPLORATORY_ORIGINS, Origin
from ecgomics.discovery.ledger import KeepsLooks, Ledger, groups_of
from ecgomics.discovery.material import Material, Members, Values
from ecgomics.discovery.patients import Floats
from ecgomics.discovery.scope import Scope
from ecgomics.discovery.significance import benjamini_yekutieli
from ecgomics.errors import DiscoveryError
from ecgomics.settings import ContrastSettings, LockBoxSettings

Where = Literal["lock-box", "second cohort"]


@dataclass(frozen=True)
class Replication:
    """What became of candidates in patients that exploration never saw.

    Parameters
    ----------
    results
        One row a candidate: `biomarker`; `auc_found`; `auc, low, high` there (and `auc_adjusted` …); `p` (one-sided,
        in the direction found; the larger of unadjusted and adjusted); `q` (Benjamini–Yekutieli over everything ever
        spent on these patients); `replicated` (bool); `power` at the effect found; `n_group, n_rest`.
    contrast
        The contrast there, over these candidates alone.
    found
        The contrast that found them, with the badge on the rows that replicated.
    ledger
        With this spending appended: keep it in place of the one handed over.
    """

    results: pd.DataFrame
    contrast: Contrast
    found: Contrast
    ledger: Ledger

    def table(self) -> pd.DataFrame:
        """See `results`."""
        return self.results.copy()


def replicate(
    found: Contrast,
    values: Values,
    *,
    group: Members,
    biomarkers: Sequence[str],
    ledger: Ledger | None = None,
    against: Members | None = None,
    patient: npt.ArrayLike | None = None,
    adjust: pd.DataFrame | Sequence[str] | None = None,
    drawn_on: Origin | None = None,
    lockbox: LockBoxSettings | None = None,
    where: Where = "lock-box",
    settings: ContrastSettings | None = None,
    when: datetime | None = None,
) -> Replication:
    """Put candidates to the patients in the lock-box, or to a second cohort.

    This can be done once a candidate: the ledger says what is spent. Only the candidates' columns are looked at.

    Parameters
    ----------
    found
        The contrast the candidates come from.
    values, patient, adjust
        Of the cohort with the lock-box, as `found` had them; or of the second cohort.
    group, against, drawn_on
        The same groups by the same definition, holding the records of the patients set aside as well.
    biomarkers
        Which candidates to spend.
    ledger
        Every look so far. Left out: the cohort's own, to which the spending is added before anything is told.
    lockbox
        As for `found`; left out: the cohort's. Not used with a second cohort.
    where
        Which patients.
    settings
        Left out: those of `found`.
    when
        For the ledger; left out: now.

    Raises
    ------
    DiscoveryError
        For a candidate that is spent or that defines the group, a lock-box other than the one `found` was kept out
        of, a second cohort with records of the first, a group drawn on the data it would be tested on, and all that
        `contrast` refuses.

    Notes
    -----
    A group drawn on a map or on a biomarker's axis is refused: whoever lies in the region differs in what the map was
    made from, in any patients. `validate` holds such a region against a null that knows this.
    """
    settings = settings or ContrastSettings.from_dict(found.recipe["settings"])
    box = lockbox if where == "lock-box" else LockBoxSettings(share=0.0)
    part: Literal["lockbox", "all"] = "lockbox" if where == "lock-box" else "all"
    question = Question(group, against, drawn_on)
    scope = Scope.of(values, patient=patient, adjust=adjust, lockbox=box, part=part, settings=settings)
    scope = dataclasses.replace(scope, material=scope.material.columns(biomarkers))
    _refuse_what_cannot_count(found, question, material=scope.material, box=scope.lockbox, where=where)
    source = _source(scope.lockbox, where=where, material=scope.material)
    asked = groups_of(found.recipe)
    own = ledger if ledger is not None else Ledger.of(values)
    before = own.spent(source)
    _refuse_what_is_spent(before, biomarkers, question=asked)
    there = contrast_part(scope, question)
    results = _results(found, there, earlier=before["p"].to_numpy(dtype=np.float64), limit=float(settings.q))
    columns = (results["biomarker"].tolist(), results["p"].tolist(), results["replicated"].tolist())
    outcomes = [
        {"biomarker": name, "p": p if p == p else None, "replicated": done}
        for name, p, done in zip(*columns, strict=True)
    ]

    def spent(so_far: Ledger) -> Ledger:
        # somebody else may have spent them while this was computed
        _refuse_what_is_spent(so_far.spent(source), biomarkers, question=asked)
        return so_far.with_spending(asked, source=source, outcomes=outcomes, when=when)

    longer = spent(own)
    if ledger is None and isinstance(values, KeepsLooks):
        values.note_look(lambda before: spent(Ledger(tuple(before))).entries[-1])
        longer = Ledger.of(values)
    badged = found.with_badge("replicated", results.loc[results["replicated"], "biomarker"])
    return Replication(results, there, badged, longer)


def _results(found: Contrast, there: Contrast, *, earlier: Floats, limit: float) -> pd.DataFrame:
    first = found.results.set_index("biomarker").loc[there.results["biomarker"]].reset_index()
    second = there.results
    p = _one_sided(first, second, "")
    same = _same_side(first, second, "")
    if there.recipe["adjust"]:
        p = np.fmax(p, _one_sided(first, second, "_adjusted"))
        same &= _same_side(first, second, "_adjusted")
    q = benjamini_yekutieli(np.concatenate([p, earlier]))[: len(p)]
    kept = ["auc", "low", "high", "auc_adjusted", "low_adjusted", "high_adjusted", "n_group", "n_rest"]
    chance = power(first["auc"].to_numpy(), second["n_group"].to_numpy(), second["n_rest"].to_numpy())
    columns = {"biomarker": second["biomarker"], "auc_found": first["auc"]} | {name: second[name] for name in kept}
    return pd.DataFrame(columns | {"p": p, "q": q, "replicated": same & (q < limit), "power": chance})


def _one_sided(first: pd.DataFrame, second: pd.DataFrame, suffix: str) -> Floats:
    p = second[f"p{suffix}"].to_numpy(dtype=np.float64)
    return np.where(_same_side(first, second, suffix), p / 2, 1 - p / 2)


def _same_side(first: pd.DataFrame, second: pd.DataFrame, suffix: str) -> npt.NDArray[np.bool_]:
    effects = [table[f"auc{suffix}"].to_numpy(dtype=np.float64) - 0.5 for table in (first, second)]
    return np.asarray(effects[0] * effects[1] > 0, dtype=bool)


def _refuse_what_cannot_count(
    found: Contrast, question: Question, *, material: Material, box: LockBoxSettings, where: Where
) -> None:
    if found.recipe["kind"] not in ("contrast", "validation"):
        raise DiscoveryError(
            f"candidates of a {found.recipe['kind']} analysis",
            expected="candidates of contrast() or validate()",
            remedy="repeat the analysis in a second cohort",
        )
    if not question.origins or question.origins & EXPLORATORY_ORIGINS or found.badge == "exploratory":
        raise DiscoveryError(
            "a group drawn on the data, or that does not say where it was drawn",
            expected="a group from labels, rules or a table, which means the same in patients not seen",
            remedy="validate() holds a region of a map against its own null",
        )
    names = set(material.values.columns)
    defining = found.results.loc[found.results["defines_group"] & found.results["biomarker"].isin(names), "biomarker"]
    if len(defining):
        raise DiscoveryError(
            f"{defining.iloc[0]} defines the group", remedy="that it differs is no finding; leave it out"
        )
    told = {name: value for name, value in found.recipe["lockbox"].items() if name != "part"}
    if where == "lock-box" and (box.share <= 0 or told != box.as_dict()):
        raise DiscoveryError(
            "candidates that were not found outside this lock-box",
            expected="a contrast made with the same lock-box, of a share above 0",
            remedy="contrast(..., lockbox=...) first, or replicate in a second cohort",
        )
    known = int(np.isin(material.values.index.to_numpy(dtype=str), [*found.sides[0], *found.sides[1]]).sum())
    if where == "second cohort" and known:
        raise DiscoveryError(
            f"{known} records of the second cohort are records of the first",
            expected="a cohort of other patients",
            remedy="leave them out, or replicate in the lock-box",
        )


def _refuse_what_is_spent(before: pd.DataFrame, biomarkers: Sequence[str], *, question: str) -> None:
    again = before[before["biomarker"].isin(list(biomarkers)) & (before["question"] == question)]
    if len(again):
        raise DiscoveryError(
            f"{again.iloc[0]['biomarker']} was spent on these patients on {again.iloc[0]['when']}",
            expected="a candidate that was not yet put to them",
            remedy="its outcome is in the ledger; a second cohort can still be asked",
        )


def _source(box: LockBoxSettings, *, where: Where, material: Material) -> str:
    """Names the patients a candidate is spent on."""
    if where == "lock-box":
        return f"lock-box {box.digest()}"
    return f"second cohort {Material.records_digest(material.values.index)}"
