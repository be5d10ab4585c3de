"""A text file as a table of numbers: delimiter, preamble, column names, and what they say of time and unit."""

from __future__ import annotations

import codecs
import re
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import chain, islice
from pathlib import Path

import numpy as np
import numpy.typing as npt

from ecgomics.errors import FormatError

MAX_TEXT_BYTES = 1_000_000_000
HEAD_BYTES = 65_536
WHOLE_BYTES = 1 << 25
"""Texts up to that are read at once, longer ones line by line."""
ROWS = 1 << 17
"""Rows that become numbers at a time."""

_DELIMITERS = (";", "\t", ",", " ")
_RATE = re.compile(r"(?:rate_hz|sampling[ _]?rate|sample[ _]?rate|frequency|\bfs)\W{1,4}(\d+(?:\.\d+)?)", re.IGNORECASE)
_UNIT = re.compile(r"\bunits?\W{1,4}([a-zµμ]+)", re.IGNORECASE)
_LEAD = re.compile(r"^lead\W+(?:lead\s+)?(\w+)", re.IGNORECASE | re.MULTILINE)
_TIME = re.compile(r"^(?:t|time|timestamp|elapsed|seconds?|sec)$", re.IGNORECASE)
_INDEX = re.compile(r"^(?:|index|sample|sample[ _]?(?:no|number|index)|unnamed.*|nseq)$", re.IGNORECASE)
_SUFFIX = re.compile(
    r"^(?P<name>.*?)[ _]*[\[(]?(?P<unit>(?<=[\[( _])(?:s|ms|us|µs|ns|sec|seconds|mv|uv|µv|μv|v|nv))[\])]?$", re.I
)
_MISSING = ("", "nan", "na", "n/a", "null", "none", "-", "--")
_SECONDS = {"s": 1.0, "sec": 1.0, "seconds": 1.0, "ms": 1e-3, "us": 1e-6, "µs": 1e-6, "ns": 1e-9}


@dataclass(frozen=True)
class NamedColumn:
    """A column: its name, its unit if the name says one, and how many seconds its unit is if it holds time."""

    name: str
    unit: str | None = None
    seconds: float | None = None
    is_index: bool = False


@dataclass(frozen=True)
class TextTable:
    """Numbers by column, dims ``(column, row)``, and what the text around them states."""

    columns: tuple[NamedColumn, ...]
    values: npt.NDArray[np.float64]
    rate_hz: float | None = None
    unit: str | None = None
    notes: tuple[str, ...] = ()


@dataclass(frozen=True)
class Layout:
    """Where in a text the numbers begin and how they are parted."""

    delimiter: str
    first_row: int
    width: int
    share: float


def decode(data: bytes) -> str | None:
    """Text of a file's bytes, or None when they are no text."""
    if data[:2] in (b"\xff\xfe", b"\xfe\xff"):
        return data.decode("utf-16", errors="replace")
    if b"\x00" in data:
        return None
    try:
        return data.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        if error.start >= len(data) - 4:  # the head of a file may end within a character
            return data[: error.start].decode("utf-8-sig")
        return data.decode("latin-1")


def find_numbers(text: str) -> Layout | None:
    """The first row that is mostly numbers, confirmed by the one after it; None when there is none."""
    lines = text.splitlines()[:400]
    for index, line in enumerate(lines):
        if not line.strip() or line.lstrip().startswith("#"):
            continue
        for delimiter in _DELIMITERS:
            cells = _cells(line, delimiter)
            share = _numeric_share(cells)
            after = _cells(lines[index + 1], delimiter) if index + 1 < len(lines) else cells
            if share >= 0.5 and len(after) == len(cells) and _numeric_share(after) >= 0.5:
                return Layout(delimiter, index, len(cells), share)
    return None


