"""`Rule`: an expert criterion as data, and the parts its expression is made of."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Literal

Comparison = Literal["above", "at_least", "below", "at_most", "between", "equals"]
Then = Literal["unknown", "not_met"]
EvidenceMark = Literal["cited", "unverified", "house"]

SIGNS: dict[str, str] = {"above": ">", "at_least": "≥", "below": "<", "at_most": "≤", "between": "in", "equals": "="}

SEVERITIES = ("normal", "note", "attention", "urgent")
"""How much a met rule asks for eyes, least first."""


@dataclass(frozen=True)
class Band:
    """A limit and whom it is for; `upper` is the second limit of `between`. Ages in years, sex M or F."""

    limit: float
    upper: float | None = None
    sex: str = ""
    age_from: float | None = None
    age_below: float | None = None


@dataclass(frozen=True)
class Relative:
    """A limit that is another biomarker of the same record, times a factor."""

    biomarker: str
    times: float = 1.0


@dataclass(frozen=True)
class Show:
    """What to draw as evidence of a clause.

    Parameters
    ----------
    start, stop
        Marks between which a span is drawn on each beat.
    beats
        Draw on beats of this class instead (`ventricular`, `supraventricular`, `paced`), or on all intervals between
        beats that are beyond the limit (`intervals`), or on the whole strip (`strip`).
    leads
        Leads to draw in; empty: the clause's lead, or all.
    """

    start: str = ""
    stop: str = ""
    beats: str = ""
    leads: tuple[str, ...] = ()


@dataclass(frozen=True)
class Clause:
    """A biomarker against a limit, in one lead or over all.

    Parameters
    ----------
    id
        `rule.clause`, or `rule.clause.lead` when repeated over leads.
    biomarker
        Column of the biomarker table.
    comparison
        How value and limit are compared.
    bands
        Limits by population, the first that fits counts; empty when `relative` is given.
    relative
        A limit that is another biomarker.
    unit
        Unit of value and limit.
    lead
        Lead it looks at; empty for global values.
    sign
        −1 looks at the lead upside down (−aVR).
    abstain
        Values nearer to the limit than this, in the clause's unit, are left unknown.
    show
        Evidence to draw, where it is not the biomarker's own.
    """

    id: str
    biomarker: str
    comparison: Comparison
    bands: tuple[Band, ...] = ()
    relative: Relative | None = None
    unit: str = ""
    lead: str = ""
    sign: int = 1
    abstain: float = 0.0
    show: Show | None = None

    @property
    def edited_as(self) -> str:
        """Id under which its limit is edited: the same for all leads."""
        return ".".join(self.id.split(".")[:2])


@dataclass(frozen=True)
class Count:
    """At least `needed` of the parts; `all` and `any` are its ends."""

    kind: Literal["all", "any", "n_of"]
    needed: int
    of: tuple[Node, ...]


@dataclass(frozen=True)
class Not:
    """The part does not hold."""

    of: Node


@dataclass(frozen=True)
class Points:
    """Weights of the parts that hold, added up."""

    needed: float
    of: tuple[Node, ...]
    weights: tuple[float, ...]


@dataclass(frozen=True)
class Neighbours:
    """At least `needed` neighbouring leads; `chains` are runs of positions in `of`."""

    needed: int
    of: tuple[Node, ...]
    chains: tuple[tuple[int, ...], ...]


@dataclass(frozen=True)
class OtherRule:
    """Another rule is met."""

    rule: str


Node = Clause | Count | Not | Points | Neighbours | OtherRule


@dataclass(frozen=True)
class Exclusion:
    """Where this holds, the rule says `then` instead."""

    of: Node
    then: Then
    why: str = ""


@dataclass(frozen=True)
class Suppression:
    """Where `by` is met, `rule` is not judged, and says `then` instead of met; `outranks` also overrides not met."""

    by: str
    rule: str
    then: Then
    outranks: bool = False


@dataclass(frozen=True)
class Population:
    """Whom a rule is for; outside it, and when age or sex is needed and missing, its state is unknown."""

    sex: str = ""
    age_from: float | None = None
    age_below: float | None = None


@dataclass(frozen=True)
class Citation:
    """Where a criterion comes from, and where in it."""

    source: str
    where: str = ""


@dataclass(frozen=True, repr=False)
class Rule:
    """An expert criterion.

    Parameters
    ----------
    id
        Slug, e.g. ``first_degree_block``.
    number
        Number in the catalogue, e.g. ``R14``.
    version
        Rises with every change of meaning.
    name, statement
        Short name; one sentence worded as "criteria met for …".
    dimension
        One of `vocabulary.DIMENSIONS`; groups the toggles.
    chapter
        Heading it stands under.
    severity
        One of `SEVERITIES`.
    criteria
        What has to hold.
    exclusions, suppressed_by
        When it is not judged.
    population
        Whom it is for.
    citations, evidence
        Source, and whether it was checked against it (``cited``), not yet (``unverified``), or is ours (``house``).
    definition_set, definition
        For alternatives of one statement (LBBB by AHA or Strauss): the set and its own name in it.
    note
        Departures from the source.
    """

    id: str
    number: str
    version: int
    name: str
    statement: str
    dimension: str
    chapter: str
    severity: str
    criteria: Node
    evidence: EvidenceMark
    citations: tuple[Citation, ...] = ()
    exclusions: tuple[Exclusion, ...] = ()
    suppressed_by: tuple[Suppression, ...] = ()
    population: Population | None = None
    definition_set: str = ""
    definition: str = ""
    note: str = ""

    def __repr__(self) -> str:
        from ecgomics.rules.showing import rule_line

        return rule_line(self)

    def _repr_html_(self) -> str:
        from ecgomics.rules.showing import rule_html

        return rule_html(self)

    @property
    def clauses(self) -> tuple[Clause, ...]:
        """Its clauses in order, those of exclusions last."""
        nodes = [self.criteria, *(exclusion.of for exclusion in self.exclusions)]
        return tuple(part for node in nodes for part in walk(node) if isinstance(part, Clause))

    @property
    def inputs(self) -> tuple[str, ...]:
        """Biomarkers it reads, each once."""
        names = [clause.biomarker for clause in self.clauses]
        names += [clause.relative.biomarker for clause in self.clauses if clause.relative]
        return tuple(dict.fromkeys(names))

    @property
    def depends_on(self) -> tuple[str, ...]:
        """Rules whose outcome it needs, each once."""
        nodes = [self.criteria, *(exclusion.of for exclusion in self.exclusions)]
        named = [part.rule for node in nodes for part in walk(node) if isinstance(part, OtherRule)]
        return tuple(dict.fromkeys(named + [suppression.by for suppression in self.suppressed_by]))


def walk(node: Node) -> Iterator[Node]:
    """A node and all below it, depth first."""
    yield node
    if isinstance(node, Not):
        yield from walk(node.of)
    elif isinstance(node, Count | Points | Neighbours):
        for part in node.of:
            yield from walk(part)
