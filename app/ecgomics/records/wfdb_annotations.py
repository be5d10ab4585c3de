"""Annotation files beside a WFDB record: beats, waves and rhythm changes, for all leads or for one.

Format: PhysioNet `annot(5)`, MIT format. Parsed here because the wfdb library takes 1 to 9 ms a file for it, and LUDB
has twelve a record.
"""

from __future__ import annotations

import re
import struct
from collections.abc import Iterator
from pathlib import Path

from ecgomics.errors import FormatError
from ecgomics.records.record import Annotation
from ecgomics.vocabulary import LEADS, normalise_lead

MAX_BYTES = 50_000_000

ANNOTATORS = ("atr", "qrs", "ecg", "ari", "man", "q1c", "q2c", "qt1", "qt2", "pu", "pu0", "pu1", "wqrs", "gqrs", "sta")
"""Suffixes read for all leads; a suffix that is a lead's name (LUDB) is read for that lead."""

_SYMBOLS = dict(
    zip(
        (*range(1, 15), 16, *range(18, 42)),
        'NLRaVFJASEj/Q~|sT*D"=pB^t+u?![]en@xf()r',
        strict=True,
    )
)
_NOTE, _SKIP, _NUM, _SUB, _CHN, _AUX = 22, 59, 60, 61, 62, 63
_RESOLUTION = re.compile(r"^## time resolution: (\d+(?:\.\d+)?)")


def annotations_beside(header: Path, *, frame_hz: float, notes: list[str]) -> list[Annotation]:
    """Annotations in the files beside a header that are named like it.

    Parameters
    ----------
    header
        The `.hea`.
    frame_hz
        Frames a second, by which annotations count.
    notes
        Says what could not be read; damage here does not cost the recording.
    """
    found: list[Annotation] = []
    for name in _suffixes(header):
        path = header.with_suffix(f".{name}")
        try:
            if not path.is_file() or path.is_symlink() or path.stat().st_size > MAX_BYTES:
                continue
            lead = normalise_lead(name) if normalise_lead(name) in LEADS else ""
            system = "wfdb-lead" if lead else f"wfdb-{name}"
            found += [Annotation(t, code, system, lead=lead) for t, code in read_mit(path.read_bytes(), hz=frame_hz)]
        except (OSError, FormatError):
            notes.append(f"annotations ({name}) that cannot be read left out")
    return found


def read_mit(data: bytes, *, hz: float) -> Iterator[tuple[float, str]]:
    """Time (s) and code of each annotation; a code is its symbol, and its text if it has one (``+ (AFIB``).

    Raises
    ------
    FormatError
        When the bytes end within an annotation.
    """
    at, sample, clock = 0, 0, hz
    pending: tuple[int, int] | None = None
    text = ""
    while at + 2 <= len(data):
        word = data[at] | (data[at + 1] << 8)
        kind, low = word >> 10, word & 0x3FF
        at += 2
        if kind == _SKIP:
            if at + 4 > len(data):
                raise FormatError(f"WFDB annotations that end at byte {at}", expected="a whole file")
            high, rest = struct.unpack_from("<HH", data, at)
            skip = (high << 16) | rest
            sample += skip - (1 << 32) if skip >> 31 else skip
            at += 4
        elif kind == _AUX:
            text = data[at : at + low].split(b"\x00")[0].decode("utf-8", errors="replace").strip()
            at += low + (low & 1)
        elif kind in (_NUM, _SUB, _CHN):
            continue
        else:
            clock = _clock(pending, text, clock)
            yield from _finished(pending, text, clock)
            if word == 0:
                return
            sample += low
            pending, text = (sample, kind), ""
    yield from _finished(pending, text, clock)


def _suffixes(header: Path) -> list[str]:
    """The annotators there are, by asking for each: a folder of 20 000 records is slow to list."""
    known = (*ANNOTATORS, *(lead.lower() for lead in LEADS))
    return [name for name in known if header.with_suffix(f".{name}").exists()]


def _clock(pending: tuple[int, int] | None, text: str, clock: float) -> float:
    found = _RESOLUTION.match(text) if pending is not None and pending[1] == _NOTE else None
    return float(found[1]) if found and float(found[1]) > 0 else clock


def _finished(pending: tuple[int, int] | None, text: str, clock: float) -> Iterator[tuple[float, str]]:
    if pending is None or pending[1] not in _SYMBOLS or (pending[1] == _NOTE and text.startswith("## ")):
        return
    symbol = _SYMBOLS[pending[1]]
    yield pending[0] / clock, f"{symbol} {text}"[:400] if text else symbol
