"""`MonitorState`: what one session of Monitor has chosen and opened."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from ecgomics.dashboards.monitor_ward import Bed, Ward

SPANS_S = (600, 3600, 28_800)
MOST_NOTE = 200


class MonitorState:
    """One session's view of a ward.

    Parameters
    ----------
    ward
        The streams, which all sessions share.
    """

    def __init__(self, ward: Ward) -> None:
        self.ward = ward
        self.chosen = ""
        self.opened: int | None = None
        self.span_s = SPANS_S[0]

    @property
    def bed(self) -> Bed | None:
        """The chosen stream; the first while none is chosen."""
        beds = self.ward.beds
        return beds.get(self.chosen) or next(iter(list(beds.values())), None)

    def act(self, event: Mapping[str, Any]) -> None:
        """Do what an event of the page asks for; one that is not of its kind does nothing."""
        kind, key = event.get("type"), str(event.get("key", ""))
        bed = self.ward.beds.get(key)
        if kind == "select" and bed is not None:
            self.chosen = key
        elif kind == "remove":
            self.ward.remove(key)
        elif kind == "record":
            self.ward.record(key)
        elif kind == "stop" and bed is not None:
            bed.stream.end_recording()
        elif kind == "mark" and bed is not None:
            moment = event.get("time_s")
            bed.watcher.mark(time_s=float(moment) if isinstance(moment, int | float) else None)
        elif kind == "tune" and bed is not None:
            self._tune(bed, event)
        elif kind == "span" and event.get("span_s") in SPANS_S:
            self.span_s = int(event["span_s"])
        elif kind == "next_event":
            self._next()
        else:
            self._answer(event)

    def _tune(self, bed: Bed, event: Mapping[str, Any]) -> None:
        gain, lead = event.get("gain"), event.get("lead")
        if isinstance(gain, int | float) and 0.1 <= gain <= 200:
            bed.gain = float(gain)
        if lead == "all" or lead in bed.stream.leads:
            bed.lead = str(lead)

    def _next(self) -> None:
        fresh = [event.id for _, event in self.ward.events() if not event.seen]
        if fresh:
            self._open(fresh[-1])

    def _open(self, number: int) -> None:
        found = self.ward.event(number)
        if found is not None:
            bed, event = found
            self.opened, self.chosen, event.seen = number, bed.key, True

    def _answer(self, event: Mapping[str, Any]) -> None:
        number = event.get("id")
        found = self.ward.event(number) if isinstance(number, int) else None
        if found is None:
            return
        _, told = found
        kind = event.get("type")
        if kind == "open":
            self._open(told.id)
        elif kind == "seen":
            told.seen = True
        elif kind == "verdict":
            told.verdict = "no" if event.get("verdict") == "no" else ""
        elif kind == "note":
            told.note = str(event.get("note", ""))[:MOST_NOTE]
