"""Explore as a notebook and a server see it."""

from __future__ import annotations

import subprocess
import sys
import time

import numpy as np
import pytest

from ecgomics.dashboards.pages import Site
from ecgomics.dashboards.serving import explore, serve
from ecgomics.errors import CohortError, EcgomicsError, VocabularyError

HEAVY = {"torch", "umap", "neurokit2", "sklearn", "matplotlib", "panel_material_ui"}


@pytest.fixture
def explorer(reading):
    from ecgomics.dashboards import Explorer

    return Explorer(reading)


def test_selection_is_a_value_that_reads_and_sets(explorer, reading):
    ids = [str(record) for record in reading.census.ids[:15]]
    assert len(explorer.selection) == 0
    explorer.selection = ids
    assert list(explorer.selection) == ids
    assert explorer.selection.origin == "python"
    assert np.frombuffer(explorer._panes["map"].widget.group, dtype="u1").sum() == 15
    assert explorer.candidates["biomarker"].iloc[0] == "PR_Int_Global"
    explorer.selection = reading.census.cohort.labels.query("code == '1AVB'")["record"]
    assert len(explorer.selection) == 15
    explorer.selection = None
    assert len(explorer.selection) == 0


def test_record_is_a_value_that_reads_and_sets(explorer, reading):
    explorer.record = str(reading.census.ids[7])
    assert explorer.record == reading.census.ids[7]
    assert explorer._panes["records"].widget.current == 7
    with pytest.raises(VocabularyError):
        explorer.record = "nobody"


def test_the_page_knows_its_cohort_and_offers_what_can_be_searched(explorer):
    frame = explorer.__panel__()
    assert frame.cohort["name"] == "fake.zarr"
    assert frame.cohort["records"] == "60 records"
    assert frame.cohort["patients"] == "55 patients"
    kinds = {term["kind"] for term in frame.terms}
    assert kinds == {"label", "rule", "biomarker"}


def act(explorer, what, **detail):
    explorer.__panel__().event = {"type": what, "made": time.perf_counter(), **detail}


def test_search_filters_toggles_and_explains(explorer):
    state = explorer.state
    act(explorer, "term", kind="text", name="rec1")
    assert state.filters[0].kind == "text"
    act(explorer, "term", kind="label", name="NORM")
    assert state.filters[1].value == "NORM"
    act(explorer, "term", kind="rule", name="high_voltage")
    assert state.toggled == ("high_voltage",)
    act(explorer, "term", kind="biomarker", name="PR_Int_Global")
    assert state.why == ("biomarker", "PR_Int_Global")
    act(explorer, "undo")
    assert state.toggled == ()
    assert explorer.__panel__().undo == "label NORM"
    act(explorer, "redo")
    assert state.toggled == ("high_voltage",)
    act(explorer, "theme", theme="dark")
    assert explorer._panes["strip"].widget.theme == "dark"
    act(explorer, "close")
    assert not explorer.__panel__().drawer


def test_two_explorers_share_a_reading_and_nothing_else(reading):
    from ecgomics.dashboards import Explorer

    one, other = Explorer(reading), Explorer(reading)
    one.selection = [str(reading.census.ids[0])]
    assert len(other.selection) == 0


def test_it_makes_a_bokeh_model_for_a_page(explorer):
    model = explorer.__panel__().get_root()
    assert model.class_name == "ExploreFrame"
    assert set(model.children) == {"records", "rules", "measures", "strip", "map", "candidates", "why", "beats"}


@pytest.mark.parametrize("address", ["0.0.0.0", "192.168.1.4", "::", "example.org", "127.0.0.1.example.org"])
def test_an_address_others_can_reach_is_refused(address):
    with pytest.raises(EcgomicsError, match="other machines can reach"):
        serve("nowhere.zarr", address=address, access="open")


def test_a_port_in_use_is_said(tmp_path):
    import socket

    from ecgomics import pipeline
    from ecgomics.simulate import demo_patients

    pipeline.ingest(demo_patients(2, seed=1), tmp_path / "c.zarr", workers=0, progress=False)
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        with pytest.raises(EcgomicsError, match="cannot be used"):
            serve(tmp_path / "c.zarr", port=taken.getsockname()[1])


def test_no_cohort_is_said(tmp_path):
    with pytest.raises(CohortError, match="no cohort"):
        Site(tmp_path / "nowhere.zarr")
    with pytest.raises(CohortError, match="no cohort"):
        explore(tmp_path / "nowhere.zarr")


def test_a_page_loads_no_model_trainer_or_plotting():
    code = """
import sys
sys.path.insert(0, "tests/unit/dashboards")
import conftest
from pathlib import Path
from tempfile import mkdtemp
from ecgomics.dashboards.serving import offline
offline()
from ecgomics.dashboards import Explorer
from ecgomics.dashboards.census import Census
from ecgomics.dashboards.ranking import Ranker
from ecgomics.dashboards.reading import Reading
from ecgomics.dashboards.rulebook import RuleBook
from ecgomics.rules import load_rules
book = RuleBook(load_rules())
cohort = conftest.FakeCohort(20)
cohort.rules = tuple(book._rules.values())
census = Census(cohort, rule_titles=book.titles)
reading = Reading(census, book.about(census), Ranker(census))
reading.warm()
explorer = Explorer(reading)
explorer.selection = census.ids[:8]
explorer.__panel__().get_root()
print(" ".join(sys.modules))
"""
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, timeout=240, check=False)
    assert done.returncode == 0, done.stderr[-2000:]
    assert not set(done.stdout.split()) & HEAVY
