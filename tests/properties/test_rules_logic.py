"""Three-valued logic: what must hold for any statement, known or not."""

from __future__ import annotations

from itertools import pairwise, product

import numpy as np
import xarray as xr
from hypothesis import given, settings
from hypothesis import strategies as st

from ecgomics.rules import evaluate, load_rules
from ecgomics.rules.kleene import (
    MET,
    NOT_MET,
    UNKNOWN,
    Outcome,
    at_least,
    conjunction,
    disjunction,
    negate,
    neighbours,
    points,
)
from ecgomics.vocabulary import STATES

states = st.sampled_from([int(NOT_MET), int(MET), int(UNKNOWN)])
several = st.lists(states, min_size=1, max_size=5)
RULES = load_rules()
COLUMNS = sorted({name for rule in RULES for name in rule.inputs})


def outcome(state: int, size: float = 0.5) -> Outcome:
    margin = {int(MET): size, int(NOT_MET): -size, int(UNKNOWN): np.nan}[state]
    return Outcome(np.array([state], dtype=np.uint8), np.array([margin], dtype=np.float32))


def all_of(given_states: list[int]) -> list[Outcome]:
    return [outcome(state, 0.1 * (k + 1)) for k, state in enumerate(given_states)]


def completions(given_states: list[int]) -> list[list[int]]:
    choices = [[0, 1] if state == UNKNOWN else [state] for state in given_states]
    return [list(choice) for choice in product(*choices)]


def is_the_kleene_value(result: Outcome, classical: list[bool]) -> bool:
    """Unknown exactly when completing the unknown parts can end either way."""
    if all(classical):
        return bool(result.state[0] == MET)
    if not any(classical):
        return bool(result.state[0] == NOT_MET)
    return bool(result.state[0] == UNKNOWN)


@given(several, st.integers(1, 5))
def test_counting_is_unknown_only_when_it_could_end_either_way(given_states, needed):
    needed = min(needed, len(given_states))
    result = at_least(needed, all_of(given_states))
    assert is_the_kleene_value(result, [sum(c) >= needed for c in completions(given_states)])


@given(several, st.lists(st.integers(1, 4), min_size=5, max_size=5), st.integers(1, 12))
def test_points_are_unknown_only_when_they_could_end_either_way(given_states, weights, needed):
    weights = weights[: len(given_states)]
    result = points(needed, all_of(given_states), weights)
    classical = [sum(w for w, s in zip(weights, c, strict=True) if s) >= needed for c in completions(given_states)]
    assert is_the_kleene_value(result, classical)


@given(st.lists(states, min_size=4, max_size=4))
def test_neighbours_need_to_touch(given_states):
    result = neighbours(2, all_of(given_states), [(0, 1, 2, 3)])
    if result.state[0] == MET:
        assert any(a == b == MET for a, b in pairwise(given_states))
    if result.state[0] == NOT_MET:
        assert not any(a != NOT_MET and b != NOT_MET for a, b in pairwise(given_states))


@given(several)
def test_de_morgan_with_margins(given_states):
    parts = all_of(given_states)
    left, right = negate(conjunction(parts)), disjunction([negate(part) for part in parts])
    np.testing.assert_array_equal(left.state, right.state)
    np.testing.assert_allclose(left.margin, right.margin)


@given(several)
def test_the_margin_has_the_sign_of_the_state(given_states):
    for combine in (conjunction, disjunction):
        result = combine(all_of(given_states))
        state, margin = result.state[0], result.margin[0]
        assert np.isnan(margin) if state == UNKNOWN else (margin > 0) == (state == MET)


@given(states)
def test_not_twice_is_nothing(state):
    result = negate(negate(outcome(state)))
    assert result.state[0] == state


def judged(row: dict[str, float], age: float, sex: str) -> dict[str, str]:
    table = xr.Dataset(
        {"value": (("record", "biomarker"), np.array([[row[name] for name in row]], dtype=np.float32))},
        coords={"record": ["a"], "biomarker": list(row)},
    )
    person = xr.Dataset({"age": ("record", [age]), "sex": ("record", [sex])}, coords={"record": ["a"]})
    found = evaluate(table, subjects=person, rules=RULES)
    return {
        str(name): STATES[int(s)]
        for name, s in zip(found["rule"].values, found["criteria_state"].values[0], strict=True)
    }


@settings(max_examples=25, deadline=None)
@given(
    st.lists(st.floats(-200, 600, width=32), min_size=len(COLUMNS), max_size=len(COLUMNS)),
    st.sets(st.sampled_from(COLUMNS), max_size=40),
    st.sampled_from(["M", "F"]),
)
def test_taking_inputs_away_never_turns_an_outcome_into_its_opposite(values, removed, sex):
    known = dict(zip(COLUMNS, values, strict=True))
    full = judged(known, 60.0, sex)
    less = judged({name: value for name, value in known.items() if name not in removed}, 60.0, sex)
    plain = {rule.id for rule in RULES if not rule.depends_on or rule.depends_on == ("not_interpretable",)}
    for name in plain:
        assert less[name] in (full[name], "unknown"), name
