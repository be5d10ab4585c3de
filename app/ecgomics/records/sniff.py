"""What a file is by its content; its suffix is only a claim."""

from __future__ import annotations

import re
import stat
import struct
from pathlib import Path

from ecgomics.errors import FormatError
from ecgomics.records.kinds import READ, Kind
from ecgomics.records.packed import GZIP
from ecgomics.records.text_table import HEAD_BYTES, decode, find_numbers
from ecgomics.records.wearables import is_apple, is_open_signals, is_polar
from ecgomics.records.wfdb_header import is_record_line

TABLE_SUFFIXES = (".csv", ".tsv", ".txt", ".dat.txt", "")
ROOT_BYTES = 16_384
"""How far an XML file is looked into for its root: far enough for the longest licence seen above one."""

MAX_FILE_BYTES = 16_000_000_000

XML_ROOTS: dict[str, Kind] = {
    "AnnotatedECG": "aecg",
    "RestingECG": "muse",
    "restingecgdata": "sierra",
    "CardiologyXML": "cardiosoft",
}

_HDF5 = b"\x89HDF\r\n\x1a\n"
_MAGIC: tuple[tuple[bytes, Kind], ...] = (
    (b"\x93NUMPY", "npy"),
    (b"PAR1", "parquet"),
    (b"ISHNE1.0", "ishne"),
    (b"0       ", "edf"),
    (b"\xffBIOSEMI", "edf"),
    (b"MATLAB 5.0", "matlab"),
    (_HDF5, "hdf5"),
)
_ZIP = b"PK\x03\x04"
_UNPACK, _ASK = "unpack it first, then ingest the folder", "ask for the digital recording it was printed from"
_NOT_READ = (
    (0, b"ANN  1.0", "ISHNE annotations without their recording", "convert it first"),
    (0, GZIP, "a gzip archive in a gzip archive", _UNPACK),
    (0, _ZIP, "a zip archive, or a document", _UNPACK),
    (0, b"7z\xbc\xaf\x27\x1c", "a 7z archive", _UNPACK),
    (0, b"Rar!", "a rar archive", _UNPACK),
    (257, b"ustar", "a tar archive", _UNPACK),
    (0, b"%PDF", "a PDF: paper, not samples", _ASK),
    (0, b"\x89PNG", "a picture", _ASK),
    (0, b"\xff\xd8\xff", "a picture", _ASK),
)
"""What is told by bytes at a place and not read, and what to do instead."""
_MATLAB_NAME = re.compile(rb"^[A-Za-z]\w*\x00$")
_ROOT = re.compile(r"<(?!\?|!)(?:[\w.-]+:)?([\w.-]+)")
_PASSED = re.compile(r"<\?.*?\?>|<!--.*?-->|<!DOCTYPE[^>\[]*(?:\[.*?\]\s*)?>", re.DOTALL)


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
        raise FormatError("something that is no regular file", expected=READ)
    if status.st_size == 0:
        raise FormatError("an empty file", expected=READ, remedy="fetch the file again")
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
    kind = binary_kind(head, size=path.stat().st_size)
    if kind is not None:
        return kind
    for place, magic, name, remedy in _NOT_READ:
        if head[place:].startswith(magic):
            raise FormatError(name, expected=READ, remedy=remedy)
    return _sniff_text(head, path.suffix.lower())


def binary_kind(head: bytes, *, size: int) -> Kind | None:
    """The kind of a binary file by its first bytes and its size; None when it is none known."""
    if is_dicom(head):
        return "dicom"
    for magic, kind in _MAGIC:
        if head.startswith(magic):
            return kind
    if head.startswith(b"MATLAB 7.3") and head[512:520] == _HDF5:
        return "hdf5"
    if _is_scp(head, size):
        return "scp"
    if _is_npz(head):
        return "npz"
    return "matlab" if _is_matlab_4(head) else None


def is_dicom(head: bytes) -> bool:
    """Whether bytes begin a DICOM file, with its preamble or (old files) without."""
    return head[128:132] == b"DICM" or (
        head[:1] == b"\x08" and head[1:4] in (b"\x00\x00\x00", b"\x00\x05\x00", b"\x00\x08\x00")
    )


def xml_root(head: bytes) -> str | None:
    """Local name of an XML file's root element, from its first bytes; None when they are no XML."""
    data = head = head[:ROOT_BYTES]
    if head[:4] in (b"<\x00?\x00", b"<\x00!\x00"):
        data = b"\xff\xfe" + head
    elif head[:4] in (b"\x00<\x00?", b"\x00<\x00!"):
        data = b"\xfe\xff" + head
    text = decode(data)
    if text is None or not text.lstrip("\ufeff \r\n\t").startswith("<"):
        return None
    found = _ROOT.search(_PASSED.sub("", text))
    return found[1] if found else ""


def _is_scp(head: bytes, size: int) -> bool:
    if len(head) < 22:
        return False
    length, section, named = struct.unpack_from("<I", head, 2)[0], struct.unpack_from("<H", head, 8)[0], head[16:22]
    return section == 0 and (named == b"SCPECG" or (length == size and head[16:22] == b"\x00" * 6))


def _is_npz(head: bytes) -> bool:
    """Whether a zip archive's first member is an array."""
    if not head.startswith(_ZIP) or len(head) < 30:
        return False
    return head[30 : 30 + int.from_bytes(head[26:28], "little")].endswith(b".npy")


def _is_matlab_4(head: bytes) -> bool:
    if len(head) < 21:
        return False
    kind, rows, columns, imaginary, name_length = struct.unpack_from("<iiiii", head)
    plausible = 0 <= kind < 100 and kind % 10 in (0, 1) and rows > 0 and columns > 0 and imaginary in (0, 1)
    name = head[20 : 20 + max(name_length, 0)]
    return plausible and 2 <= name_length <= 64 and bool(_MATLAB_NAME.match(name))


def _sniff_text(head: bytes, suffix: str) -> Kind:
    root = xml_root(head)
    if root is not None:
        if root not in XML_ROOTS:
            raise FormatError("an XML file whose root is no ECG known here", expected=f"one of {', '.join(XML_ROOTS)}")
        return XML_ROOTS[root]
    text = decode(head)
    if text is None:
        raise FormatError("bytes of no known format", expected=READ)
    if suffix == ".hea":
        return "wfdb"
    if is_live(text):
        return "live"
    if suffix not in TABLE_SUFFIXES:
        raise FormatError(f"a text file named {suffix}" if suffix.isascii() else "a text file", expected=READ)
    kind = text_kind(text)
    if kind is not None:
        return kind
    lines = [line for line in text.splitlines() if line.strip() and not line.startswith("#")]
    if suffix == "" and lines and is_record_line(lines[0]):
        raise FormatError("a WFDB header without its suffix", expected="a name ending in .hea")
    if find_numbers(text) is None:
        raise FormatError("a text without rows of numbers", expected=READ)
    return "csv"


def is_live(text: str) -> bool:
    """Whether a text is the file of a live stream's recording."""
    return text.startswith("{") and '"ecgomics-live-recording"' in text[:200]


def is_gone(text: str) -> bool:
    """Whether a live recording's file says that its samples are kept no longer."""
    return '"state": "taken"' in text or '"state": "discarded"' in text


def text_kind(text: str) -> Kind | None:
    """The sensor that wrote a text, by its head; None for any other text."""
    if is_open_signals(text):
        return "opensignals"
    if is_polar(text):
        return "polar"
    return "apple" if is_apple(text) else None
