"""The charts in a real browser, without any host: marks where they belong, keys, pointer, both themes, a phone."""

from __future__ import annotations

import io

import numpy as np
import pandas as pd
import pytest

from ecgomics_widgets import (
    BeatOverlay,
    CandidateTable,
    LatentMap,
    LeadVectors,
    Poincare,
    Tachogram,
    TrendPlot,
    Volcano,
)

pytestmark = pytest.mark.ui

STRUCTURAL, ORANGE = (0, 114, 178), (230, 159, 0)


def picture(page) -> np.ndarray:
    from PIL import Image

    return np.asarray(Image.open(io.BytesIO(page.screenshot())).convert("RGB")).astype(int)


def near(image: np.ndarray, colour: tuple[int, int, int], *, by: int = 30) -> np.ndarray:
    return np.abs(image - np.array(colour)).max(axis=2) <= by


def volcano(**params) -> Volcano:
    table = pd.DataFrame(
        {
            "biomarker": ["high", "middle", "null", "left"],
            "dimension": ["Structural", "Intensity", "Functional", "Comparative"],
            "auc": [0.9, 0.7, 0.5, 0.3],
            "low": [0.85, 0.6, 0.4, 0.2],
            "high": [0.95, 0.8, 0.6, 0.4],
            "q": [1e-6, 1e-3, 1.0, 0.02],
            "badge": ["replicated", "validated", "exploratory", "declared"],
        }
    )
    draws = np.arange(50)
    cloud = pd.DataFrame({"draw": draws, "auc": 0.5 + (draws - 25) / 400, "q": np.where(draws % 2, 1.0, 0.4)})
    return Volcano.of(table, cloud=cloud, **{"theme": "light", **params})


def vectors(**params) -> LeadVectors:
    turn = np.linspace(0, 2 * np.pi, 101)
    qrs = np.stack([np.sin(turn), 1 - np.cos(turn), 0.3 * np.sin(turn)])
    loops = {"st_t": 0.2 * qrs, "qrs": qrs, "p": 0.1 * qrs}
    params = {"theme": "light", "axes": {"p": 60.0, "qrs": -45.0, "st_t": None}, **params}
    return LeadVectors.of(loops, np.linspace(0, 0.1, 101), **params)


def day(**params) -> Tachogram:
    """Two hours of 60 a minute with a hole from 0:30 to 0:40 and 120 a minute from 1:00 to 1:10."""
    parts = [np.arange(0, 1800.0), np.arange(2400, 3600.0), np.arange(3600, 4200, 0.5), np.arange(4200, 7200.0)]
    times = np.concatenate(parts)
    kinds = np.zeros(len(times), dtype=int)
    kinds[100] = 1
    return Tachogram.of(
        {"time_s": times, "beat_class": kinds},
        gaps=[{"start_s": 1800, "stop_s": 2400}],
        events=[{"start_s": 3600, "stop_s": 4200, "label": "fast"}, {"start_s": 900, "label": "stairs"}],
        **{"theme": "light", "start": "2026-11-24T08:00:00", **params},
    )


def trend(**params) -> TrendPlot:
    hours = np.arange(24) * 3600.0
    rows = {
        "Rate": {"time_s": hours, "value": 60 + hours / 3600, "low": 50 + hours / 3600, "high": 90 + hours / 3600},
        "Signal": {"time_s": hours, "value": np.ones(24), "form": "heat", "kind": "quality", "step_s": 3600},
    }
    rows["Rate"] |= {"form": "range", "unit": "/min"}
    return TrendPlot.of(rows, **{"theme": "light", "start": "2026-11-24T08:00:00", **params})


def poincare(**params) -> Poincare:
    rr = np.where(np.arange(300) % 10 == 9, 0.5, 0.9)
    kinds = (np.arange(300) % 10 == 9).astype(int)
    return Poincare.of({"time_s": np.cumsum(rr), "beat_class": kinds}, **{"theme": "light", **params})


CHARTS = (volcano, vectors, day, trend, poincare)


def test_volcano_walks_from_the_highest_and_opens_by_key(stage, sent):
    page = stage(volcano())
    area = page.locator(".eg-volcano .area")
    assert "3 at q below 0.05" in area.get_attribute("aria-label")
    area.focus()
    page.keyboard.press("Home")
    assert page.locator(".said").inner_text().startswith("high: AUC 0.90 (95 % 0.85–0.95)")
    page.keyboard.press("ArrowDown")
    page.keyboard.press("Enter")
    assert sent(page, "opened") == ["middle"]
    assert sent(page, "event")[-1]["biomarker"] == "middle"
    page.watch.assert_clean()


