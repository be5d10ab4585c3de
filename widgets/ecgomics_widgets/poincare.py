"""`Poincare`: each RR interval against the next, with its spread."""

from __future__ import annotations

from typing import Any, ClassVar

import numpy as np
import param

from ecgomics_widgets import timeline
from ecgomics_widgets.hosting import HostedWidget


class Poincare(HostedWidget):
    """Pairs of RR intervals coloured by the beat between them; `cursor_s` goes both ways.

    Events are dicts with a `type`: ``go`` (time_s, beat), ``select`` (beats: their numbers in order of time; box_ms;
    and, of a shape drawn by hand rather than with Shift as a box, polygon_ms).

    Examples
    --------
    >>> plot = Poincare.of({"time_s": np.cumsum([0.8, 0.9] * 40)})
    >>> round(plot.summary["sd1"])
    72
    """

    _module: ClassVar[str] = "poincare.js"
    _down: ClassVar[tuple[str, ...]] = ("beats", "summary", "start", "cursor_s", "about", "message", "theme")
    _up: ClassVar[tuple[str, ...]] = ("cursor_s", "event")

    beats = param.Bytes(default=b"", doc="Beats (see `timeline.packed_intervals`).")
    summary = param.Dict(default={}, doc="Spread of normal beats (see `spread_of`).")
    start = param.String(default="", doc="When the recording began, ISO 8601.")
    cursor_s = param.Number(default=None, allow_None=True, doc="The moment, s: its beat is ringed.")
    about = param.String(default="", doc="Beside the head.")
    message = param.String(default="", doc="What an empty plot says.")
    theme = param.Selector(default="auto", objects=["auto", "light", "dark"], doc="auto: as the page or the system.")
    event = param.Dict(default={}, doc="The last thing done in the browser.")

    @classmethod
    def of(cls, beats: Any, *, gaps: Any = None, **params: Any) -> Poincare:
        """Build from a table of beats and gaps, as of `timeline.intervals_of`."""
        intervals = timeline.intervals_of(beats, gaps=gaps)
        return cls(beats=timeline.packed_intervals(intervals), summary=spread_of(intervals), **params)

    def _height_alone(self) -> int:
        return 360

    def _panel_layout(self) -> dict[str, Any]:
        return {"sizing_mode": "stretch_width", "height": 320}


def spread_of(beats: timeline.Intervals) -> dict[str, float]:
    """Spread of pairs of intervals that begin and end with normal beats, ms.

    ``sd1`` across and ``sd2`` along the line of equal intervals (Brennan, Palaniswami, Kamen 2001), and the ellipse's
    middle, ``mean_x`` and ``mean_y``. Empty when there are fewer than three pairs.
    """
    before, after = beats.rr_s[:-1].astype(float) * 1000, beats.rr_s[1:].astype(float) * 1000
    normal = beats.beat_class == 0
    kept = np.isfinite(before) & np.isfinite(after)
    kept[1:] &= normal[:-2] & normal[1:-1] & normal[2:]
    kept[:1] = False  # nothing is known of the beat before the first
    x, y = before[kept], after[kept]
    if len(x) < 3:
        return {}
    return {
        "sd1": float(np.std((y - x) / np.sqrt(2), ddof=1)),
        "sd2": float(np.std((x + y) / np.sqrt(2), ddof=1)),
        "mean_x": float(x.mean()),
        "mean_y": float(y.mean()),
    }
