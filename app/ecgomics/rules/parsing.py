"""Rule documents → `Rule`: settings filled in, leads spelled out."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Any, Literal

from ecgomics.errors import RuleError
from ecgomics.rules.model import (
    Band,
    Citation,
    Clause,
    Count,
    Exclusion,
    Neighbours,
    Node,
    Not,
    OtherRule,
    Points,
    Population,
    Relative,
    Rule,
    Show,
    Suppression,
)

LIMB_CHAIN = ("aVL", "I", "-aVR", "II", "aVF", "III")
CHEST_CHAIN = ("V1", "V2", "V3", "V4", "V5", "V6")
"""Neighbouring leads (Fourth Universal Definition of Myocardial Infarction 2018: contiguous leads)."""

EVERYTHING = "*"
_COMPARISONS: tuple[Literal["above", "at_least", "below", "at_most", "between", "equals"], ...] = (
    "above",
    "at_least",
    "below",
    "at_most",
    "between",
    "equals",
)


def parse_rule(document: Mapping[str, Any], settings: Mapping[str, Any]) -> Rule:
    """Build a rule from a document that follows the schema.

    Parameters
    ----------
    document
        The rule as read from its file.
    settings
        Values for the `{name}` places in biomarkers and limits.

    Raises
    ------
    RuleError
        For what the schema cannot see: an unknown setting, a lead quantifier that cannot be met, a repeated clause id.
    """
    rule_id = document["id"]
    reader = _Reader(rule_id, settings)
    rule = Rule(
        id=rule_id,
        number=document["number"],
        version=document["version"],
        name=document["name"],
        statement=document["statement"],
        dimension=document["dimension"],
        chapter=document["chapter"],
        severity=document["severity"],
        criteria=reader.node(document["criteria"]),
        evidence=document["evidence"],
        citations=tuple(Citation(c["source"], c.get("where", "")) for c in document["citations"]),
        exclusions=tuple(
            Exclusion(reader.node(e["when"]), e["then"], e.get("why", "")) for e in document.get("exclusions", ())
        ),
        suppressed_by=tuple(Suppression(s["rule"], rule_id, s["then"]) for s in document.get("suppressed_by", ())),
        population=Population(**document["population"]) if "population" in document else None,
        definition_set=document.get("definition_set", ""),
        definition=document.get("definition", ""),
        note=document.get("note", ""),
    )
    ids = [clause.id for clause in rule.clauses]
    twice = sorted({name for name in ids if ids.count(name) > 1})
    if twice:
        raise RuleError(f"rule {rule_id!r} uses clause id {twice[0]!r} more than once", expected="one id a clause")
    return rule


def parse_suppressions(document: Mapping[str, Any]) -> tuple[Suppression, ...]:
    """What a rule says it suppresses in others."""
    said = document.get("suppresses", ())
    if said == "everything":
        return (Suppression(document["id"], EVERYTHING, "unknown", outranks=True),)
    return tuple(Suppression(document["id"], entry["rule"], entry["then"]) for entry in said)


class _Reader:
    """Reads the nodes of one rule."""

    def __init__(self, rule_id: str, settings: Mapping[str, Any]) -> None:
        self.rule_id, self.settings = rule_id, settings

    def node(self, raw: Mapping[str, Any], lead: str = "") -> Node:
        if "biomarker" in raw:
            return self._clause(raw, lead)
        if "all" in raw or "any" in raw:
            kind: Literal["all", "any"] = "all" if "all" in raw else "any"
            parts = tuple(self.node(part, lead) for part in raw[kind])
            return Count(kind, len(parts) if kind == "all" else 1, parts)
        if "n_of" in raw:
            return self._count(raw["n_of"], tuple(self.node(part, lead) for part in raw["of"]))
        if "not" in raw:
            return Not(self.node(raw["not"], lead))
        if "points" in raw:
            parts = tuple(self.node(part["when"], lead) for part in raw["of"])
            return Points(raw["points"], parts, tuple(part["worth"] for part in raw["of"]))
        if "rule" in raw:
            return OtherRule(raw["rule"])
        return self._leads(raw)

    def _count(self, needed: int, parts: tuple[Node, ...]) -> Count:
        if needed > len(parts):
            raise RuleError(
                f"rule {self.rule_id!r} needs {needed} of {len(parts)} parts", expected=f"at most {len(parts)}"
            )
        return Count("n_of", needed, parts)

    def _leads(self, raw: Mapping[str, Any]) -> Node:
        leads = tuple(raw["leads"])
        parts = tuple(self.node(raw["of"], lead) for lead in leads)
        need = {"any": 1, "all": len(leads)}.get(raw["need"], raw["need"])
        if not raw.get("contiguous"):
            return self._count(need, parts)
        chains = tuple(
            tuple(leads.index(lead) for lead in run)
            for chain in (LIMB_CHAIN, CHEST_CHAIN)
            for run in _runs(chain, leads)
            if len(run) >= need
        )
        if not chains:
            raise RuleError(
                f"rule {self.rule_id!r} needs {need} neighbouring leads", expected="leads that are neighbours"
            )
        return Neighbours(need, parts, chains)

    def _clause(self, raw: Mapping[str, Any], lead: str) -> Clause:
        comparison = next(name for name in _COMPARISONS if name in raw)
        name = self._filled(raw["biomarker"], lead)
        limit = raw[comparison]
        relative = None
        if isinstance(limit, Mapping):
            relative = Relative(self._filled(limit["biomarker"], lead), limit.get("times", 1.0))
        bands = () if relative else self._bands(limit, lead, raw["id"])
        return Clause(
            id=f"{self.rule_id}.{raw['id']}" + (f".{lead}" if lead else ""),
            biomarker=name,
            comparison=comparison,
            bands=bands,
            relative=relative,
            unit=raw["unit"],
            lead=lead.lstrip("-") or _lead_of(name),
            sign=-1 if lead.startswith("-") and "{lead}" in raw["biomarker"] else 1,
            abstain=self._number(raw.get("abstain_within", 0.0)),
            show=_show(raw["show"]) if "show" in raw else None,
        )

    def _bands(self, limit: Any, lead: str, clause: str) -> tuple[Band, ...]:
        if not isinstance(limit, list):
            return (Band(self._number(limit)),)
        if not isinstance(limit[0], Mapping):
            return (Band(self._number(limit[0]), upper=self._number(limit[1])),)
        bands = []
        for raw in limit:
            fields = dict(raw)
            if lead in fields.pop("leads", (lead,)):
                numbers = {name: self._number(fields[name]) for name in ("limit", "upper") if name in fields}
                bands.append(replace(Band(**(fields | numbers))))
        if not bands:
            raise RuleError(f"clause {self.rule_id}.{clause} has no limit for lead {lead}", expected="a band for it")
        return tuple(bands)

    def _filled(self, text: str, lead: str) -> str:
        if "{lead}" in text and not lead:
            raise RuleError(f"rule {self.rule_id!r} uses {{lead}} outside a 'leads' part", expected="a lead's name")
        words = {"lead": lead.lstrip("-"), **{key: str(value) for key, value in self.settings.items()}}
        try:
            return text.format_map(words)
        except (KeyError, ValueError, IndexError, AttributeError):
            raise RuleError(f"rule {self.rule_id!r} uses a setting that is none", expected=", ".join(words)) from None

    def _number(self, value: Any) -> float:
        if not isinstance(value, str):
            return float(value)
        name = value.strip("{}")
        if name not in self.settings:
            raise RuleError(f"rule {self.rule_id!r} uses setting {name!r}", expected=", ".join(self.settings))
        return float(self.settings[name])


def _runs(chain: tuple[str, ...], leads: tuple[str, ...]) -> list[tuple[str, ...]]:
    """Stretches of a chain whose leads are all asked for."""
    runs: list[list[str]] = [[]]
    for lead in chain:
        if lead in leads:
            runs[-1].append(lead)
        else:
            runs.append([])
    return [tuple(run) for run in runs if run]


def _lead_of(biomarker: str) -> str:
    last = biomarker.rsplit("_", 1)[-1]
    return last if last in (*LIMB_CHAIN, *CHEST_CHAIN, "aVR") else ""


def _show(raw: Mapping[str, Any]) -> Show:
    return Show(raw.get("from", ""), raw.get("to", ""), raw.get("beats", ""), tuple(raw.get("leads", ())))
