"""`find`: the recordings in a folder, each once, in a stable order."""

from __future__ import annotations

import os
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from ecgomics.errors import FormatError
from ecgomics.records.door import split_item
from ecgomics.records.labels import is_label_head, is_label_table, listed_paths
from ecgomics.records.naming import readable
from ecgomics.records.packed import inner_name, is_packed, unpacked_head
from ecgomics.records.sniff import XML_ROOTS, binary_kind, is_gone, is_live, text_kind, xml_root
from ecgomics.records.text_table import HEAD_BYTES, decode, find_numbers
from ecgomics.records.wfdb_header import MAX_HEADER_BYTES, read_header

Copies = Literal["all", "low", "high"]

_TABLES = (".csv", ".tsv")
_CLAIMS = {
    ".hea": "wfdb",
    ".dcm": "dicom",
    ".dicom": "dicom",
    ".npy": "npy",
    ".npz": "npz",
    ".parquet": "parquet",
    ".pq": "parquet",
    ".edf": "edf",
    ".bdf": "edf",
    ".rec": "edf",
    ".scp": "scp",
    ".ishne": "ishne",
    ".h5": "hdf5",
    ".hdf5": "hdf5",
    ".hdf": "hdf5",
    ".mat": "matlab",
}
"""What a suffix claims; files of such a suffix are returned even when they are not what they claim."""

_UNREAD = (".dat", ".ecg", ".zip", ".7z", ".rar", ".tar", ".tgz")
_UNREAD_ROOTS = ("sapphire",)
_TELLING = ("dicom", "scp", "ishne")
"""Kinds whose first bytes tell them under any name."""


@dataclass(frozen=True)
class RecordFile:
    """One recording on disk.

    Parameters
    ----------
    path
        What to `read`: the header, for WFDB; `file.hdf5#NAME` for one of many recordings in a file.
    source
        Its name without suffix; of one of many, its own name.
    kind
        What it claims to be, as in `formats`; or ``other`` for ECG files of formats that are recognised but not read,
        so that they end in quarantine rather than unseen.
    """

    path: Path
    source: str
    kind: str

    @property
    def file(self) -> Path:
        """The file on disk."""
        return split_item(self.path)[0]


def find(source: str | Path, *, copies: Copies = "all") -> Iterator[RecordFile]:
    """Walk a folder for recordings; or take one file, or a table that lists files.

    Files that belong to another (signal files, segments, annotations), label tables and documents are passed over;
    whatever claims to be an ECG is returned, readable or not, and so are archives of many files, which are not read.
    Hidden folders and `.zarr` stores are not entered, and links to folders not followed.

    Parameters
    ----------
    source
        Folder, recording, or CSV with a column of paths.
    copies
        PTB-XL holds each recording twice, at 100 Hz (`records100/…_lr`) and at 500 Hz (`records500/…_hr`). ``"all"``
        keeps both, ``"low"`` or ``"high"`` one of them where both are there.

    Raises
    ------
    FormatError
        When the source does not exist.
    """
    root = Path(source)
    if root.is_dir():
        found = _walk(root)
    elif root.is_file():
        found = _listed(root) if is_label_table(root) else _recordings(root, _kind(root) or "other")
    elif split_item(root)[1]:
        found = iter([RecordFile(root, split_item(root)[1], "hdf5")])
    else:
        raise FormatError("a source that is not there", expected="a folder, a recording or a table of paths")
    return found if copies == "all" else _without_copies(list(found), copies)


def _walk(root: Path) -> Iterator[RecordFile]:
    for folder, folders, names in os.walk(root):
        folders[:] = sorted(name for name in folders if not name.startswith(".") and not name.endswith(".zarr"))
        visible = sorted(name for name in names if not name.startswith((".", "._")) and name != "DICOMDIR")
        yield from _in_folder(Path(folder), visible)


def _in_folder(folder: Path, names: list[str]) -> Iterator[RecordFile]:
    segments, owned = _belonging(folder, names)
    headers = {Path(name).stem.lower() for name in names if name.lower().endswith(".hea")}
    for name in names:
        path = folder / name
        if name in segments or name in owned:
            continue
        if path.suffix.lower() in (".dat", ".mat") and path.stem.lower() in headers:
            continue
        kind = _kind(path)
        if kind is not None:
            yield from _recordings(path, kind)


