"""What a file is by its content; its suffix is only a claim."""

from __future__ import annotations

import stat
from pathlib import Path
from typing import Literal

from ecgomics.errors import FormatError
from ecgomics.records.text_table import HEAD_BYTES, decode, find_numbers
from ecgomics.records.wfdb_header import is_record_line

Kind = Literal["wfdb", "dicom", "csv", "parquet", "npy", "npz"]

TABLE_SUFFIXES = (".csv", ".tsv", ".txt", ".dat.txt", "")
MAX_FILE_BYTES = 4_000_000_000

_MAGIC: tuple[tuple[bytes, Kind], ...] = ((b"\x93NUMPY", "npy"), (b"PAR1", "parquet"), (b"PK\x03\x04", "npz"))
_NOT_READ = (
    (b"MATLAB 5.0", "a MATLAB file without a WFDB header"),
    (b"\x89HDF", "an HDF5 file"),
    (b"ISHNE1.0", "an ISHNE Holter file"),
    (b"\xffBIOSEMI", "a BDF file"),
    (b"0       ", "an EDF file"),
)
_READ = "a WFDB header, DICOM waveform, CSV, Parquet or NumPy file"


def regular_file(path: Path) -> Path:
    """The path itself, once it is known to be a file with something in it.

    Raises
    ------
    FormatError
        When it is not there, no regular file, empty or too big.
    """
    try:
        status = path.stat()
    except (OSError, ValueError):
        raise FormatError("a path where no file can be read", expected="an existing file") from None
    if not stat.S_ISREG(status.st_mode):
        raise FormatError("something that is no regular file", expected=_READ)
    if status.st_size == 0:
        raise FormatError("an empty file", expected=_READ, remedy="fetch the file again")
    if status.st_size > MAX_FILE_BYTES:
        raise FormatError(f"a file of {status.st_size} bytes", expected=f"at most {MAX_FILE_BYTES}")
    return path


def sniff(path: Path) -> Kind:
    """Tell a file's kind from its first bytes.

    Raises
    ------
    FormatError
        When it is none this house reads, saying what it seems to be; a text under a binary format's suffix is refused.
    """
    with path.open("rb") as file:
        head = file.read(HEAD_BYTES)
    if is_dicom(head):
        return "dicom"
    for magic, kind in _MAGIC:
        if head.startswith(magic):
            return kind
    for magic, name in _NOT_READ:
        if head.startswith(magic):
            raise FormatError(name, expected=_READ, remedy="convert it to one of these")
    return _sniff_text(head, path.suffix.lower())


def is_dicom(head: bytes) -> bool:
    """Whether bytes begin a DICOM file, with its preamble or (old files) without."""
    return head[128:132] == b"DICM" or (
        head[:1] == b"\x08" and head[1:4] in (b"\x00\x00\x00", b"\x00\x05\x00", b"\x00\x08\x00")
    )


def _sniff_text(head: bytes, suffix: str) -> Kind:
    text = decode(head)
    if text is None:
        raise FormatError("bytes of no known format", expected=_READ)
    if text.lstrip("\ufeff \r\n\t").startswith("<"):
        raise FormatError("an XML file", expected=_READ, remedy="convert it to one of these")
    if suffix == ".hea":
        return "wfdb"
    if suffix not in TABLE_SUFFIXES:
        raise FormatError(f"a text file named {suffix}" if suffix.isascii() else "a text file", expected=_READ)
    lines = [line for line in text.splitlines() if line.strip() and not line.startswith("#")]
    if suffix == "" and lines and is_record_line(lines[0]):
        raise FormatError("a WFDB header without its suffix", expected="a name ending in .hea")
    if find_numbers(text) is None:
        raise FormatError("a text without rows of numbers", expected=_READ)
    return "csv"
