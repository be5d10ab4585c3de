"""Philips ECG XML, the schema once called Sierra: versions 1.03, 1.04 and 1.04.01, with XLI waveforms or plain ones.

No public standard; elements as in Philips' published schema, compression as in `xli`.
"""

from __future__ import annotations

import base64
import binascii
import math
from collections.abc import Iterator
from datetime import datetime
from pathlib import Path
from xml.etree.ElementTree import Element

import numpy as np
import numpy.typing as npt

from ecgomics.errors import FormatError
from ecgomics.records.assembly import Beside, Median, assemble
from ecgomics.records.calendar import age_between, age_of, sex_of, stamp
from ecgomics.records.record import Annotation, Description, Record, device_statements
from ecgomics.records.stated import Stated, rate_checked
from ecgomics.records.xli import decode_xli
from ecgomics.records.xml_document import child, each, number, read_xml, words
from ecgomics.vocabulary import LEADS, normalise_lead

VERSIONS = ("1.03", "1.04", "1.04.01", "1.04.02")
MAX_SAMPLES = 50_000_000
MAX_LEADS = 64

_STEP_UV = 5.0
_UNUSED = 32767

_GLOBAL = {
    "heartrate": ("HR_Mean_Global", "/min"),
    "meanventrate": ("HR_Mean_Global", "/min"),
    "lowventrate": ("HR_Min_Global", "/min"),
    "highventrate": ("HR_Max_Global", "/min"),
    "atrialrate": ("HR_Atrial_Global", "/min"),
    "rrint": ("RR_Mean_Global", "ms"),
    "pdur": ("P_Dur_Global", "ms"),
    "print": ("PR_Int_Global", "ms"),
    "meanprint": ("PR_Int_Global", "ms"),
    "meanprseg": ("PR_Seg_Global", "ms"),
    "qrsdur": ("QRS_Dur_Global", "ms"),
    "meanqrsdur": ("QRS_Dur_Global", "ms"),
    "qtint": ("QT_Int_Global", "ms"),
    "meanqtint": ("QT_Int_Global", "ms"),
    "qtcb": ("QT_IntBazett_Global", "ms"),
    "meanqtc": ("QTc_Int_Global", "ms"),
    "qtcf": ("QT_IntFridericia_Global", "ms"),
    "qtintdispersion": ("QT_Disp_Global", "ms"),
    "pfrontaxis": ("P_AxisFront_Global", "°"),
    "qrsfrontaxis": ("QRS_AxisFront_Global", "°"),
    "tfrontaxis": ("T_AxisFront_Global", "°"),
    "stfrontaxis": ("ST_AxisFront_Global", "°"),
    "numberofcomplexes": ("QRSCount", "count"),
}
_OF_LEAD = {
    "pamp": ("P_Amp", "mV"),
    "pdur": ("P_Dur", "ms"),
    "qamp": ("Q_Amp", "mV"),
    "qdur": ("Q_Dur", "ms"),
    "ramp": ("R_Amp", "mV"),
    "rdur": ("R_Dur", "ms"),
    "samp": ("S_Amp", "mV"),
    "sdur": ("S_Dur", "ms"),
    "rpamp": ("R2_Amp", "mV"),
    "vat": ("R_PeakTime", "ms"),
    "qrsppk": ("QRS_PP", "mV"),
    "ston": ("ST_Amp", "mV"),
    "st80": ("ST80_Amp", "mV"),
    "tamp": ("T_Amp", "mV"),
    "print": ("PR_Int", "ms"),
    "qtint": ("QT_Int", "ms"),
}
_PLACES = ("measurements/globalmeasurements", "internalmeasurements/crossleadmeasurements")


def read_sierra(path: Path, *, stated: Stated) -> Record:
    """Read a Philips (Sierra) ECG XML file.

    Raises
    ------
    FormatError
        Without waveforms, for a coding other than XLI or plain base64, or data that do not fit what is announced.
    """
    root = read_xml(path)
    notes: list[str] = []
    version = words(root, "documentinfo", "documentversion")
    if version not in VERSIONS:
        notes.append("a schema version not tried; read as 1.04")
    waves = next(each(root, "parsedwaveforms"), None)
    if waves is None:
        raise FormatError("a Philips ECG file without waveforms", expected="parsedwaveforms")
    signal = child(root, "dataacquisition", "signalcharacteristics")
    rate_hz = number(waves.get("samplespersecond") or words(signal, "samplingrate"))
    step_uv = number(waves.get("resolution") or words(signal, "resolution") or words(signal, "signalresolution"))
    if math.isnan(step_uv):
        step_uv = _STEP_UV
        notes.append("no resolution stated; 5 µV assumed")
    names, rows = _leads(waves, root, signal=signal, rate_hz=rate_hz, notes=notes)
    pulse = _calibration(rows, rate_hz)
    if pulse:
        rows[:, -pulse:] = np.nan
        notes.append(f"the calibration pulse in the last {pulse / rate_hz:.2f} s is no ECG; left as missing")
    record = assemble(
        rows * (step_uv / 1000),
        names,
        rate_hz=rate_hz,
        source=path.stem,
        description=_description(root),
        notes=notes,
        beside=Beside(
            measurements=_measurements(root),
            annotations=list(_annotations(root)),
            filters=_filters(root, waves, signal),
            median=_median(root, notes),
            step_uv=[step_uv] * len(names),
        ),
    )
    return rate_checked(record, stated)


