"""What a step of scrubbing costs: script time in the browser, time in Python, bytes on the way.

Run by `make bench` (``pytest -m bench -s tests/bench``); software rendering, 1,200 px, 12 leads. The budget is 4 ms of
script a frame, 4 ms in Python and 60 kB a step at p95, for 10 s and for 24 h of 500 Hz alike.
"""

from __future__ import annotations

import shutil
import socket
import time

import numpy as np
import pytest

from ecgomics_widgets import ArraySource, Strip, Window

pytestmark = [pytest.mark.bench, pytest.mark.filterwarnings("default")]

RATE = 500
LEADS = ("I", "II", "III", "aVR", "aVL", "aVF", "V1", "V2", "V3", "V4", "V5", "V6")
DAY_S = 24 * 3600
FLAGS = ["--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run", "--disable-background-networking"]


def beats_like(seconds: float) -> np.ndarray:
    """Twelve leads of something with the density of an ECG: sharp complexes, slow waves, some noise."""
    time_s = np.arange(round(seconds * RATE)) / RATE
    phase = time_s % 0.8
    waves = np.exp(-(((phase - 0.3) / 0.012) ** 2)) + 0.25 * np.exp(-(((phase - 0.55) / 0.05) ** 2))
    noise = np.random.default_rng(0).normal(scale=0.01, size=(12, len(time_s)))
    return (waves * np.linspace(0.4, 1.6, 12)[:, None] + noise).astype(np.float32)


class Endless:
    """24 h that repeat one minute, answered from its pyramid as a store would from its own."""

    leads, rate_hz, duration_s = LEADS, float(RATE), float(DAY_S)

    def __init__(self) -> None:
        self.minute = ArraySource(beats_like(64), rate_hz=RATE, leads=LEADS)
        self.minute.window(0, 64, 10)

    def window(self, t0: float, t1: float, width: int) -> Window:
        if t1 - t0 <= 60:
            part = self.minute.window(0, t1 - t0, width)
            return Window(part.values, t0, part.step_s)
        part = self.minute.window(0, 60, max(1, round(width * 60 / (t1 - t0))))
        repeats = round((t1 - t0) / 60)
        return Window(np.tile(part.values, (1, repeats, 1)), t0, (t1 - t0) / (part.values.shape[1] * repeats))


@pytest.fixture(scope="module")
def browser():
    from playwright.sync_api import sync_playwright

    with sync_playwright() as playwright:
        running = playwright.chromium.launch(executable_path=shutil.which("chromium"), args=FLAGS)
        yield running
        running.close()


def scrub(browser, strip: Strip, monkeypatch, *, keys=()) -> tuple[np.ndarray, dict]:
    """Script time (ms) of each frame of 240 steps of a drag across the strip."""
    import panel as pn

    monkeypatch.setenv("BOKEH_RESOURCES", "server")
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = int(probe.getsockname()[1])
    pages = {"strip": lambda: strip.panel(sizing_mode="stretch_both", margin=0)}
    server = pn.serve(pages, port=port, address="127.0.0.1", show=False, threaded=True, verbose=False)
    page = browser.new_context(viewport={"width": 1200, "height": 640}).new_page()
    page.goto(f"http://127.0.0.1:{port}/strip")
    page.wait_for_function("() => window.__ecgomics_strip_stats?.page?.panels.length")
    page.locator(".ecg-strip").focus()
    for key in keys:
        page.keyboard.press(key)
        page.wait_for_timeout(150)
    page.wait_for_timeout(500)
    box = page.locator(".plot").bounding_box()
    page.evaluate("() => { window.__ecgomics_strip_stats.frames.length = 0; }")
    for turn in range(6):
        start, step = (1100, -20) if turn % 3 < 2 else (150, 20)
        page.mouse.move(start, box["y"] + 200)
        page.mouse.down()
        for move in range(1, 41):
            page.mouse.move(start + step * move, box["y"] + 200)
            page.wait_for_timeout(8)
        page.mouse.up()
    stats = page.evaluate(
        "() => ({ frames: window.__ecgomics_strip_stats.frames, wants: window.__ecgomics_strip_stats.wants })"
    )
    page.context.close()
    server.stop()
    return np.array(stats["frames"]), stats


def report(name: str, frames: np.ndarray) -> float:
    p50, p95 = np.percentile(frames, [50, 95])
    print(f"\n{name}: {len(frames)} frames, script p50 {p50:.2f} ms, p95 {p95:.2f} ms, worst {frames.max():.2f} ms")
    return float(p95)


SPANS = [
    {"start_s": 0.8 * i + 0.1, "stop_s": 0.8 * i + 0.29, "leads": ["II"], "label": "190 ms", "dimension": "Structural"}
    for i in range(12)
]


@pytest.mark.parametrize("layout", ["12x1", "3x4+R"])
def test_scrubbing_ten_seconds(browser, monkeypatch, layout):
    beats = {"time_s": np.arange(0.3, 10, 0.8)}
    strip = Strip(beats_like(10), rate_hz=RATE, leads=LEADS, layout=layout, spans=SPANS, beats=beats)
    frames, _ = scrub(browser, strip, monkeypatch, keys=["+", "+", "+"])
    assert report(f"12 leads × 10 s, {layout}", frames) <= 4


@pytest.mark.parametrize(("name", "keys"), [("at true scale", []), ("half an hour in view", ["-"] * 22)])
def test_scrubbing_a_day_with_a_hundred_thousand_beats(browser, monkeypatch, name, keys):
    times = np.arange(0.3, DAY_S, 0.8)
    kinds = np.where(np.arange(len(times)) % 50 == 0, "ventricular", "normal")
    spans = [
        {"start_s": 17.0 * i, "stop_s": 17.0 * i + 2, "label": "x", "dimension": "Functional"} for i in range(5000)
    ]
    strip = Strip(Endless(), layout="12x1", beats={"time_s": times, "beat_class": kinds}, spans=spans)
    frames, stats = scrub(browser, strip, monkeypatch, keys=keys)
    print(f"  {stats['wants']} tiles asked for")
    assert report(f"12 leads × 24 h, 108,000 beats, 5,000 spans, {name}", frames) <= 4


def test_python_answers_for_a_stretch():
    strip = Strip(ArraySource(beats_like(1800), rate_hz=RATE, leads=LEADS))
    ident = strip.want.get("id") or strip._sender.id
    spent, sizes = [], []
    for step in range(60):
        started = time.process_time()
        strip.want = {"id": ident, "t0": 20.0 * step, "t1": 20.0 * step + 40, "width": 3600, "count": step}
        spent.append((time.process_time() - started) * 1000 / 3)  # a request brings three screens
        sizes.append(len(strip.signal) / 3000)
    cost, size = np.percentile(spent, 95), np.percentile(sizes, 95)
    print(f"\nPython, a screen of 12 leads: p95 {cost:.2f} ms of CPU, {size:.0f} kB")
    assert cost <= 4
