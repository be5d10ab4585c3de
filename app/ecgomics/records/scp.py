"""SCP-ECG: rhythm data as stored, Huffman coded, differenced, with its reference beat subtracted, or bimodal.

Standard: EN 1064 (ISO 11073-91064), 5.8 (reference beats), 5.9 (rhythm data), annex C (compression).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import numpy.typing as npt

from ecgomics.errors import FormatError
from ecgomics.records import scp_sections as scp
from ecgomics.records.assembly import Beside, Median, assemble
from ecgomics.records.octets import Octets
from ecgomics.records.record import Annotation, Record
from ecgomics.records.scp_huffman import Huffman, read_tables
from ecgomics.records.stated import Stated, rate_checked

MAX_SAMPLES = 50_000_000

_DECIMATION = 4
"""How many samples one stored sample stands for outside the protected stretches, where section 5 does not tell."""

Samples = npt.NDArray[np.float64]


@dataclass(frozen=True)
class _Coded:
    """Sections 5 and 6: nV a unit, µs a sample, order of the differences, bimodal or not, and a part a lead."""

    step_nv: int
    interval_us: int
    order: int
    bimodal: bool
    parts: tuple[Octets, ...]


def read_scp(path: Path, *, stated: Stated) -> Record:
    """Read an SCP-ECG file.

    Raises
    ------
    FormatError
        For a checksum that does not match, sections that are missing or outside the file, and codes that are none.
    """
    data = Octets.of(path, "an SCP-ECG file", limit=scp.MAX_SCP_BYTES)
    sections = scp.sections_of(data)
    for number in (3, 6):
        if number not in sections:
            raise FormatError(f"an SCP-ECG file without section {number}", expected="leads (3) and rhythm data (6)")
    notes: list[str] = []
    leads, subtracted = scp.leads_of(sections[3])
    rhythm = _coded(sections[6], len(leads))
    beats = scp.beats_of(sections.get(4), subtracted=subtracted, bimodal=rhythm.bimodal)
    tables = read_tables(sections[2]) if 2 in sections else None
    median, median_step_nv, median_us = _reference(sections.get(5), leads, beats, tables=tables, notes=notes)
    rows, interval_us = _rhythm(rhythm, leads, beats, tables=tables, median_us=median_us, notes=notes)
    values = [row * (rhythm.step_nv * 1e-6) for row in rows]
    if subtracted:
        if median is None or median_us != interval_us:
            raise FormatError("an SCP-ECG file whose subtracted reference beat is not there", expected="section 5")
        _add_back(values, leads, beats, reference=median * (median_step_nv * 1e-6))
        notes.append("the reference beat subtracted in the file was added back")
    samples, first = _aligned(values, leads)
    names = [lead.name for lead in leads]
    description, filters = scp.described(sections.get(1), [sections[number] for number in (8,) if number in sections])
    beside = Beside(
        measurements=scp.measured(sections.get(7), sections.get(10), sections.get(1)),
        annotations=_annotations(beats, interval_us=interval_us, first=first, length=samples.shape[1]),
        filters=filters,
        median=None if median is None else Median(median * (median_step_nv * 1e-6), names, 1e6 / median_us),
        step_uv=[rhythm.step_nv / 1000] * len(names),
    )
    record = assemble(
        samples, names, rate_hz=1e6 / interval_us, source=path.stem, description=description, notes=notes, beside=beside
    )
    return rate_checked(record, stated)


def _coded(section: Octets, n_leads: int) -> _Coded:
    step_nv, interval_us = section.u16(0), section.u16(2)
    order, mode = section.u8(4), section.u8(5)
    if not step_nv or not interval_us or order > 2:
        raise FormatError(
            f"{section.name} of {step_nv} nV, {interval_us} µs and differences of order {order}",
            expected="a step, an interval, and order 0 to 2",
        )
    at, parts = 6 + 2 * n_leads, []
    for row in range(n_leads):
        size = section.u16(6 + 2 * row)
        parts.append(section.part(at, size))
        at += size
    return _Coded(step_nv, interval_us, order, mode == 1, tuple(parts))


def _reference(
    section: Octets | None,
    leads: Sequence[scp.LeadLine],
    beats: scp.Beats,
    *,
    tables: Huffman | None,
    notes: list[str],
) -> tuple[Samples | None, int, int]:
    """Reference beat type 0, dims ``(lead, offset)`` in units of the step, with the step (nV) and interval (µs)."""
    if section is None:
        return None, 0, 0
    coded = _coded(section, len(leads))
    length = round(beats.length_ms * 1000 / coded.interval_us)
    if not length:
        notes.append("a reference beat of unstated length left out")
        return None, 0, 0
    _check_total(length * len(leads))
    rows = [_integrated(_unpacked(part, length, tables), coded.order) for part in coded.parts]
    return np.stack(rows), coded.step_nv, coded.interval_us


def _rhythm(
    coded: _Coded,
    leads: Sequence[scp.LeadLine],
    beats: scp.Beats,
    *,
    tables: Huffman | None,
    median_us: int,
    notes: list[str],
) -> tuple[list[Samples], int]:
    _check_total(sum(lead.length for lead in leads))
    if not coded.bimodal:
        rows = [
            _integrated(_unpacked(part, lead.length, tables), coded.order)
            for part, lead in zip(coded.parts, leads, strict=True)
        ]
        return rows, coded.interval_us
    factor, interval_us = _decimation(coded.interval_us, median_us)
    notes.append(f"bimodal coding: outside the QRS complexes every {factor} samples were stored as one; interpolated")
    rows = []
    for part, lead in zip(coded.parts, leads, strict=True):
        kept = _kept(lead, beats, factor)
        stored = _integrated(_unpacked(part, len(kept), tables), coded.order)
        rows.append(np.interp(np.arange(lead.length, dtype=np.float64), kept, stored))
    return rows, interval_us


def _decimation(stored_us: int, median_us: int) -> tuple[int, int]:
    """Samples a stored one stands for, and the full interval, µs: section 6 states the decimated one."""
    if median_us and stored_us > median_us and stored_us % median_us == 0:
        return stored_us // median_us, median_us
    if median_us == stored_us:
        return _DECIMATION, stored_us
    if stored_us % _DECIMATION:
        raise FormatError(
            "bimodal SCP-ECG data whose full rate is not stated", expected="section 5, or a multiple of 4"
        )
    return _DECIMATION, stored_us // _DECIMATION


def _kept(lead: scp.LeadLine, beats: scp.Beats, factor: int) -> Samples:
    """Where on the full grid (from 0) each stored sample of a lead lies; a group's sample stands at its middle."""
    protected = np.zeros(lead.length, dtype=bool)
    for beat in beats.beats:
        if beat.protected is not None:
            first, last = beat.protected
            protected[max(0, first - lead.first) : max(0, last - lead.first + 1)] = True
    edges = np.flatnonzero(np.diff(protected.astype(np.int8))) + 1
    places = []
    for begin, end in zip([0, *edges], [*edges, lead.length], strict=True):
        if protected[begin]:
            places.append(np.arange(begin, end, dtype=np.float64))
        else:
            starts = np.arange(begin, end, factor)
            places.append((starts + np.minimum(starts + factor, end) - 1) / 2)
    return np.concatenate(places)


