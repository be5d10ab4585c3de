"""Explore in a real browser: what a person does on the page, on a small cohort of virtual patients."""

from __future__ import annotations

import math
import os
import subprocess
import sys
import time
import urllib.error
import urllib.request
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

pytestmark = pytest.mark.ui

PATIENTS = 48
HOSTILE = "<img src=x onerror=\"document.title='owned'\">"
FIRST_ECG_S = 5.0
SERVER = "import sys; from ecgomics.dashboards import serve; serve(sys.argv[1], port=int(sys.argv[2]))"
PAPER_APP = Path(__file__).resolve().parents[2] / "app" / "ecgomics" / "dashboards" / "explore_app.py"


@pytest.fixture(scope="session")
def cohort(tmp_path_factory):
    """Virtual patients through every stage; one carries a hostile name."""
    from ecgomics import pipeline
    from ecgomics.records import Label
    from ecgomics.simulate import demo_patients

    records = list(demo_patients(PATIENTS, seed=3))
    records[0] = replace(
        records[0], source=HOSTILE, labels=(*records[0].labels, Label("synthetic", "<script>alert(1)</script>", 100))
    )
    path = tmp_path_factory.mktemp("explore") / "small.zarr"
    made = pipeline.ingest(records, path, workers=0, progress=False)
    pipeline.analyse(made, workers=0, progress=False)
    pipeline.embed(made, encoder="handmade", progress=False)
    pipeline.project(made)
    return path


@pytest.fixture(scope="session")
def served(cohort, tmp_path_factory):
    """Address of a running `serve`."""
    import socket

    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    log = tmp_path_factory.mktemp("log") / "serve.log"
    with log.open("w") as sink:
        process = subprocess.Popen([sys.executable, "-c", SERVER, str(cohort), str(port)], stdout=sink, stderr=sink)
    address = f"http://127.0.0.1:{port}/"
    try:
        _await(address, process, log)
        yield address
    finally:
        process.terminate()
        process.wait(timeout=20)
    # a browser that leaves while it is written to makes the server's libraries complain; our own code must not
    assert "ecgomics/dashboards" not in log.read_text(), log.read_text()[-3000:]
    assert "ecgomics_widgets" not in log.read_text(), log.read_text()[-3000:]


def _await(address, process, log, *, most_s=90):
    end = time.monotonic() + most_s
    while time.monotonic() < end:
        assert process.poll() is None, log.read_text()
        try:
            urllib.request.urlopen(address, timeout=20).close()
            return
        except (urllib.error.URLError, ConnectionError, TimeoutError):
            time.sleep(0.2)
    pytest.fail(f"the server did not answer in {most_s} s: {log.read_text()}")


@pytest.fixture
def page(served, open_page):
    page = open_page(served)
    page.wait_for_selector(".eg-records .row", state="attached", timeout=30_000)
    page.wait_for_selector(".ecg-strip canvas", state="attached")
    yield page
    page.watch.assert_clean()


def ink(page) -> int:
    """Dark pixels on the strip's canvas: the trace."""
    return page.evaluate(
        """() => {
          const find = (root) => { for (const el of root.querySelectorAll("*")) {
            if (el.matches(".ecg-strip .plot canvas")) return el;
            const inner = el.shadowRoot && find(el.shadowRoot); if (inner) return inner; } return null; };
          const canvas = find(document); if (!canvas || !canvas.width) return 0;
          const data = canvas.getContext("2d").getImageData(0, 0, canvas.width, canvas.height).data;
          let dark = 0;
          for (let i = 0; i < data.length; i += 4) {
            if (data[i + 3] && data[i] + data[i + 1] + data[i + 2] < 200) dark += 1;
          }
          return dark; }"""
    )


def picture(page) -> bytes:
    return page.locator(".ecg-strip .plot").screenshot()


