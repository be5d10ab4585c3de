"""Where a dossier's numbers come from, and what has become of it since."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

import numpy.typing as npt

from ecgomics.discovery.lockbox import in_part
from ecgomics.discovery.material import Material, Values
from ecgomics.settings import LockBoxSettings

_NAMED = 3
"""Things named one by one before the rest is counted."""


def source_of(values: Values, recipe: Mapping[str, Any], *, patient: npt.ArrayLike | None) -> dict[str, Any]:
    """Where values come from.

    Returns
    -------
    `path` (of the cohort, "" for a table), `stages` (version and digest of each stage, by name) and `columns` (a digest
    of each biomarker over the records that were looked at), in a form JSON can hold.
    """
    stages = getattr(values, "stages", {})
    path = getattr(values, "path", "")
    told = {name: {"version": stage.version, "digest": stage.digest} for name, stage in sorted(stages.items())}
    material = _looked_at(values, recipe, patient=patient)
    return {
        "path": str(path),
        "stages": told,
        "columns": material.column_digests(),
        "records": sorted(map(str, material.values.index)),
    }


def changes(stored: Mapping[str, Any], values: Values, *, patient: npt.ArrayLike | None = None) -> tuple[str, ...]:
    """What of a dossier's data is no longer what it was, in sentences; nothing where all is as it was.

    Parameters
    ----------
    stored
        `Dossier.as_dict`.
    values, patient
        As they are now.
    """
    before = stored["source"]
    now = source_of(values, stored["recipe"]["asked"], patient=patient)
    said = [*_of_stages(before["stages"], now["stages"])]
    gone, added = (set(before["records"]) - set(now["records"]), set(now["records"]) - set(before["records"]))
    if gone or added:
        said.append(f"{len(gone)} of the records looked at are gone, and {len(added)} are new")
    missing = [name for name in before["columns"] if name not in now["columns"]]
    if missing:
        said.append(f"no longer measured: {_listed(missing)}")
    fresh = [name for name in now["columns"] if name not in before["columns"]]
    if fresh:
        said.append(f"measured now and not then: {_listed(fresh)}")
    moved = [name for name, digest in before["columns"].items() if now["columns"].get(name, digest) != digest]
    if moved and not (gone or added):
        said.append(f"other values in {_listed(moved)}")
    return tuple(said)


def _of_stages(before: Mapping[str, Any], now: Mapping[str, Any]) -> Iterable[str]:
    for name, was in before.items():
        if name not in now:
            yield f"the stage {name} is no longer there"
        elif now[name]["version"] != was["version"]:
            yield f"the stage {name} is of version {now[name]['version']}, not {was['version']}"
        elif now[name]["digest"] != was["digest"]:
            yield f"the stage {name} has run again, on other data or with other settings"


def _looked_at(values: Values, recipe: Mapping[str, Any], *, patient: npt.ArrayLike | None) -> Material:
    material = Material.gather(values, patient=patient, adjust=None)
    told = dict(recipe["lockbox"])
    part = told.pop("part")
    records = material.values.index.to_numpy(dtype=str)
    settings = LockBoxSettings.from_dict(told)
    return material.restricted(in_part(part, patient=material.patient, record=records, settings=settings))


def _listed(names: list[str]) -> str:
    shown = ", ".join(names[:_NAMED])
    return shown if len(names) <= _NAMED else f"{shown} and {len(names) - _NAMED} more"
