"""`Census`: the cohort's records as plain arrays, to be sorted, filtered, coloured and searched."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import Any, ClassVar

import numpy as np
import pandas as pd
import xarray as xr

from ecgomics.errors import EcgomicsError, VocabularyError, did_you_mean
from ecgomics.vocabulary import STATES

RECORD_COLUMNS = ("source", "age", "sex", "label", "quality")
"""Columns every cohort has, beside its biomarkers and rules."""

JUDGED = 4000
"""Records up to which a map is judged while a server warms up."""


@dataclass(frozen=True)
class Column:
    """Something records can be sorted and coloured by.

    Parameters
    ----------
    name
        Its key: a record column, a biomarker's name, or ``rule:<id>``.
    title
        What the page calls it.
    unit
        Of its values; empty for none.
    dimension
        One of `vocabulary.DIMENSIONS`, or empty for facts about the record.
    kind
        ``"number"`` or ``"category"``.
    """

    name: str
    title: str
    unit: str = ""
    dimension: str = ""
    kind: str = "number"


class Census:
    """What Explore knows of every record, read once from a cohort and shared by all its sessions; never changed.

    Parameters
    ----------
    cohort
        An open `Cohort`. Stages that have not run leave their part empty; nothing is computed here.
    rule_titles
        Rule id → title, for search and chips.
    """

    MET: ClassVar[int] = STATES.index("met")
    UNKNOWN: ClassVar[int] = STATES.index("unknown")

    def __init__(self, cohort: Any, *, rule_titles: Mapping[str, str] | None = None) -> None:
        self.cohort = cohort
        self.rule_titles = dict(rule_titles or {})
        facts = cohort.records
        self.ids = np.asarray(facts.index, dtype=str)
        self.index = pd.Index(self.ids)
        self.source = _text(facts, "source", fallback=self.ids)
        patient = _text(facts, "patient", fallback=self.ids)
        self.patient = np.where(patient == "", self.ids, patient)
        self.age = _numbers(facts, "age")
        self.sex = _text(facts, "sex", fallback=np.full(len(self.ids), ""))
        self.duration_s = _numbers(facts, "duration_s")
        self.native_hz = _numbers(facts, "native_hz")
        self._ranks: dict[str, np.ndarray] = {}
        self._trust: dict[str, dict[str, float]] = {}

    def __len__(self) -> int:
        return len(self.ids)

    @property
    def n_patients(self) -> int:
        """How many people the records come from."""
        return len(set(self.patient))

    def at(self, record: str) -> int:
        """Position of a record in every array of the census.

        Raises
        ------
        VocabularyError
            When the cohort has no such record.
        """
        try:
            return int(self.index.get_loc(record))
        except KeyError:
            raise VocabularyError(
                "the cohort has no record with that id",
                expected="an id of cohort.records",
                remedy="look ids up with cohort.records.index",
            ) from None

    def positions(self, records: Any) -> np.ndarray:
        """Positions of record ids (int, ascending); ids the cohort does not have are left out."""
        found = self.index.get_indexer(np.asarray(list(records), dtype=str))
        return np.unique(found[found >= 0])

    def stage(self, name: str) -> xr.Dataset | None:
        """A stage's Dataset, or None when it has not run."""
        try:
            found = getattr(self.cohort, name)
        except (EcgomicsError, KeyError, AttributeError):
            return None
        return found if isinstance(found, xr.Dataset) else None

    def aligned(self, array: xr.DataArray) -> np.ndarray:
        """An array with a `record` dim, in the census's order; NaN (or 0 for integers) where it lacks a record."""
        moved = array.transpose("record", ...)
        place = pd.Index(np.asarray(moved["record"].values, dtype=str)).get_indexer(self.index)
        values = np.asarray(moved.values)
        if values.shape[0] == 0:
            return np.full((len(self), *values.shape[1:]), np.nan)
        if np.array_equal(place, np.arange(len(self))):
            return values
        missing = np.nan if values.dtype.kind == "f" else self.UNKNOWN
        taken = values[place].copy()
        taken[place < 0] = missing
        return taken

    @cached_property
    def labels(self) -> list[tuple[str, ...]]:
        """Label codes of each record, the likeliest first."""
        table = self.cohort.labels
        found: dict[str, list[str]] = {}
        if len(table):
            ranked = table.sort_values("likelihood", ascending=False, kind="stable")
            for record, code in zip(ranked["record"].astype(str), ranked["code"].astype(str), strict=True):
                found.setdefault(record, []).append(code)
        return [tuple(dict.fromkeys(found.get(record, ()))) for record in self.ids]

    @cached_property
    def label_counts(self) -> Counter[str]:
        """How many records carry each label code."""
        return Counter(code for codes in self.labels for code in codes)

    @cached_property
    def synthetic(self) -> bool:
        """Whether any label says that its record was simulated."""
        table = self.cohort.labels
        return bool(len(table)) and bool((table["system"] == "synthetic").any())

    @cached_property
    def quality(self) -> np.ndarray:
        """Quality of each record, 0 to 1; NaN before analysis."""
        found = self.stage("quality")
        if found is None or "record_quality" not in found:
            return np.full(len(self), np.nan)
        return self.aligned(found["record_quality"]).astype(float)

    @cached_property
    def biomarkers(self) -> np.ndarray:
        """Values (record, biomarker) float32; no columns before analysis."""
        found = self.stage("biomarkers")
        if found is None:
            return np.empty((len(self), 0), dtype=np.float32)
        return self.aligned(found["value"])

    @cached_property
    def biomarker_columns(self) -> dict[str, Column]:
        """Every biomarker of the cohort by name, in the store's order."""
        found = self.stage("biomarkers")
        if found is None:
            return {}
        names = [str(name) for name in found["biomarker"].values]
        units = _coordinate(found, "unit", len(names))
        dimensions = _coordinate(found, "dimension", len(names))
        return {
            name: Column(name, name, unit=unit, dimension=dimension)
            for name, unit, dimension in zip(names, units, dimensions, strict=True)
        }

    @cached_property
    def _place(self) -> dict[str, int]:
        return {name: place for place, name in enumerate(self.biomarker_columns)}

    @cached_property
    def states(self) -> tuple[np.ndarray, dict[str, int]]:
        """Stored rule states (record, rule) and where each rule's column is."""
        found = self.stage("findings")
        if found is None or "state" not in found:
            return np.empty((len(self), 0), dtype=np.uint8), {}
        rules = {str(rule): place for place, rule in enumerate(found["rule"].values)}
        return self.aligned(found["state"]), rules

    def state_of(self, rule: str) -> np.ndarray:
        """A rule's stored state in each record: int, index into `vocabulary.STATES`; unknown where never evaluated."""
        table, places = self.states
        if rule not in places:
            return np.full(len(self), self.UNKNOWN, dtype=np.uint8)
        return table[:, places[rule]]

    def has_map(self, encoder: str) -> bool:
        """Whether an encoder's vectors have been projected to a map."""
        try:
            return "map" in self.cohort.latent(encoder)
        except (EcgomicsError, KeyError):
            return False

    def map_of(self, encoder: str) -> tuple[np.ndarray, Mapping[str, Any]]:
        """Places (record, 2) float on an encoder's map, NaN for records without, and what is known of the map.

        The second holds, as far as known, `method`, `trustworthiness` and `continuity` (0 to 1).
        """
        if not encoder or not self.has_map(encoder):
            return np.full((len(self), 2), np.nan), {}
        found = self.cohort.latent(encoder)
        facts = {**found.attrs, **found["map"].attrs, **self._trust.get(encoder, {})}
        return self.aligned(found["map"]).astype(float), facts

    def judge_map(self, encoder: str) -> None:
        """Work out how far an encoder's map can be trusted, unless the store says so; slow, done once."""
        if encoder in self._trust or len(self) > JUDGED or not self.has_map(encoder):
            return
        from ecgomics.latent import trust

        found = self.cohort.latent(encoder)
        vectors, places = np.asarray(found["vectors"].values, dtype=float), np.asarray(found["map"].values, dtype=float)
        known = np.isfinite(vectors).all(axis=1) & np.isfinite(places).all(axis=1)
        if "trustworthiness" in found.attrs or int(known.sum()) < 8:
            return
        judged = trust(vectors[known], places[known])
        self._trust[encoder] = {"trustworthiness": judged.trustworthiness, "continuity": judged.continuity}

    @cached_property
    def search_text(self) -> list[str]:
        """What search looks through, a lower-case line a record: source, patient, labels, titles of rules met."""
        table, places = self.states
        met: list[list[str]] = [[] for _ in self.ids]
        for rule, place in places.items():
            title = f"{rule} {self.rule_titles.get(rule, '')}"
            for row in np.flatnonzero(table[:, place] == self.MET):
                met[row].append(title)
        return [
            " ".join((str(source), str(patient), *codes, *titles)).casefold()
            for source, patient, codes, titles in zip(self.source, self.patient, self.labels, met, strict=True)
        ]

    @cached_property
    def columns(self) -> dict[str, Column]:
        """Everything records can be sorted and coloured by, by name."""
        facts = [
            Column("source", "record", kind="category"),
            Column("age", "age", unit="y"),
            Column("sex", "sex", kind="category"),
            Column("label", "label", kind="category"),
            Column("quality", "quality"),
        ]
        rules = [Column(f"rule:{rule}", self.rule_titles.get(rule, rule), kind="category") for rule in self.states[1]]
        return {column.name: column for column in facts} | self.biomarker_columns | {c.name: c for c in rules}

    def column(self, name: str) -> Column:
        """A column by name.

        Raises
        ------
        VocabularyError
            When there is none of that name; offers the nearest.
        """
        if name not in self.columns:
            raise VocabularyError(f"no column is called {name!r}", remedy=did_you_mean(name, self.columns))
        return self.columns[name]

    def numbers(self, name: str) -> np.ndarray:
        """A numeric column: float, one a record, NaN where unknown. Raises VocabularyError for an unknown name."""
        if name in self._place:
            return self.biomarkers[:, self._place[name]].astype(float)
        if name in ("age", "quality"):
            return np.asarray(getattr(self, name), dtype=float)
        self.column(name)
        raise VocabularyError(f"column {name!r} holds categories", expected="a numeric column")

    def categories(self, name: str) -> np.ndarray:
        """A categorical column as text, one a record; empty where unknown. Raises VocabularyError for others."""
        if name == "source":
            return self.source
        if name == "sex":
            return self.sex
        if name == "label":
            return np.array([codes[0] if codes else "" for codes in self.labels], dtype=str)
        if self.column(name).name.startswith("rule:"):
            return np.array(["not met", "met", "unknown"])[self.state_of(name.removeprefix("rule:"))]
        raise VocabularyError(f"column {name!r} holds numbers", expected="a categorical column")

    def ranks(self, name: str) -> np.ndarray:
        """Where each record's category stands in natural order (9 before 10): float, NaN where unknown."""
        if name not in self._ranks:
            texts = self.categories(name)
            known = sorted({str(text) for text in texts} - {""}, key=_natural)
            place = {text: rank for rank, text in enumerate(known)}
            self._ranks[name] = np.array([place.get(str(text), np.nan) for text in texts], dtype=float)
        return self._ranks[name]


def _natural(text: str) -> list[tuple[int, int, str]]:
    parts = re.split(r"(\d+)", text)
    return [(0, int(part), "") if part.isdigit() else (1, 0, part.casefold()) for part in parts if part]


def _text(facts: pd.DataFrame, column: str, *, fallback: np.ndarray) -> np.ndarray:
    if column not in facts:
        return fallback.astype(str)
    return facts[column].fillna("").astype(str).to_numpy(dtype=str)


def _numbers(facts: pd.DataFrame, column: str) -> np.ndarray:
    if column not in facts:
        return np.full(len(facts), np.nan)
    return pd.to_numeric(facts[column], errors="coerce").to_numpy(dtype=float)


def _coordinate(dataset: xr.Dataset, name: str, size: int) -> list[str]:
    if name not in dataset.coords and name not in dataset:
        return [""] * size
    return [str(value) for value in dataset[name].values]
