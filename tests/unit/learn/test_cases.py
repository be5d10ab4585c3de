"""The authored cases: they fit the schema, and what they say is right agrees with truth and rules."""

from __future__ import annotations

import math

import pytest

from ecgomics.biomarkers import columns
from ecgomics.errors import LearnError
from ecgomics.learn import (
    LESSONS,
    TOPICS,
    Target,
    case_of,
    casebook,
    field_of,
    form,
    load_cases,
    mark,
    mark_again,
    mark_all,
    mark_choice,
    read_case,
    total,
)
from ecgomics.learn.cases import Choice, cases_of_file
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


def test_a_bad_file_is_told_with_its_line_and_the_others_are_read(tmp_path):
    import yaml

    (tmp_path / "good.yaml").write_text(yaml.safe_dump(GOOD))
    (tmp_path / "bad.yaml").write_text("id: another\ntitle: A case\nlevel: 9\n" + "topic: axis\n")
    (tmp_path / "broken.yaml").write_text("id: another\n  title: [\n")
    (tmp_path / "unknown.yaml").write_text(yaml.safe_dump(GOOD | {"id": "third", "ecg": {"condition": "lbb"}}))
    (tmp_path / "known.yaml").write_text(yaml.safe_dump(GOOD | {"id": "slow_conductor"}))
    book = casebook(tmp_path)
    assert book.case("a_case") is not None
    assert len(book.cases) == len(load_cases()) + 1
    told = "\n".join(book.troubles)
    assert len(book.troubles) == 4
    assert "bad.yaml, line" in told
    assert "broken.yaml, line 2" in told
    assert "did you mean 'lbbb'" in told
    assert "known.yaml: a second case called slow_conductor" in told
    with pytest.raises(LearnError, match=r"bad.yaml, line 3: level does not fit"):
        cases_of_file("bad.yaml", yaml.safe_dump(GOOD | {"level": 9}, sort_keys=False).encode())


def test_a_kept_case_is_a_file_that_reads_back(tmp_path):
    book = casebook(tmp_path / "mine")
    kept = book.keep(GOOD)
    assert (tmp_path / "mine" / "a_case.yaml").read_text().startswith("id: a_case")
    assert casebook(tmp_path / "mine").case("a_case") == kept
    with pytest.raises(LearnError, match="called a_case"):
        casebook(tmp_path / "mine").keep(GOOD)
    assert casebook(tmp_path / "mine").free_id("A case!") == "a_case_2"
    with pytest.raises(LearnError, match="no folder"):
        casebook().keep(GOOD | {"id": "nowhere"})


def test_the_st_level_is_asked_where_it_is_greatest():
    case = read_case(GOOD | {"ecg": {"condition": "anterior_st_elevation", "seed": 2}, "ask": ["st", "conclusion"]})
    target = case.targets(case.examination())["st"]
    assert target.lead in ("V2", "V3", "V4")
    assert target.value > 0.2
    assert mark(target, target.value + 0.04).share == 1.0
    assert mark(target, target.value + 0.08).share == 0.5
    assert mark(target, target.value + 0.3).feedback.endswith("0.30 mV too high")
    assert "st" not in read_case(GOOD).asked


def test_a_second_try_is_worth_half_and_never_less_than_the_first():
    target = Target(field_of("pr"), value=200.0)
    wrong, half = mark(target, 300), mark(target, 235)
    assert mark_again(wrong, 200).share == 0.5
    assert mark_again(half, 200).share == 0.5
    assert mark_again(half, 300).share == 0.5
    assert mark_again(mark(target, 300, hints=1), 200).share == pytest.approx(0.375)


def test_a_question_beside_the_form_is_marked():
    choice = Choice("why", "Why is it so?", ("one", "two"), 1, "because")
    assert mark_choice(choice, 1).share == 1.0
    assert mark_choice(choice, 0).feedback == "expected: two"
    assert mark_choice(choice, None).verdict == "none"
