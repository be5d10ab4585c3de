"""Monitor without a browser: what arrives, what is told of it, what lies on disk."""

from __future__ import annotations

import math
import time

import numpy as np
import pytest

from ecgomics.dashboards.monitor_events import Watcher
from ecgomics.dashboards.monitor_facts import facts_of, rmssd_ms, trends_of, why_of
from ecgomics.dashboards.monitor_state import MonitorState
from ecgomics.dashboards.monitor_strap import MOST_VALUES, Intake, sender_of
from ecgomics.dashboards.monitor_streams import KEEP_S, Beat, WatchedStream, as_record
from ecgomics.dashboards.monitor_ward import Bed, Point, Ward
from ecgomics.errors import EcgomicsError, SignalError
from ecgomics.simulate import VirtualPatient, simulate

RATE = 130


@pytest.fixture
def stream():
    return WatchedStream("bed 1", ("II",), float(RATE))


@pytest.fixture(scope="module")
def ecg():
    return simulate(VirtualPatient(), duration_s=20, rate_hz=RATE, seed=1).ecg.sel(lead=["II"]).values


def packet(first, count):
    return {"first": first, "values": list(range(first, first + count))}


def message(*packets, **facts):
    return {"sender": "abc-123", "packets": list(packets), "state": "connected", **facts}


# --- samples of a strap ---


@pytest.mark.parametrize("seed", range(6))
def test_whatever_is_repeated_lost_or_late_every_sample_is_taken_once_and_in_order(seed):
    random, intake, taken = np.random.default_rng(seed), Intake(), []
    kept, head = [], 0
    for _ in range(60):
        head += int(random.integers(0, 3)) * 50  # the strap lost some
        kept.append(packet(head, int(random.integers(1, 80))))
        head = kept[-1]["first"] + len(kept[-1]["values"])
        if random.random() < 0.4:  # the message is lost; the browser keeps its samples
            continue
        for _ in range(int(random.integers(1, 3))):
            for piece in intake.take(message(*kept)):
                taken.extend(zip(range(piece.first, piece.first + len(piece.values)), piece.values, strict=True))
        if random.random() < 0.7:  # the answer arrives
            kept = [one for one in kept if one["first"] + len(one["values"]) > intake.next]
    intake.take(message(*kept))
    numbers = [number for number, _ in taken]
    assert numbers == sorted(set(numbers))
    assert all(abs(value - number / 1000) < 1e-4 for number, value in taken)


@pytest.mark.parametrize(
    "broken",
    [
        {"packets": "many"},
        {"packets": [7]},
        {"packets": [{"first": -1, "values": [1]}]},
        {"packets": [{"first": True, "values": [1]}]},
        {"packets": [{"first": 0, "values": [0.5]}]},
        {"packets": [{"first": 0, "values": [math.nan]}]},
        {"packets": [{"first": 0, "values": [2**30]}]},
        {"packets": [{"first": 0, "values": ["1"]}]},
        {"packets": [{"first": 10**12, "values": [1]}]},
        {"packets": [packet(0, MOST_VALUES), packet(MOST_VALUES, MOST_VALUES)]},
    ],
)
def test_a_broken_message_is_refused_whole(broken):
    intake = Intake()
    with pytest.raises(SignalError):
        intake.take({"state": "connected", **broken})
    assert intake.next == 0


@pytest.mark.parametrize("sender", [None, 3, "", "<img src=x>", "a" * 65, "../x"])
def test_a_sender_is_a_name_the_page_makes(sender):
    with pytest.raises(SignalError):
        sender_of({"sender": sender})


# --- a stream ---


