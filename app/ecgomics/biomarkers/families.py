"""The catalogue of biomarkers: one entry a family, as data, and the columns the families make.

The files under `data/` are the only place a definition, unit, range, code or source is written down.
"""

from __future__ import annotations

import functools
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from html import escape
from importlib import resources
from typing import Any, Literal

import pandas as pd

from ecgomics.errors import VocabularyError, did_you_mean
from ecgomics.vocabulary import LEADS, lead_order

Scope = Literal["global", "lead", "leads", "columns"]

FILES = ("structural", "intensity", "functional", "comparative")


@dataclass(frozen=True)
class ReferenceRange:
    """Limits a source gives for a population.

    `low`, `high` and `median` are in the unit of the biomarker, None where the source gives none; `percentiles` are
    those of `low` and `high`, None where the limits are a criterion rather than percentiles. `age` is (from, to) in
    years, `sex` "M", "F" or "" for both.
    """

    source: str
    low: float | None = None
    high: float | None = None
    median: float | None = None
    percentiles: tuple[float, float] | None = None
    age: tuple[float, float] | None = None
    sex: str = ""
    note: str = ""

    @property
    def limits(self) -> str:
        """The limits in words, e.g. ``113 to 212 (2–98 %)``, ``up to 120``, ``median 112``."""
        told = self._told()
        return f"{', '.join(told)} ({self._percent})" if self._percent else ", ".join(told)

    @property
    def _percent(self) -> str:
        return f"{self.percentiles[0]:g}–{self.percentiles[1]:g} %" if self.percentiles else ""

    @property
    def text(self) -> str:
        """In words, e.g. ``113 to 212 (2–98 %, 18–120 y), Mason 2007``."""
        of = [self._percent] if self._percent else []
        of += [{"M": "men", "F": "women"}[self.sex]] if self.sex else []
        of += [f"{self.age[0]:g}–{self.age[1]:g} y"] if self.age else []
        told = f" ({', '.join(of)})" if of else ""
        note = f"; {self.note}" if self.note else ""
        return f"{', '.join(self._told())}{told}, {self.source}{note}"

    def _told(self) -> list[str]:
        limits = []
        if self.low is not None and self.high is not None:
            limits.append(f"{self.low:g} to {self.high:g}")
        elif self.high is not None:
            limits.append(f"up to {self.high:g}")
        elif self.low is not None:
            limits.append(f"from {self.low:g}")
        return limits + ([f"median {self.median:g}"] if self.median is not None else [])


@dataclass(frozen=True)
class Needs:
    """What a recording must have for a biomarker to be computed."""

    leads: tuple[str, ...] = ()
    duration_s: float = 0.0
    beats: int = 1
    rate_hz: float = 0.0
    rhythm: str = ""
    other: str = ""


@dataclass(frozen=True, repr=False)
class Biomarker:
    """One family of the catalogue.

    Parameters
    ----------
    id
        Number in the catalogue, such as S02; related families may share one.
    name
        First part of the column names, such as PR_Int.
    dimension
        One of `vocabulary.DIMENSIONS`.
    title, definition, formula
        What it is, for a reader.
    unit
        ms, mV, mV·ms, °, /min, …; "1" for a pure number, "code" for an enumeration.
    scope
        "global": one column; "lead": one a lead; "leads": those in `where`; "columns": one for each column in `where`.
    where
        The leads or columns of the two last scopes.
    needs
        What a recording must have.
    aggregation
        How the value comes about from the beats, and what `iqr` and `count` hold.
    ranges
        Reference ranges, each with its source.
    codes
        LOINC, MDC and DICOM codes by system; `loinc_V5` and the like where a code is for one lead.
    citation
        Where the definition is from.
    evidence
        "cited": seen in the source; "unverified": domain knowledge not yet checked against it; "house": our own.
    why_not
        Why it is not computed here; empty for those that are.
    version
        Grows when a value would change.
    """

    id: str
    name: str
    dimension: str
    title: str
    definition: str
    unit: str
    scope: Scope
    evidence: Literal["cited", "unverified", "house"]
    citation: str
    version: str
    formula: str = ""
    where: tuple[str, ...] = ()
    needs: Needs = field(default_factory=Needs)
    aggregation: str = ""
    ranges: tuple[ReferenceRange, ...] = ()
    codes: Mapping[str, str] = field(default_factory=dict)
    why_not: str = ""

    def __repr__(self) -> str:
        unit = "" if self.unit in ("1", "code", "text") else f" in {self.unit}"
        state = "" if self.computed else f", not computed: {self.why_not}"
        return f"<Biomarker {self.id} {self.name}: {self.title}{unit}, {self.dimension}, {self.evidence}{state}>"

    def _repr_html_(self) -> str:
        rows = {"definition": self.definition, "formula": self.formula, "unit": self.unit, "source": self.citation}
        rows |= {"range": "; ".join(limits.text for limits in self.ranges), "not computed": self.why_not}
        told = "".join(f"<tr><th>{name}</th><td>{escape(text)}</td></tr>" for name, text in rows.items() if text)
        head = f"<b>{escape(self.id)} {escape(self.name)}</b>: {escape(self.title)} ({escape(self.dimension)})"
        return f"<div>{head}<table>{told}</table></div>"

    @property
    def computed(self) -> bool:
        """Whether `measure` or `compare` computes it."""
        return not self.why_not

    def columns(self, leads: Iterable[str]) -> list[tuple[str, str]]:
        """Column names and their leads ("" for none) over the leads of a recording."""
        if self.scope == "global":
            return [(f"{self.name}_Global", "")]
        if self.scope == "columns":
            return [(f"{column}_{self.name}", "") for column in self.where]
        over = self.where if self.scope == "leads" else leads
        return [(f"{self.name}_{lead}", lead) for lead in over]


