"""What a rule, a finding and an agreement look like in a notebook."""

from __future__ import annotations

import dataclasses
from html.parser import HTMLParser

import numpy as np
import pytest
import xarray as xr

from ecgomics.rules import load_rules, trace
from ecgomics.rules.showing import criteria_html, limit_of, stated

RULES = {rule.id: rule for rule in load_rules()}


class Balanced(HTMLParser):
    def __init__(self) -> None:
        super().__init__()
        self.open: list[str] = []
        self.text = ""

    def handle_starttag(self, tag, attrs):
        if tag != "br":
            self.open.append(tag)

    def handle_endtag(self, tag):
        assert self.open.pop() == tag

    def handle_data(self, data):
        self.text += data


def read(html: str) -> str:
    parser = Balanced()
    parser.feed(html)
    assert parser.open == []
    return parser.text


def finding(rule: str, **values: float):
    table = xr.Dataset(
        {"value": (("record", "biomarker"), np.array([list(values.values())], dtype=np.float32))},
        coords={"record": ["r0"], "biomarker": list(values)},
    )
    return trace(table, record="r0", rule=rule)


@pytest.mark.parametrize("name", RULES)
def test_every_rule_is_short_in_a_terminal_and_whole_in_a_notebook(name):
    rule = RULES[name]
    assert len(repr(rule)) < 200
    assert repr(rule).startswith(f"<Rule {rule.number} {name}")
    text = read(rule._repr_html_())
    assert rule.statement in text
    assert rule.citations[0].source in text


def test_a_finding_says_what_decided_it():
    met = finding("first_degree_block", PR_Int_Global=236, P_Fraction_Global=1.0)
    assert repr(met) == "<Finding first_degree_block: met (PR_Int_Global 236 ms > 200; P_Fraction_Global 1 ≥ 0.5)>"
    text = read(met._repr_html_())
    assert "236" in text
    assert "> 200 ms" in text
    assert "<ClauseTrace first_degree_block.pr_long: met" in repr(met.clauses[0])


def test_no_record_is_told_that_criteria_are_met_which_are_not():
    assert all(rule.statement.startswith("Criteria met for ") for rule in RULES.values())
    low = read(finding("first_degree_block", PR_Int_Global=160, P_Fraction_Global=1.0)._repr_html_())
    assert "Criteria not met for first-degree AV block" in low
    assert "Criteria met" not in low
    missing = read(finding("first_degree_block", P_Fraction_Global=1.0)._repr_html_())
    assert "Cannot be judged: criteria for first-degree AV block" in missing
    own = dataclasses.replace(RULES["pause"], statement="A pause.")
    assert stated(own, "not_met") == "Criteria not met for “A pause.”"
    assert stated(own, "met") == "A pause."


def test_an_unknown_finding_says_what_is_missing():
    unknown = finding("first_degree_block", P_Fraction_Global=1.0)
    assert repr(unknown) == "<Finding first_degree_block: unknown (missing PR_Int_Global)>"
    assert "Missing: PR_Int_Global." in read(unknown._repr_html_())


def test_what_comes_from_a_rule_file_is_escaped():
    hostile = dataclasses.replace(RULES["pause"], name="<script>alert(1)</script>", statement="criteria met <b>")
    shown = dataclasses.replace(finding("pause", RR_Max_Global=2100.0), rule=hostile)
    for html in (hostile._repr_html_(), shown._repr_html_()):
        assert "<script>" not in html
        assert "<b>&" not in html
        assert "&lt;script&gt;" in html


def test_limits_in_words():
    clauses = {clause.id: clause for rule in RULES.values() for clause in rule.clauses}
    assert limit_of(clauses["lbbb_strauss.qrs_wide"]) == "≥ 140 ms (M), 130 ms (F)"
    assert limit_of(clauses["lafb.axis"]) == "in -90…-45 °"
    assert limit_of(clauses["sinus_arrhythmia.range"]) == "> 1.15 × HR_Min_Global"


def test_what_is_asked_of_several_leads_is_written_once():
    text = read(criteria_html(RULES["lbbb_aha"].criteria))
    assert "in 2 of I, aVL, V5, V6" in text
    assert text.count("QRS_Notches") == 1
    assert "QRS_Notches_I" not in text
    assert "in each of I, V5, V6" in text
    assert "neighbours" in read(criteria_html(RULES["t_inversion"].criteria))
