"""`Judge`: what a stream's beats of late say, by the rules of the rules room.

The biomarkers that rhythm rules ask for are counted from the beats of the last seconds as `ecgomics.biomarkers` counts
them in a record (a test holds both to each other); the rules, their words, limits and exclusions are the rules room's.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from typing import TYPE_CHECKING

import numpy as np
import numpy.typing as npt

from ecgomics.live.told import Event
from ecgomics.vocabulary import MARKS

if TYPE_CHECKING:
    from ecgomics.rules import Rule

WINDOW_S = 10.0
"""Rhythm is judged on so much signal, as in a record of ten seconds."""

HOLD_S = 4.0
"""A finding is over when it has not been met for so long, s of signal."""

LEAST_QUALITY = 0.3
RULES = (
    "ventricular_tachycardia",
    "ventricular_run",
    "ventricular_couplet",
    "ventricular_bigeminy",
    "premature_ventricular_beat",
    "premature_atrial_beat",
    "pause_marked",
    "pause",
    "atrial_fibrillation",
    "bradycardia_marked",
    "bradycardia",
    "tachycardia",
    "paced",
)
IMPLIES = {
    "pause_marked": ("pause",),
    "bradycardia_marked": ("bradycardia",),
    "ventricular_tachycardia": ("ventricular_run", "premature_ventricular_beat"),
    "ventricular_run": ("premature_ventricular_beat",),
    "ventricular_couplet": ("premature_ventricular_beat",),
    "ventricular_bigeminy": ("premature_ventricular_beat",),
    "atrial_fibrillation": ("premature_atrial_beat",),
}
"""A finding that says all of another is told alone."""

IRREGULAR = "irregular_intervals"
COSEN_LIMIT, COSEN_BEATS = -1.4, 12
NORMAL, VENTRICULAR, SUPRAVENTRICULAR, PACED = range(4)
WIDE_MS = 110.0
ORDER = (
    "PVC_Count",
    "PVC_Burden",
    "PVC_Couplets",
    "PVC_RunMax",
    "Bigeminy",
    "PAC_Count",
    "Paced_Fraction",
    "PVC_RunRate",
)
ABRUPT = 0.85
RUN = 3
BEFORE_R_S = 0.35
"""A beat so soon after the signal began says nothing about P waves."""

P_PEAK, P_ON, QRS_ON, QRS_OFF = (MARKS.index(name) for name in ("p_peak", "p_on", "qrs_on", "qrs_off"))

Floats = npt.NDArray[np.float64]


@dataclass(frozen=True)
class Rhythm:
    """Beats of the last seconds.

    Parameters
    ----------
    r_s
        Times of the R peaks, s since the stream began.
    rr_s
        Intervals before them, s; NaN where there is none.
    kinds
        Indices into `vocabulary.BEAT_CLASSES`.
    marks
        Global marks (beat, mark), s; None where the sensor shows no waves.
    open_s
        Time since the last beat in which none came though the signal could be judged, s.
    spikes
        Pacing spikes of the last seconds; NaN when the sensor does not show them.
    begin_s
        Where the signal that was looked at begins, s.
    """

    r_s: Floats
    rr_s: Floats
    kinds: npt.NDArray[np.int8]
    marks: Floats | None = None
    open_s: float = 0.0
    spikes: float = math.nan
    begin_s: float = 0.0

    @property
    def ventricular(self) -> npt.NDArray[np.bool_]:
        """Beats that are ventricular by shape and width."""
        wide = self.kinds == VENTRICULAR
        if self.marks is None:
            return wide
        return wide & ~(1000 * (self.marks[:, QRS_OFF] - self.marks[:, QRS_ON]) < WIDE_MS)


def values_of(rhythm: Rhythm) -> dict[str, float]:
    """Biomarkers of the rhythm by their column, NaN where they cannot be computed."""
    beats = len(rhythm.r_s)
    told: dict[str, float] = {"Pace_Spikes_Global": rhythm.spikes}
    rr = 1000 * rhythm.rr_s
    inner = rr[np.isfinite(rr)]
    open_ms = 1000 * rhythm.open_s
    longest = max(float(inner.max()) if len(inner) else 0.0, open_ms)
    told["RR_Max_Global"] = longest if beats and longest > 0 else math.nan
    told["HR_Mean_Global"] = 60_000 / float(inner.mean()) if len(inner) else math.nan
    told |= _irregularity(rhythm, rr)
    told |= _waves(rhythm)
    told |= _ectopy(rhythm)
    return told


def _irregularity(rhythm: Rhythm, rr: Floats) -> dict[str, float]:
    """Of intervals with no ventricular beat at either end."""
    from ecgomics.biomarkers.variability import coefficient_of_sample_entropy

    other = ~rhythm.ventricular
    before = np.concatenate([[False], other[:-1]])[: len(other)]
    kept = np.where(other & before, rr, np.nan)
    steps = np.diff(kept)
    steps, own = steps[np.isfinite(steps)], kept[np.isfinite(kept)]
    nrmssd = math.sqrt(float((steps**2).mean())) / float(own.mean()) if len(steps) >= 2 else math.nan
    cosen = coefficient_of_sample_entropy(own / 1000) if len(own) >= COSEN_BEATS - 1 else math.nan
    return {"NRMSSD_Global": nrmssd, "CosEn_Global": cosen}


def _waves(rhythm: Rhythm) -> dict[str, float]:
    if rhythm.marks is None or not len(rhythm.r_s):
        return {"P_Fraction_Global": math.nan, "PR_Spread_Global": math.nan}
    peak = np.isfinite(rhythm.marks[:, P_PEAK])
    able = (rhythm.kinds == NORMAL) & (peak | (rhythm.r_s >= rhythm.begin_s + BEFORE_R_S))
    share = float(peak[able].mean()) if able.any() else math.nan
    dominant = rhythm.kinds == np.bincount(rhythm.kinds).argmax()
    pr = 1000 * (rhythm.marks[dominant, QRS_ON] - rhythm.marks[dominant, P_ON])
    pr = pr[np.isfinite(pr)]
    spread = float(np.quantile(pr, 0.9) - np.quantile(pr, 0.1)) if len(pr) >= 3 else math.nan
    return {"P_Fraction_Global": share, "PR_Spread_Global": spread}


def _ectopy(rhythm: Rhythm) -> dict[str, float]:
    beats, wide = len(rhythm.r_s), rhythm.ventricular
    if not beats:
        return {f"{name}_Global": math.nan for name in ORDER}
    lengths = [stop - start for start, stop in stretches(wide)]
    inside = [rhythm.rr_s[start + 1 : stop] for start, stop in stretches(wide) if stop - start >= RUN]
    rates = [60 / float(np.mean(rr)) for rr in inside if np.isfinite(rr).all()]
    counts = (
        float(wide.sum()),
        100 * float(wide.mean()),
        float(sum(length == 2 for length in lengths)),
        float(max(lengths, default=0)),
        float(max(_alternations(wide), default=0)),
        float(_abrupt(rhythm)),
        float((rhythm.kinds == PACED).mean()),
        max(rates, default=math.nan),
    )
    return {f"{name}_Global": count for name, count in zip(ORDER, counts, strict=True)}


def stretches(flags: npt.NDArray[np.bool_]) -> list[tuple[int, int]]:
    """Where beats of a kind follow each other: from a place to before another."""
    edges = np.flatnonzero(np.diff(np.concatenate([[False], flags, [False]]).astype(np.int8)))
    return list(zip(edges[::2].tolist(), edges[1::2].tolist(), strict=True))


def _alternations(wide: npt.NDArray[np.bool_]) -> list[int]:
    """Ventricular beats in alternation with single others, where there are two or more."""
    count = np.zeros(len(wide), dtype=int)
    for beat in np.flatnonzero(wide):
        if beat > 0 and not wide[beat - 1]:
            count[beat] = count[beat - 2] + 1 if beat > 2 and wide[beat - 2] and count[beat - 2] > 0 else 1
    return [int(number) for number in count if number >= 2]


def _abrupt(rhythm: Rhythm) -> int:
    """Beats of stretches of premature beats of the usual shape that begin and end abruptly."""
    early = (rhythm.kinds == SUPRAVENTRICULAR) | ((rhythm.kinds == VENTRICULAR) & ~rhythm.ventricular)
    total = 0
    for start, stop in stretches(early):
        after = rhythm.rr_s[stop] if stop < len(early) else math.inf
        if start >= 2 and rhythm.rr_s[start] < ABRUPT * min(rhythm.rr_s[start - 1], after):
            total += stop - start
    return total


@dataclass
class _Open:
    """A finding that is met, or was a moment ago."""

    event: Event
    met: int


class Judge:
    """Judges the last seconds again and again; tells a finding when it begins, changes and ends.

    Parameters
    ----------
    rate_hz
        Sample numbers a second.
    rules
        Rules to judge by; by default those that come along.
    """

    def __init__(self, *, rate_hz: float, rules: tuple[Rule, ...] | None = None) -> None:
        from ecgomics.rules import load_rules

        self._rate = rate_hz
        known = {rule.id: rule for rule in (rules or load_rules())}
        self._rules = tuple(known[id] for id in RULES if id in known)
        self._open: dict[str, _Open] = {}
        self._past: dict[str, int] = {}
        self._count = 0

    def look(self, rhythm: Rhythm, *, now: int) -> list[Event]:
        """Findings that began, changed or ended, judged at a sample number."""
        values = values_of(rhythm)
        met = self._met(values) if len(rhythm.r_s) else {}
        if rhythm.marks is None and _irregular(values):
            met[IRREGULAR] = [("entropy of the intervals", f"{values['CosEn_Global']:.2f} > {COSEN_LIMIT:.1f}")]
        told: list[Event] = []
        for code, rows in met.items():
            told += self._tell(code, rows, rhythm, now=now)
        for code, held in list(self._open.items()):
            if now - held.met > HOLD_S * self._rate:
                del self._open[code]
                told.append(replace(held.event, stop=held.met, when=datetime.now(UTC)))
        return told

    def end(self, *, now: int) -> list[Event]:
        """Nothing more comes: what is open ends."""
        told = [replace(held.event, stop=min(held.met, now), when=datetime.now(UTC)) for held in self._open.values()]
        self._open.clear()
        return told

    def _met(self, values: Mapping[str, float]) -> dict[str, list[tuple[str, str]]]:
        import xarray as xr

        from ecgomics.rules import evaluate
        from ecgomics.vocabulary import STATES

        names = list(values)
        table = xr.Dataset(
            {"value": (("record", "biomarker"), np.array([[values[name] for name in names]], dtype=np.float32))},
            coords={"record": ["stream"], "biomarker": names},
        )
        judged = evaluate(table, rules=self._rules)
        state = dict(zip(judged["rule"].values.tolist(), judged["state"].values[0].tolist(), strict=True))
        met = {rule for rule, value in state.items() if STATES[value] == "met"}
        covered = {other for rule in met for other in IMPLIES.get(rule, ())}
        rows: dict[str, list[tuple[str, str]]] = {rule: [] for rule in met - covered}
        clauses = zip(
            judged["clause"].values.tolist(),
            judged["clause_value"].values[0].tolist(),
            judged["clause_limit"].values[0].tolist(),
            judged["clause_state"].values[0].tolist(),
            strict=True,
        )
        biomarker = judged["clause_biomarker"].values.tolist()
        unit = judged["clause_unit"].values.tolist()
        sign = judged["clause_comparison"].values.tolist()
        for place, (clause, value, limit, held) in enumerate(clauses):
            rule = clause.split(".")[0]
            if rule in rows and STATES[held] == "met" and math.isfinite(value):
                signs = {"above": ">", "at_least": "≥", "below": "<", "at_most": "≤"}
                shown = "" if unit[place] in ("1", "count") else f" {unit[place]}"
                said = f"{value:.4g}{shown} {signs.get(sign[place], '')} {limit:.4g}{shown}"
                rows[rule].append((biomarker[place].removesuffix("_Global"), said))
        return rows

    def _tell(self, code: str, rows: list[tuple[str, str]], rhythm: Rhythm, *, now: int) -> list[Event]:
        first, last = self._evidence(code, rhythm, now=now)
        held, past = self._open.get(code), self._past.get(code, -1)
        if held is None and last <= past:
            return []  # what is seen was told before
        self._past[code] = max(past, last)
        if held is None:
            first = max(first, past + 1)
            self._count += 1
            name, text = self._words(code)
            event = Event(f"finding-{self._count}", "finding", name, first, None, datetime.now(UTC), code, tuple(rows))
            event = replace(event, rows=(*event.rows, ("rule", text)))
            self._open[code] = _Open(event, last)
            return [event]
        held.met = max(held.met, last)
        return []

    def _words(self, code: str) -> tuple[str, str]:
        if code == IRREGULAR:
            return (
                "Irregular intervals",
                "intervals as irregular as in atrial fibrillation; this sensor shows no P waves",
            )
        rule = next(rule for rule in self._rules if rule.id == code)
        return rule.name, rule.statement

    def _evidence(self, code: str, rhythm: Rhythm, *, now: int) -> tuple[int, int]:
        """Sample numbers from which to which the evidence goes."""
        if code.startswith("pause"):
            return self._of_pause(rhythm, now=now)
        chosen = np.arange(len(rhythm.r_s))
        if code.startswith("ventricular") or code == "premature_ventricular_beat":
            chosen = np.flatnonzero(rhythm.ventricular)
            runs = [
                span for span in stretches(rhythm.ventricular) if span[1] - span[0] >= (2 if "couplet" in code else RUN)
            ]
            if code != "premature_ventricular_beat" and "bigeminy" not in code and runs:
                chosen = np.arange(runs[0][0], runs[-1][1])
        elif code == "premature_atrial_beat":
            chosen = np.flatnonzero(rhythm.kinds == SUPRAVENTRICULAR)
        if not len(chosen):
            chosen = np.arange(len(rhythm.r_s))
        return round(rhythm.r_s[chosen[0]] * self._rate), round(rhythm.r_s[chosen[-1]] * self._rate)

    def _of_pause(self, rhythm: Rhythm, *, now: int) -> tuple[int, int]:
        rr = np.nan_to_num(rhythm.rr_s)
        longest = int(rr.argmax())
        if rhythm.open_s > rr[longest]:
            return round(rhythm.r_s[-1] * self._rate), now
        stop = rhythm.r_s[longest]
        return round((stop - rr[longest]) * self._rate), round(stop * self._rate)


def _irregular(values: Mapping[str, float]) -> bool:
    return values["CosEn_Global"] > COSEN_LIMIT
