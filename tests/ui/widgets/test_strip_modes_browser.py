"""Compare, notes, layers, feedback and what a strip says of itself, in a real browser without any host."""

from __future__ import annotations

import base64
import io
import json
import re

import numpy as np
import pytest
import xarray as xr
from playwright.sync_api import expect

from ecgomics_widgets import ArraySource, Strip
from ecgomics_widgets.remarks import feedback_of

pytestmark = pytest.mark.ui

RATE = 500
MM = 96 / 25.4
TRACE, BLUE = (22, 26, 34), (0, 114, 178)
ALL_KEYS = [
    *("ArrowLeft", "ArrowRight", "Home", "End", "+", "-", "0", "f", "1", "2", "3", "4", "c", "m", "l", "a", "d", "D"),
    *("x", "X", "n", "N", "e", "g", "z", "Z", "p", "?", " ", "<", ">", "o", "w", "t", "[", "]", "Enter", "Delete"),
]


def pulses(seconds=10.0, *, leads=("II",), first=0.5, height=1.0):
    clock = np.arange(round(seconds * RATE)) / RATE
    wave = height * np.exp(-((((clock - first + 0.5) % 1.0 - 0.5) / 0.01) ** 2))
    ecg = np.tile(wave, (len(leads), 1)).astype(np.float32)
    return xr.DataArray(ecg, dims=("lead", "time"), coords={"lead": list(leads)}, attrs={"rate_hz": RATE})


def pixels(page) -> np.ndarray:
    from PIL import Image

    url = page.locator(".ecg-strip .plot canvas").evaluate("(canvas) => canvas.toDataURL('image/png')")
    return np.asarray(Image.open(io.BytesIO(base64.b64decode(url.split(",")[1]))).convert("RGB")).astype(int)


def near(picture, colour, *, by=40):
    return np.abs(picture - np.array(colour)).max(axis=2) <= by


def laid_out(page) -> dict:
    return json.loads(page.evaluate("JSON.stringify(window.__ecgomics_strip_stats.page)"))


def strip(**params) -> Strip:
    return Strip(params.pop("ecg", pulses()), **{"layout": "1", "theme": "light", **params})


def compared(**params) -> Strip:
    beats = {"time_s": 0.5 + np.arange(10)}
    other = pulses(first=0.7, height=0.5)
    more = {"compare": other, "compare_beats": {"time_s": 0.7 + np.arange(9)}, "beats": beats, **params}
    return strip(compare_title="last year", **more)


def test_compare_goes_from_overlay_to_beside_to_beats_by_one_key(stage, sent):
    page = stage(compared(), width=1100, height=420)
    assert near(pixels(page), BLUE).sum() > 60
    assert page.locator("[data-face=compared]").inner_text() == "blue: last year"
    for mode in ("beside", "beats", "off"):
        page.locator(".ecg-strip").focus()
        page.keyboard.press("d")
        page.wait_for_timeout(150)
        assert sent(page, "compare_mode")[-1] == mode
        page.evaluate("(mode) => window.tell({ compare_mode: mode })", mode)
        page.wait_for_timeout(150)
        blue, red = near(pixels(page), BLUE).sum(), near(pixels(page), (180, 35, 58), by=60).sum()
        assert (blue > 100) == (mode == "beats")
        assert (red > 30) == (mode == "beats")  # the size of the difference
    page.watch.assert_clean()


def test_the_second_recordings_beats_lie_on_the_firsts(stage):
    page = stage(compared(), width=1100, height=420)
    laid, picture = laid_out(page), pixels(page)
    row = round(laid["panels"][0]["zero"] - 0.3 * laid["perMv"])
    blue = np.flatnonzero(near(picture[row : row + 1], BLUE, by=70)[0])
    black = np.flatnonzero(near(picture[row : row + 1], TRACE, by=110)[0])
    assert len(blue)
    assert len(black)
    assert np.abs(blue[:, None] - black[None]).min(axis=1).max() <= 6


