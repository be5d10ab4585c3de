"""DICOM waveform objects (12-lead, general and ambulatory ECG), decoded from the multiplex groups of pydicom.

Standard: DICOM PS3.3 C.10.9 (Waveform Module); lead codes of CID 3001 (MDC) and SCP-ECG.
"""

from __future__ import annotations

import math
import re
from collections.abc import Callable
from datetime import datetime
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from ecgomics.errors import FormatError
from ecgomics.records import dicom_report
from ecgomics.records.assembly import Beside, Median, assemble
from ecgomics.records.pieces import Pieces, steps
from ecgomics.records.record import Description, Record, Sex
from ecgomics.records.stated import Stated, rate_checked
from ecgomics.records.units import is_voltage, mv_per

Samples = npt.NDArray[np.float64]

MAX_SAMPLES = 400_000_000

_TYPES = {(8, "SB"): "i1", (8, "UB"): "u1", (16, "SS"): "i2", (16, "US"): "u2", (32, "SL"): "i4", (32, "UL"): "u4"}

_LEAD_NUMBERS = {
    1: "I",
    2: "II",
    61: "III",
    62: "aVR",
    63: "aVL",
    64: "aVF",
    **{number: f"V{number - 2}" for number in range(3, 9)},
}
"""Numbers shared by MDC (2:1 …) and SCP-ECG (5.6.3-9-1 …) lead codes."""

_LEAD_CODE = re.compile(r"^(?:2:|5\.6\.3-9-)(\d+)$")
_LEAD_WORD = re.compile(r"\b(III|II|I|aVR|aVL|aVF|V[1-9]R?)\b", re.IGNORECASE)
_AGE = re.compile(r"^(\d{1,3})([DWMY])$")
_YEARS = {"D": 1 / 365.25, "W": 7 / 365.25, "M": 1 / 12, "Y": 1.0}


def read_dicom(path: Path, *, stated: Stated) -> Record:
    """Read the rhythm strip of a DICOM waveform object.

    The original, longest multiplex group is the recording; groups of other leads over the same time are joined to it;
    a group said to be a median beat becomes the record's; the rest (other segments) is left out and noted.

    Parameters
    ----------
    path
        File to read.
    stated
        Its unit is that of the samples where the object states no channel sensitivity.

    Raises
    ------
    FormatError
        When it holds no ECG waveform, is truncated, or is coded in a way not read here.
    """
    import pydicom

    dataset = pydicom.dcmread(path, force=True)
    if "WaveformSequence" not in dataset or not dataset.WaveformSequence:
        raise FormatError("a DICOM object without a waveform", expected="an ECG waveform object")
    groups = [group for group in dataset.WaveformSequence]
    chosen, beats, notes = _sorted_groups(groups)
    big_endian = _is_big_endian(dataset)
    decoders = [_decoder(group, big_endian=big_endian, unit=stated.unit, notes=notes) for group in chosen]
    samples = _size(chosen[0])[1]
    names = [name for group in chosen for name in _lead_names(group)]
    rate_hz = float(chosen[0].SamplingFrequency)
    marks = [
        mark
        for group in chosen
        for mark in dicom_report.marks(dataset, (groups.index(group) + 1, rate_hz), leads=_lead_names(group))
    ]
    beside = Beside(
        measurements=dicom_report.measurements(dataset),
        annotations=list(dict.fromkeys(marks)),
        filters=dicom_report.filters(chosen[0].ChannelDefinitionSequence[0]),
        median=_median(beats, big_endian=big_endian, unit=stated.unit),
        step_uv=[_step_uv(channel) for group in chosen for channel in group.ChannelDefinitionSequence],
    )
    record = assemble(
        Pieces(
            len(names),
            samples,
            (np.concatenate([part(*span) for part in decoders]) for span in steps(samples, width=len(names))),
        ),
        names,
        rate_hz=rate_hz,
        source=path.stem,
        description=_description(dataset),
        notes=notes,
        beside=beside,
        spool=stated.spool,
    )
    return rate_checked(record, stated)


