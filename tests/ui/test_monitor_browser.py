"""Monitor in a real browser: a strap that is not there, a replay, a recording and its report, on a phone and a desk."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

pytestmark = pytest.mark.ui

PHONE = {"width": 390, "height": 844, "touch": True}
SAMPLES = 73  # of one frame of the strap
CUT_MS = 26_000  # longer than the server keeps an ordinary session
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
    from ecgomics.dashboards.monitor_ward import ward_of

    ward = ward_of(Path(cohort))
    yield ward
    for key in list(ward.beds):
        ward.remove(key)


def _free_port():
    import socket

    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


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


def _stream(ward):
    return next(iter(ward.beds.values())).stream


def test_a_strap_streams_every_sample_once_and_in_order(open_page, server, ward):
    page = _opened(open_page, server, fake=True, **PHONE)
    page.get_by_role("button", name="Connect").click()
    page.locator(".phone").wait_for(timeout=15_000)
    _settle(page, lambda: ward.beds and _stream(ward).head > 8 * 130)
    stream = _stream(ward)
    first, values = stream.since(0)
    assert first == 0
    expected = np.asarray([ecg_uv(number) for number in range(values.shape[1])]) / 1000
    np.testing.assert_allclose(values[0], expected, atol=0.00051)
    assert not stream.gaps
    assert stream.battery == 82
    assert page.evaluate("window.__strap.written[0]") == [2, 0, 0, 1, 130, 0, 1, 1, 14, 0]
    _settle(page, lambda: page.locator(".phone .rate").inner_text().isdigit())
    assert abs(int(page.locator(".phone .rate").inner_text()) - 75) <= 1
    page.watch.assert_clean()


def test_what_a_strap_loses_is_a_gap(open_page, server, ward):
    page = _opened(open_page, server, fake=True, **PHONE)
    page.get_by_role("button", name="Connect").click()
    _settle(page, lambda: ward.beds and _stream(ward).head > 300)
    page.evaluate(
        "window.__strap.drop = true; window.__strap.frame(); window.__strap.frame(); window.__strap.drop = false"
    )
    _settle(page, lambda: _stream(ward).gaps)
    stream = _stream(ward)
    start, stop = stream.gaps[0]
    assert round((stop - start) * 130) == 2 * SAMPLES
    _settle(page, lambda: page.locator(".phone .found").inner_text().startswith("Gap of 1.1 s"))


def test_a_strap_out_of_reach_greys_in_place_and_comes_back(open_page, server, ward):
    page = _opened(open_page, server, fake=True, **PHONE)
    page.get_by_role("button", name="Connect").click()
    _settle(page, lambda: ward.beds and _stream(ward).head > 300)
    page.evaluate("window.__strap.leave()")
    page.locator(".phone.lost").wait_for(timeout=10_000)
    assert "out of contact for" in page.locator(".phone .link").inner_text()
    assert page.locator(".phone .rate").inner_text() == "––"
    before = _stream(ward).head
    page.evaluate("window.__strap.away = false; window.__strap.number += 260; window.__strap.on = true")
    _settle(page, lambda: _stream(ward).head > before + 400)
    page.locator(".phone:not(.lost)").wait_for(timeout=10_000)
    assert round(sum(stop - start for start, stop in _stream(ward).gaps), 1) == 2.0
    page.watch.assert_clean()


def test_a_gap_in_the_network_is_filled_from_the_browser(open_page, server, ward):
    page = open_page(**PHONE)
    page.add_init_script(FAKE)
    page.add_init_script(CUT)
    page.goto(server)
    page.get_by_role("button", name="Connect").click()
    _settle(page, lambda: ward.beds and _stream(ward).head > 300)
    page.evaluate("window.__cut(true)")
    page.locator(".phone.lost").wait_for(timeout=10_000)
    before = _stream(ward).head
    page.wait_for_timeout(CUT_MS - 3000)
    assert _stream(ward).head - before < 130
    assert "buffer" in page.locator(".phone .link").inner_text()
    page.evaluate("window.__cut(false)")
    sent = page.evaluate("window.__strap.number")
    assert sent - before > 130 * 5
    _settle(page, lambda: _stream(ward).head >= sent + 260, most_s=40)
    page.locator(".phone:not(.lost)").wait_for(timeout=10_000)
    first, values = _stream(ward).since(0)
    expected = np.asarray([ecg_uv(number) for number in range(values.shape[1])]) / 1000
    np.testing.assert_allclose(values[0], expected, atol=0.00051)
    assert first == 0
    assert not _stream(ward).gaps


def test_record_by_a_tap_stop_by_a_hold_and_analyse(open_page, server, ward):
    page = _opened(open_page, server, **PHONE)
    page.get_by_role("button", name="Replay", exact=True).click()
    page.locator(".phone").wait_for(timeout=15_000)
    record = page.locator(".dock .record")
    record.click()
    stream = _stream(ward)
    _settle(page, lambda: stream.recording and stream.recorded_s > 11)
    assert page.locator(".dock .what").inner_text() == "Hold to stop"
    record.click()  # a brush of the thumb
    page.wait_for_timeout(600)
    assert stream.recording
    box = record.bounding_box()
    assert box["y"] > 844 * 0.8 - 20
    assert box["height"] >= 60
    page.mouse.move(box["x"] + box["width"] / 2, box["y"] + box["height"] / 2)
    page.mouse.down()
    page.wait_for_timeout(1300)
    page.mouse.up()
    _settle(page, lambda: not stream.recording)
    page.get_by_role("button", name="Analyse").click()
    page.locator(".sheet-over iframe").wait_for(timeout=30_000)
    report = page.frame_locator(".sheet-over iframe")
    report.locator("svg").first.wait_for(timeout=10_000)
    page.get_by_role("button", name="close").click()
    page.locator(".sheet-over").wait_for(state="detached", timeout=5000)
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
    _settle(page, lambda: page.locator(".events .row.fresh").count() >= 1)
    page.keyboard.press("n")
    _settle(page, lambda: page.locator(".why h3").count() == 1)
    page.get_by_role("button", name="Not this").click()
    _settle(page, lambda: any(event.verdict == "no" for _, event in ward.events()))
    assert [page.locator(".tile").nth(k).get_attribute("data-stream") for k in range(4)] == places
    page.evaluate("window.__ecgomics_live_stats.frames.length = 0")
    page.wait_for_timeout(3000)
    frames = page.evaluate("window.__ecgomics_live_stats.frames")
    assert len(frames) > 60
    assert np.percentile(frames, 95) <= MOST_MS, np.percentile(frames, 95)
    assert "not an alarm system" in page.locator("footer").inner_text()
    page.watch.assert_clean()
