"""The Holter page without a browser: a day's events counted by hand, verdicts with undo, and what the panes say."""

from __future__ import annotations

from datetime import datetime

import numpy as np
import pytest

from ecgomics.dashboards.desk import Desk
from ecgomics.dashboards.holter_day import Day, day_of, stretches
from ecgomics.dashboards.holter_events import BY_ID, KINDS, events_of, irregular, within
from ecgomics.dashboards.holter_state import SHOWN_S, HolterState
from ecgomics.vocabulary import BEAT_CLASSES

V, S = BEAT_CLASSES.index("ventricular"), BEAT_CLASSES.index("supraventricular")


def day_from(rr, *, kind=None, gaps=(), start=None, quality=1.0) -> Day:
    """A day whose beats follow each other at these intervals, s."""
    r_s = np.cumsum(np.asarray(rr, dtype=float))
    kinds = np.zeros(len(r_s), dtype=np.int8) if kind is None else np.asarray(kind, dtype=np.int8)
    return Day(
        record="r",
        source="made",
        person="51 F",
        start=start,
        duration_s=float(r_s[-1]) + 1,
        rate_hz=250.0,
        leads=("II", "V1"),
        r_s=r_s,
        rr_s=np.r_[np.nan, np.diff(r_s)],
        kind=kinds,
        quality=np.full(len(r_s), quality),
        gaps=np.array(gaps, dtype=float).reshape(-1, 2),
    )


def counts(day) -> dict[str, int]:
    return events_of(day)["kind"].value_counts().to_dict()


def test_ectopic_beats_are_counted_alone_in_pairs_and_in_runs():
    kind = np.zeros(200, dtype=int)
    kind[[10, 50]] = V
    kind[[20, 21]] = V
    kind[30:34] = V
    kind[60] = S
    kind[70:73] = S
    found = counts(day_from(np.full(200, 0.8), kind=kind))
    assert found == {"v1": 2, "v2": 1, "v3": 1, "s1": 1, "s3": 1}
    run = events_of(day_from(np.full(200, 0.8), kind=kind)).query("kind == 'v3'").iloc[0]
    assert run["beats"] == 4
    assert run["stop_s"] - run["start_s"] == pytest.approx(3 * 0.8)


def test_a_pause_is_one_and_a_gap_is_none():
    rr = np.full(300, 0.8)
    rr[100] = 2.6
    rr[200] = 30.0
    start = float(np.cumsum(rr)[199])
    day = day_from(rr, gaps=[(start + 1, start + 28)])
    assert counts(day) == {"pause": 1}
    assert day.unreadable_s == pytest.approx(27)
    # without the gap known, thirty seconds without a beat are a pause
    assert counts(day_from(rr))["pause"] == 2
    assert "pause" not in counts(day_from(rr, quality=0.2))


def test_slow_and_fast_minutes_are_joined():
    rr = np.r_[np.full(300, 0.8), np.full(150, 1.5), np.full(300, 0.8), np.full(400, 0.4), np.full(300, 0.8)]
    found = events_of(day_from(rr))
    assert (found["kind"] == "slow").sum() == 1
    assert (found["kind"] == "fast").sum() == 1
    slow = found[found["kind"] == "slow"].iloc[0]
    assert slow["stop_s"] - slow["start_s"] >= 120


def test_an_irregular_rhythm_is_found_and_a_steady_or_breathing_one_is_not():
    rng = np.random.default_rng(0)
    steady = 0.8 + 0.02 * rng.standard_normal(600)
    breathing = 0.85 + 0.08 * np.sin(np.arange(600) / 4 * 2 * np.pi / 4)
    fibrillating = 0.65 + 0.14 * rng.standard_normal(400).clip(-2, 2)
    found = irregular(day_from(np.r_[steady, fibrillating, steady, breathing]))
    assert len(found) == 1
    begun, ended = steady.sum(), steady.sum() + fibrillating.sum()
    assert abs(found[0, 0] - begun) < 80
    assert abs(found[0, 1] - ended) < 80
    assert len(irregular(day_from(steady[:100]))) == 0


