"""Live streams over the interface: every sample once, whoever may not is closed out, who watches sees what came."""

from __future__ import annotations

import asyncio
import contextlib
import json
import re
import socket
import struct
import time

import httpx
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from websockets.exceptions import ConnectionClosed
from websockets.sync.client import connect

from ecgomics.cohort import open_cohort
from ecgomics.live import Block, Description, Hub, Reader, recordings_of, take_in
from ecgomics.pipeline import ingest
from ecgomics.service.accounts import Accounts
from ecgomics.service.api import create_app
from ecgomics.service.api.stream_frames import ABOUT, LARGEST_BYTES, ClosedError, Form, first_of, later_of
from ecgomics.service.api.stream_sender import Pace
from ecgomics.service.api.stream_viewer import Viewer
from ecgomics.service.audit import Audit
from ecgomics.service.database import Database
from ecgomics.settings import ApiSettings
from ecgomics.simulate import demo_patients

PASSWORD = "a password of the tests"
HELLO = {"type": "hello", "name": "bed", "leads": ["II", "V1"], "rate_hz": 250}


@pytest.fixture(scope="module")
def store(tmp_path_factory):
    return ingest(demo_patients(2, seed=4), tmp_path_factory.mktemp("live") / "c.zarr", workers=0, progress=False)


@pytest.fixture(scope="module")
def people(tmp_path_factory):
    database = Database(tmp_path_factory.mktemp("live-db") / "a.db")
    yield database
    database.close()


@pytest.fixture(scope="module")
def address(store, people, served):
    settings = ApiSettings(rate_per_minute=100_000, processes=0)
    with served(create_app(str(store.path), database=people, settings=settings)) as url:
        yield url


@pytest.fixture
def key_of(people, cheap_hashing):
    def made(*scopes: str) -> str:
        accounts, name = Accounts(people), f"u{time.monotonic_ns()}"
        accounts.add(name, password=PASSWORD)
        return accounts.make_key(name, label="tests", scopes=scopes)

    return made


@pytest.fixture
def key(key_of):
    return key_of("read", "stream")


@contextlib.contextmanager
def joined(address: str, key: str | None, **more):
    headers = {"Authorization": f"Bearer {key}"} if key else {}
    with connect(f"ws://{address}/v1/stream", additional_headers=headers, proxy=None, **more) as wire:
        yield wire


def said(wire, message) -> dict:
    wire.send(json.dumps(message) if isinstance(message, dict) else message)
    return json.loads(wire.recv(timeout=10))


def ramp(first: int, count: int) -> np.ndarray:
    """Samples that tell their number, (lead, time) mV; exact as float32."""
    numbers = np.arange(first, first + count)
    return np.stack([numbers % 1024 / 1024, -(numbers % 512) / 1024]).astype(np.float32)


def frame(first: int, count: int) -> bytes:
    return struct.pack("<QI", first, count) + ramp(first, count).T.astype("<f4").tobytes()


def closing(address: str, key: str | None, *messages, **more) -> tuple[int, str]:
    """How a connection is closed after some messages."""
    with joined(address, key, **more) as wire:
        with contextlib.suppress(ConnectionClosed):
            for message in messages:
                wire.send(json.dumps(message) if isinstance(message, dict) else message)
        with contextlib.suppress(ConnectionClosed):
            while wire.recv(timeout=10) is not None:
                continue
        return wire.close_code, wire.close_reason


def stored(store, id: str) -> Reader:
    return Reader(store.path.with_name("c.live") / id)


