"""The live strip in a real browser: it keeps up, hatches gaps, stops and looks back."""

from __future__ import annotations

import base64
import time

import numpy as np
import pytest

from ecgomics_widgets import LiveStrip

pytestmark = pytest.mark.ui
RATE = 250


def beat(seconds: float, *, start: float = 0.0) -> np.ndarray:
    clock = start + np.arange(round(seconds * RATE)) / RATE
    return np.exp(-((((clock % 0.8) - 0.4) / 0.012) ** 2))[None]


def feed(page, live: LiveStrip, values, **where) -> None:
    live.append(values, **where)
    page.evaluate("(text) => window.tell({ block: { base64: text } })", base64.b64encode(live.block).decode())


def stats(page) -> dict:
    return page.evaluate("window.__ecgomics_live_stats")


def ink(page):
    """Share of columns of the ink canvas that hold any ink."""
    script = """(canvas) => {
      const { data, width, height } = canvas.getContext("2d").getImageData(0, 0, canvas.width, canvas.height);
      return Array.from({ length: width }, (_, x) => {
        let n = 0;
        for (let y = 0; y < height; y++) if (data[4 * (y * width + x) + 3] > 40) n += 1;
        return n;
      });
    }"""
    return np.array(page.locator("canvas.ink").evaluate(script))


def run(page, live: LiveStrip, seconds: float) -> None:
    stop, sent = time.monotonic() + seconds, time.monotonic()
    while time.monotonic() < stop:
        page.wait_for_timeout(90)
        now = time.monotonic()
        feed(page, live, beat(now - sent, start=live.time_s))
        sent = now


def test_a_stream_is_drawn_as_it_comes_and_keeps_within_half_a_second(stage):
    live = LiveStrip(leads=["II"], rate_hz=RATE, gain=20, theme="light")
    page = stage(live, width=390, height=280, touch=True)
    assert page.locator(".word").inner_text() == "No stream yet: connect one."
    run(page, live, 2.5)
    seen = stats(page)
    assert 0 <= (seen["head"] - seen["pen"]) / RATE < 0.5
    drawn = ink(page)
    at = round(seen["pen"] / RATE * 25 * 96 / 25.4) % 390
    assert (drawn[2 : min(at, 388) - 8] > 0).mean() > 0.9
    assert np.percentile(seen["frames"], 95) < 6
    assert page.locator(".scale").inner_text() == "25 mm/s · 20 mm/mV"
    page.watch.assert_clean()


@pytest.mark.parametrize("mode", ["sweep", "scroll"])
def test_a_gap_is_hatched_and_says_why(stage, tell, mode):
    live = LiveStrip(leads=["II"], rate_hz=RATE, mode=mode, theme="light", gap_text="electrode off")
    page = stage(live, width=700, height=260)
    feed(page, live, beat(3.0))
    feed(page, live, np.full((1, RATE), np.nan))
    page.wait_for_timeout(700)
    assert page.locator(".word").inner_text().startswith("electrode off")
    feed(page, live, beat(0.2), at_s=6.0)
    tell(page, gain=20)  # everything is drawn anew
    page.wait_for_timeout(600)
    tall = ink(page)
    assert ((tall > 25) & (tall < 60)).sum() > 90  # one line in eight fills a second and more
    page.watch.assert_clean()


def test_one_stops_looks_back_and_goes_on(stage, sent, tell):
    live = LiveStrip(leads=["I", "II"], rate_hz=RATE, theme="light")
    page = stage(live, width=700, height=260)
    feed(page, live, np.tile(beat(20.0), (2, 1)))
    page.wait_for_timeout(300)
    page.locator(".live").focus()
    page.keyboard.press("ArrowLeft")
    page.keyboard.press("ArrowLeft")
    page.wait_for_timeout(100)
    assert sent(page, "paused")[-1] is True
    assert stats(page)["back"] == pytest.approx(2)
    assert page.locator(".word").inner_text().startswith("stopped · 2 s back")
    feed(page, live, np.tile(beat(1.0), (2, 1)))
    page.wait_for_timeout(150)
    assert stats(page)["back"] == pytest.approx(2)
    page.keyboard.press("+")
    assert sent(page, "gain")[-1] == 15
    page.keyboard.press("ArrowDown")
    assert sent(page, "lead")[-1] == "II"
    page.keyboard.press("m")
    assert sent(page, "event")[-1]["type"] == "mark"
    page.keyboard.press("Escape")
    assert sent(page, "paused")[-1] is False
    page.evaluate("window.end()")
    assert page.evaluate("window.heard()") == 0
