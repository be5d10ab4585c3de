"""Discover without a browser: the question, what is worked out of it, what it costs and what is handed on."""

from __future__ import annotations

import json
from dataclasses import replace

import numpy as np
import pytest

from ecgomics.dashboards import discover_work
from ecgomics.dashboards.discover import Discoverer
from ecgomics.dashboards.discover_panes import (
    EvidencePane,
    FamiliesPane,
    FindingsPane,
    LockboxPane,
    PanelPane,
    QuestionPane,
    VolcanoPane,
)
from ecgomics.dashboards.discover_state import DiscoverState, tried
from ecgomics.dashboards.discover_work import Investigator
from ecgomics.dashboards.selection import Selection
from ecgomics.discovery import Group, Ledger, contrast, reproduce
from ecgomics.errors import DiscoveryError, VocabularyError
from ecgomics.settings import LockBoxSettings, PanelSettings, StabilitySettings

FEW = StabilitySettings(resamples=10)
SMALL = PanelSettings(folds=3, inner=3, repeats=1, resamples=100, most=3)


def at_once(job, then):
    then(job())


@pytest.fixture
def reading(make_reading, monkeypatch):
    """240 records, a quarter with a long PR; a fifth set aside; a ledger in memory; few draws."""
    found = make_reading(n=240)
    cohort = found.census.cohort
    kept: list = []

    def note_look(look):
        kept.append(json.loads(json.dumps(look(tuple(kept)) if callable(look) else look)))
        return kept[-1]

    names = cohort.biomarkers["biomarker"].values.astype(str)
    chosen = ["PR_Int_Global", "Sokolow_Global", "PR_Seg_Global", "HR_Mean_Global", "QRS_Dur_Global", "R_Amp_V5"]
    rows = [int(np.flatnonzero(names == name)[0]) for name in chosen]
    values = cohort._biomarkers.isel(biomarker=rows).copy(deep=True)
    rng = np.random.default_rng(1)
    table = values["value"].values
    table[:, 2] = table[:, 0] - 80 + rng.normal(0, 4, len(table))
    age = cohort.records["age"].to_numpy()
    table[:, 5] = age + rng.normal(0, 8, len(age))
    cohort._biomarkers = values
    monkeypatch.setattr(type(cohort), "lockbox", LockBoxSettings(share=0.2), raising=False)
    monkeypatch.setattr(type(cohort), "looks", lambda self: tuple(kept), raising=False)
    monkeypatch.setattr(type(cohort), "note_look", lambda self, look: note_look(look), raising=False)
    monkeypatch.setattr(discover_work, "STABILITY", FEW)
    monkeypatch.setattr(discover_work, "PANEL", SMALL)
    monkeypatch.setattr(discover_work, "NULL_DRAWS", 10)
    return found


@pytest.fixture
def state(reading):
    return DiscoverState(reading.census)


@pytest.fixture
def asked(state):
    """A state whose question is worked out."""
    state.worker = Investigator(state, run=at_once)
    state.define("group", "label:1AVB")
    return state


def test_a_question_is_answered_piece_by_piece(state):
    jobs = []
    worker = Investigator(state, run=lambda job, then: jobs.append((job, then)))
    state.define("group", "label:1AVB")
    seen = []
    while jobs:
        job, then = jobs.pop(0)
        seen.append((state.task, state.answer.final, round(state.progress, 2)))
        then(job())
    assert [task for task, _, _ in seen] == [
        "effects",
        "intervals and halves",
        "null cloud",
        "families",
        "stability",
        "panel",
    ]
    assert [final for _, final, _ in seen] == [False, False, True, True, True, True]
    assert state.task == ""
    assert state.answer.found.candidates()["biomarker"].tolist() == ["PR_Int_Global", "PR_Seg_Global"]
    assert state.answer.families["family"].nunique() == 1
    assert set(state.answer.panel.models["model"]) == {"confounders", "expert", "latent", "both"}
    assert state.opened == "PR_Int_Global"
    assert tried(state.ledger) == "1 contrast since the cohort was opened · 6 tests tried"
    badges = state.answer.found.results.set_index("biomarker")["badge"]
    assert badges["PR_Int_Global"] == "validated"
    assert worker.state is state


