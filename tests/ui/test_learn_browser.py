"""Learn in a real browser: a student's and a teacher's session, two students at once, keys alone, a phone."""

from __future__ import annotations

import os
import socket
import subprocess
import sys
import time
import urllib.error
import urllib.request
from pathlib import Path

import pytest

pytestmark = pytest.mark.ui

SERVER = "import sys; from ecgomics.dashboards import serve; serve(sys.argv[1], port=int(sys.argv[2]))"
PHONE = {"width": 390, "height": 844, "touch": True}


DEEPEST = "let e = document.activeElement; while (e?.shadowRoot?.activeElement) e = e.shadowRoot.activeElement;"


def focused(page):
    """Id of the element with the focus, through shadow roots."""
    return page.evaluate(f"(() => {{ {DEEPEST} return e?.id; }})()")


class Server:
    """A running `serve` that can be killed and started again on the same database."""

    def __init__(self, cohort, log):
        self.cohort, self.log = cohort, log
        with socket.socket() as probe:
            probe.bind(("127.0.0.1", 0))
            self.port = probe.getsockname()[1]
        self.address = f"http://127.0.0.1:{self.port}/"
        self.process = None

    def start(self):
        env = {name: value for name, value in os.environ.items() if name != "ECGOMICS_DATABASE"}
        command = [sys.executable, "-c", SERVER, str(self.cohort), str(self.port)]
        with self.log.open("a") as sink:
            self.process = subprocess.Popen(command, stdout=sink, stderr=sink, env=env)
        end = time.monotonic() + 120
        while time.monotonic() < end:
            assert self.process.poll() is None, self.log.read_text()
            try:
                urllib.request.urlopen(f"{self.address}learn", timeout=20).close()
                return self
            except (urllib.error.URLError, ConnectionError, TimeoutError):
                time.sleep(0.3)
        raise AssertionError(f"the server did not answer: {self.log.read_text()}")

    def kill(self):
        self.process.kill()
        self.process.wait(timeout=20)


@pytest.fixture(scope="module")
def server(tmp_path_factory):
    from ecgomics import pipeline
    from ecgomics.simulate import demo_patients

    folder = tmp_path_factory.mktemp("learn")
    made = pipeline.ingest(list(demo_patients(6, seed=3)), folder / "small.zarr", workers=0, progress=False)
    pipeline.analyse(made, workers=0, progress=False)
    running = Server(folder / "small.zarr", folder / "log").start()
    yield running
    running.kill()
    assert "Traceback" not in running.log.read_text(), running.log.read_text()[-3000:]


@pytest.fixture(scope="module")
def course(server):
    """Code of a class, and the link of an assignment in it."""
    from ecgomics.dashboards.desk import Desk
    from ecgomics.dashboards.learn_class import ClassState
    from ecgomics.dashboards.learn_desk import LearnDesk

    state = ClassState(LearnDesk(Desk(server.cohort)))
    state.open_class("ECG-2 Thursday")
    state.assign("Week 1", ["the_runner", "no_two_alike"])
    return state.courses()[0].code, state.tasks()[0].link


def visit(open_page, server, path="", **options):
    page = open_page(f"{server.address}learn{path}", **options)
    page.wait_for_selector(".frame .tabs a", timeout=60_000)
    return page


def join(open_page, server, code, name, **options):
    page = visit(open_page, server, **options)
    page.get_by_label("Class code").fill(code)
    page.get_by_label("Your name in this class").fill(name)
    page.get_by_role("button", name="Join").click()
    page.wait_for_selector("text=Leave", timeout=60_000)
    return page


def read_runner(page, *, rhythm, pr):
    page.wait_for_selector("#f-rhythm", timeout=60_000)
    page.get_by_label("Rhythm", exact=True).select_option(rhythm)
    page.get_by_label("PR", exact=True).fill(str(pr))
    page.get_by_label("PR", exact=True).press("Tab")
    page.wait_for_timeout(600)
    page.get_by_role("button", name="Submit").click()
    page.wait_for_selector(".eg-form .total", timeout=30_000)


def test_two_students_read_at_once_the_server_is_killed_and_the_teacher_sees_both(server, course, open_page):
    code, link = course
    ada = join(open_page, server, code, "Ada")
    ben = join(open_page, server, code, "Ben", **PHONE)
    for page in (ada, ben):
        page.goto(f"{server.address}learn?task={link}")
    read_runner(ada, rhythm="sinus", pr=160)
    read_runner(ben, rhythm="af", pr=400)
    assert "✓" in ada.locator(".eg-form .line", has_text="Rhythm").inner_text()
    assert "✕" in ben.locator(".eg-form .line", has_text="Rhythm").inner_text()
    ada.watch.assert_clean()
    ben.watch.assert_clean()
    server.kill()
    server.start()
    teacher = visit(open_page, server, "?view=class")
    teacher.wait_for_selector(".eg-class tbody tr", timeout=60_000)
    rows = {row.locator("th").inner_text(): row.inner_text() for row in teacher.locator(".eg-class tbody tr").all()}
    assert set(rows) == {"Ada", "Ben"}
    cell = teacher.locator('td[title^="Ada, The runner, Rhythm: 100"]')
    assert cell.count() == 1
    assert teacher.locator('td[title^="Ben, The runner, Rhythm: 0"]').count() == 1
    assert "The runner" in teacher.locator(".eg-class .missed").first.inner_text()
    with teacher.expect_download() as saved:
        teacher.get_by_role("button", name="CSV").click()
    assert ",Ada," in Path(saved.value.path()).read_text(encoding="utf-8")
    teacher.watch.assert_clean()
    again = visit(open_page, server, **PHONE)
    assert again.locator("text=Rate and rhythm").count() >= 1


