"""The candidates table: what sets the group apart."""

from __future__ import annotations

from typing import ClassVar

from ecgomics.dashboards.explore_state import ExploreState
from ecgomics.dashboards.panes.pane import Event, Pane
from ecgomics.dashboards.ranking import BADGES, Ranking
from ecgomics.dashboards.view import query_of, view_of
from ecgomics_widgets.candidate_table import CandidateTable, rows_of

ASK = (
    "Draw a shape around records on the map,\nor filter the records and press compare:\n"
    "the biomarkers that set them apart are listed here."
)


class CandidatesPane(Pane):
    """Shows a `Ranking`; a click on a candidate explains it.

    Parameters
    ----------
    state
        See `ExploreState`.
    discover
        Address of Discover, which takes the group over; empty where it is not served.
    """

    follows: ClassVar = {"show": ("ranking", "ranking_stale"), "mark": ("why",)}
    acts: ClassVar = {"choose": "choose"}

    def __init__(self, state: ExploreState, *, discover: str = "") -> None:
        self._discover = discover
        super().__init__(state, CandidateTable())

    def show(self) -> None:
        """Send the table; values from before a change stay, greyed, until new ones are there."""
        ranking: Ranking = self.state.ranking
        stale = self.state.ranking_stale and ranking.state in ("preview", "done")
        self.widget.param.update(
            rows=rows_of(ranking.table) if len(ranking.table) else [],
            state="stale" if stale else ranking.state,
            badge=ranking.badge,
            badge_text=" ".join((BADGES.get(ranking.badge, ""), *ranking.notes)),
            about=ranking.about,
            message=ranking.message or ASK,
            link=self._link(),
        )

    def _link(self) -> str:
        if not self._discover or not self.state.selection.records:
            return ""
        query = query_of({"group": view_of(self.state)["group"]}, self.state)
        return f"{self._discover}?{query}" if query else ""

    def mark(self) -> None:
        """Mark the candidate that is explained."""
        kind, name = self.state.why
        self.widget.opened = name if kind == "biomarker" else ""

    def choose(self, event: Event) -> None:
        """A candidate was clicked."""
        self.state.explain("biomarker", str(event["biomarker"]))
