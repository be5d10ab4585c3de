"""The panes of the Holter page: each ties one widget to the state, in both directions."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
import pandas as pd

from ecgomics.dashboards.census import Census
from ecgomics.dashboards.desk import Desk
from ecgomics.dashboards.handwork import Handwork
from ecgomics.dashboards.holter_day import MINUTE_S, Day
from ecgomics.dashboards.holter_events import KINDS
from ecgomics.dashboards.holter_frame import VERDICT_KEYS
from ecgomics.dashboards.holter_state import HolterState
from ecgomics.dashboards.recording import facts_of, recording_of
from ecgomics.vocabulary import BEAT_CLASSES
from ecgomics.wording import counted, share
from ecgomics_widgets import Strip
from ecgomics_widgets.event_list import EventList
from ecgomics_widgets.inbox import Inbox
from ecgomics_widgets.tachogram import Tachogram, quality_row
from ecgomics_widgets.timeline import events_of, shades_of
from ecgomics_widgets.verdict_bar import VerdictBar

LOOKS = {
    "Ventricular": ("Functional", "square"),
    "Supraventricular": ("Functional", "circle"),
    "Irregular rhythm": ("Functional", "diamond"),
    "Slow and pauses": ("Functional", "dash"),
    "Fast": ("Functional", "dash"),
    "Unclassified": ("", "square"),
    "Marks and notes": ("", "ring"),
}
TITLES = {"agree": "agree", "ventricular": "V", "supraventricular": "S", "normal": "N", "artefact": "artefact"}
SHORT = {"normal": "N", "ventricular": "V", "supraventricular": "S", "paced": "P", "unclassifiable": "?"}
BEAT_S = (0.25, 0.45)
"""Of a beat drawn beside its kind: before and after its R peak, s."""


class DayPane:
    """Rate over the day with heat rows; a click goes there."""

    def __init__(self, state: HolterState) -> None:
        day = state.day
        self.state = state
        begun = day.start.isoformat() if day.start else ""
        rate, leads = f"{day.rate_hz:g} Hz", ", ".join(day.leads[:3]) + ("…" if len(day.leads) > 3 else "")
        self.widget = Tachogram.of(
            pd.DataFrame({"time_s": day.r_s, "rr_s": np.where(day.steady, day.rr_s, np.nan), "beat_class": day.kind}),
            gaps=[{"start_s": start, "stop_s": stop} for start, stop in day.gaps],
            heat=_heat(day),
            events=_episodes(state),
            duration_s=day.duration_s,
            start=begun,
            about=" · ".join(part for part in (day.source, day.person, _length(day.duration_s), leads, rate) if part),
            message="No beats were found in this recording.",
        )
        self.widget.param.watch(lambda change: self._go(change.new), "event")
        self._inbox = Inbox()
        state.param.watch(lambda *changes: self._follow(), ["moment_s", "theme", "window"])
        state.param.watch(lambda *changes: self._note(), ["marks"])
        self._follow()

    def _follow(self) -> None:
        state = self.state
        self.widget.param.update(cursor_s=state.moment_s, theme=state.theme, window=state.window)

    def _note(self) -> None:
        self.widget.param.update(events=events_of(_episodes(self.state)), shades=shades_of(self.state.sleep))

    def _go(self, value: Mapping[str, Any] | None) -> None:
        hear_times(self.state, self._inbox.take(value))


class HolterStripPane:
    """The recording itself, with every beat's class; the open event is marked."""

    def __init__(self, state: HolterState, census: Census, *, desk: Desk | None = None) -> None:
        self.state = state
        day = state.day
        beats = pd.DataFrame({"time_s": day.r_s, "beat_class": day.kind})
        self.widget = Strip(
            recording_of(census, day.record),
            beats=beats,
            title=facts_of(census, day.record),
            provenance="synthetic" if census.synthetic else "recorded",
            rhythm=day.leads[0],
            layout="12x1",
            gain=gain_of(day),
            minimap="hidden",
            start=day.start.isoformat() if day.start else "",
        )
        if desk is not None:
            # notes of this recording, and what is written here
            self._handwork = Handwork(self.widget, desk, say=self._say)
            with self._handwork.opening(day.record):
                pass
        state.take_notes(self.widget.notes)
        self.widget.param.watch(lambda change: state.take_notes(change.new), "notes")
        state.param.watch(lambda *changes: self._note(), ["marks"])
        self.widget.param.watch(lambda change: self._keep(change.new), "view")
        state.param.watch(lambda *changes: self._go(), ["span"])
        state.param.watch(lambda *changes: self._mark(), ["kind", "at"])
        state.param.watch(lambda *changes: self._dress(), ["theme"])

    def _go(self) -> None:
        if self.state.span != self.widget.view:
            self.widget.param.update(view=self.state.span, cursor_s=self.state.moment_s)

    def _keep(self, view: tuple[float, float] | None) -> None:
        if view is None or view == self.state.span:
            return
        inside = view[0] <= self.state.moment_s <= view[1]
        moment = self.state.moment_s if inside else (view[0] + view[1]) / 2
        self.state.param.update(span=view, moment_s=moment)

    def _say(self, words: str) -> None:
        self.state.notice = words

    def _note(self) -> None:
        rows = [dict(mark) for mark in self.state.marks]
        if rows != self.widget.notes:
            self.widget.notes = rows

    def _mark(self) -> None:
        event = self.state.event
        self.widget.spans = [] if event is None else [_evidence(self.state.day, event)]

    def _dress(self) -> None:
        self.widget.theme = self.state.theme


