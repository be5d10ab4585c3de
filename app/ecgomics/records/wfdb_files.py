"""WFDB recordings (`.hea` with `.dat` or `.mat`, one or many segments), by the wfdb library behind our own checks."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from ecgomics.errors import FormatError
from ecgomics.records.record import Record, assemble
from ecgomics.records.units import is_voltage, mv_per
from ecgomics.records.wfdb_comments import describe
from ecgomics.records.wfdb_header import Header, check_files, read_header

_NOT_ECG = re.compile(
    r"pleth|ppg|resp|\babp\b|\bart\b|\bpap\b|\bcvp\b|\bicp\b|\bbp\b|spo2|sao2|co2|eeg|emg|eog|temp|mmhg|airflow|nasal",
    re.IGNORECASE,
)


def read_wfdb(path: Path) -> Record:
    """Read the WFDB record whose header is `path`.

    Signals that are no ECG (by unit or name: PLETH, RESP, ABP …) are left out and noted; of signals sampled more often
    than the frame rate every sample is kept.

    Raises
    ------
    FormatError
        For anything that keeps it from being read.
    """
    import wfdb

    header = read_header(path)
    folder = path.parent.resolve()
    check_files(header, folder)
    raw = wfdb.rdrecord(str(folder / path.stem), smooth_frames=False)
    signals, names, frames, notes = _ecg_signals(raw)
    notes += _assumptions(header)
    rate = float(raw.fs) * frames
    comments = header.comments if header.segments is None else _segment_comments(header, folder)
    description = describe(comments)
    record = assemble(signals, names, rate_hz=rate, source=path.stem, description=description, notes=notes)
    start = getattr(raw, "base_datetime", None)
    return record if start is None else record.described(type(description)(start=start))


def _ecg_signals(raw: Any) -> tuple[npt.NDArray[np.float64], list[str], int, list[str]]:
    kept: list[int] = []
    dropped: list[int] = []
    for index, name in enumerate(raw.sig_name):
        unit = raw.units[index] or "mV"
        label = name or ""
        (kept if is_voltage(unit) and not _NOT_ECG.search(label) else dropped).append(index)
    notes = [f"left out, as no ECG: {', '.join(str(raw.sig_name[i]) for i in dropped)}"] if dropped else []
    if not kept:
        raise FormatError("a WFDB record without an ECG signal", expected="at least one signal in V, mV or µV")
    frames = [int(raw.samps_per_frame[index] or 1) for index in kept]
    common = min(frames)
    if any(frame % common for frame in frames):
        raise FormatError("ECG signals at rates that do not divide", expected="one rate, or multiples of one")
    if max(frames) != common:
        notes.append("signals at several rates brought to the lowest one by averaging")
    rows = [
        _frame_mean(raw.e_p_signal[index], frame // common) * mv_per(raw.units[index] or "mV")
        for index, frame in zip(kept, frames, strict=True)
    ]
    return np.stack(rows), [raw.sig_name[index] or "" for index in kept], common, notes


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