def test_what_is_sent_is_kept_once_and_acknowledged(address, key, store):
    with joined(address, key) as wire:
        welcome = said(wire, HELLO)
        assert (welcome["type"], welcome["next"]) == ("welcome", 0)
        assert said(wire, frame(0, 100)) == {"next": 100}
        assert said(wire, frame(50, 100)) == {"next": 150}
        assert said(wire, frame(200, 50)) == {"next": 250}
        assert said(wire, frame(160, 10)) == {"next": 250}
        assert said(wire, {"type": "ping"}) == {"type": "pong"}
        wire.send(json.dumps({"type": "status", "state": "live", "battery": 0.5}))
        assert said(wire, frame(250, 50)) == {"next": 300}
        line, ends = {}, time.monotonic() + 10
        while line.get("battery") is None and time.monotonic() < ends:
            line = httpx.get(f"http://{address}/v1/streams/{welcome['stream']}", headers=bearer(key)).json()
        assert (line["leads"], line["rate_hz"], line["next"], line["yours"]) == (["II", "V1"], 250.0, 300, True)
        assert (line["state"], line["battery"], line["kind"]) == ("live", 0.5, "websocket")
        wire.send(json.dumps({"type": "end"}))
        with pytest.raises(ConnectionClosed) as closed:
            wire.recv(timeout=10)
        assert closed.value.rcvd.code == 1000
    reader = stored(store, welcome["stream"])
    first, values = reader.since(0)
    wanted = ramp(0, 300)
    wanted[:, [*range(150, 160), *range(170, 200)]] = np.nan
    assert first == 0
    np.testing.assert_array_equal(values, wanted)
    assert reader.gaps == ((150, 160), (170, 200))
    assert reader.status.state == "ended"


def bearer(key: str) -> dict[str, str]:
    return {"Authorization": f"Bearer {key}"}


def test_small_numbers_come_with_their_scale(address, key, store):
    raw = np.array([[0, 1000, -32768, -5], [1, 2, 3, 4]], dtype="<i2")
    with joined(address, key) as wire:
        id = said(wire, HELLO | {"sample": "int16", "scale_mv": 0.002})["stream"]
        assert said(wire, struct.pack("<QI", 0, 4) + raw.T.tobytes()) == {"next": 4}
    wanted = np.where(raw == -32768, np.nan, raw * np.float32(0.002)).astype(np.float32)
    np.testing.assert_array_equal(stored(store, id).since(0)[1], wanted)


def test_intervals_of_a_heart_rate_strap_are_a_stream_too(address, key, store):
    with joined(address, key) as wire:
        id = said(wire, HELLO | {"leads": [], "rate_hz": 0})["stream"]
        assert said(wire, struct.pack("<QIff", 0, 2, 0.8, 0.75)) == {"next": 2}
        wire.send(struct.pack("<QIf", 2, 1, 61.0))
        with pytest.raises(ConnectionClosed):
            wire.recv(timeout=10)
    assert stored(store, id).since(0)[1].tolist() == [[np.float32(0.8), 0.75]]


def test_after_an_interruption_it_goes_on_where_the_server_is(address, key, store):
    with joined(address, key) as wire:
        id = said(wire, HELLO)["stream"]
        said(wire, frame(0, 100))
        wire.socket.shutdown(socket.SHUT_RDWR)
    with joined(address, key) as wire:
        assert said(wire, HELLO | {"stream": id}) == {"type": "welcome", "stream": id, "next": 100}
        assert said(wire, frame(90, 60)) == {"next": 150}
        # the old connection may seem to be there still: the new one takes its place
        with joined(address, key) as newer:
            assert said(newer, HELLO | {"stream": id})["next"] == 150
            with pytest.raises(ConnectionClosed) as closed:
                wire.recv(timeout=10)
            assert closed.value.rcvd.code == 4409
            assert said(newer, frame(150, 50)) == {"next": 200}
    np.testing.assert_array_equal(stored(store, id).since(0)[1], ramp(0, 200))
    assert stored(store, id).gaps == ()


def test_a_server_that_was_restarted_goes_on_with_the_stream(store, people, key, served):
    settings = ApiSettings(processes=0)
    with served(create_app(str(store.path), database=people, settings=settings)) as one, joined(one, key) as wire:
        id = said(wire, HELLO)["stream"]
        said(wire, frame(0, 100))
    with served(create_app(str(store.path), database=people, settings=settings)) as two, joined(two, key) as wire:
        assert said(wire, HELLO | {"stream": id})["next"] == 100
        assert said(wire, frame(100, 20)) == {"next": 120}
        np.testing.assert_array_equal(stored(store, id).since(0)[1], ramp(0, 120))