def test_a_case_is_blinded_until_submitted_and_read_with_keys_alone(server, open_page):
    page = visit(open_page, server, "?case=slow_conductor")
    page.wait_for_selector("#f-rate", timeout=60_000)
    assert "First-degree" not in page.locator(".eg-form .lines > *").first.inner_text()
    assert page.locator("text=reference").count() == 0
    assert page.locator("text=Every P is conducted").count() == 0
    # from the top of the page, by Tab alone
    for _ in range(60):
        page.keyboard.press("Tab")
        if focused(page) == "f-rate":
            break
    else:
        pytest.fail("the form cannot be reached by Tab")
    page.keyboard.type("64")
    page.keyboard.press("Tab")
    for _ in range(2):
        if focused(page) == "f-rhythm":
            break
        page.keyboard.press("Tab")
    page.keyboard.press("s")
    page.wait_for_timeout(600)
    # the axis is set on a dial, by dragging and by keys
    page.get_by_role("button", name="dial: Axis").press("Enter")
    page.get_by_role("slider", name="dial: Axis").wait_for()
    box = page.locator(".dial").bounding_box()
    x, y = box["x"] + box["width"] / 2, box["y"] + box["height"] / 2
    page.mouse.move(x + 40, y)
    page.mouse.down()
    page.mouse.move(x, y + 40)
    page.mouse.up()
    assert page.locator("#f-axis").input_value() == "90"
    page.locator(".dial").press("ArrowLeft")
    assert page.locator("#f-axis").input_value() == "85"
    page.locator("#f-rhythm").focus()
    page.keyboard.press("Tab")
    page.wait_for_timeout(400)
    # a letter outside of fields submits
    page.evaluate(f"(() => {{ {DEEPEST} e?.blur(); }})()")
    page.keyboard.press("s")
    page.wait_for_selector(".eg-form .total", timeout=30_000)
    assert "Every P is conducted" in page.locator(".eg-form .why").inner_text()
    named = page.locator('.eg-form .line button[aria-label^="Rate: "]').get_attribute("aria-label")
    assert named in ("Rate: right", "Rate: partly", "Rate: wrong")
    page.watch.assert_clean()


def test_a_slider_moves_strip_loops_and_rules(server, open_page):
    page = visit(open_page, server, "?view=virtual&preset=normal&seed=1")
    slider = page.get_by_label("PR", exact=True)
    slider.wait_for(timeout=60_000)
    assert page.locator(".eg-margins li.met", has_text="First-degree AV block").count() == 0
    slider.focus()
    slider.fill("250")
    page.wait_for_selector(".eg-margins li.met:has-text('First-degree AV block')", timeout=20_000)
    page.get_by_role("button", name="First-degree AV block: met").click()
    page.wait_for_selector(".eg-margins .take .do button", timeout=60_000)
    page.locator(".eg-margins .take .do button", has_text="PR").click()
    page.wait_for_selector(".eg-margins li.not_met:has-text('First-degree AV block')", timeout=20_000)
    assert page.locator("text=synthetic").count() >= 1
    page.watch.assert_clean()


@pytest.mark.parametrize("options", [{}, PHONE], ids=["desk", "phone"])
def test_a_quiz_is_answered_and_goes_on(server, open_page, options):
    page = visit(open_page, server, "?view=quiz&question=name.lbbb.1.3", **options)
    page.wait_for_selector(".eg-quiz .option", timeout=60_000)
    page.get_by_role("button", name="Left bundle branch block").click()
    page.wait_for_selector(".eg-quiz .result", timeout=20_000)
    assert "Right." in page.locator(".eg-quiz .result").inner_text()
    page.get_by_role("button", name="Next question").click()
    page.wait_for_selector(".eg-quiz .result", state="detached", timeout=20_000)
    page.watch.assert_clean()


@pytest.mark.parametrize(("language", "word"), [("zh", "病例"), ("es", "Casos")])
def test_the_page_speaks_other_languages(server, open_page, language, word):
    page = visit(open_page, server)
    page.get_by_label("Language").select_option(language)
    page.wait_for_selector(f".tabs a:has-text('{word}')", timeout=60_000)
    assert page.evaluate("document.documentElement.lang") == language
