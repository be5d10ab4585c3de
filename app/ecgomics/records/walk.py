"""`find`: the recordings in a folder, each once, in a stable order."""

from __future__ import annotations

import os
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from ecgomics.errors import FormatError
from ecgomics.records.labels import is_label_table, listed_paths
from ecgomics.records.sniff import is_dicom
from ecgomics.records.text_table import HEAD_BYTES, decode, find_numbers
from ecgomics.records.wfdb_header import MAX_HEADER_BYTES, read_header

Copies = Literal["all", "low", "high"]

_TABLES = (".csv", ".tsv")
_ARRAYS = {".npy": "npy", ".npz": "npz", ".parquet": "parquet", ".pq": "parquet"}
_DICOM = (".dcm", ".dicom")
_UNREAD = (".edf", ".bdf", ".scp", ".ecg")
_XML_ROOTS = ("AnnotatedECG", "RestingECG", "CardiologyXML", "restingecgdata", "sapphire")


@dataclass(frozen=True)
class RecordFile:
    """One recording on disk.

    Parameters
    ----------
    path
        The file to `read`: the header, for WFDB.
    source
        Its name without suffix.
    kind
        What it claims to be: ``wfdb``, ``dicom``, ``csv``, ``parquet``, ``npy``, ``npz``, or ``other`` for ECG files
        of formats that are recognised but not read, so that they end in quarantine rather than unseen.
    """

    path: Path
    source: str
    kind: str


def find(source: str | Path, *, copies: Copies = "all") -> Iterator[RecordFile]:
    """Walk a folder for recordings; or take one file, or a table that lists files.

    Files that belong to another (signal files, segments, annotations), label tables and documents are passed over;
    whatever claims to be an ECG is returned, readable or not. Hidden folders and `.zarr` stores are not entered, and
    links to folders not followed.

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
        found = _listed(root) if is_label_table(root) else iter([RecordFile(root, root.stem, _kind(root) or "other")])
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
    headers = {Path(name).stem for name in names if name.endswith(".hea")}
    for name in names:
        path = folder / name
        if name in segments or name in owned:
            continue
        if path.suffix.lower() in (".dat", ".mat") and path.stem in headers:
            continue
        kind = _kind(path)
        if kind is not None:
            yield RecordFile(path, path.stem, kind)


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
    if suffix == ".hea":
        return "wfdb"
    if suffix in _DICOM:
        return "dicom"
    if suffix in _ARRAYS:
        return _ARRAYS[suffix]
    if suffix in _TABLES:
        return None if is_label_table(path) else "csv"
    if suffix in (".dat", ".mat"):
        return "other"
    if suffix in _UNREAD:
        return "other"
    return _kind_by_content(path, suffix)


def _kind_by_content(path: Path, suffix: str) -> str | None:
    try:
        if not path.is_file():
            return None
        with path.open("rb") as file:
            head = file.read(HEAD_BYTES if suffix in (".txt", ".xml") else 132)
    except OSError:
        return None
    if head[128:132] == b"DICM" and is_dicom(head):
        return "dicom"
    if suffix == ".xml":
        text = decode(head) or ""
        return "other" if any(root in text[:4000] for root in _XML_ROOTS) else None
    if suffix == ".txt" and _is_long_table(head):
        return "csv"
    return None


def _is_long_table(head: bytes) -> bool:
    text = decode(head)
    layout = None if text is None else find_numbers(text)
    return text is not None and layout is not None and len(text.splitlines()) - layout.first_row >= 200


def _listed(table: Path) -> Iterator[RecordFile]:
    for path in listed_paths(table):
        header = path.with_name(path.name + ".hea")
        target = header if path.suffix == "" and header.is_file() else path
        yield RecordFile(target, target.stem, _kind(target) or "other")


def _without_copies(found: list[RecordFile], copies: Copies) -> Iterator[RecordFile]:
    kept, other = ("_lr", "_hr") if copies == "low" else ("_hr", "_lr")
    here = {file.source.removesuffix(kept) for file in found if file.source.endswith(kept)}
    for file in found:
        if not (file.source.endswith(other) and file.source.removesuffix(other) in here):
            yield file
