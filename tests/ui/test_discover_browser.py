"""Discover in a real browser: a question asked, refined and answered; a candidate spent once; a dossier handed over."""

from __future__ import annotations

import socket
import subprocess
import sys
import time
import urllib.error
import urllib.request

import pytest

pytestmark = pytest.mark.ui

PATIENTS = 100
SERVER = "import sys; from ecgomics.dashboards import serve; serve(sys.argv[1], port=int(sys.argv[2]))"
HOSTILE = "<img src=x onerror=\"document.title='owned'\">"
ANSWERED_MS = 120_000


@pytest.fixture(scope="module")
def cohort(tmp_path_factory):
    """Virtual patients through every stage; a label has a hostile name."""
    from dataclasses import replace

    from ecgomics import pipeline
    from ecgomics.records import Label
    from ecgomics.simulate import demo_patients

    records = list(demo_patients(PATIENTS, seed=3))
    records[0] = replace(records[0], labels=(*records[0].labels, Label("synthetic", HOSTILE, 100)))
    path = tmp_path_factory.mktemp("discover") / "small.zarr"
    made = pipeline.ingest(records, path, workers=0, progress=False)
    pipeline.analyse(made, workers=0, progress=False)
    pipeline.embed(made, encoder="handmade", progress=False)
    pipeline.project(made)
    return path


@pytest.fixture(scope="module")
def served(cohort, tmp_path_factory):
    """Address of a running `serve`."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    log = tmp_path_factory.mktemp("log") / "serve.log"
    with log.open("w") as sink:
        process = subprocess.Popen([sys.executable, "-c", SERVER, str(cohort), str(port)], stdout=sink, stderr=sink)
    address = f"http://127.0.0.1:{port}/"
    try:
        end = time.monotonic() + 90
        while time.monotonic() < end:
            assert process.poll() is None, log.read_text()
            try:
                urllib.request.urlopen(address, timeout=20).close()
                break
            except (urllib.error.URLError, ConnectionError, TimeoutError):
                time.sleep(0.2)
        yield address
    finally:
        process.terminate()
        process.wait(timeout=20)
    assert "ecgomics/dashboards" not in log.read_text(), log.read_text()[-3000:]


def answered(page):
    """Wait until nothing is being worked out and there are candidates."""
    page.wait_for_selector(".eg-findings tr.row", timeout=ANSWERED_MS)
    page.wait_for_function(
        """() => { const find = (root) => { for (const el of root.querySelectorAll("*")) {
             if (el.matches(".eg-question .work")) return el;
             const inner = el.shadowRoot && find(el.shadowRoot); if (inner) return inner; } return null; };
           const work = find(document); return work && work.style.display === "none"; }""",
        timeout=ANSWERED_MS,
    )


def test_a_question_from_the_sentence_to_the_dossier(served, open_page):
    page = open_page(f"{served}discover")
    page.wait_for_selector(".eg-question [data-token=group]", timeout=30_000)
    assert "choose a group" in page.locator("[data-token=group]").inner_text()
    page.locator("[data-token=group]").click()
    page.locator(".eg-question .sheet input[type=search]").fill("planted")
    page.locator(".eg-question .sheet .list button", has_text="planted").first.click()
    answered(page)
    # the planted biomarker leads, its family is folded, and the halves agree
    leader = page.locator(".eg-findings tr.row").first.get_attribute("data-biomarker")
    assert leader.startswith(("Tpe_", "T_Asymmetry"))
    assert "set aside, not looked at" in page.locator(".eg-question .facts").inner_text()
    assert "1 contrast since" in page.locator(".eg-question .tried").inner_text()
    page.locator(".eg-findings tr.row").first.click()
    assert page.locator(".eg-finding[data-part=head] h2").inner_text() == leader
    page.wait_for_selector(".eg-finding .curve")
    assert page.locator(".eg-beats path").count() >= 4
    assert page.locator(".eg-finding .chip").count() >= 4
    # another confounder is another question
    page.locator("[data-token=adjust]").click()
    page.locator(".eg-question .sheet .list button", has_text="heart rate").click()
    page.wait_for_selector(".eg-question .work progress", timeout=10_000)
    answered(page)
    assert "2 contrasts since" in page.locator(".eg-question .tried").inner_text()
    # a group is saved by a name
    page.locator("[data-token=group]").click()
    page.get_by_label("name to save the group by").fill("early T peak")
    page.locator(".eg-question .sheet button", has_text="Save").click()
    page.locator("[data-token=group]", has_text="early T peak").wait_for()
    answered(page)
    # the dossier is handed over as a page and a recipe
    with page.expect_download(timeout=ANSWERED_MS) as first:
        page.locator(".eg-lockbox .soft", has_text="Dossier").click()
    assert first.value.suggested_filename.startswith("early-T-peak")
    page.wait_for_timeout(300)
    page.watch.assert_clean()


def test_the_lock_box_asks_once_more(served, open_page):
    # five of the hundred patients that are set aside carry the planted phenotype
    page = open_page(f"{served}discover?define=label:planted")
    answered(page)
    page.locator(".eg-findings .tick input").first.click()
    replicate = page.locator(".eg-lockbox .go").first
    replicate.click()
    ask = page.locator(".eg-lockbox .ask")
    ask.wait_for()
    assert "cannot be undone" in ask.inner_text()
    ask.locator("button", has_text="Keep them").click()
    ask.wait_for(state="detached")
    replicate.click()
    page.locator(".eg-lockbox .ask .go").click()
    page.locator(".eg-lockbox .seal", has_text="1 look spent").wait_for(timeout=30_000)
    assert page.locator(".eg-lockbox .item", has_text="spent").count() >= 1
    page.watch.assert_clean()


def test_words_from_files_stay_words(served, open_page):
    page = open_page(f"{served}discover")
    page.wait_for_selector(".eg-question [data-token=group]", timeout=30_000)
    page.locator("[data-token=group]").click()
    page.locator(".eg-question .sheet .list button", has_text="<img").wait_for()
    assert page.title() != "owned"
    page.keyboard.press("Escape")
    page.locator(".eg-question .sheet").wait_for(state="detached")
    page.watch.assert_clean()


@pytest.mark.parametrize("theme", ["light", "dark"])
def test_on_a_phone_the_page_scrolls_and_the_drawer_opens(served, open_page, theme):
    page = open_page(f"{served}discover?define=label:planted", width=390, height=844, theme=theme, touch=True)
    answered(page)
    wide = page.evaluate("() => document.documentElement.scrollWidth")
    assert wide <= 390
    assert not page.locator(".evidence").is_visible()
    page.locator(".eg-findings tr.row").first.click()
    page.locator(".evidence").wait_for()
    page.locator(".eg-finding [aria-label=close]").click()
    page.locator(".evidence").wait_for(state="hidden")
    page.watch.assert_clean()


def test_a_lasso_of_explore_arrives_and_stays_exploratory(served, open_page, cohort):
    from types import SimpleNamespace

    from ecgomics.dashboards.reading import Reading
    from ecgomics.dashboards.view import query_of

    census = Reading.of(cohort).census
    group = {"origin": "lasso A", "drawn_on": "latent", "records": census.ids[:40].tolist(), "lasso": []}
    state = SimpleNamespace(census=census, is_saved=lambda name, records: False, beginning={"descending": False})
    page = open_page(f"{served}discover?{query_of({'group': group}, state)}")
    page.locator(".eg-question [data-token=group]", has_text="lasso A").wait_for(timeout=30_000)
    page.locator(".eg-findings .stamp", has_text="exploratory").wait_for(timeout=ANSWERED_MS)
    page.watch.assert_clean()
