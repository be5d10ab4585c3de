"""Samples as lines of text: the grammar that serial ports and UDP speak here, and the hostile lines it refuses.

A stream is lines of ASCII, ended by LF or CR LF, at most 4096 characters:

- ``# {…}`` a head: a JSON object with ``rate_hz`` and ``columns``, and where needed ``unit`` (``"mV"``), ``zero`` and
  ``gain`` (mV = (number - zero) · unit / gain), ``seq_modulo``, ``device``. A head may be left out when the source was
  told its layout, and may come again.
- ``# OpenSignals Text File Format``, ``# {…}``, ``# EndOfHeader``: the head of BITalino's and biosignalsplux's texts.
- ``#…`` anything else after a hash is a remark.
- ``12,0.048,0.12,-0.03`` a row: a number a column, parted by one kind of sign: comma, semicolon, tab or blanks. A
  decimal comma is understood where semicolons or tabs part the columns. An empty cell or ``nan`` is a missing sample.

A column is called by its lead, or ``seq`` (a whole number that counts samples; with ``seq_modulo`` it begins anew after
so many), ``time_s``, ``time_ms``, ``time_us`` (the sender's clock), or ``-`` (not looked at).
"""

from __future__ import annotations

import json
import math
import re
from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from ecgomics.errors import EcgomicsError, FormatError, SourceError

LONGEST_LINE = 4096
MOST_COLUMNS = 64
LARGEST_MV = 1000.0
"""No ECG is above 1 V: a unit must be wrong."""
HOPELESS = 500
"""Lines refused one after another before a source is given up."""

_NUMBER = re.compile(r"[+-]?(?:\d{1,20}(?:\.\d{0,20})?|\.\d{1,20})(?:[eE][+-]?\d{1,3})?")
_CLOCKS = {"time_s": 1.0, "time_ms": 1e-3, "time_us": 1e-6}
_SIGNS = (";", "\t", ",")
_SEQ_MODULO = {"bitalino": 16}
"""BITalino numbers its samples with four bits."""


@dataclass(frozen=True)
class Layout:
    """What the columns of a row are.

    Attributes
    ----------
    rate_hz
        Samples a second.
    columns
        A name each: leads, ``seq``, ``time_s``, ``time_ms``, ``time_us`` or ``-``.
    scale, zero
        By lead: mV = (number - zero) · scale.
    seq_modulo
        After how many the sequence number begins anew; 0: never.
    device
        Maker and model, as the head says.
    """

    rate_hz: float
    columns: tuple[str, ...]
    scale: tuple[float, ...]
    zero: tuple[float, ...]
    seq_modulo: int = 0
    device: str = ""

    @property
    def leads(self) -> tuple[str, ...]:
        """Names of the leads, in the order of their columns."""
        return tuple(name for name in self.columns if not _apart(name))

    @classmethod
    def of(cls, head: Mapping[str, Any]) -> Layout:
        """Read a head.

        Raises
        ------
        FormatError
            When it does not say rate and columns, or says them wrongly.
        """
        from ecgomics.records.units import mv_per

        columns = head.get("columns")
        if not isinstance(columns, list | tuple) or not all(isinstance(name, str) and name.strip() for name in columns):
            raise FormatError("a head without columns", expected='"columns": ["seq", "II", …]')
        columns = tuple(name.strip()[:16] for name in columns)
        leads = [name for name in columns if not _apart(name)]
        marks = [name for name in columns if _apart(name) and name != "-"]
        if not leads or len(columns) > MOST_COLUMNS or len({*leads, *marks}) != len(leads) + len(marks):
            raise FormatError(f"{len(columns)} columns with {len(leads)} leads", expected="each lead and mark once")
        if sum(name in _CLOCKS for name in columns) > 1:
            raise FormatError("a head with two clocks", expected="one of time_s, time_ms and time_us")
        unit = head.get("unit", "mV")
        factor = mv_per(unit if isinstance(unit, str) else "") / _real(head, "gain", 1.0, low=1e-9)
        modulo = head.get("seq_modulo", 0)
        if not isinstance(modulo, int) or isinstance(modulo, bool) or modulo < 0 or modulo == 1:
            raise FormatError("a head whose seq_modulo is no count", expected="a whole number from 2, or 0")
        return cls(
            rate_hz=_real(head, "rate_hz", math.nan, low=1.0),
            columns=columns,
            scale=(factor,) * len(leads),
            zero=(_real(head, "zero", 0.0, low=-1e12),) * len(leads),
            seq_modulo=modulo,
            device=str(head.get("device", ""))[:120],
        )


@dataclass(frozen=True)
class Row:
    """One sample of every lead: mV (NaN = missing), its sequence number and the sender's clock, where there are any."""

    values: tuple[float, ...]
    seq: int | None
    clock_s: float


