"""Rules and findings in short: one line for a terminal, a small table for a notebook."""

from __future__ import annotations

import math
from collections.abc import Iterable
from html import escape
from typing import TYPE_CHECKING

from ecgomics.rules.model import SIGNS, Clause, Count, Neighbours, Node, Not, OtherRule, Points

if TYPE_CHECKING:
    from ecgomics.rules.model import Rule
    from ecgomics.rules.tracing import Finding

STATE_WORDS = {"met": "met", "not_met": "not met", "unknown": "unknown"}


def limit_of(clause: Clause) -> str:
    """Sign and limits of a clause in words, e.g. ``≥ 140 ms (M), 130 ms (F)``."""
    unit = f" {clause.unit}" if clause.unit not in ("", "1", "code") else ""
    sign = SIGNS[clause.comparison]
    if clause.relative is not None:
        times = "" if clause.relative.times == 1.0 else f"{clause.relative.times:g} × "
        return f"{sign} {times}{clause.relative.biomarker}"
    limits = []
    for band in clause.bands:
        upper = "" if band.upper is None else f"…{band.upper:g}"
        of = [band.sex] if band.sex else []
        of += [f"from {band.age_from:g} y"] if band.age_from is not None else []
        of += [f"under {band.age_below:g} y"] if band.age_below is not None else []
        limits.append(f"{band.limit:g}{upper}{unit}" + (f" ({', '.join(of)})" if of else ""))
    return f"{sign} {', '.join(limits)}"


def words_of(node: Node) -> str:
    """One line for a leaf or for the head of a group of them."""
    if isinstance(node, Clause):
        upside_down = "−" if node.sign < 0 else ""
        return f"{upside_down}{node.biomarker} {limit_of(node)}"
    if isinstance(node, OtherRule):
        return f"rule {node.rule} is met"
    if isinstance(node, Not):
        return "not"
    if isinstance(node, Points):
        return f"{node.needed:g} points or more of"
    if isinstance(node, Neighbours):
        return f"{node.needed} neighbouring leads or more of"
    named = {"all": "all of", "any": "any of"}
    return named.get(node.kind, f"{node.needed} or more of")


def criteria_html(node: Node) -> str:
    """Criteria as nested lists; what is asked of several leads alike is written once."""
    if isinstance(node, Not):
        return f"not <ul><li>{criteria_html(node.of)}</li></ul>"
    if isinstance(node, Count) and len(node.of) == 1:
        return criteria_html(node.of[0])
    if isinstance(node, Count | Points | Neighbours):
        leads = _leads_alike(node.of)
        if leads:
            how = {1: "in any of", len(leads): "in each of"}.get(int(node.needed), f"in {node.needed:g} of")
            how = f"in {node.needed:g} neighbours of" if isinstance(node, Neighbours) else how
            one = criteria_html(node.of[0]).replace(f"_{leads[0].lstrip('−')}", "")
            return f"{escape(how)} {escape(', '.join(leads))}: {one}"
        weights = node.weights if isinstance(node, Points) else (None,) * len(node.of)
        rows = (
            f"<li>{'' if weight is None else f'{weight:g}: '}{criteria_html(part)}</li>"
            for weight, part in zip(weights, node.of, strict=True)
        )
        return f"{escape(words_of(node))} <ul>{''.join(rows)}</ul>"
    return escape(words_of(node))


def rule_line(rule: Rule) -> str:
    """E.g. ``<Rule R14 first_degree_block: First-degree AV block, Structural, 2 clauses, unverified>``."""
    count = len(rule.clauses)
    clauses = f"{count} clause{'s' if count != 1 else ''}"
    return f"<Rule {rule.number} {rule.id}: {rule.name}, {rule.dimension}, {clauses}, {rule.evidence}>"


