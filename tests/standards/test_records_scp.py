"""SCP-ECG, by clause of EN 1064 (ISO 11073-91064)."""

from __future__ import annotations

import importlib.util
from datetime import datetime
from pathlib import Path

import numpy as np
import pytest

from ecgomics.errors import FormatError
from ecgomics.records import find, read

_SPEC = importlib.util.spec_from_file_location("record_writers", Path(__file__).with_name("record_writers.py"))
w = importlib.util.module_from_spec(_SPEC)
_SPEC.loader.exec_module(w)

ROWS = w.beats(8, n=1200)


def record_of(data: bytes, folder: Path):
    path = folder / "x.scp"
    path.write_bytes(data)
    return read(path)


def steps(record, names=w.EIGHT, *, step_mv: float = 0.0025) -> np.ndarray:
    """Samples in whole steps of the file."""
    return np.rint(record.ecg.sel(lead=list(names)).values.astype(np.float64) / step_mv).astype(np.int64)


@pytest.mark.parametrize("order", [0, 1, 2])
@pytest.mark.parametrize("coding", ["raw", "default", "custom", "switching"])
def test_5_5_and_5_9_codings_and_differences_lose_nothing(tmp_path, coding, order):
    record = record_of(w.scp(ROWS, coding=coding, order=order), tmp_path)
    np.testing.assert_array_equal(steps(record), ROWS)
    assert record.native_hz == 500.0
    assert record.derived_leads == ("III", "aVR", "aVL", "aVF")
    assert record.step_uv == dict.fromkeys(w.EIGHT, 2.5)
    assert record.format == "scp"


def test_annex_c_the_default_table_reaches_every_code(tmp_path):
    values = np.array([*range(-8, 9), 9, -9, 127, -128, 128, -129, 32767, -32768, 0])
    rows = np.tile(values, (8, 1))
    record = record_of(w.scp(rows, order=0), tmp_path)
    np.testing.assert_array_equal(steps(record), rows)


def test_5_4_header_data(tmp_path):
    record = record_of(w.scp(ROWS), tmp_path)
    assert (record.patient, record.age, record.sex) == ("P-17", 61.0, "F")
    assert record.start == datetime(2011, 5, 6, 7, 8, 9)
    assert record.device == "Mortara ELI-X"
    assert record.filters == {"highpass_hz": 0.05, "lowpass_hz": 150.0}
    assert record.measurements["Height"] == (172.0, "cm")
    assert [label.code for label in record.labels] == ["Sinus rhythm"]


def test_5_10_global_measurements_with_29999_unknown(tmp_path):
    measured = record_of(w.scp(ROWS), tmp_path).measurements
    expected = {
        "RR_Mean_Global": (800.0, "ms"),
        "HR_Mean_Global": (75.0, "/min"),
        "P_Dur_Global": (110.0, "ms"),
        "PR_Int_Global": (160.0, "ms"),
        "QRS_Dur_Global": (90.0, "ms"),
        "QT_Int_Global": (400.0, "ms"),
        "QRS_AxisFront_Global": (-25.0, "°"),
        "QT_IntBazett_Global": (420.0, "ms"),
    }
    assert expected.items() <= measured.items()
    assert "HR_Atrial_Global" not in measured


@pytest.fixture
def subtracted():
    """Three beats of one shape on noise; what is stored once that shape is taken away; and the lines of section 4."""
    rng = np.random.default_rng(8)
    reference = np.rint(300 * np.exp(-(((np.arange(250) - 90) / 20.0) ** 2)) * rng.uniform(-1, 1, (8, 1))).astype(int)
    whole = rng.integers(-9, 9, (8, 1200))
    stored, lines = whole.copy(), []
    for fiducial in (200, 620, 1050):
        first, last = fiducial - 60, fiducial + 110
        begin = fiducial - 91 + 1  # sample, from 1, of the reference's first
        part = slice(first - begin, last - begin + 1)
        stored[:, first - 1 : last] = whole[:, first - 1 : last] - reference[:, part]
        lines.append((0, first, fiducial, last, first, last))
    lines.append((1, 1150, 1160, 1170, 1150, 1170))
    return whole, stored, reference, lines


