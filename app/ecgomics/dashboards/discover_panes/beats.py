"""Representative beats of both groups."""

from __future__ import annotations

from typing import Any, ClassVar

import numpy as np
import pandas as pd

from ecgomics.dashboards.discover_state import DiscoverState
from ecgomics.dashboards.panes.beats import MOST
from ecgomics.dashboards.panes.pane import Event, StatePane
from ecgomics.vocabulary import LEADS
from ecgomics_widgets.beat_overlay import BeatOverlay, spread
from ecgomics_widgets.packing import packed


class GroupBeatsPane(StatePane[DiscoverState]):
    """Median beat and middle half of the records compared, in the lead of the open biomarker."""

    follows: ClassVar = {"compare": ("answer",), "choose_lead": ("opened",)}
    acts: ClassVar = {"lead": "keep_lead"}

    def __init__(self, state: DiscoverState) -> None:
        found = state.census.stage("template")
        self._template: Any = found if found is not None and "beat_mv" in found else None
        self._shown: Any = None
        widget = BeatOverlay(message="No representative beats yet.\nRun: ecgomics analyse COHORT")
        if self._template is not None:
            self._rows = pd.Index(self._template["record"].values.astype(str))
            leads = [str(lead) for lead in self._template["lead"].values]
            offset = packed(self._template["offset"].values, "float32")
            widget = BeatOverlay(offset=offset, leads=leads, lead="II" if "II" in leads else leads[0])
        super().__init__(state, widget)

    def compare(self) -> None:
        """Send both sides of the contrast."""
        found = self.state.answer.found
        if self._template is None or found is None or found.sides == self._shown:
            return
        self._shown = found.sides
        names = {"group": f"A ({found.n.patients_group} patients)", "rest": f"B ({found.n.patients_rest})"}
        sides = [self._side(np.asarray(side, dtype=str)) for side in found.sides]
        self.widget.param.update(group=sides[0], rest=sides[1], names=names)

    def choose_lead(self) -> None:
        """Follow a biomarker of one lead to that lead."""
        lead = self.state.opened.rsplit("_", 1)[-1]
        if lead in LEADS and lead in self.widget.leads:  # type: ignore[attr-defined]
            self.widget.param.update(lead=lead)

    def keep_lead(self, event: Event) -> None:
        """Another lead was chosen."""
        if event["lead"] in self.widget.leads:  # type: ignore[attr-defined]
            self.widget.param.update(lead=str(event["lead"]))

    def _side(self, records: np.ndarray) -> bytes:
        step = max(1, len(records) // MOST)
        rows = self._rows.get_indexer(records[::step][:MOST])
        beats = np.asarray(self._template["beat_mv"].isel(record=np.sort(rows[rows >= 0])).values)
        return packed(spread(beats), "float32") if len(beats) else b""
