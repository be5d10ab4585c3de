"""What is told of a stream beside its samples: beats, events and points of its trends, as journals hold them."""

from __future__ import annotations

import math
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from ecgomics.vocabulary import BEAT_CLASSES


@dataclass(frozen=True, slots=True)
class Beat:
    """A beat of a stream.

    Parameters
    ----------
    number
        Number of the sample of its R peak; of a stream of RR intervals, of the interval that it ends.
    time_s
        Time since the stream began, s.
    beat_class
        Index into `vocabulary.BEAT_CLASSES`.
    rr_s
        Interval from the beat before, s; NaN where that is not known.
    quality
        0 (useless) to 1.
    settled
        Whether it has been looked at with all the seconds around it that the offline engine looks at; before, a beat
        may still move, go or change its class.
    """

    number: int
    time_s: float
    beat_class: int
    rr_s: float
    quality: float
    settled: bool

    @property
    def name(self) -> str:
        """Its class in words."""
        return BEAT_CLASSES[self.beat_class]

    def line(self) -> list[float | int | None]:
        """As a journal holds it."""
        rr = None if math.isnan(self.rr_s) else round(self.rr_s, 6)
        return [self.number, round(self.time_s, 6), self.beat_class, rr, round(self.quality, 3)]

    @classmethod
    def of_line(cls, line: list[Any], *, settled: bool) -> Beat:
        """From a journal."""
        number, time_s, kind, rr_s, quality = line
        kind = int(kind) if 0 <= int(kind) < len(BEAT_CLASSES) else len(BEAT_CLASSES) - 1
        return cls(int(number), float(time_s), kind, math.nan if rr_s is None else float(rr_s), float(quality), settled)


@dataclass(frozen=True)
class Event:
    """Something that happened to a stream or was found in it.

    Parameters
    ----------
    id
        Its name within the stream; a later event of the same id takes the place of the earlier.
    kind
        ``finding``, ``gap``, ``status``, ``clock``, ``mark``, ``recording`` or another word.
    text
        In a few words.
    first, stop
        Sample numbers from which to which it goes; `stop` is None while it goes on.
    when
        Time of day it was first told, UTC.
    code
        Short name of what was found: ``pause``, ``tachycardia`` …; of a status, its state.
    rows
        Reasons: (what, value).
    person
        Id of whoever made it; empty for what the machine found.
    """

    id: str
    kind: str
    text: str
    first: int
    stop: int | None
    when: datetime
    code: str = ""
    rows: tuple[tuple[str, str], ...] = field(default=())
    person: str = ""

    def line(self) -> dict[str, Any]:
        """As a journal holds it, without its moment."""
        said: dict[str, Any] = {"id": self.id, "kind": self.kind, "text": self.text, "first": self.first}
        said |= {"stop": self.stop, "code": self.code, "rows": [list(row) for row in self.rows], "person": self.person}
        return said

    @classmethod
    def of_line(cls, line: dict[str, Any], *, place: int) -> Event:
        """From a journal; raises ValueError, KeyError or TypeError for a line that is none."""
        stop = line.get("stop")
        return cls(
            str(line.get("id") or f"{line['kind']}-{place}"),
            str(line["kind"]),
            str(line.get("text", "")),
            int(line.get("first", 0)),
            None if stop is None else int(stop),
            datetime.fromisoformat(str(line["when"])),
            code=str(line.get("code", "")),
            rows=tuple((str(what), str(value)) for what, value in line.get("rows", ())),
            person=str(line.get("person", "")),
        )


@dataclass(frozen=True, slots=True)
class Point:
    """A point of a stream's trends.

    Parameters
    ----------
    number
        Sample number it stands for.
    rate_bpm
        Median rate, per minute; NaN when unknown.
    quality
        0 to 1; NaN when unknown.
    rmssd_ms
        Of the last minutes' normal beats, ms; NaN when too few.
    ventricular
        Ventricular beats so far.
    """

    number: int
    rate_bpm: float
    quality: float
    rmssd_ms: float
    ventricular: int

    def line(self) -> dict[str, Any]:
        """As a journal holds it."""
        values = {"rate": self.rate_bpm, "quality": self.quality, "rmssd": self.rmssd_ms}
        told = {name: None if math.isnan(value) else round(value, 3) for name, value in values.items()}
        return {"n": self.number, **told, "ventricular": self.ventricular}

    @classmethod
    def of_line(cls, line: dict[str, Any]) -> Point:
        """From a journal."""
        rate, quality, rmssd = (
            math.nan if line.get(name) is None else float(line[name]) for name in ("rate", "quality", "rmssd")
        )
        return cls(int(line["n"]), rate, quality, rmssd, int(line.get("ventricular", 0)))
