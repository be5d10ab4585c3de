"""The latent map: where records lie, coloured by a column, and the group drawn on it."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, ClassVar

from ecgomics.dashboards.columns import COMMON, column_choices
from ecgomics.dashboards.explore_state import ExploreState
from ecgomics.dashboards.panes.pane import Event, Pane
from ecgomics.wording import counted, decimals_of, share
from ecgomics_widgets.latent_map import LatentMap, category_shades, number_shades
from ecgomics_widgets.packing import packed

NO_MAP = "No map yet.\nMake one with: ecgomics embed COHORT, then ecgomics project COHORT"


class MapPane(Pane):
    """Draws the map, and turns shapes drawn on it into groups."""

    follows: ClassVar = {
        "place": ("encoder",),
        "colour": ("colour",),
        "mark_group": ("selection", "lasso", "paint"),
        "dim": ("filters",),
        "mark_current": ("record", "theme"),
    }
    acts: ClassVar = {
        "lasso": "lasso",
        "open": "open",
        "clear": "clear",
        "colour": "choose_colour",
        "encoder": "choose_encoder",
        "paint": "choose_paint",
    }

    def __init__(self, state: ExploreState) -> None:
        census = state.census
        names = [
            " · ".join(part for part in (source, ", ".join(codes[:3])) if part)
            for source, codes in zip(census.source.tolist(), census.labels, strict=True)
        ]
        widget = LatentMap(
            names=names,
            encoders=[name for name in getattr(census.cohort, "encoders", ()) if census.has_map(name)],
            columns=column_choices(census, first=("label", *COMMON, "age", "sex", "quality")),
            message=NO_MAP if len(census) else "This cohort has no records.",
        )
        super().__init__(state, widget)

    def place(self) -> None:
        """Send the places of an encoder's map."""
        places, facts = self.state.census.map_of(self.state.encoder)
        self.widget.param.update(
            points=packed(places[:, :2], "float32"), encoder=self.state.encoder, trust=_trust(facts)
        )

    def colour(self) -> None:
        """Send a shade for every record."""
        census, name = self.state.census, self.state.colour
        column = census.column(name)
        if column.kind == "category":
            shade, scale = category_shades(census.categories(name))
        else:
            shade, scale = number_shades(census.numbers(name))
            unit = "" if column.unit in ("1", "code") else column.unit
            scale = {**scale, "unit": unit, "decimals": 2 if name == "quality" else decimals_of(column.unit)}
        self.widget.param.update(shade=packed(shade, "uint8"), scale=scale, column=name)

    def mark_group(self) -> None:
        """Send who is in the group, its name and its shape."""
        state = self.state
        members = state.members()
        name = f"{state.selection.origin} · {counted(int(members.sum()), 'record')}" if members.any() else ""
        self.widget.param.update(
            group=packed(members, "uint8"),
            group_name=name,
            lasso=[list(corner) for corner in state.lasso],
            paint=state.paint,
        )

    def dim(self) -> None:
        """Send who passes the filters; nothing when there are none."""
        state = self.state
        self.widget.shown = packed(state.passing(), "uint8") if state.filters else b""

    def mark_current(self) -> None:
        """Mark the record that is open, in the page's theme."""
        state = self.state
        current = state.census.at(state.record) if state.record else -1
        self.widget.param.update(current=current, theme=state.theme)

    def lasso(self, event: Event) -> None:
        """A shape is being drawn, or is finished."""
        if event.get("done"):
            self.state.draw(event["positions"], lasso=[tuple(corner) for corner in event["polygon"]])
        else:
            self.state.drawing = tuple(int(position) for position in event["positions"])

    def open(self, event: Event) -> None:
        """A point was tapped."""
        position = int(event["position"])
        if 0 <= position < len(self.state.census):
            self.state.open(str(self.state.census.ids[position]))

    def clear(self, event: Event) -> None:
        """The group is to be forgotten."""
        self.state.clear_group()

    def choose_colour(self, event: Event) -> None:
        """Another column."""
        self.state.colour_by(str(event["name"]))

    def choose_encoder(self, event: Event) -> None:
        """Another encoder's map."""
        if event["name"] in self.widget.encoders:
            # a shape belongs to the map it was drawn on; the group stays
            self.state.param.update(encoder=str(event["name"]), lasso=())

    def choose_paint(self, event: Event) -> None:
        """Records outside the group grey, or by column."""
        self.state.paint = "column" if event.get("paint") == "column" else "group"


def _trust(facts: Mapping[str, Any]) -> str:
    parts = []
    for key in ("trustworthiness", "continuity"):
        if isinstance(facts.get(key), int | float):
            parts.append(f"{key} {share(float(facts[key]))}")
    return " · ".join(parts)
