"""`Handwork`: what a person writes and moves on the strip is kept with the cohort, and is there again next time."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from typing import Any

import pandas as pd

from ecgomics.dashboards.desk import Desk
from ecgomics.errors import EcgomicsError, ServiceError
from ecgomics_widgets import Strip

NoteKey = tuple[float, float, str, str, str]
MarkKey = tuple[int, str, str]

MOST_OTHERS = 500
"""Marks of others that are told of on a strip."""


class Handwork:
    """Notes and moved marks of the record on a strip, in the database and back.

    Everybody's notes are shown; one's own can be changed. Moved marks are one's own; where others placed a mark of this
    record, a note says so, and how far from one's own.

    Parameters
    ----------
    strip
        Where they are made.
    desk
        Where they are kept. Without a database nothing is kept, and `say` tells so once.
    say
        Takes a sentence for the person.
    """

    def __init__(self, strip: Strip, desk: Desk, *, say: Callable[[str], None]) -> None:
        self.strip, self.desk, self.say = strip, desk, say
        self._record = ""
        self._notes: dict[NoteKey, tuple[int, int]] = {}
        self._marks: dict[MarkKey, tuple[float | None, int]] = {}
        self._others: set[NoteKey] = set()
        self._quiet = False
        strip.param.watch(lambda _: self._written(), "notes")
        strip.param.watch(lambda _: self._moved(), "edits")

    @contextmanager
    def opening(self, record: str) -> Iterator[None]:
        """While another record is put on the strip: what that takes away is not taken back in the database."""
        self._quiet = True
        try:
            yield
            self._record = record
            self._show()
        finally:
            self._quiet = False

    def _show(self) -> None:
        self._notes, self._marks, self._others = {}, {}, set()
        try:
            person, kept = self.desk.person, self.desk.annotations
            notes, marks = kept.notes(self._record), kept.marks(self._record)
        except ServiceError:
            return
        self.strip.who = person.name
        lines = notes.to_dict("records") if len(notes) else []
        rows = [_note_row(line) for line in lines]
        for row, line in zip(rows, lines, strict=True):
            self._notes[_note_key(row)] = (int(line["id"]), int(line["version"]))
        placings = marks.to_dict("records") if len(marks) else []
        own = [line for line in placings if line["author"] == person.name]
        for line in own:
            placed = None if pd.isna(line["placed_s"]) else float(line["placed_s"])
            self._marks[(int(line["beat"]), str(line["lead"]), str(line["mark"]))] = (placed, int(line["version"]))
        others = [line for line in placings if line["author"] != person.name]
        said = [told for line in others[:MOST_OTHERS] if (told := self._said_of(line)) is not None]
        self._others = {_note_key(row) for row in said}
        self.strip.param.update(notes=[*rows, *said], edits=[_edit_row(line) for line in own])

    def _said_of(self, line: Mapping[str, Any]) -> dict[str, Any] | None:
        """Another annotator's mark as a note at its place; none where it stands nowhere."""
        placed, machine = (None if pd.isna(line[name]) else float(line[name]) for name in ("placed_s", "machine_s"))
        at = placed if placed is not None else machine
        if at is None:
            return None
        name = str(line["mark"]).replace("_", " ")
        text = f"{name}: no such wave" if placed is None else name
        if placed is not None and machine is not None:
            text += f" {(placed - machine) * 1000:+.0f} ms from the machine's"
        own = self._marks.get((int(line["beat"]), str(line["lead"]), str(line["mark"])))
        if own is not None and own[0] is not None and placed is not None:
            text += f", {abs(placed - own[0]) * 1000:.0f} ms from yours"
        elif own is not None and (own[0] is None) != (placed is None):
            text += ", unlike yours"
        when = line["edited"].isoformat()
        return {"start_s": at, "stop_s": None, "lead": line["lead"], "text": text, "who": line["author"], "when": when}

    def _written(self) -> None:
        rows = {_note_key(row): row for row in self.strip.notes}
        gone, new = self._notes.keys() - rows.keys(), rows.keys() - self._notes.keys() - self._others
        if self._quiet or not self._record or not (gone or new):
            return
        with self._keeping() as kept:
            for key in gone:
                number, version = self._notes[key]
                kept.remove(number, by=self.desk.person, seen=version)
                del self._notes[key]
            for key in new:
                start, stop, lead, text, _ = key
                number = kept.write(self._record, text, by=self.desk.person, start_s=start, stop_s=stop, lead=lead)
                self._notes[key] = (number, 1)

    def _moved(self) -> None:
        rows = {(int(row["beat"]), str(row["lead"]), str(row["mark"])): row for row in self.strip.edits}
        if self._quiet or not self._record:
            return
        gone = self._marks.keys() - rows.keys()
        changed = {key: row for key, row in rows.items() if self._marks.get(key, (object(), 0))[0] != row["edited_s"]}
        if not (gone or changed):
            return
        with self._keeping() as kept:
            for beat, lead, mark in gone:
                kept.withdraw(self._record, lead=lead, beat=beat, mark=mark, by=self.desk.person)
                del self._marks[(beat, lead, mark)]
            for key, row in changed.items():
                beat, lead, mark = key
                version = kept.place(
                    self._record,
                    lead=lead,
                    beat=beat,
                    mark=mark,
                    placed_s=row["edited_s"],
                    machine_s=row["machine_s"],
                    by=self.desk.person,
                    seen=self._marks.get(key, (None, 0))[1],
                )
                self._marks[key] = (row["edited_s"], version)

    @contextmanager
    def _keeping(self) -> Iterator[Any]:
        """The database; when it refuses, the strip goes back to what is kept and the person is told."""
        try:
            yield self.desk.annotations
        except EcgomicsError as error:
            self.say(f"Not kept: {error}")
            with self.opening(self._record):
                pass


def _note_row(line: Mapping[str, Any]) -> dict[str, Any]:
    start, stop = float(line["start_s"]), float(line["stop_s"])
    return {
        "start_s": start,
        "stop_s": stop if stop > start else None,
        "lead": line["lead"],
        "text": line["text"],
        "who": line["author"],
        "when": line["edited"].isoformat(),
    }


def _note_key(row: Mapping[str, Any]) -> NoteKey:
    start = round(float(row["start_s"]), 4)
    stop = start if row.get("stop_s") is None else round(float(row["stop_s"]), 4)
    return start, stop, str(row.get("lead") or ""), str(row["text"]).strip(), str(row.get("who") or "")


def _edit_row(line: Mapping[str, Any]) -> dict[str, Any]:
    return {
        "beat": int(line["beat"]),
        "lead": line["lead"],
        "mark": line["mark"],
        "machine_s": None if pd.isna(line["machine_s"]) else float(line["machine_s"]),
        "edited_s": None if pd.isna(line["placed_s"]) else float(line["placed_s"]),
        "who": line["author"],
        "when": line["edited"].isoformat(),
    }
