"""The strip in a real Chromium, served by Panel: scale to the pixel, scrubbing, evidence, tiles, both directions."""

from __future__ import annotations

import base64
import io
import json
import socket
import time

import numpy as np
import pytest
from playwright.sync_api import expect

from ecgomics_widgets import ArraySource, Strip
from ecgomics_widgets.tiling import WHOLE

pytestmark = pytest.mark.ui

RATE = 500
TWELVE = ("I", "II", "III", "aVR", "aVL", "aVF", "V1", "V2", "V3", "V4", "V5", "V6")
MM = 96 / 25.4
TRACE, PAPER, MAJOR = (22, 26, 34), (255, 250, 250), (243, 201, 201)

DIMENSIONS = {
    "Structural": (0, 114, 178),
    "Intensity": (213, 94, 0),
    "Functional": (0, 158, 115),
    "Comparative": (176, 90, 147),
}


def square(seconds: float, *, leads: int = 1) -> np.ndarray:
    """0 mV for half a second, 1 mV for half a second, and so on."""
    time_s = np.arange(round(seconds * RATE)) / RATE
    return np.tile((np.floor(time_s * 2 + 1e-9) % 2).astype(np.float32), (leads, 1))


def spikes(seconds: float, *, leads: int = 12, rate: int = RATE) -> np.ndarray:
    """One sample of 1 mV every second, at x.5 s."""
    signal = np.zeros((leads, round(seconds * rate)), dtype=np.float32)
    signal[:, rate // 2 :: rate] = 1.0
    return signal


def before():
    """A Panel component of another kind, which takes the page's shared render function first."""
    from panel.custom import JSComponent

    class Neighbour(JSComponent):
        _esm = """export function render({ model }) {
          const p = document.createElement('p');
          p.textContent = 'neighbour';
          return p;
        }"""

    return [Neighbour(height=30)]


class Bench:
    """Strips served at an address each."""

    def __init__(self) -> None:
        import panel as pn

        self.strips: dict[str, Strip] = {}
        with socket.socket() as probe:
            probe.bind(("127.0.0.1", 0))
            self.port = int(probe.getsockname()[1])
        self.server = pn.serve(
            {"strip": self.page}, port=self.port, address="127.0.0.1", show=False, threaded=True, verbose=False
        )

    def page(self):
        import panel as pn

        name = pn.state.session_args["name"][0].decode()
        strip = self.strips[name].panel(sizing_mode="stretch_both", margin=0)
        return pn.Column(*before(), strip, sizing_mode="stretch_both") if "beside" in pn.state.session_args else strip

    def serve(self, strip: Strip) -> str:
        name = f"s{len(self.strips)}"
        self.strips[name] = strip
        return f"http://127.0.0.1:{self.port}/strip?name={name}"


@pytest.fixture(scope="module")
def bench():
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("BOKEH_RESOURCES", "server")
        running = Bench()
        yield running
        running.server.stop()


@pytest.fixture
def show(bench, open_page):
    """Serve a strip, open it and wait for its first picture."""

    def visit(strip: Strip, **view):
        page = open_page(bench.serve(strip), **{"width": 1200, "height": 480, **view})
        page.wait_for_function(
            "() => window.__ecgomics_strip_stats?.page && window.__ecgomics_strip_stats.page.panels.length"
        )
        page.wait_for_timeout(250)
        return page

    return visit


def until(true, *, seconds: float = 5.0) -> None:
    """Wait for something the browser says to arrive in Python."""
    stop = time.monotonic() + seconds
    while not true():
        assert time.monotonic() < stop, "nothing arrived"
        time.sleep(0.02)


def pixels(page) -> np.ndarray:
    from PIL import Image

    url = page.locator(".ecg-strip .plot canvas").evaluate("(canvas) => canvas.toDataURL('image/png')")
    return np.asarray(Image.open(io.BytesIO(base64.b64decode(url.split(",")[1]))).convert("RGB")).astype(int)


def laid_out(page) -> dict:
    return json.loads(page.evaluate("() => JSON.stringify(window.__ecgomics_strip_stats.page)"))


def near(picture: np.ndarray, colour: tuple[int, int, int], *, by: int = 40) -> np.ndarray:
    return np.abs(picture - np.array(colour)).max(axis=2) <= by


def centres(flags: np.ndarray) -> np.ndarray:
    """Middle of each run of true values."""
    edges = np.flatnonzero(np.diff(np.concatenate([[0], flags.astype(int), [0]])))
    return (edges[::2] + edges[1::2] - 1) / 2


def span(lead="II", start=2.0, stop=2.4, label="400 ms", dimension="Structural") -> dict:
    return {"leads": [lead], "start_s": start, "stop_s": stop, "label": label, "dimension": dimension}


@pytest.mark.parametrize(("speed", "gain", "ratio"), [(25, 10, 1), (50, 20, 1), (25, 5, 2)])
def test_grid_speed_and_gain_are_true_within_a_pixel(bench, browser, speed, gain, ratio):
    strip = Strip(square(10), rate_hz=RATE, leads=["II"], layout="1", speed=speed, gain=gain, theme="light", shown=[])
    context = browser.new_context(viewport={"width": 1200, "height": 480}, device_scale_factor=ratio)
    page = context.new_page()
    page.goto(bench.serve(strip))
    page.wait_for_function("() => window.__ecgomics_strip_stats?.page?.panels.length")
    page.locator(".ecg-strip").focus()
    page.keyboard.press("0")
    page.keyboard.press("Home")
    page.wait_for_timeout(300)
    laid, picture = laid_out(page), pixels(page) / 1
    assert page.locator("[data-face=scale]").inner_text() == f"{speed} mm/s · {gain} mm/mV · true scale"
    context.close()
    panel = laid["panels"][0]
    zero, left = panel["zero"] * ratio, int(panel["x0"] * ratio)
    plot = picture[: int(laid["box"]["height"] * ratio), left:]

    clear = plot[int(zero + (0.8 * gain * MM + 6) * ratio)]  # a row below the trace
    lines = centres(near(clear[None], MAJOR, by=6)[0])
    steps = np.diff(lines)
    assert np.abs(steps - 5 * MM * ratio).max() <= 1
    assert (lines[-1] - lines[0]) / len(steps) == pytest.approx(5 * MM * ratio, abs=0.05)

    ink = near(plot, TRACE, by=140)
    tall = centres(ink.sum(axis=0) > 0.6 * gain * MM * ratio)  # the vertical edges, every half second
    assert np.abs(np.diff(tall) - speed * MM * ratio / 2).max() <= 1
    assert tall[-1] - tall[0] == pytest.approx((len(tall) - 1) * speed * MM * ratio / 2, abs=1)

    low = np.flatnonzero(ink[:, round(tall[0] - 15 * ratio)]).mean()
    high = np.flatnonzero(ink[:, round(tall[0] + 15 * ratio)]).mean()
    assert low - high == pytest.approx(gain * MM * ratio, abs=1)
    assert low > high


def test_calibration_factor_scales_the_paper(show):
    page = show(Strip(square(4), rate_hz=RATE, leads=["II"], layout="1", calibration=1.1))
    assert laid_out(page)["perSecond"] == pytest.approx(25 * MM * 1.1)


def test_clean_page_and_what_it_says(show):
    strip = Strip(
        spikes(10),
        rate_hz=RATE,
        title="record 7",
        provenance="synthetic",
        spans=[span(label="PR 236 ms")],
        theme="light",
    )
    page = show(strip, height=520)
    root = page.locator(".ecg-strip")
    said = root.get_attribute("aria-label")
    assert root.get_attribute("role") == "application"
    for words in ("record 7", "Synthetic", "12 leads at 500 Hz", "0.00–10.00 s", "25 mm/s", "PR 236 ms at 2.0 s"):
        assert words in said, words
    assert page.locator("[data-face=synthetic]").inner_text() == "synthetic"
    assert page.locator("[data-face=kind]").inner_text() == "samples"
    assert page.locator("[data-face=columns]").inner_text() == "columns consecutive"
    page.watch.assert_clean()


def test_keys_scrub_zoom_and_tell_the_host(show):
    beats = {"time_s": np.arange(0.5, 80)}
    strip = Strip(spikes(80), rate_hz=RATE, beats=beats, layout="12x1")
    page = show(strip)
    page.locator(".ecg-strip").focus()
    page.keyboard.press("ArrowRight")
    until(lambda: strip.cursor_s == 0.5)
    page.keyboard.press("ArrowRight")
    until(lambda: strip.cursor_s == 1.5 and strip.view is not None and strip.view[0] == pytest.approx(1.0, abs=0.01))
    shown = strip.view[1] - strip.view[0]
    page.keyboard.press("Shift+ArrowRight")
    until(lambda: strip.view[0] == pytest.approx(1.0 + shown, abs=0.02))
    page.keyboard.press("End")
    until(lambda: strip.view[1] == pytest.approx(80, abs=0.01))
    page.keyboard.press("Home")
    until(lambda: strip.view[0] == 0)
    page.keyboard.press("+")
    until(lambda: strip.view[1] - strip.view[0] == pytest.approx(shown / 1.25, rel=0.01))
    page.keyboard.press("ArrowDown")
    until(lambda: strip.key == {"name": "next_record", "count": 1})
    page.keyboard.press("N")
    until(lambda: strip.key == {"name": "previous_finding", "count": 2})
    page.keyboard.press("2")
    until(lambda: strip.layout == "6x2")
    page.keyboard.press("m")
    until(lambda: strip.shown == ["spans", "quality", "notes"])
    page.watch.assert_clean()


def test_drag_pans_and_wheel_zooms_about_the_cursor(show):
    strip = Strip(spikes(40), rate_hz=RATE, layout="12x1")
    page = show(strip)
    before = laid_out(page)
    page.mouse.move(900, 200)
    page.mouse.down()
    page.mouse.move(500, 200, steps=8)
    page.wait_for_timeout(150)  # a hand at rest throws nothing
    page.mouse.up()
    page.wait_for_timeout(250)
    moved = laid_out(page)
    assert moved["t0"] == pytest.approx(400 / before["perSecond"], abs=0.1)
    at = 700 - moved["box"]["left"] - 1
    time_there = moved["t0"] + at / moved["perSecond"]
    page.mouse.move(700, 200)
    page.mouse.wheel(0, -300)
    page.wait_for_timeout(250)
    closer = laid_out(page)
    assert closer["zoom"] > moved["zoom"] * 1.3
    assert closer["t0"] + at / closer["perSecond"] == pytest.approx(time_there, abs=0.02)
    page.watch.assert_clean()


def test_click_says_lead_time_and_value(show):
    strip = Strip(square(10), rate_hz=RATE, leads=["II"], layout="1", spans=[span(start=1.4, stop=1.9)])
    page = show(strip)
    laid = laid_out(page)
    top = page.locator(".plot").bounding_box()
    page.mouse.click(top["x"] + laid["box"]["left"] + 1.75 * laid["perSecond"], top["y"] + 100)
    until(lambda: strip.clicked.get("count") == 1)
    assert strip.clicked["lead"] == "II"
    assert strip.clicked["time_s"] == pytest.approx(1.75, abs=0.02)
    assert strip.clicked["mv"] == pytest.approx(1.0, abs=0.001)
    assert strip.clicked["span"] == 0
    assert strip.cursor_s == pytest.approx(1.75, abs=0.02)


@pytest.mark.parametrize("dimension", DIMENSIONS)
def test_span_has_its_colour_its_place_and_its_label(show, dimension):
    marked = span(start=3.0, stop=3.4, dimension=dimension)
    strip = Strip(spikes(10), rate_hz=RATE, layout="12x1", theme="light", spans=[marked])
    page = show(strip, height=700)
    laid, picture = laid_out(page), pixels(page)
    panel = next(p for p in laid["panels"] if p["lead"] == "II")
    rows = picture[int(panel["top"]) + 16 : int(panel["bottom"]) - 3]
    edges = centres(near(rows, DIMENSIONS[dimension], by=60).mean(axis=0) > 0.6)
    expected = [laid["box"]["left"] + t * laid["perSecond"] for t in (3.0, 3.4)]
    assert edges == pytest.approx(expected, abs=1.5)
    other = next(p for p in laid["panels"] if p["lead"] == "V3")
    assert not near(picture[int(other["top"]) : int(other["bottom"])], DIMENSIONS[dimension], by=30).any()


def test_missing_samples_are_a_gap_not_a_line(show):
    ecg = np.full((1, 10 * RATE), 0.2, dtype=np.float32)
    ecg[0, 2 * RATE : 3 * RATE] = np.nan
    page = show(Strip(ecg, rate_hz=RATE, leads=["II"], layout="1", theme="light", shown=[]))
    laid, picture = laid_out(page), pixels(page)
    inked = near(picture[: int(laid["box"]["height"])], TRACE, by=140).any(axis=0)
    x = [round(laid["box"]["left"] + t * laid["perSecond"]) for t in (1.0, 1.95, 2.05, 2.95, 3.05, 9.0)]
    assert inked[x[0] : x[1]].all()
    assert not inked[x[2] : x[3]].any()
    assert inked[x[4] : x[5]].all()


def test_python_moves_the_picture(show):
    strip = Strip(spikes(10), rate_hz=RATE, theme="light", layout="12x1")
    page = show(strip)
    assert tuple(pixels(page)[2, 2]) == PAPER
    strip.param.update(theme="dark", speed=50, gain=20, layout=[["II", "V1"]])
    page.wait_for_function("() => window.__ecgomics_strip_stats.theme === 'dark'")
    page.wait_for_timeout(200)
    assert tuple(pixels(page)[2, 2]) == (0x14, 0x11, 0x0F)
    assert [p["lead"] for p in laid_out(page)["panels"]] == ["II", "V1"]
    strip.view = (4.0, 6.0)
    page.wait_for_function("() => Math.abs(window.__ecgomics_strip_stats.page.t0 - 4) < 0.01")
    assert laid_out(page)["shown"] == pytest.approx(2.0, abs=0.01)
    strip.param.update(ecg=square(6, leads=2), leads=["I", "II"], title="another", layout="12x1")
    page.wait_for_function("() => window.__ecgomics_strip_stats.page.t0 === 0")
    page.wait_for_timeout(200)
    assert [p["lead"] for p in laid_out(page)["panels"]] == ["I", "II"]
    assert page.locator("[data-title]").inner_text() == "another"
    strip.ecg = None
    page.get_by_text("No recording yet").wait_for()
    page.watch.assert_clean()


def test_long_recording_comes_in_tiles_and_no_peak_is_lost(show):
    seconds, rate = 1800, 250
    assert seconds * rate * 2 > WHOLE
    strip = Strip(
        ArraySource(spikes(seconds, leads=2, rate=rate), rate_hz=rate, leads=["II", "V1"]), theme="light", shown=[]
    )
    page = show(strip)
    assert page.locator("[data-face=kind]").inner_text() == "samples"
    asked = strip.want["count"]
    shown = laid_out(page)["shown"]
    assert strip.want["t1"] == pytest.approx(2 * shown, abs=0.1)
    page.locator(".ecg-strip").focus()
    for _ in range(6):
        page.keyboard.press("ArrowRight")
        page.wait_for_timeout(30)
    assert strip.want["count"] == asked  # inside what was fetched ahead
    for _ in range(9):
        page.keyboard.press("-")
        page.wait_for_timeout(120)
    page.locator("[data-face=kind]", has_text="envelope").wait_for()
    page.wait_for_timeout(600)
    assert page.locator("[data-face=kind]").inner_text() == "envelope"
    laid, picture = laid_out(page), pixels(page)
    panel = laid["panels"][0]
    row = int(panel["zero"] - 0.8 * laid["perMv"])
    found = centres(near(picture[row : row + 1], TRACE, by=120)[0, int(panel["x0"]) :])
    beats = np.arange(np.ceil(laid["t0"] - 0.5) + 0.5, laid["t0"] + laid["shown"])
    expected = (beats - laid["t0"]) * laid["perSecond"]
    nearest = np.abs(found[None, :] - expected[1:-1, None]).min(axis=1)
    assert nearest.max() <= 1.5
    page.keyboard.press("End")
    until(lambda: strip.want["t1"] == pytest.approx(seconds))
    page.watch.assert_clean()


def test_fingers_pinch_and_pan_on_a_phone(bench, browser):
    strip = Strip(spikes(10), rate_hz=RATE, theme="light", spans=[span()])
    context = browser.new_context(viewport={"width": 390, "height": 844}, has_touch=True)
    page = context.new_page()
    page.goto(bench.serve(strip))
    page.wait_for_function("() => window.__ecgomics_strip_stats?.page?.panels.length")
    page.wait_for_timeout(250)
    assert page.evaluate("() => document.documentElement.scrollWidth <= 390")
    before = laid_out(page)
    assert before["columns"] == 1
    touch = page.context.new_cdp_session(page)

    def fingers(kind, *xs):
        touch.send(
            "Input.dispatchTouchEvent",
            {"type": kind, "touchPoints": [{"x": x, "y": 400, "id": i} for i, x in enumerate(xs)]},
        )

    fingers("touchStart", 150, 250)
    for step in range(1, 11):
        fingers("touchMove", 150 - 6 * step, 250 + 6 * step)
        page.wait_for_timeout(16)
    fingers("touchEnd")
    page.wait_for_timeout(300)
    closer = laid_out(page)
    assert closer["zoom"] == pytest.approx(before["zoom"] * 2.2, rel=0.1)
    fingers("touchStart", 300)
    for step in range(1, 11):
        fingers("touchMove", 300 - 15 * step)
        page.wait_for_timeout(16)
    fingers("touchEnd")
    page.wait_for_timeout(600)
    assert laid_out(page)["t0"] > closer["t0"] + 100 / closer["perSecond"]
    context.close()


def test_caliper_measures_what_was_dragged(show):
    strip = Strip(square(10), rate_hz=RATE, leads=["II"], layout="1")
    page = show(strip)
    page.locator(".ecg-strip").focus()
    page.keyboard.press("c")
    laid, box = laid_out(page), page.locator(".plot").bounding_box()
    zero = laid["panels"][0]["zero"]
    x = [box["x"] + laid["box"]["left"] + t * laid["perSecond"] for t in (1.0, 2.0)]
    page.mouse.move(x[0], box["y"] + zero)
    page.mouse.down()
    page.mouse.move(x[1], box["y"] + zero - laid["perMv"], steps=4)
    page.mouse.up()
    until(lambda: bool(strip.caliper))
    assert strip.caliper["ms"] == pytest.approx(1000, abs=12)
    assert strip.caliper["mv"] == pytest.approx(1.0, abs=0.03)
    expect(page.locator("[data-face=reading]")).to_contain_text("60 /min")


def test_nothing_is_drawn_when_nothing_changes(show):
    page = show(Strip(spikes(10), rate_hz=RATE))
    page.wait_for_timeout(500)
    count = "() => window.__ecgomics_strip_stats.frames.length"
    before = page.evaluate(count)
    page.wait_for_timeout(400)
    assert page.evaluate(count) == before


def test_strip_lives_beside_another_kind_of_component(bench, open_page):
    strip = Strip(spikes(30), rate_hz=RATE, layout="12x1")
    page = open_page(bench.serve(strip) + "&beside=1", width=1200, height=600)
    page.get_by_text("neighbour").wait_for()
    page.wait_for_function("() => window.__ecgomics_strip_stats?.page?.panels.length")
    page.locator(".ecg-strip").focus()
    page.keyboard.press("ArrowDown")
    until(lambda: strip.key.get("name") == "next_record")
    strip.theme = "dark"
    page.wait_for_function("() => window.__ecgomics_strip_stats.theme === 'dark'")
    page.watch.assert_clean()


def test_calipers_are_kept_moved_by_keys_and_undone(show):
    strip = Strip(square(10), rate_hz=RATE, leads=["II"], layout="1")
    page = show(strip)
    page.locator(".ecg-strip").focus()
    for key in ("c", "Enter", "Enter"):
        page.keyboard.press(key)
    until(lambda: len(strip.calipers) == 2)
    assert strip.calipers[0]["ms"] == pytest.approx(200)
    page.keyboard.press("Shift+ArrowRight")
    until(lambda: strip.calipers[1]["ms"] == pytest.approx(220))
    page.keyboard.press("w")
    until(lambda: strip.calipers[1]["march"] is True)
    page.keyboard.press("Delete")
    until(lambda: len(strip.calipers) == 1)
    page.keyboard.press("z")
    until(lambda: len(strip.calipers) == 2)
    page.watch.assert_clean()


def test_mark_is_dragged_kept_with_the_machines_and_undone(show):
    marks = {"time_s": [2.0, 2.2], "mark": ["p_on", "p_off"], "lead": ["II", "II"]}
    strip = Strip(square(10), rate_hz=RATE, leads=["II"], layout="1", marks=marks, who="ab")
    page = show(strip)
    page.locator(".ecg-strip").focus()
    page.keyboard.press("e")
    laid, box = laid_out(page), page.locator(".plot").bounding_box()
    x, y = box["x"] + laid["box"]["left"] + 2.0 * laid["perSecond"], box["y"] + laid["panels"][0]["zero"]
    page.mouse.move(x, y)
    page.mouse.down()
    page.mouse.move(x + 0.1 * laid["perSecond"], y, steps=4)
    page.mouse.up()
    until(lambda: len(strip.edits) == 1)
    edit = strip.edits[0]
    assert (edit["lead"], edit["mark"], edit["machine_s"], edit["who"]) == ("II", "p_on", 2.0, "ab")
    assert edit["edited_s"] == pytest.approx(2.1, abs=0.02)
    assert edit["when"]
    page.keyboard.press("z")
    until(lambda: strip.edits == [])
    page.keyboard.press("Shift+z")
    until(lambda: len(strip.edits) == 1)
    page.watch.assert_clean()


def test_play_jump_and_ectopic(show):
    beats = {"time_s": np.arange(0.5, 80), "beat_class": np.where(np.arange(80) == 40, 1, 0)}
    strip = Strip(spikes(80), rate_hz=RATE, beats=beats, layout="12x1")
    page = show(strip)
    page.locator(".ecg-strip").focus()
    page.keyboard.press("x")
    until(lambda: strip.cursor_s == 40.5)
    page.keyboard.press("g")
    page.keyboard.type("1:02")
    page.keyboard.press("Enter")
    until(lambda: strip.cursor_s == 62)
    page.keyboard.press("Home")
    page.keyboard.press(">")
    page.keyboard.press("Space")
    page.wait_for_function("() => window.__ecgomics_strip_stats.page.t0 > 0.5")
    page.keyboard.press("Space")
    with page.expect_download() as order:
        page.locator("[data-do=svg]").click()
    assert order.value.suggested_filename == "ecg.svg"
    page.watch.assert_clean()
