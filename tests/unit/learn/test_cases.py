"""The authored cases: they fit the schema, and what they say is right agrees with truth and rules."""

from __future__ import annotations

import math

import pytest

from ecgomics.biomarkers import columns
from ecgomics.errors import LearnError
from ecgomics.learn import LESSONS, TOPICS, case_of, field_of, form, load_cases, mark_all, read_case, total
from ecgomics.rules import load_rules
from ecgomics.simulate import CONDITIONS

RULES = {rule.id for rule in load_rules()}
COLUMNS = set(columns()["column"])
GOOD = {
    "id": "a_case",
    "title": "A case",
    "level": 1,
    "topic": "axis",
    "vignette": "A person who comes to have an ECG.",
    "ecg": {"condition": "normal"},
    "why": "Because it is what it is and that is how it is told apart.",
}


def test_there_are_enough_of_every_topic_and_level():
    cases = load_cases()
    assert len(cases) >= 40
    assert {case.topic for case in cases} == set(TOPICS)
    assert {case.level for case in cases} == {1, 2, 3, 4}


@pytest.mark.parametrize("case", load_cases(), ids=lambda case: case.id)
def test_a_case_agrees_with_truth_and_rules(case):
    assert case.condition in CONDITIONS
    assert set(case.met + case.not_met) <= RULES
    assert set(case.biomarkers) <= COLUMNS
    assert set(case.lessons) <= set(LESSONS)
    assert set(case.partly) <= set(CONDITIONS)
    assert set(case.hints or {}) <= set(case.asked)
    seen = case.examination()
    states = {name: seen.standings[name].state for name in (*case.met, *case.not_met)}
    assert all(states[name] == "met" for name in case.met), states
    assert all(states[name] != "met" for name in case.not_met), states
    targets = case.targets(seen)
    for name in case.asked:
        target = targets[name]
        assert set(target.right) | set(target.also) <= set(field_of(name).options)
        if name in ("rate", "qrs") and case.condition != "ventricular_tachycardia":
            assert math.isfinite(target.value)
    for choice in case.choices:
        assert 0 <= choice.right < len(choice.options)


def test_the_pr_target_is_the_truth():
    case = case_of("slow_conductor")
    assert case.targets(case.examination())["pr"].value == pytest.approx(case.patient().pr_ms, abs=3)


def test_a_perfect_reading_has_all_points():
    for name in ("slow_conductor", "no_two_alike", "late_on_the_left"):
        case = case_of(name)
        targets = case.targets(case.examination())
        given = {
            line: (round(t.value) if math.isfinite(t.value) else None)
            if t.field.kind == "number"
            else (t.right[0] if t.field.kind == "choice" else list(t.right))
            for line, t in targets.items()
        }
        earned, possible = total(mark_all(targets, given, asked=case.asked, hints={}))
        assert earned == possible, name


def test_asked_lines_are_lines_of_the_form():
    known = {line.id for line in form()}
    assert all(set(case.asked) <= known for case in load_cases())


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ({"level": 9}, "level"),
        ({"extra": 1}, "top"),
        ({"ecg": {}}, "ecg"),
        ({"hints": {"xx": ["a hint here"]}}, "hints"),
    ],
)
def test_a_file_that_does_not_fit_says_where(change, said):
    with pytest.raises(LearnError, match=said):
        read_case(GOOD | change)


def test_a_folder_of_ones_own(tmp_path):
    import yaml

    (tmp_path / "mine.yaml").write_text(yaml.safe_dump([GOOD, GOOD | {"id": "another_one"}]))
    assert [case.id for case in load_cases(tmp_path)] == ["a_case", "another_one"]
    (tmp_path / "twice.yaml").write_text(yaml.safe_dump(GOOD))
    with pytest.raises(LearnError, match="twice"):
        load_cases(tmp_path)
    (tmp_path / "twice.yaml").write_text("a: [")
    with pytest.raises(LearnError, match="no YAML"):
        load_cases(tmp_path)
