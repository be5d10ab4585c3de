"""XML formats: HL7 aECG, GE MUSE, Philips Sierra, GE CardioSoft; and what no XML may do here."""

from __future__ import annotations

import importlib.util
import math
from datetime import datetime
from pathlib import Path

import numpy as np
import pytest

from ecgomics.errors import FormatError
from ecgomics.records import Annotation, find, read

_SPEC = importlib.util.spec_from_file_location("record_writers", Path(__file__).with_name("record_writers.py"))
w = importlib.util.module_from_spec(_SPEC)
_SPEC.loader.exec_module(w)

EIGHT = w.beats(8)
TWELVE = w.twelve_of(EIGHT)


def record_of(data: bytes, folder: Path):
    path = folder / "x.xml"
    path.write_bytes(data)
    return read(path)


def steps(record, names, step_mv: float) -> np.ndarray:
    return np.rint(record.ecg.sel(lead=list(names)).values.astype(np.float64) / step_mv).astype(np.int64)


# HL7 aECG ---------------------------------------------------------------------------------------------------------


def test_aecg_samples_times_and_person(tmp_path):
    record = record_of(w.aecg(TWELVE), tmp_path)
    np.testing.assert_array_equal(steps(record, w.TWELVE, 0.0025), TWELVE)
    assert (record.native_hz, record.format, record.derived_leads) == (500.0, "aecg", ())
    assert (record.patient, record.sex, record.age) == ("S-1", "F", 60.0)
    assert record.start == datetime(2010, 2, 3, 4, 5, 6, 500_000)
    assert (record.device, record.filters) == ("M", {"lowpass_hz": 150.0})
    assert record.step_uv["V3"] == 2.5


def test_aecg_origin_is_added(tmp_path):
    record = record_of(w.aecg(TWELVE, origin_uv=100), tmp_path)
    np.testing.assert_allclose(record.ecg.sel(lead="V1").values, TWELVE[6] * 0.0025 + 0.1, atol=1e-5)


def test_aecg_annotations_measurements_and_derived_beat(tmp_path):
    record = record_of(w.aecg(TWELVE), tmp_path)
    wave, qrs = record.annotations
    assert wave == Annotation(0.12, "MDC_ECG_WAVC_PWAVE", "mdc", lead="II", end_s=0.22)
    assert (qrs.code, qrs.lead) == ("MDC_ECG_WAVC_QRSWAVE", "")
    assert (qrs.time_s, qrs.end_s) == pytest.approx((0.3, 0.4))
    assert record.measurements == {"PR_Int_Global": (148.0, "ms")}
    assert [label.code for label in record.labels] == ["Sinus rhythm"]
    assert record.median_beat.attrs["rate_hz"] == 500.0
    np.testing.assert_allclose(record.median_beat.sel(lead="V6"), TWELVE[11, :300] * 0.0025, atol=1e-6)


@pytest.mark.parametrize(
    ("old", "new", "message"),
    [
        (b"<increment", b"<incremented", "sampling interval"),
        (b"TIME_ABSOLUTE", b"NO_TIME", "time sequence"),
        (b'unit="uV"', b'unit="mmHg"', "no voltage"),
        (b"<digits>", b"<digits>x ", "no numbers"),
    ],
)
def test_aecg_that_lacks_what_it_needs(tmp_path, old, new, message):
    with pytest.raises(FormatError, match=message):
        record_of(w.aecg(TWELVE).replace(old, new), tmp_path)


# GE MUSE ----------------------------------------------------------------------------------------------------------


def test_muse_eight_leads_become_twelve(tmp_path):
    record = record_of(w.muse(EIGHT, median=EIGHT[:, 100:400]), tmp_path)
    np.testing.assert_array_equal(steps(record, w.EIGHT, 0.00488), EIGHT)
    assert record.derived_leads == ("III", "aVR", "aVL", "aVF")
    lead = {name: record.ecg.sel(lead=name).values for name in ("I", "II", "III", "aVR", "aVL", "aVF")}
    np.testing.assert_allclose(lead["III"], lead["II"] - lead["I"], atol=1e-6)
    np.testing.assert_allclose(lead["aVR"] + lead["aVL"] + lead["aVF"], 0, atol=1e-6)
    assert dict(record.median_beat.sizes) == {"lead": 12, "offset": 300}


