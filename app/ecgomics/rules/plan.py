"""`Plan`: a set of rules laid out to be judged at once, its statements as rows of tables by how deep they stand.

What a rule file says is a tree. Walking it costs the same for one record as for a thousand, so it is walked once, when
the rules are first used: afterwards every depth of all the trees together is a few NumPy calls.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from functools import cached_property, lru_cache
from typing import Any

import numpy as np
import numpy.typing as npt
import xarray as xr

from ecgomics.errors import RuleError, did_you_mean
from ecgomics.rules.loading import in_order
from ecgomics.rules.model import Band, Clause, Count, Neighbours, Node, Not, Points, Population, Rule

Places = npt.NDArray[np.intp]


@dataclass
class Depth:
    """Statements that need none of their own depth; each row of the outcome table is written once.

    `all_of` and `any_of` map a row to the rows below it, `flipped` to the one it denies. `counted` and `weighed` are
    the few that need more than a least or a greatest.
    """

    all_of: dict[int, list[int]] = field(default_factory=dict)
    any_of: dict[int, list[int]] = field(default_factory=dict)
    flipped: dict[int, int] = field(default_factory=dict)
    counted: list[tuple[int, int, list[int]]] = field(default_factory=list)
    weighed: list[tuple[int, Points, list[int]]] = field(default_factory=list)
    rules: list[Verdict] = field(default_factory=list)

    @cached_property
    def conjunctions(self) -> Gathered:
        """`all_of` as arrays."""
        return _gathered(self.all_of)

    @cached_property
    def disjunctions(self) -> Gathered:
        """`any_of` as arrays."""
        return _gathered(self.any_of)


@dataclass(frozen=True)
class Gathered:
    """Rows to write, the rows below them one after the other, and where those of each begin."""

    rows: Places
    below: Places
    starts: Places


@dataclass(frozen=True)
class Verdict:
    """What is done with the criteria of one rule: its exclusions (row, then) and suppressions (row, then, outranks)."""

    place: int
    row: int
    criteria: int
    exclusions: tuple[tuple[int, str], ...]
    population: Population | None
    suppressions: tuple[tuple[int, str, bool], ...]


class Plan:
    """Rules as tables.

    Parameters
    ----------
    rules
        Rules to judge, in the order of the results.

    Raises
    ------
    RuleError
        When rules depend on one another in a circle, or on one that is not among them.
    """

    def __init__(self, rules: Sequence[Rule]) -> None:
        self.rules = tuple(rules)
        by_rule = [rule.clauses for rule in self.rules]
        self.clauses = [clause for clauses in by_rule for clause in clauses]
        self.wanted = tuple(sorted({name for clause in self.clauses for name in _columns_of(clause)}))
        self._row = {clause.id: row for row, clause in enumerate(self.clauses)}
        self._level = [0] * len(self.clauses)
        self._final: dict[str, int] = {}
        self.depths: list[Depth] = []
        place = {rule.id: place for place, rule in enumerate(self.rules)}
        for rule in in_order(self.rules):
            self._add_rule(rule, place[rule.id])
        self.size = len(self._level)
        """Rows of the table of outcomes: clauses first."""
        self._lay_out_clauses()

    def _add_rule(self, rule: Rule, place: int) -> None:
        criteria = self._add(rule.criteria)
        exclusions = tuple((self._add(exclusion.of), exclusion.then) for exclusion in rule.exclusions)
        suppressions = tuple(
            (self._final[one.by], one.then, one.outranks)
            for one in sorted(rule.suppressed_by, key=lambda one: one.outranks)
            if one.by in self._final
        )
        row = self._new([criteria, *(row for row, _ in exclusions), *(row for row, *_ in suppressions)])
        self._final[rule.id] = row
        self._at(row).rules.append(Verdict(place, row, criteria, exclusions, rule.population, suppressions))

    def _add(self, node: Node) -> int:
        """Row of a statement, with all below it."""
        if isinstance(node, Clause):
            return self._row[node.id]
        if isinstance(node, Not):
            below = self._add(node.of)
            row = self._new([below])
            self._at(row).flipped[row] = below
            return row
        if isinstance(node, Count | Points | Neighbours):
            return self._add_group(node, [self._add(part) for part in node.of])
        if node.rule not in self._final:
            raise RuleError(
                f"a rule that needs rule {node.rule!r}, which is not among those judged",
                expected="a rule with all it depends on",
                remedy=did_you_mean(node.rule, self._final),
            )
        return self._final[node.rule]

    def _add_group(self, node: Count | Points | Neighbours, below: list[int]) -> int:
        if isinstance(node, Neighbours):
            runs = [chain[k : k + node.needed] for chain in node.chains for k in range(len(chain) - node.needed + 1)]
            return self._any([self._all([below[position] for position in run]) for run in runs])
        if isinstance(node, Count) and node.needed == len(below):
            return self._all(below)
        if isinstance(node, Count) and node.needed == 1:
            return self._any(below)
        row = self._new(below)
        if isinstance(node, Points):
            self._at(row).weighed.append((row, node, below))
        else:
            self._at(row).counted.append((row, node.needed, below))
        return row

    def _all(self, below: list[int]) -> int:
        row = self._new(below)
        self._at(row).all_of[row] = below
        return row

    def _any(self, below: list[int]) -> int:
        row = self._new(below)
        self._at(row).any_of[row] = below
        return row

    def _new(self, below: Sequence[int]) -> int:
        self._level.append(1 + max((self._level[row] for row in below), default=0))
        return len(self._level) - 1

    def _at(self, row: int) -> Depth:
        while len(self.depths) < self._level[row]:
            self.depths.append(Depth())
        return self.depths[self._level[row] - 1]

    def _lay_out_clauses(self) -> None:
        column = {name: place for place, name in enumerate(self.wanted)}
        clauses = self.clauses
        self.column: Places = np.array([column[clause.biomarker] for clause in clauses], dtype=np.intp)
        """Place of each clause's biomarker among `wanted`."""
        self.sign = _tall([clause.sign for clause in clauses])
        self.abstain = _tall([clause.abstain for clause in clauses])
        self.downward = _tall([-1.0 if clause.comparison in ("below", "at_most") else 1.0 for clause in clauses])
        self.strict = np.array([[clause.comparison in ("above", "below")] for clause in clauses], dtype=bool)
        self.strict = self.strict.reshape(len(clauses), 1)
        self.between = _rows(clauses, lambda clause: clause.comparison == "between")
        self.equal = _rows(clauses, lambda clause: clause.comparison == "equals")
        self.limit = _tall([np.nan if _conditional(clause) else clause.bands[0].limit for clause in clauses])
        """Limits that are the same for everybody, else NaN."""
        self.upper = _tall([np.nan if _conditional(clause) else _upper(clause.bands[0]) for clause in clauses])
        self.banded = [
            (row, clause.bands) for row, clause in enumerate(clauses) if clause.bands and _conditional(clause)
        ]
        relative = [(row, clause.relative) for row, clause in enumerate(clauses) if clause.relative is not None]
        self.relative: Places = np.array([row for row, _ in relative], dtype=np.intp)
        self.relative_column: Places = np.array([column[one.biomarker] for _, one in relative], dtype=np.intp)
        self.relative_times = _tall([one.times for _, one in relative])

    def coords_with(self, records: npt.NDArray[np.str_]) -> xr.Coordinates:
        """Coordinates of the results for some records; those of rules and clauses are made once."""
        own = xr.Coordinates({"record": records})
        return xr.Coordinates({**self._coords, **own}, indexes={**self._coords.xindexes, **own.xindexes})

    @cached_property
    def _coords(self) -> xr.Coordinates:
        rules, clauses = self.rules, self.clauses

        def text(dim: str, values: Sequence[str]) -> tuple[str, npt.NDArray[Any]]:
            return dim, np.array(values, dtype=str)

        return xr.Dataset(
            coords={
                "rule": np.array([rule.id for rule in rules], dtype=str),
                "rule_number": text("rule", [rule.number for rule in rules]),
                "rule_dimension": text("rule", [rule.dimension for rule in rules]),
                "rule_severity": text("rule", [rule.severity for rule in rules]),
                "rule_version": ("rule", np.array([rule.version for rule in rules], dtype=np.int32)),
                "clause": np.array([clause.id for clause in clauses], dtype=str),
                "clause_rule": text("clause", [clause.id.split(".")[0] for clause in clauses]),
                "clause_biomarker": text("clause", [clause.biomarker for clause in clauses]),
                "clause_lead": text("clause", [clause.lead for clause in clauses]),
                "clause_unit": text("clause", [clause.unit for clause in clauses]),
                "clause_comparison": text("clause", [clause.comparison for clause in clauses]),
            }
        ).coords


