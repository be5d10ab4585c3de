"""`simulate`: a virtual patient's recording and its truth."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from typing import Literal

import numpy as np
import xarray as xr

from ecgomics.errors import SignalError
from ecgomics.simulate import truth
from ecgomics.simulate.electrolytes import with_electrolytes
from ecgomics.simulate.events import Schedule
from ecgomics.simulate.heart import Heart, Signal
from ecgomics.simulate.interference import atrial_activity, noise, shown
from ecgomics.simulate.kernel import Array
from ecgomics.simulate.leadfield import ELECTRODE_TO_FRANK
from ecgomics.simulate.patient import VirtualPatient
from ecgomics.simulate.rhythm import schedule
from ecgomics.vocabulary import LEADS
from ecgomics.waves import Beats

RATE_BOUNDS_HZ = (100.0, 2000.0)
DURATION_BOUNDS_S = (2.0, 86_400.0)

_RHYTHM_STREAM = 0
_BREATHING_GAIN = 0.03
_SPIKE_DIRECTION = np.array([0.35, 0.75, 0.55])


@dataclass(frozen=True)
class VirtualRecord:
    """A simulated recording.

    Parameters
    ----------
    ecg
        Dims ``(lead, time)``, float32 mV, twelve leads; attributes ``rate_hz``, ``units``, ``synthetic`` (True) and
        ``record``, the id its truth is filed under.
    truth
        `Beats` known from the construction; floors in `ecgomics.simulate.truth`.
    patient
        Whose it is.
    """

    ecg: xr.DataArray
    truth: Beats
    patient: VirtualPatient


def simulate(
    patient: VirtualPatient,
    *,
    duration_s: float = 10.0,
    rate_hz: float = 500.0,
    seed: int = 0,
    recorder: Literal["noisy", "ideal"] = "noisy",
) -> VirtualRecord:
    """Record a virtual patient.

    Parameters
    ----------
    patient
        Whose heart.
    duration_s
        Length, s; 2 to 86 400. All of it is held in memory, about 0.3 kB a sample in time.
    rate_hz
        Sampling rate, Hz; 100 to 2000. The truth does not depend on it.
    seed
        Of this recording: when the beats come, f waves, noise. The body is `patient.geometry_seed`'s.
    recorder
        ``"ideal"`` leaves out noise, wander and mains.

    Returns
    -------
    VirtualRecord
        The same for equal arguments.

    Raises
    ------
    SignalError
        For a length or rate out of bounds.

    Examples
    --------
    >>> record = simulate(VirtualPatient(pr_ms=240), duration_s=10, rate_hz=500, seed=1)
    >>> record.ecg.sizes["time"]
    5000
    """
    _check(duration_s, rate_hz)
    whose, patient = patient, with_electrolytes(patient)
    heart = Heart.of(patient)
    drawn = schedule(patient, duration_s=duration_s, rng=np.random.default_rng([seed, _RHYTHM_STREAM]))
    share = drawn.st_t_share(
        {kind: beat.at.t_off for kind, beat in heart.complexes.items()},
        {kind: beat.at.j for kind, beat in heart.complexes.items()},
    )
    time = np.arange(round(duration_s * rate_hz)) / rate_hz
    vector, atria = _heart_vectors(patient, heart, drawn, share, time)
    activity = atrial_activity(patient, time, seed=seed)
    if activity is not None:
        vector += activity
    millivolts = shown(heart.field, vector)
    if atria is not None:
        millivolts += shown(heart.atrial_field, atria)
    if recorder == "noisy":
        millivolts += noise(patient, time, rate_hz=rate_hz, seed=seed)
    record = _identity(whose, duration_s, rate_hz, seed)
    ecg = xr.DataArray(
        millivolts.astype(np.float32),
        dims=("lead", "time"),
        coords={"lead": np.array(LEADS)},
        attrs={"rate_hz": float(rate_hz), "units": "mV", "synthetic": True, "record": record},
        name="ecg",
    )
    marks = truth.beats(heart, drawn, share=share, duration_s=duration_s, rate_hz=rate_hz, record=record)
    return VirtualRecord(ecg, marks, whose)


def heart_vector(patient: VirtualPatient, *, step_s: float = 0.001) -> xr.Dataset:
    """Frank vector of one conducted beat without noise: the loops.

    Parameters
    ----------
    patient
        Whose heart.
    step_s
        Step of the time axis, s.

    Returns
    -------
    xarray.Dataset
        ``p``, ``qrs``, ``st_t``: dims ``(axis, time)``, mV; axes ``x`` (left), ``y`` (feet), ``z`` (back); time in s
        after QRS onset.
    """
    patient = with_electrolytes(patient)
    heart = Heart.of(patient)
    beat = heart.complexes[heart.leading]
    pr = patient.pr_ms / 1000
    time = np.arange(-round((pr + 0.02) / step_s), round((beat.t.duration_s + 0.02) / step_s)) * step_s
    waves = {"qrs": beat.qrs.at(time), "st_t": beat.st.at(time) + beat.t.at(time), "p": np.zeros((3, time.size))}
    if patient.has_p:
        waves["p"] = heart.atria["sinus"].at(time + pr)
    return xr.Dataset(
        {name: (("axis", "time"), ELECTRODE_TO_FRANK @ wave) for name, wave in waves.items()},
        coords={"axis": ["x", "y", "z"], "time": time},
        attrs={"units": "mV", "synthetic": True},
    )


def _check(duration_s: float, rate_hz: float) -> None:
    for value, (low, high), word, unit in (
        (duration_s, DURATION_BOUNDS_S, "length", "s"),
        (rate_hz, RATE_BOUNDS_HZ, "sampling rate", "Hz"),
    ):
        if not low <= value <= high:
            raise SignalError(
                f"a simulated {word} of {value:g} {unit}",
                expected=f"{low:g} to {high:g} {unit}",
                remedy=f"choose a {word} in it",
            )


def _identity(patient: VirtualPatient, duration_s: float, rate_hz: float, seed: int) -> str:
    text = f"{patient.digest()} {duration_s:g} {rate_hz:g} {seed}"
    return "virtual-" + hashlib.sha256(text.encode()).hexdigest()[:16]


def _heart_vectors(
    patient: VirtualPatient, heart: Heart, drawn: Schedule, share: Array, time: Array
) -> tuple[Array, Array | None]:
    """Vector of the ventricles with spikes, and of the P waves where there are any; dims (3, time), mV."""
    vector = np.zeros((3, time.size))
    breath = 2 * np.pi * patient.respiration_per_min / 60
    whole = {kind: beat.ventricular for kind, beat in heart.complexes.items()}
    for event, part in zip(drawn.events, share, strict=True):
        _add(
            vector,
            time,
            whole[event.kind],
            start=event.qrs_on,
            gain=1 + _BREATHING_GAIN * float(np.sin(breath * event.qrs_on)),
            after=heart.complexes[event.kind].at.j,
            part=part,
        )
    _add_spikes(vector, time, drawn.spikes, patient.spike_mv)
    starts = [(event.p_on, event.p_kind) for event in drawn.events if np.isfinite(event.p_on)]
    starts += [(start, "sinus") for start in drawn.lone_p if "sinus" in heart.atria]
    if not starts:
        return vector, None
    atria = np.zeros((3, time.size))
    for start, kind in starts:
        _add(atria, time, heart.atria[kind], start=start)
    return vector, atria


def _add(
    vector: Array, time: Array, wave: Signal, *, start: float, gain: float = 1.0, after: float = 0.0, part: float = 1.0
) -> None:
    """Add a wave that begins at `start`; what comes later than `after` on its clock is squeezed to `part`."""
    first, last = np.searchsorted(time, [start, start + wave.duration_s])
    if first >= last:
        return
    clock = time[first:last] - start
    if part < 1:
        clock = np.where(clock > after, after + (clock - after) / part, clock)
    vector[:, first:last] += gain * wave.at(clock)


def _add_spikes(vector: Array, time: Array, spikes: list[float], size_mv: float) -> None:
    """Pacing spikes as hats one sample wide to each side."""
    if not spikes:
        return
    rate = (time.size - 1) / (time[-1] - time[0])
    for spike in spikes:
        near = np.searchsorted(time, spike)
        for k in (near - 1, near):
            if 0 <= k < time.size:
                vector[:, k] += size_mv * _SPIKE_DIRECTION * max(0.0, 1 - abs(time[k] - spike) * rate)
