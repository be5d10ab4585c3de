"""A patient's own timeline: every record, chosen biomarkers against the person's own baseline, what changed last."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass
from html import escape

import numpy as np
import numpy.typing as npt
import pandas as pd

from ecgomics.biomarkers.references import Reference, entry_of, reference_of
from ecgomics.biomarkers.serial import repeatability
from ecgomics.cohort import Cohort
from ecgomics.errors import CohortError
from ecgomics.reports.measurements import STANDARD
from ecgomics.reports.uncertainty import BETWEEN, MARK_SD_MS, detectable_change
from ecgomics.wording import written

WIDTH, HEIGHT = 520.0, 96.0
"""Of a trend, CSS pixels."""


def timeline(cohort: Cohort, patient: str, *, columns: Mapping[str, str] = STANDARD) -> pd.DataFrame:
    """Every record of a patient in order of time, with chosen biomarkers.

    Parameters
    ----------
    cohort
        An analysed cohort.
    patient
        Identifier.
    columns
        Titles by biomarker; those the cohort does not have are left out.

    Returns
    -------
    DataFrame
        Indexed by record id: ``start`` (records that state none come last, in the order of the cohort), ``source``, and
        a column a biomarker, in its unit.

    Raises
    ------
    CohortError
        When there is no such patient, or the cohort was not analysed.
    """
    own = cohort.records[cohort.records["patient"].astype(str) == patient]
    if not patient or own.empty:
        raise CohortError("a patient who is not in the cohort", expected="one of its patients", remedy="see `records`")
    if "biomarkers" not in cohort.stages:
        raise CohortError("a cohort that was not analysed", expected="its biomarkers", remedy="ecgomics analyse COHORT")
    own = own.assign(start=pd.to_datetime(own["start"])).sort_values("start", kind="stable", na_position="last")
    there = set(cohort.biomarkers["biomarker"].values.astype(str))
    kept = [name for name in columns if name in there]
    values = cohort.biomarkers["value"].sel(record=own.index.tolist(), biomarker=kept)
    table = pd.DataFrame(values.transpose("record", "biomarker").values, index=own.index, columns=kept)
    return own[["start", "source"]].join(table)


def baseline(values: npt.ArrayLike) -> float:
    """The person's own level: the median of all records before the last; NaN when there is none."""
    earlier = np.asarray(values, dtype=float)[:-1]
    return float(np.nanmedian(earlier)) if np.isfinite(earlier).any() else math.nan


def detectable(cohort: Cohort, biomarker: str) -> float:
    """The change that two recordings of one person exceed by chance one time in twenty.

    From the cohort's own repeated recordings where five pairs of them are there, else from the measured error of the
    marks; NaN where neither is known.
    """
    records = cohort.records
    one = cohort.biomarkers.sel(biomarker=[biomarker]).load()
    table = repeatability(one, patient=records["patient"], start=records["start"])
    found = float(table["detectable"].iloc[0])
    if math.isfinite(found) or biomarker not in BETWEEN:
        return found
    marks = math.hypot(*(MARK_SD_MS[mark] for mark in BETWEEN[biomarker]))
    return detectable_change((marks, marks))


@dataclass(frozen=True)
class Trend:
    """One biomarker over a patient's records.

    Attributes
    ----------
    biomarker, title, unit
        Column name, what a reader calls it, and its unit.
    values
        A number a record, in order of time; NaN where missing.
    level
        The person's own level before the last record; NaN when there is none.
    limit
        The change that two recordings exceed by chance one time in twenty; NaN when it is not known.
    reference
        The catalogue's limits for this person.
    """

    biomarker: str
    title: str
    unit: str
    values: npt.NDArray[np.float64]
    level: float
    limit: float
    reference: Reference | None

    @property
    def news(self) -> str:
        """What changed since last time beyond chance, as a sentence; empty when nothing did."""
        there = self.values[np.isfinite(self.values)]
        if len(there) < 2 or not math.isfinite(self.limit) or abs(there[-1] - there[-2]) <= self.limit:
            return ""
        step = there[-1] - there[-2]
        said = f"{'+' if step > 0 else ''}{written(step, self.unit)}"
        return f"{self.title} {said}, more than the {written(self.limit, self.unit)} that chance explains"


def trends(cohort: Cohort, table: pd.DataFrame, *, columns: Mapping[str, str] = STANDARD) -> tuple[Trend, ...]:
    """A patient's biomarkers over time, of a table as `timeline` gives it; those without a value are left out."""
    last = cohort.records.loc[table.index[-1]]
    age, sex = float(last["age"]), str(last["sex"])
    found = []
    for name in table.columns.drop(["start", "source"]):
        values = table[name].to_numpy(float)
        if np.isfinite(values).any():
            entry = entry_of(name)
            unit, limits = entry.unit if entry else "", reference_of(name, age=age, sex=sex)
            found.append(Trend(name, columns[name], unit, values, baseline(values), detectable(cohort, name), limits))
    return tuple(found)


