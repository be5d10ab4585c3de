"""Age, sex and statements from the comment lines of WFDB headers, in the spellings the public databases use."""

from __future__ import annotations

import math
import re
from collections.abc import Iterable

from ecgomics.records.record import Description, Label, Sex

_PAIR = re.compile(r"^<?(?P<key>[A-Za-z][A-Za-z ()]*?)>?\s*:\s*(?P<value>.*)$")
_MIT_BIH = re.compile(r"^(?P<age>-?\d{1,3})\s+(?P<sex>[MF])\b(?:\s+-?\d+)*(?:\s+x\d)?\s*$")
_CODES = re.compile(r"^\d+$")
_MAKING = re.compile(r"produced by|excerpt|converted|created|samples? \d|sample data", re.IGNORECASE)

_STATEMENT_KEYS = (
    "reason for admission",
    "acute infarction (localization)",
    "former infarction (localization)",
    "additional diagnoses",
)
_NOTHING = ("", "n/a", "no", "none", "unknown", "nan", "-")
_PREFIXES = ("rhythm:",)

MAX_STATEMENT = 120


def describe(comments: Iterable[str]) -> Description:
    """Read what comment lines say.

    Understood: CinC (`Age: 78`, `Sex: Male`, `Dx: 426177001,…`), LUDB (`<age>: 51`, statements after `<diagnoses>:`),
    PTB (`age: 81`, `Reason for admission: …`), MIT-BIH (`69 M 1085 1629 x1`) and bare statements
    (`paroxysmal atrial fibrillation`). Anything else is left alone.
    """
    age, sex, labels, listing = math.nan, _sex(""), [], False
    for raw in comments:
        line = raw.strip()
        bih = _MIT_BIH.match(line)
        pair = _PAIR.match(line)
        if bih:
            age, sex = _age(bih["age"]), _sex(bih["sex"])
        elif listing and not line.startswith("<"):
            labels.append(_statement(line))
        elif pair:
            key, value = pair["key"].strip().lower(), pair["value"].strip()
            listing = key == "diagnoses"
            if key == "age":
                age = _age(value)
            elif key in ("sex", "gender"):
                sex = _sex(value)
            elif key == "dx":
                labels.extend(_codes(value))
            elif key in _STATEMENT_KEYS and value.lower() not in _NOTHING:
                labels.append(_statement(f"{pair['key'].strip()}: {value}"))
        elif line and ":" not in line and not re.search(r"\d", line) and not _MAKING.search(line):
            labels.append(_statement(line))
    kept = dict.fromkeys(label for label in labels if label is not None)
    return Description(age=age, sex=sex, labels=tuple(kept))


def _statement(text: str) -> Label | None:
    text = " ".join(text.split()).rstrip(". ")
    for prefix in _PREFIXES:
        if text.lower().startswith(prefix):
            text = text[len(prefix) :].strip()
    if text.lower() in _NOTHING or len(text) > MAX_STATEMENT:
        return None
    return Label("wfdb-comment", text)


def _codes(value: str) -> list[Label]:
    words = [word.strip() for word in value.split(",")]
    return [Label("snomed-ct" if _CODES.match(w) else "wfdb-comment", w) for w in words if w.lower() not in _NOTHING]


def _age(value: str) -> float:
    match = re.match(r"^>?\s*(-?\d+(?:\.\d+)?)", value)
    years = float(match[1]) if match else math.nan
    return years if 0 <= years <= 130 else math.nan


def _sex(value: str) -> Sex:
    word = value.strip().lower()
    if word in ("m", "male"):
        return "M"
    return "F" if word in ("f", "female") else ""
