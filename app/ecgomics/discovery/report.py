"""`dossier`: everything a reader needs to judge a contrast, and to make it again to the last digit."""

from __future__ import annotations

import json
import math
import os
import platform
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd
import xarray as xr

from ecgomics.discovery.candidates import Contrast
from ecgomics.discovery.evidence import dose_response, extremes, subgroups
from ecgomics.discovery.kinship import families
from ecgomics.discovery.ledger import Ledger
from ecgomics.discovery.material import Values
from ecgomics.discovery.nulls import null_cloud
from ecgomics.discovery.panels import panel
from ecgomics.discovery.provenance import changes, source_of
from ecgomics.discovery.recipes import make_again, told_in_full
from ecgomics.discovery.region import Region
from ecgomics.discovery.replication import Replication
from ecgomics.discovery.subsampling import stability
from ecgomics.errors import DiscoveryError
from ecgomics.settings import FamilySettings, PanelSettings, StabilitySettings

FORMAT = "ecgomics-dossier"
VERSION = 2

_CLOUD_DRAWS = 10
"""Draws of the null cloud whose points the dossier keeps for its figure."""


@dataclass(frozen=True)
class Dossier:
    """A contrast with all that was made of it.

    Parameters
    ----------
    data
        `recipe` (enough to make it again, the record ids of both groups included), `source` (the cohort, its stages'
        digests, a digest of each biomarker), `plan` (settings and seeds of every section), `results` (every number),
        `ledger`, `replication`, `versions`, `definitions`, `made`.
    """

    data: Mapping[str, Any]

    def as_dict(self) -> dict[str, Any]:
        """All of it, in a form JSON can hold without loss."""
        return json.loads(json.dumps(self.data))

    def html(self) -> str:
        """A self-contained page in the order of TRIPOD+AI: no script, and nothing is fetched."""
        from ecgomics.discovery.page import page

        return page(self.as_dict())


def written(found: Contrast, path: str | os.PathLike[str], **options: Any) -> Dossier:
    """Make a contrast's dossier of what it was made from, and write the page and its JSON; see `Contrast.dossier`."""
    if found.given is None:
        raise DiscoveryError(
            "a contrast that does not know what it was made from",
            expected="one that contrast() or one of its siblings gave",
            remedy="dossier(contrast, values, ...) and write its html()",
        )
    given = {"patient": found.given.patient, "adjust": found.given.adjust}
    made = dossier(found, found.given.values, **(given | options))
    page = Path(path)
    page.write_text(made.html(), encoding="utf-8")
    page.with_suffix(".json").write_text(json.dumps(made.as_dict(), allow_nan=False), encoding="utf-8")
    return made


@dataclass(frozen=True)
class Reproduction:
    """A dossier made again.

    Parameters
    ----------
    dossier
        The second one.
    differences
        `where`, `before`, `now`: every entry that differs by more than the tolerance; empty when reproduced.
    numbers
        How many numbers were compared.
    largest
        Largest difference of two numbers, relative where they exceed 1.
    """

    dossier: Dossier
    differences: pd.DataFrame
    numbers: int
    largest: float

    @property
    def exact(self) -> bool:
        """Whether every entry is as it was."""
        return self.differences.empty


def dossier(
    found: Contrast,
    values: Values,
    *,
    patient: npt.ArrayLike | None = None,
    adjust: pd.DataFrame | Sequence[str] | None = None,
    by: pd.DataFrame | Sequence[str] | None = None,
    latent: pd.DataFrame | None = None,
    region: Region | None = None,
    ledger: Ledger | None = None,
    replication: Replication | None = None,
    title: str = "",
    candidates: int = 5,
    draws: int = 200,
    settings: tuple[StabilitySettings, FamilySettings, PanelSettings] | None = None,
    when: datetime | None = None,
) -> Dossier:
    """Gather a contrast, its null cloud, stability, families, panel and evidence into one dossier.

    Parameters
    ----------
    found, values, patient, adjust
        A result of `contrast`, `validate`, `contrast_pairs`, `associate` or `hazards`, and what it was given.
    by
        What parts the patients into subgroups; see `subgroups`. Left out: the confounders.
    latent
        See `panel`.
    region
        The region that `validate` was given.
    ledger
        Every contrast tried; it is printed whole. Left out: the cohort's own.
    replication
        What became of the candidates. Its numbers are copied, not made again: its patients were spent once.
    title
        Heading of the page.
    candidates, draws
        Candidates shown with their evidence, and null groups drawn.
    settings
        Of stability, families and panel. Left out: the defaults.
    when
        Left out: now.

    Raises
    ------
    DiscoveryError
        When the contrast cannot be told in full: a region that is not handed over.
    """
    chosen = settings or (StabilitySettings(), FamilySettings(), PanelSettings())
    plan = {
        "candidates": candidates,
        "draws": draws,
        "seed": found.recipe["settings"]["seed"],
        "stability": chosen[0].as_dict(),
        "families": chosen[1].as_dict(),
        "panel": chosen[2].as_dict(),
        "by": _names(by),
    }
    made: dict[str, Any] = {"patient": patient, "adjust": adjust, "by": adjust if by is None else by, "latent": latent}
    data = {
        "format": FORMAT,
        "version": VERSION,
        "title": title,
        "made": (when or datetime.now(UTC)).isoformat(timespec="seconds"),
        "source": source_of(values, found.recipe, patient=patient),
        "recipe": told_in_full(found, region=region),
        "plan": plan,
        "results": _results(found, values, plan=plan, **made),
        "ledger": (Ledger.of(values) if ledger is None else ledger).as_dict(),
        "replication": None if replication is None else _plain(replication.table()),
        "versions": _versions(),
        "definitions": _definitions(values),
    }
    return Dossier(data)


