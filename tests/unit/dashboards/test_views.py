"""Views: kept as data, as an address and by name; as Python that comes to the same."""

from __future__ import annotations

import json

import numpy as np
import pytest

from ecgomics.dashboards.desk import Desk
from ecgomics.dashboards.explore_state import ExploreState
from ecgomics.dashboards.filters import Filter
from ecgomics.dashboards.library import Library
from ecgomics.dashboards.ranking import Ranker
from ecgomics.dashboards.recipe import recipe_of
from ecgomics.dashboards.shapes import inside
from ecgomics.dashboards.view import query_of, values_of, view_from, view_of
from ecgomics.errors import ServiceError

SHOWN = ("record", "span", "montage", "gain", "speed", "sort", "descending", "filters", "toggled", "limits", "colour")


def other(reading) -> ExploreState:
    return ExploreState(reading.census, reading.rulebook)


def busy(state) -> ExploreState:
    """A state with everything changed that a view holds."""
    ids = state.census.ids
    state.add_filters(
        [Filter("age", (30.0, None)), Filter("sex", "F"), Filter("value", ("PR_Int_Global", 120.5, 300.0))]
    )
    state.add_filters([Filter("text", "rec; & 1=%")])
    state.drop_filter(3)
    state.select(ids[:20], origin="lasso A", drawn_on="latent", lasso=[(0.0, 1.25), (2.5, 3.0), (1.0, -4.0)])
    state.open(str(ids[4]))
    state.sort_by("PR_Int_Global")
    state.colour_by("HR_Mean_Global")
    state.toggle(["long_pr"], on=True)
    state.set_limit("long_pr.pr", value=210.0)
    state.param.update(
        span=(1.5, 4.25), montage="6x2", gain=20, speed=50, lead="V2", why=("biomarker", "HR_Mean_Global")
    )
    return state


def same(one, two) -> None:
    for name in (*SHOWN, "paint", "lead", "why", "encoder"):
        assert getattr(one, name) == getattr(two, name), name
    assert set(one.selection.records) == set(two.selection.records)
    assert one.selection.origin == two.selection.origin
    assert one.selection.drawn_on == two.selection.drawn_on
    assert np.allclose(one.lasso, two.lasso)


def test_a_view_survives_json(state, reading):
    view = json.loads(json.dumps(view_of(busy(state))))
    fresh = other(reading)
    values, lost = values_of(fresh, view)
    fresh.show("view", values)
    assert lost == []
    same(state, fresh)
    fresh.undo()
    same(other(reading), fresh)


def test_an_address_leads_back_to_the_view(state, reading):
    query = query_of(view_of(busy(state)), state)
    assert "rec" not in query.replace("record", "")  # ids, never what a file calls a recording
    fresh = other(reading)
    fresh.show("link", values_of(fresh, view_from(query, fresh))[0])
    same(state, fresh)


def test_an_untouched_page_has_a_short_address(state):
    assert query_of(view_of(state), state) == f"record={state.record}"


@pytest.mark.parametrize(
    "query",
    [
        "record=nobody&sort=-no_column&colour=x&map=none&rules=a,b&limits=long_pr.pr:x;zz:1&filters=age:%22x%22;zzz:1",
        "span=9-2&members=0000.AAAA&group=g&lasso=1,2;x,y&gain=fast&why=rule&filters=value:[1]",
        "filters=value:%5B%22PR_Int_Global%22%2Cnull%2Cnull%5D&filters=%00&members=%C3%A9.%F0%9F%98%80",
        "members=" + "A" * 5000,
    ],
)
def test_a_damaged_address_shows_what_can_be_shown(state, query):
    values, _ = values_of(state, view_from(query, state))
    state.show("link", values)
    assert state.record in state.census.index
    assert state.filters == ()
    assert state.selection.records == ()
    assert len(state.order()) == len(state.census)


def test_a_group_of_another_state_of_the_cohort_is_not_shown_as_if_it_were_this_one(state, make_reading):
    state.select(state.census.ids[:7], origin="mine")
    query = query_of(view_of(state), state)
    larger = make_reading(n=61)
    fresh = other(larger)
    values, lost = values_of(fresh, view_from(query, fresh))
    assert len(values["selection"]) == 0
    assert lost == ["the group mine"]


@pytest.fixture
def library(state, tmp_path):
    return Library(state, Desk(tmp_path / "c.zarr"))