class EventsPane:
    """The list of events by class; a click looks through a class."""

    def __init__(self, state: HolterState, census: Census) -> None:
        self.state = state
        self._beats = {kind.id: _beat(state, census, kind.id) for kind in KINDS if kind.id in ("v1", "s1")}
        self.widget = EventList(message="Nothing was found in this recording that asks for eyes.")
        self._inbox = Inbox()
        self.widget.param.watch(lambda change: self._choose(change.new), "event")
        state.param.watch(lambda *changes: self.show(), ["verdicts", "kind", "forms", "marks"])
        self.show()

    def show(self) -> None:
        """Send the list as it stands."""
        state = self.state
        groups = []
        for title in dict.fromkeys(kind.group for kind in KINDS):
            rows = [row for kind in KINDS if kind.group == title for row in self._rows(kind.id, kind.title)]
            if rows:
                colour, shape = LOOKS[title]
                head = {"title": title, "colour": colour, "shape": shape, "count": _total(state, title)}
                groups.append({**head, "left": sum(row["left"] for row in rows if not row["sub"]), "rows": rows})
        if len(state.day.gaps):
            silent = f"{state.day.unreadable_s / 60:.0f} min"
            groups.append(
                {"title": "No signal", "colour": "", "shape": "square", "count": silent, "left": 0, "rows": []}
            )
        done, total = state.progress
        self.widget.param.update(groups=groups, chosen=state.kind, done=done, total=total)

    def _rows(self, kind: str, title: str) -> list[dict[str, Any]]:
        """A kind and, below it, the forms it comes in; nothing where there are none of it."""
        state, count = self.state, len(self.state.of_kind(kind))
        if not count:
            return []
        row = {"id": kind, "title": title, "count": count, "left": state.left(kind), "sub": False}
        forms = state.forms_in(kind)
        return [{**row, "beat": [] if forms else self._beats.get(kind, [])}] + [
            {
                "id": (name := f"{kind}:{form.letter}"),
                "title": f"form {form.letter}",
                "count": len(state.of_kind(name)),
                "left": state.left(name),
                "beat": [round(float(value), 3) for value in form.shape],
                "sub": True,
            }
            for form in forms
        ]

    def _choose(self, value: Mapping[str, Any] | None) -> None:
        for event in self._inbox.take(value):
            if event.get("type") == "choose":
                self.state.choose(str(event["id"]))


class VerdictPane:
    """What the open event is, and what is said of it."""

    def __init__(self, state: HolterState) -> None:
        self.state = state
        keys = {says: key for key, says in VERDICT_KEYS.items()}
        choices = [{"says": says, "title": title, "key": _shown(keys[says])} for says, title in TITLES.items()]
        self.widget = VerdictBar(choices=choices)
        self._inbox = Inbox()
        self.widget.param.watch(lambda change: self._act(change.new), "event")
        state.param.watch(lambda *changes: self.show(), ["kind", "at", "verdicts", "forms"])
        self.show()

    def show(self) -> None:
        """Send the open event."""
        state, event = self.state, self.state.event
        if event is None:
            self.widget.param.update(title="", said="")
            return
        found, (_, called, many) = len(state.of_kind(state.kind)), state.scope_of(event)
        form = f"form {event['form']}" if called.startswith("form") else ""
        self.widget.param.update(
            title=event["text"] or state.title_of(str(event["kind"])),
            facts=" · ".join(part for part in (_facts(state.day, event), form) if part),
            place=f"{state.at + 1:,} of {found:,}".replace(",", "\u202f"),
            said=state.said_of(event),
            scope=f"all {many:,} of {called}".replace(",", "\u202f"),
        )

    def _act(self, value: Mapping[str, Any] | None) -> None:
        for event in self._inbox.take(value):
            if event.get("type") == "judge":
                self.state.judge(str(event["says"]), scope="kind" if event.get("scope") == "kind" else "event")
            elif event.get("type") == "step":
                self.state.step(1 if event["by"] > 0 else -1)


def gain_of(day: Day) -> float:
    """mm/mV at which the leads stand beside one another: the usual 10, half for high or many leads."""
    return 10.0 if len(day.leads) < 3 and day.swing_mv < 2.5 else 5.0


def hear_times(state: HolterState, events: list[Mapping[str, Any]]) -> None:
    """Follow what was done on a time axis: gone to a moment, or a stretch drawn."""
    for event in events:
        if event.get("type") == "go":
            state.go(float(event["time_s"]))
        elif event.get("type") == "window" and event.get("window"):
            start, stop = sorted(float(edge) for edge in event["window"])
            state.param.update(span=(start, stop), moment_s=(start + stop) / 2, window=(start, stop))
        elif event.get("type") == "window":
            state.window = None


