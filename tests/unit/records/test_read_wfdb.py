from __future__ import annotations

import os
import shutil

import numpy as np
import pytest
import wfdb

from ecgomics.errors import FormatError
from ecgomics.records import find, read

LEADS = ["I", "II", "III", "aVR", "aVL", "aVF", "V1", "V2", "V3", "V4", "V5", "V6"]


@pytest.mark.parametrize("fmt", ["16", "212", "80", "24"])
def test_samples_come_back_in_mv(signal, write_wfdb, fmt):
    step = 0.02 if fmt == "80" else 0.001
    path = write_wfdb(signal, fmt=[fmt] * 12, adc_gain=[1 / step] * 12)
    record = read(path)
    np.testing.assert_allclose(record.ecg.values.T, signal, atol=step)
    assert (record.native_hz, record.source, record.derived_leads) == (500.0, "rec", ())


@pytest.mark.parametrize("given", ["rec.hea", "rec.dat", "rec"])
def test_header_signal_file_or_stem_name_the_record(signal, write_wfdb, given):
    path = write_wfdb(signal)
    assert read(path.parent / given).id == read(path).id


def test_matlab_signal_file_with_offset(signal, write_wfdb):
    path = write_wfdb(signal[:, :2])
    data = path.with_suffix(".dat").read_bytes()
    path.with_suffix(".mat").write_bytes(b"\x00" * 24 + data)
    path.with_suffix(".dat").unlink()
    path.write_text(path.read_text().replace("rec.dat 16", "rec.mat 16+24"))
    np.testing.assert_allclose(read(path).ecg.sel(lead=["I", "II"]).values.T, signal[:, :2], atol=1e-3)


def test_units_are_brought_to_mv_and_other_signals_left_out(signal, write_wfdb):
    path = write_wfdb(
        np.column_stack([signal[:, 0] * 1000, signal[:, 1], signal[:, 2], signal[:, 3]]),
        units=["uV", "mV", "NU", "mV"],
        sig_name=["V1", "V2", "V3", "PLETH"],
        adc_gain=[1.0, 1000.0, 1000.0, 1000.0],
    )
    record = read(path)
    assert record.leads == ("V1", "V2")
    np.testing.assert_allclose(record.ecg.values.T, signal[:, :2], atol=1e-3)
    assert any("V3, PLETH" in note for note in record.notes)


def test_a_record_without_ecg_is_refused(signal, write_wfdb):
    with pytest.raises(FormatError, match="without an ECG signal"):
        read(write_wfdb(signal[:, :2], sig_name=["PLETH", "RESP"]))


def test_every_sample_of_a_signal_with_several_per_frame_is_kept(tmp_path):
    ecg, slow = np.arange(400, dtype="<i2"), np.arange(100, dtype="<i2")
    frames = np.column_stack([ecg.reshape(100, 4), slow])
    (tmp_path / "m.dat").write_bytes(frames.astype("<i2").tobytes())
    (tmp_path / "m.hea").write_text("m 2 125 100\nm.dat 16x4 1000/mV 16 0 0 0 0 II\nm.dat 16 10/mmHg 16 0 0 0 0 ABP\n")
    record = read(tmp_path / "m.hea")
    assert record.native_hz == 500.0
    np.testing.assert_allclose(record.ecg.values[0], ecg / 1000, atol=1e-6)


def test_fixed_layout_segments_are_one_recording(signal, write_wfdb, tmp_path):
    for k in (1, 2):
        write_wfdb(signal[:, :2] * k, name=f"s{k}")
    (tmp_path / "master.hea").write_text("master/3 2 500 2500\ns1 1000\n~ 500\ns2 1000\n")
    record = read(tmp_path / "master.hea")
    lead = record.ecg.sel(lead="I").values
    np.testing.assert_allclose(lead[:1000], signal[:, 0], atol=1e-3)
    assert np.isnan(lead[1000:1500]).all()
    np.testing.assert_allclose(lead[1500:], 2 * signal[:, 0], atol=2e-3)
    assert [file.source for file in find(tmp_path)] == ["master"]


def test_variable_layout_segments_are_one_recording(signal, write_wfdb, tmp_path):
    write_wfdb(signal[:, :2], name="s1", sig_name=["I", "II"])
    write_wfdb(signal[:, 1:2], name="s2", sig_name=["II"])
    (tmp_path / "layout.hea").write_text("layout 2 500 0\n~ 0 1000/mV 0 0 0 0 0 I\n~ 0 1000/mV 0 0 0 0 0 II\n")
    (tmp_path / "v.hea").write_text("v/3 2 500 2000\nlayout 0\ns1 1000\ns2 1000\n")
    record = read(tmp_path / "v.hea")
    assert np.isnan(record.ecg.sel(lead="I").values[1000:]).all()
    np.testing.assert_allclose(record.ecg.sel(lead="II").values, np.tile(signal[:, 1], 2), atol=1e-3)
    assert [file.source for file in find(tmp_path)] == ["v"]


@pytest.mark.parametrize(
    ("gap", "reason"), [(900_000, "far longer"), (900_000_000, "far longer"), (9_000_000_000, "cut it into parts")]
)
def test_gaps_that_cost_nothing_on_disk_cannot_fill_the_memory(signal, write_wfdb, tmp_path, gap, reason):
    write_wfdb(signal[:, :2], name="s1")
    (tmp_path / "m.hea").write_text(f"m/2 2 500\ns1 1000\n~ {gap}\n")
    with pytest.raises(FormatError, match=reason):
        read(tmp_path / "m.hea")


