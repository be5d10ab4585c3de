"""Representative beats of the group and of the rest, overlaid."""

from __future__ import annotations

from typing import Any, ClassVar

import numpy as np
import pandas as pd

from ecgomics.dashboards.explore_state import ExploreState
from ecgomics.dashboards.panes.pane import Event, Pane
from ecgomics.vocabulary import LEADS
from ecgomics.wording import counted
from ecgomics_widgets.beat_overlay import BeatOverlay, spread
from ecgomics_widgets.packing import packed

MOST = 400
"""Records a side from which the median beat is taken; of more, this many evenly spaced ones."""


class BeatsPane(Pane):
    """Overlays both groups' beats with the open record's."""

    follows: ClassVar = {"compare": ("selection",), "own": ("record",), "choose_lead": ("why",), "show_lead": ("lead",)}
    acts: ClassVar = {"lead": "keep_lead"}

    def __init__(self, state: ExploreState) -> None:
        found = state.census.stage("template")
        self._template = found if found is not None and "beat_mv" in found else None
        widget = BeatOverlay(message="No representative beats yet.\nRun: ecgomics analyse COHORT")
        if self._template is not None:
            self._rows = pd.Index(self._template["record"].values.astype(str)).get_indexer(state.census.index)
            leads = [str(lead) for lead in self._template["lead"].values]
            widget = BeatOverlay(
                offset=packed(self._template["offset"].values, "float32"),
                leads=leads,
                lead="II" if "II" in leads else leads[0],
            )
        super().__init__(state, widget)

    def compare(self) -> None:
        """Send median and middle half of both sides."""
        if self._template is None:
            return
        members = self.state.members()
        inside, outside = np.flatnonzero(members), np.flatnonzero(~members)
        name = self.state.selection.origin
        self.widget.param.update(
            group=self._side(inside),
            rest=self._side(outside),
            names={
                "group": f"{name} ({len(inside)})",
                "rest": f"rest ({len(outside)})" if len(inside) else f"all ({counted(len(outside), 'record')})",
                "own": "this record",
            },
        )

    def own(self) -> None:
        """Send the open record's own beat."""
        if self._template is None or not self.state.record:
            return
        beat = self._beats(np.array([self.state.census.at(self.state.record)]))
        self.widget.own = packed(beat[0], "float32") if len(beat) else b""

    def choose_lead(self) -> None:
        """Follow a biomarker of one lead to that lead."""
        kind, name = self.state.why
        lead = name.rsplit("_", 1)[-1] if kind == "biomarker" else ""
        if lead in LEADS and lead in self.widget.leads:
            self.state.lead = lead

    def show_lead(self) -> None:
        """Follow the lead chosen."""
        if self.state.lead in self.widget.leads:
            self.widget.lead = self.state.lead

    def keep_lead(self, event: Event) -> None:
        """Another lead was chosen."""
        if event["lead"] in self.widget.leads:
            self.state.lead = str(event["lead"])

    def _side(self, places: np.ndarray) -> bytes:
        step = max(1, len(places) // MOST)
        chosen = places[::step][:MOST]
        if not len(chosen):
            return b""
        beats = self._beats(chosen)
        return packed(spread(beats), "float32") if len(beats) else b""

    def _beats(self, places: np.ndarray) -> np.ndarray:
        """Beats (record, lead, offset) of the records at these positions of the census that have one."""
        template: Any = self._template
        rows = self._rows[places]
        return np.asarray(template["beat_mv"].isel(record=rows[rows >= 0]).values)
