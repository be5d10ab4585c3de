"""Monitor without a browser: what a strap sends, who may do what, what is told, what is kept, and the shell."""

from __future__ import annotations

import json
import math
import time
from types import SimpleNamespace

import numpy as np
import pytest

from ecgomics.dashboards.monitor_facts import facts_of, happenings, recording_row, trends_of
from ecgomics.dashboards.monitor_house import House, name_of
from ecgomics.dashboards.monitor_line import Exchange, Line
from ecgomics.dashboards.monitor_shell import files, manifest, page, version
from ecgomics.dashboards.monitor_state import MonitorState
from ecgomics.dashboards.monitor_strap import MOST_VALUES, StrapMessage
from ecgomics.errors import AccessError, SignalError
from ecgomics.service.accounts import Person
from ecgomics.service.database import VARIABLE
from ecgomics.simulate import VirtualPatient, simulate

RATE = 130


def person(number, role):
    return Person(number, f"{role}{number}", f"{role} {number}", role)


def packet(first, count):
    return {"first": first, "values": list(range(first, first + count))}


def message(*packets, **facts):
    return {"sender": "abc-123", "packets": list(packets), "state": "connected", **facts}


@pytest.fixture
def house(tmp_path, monkeypatch):
    from ecgomics.service import Accounts
    from ecgomics.service.database import database_of

    monkeypatch.setenv(VARIABLE, f"sqlite:///{tmp_path / 'x.db'}")
    house = House(tmp_path / "cohort.zarr")
    accounts = Accounts(database_of(f"sqlite:///{tmp_path / 'x.db'}"))
    house.people = {name: accounts.add(name, role=role) for name, role in PEOPLE.items()}
    yield house
    house.hub.close()


PEOPLE = {"vera": "viewer", "ann": "annotator", "abe": "annotator", "root-1": "admin"}


def of(house, name):
    return house.people[name]


def eventually(check):
    ends = time.monotonic() + 10
    while not check():
        assert time.monotonic() < ends
        time.sleep(0.05)


@pytest.fixture
def stream(house):
    """A strap of Ann's, a second of it."""
    house.take(message(packet(0, RATE), label="Polar H10", battery=64), by=of(house, "ann"))
    house.look_again()
    return "abc-123"


# --- samples of a strap ---


@pytest.mark.parametrize("seed", range(2))
def test_whatever_is_repeated_lost_or_late_every_sample_is_taken_once_and_in_order(house, seed):
    random, ann = np.random.default_rng(seed), of(house, "ann")
    kept, head, acked, missing = [], 0, 0, set()
    for _ in range(60):
        lost = int(random.integers(0, 3)) * 50  # the strap lost some
        missing |= set(range(head, head + lost))
        kept.append(packet(head + lost, int(random.integers(1, 80))))
        head += lost + len(kept[-1]["values"])
        if random.random() < 0.4:  # the message is lost; the browser keeps its samples
            continue
        for _ in range(int(random.integers(1, 3))):
            acked = house.take(message(*kept), by=ann)["abc-123"]
        if random.random() < 0.7:  # the answer arrives
            kept = [one for one in kept if one["first"] + len(one["values"]) > acked]
    assert house.take(message(*kept), by=ann) == {"abc-123": head}
    reader = house.hub.reader("abc-123")
    values = reader.between(0, head)[0]
    expected = np.arange(head) / 1000
    expected[sorted(missing)] = np.nan
    np.testing.assert_allclose(values, expected, atol=1e-4)


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
        {"packets": [{"first": 10**13, "values": [1]}]},
        {"packets": [packet(0, MOST_VALUES), packet(MOST_VALUES, MOST_VALUES)]},
        *({"packets": [], "sender": odd} for odd in (None, 3, "", "<img src=x>", "a-" * 65, "../x", "-", "a--b")),
    ],
)
def test_a_broken_message_is_refused_whole(house, broken):
    with pytest.raises(SignalError):
        StrapMessage.of({**message(), **broken})
    with pytest.raises(SignalError):
        house.take({**message(), **broken}, by=of(house, "ann"))
    assert not house.hub.streams()


def test_a_strap_goes_on_in_its_stream_after_the_server_was_restarted(house, stream, tmp_path):
    house.hub.close()
    from ecgomics.live import Hub, live_folder

    later = House(tmp_path / "cohort.zarr")
    later.hub = Hub(live_folder(tmp_path / "cohort.zarr"))
    assert later.take(message(packet(0, 2 * RATE)), by=of(house, "ann")) == {stream: 2 * RATE}
    np.testing.assert_allclose(later.hub.reader(stream).between(0, 2 * RATE)[0], np.arange(2 * RATE) / 1000, atol=1e-4)
    later.hub.close()