@functools.cache
def catalogue() -> tuple[Biomarker, ...]:
    """Every family of the catalogue in its order, those not computed here included.

    Examples
    --------
    >>> [entry.name for entry in catalogue() if entry.id == "S02"]
    ['PR_Int']
    """
    return tuple(_entry(raw, dimension=name.capitalize()) for name in FILES for raw in load(f"{name}.yaml"))


def load(file: str) -> list[dict[str, Any]]:
    """Entries of one of the package's data files, in `data/`."""
    return list(_parsed(file))


def load_mapping(file: str) -> dict[str, dict[str, Any]]:
    """The same of a file that holds entries by name."""
    return dict(_parsed(file))


def _parsed(file: str) -> Any:
    import yaml

    loader = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
    text = resources.files("ecgomics.biomarkers").joinpath("data", file).read_text(encoding="utf-8")
    return yaml.load(text, Loader=loader)


def columns(leads: Iterable[str] = LEADS, *, stage: Literal["measure", "compare", "all"] = "measure") -> pd.DataFrame:
    """The columns the catalogue makes over some leads.

    Parameters
    ----------
    leads
        Leads of the recordings; the twelve come in their usual order.
    stage
        Which columns: those of `measure`, those `compare` adds, or all.

    Returns
    -------
    DataFrame
        One row a column: column, id, name, dimension, lead ("" for none), unit, version, definition, evidence.
    """
    return _columns(tuple(lead_order(tuple(leads))), stage).copy()


@functools.lru_cache(maxsize=32)
def _columns(leads: tuple[str, ...], stage: str) -> pd.DataFrame:
    rows = [
        {
            "column": column,
            "id": entry.id,
            "name": entry.name,
            "dimension": entry.dimension,
            "lead": lead,
            "unit": entry.unit,
            "version": entry.version,
            "definition": entry.definition,
            "evidence": entry.evidence,
        }
        for entry in catalogue()
        if entry.computed and stage in ("all", stage_of(entry))
        for column, lead in entry.columns(leads)
    ]
    return pd.DataFrame(rows)


def stage_of(entry: Biomarker) -> Literal["measure", "compare"]:
    """The function that computes a family: `compare` for those that need a reference or the cohort."""
    return "compare" if entry.needs.other in ("reference", "cohort") else "measure"


def describe(column: str) -> Biomarker:
    """The family a column belongs to.

    Raises
    ------
    VocabularyError
        When no family makes such a column; offers the nearest.
    """
    found = _homes().get(column)
    if found is None and "_" in column:
        # leads beyond the twelve
        found = next((e for e in catalogue() if e.scope == "lead" and e.name == column.rsplit("_", 1)[0]), None)
    if found is None:
        raise VocabularyError(
            f"no biomarker makes a column {column!r}",
            expected="a catalogue name",
            remedy=did_you_mean(column, _homes()),
        )
    return found


@functools.cache
def _homes() -> dict[str, Biomarker]:
    return {column: entry for entry in catalogue() if entry.computed for column, _ in entry.columns(LEADS)}


def _entry(raw: dict[str, Any], *, dimension: str) -> Biomarker:
    scope: Any = raw.get("scope", "global")
    where: tuple[str, ...] = ()
    if isinstance(scope, dict):
        ((scope, names),) = scope.items()
        where = tuple(names)
    needs = dict(raw.get("needs", {}))
    needs["leads"] = tuple(needs.get("leads", ()))
    return Biomarker(
        id=raw["id"],
        name=raw["name"],
        dimension=dimension,
        title=raw["title"],
        definition=raw["definition"],
        formula=raw.get("formula", ""),
        unit=raw["unit"],
        scope=scope,
        where=where,
        needs=Needs(**needs),
        aggregation=raw.get("aggregation", ""),
        ranges=tuple(_range(limits) for limits in raw.get("ranges", ())),
        codes={system: str(code) for system, code in raw.get("codes", {}).items()},
        citation=raw.get("citation", ""),
        evidence=raw["evidence"],
        why_not=raw.get("why_not", ""),
        version=str(raw.get("version", "1")),
    )


def _range(raw: dict[str, Any]) -> ReferenceRange:
    values = dict(raw)
    for pair in ("percentiles", "age"):
        if pair in values:
            values[pair] = tuple(float(number) for number in values[pair])
    return ReferenceRange(**values)
