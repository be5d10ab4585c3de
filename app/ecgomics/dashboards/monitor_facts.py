"""`facts_of` and `trends_of`: what the page shows of a stream."""

from __future__ import annotations

import math
from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Any

import numpy as np

from ecgomics.dashboards.monitor_house import STRAP, House, name_of
from ecgomics.dashboards.monitor_remarks import NOT_THIS
from ecgomics.live import Beat, Event, Point, Reader, Recording
from ecgomics.vocabulary import BEAT_CLASSES

LOW_BPM, HIGH_BPM = 45.0, 120.0
"""A rate beyond them is written in red; a convention of this page, no alarm limits."""

SHOWN_S = 20.0
"""Beats are drawn on the strip for this long back."""

LATELY_S = 900.0
LATELY_POINTS = 60
IRREGULAR_CV = 0.10
"""Spread of RR over its mean above which a rhythm is called irregular here; a word, no diagnosis."""

LEAST_BEATS = 6
LEAST_GAP_S = 0.2
SNIPPET_S = 4.0
EARLIER_S = 8 * 3600.0
POINT_S = 5.0
VENTRICULAR = BEAT_CLASSES.index("ventricular")
KINDS = {"finding": "rhythm", "gap": "signal", "mark": "mark"}
MOST_FOUND = 200

__all__ = ["event_row", "facts_of", "happenings", "recording_row", "trends_of", "why_of"]


def facts_of(house: House, reader: Reader) -> dict[str, Any]:
    """Facts of one stream, the same for everybody who looks."""
    about, status, rate = reader.head.description, reader.status, reader.rate_bpm
    hz = about.rate_hz or 1.0
    lost = status.state in ("lost", "ended")
    recent = reader.beats_since(max(0, reader.next - int(SHOWN_S * hz))) if about.rate_hz else reader.beats_since(0)
    points = reader.trend_since(max(0, reader.next - int(LATELY_S * hz)))
    rhythm, tone = _rhythm(reader, recent, lost=lost)
    kept = house.recorded(reader.id)
    on = kept is not None and kept.state in ("open", "cut")
    return {
        "key": reader.id,
        "name": about.name,
        "sender": reader.id if about.kind == STRAP else "",
        "owner": reader.head.person,
        "hz": about.rate_hz,
        "leads": list(about.leads),
        "lead": "II" if "II" in about.leads else (about.leads or ("",))[0],
        "gain": 15.0 if about.kind == STRAP else 10.0,
        "rate": None if lost else _known(rate, 0),
        "rate_state": "out" if math.isfinite(rate) and not LOW_BPM <= rate <= HIGH_BPM else "in",
        "rhythm": rhythm,
        "tone": tone,
        "quality": _known(points[-1].quality, 2) if points else None,
        "battery": _known(100 * status.battery, 0),
        "lost": lost,
        "state_text": "out of contact" if status.state == "lost" else status.state,
        "since_s": round(reader.silent_s) if lost else None,
        "delay_s": None if lost else round(min(9.0, reader.silent_s), 1),
        "recording": on,
        "recorder": kept.person if kept is not None else "",
        "recorded_s": round(_length_s(reader, kept)) if kept is not None and kept.state != "taken" else 0,
        "recorded": name_of(kept) if kept is not None and kept.state in ("ended", "cut") else "",
        "saved": _clock(datetime.fromtimestamp(reader.came)) if on and math.isfinite(reader.came) else "",
        "origin": about.origin,
        "provenance": "synthetic" if about.synthetic else "recorded",
        "gap_text": status.reason,
        "start": reader.head.started.astimezone().replace(tzinfo=None).isoformat(timespec="milliseconds"),
        "beats": [{"time_s": round(beat.time_s, 3), "beat_class": beat.name} for beat in recent],
        "spans": [_span(beat.time_s) for beat in recent if beat.beat_class == VENTRICULAR],
        "lately": _lately(points),
        "rmssd": _known(points[-1].rmssd_ms, 0) if points else None,
    }


def happenings(reader: Reader) -> list[Event]:
    """What is worth a line of the list, newest first: findings, gaps one can see, marks."""
    hz = reader.head.description.rate_hz or 1.0
    since = max(0, reader.next - int(EARLIER_S * hz))
    told = [
        event
        for event in reader.events_since(since)
        if event.kind in KINDS and (event.kind != "gap" or _lasts_s(event, reader) >= LEAST_GAP_S)
    ]
    return sorted(told, key=lambda event: event.first, reverse=True)[:MOST_FOUND]


def event_row(reader: Reader, event: Event, *, seen: bool, verdict: str) -> dict[str, Any]:
    """An event as a line of the list."""
    return {
        "id": f"{reader.id}/{event.id}",
        "kind": KINDS[event.kind],
        "text": _worded(reader, event),
        "when": _clock(reader.time_of(event.first).astimezone()),
        "at": round(reader.time_of(event.first).timestamp(), 1),
        "stream": reader.head.description.name,
        "key": reader.id,
        "seen": seen,
        "verdict": verdict,
    }


