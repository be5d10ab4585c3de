"""The drawer's card: why a rule is met, or what a biomarker is."""

from __future__ import annotations

from typing import Any, ClassVar

from ecgomics.dashboards.evidence import biomarker_card, rule_card
from ecgomics.dashboards.explore_state import ExploreState
from ecgomics.dashboards.filters import Filter
from ecgomics.dashboards.panes.pane import Event, Pane
from ecgomics.dashboards.record_card import alike, record_card
from ecgomics.dashboards.rule_versus import KINDS, disagreeing
from ecgomics_widgets.evidence_card import EvidenceCard


class CardPane(Pane):
    """Explains what was clicked, for the open record and the group at hand."""

    follows: ClassVar = {
        "show": ("why", "record", "selection", "limits", "ranking", "against", "encoder", "sweeping", "sweep"),
    }
    acts: ClassVar = {
        **{"open": "open", "why": "explain", "sort": "sort", "colour": "colour", "close": "close"},
        **{"sweep": "sweep", "limit": "set_limit", "case": "open_case"},
        **{"range": "keep_range", "against": "compare_with", "differ": "group_differing", "alike": "group_alike"},
    }

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
        elif kind == "record" and self.state.record:
            card = record_card(self.state, self.state.record)
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

    def keep_range(self, event: Event) -> None:
        """A stretch of the distribution was drawn: only records with such values are listed."""
        low, high = sorted((float(event["low"]), float(event["high"])))
        self.state.add_filters([Filter("value", (str(event["name"]), low, high))])

    def compare_with(self, event: Event) -> None:
        """A label to compare rules with was chosen."""
        label = str(event["label"])
        self.state.against = label if label in self.state.census.label_counts else ""

    def sweep(self, event: Event) -> None:
        """The limit at other numbers is asked for, or no longer."""
        self.state.sweeping = bool(event.get("on"))

    def set_limit(self, event: Event) -> None:
        """A number of the sweep was chosen as the limit."""
        self.state.set_limit(str(event["clause"]), value=float(event["value"]))

    def open_case(self, event: Event) -> None:
        """A record on which rule and label differ: it is shown with the rule's evidence."""
        kind, rule = self.state.why
        if kind == "rule" and rule not in self.state.toggled:
            self.state.toggle([rule], on=True)
        self.state.open(str(event["record"]))

    def group_differing(self, event: Event) -> None:
        """The records on which rule and label differ become the group."""
        kind, rule = self.state.why
        if kind == "rule" and event.get("kind") in KINDS:
            found = disagreeing(self.state, rule, str(event["kind"]))
            self.state.select(found, origin=f"{self.state.rulebook.title(rule)}: {event['kind']}", drawn_on="rules")

    def group_alike(self, event: Event) -> None:
        """The open record and those like it become the group."""
        state = self.state
        name = f"like {state.census.source[state.census.at(state.record)]}"
        state.select([state.record, *alike(state, state.record)], origin=name, drawn_on="latent")

    def close(self, event: Event) -> None:
        """The drawer was closed."""
        self.state.drawer = False
