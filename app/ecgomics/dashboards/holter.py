"""The Holter page: a day to navigate by, its events to be looked through, the strip, and trends."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import panel as pn

from ecgomics.dashboards.beside import run_beside
from ecgomics.dashboards.holter_day import day_of
from ecgomics.dashboards.holter_forms import forms_of, reader
from ecgomics.dashboards.holter_frame import VERDICT_KEYS, HolterFrame
from ecgomics.dashboards.holter_panes import DayPane, EventsPane, HolterStripPane, VerdictPane
from ecgomics.dashboards.holter_state import HolterState
from ecgomics.dashboards.holter_trends import TrendPanes
from ecgomics.dashboards.pages import Visit, said
from ecgomics.dashboards.recording import WHOLE_S
from ecgomics.wording import counted
from ecgomics_widgets.inbox import Inbox

FULL: dict[str, Any] = {"sizing_mode": "stretch_both"}
BARE = [
    ".ecg-strip { border: 0 !important; border-radius: 0 !important; font-family: var(--eg-font) !important; }"
    ".ecg-strip .title { font-weight: 400 !important; color: var(--eg-muted) !important; font-size: 11.5px; }"
]
NOTHING = (
    "This cohort has no recording over a minute, so there is no day to look through. "
    "Recordings from a Holter recorder become long ones when they are taken in: ecgomics ingest SOURCE COHORT."
)


def page(visit: Visit) -> Any:
    """The Holter page, for one browser session."""
    census = visit.reading.census
    long = [str(record) for record in census.ids[census.duration_s > WHOLE_S]]
    if not long:
        return said(NOTHING)
    wanted = visit.query.get("record", "")
    return Holter(visit, record=wanted if wanted in long else long[0], records=long)


class Holter(pn.viewable.Viewer):
    """A long recording: its day, events, strip and trends, all at one moment.

    Parameters
    ----------
    visit
        The browser session.
    record
        The recording shown.
    records
        Those to choose from.
    """

    def __init__(self, visit: Visit, *, record: str, records: list[str]) -> None:
        super().__init__()
        census = visit.reading.census
        self.state = HolterState(day_of(census, record), desk=visit.desk)
        self.panes: dict[str, Any] = {
            "day": DayPane(self.state),
            "events": EventsPane(self.state, census),
            "strip": HolterStripPane(self.state, census, desk=visit.desk),
            "verdict": VerdictPane(self.state),
        }
        self.trends = TrendPanes(self.state)
        self._read = reader(census.cohort, record)
        self._inbox = Inbox()
        # a day's beats are sorted by shape beside the page, which takes about a second; once the page is there
        pn.state.onload(self._sort)
        self._open(visit.query)
        self._frame = self._framed(visit, records)

    def __panel__(self) -> Any:
        return self._frame

    def _sort(self) -> None:
        day, read = self.state.day, self._read
        run_beside(lambda: forms_of(day, read), self.state.take_forms)

    def _open(self, query: Mapping[str, str]) -> None:
        try:
            self.state.go(min(max(float(query.get("t", "0")), 0.0), self.state.day.duration_s))
        except ValueError:
            self.state.go(0.0)
        if query.get("kind"):
            self.state.choose(query["kind"])

    def _framed(self, visit: Visit, records: list[str]) -> HolterFrame:
        census, state, day = visit.reading.census, self.state, self.state.day
        children = {
            name: pane.widget.panel(module="shelf", **FULL) for name, pane in self.panes.items() if name != "strip"
        }
        children["strip"] = self.panes["strip"].widget.panel(module="shelf", **FULL, stylesheets=BARE)
        children["verdict"] = self.panes["verdict"].widget.panel(module="shelf", sizing_mode="stretch_width")
        children |= {
            name: plot.panel(module="shelf", **FULL)
            for name, plot in zip(("first", "second", "third"), self.trends.plots, strict=True)
        }
        readable = f"{day.unreadable_s / 60:.0f} min without a signal, left out" if len(day.gaps) else ""
        frame = HolterFrame(
            **visit.frame_facts(),
            records=[{"id": one, "title": str(census.source[census.at(one)])} for one in records],
            record=day.record,
            status=[part for part in (counted(len(day.r_s), "beat"), readable) if part],
            undo=state.undoable,
            notice=state.notice,
            **children,
            **FULL,
        )
        frame.param.watch(lambda change: self._act(change.new), "event")
        state.param.watch(
            lambda *changes: frame.param.update(undo=state.undoable, theme=state.theme, notice=state.notice),
            ["undoable", "theme", "notice"],
        )
        state.param.watch(lambda *changes: frame.param.update(link=self.link()), ["moment_s", "kind"])
        return frame

    def link(self) -> str:
        """The query that leads back to what is shown."""
        state = self.state
        return f"record={state.day.record}&t={state.moment_s:.1f}" + (f"&kind={state.kind}" if state.kind else "")

    def _act(self, value: Mapping[str, Any] | None) -> None:
        for event in self._inbox.take(value):
            kind = event.get("type")
            if kind == "theme":
                self.state.theme = "dark" if event.get("theme") == "dark" else "light"
            elif kind == "undo":
                self.state.undo()
            elif kind == "key":
                self._press(str(event.get("key")), shifted=bool(event.get("shift")))

    def _press(self, key: str, *, shifted: bool) -> None:
        if key in ("n", "N"):
            self.state.step(1 if key == "n" else -1)
        elif key in ("z", "Z"):
            (self.state.undo if key == "z" else self.state.redo)()
        elif key == "b":
            self.state.mark_sleep()
        else:
            name = key if key == "Enter" else key.lower()
            self.state.judge(VERDICT_KEYS[name], scope="kind" if shifted else "event")
