"""`lost`: candidates that adjustment took away, and what they went with."""

from __future__ import annotations

import numpy as np
import pandas as pd

from ecgomics.discovery.adjustment import Confounders
from ecgomics.discovery.adjustment import adjust as adjust_for
from ecgomics.discovery.candidates import Contrast
from ecgomics.discovery.folding import Folded
from ecgomics.discovery.lockbox import AnyPart
from ecgomics.discovery.significance import benjamini_yekutieli
from ecgomics.errors import DiscoveryError
from ecgomics.settings import ContrastSettings, LockBoxSettings


def lost(found: Contrast) -> pd.DataFrame:
    """Biomarkers below the limit of q before adjustment and not after it, and which confounder alone does that.

    Parameters
    ----------
    found
        A result of `contrast` or `validate` that was adjusted.

    Returns
    -------
    Strongest unadjusted effect first: `biomarker`, `auc`, `auc_adjusted`, `q`, `q_adjusted`, and `reason`: "gone with
    age", "gone with age and sex together" where no single one suffices, "it is adjusted for" where the biomarker is a
    confounder itself, or "nothing is left of it" where it says what the confounders say, or too few patients have both.
    Empty without confounders.

    Raises
    ------
    DiscoveryError
        When the contrast does not know what it was made from.
    """
    limit = float(found.recipe["settings"]["q"])
    table = found.results
    columns = ["biomarker", "auc", "auc_adjusted", "q", "q_adjusted"]
    gone = table[(table["q"] < limit) & ~(table["q_adjusted"] < limit) & ~table["defines_group"]]
    names = list(found.recipe["adjust"])
    if not names or gone.empty:
        return pd.DataFrame(columns=[*columns, "reason"])
    alone = _alone(found)
    asked = zip(gone["biomarker"].astype(str), gone["q_adjusted"].to_numpy(dtype=np.float64), strict=True)
    reasons = [_reason(name, q, alone, names=names, limit=limit) for name, q in asked]
    return gone[columns].assign(reason=reasons).reset_index(drop=True)


def _alone(found: Contrast) -> pd.DataFrame:
    """q of every biomarker adjusted for one confounder at a time, (biomarker, confounder)."""
    if found.given is None:
        raise DiscoveryError("a contrast that does not know what it was made from", remedy="make it again")
    material = found.given.material()
    material = material.restricted(material.mask([*found.sides[0], *found.sides[1]]))
    settings = ContrastSettings.from_dict(found.recipe["settings"])
    part: AnyPart = "all"
    folded = Folded.from_part(material, lockbox=LockBoxSettings(share=0.0), part=part, settings=settings)
    members = folded.members(found.sides[0])
    assert material.confounders is not None
    columns = {}
    for name in material.confounders.columns:
        one = Confounders.of_patients(material.confounders[[name]], folded.patients)
        columns[str(name)] = benjamini_yekutieli(adjust_for(folded.values, members, one).p)
    return pd.DataFrame(columns, index=[str(name) for name in material.values.columns])


def _reason(biomarker: str, q_adjusted: float, alone: pd.DataFrame, *, names: list[str], limit: float) -> str:
    if biomarker in names:
        return "it is adjusted for"
    if np.isnan(q_adjusted):
        return "nothing is left of it"
    own = alone.loc[biomarker].fillna(1.0)
    if len(names) == 1 or own.max() >= limit:
        return f"gone with {own.idxmax()}"
    return f"gone with {' and '.join(names)} together"
