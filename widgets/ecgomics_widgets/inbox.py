"""`Inbox`: what is done in a browser, each thing once and in order."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

Event = Mapping[str, Any]


class Inbox:
    """Takes the values of a widget's `event` apart.

    A host hands over only the last of several events in quick succession; each therefore carries, in `before`, those
    that came shortly before it. An event has a `source` (one page) and a `serial` that grows within it; one made in
    Python has neither and counts once.

    Examples
    --------
    >>> inbox = Inbox()
    >>> first = {"type": "step", "source": "a", "serial": 1}
    >>> second = {"type": "step", "source": "a", "serial": 2, "before": [first]}
    >>> len(inbox.take(second)), len(inbox.take(second))
    (2, 0)
    """

    def __init__(self) -> None:
        self._seen: dict[str, float] = {}

    def take(self, event: Event | None) -> list[Event]:
        """The events in a value of `event` that have not been taken yet, oldest first."""
        if not event:
            return []
        return [item for item in (*event.get("before", ()), event) if self._is_new(item)]

    def _is_new(self, event: Event) -> bool:
        if "source" not in event:
            return True
        source, serial = str(event["source"]), float(event["serial"])
        if serial <= self._seen.get(source, 0.0):
            return False
        self._seen[source] = serial
        return True
