"""EDF, EDF+ (continuous or with gaps) and BDF: every signal whose unit is a voltage, and the annotations.

Standards: Kemp et al. 1992 (EDF), Kemp & Olivan 2003 (EDF+), BioSemi's BDF. Read here rather than by a library because
the header must be held against the file before anything is reserved for it, and because EDF+D and BDF+ are wanted too.
"""

from __future__ import annotations

import math
import re
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

import numpy as np
import numpy.typing as npt

from ecgomics.errors import FormatError
from ecgomics.records.assembly import Beside, assemble
from ecgomics.records.calendar import age_between, moment, sex_of
from ecgomics.records.pieces import MAX_GATHERED, Pieces, steps
from ecgomics.records.record import Annotation, Description, Record
from ecgomics.records.stated import Stated, rate_checked
from ecgomics.records.units import is_voltage, mv_per
from ecgomics.records.wfdb_files import NOT_ECG

MAX_SIGNALS = 512
MAX_RECORDS = 5_000_000
MAX_STRETCH = 100
"""A recording with gaps may be at most this many times longer than its samples, and a long one twice."""

_FIXED = 256
_FIELDS = (16, 80, 8, 8, 8, 8, 8, 80, 8, 32)
_MONTHS = ("JAN", "FEB", "MAR", "APR", "MAY", "JUN", "JUL", "AUG", "SEP", "OCT", "NOV", "DEC")
_FILTER = re.compile(r"(HP|LP|N)\s*:?\s*(\d+(?:[.,]\d+)?)\s*(m?)Hz", re.IGNORECASE)
_FILTER_NAMES = {"HP": "highpass_hz", "LP": "lowpass_hz", "N": "notch_hz"}


@dataclass(frozen=True)
class _Signal:
    """A signal's header: what it is, how its numbers become a voltage, and where it lies in a data record."""

    label: str
    unit: str
    gain: float
    zero: float
    digital: tuple[float, float]
    filtering: str
    count: int
    offset: int

    @property
    def is_annotation(self) -> bool:
        return self.label.lower() in ("edf annotations", "bdf annotations")


@dataclass(frozen=True)
class _Header:
    """The header, after it was held against the file's size."""

    patient: str
    recording: str
    stamp: str
    variant: str
    header_bytes: int
    n_records: int
    record_s: float
    width: int
    signals: tuple[_Signal, ...]

    @property
    def samples_per_record(self) -> int:
        return sum(signal.count for signal in self.signals)


def read_edf(path: Path, *, stated: Stated) -> Record:
    """Read an EDF, EDF+ or BDF file.

    Signals without a voltage unit, or named as something else (respiration, EEG …), are left out and noted; of signals
    at several rates those at the most common one are kept. Gaps of EDF+D are missing samples.

    Raises
    ------
    FormatError
        For a header that cannot be true of the file, or a file without an ECG signal.
    """
    header = _header(path)
    notes: list[str] = []
    _check_rest(path, header, notes)
    chosen = _chosen(header, notes)
    rate_hz = chosen[0].count / header.record_s
    onsets, annotations = _annotations(path, header)
    places = None
    if header.variant.upper().startswith(("EDF+D", "BDF+D")):
        places = _places(header, onsets, per_record=chosen[0].count, rate_hz=rate_hz, leads=len(chosen), notes=notes)
    pieces = _samples(path, header, chosen, notes)
    if places is not None:
        pieces = _with_gaps(pieces, places, per_record=chosen[0].count)
    count = header.n_records * chosen[0].count if places is None else int(places[-1]) + chosen[0].count
    record = assemble(
        Pieces(len(chosen), count, pieces),
        [_lead_name(signal.label) for signal in chosen],
        rate_hz=rate_hz,
        source=path.stem,
        description=_description(header),
        notes=notes,
        beside=Beside(
            annotations=annotations,
            filters=_filters(chosen[0].filtering),
            step_uv=[abs(signal.gain) * mv_per(signal.unit) * 1e3 for signal in chosen],
        ),
        spool=stated.spool,
    )
    return rate_checked(record, stated)


