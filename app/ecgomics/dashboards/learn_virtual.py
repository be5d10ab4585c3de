"""`VirtualState`: a virtual patient behind sliders: recorded, measured and judged at every change."""

from __future__ import annotations

import math
from functools import cached_property
from typing import Any

import param

from ecgomics.errors import SettingsError
from ecgomics.learn import Examination, Reach, examine, reaches, sliders_for
from ecgomics.rules import SEVERITIES, load_rules, spans
from ecgomics.rules.showing import stated
from ecgomics.simulate import CONDITIONS, VirtualPatient, draw_patient, heart_vector

SLIDERS: tuple[tuple[str, tuple[tuple[str, str, str, float, int], ...]], ...] = (
    (
        "Timing",
        (
            ("heart_rate_bpm", "Rate", "/min", 1, 0),
            ("pr_ms", "PR", "ms", 2, 0),
            ("qrs_ms", "QRS", "ms", 2, 0),
            ("qtc_ms", "QTc", "ms", 2, 0),
            ("p_ms", "P duration", "ms", 2, 0),
        ),
    ),
    (
        "Direction",
        (
            ("qrs_axis_deg", "QRS axis", "°", 1, 0),
            ("p_axis_deg", "P axis", "°", 1, 0),
            ("t_axis_deg", "T axis", "°", 1, 0),
            ("qrs_rotation_deg", "QRS turned back", "°", 1, 0),
            ("t_posterior_deg", "T turned back", "°", 1, 0),
        ),
    ),
    (
        "Size",
        (
            ("qrs_mv", "QRS size", "mV", 0.02, 2),
            ("lv_scale", "LV size", "×", 0.02, 2),
            ("rv_scale", "RV size", "×", 0.05, 2),
            ("strain", "Strain", "", 0.05, 2),
            ("p_mv", "P size", "mV", 0.005, 3),
            ("la_scale", "LA size", "×", 0.05, 2),
            ("ra_scale", "RA size", "×", 0.05, 2),
            ("t_mv", "T size", "mV", 0.02, 2),
            ("t_asymmetry", "T asymmetry", "", 0.01, 2),
        ),
    ),
    (
        "ST and scars",
        (
            ("st_anterior_mv", "ST anterior", "mV", 0.01, 2),
            ("st_septal_mv", "ST septal", "mV", 0.01, 2),
            ("st_lateral_mv", "ST lateral", "mV", 0.01, 2),
            ("st_inferior_mv", "ST inferior", "mV", 0.01, 2),
            ("st_posterior_mv", "Posterior injury", "mV", 0.01, 2),
            ("st_slope_mv_s", "ST slope", "mV/s", 0.05, 2),
            ("scar_anterior_mv", "Anterior scar", "mV", 0.02, 2),
            ("scar_inferior_mv", "Inferior scar", "mV", 0.02, 2),
            ("j_wave_mv", "J wave", "mV", 0.01, 2),
            ("coved_mv", "Coved ST in V1", "mV", 0.01, 2),
        ),
    ),
    (
        "Rhythm",
        (
            ("rhythm", "Rhythm", "", 0, 0),
            ("conduction", "Conduction", "", 0, 0),
            ("av_conduction", "AV conduction", "", 0, 0),
            ("rr_variability", "RR variability", "", 0.005, 3),
            ("pvc_per_min", "PVC", "/min", 1, 0),
            ("pvc_pattern", "PVC pattern", "", 0, 0),
            ("pac_per_min", "PAC", "/min", 1, 0),
            ("sinus_pause_s", "Sinus pause", "s", 0.1, 1),
            ("f_wave_mv", "f waves", "mV", 0.01, 2),
            ("pacing", "Pacing", "", 0, 0),
        ),
    ),
    (
        "Electrolytes and recording",
        (
            ("k_mmol", "K⁺", "mM", 0.1, 1),
            ("ca_mmol", "Ca²⁺", "mM", 0.05, 2),
            ("swap", "Electrodes", "", 0, 0),
            ("noise_mv", "Noise", "mV", 0.005, 3),
            ("wander_mv", "Wander", "mV", 0.01, 2),
            ("mains_mv", "Mains", "mV", 0.005, 3),
        ),
    ),
)
"""Sliders by group: parameter, title, unit, step, decimals; parameters that are words become choices."""

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

    def __init__(self, *, preset: str = "normal", seed: int = 4, **changes: Any) -> None:
        super().__init__()
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
        self._change(patient, words=f"{_title(name)} {_said(before)} → {_said(value)}", slid=name)

    def take(self, preset: str) -> None:
        """Draw a patient with a condition."""
        if preset in CONDITIONS:
            self._change(self._drawn(preset, {}), words=CONDITIONS[preset].title)
            self.preset = preset

    def another(self, by: int = 1) -> None:
        """Another body with the same condition."""
        self.seed = max(0, self.seed + by)
        self._change(self._drawn(self.preset or "normal", {}), words="another body")

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
        return [{"title": title, "sliders": [_slider(*entry) for entry in entries]} for title, entries in SLIDERS]

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
        return {name: at for name, at in found.items() if _reachable(name, at)}

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
            return f"not judged: {self._names[finding.suppressed_by[0]]}"
        return f"{finding.missing[0]} is missing" if finding.missing else "not judged here"

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
        name = self._rule(rule).name
        if not found:
            tried = ", ".join(_title(slider) for slider in sliders_for(self._rule(rule)))
            return {"text": f"No single slider does it{f' (tried: {tried})' if tried else ''}. Choose a condition."}
        best = found[0]
        entry = _ENTRIES[best.parameter]
        verb = "lets go" if best.state == "not_met" else "is met"
        change = f"{_number(abs(best.after - best.before), entry)} {'more' if best.after > best.before else 'less'}"
        text = f"{name} {verb} at {entry[1]} {_number(best.after, entry)}: {change}."
        options = [
            {
                "parameter": item.parameter,
                "value": item.after,
                "label": f"{_ENTRIES[item.parameter][1]} → {_number(item.after, _ENTRIES[item.parameter])}",
            }
            for item in found[:3]
        ]
        return {"text": text, "options": options}


