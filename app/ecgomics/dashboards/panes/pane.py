"""`Pane`: a widget that follows the state, and whose events change it."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, ClassVar, Generic, Protocol, TypeVar

from ecgomics.dashboards.explore_state import ExploreState
from ecgomics.errors import EcgomicsError
from ecgomics_widgets import HostedWidget
from ecgomics_widgets.inbox import Event, Inbox

__all__ = ["Event", "Pane", "StatePane"]


class Followed(Protocol):
    """A state that panes can follow: a `param.Parameterized` with a notice."""

    notice: Any
    param: Any


State = TypeVar("State", bound=Followed)


class StatePane(Generic[State]):
    """Base of the panes of every page.

    A pane names, in `follows`, for each of its refreshing methods the state's values it depends on; a method runs once
    after any of them changes. `acts` maps the widget's event types to methods.
    """

    follows: ClassVar[Mapping[str, tuple[str, ...]]] = {}
    acts: ClassVar[Mapping[str, str]] = {}

    def __init__(self, state: State, widget: HostedWidget) -> None:
        self.state = state
        self.widget = widget
        for method, names in self.follows.items():
            getattr(self, method)()
            state.param.watch(self._refresher(method), list(names))
        self._inbox = Inbox()
        if self.acts:
            widget.param.watch(lambda change: self._act(change.new), "event")

    def _refresher(self, method: str) -> Callable[..., None]:
        refresh = getattr(self, method)
        return lambda *changes: refresh()

    def _act(self, value: Event | None) -> None:
        for event in self._inbox.take(value):
            if event.get("type") not in self.acts:
                continue
            try:
                getattr(self, self.acts[event["type"]])(event)
            except EcgomicsError as error:
                # said on the page, where the person who asked can read it
                self.state.notice = str(error)


class Pane(StatePane[ExploreState]):
    """Base of the panes of Explore."""