def test_volcano_hears_a_click_where_the_mark_is(stage, sent):
    page = stage(volcano(opened="middle"))
    found = near(picture(page)[100:], STRUCTURAL, by=12)
    rows, columns = np.nonzero(found)
    page.mouse.move(columns.mean(), 100 + rows.mean())
    page.wait_for_timeout(60)
    assert page.locator(".tip").inner_text().startswith("high")
    page.mouse.click(columns.mean(), 100 + rows.mean())
    assert sent(page, "opened") == ["high"]


def test_volcano_is_zoomed_moved_and_shown_whole_again(stage, sent):
    page = stage(volcano(opened="middle"))
    rows, columns = np.nonzero(near(picture(page)[70:], STRUCTURAL, by=12))
    x, y = float(columns.mean()), 70 + float(rows.mean())
    size = len(rows)
    page.mouse.move(x, y)
    for _ in range(4):
        page.mouse.wheel(0, -200)
    page.locator(".head button", has_text="show all").wait_for()
    # zoomed about the mark under the pointer, which stays where it is
    rows, columns = np.nonzero(near(picture(page)[70:], STRUCTURAL, by=12))
    assert abs(columns.mean() - x) < 2
    assert abs(70 + rows.mean() - y) < 2
    assert len(rows) == pytest.approx(size, rel=0.2)
    page.mouse.down()
    page.mouse.move(x - 30, y + 10, steps=4)
    page.mouse.up()
    assert sent(page, "opened") == []
    rows, columns = np.nonzero(near(picture(page)[70:], STRUCTURAL, by=12))
    assert abs(columns.mean() - (x - 30)) < 3
    page.locator(".eg-volcano .area").focus()
    page.keyboard.press("0")
    assert page.locator(".head button", has_text="show all").count() == 0
    page.watch.assert_clean()


def test_volcano_says_what_the_grey_is_and_what_is_missing(stage, tell):
    page = stage(volcano())
    assert [text.strip() for text in page.locator(".legend span").all_inner_texts()][4:] == [
        "exploratory",
        "declared",
        "split-validated",
        "replicated",
    ]
    grey = near(picture(page)[250:], (152, 162, 179), by=60).sum()
    tell(page, cloud=b"", rug=b"")
    assert near(picture(page)[250:], (152, 162, 179), by=60).sum() < grey - 600
    tell(page, rows=[], message="Choose two groups.")
    assert page.locator(".none").inner_text() == "Choose two groups."


def test_vectors_show_planes_axes_and_the_moment(stage, sent):
    page = stage(vectors(before=vectors().loops, axes_before={"qrs": 10.0}))
    assert page.locator("figcaption").all_inner_texts() == ["frontal", "horizontal", "sagittal", "P 60°QRS −45°"]
    assert page.locator(".wave").all_inner_texts() == ["P", "QRS", "T"]
    assert "QRS -45 degrees, outside -30 to 90" in page.locator("figure svg").last.get_attribute("aria-label")
    assert "QRS 2.00 mV at 90 degrees" in page.locator("figure svg").first.get_attribute("aria-label")
    slider = page.locator("input[type=range]")
    assert page.locator("output").inner_text() == "50 ms"  # where QRS is largest
    slider.focus()
    page.keyboard.press("ArrowRight")
    assert sent(page, "moment_s")[-1] == pytest.approx(0.052)
    loops = page.locator("figure:first-child svg path[fill=none]").count()
    page.locator(".wave", has_text="T").click()
    assert page.locator("figure:first-child svg path[fill=none]").count() == loops - 2  # and its ghost
    page.watch.assert_clean()


@pytest.mark.parametrize("theme", ["light", "dark"])
@pytest.mark.parametrize("make", CHARTS)
def test_charts_fit_a_phone_in_both_themes(stage, make, theme):
    page = stage(make(theme="auto"), width=390, height=420, theme=theme, touch=True)
    assert page.evaluate("document.documentElement.scrollWidth") <= 390
    overflow = """(root) => [...root.querySelectorAll(".head, .area, .time-area, .foot, figure")]
      .filter((part) => part.scrollWidth > part.clientWidth + 1).length"""
    assert page.locator(".eg").evaluate(overflow) == 0
    corner = picture(page)[-3, 3]
    assert (corner.max() < 60) == (theme == "dark")
    page.watch.assert_clean()


@pytest.mark.parametrize("make", CHARTS)
def test_charts_leave_nothing_behind(stage, make):
    page = stage(make())
    assert page.evaluate("window.heard()") > 0
    page.evaluate("window.end()")
    assert page.evaluate("window.heard()") == 0


def spot(page, selector=".time-area"):
    box = page.locator(selector).bounding_box()
    return box["x"], box["y"], box["width"], box["height"]


