"""Groups by definition: a line of text that makes the same group again, from what is known of the records."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import cached_property
from typing import Any, Self

import numpy as np
import numpy.typing as npt
import pandas as pd

from ecgomics.discovery.clustering import clusters
from ecgomics.discovery.groups import Group, Origin
from ecgomics.discovery.ledger import Ledger
from ecgomics.discovery.lockbox import lockbox_of, sealed
from ecgomics.discovery.patients import Bools
from ecgomics.errors import DiscoveryError, EcgomicsError, did_you_mean
from ecgomics.vocabulary import STATES

HOW = (
    "label:LBBB, rule:first_degree_block, PR_Int_Global > 200, age = 40..60, sex = F, cluster:handmade/6/2, saved:X, "
    "joined by and, or, without, not and brackets"
)
_WORDS = ("and", "or", "without", "not")
_TOKEN = re.compile(
    r'\s*(?:(?P<sign>>=|<=|[()<>=])|(?P<kind>label|rule|cluster|saved|records):|"(?P<quoted>[^"]*)"'
    r"|(?P<word>[^\s()<>=\"]+))"
)


@dataclass(frozen=True)
class Known:
    """What groups can be made of.

    Parameters
    ----------
    records
        Ids of all records.
    labels
        Records of each label code.
    rules
        State of each record by rule id (uint8, index into `STATES`).
    inputs
        Biomarkers each rule looks at.
    numbers
        Columns of numbers (float64, record), NaN unknown: biomarkers, and facts such as age.
    facts
        Names of `numbers` that are no biomarkers.
    texts
        Columns of texts ("" unknown), such as sex and device.
    saved
        Groups saved by name.
    vectors
        Gives the vectors of an encoder (DataFrame indexed by record), for clusters.
    aside
        Records that are set aside (bool, record): clusters are not made with them.
    """

    records: npt.NDArray[np.str_]
    labels: Mapping[str, frozenset[str]] = field(default_factory=dict)
    rules: Mapping[str, npt.NDArray[np.uint8]] = field(default_factory=dict)
    inputs: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    numbers: Mapping[str, npt.NDArray[np.float64]] = field(default_factory=dict)
    facts: frozenset[str] = frozenset()
    texts: Mapping[str, npt.NDArray[np.str_]] = field(default_factory=dict)
    saved: Mapping[str, Group] = field(default_factory=dict)
    vectors: Callable[[str], pd.DataFrame] | None = None
    aside: Bools | None = None

    @classmethod
    def of(cls, cohort: Any) -> Self:
        """All that a cohort knows of its records."""
        facts = cohort.records
        ids = facts.index.to_numpy(dtype=str)
        numbers, texts = _facts_of(facts)
        values, states = _stage(cohort, "biomarkers"), _stage(cohort, "findings")
        columns: dict[str, npt.NDArray[np.float64]] = {}
        if values is not None:
            table = values["value"].transpose("record", "biomarker").to_pandas().reindex(ids)
            columns = {str(name): table[name].to_numpy(dtype=np.float64) for name in table.columns}
        rules: dict[str, npt.NDArray[np.uint8]] = {}
        if states is not None:
            found = states["state"].transpose("record", "rule").to_pandas().reindex(ids)
            unknown = STATES.index("unknown")
            rules = {str(rule): found[rule].fillna(unknown).to_numpy(dtype=np.uint8) for rule in found.columns}
        patient = facts["patient"].fillna("").astype(str).to_numpy() if "patient" in facts else np.full(len(ids), "")
        return cls(
            ids,
            labels=_labels_of(cohort.labels),
            rules=rules,
            inputs=_inputs_of(rules),
            numbers={**numbers, **columns},
            facts=frozenset(numbers) - frozenset(columns),
            texts=texts,
            saved=Ledger.of(cohort).groups(),
            vectors=lambda encoder: _vectors_of(cohort, encoder),
            aside=sealed(patient, record=ids, settings=lockbox_of(cohort)),
        )

    def with_saved(self, groups: Mapping[str, Group]) -> Known:
        """The same with other saved groups."""
        return replace(self, saved=dict(groups))

    def group(self, text: str, *, name: str = "") -> Group:
        """Make a group of its definition.

        Parameters
        ----------
        text
            Such as ``label:LBBB and age >= 60``; see `HOW`.
        name
            What to call it. Left out: the definition.

        Returns
        -------
        Group
            As exploratory as its most exploratory part.

        Raises
        ------
        DiscoveryError
            For text that is no definition, and for names nothing is known by; offers the nearest.

        Examples
        --------
        >>> known = Known(np.array(["a", "b", "c"]), numbers={"age": np.array([40.0, 70, np.nan])}, facts={"age"})
        >>> known.group("age >= 65 or not age > 0").records
        ('b', 'c')
        """
        made = _Reader(self, text).read()
        return replace(made, name=name or text.strip(), definition=text.strip())

    def must_know_column(self, name: str) -> None:
        """Refuse a column that nothing is known by. Raises DiscoveryError offering the nearest."""
        _must_know(name, [*self.numbers, *self.texts], "column")

    @cached_property
    def everyone(self) -> Group:
        """All records."""
        return Group("all", tuple(self.records.tolist()), definition="all", origin="table")


class _Reader:
    """Reads one definition, from the loosest word to the tightest: or; and, without; not; a term."""

    def __init__(self, known: Known, text: str) -> None:
        self.known = known
        self.text = text
        self.tokens = _tokens(text)
        self.place = 0

    def read(self) -> Group:
        if not self.tokens:
            raise self._wrong("an empty definition")
        made = self._either()
        if self.place < len(self.tokens):
            raise self._wrong(f"{self._peek()[1]!r} where a definition should end")
        return made

    def _either(self) -> Group:
        made = self._both()
        while self._take("word", "or"):
            made = made | self._both()
        return made

    def _both(self) -> Group:
        made = self._one()
        while True:
            if self._take("word", "and"):
                made = made & self._one()
            elif self._take("word", "without"):
                made = made - self._one()
            else:
                return made

    def _one(self) -> Group:
        if self._take("word", "not"):
            return self._one().complement(self.known.records)
        if self._take("sign", "("):
            inner = self._either()
            if not self._take("sign", ")"):
                raise self._wrong("a bracket that is not closed")
            return inner
        kind, word = self._next()
        if kind == "kind":
            return self._named(word)
        if kind in ("word", "quoted") and word not in _WORDS:
            return self.known.everyone if word == "all" else self._compared(word)
        raise self._wrong(f"{word!r} where a group should be" if word else "a definition that ends too early")

    def _named(self, kind: str) -> Group:
        _, name = self._next()
        known = self.known
        if kind == "label":
            _must_know(name, sorted(known.labels, key=lambda code: -len(known.labels[code])), "label")
            return self._made(sorted(known.labels[name]), f"label:{name}", "labels")
        if kind == "saved":
            _must_know(name, known.saved, "saved group")
            return known.saved[name]
        if kind == "records":
            given = [part for part in name.split(",") if part]
            lost = len(set(given) - set(known.records.tolist()))
            if lost:
                raise self._wrong(f"{lost} record ids that the cohort has not")
            return self._made(given, f"records:{name}", "table")
        if kind == "cluster":
            return self._clustered(name)
        _must_know(name, known.rules, "rule")
        state = "met"
        if self._take("sign", "="):
            state = self._next()[1]
            _must_know(state, STATES, "state of a rule")
        inside = known.rules[name] == STATES.index(state)
        records = known.records[inside].tolist()
        text = f"rule:{name}" + ("" if state == "met" else f"={state}")
        return Group(text, tuple(records), definition=text, origin="rules", defined_by=known.inputs.get(name, ()))

    def _clustered(self, name: str) -> Group:
        match = re.fullmatch(r"(.+)/(\d+)/(\d+)", name)
        if match is None or self.known.vectors is None:
            raise self._wrong(f"a cluster called {name!r}", expected="cluster:ENCODER/HOW MANY/WHICH, from 1")
        encoder, count, which = match[1], int(match[2]), int(match[3])
        vectors = self.known.vectors(encoder).reindex(self.known.records)
        number = clusters(vectors.to_numpy(dtype=np.float64), count=count, aside=self.known.aside)
        if not 1 <= which <= count:
            raise self._wrong(f"cluster {which} of {count}", expected=f"1 to {count}")
        return self._made(self.known.records[number == which - 1].tolist(), f"cluster:{name}", "cluster")

    def _compared(self, column: str) -> Group:
        known = self.known
        _must_know(column, [*known.numbers, *known.texts], "column")
        kind, sign = self._next()
        if kind != "sign" or sign in "()":
            raise self._wrong(f"{column} without a comparison", expected=f"{column} > …, {column} = … or another sign")
        _, value = self._next()
        text = f"{column} {sign} {value}"
        if column in known.texts:
            if sign != "=":
                raise self._wrong(f"{text}: {column} is a text", expected="=")
            own = known.texts[column]
            _must_know(value, sorted(set(own.tolist()) - {""}), f"{column}")
            return self._made(known.records[own == value].tolist(), text, "table")
        with np.errstate(invalid="ignore"):
            inside = _within(known.numbers[column], sign, value)
        if inside is None:
            raise self._wrong(f"{value!r} beside {column}", expected="a number, or two with .. between")
        origin: Origin = "table" if column in known.facts else "biomarker"
        by = () if origin == "table" else (column,)
        return Group(text, tuple(known.records[inside].tolist()), definition=text, origin=origin, defined_by=by)

    def _made(self, records: Iterable[str], text: str, origin: Origin) -> Group:
        return Group(text, tuple(records), definition=text, origin=origin)

    def _peek(self) -> tuple[str, str]:
        return self.tokens[self.place] if self.place < len(self.tokens) else ("", "")

    def _next(self) -> tuple[str, str]:
        token = self._peek()
        self.place += 1
        return token

    def _take(self, kind: str, word: str) -> bool:
        if self._peek() != (kind, word):
            return False
        self.place += 1
        return True

    def _wrong(self, what: str, *, expected: str = HOW) -> DiscoveryError:
        return DiscoveryError(f"{what} in the definition {self.text!r}", expected=expected)


def _must_know(name: str, known: Iterable[str], what: str) -> None:
    names = list(known)
    if name not in names:
        near = did_you_mean(name, names) or _some_of(names)
        raise DiscoveryError(f"no {what} {name!r}", remedy=near)


def _some_of(names: Sequence[str]) -> str:
    if not names:
        return "there is none"
    more = len(names) - 6
    return f"there are {', '.join(names[:6])}" + (f" and {more} more" if more > 0 else "")


def _tokens(text: str) -> list[tuple[str, str]]:
    found, place = [], 0
    stripped = text.rstrip()
    while place < len(stripped):
        match = _TOKEN.match(stripped, place)
        if match is None:
            raise DiscoveryError(f"a quotation mark that is not closed in the definition {text!r}", expected=HOW)
        kind = str(match.lastgroup)
        found.append((kind, match[kind]))
        place = match.end()
    return found


def _within(own: npt.NDArray[np.float64], sign: str, value: str) -> Bools | None:
    low, dots, high = value.partition("..")
    try:
        limits = [float(low)] + ([float(high)] if dots else [])
    except ValueError:
        return None
    if dots:
        return np.asarray((own >= limits[0]) & (own <= limits[1])) if sign == "=" else None
    compare = {">": np.greater, "<": np.less, ">=": np.greater_equal, "<=": np.less_equal, "=": np.equal}[sign]
    return np.asarray(compare(own, limits[0]), dtype=bool)


def _facts_of(facts: pd.DataFrame) -> tuple[dict[str, npt.NDArray[np.float64]], dict[str, npt.NDArray[np.str_]]]:
    numbers, texts = {}, {}
    for name in facts.columns:
        if name == "patient":
            continue
        if pd.api.types.is_numeric_dtype(facts[name]):
            numbers[str(name)] = facts[name].to_numpy(dtype=np.float64, na_value=np.nan)
        elif facts[name].dtype == object or pd.api.types.is_string_dtype(facts[name]):
            texts[str(name)] = facts[name].fillna("").astype(str).to_numpy(dtype=str)
    return numbers, texts


def _labels_of(table: pd.DataFrame) -> dict[str, frozenset[str]]:
    if not len(table):
        return {}
    grouped = table.groupby(table["code"].astype(str))["record"]
    return {str(code): frozenset(own.astype(str)) for code, own in grouped}


def _inputs_of(rules: Iterable[str]) -> dict[str, tuple[str, ...]]:
    """Biomarkers of each rule and of the rules it builds on."""
    from ecgomics.rules import load_rules

    known = {rule.id: rule for rule in load_rules()}

    def inputs(rule: str, above: frozenset[str] = frozenset()) -> list[str]:
        if rule not in known or rule in above:
            return []
        own = list(known[rule].inputs)
        return own + [name for part in known[rule].depends_on for name in inputs(part, above | {rule})]

    return {rule: tuple(dict.fromkeys(inputs(rule))) for rule in rules}


def _stage(cohort: Any, name: str) -> Any:
    try:
        return getattr(cohort, name)
    except (EcgomicsError, KeyError):
        return None


def _vectors_of(cohort: Any, encoder: str) -> pd.DataFrame:
    known = tuple(cohort.encoders)
    if encoder not in known:
        raise DiscoveryError(
            f"no vectors of an encoder {encoder!r}",
            expected=", ".join(known) or "vectors, which this cohort has none of",
            remedy=did_you_mean(encoder, known) or "ecgomics embed COHORT",
        )
    table: pd.DataFrame = cohort.latent(encoder)["vectors"].transpose("record", ...).to_pandas()
    return table
