"""EDF, EDF+, BDF, ISHNE, MATLAB and HDF5."""

from __future__ import annotations

import importlib.util
import math
import os
import struct
from datetime import datetime
from pathlib import Path

import h5py
import numpy as np
import pytest
from scipy.io import savemat

from ecgomics.errors import FormatError
from ecgomics.records import Annotation, find, find_labels, read, read_labels

_SPEC = importlib.util.spec_from_file_location("record_writers", Path(__file__).with_name("record_writers.py"))
w = importlib.util.module_from_spec(_SPEC)
_SPEC.loader.exec_module(w)

ROWS = w.beats(2, n=2000)
TWELVE = w.twelve_of(w.beats(8, n=1500))


def record_of(data: bytes, path: Path, **stated):
    path.write_bytes(data)
    return read(path, **stated)


def steps(record, step_mv: float, names=None) -> np.ndarray:
    values = record.ecg.sel(lead=list(names)) if names else record.ecg
    return np.rint(values.values.astype(np.float64) / step_mv)


# EDF --------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("variant", ["", "EDF+C", "BDF+C", "BDF"])
def test_edf_samples_in_uv(tmp_path, variant):
    record = record_of(w.edf(ROWS, variant=variant), tmp_path / "x.edf")
    np.testing.assert_array_equal(steps(record, 0.001, ("I", "II")), ROWS)
    assert (record.native_hz, record.format) == (500.0, "edf")
    assert record.derived_leads == ("III", "aVR", "aVL", "aVF")
    assert record.filters == {"highpass_hz": 0.05, "lowpass_hz": 150.0, "notch_hz": 50.0}


def test_edf_plus_person_start_and_annotations(tmp_path):
    record = record_of(w.edf(ROWS), tmp_path / "x.edf")
    assert (record.patient, record.sex, record.age, record.device) == ("P5", "F", 50.0, "Some Device")
    assert record.start == datetime(2002, 3, 2, 4, 5, 6)
    assert record.annotations == (Annotation(1.25, "café", "edf", end_s=1.75),)


def test_edf_d_gaps_are_missing_samples(tmp_path):
    record = record_of(w.edf(ROWS, variant="EDF+D", onsets=[0, 1, 3, 4], notes=()), tmp_path / "x.edf")
    assert record.duration_s == 5.0
    values = record.ecg.sel(lead="I").values
    assert np.isnan(values[1000:1500]).all()
    assert np.isfinite(values[:1000]).all()
    np.testing.assert_array_equal(np.rint(values[1500:] / 0.001), ROWS[0, 1000:])


@pytest.mark.parametrize("onsets", [[0, 1, 1.5, 4], [0, 2, 1, 4], [0, 1, 1e9, 2e9]])
def test_edf_d_that_cannot_be_laid_out(tmp_path, onsets):
    with pytest.raises(FormatError, match="EDF"):
        record_of(w.edf(ROWS, variant="EDF+D", onsets=onsets, notes=()), tmp_path / "x.edf")


def test_edf_signals_that_are_no_ecg_are_left_out(tmp_path):
    record = record_of(w.edf(ROWS, names=("ECG V1", "Resp nasal")), tmp_path / "x.edf")
    assert record.leads == ("V1",)
    assert any("left out" in note for note in record.notes)
    with pytest.raises(FormatError, match="without an ECG"):
        record_of(w.edf(ROWS, unit="degC"), tmp_path / "y.edf")


def test_edf_that_is_truncated_says_how_much_there_is(tmp_path):
    with pytest.raises(FormatError, match="3 of 4 data records"):
        record_of(w.edf(ROWS)[:-700], tmp_path / "x.edf")


@pytest.mark.parametrize(
    ("at", "value"), [(236, b"99999999"), (244, b"0       "), (252, b"9999"), (184, b"512     "), (244, b"nan     ")]
)
def test_edf_headers_that_cannot_be_true(tmp_path, at, value):
    data = w.edf(ROWS)
    with pytest.raises(FormatError, match="EDF"):
        record_of(data[:at] + value + data[at + len(value) :], tmp_path / "x.edf")


# ISHNE ------------------------------------------------------------------------------------------------------------


