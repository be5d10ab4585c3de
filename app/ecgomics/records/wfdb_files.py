"""WFDB recordings (`.hea` with `.dat` or `.mat`, one or many segments), by the wfdb library behind our own checks."""

from __future__ import annotations

import math
import re
from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any, Literal

import numpy as np
import numpy.typing as npt

from ecgomics.errors import FormatError
from ecgomics.records.assembly import Beside, assemble
from ecgomics.records.pieces import MAX_GATHERED, PIECE_SAMPLES, Pieces, check_total, steps
from ecgomics.records.record import Description, Record
from ecgomics.records.stated import Stated, rate_checked
from ecgomics.records.units import is_voltage, mv_per
from ecgomics.records.wfdb_annotations import annotations_beside
from ecgomics.records.wfdb_comments import describe
from ecgomics.records.wfdb_header import Header, check_files, read_header

NOT_ECG = re.compile(
    r"pleth|ppg|resp|\babp\b|\bart\b|\bpap\b|\bcvp\b|\bicp\b|\bbp\b|spo2|sao2|co2|eeg|emg|eog|temp|mmhg|airflow|nasal",
    re.IGNORECASE,
)
"""Names of signals that are no ECG."""

_IN_PARTS = ("16", "24", "32", "61", "80", "160", "212")
"""Formats that can be decoded from any frame on; differences and compressed ones cannot."""


def read_wfdb(path: Path, *, stated: Stated) -> Record:
    """Read the WFDB record whose header is `path`.

    Signals that are no ECG (by unit or name: PLETH, RESP, ABP …) are left out and noted; of signals sampled more often
    than the frame rate every sample is kept.

    Raises
    ------
    FormatError
        For anything that keeps it from being read.
    """
    header = read_header(path)
    folder = path.parent.resolve()
    check_files(header, folder)
    part = _single(folder / path.stem, header) if header.segments is None else _segments(header, path)
    comments = header.comments if header.segments is None else _segment_comments(header, folder)
    notes = part.notes + _assumptions(header)
    annotations = annotations_beside(path, frame_hz=part.frame_hz, notes=notes)
    record = assemble(
        Pieces(len(part.names), part.samples, part.pieces()),
        part.names,
        rate_hz=part.rate_hz,
        source=path.stem,
        description=describe(comments),
        notes=notes,
        beside=Beside(annotations=annotations, step_uv=part.steps_uv),
        spool=stated.spool,
    )
    started = record if part.start is None else record.described(Description(start=part.start))
    return rate_checked(started, stated)


@dataclass(frozen=True)
class _Part:
    """The ECG signals of one segment or of all, dims ``(lead, time)``, mV, decoded when asked for."""

    pieces: Callable[[], Iterator[npt.NDArray[np.floating]]]
    samples: int
    names: list[str]
    rate_hz: float
    frame_hz: float
    steps_uv: list[float]
    notes: list[str]
    start: datetime | None = None


def _single(stem: Path, header: Header, *, load: Literal["now", "later"] = "now") -> _Part:
    """The signals of a record that is not made of segments."""
    import wfdb

    width = sum(signal.frame for signal in header.signals)
    in_parts = bool(header.n_samples) and all(signal.format in _IN_PARTS for signal in header.signals)
    small = (header.n_samples or 0) * width <= PIECE_SAMPLES
    if in_parts and not (small and load == "now"):
        raw = wfdb.rdheader(str(stem))
        in_parts = not any(raw.skew or ())
    else:
        in_parts = False
    if not in_parts:
        check_total((header.n_samples or 0) * width, most=MAX_GATHERED)
        raw = wfdb.rdrecord(str(stem), smooth_frames=False)
    kept, notes = _kept(raw)
    common = _common_frame(raw, kept, notes)
    steps_uv = [
        1e3 * mv_per(raw.units[k] or "mV") / float(raw.adc_gain[k]) if raw.adc_gain[k] else math.nan for k in kept
    ]

    def pieces() -> Iterator[npt.NDArray[np.floating]]:
        if not in_parts:
            yield _ecg_signals(raw, kept, common)
            return
        for start, stop in steps(int(raw.sig_len), width=width):
            part = wfdb.rdrecord(str(stem), sampfrom=start, sampto=stop, smooth_frames=False)
            yield _ecg_signals(part, kept, common)

    return _Part(
        pieces=pieces,
        samples=int(raw.sig_len) * common,
        names=_distinct([raw.sig_name[index] or "" for index in kept]),
        rate_hz=float(raw.fs) * common,
        frame_hz=float(raw.fs),
        steps_uv=steps_uv,
        notes=notes,
        start=getattr(raw, "base_datetime", None),
    )


