"""The strip: the open record on its paper, with the evidence of the rules that are on."""

from __future__ import annotations

from contextlib import nullcontext
from typing import Any, ClassVar

import xarray as xr

from ecgomics.dashboards.desk import Desk
from ecgomics.dashboards.explore_state import ExploreState
from ecgomics.dashboards.handwork import Handwork
from ecgomics.dashboards.panes.pane import Pane
from ecgomics.dashboards.recording import earlier_of, facts_of, recording_of
from ecgomics.errors import CohortError
from ecgomics.waves.beats import Beats
from ecgomics_widgets import Strip


class StripPane(Pane):
    """Shows the open record and draws evidence on it."""

    follows: ClassVar = {
        "show": ("record",),
        "mark": ("toggled", "limits"),
        "dress": ("theme",),
        "lay_out": ("montage", "gain", "speed"),
        "go": ("span",),
    }

    def __init__(self, state: ExploreState, *, desk: Desk | None = None) -> None:
        provenance = "synthetic" if state.census.synthetic else "recorded"
        strip = Strip(provenance=provenance, compare_mode="off")
        self._open: tuple[str, Beats | None] = ("", None)
        self._handwork = Handwork(strip, desk, say=self._say) if desk is not None else None
        super().__init__(state, strip)
        self._keys = 0
        self.widget.param.watch(self._key, "key")
        self.widget.param.watch(self._keep, ["layout", "gain", "speed", "view"])

    def show(self) -> None:
        """Send a record with its beats and evidence, in one piece."""
        state = self.state
        if not state.record:
            return
        beats, span = self._beats(), state.span
        with self._handwork.opening(state.record) if self._handwork else nullcontext():
            self.widget.param.update(
                ecg=recording_of(state.census, state.record),
                title=facts_of(state.census, state.record),
                marks=beats,
                beats=beats,
                spans=self._spans(),
                **self._earlier(),
            )
        # a new recording is shown as it fits; a view that names a stretch goes there
        if span is not None:
            self.widget.view = span

    def lay_out(self) -> None:
        """Follow layout, gain and speed."""
        state = self.state
        self.widget.param.update(layout=state.montage, gain=state.gain, speed=state.speed)

    def go(self) -> None:
        """Follow the stretch shown."""
        if self.state.span is not None and self.state.span != self.widget.view:
            self.widget.view = self.state.span

    def mark(self) -> None:
        """Send the evidence of the rules that are on."""
        if self.state.record:
            self.widget.spans = self._spans()

    def dress(self) -> None:
        """Follow the page's theme."""
        self.widget.theme = self.state.theme

    def _earlier(self) -> dict[str, Any]:
        """The same patient's record before this one, to be compared with when asked for; nothing without one."""
        found = earlier_of(self.state.census, self.state.record)
        if not found:
            return {"compare": None, "compare_beats": None, "compare_marks": None, "compare_title": ""}
        beats = self._beats(found)
        told = {"compare": recording_of(self.state.census, found), "compare_beats": beats, "compare_marks": beats}
        return told | {"compare_title": f"earlier: {facts_of(self.state.census, found)}"}

    def _say(self, words: str) -> None:
        self.state.notice = words

    def _beats(self, record: str = "") -> xr.Dataset | None:
        found = self._read(record or self.state.record)
        return None if found is None else found.beats

    def _read(self, record: str) -> Beats | None:
        """Beats of a record; the open one's are read once, however many rules are drawn."""
        if self._open[0] == record:
            return self._open[1]
        try:
            found: Beats | None = self.state.census.cohort.beats_of(record)
        except CohortError:
            found = None
        if record == self.state.record:
            self._open = (record, found)
        return found

    def _spans(self) -> list[Any]:
        state = self.state
        beats = self._read(state.record) if state.toggled else None
        spans = [
            span
            for rule in state.toggled
            for span in state.rulebook.spans(rule, state.record, limits=state.limits, beats=beats)
        ]
        # two rules, or two clauses of one, may rest on the same stretch with the same value: it is said once
        once = {(tuple(span["leads"]), span["start_s"], span["stop_s"], span["label"]): span for span in spans}
        return list(once.values())

    def _keep(self, *changes: Any) -> None:
        names = {"layout": "montage", "view": "span"}
        self.state.param.update(**{names.get(change.name, change.name): change.new for change in changes})

    def _key(self, change: Any) -> None:
        steps = {"next_record": 1, "previous_record": -1}
        key = change.new or {}
        # of keys in quick succession a host hands over the last, with how many there were
        times = max(1, int(key.get("count", 0)) - self._keys)
        self._keys = int(key.get("count", 0))
        if key.get("name") in steps:
            self.state.step(steps[key["name"]] * times)