def _median(beats: list[Any], *, big_endian: bool, unit: str | None) -> Median | None:
    """The representative beat, if there is one that can be read: the recording does not depend on it."""
    for group in beats:
        try:
            samples = _decoder(group, big_endian=big_endian, unit=unit, notes=[])(0, _size(group)[1])
        except FormatError:
            continue
        return Median(samples, _lead_names(group), float(group.SamplingFrequency))
    return None


def _is_beat(group: Any) -> bool:
    text = str(group.get("MultiplexGroupLabel", "")).upper()
    return any(word in text for word in ("MEDIAN", "AVERAGE", "TEMPLATE", "REPRESENTATIVE"))


def _sorted_groups(groups: list[Any]) -> tuple[list[Any], list[Any], list[str]]:
    """Groups of the recording, groups of a median beat, and a note on the others."""

    def rank(group: Any) -> tuple[bool, bool, float]:
        original = str(group.get("WaveformOriginality", "")).upper() != "DERIVED"
        return (not _is_beat(group), original, _size(group)[1] / float(group.SamplingFrequency))

    best = max(groups, key=rank)
    chosen, leads = [best], set(_lead_names(best))
    for group in groups:
        same = _timing(group) == _timing(best) and rank(group)[:2] == rank(best)[:2]
        if group is not best and same and leads.isdisjoint(_lead_names(group)):
            chosen.append(group)
            leads |= set(_lead_names(group))
    beats = [group for group in groups if _is_beat(group) and group is not best]
    left = len(groups) - len(chosen) - len(beats[:1])
    return chosen, beats, [f"{left} further multiplex group(s) left out (another part or beat)"] if left else []


def _size(group: Any) -> tuple[int, int]:
    channels, samples = int(group.NumberOfWaveformChannels), int(group.NumberOfWaveformSamples)
    if channels < 1 or samples < 1 or channels * samples > MAX_SAMPLES:
        raise FormatError("an impossible number of DICOM waveform samples", expected=f"1 to {MAX_SAMPLES}")
    return channels, samples


def _timing(group: Any) -> tuple[float, int, float]:
    return float(group.SamplingFrequency), _size(group)[1], float(group.get("MultiplexGroupTimeOffset") or 0)


def _is_big_endian(dataset: Any) -> bool:
    return dataset.original_encoding[1] is False


def _decoder(group: Any, *, big_endian: bool, unit: str | None, notes: list[str]) -> Callable[[int, int], Samples]:
    """What gives a group's samples from one number up to but not including another, dims ``(lead, time)``, mV."""
    channels, samples = _size(group)
    key = (int(group.WaveformBitsAllocated), str(group.WaveformSampleInterpretation))
    if key not in _TYPES:
        raise FormatError("a DICOM sample coding that is not read here", expected="8, 16 or 32 bit linear samples")
    dtype = np.dtype(_TYPES[key]).newbyteorder(">" if big_endian else "<")
    needed, data = channels * samples * dtype.itemsize, bytes(group.WaveformData)
    if len(data) < needed:
        raise FormatError(
            f"truncated DICOM waveform data: {len(data)} of {needed} bytes",
            expected="all samples",
            remedy="fetch again",
        )
    raw = np.frombuffer(data, dtype=dtype, count=channels * samples).reshape(samples, channels)
    padding = group.get("WaveformPaddingValue")
    if padding is not None:
        padding = float(np.frombuffer(padding, dtype=dtype)[0] if isinstance(padding, bytes) else padding)
    definitions = list(group.ChannelDefinitionSequence)
    if len(definitions) != channels:
        raise FormatError(f"{len(definitions)} DICOM channel definitions", expected=f"{channels}, one a channel")
    scales = np.array([_scale(definition, unit=unit, notes=notes) for definition in definitions]).T[:, :, np.newaxis]

    def part(start: int, stop: int) -> Samples:
        values = raw[start:stop].T.astype(np.float64)
        if padding is not None:
            values[values == padding] = np.nan
        factor, baseline, unit_mv = scales
        return np.asarray((values * factor + baseline) * unit_mv, dtype=np.float64)

    return part