def settle(page, condition, *, most_s=15.0):
    """Wait until a Python condition on the page holds."""
    end = time.monotonic() + most_s
    while time.monotonic() < end:
        if condition():
            return
        page.wait_for_timeout(50)
    pytest.fail("the page did not get there")


def lasso(page, *, x=0.5, y=0.5, rx=0.42, ry=0.42):
    box = page.locator(".eg-map canvas").bounding_box()
    at = [
        (
            box["x"] + box["width"] * (x + rx * math.cos(2 * math.pi * turn / 30)),
            box["y"] + box["height"] * (y + ry * math.sin(2 * math.pi * turn / 30)),
        )
        for turn in range(31)
    ]
    page.mouse.move(*at[0])
    page.mouse.down()
    for point in at[1:]:
        page.mouse.move(*point)
    page.mouse.up()


def test_the_first_ecg_is_there_in_time(served, open_page):
    page = open_page(served)
    settle(page, lambda: ink(page) > 500, most_s=FIRST_ECG_S)
    assert page.title() == "ECGomics · Explore"
    page.watch.assert_clean()


def test_scrubbing_by_mouse_and_by_key(page):
    settle(page, lambda: ink(page) > 500)
    page.locator(".ecg-strip [data-layout='1']").click()
    page.locator(".ecg-strip [data-do='true']").click()
    for _ in range(4):
        page.locator(".ecg-strip [data-do='in']").click()
    page.wait_for_timeout(200)
    before = picture(page)
    box = page.locator(".ecg-strip .plot").bounding_box()
    page.mouse.move(box["x"] + 400, box["y"] + 100)
    page.mouse.down()
    page.mouse.move(box["x"] + 150, box["y"] + 100, steps=8)
    page.mouse.up()
    settle(page, lambda: picture(page) != before)
    dragged = picture(page)
    page.locator(".eg-records h2").click()
    page.keyboard.press("Shift+ArrowRight")
    settle(page, lambda: picture(page) != dragged)


def test_a_rule_draws_its_evidence_and_says_why(page):
    name = page.locator(".eg-bar .criteria button").first.inner_text()
    page.locator(".eg-rules .plain", has_text="show all").click()
    before = picture(page)
    page.get_by_role("switch", name=f"show {name} on the strip", exact=True).click()
    settle(page, lambda: picture(page) != before)
    settle(page, lambda: page.locator(".eg-why h2").inner_text() == name)
    assert page.locator(".eg-why .clause.met").count() >= 1
    assert "Criteria met" in page.locator(".eg-why .lead").first.inner_text()
    page.keyboard.press("z")
    settle(page, lambda: picture(page) == before)


def test_editing_a_limit_judges_all_records_again(page):
    page.locator(".eg-rules .plain", has_text="show all").click()
    page.locator(".eg-rules .plain", has_text="edit limits").click()
    row = page.locator('.eg-rules .row[data-rule="first_degree_block"]')
    share = row.locator(".share").inner_text()
    row.locator("input").first.fill("100")
    row.locator("input").first.press("Enter")
    settle(page, lambda: row.locator(".share").inner_text() != share)
    assert row.locator(".edited").count() == 1
    row.locator("button", has_text="back to the published limits").click()
    settle(page, lambda: row.locator(".share").inner_text() == share)


