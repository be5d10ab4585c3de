"""GE MUSE resting ECG in XML (`RestingECG`): rhythm and median waveforms, base64, usually of eight leads.

No public standard; the elements are those MUSE 7 to 9 export. The limb leads that are not stored are derived.
"""

from __future__ import annotations

import base64
import binascii
import math
import zlib
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from xml.etree.ElementTree import Element

import numpy as np
import numpy.typing as npt

from ecgomics.errors import FormatError
from ecgomics.records.assembly import Beside, Median, assemble
from ecgomics.records.calendar import age_between, age_of, moment, sex_of
from ecgomics.records.record import Annotation, Description, Record, device_statements
from ecgomics.records.stated import Stated, rate_checked
from ecgomics.records.units import is_voltage, mv_per
from ecgomics.records.xml_document import each, number, read_xml, words

MAX_SAMPLES = 50_000_000
MAX_LEADS = 64

_UNITS = {"MICROVOLTS": "uV", "MILLIVOLTS": "mV", "VOLTS": "V", "": "uV"}
_TYPES = {1: "<i1", 2: "<i2", 4: "<i4"}

_MEASURED = {
    "VentricularRate": ("HR_Mean_Global", "/min"),
    "AtrialRate": ("HR_Atrial_Global", "/min"),
    "PRInterval": ("PR_Int_Global", "ms"),
    "QRSDuration": ("QRS_Dur_Global", "ms"),
    "QTInterval": ("QT_Int_Global", "ms"),
    "QTCorrected": ("QTc_Int_Global", "ms"),
    "QTcFrederica": ("QT_IntFridericia_Global", "ms"),
    "QTcFramingham": ("QT_IntFramingham_Global", "ms"),
    "PAxis": ("P_AxisFront_Global", "°"),
    "RAxis": ("QRS_AxisFront_Global", "°"),
    "TAxis": ("T_AxisFront_Global", "°"),
    "QRSCount": ("QRSCount", "count"),
    "SystolicBP": ("SystolicBP", "mmHg"),
    "DiastolicBP": ("DiastolicBP", "mmHg"),
}
_IN_MEDIAN = {
    "POnset": "P_On_Median",
    "POffset": "P_Off_Median",
    "QOnset": "QRS_On_Median",
    "QOffset": "QRS_Off_Median",
    "TOffset": "T_Off_Median",
}
_ZERO_IS_UNKNOWN = ("SystolicBP", "DiastolicBP", "Height", "Weight")


@dataclass
class _Waveform:
    """Leads of one `Waveform` element, mV, by name; and the step of each, µV."""

    rate_hz: float
    leads: dict[str, npt.NDArray[np.float64]] = field(default_factory=dict)
    steps_uv: dict[str, float] = field(default_factory=dict)

    @property
    def samples(self) -> npt.NDArray[np.float64]:
        """Dims ``(lead, time)``; shorter leads end in missing samples."""
        longest = max(row.size for row in self.leads.values())
        return np.stack([np.pad(r, (0, longest - r.size), constant_values=np.nan) for r in self.leads.values()])


def read_muse(path: Path, *, stated: Stated) -> Record:
    """Read a GE MUSE XML file.

    Raises
    ------
    FormatError
        Without a rhythm waveform, or where lead data are no base64, too short, or fail their own CRC-32.
    """
    root = read_xml(path)
    notes: list[str] = []
    waveforms = {words(node, "WaveformType").lower(): node for node in reversed(list(each(root, "Waveform")))}
    if "rhythm" not in waveforms:
        raise FormatError("a MUSE file without a rhythm waveform", expected="a Waveform of type Rhythm")
    rhythm = _waveform(waveforms["rhythm"], notes)
    median = _waveform(waveforms["median"], notes) if "median" in waveforms else None
    record = assemble(
        rhythm.samples,
        list(rhythm.leads),
        rate_hz=rhythm.rate_hz,
        source=path.stem,
        description=_description(root),
        notes=notes,
        beside=Beside(
            measurements=_measurements(root),
            annotations=list(_beats(root)),
            filters=_filters(waveforms["rhythm"]),
            median=None if median is None else Median(median.samples, list(median.leads), median.rate_hz),
            step_uv=list(rhythm.steps_uv.values()),
        ),
    )
    return rate_checked(record, stated)


def _waveform(node: Element, notes: list[str]) -> _Waveform:
    exponent = number(words(node, "SampleExponent") or "0")
    rate_hz = number(words(node, "SampleBase")) * (10.0**exponent if abs(exponent) <= 9 else math.nan)
    found = _Waveform(rate_hz)
    total = 0
    for lead in node.findall("LeadData"):
        name = words(lead, "LeadID")
        values, step_uv = _lead(lead, notes)
        total += values.size
        if total > MAX_SAMPLES or len(found.leads) >= MAX_LEADS:
            raise FormatError("a MUSE waveform of too many samples", expected=f"at most {MAX_SAMPLES}")
        # long recordings come in pages: the same lead again, later
        before = found.leads.get(name)
        found.leads[name] = values if before is None else np.concatenate([before, values])
        found.steps_uv.setdefault(name, step_uv)
    if not found.leads or not any(row.size for row in found.leads.values()):
        raise FormatError("a MUSE waveform without leads", expected="LeadData")
    return found