def test_a_note_is_written_read_changed_and_undone(stage, sent):
    page = stage(strip(who="ab"), width=900, height=400)
    page.locator(".ecg-strip").focus()
    page.keyboard.press("a")
    page.keyboard.type("wide here")
    page.keyboard.press("Enter")
    note = sent(page, "notes")[-1][0]
    assert (note["text"], note["who"], note["stop_s"], note["lead"]) == ("wide here", "ab", None, "")
    laid = laid_out(page)
    box = page.locator(".plot").bounding_box()
    x = laid["box"]["left"] + (note["start_s"] - laid["t0"]) * laid["perSecond"] + 12
    page.mouse.move(box["x"] + x, box["y"] + 9)
    page.wait_for_timeout(100)
    expect(page.locator("[data-face=reading]")).to_have_text("note: wide here · ab")
    page.mouse.click(box["x"] + x, box["y"] + 9)
    page.locator("[data-note=remove]").click()
    assert sent(page, "notes")[-1] == []
    page.keyboard.press("z")
    assert len(sent(page, "notes")[-1]) == 1
    page.watch.assert_clean()


def test_layers_are_ticked_one_by_one_or_all_at_once(stage, sent):
    page = stage(strip(), width=900, height=400)
    page.locator(".ecg-strip").focus()
    page.keyboard.press("l")
    page.locator(".pop label", has_text="notes").click()
    assert sent(page, "shown")[-1] == ["spans", "beats", "quality"]
    page.locator(".pop button", has_text="none").click()
    assert sent(page, "shown")[-1] == []
    page.locator(".pop button", has_text="all").click()
    assert set(sent(page, "shown")[-1]) == {"spans", "marks", "beats", "quality", "notes"}
    page.keyboard.press("Escape")
    assert page.locator("[data-pop=layers]").is_hidden()
    assert page.evaluate("document.activeElement.className").startswith("ecg-strip")


def test_bad_signal_is_hatched_and_says_why_on_hover(stage):
    bad = [{"lead": "II", "start_s": 2, "stop_s": 4, "reason": "electrode off"}]
    page = stage(strip(quality=bad), width=900, height=400)
    laid, picture = laid_out(page), pixels(page)
    left = [round(laid["box"]["left"] + t * laid["perSecond"]) for t in (2.1, 3.9, 4.2, 6.0)]
    hatched = near(picture[40:330], (215, 185, 140), by=45).mean(axis=0)
    assert hatched[left[0] : left[1]].mean() > 0.02
    assert hatched[left[2] : left[3]].mean() < 0.005
    box = page.locator(".plot").bounding_box()
    page.mouse.move(box["x"] + left[0] + 20, box["y"] + laid["panels"][0]["zero"] + 30)
    page.wait_for_timeout(100)
    expect(page.locator("[data-face=reading]")).to_have_text(re.compile("electrode off$"))


def reading() -> Strip:
    rows = [
        {
            "lead": "II",
            "label": "QT",
            "given_start_s": 2.4,
            "given_stop_s": 2.85,
            "reference_start_s": 2.4,
            "reference_stop_s": 2.8,
            "uncertainty_ms": 9,
            "verdict": "wrong",
        },
        {"lead": "II", "text": "P upright", "verdict": "right"},
    ]
    return strip(feedback=feedback_of(rows), machine_marks="hidden", caliper_labels=["PR", "QRS", "QT"])


def test_feedback_is_amber_above_blue_below_and_red_where_wrong(stage, sent):
    page = stage(reading(), width=900, height=400)
    laid, picture = laid_out(page), pixels(page)
    zero = laid["panels"][0]["zero"]
    amber, blue = near(picture, (201, 133, 0), by=30), near(picture, BLUE, by=30)
    assert np.nonzero(amber)[0].min() < zero - laid["perMv"] / 2
    assert np.nonzero(blue)[0].max() > zero
    edge = laid["box"]["left"] + 2.85 * laid["perSecond"]
    assert np.abs(np.nonzero(amber)[1].max() - edge) < 2
    red = near(picture, (214, 140, 152), by=40)[round(zero - 8) : round(zero + 8), : round(edge) + 30].any(axis=0)
    assert np.nonzero(red)[0].max() == pytest.approx(edge, abs=3)
    said = page.locator(".ecg-strip").get_attribute("aria-label")
    assert "II, QT 450, reference 400 ± 9, 50 ms late, wrong" in said
    page.locator(".ecg-strip").focus()
    page.keyboard.press("n")
    assert sent(page, "feedback_chosen") == [0]
    page.watch.assert_clean()