def test_a_lasso_selects_ranks_and_a_candidate_opens_its_evidence(page):
    lasso(page)
    settle(page, lambda: page.locator(".eg-records .chip.group").count() == 1)
    assert page.locator(".eg-records .chip.group").inner_text().startswith("lasso A")
    settle(page, lambda: "lasso A" in page.locator(".eg-candidates .head").inner_text())
    assert "exploratory" in page.locator(".eg-candidates .head").inner_text()
    assert page.locator(".eg-candidates tbody tr").count() > 5
    listed = int(page.locator(".eg-records .head .quiet").first.inner_text().split()[0])
    assert 5 <= listed < PATIENTS + 10
    settle(page, lambda: page.locator(".eg-candidates tr td:nth-child(4)").first.inner_text() != "–", most_s=60)
    first = page.locator(".eg-candidates tbody tr").first
    name = first.get_attribute("data-biomarker")
    first.click()
    settle(page, lambda: page.locator(".eg-why h3").first.inner_text().startswith(name))
    assert page.locator(".eg-why .spread path, .eg-why .spread rect").count() >= 2
    assert page.locator(".eg-beats svg path").count() >= 4
    extreme = page.locator(".eg-why .chips .chip").first
    source = extreme.inner_text().split(" · ")[0]
    extreme.click()
    settle(page, lambda: page.locator(".eg-bar .who b").inner_text() == source)
    page.keyboard.press("z")
    settle(page, lambda: page.locator(".eg-records .chip.group").count() == 0)
    assert "Draw a shape" in page.locator(".eg-candidates .none").inner_text()


def test_next_and_previous_record_by_key_and_button(page):
    first = page.locator(".eg-bar .who b").inner_text()
    before = picture(page)
    page.keyboard.press("ArrowDown")
    settle(page, lambda: page.locator(".eg-bar .who b").inner_text() != first)
    settle(page, lambda: picture(page) != before)
    assert page.locator(".eg-records .row.current").get_attribute("data-position") != "0"
    page.locator(".eg-bar [aria-label='previous record']").click()
    settle(page, lambda: page.locator(".eg-bar .who b").inner_text() == first)


def test_no_keystroke_is_lost_however_quick(page):
    first = page.locator(".eg-records .row.current").get_attribute("data-position")
    for _ in range(7):
        page.keyboard.press("ArrowDown")
    settle(page, lambda: page.locator(".eg-bar .steps .quiet").inner_text().startswith("8 of"))
    for _ in range(7):
        page.keyboard.press("ArrowUp")
    settle(page, lambda: page.locator(".eg-records .row.current").get_attribute("data-position") == first)


def test_search_finds_records_rules_and_biomarkers(page):
    page.keyboard.press("/")
    page.keyboard.type("lbbb")
    page.wait_for_selector(".found")
    page.keyboard.press("Enter")
    settle(page, lambda: page.locator(".eg-records .chip").count() == 1)
    shown = page.locator(".eg-records .row .detail").all_inner_texts()
    assert shown
    assert all("lbbb" in text for text in shown)
    page.locator(".eg-records .chip").click()
    settle(page, lambda: page.locator(".eg-records .chip").count() == 0)
    page.keyboard.press("/")
    page.keyboard.type("PR_Int_Global")
    page.locator(".found button", has_text="biomarker").first.click()
    settle(page, lambda: page.locator(".eg-why h2").inner_text() == "PR interval")


def test_filters_sort_and_compare(page):
    page.locator(".eg-records [aria-label='add a filter']").click()
    page.locator(".eg-records [aria-label='sex']").select_option("F")
    page.locator(".eg-records .panel .do").click()
    settle(page, lambda: page.locator(".eg-records .chip").count() == 1)
    page.locator(".eg-records [aria-label='sort by']").select_option("PR_Int_Global")
    settle(page, lambda: page.locator(".eg-records .value").count() > 3)
    texts = [text.split()[0] for text in page.locator(".eg-records .value").all_inner_texts()]
    values = [float(text) for text in texts if text != "–"]
    assert values == sorted(values, reverse=True)
    page.locator(".eg-records .plain", has_text="compare").click()
    settle(page, lambda: page.locator(".eg-candidates tbody tr").count() > 5)
    assert "sex F" in page.locator(".eg-candidates .head").inner_text()


def test_hostile_names_are_shown_as_text(page):
    assert page.locator(".eg-bar .who b").inner_text() == HOSTILE
    page.wait_for_timeout(300)
    assert page.title() == "ECGomics · Explore"
    assert page.locator("img").count() == 0


