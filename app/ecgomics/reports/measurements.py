"""The measurement table: value, uncertainty, reference, the earlier value, and whether the change is above chance."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass

from ecgomics.biomarkers.references import Reference, entry_of
from ecgomics.reports.examination import Examination
from ecgomics.reports.uncertainty import detectable_change, uncertainty
from ecgomics.wording import written

STANDARD: Mapping[str, str] = {
    "HR_Mean_Global": "Rate",
    "P_Dur_Global": "P duration",
    "PR_Int_Global": "PR",
    "QRS_Dur_Global": "QRS",
    "QT_Int_Global": "QT",
    "QT_IntFridericia_Global": "QTcF",
    "P_AxisFront_Global": "P axis",
    "QRS_AxisFront_Global": "QRS axis",
    "QRST_AngleFront_Global": "QRS–T angle",
    "R_Amp_aVL": "R aVL",
    "Sokolow_Global": "S V1 + R V5/6",
    "RMSSD_Global": "RMSSD",
}
"""Columns of a printed report, and what a reader calls them."""


@dataclass(frozen=True)
class Row:
    """One line of the table.

    Attributes
    ----------
    biomarker, title, unit
        Column name, what a reader calls it, and its unit.
    value, uncertainty
        In the unit; NaN where missing. The uncertainty is one standard deviation.
    reason
        Why the value is missing; empty when it is there.
    reference
        Limits for this person, with their source.
    outside
        Whether the value lies outside them.
    earlier, change, detectable
        Of the earlier recording, the difference from it, and what chance explains; NaN without one.
    """

    biomarker: str
    title: str
    unit: str
    value: float
    uncertainty: float
    reason: str = ""
    reference: Reference | None = None
    outside: bool = False
    earlier: float = math.nan
    change: float = math.nan
    detectable: float = math.nan

    @property
    def changed(self) -> bool:
        """Whether the change is more than chance explains."""
        return math.isfinite(self.change) and math.isfinite(self.detectable) and abs(self.change) > self.detectable

    @property
    def text(self) -> str:
        """The value in words, with its uncertainty where one is known and it would show."""
        if not math.isfinite(self.value):
            return "–"
        shown = written(self.value, self.unit)
        spread = written(self.uncertainty)
        whole = self.unit in ("ms", "/min", "°")
        if not math.isfinite(self.uncertainty) or (whole and self.uncertainty < 0.5):
            return shown
        spread = f"{self.uncertainty:.0f}" if whole else f"{self.uncertainty:.2f}"
        number, _, unit = shown.partition(" ")
        return f"{number} ± {spread}{f' {unit}' if unit else ''}"


def rows(
    now: Examination, *, before: Examination | None = None, columns: Mapping[str, str] = STANDARD
) -> tuple[Row, ...]:
    """The measurement table of a record.

    Parameters
    ----------
    now
        The record.
    before
        The same patient's earlier one.
    columns
        Titles by biomarker; those of which the record has neither value nor lead are left out.
    """
    kept = (name for name in columns if name in now.table.index)
    made = [_row(now, before, biomarker, columns[biomarker]) for biomarker in kept]
    return tuple(row for row in made if math.isfinite(row.value) or row.reason)


def _row(now: Examination, before: Examination | None, biomarker: str, title: str) -> Row:
    value, entry = now.value(biomarker), entry_of(biomarker)
    limits, own = now.reference(biomarker), uncertainty(now.table, biomarker)
    earlier = before.value(biomarker) if before else math.nan
    change = value - earlier
    unit = entry.unit if entry else str(now.table.at[biomarker, "unit"])
    if unit == "°" and math.isfinite(change):
        # an axis turns the shorter way round
        change = (change + 180) % 360 - 180
    return Row(
        biomarker=biomarker,
        title=title,
        unit=unit,
        value=value,
        uncertainty=own,
        reason=str(now.table.at[biomarker, "reason"]) if not math.isfinite(value) else "",
        reference=limits,
        outside=limits is not None and limits.excludes(value),
        earlier=earlier,
        change=change,
        detectable=detectable_change((own, uncertainty(before.table, biomarker))) if before else math.nan,
    )
