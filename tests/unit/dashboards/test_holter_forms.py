"""Forms of a day's unusual beats: shapes known beforehand are told apart, and a verdict goes to the form it is of."""

from __future__ import annotations

from datetime import datetime

import numpy as np
import pytest

from ecgomics.dashboards.desk import Desk
from ecgomics.dashboards.holter_day import Day
from ecgomics.dashboards.holter_forms import forms_of
from ecgomics.dashboards.holter_state import HolterState
from ecgomics.vocabulary import BEAT_CLASSES

V, S = BEAT_CLASSES.index("ventricular"), BEAT_CLASSES.index("supraventricular")
RATE = 250.0


def wave(time_s, *, centre, width, height):
    return height * np.exp(-(((time_s - centre) / width) ** 2))


SHAPES = {
    "up": lambda t: wave(t, centre=0.0, width=0.05, height=2.0) + wave(t, centre=0.25, width=0.08, height=-0.8),
    "down": lambda t: wave(t, centre=0.0, width=0.06, height=-1.6) + wave(t, centre=0.22, width=0.07, height=0.7),
    "narrow": lambda t: wave(t, centre=0.0, width=0.015, height=1.0) + wave(t, centre=0.3, width=0.05, height=0.25),
}


def recorded(shapes, *, kind, seed=0, jitter_s=0.012):
    """A day of beats of named shapes with noise, R peaks found a little beside where they are, and its reader."""
    rng = np.random.default_rng(seed)
    r_s = 1.0 + 0.8 * np.arange(len(shapes))
    time_s = np.arange(round((r_s[-1] + 2) * RATE)) / RATE
    signal = rng.normal(scale=0.03, size=(2, len(time_s)))
    for moment, name in zip(r_s, shapes, strict=True):
        near = slice(round((moment - 0.4) * RATE), round((moment + 0.6) * RATE))
        beat = SHAPES[name](time_s[near] - moment)
        signal[:, near] += np.array([1.0, -0.6])[:, None] * beat * rng.uniform(0.85, 1.15)
    found = r_s + rng.uniform(-jitter_s, jitter_s, len(r_s))
    day = Day(
        record="r",
        source="made",
        person="",
        start=datetime(2026, 3, 4, 22),
        duration_s=float(time_s[-1]),
        rate_hz=RATE,
        leads=("II", "V1"),
        r_s=found,
        rr_s=np.r_[np.nan, np.diff(found)],
        kind=np.asarray(kind, dtype=np.int8),
        quality=np.ones(len(r_s)),
        gaps=np.empty((0, 2)),
    )
    asked = []

    def read(start_s, stop_s):
        asked.append((start_s, stop_s))
        first = round(start_s * RATE)
        return signal[:, first : round(stop_s * RATE)], first / RATE

    return day, read, asked


@pytest.fixture
def two_forms():
    shapes = ["narrow"] * 400
    kind = np.zeros(400, dtype=int)
    for turn, place in enumerate(range(10, 390, 12)):
        shapes[place], kind[place] = ("up" if turn % 3 else "down"), V
    return recorded(shapes, kind=kind), np.array(shapes)


def test_two_shapes_of_one_class_are_two_forms(two_forms):
    (day, read, _), shapes = two_forms
    found = forms_of(day, read)
    assert [form.letter for form in found.of["ventricular"]] == ["A", "B"]
    truth = {"up": "A", "down": "B", "narrow": ""}
    assert found.letter.tolist() == [truth[name] for name in shapes]
    assert sum(form.count for form in found.of["ventricular"]) == (day.kind == V).sum()
    up, down = found.of["ventricular"]
    assert up.shape[20] > 1
    assert down.shape[20] < -1
    assert "normal" not in found.of


def test_only_what_is_around_unusual_beats_is_read():
    kind = np.zeros(3000, dtype=int)
    kind[100] = V
    day, read, asked = recorded(["up" if place == 100 else "narrow" for place in range(3000)], kind=kind)
    forms_of(day, read)
    assert sum(stop - start for start, stop in asked) < 5


def test_a_beat_at_a_gap_or_an_end_has_no_form(two_forms):
    (day, read, _), _ = two_forms

    def holed(start_s, stop_s):
        values, first = read(start_s, stop_s)
        values = values.copy()
        values[0, : round((day.r_s[10] + 0.1 - first) * RATE)] = np.nan
        return values, first

    assert forms_of(day, holed).letter[10] == ""
    assert forms_of(day, holed).letter[22] != ""


def test_a_verdict_on_a_form_is_of_that_form_only_and_kept(two_forms, tmp_path):
    (day, read, _), shapes = two_forms
    desk = Desk(tmp_path / "c.zarr")
    state = HolterState(day, desk=desk)
    assert state.forms_in("v1") == ()
    state.take_forms(forms_of(day, read))
    assert [form.letter for form in state.forms_in("v1")] == ["A", "B"]
    state.choose("v1:B")
    down = state.of_kind("v1:B")
    assert len(down) == (shapes == "down").sum()
    assert state.scope_of(state.event)[1:] == ("form B", len(down))
    state.judge("artefact", scope="kind")
    assert state.undoable == "all ventricular, single of form B → artefact"
    again = HolterState(day, desk=desk)
    again.take_forms(forms_of(day, read))
    said = {letter: {again.said_of(e) for e in again.of_kind(f"v1:{letter}").to_dict("records")} for letter in "AB"}
    assert said == {"A": {""}, "B": {"artefact"}}
    state.undo()
    assert {state.said_of(e) for e in state.of_kind("v1").to_dict("records")} == {""}


def test_a_verdict_on_one_event_stands_before_that_on_its_form(two_forms):
    (day, read, _), _ = two_forms
    state = HolterState(day)
    state.take_forms(forms_of(day, read))
    state.choose("v1:A", at=0)
    first = dict(state.event)
    state.judge("normal")
    state.choose("v1:A", at=3)
    state.judge("ventricular", scope="kind")
    assert state.said_of(first) == "normal"
    assert state.said_of(state.of_kind("v1:A").iloc[5]) == "ventricular"


def test_a_link_to_a_form_that_is_not_known_yet_leads_to_its_kind(two_forms):
    (day, _, _), _ = two_forms
    state = HolterState(day)
    state.choose("v1:A")
    assert state.kind == "v1"


def test_notes_are_events_and_sleep_shades_the_day(two_forms):
    (day, _, _), _ = two_forms
    state = HolterState(day)
    before = len(state.events)
    state.take_notes([{"start_s": 30.0, "stop_s": None, "lead": "", "text": "palpitations", "who": "ada", "when": ""}])
    assert state.of_kind("mark")["text"].tolist() == ["palpitations"]
    assert len(state.events) == before + 1
    state.mark_sleep()
    assert "Draw a stretch" in state.notice
    state.window = (100.0, 200.0)
    state.mark_sleep()
    assert state.sleep == [{"start_s": 100.0, "stop_s": 200.0, "label": "asleep"}]
    assert state.undoable == "asleep 22:01:40 to 22:03:20"
    assert len(state.of_kind("mark")) == 1
    state.undo()
    assert state.sleep == []
    state.redo()
    assert len(state.sleep) == 1
