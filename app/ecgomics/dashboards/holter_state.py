"""`HolterState`: what the Holter page shows and what has been said of it, without a page."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Literal

import pandas as pd
import param

from ecgomics.dashboards.desk import Desk
from ecgomics.dashboards.history import History, Step
from ecgomics.dashboards.holter_day import Day
from ecgomics.dashboards.holter_events import BY_ID, KINDS, events_of
from ecgomics.errors import ConflictError, EcgomicsError

SAYS = ("agree", "ventricular", "supraventricular", "normal", "artefact")
"""What can be said of an event."""

SHOWN_S = 12.0
"""Stretch of the strip around an event."""

Scope = Literal["event", "kind"]


class HolterState(param.Parameterized):
    """The values behind the Holter page; its methods are what a reader can do there.

    Parameters
    ----------
    day
        The recording.
    desk
        Where verdicts are kept; None keeps them for this session.
    """

    kind = param.String(default="", doc="Kind of event that is looked through, of `KINDS`; empty for none.")
    at = param.Integer(default=-1, doc="Which event of the kind is open; -1 for none.")
    moment_s = param.Number(default=0.0, doc="The moment the strip shows, s.")
    span = param.Parameter(default=None, doc="(start, stop) of the strip, s.")
    verdicts = param.Dict(default={}, doc="What was said: subject → one of `SAYS`.")
    theme = param.Selector(default="light", objects=["light", "dark"], doc="Colours of the page.")
    undoable = param.String(default="", doc="What `undo` would take back.")
    notice = param.String(default="", doc="A sentence to show for a moment.")

    def __init__(self, day: Day, *, desk: Desk | None = None, **params: Any) -> None:
        self.day = day
        self.events = events_of(day)
        self._desk = desk
        self._seen: dict[str, int] = {}
        self.history = History()
        super().__init__(**params)
        self._load()

    # what there is

    def of_kind(self, kind: str) -> pd.DataFrame:
        """The events of a kind, in order of time."""
        return self.events[self.events["kind"] == kind].reset_index(drop=True)

    @property
    def event(self) -> Mapping[str, Any] | None:
        """The event that is open."""
        found = self.of_kind(self.kind)
        return found.iloc[self.at].to_dict() if 0 <= self.at < len(found) else None

    def subject(self, event: Mapping[str, Any] | pd.Series) -> str:
        """What a verdict on an event is filed under."""
        return f"event:{event['kind']}:{round(float(event['start_s']) * 1000)}"

    def said_of(self, event: Mapping[str, Any] | pd.Series) -> str:
        """What was said of an event, itself or with its whole kind; empty for nothing."""
        return self.verdicts.get(self.subject(event)) or self.verdicts.get(f"kind:{event['kind']}", "")

    def left(self, kind: str) -> int:
        """How many events of a kind ask for eyes and were not looked at."""
        asking = self.events[(self.events["kind"] == kind) & self.events["eyes"].astype(bool)]
        return sum(not self.said_of(event) for _, event in asking.iterrows())

    @property
    def progress(self) -> tuple[int, int]:
        """How many that ask for eyes were looked at, and how many there are."""
        total = int(self.events["eyes"].astype(bool).sum())
        return total - sum(self.left(kind.id) for kind in KINDS), total

    # what a reader can do

    def go(self, time_s: float) -> None:
        """Show a moment."""
        half = SHOWN_S / 2
        start = min(max(0.0, time_s - half), max(0.0, self.day.duration_s - SHOWN_S))
        span = (start, min(start + SHOWN_S, self.day.duration_s))
        self.param.update(moment_s=float(time_s), span=span)

    def choose(self, kind: str, *, at: int | None = None) -> None:
        """Look through a kind, from its first event that was not looked at."""
        found = self.of_kind(kind) if kind in BY_ID else self.events.iloc[:0]
        if not len(found):
            return
        place = self._first_left(found) if at is None else min(max(at, 0), len(found) - 1)
        self.param.update(kind=kind, at=place)
        event = found.iloc[place]
        start, stop = float(event["start_s"]), float(event["stop_s"])
        # what is longer than the strip is shown from where it begins
        self.go(start if stop - start > SHOWN_S / 2 else (start + stop) / 2)

    def step(self, by: int) -> None:
        """To the next or previous event of the kind; the first kind there is when none was chosen."""
        if not self.kind:
            first = next((kind.id for kind in KINDS if len(self.of_kind(kind.id))), "")
            self.choose(first, at=0 if by > 0 else None)
        else:
            self.choose(self.kind, at=self.at + by)

    def judge(self, says: str, *, scope: Scope = "event") -> None:
        """Say what one thinks of the open event, or of its whole kind, and go on to the next that asks for eyes."""
        event = self.event
        if event is None or says not in SAYS:
            return
        subject = self.subject(event) if scope == "event" else f"kind:{self.kind}"
        what = f"{BY_ID[self.kind].group.lower()}, {BY_ID[self.kind].title}"
        title = f"{what} → {says}" if scope == "event" else f"all {what} → {says}"
        self._set({**self.verdicts, subject: says}, title=title)
        self._onward()

    def undo(self) -> None:
        """Take the last verdict back, and go to what it was of."""
        step = self.history.back()
        if step:
            self._put(step.before["verdicts"])
            self.undoable = self.history.next_undo
            self.choose(step.before["kind"], at=step.before["at"])

    def redo(self) -> None:
        """Say the last verdict taken back again."""
        step = self.history.forth()
        if step:
            self._put(step.after["verdicts"])
            self.undoable = self.history.next_undo

    def _set(self, verdicts: dict[str, str], *, title: str) -> None:
        before = {"verdicts": self.verdicts, "kind": self.kind, "at": self.at}
        self.history.note(Step(title, before=before, after={"verdicts": verdicts}))
        self._put(verdicts)
        self.undoable = title

    def _onward(self) -> None:
        found = self.of_kind(self.kind)
        later = [place for place in range(self.at + 1, len(found)) if self._asks(found.iloc[place])]
        if later:
            self.choose(self.kind, at=later[0])
            return
        order = [kind.id for kind in KINDS]
        place = order.index(self.kind)
        ahead = next((kind for kind in order[place:] + order[:place] if self.left(kind)), "")
        if ahead:
            self.choose(ahead)

    def _asks(self, event: Any) -> bool:
        return bool(event["eyes"]) and not self.said_of(event)

    def _first_left(self, found: pd.DataFrame) -> int:
        return next((place for place in range(len(found)) if self._asks(found.iloc[place])), 0)

    # keeping

    def _load(self) -> None:
        if self._desk is None:
            return
        try:
            rows = self._desk.annotations.verdicts(self.day.record)
        except EcgomicsError as error:
            self._desk = None
            self.notice = f"Verdicts last for this session only: {error}"
            return
        own = rows[(rows["author"] == self._desk.person.name) & rows["says"].isin(SAYS)]
        self._seen = {str(row.subject): int(row.version) for row in own.itertuples()}
        self.verdicts = {str(row.subject): str(row.says) for row in own.itertuples()}

    def _put(self, verdicts: dict[str, str]) -> None:
        changed = [name for name in {*self.verdicts, *verdicts} if self.verdicts.get(name) != verdicts.get(name)]
        self.verdicts = verdicts
        if self._desk is None:
            return
        for subject in changed:
            try:
                says = verdicts.get(subject, "")
                seen = self._seen.get(subject, 0)
                self._seen[subject] = self._desk.annotations.judge(
                    self.day.record, subject, says, by=self._desk.person, seen=seen
                )
            except ConflictError:
                self._load()
                self.notice = "This was judged in another window meanwhile; what was said there is shown."
            except EcgomicsError as error:
                self.notice = str(error)
