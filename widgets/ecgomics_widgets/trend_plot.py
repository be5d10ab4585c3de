"""`TrendPlot`: quantities over hours or years, one above another on one axis of time."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, ClassVar

import numpy as np
import param
from numpy.typing import NDArray

from ecgomics_widgets import timeline
from ecgomics_widgets.errors import WidgetError
from ecgomics_widgets.hosting import HostedWidget
from ecgomics_widgets.messages import pack, unpack

FORMS = ("line", "bars", "range", "heat")
"""`range` draws low to high as a bar and the value as a dot on it."""


class TrendPlot(HostedWidget):
    """Trends to look at and to navigate by; `cursor_s`, `window` and `view` go both ways.

    Events are dicts with a `type`: ``go`` (time_s), ``window`` (window, a pair in s, or None).

    Examples
    --------
    >>> hours = {"time_s": [0, 3600], "value": [72, 80], "low": [60, 66], "high": [90, 101]}
    >>> plot = TrendPlot.of({"Rate": {**hours, "unit": "/min", "form": "range", "step_s": 3600}})
    >>> plot.title
    ''
    """

    _module: ClassVar[str] = "trend_plot.js"
    _down: ClassVar[tuple[str, ...]] = (
        *("rows", "shades", "start", "view", "window", "cursor_s", "title", "about", "aside", "message", "theme"),
    )
    _up: ClassVar[tuple[str, ...]] = ("view", "window", "cursor_s", "event")

    rows = param.Bytes(default=b"", doc="What is drawn (see `packed_trends`).")
    shades = param.List(default=[], doc="Shaded stretches (see `timeline.shades_of`).")
    start = param.String(default="", doc="What time 0 is, ISO 8601; empty: times count from it.")
    view = param.Parameter(default=None, doc="(start, stop) shown, s; None: all.")
    window = param.Parameter(default=None, doc="(start, stop) drawn by hand, s; None: none.")
    cursor_s = param.Number(default=None, allow_None=True, doc="The moment, s.")
    title = param.String(default="", doc="Head; the first quantity's name when empty.")
    about = param.String(default="", doc="Beside the head.")
    aside = param.String(default="", doc="At the end of the head.")
    message = param.String(default="", doc="What an empty plot says.")
    theme = param.Selector(default="auto", objects=["auto", "light", "dark"], doc="auto: as the page or the system.")
    event = param.Dict(default={}, doc="The last thing done in the browser.")

    @classmethod
    def of(cls, trends: Mapping[str, Any], *, shades: Any = None, **params: Any) -> TrendPlot:
        """Build from quantities (see `packed_trends`) and shaded stretches (see `timeline.shades_of`)."""
        return cls(rows=packed_trends(trends), shades=timeline.shades_of(shades), **params)

    def _height_alone(self) -> int:
        rows = unpack(self.rows)[0]["rows"] if self.rows else []
        charts = sum(row["form"] != "heat" for row in rows)
        return 100 + 90 * max(1, charts) + 24 * (len(rows) - charts)

    def _panel_layout(self) -> dict[str, Any]:
        return {"sizing_mode": "stretch_width", "height": self._height_alone()}

    def _from_browser(self, name: str, value: Any) -> Any:
        if name in ("view", "window"):
            return tuple(value) if value else None
        return super()._from_browser(name, value)


def packed_trends(trends: Mapping[str, Any]) -> bytes:
    """Quantities over time as the browser takes them.

    Parameters
    ----------
    trends
        Name → a table (DataFrame or mapping) of columns ``time_s`` (start of each stretch, or time of each point, s)
        and ``value``, for a range also ``low`` and ``high``; with, in a mapping or a frame's ``attrs``, ``form`` (one
        of FORMS; line when absent), ``unit``, ``step_s`` (length of a stretch; 0 for points), ``limits`` (low, high;
        None for none), ``colour`` (a dimension), ``hole_s`` (longer without a value parts the line), and for a heat row
        ``kind`` (count or quality).

    Raises
    ------
    WidgetError
        For an unknown form, or columns of different lengths.
    """
    if not trends:
        return b""
    heads: list[dict[str, Any]] = []
    arrays: dict[str, NDArray[Any]] = {}
    for place, (name, table) in enumerate(trends.items()):
        columns = _columns(name, table)
        heads.append({"name": str(name), **_head(name, _stated(table), columns["x"])})
        arrays |= {f"{key}{place}": values for key, values in columns.items()}
    return pack({"rows": heads}, arrays)


def _columns(name: str, table: Any) -> dict[str, NDArray[Any]]:
    wanted = {"x": "time_s", "y": "value", "low": "low", "high": "high"}
    found = {key: np.asarray(table[column], dtype=float) for key, column in wanted.items() if column in table}
    if {"x", "y"} - set(found) or len({len(values) for values in found.values()}) > 1:
        raise WidgetError(f"trend {name!r} without equal columns", expected="time_s and value, one each a stretch")
    order = np.argsort(found["x"], kind="stable")
    return {key: values[order].astype(np.float64 if key == "x" else np.float32) for key, values in found.items()}


def _stated(table: Any) -> Mapping[str, Any]:
    return getattr(table, "attrs", table)


def _head(name: str, stated: Mapping[str, Any], times: NDArray[Any]) -> dict[str, Any]:
    form = str(stated.get("form", "line"))
    if form not in FORMS:
        raise WidgetError(f"trend {name!r} of form {form!r}", expected=f"one of {', '.join(FORMS)}")
    spaced = float(np.median(np.diff(times))) if len(times) > 1 and form != "line" else 0.0
    limits: Sequence[Any] = stated.get("limits") or (None, None)
    return {
        "form": form,
        "unit": str(stated.get("unit", "")),
        "step": float(stated.get("step_s", spaced)),
        "limits": list(limits),
        "colour": str(stated.get("colour", "" if form in ("line", "range") else "functional")).lower(),
        "hole": stated.get("hole_s"),
        "kind": str(stated.get("kind", "count")),
    }
