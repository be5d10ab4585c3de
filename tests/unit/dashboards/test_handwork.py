"""What is written and moved on the strip is kept, comes back with the record, and is never lost to another window."""

from __future__ import annotations

import numpy as np
import pytest
import xarray as xr

from ecgomics.dashboards.desk import Desk
from ecgomics.dashboards.handwork import Handwork
from ecgomics.service.accounts import Accounts
from ecgomics_widgets import Strip

NOTE = {"start_s": 1.5, "stop_s": None, "lead": "II", "text": "look here", "who": "local", "when": ""}
EDIT = {"beat": 2, "lead": "II", "mark": "p_on", "machine_s": 1.0, "edited_s": 1.02, "who": "local", "when": ""}


@pytest.fixture
def desk(tmp_path, monkeypatch):
    monkeypatch.setenv("ECGOMICS_DATABASE", f"sqlite:///{tmp_path / 'd.db'}")
    made = Desk(tmp_path / "c.zarr")
    yield made
    made.database.close()


class Window:
    """A strip with its handwork, as a page has it."""

    def __init__(self, desk: Desk) -> None:
        self.said: list[str] = []
        self.strip = Strip()
        self.work = Handwork(self.strip, desk, say=self.said.append)

    def open(self, record: str) -> None:
        ecg = xr.DataArray(np.zeros((1, 1000), np.float32), dims=("lead", "time"), coords={"lead": ["II"]})
        with self.work.opening(record):
            self.strip.ecg = ecg.assign_attrs(rate_hz=500.0, record=record)


@pytest.fixture
def window(desk):
    made = Window(desk)
    made.open("r1")
    return made


def kept(desk: Desk, record: str = "r1"):
    return desk.annotations.notes(record)["text"].tolist(), desk.annotations.marks(record)["placed_s"].tolist()


def test_notes_and_marks_are_kept_and_come_back(window, desk):
    window.strip.notes = [NOTE]
    window.strip.edits = [EDIT]
    assert kept(desk) == (["look here"], [1.02])
    window.open("r2")
    assert (window.strip.notes, window.strip.edits) == ([], [])
    window.open("r1")
    [note], [edit] = window.strip.notes, window.strip.edits
    assert (note["text"], note["start_s"], note["stop_s"], note["who"]) == ("look here", 1.5, None, "local")
    assert (edit["edited_s"], edit["machine_s"], edit["beat"]) == (1.02, 1.0, 2)
    assert kept(desk) == (["look here"], [1.02])


def test_what_is_taken_back_is_taken_back(window, desk):
    window.strip.param.update(notes=[NOTE], edits=[EDIT])
    window.strip.param.update(notes=[], edits=[])
    assert kept(desk) == ([], [])


def test_a_note_that_is_rewritten_is_one_note(window, desk):
    window.strip.notes = [NOTE]
    window.strip.notes = [NOTE | {"text": "look there"}]
    assert kept(desk)[0] == ["look there"]


def test_a_wave_that_is_not_there_is_kept_as_none(window, desk):
    window.strip.edits = [EDIT | {"edited_s": None}]
    assert np.isnan(np.array(kept(desk)[1], float)).all()
    window.open("r1")
    assert window.strip.edits[0]["edited_s"] is None


def test_another_window_is_not_written_over(window, desk):
    window.strip.edits = [EDIT]
    other = Window(desk)
    other.open("r1")
    other.strip.edits = [EDIT | {"edited_s": 1.05}]
    window.strip.edits = [EDIT | {"edited_s": 1.01}]
    assert kept(desk)[1] == [1.05]
    assert window.said
    assert window.strip.edits[0]["edited_s"] == 1.05


def test_somebody_elses_note_stays(window, desk):
    ada = Accounts(desk.database).add("ada", password="a long enough password", role="annotator")
    desk.annotations.write("r1", "hers", by=ada, start_s=0.5)
    bea = Accounts(desk.database).add("bea", password="a long enough password", role="annotator")
    hers = Window(Desk(desk.path, person=bea))
    hers.open("r1")
    assert [note["who"] for note in hers.strip.notes] == ["ada"]
    hers.strip.notes = []
    assert kept(desk)[0] == ["hers"]
    assert hers.said
    assert [note["text"] for note in hers.strip.notes] == ["hers"]


def test_marks_of_another_annotator_are_told_with_how_far_apart_they_are(window, desk, monkeypatch):
    monkeypatch.setattr("ecgomics.service.accounts.COST", {"time_cost": 1, "memory_cost": 64, "parallelism": 1})
    bob = Accounts(desk.database).add("bob", password="a password of the tests", role="annotator")
    window.strip.edits = [EDIT]
    place = {"lead": "II", "machine_s": 1.0, "by": bob}
    desk.annotations.place("r1", beat=2, mark="p_on", placed_s=1.044, **place)
    desk.annotations.place("r1", beat=3, mark="t_off", placed_s=None, **place)
    window.open("r1")
    told = {note["text"]: note for note in window.strip.notes}
    assert set(told) == {"p on +44 ms from the machine's, 24 ms from yours", "t off: no such wave"}
    assert {note["who"] for note in told.values()} == {"bob"}
    # they are not notes of one's own: nothing is written, and taking one off the strip takes nothing away
    window.strip.notes = [*window.strip.notes, NOTE]
    assert kept(desk)[0] == ["look here"]
    window.strip.notes = [NOTE]
    assert len(desk.annotations.marks("r1")) == 3
    assert window.said == []