def _recordings(path: Path, kind: str) -> Iterator[RecordFile]:
    """The recordings of one file: one, but for an HDF5 file of many."""
    names = [""]
    if kind == "hdf5":
        from ecgomics.records.hdf5 import items

        try:
            names = items(path)
        except FormatError:
            names = [""]  # it stays in the list, and its reading says what is wrong
    for name in names:
        if name:
            yield RecordFile(path.with_name(f"{path.name}#{name}"), f"{readable(path.stem)}-{name}", kind)
        else:
            yield RecordFile(path, readable(Path(inner_name(path)).stem), kind)


def _belonging(folder: Path, names: list[str]) -> tuple[set[str], set[str]]:
    """Headers that are segments of another record, and files a header names."""
    segments: set[str] = set()
    owned: set[str] = set()
    for name in names:
        if not name.endswith(".hea"):
            continue
        try:
            if (folder / name).stat().st_size > MAX_HEADER_BYTES:
                continue
            header = read_header(folder / name)
        except (FormatError, OSError):
            continue  # it stays in the list, and its reading says what is wrong
        segments |= {f"{segment}.hea" for segment, _ in header.segment_lines if f"{segment}.hea" != name}
        owned |= {signal.file for signal in header.signals}
    return segments, owned - {name for name in owned if name.endswith(".hea")}


def _kind(path: Path) -> str | None:
    """What a file claims to be, or None when it claims to be no ECG."""
    suffix = path.suffix.lower()
    try:
        if not path.is_file():
            return _claimed(suffix)
        with path.open("rb") as file:
            head = file.read(HEAD_BYTES if suffix in (".txt", ".xml", *_TABLES) else 1024)
        size = path.stat().st_size
        if is_packed(head) and suffix == ".gz":
            return _kind_within(path)
    except OSError:
        return _claimed(suffix)
    told = binary_kind(head, size=size)
    if suffix == ".mat":
        return None if _is_reference(path, told) else told or "matlab"
    if suffix in _CLAIMS:
        return told or _CLAIMS[suffix]
    if suffix in _UNREAD:
        return told or "other"
    if told in _TELLING:
        return told
    return _kind_of_text(path, head, suffix)


def _kind_within(path: Path) -> str | None:
    """What the one file of a gzip archive claims to be; a table of labels is none."""
    inner = Path(inner_name(path))
    suffix = inner.suffix.lower()
    head = unpacked_head(path, HEAD_BYTES)
    told = binary_kind(head, size=-1)
    if suffix in _TABLES and is_label_head(head, suffix):
        return None
    return told or _claimed(suffix) or _kind_of_text(inner, head, suffix)


def _claimed(suffix: str) -> str | None:
    """What a file that cannot be looked into says by its name."""
    return _CLAIMS.get(suffix) or ("csv" if suffix in _TABLES else "other" if suffix in _UNREAD else None)


def _kind_of_text(path: Path, head: bytes, suffix: str) -> str | None:
    if suffix == ".xml":
        root = xml_root(head) or ""
        return XML_ROOTS.get(root, "other" if root in _UNREAD_ROOTS else None)
    text = decode(head)
    if suffix == ".json":
        return "live" if text is not None and is_live(text) and not is_gone(text) else None
    if suffix not in (".txt", *_TABLES):
        return None
    sensor = None if text is None else text_kind(text)
    if sensor is not None:
        return sensor
    if suffix in _TABLES:
        return None if is_label_table(path) else "csv"
    return "csv" if _is_long_table(head) else None


def _is_reference(path: Path, told: str | None) -> bool:
    """Whether a MATLAB file holds the R peaks of a CPSC 2019 recording and nothing else."""
    if told != "matlab" or path.stat().st_size > 100_000:
        return False
    from ecgomics.records import matlab

    try:
        return matlab.names(path) == ["R_peak"]
    except FormatError:
        return False  # it stays in the list, and its reading says what is wrong


def _is_long_table(head: bytes) -> bool:
    text = decode(head)
    layout = None if text is None else find_numbers(text)
    return text is not None and layout is not None and len(text.splitlines()) - layout.first_row >= 200


def _listed(table: Path) -> Iterator[RecordFile]:
    for path in listed_paths(table):
        header = path.with_name(path.name + ".hea")
        target = header if path.suffix == "" and header.is_file() else path
        yield RecordFile(target, readable(target.stem), _kind(target) or "other")


def _without_copies(found: list[RecordFile], copies: Copies) -> Iterator[RecordFile]:
    kept, other = ("_lr", "_hr") if copies == "low" else ("_hr", "_lr")
    here = {file.source.removesuffix(kept) for file in found if file.source.endswith(kept)}
    for file in found:
        if not (file.source.endswith(other) and file.source.removesuffix(other) in here):
            yield file
