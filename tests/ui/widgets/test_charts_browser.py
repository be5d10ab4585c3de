"""The charts in a real browser, without any host: marks where they belong, keys, pointer, both themes, a phone."""

from __future__ import annotations

import io

import numpy as np
import pandas as pd
import pytest

from ecgomics_widgets import LeadVectors, Volcano

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
@pytest.mark.parametrize("make", [volcano, vectors])
def test_charts_fit_a_phone_in_both_themes(stage, make, theme):
    page = stage(make(theme="auto"), width=390, height=420, theme=theme, touch=True)
    assert page.evaluate("document.documentElement.scrollWidth") <= 390
    overflow = """(root) => [...root.querySelectorAll(".head, .area, .foot, figure")]
      .filter((part) => part.scrollWidth > part.clientWidth + 1).length"""
    assert page.locator(".eg").evaluate(overflow) == 0
    corner = picture(page)[-3, 3]
    assert (corner.max() < 60) == (theme == "dark")
    page.watch.assert_clean()


@pytest.mark.parametrize("make", [volcano, vectors])
def test_charts_leave_nothing_behind(stage, make):
    page = stage(make())
    assert page.evaluate("window.heard()") > 0
    page.evaluate("window.end()")
    assert page.evaluate("window.heard()") == 0
