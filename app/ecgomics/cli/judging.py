"""The rules on the command line: what they are, what they find in a cohort, and how one of them does."""

from __future__ import annotations

import argparse
from pathlib import Path
from typing import TYPE_CHECKING, Any

from ecgomics.cli.grammar import opened, rule_files, verb_of
from ecgomics.errors import RuleError

if TYPE_CHECKING:
    import pandas as pd

    from ecgomics.cohort import Cohort
    from ecgomics.reports.rulepage import Case
    from ecgomics.rules import Rule, Study

LISTED = 12
"""Disagreements listed on the terminal."""


def rules(verbs: Any) -> None:
    """Add the verb."""
    verb = verb_of(verbs, "rules", _run_rules, "list the expert rules, or say what one of them finds in a cohort")
    verb.add_argument("cohort", metavar="COHORT", nargs="?", help="an analysed cohort; left out: list the rules")
    verb.add_argument("--rule", metavar="ID", help="one rule: its prevalence, clauses and definitions")
    verb.add_argument("--against", metavar="SYSTEM:CODE[,CODE]", help="label to compare it with, e.g. ptbxl-scp:1AVB")
    verb.add_argument(
        "--limit", metavar="CLAUSE=X[,Y]", action="append", help="another limit, e.g. pr_long=220; may be repeated"
    )
    verb.add_argument("--save", metavar="FILE", type=Path, help="write the rules with those limits as a rule file")
    verb.add_argument("--html", metavar="FILE", type=Path, help="write the rule's page, with the records that disagree")
    rule_files(verb)


VERBS = (rules,)
"""What this module adds to the command line."""


def _run_rules(given: argparse.Namespace) -> None:
    from ecgomics.rules import load_rules

    limits = _limits(given)
    if given.save is not None:
        _save(given, limits)
        if given.cohort is None:
            return
    loaded = load_rules(given.rule_file)
    if given.cohort is None:
        for rule in loaded:
            print(f"{rule.number:<5} {rule.id:<30} {rule.dimension:<12} {rule.statement}")
        print(f"{len(loaded)} rules")
    elif given.rule is None:
        _print_prevalence(opened(given), loaded)
    else:
        _study(given, loaded, limits)


def _limits(given: argparse.Namespace) -> dict[str, float | list[float]]:
    found: dict[str, float | list[float]] = {}
    for text in given.limit or ():
        name, sign, numbers = text.partition("=")
        try:
            values = [float(number) for number in numbers.split(",")]
        except ValueError:
            values = []
        if not sign or not values:
            raise RuleError(f"--limit {text!r}", expected="CLAUSE=X or CLAUSE=X,Y, e.g. pr_long=220")
        whole = name if "." in name or given.rule is None else f"{given.rule}.{name}"
        found[whole] = values[0] if len(values) == 1 else values
    return found


def _save(given: argparse.Namespace, limits: dict[str, float | list[float]]) -> None:
    from ecgomics.rules import write_limits

    if not limits:
        raise RuleError("--save without a limit", expected="--limit CLAUSE=X beside it")
    write_limits(limits, given.save, paths=given.rule_file)
    print(f"written to {given.save.name}; use it with --rule-file")


def _print_prevalence(cohort: Cohort, loaded: tuple[Rule, ...]) -> None:
    from ecgomics.rules import evaluate

    found = evaluate(cohort.biomarkers.load(), subjects=cohort.subjects, rules=loaded)
    state = found["state"].values
    print(f"{'rule':<30} {'met':>7} {'share':>7} {'unknown':>8}")
    for column, rule in enumerate(found["rule"].values.astype(str)):
        met, unknown = int((state[:, column] == 1).sum()), int((state[:, column] == 2).sum())
        print(f"{rule:<30} {met:>7} {met / max(len(state), 1):>7.1%} {unknown:>8}")
    print(f"{len(state)} records")


def _study(given: argparse.Namespace, loaded: tuple[Rule, ...], limits: dict[str, float | list[float]]) -> None:
    from ecgomics.rules import study, with_limits

    cohort = opened(given)
    chosen = with_limits(loaded, limits) if limits else loaded
    told = study(
        cohort.biomarkers.load(),
        rule=given.rule,
        rules=chosen,
        subjects=cohort.subjects,
        label=_label(cohort, given.against) if given.against else None,
        patient=cohort.records["patient"],
    )
    _print_study(told)
    if given.html is not None:
        from ecgomics.reports.rulepage import rule_page_html

        page = rule_page_html(told, label=given.against or "", case=lambda record: _case(cohort, record, told, chosen))
        given.html.write_text(page, encoding="utf-8")
        print(f"written to {given.html.name}")


def _label(cohort: Cohort, against: str) -> pd.Series:
    from ecgomics.rules import labelled

    system, sign, codes = against.partition(":")
    known = sorted(set(cohort.labels["system"]))
    if not sign or system not in known:
        raise RuleError(f"--against {against!r}", expected=f"SYSTEM:CODE with a system of {', '.join(known) or 'none'}")
    wanted = [code.strip() for code in codes.split(",") if code.strip()]
    unknown = sorted(set(wanted) - set(cohort.labels.loc[cohort.labels["system"] == system, "code"]))
    if unknown or not wanted:
        raise RuleError(f"no record with the label {', '.join(unknown) or 'asked for'}", expected=f"a code of {system}")
    return labelled(cohort.labels, records=list(cohort.records.index), codes=wanted, system=system)


def _print_study(told: Study) -> None:
    print(f"{told.rule.number} {told.rule.id}: {told.rule.statement}\nmet in {told.prevalence}")
    print(told.clauses.drop(columns=["biomarker", "lead"]).to_string(float_format="{:.4g}".format))
    if len(told.definitions) > 1:
        print(told.definitions.to_string(float_format="{:.3f}".format))
    if told.against is None:
        return
    for name in ("labelled", "sensitivity", "specificity", "ppv", "npv", "f1"):
        print(f"{name:<12} {getattr(told.against, name)}")
    table = told.against.disagreements
    print(f"{len(table)} disagreements, widest margin first")
    print(table.head(LISTED).to_string(index=False, float_format="{:+.3f}".format))


def _case(cohort: Cohort, record: str, told: Study, loaded: tuple[Rule, ...]) -> Case:
    from ecgomics.reports.rulepage import Case
    from ecgomics.rules import spans, trace

    finding = trace(
        cohort.biomarkers.sel(record=[record]).load(),
        record=record,
        rule=told.rule.id,
        subjects=cohort.subjects,
        rules=loaded,
    )
    ecg = cohort.ecg(record)
    drawn = spans(finding, cohort.beats_of([record]))
    named = [lead for span in drawn for lead in span.leads] + [one.clause.lead for one in finding.clauses]
    known = [str(lead) for lead in ecg["lead"].values]
    leads = [lead for lead in dict.fromkeys([*named, "II", "V1"]) if lead in known][:2] or known[:1]
    deciding = [one.text for one in finding.clauses if one.state == finding.state] or [
        one.text for one in finding.clauses
    ]
    return Case(record, f"Record {record}", ecg, drawn, leads, "; ".join(deciding[:3]))
