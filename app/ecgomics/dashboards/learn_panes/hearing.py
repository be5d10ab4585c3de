"""`hear`: a widget's events to methods, with what went wrong said on the page."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from ecgomics.errors import EcgomicsError
from ecgomics_widgets import HostedWidget
from ecgomics_widgets.inbox import Event, Inbox


def hear(widget: HostedWidget, acts: Mapping[str, Callable[[Event], None]], *, trouble: Callable[[str], None]) -> None:
    """Call `acts[type]` for each of a widget's events; an error meant for a reader goes to `trouble`."""
    inbox = Inbox()

    def take(change: Any) -> None:
        for event in inbox.take(change.new):
            act = acts.get(str(event.get("type")))
            if act is None:
                continue
            try:
                act(event)
            except EcgomicsError as error:
                trouble(str(error))

    widget.param.watch(take, "event")
