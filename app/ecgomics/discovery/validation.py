"""`validate`: found in one half of the patients, confirmed in the other.

What splitting can do: a group whose membership does not depend on the half it is tested in (labels, rules, a table, or
a region drawn while only the first half was on the screen) gives effects and q-values in the second half that no
choosing has touched.

What splitting cannot do. A lasso drawn on all patients is not rescued: both halves were looked at. And a region of a
map, however drawn, parts patients by what the map was made from; in any other patients the two sides differ in it
again, clusters or not. So a region's biomarkers must besides exceed what the same region parts in a cohort that is one
blob (`region.one_blob_auc`).
"""

from __future__ import annotations

import dataclasses
from collections.abc import Sequence

import numpy as np
import numpy.typing as npt
import pandas as pd
from scipy.special import ndtr

from ecgomics.discovery.candidates import Contrast
from ecgomics.discovery.comparison import Question, contrast_part
from ecgomics.discovery.effects import auc_error
from ecgomics.discovery.groups import EXPLORATORY_ORIGINS, Origin
from ecgomics.discovery.ledger import Note, noted
from ecgomics.discovery.lockbox import AnyPart, in_part
from ecgomics.discovery.material import Material, Members, Values
from ecgomics.discovery.patients import Floats, Patients
from ecgomics.discovery.region import Region, one_blob_auc
from ecgomics.discovery.scope import Scope
from ecgomics.discovery.significance import benjamini_yekutieli
from ecgomics.errors import DiscoveryError
from ecgomics.settings import ContrastSettings, LockBoxSettings

_PARTS: tuple[AnyPart, ...] = ("discovery", "first half", "second half")


def validate(
    values: Values,
    group: Members | Region,
    *,
    against: Members | None = None,
    patient: npt.ArrayLike | None = None,
    adjust: pd.DataFrame | Sequence[str] | None = None,
    drawn_on: Origin | None = None,
    lockbox: LockBoxSettings | None = None,
    settings: ContrastSettings | None = None,
    note: Note = "ledger",
) -> Contrast:
    """Find candidates in one half of the patients and confirm them in the other.

    Parameters
    ----------
    values, against, patient, adjust, drawn_on, lockbox, settings, note
        See `contrast`. The halves are made by a hash of the patient's id and leave the lock-box out.
    group
        See `contrast`; or a `Region` that was drawn while only the first half was seen.

    Returns
    -------
    The contrast of all patients outside the lock-box, with the columns `auc_first`, `auc_second` (the halves),
    `q_second` (Benjamini–Yekutieli over the first half's candidates; of the larger of unadjusted and adjusted p) and,
    for a region, `auc_blob` (what the region would part in one blob) and `q_blob` (that the effect in the second half
    exceeds it). Rows that held carry the badge "validated".

    Raises
    ------
    DiscoveryError
        For a group that was drawn on the patients it would be confirmed in, and all that `contrast` refuses.
    """
    scope = Scope.of(values, patient=patient, adjust=adjust, lockbox=lockbox, part="discovery", settings=settings)
    members = _refuse_what_was_seen(group, material=scope.material, box=scope.lockbox)
    question = Question(members, against, drawn_on)
    if not isinstance(group, Region) and (not question.origins or question.origins & EXPLORATORY_ORIGINS):
        raise DiscoveryError(
            "a group drawn on the patients it would be confirmed in, or that does not say where it was drawn",
            expected="a group from labels, rules or a table, or a Region drawn on the first half alone",
            remedy="draw the region again while only the first half is shown",
        )
    whole, first, second = (contrast_part(dataclasses.replace(scope, part=part), question) for part in _PARTS)
    columns = _halves(first, second)
    if isinstance(group, Region):
        columns |= _beyond_the_blob(group, second, material=scope.material, settings=scope.settings)
    found = _badged(whole, pd.DataFrame(columns), limit=float(scope.settings.q))
    return noted(values, found, kind="validation", note=note)


