"""When the beats come: sinus rhythm, ectopy, block, fibrillation, flutter, pacing."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from ecgomics.simulate.ectopy import add_atrial, add_ventricular
from ecgomics.simulate.events import Event, Schedule
from ecgomics.simulate.kernel import Array
from ecgomics.simulate.patient import VirtualPatient

_LEAD_IN_S = 2.5
_PRESSURE_HZ = 0.1


def schedule(patient: VirtualPatient, *, duration_s: float, rng: np.random.Generator) -> Schedule:
    """Draw the beats of a recording of this length, s."""
    stop = duration_s + _LEAD_IN_S
    if patient.pacing == "ventricular":
        return _paced(patient, stop, rng)
    if patient.rhythm == "sinus":
        return _sinus(patient, stop, rng)
    if patient.rhythm == "ventricular":
        return _ventricular(patient, stop, rng)
    times = _fibrillation(patient, stop, rng) if patient.rhythm == "af" else _regular(patient, stop, rng)
    events = [Event(time) for time in times]
    add_ventricular(patient, events, stop, rng)
    return Schedule(events)


def _sinus(patient: VirtualPatient, stop: float, rng: np.random.Generator) -> Schedule:
    # every premature beat pulls the rest forward, by less than a third of an interval
    pulled = patient.pac_per_min * stop / patient.heart_rate_bpm / 3
    nodal = _with_pause(patient, np.array(list(_node(patient, stop + pulled, rng))), stop)
    early = add_atrial(patient, nodal, stop, rng)
    drawn = _conduct(patient, nodal, early, rng)
    if patient.av_conduction == "1:1" and patient.pacing == "none":
        add_ventricular(patient, drawn.events, stop, rng)
    if patient.pacing in ("atrial", "dual"):
        drawn.spikes += [event.p_on - 0.003 for event in drawn.events]
    if patient.pacing == "dual":
        for event in drawn.events:
            event.kind = "paced"
            drawn.spikes.append(event.qrs_on - 0.003)
    drawn.spikes.sort()
    return drawn


def _node(patient: VirtualPatient, stop: float, rng: np.random.Generator) -> Iterator[float]:
    """Onsets of the sinus P waves: respiration modulates the interval, blood pressure waves (0.1 Hz) and noise less."""
    mean = 60.0 / patient.heart_rate_bpm
    breath = 2 * np.pi * patient.respiration_per_min / 60
    phase, pressure = 2 * np.pi * rng.random(2)
    time = -_LEAD_IN_S - mean * rng.random()
    while time < stop:
        yield time
        swing = np.sin(breath * time + phase) + 0.4 * np.sin(2 * np.pi * _PRESSURE_HZ * time + pressure)
        swing += 0.25 * float(np.clip(rng.standard_normal(), -2, 2))
        time += mean * (1 + patient.rr_variability * swing)


def _with_pause(patient: VirtualPatient, nodal: Array, stop: float) -> Array:
    """One arrest of the node, about the middle of the recording."""
    if not patient.sinus_pause_s:
        return nodal
    k = int(np.searchsorted(nodal, (stop - _LEAD_IN_S) * 0.45 - patient.sinus_pause_s / 2))
    if not 1 <= k < len(nodal):
        return nodal
    later = np.where(np.arange(len(nodal)) >= k, patient.sinus_pause_s - (nodal[k] - nodal[k - 1]), 0.0)
    return np.asarray(nodal + np.maximum(later, 0.0))


def _conduct(patient: VirtualPatient, nodal: Array, early: set[int], rng: np.random.Generator) -> Schedule:
    pr = patient.pr_ms / 1000
    result = Schedule([])
    if patient.av_conduction == "complete":
        step = 60.0 / patient.escape_bpm
        start = nodal[0] + step * rng.random()
        result.events = [Event(float(time)) for time in np.arange(start, nodal[-1] + step, step)]
        result.lone_p = nodal.tolist()
        return result
    cycle = {"wenckebach": int(rng.integers(3, 6)), "mobitz2": int(rng.integers(3, 5))}.get(patient.av_conduction, 2)
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


def _regular(patient: VirtualPatient, stop: float, rng: np.random.Generator) -> Iterator[float]:
    step = patient.mean_rr_s
    yield from (float(time) for time in np.arange(-_LEAD_IN_S - step * rng.random(), stop, step))


def _ventricular(patient: VirtualPatient, stop: float, rng: np.random.Generator) -> Schedule:
    """A regular ventricular rhythm; the atria go their own way."""
    events = [Event(time, kind="pvc") for time in _regular(patient, stop, rng)]
    step = 60.0 / max(70.0, 0.5 * patient.heart_rate_bpm)
    atria = np.arange(-_LEAD_IN_S - step * rng.random(), stop, step) if patient.p_mv else np.array([])
    return Schedule(events, lone_p=atria.tolist())


def _paced(patient: VirtualPatient, stop: float, rng: np.random.Generator) -> Schedule:
    step = 60.0 / patient.heart_rate_bpm
    times = np.arange(-_LEAD_IN_S - step * rng.random(), stop, step)
    return Schedule(
        [Event(float(time), kind="paced") for time in times], spikes=[float(time) - 0.003 for time in times]
    )