def watched(wire, *, until: int, dtype: str = "<f4") -> tuple[dict[int, list[float]], list[dict]]:
    """Samples by number that a viewer got, and the other messages."""
    got, told = {}, []
    while max(got, default=-1) + 1 < until:
        message = wire.recv(timeout=10)
        if isinstance(message, str):
            told.append(json.loads(message))
            continue
        first, count = struct.unpack_from("<QI", message)
        rows = np.frombuffer(message, dtype, offset=12).reshape(count, -1)
        got |= {first + k: row.tolist() for k, row in enumerate(rows)}
    return got, told


def test_a_viewer_sees_what_came_and_what_comes(address, key, key_of):
    with joined(address, key) as wire:
        id = said(wire, HELLO)["stream"]
        said(wire, frame(0, 500))
        with joined(address, key_of("read")) as viewer:
            viewer.send(json.dumps({"type": "watch", "stream": id, "tail_s": 1.0}))
            head = json.loads(viewer.recv(timeout=10))
            assert (head["type"], head["leads"], head["first"]) == ("head", ["II", "V1"], 250)
            said(wire, frame(500, 100))
            said(wire, frame(610, 40))
            got, told = watched(viewer, until=650)
            assert list(got) == list(range(250, 650))
            assert np.isnan([got[k] for k in range(600, 610)]).all()
            numbers = [*range(250, 600), *range(610, 650)]
            np.testing.assert_array_equal(np.array([got[k] for k in numbers]).T, ramp(0, 650)[:, numbers])
            # what comes late is sent again
            said(wire, frame(600, 10))
            late = {}
            while 609 not in late:
                message = viewer.recv(timeout=10)
                if isinstance(message, bytes):
                    late |= {struct.unpack_from("<Q", message)[0] + k: None for k in range(len(message[12:]) // 8)}
                else:
                    told.append(json.loads(message))
            assert list(late) == list(range(600, 610))
            assert said(viewer, {"type": "ping"}) == {"type": "pong"} or told
            assert any(one.get("status", {}).get("state") == "live" for one in told)


def test_a_viewer_may_ask_for_small_numbers_from_the_beginning(address, key):
    with joined(address, key) as wire:
        id = said(wire, HELLO)["stream"]
        said(wire, frame(0, 64))
        with joined(address, key) as viewer:
            viewer.send(json.dumps({"type": "watch", "stream": id, "since": 0, "sample": "int16"}))
            got, _ = watched(viewer, until=64, dtype="<i2")
    np.testing.assert_allclose(np.array(list(got.values())).T / 1000, ramp(0, 64), atol=5.1e-4)


def test_a_stream_that_another_process_takes_in_is_watched_and_not_sent_to(address, key, store):
    hub = Hub(store.path.with_name("c.live"))
    try:
        feed = hub.feed(Description("ward", "replay", ("II", "V1"), 250.0))
        feed.push(Block(0, ramp(0, 100)))
        assert closing(address, key, HELLO | {"stream": feed.id})[0] == 4404
        with joined(address, key) as viewer:
            viewer.send(json.dumps({"type": "watch", "stream": feed.id, "since": 0}))
            feed.push(Block(100, ramp(100, 50)))
            got, told = watched(viewer, until=150)
            assert told[0]["kind"] == "replay"
            np.testing.assert_array_equal(np.array(list(got.values())).T, ramp(0, 150))
    finally:
        hub.close()


def test_a_sender_may_have_its_stream_recorded(address, key, key_of, store):
    writer = key_of("read", "stream", "write")
    assert closing(address, key, HELLO | {"record": True})[0] == 4403
    with joined(address, writer) as wire:
        id = said(wire, HELLO | {"record": True})["stream"]
        said(wire, frame(0, 2500))
    with joined(address, writer) as wire:
        said(wire, HELLO | {"record": True, "stream": id})
        said(wire, frame(2500, 500))
        wire.send(json.dumps({"type": "end"}))
        with pytest.raises(ConnectionClosed):
            wire.recv(timeout=10)
    (recording,) = recordings_of(store.path.with_name("c.live") / id)
    assert (recording.first, recording.stop, recording.state, recording.name) == (0, 3000, "ended", "bed")
    kept = open_cohort(store.path)
    record = take_in(recording, kept, then="nothing")
    ecg = open_cohort(store.path).ecg(record).load()
    assert list(ecg["lead"].values) == ["II", "V1"]
    assert ecg.sizes["time"] == round(3000 / 250 * float(ecg.attrs["rate_hz"]))


def test_streams_are_listed_and_their_owner_ends_them(address, key, key_of):
    with joined(address, key) as wire:
        id = said(wire, HELLO | {"name": "<script>bed</script>"})["stream"]
        other = key_of("read", "stream")
        lines = httpx.get(f"http://{address}/v1/streams", headers=bearer(other)).json()["streams"]
        line = next(line for line in lines if line["stream"] == id)
        assert (line["yours"], line["name"]) == (False, "<script>bed</script>")
        url = f"http://{address}/v1/streams/{id}"
        assert httpx.delete(url, headers=bearer(other)).status_code == 403
        assert httpx.delete(url, headers=bearer(key_of("read"))).status_code == 403
        assert httpx.delete(f"{url}x", headers=bearer(key)).status_code == 404
        assert httpx.delete(url, headers=bearer(key)).status_code == 204
        wire.send(frame(0, 10))
        with pytest.raises(ConnectionClosed) as closed:
            wire.recv(timeout=10)
        assert closed.value.rcvd.code == 4410


def test_a_browser_gives_its_key_as_a_subprotocol(address, key):
    names = ["ecgomics.stream.v1", f"bearer.{key}"]
    with joined(address, None, subprotocols=names) as wire:
        assert wire.subprotocol == "ecgomics.stream.v1"
        assert said(wire, HELLO)["type"] == "welcome"


@pytest.mark.parametrize("forged", [None, "x", "ecg_" + "A" * 43, "a" * 500, "..", "%00"])
def test_without_a_key_in_force_the_door_stays_shut(address, people, forged):
    assert closing(address, forged, HELLO)[0] in (4401, 4429)
    time.sleep(0.1)
    assert "stream.refused" in set(Audit(people).entries(limit=20)["action"])


def test_a_key_opens_only_what_its_scopes_say(address, key, key_of):
    assert closing(address, key_of("read"), HELLO)[0] == 4403
    assert closing(address, key_of("analyse"), HELLO)[0] == 4403
    assert closing(address, key_of("stream"), {"type": "watch", "stream": "x"})[0] == 4403


def test_a_key_that_is_revoked_ends_what_it_opened(address, people, cheap_hashing, monkeypatch):
    monkeypatch.setattr("ecgomics.service.api.streaming.CHECK_S", 0.05)
    accounts = Accounts(people)
    accounts.add("leaver", password=PASSWORD)
    with joined(address, accounts.make_key("leaver", label="x", scopes=["read", "stream"])) as wire:
        id = said(wire, HELLO)["stream"]
        assert said(wire, frame(0, 10)) == {"next": 10}
        accounts.revoke("leaver", key=accounts.keys("leaver")[0][0])
        with pytest.raises(ConnectionClosed) as closed:
            wire.recv(timeout=10)
        assert closed.value.rcvd.code == 4401
    assert id


def test_who_reads_too_slowly_skips_to_the_newest(tmp_path, monkeypatch):
    monkeypatch.setattr("ecgomics.service.api.stream_viewer.MOST_NUMBERS", 500)
    hub = Hub(tmp_path / "c.live")
    try:
        feed = hub.feed(Description("x", "websocket", ("II", "V1"), 250.0))
        feed.push(Block(0, ramp(0, 250)))

        class Wire:
            def __init__(self) -> None:
                self.told: list[str | bytes] = []

            async def send_text(self, text: str) -> None:
                self.told.append(text)

            async def send_bytes(self, data: bytes) -> None:
                if not any(isinstance(one, bytes) for one in self.told):
                    # while one frame was under way, more than MOST_BEHIND_S came
                    feed.push(Block(250, ramp(250, 250 * 60)))
                self.told.append(data)

            async def receive(self):
                while len(self.told) < 6:
                    await asyncio.sleep(0.01)
                return {"type": "websocket.disconnect"}

        wire = Wire()
        asked = first_of(json.dumps({"type": "watch", "stream": feed.id, "tail_s": 5}))
        asyncio.run(asyncio.wait_for(Viewer(wire, hub.reader(feed.id), asked).run(), 20))
    finally:
        hub.close()
    skipped = [json.loads(one)["skipped"] for one in wire.told if isinstance(one, str) and "skipped" in one]
    assert len(skipped) == 1
    first, stop = skipped[0]
    frames = [struct.unpack_from("<QI", one) for one in wire.told if isinstance(one, bytes)]
    assert sum(count for _, count in frames) == 250 * 61 - (stop - first)
    assert stop == 250 * 60
    assert [start for start, _ in frames][:1] == [0]


def test_another_persons_stream_is_as_unknown_as_none(address, key, key_of, people):
    with joined(address, key) as wire:
        id = said(wire, HELLO)["stream"]
        theirs = closing(address, key_of("stream"), HELLO | {"stream": id})
        none = closing(address, key_of("stream"), HELLO | {"stream": "20260101-000000-abcdef"})
        assert theirs == none
        assert theirs[0] == 4404
        assert said(wire, frame(0, 10)) == {"next": 10}


HOSTILE = {
    "samples first": ((b"\0" * 20,), 4400),
    "no json": (("{",), 4400),
    "nested": (("[" * 10_000,), 4400),
    "long": (('"' + "a" * 20_000 + '"',), 1009),
    "a list": (("[]",), 4400),
    "another type": (({"type": "obey"},), 4400),
    "no rate": (({"type": "hello", "leads": ["II"]},), 4400),
    "rate of nothing": ((HELLO | {"rate_hz": float("nan")},), 4400),
    "huge rate": ((HELLO | {"rate_hz": 1e9},), 4400),
    "slow rate": ((HELLO | {"rate_hz": 1},), 4422),
    "one lead twice": ((HELLO | {"leads": ["II", "ii"]},), 4422),
    "too many numbers": ((HELLO | {"leads": [f"L{k}" for k in range(64)], "rate_hz": 4000},), 4422),
    "long lead": ((HELLO | {"leads": ["I" * 40]},), 4400),
    "unknown field": ((HELLO | {"path": "/etc/passwd"},), 4400),
    "a path": ((HELLO | {"stream": "../../etc"},), 4400),
    "watch nothing": (({"type": "watch", "stream": "nothing"},), 4404),
    "short frame": ((HELLO, b"\0" * 11), 4400),
    "empty frame": ((HELLO, struct.pack("<QI", 0, 0)), 4400),
    "half a frame": ((HELLO, frame(0, 10)[:-1]), 4400),
    "more than said": ((HELLO, frame(0, 10) + b"\0"), 4400),
    "count beyond": ((HELLO, struct.pack("<QI", 0, 2**32 - 1) + b"\0" * 8), 4400),
    "number beyond": ((HELLO, struct.pack("<QI", 2**63, 1) + b"\0" * 8), 4400),
    "far ahead": ((HELLO, frame(0, 10), struct.pack("<QI", 2**50, 1) + b"\0" * 8), 4422),
    "kilovolts": ((HELLO, struct.pack("<QIff", 0, 1, 1e6, 0)), 4422),
    "infinite": ((HELLO, struct.pack("<QIff", 0, 1, float("inf"), 0)), 4422),
    "oversized": ((HELLO, b"\0" * (LARGEST_BYTES + 1)), 1009),
    "hello twice": ((HELLO, HELLO), 4400),
    "battery of 7": ((HELLO, {"type": "status", "battery": 7}), 4400),
}


@pytest.mark.parametrize("name", HOSTILE)
def test_hostile_messages_are_closed_with_a_reason(address, key, name):
    messages, code = HOSTILE[name]
    told, reason = closing(address, key, *messages)
    assert told == code
    assert code == 1009 or reason
    assert "passwd" not in reason


def test_a_viewer_sends_no_samples(address, key):
    with joined(address, key) as wire:
        id = said(wire, HELLO)["stream"]
        assert closing(address, key, {"type": "watch", "stream": id}, frame(0, 1))[0] == 4400
        assert closing(address, key, {"type": "watch", "stream": id}, {"type": "end"})[0] == 4400


def test_who_says_nothing_is_let_go(address, key, monkeypatch):
    monkeypatch.setattr("ecgomics.service.api.streaming.HELLO_S", 0.05)
    assert closing(address, key)[0] == 4408


def test_a_sender_that_does_not_come_back_ends_its_stream(address, key, store, monkeypatch):
    monkeypatch.setattr("ecgomics.service.api.streaming.ALONE_S", 0.05)
    with joined(address, key) as wire:
        id = said(wire, HELLO)["stream"]
        said(wire, frame(0, 10))
    ends = time.monotonic() + 10
    while stored(store, id).status.state != "ended":
        assert time.monotonic() < ends
        time.sleep(0.05)
    assert closing(address, key, HELLO | {"stream": id})[0] == 4410


def test_streams_and_viewers_are_limited(people, key, key_of, tmp_path, served):
    cohort = ingest(demo_patients(1, seed=5), tmp_path / "c.zarr", workers=0, progress=False)
    settings = ApiSettings(processes=0, most_viewers=1)
    app = create_app(str(cohort.path), database=people, settings=settings)
    app.state.shared.hub().settings.most_streams = 1
    with served(app) as address, joined(address, key) as wire:
        id = said(wire, HELLO)["stream"]
        assert closing(address, key, HELLO)[0] == 4429
        with joined(address, key) as viewer:
            said(viewer, {"type": "watch", "stream": id})
            assert closing(address, key, {"type": "watch", "stream": id})[0] == 4429
        # one's own that is sent to no more makes room
        said(wire, frame(0, 10))
        wire.close()
        time.sleep(0.2)
        assert closing(address, key_of("stream"), HELLO)[0] == 4429
        with joined(address, key) as wire:
            assert said(wire, HELLO)["stream"] != id


def test_a_greeting_alone_leaves_nothing(address, key, store):
    with joined(address, key) as wire:
        id = said(wire, HELLO)["stream"]
    ends = time.monotonic() + 10
    while store.path.with_name("c.live").joinpath(id).exists():
        assert time.monotonic() < ends
        time.sleep(0.02)


def test_without_a_cohort_there_are_no_streams(people, key, served):
    with served(create_app(None, database=people, settings=ApiSettings(processes=0))) as address:
        assert closing(address, key, HELLO)[0] == 4503
        assert httpx.get(f"http://{address}/v1/streams", headers=bearer(key)).status_code == 404


def test_an_open_server_on_loopback_does_not_listen_to_other_pages(store, people, served):
    app = create_app(str(store.path), database=people, settings=ApiSettings(processes=0), access="open")
    with served(app) as address:
        assert closing(address, None, HELLO, origin="https://evil.example")[0] == 4403
        # a hostile name may be made to lead to this machine, and then the origin is that of the host
        rebound = f"ws://{address}/v1/stream".replace("127.0.0.1", "evil.example")
        with socket.create_connection(tuple(address.split(":"))) as raw, connect(rebound, sock=raw, proxy=None) as wire:
            with pytest.raises(ConnectionClosed):
                wire.recv(timeout=10)
            assert wire.close_code == 4403
        assert httpx.get(f"http://{address}/v1/records", headers={"Host": "evil.example"}).status_code == 403
        with joined(address, None, origin=f"http://{address}") as wire:
            assert said(wire, HELLO)["type"] == "welcome"


def test_how_connections_end_is_counted(address):
    metrics = httpx.get(f"http://{address}/metrics").text
    assert 'ecgomics_streams_closed_total{code="4401"}' in metrics
    document = httpx.get(f"http://{address}/openapi.json").json()
    assert "/v1/streams" in document["paths"]
    told = next(tag for tag in document["tags"] if tag["name"] == "streams")["description"]
    assert "u64 first" in told


# what needs no server


@given(st.binary(max_size=200), st.sampled_from(["float32", "int16"]), st.integers(1, 12))
def test_no_bytes_break_a_frame(data, sample, rows):
    with contextlib.suppress(ClosedError):
        first, values = Form(rows, sample, 0.001).unpack(data)
        assert values.shape[0] == rows
        assert 0 <= first < 2**53
    assert len(ClosedError(4400, "é" * 200).reason.encode()) <= 123


@given(st.text(max_size=300))
def test_no_text_breaks_a_message(text):
    for read in (first_of, later_of):
        with contextlib.suppress(ClosedError):
            read(text)


@given(st.integers(1, 12), st.integers(1, 50), st.integers(0, 2**40), st.randoms(use_true_random=False))
def test_frames_hold_what_was_put_in(rows, count, first, random):
    values = np.array([[random.choice([np.nan, random.uniform(-5, 5)]) for _ in range(count)] for _ in range(rows)])
    values = values.astype(np.float32)
    for sample, within in (("float32", 0), ("int16", 5.1e-4)):
        form = Form(rows, sample, 0.001)
        again, got = form.unpack(form.pack(first, values))
        assert again == first
        np.testing.assert_allclose(got, values, atol=within, rtol=0)


def test_a_pace_lets_a_burst_through_and_slows_what_goes_on(monkeypatch):
    clock = [0.0]
    monkeypatch.setattr("ecgomics.service.api.stream_sender.time", type("T", (), {"monotonic": lambda: clock[0]}))
    pace = Pace(250.0)
    assert pace.take(250 * 600) == 0.0
    assert pace.take(250 * 16) == pytest.approx(1.0)
    clock[0] = 1.0
    assert pace.take(1) == pytest.approx(2.5 / (250 * 16))


def test_the_example_of_the_documentation_sends_and_comes_again(address, key, store):
    text = re.search(r"```python\n(.*?)```", ABOUT, re.DOTALL)[1]
    assert len([line for line in text.splitlines() if line.strip()]) <= 30
    made: dict = {}
    exec(text, made)
    wires = []

    class Seen(made["connect"]):
        async def __aiter__(self):
            async for wire in super().__aiter__():
                wires.append(wire)
                yield wire

    made["connect"] = Seen

    async def blocks():
        for start in range(0, 1000, 50):
            if start == 500:
                wires[-1].transport.abort()
            yield ramp(start, 50).T

    def send(key: str, rate_hz: float = 250):
        sending = made["send"](f"ws://{address}/v1/stream", key, blocks(), leads=["II", "V1"], rate_hz=rate_hz)
        return asyncio.run(asyncio.wait_for(sending, 30))

    id = send(key)
    assert len(wires) == 2
    np.testing.assert_array_equal(stored(store, id).since(0)[1], ramp(0, 1000))
    ends = time.monotonic() + 10
    while stored(store, id).status.state != "ended":
        assert time.monotonic() < ends
        time.sleep(0.05)
    with pytest.raises(ConnectionClosed):
        send("no key")
