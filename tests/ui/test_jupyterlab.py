"""A real JupyterLab: Explore inline, its selection read and set from Python; the strip as a plain widget."""

from __future__ import annotations

import os
import re
import subprocess
import sys
import time
import urllib.error
import urllib.request

import nbformat
import pytest
from playwright.sync_api import expect

pytestmark = [pytest.mark.ui, pytest.mark.timeout(420)]

CELLS = [
    "import ecgomics as eg\ncohort = eg.open_cohort('small.zarr')\nexplorer = eg.explore(cohort)\nexplorer",
    "explorer.selection = list(cohort.ids[:7])\nprint('chosen', len(explorer.selection), explorer.selection.origin)",
    "print('open', cohort.records.source[explorer.record])",
    "from ecgomics_widgets import Strip\nStrip(cohort.ecg(cohort.ids[0]), provenance='synthetic')",
]


@pytest.fixture(scope="module")
def cohort_folder(tmp_path_factory):
    """A folder with a small cohort of virtual patients, through every stage a page shows."""
    from ecgomics import pipeline
    from ecgomics.simulate import demo_patients

    folder = tmp_path_factory.mktemp("lab")
    cohort = pipeline.ingest(demo_patients(30, seed=5), folder / "small.zarr", workers=0, progress=False)
    pipeline.analyse(cohort, workers=0, progress=False)
    pipeline.embed(cohort, encoder="handmade", progress=False)
    pipeline.project(cohort)
    notebook = nbformat.v4.new_notebook(cells=[nbformat.v4.new_code_cell(source) for source in CELLS])
    notebook.metadata["kernelspec"] = {"name": "python3", "display_name": "Python 3"}
    nbformat.write(notebook, folder / "look.ipynb")
    return folder


@pytest.fixture(scope="module")
def lab(cohort_folder, tmp_path_factory):
    """Address of a JupyterLab that serves the folder, with settings of its own."""
    import socket

    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    home = tmp_path_factory.mktemp("home")
    own = {name: str(home / name.lower()) for name in ("JUPYTER_CONFIG_DIR", "JUPYTER_RUNTIME_DIR", "IPYTHONDIR")}
    own |= {name: str(home / name.lower()) for name in ("JUPYTERLAB_SETTINGS_DIR", "JUPYTERLAB_WORKSPACES_DIR")}
    command = [sys.executable, "-m", "jupyterlab", "--no-browser", "--allow-root", f"--port={port}", "--ip=127.0.0.1"]
    command += ["--IdentityProvider.token=", f"--ServerApp.root_dir={cohort_folder}", "--LabApp.news_url="]
    command += ["--LabApp.extension_manager=readonly"]
    log = home / "lab.log"
    with log.open("w") as sink:
        process = subprocess.Popen(command, stdout=sink, stderr=sink, env=os.environ | own)
    try:
        address = f"http://127.0.0.1:{port}"
        _await(f"{address}/api", process, log)
        yield address
    finally:
        process.terminate()
        process.wait(timeout=30)


def _await(address, process, log, *, most_s=60):
    end = time.monotonic() + most_s
    while time.monotonic() < end:
        assert process.poll() is None, log.read_text()
        try:
            urllib.request.urlopen(address, timeout=5).close()
            return
        except (urllib.error.URLError, ConnectionError, TimeoutError):
            time.sleep(0.2)
    pytest.fail(f"JupyterLab did not answer in {most_s} s: {log.read_text()}")


def run_cell(page, number):
    """Run a cell as a person does, once more when the Lab was not ready for the key: its prompt says that it began."""
    cell = page.locator(".jp-Notebook .jp-CodeCell").nth(number)
    prompt = cell.locator(".jp-InputPrompt")
    for _ in range(4):
        cell.locator(".jp-InputArea-editor").click()
        page.keyboard.press("Shift+Enter")
        try:
            expect(prompt).not_to_have_text(re.compile(r"^\[\s*\]:$"), timeout=8_000)
            return
        except AssertionError:
            continue
    pytest.fail(f"cell {number} did not begin: {prompt.inner_text()!r}")


def test_explore_lives_in_a_notebook(lab, open_page):
    page = open_page(f"{lab}/lab/tree/look.ipynb", height=1200)
    page.wait_for_selector(".jp-Notebook-ExecutionIndicator[data-status=idle]", timeout=60_000)

    run_cell(page, 0)
    page.wait_for_selector(".eg-records .row", timeout=180_000)
    page.wait_for_selector(".ecg-strip canvas")

    run_cell(page, 1)
    page.wait_for_selector("text=chosen 7 python", timeout=30_000)
    page.wait_for_selector(".eg-candidates >> text=python", timeout=30_000)

    row = page.locator(".eg-records .row:not(.current)").first
    source = row.locator("b").inner_text()
    row.click()
    page.locator(".eg-records .row.current", has_text=source).wait_for()
    run_cell(page, 2)
    page.wait_for_selector(f"text=open {source}", timeout=30_000)

    run_cell(page, 3)
    strip = page.locator(".jp-Notebook .jp-CodeCell").nth(3).locator(".ecg-strip")
    strip.locator("canvas").first.wait_for(timeout=30_000)
    drive(page, strip)
    page.watch.assert_clean()


def drive(page, strip):
    """The strip's keys are its own in a notebook, where x cuts a cell, a adds one and m turns one to text."""
    cells = page.locator(".jp-Notebook .jp-Cell").count()
    strip.scroll_into_view_if_needed()
    strip.locator("canvas").first.click(position={"x": 300, "y": 60})
    expect(strip).to_be_focused()
    page.keyboard.press("1")
    expect(strip.locator("[data-layout='12x1']")).to_have_attribute("aria-pressed", "true")
    page.keyboard.press("4")
    expect(strip.locator("[data-layout='1']")).to_have_attribute("aria-pressed", "true")
    before = strip.locator("[data-face='scale']").inner_text()
    page.keyboard.press("+")
    expect(strip.locator("[data-face='scale']")).not_to_have_text(before)
    page.keyboard.press("c")
    expect(strip.locator("[data-do='calipers']")).to_have_attribute("aria-pressed", "true")
    page.keyboard.press("Escape")
    expect(strip.locator("[data-do='calipers']")).to_have_attribute("aria-pressed", "false")
    page.keyboard.press("a")
    expect(strip.locator("[data-pop='note'] input")).to_be_focused()
    page.keyboard.type("a notch, dd x")
    page.keyboard.press("Enter")
    for key in ("x", "X", "m", "m", "d", "d", "z", "l", "Escape", "ArrowDown", "0"):
        page.keyboard.press(key)
    expect(strip.locator("[data-face='scale']")).to_contain_text("true scale")
    page.keyboard.press("?")
    expect(strip.locator(".help")).to_be_visible()
    page.keyboard.press("Escape")
    assert page.locator(".jp-Notebook .jp-Cell").count() == cells
