"""De-identification on the way into a cohort: profiles, and the key by which patients keep their pseudonyms."""

from __future__ import annotations

import hashlib
import hmac
import math
import os
import re
import secrets
from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import timedelta
from pathlib import Path
from typing import Literal

from ecgomics.cohort.place import Directory, Where, place_of
from ecgomics.errors import SettingsError
from ecgomics.records import Annotation, Label, Record

Kind = Literal["off", "basic", "strict"]

OLDEST = 89.0
"""Older patients count as 90: ages over 89 can single a person out (HIPAA Safe Harbor, 45 CFR 164.514(b)(2)(i)(C))."""

CODED = ("ptbxl-scp", "ptbxl-superclass", "snomed-ct", "synthetic", "code15", "table")
"""Systems whose labels are codes; the others are words somebody wrote."""

_LONGEST_CODE = 24
_SHIFT_DAYS = 365
_LEAST_KEY_BYTES = 16
_SERIAL = re.compile(
    r"\b(?:s/?n|serial(?:\s*(?:no|number|nr))?)\b\.?\s*[:#]?\s*\S+|\b\w*\d[\w-]*\d{3}\w*\b", re.IGNORECASE
)
"""A serial number where it says so, and any word with a digit and three more in a row."""


@dataclass(frozen=True)
class Profile:
    """What is taken away of who was recorded, when and by what.

    ``"basic"``: patients and files are named by keyed hashes, ages over 89 count as 90, serial numbers of devices go.
    ``"strict"``: besides, every date is moved back by 1 to 365 days, the same for all recordings of a patient; words
    somebody wrote (comments, statements, notes within the recording) go, codes stay.

    Parameters
    ----------
    kind
        Which.
    key
        The secret of the hashes: who has it can find a known patient again, nobody else can.
    """

    kind: Kind = "off"
    key: bytes = b""

    @property
    def fingerprint(self) -> str:
        """Tells one key from another without telling it; empty when nothing is taken away."""
        return "" if self.kind == "off" else hashlib.sha256(b"fingerprint" + self.key).hexdigest()[:16]

    def applied(self, record: Record) -> Record:
        """The recording without what the profile takes away."""
        if self.kind == "off":
            return record
        basic = replace(
            record,
            patient=self.pseudonym(record.patient),
            source=self.named(record.source),
            age=record.age if math.isnan(record.age) or record.age <= OLDEST else OLDEST + 1,
            device=" ".join(_SERIAL.sub("", record.device).split()),
        )
        if self.kind == "basic":
            return basic
        moved = None if record.start is None else record.start - timedelta(days=self._days(record))
        return replace(basic, start=moved, labels=_coded(record.labels), annotations=_short(record.annotations))

    def pseudonym(self, patient: str) -> str:
        """What a patient is called in the cohort; nothing when unknown."""
        return f"p{self._hash('patient', patient)[:15]}" if patient else ""

    def named(self, source: str) -> str:
        """What a file is called in the cohort: its name may be a patient's."""
        return source if self.kind == "off" else f"f{self._hash('file', source)[:15]}"

    def _days(self, record: Record) -> int:
        return 1 + int(self._hash("days", record.patient or record.id)[:12], 16) % _SHIFT_DAYS

    def _hash(self, what: str, text: str) -> str:
        return hmac.new(self.key, f"{what}\x1f{text}".encode(), hashlib.sha256).hexdigest()


def profile_of(kind: str, store: Where, *, key_file: str | os.PathLike[str] | None = None) -> Profile:
    """The profile of an ingest, with its key: that of a file, or the one beside the store, made when absent.

    Beside a store at a URL no key is put: who may read the one could read the other.

    Raises
    ------
    SettingsError
        For a key file that cannot be read or is too short to be a secret, and a store at a URL without one.
    """
    if kind == "off":
        return Profile()
    place = place_of(store)
    if key_file is None and not isinstance(place, Directory):
        raise SettingsError(
            "pseudonyms in a cohort at a URL without a key of one's own",
            expected="a file of a secret on this machine",
            remedy="name it: `--key-file FILE`",
        )
    path = key_path(place.path) if key_file is None else Path(key_file)
    if key_file is None and not path.exists():
        _make_key(path)
    try:
        key = path.read_bytes().strip()
    except OSError as error:
        raise SettingsError("a key file that cannot be read", expected="a file of a secret") from error
    if len(key) < _LEAST_KEY_BYTES:
        raise SettingsError(
            f"a key of {len(key)} bytes",
            expected=f"at least {_LEAST_KEY_BYTES}, by chance",
            remedy="leave it out, and one is made",
        )
    return Profile("strict" if kind == "strict" else "basic", key)


def key_path(store: Path) -> Path:
    """Where the key of a store lies when no other is named: beside it, so that it is not given away with it."""
    return store.with_name(f".{store.name}.key")


def _make_key(path: Path) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    handle = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    with os.fdopen(handle, "w") as stream:
        stream.write(secrets.token_hex(32))
        stream.flush()
        os.fsync(stream.fileno())


def _coded(labels: Sequence[Label]) -> tuple[Label, ...]:
    return tuple(label for label in labels if label.system in CODED)


def _short(annotations: Sequence[Annotation]) -> tuple[Annotation, ...]:
    """Annotations whose code is a code: no words, and not long enough for any."""
    known = ("QRS type",)
    return tuple(
        item
        for item in annotations
        if item.system != "edf"
        and len(item.code) <= _LONGEST_CODE
        and (" " not in item.code or item.code.startswith(known) or item.code.startswith("+ ("))
    )