def _heat(day: Day) -> dict[str, dict[str, Any]]:
    rows: dict[str, dict[str, Any]] = {}
    step = max(MINUTE_S, day.duration_s / 288)
    for title, name in (("Ventricular", "ventricular"), ("Suprav.", "supraventricular")):
        if (day.kind == BEAT_CLASSES.index(name)).any():
            rows[title] = {"values": day.counts_by(step, kind=BEAT_CLASSES.index(name)), "step_s": step}
    return rows | {"Signal": quality_row(day.quality_by(step), step_s=step)}


def _episodes(state: HolterState) -> list[dict[str, Any]]:
    wanted = {"irregular": "irregular", "pause": "", "v3": "", "mark": ""}
    chosen = state.events[state.events["kind"].isin(wanted)]
    return [
        {
            "start_s": event["start_s"],
            "stop_s": event["stop_s"] if event["kind"] == "irregular" else np.nan,
            "label": event["text"] or wanted[event["kind"]],
            "kind": "episode" if event["kind"] == "irregular" else "mark",
        }
        for event in chosen.to_dict("records")
    ]


def _length(seconds: float) -> str:
    if seconds < 120:
        return f"{seconds:.0f} s"
    return f"{seconds / 60:.0f} min" if seconds < 7200 else f"{seconds / 3600:.3g} h"


def _total(state: HolterState, group: str) -> str:
    own = state.events[state.events["kind"].isin([kind.id for kind in KINDS if kind.group == group])]
    if group == "Irregular rhythm":
        minutes = float((own["stop_s"] - own["start_s"]).sum()) / 60
        return f"{minutes:.0f} min" if minutes < 60 else f"{int(minutes // 60)} h {int(minutes % 60):02d}"
    beats = own["beats"].sum() if group in ("Ventricular", "Supraventricular") else len(own)
    return f"{int(beats):,}".replace(",", "\u202f")


def _evidence(day: Day, event: Mapping[str, Any]) -> dict[str, Any]:
    start, stop = float(event["start_s"]), float(event["stop_s"])
    # a single beat is as wide as its QRS, which the day does not hold: a tenth of a second to either side of R
    margin = 0.1 if event["kind"][0] in "vso" and event["kind"] != "slow" else 0.0
    return {"start_s": max(0.0, start - margin), "stop_s": stop + margin, "label": "", "dimension": "Functional"}


def _facts(day: Day, event: Mapping[str, Any]) -> str:
    start, stop = float(event["start_s"]), float(event["stop_s"])
    parts = [day.clock(start)]
    place = int(np.searchsorted(day.r_s, start))
    if event["kind"] == "mark":
        if stop > start:
            parts.append(_length(stop - start))
    elif event["kind"] in ("v1", "s1", "other") and 0 < place < len(day.r_s):
        before = float(day.rr_s[place])
        usual = _usual(day, place)
        if np.isfinite(before) and np.isfinite(usual):
            early = "early " if before < 0.9 * usual else ""
            parts.append(f"{early}RR {share(before)} of {share(usual)} s")
        if place + 1 < len(day.r_s) and day.known[place + 1]:
            parts.append(f"then {share(float(day.rr_s[place + 1]))} s")
    elif event["kind"] in ("v2", "v3", "s2", "s3"):
        beats = int(event["beats"])
        parts.append(counted(beats, "beat"))
        if stop > start:
            parts.append(f"{60 * (beats - 1) / (stop - start):.0f} /min")
    elif event["kind"] == "pause":
        parts.append(f"{stop - start:.2f} s")
    else:
        inside = day.known & (day.r_s > start) & (day.r_s <= stop)
        length = stop - start
        parts.append(f"{length:.0f} s" if length < 120 else f"{length / 60:.0f} min")
        if inside.any():
            parts.append(f"mean rate {60 / float(day.rr_s[inside].mean()):.0f} /min")
    return " · ".join(parts)


def _usual(day: Day, place: int) -> float:
    """Median of the steady intervals around a beat, s."""
    around = slice(max(0, place - 20), place + 20)
    chosen = day.rr_s[around][day.steady[around]]
    return float(np.median(chosen)) if len(chosen) else float("nan")


def _beat(state: HolterState, census: Census, kind: str) -> list[float | None]:
    """The middle event of a kind in the first lead, thinned to be drawn small."""
    found = state.of_kind(kind)
    if not len(found):
        return []
    moment = float(found.iloc[len(found) // 2]["start_s"])
    window = census.cohort.window(state.day.record, max(0.0, moment - BEAT_S[0]), moment + BEAT_S[1], 4000)
    if window.attrs["kind"] != "samples":
        return []
    trace = np.asarray(window["ecg"].values[0], dtype=float)
    return [round(float(value), 3) if np.isfinite(value) else None for value in trace[:: max(1, len(trace) // 48)]]


def _shown(key: str) -> str:
    return "⏎" if key == "Enter" else key
