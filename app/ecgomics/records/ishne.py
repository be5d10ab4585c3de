"""ISHNE Holter files: header, checksum, 16-bit samples of up to twelve leads.

Standard: Badilini, The ISHNE Holter Standard Output File Format, Ann Noninvasive Electrocardiol 1998;3:263-266.
"""

from __future__ import annotations

import math
from collections.abc import Iterator
from datetime import datetime
from pathlib import Path

import numpy as np
import numpy.typing as npt

from ecgomics.errors import FormatError
from ecgomics.records.assembly import Beside, assemble
from ecgomics.records.calendar import age_between, moment, sex_of
from ecgomics.records.octets import Octets, crc_ccitt
from ecgomics.records.pieces import Pieces, steps
from ecgomics.records.record import Description, Record
from ecgomics.records.stated import Stated, rate_checked

MAX_HEADER_BYTES = 1_000_000

_FIXED = 522
_LEADS = {
    1: "bipolar",
    2: "X",
    3: "Y",
    4: "Z",
    5: "I",
    6: "II",
    7: "III",
    8: "aVR",
    9: "aVL",
    10: "aVF",
    **{number: f"V{number - 10}" for number in range(11, 17)},
    17: "ES",
    18: "AS",
    19: "AI",
}


def read_ishne(path: Path, *, stated: Stated) -> Record:
    """Read an ISHNE Holter file.

    Raises
    ------
    FormatError
        For a header whose checksum does not match, that is impossible, or that promises more samples than there are.
    """
    size = path.stat().st_size
    with path.open("rb") as file:
        head = Octets(file.read(min(size, MAX_HEADER_BYTES)), "an ISHNE header")
    at, n_leads, rate_hz = head.i32(22), head.i16(156), head.u16(272)
    if not _FIXED <= at <= min(size, len(head)) or not 0 < n_leads <= 12:
        raise FormatError(f"an ISHNE header of {n_leads} leads and data at byte {at}", expected="1 to 12, after it")
    notes: list[str] = []
    _check(head, at, notes)
    count = _count(head.i32(14), n_leads=n_leads, held=(size - at) // (2 * n_leads), notes=notes)
    steps_nv = [head.i16(206 + 2 * lead) for lead in range(n_leads)]
    if any(step <= 0 for step in steps_nv):
        raise FormatError("an ISHNE lead without a resolution", expected="nV a unit")
    codes = [head.i16(158 + 2 * lead) for lead in range(n_leads)]
    record = assemble(
        Pieces(n_leads, count, _pieces(path, at, count=count, steps_nv=steps_nv)),
        [_LEADS.get(code, f"ch{place}") for place, code in enumerate(codes, start=1)],
        rate_hz=rate_hz,
        source=path.stem,
        description=_description(head),
        notes=notes,
        beside=Beside(step_uv=[step / 1000 for step in steps_nv]),
        spool=stated.spool,
    )
    return rate_checked(record, stated)


def _pieces(path: Path, at: int, *, count: int, steps_nv: list[int]) -> Iterator[npt.NDArray[np.float32]]:
    n_leads = len(steps_nv)
    step_mv = (np.array(steps_nv, dtype=np.float32) * np.float32(1e-6))[:, None]
    for start, stop in steps(count, width=n_leads):
        place = at + 2 * n_leads * start
        raw = np.fromfile(path, dtype="<i2", count=(stop - start) * n_leads, offset=place)
        yield raw.reshape(stop - start, n_leads).T.astype(np.float32) * step_mv


def _check(head: Octets, at: int, notes: list[str]) -> None:
    stored = head.u16(8)
    if stored == 0:
        notes.append("the header states no checksum")
    elif crc_ccitt(head.part(10, at - 10).data) != stored:
        raise FormatError(
            "an ISHNE header whose checksum does not match", expected="bytes as written", remedy="fetch the file again"
        )


def _count(promised: int, *, n_leads: int, held: int, notes: list[str]) -> int:
    """Samples a lead: as the header says, or as some recorders mean it (all leads together)."""
    if promised > held and promised % n_leads == 0 and promised // n_leads == held:
        notes.append("the number of samples counts all leads together")
        return held
    if promised > held:
        raise FormatError(
            f"a truncated ISHNE file: {held} of {promised} samples", expected="all samples", remedy="fetch it again"
        )
    if promised < held:
        notes.append(f"{held - promised} samples after the stated end left out")
    if promised < 1:
        raise FormatError(f"an ISHNE file of {promised} samples", expected="at least one")
    return promised


def _description(head: Octets) -> Description:
    born = _day(head, 132)
    clock = [head.i16(150 + 2 * part) for part in range(3)]
    day = _day(head, 138)
    start = None if day is None else moment(day.year, day.month, day.day, *(clock if min(clock) >= 0 else []))
    sex, pace = head.i16(128), head.i16(230)
    labels_note = {1: "", 2: "a single-chamber", 3: "a dual-chamber"}
    notes = (f"{labels_note[pace] or 'a'} pacemaker is stated",) if pace in labels_note else ()
    return Description(
        patient=head.text(108, 20),
        age=age_between(born, start) if born else math.nan,
        sex=sex_of(str(sex)),
        start=start,
        device=head.text(232, 40),
        notes=notes,
    )


def _day(head: Octets, at: int) -> datetime | None:
    day, month, year = (head.i16(at + 2 * part) for part in range(3))
    return moment(year, month, day) if min(day, month, year) > 0 else None
