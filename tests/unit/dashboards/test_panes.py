"""Panes: the state moves the widget, and what is done to the widget moves the state."""

from __future__ import annotations

import numpy as np
import pytest

from ecgomics.dashboards import panes
from ecgomics.dashboards.explore_state import ExploreState


def ints(data):
    return np.frombuffer(data, dtype="<i4").tolist()


def flags(data):
    return np.flatnonzero(np.frombuffer(data, dtype="u1")).tolist()


def do(pane, kind, **detail):
    pane.widget.event = {"type": kind, "made": np.random.default_rng().random(), **detail}


def test_the_list_follows_filters_sort_and_group(state):
    pane = panes.RecordsPane(state)
    assert ints(pane.widget.order)[:3] == [0, 1, 2]
    do(pane, "filter", filters=[{"kind": "age", "value": [60, None]}, {"kind": "sex", "value": "F"}])
    assert [chip["text"] for chip in pane.widget.chips] == ["age ≥ 60", "sex F"]
    assert ints(pane.widget.order) == state.order().tolist()
    do(pane, "sort", name="PR_Int_Global", descending=False)
    assert state.sort == "PR_Int_Global"
    assert state.descending, "a number shows its largest first"
    assert pane.widget.unit == "ms"
    do(pane, "sort", name="PR_Int_Global", descending=False)
    assert not state.descending
    do(pane, "unfilter", id="0")
    assert [chip["text"] for chip in pane.widget.chips] == ["sex F"]
    state.draw([1, 2], lasso=[])
    assert flags(pane.widget.group) == [1, 2]
    assert pane.widget.chips[-1] == {"id": "group", "text": "lasso A", "kind": "group"}
    do(pane, "unfilter", id="group")
    assert not state.selection.records


def test_a_click_in_the_list_opens_the_record(state):
    pane = panes.RecordsPane(state)
    do(pane, "open", position=7)
    assert state.record == state.census.ids[7]
    assert pane.widget.current == 7
    do(pane, "open", position=7000)
    assert pane.widget.current == 7


def test_filtered_records_are_compared_at_a_click(state):
    pane = panes.RecordsPane(state)
    do(pane, "filter", filters=[{"kind": "label", "value": "1AVB"}])
    do(pane, "compare")
    assert len(state.selection) == 15


def test_what_cannot_be_done_is_said_not_raised(state):
    pane = panes.RecordsPane(state)
    do(pane, "sort", name="nonsense", descending=True)
    assert "no column" in state.notice
    do(pane, "filter", filters=[{"kind": "nonsense", "value": 1}])
    assert "no filter looks at" in state.notice


def test_the_list_shows_names_as_they_are(make_reading):
    reading = make_reading(6)
    reading.census.source = np.array(["<img src=x onerror=alert(1)>", *"abcde"])
    pane = panes.RecordsPane(ExploreState(reading.census, reading.rulebook))
    assert pane.widget.table["source"][0] == "<img src=x onerror=alert(1)>"


def test_rules_show_prevalence_state_and_limits(state):
    pane = panes.RulesPane(state)
    rows = {row["id"]: row for row in pane.widget.rules}
    met = int((state.census.numbers("PR_Int_Global") > 200).sum())
    assert rows["long_pr"]["met"] == met
    assert rows["long_pr"]["known"] == 59
    assert "long_pr" in pane.widget.met
    (limit,) = rows["long_pr"]["limits"]
    assert (limit["clause"], limit["value"], limit["unit"], limit["text"]) == ("long_pr.pr", 200, "ms", "PR_Int >")


