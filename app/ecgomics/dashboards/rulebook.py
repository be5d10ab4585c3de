"""`RuleBook`: the rules as dashboards use them: judged for all, explained for one, limits edited or not."""

from __future__ import annotations

import json
from collections import OrderedDict
from collections.abc import Iterator, Mapping
from functools import cached_property
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd
import xarray as xr

from ecgomics.dashboards.census import Census
from ecgomics.errors import CohortError, RuleError
from ecgomics.notebook import drawn
from ecgomics.rules import Finding, Rule, Study, evaluate, load_rules, spans, study, trace, with_limits
from ecgomics.rules.model import SEVERITIES, Clause
from ecgomics.settings import RuleSettings
from ecgomics.vocabulary import STATES
from ecgomics.waves.beats import Beats

Limits = dict[str, tuple[float, ...]]
"""Edited limits by clause id, one number a band, or both limits of `between`."""

MET = STATES.index("met")
UNKNOWN = STATES.index("unknown")
KEPT = 16
"""Outcomes with edited limits that are remembered."""


class RuleBook:
    """Rules of one cohort.

    Parameters
    ----------
    rules
        As `rules.load_rules` gives them.
    census
        The cohort's records; left out, only titles are known.
    """

    def __init__(self, rules: tuple[Rule, ...], census: Census | None = None) -> None:
        self._rules = {rule.id: rule for rule in rules}
        self._census = census
        self._edited: OrderedDict[tuple[Any, ...], npt.NDArray[np.uint8]] = OrderedDict()
        self._published: dict[str, tuple[int, int]] = {}
        self.titles = {rule.id: rule.name for rule in rules}

    @classmethod
    def of(cls, cohort: Any) -> RuleBook:
        """The rules a cohort was judged by: those that come along, with its settings, and its own."""
        settings = None
        stage = getattr(cohort, "stages", {}).get("rules")
        if stage is not None:
            settings = RuleSettings.from_dict(stage.settings)
        try:
            own = json.loads(cohort.findings.attrs.get("own_rules", "[]"))
        except CohortError:
            own = []
        if not own:
            return cls(load_rules(settings=settings))
        with TemporaryDirectory() as folder:
            # every JSON text is YAML
            path = Path(folder) / "own.yaml"
            path.write_text(json.dumps({"rules": own}), encoding="utf-8")
            return cls(load_rules([path], settings=settings))

    def about(self, census: Census) -> RuleBook:
        """The same rules, for a cohort."""
        return RuleBook(tuple(self._rules.values()), census)

    def __contains__(self, rule: object) -> bool:
        return rule in self._rules

    def __iter__(self) -> Iterator[str]:
        return iter(self._rules)

    def rule(self, rule: str) -> Rule:
        """A rule by id. Raises RuleError when there is none."""
        if rule not in self._rules:
            raise RuleError("a rule that is not loaded", expected="the id of a rule")
        return self._rules[rule]

    def title(self, rule: str) -> str:
        """A rule's short name; its id for an unknown one."""
        return self.titles.get(rule, rule)

    @cached_property
    def judged(self) -> bool:
        """Whether the cohort has outcomes of rules."""
        return self._census is not None and bool(self._census.states[1])

    # outcomes over all records

    def states(self, rule: str, *, limits: Mapping[str, tuple[float, ...]]) -> npt.NDArray[np.uint8]:
        """State of a rule in every record (uint8, one a record): as stored, or judged anew where a limit is edited."""
        census = self._known()
        if not limits:
            return census.state_of(rule)
        needed = self._closure(rule)
        changed = {name: value for name, value in limits.items() if name.split(".")[0] in needed}
        if not changed:
            return census.state_of(rule)
        key = (rule, *sorted(changed.items()))
        if key not in self._edited:
            self._edited[key] = self._evaluated(rule, needed, changed)
            while len(self._edited) > KEPT:
                self._edited.popitem(last=False)
        return self._edited[key]

    def prevalence(self, rule: str, *, limits: Mapping[str, tuple[float, ...]] | None = None) -> tuple[int, int]:
        """How many records meet a rule, and how many can be judged."""
        if not limits and rule in self._published:
            return self._published[rule]
        states = self.states(rule, limits=limits or {})
        counts = int((states == MET).sum()), int((states != UNKNOWN).sum())
        if not limits:
            self._published[rule] = counts
        return counts

    def state(self, rule: str, record: str, *, limits: Mapping[str, tuple[float, ...]]) -> str:
        """State of a rule in one record, one of `vocabulary.STATES`."""
        return STATES[int(self.states(rule, limits=limits)[self._known().at(record)])]

    def met(self, record: str, *, limits: Mapping[str, tuple[float, ...]] | None = None) -> list[str]:
        """Ids of the rules a record meets, what asks for eyes most first."""
        if not self.judged:
            return []
        found = [rule for rule in self._rules if self.state(rule, record, limits=limits or {}) == "met"]
        return sorted(found, key=lambda rule: -SEVERITIES.index(self._rules[rule].severity))

    def findings(self, rule: str, *, limits: Mapping[str, tuple[float, ...]]) -> xr.Dataset:
        """Outcomes of a rule in all records, as `rules.evaluate` gives them, with limits as edited.

        Raises
        ------
        RuleError
            Before the rules were evaluated.
        """
        census = self._known()
        stored = census.stage("findings")
        needed = self._closure(rule)
        if stored is None:
            raise RuleError("rules that were not evaluated", remedy="run: ecgomics analyse COHORT")
        if not any(name.split(".")[0] in needed for name in limits):
            return stored[["state", "margin"]].sel(rule=[rule]).load()
        rules = tuple(entry for entry in self._with_limits(limits) if entry.id in needed)
        return evaluate(self._values, subjects=self._subjects, rules=rules)

    def study(
        self, rule: str, *, limits: Mapping[str, tuple[float, ...]], label: pd.Series | None, patient: pd.Series
    ) -> Study:
        """All that the cohort says about a rule, with limits as edited: see `rules.study`."""
        rules = self._with_limits(limits)
        return study(self._values, rule=rule, rules=rules, subjects=self._subjects, label=label, patient=patient)

    # one record

    def finding(self, rule: str, record: str, *, limits: Mapping[str, tuple[float, ...]]) -> Finding:
        """A rule's outcome in a record with every number behind it."""
        rules = self._with_limits(limits)
        row = [self._known().at(record)]
        values, subjects = self._values.isel(record=row), self._subjects.isel(record=row)
        return trace(values, record=record, rule=rule, subjects=subjects, rules=rules)

    def spans(
        self, rule: str, record: str, *, limits: Mapping[str, tuple[float, ...]], beats: Beats | None = None
    ) -> list[dict[str, Any]]:
        """Evidence of a rule on a record, as a strip draws it; nothing before analysis. `beats`: where read before."""
        if not self.judged:
            return []
        finding = self.finding(rule, record, limits=limits)
        try:
            beats = beats or self._known().cohort.beats_of(record)
        except CohortError:
            return []
        leads = beats.beats["lead"].values
        return drawn(spans(finding, beats), dimension=self._rules[rule].dimension, leads=leads)

    # limits

    def limit_fields(self, rule: str, *, limits: Mapping[str, tuple[float, ...]]) -> list[dict[str, Any]]:
        """Numbers of a rule to edit: dicts of `clause`, `place`, `text`, `value`, `standard`, `unit`, `step`."""
        fields: list[dict[str, Any]] = []
        seen: set[str] = set()
        for clause in self.rule(rule).clauses:
            if clause.edited_as in seen or clause.relative is not None:
                continue
            seen.add(clause.edited_as)
            fields += _fields(clause, limits.get(clause.edited_as))
        return fields

    def with_limit(self, limits: Mapping[str, tuple[float, ...]], clause: str, *, place: int, value: float) -> Limits:
        """Limits with one more edited; a number put back to the published one is no edit.

        Raises
        ------
        RuleError
            For a clause or place that does not exist, or a value that is no number.
        """
        known = {part.edited_as: part for part in self.rule(clause.split(".")[0]).clauses if part.relative is None}
        standard = _standard(known[clause]) if clause in known else ()
        if not 0 <= place < len(standard) or not np.isfinite(value):
            raise RuleError("a limit that cannot be edited", expected="a number for a clause of the rule")
        now = list(limits.get(clause, standard))
        now[place] = float(value)
        edited: Limits = {**limits, clause: tuple(now)}
        if tuple(now) == standard:
            del edited[clause]
        return edited

    def _known(self) -> Census:
        if self._census is None:
            raise RuleError("rules that are about no cohort", expected="RuleBook.about(census)")
        return self._census

    def _closure(self, rule: str) -> set[str]:
        needed, ahead = set(), [rule]
        while ahead:
            name = ahead.pop()
            if name not in needed and name in self._rules:
                needed.add(name)
                ahead += self._rules[name].depends_on
        return needed

    def _evaluated(self, rule: str, needed: set[str], limits: Mapping[str, tuple[float, ...]]) -> npt.NDArray[np.uint8]:
        rules = tuple(entry for entry in self._with_limits(limits) if entry.id in needed)
        found = evaluate(self._values, subjects=self._subjects, rules=rules)
        return np.asarray(found["state"].sel(rule=rule).values, dtype=np.uint8)

    def _with_limits(self, limits: Mapping[str, tuple[float, ...]]) -> tuple[Rule, ...]:
        rules = tuple(self._rules.values())
        # one number for a single band, as the rules' own reader wants it
        return with_limits(rules, {name: list(values) for name, values in limits.items()}) if limits else rules

    @cached_property
    def _values(self) -> xr.Dataset:
        census = self._known()
        coords = {"record": census.ids, "biomarker": list(census.biomarker_columns)}
        return xr.Dataset({"value": (("record", "biomarker"), census.biomarkers)}, coords=coords)

    @cached_property
    def _subjects(self) -> xr.Dataset:
        census = self._known()
        people = {"age": ("record", census.age.astype(np.float32)), "sex": ("record", census.sex)}
        return xr.Dataset(people, coords={"record": census.ids})