def _unpacked(part: Octets, count: int, tables: Huffman | None) -> npt.NDArray[np.int64]:
    if tables is not None:
        if count > 8 * len(part):
            raise FormatError(f"an SCP-ECG lead of {count} samples in {len(part)} bytes", expected="a bit a sample")
        return tables.decode(part, count)
    return np.frombuffer(part.part(0, 2 * count).data, dtype="<i2").astype(np.int64)


def _integrated(values: npt.NDArray[np.int64], order: int) -> Samples:
    """Samples from their differences: the first (or first two) are stored as they are."""
    if order == 0 or values.size < 2:
        return values.astype(np.float64)
    if order == 2:
        steps = values[1:].copy()
        steps[0] -= values[0]
        values = np.concatenate([values[:1], np.cumsum(steps)])
    return np.cumsum(values).astype(np.float64)


def _add_back(values: list[Samples], leads: Sequence[scp.LeadLine], beats: scp.Beats, *, reference: Samples) -> None:
    """Add the reference beat under every beat of type 0, fiducial upon fiducial, within the beat's own limits."""
    length = reference.shape[1]
    for beat in beats.beats:
        if beat.kind != 0:
            continue
        begin = beat.fiducial - beats.fiducial + 1  # sample number, from 1, of the reference's first
        for row, lead in enumerate(leads):
            first = max(begin, beat.first, lead.first)
            last = min(begin + length - 1, beat.last, lead.last)
            if first <= last:
                values[row][first - lead.first : last - lead.first + 1] += reference[
                    row, first - begin : last - begin + 1
                ]


def _aligned(values: list[Samples], leads: Sequence[scp.LeadLine]) -> tuple[Samples, int]:
    """Leads on one time axis that begins with the first of them; missing where one has not begun or has ended."""
    first, last = min(lead.first for lead in leads), max(lead.last for lead in leads)
    _check_total((last - first + 1) * len(leads))
    samples = np.full((len(leads), last - first + 1), np.nan)
    for row, lead in enumerate(leads):
        samples[row, lead.first - first : lead.last - first + 1] = values[row]
    return samples, first


def _annotations(beats: scp.Beats, *, interval_us: int, first: int, length: int) -> list[Annotation]:
    places = ((beat.fiducial - first, beat.kind) for beat in beats.beats)
    return [
        Annotation(place * interval_us * 1e-6, f"beat type {kind}", "scp-ecg")
        for place, kind in places
        if 0 <= place < length
    ]


def _check_total(samples: int) -> None:
    if samples > MAX_SAMPLES:
        raise FormatError(f"an SCP-ECG file of {samples} samples", expected=f"at most {MAX_SAMPLES}")
