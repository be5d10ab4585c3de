"""`Beats` of a virtual recording, read off the noise-free waves.

Global marks are the stated ones: where a wave's vector leaves zero and is back at it. In a single lead a wave is marked
where it shows: from the first to the last time its own voltage reaches the floor, the smaller of `FLOOR_MV` and
`FLOOR_SHARE` of its height there. A wave lower than `VISIBLE_MV` in a lead has no marks in that lead.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import xarray as xr

from ecgomics.simulate.events import Schedule
from ecgomics.simulate.heart import STEP_S, Complex, Heart, Signal
from ecgomics.simulate.kernel import Array
from ecgomics.vocabulary import BEAT_CLASSES, LEADS, MARKS
from ecgomics.waves import Beats

VISIBLE_MV = 0.02
"""A wave lower than this in a lead is not marked there, mV (a fifth of a small square)."""

FLOOR_MV = 0.01
FLOOR_SHARE = 0.04

TEMPLATE_S = (-0.35, 0.6)
"""Span of the representative beat around the R peak, s."""

_M = {name: k for k, name in enumerate(MARKS)}
_CLASS = {"conducted": "normal", "pvc": "ventricular", "paced": "paced"}


@dataclass(frozen=True)
class Marks:
    """Marks of one kind of wave, s on its own clock: per lead dims (12, mark), global dims (mark,)."""

    leads: Array
    overall: Array
    r_s: float = 0.0


def p_marks(wave: Signal, field: Array) -> Marks:
    """Marks of a P wave; 0 s is its onset."""
    leads, overall = _empty()
    voltage = field @ wave.vector
    on, peak, off = _bounds(voltage)
    leads[:, _M["p_on"]], leads[:, _M["p_peak"]], leads[:, _M["p_off"]] = on, peak, off
    if np.isfinite(on).any():
        length = np.linalg.norm(wave.vector, axis=0)
        present = np.flatnonzero(length > 0)
        overall[_M["p_on"]], overall[_M["p_off"]] = 0.0, (present[-1] + 1) * STEP_S
        overall[_M["p_peak"]] = length.argmax() * STEP_S
    return Marks(leads, overall)


def complex_marks(beat: Complex, field: Array) -> Marks:
    """Marks of QRS and T; 0 s is QRS onset."""
    leads, overall = _empty()
    qrs = field @ beat.qrs.vector
    on, _, off = _bounds(qrs)
    leads[:, _M["qrs_on"]], leads[:, _M["qrs_off"]] = on, off
    leads[:, [_M["q_peak"], _M["r_peak"], _M["s_peak"]]] = _deflections(qrs)
    t_on, t_peak, t_off = _bounds(field @ beat.t.vector, stop_s=beat.at.t_off)
    leads[:, _M["t_on"]], leads[:, _M["t_peak"]], leads[:, _M["t_off"]] = t_on, t_peak, t_off
    strength = (qrs**2).sum(axis=0)
    r_s = float(strength.argmax() * STEP_S)
    overall[_M["qrs_on"]], overall[_M["qrs_off"]] = 0.0, beat.at.j
    overall[_M["r_peak"]] = r_s
    overall[_M["q_peak"]] = _median(leads[:, _M["q_peak"]], below=r_s)
    overall[_M["s_peak"]] = _median(leads[:, _M["s_peak"]], above=r_s)
    if np.isfinite(t_on).any():
        overall[[_M["t_on"], _M["t_peak"], _M["t_off"]]] = beat.at.t_on, beat.at.t_peak, beat.at.t_off
    return Marks(leads, overall, r_s)


def _empty() -> tuple[Array, Array]:
    return np.full((len(LEADS), len(MARKS)), np.nan), np.full(len(MARKS), np.nan)


def _bounds(voltage: Array, stop_s: float = np.inf) -> tuple[Array, Array, Array]:
    """First time at the floor, time of the largest deflection, last time at the floor, per lead; NaN where unseen."""
    size = np.abs(voltage[:, : int(min(stop_s / STEP_S, voltage.shape[1] - 1)) + 1])
    height = size.max(axis=1)
    over = size >= np.minimum(FLOOR_MV, FLOOR_SHARE * height)[:, None]
    first, last = over.argmax(axis=1), over.shape[1] - 1 - over[:, ::-1].argmax(axis=1)
    marks = np.array([first, size.argmax(axis=1), last]) * STEP_S
    marks[:, height < VISIBLE_MV] = np.nan
    return marks[0], marks[1], marks[2]


def _deflections(qrs: Array) -> Array:
    """Q, R and S peaks per lead, dims (12, 3): R the highest, Q the lowest before it, S the lowest after it.

    A complex without R (QS) has its trough as Q.
    """
    result = np.full((qrs.shape[0], 3), np.nan)
    for row, wave in zip(result, qrs, strict=True):
        r = int(wave.argmax())
        if wave[r] < VISIBLE_MV:
            r = -1
        else:
            row[1] = r * STEP_S
        parts = ((0, slice(None)),) if r < 0 else ((0, slice(0, r)), (2, slice(r, None)))
        for column, part in parts:
            if wave[part].size and wave[part].min() <= -VISIBLE_MV:
                row[column] = (int(wave[part].argmin()) + (part.start or 0)) * STEP_S
    return result


def _median(times: Array, *, below: float = np.inf, above: float = -np.inf) -> float:
    chosen = times[(times < below) & (times > above)]
    return float(np.median(chosen)) if chosen.size else np.nan


def beats(heart: Heart, drawn: Schedule, *, share: Array, duration_s: float, rate_hz: float, record: str) -> Beats:
    """Everything `Beats` says, for the beats whose R peak lies in the recording.

    Parameters
    ----------
    heart, drawn
        What was simulated.
    share
        Dims (beat,), how much of its usual ST-T each beat of the schedule has time for.
    duration_s, rate_hz, record
        Of the recording.
    """
    ventricular = {kind: complex_marks(beat, heart.field) for kind, beat in heart.complexes.items()}
    atrial = {kind: p_marks(wave, heart.atrial_field) for kind, wave in heart.atria.items()}
    rows: list[tuple[float, int, Array]] = []
    for event, part in zip(drawn.events, share, strict=True):
        marks = ventricular[event.kind]
        r_s = event.qrs_on + marks.r_s
        if not 0 <= r_s < duration_s:
            continue
        j = heart.complexes[event.kind].at.j
        both = np.vstack([marks.overall, marks.leads])
        # only what lies after the J point is squeezed
        both = event.qrs_on + np.where(both > j, j + (both - j) * part, both)
        if np.isfinite(event.p_on):
            p = atrial[event.p_kind]
            both[:, :3] = event.p_on + np.vstack([p.overall, p.leads])[:, :3]
        rows.append((r_s, _class_of(event.kind, event.p_kind), both))
    table = _beat_table(rows, duration_s=duration_s, record=record)
    return Beats(
        table, _template(heart, atrial, ventricular, drawn, table, rate_hz, record), _quality(drawn, duration_s, record)
    )


def _class_of(kind: str, p_kind: str) -> int:
    name = "supraventricular" if p_kind == "pac" and kind == "conducted" else _CLASS[kind]
    return BEAT_CLASSES.index(name)


def _beat_table(rows: list[tuple[float, int, Array]], *, duration_s: float, record: str) -> xr.Dataset:
    r_s = np.array([row[0] for row in rows], dtype=np.float64)
    marks = np.array([row[2] for row in rows]).reshape(len(rows), 1 + len(LEADS), len(MARKS))
    marks[(marks < 0) | (marks > duration_s)] = np.nan
    return xr.Dataset(
        {
            "r_s": ("beat", r_s),
            "rr_s": ("beat", np.diff(r_s, prepend=np.nan)),
            "beat_class": ("beat", np.array([row[1] for row in rows], dtype=np.int8)),
            "beat_quality": ("beat", np.ones(len(rows), dtype=np.float32)),
            "marks": (("beat", "mark"), marks[:, 0]),
            "lead_marks": (("beat", "lead", "mark"), marks[:, 1:]),
        },
        coords={
            "beat_record": ("beat", np.array([record] * len(rows), dtype=str)),
            "lead": np.array(LEADS),
            "mark": np.array(MARKS),
        },
        attrs={"synthetic": True},
    )


def _template(
    heart: Heart,
    atrial: dict[str, Marks],
    ventricular: dict[str, Marks],
    drawn: Schedule,
    table: xr.Dataset,
    rate_hz: float,
    record: str,
) -> xr.Dataset:
    classes = table["beat_class"].values
    dominant = int(np.bincount(classes).argmax()) if classes.size else 0
    kind = {"ventricular": "pvc", "paced": "paced"}.get(BEAT_CLASSES[dominant], "conducted")
    kind = kind if kind in heart.complexes else "conducted"
    marks, beat = ventricular[kind], heart.complexes[kind]
    first, last = (round(edge * rate_hz) for edge in TEMPLATE_S)
    offset = np.arange(first, last + 1) / rate_hz
    voltage = heart.field @ beat.ventricular.at(offset + marks.r_s)
    both = np.vstack([marks.overall, marks.leads]) - marks.r_s
    gap = next((e.qrs_on - e.p_on for e in drawn.events if e.kind == kind and e.p_kind == "sinus"), np.nan)
    if np.isfinite(gap):
        p_on = -gap - marks.r_s
        voltage += heart.atrial_field @ heart.atria["sinus"].at(offset - p_on)
        both[:, :3] = p_on + np.vstack([atrial["sinus"].overall, atrial["sinus"].leads])[:, :3]
    return xr.Dataset(
        {
            "beat_mv": (("record", "lead", "offset"), voltage.astype(np.float32)[None]),
            "template_marks": (("record", "lead", "mark"), both[None, 1:]),
            "template_global": (("record", "mark"), both[None, 0]),
            "template_class": ("record", np.array([dominant], dtype=np.int8)),
            "template_beats": ("record", np.array([int((classes == dominant).sum())], dtype=np.int32)),
        },
        coords={"record": np.array([record]), "lead": np.array(LEADS), "offset": offset, "mark": np.array(MARKS)},
        attrs={"synthetic": True},
    )


def _quality(drawn: Schedule, duration_s: float, record: str) -> xr.Dataset:
    spikes = sum(0 <= time < duration_s for time in drawn.spikes)
    return xr.Dataset(
        {
            "lead_quality": (("record", "lead"), np.ones((1, len(LEADS)), dtype=np.float32)),
            "lead_flags": (("record", "lead"), np.zeros((1, len(LEADS)), dtype=np.uint16)),
            "record_quality": ("record", np.ones(1, dtype=np.float32)),
            "usable": ("record", np.ones(1, dtype=np.float32)),
            "pace_spikes": ("record", np.array([spikes], dtype=np.int32)),
        },
        coords={"record": np.array([record]), "lead": np.array(LEADS)},
        attrs={"synthetic": True},
    )