def test_synthetic_is_said_everywhere(page):
    assert page.locator("header .synthetic").is_visible()
    assert page.locator(".ecg-strip .synthetic").is_visible()
    assert "not for diagnosis" in page.locator("footer").inner_text()


def test_colours_of_the_map_and_the_theme_change(page):
    before = page.locator(".eg-map canvas").screenshot()
    page.locator(".eg-map [aria-label='colour by']").select_option("HR_Mean_Global")
    settle(page, lambda: "/min" in page.locator(".eg-map .foot").inner_text())
    assert page.locator(".eg-map canvas").screenshot() != before
    page.locator("[aria-label='light or dark']").click()
    settle(page, lambda: page.locator(".frame").get_attribute("data-theme") == "dark")
    settle(page, lambda: page.evaluate("localStorage.getItem('ecgomics')") is not None)


def test_help_and_the_drawer_close_by_key(page):
    page.keyboard.press("?")
    assert page.locator(".frame > .help").is_visible()
    page.keyboard.press("Escape")
    assert page.locator(".frame > .help").count() == 0
    page.keyboard.press("Escape")
    settle(page, lambda: not page.locator("aside.why").is_visible())
    page.locator(".eg-bar .value").first.click()
    settle(page, lambda: page.locator("aside.why").is_visible())


@pytest.mark.parametrize(("width", "height"), [(1440, 900), (1000, 760), (390, 844)])
@pytest.mark.parametrize("theme", ["light", "dark"])
def test_nothing_overflows_and_every_pane_can_be_reached(served, open_page, width, height, theme):
    page = open_page(served, width=width, height=height, theme=theme, touch=width < 700)
    page.wait_for_selector(".eg-records .row", state="attached", timeout=30_000)
    settle(page, lambda: ink(page) > 300 or theme == "dark")
    assert page.locator(".frame").get_attribute("data-theme") == theme
    size = page.evaluate("[document.documentElement.scrollWidth, document.documentElement.scrollHeight]")
    assert size[0] <= width
    assert size[1] <= height
    if width < 700:
        for tab, pane in (("records", ".eg-records"), ("map", ".eg-map"), ("why", ".eg-why"), ("ecg", ".ecg-strip")):
            page.locator(f".tabs [data-tab='{tab}']").click()
            settle(page, lambda pane=pane: page.locator(pane).is_visible())
            box = page.locator(pane).bounding_box()
            assert box["width"] == pytest.approx(width, abs=2)
            assert box["height"] > 150
    else:
        for pane in (".eg-records", ".eg-rules", ".ecg-strip", ".eg-map", ".eg-candidates"):
            box = page.locator(pane).bounding_box()
            assert box["width"] > 150, pane
            assert box["height"] > 120, pane
            assert box["x"] + box["width"] <= width
        assert page.locator("aside.why").is_visible() == (width > 1100)
    page.watch.assert_clean()


def test_panes_are_resized_and_remember_it(page):
    grip = page.locator(".grip.size-left")
    before = page.locator(".eg-records").bounding_box()["width"]
    box = grip.bounding_box()
    page.mouse.move(box["x"] + 4, box["y"] + 200)
    page.mouse.down()
    page.mouse.move(box["x"] + 64, box["y"] + 200, steps=4)
    page.mouse.up()
    assert page.locator(".eg-records").bounding_box()["width"] == pytest.approx(before + 60, abs=12)
    page.reload()
    page.wait_for_selector(".eg-records .row", state="attached", timeout=30_000)
    assert page.locator(".eg-records").bounding_box()["width"] == pytest.approx(before + 60, abs=12)


def test_a_page_from_another_origin_is_not_let_in(served):
    import http.client
    from urllib.parse import urlparse

    def answer(origin: str) -> int:
        link = http.client.HTTPConnection(urlparse(served).netloc, timeout=20)
        hello = {"Upgrade": "websocket", "Connection": "Upgrade", "Origin": origin, "Sec-WebSocket-Version": "13"}
        link.request("GET", "/ws", headers={**hello, "Sec-WebSocket-Key": "dGhlIHNhbXBsZSBub25jZQ=="})
        status = link.getresponse().status
        link.close()
        return status

    assert answer("http://evil.example") == 403
    assert answer(f"http://{urlparse(served).netloc}.evil.example") == 403


