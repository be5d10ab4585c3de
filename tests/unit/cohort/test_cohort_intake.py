"""What is taken away on the way in, what is tried again, what came twice, and the page that says so."""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from dataclasses import replace
from datetime import datetime
from pathlib import Path

import numpy as np
import pytest

from ecgomics.cli import main
from ecgomics.cohort import Cohort, check, duplicates, intake_report, open_cohort, patients
from ecgomics.cohort.crew import Hands
from ecgomics.cohort.deidentify import Profile, key_path, profile_of
from ecgomics.cohort.ingest import Summary, ingest_files, ingest_records
from ecgomics.cohort.progress import Progress
from ecgomics.errors import CohortError, SettingsError
from ecgomics.records import Annotation, Label, Record, assemble
from ecgomics.records.octets import Octets
from ecgomics.settings import IngestSettings
from ecgomics.vocabulary import LEADS

QUIET = Progress("quiet")
SECRETS = ("Mary", "_1958", "-1958", "SN-48151", "77123456", "felt dizzy", "woke up", "2019-03-04")


@pytest.fixture
def known(record: Callable[..., Record]) -> Record:
    return replace(
        record(1),
        source="Mary_1958",
        patient="Mary-1958",
        age=93.0,
        sex="F",
        start=datetime(2019, 3, 4, 5, 6, 7),
        device="Maker PageWriter TC30 S/N: SN-48151 77123456",
        labels=(Label("device-statement", "felt dizzy"), Label("snomed-ct", "426783006")),
        annotations=(Annotation(0.2, "N", "wfdb-atr"), Annotation(0.4, "woke up", "edf"), Annotation(0.5, "(p", "mdc")),
    )


def take(records: list[Record], store: Path, kind: str, **options: object) -> Cohort:
    settings = IngestSettings(short_s=10, deidentify=kind)
    ingest_records(records, store, settings=settings, progress=QUIET, **options)  # type: ignore[arg-type]
    return open_cohort(store)


def everything(store: Path) -> str:
    cohort = open_cohort(store)
    tables = (cohort.records, cohort.labels, cohort.quarantine, cohort.measurements, cohort.annotations)
    return "\n".join(table.to_csv() for table in tables)


def test_strictly_nothing_is_left_by_which_a_person_is_found(known: Record, store: Path) -> None:
    cohort = take([known], store, "strict")
    left = everything(store)
    assert not [word for word in SECRETS if word in left]
    row = cohort.records.iloc[0]
    assert re.fullmatch("p[0-9a-f]{15}", row["patient"])
    assert (row["age"], row["sex"], row["device"]) == (90.0, "F", "Maker PageWriter TC30")
    assert 1 <= (known.start - row["start"]).days <= 365  # type: ignore[operator]
    assert list(cohort.labels["code"]) == ["426783006"]
    assert list(cohort.annotations["code"]) == ["N", "(p"]
    assert cohort.stages["ingest"].settings["deidentify"] == "strict"
    key = key_path(store)
    assert key.stat().st_mode & 0o077 == 0
    assert key.read_text() not in (store / "manifest.json").read_text()


def test_basic_keeps_dates_and_words(known: Record, store: Path) -> None:
    row = take([known], store, "basic").records.iloc[0]
    assert row["start"] == known.start
    assert row["age"] == 90.0
    assert "Mary" not in everything(store)
    assert "felt dizzy" in everything(store)


def test_a_patient_keeps_name_and_distance_of_dates_by_one_key(record: Callable[..., Record], store: Path) -> None:
    first = record(1, patient="a", start=datetime(2020, 1, 1))
    later = record(2, patient="a", start=datetime(2020, 1, 31))
    take([first], store, "strict")
    cohort = take([later, record(3, patient="b", start=datetime(2020, 1, 1))], store, "strict")
    table = cohort.records
    assert table["patient"].iloc[0] == table["patient"].iloc[1] != table["patient"].iloc[2]
    assert (table["start"].iloc[1] - table["start"].iloc[0]).days == 30
    assert Profile("strict", b"x" * 16).pseudonym("a") != Profile("strict", b"y" * 16).pseudonym("a")


def test_profile_and_key_are_those_the_cohort_was_begun_with(
    record: Callable[..., Record], store: Path, tmp_path: Path
) -> None:
    take([record(1)], store, "strict")
    with pytest.raises(CohortError, match="deidentify = off"):
        take([record(2)], store, "off")
    (tmp_path / "other").write_text("0123456789abcdef0123")
    with pytest.raises(CohortError, match="another key"):
        take([record(2)], store, "strict", key_file=tmp_path / "other")
    (tmp_path / "short").write_text("abc")
    with pytest.raises(SettingsError, match="a key of 3 bytes"):
        profile_of("strict", store, key_file=tmp_path / "short")


def test_names_of_refused_files_go_too(store: Path, tmp_path: Path) -> None:
    (tmp_path / "in").mkdir()
    (tmp_path / "in" / "Mary_1958.npz").write_bytes(b"broken")
    settings = IngestSettings(short_s=10, deidentify="strict")
    ingest_files(tmp_path / "in", store, settings=settings, labels=None, hands=Hands(0), progress=QUIET)
    assert len(open_cohort(store).quarantine) == 1
    assert "Mary" not in everything(store)