def test_muse_person_measurements_and_statements(tmp_path):
    record = record_of(w.muse(EIGHT), tmp_path)
    assert (record.patient, record.age, record.sex, record.device) == ("M1", 1.5, "F", "GE MAC55")
    assert record.start == datetime(2023, 2, 28, 10, 35, 17)
    assert record.measurements["PR_Int_Global"] == (160.0, "ms")
    assert record.measurements["QRS_On_Median"] == (400.0, "ms")
    assert [label.code for label in record.labels] == ["Sinus rhythm é"], "lines are joined, the code page honoured"
    assert record.annotations == (Annotation(0.3, "QRS type 0", "ge-muse"),)
    assert record.filters == {"highpass_hz": 0.16, "lowpass_hz": 150.0}


def test_muse_lead_data_that_fail_their_checksum(tmp_path):
    data = w.muse(EIGHT)
    at = data.rindex(b"</WaveFormData>") - 40
    changed = data[:at] + (b"A" if data[at : at + 1] != b"A" else b"B") + data[at + 1 :]
    with pytest.raises(FormatError, match="checksum"):
        record_of(changed, tmp_path)


def test_muse_that_is_truncated_within_a_lead(tmp_path):
    data = w.muse(EIGHT).replace(b"<LeadSampleCountTotal>1500", b"<LeadSampleCountTotal>1600", 1)
    with pytest.raises(FormatError, match="1500 of 1600 samples"):
        record_of(data, tmp_path)


# Philips Sierra ---------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("version", ["1.03", "1.04", "1.04.01"])
@pytest.mark.parametrize("compressed", [True, False])
def test_sierra_samples_and_lead_reconstruction(tmp_path, version, compressed):
    record = record_of(w.sierra(TWELVE, version=version, compressed=compressed), tmp_path)
    np.testing.assert_array_equal(steps(record, w.TWELVE, 0.005), TWELVE)
    assert (record.native_hz, record.format, record.derived_leads) == (500.0, "sierra", ())


def test_sierra_limb_leads_with_residuals(tmp_path):
    rows = TWELVE.copy()
    rows[2:6] += np.random.default_rng(5).integers(-2, 3, (4, rows.shape[1]))
    np.testing.assert_array_equal(steps(record_of(w.sierra(rows), tmp_path), w.TWELVE, 0.005), rows)


def test_sierra_person_measurements_and_beat(tmp_path):
    record = record_of(w.sierra(TWELVE, version="1.03", encoding="utf-8"), tmp_path)
    assert (record.patient, record.sex, record.age) == ("P9", "M", 59.0), "a day before the birthday"
    assert record.start == datetime(2010, 1, 19, 15, 19, 22)
    assert record.measurements["PR_Int_Global"] == (144.0, "ms")
    assert record.measurements["R_Amp_V2"] == (0.912, "mV")
    assert not {"T_AxisFront_Global", "P_Dur_V2"} & set(record.measurements), "words are no numbers"
    assert [label.code for label in record.labels] == ["SINUS RHYTHM", "ABNORMAL ECG"]
    np.testing.assert_allclose(record.median_beat.sel(lead="II"), TWELVE[1, :200] * 0.0025, atol=1e-6)


def test_sierra_calibration_pulse_is_no_ecg(tmp_path):
    rows = TWELVE.copy()
    rows[:, -200:] = 0
    rows[:, -150:-50] = 200
    record = record_of(w.sierra(rows, compressed=False), tmp_path)
    assert record.ecg.sizes["time"] == rows.shape[1]
    assert np.isnan(record.ecg.values[:, -200:]).all()
    assert np.isfinite(record.ecg.values[:, :-200]).all()
    assert any("calibration pulse" in note for note in record.notes)


def test_sierra_of_a_coding_not_known(tmp_path):
    data = w.sierra(TWELVE, encoding="utf-8").replace(b'"XLI"', b'"ZIP"')
    with pytest.raises(FormatError, match="compression"):
        record_of(data, tmp_path)


def test_sierra_declared_utf_16_but_stored_as_utf_8(tmp_path):
    data = w.sierra(TWELVE, encoding="utf-8").replace(b'encoding="utf-8"', b'encoding="utf-16"')
    np.testing.assert_array_equal(steps(record_of(data, tmp_path), w.TWELVE, 0.005), TWELVE)


# GE CardioSoft ----------------------------------------------------------------------------------------------------