def _header(path: Path) -> _Header:
    size = path.stat().st_size
    with path.open("rb") as file:
        fixed = file.read(_FIXED)
        n_signals = _whole(fixed[252:256], "number of signals")
        if len(fixed) < _FIXED or not 0 < n_signals <= MAX_SIGNALS:
            raise FormatError(f"an EDF header of {n_signals} signals", expected=f"1 to {MAX_SIGNALS}")
        per_signal = file.read(256 * n_signals)
    if len(per_signal) < 256 * n_signals:
        raise FormatError("an EDF file that ends within its header", expected="a whole file", remedy="fetch it again")
    width = 3 if fixed[:1] == b"\xff" else 2
    header_bytes = _whole(fixed[184:192], "header size")
    record_s = _real(fixed[244:252], "duration of a data record")
    if header_bytes != _FIXED * (n_signals + 1):
        raise FormatError("an EDF header of another size than it states", expected=f"{_FIXED * (n_signals + 1)} bytes")
    signals = tuple(_signals(per_signal, n_signals))
    samples = sum(signal.count for signal in signals)
    if not samples:
        raise FormatError("an EDF header without samples", expected="samples in each data record")
    held = (size - header_bytes) // (samples * width)
    promised = _whole(fixed[236:244], "number of data records")
    if promised != -1 and promised > held:
        raise FormatError(
            f"a truncated EDF file: {held} of {promised} data records",
            expected="as many as the header promises",
            remedy="fetch the file again",
        )
    n_records = held if promised < 0 else promised
    if any(signal.is_annotation for signal in signals) and n_records > MAX_RECORDS:
        raise FormatError(f"an EDF+ file of {n_records} data records", expected=f"at most {MAX_RECORDS}")
    if n_records < 1:
        raise FormatError("an EDF file without data records", expected="at least one")
    if not (record_s > 0 or all(signal.is_annotation for signal in signals)):
        raise FormatError("an EDF data record of no duration", expected="seconds")
    return _Header(
        patient=_text(fixed[8:88]),
        recording=_text(fixed[88:168]),
        stamp=_text(fixed[168:184]),
        variant=_text(fixed[192:236]),
        header_bytes=header_bytes,
        n_records=n_records,
        record_s=record_s,
        width=width,
        signals=signals,
    )


def _signals(data: bytes, n_signals: int) -> Iterator[_Signal]:
    columns, at = [], 0
    for width in _FIELDS:
        columns.append([data[at + width * k : at + width * (k + 1)] for k in range(n_signals)])
        at += width * n_signals
    offset = 0
    for k in range(n_signals):
        label, unit, filtering = _text(columns[0][k]), _text(columns[2][k]), _text(columns[7][k])
        low, high, d_low, d_high = (_real(columns[row][k], "range") for row in (3, 4, 5, 6))
        count = _whole(columns[8][k], "samples of a data record")
        if not 0 <= count <= MAX_GATHERED:
            raise FormatError(f"an EDF signal of {count} samples a data record", expected=f"up to {MAX_GATHERED}")
        gain = (high - low) / (d_high - d_low) if d_high != d_low else math.nan
        yield _Signal(label, unit, gain, low - d_low * gain, (d_low, d_high), filtering, count, offset)
        offset += count


def _chosen(header: _Header, notes: list[str]) -> list[_Signal]:
    """The ECG signals, all at one rate."""
    ecg: list[_Signal] = []
    left: list[_Signal] = []
    for signal in header.signals:
        if signal.is_annotation:
            continue
        good = is_voltage(signal.unit) and not NOT_ECG.search(signal.label) and not math.isnan(signal.gain)
        (ecg if good and signal.count else left).append(signal)
    named = [signal for signal in ecg if re.search(r"\becg|\bekg", signal.label, re.IGNORECASE)]
    ecg = named or ecg
    if left or len(named) not in (0, len(ecg)):
        notes.append(f"{len(left)} signal(s) left out, as no ECG")
    if not ecg:
        raise FormatError("an EDF file without an ECG signal", expected="at least one signal in V, mV or µV")
    counts = [signal.count for signal in ecg]
    common = max(set(counts), key=lambda count: (counts.count(count), count))
    kept = [signal for signal in ecg if signal.count == common]
    if len(kept) < len(ecg):
        notes.append(f"{len(ecg) - len(kept)} signal(s) at another rate left out")
    return kept


