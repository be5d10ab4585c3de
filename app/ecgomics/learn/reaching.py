"""What it would take: the smallest change of one slider that makes a rule met, or lets it go."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from ecgomics.learn.examination import Marks, examine_many
from ecgomics.rules import Rule, evaluate, load_rules
from ecgomics.rules.loading import closure
from ecgomics.simulate import VirtualPatient, simulate
from ecgomics.vocabulary import STATES

STEPS = 12
_PRECISION = 0.004
"""Of a slider's range, to which the change is found."""
_CONFIRM, _CONFIRM_STEP = 10, 0.005
"""The engine looks so many places to either side, so far apart as a share of the slider's range."""
QUIET = {"noise_mv": 0.0, "wander_mv": 0.0, "mains_mv": 0.0}
"""A recording without noise."""

_SLIDERS: tuple[tuple[str, tuple[str, ...]], ...] = (
    ("HR_", ("heart_rate_bpm", "escape_bpm")),
    ("RR_", ("rr_variability", "heart_rate_bpm", "sinus_pause_s")),
    ("CosEn", ("rr_variability",)),
    ("NRMSSD", ("rr_variability",)),
    ("PVC_", ("pvc_per_min",)),
    ("Bigeminy", ("pvc_per_min",)),
    ("PAC_", ("pac_per_min",)),
    ("PR_", ("pr_ms",)),
    ("Delta", ("pr_ms",)),
    ("PTF", ("la_scale", "p_mv")),
    ("P_Dur", ("p_ms",)),
    ("P_Amp", ("p_mv", "ra_scale")),
    ("P_", ("p_ms", "p_mv")),
    ("QT_", ("qtc_ms",)),
    ("QRS_Dur", ("qrs_ms",)),
    ("QRS_Axis", ("qrs_axis_deg",)),
    ("QRS_Max", ("qrs_mv",)),
    ("QRST", ("t_axis_deg",)),
    ("Sokolow", ("lv_scale", "qrs_mv")),
    ("Cornell", ("lv_scale", "qrs_rotation_deg")),
    ("Peguero", ("lv_scale", "qrs_mv")),
    ("RVH", ("rv_scale",)),
    ("RS_Ratio", ("rv_scale", "qrs_rotation_deg")),
    ("R_Amp", ("rv_scale", "qrs_mv")),
    ("Q_", ("scar_inferior_mv", "scar_anterior_mv")),
    ("QS_", ("scar_inferior_mv", "scar_anterior_mv")),
    ("ST_Amp_V", ("st_anterior_mv", "st_lateral_mv")),
    ("ST_Amp", ("st_inferior_mv", "st_lateral_mv")),
    ("ST_Slope", ("st_slope_mv_s",)),
    ("T_Amp_V", ("t_posterior_deg", "t_mv")),
    ("T_Amp", ("t_axis_deg", "t_mv")),
    ("JWave", ("j_wave_mv",)),
    ("S_", ("qrs_axis_deg",)),
)
MOST_SLIDERS = 4


@dataclass(frozen=True)
class Reach:
    """A change of one slider that changes a rule's state.

    Attributes
    ----------
    rule
        Id of the rule.
    state
        State it gets: ``"met"`` or ``"not_met"``.
    parameter
        Name of the `VirtualPatient` parameter.
    before, after
        Its value now, and the nearest one that does it.
    """

    rule: str
    state: str
    parameter: str
    before: float
    after: float

    @property
    def share(self) -> float:
        """Size of the change as a share of the slider's range."""
        low, high = VirtualPatient.param[self.parameter].bounds
        return abs(self.after - self.before) / (high - low)


def sliders_for(rule: Rule) -> tuple[str, ...]:
    """Parameters that move what a rule reads, the most direct first."""
    names: list[str] = []
    for column in rule.inputs:
        for prefix, sliders in _SLIDERS:
            if column.startswith(prefix):
                names += sliders
                break
    return tuple(dict.fromkeys(names))[:MOST_SLIDERS]


def reaches(
    patient: VirtualPatient, rule: str, *, seed: int = 0, rules: Sequence[Rule] | None = None
) -> tuple[Reach, ...]:
    """The nearest changes, one a slider, that turn a rule over, the smallest first; empty when none does it alone.

    Parameters
    ----------
    patient
        As he is.
    rule
        Id.
    seed
        Of his recording.
    rules
        Rules to judge by.

    Notes
    -----
    Each slider is tried at `STEPS` places on either side and the nearest change of state is halved down to 0.4 % of the
    slider's range: by the true marks where they and the engine say the same of the patient as he is, for they cost
    less. What is found is then looked for around that place in the recording with its noise, by the engine, whose
    word counts: a change that it does not see is not told. A rule that is unknown counts as not met.
    """
    known = tuple(load_rules() if rules is None else rules)
    wanted = next(item for item in known if item.id == rule)
    search = _Search(patient, rule, seed, closure(known, rule))
    now = search.states("age", [patient.age], marks="engine")[0]
    alike = search.states("age", [patient.age])[0] is now
    found = []
    for name in (*sliders_for(wanted), *_through_others(wanted, known)):
        near = search.nearest(name, now, marks="truth" if alike else "engine")
        after = None if near is None else search.confirmed(name, now, near)
        if after is not None:
            found.append(Reach(rule, "not_met" if now else "met", name, float(getattr(patient, name)), after))
    return tuple(sorted({item.parameter: item for item in found}.values(), key=lambda item: item.share))