def test_a_reader_without_the_machine_measures_with_labels(stage, sent):
    page = stage(reading(), width=900, height=400)
    assert page.locator("[data-do=marks]").is_hidden()
    assert page.locator("[data-do=edit]").is_hidden()
    page.locator(".ecg-strip").focus()
    for key in ("m", "e", "c", "Enter", "Enter", "t"):
        page.keyboard.press(key)
    assert sent(page, "shown") == []
    assert [item["label"] for item in sent(page, "calipers")[1]] == ["PR", "QRS"]
    assert [item["label"] for item in sent(page, "calipers")[-1]] == ["PR", "QT"]
    expect(page.locator("[data-face=reading]")).to_have_text(re.compile("^QT 200 ms"))


def test_labels_without_room_are_led_to_or_listed(stage, sent):
    spans = [
        {"start_s": 1.0 + 0.04 * i, "stop_s": 1.3 + 0.04 * i, "leads": ["II"], "label": f"evidence number {i}"}
        for i in range(40)
    ]
    page = stage(strip(spans=spans), width=900, height=300)
    more = page.locator("[data-face=hidden]")
    assert int(more.inner_text().split()[0]) < 40
    more.click()
    first = page.locator(".pop .list button").first
    assert first.inner_text().startswith("evidence number")
    first.click()
    assert 1.0 <= sent(page, "cursor_s")[-1] <= 2.6


@pytest.mark.parametrize("seed", [1, 2, 3])
def test_every_r_peak_of_a_random_window_is_seen_at_every_zoom(stage, tell, seed):
    rng = np.random.default_rng(seed)
    seconds = 240
    peaks = np.cumsum(rng.uniform(0.6, 1.1, size=400))
    peaks = peaks[peaks < seconds - 1]
    ecg = rng.normal(scale=0.01, size=(1, seconds * RATE)).astype(np.float32)
    ecg[0, np.rint(peaks * RATE).astype(int)] = 1.0
    page = stage(strip(ecg=ArraySource(ecg, rate_hz=RATE, leads=["II"])), width=1200, height=300)
    for span in (2.0, 7.0, 30.0, 120.0, 240.0):
        start = float(rng.uniform(0, seconds - span))
        tell(page, view=[start, start + span])
        page.wait_for_timeout(150)
        laid, picture = laid_out(page), pixels(page)
        zero = laid["panels"][0]["zero"]
        row = round(zero - min(0.8 * laid["perMv"], zero - 8))  # a spike passes every height on its way
        found = np.flatnonzero(near(picture[row : row + 1], TRACE, by=150)[0]) - laid["panels"][0]["x0"]
        inside = peaks[(peaks > laid["t0"] + 0.1) & (peaks < laid["t0"] + laid["shown"] - 0.1)]
        expected = (np.rint(inside * RATE) / RATE - laid["t0"]) * laid["perSecond"]
        assert len(expected)
        assert np.abs(found[None] - expected[:, None]).min(axis=1).max() <= 1.5, span


def test_a_measured_screen_makes_a_millimetre_a_millimetre(stage, tell):
    """52 mm measured where 50 were stated: the paper shrinks by as much."""
    page = stage(strip(calibration=50 / 52), width=900, height=300)
    page.locator(".ecg-strip").focus()
    page.keyboard.press("0")
    page.wait_for_timeout(150)
    laid, picture = laid_out(page), pixels(page)
    row = picture[round(laid["panels"][0]["zero"] + 30)]
    lines = np.flatnonzero(np.abs(row - np.array((243, 201, 201))).max(axis=1) <= 6)
    lines = lines[lines > laid["panels"][0]["x0"]]
    steps = np.diff(lines)
    assert np.abs(steps - 5 * MM * 50 / 52).max() <= 1
    assert "true scale" in page.locator("[data-face=scale]").inner_text()


