"""Texts that consumer and laboratory sensors write: Apple Health, Polar (Sensor Logger), OpenSignals.

All are tables with a head of their own: the head is read here, the numbers as any table's.
"""

from __future__ import annotations

import csv
import json
import re
from collections.abc import Iterator
from dataclasses import dataclass, replace
from itertools import islice, takewhile
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from ecgomics.errors import FormatError
from ecgomics.records.assembly import Beside, assemble
from ecgomics.records.calendar import age_between, stamp
from ecgomics.records.record import Description, Record, device_statements
from ecgomics.records.stated import Stated, rate_checked
from ecgomics.records.tables import from_columns
from ecgomics.records.text_table import ROWS, NamedColumn, TextTable, head_of, lines_of, read_text, text_of

_APPLE_RATE = re.compile(r"^[^,\n]{2,40},\"?(\d{2,5}(?:[.,]\d+)?)\s*(?:hertz|hz)\b", re.IGNORECASE | re.MULTILINE)
_APPLE_UNIT = re.compile(r"^[^,\n]{2,40},\"?([µμu]V|mV)\"?\s*$", re.MULTILINE)
_APPLE_LEAD = re.compile(r"\b(III|II|I|V[1-6])\b")
_APPLE_KEYS = {
    "born": ("date of birth", "geburtsdatum", "date de naissance", "fecha de nacimiento", "data di nascita"),
    "start": (
        "recorded date",
        "aufzeichnungsdatum",
        "date d’enregistrement",
        "fecha de registro",
        "data di registrazione",
    ),
    "class": ("classification", "klassifizierung", "clasificación", "classificazione"),
    "symptoms": ("symptoms", "symptome", "symptômes", "síntomas", "sintomi"),
    "device": ("device", "gerät", "appareil", "dispositivo"),
    "lead": ("lead", "ableitung", "dérivation", "derivación", "derivazione"),
}

_POLAR = re.compile(r"^\ufeff?phone timestamp;.*\becg\s*\[[µμu]v\]", re.IGNORECASE)

_OPEN_SIGNALS = "# OpenSignals Text File Format"


@dataclass(frozen=True)
class Stage:
    """An analogue front end: supply voltage (V) and gain of its ECG sensor."""

    supply_v: float
    gain: float


_STAGES = {"bitalino": Stage(3.3, 1100.0), "biosignalsplux": Stage(3.0, 1019.0)}


def is_apple(text: str) -> bool:
    """Whether a text begins as an ECG exported by Apple Health, in any language: keys, then one column of numbers."""
    head = text[:2000]
    return bool(_APPLE_RATE.search(head) and _APPLE_UNIT.search(head)) and "," in head.splitlines()[0]


def is_polar(text: str) -> bool:
    """Whether a text begins as an ECG of Polar Sensor Logger."""
    return bool(_POLAR.match(text[:400]))


def is_open_signals(text: str) -> bool:
    """Whether a text begins as an OpenSignals recording."""
    return text.lstrip("\ufeff").startswith(_OPEN_SIGNALS)


def read_apple(path: Path, *, stated: Stated) -> Record:
    """Read an ECG exported by Apple Health: one lead, µV, the watch's classification and symptoms as labels.

    Raises
    ------
    FormatError
        Without a rate, a unit or a column of numbers.
    """
    text = text_of(path)
    rate, unit = _APPLE_RATE.search(text[:2000]), _APPLE_UNIT.search(text[:2000])
    if rate is None or unit is None:
        raise FormatError("an Apple Health ECG without rate or unit", expected="both in its head")
    head, values, notes = _apple_parts(text, after=unit.end())
    said = {name: _said(head, keys) for name, keys in _APPLE_KEYS.items()}
    start, born = stamp(said["start"]), stamp(said["born"])
    lead = _APPLE_LEAD.search(said["lead"])
    if lead is None:
        notes.append("no lead named; I assumed, as the watch records it")
    symptoms = [word.strip() for word in said["symptoms"].split(",")]
    words = [said["class"], *symptoms]
    table = TextTable(
        columns=(NamedColumn(lead[1] if lead else "I", unit=unit[1]),),
        values=values[None],
        rate_hz=float(rate[1].replace(",", ".")),
        notes=tuple(notes),
    )
    description = Description(
        age=age_between(born, start),
        start=start,
        device=" ".join(word for word in ("Apple", said["device"]) if word),
        labels=device_statements(words),
    )
    record = from_columns(table, stated=Stated(), source=path.stem, description=description)
    return rate_checked(record, stated)