_ENTRIES: dict[str, Any] = {entry[0]: entry for _, entries in SLIDERS for entry in entries} | {
    "escape_bpm": ("escape_bpm", "Escape rate", "/min", 1, 0),
}
_SIGN = {"met": "✓", "not_met": "○", "unknown": "–"}


DIRECT = {
    "heart_rate_bpm": "HR_Mean_Global",
    "pr_ms": "PR_Int_Global",
    "qrs_ms": "QRS_Dur_Global",
    "qtc_ms": "QT_IntFridericia_Global",
    "p_ms": "P_Dur_Global",
    "qrs_axis_deg": "QRS_AxisFront_Global",
    "st_anterior_mv": "ST_Amp_V3",
    "st_septal_mv": "ST_Amp_V2",
    "st_lateral_mv": "ST_Amp_V6",
    "st_inferior_mv": "ST_Amp_aVF",
}
"""Sliders that set a biomarker, one for one."""


def _reachable(name: str, value: float) -> bool:
    low, high = VirtualPatient.param[name].bounds
    return bool(low <= value <= high)


def _near(standing: Any) -> bool:
    return math.isfinite(standing.margin)


def _title(name: str) -> str:
    return str(_ENTRIES[name][1]) if name in _ENTRIES else name


def _said(value: Any) -> str:
    return f"{value:.3g}".replace("-", "−") if isinstance(value, int | float) else str(value)


def _number(value: float, entry: Any) -> str:
    return f"{value:.{entry[4]}f} {entry[2]}".strip().replace("-", "−")


def _slider(name: str, title: str, unit: str, step: float, decimals: int) -> dict[str, Any]:
    stated = VirtualPatient.param[name]
    row = {"id": name, "title": title, "unit": unit, "hint": stated.doc}
    if isinstance(stated, param.Selector):
        return row | {"options": [[value, _WORDS.get(str(value), str(value))] for value in stated.objects]}
    low, high = stated.bounds
    soft = stated.get_soft_bounds()
    usual = list(soft) if tuple(soft) != (low, high) and soft[1] > soft[0] else None
    return row | {"low": low, "high": high, "step": step, "decimals": decimals, "usual": usual}


_WORDS = {
    "af": "fibrillation",
    "rbbb": "RBBB",
    "lbbb": "LBBB",
    "lafb": "LAFB",
    "lpfb": "LPFB",
    "rbbb_lafb": "RBBB + LAFB",
    "wpw": "pre-excitation",
    "wenckebach": "Mobitz I",
    "mobitz2": "Mobitz II",
    "none": "as they should be",
}