def _leads(
    waves: Element, root: Element, *, signal: Element | None, rate_hz: float, notes: list[str]
) -> tuple[list[str], npt.NDArray[np.float64]]:
    coding = (waves.get("compression") or waves.get("compressmethod") or "").upper()
    packed = waves.get("compressflag", "True" if coding else "False").lower() != "false" and coding not in ("", "NONE")
    if packed and coding != "XLI":
        raise FormatError("Philips waveforms in a compression that is not read here", expected="XLI, or none")
    data = _base64(waves.text)
    names = _names(waves, root)
    held = number(waves.get("numberofleads") or words(signal, "numberchannelsvalid"))
    if packed:
        rows = decode_xli(data)
        count = int(held) if 0 < held <= min(len(rows), MAX_LEADS) else min(len(rows), MAX_LEADS)
    else:
        count = int(held) if 0 < held <= MAX_LEADS else max(len(names), 1)
        raw = np.frombuffer(data[: len(data) // 2 * 2], dtype="<i2").astype(np.int64)
        rows = list(raw[: raw.size // count * count].reshape(count, -1))
    names = (names + [f"ch{k + 1}" for k in range(len(names), count)])[:count]
    return names, _restored(rows[:count], names, packed=packed, length=_length(waves, rate_hz), notes=notes)


def _names(waves: Element, root: Element) -> list[str]:
    text = waves.get("leadlabels") or ""
    if not text:
        formats = next(each(root, "waveformformat"), None)
        text = words(formats, "mainwaveformformat")
    names = [normalise_lead(name) for name in text.split()]
    return names if len(set(names)) >= len(LEADS) or (names and waves.get("leadlabels")) else list(LEADS)


def _length(waves: Element, rate_hz: float) -> int:
    samples = number(waves.get("durationperchannel")) * rate_hz / 1000
    return int(samples) if 0 < samples <= MAX_SAMPLES else MAX_SAMPLES


def _restored(
    rows: list[npt.NDArray[np.int64]], names: list[str], *, packed: bool, length: int, notes: list[str]
) -> npt.NDArray[np.float64]:
    """Leads of one length. Packed limb leads are stored as the error of what I and II predict, in whole units."""
    shortest, longest = (f((row.size for row in rows), default=0) for f in (min, max))
    if not shortest or len(rows) * longest > MAX_SAMPLES:
        raise FormatError("Philips waveforms without samples, or too many", expected="leads of one length")
    if shortest != longest:
        notes.append("leads of different lengths; cut to the shortest")
    block = np.stack([row[: min(shortest, length)] for row in rows])
    if packed and names[:6] == list(LEADS[:6]):
        one, two = block[0], block[1]
        block[2] = two - one - block[2]
        block[3] = -block[3] - _half(one + two)
        block[4] = _half(one - block[2]) - block[4]
        block[5] = _half(two + block[2]) - block[5]
    return block.astype(np.float64)


def _calibration(rows: npt.NDArray[np.float64], rate_hz: float) -> int:
    """Samples at the end in which every lead is the same: the device's pulse of 1 mV and the zeros around it."""
    differ = np.flatnonzero((rows != rows[0]).any(axis=0))
    same = rows.shape[1] - 1 - int(differ[-1]) if differ.size else 0
    return same if len(rows) >= len(LEADS) and 0.1 < same / rate_hz < 1.5 else 0


def _half(values: npt.NDArray[np.int64]) -> npt.NDArray[np.int64]:
    """Half, towards zero: only so do the stored errors of the examples lie evenly about zero, and never beyond a step.

    (Rounded down instead, as some readers do, aVR, aVL and aVF of negative sums come out a step of 5 µV lower.)
    """
    return np.sign(values) * (np.abs(values) // 2)


def _median(root: Element, notes: list[str]) -> Median | None:
    group = next(each(root, "repbeats"), None)
    names, rows = [], []
    for beat in [] if group is None else group.findall("repbeat"):
        wave = beat.find("waveform")
        data = _base64(None if wave is None else wave.text)
        names.append(beat.get("leadname", ""))
        rows.append(np.frombuffer(data[: len(data) // 2 * 2], dtype="<i2").astype(np.float64))
    if group is None or not rows or len(rows) > MAX_LEADS or len({row.size for row in rows}) != 1:
        return None
    step_uv, rate_hz = number(group.get("resolution")), number(group.get("samplespersec"))
    if math.isnan(step_uv) or math.isnan(rate_hz):
        notes.append("a representative beat without rate or resolution left out")
        return None
    block = np.stack(rows)
    block[block == _UNUSED] = np.nan
    used = np.flatnonzero(np.isfinite(block).any(axis=0))
    end = int(used[-1]) + 1 if used.size else 0
    return Median(block[:, :end] * (step_uv / 1000), names, rate_hz)


def _base64(text: str | None) -> bytes:
    try:
        return base64.b64decode("".join((text or "").split()), validate=True)
    except (binascii.Error, ValueError):
        raise FormatError("Philips waveforms that are no base64", expected="base64") from None


def _measurements(root: Element) -> dict[str, tuple[float, str]]:
    found: dict[str, tuple[float, str]] = {}
    reported = next(each(root, "interpretation"), None)
    places = [root.find(place) for place in _PLACES] + [child(reported, "globalmeasurements")]
    for place in places:
        for item in [] if place is None else place:
            if item.tag in _GLOBAL and not math.isnan(number(item.text)):
                name, unit = _GLOBAL[item.tag]
                found[name] = (number(item.text), unit)
    for lead in each(root, "leadmeasurement"):
        found |= _of_lead(lead)
    person = next(each(root, "generalpatientdata"), None)
    for tag, name, unit, factor in (
        ("height/cm", "Height", "cm", 1.0),
        ("height/inch", "Height", "cm", 2.54),
        ("weight/kg", "Weight", "kg", 1.0),
        ("weight/lb", "Weight", "kg", 0.45359237),
    ):
        value = number(words(person, *tag.split("/")))
        if value > 0:
            found[name] = (value * factor, unit)
    return found


def _of_lead(node: Element) -> dict[str, tuple[float, str]]:
    lead = normalise_lead(node.get("leadname", ""))
    found = {}
    for item in node:
        value = number(item.text)
        if item.tag in _OF_LEAD and lead in LEADS and not math.isnan(value):
            name, unit = _OF_LEAD[item.tag]
            found[f"{name}_{lead}"] = (value / 1000 if unit == "mV" else value, unit)
    return found


def _annotations(root: Element) -> Iterator[Annotation]:
    """Waves of the beat the device measured, where it places them in the recording (ms)."""
    place = root.find(_PLACES[0])
    for tag in ("pon", "qrson", "qrsoff", "ton", "toff"):
        value = number(words(place, tag))
        if value > 0:
            yield Annotation(value / 1000, tag, "philips")


def _filters(root: Element, waves: Element, signal: Element | None) -> dict[str, float]:
    band = words(signal, "signalbandwidth").split("-")
    stated = {
        "highpass_hz": waves.get("hipass") or words(signal, "hipass") or (band[0] if len(band) == 2 else ""),
        "lowpass_hz": waves.get("lowpass") or words(signal, "lowpass") or (band[1] if len(band) == 2 else ""),
        "notch_hz": words(signal, "notchfilterfreqs"),
    }
    return {name: number(value) for name, value in stated.items()}


def _description(root: Element) -> Description:
    person = next(each(root, "generalpatientdata"), None)
    acquired = root.find("dataacquisition")
    machine = child(acquired, "machine")
    start = _start(acquired)
    age = age_of(number(words(person, "age", "years")))
    born = stamp(words(person, "age", "dateofbirth"))
    return Description(
        patient=words(person, "patientid"),
        age=age_between(born, start) if math.isnan(age) else age,
        sex=sex_of(words(person, "sex")),
        start=start,
        device=" ".join(word for word in ("Philips", "" if machine is None else words(machine)) if word),
        labels=device_statements(_statements(root)),
    )


def _start(acquired: Element | None) -> datetime | None:
    return None if acquired is None else stamp(f"{acquired.get('date', '')} {acquired.get('time', '')}")


def _statements(root: Element) -> list[str]:
    reading = next(each(root, "interpretation"), None)
    texts = [words(node, "leftstatement") for node in each(reading, "statement")]
    return [*texts, words(reading, "severity").strip("- ")]
