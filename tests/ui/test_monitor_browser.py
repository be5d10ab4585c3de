"""Monitor in a real browser: a strap that is not there, a replay, a recording and its report, on a phone and a desk."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest

pytestmark = pytest.mark.ui

PHONE = {"width": 390, "height": 844, "touch": True}
SAMPLES = 73  # of one frame of the strap
CUT_MS = 8_000
CUT = """
const Real = window.WebSocket, open = []; let off = false;
window.WebSocket = class extends Real {
  constructor(url, kinds) { super(off ? "ws://127.0.0.1:9/" : url, kinds); open.push(this); }
};
window.__cut = (on) => { off = on; if (on) open.splice(0).forEach((socket) => socket.close()); };
"""
MOST_MS = 4.0  # a frame's drawing at the 95th percentile
FAKE = (Path(__file__).parent / "fakes" / "strap.js").read_text(encoding="utf-8")


def ecg_uv(number):
    """The fake strap's sample of a number, µV, as the script makes it."""
    t = (number % 104) / 104
    shapes = ((0.2, 0.03, 120), (0.37, 0.008, -150), (0.4, 0.01, 1100), (0.43, 0.01, -250), (0.65, 0.06, 280))
    return sum(height * np.exp(-(((t - centre) / width) ** 2)) for centre, width, height in shapes)


@pytest.fixture(scope="module")
def cohort(tmp_path_factory):
    from ecgomics import pipeline
    from ecgomics.simulate import demo_patients

    path = tmp_path_factory.mktemp("monitor") / "ward.zarr"
    made = pipeline.ingest(list(demo_patients(6, seed=3)), path, workers=0, progress=False)
    pipeline.analyse(made, workers=0, progress=False)
    return path


@pytest.fixture(scope="module")
def server(cohort):
    """A server in this process, so that a test sees both ends."""
    from ecgomics.dashboards import serve

    port = _free_port()
    running = serve(cohort, port=port, wait="no")
    yield f"http://127.0.0.1:{port}/monitor"
    running.stop()


@pytest.fixture
def ward(cohort):
    """The hub of the server in this process."""
    from ecgomics.live import hub_of

    hub = hub_of(Path(cohort).absolute())
    yield hub
    for reader in hub.streams():
        if reader.status.state != "ended":
            hub.stop(reader.id)


def _free_port():
    import socket

    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


def _assert_whole(stream):
    """Every sample of the fake from the first on, once, in order."""
    first, values = stream.since(0)
    assert first == 0
    expected = np.asarray([ecg_uv(number) for number in range(values.shape[1])]) / 1000
    np.testing.assert_allclose(values[0], expected, atol=0.00051)
    assert not stream.gaps


def _opened(open_page, address, *, theme="light", fake=False, **size):
    page = open_page(theme=theme, **size)
    if fake:
        page.add_init_script(FAKE)
    page.goto(address)
    page.get_by_role("button", name="Connect").or_(page.locator(".tile, .phone")).first.wait_for(timeout=30_000)
    return page


def _settle(page, check, *, most_s=20):
    for _ in range(most_s * 10):
        if check():
            return
        page.wait_for_timeout(100)
    pytest.fail("it did not happen in time")


def _going(ward):
    return [reader for reader in ward.streams() if reader.status.state != "ended"]


def _stream(ward):
    return _going(ward)[-1]


def _missing(stream):
    return sum(stop - start for start, stop in stream.gaps)


def test_a_strap_streams_every_sample_once_and_in_order(open_page, server, ward):
    page = _opened(open_page, server, fake=True, **PHONE)
    page.get_by_role("button", name="Connect").click()
    page.locator(".phone").wait_for(timeout=15_000)
    _settle(page, lambda: _going(ward) and _stream(ward).next > 8 * 130)
    stream = _stream(ward)
    _assert_whole(stream)
    _settle(page, lambda: round(100 * stream.status.battery) == 82)
    assert page.evaluate("window.__strap.written[0]") == [2, 0, 0, 1, 130, 0, 1, 1, 14, 0]
    _settle(page, lambda: page.locator(".phone .rate").inner_text().isdigit())
    assert abs(int(page.locator(".phone .rate").inner_text()) - 75) <= 1
    page.watch.assert_clean()


