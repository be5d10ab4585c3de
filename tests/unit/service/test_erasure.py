"""A patient is taken out of a cohort, of its database and of its journals; others' are left as they are."""

from __future__ import annotations

import json
import zipfile
from dataclasses import replace

import numpy as np
import pytest

from ecgomics.cli import main
from ecgomics.cohort import open_cohort
from ecgomics.errors import AccessError, CohortError
from ecgomics.pipeline import ingest
from ecgomics.reports.portable import export_patient
from ecgomics.service import Accounts, Annotations, Audit, Shelf
from ecgomics.service.erasure import erase_patient, without
from ecgomics.service.models import Job
from ecgomics.simulate import demo_patients


@pytest.fixture
def cohort(tmp_path):
    several = [
        replace(record, patient="anna" if number < 2 else f"p{number}")
        for number, record in enumerate(demo_patients(6, seed=8))
    ]
    made = ingest(iter(several), tmp_path / "c.zarr", workers=0, progress=False)
    return made.analyse(workers=0, progress=False)


def test_all_of_a_patient_goes_and_nothing_of_others(cohort, database, cheap_hashing):
    accounts = Accounts(database)
    admin, reader = accounts.local(), accounts.add("ada", password="a password of the tests", role="annotator")
    everybody = cohort.records.index
    own = [str(name) for name in everybody[cohort.records["patient"] == "anna"]]
    other = next(str(name) for name in cohort.ids if name not in own)
    notes = Annotations(database, cohort=cohort.id)
    for record in (own[0], own[1], other):
        notes.write(record, "look", by=reader, start_s=1.0)
        notes.judge(record, "report", "agree", by=reader)
    elsewhere = Annotations(database, cohort="another")
    elsewhere.write(own[0], "of another cohort", by=reader, start_s=1.0)
    shelf = Shelf(database, cohort=cohort.id)
    shelf.save("selection", "two", {"records": [own[0], other], "origin": "lasso"}, by=reader)
    with database.session() as session:
        result = {"reports": {own[0]: {"record": own[0]}, other: {"record": other}}, "failed": {}}
        session.add(Job(id="j" * 36, user_id=reader.id, kind="reports", asked={"records": own}, result=result))
    with pytest.raises(AccessError):
        erase_patient(cohort, "anna", database=database, by=reader)
    with pytest.raises(CohortError, match="not in the cohort"):
        erase_patient(cohort, "nobody", database=database, by=admin)
    done = erase_patient(cohort, "anna", database=database, by=admin)
    assert (done.records, done.written, done.mentions) == (2, 4, 2)
    after = open_cohort(cohort.path)
    assert "anna" not in set(after.records["patient"])
    assert len(after) == len(everybody) - 2
    assert list(notes.notes()["record"]) == [other]
    assert list(notes.verdicts()["record"]) == [other]
    assert len(elsewhere.notes()) == 1
    assert shelf.load("selection", "two").definition == {"records": [other], "origin": "lasso"}
    with database.reading() as session:
        job = session.get(Job, "j" * 36)
        assert job.asked == {"records": []}
        assert list(job.result["reports"]) == [other]
    entry = Audit(database).entries().iloc[0]
    assert entry["action"] == "patient.erase"
    assert "anna" not in json.dumps([entry["object"], entry["details"]])


def test_ids_are_taken_out_of_any_plain_value():
    value = {"a": ["x", "y", {"x": 1, "b": "x"}], "x": 2, "n": None}
    assert without(value, {"x"}) == {"a": ["y", {"b": ""}], "n": None}


def test_a_recording_taken_from_a_stream_goes_with_its_journal(cohort, database):
    from ecgomics.live import (
        Block,
        Description,
        Hub,
        begin_recording,
        end_recording,
        live_folder,
        recordings_of,
        take_in,
    )

    hub = Hub(live_folder(cohort.path))
    try:
        feed = hub.feed(Description("strap", "push", ("II",), 130.0))
        recording = begin_recording(hub.reader(feed.id), name="at home")
        time = np.arange(130 * 12) / 130
        beats = np.exp(-0.5 * ((time % 0.8 - 0.4) / 0.01) ** 2).astype(np.float32)
        feed.push(Block(0, beats[None]))
        feed.end("over")
        record = take_in(end_recording(recording), cohort, then="nothing")
    finally:
        hub.close()
    folder = recordings_of(live_folder(cohort.path))[0].folder
    assert folder.is_dir()
    after = open_cohort(cohort.path)
    patient = str(after.records.loc[record, "patient"])
    done = erase_patient(after, patient, database=database, by=Accounts(database).local())
    assert (done.records, done.journals) == (1, 1)
    assert not folder.exists()


def test_a_patient_is_listed_exported_and_erased_from_the_command_line(cohort, tmp_path, capsys):
    path, out = str(cohort.path), tmp_path / "anna.zip"
    assert main(["patient", path]) == 0
    assert capsys.readouterr().out.split() == ["2", "anna"]
    assert main(["patient", path, "anna", "--export", str(out), "--timeline", str(tmp_path / "t.html")]) == 0
    assert "Timeline of anna" in (tmp_path / "t.html").read_text()
    with zipfile.ZipFile(out) as archive:
        names = set(archive.namelist())
        assert archive.testzip() is None
        record = str(cohort.records.index[cohort.records["patient"] == "anna"][0])
        wanted = {f"{record}/{name}" for name in ("report.html", "report.fhir.json", "report.json", "report.csv")}
        assert (
            wanted | {f"{record}/ecg.csv", f"{record}/ecg.dcm", "timeline.html", "timeline.csv", "README.txt"} <= names
        )
        lines = archive.read(f"{record}/ecg.csv").decode().splitlines()
        assert lines[0].startswith("time_s,I,II,III")
        assert len(lines) == 5001
        first = [float(value) for value in lines[1].split(",")[1:]]
        np.testing.assert_allclose(first, cohort.ecg(record).values[:, 0], atol=1e-4)
    assert main(["patient", path, "anna", "--erase"]) == 2
    assert "anna" in set(open_cohort(path).records["patient"])
    database = f"sqlite:///{tmp_path / 'p.db'}"
    assert main(["patient", path, "anna", "--erase", "--yes", "--database", database]) == 0
    assert "2 records erased" in capsys.readouterr().out
    assert "anna" not in set(open_cohort(path).records["patient"])


def test_an_export_that_fails_leaves_nothing_behind(cohort, tmp_path):
    out = tmp_path / "x.zip"
    with pytest.raises(CohortError):
        export_patient(cohort, "nobody", out)
    assert list(tmp_path.glob("*x.zip*")) == []