def test_ishne_samples_and_header(tmp_path):
    record = record_of(w.ishne(ROWS), tmp_path / "x.ecg")
    np.testing.assert_array_equal(steps(record, 0.005), ROWS)
    assert (record.leads, record.native_hz, record.format) == (("I", "V1"), 250.0, "ishne")
    assert (record.patient, record.sex, record.age, record.device) == ("ID-7", "F", 52.0, "recorder")
    assert record.start == datetime(2012, 7, 6, 8, 9, 10)
    assert record.step_uv == {"I": 5.0, "V1": 5.0}


@pytest.mark.parametrize("at", [20, 120, 300])
def test_ishne_header_that_fails_its_checksum(tmp_path, at):
    data = bytearray(w.ishne(ROWS))
    data[at] ^= 0x01
    with pytest.raises(FormatError, match=r"checksum|ISHNE"):
        record_of(bytes(data), tmp_path / "x.ecg")


def test_ishne_without_a_checksum_is_read_and_noted(tmp_path):
    data = w.ishne(ROWS)
    record = record_of(data[:8] + b"\x00\x00" + data[10:], tmp_path / "x.ecg")
    assert any("no checksum" in note for note in record.notes)


def test_ishne_that_is_truncated(tmp_path):
    with pytest.raises(FormatError, match="1900 of 2000 samples"):
        record_of(w.ishne(ROWS)[:-400], tmp_path / "x.ecg")


# MATLAB -----------------------------------------------------------------------------------------------------------


def test_matlab_struct_of_cpsc_2018(tmp_path):
    savemat(tmp_path / "A1.mat", {"ECG": {"sex": "Male", "age": 52.0, "data": TWELVE / 1000}})
    record = read(tmp_path / "A1.mat")
    assert (record.sex, record.age, record.native_hz, record.leads) == ("M", 52.0, 500.0, w.TWELVE)
    np.testing.assert_allclose(record.ecg.values, TWELVE / 1000, atol=1e-6)
    assert any("CPSC 2018" in note for note in record.notes)


def test_matlab_array_of_cpsc_2019_and_its_reference(tmp_path):
    savemat(tmp_path / "data_1.mat", {"ecg": np.sin(np.arange(5000) / 50)[:, None]})
    savemat(tmp_path / "R_1.mat", {"R_peak": np.arange(10)[:, None]})
    assert [(file.source, file.kind) for file in find(tmp_path)] == [("data_1", "matlab")]
    record = read(tmp_path / "data_1.mat")
    assert (record.native_hz, record.duration_s, record.leads) == (500.0, 10.0, ("ch1",))


def test_matlab_4_of_the_challenges_without_its_header(tmp_path):
    savemat(tmp_path / "A2.mat", {"val": TWELVE.astype(np.int16)}, format="4")
    record = read(tmp_path / "A2.mat")
    np.testing.assert_array_equal(steps(record, 0.001), TWELVE)
    assert any("assumed" in note for note in record.notes)
    stated = read(tmp_path / "A2.mat", rate_hz=250, unit="uV")
    assert stated.native_hz == 250.0
    assert not any("assumed" in note for note in stated.notes)


def test_matlab_that_states_rate_unit_and_leads(tmp_path):
    savemat(
        tmp_path / "m.mat", {"signal": ROWS, "fs": 400.0, "unit": "uV", "leads": np.array(["V1", "V2"], dtype=object)}
    )
    record = read(tmp_path / "m.mat")
    assert (record.native_hz, record.leads) == (400.0, ("V1", "V2"))


def test_matlab_that_states_nothing_is_refused_with_the_way_out(tmp_path):
    savemat(tmp_path / "m.mat", {"thing": ROWS / 7})
    with pytest.raises(FormatError, match="rate_hz="):
        read(tmp_path / "m.mat")


def test_matlab_bomb_is_refused(tmp_path):
    savemat(tmp_path / "m.mat", {"ecg": np.zeros((3000, 12000))}, do_compression=True)
    assert (tmp_path / "m.mat").stat().st_size < 1_000_000
    with pytest.raises(FormatError, match="values in"):
        read(tmp_path / "m.mat", rate_hz=500, unit="mV")