def _apple_parts(text: str, *, after: int) -> tuple[dict[str, str], npt.NDArray[np.float64], list[str]]:
    rows = csv.reader(text[:after].lstrip("\ufeff").splitlines())
    head = {row[0].strip().lower(): ",".join(row[1:]).strip() for row in rows if len(row) >= 2}
    cells = text[after:].replace("−", "-").split()
    notes: list[str] = []
    try:
        values = np.array([cell.strip('",;').replace(",", ".") for cell in cells], dtype=np.float64)
    except ValueError:
        raise FormatError("an Apple Health ECG with cells that are no numbers", expected="one number a line") from None
    if not values.size:
        raise FormatError("an Apple Health ECG without samples", expected="one number a line")
    return head, values, notes


def _said(head: dict[str, str], keys: tuple[str, ...]) -> str:
    return next((head[key] for key in keys if head.get(key)), "")


def read_polar(path: Path, *, stated: Stated) -> Record:
    """Read an ECG of Polar Sensor Logger: one lead, µV, with the sensor's own clock in ns.

    Raises
    ------
    FormatError
        When it is no such table, or its clock goes back.
    """
    table = read_text(path)
    names = [column.name.lower() for column in table.columns]
    clocks = [k for k, column in enumerate(table.columns) if column.seconds is not None]
    ecg = next((k for k, name in enumerate(names) if name == "ecg"), None)
    if ecg is None or not clocks:
        raise FormatError("a Polar recording without its columns", expected="a timestamp and 'ecg [uV]'")
    clock = next((k for k in clocks if "sensor" in names[k]), clocks[0])
    columns = (replace(table.columns[clock], name="time"), replace(table.columns[ecg], name="ECG"))
    # seconds from the first: epochs in ns leave too few digits for the steps
    values = np.stack([table.values[clock] - table.values[clock][0], table.values[ecg]])
    first = head_of(path).splitlines()[1].split(";")[0]
    description = Description(
        start=stamp(first),
        device="Polar",
        notes=("a chest strap's own lead, named ECG: it is none of the twelve",),
    )
    slim = TextTable(columns=columns, values=values, notes=table.notes)
    record = from_columns(slim, stated=Stated(rate_hz=stated.rate_hz), source=path.stem, description=description)
    return record


def read_open_signals(path: Path, *, stated: Stated) -> Record:
    """Read the ECG channels of an OpenSignals text (BITalino, biosignalsplux), turned from counts into mV.

    The transfer function is the maker's: (count / 2ⁿ - 1/2) · supply / gain, with 3.3 V and 1100 for BITalino, 3 V and
    1019 for biosignalsplux.

    Raises
    ------
    FormatError
        For a head that is no JSON, a device not known, or no channel with an ECG sensor.
    """
    lines = lines_of(path)
    head = list(takewhile(lambda line: not line.startswith("# EndOfHeader"), islice(lines, 50)))
    if not 2 <= len(head) < 50:
        raise FormatError("an OpenSignals text without its head", expected="'# EndOfHeader' after one line of JSON")
    try:
        devices = json.loads(head[1].lstrip("# "))
    except (ValueError, RecursionError):
        raise FormatError("an OpenSignals head that cannot be read", expected="JSON naming devices") from None
    found = ecg_channels(devices)
    device, name = found[0].device, found[0].maker
    chosen = [channel for channel in found if channel.device is device]
    values = _columns(lines, [channel.column for channel in chosen])
    stage = stage_of(name)
    rows = [(row - c.zero) * c.scale for row, c in zip(values, chosen, strict=True)]
    rate_hz = float(device["sampling rate"])
    record = assemble(
        np.stack(rows),
        [f"ECG{k}" if len(chosen) > 1 else "ECG" for k in range(1, len(chosen) + 1)],
        rate_hz=rate_hz,
        source=path.stem,
        description=Description(
            start=stamp(f"{device.get('date', '')} {_padded(str(device.get('time', '')))}"),
            device=name,
        ),
        notes=[f"counts turned into mV with {stage.supply_v:g} V and a gain of {stage.gain:g}, as the maker states"],
        beside=Beside(step_uv=[c.scale * 1e3 for c in chosen]),
    )
    return rate_checked(record, stated)


