"""Whatever a recorder does to a signal: no error, no mark outside the record or out of order.

No warning either, but the one that a lead a million times too high deserves.
"""

from __future__ import annotations

from contextlib import contextmanager
from functools import cache

import numpy as np
import pytest
import xarray as xr
from hypothesis import given, settings
from hypothesis import strategies as st

from ecgomics.simulate import draw_patient, simulate
from ecgomics.vocabulary import LEADS, MARKS
from ecgomics.waves import compilation, delineate, measurement, r_peaks

pytestmark = pytest.mark.filterwarnings("ignore:beats higher than:UserWarning")

CONDITIONS = ("normal", "af", "pvc", "lbbb", "paced", "low_voltage", "sinus_tachycardia", "wpw")


@cache
def recorded(condition: str, rate: float) -> np.ndarray:
    return simulate(draw_patient(condition, seed=1), seed=1, rate_hz=rate, duration_s=6).ecg.values


def nan_run(x, at, size):
    x[..., at : at + size] = np.nan


def spike(x, at, size):
    x[: 1 + size % 12, at] += 5.0 + size / 10


def step(x, at, size):
    x[size % len(x), at:] += 4.0


def clip(x, at, size):
    np.clip(x, -0.002 * (size % 200) - 0.01, 0.002 * (size % 200) + 0.01, out=x)


def constant(x, at, size):
    x[: 1 + at % 12] = 0.01 * size


def missing(x, at, size):
    x[at % len(x) :: 2] = np.nan


def inverted(x, at, size):
    x *= -1


def offset(x, at, size):
    x += 10.0


def noise(x, at, size):
    x += np.random.default_rng(at).normal(0, 0.01 * (size % 100), x.shape).astype(np.float32)


def infinite(x, at, size):
    x[size % len(x), at] = np.inf


def huge(x, at, size):
    x[size % len(x)] *= np.float32(1e6)


MUTATIONS = (nan_run, spike, step, clip, constant, missing, inverted, offset, noise, infinite, huge)


@st.composite
def mutated(draw) -> xr.DataArray:
    """A recording, cut and spoilt."""
    rate = draw(st.sampled_from([100.0, 250.0, 500.0]))
    x = recorded(draw(st.sampled_from(CONDITIONS)), rate).copy()
    for mutation in draw(st.lists(st.sampled_from(MUTATIONS), max_size=4)):
        mutation(x, draw(st.integers(0, x.shape[1] - 1)), draw(st.integers(1, 1500)))
    length = draw(st.one_of(st.just(x.shape[1]), st.integers(1, x.shape[1]), st.sampled_from([1, 2, 3, 10])))
    leads = draw(st.sampled_from([slice(0, 12), slice(0, 3), slice(1, 2), slice(6, 8)]))
    x, names = x[leads, :length], LEADS[leads]
    return xr.DataArray(x, dims=("lead", "time"), coords={"lead": list(names)}, attrs={"rate_hz": rate})


def check(values: np.ndarray, last: float) -> None:
    assert not ((values < 0) | (values > last + 1e-9)).any()
    for row in values.reshape(-1, len(MARKS)):
        steps = np.diff(row[np.isfinite(row)])
        assert (steps >= 0).all(), row


def check_filter_and_r_peaks(ecg: xr.DataArray, last: float) -> None:
    (r,) = r_peaks(ecg)
    assert (np.diff(r) > 0).all()
    assert ((r >= 0) & (r <= last)).all()
    clean = measurement(ecg)
    assert np.array_equal(np.isfinite(clean.values), np.isfinite(ecg.values))


@given(ecg=mutated())
@settings(max_examples=1000, deadline=None)
def test_marks_are_in_order_and_inside(ecg):
    last = (ecg.sizes["time"] - 1) / ecg.attrs["rate_hz"]
    found = delineate(ecg)
    check(found.beats["marks"].values, last)
    check(found.beats["lead_marks"].values, last)
    r = found.beats["r_s"].values
    assert ((r >= 0) & (r <= last)).all()
    assert (np.diff(r) > 0).all()
    for name in ("lead_quality", "record_quality", "usable"):
        values = found.quality[name].values
        assert ((values >= 0) & (values <= 1)).all(), name
    template = found.template["template_global"].values
    for row in [*template, *found.template["template_marks"].values.reshape(-1, len(MARKS))]:
        assert (np.diff(row[np.isfinite(row)]) >= 0).all()
    check_filter_and_r_peaks(ecg, last)


@contextmanager
def always(mode: str):
    """Kernels compiled, or none compiled, whatever has run before."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(compilation, "ready", lambda: mode == "compiled")
        patch.setattr(compilation, "_spent", 0.0)
        yield


@given(ecg=mutated())
@settings(max_examples=20, deadline=None)
def test_loops_that_are_not_compiled_say_the_same_to_the_bit(ecg):
    with always("compiled"):
        compiled = delineate(ecg)
    with always("plain"):
        plain = delineate(ecg)
        assert compilation._spent > 0
    for name in ("beats", "quality", "template"):
        one, other = getattr(compiled, name), getattr(plain, name)
        if name == "template":
            xr.testing.assert_allclose(one, other, rtol=1e-6)
        else:
            xr.testing.assert_equal(one, other)
