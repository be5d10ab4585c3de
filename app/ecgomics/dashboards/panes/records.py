"""The record list: who passes the filters, in which order."""

from __future__ import annotations

from typing import Any, ClassVar, Literal

import numpy as np

from ecgomics.dashboards.census import Census
from ecgomics.dashboards.columns import COMMON, column_choices
from ecgomics.dashboards.explore_state import ExploreState
from ecgomics.dashboards.filters import Filter
from ecgomics.dashboards.panes.pane import Event, Pane
from ecgomics.wording import decimals_of, person
from ecgomics_widgets.packing import packed
from ecgomics_widgets.record_list import RecordList, grades

CHOICES = 60
GROUP = "group"


class RecordsPane(Pane):
    """Filters, sorts and opens records."""

    follows: ClassVar = {
        "list_records": ("filters", "selection", "sort", "descending"),
        "show_current": ("record",),
    }
    acts: ClassVar = {
        "open": "open",
        "sort": "sort",
        "filter": "add_filters",
        "unfilter": "drop_filter",
        "compare": "compare",
        "pick": "pick",
    }

    def __init__(self, state: ExploreState) -> None:
        census = state.census
        known = (*COMMON, "source", "age", "quality", "sex", "label")
        widget = RecordList(
            table=_texts(census, titles=state.rulebook.titles),
            quality=packed(grades(census.quality), "uint8"),
            columns=column_choices(census, first=known),
            choices={
                "labels": [
                    {"value": code, "text": f"{code} ({count})"}
                    for code, count in census.label_counts.most_common(CHOICES)
                ],
                "rules": [{"value": rule, "text": title} for rule, title in state.rulebook.titles.items()],
            },
            message="" if len(census) else "This cohort has no records.\nFill it with: ecgomics ingest SOURCE COHORT",
        )
        super().__init__(state, widget)

    def list_records(self) -> None:
        """Send the order, the sort column's values, the chips and the group."""
        state = self.state
        column = state.census.column(state.sort)
        numeric = column.kind == "number"
        chips: list[dict[str, Any]] = [
            {"id": str(place), "text": chip.text(state.census), "kind": chip.kind}
            for place, chip in enumerate(state.filters)
        ]
        if state.selection.records:
            chips.append({"id": GROUP, "text": state.selection.origin, "kind": GROUP})
        self.widget.param.update(
            order=packed(state.order(), "int32"),
            value=packed(state.census.numbers(state.sort), "float32") if numeric else b"",
            unit="" if column.unit in ("1", "code") else column.unit,
            decimals=2 if state.sort == "quality" else decimals_of(column.unit),
            sort={"name": state.sort, "descending": state.descending},
            chips=chips,
            group=packed(state.members(), "uint8"),
        )

    def show_current(self) -> None:
        """Mark the record that is open."""
        self.widget.param.update(current=self.state.census.at(self.state.record) if self.state.record else -1)

    def open(self, event: Event) -> None:
        """A row was clicked."""
        position = int(event["position"])
        if 0 <= position < len(self.state.census):
            self.state.open(str(self.state.census.ids[position]))

    def sort(self, event: Event) -> None:
        """Another column, or the other direction."""
        same = event["name"] == self.state.sort
        self.state.sort_by(str(event["name"]), descending=bool(event["descending"]) if same else None)

    def add_filters(self, event: Event) -> None:
        """The filter form was sent."""
        chips = []
        for raw in event["filters"]:
            value = raw["value"]
            chips.append(Filter(raw["kind"], tuple(value) if isinstance(value, list) else value))
        self.state.add_filters(chips)

    def drop_filter(self, event: Event) -> None:
        """A chip was clicked away."""
        if event["id"] == GROUP:
            self.state.clear_group()
        elif 0 <= int(event["id"]) < len(self.state.filters):
            self.state.drop_filter(int(event["id"]))

    def pick(self, event: Event) -> None:
        """Rows were clicked with Ctrl or Shift held."""
        how: Literal["turn", "add"] = "add" if event.get("how") == "add" else "turn"
        self.state.pick([int(place) for place in event["positions"]], how=how)

    def compare(self, event: Event) -> None:
        """The filtered records become the group."""
        self.state.compare_filtered()


def _texts(census: Census, *, titles: dict[str, str]) -> dict[str, list[str]]:
    table, places = census.states
    met = table == census.MET
    rules = [titles.get(rule, rule) for rule in places]
    detail = []
    for row, codes in enumerate(census.labels):
        shown = list(codes) or [rules[place] for place in np.flatnonzero(met[row])] if len(rules) else list(codes)
        detail.append(" · ".join(shown[:4]))
    about = [
        person(age, sex) if np.isfinite(age) or sex else "" for age, sex in zip(census.age, census.sex, strict=True)
    ]
    return {"source": census.source.tolist(), "about": about, "detail": detail}
