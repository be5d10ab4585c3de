"""The frame of an SCP-ECG file: its checksum, its sections, and what the small ones say.

Standard: EN 1064 (ISO 11073-91064): 5.2 (record), 5.3 (pointers), 5.4 (header data), 5.6 (leads), 5.7 (QRS locations),
5.10 (global measurements), 5.11 (statements), 5.13 (lead measurements).
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from datetime import datetime

from ecgomics.errors import FormatError
from ecgomics.records.calendar import age_between, age_of, moment, sex_of
from ecgomics.records.octets import Octets, crc_ccitt
from ecgomics.records.record import Description, Label

MAX_SCP_BYTES = 20_000_000
MAX_LEADS = 85
MAX_BEATS = 100_000

_HEADER = 16
_UNKNOWN = (29999, 19999, 20000, 9999, 999)
_AGE_UNITS = {1: "y", 2: "m", 3: "w", 4: "d", 5: "h"}
_CM = {1: 1.0, 2: 2.54, 3: 0.1}
_KG = {1: 1.0, 2: 0.001, 3: 0.45359237, 4: 0.0283495}

_QTC = {
    1: "QT_IntBazett_Global",
    2: "QT_IntHodges_Global",
    3: "QT_IntFridericia_Global",
    4: "QT_IntFramingham_Global",
}

_MAKERS = {
    1: "Burdick",
    2: "Cambridge",
    3: "Compumed",
    4: "Datamed",
    5: "Fukuda",
    6: "Hewlett-Packard",
    7: "Marquette",
    8: "Mortara",
    9: "Nihon Kohden",
    10: "Okin",
    11: "Quinton",
    12: "Siemens",
    13: "Spacelabs",
    14: "Telemed",
    15: "Hellige",
    16: "Esaote",
    17: "Schiller",
    18: "Picker-Schwarzer",
    19: "Elettronica Trentina",
    20: "Zwönitz",
}

LEADS = {
    1: "I",
    2: "II",
    **{number: f"V{number - 2}" for number in range(3, 10)},
    **{number: f"V{number - 8}R" for number in range(10, 16)},
    16: "X",
    17: "Y",
    18: "Z",
    19: "CC5",
    20: "CM5",
    61: "III",
    62: "aVR",
    63: "aVL",
    64: "aVF",
    65: "-aVR",
    66: "V8",
    67: "V9",
    68: "V8R",
    69: "V9R",
}
"""Lead numbers of annex B that have a usual name."""

_PER_LEAD = (
    ("P_Dur", "ms"),
    ("PR_Int", "ms"),
    ("QRS_Dur", "ms"),
    ("QT_Int", "ms"),
    ("Q_Dur", "ms"),
    ("R_Dur", "ms"),
    ("S_Dur", "ms"),
    ("R2_Dur", "ms"),
    ("S2_Dur", "ms"),
    ("Q_Amp", "mV"),
    ("R_Amp", "mV"),
    ("S_Amp", "mV"),
    ("R2_Amp", "mV"),
    ("S2_Amp", "mV"),
    ("ST_Amp", "mV"),
    ("P_Amp", "mV"),
    ("PNeg_Amp", "mV"),
    ("T_Amp", "mV"),
    ("TNeg_Amp", "mV"),
)


@dataclass(frozen=True)
class LeadLine:
    """A lead of section 3: its number and its first and last sample, counted from 1."""

    number: int
    first: int
    last: int

    @property
    def name(self) -> str:
        """Its usual name, else its number."""
        return LEADS.get(self.number, f"lead {self.number}")

    @property
    def length(self) -> int:
        """Samples."""
        return self.last - self.first + 1


@dataclass(frozen=True)
class Beat:
    """A beat of section 4; sample numbers count from 1, the protected stretch is empty where none is stated."""

    kind: int
    first: int
    fiducial: int
    last: int
    protected: tuple[int, int] | None = None


@dataclass(frozen=True)
class Beats:
    """Section 4: the reference beat's length (ms) and fiducial (sample, from 1), and where its beats lie."""

    length_ms: int = 0
    fiducial: int = 0
    beats: tuple[Beat, ...] = ()