def test_rules_are_toggled_explained_and_edited(state):
    pane = panes.RulesPane(state)
    do(pane, "toggle", rule="high_voltage", on=True)
    assert state.toggled == ("high_voltage",)
    do(pane, "toggle_all", rules=["long_pr", "high_voltage"], on=False)
    assert state.toggled == ()
    do(pane, "why", rule="long_pr")
    assert pane.widget.opened == "long_pr"
    do(pane, "limit", rule="long_pr", clause="long_pr.pr", place=0, value=150)
    row = next(row for row in pane.widget.rules if row["id"] == "long_pr")
    assert row["edited"]
    assert row["limits"][0]["value"] == 150
    do(pane, "reset", rule="long_pr")
    assert state.limits == {}


def test_the_strip_shows_the_record_its_beats_and_the_evidence_of_rules_that_are_on(state):
    pane = panes.StripPane(state)
    assert pane.widget.ecg.sizes == {"lead": 12, "time": 1000}
    assert pane.widget.title == "500 Hz · 10 s"
    assert pane.widget.spans == []
    state.toggle(["long_pr"], on=True)
    assert len(pane.widget.evidence) == 12
    assert {span["dimension"] for span in pane.widget.evidence} == {"Structural"}
    pane.widget.key = {"name": "next_record", "count": 1}
    assert state.record == state.census.ids[1]
    assert pane.widget.provenance == "recorded"


def test_synthetic_records_say_so(make_reading):
    reading = make_reading(6)
    reading.census.cohort.labels["system"] = "synthetic"
    state = ExploreState(reading.census, reading.rulebook)
    assert panes.StripPane(state).widget.provenance == "synthetic"
    assert panes.MeasurementsPane(state).widget.record["synthetic"]


def test_measurements_mark_what_is_out_of_its_reference(state):
    pane = panes.MeasurementsPane(state)
    pr = next(item for item in pane.widget.values if item["title"] == "PR")
    assert pr["out"]
    assert pr["reference"] == "113–212"
    assert pr["value"] == f"{state.census.numbers('PR_Int_Global')[0]:.0f}"
    assert pane.widget.criteria[0] == {"id": "long_pr", "title": "Long PR"}
    do(pane, "step", by=1)
    assert state.record == state.census.ids[1]
    do(pane, "why", biomarker="PR_Int_Global")
    assert state.why == ("biomarker", "PR_Int_Global")
    state.open(str(state.census.ids[3]))
    assert next(item for item in pane.widget.values if item["title"] == "PR")["value"] == "–"


def test_the_map_draws_colours_and_selects(state):
    pane = panes.MapPane(state)
    places = np.frombuffer(pane.widget.points, dtype="<f4").reshape(-1, 2)
    assert places.shape == (60, 2)
    assert pane.widget.scale["names"] == ["NORM", "1AVB"]
    assert pane.widget.trust == "trustworthiness .93"
    do(pane, "colour", name="PR_Int_Global")
    assert pane.widget.scale["kind"] == "number"
    assert pane.widget.scale["unit"] == "ms"
    assert np.frombuffer(pane.widget.shade, dtype="u1")[3] == 255, "an unknown value has no colour"
    do(pane, "lasso", positions=[0, 1, 2], polygon=[], done=False)
    assert state.drawing == (0, 1, 2)
    assert not state.selection.records
    do(pane, "lasso", positions=[0, 1, 2], polygon=[[0, 0], [1, 0], [1, 1]], done=True)
    assert flags(pane.widget.group) == [0, 1, 2]
    assert pane.widget.group_name == "lasso A · 3 records"
    assert pane.widget.lasso == [[0, 0], [1, 0], [1, 1]]
    do(pane, "clear")
    assert flags(pane.widget.group) == []
    assert pane.widget.lasso == []
    do(pane, "open", position=9)
    assert state.record == state.census.ids[9]
    assert pane.widget.current == 9


def test_setting_the_selection_in_python_moves_the_map(state):
    pane = panes.MapPane(state)
    state.select(state.census.ids[[4, 8]])
    assert flags(pane.widget.group) == [4, 8]