def plan_of(rules: Sequence[Rule]) -> Plan:
    """The plan of some rules; kept for the sets used last, as long as the rules are the same objects."""
    return _kept(_SameRules(tuple(rules)))


class _SameRules:
    """Key of a set of rules: those very objects. Held by the cache, so that none of them gives its place to another."""

    def __init__(self, rules: tuple[Rule, ...]) -> None:
        self.rules = rules
        self.key = tuple(map(id, rules))

    def __hash__(self) -> int:
        return hash(self.key)

    def __eq__(self, other: object) -> bool:
        return isinstance(other, _SameRules) and self.key == other.key


@lru_cache(maxsize=16)
def _kept(same: _SameRules) -> Plan:
    return Plan(same.rules)


def _columns_of(clause: Clause) -> tuple[str, ...]:
    return (clause.biomarker,) if clause.relative is None else (clause.biomarker, clause.relative.biomarker)


def _conditional(clause: Clause) -> bool:
    """Whether the limit depends on the record."""
    if len(clause.bands) != 1:
        return True
    (band,) = clause.bands
    return bool(band.sex) or band.age_from is not None or band.age_below is not None


def _upper(band: Band) -> float:
    return band.limit if band.upper is None else band.upper


def _tall(values: Sequence[float]) -> npt.NDArray[np.float32]:
    return np.array(values, dtype=np.float32).reshape(len(values), 1)


def _rows(clauses: Sequence[Clause], wanted: Callable[[Clause], bool]) -> Places:
    return np.array([row for row, clause in enumerate(clauses) if wanted(clause)], dtype=np.intp)


def _gathered(groups: dict[int, list[int]]) -> Gathered:
    sizes = [len(below) for below in groups.values()]
    flat = [row for below in groups.values() for row in below]
    starts = [sum(sizes[:place]) for place in range(len(sizes))]
    return Gathered(*(np.array(values, dtype=np.intp) for values in (list(groups), flat, starts)))