def test_the_lock_box_is_not_looked_at(asked, reading):
    found = asked.answer.found
    assert found.n.elsewhere == asked.aside()["patients"] > 10
    seen = set(found.sides[0]) | set(found.sides[1])
    aside = {str(record) for record in reading.census.ids[asked._aside]}
    assert not seen & aside


def test_a_newer_question_forgets_the_older(state):
    jobs = []
    Investigator(state, run=lambda job, then: jobs.append((job, then)))
    state.define("group", "label:1AVB")
    old = jobs.pop()
    state.define("group", "label:NORM")
    assert state.stale is False  # nothing was there yet
    old[1](old[0]())
    assert state.answer.found is None
    job, then = jobs.pop()
    then(job())
    assert state.answer.found.recipe["group"]["name"] == "label:NORM"
    state.adjust_for("sex", on=False)
    assert state.stale


def test_work_can_be_cancelled_and_what_is_there_stays(state):
    jobs = []
    worker = Investigator(state, run=lambda job, then: jobs.append((job, then)))
    state.define("group", "label:1AVB")
    job, then = jobs.pop()
    then(job())
    worker.cancel()
    job, then = jobs.pop()
    then(job())
    assert state.task == ""
    assert state.answer.found is not None
    assert not state.answer.final
    assert not jobs


def test_what_cannot_be_compared_says_why(asked):
    asked.define("group", "age > 400")
    assert "0 patients in the group" in asked.trouble
    assert asked.task == ""
    asked.undo()
    assert asked.trouble == ""
    assert asked.candidates()


def test_undo_takes_the_question_back(asked):
    asked.adjust_for("HR_Mean_Global", on=True)
    assert asked.undoable == "adjusted for heart rate"
    assert asked.answer.found.recipe["adjust"] == ["age", "sex", "HR_Mean_Global"]
    asked.undo()
    assert asked.adjust == ("age", "sex")
    asked.redo()
    assert "HR_Mean_Global" in asked.adjust
    with pytest.raises(DiscoveryError, match="did you mean 'age'"):
        asked.adjust_for("agee", on=True)


def test_groups_are_saved_and_come_back(asked, reading):
    asked.save("group", " block ")
    again = DiscoverState(reading.census)
    again.define("group", "saved:block and age >= 50")
    assert set(again.group.records) < set(asked.group.records)
    assert asked.group.name == "block"
    with pytest.raises(DiscoveryError, match="no group to be saved"):
        again.save("against", "x")


def test_a_lasso_stays_exploratory_and_cannot_be_spent(state):
    Investigator(state, run=at_once)
    state.choose(state.census.ids[:60], name="lasso A", drawn_on="latent")
    assert state.answer.found.badge == "exploratory"
    state.tick("PR_Int_Global", on=True)
    assert "drawn on the data" in state.cannot_spend()
    with pytest.raises(VocabularyError, match="none of these record ids"):
        state.choose(["x"], name="lasso B", drawn_on="latent")


def test_candidates_are_spent_once_and_only_when_asked(asked):
    worker = asked.worker
    pane = LockboxPane(asked, spend=worker.spend, dossier=lambda hand_over: None)
    assert asked.cannot_spend() == "Tick the candidates to be spent."
    asked.tick("R_Amp_V5", on=True)
    assert asked.ticked == ()  # no candidate
    asked.tick("PR_Int_Global", on=True)
    assert pane.widget.card["ready"]
    assert pane.widget.card["ticked"][0]["power"] > 0.9
    pane.widget.event = {"type": "spend"}
    assert asked.spent().empty  # nobody was asked
    pane.widget.event = {"type": "ask"}
    assert asked.asking
    pane.widget.event = {"type": "spend"}
    assert asked.spent()["biomarker"].tolist() == ["PR_Int_Global"]
    assert asked.answer.found.results.set_index("biomarker").loc["PR_Int_Global", "badge"] == "replicated"
    assert not asked.asking
    assert "1 of 1 replicated" in asked.notice
    assert pane.widget.card["past"][0]["replicated"]
    # asked again, the badge is remembered and the candidate cannot be ticked
    asked.adjust_for("sex", on=False)
    assert asked.answer.found.results.set_index("biomarker").loc["PR_Int_Global", "badge"] == "replicated"
    row = FindingsPane(asked).widget.rows[0]
    assert row["biomarker"] == "PR_Int_Global"
    assert not row["tickable"]