def test_what_a_strap_loses_is_a_gap(open_page, server, ward):
    page = _opened(open_page, server, fake=True, **PHONE)
    page.get_by_role("button", name="Connect").click()
    _settle(page, lambda: _going(ward) and _stream(ward).next > 300)
    page.evaluate(
        "window.__strap.drop = true; window.__strap.frame(); window.__strap.frame(); window.__strap.drop = false"
    )
    _settle(page, lambda: _stream(ward).gaps)
    stream = _stream(ward)
    assert _missing(stream) == 2 * SAMPLES
    _settle(page, lambda: page.locator(".phone .found").inner_text().startswith("Gap of 1.1 s"))


def test_a_strap_out_of_reach_greys_in_place_and_comes_back(open_page, server, ward):
    page = _opened(open_page, server, fake=True, **PHONE)
    page.get_by_role("button", name="Connect").click()
    _settle(page, lambda: _going(ward) and _stream(ward).next > 300)
    page.evaluate("window.__strap.leave()")
    page.locator(".phone.lost").wait_for(timeout=10_000)
    assert "strap out of reach for" in page.locator(".phone .link").inner_text()
    assert page.locator(".phone .rate").inner_text() == "––"
    before = _stream(ward).next
    page.evaluate("window.__strap.away = false; window.__strap.number += 260; window.__strap.on = true")
    _settle(page, lambda: _stream(ward).next > before + 400)
    page.locator(".phone:not(.lost)").wait_for(timeout=10_000)
    assert _missing(_stream(ward)) == 260
    page.watch.assert_clean()


def test_a_gap_in_the_network_is_filled_from_the_browser(open_page, server, ward):
    page = open_page(**PHONE)
    page.add_init_script(FAKE)
    page.add_init_script(CUT)
    page.goto(server)
    page.get_by_role("button", name="Connect").click()
    _settle(page, lambda: _going(ward) and _stream(ward).next > 300)
    page.evaluate("window.__cut(true)")
    page.locator(".news", has_text="server is away").wait_for(timeout=10_000)
    before = _stream(ward).next
    page.wait_for_timeout(CUT_MS)
    assert _stream(ward).next - before < 130
    assert "buffer" in page.locator(".news").inner_text()
    assert page.evaluate("__ecgomics_live_stats.head") > before + 500  # the strip goes on without the server
    page.get_by_role("button", name="Mark").click()
    page.evaluate("window.__cut(false)")
    sent = page.evaluate("window.__strap.number")
    assert sent - before > 130 * 5
    _settle(page, lambda: _stream(ward).next >= sent + 260, most_s=40)
    page.locator(".news").wait_for(state="hidden", timeout=10_000)
    _assert_whole(_stream(ward))
    (mark,) = (event for event in _stream(ward).events_since(0) if event.kind == "mark")
    assert before < mark.first <= sent  # made without the server, and at its moment


def _recording(ward):
    from ecgomics.live import recordings_of

    found = recordings_of(ward.folder) if ward.folder.is_dir() else ()
    mine = [one for one in found if one.stream == _stream(ward).id]
    return mine[-1] if mine else None


def test_record_by_a_tap_stop_by_a_hold_and_analyse(open_page, server, ward):
    page = _opened(open_page, server, **PHONE)
    page.get_by_role("button", name="Replay", exact=True).click()
    page.locator(".phone").wait_for(timeout=15_000)
    record = page.locator(".dock .record")
    record.click()
    _settle(page, lambda: _going(ward) and _recording(ward))
    page.wait_for_timeout(11_000)
    assert page.locator(".dock .what").inner_text() == "Hold to stop"
    record.click()  # a brush of the thumb
    page.wait_for_timeout(600)
    assert _recording(ward).state == "open"
    box = record.bounding_box()
    assert box["y"] > 844 * 0.8 - 20
    assert box["height"] >= 60
    page.mouse.move(box["x"] + box["width"] / 2, box["y"] + box["height"] / 2)
    page.mouse.down()
    page.wait_for_timeout(1300)
    page.mouse.up()
    _settle(page, lambda: _recording(ward).state == "ended")
    page.get_by_role("button", name="Analyse").click()
    page.locator(".sheet-over iframe").wait_for(timeout=90_000)
    report = page.frame_locator(".sheet-over iframe")
    report.locator("svg").first.wait_for(timeout=10_000)
    page.get_by_role("button", name="close").click()
    page.locator(".sheet-over").wait_for(state="detached", timeout=5000)
    _settle(page, lambda: _recording(ward).state == "taken", most_s=60)
    page.watch.assert_clean()


