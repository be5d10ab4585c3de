"""`write_limits`: edited limits as a rule file of one's own, which `load_rules` reads back."""

from __future__ import annotations

import copy
import os
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any

from ecgomics.errors import RuleError
from ecgomics.rules.loading import documents_of, load_rules
from ecgomics.rules.model import Rule
from ecgomics.rules.rewriting import with_limits
from ecgomics.settings import RuleSettings

Limits = Mapping[str, float | Sequence[float]]

_COMPARISONS = ("above", "at_least", "below", "at_most", "between", "equals")


def rules_text(
    limits: Limits, *, paths: Iterable[str | Path] | None = None, settings: RuleSettings | None = None
) -> str:
    """The rules whose limits are edited, whole, as YAML.

    Parameters
    ----------
    limits
        As `with_limits` takes them: new limits by clause id.
    paths, settings
        The rule files and settings the limits were edited under, as `load_rules` takes them.

    Returns
    -------
    str
        A rule file: each rule with its new limits, marked as a house rule, with a note that says what was edited.

    Raises
    ------
    RuleError
        For an unknown clause, a limit that is no number, or too many or too few of them.

    Examples
    --------
    >>> "above: 210" in rules_text({"first_degree_block.pr_long": 210})
    True
    """
    import yaml

    given = list(paths or ())
    loaded = load_rules(given, settings=settings)
    revised = {rule.id: rule for rule in with_limits(loaded, limits)}
    raw = documents_of(given)
    found = [
        _edited(copy.deepcopy(raw[rule.id]), rule, revised[rule.id], limits)
        for rule in loaded
        if any(clause.edited_as in limits for clause in rule.clauses)
    ]
    return str(yaml.safe_dump({"rules": found}, sort_keys=False, allow_unicode=True, width=120))


def write_limits(
    limits: Limits,
    path: str | os.PathLike[str],
    *,
    paths: Iterable[str | Path] | None = None,
    settings: RuleSettings | None = None,
) -> tuple[Rule, ...]:
    """Write `rules_text` to a file, and load it with the rules it was made from.

    The file is written whole or not at all, and only when what it holds can be loaded.

    Parameters
    ----------
    limits, paths, settings
        As in `rules_text`.
    path
        File to write, ``.yaml``; one that is there is replaced.

    Returns
    -------
    tuple of Rule
        All rules, the edited ones in place of the others.

    Raises
    ------
    RuleError
        As in `rules_text`.
    """
    target, given = Path(path), list(paths or ())
    if target.suffix not in (".yaml", ".yml"):
        raise RuleError(f"a rule file named {target.suffix or 'without an ending'}", expected=".yaml")
    text = rules_text(limits, paths=given, settings=settings)
    beside = target.with_name(f".{target.name}.{os.getpid()}.yaml")
    try:
        beside.write_text(text, encoding="utf-8")
        rules = load_rules([*given, beside], settings=settings)
        beside.replace(target)
    finally:
        beside.unlink(missing_ok=True)
    return rules


def _edited(document: dict[str, Any], before: Rule, after: Rule, limits: Limits) -> dict[str, Any]:
    told = []
    for clause in _clauses([document["criteria"], *(e["when"] for e in document.get("exclusions", ()))]):
        name = f"{document['id']}.{clause['id']}"
        if name not in limits:
            continue
        comparison = next(word for word in _COMPARISONS if word in clause)
        new = limits[name]
        numbers = [float(new)] if isinstance(new, int | float) else [float(value) for value in new]
        told.append(f"{clause['id']} {_said(clause[comparison])} → {_said(numbers)}")
        clause[comparison] = _replaced(clause[comparison], numbers, between=comparison == "between")
    document["evidence"] = "house"
    document["version"] = int(document["version"]) + 1
    note = document.get("note", "")
    document["note"] = f"{note}{' ' if note else ''}Limits edited here: {'; '.join(told)}."
    return document


def _clauses(nodes: Iterable[Any]) -> Iterable[dict[str, Any]]:
    for node in nodes:
        if isinstance(node, dict) and "biomarker" in node and "id" in node:
            yield node
        elif isinstance(node, dict):
            yield from _clauses(value for value in node.values() if isinstance(value, dict | list))
        elif isinstance(node, list):
            yield from _clauses(node)


def _replaced(limit: Any, numbers: Sequence[float], *, between: bool) -> Any:
    """The raw limit of a clause with its numbers changed, bands kept."""
    plain = [int(number) if float(number).is_integer() else number for number in numbers]
    if isinstance(limit, list) and limit and isinstance(limit[0], Mapping):
        if between:
            return [{**limit[0], "limit": plain[0], "upper": plain[1]}]
        values = plain if len(plain) == len(limit) else plain * len(limit)
        return [{**band, "limit": value} for band, value in zip(limit, values, strict=True)]
    return plain if between else plain[0]


def _said(limit: Any) -> str:
    if isinstance(limit, list):
        parts = (band["limit"] if isinstance(band, Mapping) else band for band in limit)
        return ", ".join(f"{part:g}" if isinstance(part, int | float) else str(part) for part in parts)
    return f"{limit:g}" if isinstance(limit, int | float) else str(limit)
