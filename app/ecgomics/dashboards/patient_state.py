"""`PatientState`: one person of a cohort over time; nothing of Panel in it."""

from __future__ import annotations

import base64
import tempfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import param

from ecgomics.cohort import Cohort, open_cohort
from ecgomics.dashboards.desk import Desk
from ecgomics.dashboards.recording import WHOLE_S
from ecgomics.errors import AccessError, CohortError, EcgomicsError
from ecgomics.reports.timeline import Trend, places, timeline, trends
from ecgomics.wording import counted, decimals_of, person

LARGEST = 12_000_000
"""Of a file that goes through the page's connection, bytes; a larger one is for the command line."""


class PatientState(param.Parameterized):
    """What the page shows of a patient, and what it can do.

    Parameters
    ----------
    cohort
        Whose patients they are.
    desk
        The database of the server, and who is looking; without it nothing can be erased.
    """

    patient = param.String(default="", doc="The one shown; empty: none.")
    shown = param.Dict(default={}, doc="As the parameters of `PatientBoard`, less `patients`.")
    file = param.Dict(default={}, doc="A file to save: `name`, `kind`, `base64`, `count`.")
    busy = param.String(default="", doc="What is being done.")
    trouble = param.String(default="", doc="What did not work.")
    notice = param.String(default="", doc="What was done.")

    def __init__(self, cohort: Cohort, *, desk: Desk | None = None) -> None:
        super().__init__()
        self.cohort, self.desk = cohort, desk

    @property
    def patients(self) -> list[dict[str, str]]:
        """Everybody the files name, those with most recordings first."""
        named = self.cohort.records[self.cohort.records["patient"].astype(str) != ""]
        # a recording without a patient is its own: its id is no name of a person
        named = named[named["patient"].astype(str) != named.index.astype(str)]
        counts = named["patient"].astype(str).value_counts()
        ordered = sorted(counts.items(), key=lambda item: (-item[1], item[0]))
        return [{"id": str(name), "about": counted(int(count), "recording")} for name, count in ordered]

    @property
    def may_erase(self) -> bool:
        """Whether the one who looks is an administrator."""
        if self.desk is None:
            return False
        try:
            return self.desk.person.may("admin")
        except EcgomicsError:
            return False

    def choose(self, patient: str) -> None:
        """Show a patient; one who is not there is told."""
        self.trouble = ""
        if not patient:
            self.param.update(patient="", shown={})
            return
        try:
            shown = self._of(patient)
        except CohortError as error:
            self.trouble = str(error)
            return
        self.param.update(patient=patient, shown=shown)

    def exported(self) -> tuple[str, str, bytes]:
        """Everything there is as a ZIP file: name, kind, bytes. Slow: to be called beside the page."""
        from ecgomics.reports.portable import export_patient

        with tempfile.TemporaryDirectory(prefix="ecgomics-") as folder:
            made = export_patient(self.cohort, self.patient, Path(folder) / "patient.zip").read_bytes()
        return "patient.zip", "application/zip", made

    def page(self) -> tuple[str, str, bytes]:
        """The timeline as a page: name, kind, bytes."""
        from ecgomics.reports.timeline import timeline_html

        return "timeline.html", "text/html", timeline_html(self.cohort, self.patient).encode()

    def attempt(self, work: Callable[[], tuple[str, str, bytes]]) -> Any:
        """What came of making a file: the file, or the error."""
        try:
            return work()
        except EcgomicsError as error:
            return error

    def hand_over(self, made: Any) -> None:
        """Give a file that `attempt` made to the browser, or tell why there is none."""
        self.busy = ""
        if isinstance(made, EcgomicsError):
            self.trouble = str(made)
            return
        name, kind, content = made
        if len(content) > LARGEST:
            self.trouble = (
                f"The file has {len(content) / 1e6:.0f} MB, which is too much for a page: "
                f"ecgomics patient COHORT {self.patient} --export patient.zip"
            )
            return
        count = int(self.file.get("count", 0)) + 1
        self.file = {"name": name, "kind": kind, "base64": base64.b64encode(content).decode(), "count": count}

    def erase(self, typed: str) -> None:
        """Erase the patient shown, when the identifier was typed as it stands."""
        from ecgomics.service.erasure import erase_patient

        self.trouble = ""
        if not self.patient or typed != self.patient:
            self.trouble = "What was typed is not the identifier: nothing was erased."
            return
        try:
            if self.desk is None:
                raise AccessError("a page without a database", expected="one that is served by ecgomics serve")
            done = erase_patient(self.cohort, self.patient, database=self.desk.database, by=self.desk.person)
        except EcgomicsError as error:
            self.trouble = str(error)
            return
        self.cohort = open_cohort(self.cohort.address)
        self.param.update(patient="", shown={})
        self.notice = (
            f"{counted(done.records, 'recording')} erased. Now analyse the cohort again: ecgomics analyse COHORT"
        )

    def _of(self, patient: str) -> dict[str, Any]:
        records = self.cohort.records
        own = records[records["patient"].astype(str) == patient]
        if own.empty:
            raise CohortError("a patient who is not in the cohort", expected="one of its patients")
        own = own.assign(start=pd.to_datetime(own["start"])).sort_values("start", kind="stable", na_position="last")
        shown: dict[str, Any] = {"records": [_line(str(name), own.loc[name]) for name in own.index[::-1]]}
        last = own.iloc[-1]
        stated = [moment for moment in own["start"] if not pd.isna(moment)]
        span = f"{min(stated):%Y-%m-%d} to {max(stated):%Y-%m-%d}" if len(stated) > 1 else ""
        about = (person(float(last["age"]), str(last["sex"])), counted(len(own), "recording"), span)
        shown["about"] = " · ".join(part for part in about if part)
        found: tuple[Trend, ...] = ()
        if "biomarkers" in self.cohort.stages:
            table = timeline(self.cohort, patient)
            found = trends(self.cohort, table)
            shown["trends"] = [_drawn(trend, table["start"]) for trend in found]
        shown["news"] = [f"{trend.news}." for trend in found if trend.news]
        return shown


def _line(record: str, row: pd.Series) -> dict[str, str]:
    long = float(row["duration_s"]) > WHOLE_S
    length = f"{row['duration_s'] / 3600:.1f} h" if row["duration_s"] >= 3600 else f"{row['duration_s']:.0f} s"
    return {
        "title": str(row["source"]),
        "when": "" if pd.isna(row["start"]) else f"{row['start']:%Y-%m-%d %H:%M}",
        "length": length,
        "href": f"holter?record={record}" if long else f"./?record={record}",
    }


def _drawn(trend: Trend, start: pd.Series) -> dict[str, Any]:
    values = [float(value) if np.isfinite(value) else None for value in trend.values]
    return {
        "title": trend.title,
        "unit": trend.unit,
        "decimals": decimals_of(trend.unit),
        "values": values,
        "places": places(start).tolist(),
        "when": ["" if pd.isna(moment) else f"{moment:%Y-%m-%d}" for moment in start],
        "level": trend.level if np.isfinite(trend.level) else None,
        "limit": trend.limit if np.isfinite(trend.limit) else None,
        "reference": trend.reference.text(trend.unit) if trend.reference else "",
        "outside": [
            trend.reference is not None and value is not None and trend.reference.excludes(value) for value in values
        ],
    }