def _halves(first: Contrast, second: Contrast) -> dict[str, npt.NDArray[np.float64] | pd.Series]:
    one = first.results.sort_values("biomarker").reset_index(drop=True)
    two = second.results.sort_values("biomarker").reset_index(drop=True)
    asked = one["biomarker"].isin(first.candidates()["biomarker"]).to_numpy()
    p = two["p"].to_numpy(dtype=np.float64)
    same = _same(one["auc"], two["auc"])
    if second.recipe["adjust"]:
        p = np.fmax(p, two["p_adjusted"].to_numpy(dtype=np.float64))
        same &= _same(one["auc_adjusted"], two["auc_adjusted"])
    return {
        "biomarker": one["biomarker"],
        "auc_first": one["auc"],
        "auc_second": two["auc"],
        "q_second": benjamini_yekutieli(np.where(asked, np.where(same, p, 1.0), np.nan)),
    }


def _same(one: pd.Series, two: pd.Series) -> npt.NDArray[np.bool_]:
    return np.asarray((one - 0.5) * (two - 0.5) > 0, dtype=bool)


def _beyond_the_blob(
    region: Region, second: Contrast, *, material: Material, settings: ContrastSettings
) -> dict[str, Floats]:
    """How far the effects in the second half exceed those of the same region on one blob, in biomarker order."""
    records = material.values.index.to_numpy(dtype=str)
    kept = np.isin(records, [*second.sides[0], *second.sides[1]])
    half = material.restricted(kept)
    patients = Patients.from_ids(half.patient)
    table = half.values[sorted(half.values.columns)].to_numpy(dtype=np.float64)
    folded = patients.fold(table, how=settings.aggregate)
    places = patients.fold(region.places(records[kept]), how=settings.aggregate)
    members = patients.shares(np.isin(records[kept], second.sides[0])) > 0.5
    auc, error = auc_error(folded, members)
    blob = one_blob_auc(folded, places, region, seed=int(settings.seed))
    beyond = np.sign(blob - 0.5) * (auc - blob)
    z = beyond / np.where(error > 0, error, np.nan)
    asked = second.results.set_index("biomarker")["q"].reindex(sorted(half.values.columns)).notna().to_numpy()
    return {"auc_blob": blob, "q_blob": benjamini_yekutieli(np.where(asked, ndtr(-z), np.nan))}


def _badged(whole: Contrast, columns: pd.DataFrame, *, limit: float) -> Contrast:
    results = whole.results.merge(columns, on="biomarker", how="left", validate="one_to_one")
    held = (results["q_second"] < limit) & ~results["defines_group"]
    if "q_blob" in results:
        held &= results["q_blob"] < limit
    recipe = {**whole.recipe, "kind": "validation"}
    told = dataclasses.replace(whole, results=results, recipe=recipe, notes=(*whole.notes, _note(results)))
    return told.with_badge("validated", results.loc[held, "biomarker"])


def _note(results: pd.DataFrame) -> str:
    asked = int(results["q_second"].notna().sum())
    told = f"{asked} candidates of the first half of the patients were put to the second."
    return told + (" They had to exceed what the region parts in one blob." if "q_blob" in results else "")


def _refuse_what_was_seen(group: Members | Region, *, material: Material, box: LockBoxSettings) -> Members:
    if not isinstance(group, Region):
        return group
    records = material.values.index.to_numpy(dtype=str)
    first = in_part("first half", patient=material.patient, record=records, settings=box)
    seen = np.ones(len(records), dtype=bool) if group.seen is None else np.isin(records, list(group.seen))
    beyond = int((seen & ~first).sum())
    if beyond:
        raise DiscoveryError(
            f"a region drawn while {beyond} records outside the first half were seen",
            expected="a region drawn on the first half alone",
            remedy="show only records of in_part('first half', ...), and draw it again",
        )
    return group.group()