def rule_html(rule: Rule) -> str:
    """Name, statement, criteria and source of a rule."""
    cited = "; ".join(f"{c.source}{f', {c.where}' if c.where else ''}" for c in rule.citations)
    return (
        f"<div><b>{escape(rule.number)} {escape(rule.name)}</b> ({escape(rule.dimension)}, {escape(rule.severity)})"
        f"<br>{escape(rule.statement)}<br>{criteria_html(rule.criteria)}"
        f"<br><small>{escape(cited)} ({escape(rule.evidence)})</small></div>"
    )


def finding_line(finding: Finding) -> str:
    """E.g. ``<Finding first_degree_block: met (PR_Int_Global 236 ms > 200)>``."""
    deciding = [trace.text for trace in finding.clauses if trace.state == finding.state][:2]
    why = [f"suppressed by {', '.join(finding.suppressed_by)}"] if finding.suppressed_by else []
    why += [f"missing {', '.join(finding.missing[:3])}"] if finding.state == "unknown" and finding.missing else deciding
    told = f" ({'; '.join(why)})" if why else ""
    return f"<Finding {finding.rule.id}: {STATE_WORDS[finding.state]}{told}>"


def stated(rule: Rule, state: str) -> str:
    """The rule's statement for a record in which it is met, not met or unknown; never "met" for one where it is not."""
    opening, ways = (
        "Criteria met for ",
        {"not_met": "Criteria not met for ", "unknown": "Cannot be judged: criteria for "},
    )
    if state not in ways:
        return rule.statement
    said = rule.statement.removeprefix(opening)
    return ways[state] + (said if said != rule.statement else f"“{rule.statement}”")


def finding_html(finding: Finding) -> str:
    """Statement, state, and a table of the clauses with value, limit and margin."""
    rows = "".join(_row(_cells(trace.clause, trace.value, trace.margin, trace.state)) for trace in finding.clauses)
    head = _row(("clause", "value", "limit", "margin", "state"), cell="th")
    notes = []
    if finding.suppressed_by:
        notes.append(f"Suppressed by {', '.join(finding.suppressed_by)}.")
    if finding.not_ruled_out:
        notes.append(f"Not ruled out: {', '.join(finding.not_ruled_out)}.")
    if finding.missing:
        notes.append(f"Missing: {', '.join(finding.missing)}.")
    said = escape(stated(finding.rule, finding.state))
    return (
        f"<div><b>{escape(finding.rule.number)} {escape(finding.rule.name)}: {STATE_WORDS[finding.state]}</b>"
        f"<br>{said}<table>{head}{rows}</table><small>{escape(' '.join(notes))}</small></div>"
    )


def _cells(clause: Clause, value: float, margin: float, state: str) -> tuple[str, ...]:
    shown = ("–" if math.isnan(number) else f"{number:.4g}" for number in (value, margin))
    number, distance = shown
    return clause.biomarker, number, limit_of(clause), distance, STATE_WORDS[state]


def _row(cells: Iterable[str], *, cell: str = "td") -> str:
    return f"<tr>{''.join(f'<{cell}>{escape(text)}</{cell}>' for text in cells)}</tr>"


def _leads_alike(parts: tuple[Node, ...]) -> tuple[str, ...]:
    """Leads of parts that differ in nothing else; empty when they do."""
    named = [_lead_of(part) for part in parts]
    if len(parts) < 2 or not all(named) or len(set(named)) < len(named):
        return ()
    forms = {criteria_html(part).replace(f"_{lead.lstrip('−')}", "_·") for part, lead in zip(parts, named, strict=True)}
    return tuple(named) if len(forms) == 1 else ()


def _lead_of(node: Node) -> str:
    if isinstance(node, Clause):
        return f"−{node.lead}" if node.lead and node.sign < 0 else node.lead
    if isinstance(node, Not):
        return _lead_of(node.of)
    if isinstance(node, Count | Points | Neighbours):
        found = {_lead_of(part) for part in node.of}
        return found.pop() if len(found) == 1 else ""
    return ""