def nested_cells(levels: int) -> bytes:
    """A version 5 file of cells within cells, whose lengths agree."""
    flags, dims, name = struct.pack("<II", 6, 8), struct.pack("<IIii", 5, 8, 1, 1), struct.pack("<II", 1, 0)
    inner = flags + struct.pack("<II", 6, 0) + dims + name + struct.pack("<IId", 9, 8, 1.0)
    parts, size = [struct.pack("<II", 14, len(inner)) + inner], 8 + len(inner)
    head = flags + struct.pack("<II", 1, 0) + dims + name
    for _ in range(levels):
        parts.append(struct.pack("<II", 14, len(head) + size) + head)
        size += 8 + len(head)
    return b"MATLAB 5.0 MAT-file".ljust(124) + struct.pack("<H", 0x100) + b"IM" + b"".join(reversed(parts))


@pytest.mark.parametrize("levels", [1000, 100_000])
def test_matlab_of_cells_without_end_is_refused_before_it_is_followed(tmp_path, levels):
    with pytest.raises(FormatError, match="more than 500 parts"):
        record_of(nested_cells(levels), tmp_path / "m.mat")


def test_matlab_lead_names_in_a_cell(tmp_path):
    savemat(tmp_path / "m.mat", {"ecg": TWELVE / 1000, "leads": np.array(list(w.TWELVE), dtype=object)})
    record = read(tmp_path / "m.mat", rate_hz=500, unit="mV")
    assert record.leads == w.TWELVE


# HDF5 -------------------------------------------------------------------------------------------------------------


@pytest.fixture
def code15(tmp_path):
    """Three recordings as CODE-15 % stores them: one filled with zeros up to 4096 samples; and its table."""
    tracings = np.zeros((3, 4096, 12), dtype=np.float32)
    rng = np.random.default_rng(4)
    tracings[0] = rng.normal(0, 3, (4096, 12))
    tracings[1, 648:-648] = rng.normal(0, 3, (2800, 12))
    tracings[2] = rng.normal(0, 3, (4096, 12))
    with h5py.File(tmp_path / "exams_part0.hdf5", "w") as file:
        file["tracings"] = tracings
        file["exam_id"] = np.array([1169160, 7, 2], dtype=np.int64)
    (tmp_path / "exams.csv").write_text(
        "exam_id,age,is_male,nn_predicted_age,1dAVb,RBBB,LBBB,SB,ST,AF,patient_id,death,trace_file\n"
        "1169160,38,True,40.1,False,True,False,False,False,False,523632,False,exams_part0.hdf5\n"
        "7,73,False,67.0,False,False,False,False,False,False,1724173,,exams_part0.hdf5\n"
    )
    return tmp_path, tracings


def test_hdf5_each_tracing_is_a_recording(code15):
    folder, tracings = code15
    files = list(find(folder))
    assert [file.source for file in files] == ["exams_part0-1169160", "exams_part0-7", "exams_part0-2"]
    assert {file.file for file in files} == {folder / "exams_part0.hdf5"}
    first = read(files[0].path)
    assert (first.native_hz, first.source, first.leads) == (400.0, "exams_part0-1169160", w.TWELVE)
    np.testing.assert_allclose(first.ecg.values, tracings[0].T * 0.1, atol=1e-5)
    assert any("CODE-15" in note for note in first.notes)


def test_hdf5_filled_zeros_are_left_out(code15):
    folder, tracings = code15
    record = read(folder / "exams_part0.hdf5#7", rate_hz=400, unit="mV")
    assert record.duration_s == 7.0
    np.testing.assert_allclose(record.ecg.values, tracings[1, 648:-648].T, atol=1e-5)
    assert any("648 filled" in note for note in record.notes)
    assert not any("CODE" in note for note in record.notes), "nothing was assumed"


def test_hdf5_labels_of_code_15(code15):
    folder, _ = code15
    assert find_labels(folder) == folder / "exams.csv"
    said = read_labels(folder / "exams.csv").of(next(iter(find(folder))).path)
    assert (said.patient, said.age, said.sex) == ("523632", 38.0, "M")
    assert [(label.system, label.code) for label in said.labels] == [("code15", "RBBB")]


