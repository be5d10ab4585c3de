"""`Library`: views and groups saved by name or held in an address, and shown again."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, ClassVar

from ecgomics.dashboards.desk import Desk
from ecgomics.dashboards.explore_state import ExploreState
from ecgomics.dashboards.view import query_of, values_of, view_from, view_of
from ecgomics.errors import EcgomicsError, ServiceError


class Library:
    """Saves what a state shows and shows what was saved.

    Parameters
    ----------
    state
        What is shown.
    desk
        Where things are kept.
    """

    LINKED: ClassVar = (
        *("record", "span", "montage", "gain", "speed", "sort", "descending", "filters", "selection", "lasso"),
        *("toggled", "limits", "encoder", "colour", "paint", "lead", "why"),
    )
    """Values of the state that an address holds."""

    def __init__(self, state: ExploreState, desk: Desk) -> None:
        self.state = state
        self.desk = desk
        self._kept: tuple[str, tuple[str, ...]] | None = None
        state.is_saved = lambda name, records: self._kept == (name, tuple(records))

    def link(self) -> str:
        """The query that leads back to what is shown."""
        return query_of(view_of(self.state), self.state)

    def open(self, query: Mapping[str, str]) -> None:
        """Show what an address asks for, as the state a page begins with; what is not there is said."""
        view = view_from(query, self.state)
        group = view.get("group")
        try:
            if group and group.pop("saved"):
                view["group"] = self._group(str(group["origin"]))
        except EcgomicsError as error:
            view.pop("group")
            self.state.notice = str(error)
        self._show("link", view)
        self.state.history.done.clear()
        self.state.undoable = ""

    def save(self, kind: str, name: str) -> None:
        """Save the view or the group under a name.

        Raises
        ------
        ServiceError
            Without a name, or when there is no group.
        """
        view = view_of(self.state)
        if kind != "selection":
            self.desk.save("view", name, view)
            return
        if "group" not in view:
            raise ServiceError("no group to save", expected="a selection", remedy="draw one on the map")
        self.desk.save("selection", name, view["group"] | {"origin": name})
        self._kept = (name, self.state.selection.records)
        self.state.show(f"saved as {name}", {"selection": self.state.selection.called(name)})

    def show(self, kind: str, name: str) -> None:
        """Show a saved view, or make saved records the group; one step to undo. Raises ServiceError for neither."""
        if kind == "selection":
            group = self._group(name)
            values, lost = values_of(self.state, {**view_of(self.state), "group": group})
            self.state.show(f"group {name}", {key: values[key] for key in ("selection", "lasso")})
            self._say(lost)
        else:
            self._show(f"view {name}", self.desk.load("view", name))

    def _show(self, title: str, view: Mapping[str, Any]) -> None:
        values, lost = values_of(self.state, view)
        self.state.show(title, values)
        self._say(lost)

    def _say(self, lost: list[str]) -> None:
        if lost:
            self.state.notice = f"Not in this cohort any more: {', '.join(lost)}."

    def _group(self, name: str) -> dict[str, Any]:
        group = self.desk.load("selection", name)
        self._keep(name, group["records"])
        return group

    def _keep(self, name: str, records: Any) -> None:
        positions = self.state.census.positions(records)
        self._kept = (name, tuple(str(record) for record in self.state.census.ids[positions]))
