"""MATLAB files without a WFDB header: CPSC 2018's struct, CPSC 2019's and the CinC challenges' arrays, and any matrix.

Read by scipy (versions 4 and 5); version 7.3 is HDF5 and goes there. Objects and functions are never brought to life.
"""

from __future__ import annotations

import math
import struct
import zlib
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from ecgomics.errors import FormatError
from ecgomics.records.array_signal import SIGNAL_KEYS, from_array, stated_in
from ecgomics.records.calendar import age_of, sex_of
from ecgomics.records.matlab_guard import check_matlab_5
from ecgomics.records.record import Description, Record
from ecgomics.records.stated import Stated
from ecgomics.vocabulary import LEADS

MAX_MATLAB_BYTES = 1_000_000_000
MAX_DENSE = 10_000_000
"""Values a file may hold whatever its size: long flat stretches compress well."""

_SCIPY_RAISES = (
    *(OSError, ValueError, TypeError, KeyError, IndexError, OverflowError, MemoryError, NotImplementedError),
    *(AttributeError, ZeroDivisionError, zlib.error, struct.error),
)
"""What damage makes scipy raise beside its own `MatReadError`."""

_STRUCTS = ("ecg",)
_WANTED_CLASSES = (
    "double",
    "single",
    *(f"{sign}int{bits}" for sign in ("", "u") for bits in (8, 16, 32, 64)),
    "char",
    "struct",
    "cell",
)


@dataclass(frozen=True)
class _Convention:
    """What a public database means by its unlabelled numbers."""

    rate_hz: float
    unit: str
    note: str


_CPSC2018 = _Convention(500, "mV", "a struct as in CPSC 2018: 500 Hz and mV assumed, as its description says")
_CPSC2019 = _Convention(500, "mV", "5000 samples named ecg as in CPSC 2019: 500 Hz and mV assumed")
_CINC = _Convention(
    500, "0.001 mV", "whole numbers named val as in the CinC challenges: 500 Hz and 1000 per mV assumed"
)


def read_matlab(path: Path, *, stated: Stated) -> Record:
    """Read a MATLAB file that holds one recording.

    Rate and unit come from the call, else from variables of the file (`fs`, `unit` …), else from the convention of the
    database whose layout it has; a convention used is noted.

    Raises
    ------
    FormatError
        Without a signal, or with one whose rate or unit nothing states.
    """
    variables = _variables(path)
    record = next((v for name, v in variables.items() if name.lower() in _STRUCTS and v.dtype.names), None)
    if record is not None:
        return _of_struct(record, stated=stated, source=path.stem)
    lower = {name.lower(): value for name, value in variables.items()}
    name = next((key for key in SIGNAL_KEYS if _is_signal(lower.get(key))), None)
    if name is None:
        name = next((key for key, value in lower.items() if _is_signal(value)), None)
    if name is None:
        raise FormatError("a MATLAB file without a signal", expected=f"a matrix named {', '.join(SIGNAL_KEYS)}")
    signal = lower[name]
    own = stated_in(lower)
    convention = _convention(name, signal)
    merged, notes = _merged(stated, own, convention)
    names = list(LEADS) if convention is _CINC and min(signal.shape) == len(LEADS) else own.leads
    return from_array(signal, stated=merged, names=names, source=path.stem, notes=notes)


def names(path: Path) -> list[str]:
    """Names of the variables of a MATLAB file.

    Raises
    ------
    FormatError
        When it cannot be trusted or read.
    """
    from scipy.io import whosmat
    from scipy.io.matlab import MatReadError

    try:
        check_matlab_5(path)
        return [str(name) for name, _, _ in whosmat(str(path))]
    except (MatReadError, *_SCIPY_RAISES) as error:
        raise FormatError(
            f"a damaged MATLAB file ({type(error).__name__} while listing it)", expected="a whole file"
        ) from None


def _variables(path: Path) -> dict[str, Any]:
    from scipy.io import loadmat, whosmat

    size = path.stat().st_size
    if size > MAX_MATLAB_BYTES:
        raise FormatError(f"a MATLAB file of {size} bytes", expected=f"at most {MAX_MATLAB_BYTES}")
    check_matlab_5(path)
    listed = whosmat(str(path))
    wanted = [name for name, _, kind in listed if kind in _WANTED_CLASSES]
    total = sum(math.prod(shape) for _, shape, _ in listed)
    if total > max(MAX_DENSE, 50 * size):
        raise FormatError(f"a MATLAB file of {total} values in {size} bytes", expected="one recording")
    if not wanted:
        raise FormatError("a MATLAB file without a matrix", expected="a signal")
    found = loadmat(
        str(path), variable_names=wanted, struct_as_record=True, mat_dtype=False, verify_compressed_data_integrity=True
    )
    return {name: value for name, value in found.items() if isinstance(value, np.ndarray)}


def _is_signal(value: Any) -> bool:
    return value is not None and value.dtype.kind in "iuf" and value.ndim == 2 and value.size >= 100


def _of_struct(record: Any, *, stated: Stated, source: str) -> Record:
    fields: Mapping[str, Any] = {str(name).lower(): record.flat[0][name] for name in record.dtype.names}
    signal = next((fields[key] for key in ("data", *SIGNAL_KEYS) if _is_signal(fields.get(key))), None)
    if signal is None:
        raise FormatError("a MATLAB struct without a signal", expected="a field named data")
    own = stated_in(fields)
    convention = _CPSC2018 if {"sex", "age", "data"} <= set(fields) else None
    merged, notes = _merged(stated, own, convention)
    names = list(LEADS) if convention and min(signal.shape) == len(LEADS) else own.leads
    if names and names is not own.leads:
        notes.append("leads without names: the usual order I, II, III, aVR, aVL, aVF, V1–V6 assumed")
    person = Description(age=_age(fields.get("age")), sex=sex_of(_word(fields.get("sex"))))
    return from_array(signal, stated=merged, names=names, source=source, notes=notes, description=person)


def _convention(name: str, signal: Any) -> _Convention | None:
    if name == "ecg" and signal.size == 5000 and 1 in signal.shape:
        return _CPSC2019
    if name == "val" and signal.dtype.kind == "i" and min(signal.shape) == len(LEADS):
        return _CINC
    return None


def _merged(stated: Stated, own: Any, convention: _Convention | None) -> tuple[Stated, list[str]]:
    rate_hz, unit = stated.rate_hz or own.rate_hz, stated.unit or own.unit
    notes = []
    if convention is not None and (rate_hz is None or unit is None):
        notes.append(convention.note)
        rate_hz, unit = rate_hz or convention.rate_hz, unit or convention.unit
    return Stated(rate_hz, unit, stated.spool), notes


def _age(value: Any) -> float:
    if value is None or not getattr(value, "size", 0):
        return math.nan
    try:
        return age_of(float(np.asarray(value).flat[0]))
    except (TypeError, ValueError):
        return math.nan


def _word(value: Any) -> str:
    return "" if value is None or not getattr(value, "size", 0) else str(np.asarray(value).flat[0])
