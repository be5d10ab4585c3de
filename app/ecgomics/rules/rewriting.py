"""Rules with something replaced: limits edited by a user, sets of definitions resolved."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace

from ecgomics.errors import RuleError, did_you_mean
from ecgomics.rules.model import Clause, Count, Neighbours, Node, Not, OtherRule, Points, Rule


def with_limits(rules: Sequence[Rule], limits: Mapping[str, float | Sequence[float]]) -> tuple[Rule, ...]:
    """The same rules with other limits.

    Parameters
    ----------
    rules
        Rules as loaded.
    limits
        New limit by clause id (``first_degree_block.pr_long``; one id for all leads), in the clause's unit. A number
        replaces the limit of every band; a sequence gives one for each band, in order, or both limits of `between`.

    Raises
    ------
    RuleError
        For an unknown clause id, a limit that is no finite number, two limits in falling order, or a sequence of
        another length than the clause's bands.
    """
    known = {clause.edited_as for rule in rules for clause in rule.clauses}
    for name in limits:
        if name not in known:
            raise RuleError(f"no clause {name!r}", expected="the id of a clause", remedy=did_you_mean(name, known))

    def edit(node: Node) -> Node:
        return _edited(node, limits[node.edited_as]) if isinstance(node, Clause) and node.edited_as in limits else node

    return tuple(_mapped(rule, edit) if _concerned(rule, limits) else rule for rule in rules)


def revised(rule: Rule, *, limits: Mapping[str, float | Sequence[float]]) -> Rule:
    """One rule with other limits.

    Parameters
    ----------
    rule
        As loaded.
    limits
        New limit by clause, with or without the rule's id before it (``pr_long``); as in `with_limits` else.

    Raises
    ------
    RuleError
        For an unknown clause, a limit that is no finite number, or another number of limits than the clause has.

    Examples
    --------
    >>> rule = next(rule for rule in load_rules() if rule.id == "first_degree_block")  # doctest: +SKIP
    >>> revised(rule, limits={"pr_long": 220})  # doctest: +SKIP
    """
    named = {name if name.startswith(f"{rule.id}.") else f"{rule.id}.{name}": limit for name, limit in limits.items()}
    return with_limits((rule,), named)[0]


def with_rules_renamed(node: Node, names: Mapping[str, str]) -> Node:
    """A node whose references to other rules are renamed."""

    def rename(part: Node) -> Node:
        return OtherRule(names.get(part.rule, part.rule)) if isinstance(part, OtherRule) else part

    return _map(node, rename)


def _concerned(rule: Rule, limits: Mapping[str, object]) -> bool:
    return any(clause.edited_as in limits for clause in rule.clauses)


def _mapped(rule: Rule, change: Callable[[Node], Node]) -> Rule:
    exclusions = tuple(replace(exclusion, of=_map(exclusion.of, change)) for exclusion in rule.exclusions)
    return replace(rule, criteria=_map(rule.criteria, change), exclusions=exclusions)


def _map(node: Node, change: Callable[[Node], Node]) -> Node:
    if isinstance(node, Not):
        return Not(_map(node.of, change))
    if isinstance(node, Count | Points | Neighbours):
        return replace(node, of=tuple(_map(part, change) for part in node.of))
    return change(node)


def _edited(clause: Clause, limit: float | Sequence[float]) -> Clause:
    if clause.relative is not None:
        raise RuleError(
            f"clause {clause.edited_as!r} has another biomarker as its limit", expected="a clause with a number"
        )
    given = [float(limit)] * len(clause.bands) if isinstance(limit, int | float) else [float(value) for value in limit]
    if not all(math.isfinite(value) for value in given):
        raise RuleError(f"a limit of clause {clause.edited_as!r} that is no number", expected="finite numbers")
    if clause.comparison == "between":
        if len(given) != 2 or len(clause.bands) != 1:
            raise RuleError(f"clause {clause.edited_as!r} has two limits", expected="a sequence of two numbers")
        if given[0] > given[1]:
            raise RuleError(f"limits of clause {clause.edited_as!r} in falling order", expected="the lower one first")
        return replace(clause, bands=(replace(clause.bands[0], limit=given[0], upper=given[1]),))
    if len(given) != len(clause.bands):
        raise RuleError(
            f"{len(given)} limits for clause {clause.edited_as!r}", expected=f"one, or {len(clause.bands)}, one a band"
        )
    bands = tuple(replace(band, limit=value) for band, value in zip(clause.bands, given, strict=True))
    return replace(clause, bands=bands)