def timeline_html(cohort: Cohort, patient: str, *, columns: Mapping[str, str] = STANDARD) -> str:
    """The timeline as one self-contained page: what changed since last time, then a trend a biomarker.

    Raises
    ------
    CohortError
        As `timeline`.
    """
    table = timeline(cohort, patient, columns=columns)
    shown = trends(cohort, table, columns=columns)
    parts = "".join(_figure(trend, table["start"]) for trend in shown)
    news = "".join(f"<li>{escape(trend.news)}</li>" for trend in shown if trend.news)
    news = news or "<li>Nothing beyond chance.</li>"
    synthetic = (cohort.labels["record"].isin(table.index) & (cohort.labels["system"] == "synthetic")).any()
    mark = '<p class="out">Synthetic: a virtual patient, not a person.</p>' if synthetic else ""
    return (
        '<!doctype html><html lang="en"><meta charset="utf-8"><meta name="viewport" content="width=device-width">'
        f"<title>Timeline</title><style>{_STYLE}</style><main><h1>Timeline of {escape(patient)}</h1>{mark}"
        f"<p>{len(table)} records</p><h2>Since last time</h2><ul>{news}</ul>{parts}"
        '<p class="note">Band: the person\'s own baseline ± the change that chance explains. '
        "For research and teaching: not a diagnosis.</p></main></html>"
    )


_STYLE = """
body{margin:0;background:#f4f5f7;color:#161a22;font:14px/1.45 system-ui,-apple-system,'Segoe UI',Roboto,sans-serif}
main{max-width:560px;margin:0 auto;padding:16px 20px 32px;background:#fff}
h1{font-size:20px;margin:8px 0}h2{font-size:15px;margin:18px 0 4px}figure{margin:0 0 14px}
figcaption{display:flex;justify-content:space-between;font-variant-numeric:tabular-nums}
svg{width:100%;height:auto;display:block}.note{color:#596275}.out{color:#b4233a}
"""


def _figure(trend: Trend, start: pd.Series) -> str:
    values, unit, level, limit = trend.values, trend.unit, trend.level, trend.limit
    limits, title = trend.reference, trend.title
    shown = [values[np.isfinite(values)]]
    if math.isfinite(level) and math.isfinite(limit):
        shown.append(np.array([level - limit, level + limit]))
    low, high = float(np.concatenate(shown).min()), float(np.concatenate(shown).max())
    room = (high - low) * 0.15 or 1.0
    low, high = low - room, high + room

    def y(value: float) -> float:
        return 8 + (HEIGHT - 24) * (high - value) / (high - low)

    xs = 6 + (WIDTH - 12) * places(start)
    band = ""
    if math.isfinite(level) and math.isfinite(limit):
        top, bottom = y(level + limit), y(level - limit)
        band = f'<rect x="0" y="{top:.1f}" width="{WIDTH:g}" height="{bottom - top:.1f}" fill="#e7edf5"/>'
        band += f'<path d="M0 {y(level):.1f}H{WIDTH:g}" stroke="#9fb3c8" stroke-dasharray="3 3"/>'
    there = np.isfinite(values)
    line = "L".join(f"{x:.1f} {y(value):.1f}" for x, value in zip(xs[there], values[there], strict=True))
    dots = "".join(
        f'<circle cx="{x:.1f}" cy="{y(value):.1f}" r="3.2" fill="{_colour(value, limits)}"/>'
        for x, value in zip(xs[there], values[there], strict=True)
    )
    words = ", ".join(written(float(value), unit) for value in values[there])
    reference = f"reference {limits.text(unit)}" if limits else ""
    return (
        f"<figure><figcaption><strong>{escape(title)}</strong><span>{escape(written(float(values[there][-1]), unit))}"
        f'</span></figcaption><svg viewBox="0 0 {WIDTH:g} {HEIGHT:g}" role="img" '
        f'aria-label="{escape(f"{title}: {words}", quote=True)}">{band}'
        f'<path d="M{line}" fill="none" stroke="#475467" stroke-width="1.4"/>{dots}'
        f'<text x="0" y="{HEIGHT - 2:g}" font-size="10" fill="#596275">{escape(_when(start, 0))}</text>'
        f'<text x="{WIDTH:g}" y="{HEIGHT - 2:g}" font-size="10" fill="#596275" text-anchor="end">'
        f"{escape(_when(start, -1))}</text></svg>"
        f'<span class="note">{escape(reference)}</span></figure>'
    )


def places(start: pd.Series) -> npt.NDArray[np.float64]:
    """Where each record stands, 0 to 1: by its time where all state one, else one after the other."""
    if len(start) == 1:
        return np.array([0.5])
    if start.isna().any() or start.nunique() < 2:
        return np.linspace(0, 1, len(start))
    moments = start.to_numpy().astype("datetime64[s]").astype(float)
    return np.asarray((moments - moments.min()) / (moments.max() - moments.min()))


def _when(start: pd.Series, place: int) -> str:
    moment = start.iloc[place]
    return "" if pd.isna(moment) else f"{moment:%Y-%m-%d}"


def _colour(value: float, limits: object) -> str:
    excludes = getattr(limits, "excludes", None)
    return "#b4233a" if excludes is not None and excludes(value) else "#161a22"
