"""When the beats come: sinus rhythm, ectopy, block, fibrillation, flutter, pacing."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field

import numpy as np

from ecgomics.simulate.kernel import Array
from ecgomics.simulate.patient import VirtualPatient

_QT_GUARD_S = 0.03
_LEAD_IN_S = 2.5


@dataclass
class Event:
    """One ventricular beat: QRS onset in s, its kind, and the P wave that led to it."""

    qrs_on: float
    kind: str = "conducted"
    p_on: float = np.nan
    p_kind: str = ""


@dataclass
class Schedule:
    """All that happens, from before the recording to after it.

    Parameters
    ----------
    events
        Ventricular beats in order of time.
    lone_p
        Onsets of P waves that are not conducted, s.
    spikes
        Times of pacing spikes, s.
    """

    events: list[Event]
    lone_p: list[float] = field(default_factory=list)
    spikes: list[float] = field(default_factory=list)

    @property
    def qrs_on(self) -> Array:
        """QRS onsets, s."""
        return np.array([event.qrs_on for event in self.events], dtype=np.float64)

    def st_t_share(self, qt_s: dict[str, float], qrs_s: dict[str, float]) -> Array:
        """How much of its usual ST-T each beat has time for, 0.35 to 1: shortened when the next beat is early."""
        gap = np.diff(self.qrs_on, append=np.inf) - _QT_GUARD_S
        qrs = np.array([qrs_s[event.kind] for event in self.events])
        qt = np.array([qt_s[event.kind] for event in self.events])
        return np.clip((gap - qrs) / (qt - qrs), 0.35, 1.0)


def schedule(patient: VirtualPatient, *, duration_s: float, rng: np.random.Generator) -> Schedule:
    """Draw the beats of a recording of this length, s."""
    stop = duration_s + _LEAD_IN_S
    if patient.pacing == "ventricular":
        return _paced(patient, stop, rng)
    if patient.rhythm == "sinus":
        return _sinus(patient, stop, rng)
    times = _fibrillation(patient, stop, rng) if patient.rhythm == "af" else _flutter(patient, stop, rng)
    events = [Event(time) for time in times]
    _add_pvcs(patient, events, stop, rng)
    return Schedule(events)


def _sinus(patient: VirtualPatient, stop: float, rng: np.random.Generator) -> Schedule:
    # every premature beat pulls the rest forward, by less than a third of an interval
    pulled = patient.pac_per_min * stop / patient.heart_rate_bpm / 3
    nodal = np.array(list(_node(patient, stop + pulled, rng)))
    early = _add_pacs(patient, nodal, stop, rng)
    drawn = _conduct(patient, nodal, early, rng)
    if patient.av_conduction == "1:1" and patient.pacing == "none":
        _add_pvcs(patient, drawn.events, stop, rng)
    if patient.pacing in ("atrial", "dual"):
        drawn.spikes += [event.p_on - 0.003 for event in drawn.events]
    if patient.pacing == "dual":
        for event in drawn.events:
            event.kind = "paced"
            drawn.spikes.append(event.qrs_on - 0.003)
    drawn.spikes.sort()
    return drawn


def _node(patient: VirtualPatient, stop: float, rng: np.random.Generator) -> Iterator[float]:
    """Onsets of the sinus P waves: respiration modulates the interval, a little noise with it."""
    mean = 60.0 / patient.heart_rate_bpm
    breath = 2 * np.pi * patient.respiration_per_min / 60
    phase = 2 * np.pi * rng.random()
    time = -_LEAD_IN_S - mean * rng.random()
    while time < stop:
        yield time
        swing = np.sin(breath * time + phase) + 0.25 * float(np.clip(rng.standard_normal(), -2, 2))
        time += mean * (1 + patient.rr_variability * swing)


def _slots(rate_per_min: float, stop: float, rng: np.random.Generator) -> Iterator[float]:
    """One random time in every slot of 60 s / rate, so that a strip gets its share."""
    slot = 60.0 / rate_per_min
    start = 0.0
    while start < stop:
        yield start + slot * rng.uniform(0.15, 0.8)
        start += slot


def _add_pacs(patient: VirtualPatient, nodal: Array, stop: float, rng: np.random.Generator) -> set[int]:
    """Bring some P waves forward; the node is reset, so what follows moves along. Returns which came early."""
    if not patient.pac_per_min:
        return set()
    mean, early = 60.0 / patient.heart_rate_bpm, set[int]()
    for wish in _slots(patient.pac_per_min, stop, rng):
        k = int(np.searchsorted(nodal, wish))
        if k < 1 or k + 1 >= len(nodal) or {k - 1, k, k + 1} & early:
            continue
        premature = nodal[k - 1] + mean * rng.uniform(0.62, 0.72)
        shift = premature + mean * rng.uniform(1.05, 1.15) - nodal[k + 1]
        nodal[k + 1 :] += shift
        nodal[k] = premature
        early.add(k)
    return early


def _conduct(patient: VirtualPatient, nodal: Array, early: set[int], rng: np.random.Generator) -> Schedule:
    pr = patient.pr_ms / 1000
    result = Schedule([])
    if patient.av_conduction == "complete":
        step = 60.0 / patient.escape_bpm
        start = nodal[0] + step * rng.random()
        result.events = [Event(float(time)) for time in np.arange(start, nodal[-1] + step, step)]
        result.lone_p = nodal.tolist()
        return result
    cycle = int(rng.integers(3, 6)) if patient.av_conduction == "wenckebach" else 2
    for k, time in enumerate(nodal.tolist()):
        place = k % cycle
        if patient.av_conduction != "1:1" and place == cycle - 1:
            result.lone_p.append(time)
            continue
        delay = pr + (0.07 * place**0.6 if patient.av_conduction == "wenckebach" else 0.0)
        kind = "pac" if k in early else "sinus"
        p_on = time if patient.p_mv else np.nan
        result.events.append(Event(time + delay, p_on=p_on, p_kind=kind))
    return result


def _add_pvcs(patient: VirtualPatient, events: list[Event], stop: float, rng: np.random.Generator) -> None:
    """Replace some beats by earlier ventricular ones; the beat after comes when it would have (compensatory pause)."""
    if not patient.pvc_per_min:
        return
    onsets = np.array([event.qrs_on for event in events])
    for wish in _slots(patient.pvc_per_min, stop, rng):
        k = int(np.searchsorted(onsets, wish))
        if k < 1 or k + 1 >= len(events) or any(event.kind == "pvc" for event in events[k - 1 : k + 2]):
            continue
        gap = onsets[k] - onsets[k - 1]
        coupling = max(gap * rng.uniform(0.56, 0.68), min(patient.qt_s + 0.05, 0.8 * gap))
        onsets[k] = onsets[k - 1] + coupling
        events[k] = Event(float(onsets[k]), kind="pvc")


def _fibrillation(patient: VirtualPatient, stop: float, rng: np.random.Generator) -> Iterator[float]:
    """Independent intervals: a refractory floor and a log-normal rest."""
    mean = 60.0 / patient.heart_rate_bpm
    floor = max(0.45 * mean, 0.28)
    rest = max(mean - floor, 0.05)
    spread = max(patient.rr_variability, 0.05) * mean / rest
    sigma = np.sqrt(np.log1p(spread**2))
    time = -_LEAD_IN_S - mean * rng.random()
    while time < stop:
        yield time
        time += floor + rest * float(np.exp(sigma * np.clip(rng.standard_normal(), -2.2, 2.2) - sigma**2 / 2))


def _flutter(patient: VirtualPatient, stop: float, rng: np.random.Generator) -> Iterator[float]:
    step = patient.mean_rr_s
    yield from (float(time) for time in np.arange(-_LEAD_IN_S - step * rng.random(), stop, step))


def _paced(patient: VirtualPatient, stop: float, rng: np.random.Generator) -> Schedule:
    step = 60.0 / patient.heart_rate_bpm
    times = np.arange(-_LEAD_IN_S - step * rng.random(), stop, step)
    return Schedule(
        [Event(float(time), kind="paced") for time in times], spikes=[float(time) - 0.003 for time in times]
    )