class LineReader:
    """Turns bytes as they come into rows; what is no row is counted and left out.

    Parameters
    ----------
    layout
        What the columns are; none when a head will say so.

    Examples
    --------
    >>> reader = LineReader(Layout.of({"rate_hz": 250, "columns": ["seq", "II"]}))
    >>> [row.values for row in reader.take(b"0,0.5\\n1,junk\\n2,0.25\\n3,")]
    [(0.5,), (0.25,)]
    >>> reader.refused
    Counter({'a cell that is no number': 1})
    """

    def __init__(self, layout: Layout | None = None) -> None:
        self.layout = layout
        self.refused: Counter[str] = Counter()
        self._rest = b""
        self._overlong = self._torn = False
        self._open_signals = False
        self._in_a_row = 0

    def take(self, data: bytes) -> list[Row]:
        """Rows of the lines that ended within what came.

        Raises
        ------
        SourceError
            After too many lines one after another that are none.
        """
        *lines, self._rest = (self._rest + data).split(b"\n")
        rows = [row for line in lines if (row := self._line(line)) is not None]
        if len(self._rest) > LONGEST_LINE:
            self._rest, self._overlong = b"", True
        return rows

    def torn(self) -> None:
        """What came before is over, and what comes begins within a line: neither end is to be read as a line."""
        self._rest, self._torn = b"", True

    def whole(self, data: bytes) -> list[Row]:
        """Rows of a packet of whole lines, whose last may lack its end."""
        self._rest, self._overlong = b"", False
        return self.take(data if data.endswith(b"\n") else data + b"\n")

    def _line(self, line: bytes) -> Row | None:
        if self._torn:
            self._torn = False
            return None
        try:
            if self._overlong or len(line) > LONGEST_LINE:
                self._overlong = False
                raise FormatError("a line that is too long")
            text = line.rstrip(b"\r").decode("ascii").strip(" ")
            if text.startswith("#"):
                self._remark(text[1:].strip())
                return None
            if not text:
                return None
            row = self._row(text)
        except (EcgomicsError, UnicodeDecodeError) as error:
            self._refuse(error.arrived if isinstance(error, EcgomicsError) else "a line that is no ASCII")
            return None
        self._in_a_row = 0
        return row

    def _refuse(self, why: str) -> None:
        self.refused[why] += 1
        self._in_a_row += 1
        if self._in_a_row >= HOPELESS:
            raise SourceError(
                f"{HOPELESS} lines one after another that are no samples, the last {why}",
                expected="rows of numbers as the head says",
                remedy="check the baud rate, and the columns",
            )

    def _remark(self, text: str) -> None:
        if text.startswith("OpenSignals"):
            self._open_signals = True
        if not text.startswith("{"):
            return
        try:
            head = json.loads(text)
        except (ValueError, RecursionError):
            raise FormatError("a head that is no JSON") from None
        told = open_signals_layout(head) if self._open_signals else Layout.of(head)
        self._open_signals = False
        if self.layout is not None and (told.leads, told.rate_hz) != (self.layout.leads, self.layout.rate_hz):
            raise FormatError("a head of other leads or another rate")
        self.layout = told

    def _row(self, text: str) -> Row:
        layout = self.layout
        if layout is None:
            raise FormatError("a row before its head")
        sign = next((sign for sign in _SIGNS if sign in text), None)
        cells = [cell.strip() for cell in (text.split(sign) if sign else text.split())]
        if len(cells) == len(layout.columns) + 1 and not cells[-1]:
            cells.pop()
        if len(cells) != len(layout.columns):
            raise FormatError("a row of another number of cells")
        seq, clock_s = None, math.nan
        values: list[float] = []
        for name, cell in zip(layout.columns, cells, strict=True):
            if name == "-":
                continue
            number = _number(cell if sign == "," else cell.replace(",", "."))
            if name == "seq":
                seq = _count(number)
            elif name in _CLOCKS:
                clock_s = _finite(number) * _CLOCKS[name]
            else:
                values.append((number - layout.zero[len(values)]) * layout.scale[len(values)])
        if any(abs(value) > LARGEST_MV for value in values):
            raise FormatError("a voltage above 1 V")
        return Row(tuple(values), seq, clock_s)


def open_signals_layout(head: Any) -> Layout:
    """The layout of an OpenSignals head: its channels with an ECG sensor, in mV by the maker's transfer function.

    Raises
    ------
    FormatError
        For a head that names no ECG channel, or a device whose scale is not known.
    """
    from ecgomics.records.wearables import ecg_channels

    channels = ecg_channels(head)
    device = channels[0].device
    own = {channel.column: channel for channel in channels if channel.device is device}
    called = {at: f"ECG{k}" if len(own) > 1 else "ECG" for k, at in enumerate(own, start=1)}
    names = [str(name) for part in head.values() for name in part["column"]]
    counts = [at for at, name in enumerate(names) if name == "nSeq"][:1]
    return Layout(
        rate_hz=_real(device, "sampling rate", math.nan, low=1.0),
        columns=tuple(called.get(at, "seq" if at in counts else "-") for at in range(len(names))),
        scale=tuple(channel.scale for channel in own.values()),
        zero=tuple(channel.zero for channel in own.values()),
        seq_modulo=_SEQ_MODULO.get(channels[0].maker, 0),
        device=channels[0].maker,
    )


def _apart(name: str) -> bool:
    return name in ("seq", "-") or name in _CLOCKS


def _number(cell: str) -> float:
    if cell in ("", "nan", "NaN", "NAN"):
        return math.nan
    if not _NUMBER.fullmatch(cell) or math.isinf(float(cell)):
        raise FormatError("a cell that is no number")
    return float(cell)


def _finite(number: float) -> float:
    if not math.isfinite(number):
        raise FormatError("a row without its clock")
    return number


def _count(number: float) -> int:
    if not math.isfinite(number) or number < 0 or number != int(number) or number >= 1 << 53:
        raise FormatError("a sequence number that is no count")
    return int(number)


def _real(head: Mapping[str, Any], name: str, default: float, *, low: float) -> float:
    value = head.get(name, default)
    if isinstance(value, bool) or not isinstance(value, int | float) or not math.isfinite(value) or value < low:
        raise FormatError(f"a head whose {name} is not to be used", expected=f"a number from {low:g}")
    return float(value)