def test_views_and_groups_are_saved_shown_and_forgotten(library, reading):
    state = busy(library.state)
    library.save("view", "long PR")
    library.save("selection", "mine")
    assert state.selection.origin == "mine"
    listed = {(entry["kind"], entry["name"]): entry["about"] for entry in library.desk.listed()}
    assert listed == {("view", "long PR"): "3 filters · lasso A", ("selection", "mine"): "20 records"}

    fresh = other(reading)
    elsewhere = Library(fresh, library.desk)
    elsewhere.show("selection", "mine")
    assert set(fresh.selection.records) == set(state.selection.records)
    assert fresh.filters == ()
    fresh.undo()
    assert len(fresh.selection) == 0
    elsewhere.show("view", "long PR")
    assert fresh.filters == state.filters
    library.desk.remove("view", "long PR")
    with pytest.raises(ServiceError):
        elsewhere.show("view", "long PR")


def test_a_saved_group_is_named_in_the_address_and_found_by_its_name(library, reading):
    library.state.select(library.state.census.ids[:9], origin="x")
    library.save("selection", "nine")
    link = library.link()
    assert "group=nine" in link
    assert "members" not in link
    fresh = other(reading)
    Library(fresh, library.desk).open({"group": "nine"})
    assert len(fresh.selection) == 9
    assert fresh.undoable == ""
    Library(fresh, library.desk).open({"group": "nobody's"})
    assert "no saved selection" in fresh.notice


def test_nothing_is_saved_without_a_name_or_a_group(library):
    with pytest.raises(ServiceError, match="name"):
        library.save("view", "  ")
    with pytest.raises(ServiceError, match="no group"):
        library.save("selection", "x")


def test_inside_follows_the_even_odd_rule():
    star = [(0.0, 3.0), (2.0, -2.0), (-3.0, 1.0), (3.0, 1.0), (-2.0, -2.0)]
    points = [(0.0, 0.0), (0.0, 2.0), (2.0, 0.8), (5.0, 5.0), (np.nan, 0.0)]
    assert inside(points, star).tolist() == [False, True, True, False, False]
    assert not inside(points, star[:2]).any()


@pytest.fixture(scope="module")
def store(tmp_path_factory):
    from ecgomics import pipeline
    from ecgomics.simulate import demo_patients

    path = tmp_path_factory.mktemp("recipe") / "small.zarr"
    cohort = pipeline.ingest(demo_patients(36, seed=3), path, workers=0, progress=False)
    pipeline.analyse(cohort, workers=0, progress=False)
    pipeline.embed(cohort, encoder="handmade", progress=False)
    pipeline.project(cohort)
    return path


@pytest.mark.parametrize("case", ["plain", "filtered", "lasso", "picked"])
def test_the_recipe_runs_and_comes_to_the_same(store, case):
    from ecgomics.dashboards.reading import Reading

    reading = Reading.of(store)
    state = other(reading)
    if case == "filtered":
        code = reading.census.label_counts.most_common(1)[0][0]
        state.add_filters(
            [Filter("label", code), Filter("quality", 0.1), Filter("value", ("HR_Mean_Global", 40.0, None))]
        )
        state.sort_by("PR_Int_Global")
        state.toggle(["first_degree_block"], on=True)
        state.set_limit(next(iter(_clauses(state, "first_degree_block"))), value=150.0)
        state.param.update(montage="6x2", span=(1.0, 3.0))
    elif case == "lasso":
        places, _ = reading.census.map_of(state.encoder)
        (x0, y0), (x1, y1) = places.min(axis=0) - 1, np.median(places, axis=0)
        corners = [(x0, y0), (x1, y0), (x1, y1), (x0, y1)]
        state.draw(np.flatnonzero(inside(places, corners)), lasso=corners)
        state.sort_by("label", descending=True)
    elif case == "picked":
        state.pick(range(0, 36, 2), how="add")
        state.sort_by("age")
    found: dict[str, object] = {}
    code = recipe_of(state)
    exec(compile(code, "recipe", "exec"), found)
    assert found["listed"] == [str(record) for record in state.census.ids[state.order()]], code
    if state.selection.records:
        assert set(found["group"]) == set(state.selection.records)
    if case == "lasso":
        assert "inside(" in code
        about = Ranker(reading.census).full(state.selection).about
        assert f"({found['contrast'].n.patients_group} patients)" in about
    if case == "filtered":
        met = int((found["findings"]["state"].sel(rule="first_degree_block") == 1).sum())
        assert met == state.rulebook.prevalence("first_degree_block", limits=state.limits)[0]
        assert found["strip"].layout == "6x2"
        assert found["strip"].view == (1.0, 3.0)


def _clauses(state, rule):
    return [field["clause"] for field in state.rulebook.limit_fields(rule, limits={})]