@pytest.mark.parametrize("coding", ["raw", "default"])
def test_5_7_and_5_8_the_reference_beat_is_added_back(tmp_path, subtracted, coding):
    whole, stored, reference, lines = subtracted
    data = w.scp(stored, coding=coding, reference=reference, subtracted=True, beat_lines=lines, fiducial=91)
    record = record_of(data, tmp_path)
    np.testing.assert_array_equal(steps(record), whole)
    assert any("added back" in note for note in record.notes)
    beat = record.median_beat.sel(lead=list(w.EIGHT)).values / 0.0025
    np.testing.assert_allclose(beat, reference, atol=0.01)
    assert [a.code for a in record.annotations] == ["beat type 0"] * 3 + ["beat type 1"]
    assert [a.time_s for a in record.annotations] == pytest.approx([0.398, 1.238, 2.098, 2.318])


def test_5_8_a_subtracted_beat_that_is_missing_is_refused(tmp_path, subtracted):
    _, stored, _, lines = subtracted
    with pytest.raises(FormatError, match="reference beat"):
        record_of(w.scp(stored, subtracted=True, beat_lines=lines), tmp_path)


def test_5_9_bimodal_keeps_protected_samples_and_interpolates_the_rest(tmp_path):
    time = np.arange(1200)
    smooth = np.rint(400 * np.sin(time / 120)).astype(int)
    whole = np.stack([smooth * (k + 1) // 4 for k in range(8)])
    zones = [(181, 260), (581, 660)]
    whole[:, 180:260] += np.rint(500 * np.hanning(80)).astype(int)
    stored = []
    for row in whole:
        values, at = [], 0
        while at < 1200:
            zone = next((z for z in zones if z[0] - 1 <= at < z[1]), None)
            if zone:
                values += list(row[at : zone[1]])
                at = zone[1]
            else:
                values.append(round(row[at : at + 4].mean()))
                at += 4
        stored.append(values)
    lines = [(0, first, (first + last) // 2, last, first, last) for first, last in zones]
    data = w.scp(np.array(stored), bimodal=True, stored_us=8000, beat_lines=lines, length=1200)
    record = record_of(data, tmp_path)
    assert record.native_hz == 500.0
    decoded = steps(record)
    assert decoded.shape == (8, 1200)
    for first, last in zones:
        np.testing.assert_array_equal(decoded[:, first - 1 : last], whole[:, first - 1 : last])
    assert np.abs(decoded - whole)[:, 2:-2].max() <= 4, "a smooth wave comes back within a few steps"
    assert any("bimodal" in note for note in record.notes)


@pytest.mark.parametrize("place", [0, 1, 7, 60, -1, -200])
def test_5_2_a_changed_byte_fails_the_checksum(tmp_path, place):
    data = bytearray(w.scp(ROWS))
    data[place] ^= 0x10
    with pytest.raises(FormatError, match="checksum"):
        record_of(bytes(data), tmp_path)


def test_a_truncated_record_says_how_much_there_is(tmp_path):
    data = w.scp(ROWS)
    with pytest.raises(FormatError, match=f"truncated: {len(data) - 100} of {len(data)} bytes"):
        record_of(data[:-100], tmp_path)


def test_bits_that_end_early_are_refused_with_their_byte(tmp_path):
    with pytest.raises(FormatError, match=r"of 3000 samples at byte \d+"):
        record_of(w.scp(ROWS, length=3000), tmp_path)


def test_a_promise_of_more_samples_than_bits_is_refused(tmp_path):
    with pytest.raises(FormatError, match=r"samples"):
        record_of(w.scp(ROWS, length=40_000_000), tmp_path)


def test_it_is_known_by_content_under_any_name(tmp_path):
    (tmp_path / "export.bin").write_bytes(w.scp(ROWS))
    assert [(file.kind, file.source) for file in find(tmp_path)] == [("scp", "export")]
    assert read(tmp_path / "export.bin").format == "scp"
