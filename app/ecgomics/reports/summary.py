"""What a busy reader can stop at: one sentence, the criteria met with how sure they are, and the nearest not met."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

from ecgomics.reports.examination import Examination
from ecgomics.reports.measurements import Row
from ecgomics.reports.uncertainty import uncertainty
from ecgomics.rules import Finding
from ecgomics.wording import written

NEAR = 0.1
"""A criterion not met by less than this share of its limit is worth naming."""
RHYTHMS = (
    "paced",
    "atrial_fibrillation",
    "sinus_tachycardia",
    "sinus_bradycardia",
    "sinus_rhythm",
    "sinus_p_waves",
    "tachycardia",
    "bradycardia",
)
"""Rules that name a rhythm, the one that says most first; the sentence begins with the first that is met."""
IMPLIED = {
    "sinus_rhythm": ("sinus_p_waves",),
    "sinus_bradycardia": ("bradycardia", "sinus_p_waves", "sinus_rhythm"),
    "sinus_tachycardia": ("tachycardia", "sinus_p_waves", "sinus_rhythm"),
    "atrial_fibrillation": ("sinus_p_waves",),
    "bradycardia_marked": ("bradycardia",),
    "left_axis_marked": ("left_axis_moderate",),
    "right_axis_marked": ("right_axis_moderate",),
    "long_qt_marked": ("long_qt",),
    "short_qt_marked": ("short_qt",),
    "pause_marked": ("pause",),
    "lafb": ("lafb_wide", "left_axis_moderate", "left_axis_marked"),
    "interatrial_block_advanced": ("interatrial_block_partial",),
}
"""What a met rule says anyway, so that the sentence need not."""


@dataclass(frozen=True)
class Criterion:
    """A met rule as a report prints it.

    Attributes
    ----------
    finding
        With its trace.
    borderline
        Whether the deciding value is nearer to its limit than its own uncertainty.
    doubt
        In words why; empty when it is not.
    """

    finding: Finding
    borderline: bool
    doubt: str = ""

    @property
    def title(self) -> str:
        """Name of the rule, and whether it is borderline."""
        return f"{self.finding.rule.name}{', borderline' if self.borderline else ''}"


def criteria(examination: Examination) -> tuple[Criterion, ...]:
    """The met rules worth printing: not the normal rhythm, and not what another says anyway."""
    met = {finding.rule.id for finding in examination.met}
    implied = {other for rule in met for other in IMPLIED.get(rule, ())}
    shown = [one for one in examination.met if one.rule.id not in implied and one.rule.severity != "normal"]
    return tuple(_criterion(examination, finding) for finding in shown)


def headline(examination: Examination) -> str:
    """Rhythm, rate and the criteria met, as one line; never a diagnosis."""
    states = examination.states
    rhythm = next((rule for rule in RHYTHMS if states.get(rule) == "met"), "")
    names = {rule.id: rule.name for rule in examination.rules}
    rate = examination.value("HR_Mean_Global")
    begin = names[rhythm] if rhythm else "Rhythm not named by any rule"
    begin += f" {rate:.0f}/min" if math.isfinite(rate) else ", no rate"
    rest = [criterion for criterion in criteria(examination) if criterion.finding.rule.id != rhythm]
    said = [f"Borderline {_lower(one.finding.rule.name)}" if one.borderline else one.finding.rule.name for one in rest]
    return ". ".join([begin, *said]) + "."


def nearest(examination: Examination, *, most: int = 3) -> tuple[str, ...]:
    """Criteria just not met: name, value and limit, the nearest first."""
    near = [
        finding
        for finding in examination.findings
        if finding.state == "not_met" and -NEAR <= finding.margin < 0 and finding.criteria_state != "met"
    ]
    lines = []
    for finding in sorted(near, key=lambda one: -one.margin):
        missed = [trace for trace in finding.clauses if trace.state == "not_met" and math.isfinite(trace.margin)]
        if not missed:
            continue
        deciding = max(missed, key=lambda trace: trace.margin)
        value = written(deciding.value, deciding.clause.unit)
        limit = written(deciding.limit, deciding.clause.unit)
        where = f" {deciding.clause.lead}" if deciding.clause.lead else ""
        lines.append(f"{finding.rule.name}{where} ({value}, limit {limit})")
    return tuple(dict.fromkeys(lines))[:most]


def changes(rows: Sequence[Row]) -> tuple[str, ...]:
    """What changed more than chance explains, as sentences."""
    said = []
    for row in rows:
        if row.changed:
            step = f"{'+' if row.change > 0 else ''}{written(row.change, row.unit)}"
            said.append(f"{row.title} {step}: more than the {written(row.detectable, row.unit)} that chance explains.")
    return tuple(said)


def _criterion(examination: Examination, finding: Finding) -> Criterion:
    for told in finding.clauses:
        if told.state != "met" or not math.isfinite(told.margin):
            continue
        own = uncertainty(examination.table, told.clause.biomarker)
        apart = abs(told.value - told.limit)
        if math.isfinite(own) and told.clause.unit == "ms" and apart < own:
            words = f"{written(apart, 'ms')} from its limit, uncertain by {written(own, 'ms')}"
            return Criterion(finding, True, words)
    return Criterion(finding, False)


def _lower(name: str) -> str:
    # abbreviations keep their capitals
    return name[:1].lower() + name[1:] if name[1:2].islower() else name
