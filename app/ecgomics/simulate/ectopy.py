"""Beats that come early: atrial, ventricular alone, in bigeminy, couplets and runs."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from ecgomics.simulate.events import Event
from ecgomics.simulate.kernel import Array
from ecgomics.simulate.patient import VirtualPatient

_RUN_CYCLE_S = (0.36, 0.44)
_RUN_BEATS = (3, 6)


def _slots(rate_per_min: float, stop: float, rng: np.random.Generator) -> Iterator[float]:
    """One random time in every slot of 60 s / rate, so that a strip gets its share."""
    slot = 60.0 / rate_per_min
    start = 0.0
    while start < stop:
        yield start + slot * rng.uniform(0.15, 0.8)
        start += slot


def add_atrial(patient: VirtualPatient, nodal: Array, stop: float, rng: np.random.Generator) -> set[int]:
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


def add_ventricular(patient: VirtualPatient, events: list[Event], stop: float, rng: np.random.Generator) -> None:
    """Put premature ventricular beats between the others, as `pvc_pattern` says; `events` is changed."""
    if not patient.pvc_per_min:
        return
    if patient.pvc_pattern == "bigeminy":
        _alternate(patient, events, rng)
    elif patient.pvc_pattern == "runs":
        _insert_runs(patient, events, stop, rng)
    else:
        _replace(patient, events, stop, rng, beats=2 if patient.pvc_pattern == "couplets" else 1)


def _coupling(patient: VirtualPatient, gap: float, rng: np.random.Generator) -> float:
    return max(gap * rng.uniform(0.56, 0.68), min(patient.qt_s + 0.05, 0.8 * gap))


def _replace(
    patient: VirtualPatient, events: list[Event], stop: float, rng: np.random.Generator, *, beats: int
) -> None:
    """Replace beats by earlier ventricular ones; the beat after comes when it would have (compensatory pause)."""
    onsets = np.array([event.qrs_on for event in events])
    for wish in _slots(patient.pvc_per_min, stop, rng):
        k = int(np.searchsorted(onsets, wish))
        near = events[max(k - 1, 0) : k + beats + 1]
        if k < 1 or k + beats >= len(events) or any(event.kind == "pvc" for event in near):
            continue
        gap = onsets[k] - onsets[k - 1]
        for place in range(k, k + beats):
            onsets[place] = onsets[place - 1] + _coupling(patient, gap, rng)
            events[place] = Event(float(onsets[place]), kind="pvc")


def _alternate(patient: VirtualPatient, events: list[Event], rng: np.random.Generator) -> None:
    for k in range(1, len(events) - 1, 2):
        before = events[k - 1].qrs_on
        events[k] = Event(before + _coupling(patient, events[k].qrs_on - before, rng), kind="pvc")


def _insert_runs(patient: VirtualPatient, events: list[Event], stop: float, rng: np.random.Generator) -> None:
    for wish in _slots(patient.pvc_per_min, stop, rng):
        k = next((k for k, event in enumerate(events) if event.qrs_on >= wish), 0)
        if k < 1 or events[k - 1].kind == "pvc":
            continue
        cycle = rng.uniform(*_RUN_CYCLE_S)
        start = events[k - 1].qrs_on + max(cycle, patient.qt_s + 0.02)
        run = [Event(float(start + cycle * beat), kind="pvc") for beat in range(int(rng.integers(*_RUN_BEATS)))]
        # sinus beats that would fall into the run, or too soon after it, are not conducted
        free = run[-1].qrs_on + max(0.6, patient.qt_s + 0.15)
        kept = [event for event in events[k:] if event.qrs_on >= free]
        events[k:] = [*run, *kept]