# trying again


def folder_with_a_broken_file(tmp_path: Path) -> Path:
    folder = tmp_path / "in"
    folder.mkdir()
    for number in range(3):
        ecg = np.random.default_rng(number).normal(size=(12, 250))
        np.savez(folder / f"r{number}.npz", ecg=ecg, leads=np.array(LEADS), rate_hz=250.0, unit="mV")
    # states no unit, so that it is refused until one is stated
    np.savez(folder / "bare.npz", ecg=np.random.default_rng(9).normal(size=(12, 250)), rate_hz=250.0)
    (folder / "cut.npz").write_bytes((folder / "r0.npz").read_bytes()[:300])
    return folder


def ingest(folder: Path, store: Path, **options: object) -> Summary:
    given = {"settings": IngestSettings(short_s=10), "labels": None, "hands": Hands(0), "progress": QUIET} | options
    return ingest_files(folder, store, **given)  # type: ignore[arg-type]


def test_what_was_refused_is_tried_again_after_an_upgrade_and_nothing_else_read(
    tmp_path: Path, store: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder = folder_with_a_broken_file(tmp_path)
    assert ingest(folder, store).added == 3
    stated = IngestSettings(short_s=10, stated_unit="mV")
    again = ingest(folder, store, settings=stated, retry="changed")
    assert (again.read, again.reasons.total()) == (0, 0)
    monkeypatch.setattr("ecgomics.__version__", "99.0")
    again = ingest(folder, store, settings=stated, retry="changed")
    assert (again.read, again.added, again.reasons.total()) == (1, 1, 1)
    cohort = open_cohort(store)
    assert list(cohort.quarantine["source"]) == ["cut"]
    assert list(cohort.quarantine["version"]) == ["99.0"]
    assert len(cohort) == 4
    assert check(store) == ()


def test_all_that_was_refused_can_be_tried_again(tmp_path: Path, store: Path) -> None:
    folder = folder_with_a_broken_file(tmp_path)
    ingest(folder, store)
    assert (
        main(
            [
                "ingest",
                str(folder),
                str(store),
                "--short-s",
                "10",
                "--retry",
                "all",
                "--stated-unit",
                "mV",
                "--workers",
                "0",
                "--quiet",
            ]
        )
        == 0
    )
    assert list(open_cohort(store).quarantine["source"]) == ["cut"]


def test_quarantine_says_at_which_byte(tmp_path: Path, store: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    folder = folder_with_a_broken_file(tmp_path)

    def read(path: Path, **options: object) -> Record:
        octets = Octets(path.read_bytes(), "an archive")
        octets.part(len(octets) - 4, 8)
        raise AssertionError

    monkeypatch.setattr("ecgomics.cohort.ingest.read", read)
    ingest(folder, store)
    table = open_cohort(store).quarantine.set_index("source")
    assert table.loc["cut", "offset"] == 296
    monkeypatch.undo()
    ingest(folder, store, retry="all")
    assert open_cohort(store).quarantine.set_index("source").loc["cut", "offset"] == -1


# twice


def test_the_same_recording_in_two_versions_is_found(
    record: Callable[..., Record], take_in: Callable[..., Cohort]
) -> None:
    first = record(1, seconds=5)
    louder = replace(first, ecg=first.ecg * np.float32(1.002), source="again")
    cohort = take_in(first, louder, record(2, seconds=5), replace(first, source="copy"))
    pairs = duplicates(cohort)
    assert pairs[["record", "other", "how"]].to_numpy().tolist() == [
        [first.id, "copy", "content"],
        [first.id, louder.id, "signal"],
    ]
    assert pairs["correlation"].min() > 0.999


def test_two_strips_of_one_heart_are_not_taken_for_one_recording(take_in: Callable[..., Cohort]) -> None:
    from ecgomics.simulate import VirtualPatient, simulate

    strips = [simulate(VirtualPatient(), duration_s=10, seed=seed).ecg for seed in (1, 2)]
    cohort = take_in(*(assemble(ecg.values, list(ecg["lead"].values), rate_hz=500, source="s") for ecg in strips))
    assert len(duplicates(cohort)) == 0


def test_patients_recorded_more_than_once(cohort: Cohort) -> None:
    found = patients(cohort)
    assert found.index.tolist() == ["a"]
    assert found["records"].tolist() == [2]


# the page


def test_the_page_stands_alone_and_says_what_came(tmp_path: Path, store: Path) -> None:
    folder = folder_with_a_broken_file(tmp_path)
    page = tmp_path / "page.html"
    arguments = ["ingest", str(folder), str(store), "--report", str(page), "--workers", "0", "--quiet"]
    assert main(arguments) == 0
    html = page.read_text(encoding="utf-8")
    assert not re.findall(r"(?:src|href)=|https?://(?!www.w3.org/2000/svg)", html)
    for words in ("<b>3</b>", "states no unit", "npz", "250 Hz", "--retry", "lockbox share", "3 read: 3 added"):
        assert words in html, words


def test_the_page_escapes_what_files_say(cohort: Cohort) -> None:
    html = intake_report(cohort)
    assert "<script>" not in html
    assert "&lt;script&gt;" in html
    assert json.dumps(cohort.path.name)[1:-1] in html
