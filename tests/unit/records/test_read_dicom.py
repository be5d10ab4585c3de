from __future__ import annotations

import numpy as np
import pydicom
import pytest
from pydicom.data import get_testdata_file
from pydicom.dataset import Dataset, FileMetaDataset
from pydicom.sequence import Sequence
from pydicom.uid import ExplicitVRLittleEndian

from ecgomics.errors import FormatError
from ecgomics.records import read

TWELVE = ("I", "II", "III", "aVR", "aVL", "aVF", "V1", "V2", "V3", "V4", "V5", "V6")


@pytest.fixture(scope="module")
def bundled() -> str:
    path = get_testdata_file("waveform_ecg.dcm", download=False)
    assert path is not None, "pydicom ships this file"
    return str(path)


def channel(name, *, sensitivity=2.5, baseline=0, unit="uV", scheme="MDC"):
    source, units, item = Dataset(), Dataset(), Dataset()
    source.CodeValue, source.CodingSchemeDesignator, source.CodeMeaning = name, scheme, f"Lead {name}"
    units.CodeValue, units.CodingSchemeDesignator, units.CodeMeaning = unit, "UCUM", unit
    item.ChannelSourceSequence = Sequence([source])
    item.ChannelSensitivity, item.ChannelSensitivityCorrectionFactor = sensitivity, 1
    item.ChannelBaseline = baseline
    item.ChannelSensitivityUnitsSequence = Sequence([units])
    item.WaveformBitsStored = 16
    return item


def group(raw, channels, *, label="RHYTHM", originality="ORIGINAL", rate=500):
    item = Dataset()
    item.NumberOfWaveformChannels, item.NumberOfWaveformSamples = raw.shape[1], raw.shape[0]
    item.SamplingFrequency, item.MultiplexGroupLabel, item.WaveformOriginality = rate, label, originality
    item.WaveformBitsAllocated, item.WaveformSampleInterpretation = 16, "SS"
    item.ChannelDefinitionSequence = Sequence(channels)
    item.WaveformData = raw.astype("<i2").tobytes()
    return item


@pytest.fixture
def write_dicom(tmp_path):
    def write(groups, **elements):
        dataset = Dataset()
        dataset.file_meta = FileMetaDataset()
        dataset.file_meta.TransferSyntaxUID = ExplicitVRLittleEndian
        dataset.file_meta.MediaStorageSOPClassUID = dataset.SOPClassUID = "1.2.840.10008.5.1.4.1.1.9.1.1"
        dataset.file_meta.MediaStorageSOPInstanceUID = dataset.SOPInstanceUID = "1.2.3"
        for name, value in elements.items():
            setattr(dataset, name, value)
        if groups:
            dataset.WaveformSequence = Sequence(groups)
        path = tmp_path / "e.dcm"
        dataset.save_as(path, enforce_file_format=True)
        return path

    return write


RAW = np.random.default_rng(3).integers(-2000, 2000, size=(600, 2))


def test_bundled_recording(bundled):
    record = read(bundled)
    assert record.leads == TWELVE
    assert (record.native_hz, record.duration_s, record.derived_leads) == (1000.0, 10.0, ())
    assert (record.age, record.sex, record.patient) == (42.0, "F", "642341")
    assert record.start is not None
    assert record.start.isoformat() == "2013-01-25T10:59:19"
    assert record.device == "Mortara Instrument, Inc. el250"
    assert record.median_beat is not None
    assert dict(record.median_beat.sizes) == {"lead": 12, "offset": 1200}
    assert record.measurements["PR_Int_Global"] == (161.0, "ms")
    assert {label.code for label in record.labels} == {"RITMO SINUSALE", "ECG NORMALE"}
    assert record.filters == {"highpass_hz": 0.05, "lowpass_hz": 300.0}


def test_bundled_samples_agree_with_pydicom(bundled):
    theirs = pydicom.dcmread(bundled).waveform_array(0) / 1000  # µV to mV
    np.testing.assert_allclose(read(bundled).ecg.values.T, theirs, atol=1e-6)


def test_sensitivity_baseline_and_unit(write_dicom):
    path = write_dicom([group(RAW, [channel("2:3", baseline=10), channel("2:4", sensitivity=0.002, unit="mV")])])
    record = read(path)
    assert record.leads == ("V1", "V2")
    np.testing.assert_allclose(record.ecg.values[0], (RAW[:, 0] * 2.5 + 10) / 1000, atol=1e-5)
    np.testing.assert_allclose(record.ecg.values[1], RAW[:, 1] * 0.002, atol=1e-5)