def why_of(reader: Reader, event: Event, said: Sequence[tuple[str, str, str]]) -> dict[str, Any]:
    """An event opened: its reasons, what people said of it, and the seconds around it."""
    rows = [list(row) for row in event.rows]
    lasts = _lasts_s(event, reader)
    if event.stop is None:
        rows.append(["goes on", f"for {lasts:.0f} s so far"])
    elif lasts:
        rows.append(["lasted", f"{lasts:.1f} s"])
    for who, says, note in said:
        rows.append([f"{who} says", "; ".join(part for part in ("not this" if says == NOT_THIS else "", note) if part)])
    return {"rows": rows, "trace": _snippet(reader, event)}


def recording_row(house: House, recording: Recording) -> dict[str, Any]:
    """A recording as a line of the list."""
    reader = house.readers.get(recording.stream) or house.hub.reader(recording.stream)
    stop = reader.next if recording.stop is None else recording.stop
    hz = reader.head.description.rate_hz or 1.0
    inside = [(max(a, recording.first), min(b, stop)) for a, b in reader.gaps]
    missing = [b - a for a, b in inside if b > a]
    return {
        "id": name_of(recording),
        "name": recording.name or reader.head.description.name,
        "owners": [recording.person, reader.head.person],
        "started": recording.started.astimezone().strftime("%Y-%m-%d %H:%M:%S"),
        "length_s": round((stop - recording.first) / hz, 1),
        "gaps": len(missing),
        "missing_s": round(sum(missing) / hz, 1),
        "state": recording.state,
        "record": recording.record_id,
    }


def trends_of(reader: Reader, *, span_s: float) -> dict[str, Any]:
    """Rate, ventricular beats a minute and signal over the last `span_s`, for a `TrendPlot`."""
    hz = reader.head.description.rate_hz or 1.0
    points = reader.trend_since(max(0, reader.next - int(span_s * hz)))
    if len(points) < 2:
        return {}
    times = np.asarray([point.number for point in points]) / hz
    step = max(POINT_S, span_s / 60)
    cells = np.arange(times[0], times[-1] + step, step)
    counts = np.interp(cells, times, [point.ventricular for point in points])
    rate = {"value": [point.rate_bpm for point in points], "unit": "/min", "limits": (LOW_BPM, HIGH_BPM)}
    quality = {"value": [point.quality for point in points], "form": "heat", "kind": "quality", "step_s": POINT_S}
    bars = {"time_s": cells[:-1], "value": np.diff(counts) * 60 / step, "form": "bars", "unit": "a minute"}
    return {
        "Rate": {"time_s": times, "hole_s": 3 * POINT_S, **rate},
        "Ventricular": {"step_s": step, "colour": "functional", **bars},
        "Signal": {"time_s": times, **quality},
    }


def _rhythm(reader: Reader, recent: Sequence[Beat], *, lost: bool) -> tuple[str, str]:
    if lost:
        return ("ended" if reader.status.state == "ended" else "out of contact"), "signal"
    going = [event for event in reader.events_since(reader.next) if event.kind == "finding" and event.stop is None]
    if going:
        return " · ".join(event.text.lower() for event in going[-2:]), "finding"
    rr = np.asarray([beat.rr_s for beat in recent[-16:] if math.isfinite(beat.rr_s)])
    if len(rr) < LEAST_BEATS:
        return "listening", "plain"
    return ("irregular" if float(np.std(rr) / np.mean(rr)) > IRREGULAR_CV else "regular"), "plain"


def _worded(reader: Reader, event: Event) -> str:
    if event.kind == "mark":
        return f"Mark: {event.text}" if event.text and event.text != "Mark" else "Mark"
    if event.kind == "gap":
        lasts = _lasts_s(event, reader)
        return f"Gap of {lasts:.1f} s" if lasts < 10 else f"Gap of {lasts:.0f} s"
    return event.text


def _lasts_s(event: Event, reader: Reader) -> float:
    stop = reader.next if event.stop is None else event.stop
    return (stop - event.first) / (reader.head.description.rate_hz or 1.0)


def _length_s(reader: Reader, recording: Recording) -> float:
    stop = reader.next if recording.stop is None else recording.stop
    return (stop - recording.first) / (reader.head.description.rate_hz or 1.0)


def _snippet(reader: Reader, event: Event) -> dict[str, Any] | None:
    hz = reader.head.description.rate_hz
    if not hz:
        return None
    start, stop = event.first / hz, (reader.next if event.stop is None else event.stop) / hz
    begin = max(0, int((min(start, stop - 1.0) - SNIPPET_S / 2) * hz))
    shown = reader.between(begin, min(reader.next, begin + int(SNIPPET_S * hz)))[0]
    if not np.isfinite(shown).any():
        return None
    listed = [round(float(value), 3) if math.isfinite(value) else None for value in shown]
    return {"rate_hz": hz, "values": listed, "start_s": begin / hz, "about_s": start, "stop_s": stop}


def _lately(points: Sequence[Point]) -> list[float | None]:
    stride = max(1, len(points) // LATELY_POINTS)
    return [_known(point.rate_bpm, 0) for point in points[::stride]]


def _span(time_s: float) -> dict[str, Any]:
    return {"start_s": round(time_s - 0.1, 3), "stop_s": round(time_s + 0.2, 3), "dimension": "Functional"}


def _clock(moment: datetime) -> str:
    return (moment - timedelta(microseconds=moment.microsecond)).strftime("%H:%M:%S")


def _known(value: float, decimals: int) -> float | None:
    return round(float(value), decimals) if math.isfinite(value) else None
