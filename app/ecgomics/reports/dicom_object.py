"""A recording as a DICOM waveform object that other viewers open.

DICOM PS3.3 A.34.3 (12-lead ECG) for twelve leads, 16,384 samples at most, 200 to 1000 Hz; A.34.4 (General ECG) for
the rest; lead codes are MDC of CID 3001. Measurements go along as waveform annotations (PS3.3 C.10.10).
"""

from __future__ import annotations

import io
import math
import uuid
from datetime import datetime

import numpy as np

from ecgomics.errors import FormatError
from ecgomics.reports.examination import Examination
from ecgomics.reports.fhir import LEAD_NUMBERS
from ecgomics.reports.measurements import rows
from ecgomics.vocabulary import LEADS

TWELVE_LEAD, GENERAL = "1.2.840.10008.5.1.4.1.1.9.1.1", "1.2.840.10008.5.1.4.1.1.9.1.2"
STEP_UV = 1.0
PADDING = -32768
MOST_CHANNELS = 24


def report_dicom(now: Examination) -> bytes:
    """The recording as a DICOM file; a gap in the samples is the padding value.

    Raises
    ------
    FormatError
        For more than 24 leads, or samples beyond ±32.7 mV.
    """
    from pydicom.dataset import Dataset, FileDataset, FileMetaDataset
    from pydicom.sequence import Sequence
    from pydicom.uid import ExplicitVRLittleEndian

    samples = now.ecg.transpose("time", "lead").values.astype(np.float64)
    count, channels = samples.shape
    rate = float(now.ecg.attrs["rate_hz"])
    if channels > MOST_CHANNELS or np.nanmax(np.abs(samples), initial=0.0) * 1000 / STEP_UV > 32_767:
        raise FormatError(
            f"{channels} leads or a voltage that DICOM's 16 bits do not hold",
            expected=f"up to {MOST_CHANNELS} leads within ±32.7 mV",
            remedy="export it as CSV or FHIR",
        )
    standard = set(now.leads) == set(LEADS) and count <= 16_384 and 200 <= rate <= 1000
    meta = FileMetaDataset()
    meta.MediaStorageSOPClassUID = TWELVE_LEAD if standard else GENERAL
    meta.MediaStorageSOPInstanceUID = _uid(now, "instance")
    meta.TransferSyntaxUID = ExplicitVRLittleEndian
    meta.ImplementationClassUID = _uid(None, "ecgomics")
    data = FileDataset("", {}, file_meta=meta, preamble=b"\0" * 128)
    data.SpecificCharacterSet = "ISO_IR 192"
    data.SOPClassUID, data.SOPInstanceUID = meta.MediaStorageSOPClassUID, meta.MediaStorageSOPInstanceUID
    data.StudyInstanceUID, data.SeriesInstanceUID = _uid(now, "study"), _uid(now, "series")
    data.Modality, data.Manufacturer, data.ManufacturerModelName = (
        "ECG",
        now.subject.device[:60] or "unknown",
        "ECGomics",
    )
    data.PatientName, data.PatientID = "", now.subject.patient
    data.PatientSex, data.PatientBirthDate = now.subject.sex or "O", ""
    if math.isfinite(now.subject.age):
        data.PatientAge = f"{round(now.subject.age):03d}Y"
    start = now.subject.start or datetime(1900, 1, 1)
    data.AcquisitionDateTime = f"{start:%Y%m%d%H%M%S}"
    data.StudyDate, data.StudyTime, data.ContentDate, data.ContentTime = (
        f"{start:%Y%m%d}",
        f"{start:%H%M%S}",
        f"{start:%Y%m%d}",
        f"{start:%H%M%S}",
    )
    data.StudyID, data.AccessionNumber, data.ReferringPhysicianName = "", "", ""
    data.SeriesNumber, data.InstanceNumber = 1, 1
    data.AcquisitionContextSequence = Sequence()
    group = Dataset()
    group.MultiplexGroupLabel = "SYNTHETIC" if now.subject.synthetic else "RHYTHM"
    group.WaveformOriginality, group.NumberOfWaveformChannels = "ORIGINAL", channels
    group.NumberOfWaveformSamples, group.SamplingFrequency = count, f"{rate:g}"
    group.WaveformBitsAllocated, group.WaveformSampleInterpretation = 16, "SS"
    group.WaveformPaddingValue = np.array([PADDING], "<i2").tobytes()
    group.ChannelDefinitionSequence = Sequence([_channel(lead) for lead in now.leads])
    steps = np.where(np.isfinite(samples), np.round(samples * 1000 / STEP_UV), PADDING).astype("<i2")
    group.WaveformData = steps.tobytes()
    data.WaveformSequence = Sequence([group])
    measured = [row for row in rows(now) if math.isfinite(row.value)]
    data.WaveformAnnotationSequence = Sequence([_annotation(row.title, row.value, row.unit) for row in measured])
    out = io.BytesIO()
    data.save_as(out, enforce_file_format=True)
    return out.getvalue()


def _channel(lead: str):  # type: ignore[no-untyped-def]  # a pydicom Dataset
    from pydicom.dataset import Dataset
    from pydicom.sequence import Sequence

    code, unit, channel = Dataset(), Dataset(), Dataset()
    if lead in LEAD_NUMBERS:
        code.CodeValue, code.CodingSchemeDesignator = f"2:{LEAD_NUMBERS[lead]}", "MDC"
    else:
        code.CodeValue, code.CodingSchemeDesignator = lead[:16], "99ECGOMICS"
    code.CodeMeaning = f"Lead {lead}"
    unit.CodeValue, unit.CodingSchemeDesignator, unit.CodeMeaning = "uV", "UCUM", "microvolt"
    channel.ChannelSourceSequence = Sequence([code])
    channel.ChannelSensitivity, channel.ChannelSensitivityCorrectionFactor = f"{STEP_UV:g}", "1"
    channel.ChannelSensitivityUnitsSequence = Sequence([unit])
    channel.ChannelBaseline, channel.WaveformBitsStored, channel.ChannelSampleSkew = "0", 16, "0"
    return channel


def _annotation(title: str, value: float, unit: str):  # type: ignore[no-untyped-def]  # a pydicom Dataset
    from pydicom.dataset import Dataset
    from pydicom.sequence import Sequence

    name, measured, annotation = Dataset(), Dataset(), Dataset()
    name.CodeValue, name.CodingSchemeDesignator, name.CodeMeaning = title[:16], "99ECGOMICS", title[:64]
    code = {"°": "deg", "/min": "/min", "1": "1"}.get(unit, unit)
    measured.CodeValue, measured.CodingSchemeDesignator, measured.CodeMeaning = code[:16], "UCUM", unit[:64] or "1"
    annotation.AnnotationGroupNumber = 0
    annotation.ConceptNameCodeSequence = Sequence([name])
    annotation.MeasurementUnitsCodeSequence = Sequence([measured])
    annotation.NumericValue = f"{value:.6g}"
    annotation.ReferencedWaveformChannels = [1, 0]
    return annotation


def _uid(now: Examination | None, kind: str) -> str:
    """A UUID-derived UID (PS3.5 B.2): the same record has the same one."""
    name = f"ecgomics/{now.record if now else ''}/{kind}"
    return f"2.25.{uuid.uuid5(uuid.NAMESPACE_URL, name).int}"
