"""`examine`: a patient recorded, measured and judged at once."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Literal

import numpy as np
import xarray as xr

from ecgomics.biomarkers import measure
from ecgomics.rules import Clause, ClauseTrace, Finding, Rule, evaluate, load_rules
from ecgomics.simulate import VirtualPatient, VirtualRecord, simulate
from ecgomics.vocabulary import STATES
from ecgomics.waves import Beats, delineate

Marks = Literal["engine", "truth"]


@dataclass(frozen=True)
class Standing:
    """How a rule stands for one record.

    Attributes
    ----------
    rule
        The rule.
    state
        One of `vocabulary.STATES`.
    margin
        In fractions of the deciding limit, positive when met; NaN when unknown.
    """

    rule: Rule
    state: str
    margin: float


@dataclass(frozen=True)
class Examination:
    """A recording with everything the engine says of it.

    Attributes
    ----------
    ecg
        Dims (lead, time), mV.
    beats
        Marks it was measured by.
    values
        Biomarkers, dims (record, biomarker), one record.
    subjects
        Age and sex.
    rules
        What it was judged by.
    truth
        For a virtual patient, the marks as constructed; none for a real recording.
    """

    ecg: xr.DataArray
    beats: Beats
    values: xr.Dataset
    subjects: xr.Dataset
    rules: tuple[Rule, ...]
    truth: Beats | None = None

    @property
    def record(self) -> str:
        """Id of the record."""
        return str(self.values["record"].values[0])

    @cached_property
    def findings(self) -> xr.Dataset:
        """Every rule's state and margin."""
        return evaluate(self.values, subjects=self.subjects, rules=self.rules)

    @cached_property
    def _columns(self) -> dict[str, int]:
        return {str(name): place for place, name in enumerate(self.values["biomarker"].values)}

    def value(self, column: str) -> float:
        """One biomarker in its unit; NaN when it is not there."""
        place = self._columns.get(column)
        return float("nan") if place is None else float(self.values["value"].values[0, place])

    def uncertainty(self, column: str) -> float:
        """Half of the spread between beats (interquartile range), in the biomarker's unit; NaN for a single beat."""
        place = self._columns.get(column)
        return float("nan") if place is None else float(self.values["iqr"].values[0, place]) / 2

    @cached_property
    def standings(self) -> dict[str, Standing]:
        """How each rule stands, by id."""
        state, margin = self.findings["state"].values[0], self.findings["margin"].values[0]
        return {
            rule.id: Standing(rule, STATES[int(state[place])], float(margin[place]))
            for place, rule in enumerate(self.rules)
        }

    def met(self) -> tuple[str, ...]:
        """Ids of the rules that are met."""
        return tuple(name for name, standing in self.standings.items() if standing.state == "met")

    @cached_property
    def _rows(self) -> dict[str, int]:
        return {str(name): place for place, name in enumerate(self.findings["clause"].values)}

    def finding(self, rule: str) -> Finding:
        """A rule's outcome with every number behind it: `rules.trace` from what is evaluated already."""
        standing = self.standings[rule]
        clauses = tuple(self._clause(clause) for clause in standing.rule.clauses)
        others = [item.by for item in standing.rule.suppressed_by if item.by in self.standings]
        return Finding(
            record=self.record,
            rule=standing.rule,
            state=standing.state,
            margin=standing.margin,
            clauses=clauses,
            suppressed_by=tuple(name for name in others if self.standings[name].state == "met"),
            not_ruled_out=tuple(name for name in others if self.standings[name].state == "unknown"),
            missing=tuple(dict.fromkeys(c.clause.biomarker for c in clauses if not np.isfinite(c.value))),
        )

    @cached_property
    def _clause_numbers(self) -> tuple[np.ndarray, np.ndarray, np.ndarray]:  # type: ignore[type-arg]
        found = self.findings
        return found["clause_value"].values[0], found["clause_limit"].values[0], found["clause_state"].values[0]

    def _clause(self, clause: Clause) -> ClauseTrace:
        values, limits, states = self._clause_numbers
        row = self._rows[clause.id]
        value, limit = float(values[row]), float(limits[row])
        return ClauseTrace(clause, value, limit, _signed(clause, value, limit), STATES[int(states[row])])


def _delineated(ecg: xr.DataArray) -> Beats:
    """One short recording: threads would cost more to wake than they save, and two readers would fight over them."""
    import torch

    before = torch.get_num_threads()
    torch.set_num_threads(1)
    try:
        return delineate(ecg)
    finally:
        torch.set_num_threads(before)