def _check_rest(path: Path, header: _Header, notes: list[str]) -> None:
    size = header.samples_per_record * header.width
    rest = path.stat().st_size - header.header_bytes - header.n_records * size
    if rest:
        notes.append(f"{rest} bytes after the last data record left out")


def _data_records(path: Path, header: _Header) -> Iterator[npt.NDArray[np.uint8]]:
    """Some data records at a time as bytes, dims ``(data record, byte)``."""
    size = header.samples_per_record * header.width
    for start, stop in steps(header.n_records, width=header.samples_per_record):
        place = header.header_bytes + start * size
        yield np.fromfile(path, dtype=np.uint8, count=(stop - start) * size, offset=place).reshape(stop - start, size)


def _samples(path: Path, header: _Header, chosen: list[_Signal], notes: list[str]) -> Iterator[npt.NDArray[np.float32]]:
    """The chosen signals in mV, whole data records at a time, dims ``(lead, time)``."""
    outside = [0] * len(chosen)
    for raw in _data_records(path, header):
        rows = []
        for place, signal in enumerate(chosen):
            digital = _digital(raw, signal, header.width)
            low, high = sorted(signal.digital)
            outside[place] += int(((digital < low) | (digital > high)).sum())
            rows.append(((digital * signal.gain + signal.zero) * mv_per(signal.unit)).astype(np.float32))
        yield np.stack(rows)
    for signal, count in zip(chosen, outside, strict=True):
        if count:
            name = _lead_name(signal.label)[:16]
            notes.append(f"{count} samples of {name} lie outside the range stated; kept")


def _digital(raw: npt.NDArray[np.uint8], signal: _Signal, width: int) -> npt.NDArray[np.float64]:
    """The numbers of one signal as they were stored."""
    begin = signal.offset * width
    part = np.ascontiguousarray(raw[:, begin : begin + signal.count * width])
    if width == 2:
        return part.view("<i2").reshape(-1).astype(np.float64)
    triples = part.reshape(-1, 3).astype(np.int32)
    return ((triples[:, 0] | (triples[:, 1] << 8) | (triples[:, 2] << 16)) << 8 >> 8).astype(np.float64)


def _annotations(path: Path, header: _Header) -> tuple[list[float], list[Annotation]]:
    """When each data record begins, s, and the annotations; both from the time-stamped lists of EDF+."""
    channels = [signal for signal in header.signals if signal.is_annotation]
    onsets: list[float] = []
    found: list[Annotation] = []
    rows = (row for raw in _data_records(path, header) for row in raw) if channels else ()
    for number, row in enumerate(rows):
        for place, channel in enumerate(channels):
            begin = channel.offset * header.width
            data = row[begin : begin + channel.count * header.width].tobytes()
            for onset, duration, texts in _lists(data):
                if place == 0 and len(onsets) == number:
                    onsets.append(onset)
                end = onset + duration if duration else None
                found += [Annotation(onset, text, "edf", end_s=end) for text in texts if text]
    origin = onsets[0] if onsets else 0.0
    moved = [
        Annotation(a.time_s - origin, a.code, a.system, end_s=None if a.end_s is None else a.end_s - origin)
        for a in found
    ]
    return onsets, moved


def _lists(data: bytes) -> Iterator[tuple[float, float, list[str]]]:
    """Onset (s), duration (s) and texts of each time-stamped annotation list; broken ones are passed over."""
    for part in data.split(b"\x00"):
        head, *texts = part.split(b"\x14")
        onset, _, duration = head.partition(b"\x15")
        try:
            begin, length = float(onset), float(duration) if duration else 0.0
        except ValueError:
            continue
        if math.isfinite(begin) and math.isfinite(length):
            yield begin, length, [" ".join(text.decode("utf-8", errors="replace").split())[:400] for text in texts]