def test_ectopic_beats_alone_make_no_irregular_rhythm():
    rr = np.full(900, 0.8)
    kind = np.zeros(900, dtype=int)
    kind[10::12] = V
    rr[10::12], rr[11::12] = 0.5, 1.1
    assert len(irregular(day_from(rr, kind=kind))) == 0


def test_trends_leave_out_what_they_should():
    rr = np.full(3000, 0.8)
    rr[1500] = 400.0
    start = float(np.cumsum(rr)[1499])
    day = day_from(rr, gaps=[(start + 1, start + 399)])
    low, mean, high = day.rate_by(300.0)
    assert np.nanmin(mean) == pytest.approx(75, abs=0.5)
    assert np.nanmax(mean) == pytest.approx(75, abs=0.5)
    assert np.isnan(mean).sum() >= 1
    assert np.nanmax(high) == pytest.approx(75, abs=0.5)
    assert np.nanmin(low) == pytest.approx(75, abs=0.5)
    assert np.nanmax(day.rmssd_by()) == pytest.approx(0, abs=1e-6)
    kind = np.zeros(3000, dtype=int)
    kind[100] = V
    assert np.nansum(day_from(rr, kind=kind).counts_by(3600.0, kind=V)) == 1


def test_rmssd_is_that_of_the_differences():
    rr = np.tile([0.8, 0.85], 500)
    assert np.nanmedian(day_from(rr).rmssd_by()) == pytest.approx(50.0, rel=1e-6)
    irregular_out = day_from(rr)
    but = within(irregular_out, np.array([[0.0, irregular_out.duration_s]]))
    assert np.isnan(irregular_out.rmssd_by(but=but)).all()


def test_moments_are_told_by_the_clock_where_it_is_known():
    assert day_from([0.8] * 10, start=datetime(2026, 3, 4, 23, 59, 50)).clock(15) == "00:00:05"
    assert day_from([0.8] * 10).clock(3725) == "1:02:05"


def test_neighbouring_stretches_are_joined():
    chosen = np.array([True, True, False, True])
    edges = np.arange(4.0)
    assert stretches(chosen, edges, edges + 1).tolist() == [[0.0, 2.0], [3.0, 4.0]]
    assert stretches(~chosen & chosen, edges, edges + 1).shape == (0, 2)


def test_every_kind_has_a_place_in_the_list():
    from ecgomics.dashboards.holter_panes import LOOKS

    assert {kind.group for kind in KINDS} == set(LOOKS)


# what a reader does


@pytest.fixture
def busy_day():
    kind = np.zeros(2000, dtype=int)
    kind[np.arange(20, 1900, 60)] = V
    kind[[1000, 1001]] = V
    kind[[500, 700]] = S
    return day_from(np.full(2000, 0.8), kind=kind, start=datetime(2026, 3, 4, 8))


@pytest.fixture
def desk(tmp_path):
    return Desk(tmp_path / "c.zarr")


def test_only_some_ask_for_eyes_and_progress_counts_those(busy_day):
    state = HolterState(busy_day)
    assert len(state.of_kind("v1")) > BY_ID["v1"].eyes
    assert state.left("v1") == BY_ID["v1"].eyes
    assert state.progress == (0, BY_ID["v1"].eyes + 1 + 2)


def test_a_verdict_goes_on_to_the_next_that_asks_for_eyes(busy_day, desk):
    state = HolterState(busy_day, desk=desk)
    state.choose("v1")
    first = state.at
    state.judge("agree")
    assert state.at > first
    assert state.progress[0] == 1
    assert state.undoable == "ventricular, single → agree"
    while state.left("v1"):
        state.judge("ventricular")
    assert state.kind != "v1"


def test_verdicts_are_kept_undone_and_made_again(busy_day, desk):
    state = HolterState(busy_day, desk=desk)
    state.choose("v2")
    event = dict(state.event)
    state.judge("artefact")
    again = HolterState(busy_day, desk=desk)
    assert again.said_of(event) == "artefact"
    state.undo()
    assert state.kind == "v2"
    assert state.said_of(event) == ""
    assert HolterState(busy_day, desk=desk).said_of(event) == ""
    state.redo()
    assert HolterState(busy_day, desk=desk).said_of(event) == "artefact"


