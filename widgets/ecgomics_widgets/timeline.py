"""Beats, events and rows of a long recording as the time charts take them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from ecgomics_widgets import tables
from ecgomics_widgets.errors import WidgetError
from ecgomics_widgets.messages import pack

Floats = NDArray[np.float64]


class Intervals(NamedTuple):
    """Beats in order of time.

    Parameters
    ----------
    time_s
        float64 (beat,), s.
    rr_s
        float32 (beat,), s from the beat before; NaN where that is not known, as after a gap.
    beat_class
        uint8 (beat,), index into `tables.BEAT_CLASSES`.
    """

    time_s: Floats
    rr_s: NDArray[np.float32]
    beat_class: NDArray[np.uint8]


def intervals_of(table: Any, *, gaps: Any = None) -> Intervals:
    """Beats with their RR intervals.

    Parameters
    ----------
    table
        As of `tables.beats_of`; a column or variable ``rr_s`` is used where there is one, else the times' differences.
    gaps
        Rows ``start_s``, ``stop_s`` (s) in which nothing could be read: an interval that touches one is not known.
    """
    beats = tables.beats_of(table)
    times = beats["time_s"]
    given = _rr_given(table, size=len(times))
    intervals = np.diff(times, prepend=np.nan) if given is None else given
    for gap in tables.spans_of(gaps):
        touched = (times > gap["start"]) & (times - np.nan_to_num(intervals, nan=0.0) < gap["stop"])
        intervals = np.where(touched, np.nan, intervals)
    return Intervals(times, intervals.astype(np.float32), beats["beat_class"])


def packed_intervals(beats: Intervals) -> bytes:
    """Intervals as the browser takes them."""
    return pack({}, {"times": beats.time_s, "rr": beats.rr_s, "kinds": beats.beat_class})


def summary_of(beats: Intervals, *, stretch_s: float = 60.0) -> dict[str, float]:
    """Number of beats, mean rate, and the lowest and highest mean rate of a whole stretch and when it was.

    Rates are beats a minute of RR intervals that are known; stretches with under half their time known are passed over.
    """
    known = np.isfinite(beats.rr_s) & (beats.rr_s > 0)
    if not known.any():
        return {}
    times, rr = beats.time_s[known], beats.rr_s[known].astype(float)
    places = (times // stretch_s).astype(int)
    time_known = np.bincount(places, weights=rr)
    counts = np.bincount(places)
    enough = time_known >= stretch_s / 2
    result = {"beats": len(beats.time_s), "mean": 60.0 * len(rr) / rr.sum()}
    if not enough.any():
        enough = counts > 0
    rates = np.where(enough, 60.0 * counts / np.maximum(time_known, 1e-9), np.nan)
    low, high = int(np.nanargmin(rates)), int(np.nanargmax(rates))
    return {
        **result,
        **{"low": float(rates[low]), "low_s": low * stretch_s, "high": float(rates[high]), "high_s": high * stretch_s},
    }


def class_rows(beats: Intervals, *, duration_s: float, step_s: float = 60.0) -> dict[str, dict[str, Any]]:
    """Heat rows ``Ventricular`` and ``Suprav.``: beats of the class in each stretch; absent where there are none."""
    size = max(1, int(np.ceil(duration_s / step_s)))
    known = np.bincount((beats.time_s // step_s).astype(int).clip(0, size - 1), minlength=size) > 0
    rows = {}
    for name, kind in (("Ventricular", "ventricular"), ("Suprav.", "supraventricular")):
        of_kind = beats.time_s[beats.beat_class == tables.BEAT_CLASSES.index(kind)]
        if len(of_kind):
            counts = np.bincount((of_kind // step_s).astype(int).clip(0, size - 1), minlength=size).astype(float)
            rows[name] = {"values": np.where(known, counts, np.nan), "step_s": step_s}
    return rows


def packed_heat(rows: Mapping[str, Mapping[str, Any]]) -> bytes:
    """Heat rows as the browser takes them.

    Parameters
    ----------
    rows
        Name → ``values`` (stretch,), NaN where nothing could be read; ``step_s``, length of a stretch; and, optional,
        ``start_s`` of the first, ``kind`` (``"count"``, or ``"quality"`` from 0 to 1), ``colour`` (a dimension).
    """
    if not rows:
        return b""
    head = [
        {
            "name": name,
            "t0": float(row.get("start_s", 0.0)),
            "step": float(row["step_s"]),
            "kind": str(row.get("kind", "count")),
            "colour": str(row.get("colour", "functional")).lower(),
        }
        for name, row in rows.items()
    ]
    values = {f"r{place}": np.asarray(row["values"], dtype=np.float32) for place, row in enumerate(rows.values())}
    return pack({"rows": head}, values)


def packed_curves(curves: Mapping[str, Mapping[str, Any]]) -> bytes:
    """Other curves of the day as the browser takes them.

    Parameters
    ----------
    curves
        Name → ``time_s``, ``value`` and, optional, ``title``, ``unit``, ``hole_s`` (a longer stretch without a value
        parts the line).

    Raises
    ------
    WidgetError
        When times and values differ in number.
    """
    arrays: dict[str, NDArray[Any]] = {}
    for place, (name, curve) in enumerate(curves.items()):
        times, values = np.asarray(curve["time_s"], dtype=float), np.asarray(curve["value"], dtype=np.float32)
        if times.shape != values.shape:
            raise WidgetError(f"curve {name!r} with {times.size} times and {values.size} values", expected="as many")
        arrays |= {f"t{place}": times, f"v{place}": values}
    heads = [
        {
            "name": name,
            "title": str(curve.get("title", name)),
            "unit": str(curve.get("unit", "")),
            "hole": curve.get("hole_s"),
        }
        for name, curve in curves.items()
    ]
    return pack({"curves": heads}, arrays) if curves else b""


def events_of(table: Any) -> list[dict[str, Any]]:
    """Events in order of time.

    Parameters
    ----------
    table
        Rows with ``start_s`` (s) and, optionally, ``stop_s``, ``label``, ``kind`` (``"episode"`` draws a bar from start
        to stop, ``"mark"`` a ring), ``colour`` (a dimension): mappings, objects, or a DataFrame.
    """
    events = []
    for row in rows_of(table):
        start = float(field_of(row, "start_s", np.nan))
        stop = float(field_of(row, "stop_s", np.nan))
        if not np.isfinite(start):
            continue
        long = np.isfinite(stop) and stop > start
        events.append(
            {
                "start": start,
                "stop": stop if long else None,
                "label": str(field_of(row, "label", "")),
                "kind": str(field_of(row, "kind", "episode" if long else "mark")),
                "colour": str(field_of(row, "colour", "functional")).lower(),
            }
        )
    return sorted(events, key=lambda event: event["start"])


def shades_of(table: Any) -> list[dict[str, Any]]:
    """Stretches shaded behind a chart, such as sleep: rows ``start_s``, ``stop_s``, ``label``."""
    return [{key: span[key] for key in ("start", "stop", "label")} for span in tables.spans_of(table)]


def _rr_given(table: Any, *, size: int) -> Floats | None:
    if hasattr(table, "data_vars"):
        given: Any = table["rr_s"].values if "rr_s" in table else None
        times: Any = table["r_s"].values
    elif hasattr(table, "columns") or isinstance(table, Mapping):
        given, times = table.get("rr_s"), table["time_s"] if len(table) else ()
    else:
        rows = list(table or ())
        given = [field_of(row, "rr_s", np.nan) for row in rows] if rows and _has(rows[0], "rr_s") else None
        times = [field_of(row, "time_s", np.nan) for row in rows]
    if given is None:
        return None
    moments, intervals = np.asarray(times, dtype=float), np.asarray(given, dtype=float)
    known = np.flatnonzero(np.isfinite(moments))
    ordered = intervals[known[np.argsort(moments[known], kind="stable")]]
    return ordered if len(ordered) == size else None


def rows_of(table: Any) -> Sequence[Any]:
    """Rows of a DataFrame as mappings, or the mappings or objects given; none for None."""
    if hasattr(table, "to_dict") and hasattr(table, "columns"):
        return list(table.to_dict("records"))
    return list(table if table is not None else ())


def _has(row: Any, name: str) -> bool:
    return name in row if isinstance(row, Mapping) else hasattr(row, name)


def field_of(row: Any, name: str, otherwise: Any) -> Any:
    """A field of a row that is a mapping or an object; `otherwise` where it is absent or None."""
    value = row.get(name, otherwise) if isinstance(row, Mapping) else getattr(row, name, otherwise)
    return otherwise if value is None else value