def test_panel_serve_shows_the_same_page(cohort, open_page, free_port, tmp_path):
    command = [
        sys.executable,
        "-m",
        "panel",
        "serve",
        str(PAPER_APP),
        "--port",
        str(free_port),
        "--address",
        "127.0.0.1",
    ]
    origin = f"--allow-websocket-origin=127.0.0.1:{free_port}"
    log = tmp_path / "panel.log"
    with log.open("w") as sink:
        process = subprocess.Popen(
            [*command, origin], stdout=sink, stderr=sink, env={**os.environ, "ECGOMICS_COHORT": str(cohort)}
        )
    try:
        address = f"http://127.0.0.1:{free_port}/explore_app"
        _await(address, process, log)
        page = open_page(address)
        page.wait_for_selector(".eg-records .row", state="attached", timeout=30_000)
        settle(page, lambda: ink(page) > 500)
        page.watch.assert_clean()
    finally:
        process.terminate()
        process.wait(timeout=20)


def test_the_served_process_has_no_trainer_or_plotting(cohort):
    code = """
import sys
from ecgomics.dashboards.pages import PAGES, Site
site = Site(sys.argv[1])
site.warm()
explorer = site.visit(PAGES[0])
explorer.__panel__().get_root()
print(" ".join(sys.modules))
"""
    done = subprocess.run([sys.executable, "-c", code, str(cohort)], capture_output=True, text=True, timeout=240)
    assert done.returncode == 0, done.stderr[-2000:]
    assert not set(done.stdout.split()) & {"torch", "umap", "neurokit2", "sklearn", "matplotlib"}


def test_a_lasso_on_the_page_is_the_selection_in_python(cohort):
    from ecgomics.cohort import open_cohort
    from ecgomics.dashboards import Explorer
    from ecgomics.dashboards.reading import Reading

    explorer = Explorer(Reading.of(open_cohort(cohort)))
    planted = explorer.reading.census.cohort.labels.query("code == 'planted'")["record"]
    explorer.selection = planted
    assert set(explorer.selection) == set(planted)
    assert np.frombuffer(explorer._panes["map"].widget.group, dtype="u1").sum() == len(set(planted))


def test_a_view_is_saved_linked_and_written_as_python(page, open_page):
    page.keyboard.press("/")
    page.keyboard.type("lbbb")
    page.wait_for_selector(".found")
    page.keyboard.press("Enter")
    settle(page, lambda: page.locator(".eg-records .chip").count() == 1)
    page.locator(".eg-records .row").first.click()
    source = page.locator(".eg-bar .who b").inner_text()
    settle(page, lambda: "filters=" in page.url)

    other = open_page(page.url)
    other.wait_for_selector(".eg-records .chip", timeout=30_000)
    settle(other, lambda: other.locator(".eg-bar .who b").inner_text() == source)
    other.watch.assert_clean()

    page.locator(".eg-records h2").click()
    page.keyboard.press("v")
    page.locator(".menu input").first.fill("blocks")
    page.keyboard.press("Enter")
    page.locator(".menu .kept", has_text="blocks").wait_for()
    page.locator(".menu button", has_text="as Python").click()
    page.wait_for_selector(".code pre")
    assert "eg.open_cohort(" in page.locator(".code pre").inner_text()
    page.keyboard.press("Escape")
    page.locator(".eg-records .chip").click()
    settle(page, lambda: page.locator(".eg-records .chip").count() == 0)
    page.keyboard.press("v")
    page.locator(".menu .kept button", has_text="blocks").first.click()
    settle(page, lambda: page.locator(".eg-records .chip").count() == 1)
    page.keyboard.press("z")
    settle(page, lambda: page.locator(".eg-records .chip").count() == 0)