def test_a_verdict_on_a_whole_kind_leaves_none_to_look_at(busy_day, desk):
    state = HolterState(busy_day, desk=desk)
    state.choose("v1")
    state.judge("ventricular", scope="kind")
    assert state.left("v1") == 0
    assert all(state.said_of(event) == "ventricular" for event in state.of_kind("v1").to_dict("records"))
    assert state.kind != "v1"


def test_two_windows_do_not_overwrite_each_other_unseen(busy_day, desk):
    one, other = HolterState(busy_day, desk=desk), HolterState(busy_day, desk=desk)
    for state in (one, other):
        state.choose("v2")
    event = dict(one.event)
    one.judge("ventricular")
    other.judge("artefact")
    assert "another window" in other.notice
    assert other.said_of(event) == "ventricular"


def test_going_somewhere_stays_inside_the_recording(busy_day):
    state = HolterState(busy_day)
    for time_s in (0.0, 5.0, busy_day.duration_s):
        state.go(time_s)
        start, stop = state.span
        assert 0 <= start < stop <= busy_day.duration_s
        assert stop - start == pytest.approx(SHOWN_S)
    state.choose("nothing of the kind")
    assert state.event is None
    state.judge("agree")
    assert state.verdicts == {}


def test_stepping_without_a_kind_begins_with_the_first(busy_day):
    state = HolterState(busy_day)
    state.step(1)
    assert (state.kind, state.at) == ("v1", 0)
    state.step(1)
    assert state.at == 1
    state.step(-5)
    assert state.at == 0


# the page


@pytest.fixture(scope="module")
def store(tmp_path_factory):
    """A cohort with one recording of six minutes, with a hole."""
    from ecgomics import pipeline
    from ecgomics.records import Label, Record
    from ecgomics.simulate import VirtualPatient, simulate

    ecg = (
        simulate(VirtualPatient(pvc_per_min=3.0), duration_s=360, rate_hz=250, seed=2).ecg.sel(lead=["II", "V1"]).copy()
    )
    ecg.values[:, 250 * 100 : 250 * 130] = np.nan
    record = Record(ecg=ecg, native_hz=250.0, source="six minutes", start=datetime(2026, 3, 4, 8), age=51.0, sex="F")
    labels = (Label("synthetic", "normal", 100.0),)
    path = tmp_path_factory.mktemp("holter") / "day.zarr"
    from dataclasses import replace

    cohort = pipeline.ingest([replace(record, labels=labels)], path, workers=0, progress=False)
    pipeline.analyse(cohort, workers=0, progress=False)
    return path


@pytest.fixture
def holter(store, monkeypatch, tmp_path):
    from ecgomics.dashboards.pages import PAGES, Site

    monkeypatch.setenv("ECGOMICS_DATABASE", f"sqlite:///{tmp_path / 'kept.db'}")
    page = next(page for page in PAGES if page.path == "holter")
    return Site(store).visit(page)


def test_a_day_is_read_from_the_store(store):
    from ecgomics.dashboards.reading import Reading

    reading = Reading.of(store)
    day = day_of(reading.census, str(reading.census.ids[0]))
    assert day.leads == ("II", "V1")
    assert len(day.gaps) == 1
    assert day.gaps[0] == pytest.approx([100.0, 130.0], abs=5.1)
    assert (day.kind == V).sum() >= 5
    assert day.start == datetime(2026, 3, 4, 8)


def test_one_moment_is_shown_everywhere(holter):
    day = holter.panes["day"].widget
    day.event = {"type": "go", "time_s": 200.0}
    assert holter.state.moment_s == 200.0
    start, stop = holter.panes["strip"].widget.view
    assert start < 200 < stop
    assert all(plot.cursor_s == 200.0 for plot in holter.trends.plots)
    assert "t=200.0" in holter.__panel__().link
    # scrubbed away on the strip, the moment follows
    holter.panes["strip"].widget.view = (250.0, 262.0)
    assert day.cursor_s == pytest.approx(256.0)
    holter.trends.plots[0].event = {"type": "window", "window": [20.0, 40.0]}
    assert holter.panes["strip"].widget.view == (20.0, 40.0)


