"""The Holter page in a real browser: navigate by the day, look through events, judge them by key and take it back."""

from __future__ import annotations

import socket
import subprocess
import sys
import time
import urllib.error
import urllib.request
from datetime import datetime

import numpy as np
import pytest

pytestmark = pytest.mark.ui

SERVER = "import sys; from ecgomics.dashboards import serve; serve(sys.argv[1], port=int(sys.argv[2]))"


@pytest.fixture(scope="module")
def served(tmp_path_factory):
    """Address of a server of a cohort with one recording of half an hour."""
    from ecgomics import pipeline
    from ecgomics.records import Label, Record
    from ecgomics.simulate import VirtualPatient, simulate

    patient = VirtualPatient(pvc_per_min=1.5)
    ecg = simulate(patient, duration_s=1800, rate_hz=250, seed=4).ecg.sel(lead=["II", "V1"]).copy()
    # one lead is turned round after a while, so that the same beats come in two forms
    ecg.values[1, 250 * 1100 :] *= -1
    ecg.values[:, 250 * 700 : 250 * 800] = np.nan
    record = Record(
        ecg=ecg,
        native_hz=250.0,
        source="half an hour",
        start=datetime(2026, 3, 4, 8),
        labels=(Label("synthetic", "normal", 100.0),),
    )
    folder = tmp_path_factory.mktemp("holter")
    cohort = pipeline.ingest([record], folder / "day.zarr", workers=0, progress=False)
    pipeline.analyse(cohort, workers=0, progress=False)
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    log = folder / "serve.log"
    with log.open("w") as sink:
        command = [sys.executable, "-c", SERVER, str(folder / "day.zarr"), str(port)]
        process = subprocess.Popen(command, stdout=sink, stderr=sink)
    try:
        address = f"http://127.0.0.1:{port}"
        _await(address, process, log)
        yield address
    finally:
        process.terminate()
        process.wait(timeout=20)
    assert "ecgomics/dashboards" not in log.read_text(), log.read_text()[-3000:]


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


def settle(page, condition, *, most_s=20.0):
    end = time.monotonic() + most_s
    while time.monotonic() < end:
        if condition():
            return
        page.wait_for_timeout(60)
    pytest.fail("the page did not get there")


@pytest.fixture
def page(served, open_page):
    page = open_page(f"{served}/holter")
    page.wait_for_selector(".eg-events .row", timeout=30_000)
    page.wait_for_selector(".ecg-strip canvas")
    yield page
    page.watch.assert_clean()


def test_the_day_leads_to_the_strip_and_every_page_to_it(page, served):
    assert page.title() == "ECGomics · Holter"
    page.locator(".frame .day canvas").first.click(position={"x": 700, "y": 60})
    settle(page, lambda: "t=" in page.url)
    assert float(page.url.split("t=")[1].split("&")[0]) > 60
    page.locator(".pages a", has_text="Explore").click()
    page.wait_for_selector(".eg-records .row", timeout=30_000)
    page.locator(".eg-bar .day").click()
    page.wait_for_selector(".eg-events .row", timeout=30_000)
    assert "/holter?record=" in page.url


def test_events_are_judged_by_key_and_taken_back(page):
    row = page.locator("[data-kind='v1']")
    left = int(row.locator(".n").last.inner_text())
    row.click()
    page.locator(".eg-verdict b", has_text="Ventricular, single").wait_for()
    place = page.locator(".eg-verdict .steps .quiet").inner_text()
    page.keyboard.press("v")
    settle(page, lambda: int(row.locator(".n").last.inner_text()) == left - 1)
    settle(page, lambda: page.locator(".eg-verdict .steps .quiet").inner_text() != place)
    assert "→ ventricular" in page.locator("footer").inner_text()
    page.keyboard.press("z")
    settle(page, lambda: int(row.locator(".n").last.inner_text()) == left)
    settle(page, lambda: page.locator(".eg-verdict .steps .quiet").inner_text() == place)
    page.keyboard.press("n")
    settle(page, lambda: page.locator(".eg-verdict .steps .quiet").inner_text() != place)


def test_beats_come_in_forms_and_sleep_is_marked_on_the_day(page):
    page.locator(".eg-verdict").wait_for()
    page.locator("[data-kind='v1']").click()
    page.locator(".eg-verdict", has_text="form A").wait_for(timeout=20_000)
    assert "of form A" in page.locator(".eg-verdict .scope").inner_text()
    # the strip's clock is the recording's
    assert page.locator(".ecg-strip [data-face='range']").inner_text().startswith("08:")
    page.keyboard.press("g")
    page.locator(".ecg-strip .jump input").fill("08:10")
    page.keyboard.press("Enter")
    settle(page, lambda: page.locator(".ecg-strip [data-face='range']").inner_text().startswith("08:09:5"))
    box = page.locator(".frame .day canvas").first.bounding_box()
    page.mouse.move(box["x"] + 300, box["y"] + 50)
    page.mouse.down()
    page.mouse.move(box["x"] + 500, box["y"] + 50, steps=4)
    page.mouse.up()
    page.keyboard.press("b")
    settle(page, lambda: "asleep 08:" in page.locator("footer").inner_text())
    page.keyboard.press("z")
    settle(page, lambda: "asleep" not in page.locator("footer").inner_text())


@pytest.mark.parametrize(("width", "height", "theme"), [(1440, 900, "light"), (1000, 760, "dark"), (390, 844, "dark")])
def test_nothing_overflows(served, open_page, width, height, theme):
    page = open_page(f"{served}/holter", width=width, height=height, theme=theme, touch=width < 700)
    page.wait_for_selector(".eg-events .row", timeout=30_000)
    size = page.evaluate("[document.documentElement.scrollWidth, document.documentElement.scrollHeight]")
    assert size[0] <= width
    assert size[1] <= height
    for pane in (".eg-events", ".ecg-strip", ".eg-verdict"):
        box = page.locator(pane).bounding_box()
        assert box["x"] >= 0, pane
        assert box["x"] + box["width"] <= width, pane
    page.watch.assert_clean()