# --- who may do what ---


def test_a_viewer_looks_and_changes_nothing(house, stream):
    vera = of(house, "vera")
    state = MonitorState(house, vera)
    for event in ({"type": "record"}, {"type": "mark"}, {"type": "remove"}):
        with pytest.raises(AccessError):
            state.act({**event, "key": stream})
    with pytest.raises(AccessError):
        house.take(message(packet(RATE, 10)), by=vera)
    house.mark(stream, "stood up", time_s=None, by=of(house, "ann"))
    (row,) = state.rows()
    state.act({"type": "open", "id": row["id"]})
    assert state.rows()[0]["seen"]
    with pytest.raises(AccessError):
        state.act({"type": "verdict", "id": row["id"], "verdict": "no"})
    assert not MonitorState(house, vera).rows()[0]["seen"]  # a viewer's glance is not kept


def test_only_the_owner_or_an_administrator_stops_and_discards(house, stream):
    ann, abe, root = (of(house, name) for name in ("ann", "abe", "root-1"))
    house.record(stream, by=ann)
    with pytest.raises(AccessError):
        house.end(stream, by=abe)
    house.end(stream, by=ann)
    (kept,) = house.recordings
    with pytest.raises(AccessError):
        house.discard(name_of(kept), by=abe)
    with pytest.raises(AccessError):
        house.stop(stream, by=abe)
    with pytest.raises(AccessError):  # nor does somebody else's strap write into it
        house.take(message(packet(RATE, 10)), by=abe)
    house.discard(name_of(kept), by=root)
    house.stop(stream, by=root)
    assert house.take(message(packet(RATE, 10)), by=ann) == {stream: -1}
    from ecgomics.service import Audit

    done = Audit(house.remarks.desk.database).entries()
    assert {"recording.begin", "recording.end", "recording.discard", "stream.stop"} <= set(done["action"])
    assert set(done[done["action"] == "stream.stop"]["user_name"]) == {"root-1"}


# --- what is said of events ---


def test_seen_not_this_and_notes_are_kept_per_person_and_found_again(house, stream, tmp_path):
    ann, abe = of(house, "ann"), of(house, "abe")
    house.mark(stream, "stood up", time_s=0.5, by=ann)
    mine, other = MonitorState(house, ann), MonitorState(house, abe)
    (row,) = other.rows()
    assert row["text"] == "Mark: stood up"
    assert not row["seen"]
    assert mine.rows()[0]["seen"]  # one's own mark
    other.act({"type": "open", "id": row["id"]})
    other.act({"type": "verdict", "id": row["id"], "verdict": "no"})
    other.act({"type": "note", "id": row["id"], "note": "x" * 999})
    again = MonitorState(House(tmp_path / "cohort.zarr"), abe)
    again.house.look_again()
    (row,) = again.rows()
    assert row["seen"]
    assert row["verdict"] == "no"
    mine.act({"type": "open", "id": row["id"]})
    assert ["abe says", f"not this; {'x' * 200}"] in mine.why()["rows"]
    assert mine.rows()[0]["verdict"] == ""
    for verdict in ("", "no", ""):  # said, taken back, said again: no conflict with oneself
        other.act({"type": "verdict", "id": row["id"], "verdict": verdict})
    other.act({"type": "note", "id": row["id"], "note": ""})
    other.act({"type": "verdict", "id": row["id"], "verdict": "no"})
    assert other.rows()[0]["verdict"] == "no"
    notes = house.remarks.desk.annotations.notes(stream)
    assert list(notes["text"]) == ["stood up"]


def test_a_session_passes_over_what_it_does_not_know(house, stream):
    state = MonitorState(house, of(house, "ann"))
    for odd in (
        {"type": "span", "span_s": 5},
        {"type": "x"},
        {"type": "open", "id": 3},
        {"type": "select", "key": "?"},
    ):
        state.act(odd)
    assert (state.span_s, state.opened, state.chosen) == (600, "", "")
    state.act({"type": "next_event"})
    assert state.why() == {}


# --- recordings ---