def test_a_stream_keeps_the_last_minutes_and_marks_what_was_left_out(stream):
    stream.push(np.ones((1, 100), np.float32), first=0)
    stream.push(np.full((1, 200), 2, np.float32), first=50)  # half of it is here already
    stream.push(np.full((1, 10), 3, np.float32), first=380)
    first, values = stream.since(0)
    assert (first, values.shape[1], stream.head) == (0, 390, 390)
    assert (values[0, :100] == 1).all()
    assert (values[0, 100:250] == 2).all()
    assert np.isnan(values[0, 250:380]).all()
    assert stream.gaps == [(250 / RATE, 380 / RATE)]
    stream.push(np.zeros((1, 3), np.float32), first=10_000_000)
    assert stream.since(0)[1].shape[1] == KEEP_S * RATE
    with pytest.raises(SignalError):
        stream.push(np.zeros((2, 3), np.float32), first=stream.head)


def test_beats_of_a_stream_are_those_of_the_record(stream, ecg):
    for start in range(0, ecg.shape[1], 73):
        stream.push(ecg[:, start : start + 73], first=start)
        stream.analyse()
    whole = simulate(VirtualPatient(), duration_s=20, rate_hz=RATE, seed=1)
    truth = whole.truth.beats["r_s"].values
    settled = truth[truth < ecg.shape[1] / RATE - 2.5]
    found = np.asarray([beat.time_s for beat in stream.beats])
    assert len(found) >= len(settled)
    assert np.abs(found[: len(settled)] - settled).max() < 0.04
    assert abs(stream.rate_bpm - 60 / np.median(np.diff(truth))) < 2
    assert stream.quality > 0.5


def test_a_recording_is_on_disk_as_it_came_and_becomes_a_record(stream, ecg, tmp_path):
    stream.push(ecg[:, :200], first=0)
    path = stream.begin_recording(tmp_path / "kept")
    stream.push(ecg[:, 200:900], first=200)
    stream.save()
    assert path.stat().st_size == 700 * 4  # durable before it ends
    stream.push(ecg[:, 1000:2000], first=1000)
    stream.end_recording()
    record = as_record(stream)
    np.testing.assert_array_equal(record.ecg.values[0, :700], ecg[0, 200:900])
    assert np.isnan(record.ecg.values[0, 700:800]).all()
    np.testing.assert_array_equal(record.ecg.values[0, 800:], ecg[0, 1000:2000])
    assert not stream.recording
    assert record.native_hz == RATE


def test_nothing_recorded_is_said(stream):
    with pytest.raises(SignalError, match="nothing was recorded"):
        as_record(stream)


# --- what is told ---


def beats(*kinds, start=1.0, rr=0.8):
    return [Beat(start + rr * place, kind, rr) for place, kind in enumerate(kinds)]


def test_runs_of_ventricular_beats_are_told_once_each(stream):
    stream.push(np.zeros((1, 60 * RATE), np.float32), first=0)
    watcher = Watcher(stream)
    watcher.look(beats(0, 1, 0, 0, 1, 0))
    assert [event.text for event in watcher.events] == ["2 ventricular beats"]
    watcher.look(beats(1, 1, 0, 1, 1, 1, start=20))
    assert [event.text for event in watcher.events] == ["Couplet", "2 ventricular beats"]
    watcher.look(beats(0, start=30))
    assert watcher.events[0].text == "Run of 3 ventricular beats"
    assert watcher.ventricular == 7
    assert watcher.events[0].trace["values"]


def test_gaps_and_marks_are_told_and_a_rate_only_when_it_lasts(stream):
    watcher = Watcher(stream)
    stream.push(np.zeros((1, 300), np.float32), first=0)
    stream.push(np.zeros((1, 300), np.float32), first=300 + 4 * RATE)
    watcher.look([])
    watcher.look([])
    assert [event.text for event in watcher.events] == ["Gap of 4.0 s"]
    assert watcher.mark("stood up").text == "Mark: stood up"
    stream.beats.extend(beats(*[0] * 9, start=stream.time_s - 2.5, rr=0.3))
    watcher.look([])
    assert watcher.events[0].kind == "mark"
    stream.push(np.zeros((1, 6 * RATE), np.float32), first=stream.head)
    stream.beats.extend(beats(*[0] * 9, start=stream.time_s - 2.5, rr=0.3))
    watcher.look([])
    assert watcher.events[0].text == "Rate over 120"