def test_events_are_listed_looked_through_and_judged(holter):
    listed = holter.panes["events"].widget
    group = next(group for group in listed.groups if group["title"] == "Ventricular")
    assert group["rows"][0]["id"] == "v1"
    assert len(group["rows"][0]["beat"]) > 20
    assert listed.total >= 3
    listed.event = {"type": "choose", "id": "v1"}
    bar = holter.panes["verdict"].widget
    assert bar.title == "Ventricular, single"
    assert "RR" in bar.facts
    assert "of" in bar.place
    span = holter.panes["strip"].widget.spans[0]
    assert span["stop_s"] - span["start_s"] == pytest.approx(0.2)
    bar.event = {"type": "judge", "says": "ventricular", "scope": "event"}
    assert listed.done == 1
    assert "→ ventricular" in holter.__panel__().undo
    holter.__panel__().event = {"type": "key", "key": "z"}
    assert listed.done == 0
    holter.__panel__().event = {"type": "key", "key": "D", "shift": True}
    assert listed.groups[0]["left"] == 0
    assert any(group["title"] == "No signal" for group in listed.groups)


def test_the_page_is_linked_to_and_opens_where_the_address_says(store, holter):
    from ecgomics.dashboards.holter import page
    from ecgomics.dashboards.pages import PAGES, Site, Visit

    site = Site(store)
    explorer = site.visit(PAGES[0])
    assert "holter" in [link["href"] for link in explorer.__panel__().nav]
    holter_page = next(page for page in PAGES if page.path == "holter")
    shown = page(Visit(site.reading, holter_page, query={"t": "120", "kind": "v1", "record": "nobody"}, desk=site.desk))
    assert shown.state.kind == "v1"
    assert page(Visit(site.reading, holter_page, query={"t": "later"}, desk=site.desk)).state.moment_s == 0.0


def test_without_a_long_recording_the_page_says_so(reading):
    from ecgomics.dashboards.holter import page
    from ecgomics.dashboards.pages import PAGES, Visit

    assert "no recording over a minute" in page(Visit(reading, PAGES[1])).object


def test_notes_and_sleep_are_kept_with_the_recording(store, holter):
    from ecgomics.dashboards.holter import page
    from ecgomics.dashboards.pages import PAGES, Site, Visit

    strip = holter.panes["strip"].widget
    assert strip.start == "2026-03-04T08:00:00"
    note = {"start_s": 50.0, "stop_s": None, "lead": "", "text": "palpitations", "who": strip.who, "when": ""}
    strip.notes = [note]
    holter.panes["day"].widget.event = {"type": "window", "window": [150.0, 300.0]}
    holter.__panel__().event = {"type": "key", "key": "b"}
    assert len(strip.notes) == 2
    site = Site(store)
    listed = next(page for page in PAGES if page.path == "holter")
    again = page(Visit(site.reading, listed, desk=site.desk))
    assert again.state.of_kind("mark")["text"].tolist() == ["palpitations"]
    assert [shade["start"] for shade in again.panes["day"].widget.shades] == [150.0]
    assert all(plot.shades for plot in again.trends.plots)
    groups = {group["title"]: group for group in again.panes["events"].widget.groups}
    assert groups["Marks and notes"]["rows"][0]["count"] == 1
    again.__panel__().event = {"type": "key", "key": "n"}
    again.state.choose("mark")
    assert again.panes["verdict"].widget.title == "palpitations"
    holter.state.undo()
    assert len(holter.panes["strip"].widget.notes) == 1


def test_trends_of_short_recordings_have_short_stretches(holter):
    assert "minute" in holter.trends.plots[0].about
    from ecgomics.dashboards.holter_trends import step_of

    assert step_of(day_from(np.full(90_000, 0.9))) == 3600.0


def test_high_leads_are_drawn_smaller():
    from dataclasses import replace

    from ecgomics.dashboards.holter_panes import gain_of

    day = day_from([0.8] * 10)
    assert gain_of(replace(day, swing_mv=1.5)) == 10
    assert gain_of(replace(day, swing_mv=4.0)) == 5