@pytest.mark.parametrize("theme", ["light", "dark"])
def test_a_desk_shows_streams_in_their_places_within_the_drawing_budget(open_page, server, ward, theme):
    page = _opened(open_page, server, theme=theme)
    page.get_by_role("button", name="Replay", exact=True).click()
    page.locator(".tile").wait_for(timeout=15_000)
    for _ in range(3):
        page.get_by_role("button", name="+ Add a stream").click()
        page.get_by_role("button", name="Replay", exact=True).click()
        page.wait_for_timeout(400)
    _settle(page, lambda: page.locator(".tile").count() == 4)
    places = [page.locator(".tile").nth(k).get_attribute("data-stream") for k in range(4)]
    page.keyboard.press("3")
    _settle(page, lambda: page.locator(".tile.chosen").get_attribute("data-stream") == places[2])
    page.keyboard.press("m")
    _settle(page, lambda: page.locator(".events .row").count() >= 1)
    page.locator(".events .row", has_text="Mark").first.click()
    _settle(page, lambda: page.locator(".why h3").count() == 1)
    page.get_by_role("button", name="Not this").click()
    page.locator(".events .row", has_text="not this").wait_for(timeout=10_000)
    assert [page.locator(".tile").nth(k).get_attribute("data-stream") for k in range(4)] == places
    page.evaluate("window.__ecgomics_live_stats.frames.length = 0")
    page.wait_for_timeout(3000)
    frames = page.evaluate("window.__ecgomics_live_stats.frames")
    assert len(frames) > 60
    assert np.percentile(frames, 95) <= MOST_MS, np.percentile(frames, 95)
    assert "not an alarm system" in page.locator("footer").inner_text()
    page.watch.assert_clean()


DEVICES = """
window.__woken = []; window.__buzzed = [];
const release = async () => window.__woken.push("let go");
const request = async (kind) => { window.__woken.push(kind); return { release }; };
Object.defineProperty(navigator, "wakeLock", { value: { request } });
Object.defineProperty(navigator, "vibrate", { value: (pattern) => { window.__buzzed.push(pattern); return true; } });
"""
KEPT = """async () => {
  const caches_ = await Promise.all((await caches.keys()).map((name) => caches.open(name)));
  const requests = (await Promise.all(caches_.map((one) => one.keys()))).flat();
  return requests.map((request) => new URL(request.url).pathname).sort();
}"""


def test_the_screen_stays_awake_and_a_mark_buzzes(open_page, server, ward):
    page = open_page(**PHONE)
    page.add_init_script(FAKE)
    page.add_init_script(DEVICES)
    page.goto(server)
    page.get_by_role("button", name="Connect").click()
    page.locator(".phone").wait_for(timeout=15_000)
    _settle(page, lambda: page.evaluate("window.__woken") == ["screen"])
    page.get_by_role("button", name="Mark").click()
    assert page.evaluate("window.__buzzed") == [30]
    page.get_by_role("button", name="streams and sources").click()
    page.get_by_role("button", name="Disconnect Polar H10 FAKE").click()
    _settle(page, lambda: page.evaluate("window.__woken") == ["screen", "let go"])
    _settle(page, lambda: not _going(ward))


ANOTHER = """async () => {
  const { straps } = window.__ecgomics_monitor, box = [...straps.held.values()][0].box;
  const vault = new straps.vault.constructor();
  await vault.ready;
  await vault.open(btoa("another person's key of 32 bytes"));
  const sealed = JSON.parse(localStorage.getItem(`ecgomics-strap:${box.sender}`));
  return [await vault.unseal(sealed), (await straps.vault.unseal(sealed)).sender === box.sender];
}"""


def test_a_reload_during_a_recording_is_a_gap_in_the_same_recording(open_page, server, ward):
    page = _opened(open_page, server, fake=True, **PHONE)
    page.get_by_role("button", name="Connect").click()
    _settle(page, lambda: _going(ward) and _stream(ward).next > 300)
    page.locator(".dock .record").click()
    _settle(page, lambda: _recording(ward))
    page.wait_for_timeout(1500)
    kept = page.evaluate("Object.entries(localStorage).filter(([name]) => name.startsWith('ecgomics-strap:'))")
    assert [sorted(json.loads(text)) for _, text in kept] == [["at", "iv", "sealed"]]  # nothing that can be read
    number = page.evaluate("(window.__strap.on = false, window.__strap.number)")  # no frame between this and the reload
    page.reload()
    page.get_by_role("button", name="Connect the strap again").wait_for(timeout=15_000)
    page.evaluate("(number) => { window.__strap.number = number; }", number + 390)  # the strap itself went on
    page.get_by_role("button", name="Connect the strap again").click()
    _settle(page, lambda: _stream(ward).next > number + 390 + 146)
    assert len(_going(ward)) == 1
    assert _missing(_stream(ward)) == 390
    assert _recording(ward).state == "open"
    page.locator(".dock .record.on").wait_for(timeout=10_000)
    # whoever signs in next in this browser has another key
    assert page.evaluate(ANOTHER) == [None, True]


