"""Edited limits as a rule file: written, read back, and refused when wrong."""

from __future__ import annotations

import math
from pathlib import Path

import pytest
import yaml

from ecgomics.errors import RuleError
from ecgomics.rules import load_rules, revised, rules_text, with_limits, write_limits

RULES = {rule.id: rule for rule in load_rules()}


def test_one_rule_with_another_limit_by_the_clauses_short_or_long_name() -> None:
    rule = RULES["first_degree_block"]
    for name in ("pr_long", "first_degree_block.pr_long"):
        assert revised(rule, limits={name: 220}).clauses[0].bands[0].limit == 220
    assert rule.clauses[0].bands[0].limit == 200, "the rule itself stays as it is"


@pytest.mark.parametrize(
    ("rule", "limits", "said"),
    [
        ("first_degree_block", {"pr_log": 210}, "did you mean 'first_degree_block.pr_long'"),
        ("first_degree_block", {"pr_long": math.nan}, "no number"),
        ("first_degree_block", {"pr_long": math.inf}, "no number"),
        ("first_degree_block", {"pr_long": [1, 2]}, "2 limits"),
        ("sinus_rhythm", {"rate": 60}, "two limits"),
        ("sinus_rhythm", {"rate": [100, 60]}, "falling order"),
        ("sinus_arrhythmia", {"range": 3}, "another biomarker"),
    ],
)
def test_limits_that_cannot_be_are_refused(rule: str, limits: dict[str, object], said: str) -> None:
    with pytest.raises(RuleError, match=said):
        revised(RULES[rule], limits=limits)  # type: ignore[arg-type]


EDITS: list[dict[str, object]] = [
    {"first_degree_block.pr_long": 215},
    {"sinus_rhythm.rate": [60, 100]},
    {"lvh_cornell.voltage": [2.7, 1.9]},
    {"lvh_cornell.voltage": 2.5},
    {"long_qt.qtc": [455, 465], "not_interpretable.quality": 0.4},
    {"st_depression.j_low": -0.1},
    {"st_elevation_stemi.j_raised": 0.15},
]


@pytest.mark.parametrize("limits", EDITS)
def test_what_is_written_is_what_was_edited(tmp_path: Path, limits: dict[str, object]) -> None:
    path = tmp_path / "mine.yaml"
    written = {rule.id: rule for rule in write_limits(limits, path)}  # type: ignore[arg-type]
    wanted = {rule.id: rule for rule in with_limits(load_rules(), limits)}  # type: ignore[arg-type]
    read = {rule.id: rule for rule in load_rules([path])}
    touched = {name.split(".")[0] for name in limits}
    for name, rule in wanted.items():
        for other in (written[name], read[name]):
            assert other.criteria == rule.criteria
            assert other.suppressed_by == rule.suppressed_by
            assert (other.evidence == "house") or name not in touched
    assert {entry["id"] for entry in yaml.safe_load(path.read_text("utf-8"))["rules"]} == touched
    assert list(tmp_path.iterdir()) == [path], "nothing is left beside it"


def test_the_note_says_what_was_edited_and_the_version_rises() -> None:
    entry = yaml.safe_load(rules_text({"sinus_rhythm.rate": [60, 100]}))["rules"][0]
    assert entry["note"].endswith("Limits edited here: rate 50, 100 → 60, 100.")
    assert entry["version"] == RULES["sinus_rhythm"].version + 1


def test_edits_of_edits_build_on_the_file_they_were_made_under(tmp_path: Path) -> None:
    first, second = tmp_path / "first.yaml", tmp_path / "second.yaml"
    write_limits({"lvh_cornell.voltage": [2.7, 1.9]}, first)
    write_limits({"lvh_cornell.voltage": [2.6, 1.9]}, second, paths=[first])
    rule = next(rule for rule in load_rules([second]) if rule.id == "lvh_cornell")
    assert [band.limit for band in rule.clauses[0].bands] == [2.6, 1.9]
    assert rule.note.count("Limits edited here") == 2


def test_a_wrong_edit_leaves_the_file_as_it_was(tmp_path: Path) -> None:
    path = tmp_path / "mine.yaml"
    write_limits({"pause.longest": 2500}, path)
    before = path.read_bytes()
    with pytest.raises(RuleError, match="no clause"):
        write_limits({"pause.shortest": 1}, path)
    assert path.read_bytes() == before
    with pytest.raises(RuleError, match="rule file named"):
        write_limits({"pause.longest": 2500}, tmp_path / "mine.txt")