def test_an_empty_strip_says_so_and_nothing_else(stage, tell):
    page = stage(Strip(provenance="synthetic", message="No record fits the filters."), width=1100, height=400)
    assert page.get_by_text("No record fits the filters.").is_visible()
    assert page.locator("[data-face=synthetic]").is_hidden()
    assert page.locator(".bar button:not([disabled]):visible").all_inner_texts() == ["?"]
    assert all(text.strip() for text in page.locator(".bar button:visible").all_inner_texts())
    full = strip(provenance="synthetic")
    tell(page, signal=full.signal, overview=full.overview)
    page.wait_for_timeout(150)
    assert page.locator("[data-face=synthetic]").is_visible()
    assert page.locator("[data-do=calipers]").is_enabled()


def test_a_phones_toolbar_shows_that_there_is_more(stage):
    page = stage(compared(), width=390, height=600, touch=True)
    more = page.locator("[data-more]")
    assert more.get_attribute("aria-expanded") == "false"
    assert page.locator("[data-do=pdf]").is_hidden()
    more.tap()
    assert page.locator("[data-do=pdf]").is_visible()
    assert page.locator(".bar").evaluate("(bar) => bar.scrollWidth <= bar.clientWidth")
    for button in page.locator(".bar button:visible").all():
        assert button.bounding_box()["height"] >= 36


def test_every_key_is_harmless_and_every_control_has_a_name(stage):
    page = stage(compared(), width=1100, height=420)
    page.locator(".ecg-strip").focus()
    for key in ALL_KEYS:
        page.keyboard.press(key)
        page.wait_for_timeout(20)
        if page.evaluate("document.activeElement.tagName") == "INPUT":
            page.keyboard.press("Escape")
        page.locator(".ecg-strip").focus()
    assert page.locator(".ecg-strip").get_attribute("data-lm-suppress-shortcuts") == "true"
    nameless = """() => [...document.querySelectorAll("button, input, [role=group], [role=dialog], [role=toolbar]")]
      .filter((e) => !(e.getAttribute("aria-label") || e.textContent.trim() || e.labels?.length || e.hidden))
      .map((e) => e.outerHTML)"""
    assert page.evaluate(nameless) == []
    page.watch.assert_clean()


CONTRASTS = r"""(selector) => {
  const channel = (v) => (v <= 0.03928 ? v / 12.92 : ((v + 0.055) / 1.055) ** 2.4);
  const light = (text) => {
    const [r, g, b] = text.match(/[\d.]+/g).map((value) => channel(value / 255));
    return 0.2126 * r + 0.7152 * g + 0.0722 * b;
  };
  const ground = (element) => {
    for (let node = element; node; node = node.parentElement) {
      const colour = getComputedStyle(node).backgroundColor;
      if (colour !== "transparent" && !/, 0\)$/.test(colour)) return colour;
    }
    return "rgb(255, 255, 255)";
  };
  const words = (e) => e.textContent.trim() && !e.children.length && !e.disabled && e.offsetParent;
  return [...document.querySelectorAll(selector)].filter(words).map((e) => {
    const [a, b] = [light(getComputedStyle(e).color), light(ground(e))].sort((x, y) => y - x);
    return [(a + 0.05) / (b + 0.05), e.textContent];
  }).filter(([ratio]) => ratio < 4.5);
}"""


@pytest.mark.parametrize("theme", ["light", "dark"])
def test_text_of_the_strip_can_be_read(stage, theme):
    page = stage(strip(theme=theme, title="15"), width=900, height=400)
    page.locator(".ecg-strip").focus()
    page.keyboard.press("?")
    assert page.evaluate(CONTRASTS, ".ecg-strip button, .ecg-strip span, .ecg-strip dd, .ecg-strip dt") == []
