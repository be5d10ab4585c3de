"""The verbs of live streams: a record replayed beside its cohort, recorded, listed, discarded."""

from __future__ import annotations

import pytest

from ecgomics.cli import main
from ecgomics.live import live_folder, recordings_of
from ecgomics.pipeline import ingest
from ecgomics.records import Record
from ecgomics.simulate import VirtualPatient, simulate


@pytest.fixture
def cohort(tmp_path):
    ecg = simulate(VirtualPatient(), duration_s=10, rate_hz=500, seed=8).ecg
    return ingest([Record(ecg, native_hz=500.0, source="x")], tmp_path / "demo.zarr", progress=False)


def test_a_record_is_replayed_recorded_and_let_go(cohort, capsys):
    path, record = str(cohort.path), str(cohort.ids[0])
    assert main(["stream", f"replay:{record}", path, "--speed", "1000", "--record", "--name", "again", "--quiet"]) == 0
    (recording,) = recordings_of(live_folder(path))
    name = f"{recording.stream}/{recording.number}"
    assert f"recorded {name}: 10.0 s" in capsys.readouterr().out

    assert main(["stream", path, "--list"]) == 0
    listed = capsys.readouterr().out
    assert recording.stream in listed
    assert "ended" in listed

    assert main(["recordings", path]) == 0
    assert "10.0 s" in capsys.readouterr().out
    assert main(["recordings", path, "--discard", name]) == 0
    assert recordings_of(live_folder(path))[0].state == "discarded"


@pytest.mark.parametrize("source", ["nosuch:1", "replay:", "replay:nothing"])
def test_a_source_that_is_not_there_is_said_in_one_line(cohort, capsys, source):
    assert main(["stream", source, str(cohort.path)]) == 2
    assert capsys.readouterr().err.startswith("ecgomics: ")


def test_a_recording_that_is_not_there_is_said(cohort, capsys):
    assert main(["recordings", str(cohort.path), "--discard", "x/0"]) == 2
    assert "no recording" in capsys.readouterr().err
