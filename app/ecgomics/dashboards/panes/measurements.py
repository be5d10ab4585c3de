"""The bar above the strip: whose record it is, its standard measurements, and the criteria it meets."""

from __future__ import annotations

from typing import Any, ClassVar

import numpy as np

from ecgomics.biomarkers.references import reference_of
from ecgomics.dashboards.explore_state import ExploreState
from ecgomics.dashboards.panes.pane import Event, Pane
from ecgomics.dashboards.recording import WHOLE_S
from ecgomics.wording import decimals_of, person, quality_word, share
from ecgomics_widgets.measurement_bar import MeasurementBar

STANDARD = (
    ("HR_Mean_Global", "Rate"),
    ("PR_Int_Global", "PR"),
    ("QRS_Dur_Global", "QRS"),
    ("QT_IntFridericia_Global", "QTcF"),
    ("QRS_AxisFront_Global", "Axis"),
    ("Sokolow_Global", "SV1+RV5"),
)
"""What a reader looks at first, in the order of a printed report."""


class MeasurementsPane(Pane):
    """Says what was measured in the open record."""

    follows: ClassVar = {
        "describe": ("record", "filters", "selection", "sort", "descending"),
        "measure": ("record",),
        "judge": ("record", "limits"),
    }
    acts: ClassVar = {"why": "explain", "step": "step"}

    def __init__(self, state: ExploreState) -> None:
        super().__init__(state, MeasurementBar(message="Not analysed yet. Run: ecgomics analyse COHORT"))

    def describe(self) -> None:
        """Send whose record it is and where it stands in the list."""
        state, census = self.state, self.state.census
        if not state.record:
            self.widget.record = {}
            return
        at = census.at(state.record)
        order = state.order()
        found = np.flatnonzero(order == at)
        quality = float(census.quality[at])
        whole = float(census.duration_s[at]) > WHOLE_S
        self.widget.record = {
            "source": str(census.source[at]),
            "person": person(float(census.age[at]), str(census.sex[at])),
            "quality": f"quality {share(quality)}" if np.isfinite(quality) else "quality unknown",
            "state": quality_word(quality),
            "place": f"{found[0] + 1} of {len(order)}" if len(found) else "",
            "synthetic": census.synthetic,
            "day": f"{state.day_page}?record={state.record}" if state.day_page and whole else "",
        }

    def measure(self) -> None:
        """Send the standard measurements."""
        census = self.state.census
        shown = [pair for pair in STANDARD if pair[0] in census.biomarker_columns]
        self.widget.values = [self._value(name, title) for name, title in shown] if self.state.record else []

    def _value(self, name: str, title: str) -> dict[str, Any]:
        census = self.state.census
        at = census.at(self.state.record)
        value = float(census.numbers(name)[at])
        unit = census.column(name).unit
        reference = reference_of(name, age=float(census.age[at]), sex=str(census.sex[at]))
        decimals = 1 if unit == "mV" else decimals_of(unit)
        return {
            "title": title,
            "column": name,
            "value": f"{value:.{decimals}f}".replace("-", "−") if np.isfinite(value) else "–",
            "unit": unit if np.isfinite(value) else "",
            "reference": reference.text() if reference else "",
            "out": bool(reference and reference.excludes(value)),
        }

    def judge(self) -> None:
        """Send the criteria the record meets."""
        state = self.state
        if not state.record or not state.rulebook.judged:
            self.widget.criteria = None
            return
        met = state.rulebook.met(state.record, limits=state.limits)
        self.widget.criteria = [{"id": rule, "title": state.rulebook.title(rule)} for rule in met]

    def explain(self, event: Event) -> None:
        """A measurement or a criterion was clicked."""
        if "rule" in event:
            self.state.explain("rule", str(event["rule"]))
        elif "record" in event:
            self.state.explain("record", self.state.record)
        else:
            self.state.explain("biomarker", str(event["biomarker"]))

    def step(self, event: Event) -> None:
        """To the record before or after."""
        self.state.step(1 if event["by"] > 0 else -1)