def test_it_can_be_installed(open_page, server):
    page = _opened(open_page, server, **PHONE)
    line = page.context.new_cdp_session(page)
    _settle(
        page,
        lambda: page.evaluate("navigator.serviceWorker.getRegistration().then((r) => r?.active?.state)") == "activated",
    )
    told = line.send("Page.getAppManifest")
    assert told["url"].endswith("/monitor/manifest.webmanifest")
    assert not told["errors"]
    errors = [error["errorId"] for error in line.send("Page.getInstallabilityErrors")["installabilityErrors"]]
    assert set(errors) <= {"in-incognito"}  # a test's context is one
    kept = page.evaluate(KEPT)
    assert kept == sorted(["/monitor", *(f"/monitor/{name}" for name in SHELL)])
    page.watch.assert_clean()


SHELL = ("app.js", "trends.js", "manifest.webmanifest", "icon-192.png", "icon-512.png", "icon-maskable-512.png")


@pytest.fixture
def killable(cohort, tmp_path, free_port):
    """A server in a process of its own over a copy of the cohort: start() and kill() it."""
    import os
    import shutil
    import signal
    import subprocess
    import sys
    import time
    import urllib.request

    copy = tmp_path / "own.zarr"
    shutil.copytree(cohort, copy)
    running = []

    def start():
        command = [sys.executable, "-m", "ecgomics", "serve", str(copy), "--port", str(free_port)]
        running.append(subprocess.Popen(command, env={**os.environ, "OMP_NUM_THREADS": "1"}))
        ends = time.monotonic() + 60
        while True:
            try:
                urllib.request.urlopen(f"http://127.0.0.1:{free_port}/monitor", timeout=5).close()
                return f"http://127.0.0.1:{free_port}/monitor"
            except OSError:
                assert time.monotonic() < ends
                time.sleep(0.1)

    def kill():
        running[-1].send_signal(signal.SIGKILL)
        running[-1].wait(timeout=20)

    yield start, kill, copy
    kill()


def test_a_killed_server_loses_nothing_and_the_page_opens_without_it(open_page, killable):
    from ecgomics.live import Reader, live_folder, recordings_of

    start, kill, copy = killable
    page = _opened(open_page, start(), fake=True, **PHONE)
    _settle(
        page,
        lambda: page.evaluate("navigator.serviceWorker.getRegistration().then((r) => r?.active?.state)") == "activated",
    )
    page.get_by_role("button", name="Connect").click()
    page.locator(".phone .rate", has_text="7").wait_for(timeout=90_000)
    page.locator(".dock .record").click()
    page.locator(".dock .record.on").wait_for(timeout=10_000)
    page.wait_for_timeout(1500)
    kill()
    page.locator(".news", has_text="server is away").wait_for(timeout=10_000)
    page.wait_for_timeout(3000)
    start()
    page.locator(".news").wait_for(state="hidden", timeout=20_000)
    page.locator(".dock .record.on").wait_for(timeout=10_000)  # the same recording goes on
    (journal,) = (path for path in live_folder(copy).iterdir() if path.is_dir())
    number = page.evaluate("window.__strap.number")
    _settle(page, lambda: Reader(journal).next >= number, most_s=30)
    _assert_whole(Reader(journal))
    assert [one.state for one in recordings_of(journal)] == ["open"]
    kill()
    page.reload()  # nothing answers: the browser's own copy of the shell does
    page.get_by_role("button", name="Connect").first.wait_for(timeout=15_000)
    page.locator(".news", has_text="server is away").wait_for(timeout=10_000)
    page.evaluate("(number) => { window.__strap.number = number; }", number + 390)
    page.get_by_role("button", name="Connect").first.click()
    _settle(page, lambda: page.evaluate("window.__ecgomics_live_stats?.head ?? 0") > 300)
    held = "Math.max(...[...window.__ecgomics_monitor.straps.held.values()].map((entry) => entry.box.waiting()))"
    _settle(page, lambda: page.evaluate(held) > 260)
