"""What a DICOM waveform object says beside its samples: measurements, marks, statements, filters.

Standard: DICOM PS3.3 C.10.10 (Waveform Annotation Module); concepts of CID 3227 and of SCP-ECG by their meaning.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from typing import Any

from ecgomics.errors import FormatError
from ecgomics.records.record import Annotation, Label, device_statements
from ecgomics.vocabulary import normalise_lead

MAX_ANNOTATIONS = 500_000

_MEASURED = {
    "rr interval": "RR_Mean_Global",
    "pp interval": "PP_Mean_Global",
    "pr interval": "PR_Int_Global",
    "pr interval global": "PR_Int_Global",
    "p duration": "P_Dur_Global",
    "p duration global": "P_Dur_Global",
    "qrs duration": "QRS_Dur_Global",
    "qrs duration global": "QRS_Dur_Global",
    "qt interval": "QT_Int_Global",
    "qt interval global": "QT_Int_Global",
    "qtc interval": "QTc_Int_Global",
    "qtc interval global": "QTc_Int_Global",
    "p axis": "P_AxisFront_Global",
    "qrs axis": "QRS_AxisFront_Global",
    "t axis": "T_AxisFront_Global",
    "heart rate": "HR_Mean_Global",
    "ventricular heart rate": "HR_Mean_Global",
    "atrial heart rate": "HR_Atrial_Global",
}
_UNITS = {"deg": "°", "bpm": "/min", "{h.b.}/min": "/min", "{beats}/min": "/min"}


def measurements(dataset: Any) -> dict[str, tuple[float, str]]:
    """Numbers for the whole recording, and the patient's height and weight."""
    found: dict[str, tuple[float, str]] = {}
    for item in _items(dataset):
        value, meaning = _number(item.get("NumericValue")), _meaning(item)
        channels = _channels(item)
        if math.isnan(value) or not meaning or any(channel for _, channel in channels):
            continue
        units = item.get("MeasurementUnitsCodeSequence")
        unit = str(units[0].get("CodeValue", "")) if units else ""
        name = _MEASURED.get(meaning.lower(), meaning)
        if value != 0 or ("Int" not in name and "Mean" not in name):  # an interval of 0 is one not measured
            found.setdefault(name, (value, _UNITS.get(unit.lower(), unit)))
    size, weight = _number(dataset.get("PatientSize")), _number(dataset.get("PatientWeight"))
    found |= {"Height": (size * 100, "cm")} if size > 0 else {}
    found |= {"Weight": (weight, "kg")} if weight > 0 else {}
    return found


def marks(dataset: Any, group: Any, *, leads: Sequence[str]) -> Iterator[Annotation]:
    """Marks of one multiplex group (its number from 1 and its rate in Hz are `group`), s from its start."""
    number, rate_hz = group
    for item in _items(dataset):
        positions, meaning = item.get("ReferencedSamplePositions"), _meaning(item) or _text(item)
        if positions is None or not meaning:
            continue
        places = list(positions) if hasattr(positions, "__iter__") else [positions]
        channels = [channel for owner, channel in _channels(item) if owner == number]
        if not channels or not places:
            continue
        begin = (float(places[0]) - 1) / rate_hz
        segment = str(item.get("TemporalRangeType", "")).upper() == "SEGMENT" and len(places) == 2
        end = (float(places[1]) - 1) / rate_hz if segment else None
        for channel in channels:
            lead = normalise_lead(leads[channel - 1]) if 0 < channel <= len(leads) else ""
            later = [] if segment else places[1:]
            yield Annotation(begin, meaning, "dicom", lead=lead, end_s=end)
            for place in later:
                yield Annotation((float(place) - 1) / rate_hz, meaning, "dicom", lead=lead)


def statements(dataset: Any) -> tuple[Label, ...]:
    """Texts that stand for the whole recording."""
    texts = (_text(item) for item in _items(dataset) if item.get("ReferencedSamplePositions") is None)
    return device_statements(texts)


def filters(channel: Any) -> dict[str, float]:
    """Filters a channel definition states, Hz."""
    names = {
        "highpass_hz": "FilterLowFrequency",
        "lowpass_hz": "FilterHighFrequency",
        "notch_hz": "NotchFilterFrequency",
    }
    found = {name: _number(channel.get(keyword)) for name, keyword in names.items()}
    return {name: value for name, value in found.items() if value > 0}


def _items(dataset: Any) -> list[Any]:
    items = list(dataset.get("WaveformAnnotationSequence") or [])
    if len(items) > MAX_ANNOTATIONS:
        raise FormatError(f"a DICOM object of {len(items)} annotations", expected=f"at most {MAX_ANNOTATIONS}")
    return items


def _channels(item: Any) -> list[tuple[int, int]]:
    """Pairs of group and channel, both from 1; channel 0 is the whole group."""
    stated = [int(value) for value in item.get("ReferencedWaveformChannels") or []]
    return list(zip(stated[::2], stated[1::2], strict=False))


def _meaning(item: Any) -> str:
    names = item.get("ConceptNameCodeSequence")
    return " ".join(str(names[0].get("CodeMeaning", "")).split())[:80] if names else ""


def _text(item: Any) -> str:
    return " ".join(str(item.get("UnformattedTextValue", "") or "").split())[:400]


def _number(value: Any) -> float:
    if hasattr(value, "__iter__") and not isinstance(value, str):
        value = next(iter(value), None)
    try:
        return float(value) if value is not None else math.nan
    except (TypeError, ValueError):
        return math.nan