def test_a_recording_is_a_pin_that_outlives_its_process_and_comes_with_its_gap_and_marks(house, stream, tmp_path):
    from ecgomics.pipeline import ingest
    from ecgomics.simulate import demo_patients

    cohort = ingest(demo_patients(2, seed=1), tmp_path / "cohort.zarr", workers=0, progress=False)
    ann = of(house, "ann")
    ecg = simulate(VirtualPatient(), duration_s=30, rate_hz=RATE, seed=1).ecg.sel(lead=["II"]).values[0]
    uv = np.round(ecg * 1000).astype(int)
    house.record(stream, by=ann)
    first = house.recorded(stream).first

    def send(start, stop):
        house.take(message({"first": first + start, "values": uv[start:stop].tolist()}), by=ann)

    send(0, 10 * RATE)
    house.mark(stream, "stairs", time_s=(first + 5 * RATE) / RATE, by=ann)
    send(12 * RATE, 30 * RATE)
    house.hub.close()  # nobody takes it in any more
    later = House(tmp_path / "cohort.zarr")
    later.look_again()
    (kept,) = later.recordings
    row = recording_row(later, kept)
    assert (row["state"], row["gaps"], row["missing_s"], row["length_s"]) == ("cut", 1, 2.0, 30.0)
    said = []
    reading = SimpleNamespace(census=SimpleNamespace(cohort=cohort))
    line = Line(Exchange(later), reading=lambda: reading, person=ann, write=said.append)
    assert "1 mark" in line._keep(kept)
    later.look_again()
    record = later.recordings[0].record_id
    assert later.recordings[0].state == "taken"
    from ecgomics.cohort import open_cohort

    stored = open_cohort(cohort.path)
    assert record in stored.records.index
    assert "biomarkers" in stored.stages
    notes = later.remarks.desk.annotations.notes(record)
    assert list(zip(notes["text"], notes["start_s"], strict=True)) == [("stairs", pytest.approx(5.0))]


# --- what is told ---


def test_facts_without_a_beat_or_contact_are_unknown_not_nought(house, stream):
    reader = house.reader(stream)
    eventually(lambda: facts_of(house, reader)["battery"] == 64)  # the owner writes it down a few times a second
    facts = facts_of(house, reader)
    assert (facts["rate"], facts["rhythm"], facts["rmssd"]) == (None, "listening", None)
    house.take(message(state="lost"), by=of(house, "ann"))
    eventually(lambda: facts_of(house, reader)["lost"] is True)
    assert facts_of(house, reader)["rhythm"] == "out of contact"
    assert trends_of(house.reader(stream), span_s=600) == {}


def test_gaps_are_told_when_one_can_see_them(house, stream):
    ann = of(house, "ann")
    house.take(message(packet(RATE + 10, RATE), packet(2 * RATE + 10 + 4 * RATE, RATE)), by=ann)
    assert [event.stop - event.first for event in happenings(house.reader(stream))] == [4 * RATE]
    assert MonitorState(house, ann).rows()[0]["text"] == "Gap of 4.0 s"


def test_a_line_sends_each_sample_once_and_says_only_what_is_new(house, stream):
    from ecgomics_widgets.messages import unpack

    sent = []
    census = SimpleNamespace(ids=[], cohort=None)
    reading = SimpleNamespace(census=census)
    exchange = Exchange(house)
    line = Line(exchange, reading=lambda: reading, person=of(house, "ann"), write=sent.append)
    house.pieces()
    line.tell(exchange.facts())
    heard = [json.loads(text)["set"] for text in sent]
    assert heard[0]["streams"][0]["key"] == stream
    counts = []
    for turn in range(3):
        sent.clear()
        house.take(message(packet((turn + 1) * RATE, RATE)), by=of(house, "ann"))
        line.send(house.pieces())
        (piece,) = sent
        header, arrays = unpack(piece[4:])
        counts += range(header["first"], header["first"] + header["count"])
        assert len(arrays["values"]) == header["count"]
    assert counts == list(range(4 * RATE))
    sent.clear()
    line.hear(json.dumps({"draws": {"keys": None, "held": [stream]}}))
    line.send(house.pieces())
    assert sent[-1] == b""  # it holds the strap itself: nothing but a sign of life
    for odd in ("", "[]", "{", b"\0", '{"event": 3}', '{"samples": {}}', '{"draws": {"keys": 7}}', "[" * 10_000):
        line.hear(odd)


# --- the shell ---


def test_the_shell_holds_nothing_of_anybody_and_all_it_names(tmp_path):
    told = manifest()
    assert (told["start_url"], told["scope"], told["display"]) == ("/monitor", "/monitor", "standalone")
    for icon in told["icons"]:
        kind, content = files()[icon["src"].removeprefix("/monitor/")]
        assert kind == icon["type"]
        width, height = (int.from_bytes(content[at : at + 4], "big") for at in (16, 20))
        assert icon["sizes"] == f"{width}x{height}"
    worker = files()["worker.js"][1].decode()
    for name in json.loads(worker.split("const FILES = ")[1].split(";\n")[0])[1:]:
        assert name.split("?")[0].removeprefix("/monitor/") in files()
    assert version() in page().decode()
    assert b"cohort" not in page()