def sections_of(data: Octets) -> dict[int, Octets]:
    """Bodies of the sections by number, after the record's checksum is held against its bytes.

    Raises
    ------
    FormatError
        When the file is truncated, its checksum wrong, or a section lies outside it.
    """
    length = data.u32(2)
    if not 6 + _HEADER < length <= len(data):
        raise FormatError(
            f"an SCP-ECG file that is truncated: {len(data)} of {length} bytes",
            expected="a whole file",
            remedy="fetch the file again",
        )
    if crc_ccitt(data.data[2:length]) != data.u16(0):
        raise FormatError(
            "an SCP-ECG file whose checksum does not match", expected="bytes as written", remedy="fetch the file again"
        )
    whole = data.part(0, length)
    pointers = _section(whole, 6, wanted=0)
    found: dict[int, Octets] = {}
    for at in range(0, len(pointers) - 9, 10):
        number, size, index = pointers.u16(at), pointers.u32(at + 2), pointers.u32(at + 6)
        if size > _HEADER and number not in found and number:
            found[number] = _section(whole, index - 1, wanted=number)
    return found


def _section(data: Octets, at: int, *, wanted: int) -> Octets:
    number, size = data.u16(at + 2), data.u32(at + 4)
    if number != wanted or size < _HEADER:
        raise FormatError(f"an SCP-ECG pointer to a section that is not there, at byte {at}", expected=f"{wanted}")
    return data.part(at + _HEADER, size - _HEADER, name=f"an SCP-ECG section {wanted}")


def leads_of(section: Octets) -> tuple[list[LeadLine], bool]:
    """The leads of section 3, and whether a reference beat was subtracted."""
    count, flags = section.u8(0), section.u8(1)
    if not 0 < count <= MAX_LEADS:
        raise FormatError(f"an SCP-ECG file of {count} leads", expected=f"1 to {MAX_LEADS}")
    lines = []
    for row in range(count):
        at = 2 + 9 * row
        line = LeadLine(section.u8(at + 8), section.u32(at), section.u32(at + 4))
        if not 1 <= line.first <= line.last:
            raise FormatError(f"an SCP-ECG lead that ends before it begins, at byte {section.origin + at}")
        lines.append(line)
    return lines, bool(flags & 1)


def beats_of(section: Octets | None, *, subtracted: bool, bimodal: bool) -> Beats:
    """Section 4; its protected stretches are there when a reference beat was subtracted or the coding is bimodal."""
    if section is None:
        return Beats()
    count = section.u16(4)
    protected_at = 6 + 14 * count
    protects = (subtracted or bimodal) and len(section) >= protected_at + 8 * count
    beats = []
    for row in range(count):
        at, zone = 6 + 14 * row, protected_at + 8 * row
        protected = (section.u32(zone), section.u32(zone + 4)) if protects else None
        beats.append(Beat(section.u16(at), section.u32(at + 2), section.u32(at + 6), section.u32(at + 10), protected))
    return Beats(section.u16(0), section.u16(2), tuple(beats))


def described(section: Octets | None, statements: list[Octets]) -> tuple[Description, dict[str, float]]:
    """What section 1 says of the patient and the recording, and the filters it names."""
    tags = {} if section is None else _tags(section)
    start = _start(tags)
    age = math.nan
    if len(tags.get(4, b"")) >= 3:
        age = age_of(int.from_bytes(tags[4][:2], "little"), _AGE_UNITS.get(tags[4][2], "?"))
    if math.isnan(age) or age == 0:
        age = age_between(_day(tags.get(5, b"")), start)
    description = Description(
        patient=_text(tags.get(2, b"")),
        age=age,
        sex=sex_of(str(tags[8][0])) if tags.get(8) else "",
        start=start,
        device=_device(tags.get(14, b"")),
        labels=tuple(label for part in statements for label in _statements(part)),
    )
    filters = {}
    if len(tags.get(27, b"")) >= 2 and (high := int.from_bytes(tags[27][:2], "little")):
        filters["highpass_hz"] = high / 100
    if len(tags.get(28, b"")) >= 2 and (low := int.from_bytes(tags[28][:2], "little")):
        filters["lowpass_hz"] = float(low)
    return description, filters


def measured(glob: Octets | None, by_lead: Octets | None, header: Octets | None) -> dict[str, tuple[float, str]]:
    """Measurements of sections 7 (of the first reference beat) and 10, and height and weight of section 1."""
    found: dict[str, tuple[float, str]] = {}
    if header is not None:
        tags = _tags(header)
        for tag, name, unit, factors in ((6, "Height", "cm", _CM), (7, "Weight", "kg", _KG)):
            value = tags.get(tag, b"")
            if len(value) >= 3 and value[2] in factors and any(value[:2]):
                found[name] = (int.from_bytes(value[:2], "little") * factors[value[2]], unit)
    if glob is not None and len(glob) >= 22:
        found |= _global(glob)
    if by_lead is not None:
        found |= _by_lead(by_lead)
    return found


