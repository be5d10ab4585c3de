"""Files into a cohort: labels, quarantine, crashes, going on after a kill, appending."""

from __future__ import annotations

import importlib
from pathlib import Path

import numpy as np
import pytest

from ecgomics.cohort import check, open_cohort
from ecgomics.cohort import ingest as room
from ecgomics.cohort.crew import Hands
from ecgomics.cohort.ingest import Summary, ingest_files
from ecgomics.cohort.progress import Progress
from ecgomics.errors import FormatError
from ecgomics.settings import IngestSettings
from ecgomics.vocabulary import LEADS

SHORT = IngestSettings(short_s=10)


def write(folder: Path, number: int, *, seconds: float = 1.0, values: np.ndarray | None = None) -> Path:
    folder.mkdir(exist_ok=True, parents=True)
    path = folder / f"r{number:03}.npz"
    ecg = np.random.default_rng(number).normal(size=(12, int(250 * seconds))) if values is None else values
    np.savez(path, ecg=ecg, leads=np.array(LEADS), rate_hz=250.0, unit="mV")
    return path


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    for number in range(6):
        write(tmp_path / "in", number)
    return tmp_path / "in"


def take(source: Path, store: Path, **options: object) -> Summary:
    given = {"settings": SHORT, "labels": None, "progress": Progress("quiet")} | options
    given["hands"] = Hands(given.pop("workers", 0))  # type: ignore[arg-type]
    return ingest_files(source, store, **given)  # type: ignore[arg-type]


def test_a_folder_becomes_a_cohort_in_the_order_of_its_files(folder: Path, store: Path) -> None:
    summary = take(folder, store)
    assert (summary.read, summary.added, summary.known) == (6, 6, 0)
    cohort = open_cohort(store)
    assert list(cohort.records["source"]) == [f"r{k:03}" for k in range(6)]
    assert cohort.records["native_hz"].unique() == [250.0]
    assert cohort.rate_hz == 500.0
    assert str(take(folder, store)).startswith("6 read: 0 added, 6 known already; 0 in quarantine")
    assert open_cohort(store).generation == 1


def test_worker_processes_give_the_same_store(folder: Path, tmp_path: Path) -> None:
    take(folder, tmp_path / "one.zarr")
    take(folder, tmp_path / "two.zarr", workers=2)
    one, two = open_cohort(tmp_path / "one.zarr"), open_cohort(tmp_path / "two.zarr")
    assert one.records.equals(two.records)
    np.testing.assert_array_equal(one.signal.values, two.signal.values)


def test_what_cannot_be_read_is_listed_with_its_reason_and_the_rest_kept(folder: Path, store: Path) -> None:
    (folder / "empty.npz").write_bytes(b"")
    (folder / "text.dcm").write_text("not a dicom file\n" * 20)
    (folder / "cut.npz").write_bytes((folder / "r000.npz").read_bytes()[:400])
    (folder / "outside.hea").write_text("outside 1 250 100\n../../etc/passwd 16 200 16 0 0 0 0 II\n")
    write(folder, 77, values=np.full((12, 250), np.nan))
    flat = np.random.default_rng(1).normal(size=(12, 250))
    flat[4], flat[5] = 0.0, np.nan
    write(folder, 78, values=flat)
    summary = take(folder, store)
    cohort = open_cohort(store)
    assert summary.added == 7
    assert set(cohort.quarantine["source"]) == {"empty", "text", "cut", "outside", "r077"}
    assert cohort.quarantine["reason"].str.len().min() > 5
    assert (cohort.quarantine["hash"].str.len() == 16).all()
    assert not cohort.quarantine["reason"].str.contains("passwd|not a dicom").any()
    kept = cohort.ecg(cohort.records.index[cohort.records["source"] == "r078"][0])
    assert (kept.sel(lead=LEADS[4]) == 0).all()
    assert np.isnan(kept.sel(lead=LEADS[5])).all()
    lines = str(summary).splitlines()
    assert "5 in quarantine" in lines[0]
    assert len(lines) == 1 + len(summary.reasons)


def test_a_file_refused_again_stays_one_line(folder: Path, store: Path) -> None:
    (folder / "empty.npz").write_bytes(b"")
    take(folder, store)
    take(folder, store)
    assert len(open_cohort(store).quarantine) == 1


CRASHING = """
import os, signal
from ecgomics.cohort.ingest import stage_file

def crashing(task):
    if task.file.source == "r002":
        os.kill(os.getpid(), signal.SIGKILL)
    stage_file(task)
"""


def test_a_file_that_can_be_read_at_last_leaves_the_quarantine(tmp_path: Path, store: Path) -> None:
    path = tmp_path / "bare.npy"
    np.save(path, np.random.default_rng(0).normal(size=(12, 400)))
    take(path, store)
    assert list(open_cohort(store).quarantine["source"]) == ["bare"]
    take(path, store, settings=IngestSettings(short_s=10, stated_hz=200.0, stated_unit="mV"))
    cohort = open_cohort(store)
    assert len(cohort) == 1
    assert len(cohort.quarantine) == 0


