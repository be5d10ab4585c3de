"""`describe`: everything known about a record, as text for a terminal."""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Iterator

import numpy as np

from ecgomics.records.kinds import formats
from ecgomics.records.record import Record

MAX_SHOWN = 40
"""Measurements, labels and notes shown of each sort, before the rest is counted."""

_WIDTH = 16


def describe(record: Record) -> str:
    """Say all a record holds: what it is, whom and what it is of, its leads, and what its file measured and marked.

    Control characters of the file are not passed on to the terminal. The patient's identifier is shown, for this is
    the reader's own file; nothing here goes into logs or stores.

    Examples
    --------
    >>> import numpy
    >>> from ecgomics.records import assemble
    >>> strip = assemble(numpy.zeros((2, 5000)), ["I", "II"], rate_hz=500, source="strip")
    >>> describe(strip).splitlines()[1]
    'recording        10 s at 500 Hz, 6 leads (III, aVR, aVL, aVF derived)'
    """
    lines = [f"Record {record.id}", *_what(record), *_who(record), *_leads(record)]
    lines += _measurements(record) + _annotations(record) + _labels(record)
    lines += _listed("notes", list(record.notes))
    return "\n".join(_plain(line) for line in lines)


def _what(record: Record) -> Iterator[str]:
    derived = f" ({', '.join(record.derived_leads)} derived)" if record.derived_leads else ""
    yield _row(
        "recording", f"{record.duration_s:g} s at {record.native_hz:g} Hz, {_leads_of(len(record.leads))}{derived}"
    )
    names = {item.kind: item.name for item in formats()}
    yield _row("format", names.get(record.format, record.format) or "made in memory")  # type: ignore[call-overload]
    yield _row("source", record.source)
    if record.start is not None:
        yield _row("start", record.start.isoformat(sep=" "))
    if record.device:
        yield _row("device", record.device)
    if record.filters:
        yield _row("filters", ", ".join(f"{name.removesuffix('_hz')} {hz:g} Hz" for name, hz in record.filters.items()))


def _who(record: Record) -> Iterator[str]:
    if record.patient:
        yield _row("patient", record.patient)
    age = "unknown" if math.isnan(record.age) else f"{record.age:g} years"
    yield _row("age, sex", f"{age}, {record.sex or 'unknown'}")


def _leads_of(count: int) -> str:
    return f"{count} lead{'s' if count != 1 else ''}"


def _leads(record: Record) -> Iterator[str]:
    yield _row("lead", f"{'from':>8} {'to mV':>8} {'missing':>8} {'step µV':>8}")
    values = record.ecg.values
    for row, lead in enumerate(record.leads):
        finite = values[row][np.isfinite(values[row])]
        low, high = (float(finite.min()), float(finite.max())) if finite.size else (math.nan, math.nan)
        missing = 100 * (1 - finite.size / max(1, values.shape[1]))
        step = record.step_uv.get(lead)
        shown = "derived" if lead in record.derived_leads else "—" if step is None else format(step, ".4g")
        yield _row(f"  {lead}", f"{low:8.3f} {high:8.3f} {missing:7.1f}% {shown:>8}")


def _measurements(record: Record) -> list[str]:
    rows = [f"{name} {value:g} {unit}".rstrip() for name, (value, unit) in record.measurements.items()]
    lines = _listed("measurements", rows)
    if record.median_beat is not None:
        beat = record.median_beat
        length_ms = 1000 * beat.sizes["offset"] / float(beat.attrs["rate_hz"])
        lines.append(_row("median beat", f"{_leads_of(beat.sizes['lead'])}, {length_ms:g} ms"))
    return lines


def _annotations(record: Record) -> list[str]:
    counts = Counter((item.system, item.code) for item in record.annotations)
    rows = [f"{code} × {count} ({system})" for (system, code), count in counts.most_common()]
    return _listed("annotations", rows)


def _labels(record: Record) -> list[str]:
    def shown(likelihood: float) -> str:
        return "" if likelihood == 100 else f" {likelihood:g} %"

    return _listed("labels", [f"{item.code}{shown(item.likelihood)} ({item.system})" for item in record.labels])


def _listed(name: str, rows: list[str]) -> list[str]:
    lines = [_row(name if k == 0 else "", row) for k, row in enumerate(rows[:MAX_SHOWN])]
    return lines + ([_row("", f"… and {len(rows) - MAX_SHOWN} more")] if len(rows) > MAX_SHOWN else [])


def _row(name: str, value: str) -> str:
    return f"{name:<{_WIDTH}} {value}"


def _plain(line: str) -> str:
    return "".join(character if character.isprintable() else "·" for character in line)
