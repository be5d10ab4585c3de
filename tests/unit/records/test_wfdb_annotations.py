from __future__ import annotations

import numpy as np
import pytest
import wfdb

from ecgomics.errors import FormatError
from ecgomics.records import Annotation, read
from ecgomics.records.wfdb_annotations import read_mit

SAMPLES = np.array([10, 400, 3000, 250_000, 250_001])
SYMBOLS = ["N", "V", "+", "(", "~"]
NOTES = ["", "", "(AFIB", "", ""]


@pytest.fixture
def annotated(signal, write_wfdb, tmp_path):
    path = write_wfdb(signal)
    wfdb.wrann("rec", "atr", SAMPLES, symbol=SYMBOLS, aux_note=NOTES, write_dir=str(tmp_path))
    return path


def test_beats_and_rhythms_with_their_texts(annotated):
    record = read(annotated)
    assert [item.code for item in record.annotations] == ["N", "V", "+ (AFIB", "(", "~"]
    np.testing.assert_allclose([item.time_s for item in record.annotations], SAMPLES / 500)
    assert {(item.system, item.lead) for item in record.annotations} == {("wfdb-atr", "")}


def test_as_the_library_reads_them(annotated):
    theirs = wfdb.rdann(str(annotated.with_suffix("")), "atr")
    ours = list(read_mit(annotated.with_suffix(".atr").read_bytes(), hz=1))
    assert [time for time, _ in ours] == theirs.sample.tolist()


def test_one_file_a_lead(signal, write_wfdb, tmp_path):
    path = write_wfdb(signal)
    for lead in ("ii", "avr"):
        wfdb.wrann("rec", lead, np.array([50]), symbol=["p"], write_dir=str(tmp_path))
    found = read(path).annotations
    assert set(found) == {Annotation(0.1, "p", "wfdb-lead", lead=lead) for lead in ("II", "aVR")}


def test_their_own_clock_is_honoured(signal, write_wfdb, tmp_path):
    path = write_wfdb(signal)
    wfdb.wrann("rec", "atr", np.array([100, 200]), symbol=["N", "N"], fs=1000, write_dir=str(tmp_path))
    assert [item.time_s for item in read(path).annotations] == [0.1, 0.2]


def test_damaged_annotations_do_not_cost_the_recording(annotated):
    annotated.with_suffix(".atr").write_bytes(b"\x00\xec\x01")
    record = read(annotated)
    assert record.annotations == ()
    assert any("annotations (atr)" in note for note in record.notes)


def test_bytes_that_end_within_a_skip():
    with pytest.raises(FormatError, match="end at byte 2"):
        list(read_mit(b"\x00\xec\x01", hz=1))


def test_links_are_not_followed(annotated, tmp_path):
    elsewhere = tmp_path / "elsewhere"
    annotated.with_suffix(".atr").rename(elsewhere)
    annotated.with_suffix(".atr").symlink_to(elsewhere)
    assert read(annotated).annotations == ()


def test_steps_are_those_of_the_gain(annotated):
    assert read(annotated).step_uv["II"] == 1.0
