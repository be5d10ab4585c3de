"""What a step of scrubbing costs: script time in the browser, time in Python, bytes on the way.

Run by `make bench` (``pytest -m bench -s tests/bench``); software rendering, 1,200 px, 12 leads. The budget is 4 ms of
script a frame, 4 ms in Python and 60 kB a step at p95, for 10 s and for 24 h of 500 Hz alike.
"""

from __future__ import annotations

import json
import os
import shutil
import socket
import subprocess
import time

import numpy as np
import pytest

from ecgomics_widgets import ArraySource, Strip, Window
from ecgomics_widgets.messages import unpack

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


def served(browser, make, monkeypatch):
    """A page that shows what `make` gives; the page and the server."""
    import panel as pn

    monkeypatch.setenv("BOKEH_RESOURCES", "server")
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = int(probe.getsockname()[1])
    server = pn.serve({"view": make}, port=port, address="127.0.0.1", show=False, threaded=True, verbose=False)
    page = browser.new_context(viewport={"width": 1200, "height": 640}).new_page()
    page.goto(f"http://127.0.0.1:{port}/view")
    return page, server


def drag(page, *, y: float, pause_ms: int = 8, turns: int = 6, moves: int = 40) -> int:
    """Some drags of some steps; the number of steps."""
    for turn in range(turns):
        start, step = (1100, -20) if turn % 3 < 2 else (150, 20)
        page.mouse.move(start, y)
        page.mouse.down()
        for move in range(1, moves + 1):
            page.mouse.move(start + step * move, y)
            page.wait_for_timeout(pause_ms)
        page.mouse.up()
    return turns * moves


def script_ms(session) -> float:
    """Script time the page has spent since it was opened, ms: what Chromium itself counts."""
    metrics = {item["name"]: item["value"] for item in session.send("Performance.getMetrics")["metrics"]}
    return 1000 * metrics["ScriptDuration"]


def scrub(browser, strip: Strip, monkeypatch, *, keys=()) -> tuple[np.ndarray, dict]:
    """Script time (ms) of each frame of 240 steps of a drag across the strip."""
    page, server = served(browser, lambda: strip.panel(sizing_mode="stretch_both", margin=0), monkeypatch)
    page.wait_for_function("() => window.__ecgomics_strip_stats?.page?.panels.length")
    page.locator(".ecg-strip").focus()
    for key in keys:
        page.keyboard.press(key)
        page.wait_for_timeout(150)
    page.wait_for_timeout(500)
    session = page.context.new_cdp_session(page)
    session.send("Performance.enable")
    box = page.locator(".plot").bounding_box()
    page.evaluate("() => { window.__ecgomics_strip_stats.frames.length = 0; }")
    before = script_ms(session)
    steps = drag(page, y=box["y"] + 200)
    whole = (script_ms(session) - before) / steps
    stats = page.evaluate(
        "() => ({ frames: window.__ecgomics_strip_stats.frames, wants: window.__ecgomics_strip_stats.wants })"
    )
    page.context.close()
    server.stop()
    return np.array(stats["frames"]), {**stats, "whole": whole}


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
    bad = [{"lead": LEADS[i % 12], "start_s": 97.0 * i, "stop_s": 97.0 * i + 3, "reason": "noise"} for i in range(800)]
    notes = [
        {"start_s": 600.0 * i, "stop_s": None, "lead": "", "text": "note", "who": "", "when": ""} for i in range(99)
    ]
    beats = {"time_s": times, "beat_class": kinds}
    strip = Strip(Endless(), layout="12x1", beats=beats, spans=spans, quality=bad, notes=notes)
    frames, stats = scrub(browser, strip, monkeypatch, keys=keys)
    print(f"  {stats['wants']} tiles asked for; all script of the page {stats['whole']:.2f} ms a step")
    assert report(f"12 leads × 24 h, 108,000 beats, 5,000 spans, 800 bad stretches, {name}", frames) <= 4


def test_scrubbing_with_a_second_recording_under_the_first(browser, monkeypatch):
    beats = {"time_s": np.arange(0.3, 10, 0.8)}
    strip = Strip(beats_like(10), rate_hz=RATE, leads=LEADS, beats=beats, compare=beats_like(10), layout="12x1")
    frames, _ = scrub(browser, strip, monkeypatch, keys=["+", "+", "+"])
    assert report("12 leads × 10 s over 12 leads × 10 s", frames) <= 4


@pytest.mark.parametrize("view", [4.0, 12.8, 30.0, 120.0])
def test_python_answers_for_a_stretch(view):
    """A request brings three screens of 1,200 px; cost and size are those of one."""
    strip = Strip(ArraySource(beats_like(1800), rate_hz=RATE, leads=LEADS))
    ident = unpack(strip.signal)[0]["id"]
    strip.want = {"id": ident, "t0": 0.0, "t1": 3 * view, "width": 3600, "count": -1}
    spent, sizes = [], []
    for step in range(60):
        started = time.process_time()
        start = (20.0 * step) % (1800 - 3 * view)
        strip.want = {"id": ident, "t0": start, "t1": start + 3 * view, "width": 3600, "count": step}
        spent.append((time.process_time() - started) * 1000 / 3)
        sizes.append(len(strip.signal) / 3000)
    cost, size = np.percentile(spent, 95), np.percentile(sizes, 95)
    print(f"\nPython, a screen of {view:g} s of 12 leads: p95 {cost:.2f} ms of CPU, {size:.1f} kB")
    assert cost <= 4
    assert size <= 60


