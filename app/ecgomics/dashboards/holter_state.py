"""`HolterState`: what the Holter page shows and what has been said of it, without a page."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any, Literal

import numpy as np
import pandas as pd
import param

from ecgomics.dashboards.desk import Desk
from ecgomics.dashboards.history import History, Step
from ecgomics.dashboards.holter_day import Day
from ecgomics.dashboards.holter_events import BY_ID, KINDS, asleep, class_of, events_of
from ecgomics.dashboards.holter_forms import Form, Forms
from ecgomics.errors import ConflictError, EcgomicsError

SAYS = ("agree", "ventricular", "supraventricular", "normal", "artefact")
"""What can be said of an event."""

SHOWN_S = 12.0
"""Stretch of the strip around an event."""

Scope = Literal["event", "kind"]

ASLEEP = "asleep"
"""What a note says of a stretch drawn on the day and marked as sleep."""


def split(kind: str) -> tuple[str, str]:
    """A kind of `KINDS` and the letter of a form, of what is looked through: ``"v1:A"`` are single beats of form A."""
    base, _, letter = kind.partition(":")
    return base, letter


class HolterState(param.Parameterized):
    """The values behind the Holter page; its methods are what a reader can do there.

    Parameters
    ----------
    day
        The recording.
    desk
        Where verdicts are kept; None keeps them for this session.
    """

    kind = param.String(default="", doc="Kind of event that is looked through (see `split`); empty for none.")
    at = param.Integer(default=-1, doc="Which event of the kind is open; -1 for none.")
    moment_s = param.Number(default=0.0, doc="The moment the strip shows, s.")
    span = param.Parameter(default=None, doc="(start, stop) of the strip, s.")
    window = param.Parameter(default=None, doc="(start, stop) drawn by hand on the day, s; None: none.")
    marks = param.Parameter(default=(), doc="Notes on the recording, a tuple of rows as `Strip.notes` has them.")
    forms = param.Dict(default={}, doc="Forms of the unusual beats, class → `Form`s, once they are known.")
    verdicts = param.Dict(default={}, doc="What was said: subject → one of `SAYS`.")
    theme = param.Selector(default="light", objects=["light", "dark"], doc="Colours of the page.")
    undoable = param.String(default="", doc="What `undo` would take back.")
    notice = param.String(default="", doc="A sentence to show for a moment.")

    def __init__(self, day: Day, *, desk: Desk | None = None, **params: Any) -> None:
        self.day = day
        self._found = events_of(day).assign(form="", text="")
        self.events = self._found
        self._desk = desk
        self._seen: dict[str, int] = {}
        self.history = History()
        super().__init__(**params)
        self._load()

    # what there is

    def of_kind(self, kind: str) -> pd.DataFrame:
        """The events of a kind, or of one form of it, in order of time."""
        base, letter = split(kind)
        chosen = self.events["kind"] == base
        return self.events[chosen & (self.events["form"] == letter) if letter else chosen].reset_index(drop=True)

    def forms_in(self, kind: str) -> tuple[Form, ...]:
        """The forms that events of a kind come in; none where all look alike or nothing is known."""
        found = self.forms.get(class_of(kind), ())
        letters = set(self.events.loc[self.events["kind"] == kind, "form"])
        return tuple(form for form in found if form.letter in letters) if len(letters) > 1 else ()

    def title_of(self, kind: str) -> str:
        """What a kind, or a form of it, is called."""
        base, letter = split(kind)
        return f"{BY_ID[base].group}, {BY_ID[base].title}" + (f", form {letter}" if letter else "")

    @property
    def event(self) -> Mapping[str, Any] | None:
        """The event that is open."""
        found = self.of_kind(self.kind)
        return found.iloc[self.at].to_dict() if 0 <= self.at < len(found) else None

    def subject(self, event: Mapping[str, Any] | pd.Series) -> str:
        """What a verdict on an event is filed under."""
        return f"event:{event['kind']}:{round(float(event['start_s']) * 1000)}"

    def said_of(self, event: Mapping[str, Any] | pd.Series) -> str:
        """What was said of an event, itself, with its form, or with its whole kind; empty for nothing."""
        subjects = (self.subject(event), self._form_subject(event), f"kind:{event['kind']}")
        return next((self.verdicts[name] for name in subjects if name in self.verdicts), "")

    def scope_of(self, event: Mapping[str, Any] | pd.Series) -> tuple[str, str, int]:
        """What a verdict on more than one event is filed under, what those are called, and how many they are."""
        kind, subject = str(event["kind"]), self._form_subject(event)
        if subject:
            return subject, f"form {event['form']}", len(self.of_kind(f"{kind}:{event['form']}"))
        return f"kind:{kind}", "this kind", len(self.of_kind(kind))

    def _form_subject(self, event: Mapping[str, Any] | pd.Series) -> str:
        kind, letter = str(event["kind"]), str(event["form"])
        form = next((form for form in self.forms_in(kind) if form.letter == letter), None) if letter else None
        # named by its most typical beat: where beats are found anew a verdict may be lost, but goes to no other form
        return f"form:{kind}:{round(form.at_s * 1000)}" if form else ""

    def left(self, kind: str) -> int:
        """How many events of a kind, or of one form of it, ask for eyes and were not looked at."""
        found = self.of_kind(kind)
        asking = found[found["eyes"].astype(bool)]
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
        if split(kind)[0] not in BY_ID:
            return
        if not len(self.of_kind(kind)):
            kind = split(kind)[0]
        found = self.of_kind(kind)
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
        wider, called, _ = self.scope_of(event)
        subject = self.subject(event) if scope == "event" else wider
        what = self.title_of(str(event["kind"])).lower()
        of = f" of {called}" if called.startswith("form") else ""
        title = f"{what} → {says}" if scope == "event" else f"all {what}{of} → {says}"
        self._set({**self.verdicts, subject: says}, title=title)
        self._onward()

    def undo(self) -> None:
        """Take the last verdict back, and go to what it was of; or the last stretch of sleep."""
        step = self.history.back()
        if step and "sleep" in step.before:
            self.marks = tuple(mark for mark in self.marks if not _same(mark, step.before["sleep"]))
            self.undoable = self.history.next_undo
        elif step:
            self._put(step.before["verdicts"])
            self.undoable = self.history.next_undo
            self.choose(step.before["kind"], at=step.before["at"])

    def redo(self) -> None:
        """Say the last verdict taken back again."""
        step = self.history.forth()
        if step and "sleep" in step.after:
            self.marks = (*self.marks, step.after["sleep"])
            self.undoable = self.history.next_undo
        elif step:
            self._put(step.after["verdicts"])
            self.undoable = self.history.next_undo

    def mark_sleep(self) -> None:
        """Note that the stretch drawn on the day was slept; one step to undo."""
        if self.window is None:
            self.notice = "Draw a stretch on the day first, by dragging: b then marks it as sleep."
            return
        start, stop = (round(float(edge), 1) for edge in self.window)
        row = {"start_s": start, "stop_s": stop, "lead": "", "text": ASLEEP, "who": self._name(), "when": ""}
        title = f"asleep {self.day.clock(start)} to {self.day.clock(stop)}"
        self.history.note(Step(title, before={"sleep": row}, after={"sleep": row}))
        self.param.update(marks=(*self.marks, row), undoable=title, window=None)

    def take_notes(self, notes: Iterable[Mapping[str, Any]]) -> None:
        """Show the recording's notes among the events; those that say that somebody slept shade the day instead."""
        self.marks = tuple(dict(note) for note in notes)

    def take_forms(self, found: Forms) -> None:
        """Tell events of different shape apart, now that shapes are known."""
        self._found = self._found.assign(form=[self._letter(found, event) for event in self._found.to_dict("records")])
        self._gather()
        self.forms = found.of

    def _letter(self, found: Forms, event: Mapping[Any, Any]) -> str:
        if not class_of(event["kind"]):
            return ""
        first = int(np.searchsorted(self.day.r_s, float(event["start_s"]) - 1e-6))
        letters = set(found.letter[first : first + int(event["beats"])].tolist())
        return letters.pop() if len(letters) == 1 else ""

    @param.depends("marks", watch=True)
    def _gather(self) -> None:
        """Found events and notes in one table."""
        told = [mark for mark in self.marks if not (mark.get("stop_s") and asleep(str(mark["text"])))]
        rows = pd.DataFrame(
            [
                {
                    "kind": "mark",
                    "start_s": float(mark["start_s"]),
                    "stop_s": float(mark.get("stop_s") or mark["start_s"]),
                    "beats": 0,
                    "eyes": True,
                    "form": "",
                    "text": str(mark["text"]),
                }
                for mark in told
            ]
        )
        both = [part for part in (self._found, rows) if len(part)]
        whole = pd.concat(both) if both else self._found
        self.events = whole.sort_values("start_s", kind="stable", ignore_index=True)

    @property
    def sleep(self) -> list[dict[str, Any]]:
        """Stretches that were slept: rows `start_s`, `stop_s`, `label`."""
        return [
            {"start_s": float(mark["start_s"]), "stop_s": float(mark["stop_s"]), "label": ASLEEP}
            for mark in self.marks
            if mark.get("stop_s") and asleep(str(mark["text"]))
        ]

    def _name(self) -> str:
        try:
            return self._desk.person.name if self._desk is not None else ""
        except EcgomicsError:
            return ""

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
        place = order.index(split(self.kind)[0])
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


def _same(one: Mapping[str, Any], other: Mapping[str, Any]) -> bool:
    return all(one.get(name) == other.get(name) for name in ("start_s", "stop_s", "text"))