@dataclass(frozen=True)
class EcgChannel:
    """An ECG channel of an OpenSignals device.

    Attributes
    ----------
    device
        The device's part of the head.
    maker
        The device's family, such as ``"bitalino"``.
    column
        Its place in a row, from 0.
    bits
        Resolution of its converter.
    """

    device: dict[str, Any]
    maker: str
    column: int
    bits: int

    @property
    def scale(self) -> float:
        """A count in mV. Raises FormatError for a device whose scale is not known."""
        stage = stage_of(self.maker)
        return stage.supply_v / stage.gain * 1e3 / 2.0**self.bits

    @property
    def zero(self) -> float:
        """The count at 0 mV."""
        return 2.0 ** (self.bits - 1)


def stage_of(maker: str) -> Stage:
    """The front end of a family of devices. Raises FormatError when it is not known."""
    if maker not in _STAGES:
        raise FormatError("an OpenSignals device whose scale is not known", expected=", ".join(_STAGES))
    return _STAGES[maker]


def ecg_channels(devices: Any) -> list[EcgChannel]:
    """The ECG channels an OpenSignals head names, at least one.

    Raises
    ------
    FormatError
        For a head that cannot be read, or names no ECG sensor.
    """
    try:
        found = _channels(devices)
    except (ValueError, KeyError, IndexError, TypeError, AttributeError):
        raise FormatError("an OpenSignals head that cannot be read", expected="JSON naming devices") from None
    if not found:
        raise FormatError("an OpenSignals text without an ECG channel", expected="a sensor named ECG")
    return found


def _channels(devices: dict[str, dict[str, Any]]) -> list[EcgChannel]:
    found, before = [], 0
    for device in devices.values():
        names, labels = [str(n) for n in device["column"]], [str(n) for n in device["label"]]
        maker = str(device["device"]).lower().split("_")[0]
        for sensor, label in zip(device["sensor"], labels, strict=True):
            if "ecg" not in str(sensor).lower():
                continue
            column = names.index(label)
            resolution = device["resolution"]
            # BITalino lists the bits of every column, biosignalsplux those of its channels
            bits = resolution[column] if len(resolution) == len(names) else resolution[labels.index(label)]
            if not 1 <= int(bits) <= 32:
                raise ValueError(bits)
            found.append(EcgChannel(device, maker, before + column, int(bits)))
        before += len(names)
    return found


def _columns(lines: Iterator[str], columns: list[int]) -> npt.NDArray[np.float64]:
    body = (line for line in lines if line.strip())
    parts = []
    try:
        while some := list(islice(body, ROWS)):
            parts.append(np.loadtxt(some, usecols=columns, ndmin=2, comments=None))
    except (ValueError, IndexError):
        raise FormatError("OpenSignals rows that are no numbers, or too short", expected="a number a column") from None
    if not parts:
        raise FormatError("an OpenSignals text without samples", expected="rows of numbers")
    return np.concatenate(parts).T


def _padded(clock: str) -> str:
    """`7:3:47.29` with two digits a part."""
    return ":".join(part.zfill(2) if part.isdigit() else part for part in clock.split(":"))