def test_the_same_view_in_holoviews(browser, monkeypatch):
    """12 leads × 1,800 s as HoloViews curves behind `downsample1d`, dragged alike, beside our strip in one run."""
    hv = pytest.importorskip("holoviews")
    from holoviews.operation.downsample import downsample1d

    hv.extension("bokeh")
    signal, clock = beats_like(1800), np.arange(1800 * RATE) / RATE
    spent: list[float] = []

    class Timed(downsample1d):
        def _process(self, *args, **kwargs):
            started = time.process_time()
            result = super()._process(*args, **kwargs)
            spent.append((time.process_time() - started) * 1000)
            return result

    def overlay():
        curves = {
            lead: hv.Curve((clock, row + 3 * (11 - k)), "s", "mV")
            for k, (lead, row) in enumerate(zip(LEADS, signal, strict=True))
        }
        return Timed(hv.NdOverlay(curves, "lead"), width=1200, algorithm="lttb").opts(
            responsive=True, height=600, xlim=(0, 12.8), show_legend=False, tools=["xpan"], active_tools=["xpan"]
        )

    page, server = served(browser, lambda: overlay(), monkeypatch)
    page.wait_for_selector(".bk-Canvas, canvas", timeout=60_000)
    page.wait_for_timeout(3000)
    session = page.context.new_cdp_session(page)
    session.send("Performance.enable")
    spent.clear()
    before = script_ms(session)
    steps = drag(page, y=300, pause_ms=8)
    page.wait_for_timeout(500)
    theirs = (script_ms(session) - before) / steps
    page.context.close()
    server.stop()
    strip = Strip(ArraySource(signal, rate_hz=RATE, leads=LEADS), layout="12x1")
    _, stats = scrub(browser, strip, monkeypatch)
    server_ms = np.percentile(spent, 95) if spent else float("nan")
    print(
        f"\n12 leads × 1,800 s, script a step of the drag: HoloViews {theirs:.1f} ms, strip {stats['whole']:.2f} ms; "
        f"Python an update: HoloViews p95 {server_ms:.1f} ms over {len(spent)} updates"
    )
    assert theirs > stats["whole"]


PLOTLY = """
import json, sys, time
import numpy as np
import plotly.graph_objects as go
from plotly.subplots import make_subplots
from plotly_resampler import FigureResampler

signal, clock = np.load(sys.argv[1]), None
clock = np.arange(signal.shape[1]) / 500
figure = FigureResampler(make_subplots(rows=12, cols=1, shared_xaxes=True, vertical_spacing=0))
for row in range(12):
    figure.add_trace(go.Scattergl(name=str(row), showlegend=False), hf_x=clock, hf_y=signal[row], row=row + 1, col=1)
figure.update_layout(height=600, margin=dict(l=0, r=0, t=0, b=0), dragmode="pan")
figure.update_xaxes(range=[0, 12.8])
spent, update = [], FigureResampler._construct_update_data

def timed(self, *args, **kwargs):
    began = time.process_time()
    result = update(self, *args, **kwargs)
    spent.append(1000 * (time.process_time() - began))
    open(sys.argv[3], "w").write(json.dumps(spent))
    return result

FigureResampler._construct_update_data = timed
figure.show_dash(mode="external", port=int(sys.argv[2]), config={"scrollZoom": True})
time.sleep(600)
"""


def test_the_same_view_in_plotly_resampler(browser, tmp_path):
    """As above, where `ECGOMICS_PLOTLY_PYTHON` names a Python that has plotly-resampler; it is no dependency."""
    python = os.environ.get("ECGOMICS_PLOTLY_PYTHON", "")
    if not python:
        pytest.skip("ECGOMICS_PLOTLY_PYTHON names no Python with plotly-resampler")
    np.save(tmp_path / "signal.npy", beats_like(1800))
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = int(probe.getsockname()[1])
    told = tmp_path / "spent.json"
    command = [python, "-c", PLOTLY, str(tmp_path / "signal.npy"), str(port), str(told)]
    environment = {name: value for name, value in os.environ.items() if name != "PYTHONPATH"}
    process = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, env=environment)
    try:
        page = browser.new_context(viewport={"width": 1200, "height": 640}).new_page()
        for _ in range(120):
            try:
                page.goto(f"http://127.0.0.1:{port}")
                break
            except Exception:
                time.sleep(0.5)
        page.wait_for_selector(".js-plotly-plot .nsewdrag", state="attached", timeout=60_000)
        page.wait_for_timeout(3000)
        session = page.context.new_cdp_session(page)
        session.send("Performance.enable")
        before = script_ms(session)
        # one drag of thirty: each move of the hand waits for the page, which takes its time
        steps = drag(page, y=300, pause_ms=8, turns=1, moves=30)
        page.wait_for_timeout(1500)
        theirs = (script_ms(session) - before) / steps
        page.context.close()
    finally:
        process.terminate()
        process.wait(timeout=20)
    spent = json.loads(told.read_text()) if told.exists() else []
    cost = np.percentile(spent, 95) if spent else float("nan")
    print(
        f"\n12 leads × 1,800 s in plotly-resampler: {theirs:.1f} ms of script a step of the drag; "
        f"Python an update: p95 {cost:.1f} ms of CPU over {len(spent)} updates"
    )
    assert theirs > 0
