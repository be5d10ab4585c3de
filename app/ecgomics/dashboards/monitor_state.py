"""`MonitorState`: what one session of Monitor has chosen, opened and said."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from ecgomics.dashboards.monitor_facts import event_row, happenings, why_of
from ecgomics.dashboards.monitor_house import House
from ecgomics.dashboards.monitor_remarks import NOT_THIS
from ecgomics.live import Event, Reader

if TYPE_CHECKING:
    from ecgomics.service.accounts import Person

SPANS_S = (600, 3600, 28_800)
MOST_NOTE = 200
MOST_ROWS = 200


class MonitorState:
    """One person's view of a house.

    Parameters
    ----------
    house
        The streams, which all sessions share.
    person
        Who looks.
    """

    def __init__(self, house: House, person: Person) -> None:
        self.house, self.person = house, person
        self.chosen = ""
        self.opened = ""
        self.span_s = SPANS_S[0]
        self._glanced: set[str] = set()

    @property
    def reader(self) -> Reader | None:
        """The chosen stream; the first while none is chosen."""
        readers = self.house.readers
        return readers.get(self.chosen) or next(iter(readers.values()), None)

    def rows(self) -> list[dict[str, Any]]:
        """The events of all streams, newest first."""
        rows = [self._row(reader, event) for reader, event in self._events()]
        return sorted(rows, key=lambda row: row["at"], reverse=True)[:MOST_ROWS]

    def why(self) -> dict[str, Any]:
        """The opened event with its reasons; empty while none is opened."""
        found = self._find(self.opened)
        if found is None:
            return {}
        reader, event = found
        said = self.house.remarks.about(reader.id, event.id)
        _, note = self.house.remarks.own(reader.id, event.id, by=self.person)
        return {**self._row(reader, event), **why_of(reader, event, said), "note": note}

    def act(self, event: Mapping[str, Any]) -> None:
        """Do what an event of the page asks for; one that is not of its kind does nothing.

        Raises
        ------
        AccessError
            For what this person may not do.
        EcgomicsError
            For what cannot be done.
        """
        kind, key, house, by = event.get("type"), str(event.get("key", "")), self.house, self.person
        if kind == "select" and key in house.readers:
            self.chosen = key
        elif kind == "remove":
            house.stop(key, by=by)
        elif kind == "record":
            house.record(key, by=by)
        elif kind == "stop":
            house.end(key, by=by)
        elif kind == "discard":
            house.discard(str(event.get("recording", "")), by=by)
        elif kind == "mark" and key in house.readers:
            moment, text = event.get("time_s"), event.get("text")
            at = float(moment) if isinstance(moment, int | float) else None
            house.mark(key, text[:MOST_NOTE] if isinstance(text, str) else "Mark", time_s=at, by=by)
        elif kind == "span" and event.get("span_s") in SPANS_S:
            self.span_s = int(event["span_s"])
        elif kind == "next_event":
            fresh = [row["id"] for row in self.rows() if not row["seen"]]
            self._open(fresh[-1] if fresh else "")
        else:
            self._answer(event)

    def _answer(self, event: Mapping[str, Any]) -> None:
        name = str(event.get("id", ""))
        found = self._find(name)
        if found is None:
            return
        reader, told = found
        remarks, kind = self.house.remarks, event.get("type")
        if kind == "open":
            self._open(name)
        elif kind == "seen":
            self._see(name)
        elif kind == "verdict":
            remarks.judge(reader.id, told.id, verdict=event.get("verdict") == "no", by=self.person)
            remarks.note("event.verdict", by=self.person, object=name)
        elif kind == "note":
            remarks.write(reader.id, told.id, str(event.get("note", "")), by=self.person)
            remarks.note("event.note", by=self.person, object=name)

    def _open(self, name: str) -> None:
        found = self._find(name)
        if found is not None:
            self.opened, self.chosen = name, found[0].id
            self._see(name)

    def _see(self, name: str) -> None:
        """A viewer's glance is not kept."""
        found = self._find(name)
        self._glanced.add(name)
        if found is not None and self.person.may("annotator"):
            self.house.remarks.see(found[0].id, found[1].id, by=self.person)

    def _events(self) -> list[tuple[Reader, Event]]:
        return [(reader, event) for reader in self.house.readers.values() for event in happenings(reader)]

    def _find(self, name: str) -> tuple[Reader, Event] | None:
        stream, _, id = name.partition("/")
        reader = self.house.readers.get(stream)
        if reader is None or not id:
            return None
        return next(((reader, event) for event in happenings(reader) if event.id == id), None)

    def _row(self, reader: Reader, event: Event) -> dict[str, Any]:
        remarks, name = self.house.remarks, f"{reader.id}/{event.id}"
        says, _ = remarks.own(reader.id, event.id, by=self.person)
        seen = name in self._glanced or remarks.seen(reader.id, event.id, by=self.person)
        seen = seen or (event.kind == "mark" and event.person == str(self.person.id))
        return event_row(reader, event, seen=seen, verdict="no" if says == NOT_THIS else "")
