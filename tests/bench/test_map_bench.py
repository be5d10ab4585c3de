"""What the latent map costs in a browser: frames while it is moved, and finding who is inside a lasso.

Run by `make bench`; software rendering. The budget: 30 frames a second while 100,000 points are moved, a lasso over
them answered in 50 ms, and in 150 ms over a million.
"""

from __future__ import annotations

import os
import shutil
import socket

import numpy as np
import pytest

from ecgomics_widgets.latent_map import LatentMap

pytestmark = [pytest.mark.bench, pytest.mark.filterwarnings("default"), pytest.mark.timeout(300)]

FLAGS = ["--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run", "--disable-background-networking"]
CORNERS = 100
FRAMES = """() => { window.shown = []; const tick = (t) => { window.shown.push(t); requestAnimationFrame(tick); };
  requestAnimationFrame(tick); }"""


@pytest.fixture(scope="module")
def browser():
    from playwright.sync_api import sync_playwright

    with sync_playwright() as playwright:
        running = playwright.chromium.launch(executable_path=shutil.which("chromium"), args=FLAGS)
        yield running
        running.close()


@pytest.fixture
def shown(browser, monkeypatch):
    """A map of `n` points in a page of its own; the map and the page."""
    import panel as pn

    monkeypatch.setenv("BOKEH_RESOURCES", "server")
    made = []

    def show(n: int):
        rng = np.random.default_rng(0)
        points = rng.normal(size=(n, 2)) + 3 * rng.integers(0, 3, (n, 1))
        chart = LatentMap.of(points, categories=rng.choice(["NORM", "MI", "STTC", "CD"], n))
        with socket.socket() as probe:
            probe.bind(("127.0.0.1", 0))
            port = int(probe.getsockname()[1])
        server = pn.serve(
            {"map": lambda: chart.panel(sizing_mode="stretch_both", margin=0)},
            port=port,
            address="127.0.0.1",
            show=False,
            threaded=True,
            verbose=False,
            websocket_max_message_size=200_000_000,
        )
        page = browser.new_context(viewport={"width": 900, "height": 620}).new_page()
        page.goto(f"http://127.0.0.1:{port}/map")
        page.wait_for_selector(".eg-map canvas", timeout=60_000)
        page.wait_for_timeout(1500)
        made.append((page, server))
        return chart, page

    yield show
    for page, server in made:
        page.context.close()
        server.stop()


def enclosed(chart: LatentMap, polygon: list[list[float]]) -> list[int]:
    """Positions inside a polygon by the even–odd rule, counted corner by corner."""
    x, y = np.frombuffer(chart.points, dtype="float32").reshape(-1, 2).astype(float).T
    within = np.zeros(len(x), dtype=bool)
    for (x0, y0), (x1, y1) in zip(polygon, [*polygon[1:], polygon[0]], strict=True):
        if y0 != y1:
            within ^= ((y0 > y) != (y1 > y)) & (x < (x1 - x0) * (y - y0) / (y1 - y0) + x0)
    return np.flatnonzero(within).tolist()


def test_moving_a_hundred_thousand_points(shown):
    page = shown(100_000)[1]
    page.locator(".eg-map .tools button", has_text="move").click()
    box = page.locator(".eg-map canvas").bounding_box()
    x, y = box["x"] + box["width"] / 2, box["y"] + box["height"] / 2
    page.mouse.move(x, y)
    page.mouse.down()
    page.evaluate(FRAMES)
    session = page.context.new_cdp_session(page)
    session.send("Performance.enable")
    for step in range(120):
        page.mouse.move(x + 150 * np.sin(step / 10), y + 90 * np.cos(step / 10))
    page.mouse.up()
    times = np.diff(page.evaluate("() => window.shown"))
    stats = page.evaluate("() => window.__ecgomics_map_stats.frames")
    p50, p95 = np.percentile(stats, [50, 95])
    print(
        f"\n100,000 points moved: {1000 / np.median(times):.0f} frames/s (p95 {np.percentile(times, 95):.0f} ms), "
        f"script p50 {p50:.1f} ms, p95 {p95:.1f} ms; load {os.getloadavg()[0]:.1f}"
    )
    assert 1000 / np.median(times) >= 30
    # where others use the machine a frame waits: the usual one is judged, the slow ones are told
    assert p50 <= 1000 / 30


@pytest.mark.parametrize(("n", "most_ms"), [(100_000, 50), (1_000_000, 150)])
def test_a_lasso(shown, n, most_ms):
    chart, page = shown(n)
    heard = []
    chart.param.watch(lambda change: heard.append(change.new), "event")
    box = page.locator(".eg-map canvas").bounding_box()
    x, y = box["x"] + box["width"] / 2, box["y"] + box["height"] / 2
    page.mouse.move(x + 120, y)
    page.mouse.down()
    # the browser is left time to answer between two moves of the hand
    for step in range(CORNERS):
        page.wait_for_timeout(8)
        turn = 2 * np.pi * step / CORNERS
        page.mouse.move(x + 120 * np.cos(turn), y + 100 * np.sin(turn))
    page.mouse.up()
    for _ in range(200):
        page.wait_for_timeout(100)
        if heard and heard[-1].get("done"):
            break
    stats = page.evaluate("() => window.__ecgomics_map_stats.lassos")
    inside = len(heard[-1]["positions"])
    assert heard[-1]["positions"] == enclosed(chart, heard[-1]["polygon"])
    print(
        f"\nlasso of {CORNERS} corners over {n:,} points, {inside:,} inside: median {np.median(stats):.1f} ms, "
        f"largest {max(stats):.1f} ms of {len(stats)}; load {os.getloadavg()[0]:.1f}"
    )
    assert inside > n / 50
    assert np.median(stats) <= most_ms