def _standard(clause: Clause) -> tuple[float, ...]:
    if clause.comparison == "between" and clause.bands and clause.bands[0].upper is not None:
        return clause.bands[0].limit, clause.bands[0].upper
    return tuple(band.limit for band in clause.bands)


def _fields(clause: Clause, edited: tuple[float, ...] | None) -> Iterator[dict[str, Any]]:
    standard = _standard(clause)
    name = clause.biomarker.removesuffix("_Global")
    if clause.lead and clause.edited_as != clause.id:
        name = name.removesuffix(f"_{clause.lead}")
    sign = {"above": ">", "at_least": "≥", "below": "<", "at_most": "≤", "between": "≥", "equals": "="}[
        clause.comparison
    ]
    for place, value in enumerate(standard):
        whom = "" if clause.comparison == "between" else _whom(clause, place)
        shown = "≤" if clause.comparison == "between" and place == 1 else sign
        yield {
            "clause": clause.edited_as,
            "place": place,
            "text": f"{name} {shown}{whom}",
            "value": float((edited or standard)[place]),
            "standard": float(value),
            "unit": "" if clause.unit in ("1", "code") else clause.unit,
            "step": {"ms": 5, "mV": 0.05, "°": 5, "/min": 5}.get(clause.unit, "any"),
        }


def _whom(clause: Clause, place: int) -> str:
    band = clause.bands[place]
    who = {"F": "women", "M": "men"}.get(band.sex, "")
    ages = ""
    if band.age_from is not None and band.age_below is not None:
        ages = f"{band.age_from:g} to <{band.age_below:g} y"
    elif band.age_from is not None:
        ages = f"from {band.age_from:g} y"
    elif band.age_below is not None:
        ages = f"under {band.age_below:g} y"
    words = " ".join(part for part in (who, ages) if part)
    return f" ({words})" if words else ""
