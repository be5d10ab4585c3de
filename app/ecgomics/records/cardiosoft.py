"""GE CardioSoft and CASE in XML (`CardiologyXML`): the strip, its median beat and the measurement tables.

No public standard; elements as CardioSoft 6 exports them.
"""

from __future__ import annotations

import math
from collections.abc import Iterator
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
from ecgomics.records.xml_document import child, each, number, numbers, read_xml, words
from ecgomics.vocabulary import LEADS, normalise_lead

MAX_LEADS = 64
MAX_SAMPLES = 50_000_000

_GLOBAL = {
    "VentricularRate": ("HR_Mean_Global", "/min"),
    "PQInterval": ("PR_Int_Global", "ms"),
    "PDuration": ("P_Dur_Global", "ms"),
    "QRSDuration": ("QRS_Dur_Global", "ms"),
    "QTInterval": ("QT_Int_Global", "ms"),
    "QTCInterval": ("QTc_Int_Global", "ms"),
    "RRInterval": ("RR_Mean_Global", "ms"),
    "PPInterval": ("PPInterval", "ms"),
    "SokolovLVHIndex": ("Sokolow_Global", "mV"),
    "PAxis": ("P_AxisFront_Global", "°"),
    "RAxis": ("QRS_AxisFront_Global", "°"),
    "TAxis": ("T_AxisFront_Global", "°"),
    "QTDispersion": ("QT_Disp_Global", "ms"),
    "QRSNum": ("QRSCount", "count"),
    "POnset": ("P_On_Median", "ms"),
    "POffset": ("P_Off_Median", "ms"),
    "QOnset": ("QRS_On_Median", "ms"),
    "QOffset": ("QRS_Off_Median", "ms"),
    "TOffset": ("T_Off_Median", "ms"),
}
# depths are stated as magnitudes; here they are negative, as in the house's columns
_OF_LEAD = {
    "QDuration": ("Q_Dur", 1.0, "ms"),
    "RDuration": ("R_Dur", 1.0, "ms"),
    "SDuration": ("S_Dur", 1.0, "ms"),
    "PAmplitude": ("P_Amp", 1e-3, "mV"),
    "QAmplitude": ("Q_Amp", -1e-3, "mV"),
    "RAmplitude": ("R_Amp", 1e-3, "mV"),
    "SAmplitude": ("S_Amp", -1e-3, "mV"),
    "R1Amplitude": ("R2_Amp", 1e-3, "mV"),
    "JAmplitude": ("ST_Amp", 1e-3, "mV"),
    "TAmplitude": ("T_Amp", 1e-3, "mV"),
}


def read_cardiosoft(path: Path, *, stated: Stated) -> Record:
    """Read a GE CardioSoft XML file.

    Raises
    ------
    FormatError
        Without strip data, or where samples, rate or resolution are no numbers.
    """
    root = read_xml(path)
    notes: list[str] = []
    strip = root.find("StripData")
    if strip is None:
        raise FormatError("a CardioSoft file without strip data", expected="StripData")
    names, samples, rate_hz, step_uv = _waveform(strip)
    measured = root.find("RestingECGMeasurements")
    median = None
    if (beat := child(measured, "MedianSamples")) is not None and beat.find("WaveformData") is not None:
        beat_names, beat_samples, beat_hz, _ = _waveform(beat)
        median = Median(beat_samples, beat_names, beat_hz)
    if number(words(root, "FullDisclosure", "FullDisclosureData", "SampleCountTotal")) > 0:
        notes.append("the full-disclosure part is left out")
    record = assemble(
        samples,
        names,
        rate_hz=rate_hz,
        source=path.stem,
        description=_description(root),
        notes=notes,
        beside=Beside(
            measurements=_measurements(root, measured),
            annotations=list(_beats(strip.find("ArrhythmiaResults"))),
            filters=_filters(root.find("FilterSetting")),
            median=median,
            step_uv=[step_uv] * len(names),
        ),
    )
    return rate_checked(record, stated)


def _waveform(node: Element) -> tuple[list[str], npt.NDArray[np.float64], float, float]:
    rate_hz, step_uv = number(words(node, "SampleRate")), number(words(node, "Resolution"))
    names, rows = [], []
    for lead in node.findall("WaveformData"):
        rows.append(numbers(lead.text, parted_by=","))
        names.append(lead.get("lead") or lead.get("Lead") or "")
    total = sum(row.size for row in rows)
    if not rows or len(rows) > MAX_LEADS or total > MAX_SAMPLES or not step_uv > 0:
        raise FormatError(f"a CardioSoft strip of {len(rows)} leads", expected="leads, and a resolution in µV")
    longest = max(row.size for row in rows)
    if longest * len(rows) > 100 * total:
        raise FormatError("CardioSoft leads of very different lengths", expected="one recording")
    padded = [np.pad(row, (0, longest - row.size), constant_values=np.nan) for row in rows]
    return names, np.stack(padded) * (step_uv / 1000), rate_hz, step_uv


def _measurements(root: Element, node: Element | None) -> dict[str, tuple[float, str]]:
    found = {name: (number(words(node, tag)), unit) for tag, (name, unit) in _GLOBAL.items()}
    table = child(node, "MeasurementTable")
    leads = [normalise_lead(name) for name in words(table, "LeadOrder").split(",")]
    for tag, (name, factor, unit) in _OF_LEAD.items():
        for lead, cell in zip(leads, words(table, tag).split(","), strict=False):
            if lead in LEADS:
                found[f"{name}_{lead}"] = (number(cell.strip()) * factor, unit)
    person = root.find("PatientInfo")
    found["Height"] = (number(words(person, "Height")), "cm")
    found["Weight"] = (number(words(person, "Weight")), "kg")
    return found


def _beats(node: Element | None) -> Iterator[Annotation]:
    times = [number(item.text) / 1000 for item in ([] if node is None else node.findall("Time"))]
    kinds = [words(item) for item in ([] if node is None else node.findall("BeatClass"))]
    for time_s, kind in zip(times, kinds, strict=False):
        yield Annotation(time_s, kind, "ge-cardiosoft")


def _filters(node: Element | None) -> dict[str, float]:
    mains = next((hz for hz in (50.0, 60.0) if words(node, f"Filter{hz:.0f}Hz").lower() == "yes"), math.nan)
    low, high = number(words(node, "HighPass")), number(words(node, "LowPass"))
    return {"highpass_hz": low, "lowpass_hz": high, "notch_hz": mains}


def _description(root: Element) -> Description:
    person, info = root.find("PatientInfo"), child(root, "ClinicalInfo", "DeviceInfo")
    start = _moment(root.find("ObservationDateTime"))
    age_node = child(person, "Age")
    age = age_of(number(words(person, "Age")), "" if age_node is None else age_node.get("units", "y"))
    told = [words(node) for node in each(child(root, "Interpretation", "Diagnosis"), "DiagnosisText")]
    kept = told[: told.index("---")] if "---" in told else told
    return Description(
        patient=words(person, "PID"),
        age=age_between(_moment(child(person, "BirthDateTime")), start) if math.isnan(age) else age,
        sex=sex_of(words(person, "Gender")),
        start=start,
        device=" ".join(word for word in ("GE", words(info, "Desc"), words(info, "SoftwareVer")) if word),
        labels=device_statements(kept),
    )


def _moment(node: Element | None) -> datetime | None:
    parts = [number(words(node, tag)) for tag in ("Year", "Month", "Day")]
    clock = [number(words(node, tag) or "0") for tag in ("Hour", "Minute", "Second")]
    return None if any(math.isnan(part) for part in [*parts, *clock]) else moment(*parts, *clock)
