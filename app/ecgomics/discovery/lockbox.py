"""The lock-box: patients that exploration never sees, chosen by a hash of who they are."""

from __future__ import annotations

import hashlib
from typing import Any, Literal, get_args

import numpy as np
import numpy.typing as npt

from ecgomics.discovery.patients import Bools
from ecgomics.errors import DiscoveryError, did_you_mean
from ecgomics.settings import LockBoxSettings

Part = Literal["discovery", "first half", "second half"]
"""Which patients a contrast may look at."""
AnyPart = Part | Literal["lockbox", "all"]

PARTS: tuple[str, ...] = (*get_args(Part), "lockbox", "all")
_SEPARATOR = "\x1f"


def sealed(
    patient: npt.ArrayLike, *, record: npt.ArrayLike | None = None, settings: LockBoxSettings | None = None
) -> Bools:
    """Which records belong to patients in the lock-box.

    The choice depends on the patient's id and the salt alone: the same patient is on the same side in every process,
    whatever else the cohort holds, and stays there when records are added.

    Parameters
    ----------
    patient
        Patient id of each record; records without one count as patients of their own.
    record
        Record ids, by which patients without an id are placed. Left out: their positions.
    settings
        Share and salt.

    Returns
    -------
    bool, (record).

    Examples
    --------
    >>> sealed(["a", "a", "c"], settings=LockBoxSettings(share=0.5)).tolist()
    [False, False, True]
    """
    settings = settings or LockBoxSettings()
    return _drawn(_names(patient, record), share=settings.share, salt=settings.salt)


def in_part(
    part: AnyPart, *, patient: npt.ArrayLike, record: npt.ArrayLike | None = None, settings: LockBoxSettings
) -> Bools:
    """Which records belong to a part of the patients (bool, record).

    Parameters
    ----------
    part
        "discovery" (outside the lock-box), its "first half" or "second half" (by another hash), "lockbox" or "all".
    patient, record, settings
        See `sealed`.
    """
    if part not in PARTS:
        raise DiscoveryError(
            f"a part named {part!r}", expected=f"one of {', '.join(PARTS)}", remedy=did_you_mean(str(part), PARTS)
        )
    names = _names(patient, record)
    if part == "all":
        return np.ones(len(names), dtype=bool)
    inside = _drawn(names, share=settings.share, salt=settings.salt)
    if part == "lockbox":
        return inside
    if part == "discovery":
        return ~inside
    first = _drawn(names, share=0.5, salt=f"{settings.salt}{_SEPARATOR}half")
    return ~inside & (first if part == "first half" else ~first)


def lockbox_of(values: Any) -> LockBoxSettings:
    """The lock-box of a cohort (its `lockbox`, `LockBoxSettings`), or one of size 0."""
    own = getattr(values, "lockbox", None)
    return own if isinstance(own, LockBoxSettings) else LockBoxSettings(share=0.0)


def _names(patient: npt.ArrayLike, record: npt.ArrayLike | None) -> list[str]:
    ids = np.asarray(patient, dtype=object)
    records = np.arange(len(ids)) if record is None else np.asarray(record, dtype=object)
    return [
        f"patient{_SEPARATOR}{name}" if name else f"record{_SEPARATOR}{own}"
        for name, own in zip(map(_text, ids), records, strict=True)
    ]


def _text(entry: object) -> str:
    return "" if entry is None or entry != entry else str(entry).strip()


def _drawn(names: list[str], *, share: float, salt: str) -> Bools:
    if share <= 0:
        return np.zeros(len(names), dtype=bool)
    places = {name: _place(salt, name) for name in dict.fromkeys(names)}
    return np.fromiter((places[name] < share for name in names), dtype=bool, count=len(names))


def _place(salt: str, name: str) -> float:
    """Where a name falls between 0 and 1."""
    digest = hashlib.sha256(f"{salt}{_SEPARATOR}{name}".encode()).digest()
    return int.from_bytes(digest[:8], "big") / 2**64
