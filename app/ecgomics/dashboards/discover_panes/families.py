"""Families of candidates."""

from __future__ import annotations

from typing import Any, ClassVar

import numpy as np
import pandas as pd

from ecgomics.dashboards.discover_state import DiscoverState
from ecgomics.dashboards.panes.pane import Event, StatePane
from ecgomics.settings import FamilySettings
from ecgomics.wording import counted, share
from ecgomics_widgets.family_list import FamilyList


class FamiliesPane(StatePane[DiscoverState]):
    """One representative a family, with how often the panel chose from it."""

    follows: ClassVar = {"show": ("answer", "stale", "task"), "mark": ("opened",)}
    acts: ClassVar = {"open": "open"}

    def __init__(self, state: DiscoverState) -> None:
        super().__init__(state, FamilyList())

    def show(self) -> None:
        """Send the families."""
        answer = self.state.answer
        kin = answer.families
        if kin is None and self.state.task and self.widget.rows:  # type: ignore[attr-defined]
            # those of the question before stay, greyed, until there are new ones
            self.widget.param.update(state="stale")
            return
        rows: list[dict[str, Any]] = []
        if kin is not None and answer.found is not None:
            table = answer.found.results.set_index("biomarker")
            for name, members in kin.groupby("representative", sort=False):
                own = table.loc[name]
                rows.append(
                    {
                        "biomarker": str(name),
                        "dimension": str(own["dimension"]),
                        "badge": str(own["badge"]),
                        "size": len(members),
                        "chosen": self._chosen(set(members["biomarker"])),
                    }
                )
        alike = share(FamilySettings().correlation)
        self.widget.param.update(
            rows=rows,
            about=f"mean |r| ≥ {alike} within" if rows else "",
            note=_note(kin) if rows else "Candidates that say the same are gathered here; one speaks for each family.",
            state="stale" if self.state.stale else "done",
        )

    def mark(self) -> None:
        """Mark the candidate that is open."""
        self.widget.param.update(opened=self.state.opened)

    def open(self, event: Event) -> None:
        """A family was clicked."""
        self.state.open(str(event["biomarker"]))

    def _chosen(self, members: set[str]) -> float | None:
        made = self.state.answer.panel
        if made is None:
            return None
        own = made.members[made.members["biomarker"].isin(members)]["chosen"]
        return float(own.max()) if len(own) else 0.0


def _note(kin: pd.DataFrame | None) -> str:
    if kin is None or kin.empty:
        return ""
    sizes = kin.groupby("family").size()
    alone = int((sizes == 1).sum())
    families = "1 family" if len(sizes) == 1 else f"{len(sizes)} families"
    largest = int(np.max(sizes))
    return f"{counted(len(kin), 'candidate')} in {families}; the largest has {largest}, {alone} stand alone."
