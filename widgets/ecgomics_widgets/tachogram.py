"""`Tachogram`: every beat of a long recording as rate or RR, with heat rows, as summary and scroll bar in one."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, ClassVar

import numpy as np
import param

from ecgomics_widgets import timeline
from ecgomics_widgets.hosting import HostedWidget


class Tachogram(HostedWidget):
    """A day to navigate by: click to go, drag a window, wheel to zoom; all of it by keys too.

    `cursor_s`, `window` and `view` go both ways. Events are dicts with a `type`: ``go`` (time_s), ``window`` (window, a
    pair in s, or None).

    Examples
    --------
    >>> day = Tachogram.of({"time_s": np.arange(0, 3600, 0.8)}, start="2026-11-24T08:00:00")
    >>> round(day.summary["mean"])
    75
    """

    _module: ClassVar[str] = "tachogram.js"
    _down: ClassVar[tuple[str, ...]] = (
        *("beats", "curves", "heat", "events", "shades", "start", "duration_s", "summary", "mode", "view", "window"),
        *("cursor_s", "title", "about", "message", "theme"),
    )
    _up: ClassVar[tuple[str, ...]] = ("mode", "view", "window", "cursor_s", "event")

    beats = param.Bytes(default=b"", doc="Beats (see `timeline.packed_intervals`).")
    curves = param.Bytes(default=b"", doc="Other curves to choose (see `timeline.packed_curves`).")
    heat = param.Bytes(default=b"", doc="Heat rows under the curve (see `timeline.packed_heat`).")
    events = param.List(default=[], doc="Events (see `timeline.events_of`).")
    shades = param.List(default=[], doc="Shaded stretches (see `timeline.shades_of`).")
    start = param.String(default="", doc="When the recording began, ISO 8601; empty: times count from its start.")
    duration_s = param.Number(default=0.0, bounds=(0, None), doc="Length of the recording, s; 0: to the last beat.")
    summary = param.Dict(default={}, doc="Facts of the head (see `timeline.summary_of`).")
    mode = param.String(default="rate", doc="What is drawn: `rate`, `rr`, or a curve's name.")
    view = param.Parameter(default=None, doc="(start, stop) shown, s; None: all.")
    window = param.Parameter(default=None, doc="(start, stop) drawn by hand, s; None: none.")
    cursor_s = param.Number(default=None, allow_None=True, doc="The moment, s.")
    title = param.String(default="Day", doc="Head.")
    about = param.String(default="", doc="Whose day it is, beside the head.")
    message = param.String(default="", doc="What an empty chart says.")
    theme = param.Selector(default="auto", objects=["auto", "light", "dark"], doc="auto: as the page or the system.")
    event = param.Dict(default={}, doc="The last thing done in the browser.")

    @classmethod
    def of(
        cls,
        beats: Any,
        *,
        gaps: Any = None,
        heat: Mapping[str, Mapping[str, Any]] | None = None,
        curves: Mapping[str, Mapping[str, Any]] | None = None,
        events: Any = None,
        shades: Any = None,
        duration_s: float = 0.0,
        **params: Any,
    ) -> Tachogram:
        """Build from a table of beats.

        Parameters
        ----------
        beats, gaps
            As of `timeline.intervals_of`.
        heat
            As of `timeline.packed_heat`; ventricular and supraventricular beats a minute when None.
        curves, events, shades
            As of `timeline.packed_curves`, `timeline.events_of`, `timeline.shades_of`.
        duration_s
            Length of the recording, s; to the last beat when 0.
        """
        intervals = timeline.intervals_of(beats, gaps=gaps)
        length = duration_s or (float(intervals.time_s[-1]) if len(intervals.time_s) else 0.0)
        rows = timeline.class_rows(intervals, duration_s=length) if heat is None and length else heat
        return cls(
            beats=timeline.packed_intervals(intervals),
            summary=timeline.summary_of(intervals),
            heat=timeline.packed_heat(rows or {}),
            curves=timeline.packed_curves(curves or {}),
            events=timeline.events_of(events),
            shades=timeline.shades_of(shades),
            duration_s=length,
            **params,
        )

    def _height_alone(self) -> int:
        return 232

    def _panel_layout(self) -> dict[str, Any]:
        return {"sizing_mode": "stretch_width", "height": 232}

    def _from_browser(self, name: str, value: Any) -> Any:
        if name in ("view", "window"):
            return tuple(value) if value else None
        return super()._from_browser(name, value)


def quality_row(quality: Any, *, step_s: float) -> dict[str, Any]:
    """A heat row of signal quality, 0 to 1 (stretch,); NaN where there was no signal."""
    return {"values": np.asarray(quality, dtype=np.float32), "step_s": float(step_s), "kind": "quality"}