def _lead(node: Element, notes: list[str]) -> tuple[npt.NDArray[np.float64], float]:
    text = "".join((node.findtext("WaveFormData") or "").split())
    try:
        data = base64.b64decode(text, validate=True)
    except (binascii.Error, ValueError):
        raise FormatError("MUSE lead data that are no base64", expected="base64") from None
    size = number(words(node, "LeadSampleSize") or "2")
    count = number(words(node, "LeadSampleCountTotal"))
    if size not in _TYPES:
        raise FormatError("MUSE samples of an odd size", expected="1, 2 or 4 bytes")
    held = len(data) // int(size)
    if not math.isnan(count) and held < count:
        raise FormatError(
            f"truncated MUSE lead data: {held} of {count:g} samples", expected="all samples", remedy="fetch again"
        )
    checksum = number(words(node, "LeadDataCRC32"))
    if checksum > 0 and zlib.crc32(data) != checksum:
        raise FormatError("MUSE lead data whose checksum does not match", expected="bytes as written")
    step_mv = _step_mv(node, notes)
    raw = np.frombuffer(data[: held * int(size)], dtype=_TYPES[int(size)])
    if not math.isnan(count):
        raw = raw[: int(count)]
    values = raw.astype(np.float64) * step_mv
    if words(node, "LeadOff").upper() == "TRUE":
        notes.append("a lead said to be off is kept")
    return values, step_mv * 1e3


def _step_mv(node: Element, notes: list[str]) -> float:
    step = number(words(node, "LeadAmplitudeUnitsPerBit"))
    word = words(node, "LeadAmplitudeUnits").upper()
    unit = _UNITS.get(word, word)
    if not math.isfinite(step) or step == 0 or not is_voltage(unit):
        raise FormatError("a MUSE lead without an amplitude step", expected="LeadAmplitudeUnitsPerBit and its unit")
    if not word:
        notes.append("a lead states no amplitude unit; µV assumed")
    return step * mv_per(unit)


def _measurements(root: Element) -> dict[str, tuple[float, str]]:
    node = root.find("RestingECGMeasurements")
    found = {name: (number(words(node, tag)), unit) for tag, (name, unit) in _MEASURED.items()}
    exponent = number(words(node, "ECGSampleExponent") or "0")
    base = number(words(node, "ECGSampleBase")) * (10.0**exponent if abs(exponent) <= 9 else math.nan)
    for tag, name in _IN_MEDIAN.items():
        found[name] = (number(words(node, tag)) * 1000 / base if base > 0 else math.nan, "ms")
    person = root.find("PatientDemographics")
    found["Height"] = (number(words(person, "HeightCM")), "cm")
    found["Weight"] = (number(words(person, "WeightKG")), "kg")
    return {name: value for name, value in found.items() if value[0] != 0 or name not in _ZERO_IS_UNKNOWN}


def _beats(root: Element) -> Iterator[Annotation]:
    for beat in each(root.find("QRSTimesTypes"), "QRS"):
        yield Annotation(number(words(beat, "Time")) / 1000, f"QRS type {words(beat, 'Type')[:8]}", "ge-muse")


def _filters(node: Element) -> dict[str, float]:
    # the high pass is stated in hundredths of Hz, the others in Hz
    scales = (
        ("HighPassFilter", "highpass_hz", 0.01),
        ("LowPassFilter", "lowpass_hz", 1.0),
        ("ACFilter", "notch_hz", 1.0),
    )
    return {name: number(words(node, tag)) * scale for tag, name, scale in scales}


def _description(root: Element) -> Description:
    person, test = root.find("PatientDemographics"), root.find("TestDemographics")
    start = _moment(words(test, "AcquisitionDate"), words(test, "AcquisitionTime"))
    age = age_of(number(words(person, "PatientAge")), words(person, "AgeUnits") or "y")
    born = _moment(words(person, "DateofBirth"), "")
    return Description(
        patient=words(person, "PatientID"),
        age=age_between(born, start) if math.isnan(age) else age,
        sex=sex_of(words(person, "Gender")),
        start=start,
        device=" ".join(word for word in ("GE", words(test, "AcquisitionDevice")) if word and test is not None),
        labels=device_statements(_statements(root.find("Diagnosis"))),
    )


def _statements(node: Element | None) -> list[str]:
    """Statements, put together again where one runs over several lines."""
    found, line = [], ""
    for statement in each(node, "DiagnosisStatement"):
        line = f"{line} {words(statement, 'StmtText')}".strip()
        if any(flag.text == "ENDSLINE" for flag in statement.findall("StmtFlag")):
            found.append(line)
            line = ""
    return [*found, line]


def _moment(date: str, clock: str) -> datetime | None:
    """`01-31-2024` (month first) and `10:35:17`."""
    parts = [number(part) for part in date.replace("/", "-").split("-")]
    times = [number(part) for part in clock.split(":")] if clock else []
    if len(parts) != 3 or len(times) not in (0, 2, 3) or any(math.isnan(part) for part in [*parts, *times]):
        return None
    month, day, year = parts if parts[0] <= 31 else (parts[1], parts[2], parts[0])
    return moment(year, month, day, *(times + [0.0] * (3 - len(times)) if times else []))
