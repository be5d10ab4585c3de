"""The pages of a server: which there are, how they are linked, and what a new one needs."""

from __future__ import annotations

import subprocess
import sys
import types

import pytest

from ecgomics.dashboards import pages
from ecgomics.dashboards.pages import PAGES, Page, Site, Visit, served
from ecgomics.errors import CohortError

EXTRA = Page("extra", "Extra", "made_for_a_test")


@pytest.fixture(scope="module")
def store(tmp_path_factory):
    from ecgomics import pipeline
    from ecgomics.simulate import demo_patients

    path = tmp_path_factory.mktemp("site") / "c.zarr"
    pipeline.ingest(demo_patients(3, seed=1), path, workers=0, progress=False)
    return path


@pytest.fixture
def extra(monkeypatch):
    """A page of a module that only this test has."""
    import panel as pn

    from ecgomics.dashboards.frame import PageFrame

    pressed: list[str] = []
    module = types.ModuleType("ecgomics.dashboards.made_for_a_test")
    module.__spec__ = types.SimpleNamespace(name=module.__name__)
    module.page = lambda visit: PageFrame.around(
        visit,
        pn.pane.Str(f"asked for {visit.query.get('what', 'nothing')}"),
        keys=[("t", "table")],
        key_names=["t"],
        on_key=pressed.append,
        on_undo=lambda: pressed.append("undo"),
    )
    monkeypatch.setitem(sys.modules, module.__name__, module)
    monkeypatch.setattr(pages, "PAGES", (PAGES[0], EXTRA))
    return pressed


def test_a_page_is_served_and_linked_once_its_module_is_there(store, extra):
    site = Site(store)
    assert site.pages() == (PAGES[0], EXTRA)
    frame = site.visit(EXTRA)
    assert frame.heading == "Extra"
    assert frame.nav == [
        {"href": "./", "title": "Explore", "current": False},
        {"href": "extra", "title": "Extra", "current": True},
    ]
    assert frame.cohort["records"] == "3 records"
    assert frame.body.object == "asked for nothing"
    assert frame.keys == [["t", "table"], ["?", "this list"]]


def test_a_frame_dresses_itself_and_hands_keys_and_undo_on(store, extra):
    frame = Site(store).visit(EXTRA)
    frame.event = {"type": "theme", "theme": "dark"}
    assert frame.theme == "dark"
    frame.event = {"type": "key", "key": "t"}
    frame.event = {"type": "undo"}
    assert extra == ["t", "undo"]


def test_alone_there_is_nothing_to_link_to(store, extra):
    assert Site(store).visit(EXTRA, linked="alone").nav == []


def test_a_module_that_is_not_there_is_neither_served_nor_linked(store, monkeypatch):
    monkeypatch.setattr(pages, "PAGES", (PAGES[0], Page("gone", "Gone", "nobody_wrote_it")))
    site = Site(store)
    assert site.pages() == (PAGES[0],)
    assert site.visit(PAGES[0]).__panel__().nav == []


def test_what_goes_wrong_is_said_on_the_page(store, extra, monkeypatch):
    def fail(visit: Visit) -> None:
        raise CohortError("the stage 'waves' has not run", remedy="run analyse")

    monkeypatch.setattr(sys.modules["ecgomics.dashboards.made_for_a_test"], "page", fail)
    assert "run analyse" in served(Site(store), EXTRA).object


def test_no_two_pages_share_an_address():
    assert len({page.path for page in PAGES}) == len(PAGES)


def test_serving_explore_loads_no_other_page(store):
    code = """
import sys
from ecgomics.dashboards.pages import PAGES, Site
site = Site(sys.argv[1])
site.warm()
site.visit(PAGES[0]).__panel__().get_root()
print(" ".join(sys.modules))
"""
    done = subprocess.run([sys.executable, "-c", code, str(store)], capture_output=True, text=True, timeout=240)
    assert done.returncode == 0, done.stderr[-2000:]
    loaded = set(done.stdout.split())
    assert not {f"ecgomics.dashboards.{page.module}" for page in PAGES[1:]} & loaded


@pytest.mark.parametrize("path", ["", "holter", "discover"])
def test_a_page_sends_at_most_300_kb_of_its_own_script(path, store, tmp_path):
    """Everything of a page, every widget on it as often as it is there."""
    from bokeh.document import Document
    from panel.io.state import set_curdoc

    site = Site(_with_a_day(tmp_path) if path else store)
    document = Document()
    with set_curdoc(document):
        view = next(page for page in PAGES if page.path == path).make(Visit(site.reading, PAGES[0], desk=site.desk))
        document.add_root(view.__panel__().get_root(document))
    sent = [model.esm for model in document.models if hasattr(model, "esm")]
    assert len(sent) >= 8
    assert sum(len(text.encode()) for text in sent) < 300_000


def _with_a_day(folder):
    from ecgomics import pipeline
    from ecgomics.records import Record
    from ecgomics.simulate import VirtualPatient, simulate

    ecg = simulate(VirtualPatient(), duration_s=90, rate_hz=250, seed=4).ecg.sel(lead=["II", "V1"])
    record = Record(ecg=ecg, native_hz=250.0, source="long", labels=())
    cohort = pipeline.ingest([record], folder / "day.zarr", workers=0, progress=False)
    pipeline.analyse(cohort, workers=0, progress=False)
    return cohort.path
