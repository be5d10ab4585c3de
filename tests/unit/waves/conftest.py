"""Virtual recordings shared by the tests of the waves room."""

from __future__ import annotations

from functools import cache

import numpy as np
import pytest

from ecgomics.simulate import VirtualPatient, VirtualRecord, draw_patient, simulate


@cache
def _recorded(condition: str, number: int, rate: float, duration: float) -> VirtualRecord:
    return simulate(draw_patient(condition, seed=number), seed=number, rate_hz=rate, duration_s=duration)


@pytest.fixture(scope="session")
def virtual():
    """A virtual recording by condition, number, rate and length; made once."""

    def made(condition="normal", number=1, *, rate=500.0, duration=10.0) -> VirtualRecord:
        return _recorded(condition, number, rate, duration)

    return made


@pytest.fixture(scope="session")
def ideal():
    """A plain patient recorded without noise."""
    return simulate(VirtualPatient(), seed=3, recorder="ideal")


def pairs(found, *, truth, within_s):
    """Indices of found and true times that lie within a tolerance of each other, nearest first come."""
    if len(found) == 0 or len(truth) == 0:
        return np.empty(0, int), np.empty(0, int)
    nearest = np.abs(found[:, None] - truth[None]).argmin(0)
    close = np.abs(found[nearest] - truth) <= within_s
    return nearest[close], np.flatnonzero(close)


@pytest.fixture(scope="session")
def matching():
    return pairs