def _through_others(rule: Rule, known: Sequence[Rule]) -> tuple[str, ...]:
    names: list[str] = []
    by_id = {item.id: item for item in known}
    for other in rule.depends_on:
        if other in by_id and other not in {item.by for item in rule.suppressed_by}:
            names += sliders_for(by_id[other])
    return tuple(name for name in dict.fromkeys(names) if name not in sliders_for(rule))[:MOST_SLIDERS]


@dataclass(frozen=True)
class _Search:
    patient: VirtualPatient
    rule: str
    seed: int
    rules: tuple[Rule, ...]

    def states(self, name: str, values: Sequence[float], *, marks: Marks = "truth") -> list[bool]:
        """Whether the rule is met at values of one parameter: by the true marks without noise, or by the engine."""
        stated = self.patient.as_dict() | (QUIET if marks == "truth" else {})
        low, high = VirtualPatient.param[name].bounds
        people = [VirtualPatient.from_dict(stated | {name: min(max(float(value), low), high)}) for value in values]
        records = [simulate(person, seed=self.seed) for person in people]
        measured, subjects = examine_many(records, marks=marks)
        state = evaluate(measured, subjects=subjects, rules=self.rules)["state"].sel(rule=self.rule).values
        return [STATES[int(value)] == "met" for value in state]

    def confirmed(self, name: str, now: bool, near: float) -> float | None:
        """The first value around a place, on the way from the present one, at which the engine sees the change."""
        low, high = VirtualPatient.param[name].bounds
        here = float(getattr(self.patient, name))
        step = float(np.sign(near - here)) * _CONFIRM_STEP * (high - low)
        places = np.clip(near + step * np.arange(-_CONFIRM, _CONFIRM + 1), low, high)
        # never on the other side of the present value
        places = np.unique(places[(places - here) * np.sign(step) > 0])[:: int(np.sign(step))]
        states = self.states(name, places.tolist(), marks="engine")
        # a lone change between two places where there is none is chance
        turned = (
            k for k, state in enumerate(states) if state is not now and all(s is not now for s in states[k : k + 2])
        )
        first = next(turned, None)
        return None if first is None else float(places[first])

    def nearest(self, name: str, now: bool, *, marks: Marks = "truth") -> float | None:
        """The value nearest to the present one at which the state is another."""
        low, high = VirtualPatient.param[name].bounds
        here = float(getattr(self.patient, name))
        best: float | None = None
        for edge in (low, high):
            if abs(edge - here) < 1e-9:
                continue
            # dense near the present value, where a small change may do
            places = here + (edge - here) * np.linspace(0, 1, STEPS + 1)[1:] ** 1.6
            turned = [
                place for place, state in enumerate(self.states(name, places.tolist(), marks=marks)) if state is not now
            ]
            if not turned:
                continue
            outside = float(places[turned[0]])
            inside = here if turned[0] == 0 else float(places[turned[0] - 1])
            found = self._halved(name, now, (inside, outside), marks=marks)
            if best is None or abs(found - here) < abs(best - here):
                best = found
        return best

    def _halved(self, name: str, now: bool, between: tuple[float, float], *, marks: Marks) -> float:
        inside, outside = between
        low, high = VirtualPatient.param[name].bounds
        span = high - low
        for _ in range(4):
            if abs(outside - inside) < _PRECISION * span:
                break
            places = np.linspace(inside, outside, 6)[1:-1].tolist()
            states = self.states(name, places, marks=marks)
            turned = next((k for k, state in enumerate(states) if state is not now), None)
            if turned is None:
                inside = places[-1]
            else:
                outside = places[turned]
                inside = places[turned - 1] if turned else inside
        return outside


def ticks(patient: VirtualPatient, reached: Mapping[str, Sequence[Reach]]) -> dict[str, float]:
    """For each slider the nearest value at which any of the rules changes: where the next finding lies."""
    nearest: dict[str, float] = {}
    for items in reached.values():
        for item in items:
            here = float(getattr(patient, item.parameter))
            if item.parameter not in nearest or abs(item.after - here) < abs(nearest[item.parameter] - here):
                nearest[item.parameter] = item.after
    return nearest
