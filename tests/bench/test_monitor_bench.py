"""Monitor in headless Chromium: how often it draws, how late a sample is seen, and an hour of a strap at ten times.

Chromium draws in software here. The strap is the tests' fake; its frames hold 73 samples (0.56 s), which a real one
hands over as one, so a sample's way is counted from the moment its frame was handed to the browser.
"""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest

pytestmark = [pytest.mark.bench, pytest.mark.ui, pytest.mark.timeout(1200)]

FAKE = (Path(__file__).parents[1] / "ui" / "fakes" / "strap.js").read_text(encoding="utf-8")
FLAGS = ["--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run", "--disable-background-networking"]
RATE = 130
FRAMES = """
window.__frames = []; window.__pens = [];
const look = (now) => {
  window.__frames.push(now);
  const s = window.__ecgomics_live_stats;
  if (s) window.__pens.push([performance.now(), s.pen]);
  requestAnimationFrame(look);
};
requestAnimationFrame(look);
"""
STAMPS = """
window.__stamps = [];
const whole = window.__strap.frame;
window.__strap.frame = () => { window.__stamps.push([performance.now(), window.__strap.number]); whole(); };
"""

FASTER = """(whole) => {
  const strap = window.__strap, lost = new Set([500, 501, 3000]);
  let k = 0;
  strap.timer = setInterval(() => {
    if (strap.number > whole) { clearInterval(strap.timer); return; }
    strap.drop = lost.has(k); strap.frame(); k += 1;
  }, 56.15);
}"""


@pytest.fixture(scope="module")
def server(tmp_path_factory):
    import socket

    from ecgomics import pipeline
    from ecgomics.dashboards import serve
    from ecgomics.live import hub_of
    from ecgomics.simulate import demo_patients

    path = tmp_path_factory.mktemp("monitor") / "ward.zarr"
    pipeline.ingest(list(demo_patients(6, seed=3)), path, workers=0, progress=False).analyse(workers=0, progress=False)
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    running = serve(path, port=port, wait="no")
    hub = hub_of(path.absolute())
    yield f"http://127.0.0.1:{port}/monitor", hub
    running.stop()
    hub.close()


@pytest.fixture(scope="module")
def browser():
    import shutil

    from playwright.sync_api import sync_playwright

    with sync_playwright() as playwright:
        path = shutil.which("chromium") or shutil.which("google-chrome")
        running = playwright.chromium.launch(executable_path=path, args=FLAGS)
        yield running
        running.close()


def opened(browser, address, *scripts, width, height):
    page = browser.new_page(viewport={"width": width, "height": height})
    for script in scripts:
        page.add_init_script(script)
    page.goto(address)
    page.get_by_role("button", name="Connect").or_(page.locator(".tile, .phone")).first.wait_for(timeout=60_000)
    return page


def intervals(page, *, seconds):
    page.evaluate("window.__frames.length = 0")
    page.wait_for_timeout(1000 * seconds)
    return np.diff(page.evaluate("window.__frames"))


def told(name, **figures):
    print(json.dumps({"bench": name, **{key: round(float(value), 2) for key, value in figures.items()}}))


def test_frames_and_latency_of_a_phone_and_a_desk(server, browser):
    address, hub = server
    phone = opened(browser, address, FAKE, FRAMES, STAMPS, width=390, height=844)
    phone.get_by_role("button", name="Connect").first.click()
    phone.locator(".phone").wait_for(timeout=20_000)
    phone.wait_for_timeout(5000)
    gaps = intervals(phone, seconds=10)
    told("phone frames", p50_ms=np.median(gaps), p95_ms=np.percentile(gaps, 95), frames_a_second=1000 / gaps.mean())
    stamps, pens = (np.asarray(phone.evaluate(f"window.__{name}")) for name in ("stamps", "pens"))
    numbers = np.arange(int(stamps[1, 1]), int(stamps[-2, 1]))
    handed = stamps[np.searchsorted(stamps[:, 1], numbers, side="right") - 1, 0]
    drawn = pens[np.minimum(np.searchsorted(pens[:, 1], numbers + 1), len(pens) - 1), 0]
    late = (drawn - handed)[numbers < pens[-1, 1] - RATE]
    told("strap to screen", p50_ms=np.median(late), p95_ms=np.percentile(late, 95), n=len(late))
    assert np.percentile(late, 95) <= 250
    desk = opened(browser, address, FRAMES, width=1440, height=900)
    for _ in range(5):
        desk.get_by_role("button", name="+ Add a stream").click()
        desk.get_by_role("button", name="Replay", exact=True).click()
        desk.wait_for_timeout(500)
    desk.wait_for_timeout(4000)
    assert desk.locator(".tile").count() == 6
    gaps = intervals(desk, seconds=10)
    drawing = np.asarray(desk.evaluate("window.__ecgomics_live_stats.frames"))
    told(
        "desk of 6, frames",
        p50_ms=np.median(gaps),
        p95_ms=np.percentile(gaps, 95),
        script_p95_ms=np.percentile(drawing, 95),
    )
    for page in (phone, desk):
        page.close()
    for reader in hub.streams():
        hub.stop(reader.id)


def test_an_hour_of_a_strap_at_ten_times_the_whole_way(server, browser):
    address, hub = server
    minutes = 60
    page = opened(browser, address, FAKE, width=390, height=844)
    page.evaluate("window.__strap.start = () => { window.__strap.on = true; }")
    page.get_by_role("button", name="Connect").first.click()
    page.wait_for_timeout(1500)
    page.evaluate("window.__strap.frame()")
    page.locator(".dock .record").click()  # so that all of it is kept
    page.locator(".dock .record.on").wait_for(timeout=20_000)
    page.evaluate(FASTER, RATE * 60 * minutes)
    whole, waited = RATE * 60 * minutes, 0
    while page.evaluate("window.__strap.number") <= whole and waited < 900:
        page.wait_for_timeout(5000)
        waited += 5
    sent = page.evaluate("window.__strap.number")
    (reader,) = (one for one in hub.streams() if one.status.state != "ended")
    for _ in range(100):
        if reader.next >= sent:
            break
        page.wait_for_timeout(100)
    assert reader.next == sent
    assert [stop - start for start, stop in reader.gaps] == [2 * 73, 73]
    values = reader.between(reader.oldest, sent)[0]
    t = ((np.arange(reader.oldest, sent)) % 104) / 104
    shapes = ((0.2, 0.03, 120), (0.37, 0.008, -150), (0.4, 0.01, 1100), (0.43, 0.01, -250), (0.65, 0.06, 280))
    expected = sum(height * np.exp(-(((t - centre) / width) ** 2)) for centre, width, height in shapes) / 1000
    known = np.isfinite(values)
    np.testing.assert_allclose(values[known], expected[known], atol=0.00051)
    told(
        "an hour at ten times",
        seconds=waited,
        samples=sent,
        compared=known.sum(),
        waiting=page.evaluate(
            "Math.max(...[...window.__ecgomics_monitor.straps.held.values()].map((e) => e.box.waiting()))"
        ),
    )
    page.close()
