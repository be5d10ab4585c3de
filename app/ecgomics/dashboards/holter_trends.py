"""The trends of the Holter page: rate, ectopic beats and variability over the recording."""

from __future__ import annotations

from typing import Any

import numpy as np

from ecgomics.dashboards.holter_day import HOUR_S, LEAST_PAIRS, MINUTE_S, TREND_S, Day
from ecgomics.dashboards.holter_events import irregular, within
from ecgomics.dashboards.holter_panes import hear_times
from ecgomics.dashboards.holter_state import HolterState
from ecgomics.vocabulary import BEAT_CLASSES
from ecgomics_widgets.inbox import Inbox
from ecgomics_widgets.timeline import shades_of
from ecgomics_widgets.trend_plot import TrendPlot

STEPS_S = (MINUTE_S, 5 * MINUTE_S, 10 * MINUTE_S, 30 * MINUTE_S)
"""Stretches of recordings too short for hours."""

MOST_STRETCHES = 36


class TrendPanes:
    """Rate by the hour, ectopic beats by the hour, and variability; a click goes there."""

    def __init__(self, state: HolterState) -> None:
        self.state = state
        self.plots = [_rate_plot(state.day), _ectopic_plot(state.day), _variability_plot(state.day)]
        self._inboxes = [Inbox() for _ in self.plots]
        for plot, inbox in zip(self.plots, self._inboxes, strict=True):
            plot.param.watch(
                lambda change, inbox=inbox: hear_times(state, inbox.take(change.new)),
                "event",
            )
        state.param.watch(lambda *changes: self._follow(), ["moment_s", "theme"])
        state.param.watch(lambda *changes: self._shade(), ["marks"])
        self._shade()
        self._follow()

    def _follow(self) -> None:
        for plot in self.plots:
            plot.param.update(cursor_s=self.state.moment_s, theme=self.state.theme)

    def _shade(self) -> None:
        for plot in self.plots:
            plot.shades = shades_of(self.state.sleep)


def _rate_plot(day: Day) -> TrendPlot:
    step = step_of(day)
    low, mean, high = day.rate_by(step)
    table = {"time_s": _starts(mean, step), "value": mean, "low": low, "high": high}
    trend = {**table, "unit": "/min", "form": "range", "step_s": step}
    return TrendPlot.of({"Rate": trend}, title="Rate", about=f"min, mean, max by {_named(step)}", start=_begun(day))


def _ectopic_plot(day: Day) -> TrendPlot:
    step = step_of(day)
    counts = day.counts_by(step, kind=BEAT_CLASSES.index("ventricular"))
    burden = float((day.kind == BEAT_CLASSES.index("ventricular")).mean()) if len(day.kind) else 0.0
    trend = {"time_s": _starts(counts, step), "value": counts, "form": "bars", "step_s": step}
    return TrendPlot.of(
        {"Ventricular": {**trend, "colour": "functional"}},
        title="Ventricular",
        about=f"beats by {_named(step)}",
        aside=f"burden {100 * burden:.1f} %",
        start=_begun(day),
    )


def _variability_plot(day: Day) -> TrendPlot:
    rmssd = day.rmssd_by(but=within(day, irregular(day)))
    trend = {"time_s": _starts(rmssd, TREND_S), "value": rmssd, "unit": "ms", "form": "line", "hole_s": 2 * TREND_S}
    return TrendPlot.of(
        {"RMSSD": trend} if np.isfinite(rmssd).any() else {},
        title="Variability",
        about="RMSSD in ms, 5 min",
        aside="ectopic and irregular left out",
        message=f"No five minutes with {LEAST_PAIRS} pairs of intervals between normal beats.",
        start=_begun(day),
    )


def step_of(day: Day) -> float:
    """Length of the stretches of a trend, s: hours of a day, shorter ones of less."""
    return next((step for step in STEPS_S if day.duration_s / step <= MOST_STRETCHES), HOUR_S)


def _named(step: float) -> str:
    return "hour" if step == HOUR_S else "minute" if step == MINUTE_S else f"{step / MINUTE_S:.0f} minutes"


def _starts(values: Any, step_s: float) -> Any:
    return np.arange(len(values)) * step_s


def _begun(day: Day) -> str:
    return day.start.isoformat() if day.start else ""