@pytest.mark.parametrize(
    ("codes", "leads"),
    [(["2:1", "2:2"], ("I", "II")), (["5.6.3-9-62", "5.6.3-9-8"], ("aVR", "V6")), (["aVL", "V4"], ("aVL", "V4"))],
)
def test_lead_names_from_codes_and_meanings(write_dicom, codes, leads):
    record = read(write_dicom([group(RAW, [channel(code) for code in codes])]))
    assert set(leads) <= set(record.leads)
    assert not set(leads) & set(record.derived_leads)


def test_rhythm_group_is_chosen_before_a_longer_median(write_dicom):
    beat = group(np.tile(RAW, (3, 1)), [channel("2:3"), channel("2:4")], label="MEDIAN BEAT", originality="DERIVED")
    record = read(write_dicom([beat, group(RAW, [channel("2:3"), channel("2:4")])]))
    assert record.ecg.sizes["time"] == 600


def test_groups_of_other_leads_over_the_same_time_are_joined(write_dicom):
    groups = [group(RAW, [channel("2:1"), channel("2:2")]), group(RAW, [channel("2:3"), channel("2:4")])]
    assert {"I", "II", "V1", "V2"} <= set(read(write_dicom(groups)).leads)


@pytest.mark.parametrize(
    ("elements", "age"),
    [
        ({"PatientAge": "006M"}, 0.5),
        ({"PatientBirthDate": "19800101", "AcquisitionDateTime": "20200701000000"}, 40),
        ({"PatientAge": "", "PatientBirthDate": ""}, float("nan")),
    ],
)
def test_age(write_dicom, elements, age):
    record = read(write_dicom([group(RAW, [channel("2:3"), channel("2:4")])], **elements))
    np.testing.assert_equal(record.age, age)


def test_patient_name_goes_nowhere(write_dicom):
    record = read(write_dicom([group(RAW, [channel("2:3"), channel("2:4")])], PatientName="Doe^Jane", PatientID="7"))
    assert "Doe" not in repr(record) + record._repr_html_()


def without_sensitivity():
    bare = [channel("2:3"), channel("2:4")]
    for item in bare:
        del item.ChannelSensitivity
    return [group(RAW, bare)]


def test_missing_sensitivity_needs_a_stated_unit(write_dicom):
    path = write_dicom(without_sensitivity())
    with pytest.raises(FormatError, match="without sensitivity"):
        read(path)
    np.testing.assert_allclose(read(path, unit="uV").ecg.values[0], RAW[:, 0] / 1000, atol=1e-5)


def short_data():
    item = group(RAW, [channel("2:3"), channel("2:4")])
    item.WaveformData = item.WaveformData[:100]
    return [item]


def compressed():
    item = group(RAW, [channel("2:3"), channel("2:4")])
    item.WaveformBitsAllocated, item.WaveformSampleInterpretation = 8, "MB"
    return [item]


@pytest.mark.parametrize(
    ("groups", "reason"),
    [
        (None, "without a waveform"),
        (short_data(), "truncated DICOM waveform"),
        (compressed(), "coding"),
        ([group(RAW, [channel("2:3"), channel("2:4", unit="mm[Hg]")])], "no voltage"),
        ([group(RAW, [channel("2:3")])], "1 DICOM channel definitions"),
    ],
)
def test_what_is_no_readable_waveform_is_refused(write_dicom, groups, reason):
    with pytest.raises(FormatError, match=reason):
        read(write_dicom(groups))


def test_text_named_dcm_is_refused(tmp_path):
    for name, text in (("a.dcm", "I am no waveform\n"), ("b.dcm", "I,II\n" + "0.1,0.2\n" * 500)):
        (tmp_path / name).write_text(text)
        with pytest.raises(FormatError, match=r"a text file named \.dcm"):
            read(tmp_path / name, rate_hz=500, unit="mV")


def test_nested_sequences_do_not_overflow(tmp_path, bundled):
    dataset = pydicom.dcmread(bundled)
    inner = Dataset()
    for _ in range(60):
        outer = Dataset()
        outer.ReferencedSeriesSequence = Sequence([inner])
        inner = outer
    dataset.ReferencedSeriesSequence = Sequence([inner])
    path = tmp_path / "deep.dcm"
    dataset.save_as(path)
    data = path.read_bytes()
    path.write_bytes(data[:300] + b"\xff\xfe\x00\xe0\xff\xff\xff\xff\x08\x00\x15\x11SQ\x00\x00\xff\xff\xff\xff" * 4000)
    with pytest.raises(FormatError):
        read(path)