def read_text(path: Path) -> TextTable:
    """Read a text table of numbers.

    Raises
    ------
    FormatError
        When the file is no text, too big, or holds no rows of numbers.
    """
    head = head_of(path)
    layout = find_numbers(head)
    if layout is None:
        raise FormatError("a text without rows of numbers", expected="one column a lead, one row a sample")
    lines = lines_of(path)
    preamble = list(islice(lines, layout.first_row))
    names = _names_above(preamble, layout)
    return _described(_gathered(lines, layout), names=names, preamble="\n".join(preamble))


def head_of(path: Path) -> str:
    """The beginning of a text, a few hundred lines of it.

    Raises
    ------
    FormatError
        When it is too big or no text.
    """
    if path.stat().st_size <= WHOLE_BYTES:
        return text_of(path)
    _encoding(path)
    with path.open("rb") as file:
        text = decode(file.read(16 * HEAD_BYTES))
    return text if text is not None else ""


def lines_of(path: Path) -> Iterator[str]:
    """The lines of a text; a long one is not read into memory.

    Raises
    ------
    FormatError
        When it is too big or no text.
    """
    if path.stat().st_size <= WHOLE_BYTES:
        yield from text_of(path).splitlines()
        return
    with path.open(encoding=_encoding(path), errors="replace", newline=None) as file:
        for line in file:
            yield from line.splitlines()


def _encoding(path: Path) -> str:
    """How the text of a long file is encoded, looked for as `decode` does."""
    _check_size(path)
    strict: codecs.IncrementalDecoder = codecs.getincrementaldecoder("utf-8")("strict")
    found = "utf-8-sig"
    with path.open("rb") as file:
        if file.read(2) in (b"\xff\xfe", b"\xfe\xff"):
            return "utf-16"
        file.seek(0)
        while part := file.read(WHOLE_BYTES):
            if b"\x00" in part:
                raise FormatError("bytes that are no text", expected="a table of numbers")
            try:
                strict.decode(part)
            except UnicodeDecodeError:
                found = "latin-1"
                strict = codecs.getincrementaldecoder("latin-1")("strict")
    return found


def _check_size(path: Path) -> None:
    size = path.stat().st_size
    if size > MAX_TEXT_BYTES:
        raise FormatError(f"a text table of {size} bytes", expected=f"at most {MAX_TEXT_BYTES}")


def text_of(path: Path) -> str:
    """A file as text.

    Raises
    ------
    FormatError
        When it is too big or no text.
    """
    _check_size(path)
    text = decode(path.read_bytes())
    if text is None:
        raise FormatError("bytes that are no text", expected="a table of numbers")
    return text


def named_column(name: str) -> NamedColumn:
    """What a column's name says: `time_s`, `time (ms)`, `II [uV]`, `V1_mV`, `II`."""
    text = name.strip().strip('"')
    match = _SUFFIX.match(text)
    base, unit = (match["name"].strip(), match["unit"]) if match else (text, None)
    last = base.split()[-1] if base.split() else ""
    if _TIME.match(base) or (unit and unit.lower() in _SECONDS and _TIME.match(last)):
        return NamedColumn(base, seconds=_SECONDS.get((unit or "s").lower(), 1.0))
    if unit is not None and unit.lower() in _SECONDS:
        return NamedColumn(base, is_index=True)
    return NamedColumn(base, unit=unit, is_index=bool(_INDEX.match(base)))


@dataclass(frozen=True)
class _Cells:
    """Cells as numbers, dims ``(column, row)``; how many cells of each column are words, and how many hold anything."""

    numbers: npt.NDArray[np.float64]
    words: npt.NDArray[np.int64]
    full: npt.NDArray[np.int64]

    @property
    def text(self) -> npt.NDArray[np.bool_]:
        """Which columns are words."""
        return np.asarray((self.full > 0) & (self.words * 2 > self.full), dtype=bool)