def _places(
    header: _Header, onsets: list[float], *, per_record: int, rate_hz: float, leads: int, notes: list[str]
) -> npt.NDArray[np.int64]:
    """Sample at which each data record begins, as its onset places it."""
    if len(onsets) != header.n_records:
        raise FormatError("an EDF+D file whose data records state no onset", expected="a time for each")
    places = np.rint((np.array(onsets) - onsets[0]) * rate_hz)
    if (np.diff(places) < per_record - 0.5).any():
        raise FormatError("an EDF+D file whose data records overlap or go back", expected="rising onsets")
    held = header.n_records * per_record * leads
    if (places[-1] + per_record) * leads > max(min(MAX_STRETCH * held, MAX_GATHERED), 2 * held):
        raise FormatError("EDF+D gaps far longer than the samples between them", expected="one recording")
    gaps = int((np.diff(places) > per_record).sum())
    if gaps:
        notes.append(f"{gaps} gap(s) between data records, kept as missing samples")
    return places.astype(np.int64)


def _with_gaps(
    pieces: Iterator[npt.NDArray[np.float32]], places: npt.NDArray[np.int64], *, per_record: int
) -> Iterator[npt.NDArray[np.float32]]:
    """Data records where they belong, and missing samples between them."""
    number = at = 0
    for piece in pieces:
        for first in range(0, piece.shape[1], per_record):
            for start, stop in steps(int(places[number]) - at, width=len(piece)):
                yield np.full((len(piece), stop - start), np.nan, dtype=np.float32)
            yield piece[:, first : first + per_record]
            at = int(places[number]) + per_record
            number += 1


def _description(header: _Header) -> Description:
    start = _start(header)
    fields = header.patient.split()
    plus = header.variant[:4].upper() in ("EDF+", "BDF+") and len(fields) >= 4
    code, sex, born = (fields[0], fields[1], fields[2]) if plus else ("", "", "")
    device = header.recording.split()
    return Description(
        patient="" if code == "X" else code,
        age=age_between(_day(born), start),
        sex=sex_of(sex),
        start=start,
        device=device[4].replace("_", " ") if plus and len(device) > 4 and device[4] != "X" else "",
    )


def _start(header: _Header) -> datetime | None:
    parts = re.match(r"(\d\d)\D(\d\d)\D(\d\d)(\d\d)\D(\d\d)\D(\d\d)", header.stamp.replace(" ", ""))
    if parts is None:
        return None
    day, month, year, *clock = (int(part) for part in parts.groups())
    stated = re.match(r"Startdate\s+(\S+)", header.recording)
    written = _day(stated[1]) if stated else None
    if written is not None:
        return moment(written.year, written.month, written.day, *clock)
    return moment(year + (1900 if year >= 85 else 2000), month, day, *clock)


def _day(text: str) -> datetime | None:
    """`02-MAY-1951`."""
    parts = text.upper().split("-")
    if len(parts) != 3 or parts[1] not in _MONTHS or not (parts[0].isdigit() and parts[2].isdigit()):
        return None
    return moment(int(parts[2]), _MONTHS.index(parts[1]) + 1, int(parts[0]))


def _lead_name(label: str) -> str:
    return re.sub(r"^(?:ECG|EKG)[\s:_-]+(?=\S)", "", label.strip(), flags=re.IGNORECASE)


def _filters(text: str) -> dict[str, float]:
    return {
        _FILTER_NAMES[kind.upper()]: float(value.replace(",", ".")) * (1e-3 if milli else 1.0)
        for kind, value, milli in _FILTER.findall(text)
    }


def _text(field: bytes) -> str:
    return field.decode("latin-1").strip("\x00 ")


def _whole(field: bytes, what: str) -> int:
    value = _real(field, what)
    if value != int(value):
        raise FormatError(f"an EDF header whose {what} is no whole number", expected="a whole number")
    return int(value)


def _real(field: bytes, what: str) -> float:
    text = _text(field).replace(",", ".")
    try:
        value = float(text) if "_" not in text else math.nan
    except ValueError:
        value = math.nan
    if not math.isfinite(value):
        raise FormatError(f"an EDF header whose {what} is no number", expected="a number")
    return value