def test_rmssd_leaves_out_what_is_not_normal(stream):
    stream.push(np.zeros((1, 60 * RATE), np.float32), first=0)
    for place, rr in enumerate([0.8, 0.85] * 8):
        stream.beats.append(Beat(10 + place, 0, rr))
    assert rmssd_ms(stream) == pytest.approx(50)
    stream.beats.append(Beat(40, 1, 0.3))
    assert rmssd_ms(stream) == pytest.approx(50)
    stream.beats.clear()
    assert math.isnan(rmssd_ms(stream))


def test_facts_without_a_beat_or_contact_are_unknown_not_nought(stream):
    bed = Bed("s1", stream)
    facts = facts_of(bed)
    assert facts["rate"] is None
    assert facts["rhythm"] == "listening"
    stream.end()
    assert facts_of(bed)["lost"] is True
    assert facts_of(bed)["rhythm"] == "ended"


def test_trends_count_ventricular_beats_a_minute(stream):
    bed = Bed("s1", stream)
    assert trends_of(bed, span_s=600) == {}
    bed.chart.extend(Point(5.0 * k, 60.0, 0.9, k) for k in range(1, 61))
    bars = trends_of(bed, span_s=600)["Ventricular"]
    assert np.allclose(bars["value"][1:-1], 12)


# --- the ward ---


@pytest.fixture
def ward(tmp_path):
    ward = Ward(tmp_path / "cohort.zarr")
    yield ward
    for key in list(ward.beds):
        ward.remove(key)


def test_a_strap_taken_off_the_page_is_told_to_stop(ward):
    assert ward.take(message(packet(0, 73), label="Polar H10", battery=64)) == {"abc-123": 73}
    (bed,) = ward.beds.values()
    assert (bed.stream.head, bed.stream.battery, bed.stream.name) == (73, 64.0, "Polar H10")
    ward.remove(bed.key)
    assert ward.take(message(packet(73, 73))) == {"abc-123": -1}
    assert not ward.beds


def test_a_replay_plays_in_real_time_times_its_speed(ward, ecg):
    import xarray as xr

    array = xr.DataArray(ecg, dims=("lead", "time"), coords={"lead": ["II"]}, attrs={"rate_hz": RATE})
    bed = ward.replay(array, name="one", speed=4.0)
    time.sleep(1.2)
    assert 2.5 < bed.stream.time_s < 8.0
    first, values = bed.stream.since(0)
    np.testing.assert_array_equal(values, ecg[:, first : first + values.shape[1]])


def test_no_more_streams_than_a_ward_can_watch(ward, monkeypatch):
    monkeypatch.setattr("ecgomics.dashboards.monitor_ward.MOST_STREAMS", 1)
    ward.take(message())
    with pytest.raises(EcgomicsError, match="remove one"):
        ward.take({**message(), "sender": "another-1"})


def test_a_session_answers_events_and_ignores_what_it_does_not_know(ward):
    ward.take(message(packet(0, 73)))
    state = MonitorState(ward)
    (bed,) = ward.beds.values()
    state.act({"type": "mark", "key": bed.key})
    ((_, event),) = ward.events()
    assert not event.seen
    state.act({"type": "next_event"})
    assert event.seen
    assert state.opened == event.id
    state.act({"type": "verdict", "id": event.id, "verdict": "no"})
    state.act({"type": "note", "id": event.id, "note": "x" * 999})
    assert why_of(bed, event)["verdict"] == "no"
    assert len(event.note) == 200
    state.act({"type": "tune", "key": bed.key, "gain": 20, "lead": "all"})
    assert (bed.gain, bed.lead) == (20.0, "all")
    for odd in ({"type": "tune", "key": bed.key, "gain": "9", "lead": 3}, {"type": "span", "span_s": 5}, {"type": "x"}):
        state.act(odd)
    assert (bed.gain, bed.lead, state.span_s) == (20.0, "all", 600)
    state.act({"type": "record", "key": bed.key})
    assert bed.stream.recording
    state.act({"type": "stop", "key": bed.key})
    assert not bed.stream.recording
