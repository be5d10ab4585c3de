"""`read`: the one guarded door through which files become records."""

from __future__ import annotations

import re
import warnings
from dataclasses import replace
from pathlib import Path

from ecgomics.errors import FormatError
from ecgomics.records.record import Record
from ecgomics.records.sniff import Kind, regular_file, sniff

MAX_NOTE = 160


def read(path: str | Path, *, rate_hz: float | None = None, unit: str | None = None) -> Record:
    """Read one recording, whatever its format.

    The content decides, not the suffix: WFDB (give the `.hea`, its `.dat`/`.mat`, or their common stem), DICOM
    waveforms, text tables, Parquet and NumPy files. Warnings of the libraries become notes of the record.

    Parameters
    ----------
    path
        File to read.
    rate_hz
        Sampling rate of a table or array, Hz; needed where the file does not state it.
    unit
        ``"mV"``, ``"uV"``, ``"V"`` or ``"nV"``: unit of a table or array; needed where the file does not state it.

    Raises
    ------
    FormatError
        Whenever the file cannot be trusted or understood; nothing else is raised for bad files.

    Examples
    --------
    >>> import numpy, tempfile, pathlib
    >>> file = pathlib.Path(tempfile.mkdtemp()) / "strip.npy"
    >>> numpy.save(file, numpy.zeros((12, 5000)))
    >>> read(file, rate_hz=500, unit="mV").duration_s
    10.0
    """
    target = regular_file(_with_header(Path(path)))
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        try:
            kind = sniff(target)
            record = _read_as(kind, target, rate_hz=rate_hz, unit=unit)
        except FormatError:
            raise
        except Exception as error:
            # a library's message may hold a file's content, so only its kind is passed on
            raise FormatError(
                f"a damaged file ({type(error).__name__} while reading it)", expected="a whole file of its format"
            ) from None
    said = dict.fromkeys(_note(warning) for warning in caught)
    return replace(record, notes=record.notes + tuple(said)) if said else record


def _with_header(path: Path) -> Path:
    """The `.hea` file when a signal file or bare stem of a WFDB record is given."""
    if path.suffix.lower() in (".dat", ".mat", "") and not path.is_dir():
        header = path.with_suffix(".hea") if path.suffix else path.with_name(path.name + ".hea")
        if header.is_file():
            return header
    if path.suffix.lower() == ".dat":
        raise FormatError("a WFDB signal file without its header", expected="the .hea file beside it")
    return path


def _read_as(kind: Kind, path: Path, *, rate_hz: float | None, unit: str | None) -> Record:
    # the formats' libraries are slow to import, so each is loaded when first met
    if kind == "wfdb":
        from ecgomics.records.wfdb_files import read_wfdb

        return _rate_noted(read_wfdb(path), rate_hz)
    if kind == "dicom":
        from ecgomics.records.dicom import read_dicom

        return _rate_noted(read_dicom(path, unit=unit), rate_hz)
    from ecgomics.records import tables

    readers = {"csv": tables.read_csv, "parquet": tables.read_parquet, "npy": tables.read_npy, "npz": tables.read_npz}
    return readers[kind](path, stated=tables.Stated(rate_hz=rate_hz, unit=unit))


def _rate_noted(record: Record, rate_hz: float | None) -> Record:
    if rate_hz is None or abs(record.native_hz / rate_hz - 1) < 1e-3:
        return record
    note = f"the rate given ({rate_hz:g} Hz) was not used: the file states {record.native_hz:g} Hz"
    return replace(record, notes=(*record.notes, note))


def _note(warning: warnings.WarningMessage) -> str:
    """A library's warning without what it quotes, which may be content of the file."""
    text = re.sub(r"'[^']*'|\"[^\"]*\"|/\S+", "…", " ".join(str(warning.message).split()))
    return f"{warning.category.__name__}: {text}"[:MAX_NOTE]