def test_a_stretch_of_the_distribution_and_single_rows_select(page):
    page.locator(".eg-bar .value").first.click()
    settle(page, lambda: page.locator(".eg-why .clause").count() == 0)
    page.wait_for_selector(".eg-why .spread.brush")
    box = page.locator(".eg-why .spread").bounding_box()
    page.mouse.move(box["x"] + 0.3 * box["width"], box["y"] + 60)
    page.mouse.down()
    page.mouse.move(box["x"] + 0.6 * box["width"], box["y"] + 60, steps=4)
    page.mouse.up()
    settle(page, lambda: page.locator(".eg-records .chip").count() == 1)
    assert "HR_Mean" in page.locator(".eg-records .chip").inner_text()
    page.locator(".eg-records .chip").click()
    settle(page, lambda: page.locator(".eg-records .chip").count() == 0)
    for row in (1, 3):
        page.locator(".eg-records .row").nth(row).click(modifiers=["Control"])
        settle(page, lambda row=row: "group" in page.locator(".eg-records .row").nth(row).get_attribute("class"))
    assert page.locator(".eg-records .chip.group").inner_text().startswith("picked")


def test_a_rule_stands_beside_a_label_and_a_record_beside_its_like(page):
    page.locator(".eg-bar .criteria button").first.click()
    page.locator("[aria-label='label to compare with']").select_option(index=1)
    settle(page, lambda: page.locator(".versus td.n").count() >= 10)
    page.locator(".eg-bar .who .name").click()
    settle(page, lambda: page.locator(".eg-why .list .chip").count() >= 5)
    page.locator(".eg-why h3", has_text="Records like").locator("button").click()
    settle(page, lambda: page.locator(".eg-records .chip.group").inner_text().startswith("like "))


def test_every_control_has_a_name_and_text_stands_out(page):
    """What axe would call serious: controls without a name, and text that does not stand out from its ground."""
    unnamed = page.evaluate(
        """() => { const found = [];
          const walk = (root) => { for (const el of root.querySelectorAll("*")) {
            if (el.shadowRoot) walk(el.shadowRoot);
            if (!el.matches("button, select, input, a[href], [role=button]") || !el.offsetParent) continue;
            const name = el.getAttribute("aria-label") || el.title || el.innerText || el.placeholder || "";
            if (!name.trim()) found.push(el.outerHTML.slice(0, 120)); } };
          walk(document); return found; }"""
    )
    assert unnamed == []
    faint = page.evaluate(
        """() => { const found = [];
          const rgb = (text) => (text.match(/[\\d.]+/g) || []).map(Number);
          const f = (v) => v <= 10 ? v / 3294.6 : ((v / 255 + 0.055) / 1.055) ** 2.4;
          const light = ([r, g, b]) => {
            return 0.2126 * f(r) + 0.7152 * f(g) + 0.0722 * f(b); };
          const ground = (el) => { for (let at = el; at; at = at.parentElement || at.getRootNode().host) {
            const c = rgb(getComputedStyle(at).backgroundColor);
            if (c.length && (c[3] === undefined || c[3] > 0.95)) return c; }
            return [255, 255, 255]; };
          const walk = (root) => { for (const el of root.querySelectorAll("*")) {
            if (el.shadowRoot) walk(el.shadowRoot);
            const own = [...el.childNodes].some((n) => n.nodeType === 3 && n.textContent.trim());
            if (!own || !el.offsetParent || el.closest("option, [disabled]")) continue;
            const a = light(rgb(getComputedStyle(el).color)), b = light(ground(el));
            const ratio = (Math.max(a, b) + 0.05) / (Math.min(a, b) + 0.05);
            if (ratio < 4.3) found.push([ratio.toFixed(2), el.className, el.textContent.trim().slice(0, 40)]); } };
          walk(document); return found; }"""
    )
    assert faint == []
