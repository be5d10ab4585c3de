"""`Event` and `Schedule`: what happens in a recording, and when."""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np

from ecgomics.simulate.kernel import Array

_QT_GUARD_S = 0.03


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
