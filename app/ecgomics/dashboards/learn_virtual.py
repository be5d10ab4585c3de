"""`VirtualState`: a virtual patient behind sliders: recorded, measured and judged at every change."""

from __future__ import annotations

import math
from functools import cached_property
from typing import Any

import param

from ecgomics.dashboards.learn_sliders import DIRECT, ENTRIES, SLIDERS, numbered, reachable, said, slider_row, title_of
from ecgomics.errors import SettingsError
from ecgomics.learn import Catalogue, Examination, Reach, catalogue_of, examine, reaches, sliders_for
from ecgomics.rules import SEVERITIES, load_rules, spans
from ecgomics.rules.showing import stated
from ecgomics.simulate import CONDITIONS, VirtualPatient, draw_patient, heart_vector

SHOWN_RULES = 14
FEW = ("normal", "lbbb", "rbbb", "first_degree_block", "anterior_st_elevation", "lvh", "hyperkalaemia", "af", "pvc")


class VirtualState(param.Parameterized):
    """The patient as the sliders have him, what was before, and what it would take.

    `moved` rises with every change of the patient; what depends on him watches it.
    """

    preset = param.String("normal", doc="Condition he was drawn from; empty for one built by hand.")
    moved = param.Integer(0, doc="Counts the changes.")
    opened = param.String("", doc="Rule whose clauses are shown.")
    answer = param.Dict({}, doc="What it would take for the opened rule.")
    notice = param.String("", doc="A sentence for the page.")

    def __init__(
        self, *, preset: str = "normal", seed: int = 4, words: Catalogue | None = None, **changes: Any
    ) -> None:
        super().__init__()
        self.words = words or catalogue_of("en")
        self.rules = load_rules()
        self.seed = seed
        self.patient = self._drawn(preset, changes)
        self.preset = preset
        self.before: Examination | None = None
        self.before_loops: Any = None
        self.undo_words = ""
        self._undo: list[tuple[VirtualPatient, str]] = []
        self._make()

    def _drawn(self, preset: str, changes: dict[str, Any]) -> VirtualPatient:
        patient = draw_patient(preset if preset in CONDITIONS else "normal", seed=self.seed)
        return VirtualPatient.from_dict(patient.as_dict() | changes) if changes else patient

    def _make(self) -> None:
        self.examination = examine(self.patient, seed=self.seed, rules=self.rules)
        self.loops = heart_vector(self.patient, step_s=0.002)

    # changes

    def set(self, name: str, value: Any) -> None:
        """Move one slider. Raises SettingsError for a name or value that does not exist."""
        known = VirtualPatient.param
        if name not in known:
            raise SettingsError("a slider that does not exist", expected="the name of a parameter")
        bounds = getattr(known[name], "bounds", None)
        if bounds and isinstance(value, int | float):
            value = min(max(float(value), bounds[0]), bounds[1])
        before = getattr(self.patient, name)
        if before == value:
            return
        patient = VirtualPatient.from_dict(self.patient.as_dict() | {name: value})
        self._change(patient, words=f"{self.words(title_of(name))} {said(before)} → {said(value)}", slid=name)

    def take(self, preset: str) -> None:
        """Draw a patient with a condition."""
        if preset in CONDITIONS:
            self._change(self._drawn(preset, {}), words=self.words(CONDITIONS[preset].title))
            self.preset = preset

    def another(self, by: int = 1) -> None:
        """Another body with the same condition."""
        self.seed = max(0, self.seed + by)
        self._change(self._drawn(self.preset or "normal", {}), words=self.words("another body"))

    def undo(self) -> None:
        """Take the last change back."""
        if self._undo:
            patient, _ = self._undo.pop()
            self._change(patient, words="", keep="no")

    def _change(self, patient: VirtualPatient, *, words: str, slid: str = "", keep: str = "yes") -> None:
        # while one slider is dragged, what was before the drag stays the ghost
        if slid != self._slid or not slid:
            self.before, self.before_loops = self.examination, self.loops
            if keep == "yes":
                self._undo = [*self._undo[-30:], (self.patient, words)]
        elif self._undo:
            self._undo[-1] = (self._undo[-1][0], words)
        self._slid = slid
        self.patient = patient
        self.undo_words = self._undo[-1][1] if self._undo else ""
        self._make()
        self.moved += 1
        self.answer = {}

    _slid = ""
    _base: tuple[tuple[str, int], dict[str, Any]] | None = None

    # what is shown

    def changes(self) -> dict[str, Any]:
        """Parameters that differ from those the preset was drawn with."""
        if self._base is None or self._base[0] != (self.preset, self.seed):
            # drawn again only when another patient is asked for, not at every move of a slider
            self._base = ((self.preset, self.seed), self._drawn(self.preset or "normal", {}).as_dict())
        drawn = self._base[1]
        return {name: value for name, value in self.patient.as_dict().items() if drawn[name] != value}

    def name_of(self, rule: str) -> str:
        """A rule's short name."""
        return self._names[rule]

    @cached_property
    def _names(self) -> dict[str, str]:
        return {rule.id: rule.name for rule in self.rules}

    @cached_property
    def groups(self) -> list[dict[str, Any]]:
        """Sliders for `SliderPanel`."""
        return [{"title": title, "sliders": [slider_row(*entry) for entry in entries]} for title, entries in SLIDERS]

    def values(self) -> dict[str, Any]:
        """Value of each slider."""
        return {entry[0]: getattr(self.patient, entry[0]) for _, entries in SLIDERS for entry in entries}

    def ticks(self) -> dict[str, float]:
        """For sliders that set what a rule reads: where the nearest limit of any rule lies."""
        found: dict[str, float] = {}
        for name, column in DIRECT.items():
            here, value = float(getattr(self.patient, name)), self.examination.value(column)
            limits = self._limits.get(column, ())
            if math.isfinite(value) and limits:
                # the slider and what is measured differ a little: the way to go is the same
                found[name] = here + min((limit - value for limit in limits), key=abs)
        return {name: at for name, at in found.items() if reachable(name, at)}

    @cached_property
    def _limits(self) -> dict[str, tuple[float, ...]]:
        limits: dict[str, set[float]] = {}
        for rule in self.rules:
            for clause in rule.clauses:
                for band in clause.bands:
                    if band.sex in ("", self.patient.sex):
                        both = {band.limit} if band.upper is None else {band.limit, band.upper}
                        limits.setdefault(clause.biomarker, set()).update(both)
        return {column: tuple(sorted(values)) for column, values in limits.items()}

    def rows(self) -> list[dict[str, Any]]:
        """Rules met first, then the nearest, then those that cannot be judged."""
        standings = self.examination.standings.values()
        met = [item for item in standings if item.state == "met"]
        missed = sorted((s for s in standings if s.state == "not_met" and _near(s)), key=lambda s: -s.margin)
        unknown = [item for item in standings if item.state == "unknown"]
        room = max(4, SHOWN_RULES - len(met))
        chosen = [*met, *missed[:room], *unknown[:4]]
        if self.opened and self.opened not in {item.rule.id for item in chosen}:
            chosen.append(self.examination.standings[self.opened])
        return [self._row(item) for item in chosen]

    def _row(self, standing: Any) -> dict[str, Any]:
        rule, margin = standing.rule, standing.margin
        row = {"id": rule.id, "title": rule.name, "state": standing.state, "margin": "", "bar": None, "why": ""}
        row["clauses"] = self._clauses(rule.id)
        if standing.state == "unknown" or not math.isfinite(margin):
            return row | {"why": self._reason(rule.id) if standing.state == "unknown" else ""}
        return row | {
            "margin": self._margin(rule.id, standing.margin),
            "bar": max(-1.0, min(1.0, 1.6 * margin)),
        }

    def _clauses(self, rule: str) -> list[str]:
        if rule != self.opened:
            return []
        finding = self.examination.finding(rule)
        told = (f"{_SIGN[item.state]} {item.text}" for item in finding.clauses[:8])
        return [stated(finding.rule, finding.state), *told]

    def _reason(self, rule: str) -> str:
        finding = self.examination.finding(rule)
        if finding.suppressed_by:
            return self.words("not judged: {rule}", rule=self._names[finding.suppressed_by[0]])
        missing = finding.missing
        return self.words("{name} is missing", name=missing[0]) if missing else self.words("not judged here")

    def _margin(self, rule: str, share: float) -> str:
        """The deciding clause's margin in its own unit; nothing for patterns that are there or not."""
        clauses = [item for item in self.examination.finding(rule).clauses if math.isfinite(item.margin)]
        if not clauses:
            return ""
        decisive = min(clauses, key=lambda item: abs(item.margin / max(abs(item.limit), 1e-6) - share))
        unit = decisive.clause.unit
        if unit in ("code", "count"):
            return ""
        decimals = {"ms": 0, "/min": 0, "°": 0, "mV": 2, "%": 0, "mV·ms": 1}.get(unit, 2)
        return f"{decisive.margin:+.{decimals}f} {unit if unit != '1' else ''}".strip().replace("-", "−")

    def spans(self) -> list[dict[str, Any]]:
        """Evidence on the strip: of the opened rule in full, else what the most pressing met rules rest on, once."""
        met = [name for name in self.examination.met() if name not in ("sinus_rhythm", "sinus_p_waves")]
        if self.opened:
            return self._evidence(self.opened, most=400)
        met.sort(key=lambda name: -SEVERITIES.index(self.examination.standings[name].rule.severity))
        return [span for name in met[:2] for span in self._evidence(name, most=2)]

    def _evidence(self, rule: str, *, most: int) -> list[dict[str, Any]]:
        finding = self.examination.finding(rule)
        told: set[tuple[Any, ...]] = set()
        drawn: list[dict[str, Any]] = []
        for span in spans(finding, self.examination.beats):
            place = (span.clause, span.leads)
            if place in told and most < 100:
                continue
            label = "" if place in told else span.label
            told.add(place)
            where = {"leads": span.leads or ("II",), "start_s": span.start_s, "stop_s": span.stop_s}
            drawn.append({**where, "label": label, "dimension": finding.rule.dimension})
        return drawn[:most]

    def axes(self, examination: Examination | None = None) -> dict[str, float | None]:
        """Frontal axes of P, QRS and T, degrees."""
        seen = examination or self.examination
        found = {
            key: seen.value(f"{wave}_AxisFront_Global") for key, wave in (("p", "P"), ("qrs", "QRS"), ("st_t", "T"))
        }
        return {key: value if math.isfinite(value) else None for key, value in found.items()}

    # what it would take

    def reaches(self, rule: str) -> tuple[Reach, ...]:
        """The nearest changes that turn a rule over; takes about a second."""
        return reaches(self.patient, rule, seed=self.seed, rules=self.rules)

    def _rule(self, rule: str) -> Any:
        return next(item for item in self.rules if item.id == rule)

    def answer_of(self, rule: str, found: tuple[Reach, ...]) -> dict[str, Any]:
        """The search's outcome in words and buttons."""
        words = self.words
        if not found:
            tried = ", ".join(words(title_of(slider)) for slider in sliders_for(self._rule(rule)))
            if not tried:
                return {"text": words("No single slider does it. Choose a condition.")}
            return {"text": words("No single slider does it (tried: {tried}). Choose a condition.", tried=tried)}
        best = found[0]
        entry = ENTRIES[best.parameter]
        text = words(
            TURNS[best.state == "not_met", best.after > best.before],
            rule=self._rule(rule).name,
            slider=words(entry[1]),
            value=numbered(best.after, entry),
            change=numbered(abs(best.after - best.before), entry),
        )
        options = [
            {
                "parameter": item.parameter,
                "value": item.after,
                "label": f"{words(ENTRIES[item.parameter][1])} → {numbered(item.after, ENTRIES[item.parameter])}",
            }
            for item in found[:3]
        ]
        return {"text": text, "options": options}


_SIGN = {"met": "✓", "not_met": "○", "unknown": "–"}
TURNS = {
    (True, True): "{rule} lets go at {slider} {value}: {change} more.",
    (True, False): "{rule} lets go at {slider} {value}: {change} less.",
    (False, True): "{rule} is met at {slider} {value}: {change} more.",
    (False, False): "{rule} is met at {slider} {value}: {change} less.",
}
"""Whether the rule is given up, and whether the slider goes up → the sentence."""


def _near(standing: Any) -> bool:
    return math.isfinite(standing.margin)
