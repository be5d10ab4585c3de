"""`Stated`: what the caller says about a file that does not say it itself."""

from __future__ import annotations

from dataclasses import dataclass, replace
from pathlib import Path

from ecgomics.records.record import Record


@dataclass(frozen=True)
class Stated:
    """What the call states about a file; where it is given, it wins over what a table says of itself.

    Parameters
    ----------
    rate_hz
        Sampling rate, Hz.
    unit
        Voltage unit of the samples, as `units.mv_per` reads it.
    spool
        File for the samples of a long recording, which then are not held in memory.
    """

    rate_hz: float | None = None
    unit: str | None = None
    spool: Path | None = None


def rate_checked(record: Record, stated: Stated) -> Record:
    """Note when a rate was given that the file, which states its own, does not share."""
    if stated.rate_hz is None or abs(record.native_hz / stated.rate_hz - 1) < 1e-3:
        return record
    note = f"the rate given ({stated.rate_hz:g} Hz) was not used: the file states {record.native_hz:g} Hz"
    return replace(record, notes=(*record.notes, note))