def reproduce(
    stored: Mapping[str, Any],
    values: Values,
    *,
    patient: npt.ArrayLike | None = None,
    adjust: pd.DataFrame | Sequence[str] | None = None,
    by: pd.DataFrame | Sequence[str] | None = None,
    latent: pd.DataFrame | None = None,
    tolerance: float = 1e-12,
) -> Reproduction:
    """Make a dossier again from its recipe and compare every number.

    Parameters
    ----------
    stored
        `Dossier.as_dict`, as read back from JSON.
    values, patient, adjust, by, latent
        As they were. Confounders of a cohort are found by name when left out.
    tolerance
        Largest difference that counts as none; relative for numbers beyond 1.

    Raises
    ------
    DiscoveryError
        For something that is no dossier, and for values that are not those of the dossier.

    Notes
    -----
    The replication is not made again: its patients are spent. Its badges are taken over.
    """
    if stored.get("format") != FORMAT or stored.get("version") != VERSION:
        raise DiscoveryError(
            "something that is no dossier of this version",
            expected=f"format {FORMAT}, version {VERSION}",
            remedy="hand over the JSON that dossier() made",
        )
    differs = changes(stored, values, patient=patient)
    if differs:
        raise DiscoveryError(
            f"data that are not those of the dossier: {'; '.join(differs)}",
            expected=f"values with the digest {stored['recipe']['asked']['values']}",
            remedy="open the cohort as it was, with the same versions of its stages",
        )
    recipe, plan = stored["recipe"], stored["plan"]
    confounders = (recipe["asked"]["adjust"] or None) if adjust is None else adjust
    found, region = make_again(recipe, values, patient=patient, adjust=confounders)
    held = [row["biomarker"] for row in stored["results"]["table"] if row["badge"] == "replicated"]
    found = found.with_badge("replicated", held)
    parted = by if by is not None else (plan["by"] or confounders)
    made: dict[str, Any] = {"patient": patient, "adjust": confounders, "by": parted, "latent": latent}
    data = {
        **stored,
        "made": datetime.now(UTC).isoformat(timespec="seconds"),
        "recipe": told_in_full(found, region=region),
        "results": _results(found, values, plan=plan, **made),
        "versions": _versions(),
    }
    again = Dossier(data)
    before = {"recipe": recipe, "results": stored["results"]}
    now = {"recipe": again.as_dict()["recipe"], "results": again.as_dict()["results"]}
    compared = list(_compared(before, now, where=""))
    apart = [(where, a, b) for where, a, b, gap in compared if not gap <= tolerance]
    gaps = [gap for _, a, _, gap in compared if isinstance(a, (int, float)) and not isinstance(a, bool)]
    table = pd.DataFrame(apart, columns=["where", "before", "now"])
    return Reproduction(again, table, len(gaps), max(gaps, default=0.0))