def test_cardiosoft(tmp_path):
    record = record_of(w.cardiosoft(TWELVE), tmp_path)
    np.testing.assert_array_equal(steps(record, w.TWELVE, 0.005), TWELVE)
    assert (record.patient, record.age, record.sex, record.format) == ("C3", 53.0, "M", "cardiosoft")
    assert record.start == datetime(2018, 7, 19, 14, 19, 39)
    assert record.measurements["PR_Int_Global"] == (174.0, "ms")
    assert record.measurements["S_Amp_aVR"] == (-0.781, "mV"), "depths are negative here"
    assert "S_Amp_I" not in record.measurements
    assert record.filters == {"lowpass_hz": 100.0, "notch_hz": 50.0}
    assert record.annotations == (Annotation(0.8, "dominant", "ge-cardiosoft"),)
    assert [label.code for label in record.labels] == ["Sinus"]
    assert dict(record.median_beat.sizes) == {"lead": 12, "offset": 300}


# what no XML may do -----------------------------------------------------------------------------------------------

LAUGHS = "".join(f'<!ENTITY a{k} "{f"&a{k - 1};" * 10}">' for k in range(1, 9))


@pytest.mark.parametrize(
    "doctype",
    [
        '<!DOCTYPE RestingECG [<!ENTITY x SYSTEM "file:///etc/passwd">]>',
        f'<!DOCTYPE RestingECG [<!ENTITY a0 "ha">{LAUGHS}]>',
        '<!DOCTYPE RestingECG SYSTEM "file:///etc/passwd">',
        '<!DOCTYPE RestingECG SYSTEM "http://localhost/x.dtd">',
        '<!DOCTYPE RestingECG PUBLIC "-//x" "x.dtd">',
        '<!DOCTYPE RestingECG [<!ENTITY % p SYSTEM "x.dtd"> %p;]>',
    ],
)
def test_document_types_and_entities_are_refused(tmp_path, doctype):
    data = w.muse(EIGHT).decode("latin-1").replace('<!DOCTYPE RestingECG SYSTEM "restecg.dtd">', doctype)
    data = data.replace("Sinus<", "&a8;<" if "a8" in doctype else "&x;<")
    with pytest.raises(FormatError, match=r"document type|entities"):
        record_of(data.encode("latin-1"), tmp_path)


def test_the_bare_document_type_of_muse_is_not_opened(tmp_path):
    (tmp_path / "restecg.dtd").write_text('<!ENTITY x "should not be read">')
    assert record_of(w.muse(EIGHT), tmp_path).leads == w.TWELVE
    with pytest.raises(FormatError, match=r"well-formed|entities|another file"):
        record_of(w.muse(EIGHT).replace(b"Sinus<", b"&x;<"), tmp_path)


def test_depth_is_bounded(tmp_path):
    with pytest.raises(FormatError, match="too deeply"):
        record_of(b"<RestingECG>" + b"<a>" * 100_000, tmp_path)


def test_damage_is_placed(tmp_path):
    with pytest.raises(FormatError, match=r"line \d+, column \d+"):
        record_of(w.cardiosoft(TWELVE)[:-400], tmp_path)


def test_other_xml_is_no_ecg(tmp_path):
    with pytest.raises(FormatError, match="root"):
        record_of(b"<svg/>", tmp_path)
    assert list(find(tmp_path)) == []


@pytest.mark.parametrize("encoding", ["utf-8", "utf-16", "gb18030"])
def test_chinese_statements_in_any_encoding(tmp_path, encoding):
    text = w.muse(EIGHT).decode("latin-1").replace("ISO-8859-1", encoding).replace("rhythm é", "窦性心律")
    record = record_of(text.encode(encoding), tmp_path)
    assert [label.code for label in record.labels] == ["Sinus 窦性心律"]


def test_xml_kinds_are_found_by_their_root(tmp_path):
    for name, data in (
        ("a", w.aecg(TWELVE)),
        ("b", w.muse(EIGHT)),
        ("c", w.sierra(TWELVE)),
        ("d", w.cardiosoft(TWELVE)),
    ):
        (tmp_path / f"{name}.xml").write_bytes(data)
    assert [(file.source, file.kind) for file in find(tmp_path)] == [
        ("a", "aecg"),
        ("b", "muse"),
        ("c", "sierra"),
        ("d", "cardiosoft"),
    ]


def test_ages_that_cannot_be_known_stay_unknown(tmp_path):
    data = w.muse(EIGHT).replace(b"<PatientAge>18</PatientAge>", b"<PatientAge>999</PatientAge>")
    data = data.replace(b"MONTHS", b"YEARS")
    assert math.isnan(record_of(data, tmp_path).age)