def test_a_second_source_of_a_recording_adds_its_name_and_what_was_unknown(
    folder: Path, store: Path, tmp_path: Path
) -> None:
    take(folder, store)
    twin = tmp_path / "twins"
    twin.mkdir()
    (twin / "other.npz").write_bytes((folder / "r002.npz").read_bytes())
    (twin / "list.csv").write_text("path,label,age,sex,patient\nother.npz,AF,61,F,p1\n")
    summary = take(twin / "list.csv", store)
    assert (summary.added, summary.known) == (0, 1)
    row = open_cohort(store).records.iloc[2]
    assert row[["source", "patient", "age", "sex", "notes"]].to_list() == [
        "r002",
        "p1",
        61.0,
        "F",
        "the same recording as other",
    ]
    generation = open_cohort(store).generation
    take(twin / "list.csv", store)
    assert open_cohort(store).generation == generation


def test_a_source_without_recordings_says_so(tmp_path: Path) -> None:
    (tmp_path / "in").mkdir()
    (tmp_path / "in" / "readme.md").write_text("nothing")
    with pytest.raises(FormatError, match="without recordings"):
        take(tmp_path / "in", tmp_path / "c.zarr")


def test_a_crashed_worker_costs_its_file(
    folder: Path, store: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "crashing_reader.py").write_text(CRASHING)
    monkeypatch.syspath_prepend(str(tmp_path))
    monkeypatch.setattr(room, "stage_file", importlib.import_module("crashing_reader").crashing)
    summary = take(folder, store, workers=1)
    assert summary.added == 5
    quarantine = open_cohort(store).quarantine
    assert list(quarantine["source"]) == ["r002"]
    assert quarantine["reason"].iloc[0] == "the worker crashed (exit code -9)"


def test_staged_files_are_not_read_again_after_a_kill(
    folder: Path, store: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    read: list[str] = []
    real = room.read

    def counting(path: Path, **options: object) -> object:
        if len(read) == 4:
            raise KeyboardInterrupt
        read.append(path.stem)
        return real(path, **options)  # type: ignore[arg-type]

    monkeypatch.setattr(room, "read", counting)
    with pytest.raises(KeyboardInterrupt):
        take(folder, store)
    write(folder, 1, seconds=2)  # changed since: staged anew
    before = list(read)
    read.clear()
    summary = take(folder, store)
    assert before == ["r000", "r001", "r002", "r003"]
    assert sorted(read) == ["r001", "r004", "r005"]
    assert summary.added == 6
    assert open_cohort(store).records["duration_s"].iloc[1] == 2.0


def test_a_table_of_paths_and_labels_is_a_source(folder: Path, store: Path) -> None:
    table = folder / "list.csv"
    table.write_text("path,label,age,sex,patient\nr004.npz,AF;LBBB,61,F,p1\nr001.npz,NORM,50,M,p2\n")
    assert take(table, store).added == 2
    cohort = open_cohort(store)
    assert list(cohort.records["source"]) == ["r004", "r001"]
    assert list(cohort.records["patient"]) == ["p1", "p2"]
    assert list(cohort.labels["code"]) == ["AF", "LBBB", "NORM"]


def test_labels_from_a_table_given_apart(folder: Path, store: Path, tmp_path: Path) -> None:
    table = tmp_path / "labels.csv"
    table.write_text("record,label\nr003,STEMI\n")
    take(folder, store, labels=table)
    cohort = open_cohort(store)
    assert list(cohort.labels["code"]) == ["STEMI"]
    assert cohort.records.loc[cohort.labels["record"].iloc[0], "source"] == "r003"


def test_a_second_folder_is_appended(folder: Path, store: Path, tmp_path: Path) -> None:
    take(folder, store)
    for number in (3, 20, 21):
        write(tmp_path / "more", number)
    summary = take(tmp_path / "more", store)
    assert (summary.added, summary.known) == (2, 1)
    assert list(open_cohort(store).records["source"])[-2:] == ["r020", "r021"]
    assert check(store) == ()


def test_stated_rate_and_unit_serve_arrays_that_state_none(tmp_path: Path, store: Path) -> None:
    path = tmp_path / "bare.npy"
    np.save(path, np.random.default_rng(0).normal(size=(12, 400)) * 1000)
    take(path, store)
    assert "rate" in open_cohort(store).quarantine["reason"].iloc[0]
    settings = IngestSettings(short_s=10, stated_hz=200.0, stated_unit="uV")
    take(path, store, settings=settings)
    cohort = open_cohort(store)
    assert cohort.records["duration_s"].iloc[0] == 2.0
    assert np.nanstd(cohort.ecg(cohort.ids[0]).values) < 2.0


def test_a_source_that_is_not_there_leaves_nothing_behind(tmp_path: Path) -> None:
    with pytest.raises(FormatError, match="not there"):
        take(tmp_path / "nowhere", tmp_path / "never.zarr")
    assert list(tmp_path.iterdir()) == []