def test_a_day_goes_where_it_is_clicked_and_draws_windows(stage, sent, tell):
    page = stage(day(), width=1000, height=232)
    x, y, width, _ = spot(page)
    left, right = 104, width - 14
    page.mouse.click(x + (left + right) / 2, y + 60)
    assert sent(page, "cursor_s")[-1] == pytest.approx(3600, abs=8)
    assert page.locator(".now b").inner_text().startswith(("08:59", "09:00"))
    page.mouse.move(x + left, y + 60)
    page.mouse.down()
    page.mouse.move(x + left + (right - left) / 4, y + 60, steps=4)
    page.mouse.up()
    assert sent(page, "window")[-1] == pytest.approx([0, 1800], abs=8)
    assert sent(page, "event")[-1]["type"] == "window"
    page.keyboard.press("Escape")
    assert sent(page, "window")[-1] is None
    tell(page, cursor_s=7190.0)
    assert page.locator(".now b").inner_text() == "09:59:50"
    page.watch.assert_clean()


def test_a_day_zooms_about_the_pointer_and_by_keys(stage, sent):
    page = stage(day(), width=1000, height=232)
    x, y, width, _ = spot(page)
    at = x + 104 + (width - 118) / 4
    page.mouse.move(at, y + 60)
    page.mouse.wheel(0, -600)
    page.wait_for_timeout(80)
    start, stop = sent(page, "view")[-1]
    assert stop - start < 4000
    assert start + (stop - start) / 4 == pytest.approx(1800, abs=10)
    page.locator(".time-area").focus()
    page.keyboard.press("n")
    assert sent(page, "cursor_s")[-1] == 900
    assert page.locator(".said").inner_text().startswith("stairs, 08:15:00, 60 /min")
    page.keyboard.press("0")
    assert sent(page, "view")[-1] is None
    page.keyboard.press("ArrowRight")
    assert sent(page, "cursor_s")[-1] == pytest.approx(936, abs=0.1)


def test_what_could_not_be_read_is_a_hole(stage):
    page = stage(day(shades=[]), width=1000, height=300)
    top = spot(page)[1]
    image = picture(page)[int(top) + 24 : int(top) + 200]
    inked = near(image, (22, 26, 34), by=110).any(axis=0)
    columns = [round(104 + second / 7199.0 * (1000 - 118)) for second in (200, 1700, 1900, 2300, 2600, 3500)]
    assert inked[columns[0] : columns[1]].mean() > 0.9
    assert not inked[columns[2] : columns[3]].any()
    assert inked[columns[4] : columns[5]].mean() > 0.9


HALF = ((20, 20), (380, 20), (20, 380))
"""Corners in px above the line of equal intervals, in a pane of 400 px."""


def test_a_poincare_plot_opens_a_beat_and_selects_a_cloud(stage, sent):
    page = stage(poincare(), width=400, height=400)
    page.locator(".area").focus()
    page.keyboard.press("End")
    assert sent(page, "event")[-1]["beat"] == 298
    x, y, width, height = spot(page, ".area")
    page.keyboard.down("Shift")
    page.mouse.move(x + 2, y + 2)
    page.mouse.down()
    page.mouse.move(x + width - 2, y + height - 2, steps=4)
    page.mouse.up()
    page.keyboard.up("Shift")
    assert len(sent(page, "event")[-1]["beats"]) == 298
    # without Shift a shape: all of the pane, then the half above the line of equal intervals
    for corners, chosen in ((((2, 2), (2, height - 2), (width - 2, height - 2), (width - 2, 2)), 298), (HALF, None)):
        page.mouse.move(x + corners[0][0], y + corners[0][1])
        page.mouse.down()
        for left, top in corners[1:]:
            page.mouse.move(x + left, y + top, steps=3)
        page.mouse.up()
        event = sent(page, "event")[-1]
        assert len(event["polygon_ms"]) > 3
        assert chosen is None or len(event["beats"]) == chosen
    assert 0 < len(event["beats"]) < 298
    assert page.locator(".foot").inner_text().split("\n") == ["normal 269", "ventricular 29"]
    page.watch.assert_clean()


def test_a_trend_is_walked_by_keys(stage, sent):
    page = stage(trend())
    page.locator(".time-area").focus()
    page.keyboard.press("ArrowRight")
    page.keyboard.press("ArrowRight")
    assert sent(page, "cursor_s") == [1800, 5400]
    assert page.locator(".said").inner_text().replace("\n", " ") == "09:30 Rate 61 /min (51 to 91) Signal 1.00"
    page.watch.assert_clean()


@pytest.mark.parametrize("kind", [BeatOverlay, CandidateTable, LatentMap])
def test_the_older_widgets_stand_alone_in_the_dark(stage, tell, kind):
    page = stage(kind(message="nothing yet"), width=420, height=320, theme="dark")
    assert picture(page)[-3, 3].max() < 60
    tell(page, theme="light")
    assert picture(page)[-3, 3].min() > 240
    page.evaluate("window.end()")
    assert page.evaluate("window.heard()") == 0
