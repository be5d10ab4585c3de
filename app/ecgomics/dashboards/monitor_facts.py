"""`facts_of` and `trends_of`: what the page shows of a stream."""

from __future__ import annotations

import itertools
import math
from typing import Any

import numpy as np

from ecgomics.dashboards.monitor_events import HIGH_BPM, LOW_BPM, Happening
from ecgomics.dashboards.monitor_streams import WatchedStream
from ecgomics.dashboards.monitor_ward import CHART_S, Bed

SHOWN_S = 20.0
"""Beats are drawn on the strip for this long back."""

LATELY_S = 900.0
LATELY_POINTS = 60
RMSSD_S = 300.0
IRREGULAR_CV = 0.10
"""Spread of RR over its mean above which a rhythm is called irregular here; a word, no diagnosis."""

LEAST_BEATS = 6

__all__ = ["event_row", "facts_of", "rmssd_ms", "trends_of", "why_of"]


def facts_of(bed: Bed) -> dict[str, Any]:
    """Facts of one stream, as `MonitorFrame.streams` takes them."""
    stream = bed.stream
    rate = stream.rate_bpm
    lost = stream.status != "live" or (bed.intake is not None and bed.intake.state == "lost")
    rhythm, tone = _rhythm(stream, lost=lost)
    recent = [beat for beat in list(stream.beats)[-80:] if beat.time_s > stream.time_s - SHOWN_S]
    return {
        "key": bed.key,
        "name": stream.name,
        "sender": bed.sender,
        "hz": stream.rate_hz,
        "leads": list(stream.leads),
        "lead": bed.lead,
        "gain": bed.gain,
        "rate": None if lost else _known(rate, 0),
        "rate_state": "out" if math.isfinite(rate) and not LOW_BPM <= rate <= HIGH_BPM else "in",
        "rhythm": rhythm,
        "tone": tone,
        "quality": _known(stream.quality, 2),
        "battery": _known(stream.battery, 0),
        "lost": lost,
        "state_text": "ended" if stream.status == "ended" else "out of contact",
        "since_s": round(stream.silent_s) if lost else None,
        "delay_s": None if lost else round(min(9.0, _behind_s(bed)), 1),
        "recording": stream.recording,
        "recorded_s": round(stream.recorded_s),
        "saved": stream.saved_at.strftime("%H:%M:%S") if stream.saved_at else "",
        "origin": stream.origin,
        "provenance": "synthetic" if "synthetic" in stream.origin else "recorded",
        "gap_text": "check the strap; recording goes on by itself" if lost else "",
        "start": stream.started.isoformat(timespec="milliseconds"),
        "beats": [{"time_s": round(beat.time_s, 3), "beat_class": beat.name} for beat in recent],
        "spans": [_span(beat.time_s) for beat in recent if beat.beat_class == 1],
        "lately": _lately(bed),
        "rmssd": _known(rmssd_ms(stream), 0),
        "found": [event_row(bed, event) for event in bed.watcher.events[:12]],
    }


def rmssd_ms(stream: WatchedStream) -> float:
    """Root mean square of successive differences of normal RR in the last 5 min, ms; NaN with fewer than 6 beats."""
    beats = [beat for beat in list(stream.beats)[-1200:] if beat.time_s > stream.time_s - RMSSD_S]
    normal = [
        (before.rr_s, after.rr_s)
        for before, after in itertools.pairwise(beats)
        if before.beat_class == after.beat_class == 0 and math.isfinite(before.rr_s) and math.isfinite(after.rr_s)
    ]
    if len(normal) < LEAST_BEATS:
        return math.nan
    pairs = np.asarray(normal)
    return float(1000 * np.sqrt(np.mean((pairs[:, 1] - pairs[:, 0]) ** 2)))


def event_row(bed: Bed, event: Happening) -> dict[str, Any]:
    """An event as a line of the list."""
    return {
        "id": event.id,
        "kind": event.kind,
        "text": event.text,
        "when": event.when.strftime("%H:%M:%S"),
        "stream": bed.stream.name,
        "key": bed.key,
        "seen": event.seen,
        "verdict": event.verdict,
    }


def why_of(bed: Bed, event: Happening) -> dict[str, Any]:
    """An event opened: its reasons, the seconds around it, and what was said of it."""
    rows = [*map(list, event.rows)]
    if event.count > 1:
        rows.append(["of this kind within a minute", str(event.count)])
    rows.append(["ventricular beats this session", str(bed.watcher.ventricular)])
    return {**event_row(bed, event), "rows": rows, "trace": event.trace, "note": event.note}


def trends_of(bed: Bed, *, span_s: float) -> dict[str, Any]:
    """Rate, ventricular beats a minute and signal over the last `span_s`, for a `TrendPlot`."""
    points = [point for point in list(bed.chart) if point.time_s >= bed.stream.time_s - span_s]
    if len(points) < 2:
        return {}
    times = np.asarray([point.time_s for point in points])
    step = max(CHART_S, span_s / 60)
    cells = np.arange(times[0], times[-1] + step, step)
    counts = np.interp(cells, times, [point.ventricular for point in points])
    rate = {"value": [point.rate for point in points], "unit": "/min", "limits": (LOW_BPM, HIGH_BPM)}
    quality = {"value": [point.quality for point in points], "form": "heat", "kind": "quality", "step_s": CHART_S}
    bars = {"time_s": cells[:-1], "value": np.diff(counts) * 60 / step, "form": "bars", "unit": "a minute"}
    return {
        "Rate": {"time_s": times, "hole_s": 3 * CHART_S, **rate},
        "Ventricular": {"step_s": step, "colour": "functional", **bars},
        "Signal": {"time_s": times, **quality},
    }


def _rhythm(stream: WatchedStream, *, lost: bool) -> tuple[str, str]:
    if lost:
        return ("ended", "signal") if stream.status == "ended" else ("out of contact", "signal")
    recent = [beat for beat in list(stream.beats)[-16:] if math.isfinite(beat.rr_s)]
    if len(recent) < LEAST_BEATS:
        return "listening", "plain"
    ventricular = sum(beat.beat_class == 1 for beat in recent)
    if ventricular:
        return f"{ventricular} of {len(recent)} beats ventricular", "finding"
    rr = np.asarray([beat.rr_s for beat in recent])
    rate = 60 / float(np.median(rr))
    pace = "slow, " if rate < 50 else "fast, " if rate > 100 else ""
    irregular = float(np.std(rr) / np.mean(rr)) > IRREGULAR_CV
    return (f"{pace}irregular", "finding") if irregular else (f"{pace}regular", "plain")


def _behind_s(bed: Bed) -> float:
    kept = bed.intake.waiting / bed.stream.rate_hz if bed.intake is not None else 0.0
    return bed.stream.silent_s + kept


def _lately(bed: Bed) -> list[float | None]:
    points = [point for point in list(bed.chart)[-int(LATELY_S / CHART_S) :] if point.time_s > 0]
    stride = max(1, len(points) // LATELY_POINTS)
    return [_known(point.rate, 0) for point in points[::stride]]


def _span(time_s: float) -> dict[str, Any]:
    return {"start_s": round(time_s - 0.1, 3), "stop_s": round(time_s + 0.2, 3), "dimension": "Functional"}


def _known(value: float, decimals: int) -> float | None:
    return round(float(value), decimals) if math.isfinite(value) else None