def test_the_table_folds_families_and_keeps_what_adjustment_killed(asked):
    asked.use("group", Group("old", tuple(asked.census.ids[asked.census.age > 60].tolist()), origin="table"))
    asked.adjust_for("sex", on=False)
    pane = FindingsPane(asked)
    gone = [row for row in pane.widget.rows if row["gone"]]
    assert [(row["biomarker"], row["reason"]) for row in gone] == [("R_Amp_V5", "gone with age")]
    assert not gone[0]["tickable"]
    asked.define("group", "label:1AVB")
    folded = [row["biomarker"] for row in pane.widget.rows if not row["gone"]]
    assert folded == ["PR_Int_Global"]
    pane.widget.event = {"type": "unfold", "biomarker": "PR_Int_Global"}
    rows = pane.widget.rows
    assert [row["biomarker"] for row in rows] == ["PR_Int_Global", "PR_Seg_Global"]
    assert rows[1]["child"]
    assert rows[1]["correlation"] > 0.7
    pane.widget.event = {"type": "fold", "name": "all"}
    assert [row["size"] for row in pane.widget.rows] == [1, 1]
    pane.widget.event = {"type": "open", "biomarker": "PR_Seg_Global"}
    assert asked.opened == "PR_Seg_Global"


def test_the_sentence_and_the_volcano_follow(asked):
    bar = QuestionPane(asked, cancel=lambda: None, jump=lambda: None)
    assert bar.widget.sentence["group"]["n"] == asked.answer.found.n.patients_group
    assert bar.widget.sentence["against"]["n"] == asked.answer.found.n.patients_rest
    terms = {term["text"] for term in bar.widget.choices["terms"]}
    assert {"label:1AVB", "rule:long_pr"} <= terms
    assert "1 contrast" in bar.widget.facts["tried"]
    bar.widget.event = {"type": "define", "side": "against", "text": "label:NORM and sex = F"}
    assert asked.against is not None
    bar.widget.event = {"type": "define", "side": "against", "text": "label:NROM"}
    assert "did you mean 'NORM'" in asked.notice
    bar.widget.event = {"type": "save", "side": "against", "name": "healthy women"}
    assert any(term["text"] == 'saved:"healthy women"' for term in bar.widget.choices["terms"])
    bar.widget.event = {"type": "define", "side": "against", "text": ""}
    assert asked.against is None
    volcano = VolcanoPane(asked)
    assert len(volcano.widget.rows) == 6
    assert volcano.widget.cloud_text == "null: labels permuted ×10"
    volcano.widget.event = {"type": "effect", "name": "auc_adjusted"}
    assert volcano.widget.axis["title"] == "AUC, adjusted"
    volcano.widget.event = {"type": "choose", "biomarker": "QRS_Dur_Global"}
    assert asked.opened == "QRS_Dur_Global"


def test_the_drawer_goes_from_values_to_records(asked):
    head, body = EvidencePane(asked, part="head").widget, EvidencePane(asked, part="body").widget
    assert head.card["badge_title"] == "split-validated"
    assert head.card["group"]["value"].endswith("ms")
    assert head.card["halves"].startswith("both halves")
    assert len(body.card["dose"]) == 5
    names = [row["name"] for row in body.card["subgroups"]]
    assert names[0] == "all"
    assert {"women", "men"} <= set(names)
    kinds = {row["text"].split(" ")[0] for row in body.card["records"]}
    assert {"A", "B"} <= kinds
    assert all(row["href"].startswith("./?record=") for row in body.card["records"])
    assert "QRS onset" in body.card["definition"]
    asked.open("no such biomarker")
    assert asked.opened == "PR_Int_Global"


