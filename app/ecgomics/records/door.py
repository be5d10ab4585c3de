"""`read`: the one guarded door through which files become records."""

from __future__ import annotations

import re
import warnings
from dataclasses import replace
from pathlib import Path

from ecgomics.errors import FormatError
from ecgomics.records.kinds import read_as
from ecgomics.records.naming import readable
from ecgomics.records.packed import laid_open
from ecgomics.records.record import Record
from ecgomics.records.sniff import regular_file, sniff
from ecgomics.records.stated import Stated
from ecgomics.records.units import mv_per

MAX_NOTE = 160


def read(
    path: str | Path, *, rate_hz: float | None = None, unit: str | None = None, spool: str | Path | None = None
) -> Record:
    """Read one recording, whatever its format.

    The content decides, not the suffix; `formats` lists what is read. Of a WFDB record give the `.hea`, its
    `.dat`/`.mat`, or their common stem; of an HDF5 file of many recordings, `file.hdf5#NAME`. A gzip archive of one
    file is read as that file. Warnings of the libraries become notes of the record.

    Parameters
    ----------
    path
        File to read.
    rate_hz
        Sampling rate of a table or array, Hz; needed where the file does not state it.
    unit
        ``"mV"``, ``"uV"``, ``"V"`` or ``"nV"``, perhaps with a number before it (``"0.1 mV"``): unit of a table or
        array; needed where the file does not state it.
    spool
        A file to be made for the samples of a long recording (over 2 million), where its format can be read piece by
        piece: the record then reads from it what is asked for and holds nothing in memory. Remove it when done.

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
    file, item = split_item(Path(path))
    target = regular_file(_with_header(file))
    stated = Stated(rate_hz=rate_hz, unit=unit, spool=None if spool is None else Path(spool))
    if unit is not None:
        mv_per(unit)
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        try:
            with laid_open(target, beside=stated.spool) as laid:
                kind = sniff(laid)
                record = read_as(kind, laid, stated=stated, item=item)
        except FormatError:
            raise
        except Exception as error:
            # a library's message may hold a file's content, so only its kind is passed on
            raise FormatError(
                f"a damaged file ({type(error).__name__} while reading it)", expected="a whole file of its format"
            ) from None
    said = dict.fromkeys(_note(warning) for warning in caught)
    return replace(record, format=kind, source=readable(record.source), notes=record.notes + tuple(said))


def split_item(path: Path) -> tuple[Path, str]:
    """The file and the recording in it that a path like `tracings.hdf5#1169160` names; none for a plain path."""
    stem, mark, item = path.name.rpartition("#")
    if not mark or path.exists() or not (file := path.with_name(stem or ".")).is_file():
        return path, ""
    return file, item


def _with_header(path: Path) -> Path:
    """The `.hea` file when a signal file or bare stem of a WFDB record is given."""
    if path.suffix.lower() in (".dat", ".mat", "") and not path.is_dir():
        for suffix in (".hea", ".HEA"):
            header = path.with_suffix(suffix) if path.suffix else path.with_name(path.name + suffix)
            if header.is_file():
                return header
    if path.suffix.lower() == ".dat":
        raise FormatError("a WFDB signal file without its header", expected="the .hea file beside it")
    return path


def _note(warning: warnings.WarningMessage) -> str:
    """A library's warning without what it quotes, which may be content of the file."""
    text = re.sub(r"'[^']*'|\"[^\"]*\"|/\S+", "…", " ".join(str(warning.message).split()))
    return f"{warning.category.__name__}: {text}"[:MAX_NOTE]