def _signed(clause: Clause, value: float, limit: float) -> float:
    """Distance from the limit, positive on the side where the clause is met."""
    if clause.comparison in ("above", "at_least"):
        return value - limit
    if clause.comparison in ("below", "at_most"):
        return limit - value
    if clause.comparison == "between":
        upper = clause.bands[0].upper if clause.bands else None
        return min(value - limit, (limit if upper is None else upper) - value)
    return 0.5 - abs(value - limit)


def examine(
    patient: VirtualPatient,
    *,
    seed: int = 0,
    marks: Marks = "engine",
    rules: Sequence[Rule] | None = None,
    duration_s: float = 10.0,
) -> Examination:
    """Record a virtual patient, and measure and judge the recording.

    Parameters
    ----------
    patient
        Whose heart.
    seed
        Of the recording.
    marks
        ``"engine"`` finds the waves in the signal, as in a real one; ``"truth"`` takes those of the construction.
    rules
        What to judge by; by default those that come along.
    duration_s
        Length, s.

    Examples
    --------
    >>> examine(VirtualPatient(pr_ms=240, noise_mv=0)).standings["first_degree_block"].state
    'met'
    """
    record = simulate(patient, seed=seed, duration_s=duration_s)
    found = record.truth if marks == "truth" else _delineated(record.ecg)
    # the two call the record by other names: its values follow the marks
    return _examined(record.ecg, found, age=patient.age, sex=patient.sex, rules=rules, truth=record.truth)


def examine_recording(
    ecg: xr.DataArray,
    *,
    age: float = float("nan"),
    sex: str = "",
    beats: Beats | None = None,
    rules: Sequence[Rule] | None = None,
) -> Examination:
    """Measure and judge a real recording.

    Parameters
    ----------
    ecg
        Dims (lead, time), mV, with ``attrs["rate_hz"]``.
    age, sex
        Years (NaN unknown); ``"M"``, ``"F"`` or empty.
    beats
        Marks, where they are known already.
    rules
        What to judge by.
    """
    return _examined(ecg, beats or _delineated(ecg), age=age, sex=sex, rules=rules, truth=None)


def examine_many(records: Sequence[VirtualRecord], *, marks: Marks = "truth") -> tuple[xr.Dataset, xr.Dataset]:
    """Biomarkers of many virtual recordings of one length and rate in one go.

    Returns
    -------
    tuple of xarray.Dataset
        Biomarkers, dims (record, biomarker), in the order of `records`, and their subjects (age, sex).
    """
    ids = [f"{place}" for place in range(len(records))]
    first = records[0].ecg
    ecg = xr.DataArray(
        np.stack([record.ecg.values for record in records]),
        dims=("record", "lead", "time"),
        coords={"record": ids, "lead": first["lead"].values},
        attrs={"rate_hz": first.attrs["rate_hz"], "units": "mV"},
    )
    subjects = xr.Dataset(
        {
            "age": ("record", np.array([record.patient.age for record in records], dtype=np.float32)),
            "sex": ("record", np.array([record.patient.sex for record in records])),
        },
        coords={"record": ids},
    )
    found = delineate(ecg) if marks == "engine" else _joined([record.truth for record in records], ids)
    return measure(found, ecg, subjects=subjects), subjects


def _joined(truths: Sequence[Beats], ids: Sequence[str]) -> Beats:
    """The truths of several recordings as one, under other ids."""
    beats = [
        truth.beats.assign_coords(beat_record=("beat", np.full(truth.beats.sizes["beat"], name)))
        for truth, name in zip(truths, ids, strict=True)
    ]
    template = [truth.template.assign_coords(record=[name]) for truth, name in zip(truths, ids, strict=True)]
    quality = [truth.quality.assign_coords(record=[name]) for truth, name in zip(truths, ids, strict=True)]
    return Beats(xr.concat(beats, dim="beat"), xr.concat(template, dim="record"), xr.concat(quality, dim="record"))


def _examined(
    ecg: xr.DataArray, beats: Beats, *, age: float, sex: str, rules: Sequence[Rule] | None, truth: Beats | None
) -> Examination:
    name = str(beats.template["record"].values[0])
    block = ecg.expand_dims(record=[name])
    block.attrs.update(ecg.attrs)
    subjects = xr.Dataset(
        {"age": ("record", np.array([age], dtype=np.float32)), "sex": ("record", np.array([sex]))},
        coords={"record": [name]},
    )
    chosen = tuple(load_rules() if rules is None else rules)
    return Examination(ecg, beats, measure(beats, block, subjects=subjects), subjects, chosen, truth)
