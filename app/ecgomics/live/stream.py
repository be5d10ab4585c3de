"""`Stream`: the owner's side of one stream: its journal, clock and status."""

from __future__ import annotations

import math
import threading
import time
from dataclasses import replace
from pathlib import Path
from typing import Any, Literal

from ecgomics.errors import EcgomicsError, StreamError
from ecgomics.live.block import Block
from ecgomics.live.clock import Clock
from ecgomics.live.head import Head
from ecgomics.live.journal import HAND_OVER, RR_RATE, STOP, Journal
from ecgomics.live.reader import Reader
from ecgomics.live.recordings import pins
from ecgomics.live.source import Description, Status
from ecgomics.live.told import Event
from ecgomics.settings import LiveSettings

Numbers = Literal["stream", "session"]
"""Whose numbers a block's are: the stream's, which go on after a restart, or a session's, each beginning at 0."""

CLOCK_JUMP_S = 1.0
PRUNE_EVERY_S = 10.0


class Stream:
    """One stream as it is taken in; any thread may push.

    Parameters
    ----------
    journal
        Where its samples go.
    numbers
        ``"stream"``: whoever pushes knows the stream's numbers (and asks for `next` after an interruption).
        ``"session"``: blocks are numbered from 0 in each session; the time between two sessions becomes a gap, by the
        time of day.
    """

    def __init__(self, journal: Journal, *, numbers: Numbers = "stream", settings: LiveSettings | None = None) -> None:
        self.journal = journal
        self.settings = settings or LiveSettings()
        self.reader = Reader(journal.folder, settings=self.settings)
        self.clock = Clock(journal.head.description.rate_hz or RR_RATE)
        self.shift: int | None = 0 if numbers == "stream" or not journal.next else None
        self.first = journal.next
        """Number of the first sample that this process takes in."""
        self.over = False
        """Whether it has ended and all of it was looked at."""
        self.trouble = ""
        """Why samples are not stored just now; empty when they are."""
        self._status = Status("connecting")
        self._told: tuple[str, float, str] | None = None
        self._guard = threading.Lock()
        self._came = time.monotonic()
        self._wall = time.time() - time.monotonic()
        self._ended = False
        self._pruned = time.monotonic()
        self._tell()

    @classmethod
    def begin(
        cls,
        folder: Path,
        description: Description,
        *,
        person: str = "",
        numbers: Numbers = "stream",
        settings: LiveSettings | None = None,
    ) -> Stream:
        """Begin a stream in a folder, or go on with it; raises as `Journal.begin`."""
        return cls(
            Journal.begin(folder, description, person=person, settings=settings), numbers=numbers, settings=settings
        )

    @property
    def id(self) -> str:
        """Its name, unique beside its cohort."""
        return self.journal.head.id

    @property
    def head(self) -> Head:
        """What it is."""
        return self.journal.head

    @property
    def next(self) -> int:
        """Number of the sample to come, in the stream's numbers."""
        return self.journal.next

    @property
    def ended(self) -> bool:
        """Whether nothing more can come."""
        return self._ended

    def push(self, block: Block) -> int:
        """Take a block in: what came before is dropped, a jump is a gap; number of the sample to come.

        What this acknowledges has left this process: it survives its end, and is safe from a power cut within
        `LiveSettings.save_every_s`. Pushing again what was not acknowledged is always right.

        Raises
        ------
        SignalError
            For a block that is not of this stream.
        StreamError
            When the stream has ended or the disk does not take the block.
        """
        with self._guard:
            if self._ended:
                raise StreamError("samples for a stream that has ended", remedy="begin another stream")
            self._watch_wall()
            if self.shift is None:
                self.shift = self._resumed(block)
            moved = replace(block, first=block.first + self.shift) if self.shift else block
            try:
                reached = self.journal.append(moved)
            except StreamError as error:
                self.trouble = error.arrived
                raise
            self.trouble = ""
            self._came = block.came_s
            self.clock.take(stop=moved.stop, clock_s=block.clock_s, count=block.values.shape[1], came_s=block.came_s)
            return reached

    def say(self, status: Status) -> None:
        """What the source says of itself."""
        if not self._ended:
            self._status = status

    @property
    def status(self) -> Status:
        """How the stream is."""
        said = self._status
        if self._ended:
            return said
        if self.trouble:
            return Status("lost", said.battery, self.trouble)
        silent = time.monotonic() - self._came
        if silent > self.settings.silent_s:
            if said.state == "connecting" and self.next == self.first:
                return said
            return Status("lost", said.battery, said.reason or "no sample comes")
        return said if said.state == "lost" else Status("live" if self.next else said.state, said.battery)

    def mark(self, text: str, *, number: int | None = None, person: str = "") -> Event:
        """Note something at a sample, by default the newest."""
        at = self.next if number is None else number
        mark_event(self.journal.folder, text, number=at, person=person)
        return [event for event in self.reader.events_since(at) if event.kind == "mark"][-1]

    def note(self, said: list[dict[str, Any]]) -> None:
        """Add events, as lines of the journal."""
        self.journal.note(said)

    def keep(self) -> None:
        """What is due a few times a second: samples made safe, status told, segments pruned, a request to stop."""
        if self._ended:
            return
        try:
            self.journal.save()
        except StreamError as error:
            self.trouble = error.arrived
            if not self.journal.folder.exists():
                self.end(error.arrived)
                return
        self._tell()
        if time.monotonic() - self._pruned > PRUNE_EVERY_S:
            self._pruned = time.monotonic()
            self.journal.prune(pins(self.journal.folder))
        if (self.journal.folder / STOP).exists():
            (self.journal.folder / STOP).unlink(missing_ok=True)
            self.end("stopped")
        if (self.journal.folder / HAND_OVER).exists():
            (self.journal.folder / HAND_OVER).unlink(missing_ok=True)
            # as long as samples come here, whoever asked has none
            if time.monotonic() - self._came > self.settings.silent_s:
                self.end("it goes on in another process", state="lost")

    def end(self, reason: str = "", *, state: Literal["ended", "lost"] = "ended") -> None:
        """Nothing more will come here; what came is made safe. A stream that is only lost can be gone on with."""
        with self._guard:
            if self._ended:
                return
            self._status = Status(state, self._status.battery, reason)
            self._ended = True
        self._tell()
        try:
            self.journal.close()
        except EcgomicsError as error:
            self.trouble = str(error)

    def _tell(self) -> None:
        """Put the status into the journal when it has changed."""
        status = self.status
        now = (status.state, round(status.battery, 2), status.reason)
        told = self._told
        if told is not None and repr(told) == repr(now):
            return
        self._told = now
        battery = None if math.isnan(status.battery) else round(status.battery, 2)
        line = {"kind": "status", "code": status.state, "text": status.reason, "battery": battery}
        self.journal.note([{**line, "first": self.next, "stop": self.next}])

    def _resumed(self, block: Block) -> int:
        """How far a new session's numbers are moved: by the time between, as far as the time of day tells it."""
        found = self.journal.recovered
        rate = self.head.description.rate_hz or RR_RATE
        count = block.values.shape[1]
        away = time.time() - found.came - count / rate
        missed = max(1, round(away * rate)) if math.isfinite(away) else 1
        if missed > self.settings.longest_gap_s * rate:
            raise StreamError(
                f"a stream that was away for {away / 3600:.0f} h",
                expected=f"at most {self.settings.longest_gap_s / 3600:.0f} h",
                remedy="begin another stream",
            )
        if away < 0:
            self.note([self._clock_event("the clock went back between two sessions: the gap's length is not known")])
        return found.next + missed - block.first

    def _watch_wall(self) -> None:
        wall = time.time() - time.monotonic()
        jump = wall - self._wall
        if abs(jump) > CLOCK_JUMP_S:
            self._wall = wall
            self.note([self._clock_event(f"the server's clock was set by {jump:+.1f} s; samples are not affected")])

    def _clock_event(self, text: str) -> dict[str, Any]:
        return {"kind": "clock", "text": text, "first": self.next, "stop": self.next}


def mark_event(folder: Path, text: str, *, number: int, person: str = "") -> None:
    """Note something at a sample of a stream, whoever owns it.

    Raises
    ------
    StreamError
        When the disk does not take it.
    """
    from datetime import UTC, datetime

    from ecgomics.live.journal import EVENTS
    from ecgomics.live.log import append

    said = {"kind": "mark", "text": text, "first": number, "stop": number, "person": person}
    append(folder / EVENTS, [{"when": datetime.now(UTC).isoformat(timespec="milliseconds"), **said}])
