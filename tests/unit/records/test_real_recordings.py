"""Every real recording of the shared data folder; skipped where that folder is not beside the checkout."""

from __future__ import annotations

import os
from pathlib import Path

import numpy as np
import pytest
import wfdb

from ecgomics.records import find, find_labels, read, read_labels

DATA = Path(os.environ.get("ECGOMICS_DATA", Path(__file__).parents[4] / "shared" / "data"))

pytestmark = [
    pytest.mark.data,
    pytest.mark.skipif(not DATA.is_dir(), reason="no real recordings beside the checkout (set ECGOMICS_DATA)"),
]

WFDB_FOLDERS = {"cinc2015": 1, "cinc2021": 20, "cpsc2018_wfdb": 4, "cpsc2021": 6, "ludb": 84, "mitdb": 21}
WFDB_FOLDERS |= {"qtdb": 42, "ptbdb": 1, "mimic_multisegment": 1, "ptbxl": 260}


@pytest.mark.parametrize(("folder", "count"), WFDB_FOLDERS.items())
def test_every_wfdb_recording_is_found_and_read(folder, count):
    files = list(find(DATA / folder))
    assert len(files) == count
    for file in files:
        record = read(file.path)
        assert np.isfinite(record.ecg.values).any()
        assert 0.001 < float(np.nanstd(record.ecg.values)) < 5, "mV"
        assert record.native_hz >= 100


def test_samples_agree_with_the_library():
    for path in sorted((DATA / "ludb" / "data").glob("*.hea"))[:10]:
        theirs = wfdb.rdrecord(str(path.with_suffix("")))
        ours = read(path).ecg
        names = ["aV" + name[-1].upper() if name.startswith("av") else name.upper() for name in theirs.sig_name]
        np.testing.assert_allclose(ours.sel(lead=names).values.T, theirs.p_signal, atol=1e-5)


def test_multi_segment_keeps_every_ecg_sample():
    record = read(DATA / "mimic_multisegment" / "041s" / "041s.hea")
    assert record.native_hz == 500.0, "four samples a frame at 125 Hz"
    assert record.duration_s == 16.0
    assert record.derived_leads == ("II", "aVR", "aVL", "aVF")


def test_age_sex_and_codes_of_challenge_headers():
    for file in find(DATA / "cinc2021"):
        record = read(file.path)
        assert record.sex in ("M", "F")
        assert record.labels
        assert {label.system for label in record.labels} == {"snomed-ct"}


@pytest.mark.parametrize("folder", ["ptbxl", "ludb"])
def test_every_recording_finds_its_row(folder):
    where = find_labels(DATA / folder)
    assert where is not None
    table = read_labels(where)
    for file in find(DATA / folder):
        said = table.of(file.path)
        assert said is not None, file.source
        assert said.labels


def test_ludb_headers_and_table_say_the_same():
    table = read_labels(DATA / "ludb" / "ludb.csv")
    for file in find(DATA / "ludb"):
        record, said = read(file.path), table.of(file.path)
        assert said is not None
        assert {label.code.casefold() for label in record.labels} <= {label.code.casefold() for label in said.labels}
        assert len(record.described(said).labels) == len(said.labels), "each statement once"


def test_the_same_recording_as_csv_and_wfdb():
    wide = read(DATA / "formats_converted" / "csv" / "ludb_1_wide_500hz.csv", unit="mV")
    original = read(DATA / "ludb" / "data" / "1.hea")
    assert wide.native_hz == original.native_hz
    n = wide.ecg.sizes["time"]
    np.testing.assert_allclose(wide.ecg.values, original.ecg.values[:, :n], atol=1e-4)


def test_phone_and_chest_strap_exports_state_rate_and_unit():
    for name, rate, lead in (("apple_health_style", 512.0, "I"), ("polar_h10_style", 130.0, "ECG")):
        (file,) = find(DATA / "formats_converted" / name)
        record = read(file.path)
        assert (record.native_hz, record.leads) == (rate, (lead,))