def test_what_is_worked_out_again_stays_greyed_until_then(asked):
    families, panel = FamiliesPane(asked), PanelPane(asked, make=lambda: None)
    assert families.widget.rows[0]["size"] == 2
    assert panel.widget.card["models"][1]["main"]
    asked.param.update(task="families", answer=replace(asked.answer, families=None, panel=None))
    assert families.widget.state == panel.widget.state == "stale"
    assert families.widget.rows
    assert panel.widget.card


def test_a_large_panel_waits_to_be_asked_for(asked, monkeypatch):
    monkeypatch.setattr(discover_work, "PANEL_CELLS", 10)
    asked.adjust_for("sex", on=False)
    pane = PanelPane(asked, make=asked.worker.make_panel)
    assert pane.widget.offer
    pane.widget.event = {"type": "make"}
    assert asked.answer.panel is not None
    assert not pane.widget.offer


def test_the_page_is_a_value_in_a_notebook_and_its_dossier_can_be_followed(reading):
    page = Discoverer(reading)
    assert page.contrast is None
    with pytest.raises(DiscoveryError, match="nothing worked out yet"):
        page.dossier()
    page.group = "label:1AVB"
    page.against = Selection.of(reading.census.ids[100:200], origin="python")
    assert page.contrast.n.patients_rest <= 100
    page.against = None
    assert page.against is None
    handed = []
    page._panes["lockbox"]._hand_over = handed.append
    page._write(handed.append)
    stored = json.loads(json.dumps(handed[0].as_dict()))
    assert stored["title"] == "label:1AVB against the rest"
    again = reproduce(stored, discover_work.held(reading.census))
    assert again.exact, again.differences
    assert Ledger.of(reading.census.cohort).contrasts == 2
    page._act({"type": "step", "by": 1})
    assert page.state.opened == "PR_Seg_Global"
    page._act({"type": "close"})
    assert not page.state.drawer


def test_a_group_arrives_by_the_address(reading):
    page = Discoverer(reading)
    page._arrive({"define": "rule:long_pr"})
    assert page.group.origin == "rules"
    page._arrive({"define": "rule:nothing"})
    assert "no rule 'nothing'" in page.state.notice
    from ecgomics.dashboards.explore_state import ExploreState
    from ecgomics.dashboards.panes import CandidatesPane

    explore = ExploreState(reading.census, reading.rulebook)
    pane = CandidatesPane(explore, discover="discover")
    assert pane.widget.link == ""
    explore.draw(range(50), lasso=[(0, 0), (1, 0), (1, 1)])
    explore.ranking_stale = not explore.ranking_stale
    path, _, query = pane.widget.link.partition("?")
    from urllib.parse import parse_qsl

    page._arrive(dict(parse_qsl(query)))
    assert path == "discover"
    assert page.group.origin == "latent"
    assert page.group.records == tuple(sorted(reading.census.ids[:50].tolist()))


def test_explore_shows_the_badges_and_notes_the_look(reading):
    from ecgomics.dashboards.ranking import Ranker

    census = reading.census
    chosen = Selection.of(census.ids[:60], origin="filter: 1AVB", drawn_on="labels")
    first = Ranker(census).full(chosen)
    badges = first.table.set_index("biomarker")["badge"]
    assert badges["PR_Int_Global"] == "validated"
    assert Ledger.of(census.cohort).contrasts == 1
    found = contrast(discover_work.held(census), Group("g", chosen.records, origin="labels"), adjust=["age", "sex"])
    from ecgomics.discovery import replicate

    group = Group("g", chosen.records, origin="labels")
    replicate(found, discover_work.held(census), group=group, biomarkers=["PR_Int_Global"], adjust=["age", "sex"])
    assert Ranker(census).full(chosen).table.set_index("biomarker").loc["PR_Int_Global", "badge"] == "replicated"
    lasso = Selection.of(census.ids[:60], origin="lasso A", drawn_on="latent")
    assert set(Ranker(census).full(lasso).table["badge"]) == {"exploratory"}
