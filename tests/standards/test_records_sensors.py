"""Texts of consumer and laboratory sensors: Apple Health, Polar, OpenSignals."""

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

ROW = w.beats(1, n=1300)[0]


def record_of(data: bytes, path: Path, **stated):
    path.write_bytes(data)
    return read(path, **stated)


@pytest.mark.parametrize("language", ["en", "de"])
def test_apple_health(tmp_path, language):
    record = record_of(w.apple(ROW, language=language), tmp_path / "ecg_2021.csv")
    np.testing.assert_allclose(record.ecg.sel(lead="I"), ROW / 1000, atol=1e-5)
    assert (record.native_hz, record.leads, record.format) == (512.0, ("I",), "apple")
    assert record.start == datetime(2021, 2, 3, 4, 5, 6)


def test_apple_health_says_age_device_and_classification_but_no_name(tmp_path):
    record = record_of(w.apple(ROW), tmp_path / "e.csv")
    assert (record.age, record.device) == (40.0, "Apple Watch6,1")
    assert [label.code for label in record.labels] == ["Sinus Rhythm", "Fatigue", "Dizziness"]
    assert "X" not in (record.patient, record.source, *record.notes)


def test_apple_health_with_words_among_its_numbers(tmp_path):
    with pytest.raises(FormatError, match="no numbers"):
        record_of(w.apple(ROW) + b"end\n", tmp_path / "e.csv")


def test_polar(tmp_path):
    record = record_of(w.polar(ROW), tmp_path / "p.txt")
    np.testing.assert_allclose(record.ecg.sel(lead="ECG"), ROW / 1000, atol=1e-5)
    assert (record.native_hz, record.leads, record.device) == (130.0, ("ECG",), "Polar")
    assert record.start == datetime(2021, 2, 3, 4, 5, 0)


def test_polar_packets_that_were_lost_are_gaps(tmp_path):
    lines = w.polar(ROW).decode().splitlines()
    del lines[400:473]
    record = record_of("\n".join(lines).encode(), tmp_path / "p.txt")
    values = record.ecg.sel(lead="ECG").values
    assert values.size == ROW.size
    assert int(np.isnan(values).sum()) == 73
    assert np.isnan(values[399:472]).all()


def test_open_signals_counts_become_mv(tmp_path):
    counts = 512 + ROW.clip(-400, 400)
    record = record_of(w.open_signals(counts), tmp_path / "o.txt")
    expected = (counts / 1024 - 0.5) * 3.3 / 1100 * 1000
    np.testing.assert_allclose(record.ecg.sel(lead="ECG"), expected, atol=1e-5)
    assert (record.native_hz, record.device) == (1000.0, "bitalino")
    assert record.start == datetime(2016, 6, 11, 7, 3, 47, 290_000)
    assert record.step_uv["ECG"] == pytest.approx(3000 / 1024)


@pytest.mark.parametrize(
    ("old", "new", "message"),
    [
        (b'"ECG"', b'"EDA"', "without an ECG channel"),
        (b"bitalino", b"another", "scale is not known"),
        (b'{"20:16"', b'{"20:16', "cannot be read"),
        (b"# EndOfHeader\n", b"", "head"),
        (b'"label": ["A2"]', b'"label": ["A9"]', "cannot be read"),
    ],
)
def test_open_signals_that_cannot_be_understood(tmp_path, old, new, message):
    data = w.open_signals(512 + ROW)
    assert old in data
    with pytest.raises(FormatError, match=message):
        record_of(data.replace(old, new), tmp_path / "o.txt")


def test_sensor_texts_are_found_by_their_heads(tmp_path):
    (tmp_path / "a.csv").write_bytes(w.apple(ROW))
    (tmp_path / "p.txt").write_bytes(w.polar(ROW))
    (tmp_path / "o.txt").write_bytes(w.open_signals(512 + ROW))
    assert {file.source: file.kind for file in find(tmp_path)} == {"a": "apple", "p": "polar", "o": "opensignals"}