def _scale(channel: Any, *, unit: str | None, notes: list[str]) -> tuple[float, float, float]:
    """Factor and baseline of a channel in its unit, and how many mV that is."""
    sensitivity = channel.get("ChannelSensitivity")
    if sensitivity is None:
        if unit is None:
            raise FormatError(
                "a DICOM channel without sensitivity", expected="a sensitivity and its unit", remedy="state unit='uV'"
            )
        notes.append("channel sensitivity not stated; the unit given was used")
        return 1.0, 0.0, mv_per(unit)
    units = channel.get("ChannelSensitivityUnitsSequence")
    code = str(units[0].CodeValue) if units else (unit or "")
    if not is_voltage(code):
        raise FormatError("a DICOM channel whose unit is no voltage", expected="uV, mV or V", remedy="state unit=")
    correction = channel.get("ChannelSensitivityCorrectionFactor")
    baseline = channel.get("ChannelBaseline")
    factor = float(sensitivity) * (1.0 if correction is None else float(correction))
    return factor, 0.0 if baseline is None else float(baseline), mv_per(code)


def _step_uv(channel: Any) -> float:
    sensitivity, units = channel.get("ChannelSensitivity"), channel.get("ChannelSensitivityUnitsSequence")
    code = str(units[0].CodeValue) if units else ""
    return abs(float(sensitivity)) * mv_per(code) * 1e3 if sensitivity is not None and is_voltage(code) else math.nan


def _lead_names(group: Any) -> list[str]:
    return [_lead_name(channel) for channel in group.ChannelDefinitionSequence]


def _lead_name(channel: Any) -> str:
    source = channel.get("ChannelSourceSequence")
    texts = [str(channel.get("ChannelLabel", ""))]
    if source:
        match = _LEAD_CODE.match(str(source[0].get("CodeValue", "")))
        if match and int(match[1]) in _LEAD_NUMBERS:
            return _LEAD_NUMBERS[int(match[1])]
        texts.insert(0, str(source[0].get("CodeMeaning", "")))
    for text in texts:
        word = _LEAD_WORD.search(text.replace("_", " "))
        if word:
            return word[1]
    return next((text for text in texts if text), "")


def _description(dataset: Any) -> Description:
    sex = str(dataset.get("PatientSex", "") or "").upper()
    start = _start(dataset)
    maker = (str(dataset.get(name, "") or "").strip() for name in ("Manufacturer", "ManufacturerModelName"))
    return Description(
        patient=str(dataset.get("PatientID", "") or "").strip(),
        age=_age(dataset, start),
        sex=_known_sex(sex),
        start=start,
        device=" ".join(word for word in maker if word),
        labels=dicom_report.statements(dataset),
    )


def _known_sex(text: str) -> Sex:
    if text == "M":
        return "M"
    return "F" if text == "F" else ""


def _age(dataset: Any, start: datetime | None) -> float:
    match = _AGE.match(str(dataset.get("PatientAge", "") or "").strip().upper())
    if match:
        years = int(match[1]) * _YEARS[match[2]]
        return years if years <= 130 else math.nan
    born = _date(str(dataset.get("PatientBirthDate", "") or ""))
    if born is None or start is None:
        return math.nan
    years = (start - born).days / 365.25
    return float(math.floor(years)) if 0 <= years <= 130 else math.nan


def _start(dataset: Any) -> datetime | None:
    stamp = str(dataset.get("AcquisitionDateTime", "") or "")
    if not stamp:
        date = str(dataset.get("AcquisitionDate", "") or dataset.get("ContentDate", "") or "")
        stamp = date and date + str(dataset.get("AcquisitionTime", "") or dataset.get("ContentTime", "") or "")
    return _date(stamp)


def _date(stamp: str) -> datetime | None:
    digits = re.match(r"\d{8}(?:\d{6})?", stamp)
    if digits is None:
        return None
    try:
        return datetime.strptime(digits[0], "%Y%m%d%H%M%S" if len(digits[0]) == 14 else "%Y%m%d")
    except ValueError:
        return None
