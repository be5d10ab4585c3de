"""A contrast's recipe told in full, and followed."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, cast

import numpy as np
import numpy.typing as npt
import pandas as pd

from ecgomics.discovery.association import associate
from ecgomics.discovery.candidates import Contrast
from ecgomics.discovery.comparison import contrast
from ecgomics.discovery.groups import EXPLORATORY_ORIGINS, Group, Origin
from ecgomics.discovery.lockbox import Part
from ecgomics.discovery.material import Material, Members, Values
from ecgomics.discovery.pairs import contrast_pairs
from ecgomics.discovery.region import Region
from ecgomics.discovery.survival import hazards
from ecgomics.discovery.validation import validate
from ecgomics.errors import DiscoveryError
from ecgomics.settings import ContrastSettings, LockBoxSettings


def told_in_full(found: Contrast, *, region: Region | None = None) -> dict[str, Any]:
    """The recipe with all it refers to: record ids of both sides, outcomes, the region and its map.

    Returns
    -------
    `asked` (the contrast's own recipe), `group`, `rest` (record ids), `outcome`, `region`; in a form JSON can hold.
    """
    if region is None and found.recipe["kind"] == "validation" and "q_blob" in found.results:
        raise DiscoveryError(
            "a validated region that is not handed over",
            expected="the region that validate() was given",
            remedy="dossier(..., region=region)",
        )
    return {
        "asked": dict(found.recipe),
        "group": list(found.sides[0]),
        "rest": list(found.sides[1]),
        "outcome": {name: _without_nan(column) for name, column in found.outcome.items()},
        "region": None if region is None else _region_told(region),
    }


def make_again(
    told: Mapping[str, Any],
    values: Values,
    *,
    patient: npt.ArrayLike | None,
    adjust: pd.DataFrame | Sequence[str] | None,
) -> tuple[Contrast, Region | None]:
    """The contrast that `told_in_full` told of, and its region."""
    asked = told["asked"]
    box = {name: entry for name, entry in asked["lockbox"].items() if name != "part"}
    shared: dict[str, Any] = {
        "patient": patient,
        "adjust": adjust,
        "lockbox": LockBoxSettings.from_dict(box),
        "settings": ContrastSettings.from_dict(asked["settings"]),
        # the same look again is no new one
        "note": "no",
    }
    kind, part = asked["kind"], cast(Part, asked["lockbox"]["part"])
    if kind in ("association", "hazards"):
        given = _outcome(told["outcome"], values, patient=patient)
        drawn_on = asked["drawn_on"][0] if asked["drawn_on"] else None
        if kind == "association":
            return associate(values, given["outcome"], drawn_on=drawn_on, part=part, **shared), None
        return hazards(values, given["duration"], event=given["event"], drawn_on=drawn_on, part=part, **shared), None
    group, against, drawn_on = _members(told)
    if kind == "pairs":
        assert against is not None
        return contrast_pairs(values, earlier=against, later=group, drawn_on=drawn_on, part=part, **shared), None
    if kind == "validation":
        region = None if told["region"] is None else _region(told["region"])
        return validate(values, region or group, against=against, drawn_on=drawn_on, **shared), region
    return contrast(values, group, against=against, drawn_on=drawn_on, part=part, **shared), None


def _members(told: Mapping[str, Any]) -> tuple[Members, Members | None, Origin | None]:
    asked = told["asked"]
    group = _side(asked["group"], told["group"])
    against = None if asked["against"] is None else _side(asked["against"], told["rest"])
    known = [side for side in (group, against) if side is not None]
    if all(isinstance(side, Group) for side in known):
        own = sorted({side.origin for side in known if isinstance(side, Group)})
        if own == asked["drawn_on"]:
            return group, against, None
    # an origin that was said beside the groups; of several, the one that counts
    origins = sorted(asked["drawn_on"], key=lambda origin: origin not in EXPLORATORY_ORIGINS)
    return group, against, cast(Origin, origins[0]) if origins else None


def _side(described: Mapping[str, Any], records: Sequence[str]) -> Members:
    if "origin" not in described:
        return list(records)
    return Group(
        described["name"],
        tuple(records),
        definition=described["definition"],
        origin=described["origin"],
        defined_by=tuple(described["defined_by"]),
    )


def _outcome(
    given: Mapping[str, Any], values: Values, *, patient: npt.ArrayLike | None
) -> dict[str, npt.NDArray[np.float64]]:
    """Outcomes of every record of the values, NaN where none was kept."""
    index = Material.gather(values, patient=patient, adjust=None).values.index.astype(str)
    kept = {name: np.array(column, dtype=np.float64) for name, column in given.items() if name != "records"}
    return {name: np.asarray(pd.Series(own, index=given["records"]).reindex(index)) for name, own in kept.items()}


def _region_told(region: Region) -> dict[str, Any]:
    return {
        "name": region.name,
        "polygon": [[float(x), float(y)] for x, y in region.polygon],
        "records": region.coordinates.index.astype(str).tolist(),
        "x": _without_nan(region.coordinates.iloc[:, 0].tolist()),
        "y": _without_nan(region.coordinates.iloc[:, 1].tolist()),
        "seen": None if region.seen is None else sorted(region.seen),
    }


def _region(told: Mapping[str, Any]) -> Region:
    places = np.array([told["x"], told["y"]], dtype=np.float64).T
    polygon = tuple((float(x), float(y)) for x, y in told["polygon"])
    seen = None if told["seen"] is None else frozenset(told["seen"])
    return Region(told["name"], polygon, pd.DataFrame(places, index=told["records"]), seen=seen)


def _without_nan(column: Sequence[Any]) -> list[Any]:
    return [None if isinstance(entry, float) and entry != entry else entry for entry in column]