def test_one_nan_lead_is_kept(signal, write_wfdb):
    signal[:, 6] = np.nan
    record = read(write_wfdb(signal))
    assert np.isnan(record.ecg.sel(lead="V1")).all()
    assert np.isfinite(record.ecg.drop_sel(lead="V1")).all()


def test_a_record_that_is_nan_throughout_is_refused(signal, write_wfdb):
    with pytest.raises(FormatError, match="no finite sample"):
        read(write_wfdb(np.full_like(signal, np.nan)))


def test_start_is_read_and_absent_gain_noted(tmp_path):
    (tmp_path / "r.dat").write_bytes(np.arange(200, dtype="<i2").tobytes())
    (tmp_path / "r.hea").write_text("r 1 250 200 8:26:04 26/10/1994\nr.dat 16\n")
    record = read(tmp_path / "r.hea")
    assert record.start is not None
    assert record.start.isoformat() == "1994-10-26T08:26:04"
    assert any("gain" in note for note in record.notes)
    np.testing.assert_allclose(record.ecg.values[0, -1], 199 / 200)


def test_truncated_signal_file_is_refused_with_the_count(signal, write_wfdb):
    path = write_wfdb(signal)
    data = path.with_suffix(".dat").read_bytes()
    path.with_suffix(".dat").write_bytes(data[:-10])
    with pytest.raises(FormatError, match="truncated WFDB signal file: 11995 of 12000"):
        read(path)


def test_empty_signal_file_and_empty_header_are_refused(signal, write_wfdb, tmp_path):
    path = write_wfdb(signal)
    path.with_suffix(".dat").write_bytes(b"")
    with pytest.raises(FormatError, match="empty WFDB signal file"):
        read(path)
    (tmp_path / "e.hea").write_bytes(b"")
    with pytest.raises(FormatError, match="an empty file"):
        read(tmp_path / "e.hea")


@pytest.mark.parametrize("name", ["../out.dat", "/etc/passwd", "..", "sub/x.dat", "C:\\x.dat", "..\\x.dat"])
def test_header_naming_a_file_outside_its_folder_is_refused(signal, write_wfdb, tmp_path, name):
    path = write_wfdb(signal)
    inner = tmp_path / "in"
    (inner / "sub").mkdir(parents=True)
    for target in (tmp_path / "out.dat", inner / "sub" / "x.dat"):
        shutil.copy(path.with_suffix(".dat"), target)
    (inner / "rec.hea").write_text(path.read_text().replace("rec.dat", name))
    with pytest.raises(FormatError, match="outside its folder"):
        read(inner / "rec.hea")


def test_segment_name_that_leads_outside_is_refused(signal, write_wfdb, tmp_path):
    write_wfdb(signal[:, :2], name="s1")
    (tmp_path / "in").mkdir()
    (tmp_path / "in" / "m.hea").write_text("m/1 2 500 1000\n../s1 1000\n")
    with pytest.raises(FormatError, match="outside its folder"):
        read(tmp_path / "in" / "m.hea")


def test_link_that_leads_outside_is_refused(signal, write_wfdb, tmp_path):
    path = write_wfdb(signal)
    (tmp_path / "in").mkdir()
    shutil.copy(path, tmp_path / "in" / "rec.hea")
    os.symlink(path.with_suffix(".dat"), tmp_path / "in" / "rec.dat")
    with pytest.raises(FormatError, match="by a link"):
        read(tmp_path / "in" / "rec.hea")


def test_segment_that_is_the_record_itself_does_not_recur(tmp_path):
    (tmp_path / "m.hea").write_text("m/1 2 500 1000\nm 1000\n")
    with pytest.raises(FormatError, match="itself made of segments"):
        read(tmp_path / "m.hea")


@pytest.mark.parametrize(
    ("header", "reason"),
    [
        ("hello world\n", "no WFDB header"),
        ("r 1 500 99999999999\nr.dat 16 200 16 0 0 0 0 I\n", "99999999999 samples"),
        ("r 1 500 100\n", "0 signal lines"),
        ("r 1 500 1e3\nr.dat 16 200 16 0 0 0 0 I\n", "length is no number"),
        ("r 1 500 100\nr.dat 77 200 16 0 0 0 0 I\n", "format that does not exist"),
        ("r 1 500 100\nno.dat 16 200 16 0 0 0 0 I\n", "not there"),
        ("r/2 1 500 100\nr 50\n", "1 segment lines"),
    ],
)
def test_bad_headers_are_refused_with_the_reason(tmp_path, header, reason):
    (tmp_path / "r.hea").write_text(header)
    (tmp_path / "r.dat").write_bytes(bytes(200))
    with pytest.raises(FormatError, match=reason):
        read(tmp_path / "r.hea")


def test_messages_hold_neither_path_nor_content(tmp_path):
    folder = tmp_path / "SECRETNAME"
    folder.mkdir()
    (folder / "r.hea").write_text("r 1 500 100\nr.dat 16 SECRETGAIN(/q 16 0 0 0 0 I\n# SECRETNAME\n")
    (folder / "r.dat").write_bytes(bytes(20))
    with pytest.raises(FormatError) as caught:
        read(folder / "r.hea")
    assert "SECRET" not in str(caught.value)


def test_a_signal_file_without_header_says_so(tmp_path):
    (tmp_path / "r.dat").write_bytes(bytes(20))
    with pytest.raises(FormatError, match="without its header"):
        read(tmp_path / "r.dat")


def test_wfdb_itself_agrees(signal, write_wfdb):
    path = write_wfdb(signal)
    theirs = wfdb.rdrecord(str(path.with_suffix("")))
    np.testing.assert_allclose(read(path).ecg.sel(lead=LEADS).values.T, theirs.p_signal, atol=1e-6)
