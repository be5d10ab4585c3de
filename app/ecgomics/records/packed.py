"""Files that are not read where they lie: gzip archives of one recording, and WFDB records with names in capitals."""

from __future__ import annotations

import gzip
import shutil
import tempfile
import zlib
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from ecgomics.errors import FormatError
from ecgomics.records.wfdb_header import MAX_HEADER_BYTES, read_header

GZIP = b"\x1f\x8b"
MAX_UNPACKED = 4_000_000_000
MAX_STRETCH = 200
"""How many times its own size an archive may unpack to, beyond the first 50 MB; texts of numbers come to 3 to 20."""

_FREE_BYTES = 50_000_000
_PIECE = 1 << 20


def is_packed(head: bytes) -> bool:
    """Whether a file's first bytes begin a gzip archive."""
    return head.startswith(GZIP)


@contextmanager
def laid_open(path: Path, *, beside: Path | None = None) -> Iterator[Path]:
    """Have a file as its reader wants it: itself, or what was unpacked or renamed, which is gone afterwards.

    Parameters
    ----------
    path
        A file.
    beside
        A file whose folder has room for what is unpacked; None: the system's folder of temporary files.

    Raises
    ------
    FormatError
        For an archive that is damaged, cut short or unpacks to far more than a recording.
    """
    with path.open("rb") as file:
        packed = is_packed(file.read(len(GZIP)))
    capitals = path.suffix != ".hea" and path.suffix.lower() == ".hea"
    if not packed and not capitals:
        yield path
        return
    with tempfile.TemporaryDirectory(prefix="ecgomics-", dir=None if beside is None else beside.parent) as folder:
        yield _unpacked(path, Path(folder)) if packed else _in_small_letters(path, Path(folder))


def unpacked_head(path: Path, size: int) -> bytes:
    """The first bytes of what an archive holds; none of a damaged one."""
    with path.open("rb") as file:
        try:
            return zlib.decompressobj(wbits=zlib.MAX_WBITS | 16).decompress(file.read(size), size)
        except zlib.error:
            return b""


def inner_name(path: Path) -> str:
    """The name of what a gzip archive holds, by the archive's own."""
    return path.stem if path.suffix.lower() == ".gz" else path.name


def _unpacked(path: Path, folder: Path) -> Path:
    """The one file of a gzip archive; of one that was made in several runs, all of them, as gzip does."""
    target = folder / inner_name(path)
    most = min(MAX_UNPACKED, _FREE_BYTES + MAX_STRETCH * path.stat().st_size)
    try:
        with gzip.open(path) as source, target.open("wb") as sink:
            while piece := source.read(_PIECE):
                if sink.tell() + len(piece) > most:
                    raise FormatError(
                        f"a gzip archive that unpacks to over {most} bytes",
                        expected=f"at most {MAX_STRETCH} times its own size, and {MAX_UNPACKED}",
                        remedy="unpack it first, if it is to be trusted",
                    )
                sink.write(piece)
            written = sink.tell()
    except EOFError:
        raise FormatError("a gzip archive that is cut short", expected=_WHOLE, remedy=_AGAIN) from None
    except (gzip.BadGzipFile, zlib.error):
        raise FormatError("a damaged gzip archive", expected=_WHOLE, remedy=_AGAIN) from None
    if not written:
        raise FormatError("an empty gzip archive", expected="one recording", remedy=_AGAIN)
    return target


_WHOLE, _AGAIN = "a whole one", "fetch the file again"


def _in_small_letters(path: Path, folder: Path) -> Path:
    """Copies of a header named .HEA and of the files it names, whatever the case of their letters."""
    if path.stat().st_size > MAX_HEADER_BYTES:
        raise FormatError("a WFDB header of over 1 MB", expected="a few kB of text")
    target = folder / f"{path.stem}.hea"
    shutil.copyfile(path, target)
    there = {one.name.lower(): one for one in path.parent.iterdir() if one.is_file() and not one.is_symlink()}
    for name in {signal.file for signal in read_header(target).signals}:
        found = there.get(name.lower())
        # a name with a folder in it is left to the reader to refuse
        if found is not None and name == Path(name).name:
            shutil.copyfile(found, folder / name)
    return target