def _global(section: Octets) -> dict[str, tuple[float, str]]:
    def known(value: int) -> float:
        return math.nan if value in _UNKNOWN else float(value)

    rr = known(section.u16(2))
    p_on, p_off, qrs_on, qrs_off, t_off = (known(section.u16(6 + 2 * k)) for k in range(5))
    found = {
        "RR_Mean_Global": (rr or math.nan, "ms"),
        "HR_Mean_Global": (60_000 / rr if rr > 0 else math.nan, "/min"),
        "P_Dur_Global": (p_off - p_on, "ms"),
        "PR_Int_Global": (qrs_on - p_on, "ms"),
        "QRS_Dur_Global": (qrs_off - qrs_on, "ms"),
        "QT_Int_Global": (t_off - qrs_on, "ms"),
        "P_AxisFront_Global": (_axis(section.i16(16)), "°"),
        "QRS_AxisFront_Global": (_axis(section.i16(18)), "°"),
        "T_AxisFront_Global": (_axis(section.i16(20)), "°"),
    }
    found |= _rates(section, 6 + 16 * section.u8(0) + 10 * section.u8(1))
    return {name: value for name, value in found.items() if not math.isnan(value[0])}


def _rates(section: Octets, at: int) -> dict[str, tuple[float, str]]:
    """Rates and QTc, which follow the pacemaker spikes and the list of QRS types."""
    at += 2 + section.u16(at) if at + 2 <= len(section) else 0
    if at + 7 > len(section):
        return {}
    ventricular, atrial, qtc = (section.u16(at + 2 * k) for k in range(3))
    method = _QTC.get(section.u8(at + 6), "QTc_Int_Global")
    stated = {"HR_Mean_Global": (ventricular, "/min"), "HR_Atrial_Global": (atrial, "/min"), method: (qtc, "ms")}
    return {name: (float(value), unit) for name, (value, unit) in stated.items() if value and value not in _UNKNOWN}


def _axis(value: int) -> float:
    return float(value) if abs(value) <= 360 else math.nan


def _by_lead(section: Octets) -> dict[str, tuple[float, str]]:
    found: dict[str, tuple[float, str]] = {}
    at = 4
    for _ in range(min(section.u16(0), MAX_LEADS)):
        if at + 4 > len(section):
            break
        name, size = LEADS.get(section.u16(at), ""), section.u16(at + 2)
        body = section.part(at + 4, size)
        for row, (measure, unit) in enumerate(_PER_LEAD):
            if name and 2 * row + 2 <= size and (value := body.i16(2 * row)) not in _UNKNOWN:
                found[f"{measure}_{name}"] = (value / 1000 if unit == "mV" else float(value), unit)
        at += 4 + size
    return found


def _tags(section: Octets) -> dict[int, bytes]:
    tags: dict[int, bytes] = {}
    at = 0
    while at + 3 <= len(section):
        tag, size = section.u8(at), section.u16(at + 1)
        if tag == 255:
            break
        tags.setdefault(tag, section.part(at + 3, size).data)
        at += 3 + size
    return tags


def _text(value: bytes) -> str:
    return Octets(value, "a text").text(0, len(value))


def _day(value: bytes) -> datetime | None:
    return moment(int.from_bytes(value[:2], "little"), value[2], value[3]) if len(value) >= 4 else None


def _start(tags: dict[int, bytes]) -> datetime | None:
    day, clock = tags.get(25, b""), tags.get(26, b"")
    if len(day) < 4:
        return None
    return moment(int.from_bytes(day[:2], "little"), day[2], day[3], *(clock[:3] if len(clock) >= 3 else ()))


def _device(value: bytes) -> str:
    if len(value) < 14:
        return ""
    return " ".join(word for word in (_MAKERS.get(value[7], ""), _text(value[8:14])) if word)


def _statements(section: Octets) -> list[Label]:
    """Statements of section 8 in full text; a section cut short ends the list."""
    found, at = [], 9
    for _ in range(section.u8(8) if len(section) > 8 else 0):
        if at + 3 > len(section):
            break
        size = section.u16(at + 1)
        text = section.text(at + 3, min(size, len(section) - at - 3))
        if text:
            found.append(Label("device-statement", text))
        at += 3 + size
    return found