def _results(
    found: Contrast,
    values: Values,
    *,
    plan: Mapping[str, Any],
    patient: npt.ArrayLike | None,
    adjust: pd.DataFrame | Sequence[str] | None,
    by: pd.DataFrame | Sequence[str] | None,
    latent: pd.DataFrame | None,
) -> dict[str, Any]:
    """Every number of a dossier."""
    leaders = found.candidates()["biomarker"].tolist()
    alike = FamilySettings.from_dict(plan["families"])
    results: dict[str, Any] = {
        "badge": found.badge,
        "counts": {name: getattr(found.n, name) for name in found.n.__dataclass_fields__},
        "notes": list(found.notes),
        "table": _plain(found.results),
        "candidates": leaders,
        "families": _plain(families(found, values, patient=patient, settings=alike)),
        "missingness": _plain(found.missingness()),
    }
    if not found.sides[1] or found.recipe["kind"] == "pairs":
        return results
    cloud = null_cloud(found, values, patient=patient, draws=plan["draws"], seed=plan["seed"])
    few = cloud.table().query(f"draw < {_CLOUD_DRAWS}")
    results["null"] = {
        "share_of_draws": cloud.share_of_draws(q=float(found.recipe["settings"]["q"])),
        "band": _plain(cloud.band()),
        "points": {"auc": _plain(few["auc"].tolist()), "q": _plain(few["q"].tolist())},
    }
    kept = StabilitySettings.from_dict(plan["stability"])
    results["stability"] = _plain(stability(found, values, patient=patient, adjust=adjust, settings=kept))
    results["panel"] = _panel(found, values, plan=plan, patient=patient, adjust=adjust, latent=latent)
    results["evidence"] = {
        name: _evidence(found, values, name, patient=patient, by=by) for name in leaders[: plan["candidates"]]
    }
    return results


def _panel(found: Contrast, values: Values, *, plan: Mapping[str, Any], **given: Any) -> dict[str, Any]:
    try:
        made = panel(found, values, settings=PanelSettings.from_dict(plan["panel"]), **given)
    except DiscoveryError as error:
        # too few patients for folds is told in the dossier, and is no reason to have none
        return {"reason": str(error)}
    return _plain(made.as_dict())


def _evidence(
    found: Contrast,
    values: Values,
    biomarker: str,
    *,
    patient: npt.ArrayLike | None,
    by: pd.DataFrame | Sequence[str] | None,
) -> dict[str, Any]:
    dose = dose_response(found, values, biomarker=biomarker, patient=patient)
    parted = subgroups(found, values, biomarker=biomarker, patient=patient, by=[] if by is None else by)
    return {
        "dose": _plain(dose),
        "trend_p": dose.attrs["trend_p"],
        "subgroups": _plain(parted),
        "records": _plain(extremes(found, values, biomarker=biomarker, patient=patient)),
    }


def _plain(thing: Any) -> Any:
    """The same in a form JSON can hold: tables as rows, NaN as None."""
    if isinstance(thing, pd.DataFrame):
        return [_plain(row) for row in thing.to_dict("records")]
    if isinstance(thing, Mapping):
        return {str(name): _plain(entry) for name, entry in thing.items()}
    if isinstance(thing, (list, tuple)):
        return [_plain(entry) for entry in thing]
    if isinstance(thing, (bool, np.bool_)):
        return bool(thing)
    if isinstance(thing, (int, np.integer)):
        return int(thing)
    if isinstance(thing, (float, np.floating)):
        return float(thing) if math.isfinite(thing) else None
    return thing


def _compared(before: Any, now: Any, *, where: str) -> Iterator[tuple[str, Any, Any, float]]:
    """Every leaf of two nested structures, with how far they are apart (infinite where they are not alike)."""
    if isinstance(before, Mapping) and isinstance(now, Mapping):
        for name in dict.fromkeys([*before, *now]):
            yield from _compared(before.get(name), now.get(name), where=f"{where}/{name}")
    elif isinstance(before, list) and isinstance(now, list) and len(before) == len(now):
        for place, (a, b) in enumerate(zip(before, now, strict=True)):
            yield from _compared(a, b, where=f"{where}/{place}")
    elif _is_number(before) and _is_number(now):
        yield where, before, now, abs(before - now) / max(1.0, abs(before))
    else:
        yield where, before, now, 0.0 if before == now else math.inf


def _is_number(entry: Any) -> bool:
    return isinstance(entry, (int, float)) and not isinstance(entry, bool)


def _names(by: pd.DataFrame | Sequence[str] | None) -> list[str]:
    return [] if by is None else [str(name) for name in by]


def _versions() -> dict[str, str]:
    import scipy

    import ecgomics

    return {
        "ecgomics": ecgomics.__version__,
        "python": platform.python_version(),
        "numpy": np.__version__,
        "scipy": scipy.__version__,
        "pandas": pd.__version__,
    }


def _definitions(values: Values) -> list[dict[str, Any]]:
    """Definition and version of every biomarker, as far as the values know them."""
    if isinstance(values, pd.DataFrame):
        return [{"biomarker": str(name)} for name in values.columns]
    stored = values if isinstance(values, xr.Dataset) else values.biomarkers
    names = stored["biomarker"].values.astype(str)
    told = [name for name in ("definition", "version", "unit", "dimension", "lead") if name in stored.coords]
    columns = {name: stored[name].values.astype(str) for name in told}
    return [
        {"biomarker": str(each)} | {name: str(columns[name][place]) for name in told}
        for place, each in enumerate(names)
    ]
