"""`Remarks`: what people said of a stream's events, kept in the database with who said it."""

from __future__ import annotations

import logging
import time
from pathlib import Path
from typing import TYPE_CHECKING, Any

from ecgomics.dashboards.desk import Desk
from ecgomics.errors import ServiceError

if TYPE_CHECKING:
    from ecgomics.live import Recording
    from ecgomics.service.accounts import Person

LASTS_S = 2.0
"""What others said is looked up again after this long."""

NOT_THIS, NOTED, SEEN = "not this", "noted", "seen"
MOST_NOTE = 200

logger = logging.getLogger(__name__)


class Remarks:
    """Seen, "not this", notes and marks of the streams beside a cohort.

    Parameters
    ----------
    path
        The cohort; its database keeps them.
    """

    def __init__(self, path: Path) -> None:
        self.desk = Desk(path)
        self._kept: dict[str, tuple[float, dict[tuple[str, str], dict[str, Any]]]] = {}

    def of(self, stream: str) -> dict[tuple[str, str], dict[str, Any]]:
        """What was said of a stream: (event, person's name) → `says`, `comment`, `version`."""
        at, kept = self._kept.get(stream, (-LASTS_S, {}))
        if time.monotonic() - at > LASTS_S:
            rows = self.desk.annotations.verdicts(stream).to_dict("records")
            kept = {(str(row["subject"]), str(row["author"])): {str(k): v for k, v in row.items()} for row in rows}
            self._kept[stream] = (time.monotonic(), kept)
        return kept

    def seen(self, stream: str, event: str, *, by: Person) -> bool:
        """Whether a person has seen an event."""
        return (f"seen:{event}", by.name) in self.of(stream)

    def see(self, stream: str, event: str, *, by: Person) -> None:
        """Keep that a person has seen an event. Raises AccessError for a viewer."""
        if not self.seen(stream, event, by=by):
            self._judge(stream, f"seen:{event}", SEEN, by=by)

    def about(self, stream: str, event: str) -> list[tuple[str, str, str]]:
        """Everybody's words on an event: (who, ``"not this"`` or ``"noted"``, their note)."""
        said = self.of(stream).items()
        return [(who, row["says"], row["comment"]) for (what, who), row in said if what == f"event:{event}"]

    def own(self, stream: str, event: str, *, by: Person) -> tuple[str, str]:
        """A person's own word and note on an event; empty when they said nothing."""
        row = self.of(stream).get((f"event:{event}", by.name), {})
        return str(row.get("says", "")), str(row.get("comment", ""))

    def judge(self, stream: str, event: str, *, verdict: bool, by: Person) -> None:
        """Say that an event is not what it was called, or take that back. Raises AccessError for a viewer."""
        _, note = self.own(stream, event, by=by)
        self._judge(stream, f"event:{event}", NOT_THIS if verdict else NOTED if note else "", by=by, comment=note)

    def write(self, stream: str, event: str, note: str, *, by: Person) -> None:
        """Keep a note with an event. Raises AccessError for a viewer."""
        says, _ = self.own(stream, event, by=by)
        note = note.strip()[:MOST_NOTE]
        says = says if says == NOT_THIS else NOTED if note else ""
        self._judge(stream, f"event:{event}", says, by=by, comment=note)

    def mark(self, stream: str, text: str, *, time_s: float, by: Person) -> None:
        """Keep a mark as a note on the stream. Raises AccessError for a viewer."""
        self.desk.annotations.write(stream, text or "Mark", by=by, start_s=time_s)
        self.note("mark", by=by, object=stream)

    def carry(self, recording: Recording, record: str, *, rate_hz: float, by: Person) -> int:
        """Write the marks within a recording on the record it became; how many."""
        first = recording.first / rate_hz
        stop = float("inf") if recording.stop is None else recording.stop / rate_hz
        notes = self.desk.annotations.notes(recording.stream).to_dict("records")
        inside = [note for note in notes if first <= note["start_s"] < stop]
        for note in inside:
            self.desk.annotations.write(record, str(note["text"]), by=by, start_s=float(note["start_s"]) - first)
        return len(inside)

    def note(self, action: str, *, by: Person, object: str) -> None:
        """Write down who did what; what is done must not fail for it."""
        from ecgomics.service import Audit

        try:
            Audit(self.desk.database).note(action, by=by, object=object)
        except ServiceError:
            logger.warning("the audit log could not be written")

    def _judge(self, stream: str, subject: str, says: str, *, by: Person, comment: str = "") -> None:
        self._kept.pop(stream, None)
        row = self.of(stream).get((subject, by.name))
        seen = int(row["version"]) if row else self._version(stream, subject, by=by)
        self.desk.annotations.judge(stream, subject, says, by=by, comment=comment, seen=seen)
        self._kept.pop(stream, None)

    def _version(self, stream: str, subject: str, *, by: Person) -> int:
        """Version of a word that was taken back; 0 where there never was one."""
        from sqlalchemy import select

        from ecgomics.service.models import Verdict

        annotations = self.desk.annotations
        mine = (Verdict.cohort == annotations.cohort, Verdict.record == stream, Verdict.subject == subject[:120])
        with annotations.database.reading() as session:
            return session.scalar(select(Verdict.version).where(*mine, Verdict.author_id == by.id)) or 0
