"""The Patient page: who there is, what is shown, and that nothing is erased by mistake."""

from __future__ import annotations

import base64
import io
import zipfile
from dataclasses import replace
from datetime import datetime, timedelta

import pytest

from ecgomics.cohort import open_cohort
from ecgomics.dashboards.desk import Desk
from ecgomics.dashboards.pages import PAGES, Site
from ecgomics.dashboards.patient import page
from ecgomics.dashboards.patient_state import PatientState
from ecgomics.pipeline import ingest
from ecgomics.records import Record
from ecgomics.service import Accounts, Database
from ecgomics.simulate import VirtualPatient, simulate


def recordings():
    for number, pr in enumerate((160.0, 160.0, 232.0)):
        ecg = simulate(VirtualPatient(pr_ms=pr), seed=number).ecg
        start = datetime(2026, 1, 1) + timedelta(days=30 * number)
        yield Record(ecg, native_hz=500.0, source=f"anna-{number}", patient="an na", age=60.0, sex="F", start=start)
    for number in (5, 6):
        ecg = simulate(VirtualPatient(), seed=number).ecg
        yield Record(ecg, native_hz=500.0, source=f"b-{number}", patient="bo", age=50.0, sex="M")
    yield replace(next(recordings_without()), source="nobody")


def recordings_without():
    ecg = simulate(VirtualPatient(), seed=9).ecg
    yield Record(ecg, native_hz=500.0, source="nobody")


@pytest.fixture
def cohort(tmp_path):
    made = ingest(recordings(), tmp_path / "c.zarr", workers=0, progress=False)
    return made.analyse(workers=0, progress=False)


@pytest.fixture
def database(tmp_path):
    made = Database(f"sqlite:///{tmp_path / 'c.db'}")
    yield made
    made.close()


def desk_of(cohort, database, person):
    desk = Desk(cohort.path, person=person)
    desk.__dict__["database"] = database
    return desk


def test_only_named_patients_are_listed_those_with_most_recordings_first(cohort):
    assert PatientState(cohort).patients == [
        {"id": "an na", "about": "3 recordings"},
        {"id": "bo", "about": "2 recordings"},
    ]


def test_a_patient_is_shown_with_trends_and_what_changed(cohort):
    state = PatientState(cohort)
    state.choose("an na")
    assert [line["title"] for line in state.shown["records"]] == ["anna-2", "anna-1", "anna-0"]
    assert state.shown["about"] == "60 F · 3 recordings · 2026-01-01 to 2026-03-02"
    pr = next(trend for trend in state.shown["trends"] if trend["title"] == "PR")
    assert pr["values"][2] == pytest.approx(232, abs=8)
    assert pr["places"] == [0.0, 0.5, 1.0]
    assert pr["level"] == pytest.approx(160, abs=8)
    assert pr["outside"] == [False, False, True]
    assert any(line.startswith("PR +") for line in state.shown["news"])
    state.choose("who?")
    assert "not in the cohort" in state.trouble
    assert state.patient == "an na"


def test_everything_is_handed_over_as_a_file(cohort):
    state = PatientState(cohort)
    state.choose("bo")
    state.hand_over(state.attempt(state.exported))
    with zipfile.ZipFile(io.BytesIO(base64.b64decode(state.file["base64"]))) as archive:
        assert sum(name.endswith("report.fhir.json") for name in archive.namelist()) == 2
    state.hand_over(state.attempt(state.page))
    assert state.file["count"] == 2
    assert b"Timeline of bo" in base64.b64decode(state.file["base64"])
    state.hand_over(("big.zip", "application/zip", bytes(13_000_000)))
    assert "ecgomics patient COHORT bo --export" in state.trouble
    assert state.file["count"] == 2


def test_erasing_needs_an_administrator_and_the_identifier_typed(cohort, database, monkeypatch):
    monkeypatch.setattr("ecgomics.service.accounts.COST", {"time_cost": 1, "memory_cost": 8, "parallelism": 1})
    accounts = Accounts(database)
    teacher = accounts.add("tea", password="a password of the tests", role="teacher")
    state = PatientState(cohort, desk=desk_of(cohort, database, teacher))
    assert not state.may_erase
    state.choose("an na")
    state.erase("an na")
    assert "administrator" in state.trouble
    state = PatientState(cohort, desk=desk_of(cohort, database, accounts.local()))
    assert state.may_erase
    state.choose("an na")
    state.erase("an")
    assert "nothing was erased" in state.trouble
    assert len(open_cohort(cohort.path)) == 6
    state.erase("an na")
    assert state.trouble == ""
    assert state.notice.startswith("3 recordings erased")
    assert [item["id"] for item in state.patients] == ["bo"]
    assert len(open_cohort(cohort.path)) == 3
    # what was measured went too, and the page says so instead of failing
    state.choose("bo")
    assert state.shown["news"] == []
    assert "trends" not in state.shown


def test_the_page_is_linked_where_somebody_has_several_recordings(cohort):
    site = Site(cohort.path)
    patient = next(one for one in PAGES if one.path == "patient")
    frame = site.visit(patient)
    assert [link["title"] for link in frame.nav if link["current"]] == ["Patient"]
    assert page is not None