def test_without_a_map_the_pane_says_how_to_make_one(make_reading):
    reading = make_reading(6, mapped=False)
    pane = panes.MapPane(ExploreState(reading.census, reading.rulebook))
    assert np.isnan(np.frombuffer(pane.widget.points, dtype="<f4")).all()
    assert "ecgomics project" in pane.widget.message


def test_before_analysis_every_pane_says_what_to_do(make_reading):
    reading = make_reading(6, analysed=False, mapped=False)
    state = ExploreState(reading.census, reading.rulebook)
    assert "ecgomics analyse" in panes.RulesPane(state).widget.message
    assert panes.RulesPane(state).widget.rules == []
    assert "ecgomics analyse" in panes.MeasurementsPane(state).widget.message
    assert panes.MeasurementsPane(state).widget.criteria is None
    assert "ecgomics analyse" in panes.BeatsPane(state).widget.message
    assert panes.CardPane(state).widget.card == {}
    assert panes.StripPane(state).widget.ecg is not None


@pytest.mark.parametrize("name", panes.__all__)
def test_an_empty_cohort_breaks_no_pane(make_reading, name):
    reading = make_reading(0)
    state = ExploreState(reading.census, reading.rulebook)
    pane = getattr(panes, name)(state)
    assert pane.widget is not None


def test_beats_are_the_groups_own(state):
    beats = state.census.cohort.beats_mv
    beats[:15] *= 3
    pane = panes.BeatsPane(state)
    state.draw(range(15), lasso=[])
    shape = (12, 3, beats.shape[2])
    group = np.frombuffer(pane.widget.group, dtype="<f4").reshape(shape)
    rest = np.frombuffer(pane.widget.rest, dtype="<f4").reshape(shape)
    np.testing.assert_allclose(group[:, 0], 3 * rest[:, 0], rtol=1e-5)
    own = np.frombuffer(pane.widget.own, dtype="<f4").reshape(12, -1)
    np.testing.assert_allclose(own, group[:, 0], rtol=1e-5)
    assert pane.widget.names["group"] == "lasso A (15)"


def test_a_biomarker_of_one_lead_brings_that_lead_up(state):
    pane = panes.BeatsPane(state)
    state.explain("biomarker", "R_Amp_V5")
    assert pane.widget.lead == "V5"
    do(pane, "lead", lead="aVR")
    assert pane.widget.lead == "aVR"


def test_the_card_opens_records_and_sorts(state):
    pane = panes.CardPane(state)
    assert pane.widget.card["title"] == "Long PR"
    do(pane, "why", biomarker="PR_Int_Global")
    assert pane.widget.card["title"] == "PR interval"
    do(pane, "sort", name="PR_Int_Global")
    assert state.sort == "PR_Int_Global"
    do(pane, "open", record=pane.widget.card["biomarker"]["extremes"][0]["records"][0]["id"])
    assert state.record == state.census.ids[state.order()[0]]
    do(pane, "close")
    assert not state.drawer


def test_the_strip_offers_the_patients_earlier_record(tmp_path):
    from ecgomics.dashboards.reading import Reading
    from ecgomics.dashboards.recording import earlier_of
    from ecgomics.pipeline import ingest
    from ecgomics.simulate import demo_patients

    cohort = ingest(demo_patients(5, seed=1), tmp_path / "c.zarr", workers=0, progress=False)
    reading = Reading.of(cohort)
    state = ExploreState(reading.census, reading.rulebook)
    strip = panes.StripPane(state)
    seen = set()
    for record in cohort.records.index:
        state.open(str(record))
        earlier = earlier_of(state.census, str(record))
        seen.add(bool(earlier))
        assert (strip.widget.compare is not None) == bool(earlier)
        assert strip.widget.compare_mode == "off"
        if earlier:
            assert cohort.records.loc[earlier, "patient"] == cohort.records.loc[record, "patient"]
            assert cohort.records.loc[earlier, "start"] < cohort.records.loc[record, "start"]
    assert seen == {True, False}
