"""The drawer's card: why a rule is met, or what a biomarker is."""

from __future__ import annotations

from typing import Any, ClassVar

from ecgomics.dashboards.evidence import biomarker_card, rule_card
from ecgomics.dashboards.explore_state import ExploreState
from ecgomics.dashboards.panes.pane import Event, Pane
from ecgomics_widgets.evidence_card import EvidenceCard


class CardPane(Pane):
    """Explains what was clicked, for the open record and the group at hand."""

    follows: ClassVar = {"show": ("why", "record", "selection", "limits", "ranking")}
    acts: ClassVar = {"open": "open", "why": "explain", "sort": "sort", "colour": "colour", "close": "close"}

    def __init__(self, state: ExploreState) -> None:
        super().__init__(state, EvidenceCard())

    def show(self) -> None:
        """Send the card."""
        kind, name = self.state.why
        card: dict[str, Any] = {}
        if kind == "rule" and name in self.state.rulebook and self.state.record:
            card = rule_card(self.state, name)
        elif kind == "biomarker" and name in self.state.census.biomarker_columns:
            card = biomarker_card(self.state, name)
        self.widget.card = card

    def open(self, event: Event) -> None:
        """One of the most extreme records was clicked."""
        self.state.open(str(event["record"]))

    def explain(self, event: Event) -> None:
        """A clause's value was clicked."""
        self.state.explain("biomarker", str(event["biomarker"]))

    def sort(self, event: Event) -> None:
        """Sort records by the biomarker."""
        self.state.sort_by(str(event["name"]))

    def colour(self, event: Event) -> None:
        """Colour the map by the biomarker."""
        self.state.colour_by(str(event["name"]))

    def close(self, event: Event) -> None:
        """The drawer was closed."""
        self.state.drawer = False