def _gathered(lines: Iterator[str], layout: Layout) -> _Cells:
    """The cells of all rows, read so many rows at a time."""
    body: Iterator[str] = (line for line in lines if line.strip() and not line.lstrip().startswith("#"))
    first = next(body)
    body = chain([first], body)
    if layout.delimiter != "," and re.search(r"\d,\d", first):
        body = (line.replace(",", ".") for line in body)
    parts: list[_Cells] = []
    while some := list(islice(body, ROWS)):
        parts.append(_read_cells(some, layout))
    if any(len(part.numbers) != layout.width for part in parts):
        raise FormatError("a table whose rows are of different lengths", expected="rows of one length")
    words, full = (sum(getattr(part, name) for part in parts) for name in ("words", "full"))
    return _Cells(np.concatenate([part.numbers for part in parts], axis=1), words, full)


def _read_cells(lines: list[str], layout: Layout) -> _Cells:
    # not pandas: its C parser takes the process down on some damaged numbers (2.3.3)
    try:
        delimiter = None if layout.delimiter == " " else layout.delimiter
        numbers = np.loadtxt(lines, delimiter=delimiter, comments=None, ndmin=2).T
    except ValueError:
        return _read_cells_one_by_one(lines, layout)
    return _Cells(numbers, np.zeros(len(numbers), dtype=np.int64), np.isfinite(numbers).sum(axis=1))


def _read_cells_one_by_one(lines: list[str], layout: Layout) -> _Cells:
    numbers = np.full((layout.width, len(lines)), np.nan)
    words = np.zeros(layout.width, dtype=np.int64)
    full = np.zeros(layout.width, dtype=np.int64)
    for row, line in enumerate(lines):
        cells = _cells(line, layout.delimiter)
        if len(cells) != layout.width:
            raise FormatError(
                f"a table row of {len(cells)} cells among rows of {layout.width}", expected="rows of one length"
            )
        for column, cell in enumerate(cells):
            if cell.lower() in _MISSING:
                continue
            full[column] += 1
            if _is_number(cell):
                numbers[column, row] = float(cell.replace(",", "."))
            else:
                words[column] += 1
    return _Cells(numbers, words, full)


def _described(cells: _Cells, *, names: list[str] | None, preamble: str) -> TextTable:
    notes: list[str] = []
    width, length = cells.numbers.shape
    if names is None and width > length and length <= 64:
        notes.append("more columns than rows and no names: each row taken as a lead")
        columns = tuple(NamedColumn("") for _ in range(length))
        values = cells.numbers.T
    else:
        labels = names if names is not None else [""] * width
        named = [named_column(label) if names is not None else NamedColumn(label) for label in labels]
        kept = [k for k in range(width) if not cells.text[k]]
        if len(kept) < width:
            notes.append("columns that are no numbers left out")
        columns, values = tuple(named[k] for k in kept), cells.numbers[kept]
        garbled = int(cells.words[kept].sum())
        if garbled:
            notes.append(f"{garbled} cells that are no numbers taken for missing")
    rate, unit, lead = _RATE.search(preamble), _UNIT.search(preamble), _LEAD.search(preamble)
    if lead and len(columns) == 1 and not columns[0].name:
        columns = (NamedColumn(lead[1], unit=columns[0].unit),)
    return TextTable(columns, values, float(rate[1]) if rate else None, unit[1] if unit else None, tuple(notes))


def _names_above(preamble: list[str], layout: Layout) -> list[str] | None:
    line = preamble[-1] if preamble else ""
    cells = _cells(line.lstrip("# "), layout.delimiter)
    stating = _RATE.search(line) or _UNIT.search(line)
    return cells if line.strip() and len(cells) == layout.width and not stating else None


def _cells(line: str, delimiter: str) -> list[str]:
    parts = line.split() if delimiter == " " else line.rstrip("\r\n").split(delimiter)
    return [part.strip().strip('"') for part in parts]


def _numeric_share(cells: list[str]) -> float:
    full = [cell for cell in cells if cell != ""]
    return sum(_is_number(cell) for cell in full) / len(full) if full else 0.0


def _is_number(cell: str) -> bool:
    if len(cell) > 40:
        return False
    try:
        float(cell.replace(",", ".", 1))
    except ValueError:
        return False
    return "_" not in cell