def _segments(header: Header, path: Path) -> _Part:
    """Segments end to end; where one lacks a lead, or is itself missing, there is a gap."""
    folder, lengths = path.parent.resolve(), dict(header.segment_lines)
    parts = {
        name: _single(folder / name, read_header(folder / f"{name}.hea"), load="later")
        for name, length in lengths.items()
        if name != "~" and length
    }
    if not parts:
        raise FormatError("a WFDB record of empty segments", expected="at least one segment with samples")
    first = next(iter(parts.values()))
    if any(part.rate_hz != first.rate_hz for part in parts.values()):
        raise FormatError("WFDB segments at different rates", expected="one rate throughout")
    frames = _frames(header, parts)
    names = list(dict.fromkeys(name for part in parts.values() for name in part.names))
    gaps = sum(name == "~" for name, _ in header.segment_lines)
    told = list(dict.fromkeys(note for part in parts.values() for note in part.notes))
    told += [f"{gaps} gap(s) between segments, kept as missing samples"] if gaps else []
    by_name = {name: step for part in parts.values() for name, step in zip(part.names, part.steps_uv, strict=True)}
    return _Part(
        pieces=lambda: _end_to_end(header, parts, names=names, frames=frames),
        samples=frames * sum(length for _, length in header.segment_lines),
        names=names,
        rate_hz=first.rate_hz,
        frame_hz=first.frame_hz,
        steps_uv=[by_name[name] for name in names],
        notes=told,
        start=_start_of(path) or first.start,
    )


def _end_to_end(
    header: Header, parts: dict[str, _Part], *, names: list[str], frames: int
) -> Iterator[npt.NDArray[np.floating]]:
    for segment, length in header.segment_lines:
        if segment not in parts:
            for start, stop in steps(frames * length, width=len(names)):
                yield np.full((len(names), stop - start), np.nan, dtype=np.float32)
            continue
        rows = [names.index(name) for name in parts[segment].names]
        for piece in parts[segment].pieces():
            laid = np.full((len(names), piece.shape[1]), np.nan, dtype=np.float32)
            laid[rows] = piece
            yield laid


def _frames(header: Header, parts: dict[str, _Part]) -> int:
    """Samples of each ECG lead per frame, the same in all segments."""
    counts = {part.samples / dict(header.segment_lines)[name] for name, part in parts.items()}
    if len(counts) != 1 or not next(iter(counts)).is_integer():
        raise FormatError("a WFDB segment whose length is not the master's", expected="equal lengths")
    return int(next(iter(counts)))


def _start_of(path: Path) -> datetime | None:
    import wfdb

    return getattr(wfdb.rdheader(str(path.with_suffix("").absolute())), "base_datetime", None)


def _kept(raw: Any) -> tuple[list[int], list[str]]:
    """Places of the signals that are ECG, and what is left out."""
    kept: list[int] = []
    dropped: list[int] = []
    for index, name in enumerate(raw.sig_name):
        unit = raw.units[index] or "mV"
        label = name or ""
        (kept if is_voltage(unit) and not NOT_ECG.search(label) else dropped).append(index)
    notes = [f"left out, as no ECG: {', '.join(str(raw.sig_name[i]) for i in dropped)}"] if dropped else []
    if not kept:
        raise FormatError("a WFDB record without an ECG signal", expected="at least one signal in V, mV or µV")
    return kept, notes


def _common_frame(raw: Any, kept: list[int], notes: list[str]) -> int:
    """Samples of a frame that every ECG signal has, when the faster ones are averaged."""
    frames = [int(raw.samps_per_frame[index] or 1) for index in kept]
    common = min(frames)
    if any(frame % common for frame in frames):
        raise FormatError("ECG signals at rates that do not divide", expected="one rate, or multiples of one")
    if max(frames) != common:
        notes.append("signals at several rates brought to the lowest one by averaging")
    return common


def _ecg_signals(raw: Any, kept: list[int], common: int) -> npt.NDArray[np.float64]:
    rows = [
        _frame_mean(raw.e_p_signal[index], int(raw.samps_per_frame[index] or 1) // common)
        * mv_per(raw.units[index] or "mV")
        for index in kept
    ]
    return np.stack(rows)


def _distinct(names: list[str]) -> list[str]:
    """Number repeated names, so that segments can be joined by name."""
    seen: Counter[str] = Counter()
    result = []
    for name in names:
        seen[name] += 1
        result.append(name if seen[name] == 1 else f"{name}_{seen[name]}")
    return result


def _frame_mean(signal: npt.NDArray[np.float64], factor: int) -> npt.NDArray[np.float64]:
    return signal if factor == 1 else signal.reshape(-1, factor).mean(axis=1)


def _assumptions(header: Header) -> list[str]:
    notes = []
    if any(not signal.gain_stated for signal in header.signals):
        notes.append("a signal states no gain; 200 units per mV assumed, as WFDB does")
    if any(signal.gain_stated and not signal.unit_stated for signal in header.signals):
        notes.append("a signal states no unit; mV assumed, as WFDB does")
    return notes


def _segment_comments(header: Header, folder: Path) -> tuple[str, ...]:
    names = [name for name, _ in header.segment_lines if name != "~"]
    comments = [comment for name in names[:3] for comment in read_header(folder / f"{name}.hea").comments]
    return header.comments + tuple(dict.fromkeys(comments))
