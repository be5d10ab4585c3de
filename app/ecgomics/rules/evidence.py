"""`spans`: where on the strip the evidence of a finding lies."""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache
from importlib import resources
from typing import TYPE_CHECKING, Any, Literal

import numpy as np
import numpy.typing as npt
import xarray as xr

from ecgomics.biomarkers.block import VENTRICULAR_MS
from ecgomics.rules.model import SIGNS, Clause, Show
from ecgomics.rules.telling import in_words
from ecgomics.rules.tracing import ClauseTrace, Finding
from ecgomics.vocabulary import BEAT_CLASSES, MARKS

if TYPE_CHECKING:
    from ecgomics.waves.beats import Beats

SpanKind = Literal["interval", "level", "beat", "record"]


@dataclass(frozen=True)
class Span:
    """A stretch of the strip that speaks for or against a finding.

    Parameters
    ----------
    leads
        Leads to draw in; empty: all.
    start_s, stop_s
        Seconds from the start of the record; equal for a single point.
    label
        What to write at it: ``236 ms``, ``ST V2 = 0.31 mV (≥ 0.2)``, ``Mean heart rate 48 /min (< 60 /min)``.
    kind
        ``interval`` (a caliper between marks), ``level`` (a voltage), ``beat`` (one beat), ``record`` (the strip).
    clause
        Id of the clause it belongs to.
    state
        The clause's state.
    """

    leads: tuple[str, ...]
    start_s: float
    stop_s: float
    label: str
    kind: SpanKind
    clause: str
    state: str


def spans(finding: Finding, beats: Beats) -> list[Span]:
    """Evidence of a finding, to draw on the strip.

    Parameters
    ----------
    finding
        Outcome with its trace.
    beats
        Beats of the record, or of a block that holds it.

    Returns
    -------
    list of Span
        Sorted by start. Met clauses; when none is met or the rule is not met, those with a value all the same, so that
        a caliper can show how far from the limit it stays. Empty without beats.
    """
    rows = np.flatnonzero(beats.beats["beat_record"].values.astype(str) == finding.record)
    if rows.size == 0:
        return []
    mine = beats.beats.isel(beat=rows)
    told = [trace for trace in finding.clauses if not math.isnan(trace.value)]
    met = [trace for trace in told if trace.state == "met"]
    chosen = met if met and finding.state == "met" else told
    found = [span for clause_trace in chosen for span in _of_clause(clause_trace, mine)]
    return sorted(found, key=lambda span: (span.start_s, span.stop_s, span.clause))


@cache
def _families() -> dict[str, dict[str, Any]]:
    import yaml

    text = resources.files("ecgomics.rules").joinpath("evidence.yaml").read_text("utf-8")
    return dict(yaml.safe_load(text))


def _shown(clause: Clause) -> Show:
    """What the clause asks to draw, else what its biomarker's family does."""
    if clause.show is not None:
        return clause.show
    families = _families()
    names = [name for name in families if clause.biomarker.startswith(name)]
    if not names:
        return Show(beats="strip")
    entry = families[max(names, key=len)]
    return Show(entry.get("from", ""), entry.get("to", ""), entry.get("beats", ""), tuple(entry.get("leads", ())))


def _of_clause(told: ClauseTrace, beats: xr.Dataset) -> Iterator[Span]:
    show = _shown(told.clause)
    leads = show.leads or ((told.clause.lead,) if told.clause.lead else ())
    if show.beats == "strip":
        yield _strip(told, beats, leads)
    elif show.beats == "intervals":
        yield from _intervals(told, beats, leads)
    elif show.beats:
        yield from _beats_of_class(told, beats, leads, BEAT_CLASSES.index(show.beats))
    else:
        yield from _between_marks(told, beats, leads, show)


def _strip(told: ClauseTrace, beats: xr.Dataset, leads: tuple[str, ...]) -> Span:
    r = beats["r_s"].values
    return Span(leads, float(r[0]), float(r[-1]), in_words(told), "record", told.clause.id, told.state)


def _intervals(told: ClauseTrace, beats: xr.Dataset, leads: tuple[str, ...]) -> Iterator[Span]:
    """RR intervals on the far side of the limit; without a limit in ms, the longest."""
    r, rr = beats["r_s"].values, beats["rr_s"].values * 1000
    finite = np.isfinite(rr)
    if not finite.any():
        return
    limit = told.limit if told.clause.unit == "ms" else np.nanmax(rr) - 1e-6
    for k in np.flatnonzero(finite & (rr > limit)):
        start, stop = float(r[k] - rr[k] / 1000), float(r[k])
        yield Span(leads, start, stop, f"{rr[k]:.0f} ms", "interval", told.clause.id, told.state)


def _beats_of_class(told: ClauseTrace, beats: xr.Dataset, leads: tuple[str, ...], wanted: int) -> Iterator[Span]:
    starts, stops = _marks(beats, "qrs_on", ()), _marks(beats, "t_off", ())
    counted = beats["beat_class"].values == wanted
    if BEAT_CLASSES[wanted] == "ventricular":
        # the narrow ones are no ventricular beats to the biomarkers
        counted &= ~(1000.0 * (_marks(beats, "qrs_off", ()) - starts) < VENTRICULAR_MS)
    for k in np.flatnonzero(counted):
        r = float(beats["r_s"].values[k])
        start = starts[k] if np.isfinite(starts[k]) else r - 0.06
        stop = stops[k] if np.isfinite(stops[k]) else r + 0.3
        yield Span(leads, float(start), float(stop), BEAT_CLASSES[wanted], "beat", told.clause.id, told.state)


def _between_marks(told: ClauseTrace, beats: xr.Dataset, leads: tuple[str, ...], show: Show) -> Iterator[Span]:
    starts, stops = _marks(beats, show.start, leads), _marks(beats, show.stop or show.start, leads)
    measures_time = told.clause.unit == "ms" and show.stop != ""
    for start, stop in zip(starts, stops, strict=True):
        if not (np.isfinite(start) and np.isfinite(stop)) or stop < start:
            continue
        label = f"{(stop - start) * 1000:.0f} ms" if measures_time else _short(told)
        kind: SpanKind = "interval" if measures_time else "level"
        yield Span(leads, float(start), float(stop), label, kind, told.clause.id, told.state)


def _short(told: ClauseTrace) -> str:
    name = told.clause.biomarker.replace("_Global", "").replace("_Amp", "").replace("_", " ")
    unit = "" if told.clause.unit in ("", "1", "code") else f" {told.clause.unit}"
    limit = "?" if math.isnan(told.limit) else f"{told.limit:.3g}"
    return f"{name} = {told.value:.3g}{unit} ({SIGNS[told.clause.comparison]} {limit})"


def _marks(beats: xr.Dataset, mark: str, leads: tuple[str, ...]) -> npt.NDArray[np.float64]:
    """Times of a mark: in the one lead asked for, where it has it, else the global one."""
    k = MARKS.index(mark)
    everywhere = np.asarray(beats["marks"].values[:, k], dtype=np.float64)
    known = [str(name) for name in beats["lead"].values] if "lead" in beats.coords else []
    if len(leads) != 1 or leads[0] not in known:
        return everywhere
    here = np.asarray(beats["lead_marks"].values[:, known.index(leads[0]), k], dtype=np.float64)
    return np.where(np.isfinite(here), here, everywhere)