def test_hdf5_of_many_asks_which(code15):
    folder, _ = code15
    with pytest.raises(FormatError, match=r"3 recordings.*#NAME"):
        read(folder / "exams_part0.hdf5")
    with pytest.raises(FormatError, match="not in the HDF5 file"):
        read(folder / "exams_part0.hdf5#99")


def test_hdf5_of_one_states_rate_unit_and_leads(tmp_path):
    with h5py.File(tmp_path / "one.h5", "w") as file:
        file.create_dataset("ecg", data=ROWS.astype(np.int16), compression="gzip", shuffle=True)
        file["ecg"].attrs["fs"], file["ecg"].attrs["unit"], file["ecg"].attrs["leads"] = 250, "uV", ["V1", "V2"]
    record = read(tmp_path / "one.h5")
    assert (record.source, record.native_hz, record.leads) == ("one", 250.0, ("V1", "V2"))
    np.testing.assert_array_equal(steps(record, 0.001), ROWS)


def test_hdf5_needs_rate_and_unit(tmp_path):
    with h5py.File(tmp_path / "one.h5", "w") as file:
        file["ecg"] = ROWS
    with pytest.raises(FormatError, match="rate_hz="):
        read(tmp_path / "one.h5")
    assert read(tmp_path / "one.h5", rate_hz=500, unit="5 uV").native_hz == 500.0


def test_hdf5_one_dataset_a_recording(tmp_path):
    with h5py.File(tmp_path / "many.h5", "w") as file:
        file["a/signal"], file["b/signal"] = ROWS, -ROWS
    assert [file.source for file in find(tmp_path)] == ["many-a-signal", "many-b-signal"]
    records = [read(file.path, rate_hz=500, unit="uV") for file in find(tmp_path)]
    np.testing.assert_array_equal(records[0].ecg.values, -records[1].ecg.values)


def test_hdf5_nothing_outside_the_file_is_touched(tmp_path):
    secret = tmp_path / "secret.h5"
    with h5py.File(secret, "w") as file:
        file["ecg"] = ROWS
    with h5py.File(tmp_path / "link.h5", "w") as file:
        file["ecg"] = h5py.ExternalLink("secret.h5", "/ecg")
    with h5py.File(tmp_path / "virtual.h5", "w") as file:
        layout = h5py.VirtualLayout(shape=ROWS.shape, dtype=ROWS.dtype)
        layout[:] = h5py.VirtualSource("secret.h5", "ecg", shape=ROWS.shape)
        file.create_virtual_dataset("ecg", layout)
    raw = tmp_path / "raw.bin"
    raw.write_bytes(ROWS.astype("<i8").tobytes())
    with h5py.File(tmp_path / "external.h5", "w") as file:
        file.create_dataset("ecg", ROWS.shape, "<i8", external=[(str(raw), 0, h5py.h5f.UNLIMITED)])
    for name in ("link", "virtual", "external"):
        with pytest.raises(FormatError, match="another file"):
            read(tmp_path / f"{name}.h5", rate_hz=500, unit="uV")


def test_hdf5_huge_promise_is_refused(tmp_path):
    with h5py.File(tmp_path / "x.h5", "w") as file:
        file.create_dataset("ecg", shape=(12, 10**9), dtype="f8", chunks=(1, 1000))
    assert (tmp_path / "x.h5").stat().st_size < 100_000
    with pytest.raises(FormatError, match="values"):
        read(tmp_path / "x.h5", rate_hz=500, unit="mV")


def test_a_hash_in_a_plain_file_name_is_no_item(tmp_path):
    np.save(tmp_path / "a#1.npy", ROWS)
    assert read(tmp_path / "a#1.npy", rate_hz=500, unit="uV").source == "a#1"
    with pytest.raises(FormatError):
        read(tmp_path / "gone.h5#1")
    os.mkdir(tmp_path / "d#1")
    with pytest.raises(FormatError):
        read(tmp_path / "d#1")
    assert math.isnan(read(tmp_path / "a#1.npy", rate_hz=500, unit="uV").age)
