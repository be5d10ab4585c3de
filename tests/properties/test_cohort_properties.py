"""Properties of the store: exact envelopes at any zoom, fixed point that is stable, resampling that keeps gaps."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as arrays

from ecgomics.cohort.layout import MILLIVOLTS, SECONDS
from ecgomics.cohort.pyramid import Pyramid, columns
from ecgomics.cohort.resample import resample, resample_pieces, resampled_length
from ecgomics.cohort.strip import Strip

FILL = MILLIVOLTS.fill


@st.composite
def recordings(draw: st.DrawFn) -> npt.NDArray[np.int16]:
    count = draw(st.integers(1, 6000))
    rng = np.random.default_rng(draw(st.integers(0, 2**32 - 1)))
    samples = rng.integers(-32767, 32768, size=(draw(st.integers(1, 3)), count)).astype(np.int16)
    for _ in range(draw(st.integers(0, 4))):
        start = draw(st.integers(0, count - 1))
        samples[:, start : start + draw(st.integers(1, 400))] = FILL
    return samples


def levels_of(samples: npt.NDArray[np.int16], *, piece: int = 1 << 20) -> dict[int, npt.NDArray[np.int16]]:
    """All levels of an envelope, built piece by piece."""
    pyramid = Pyramid(samples.shape[1], fill=FILL)
    parts = [pyramid.add(samples[:, start : start + piece]) for start in range(0, samples.shape[1], piece)]
    return {size: np.concatenate([part[size] for part in parts], axis=-1) for size in pyramid.sizes}


def brute_force(samples: npt.NDArray[np.int16], start: int, stop: int) -> npt.NDArray[np.float32]:
    part = MILLIVOLTS.decode(samples[:, start:stop])
    hidden = np.isnan(part)
    low = np.where(hidden, np.inf, part).min(axis=1)
    high = np.where(hidden, -np.inf, part).max(axis=1)
    both = np.stack([low, high])
    both[:, hidden.all(axis=1)] = np.nan
    return both


@given(samples=recordings(), data=st.data())
@settings(max_examples=150, deadline=None)
def test_every_column_is_the_exact_minimum_and_maximum_of_its_samples(
    samples: npt.NDArray[np.int16], data: st.DataObject
) -> None:
    total = samples.shape[1]
    start = data.draw(st.integers(0, total - 1))
    stop = data.draw(st.integers(start + 1, total))
    width = data.draw(st.integers(1, 400))
    levels = levels_of(samples, piece=data.draw(st.sampled_from([16, 48, 160, 4096])))
    drawn = columns(samples, levels, start=start, stop=stop, width=width, fill=FILL)
    assert drawn.edges[0] <= start
    assert drawn.edges[-1] >= stop
    assert (np.diff(drawn.edges) > 0).all()
    assert len(drawn.edges) - 1 <= width
    # no column is off by as much as its neighbour's width
    assert start - drawn.edges[0] < max(1, (stop - start) / width)
    for k, (first, last) in enumerate(zip(drawn.edges[:-1], drawn.edges[1:], strict=True)):
        expected = brute_force(samples, int(first), int(last))
        np.testing.assert_array_equal(MILLIVOLTS.decode(drawn.bounds[:, :, k]), expected)


@given(samples=recordings(), data=st.data())
@settings(max_examples=100, deadline=None)
def test_a_window_holds_just_the_samples_asked_for_or_an_envelope_over_them(
    samples: npt.NDArray[np.int16], data: st.DataObject
) -> None:
    rate = data.draw(st.sampled_from([128.0, 360.0, 500.0]))
    total = samples.shape[1]
    names = tuple(f"L{k}" for k in range(samples.shape[0]))
    strip = Strip(samples, levels_of(samples), names, rate, MILLIVOLTS)
    first = data.draw(st.integers(0, total - 1))
    count = data.draw(st.integers(1, total - first))
    width = data.draw(st.integers(1, 300))
    window = strip.window(first / rate, (first + count) / rate, width=width)
    if window.attrs["kind"] == "samples":
        assert count <= 2 * width
        np.testing.assert_array_equal(window["ecg"], MILLIVOLTS.decode(samples[:, first : first + count]))
        np.testing.assert_allclose(window["time"], np.arange(first, first + count) / rate)
    else:
        assert count > 2 * width
        extremes = brute_force(samples, first, first + count)
        if not np.isnan(extremes).any():
            assert (window["low"].min("column").values <= extremes[0]).all()
            assert (window["high"].max("column").values >= extremes[1]).all()


@given(samples=recordings())
@settings(max_examples=30, deadline=None)
def test_the_pyramid_costs_at_most_a_fifth(samples: npt.NDArray[np.int16]) -> None:
    extra = sum(level.size for level in levels_of(samples).values())
    assert extra <= 0.2 * samples.size + 16 * samples.shape[0]


@given(values=arrays.arrays(np.float64, st.integers(1, 50), elements=st.floats(-214_000, 214_000) | st.just(np.nan)))
def test_fixed_point_rounds_once_and_is_then_stable(values: npt.NDArray[np.float64]) -> None:
    once = SECONDS.decode(SECONDS.encode(values))
    np.testing.assert_allclose(once, values, atol=0.5001e-4, equal_nan=True)
    np.testing.assert_array_equal(SECONDS.encode(once), SECONDS.encode(values))


@given(values=arrays.arrays(np.float32, st.integers(1, 50), elements=st.floats(width=32, allow_nan=True)))
def test_any_voltage_is_encoded_without_wrapping_round(values: npt.NDArray[np.float32]) -> None:
    back = MILLIVOLTS.decode(MILLIVOLTS.encode(values))
    finite = np.isfinite(values)
    assert np.isnan(back[~finite]).all()
    limit = MILLIVOLTS.limit
    np.testing.assert_allclose(back[finite], np.clip(values[finite], -limit, limit), atol=0.000502)


@given(
    rate=st.sampled_from([100.0, 250.0, 257.0, 360.0, 500.0, 1000.0]),
    seconds=st.integers(2, 6),
    gap=st.tuples(st.floats(0.2, 0.6), st.floats(0.05, 0.3)),
)
@settings(max_examples=40, deadline=None)
def test_resampling_keeps_length_offset_and_gaps(rate: float, seconds: int, gap: tuple[float, float]) -> None:
    count = round(seconds * rate)
    samples = np.full((2, count), 3.0, dtype=np.float32)
    start, length = round(gap[0] * count), max(2, round(gap[1] * count))
    samples[1, start : start + length] = np.nan
    changed = resample(samples, from_hz=rate, to_hz=500.0)
    assert abs(changed.shape[1] - seconds * 500) <= 1
    # a constant stays one up to its ends: nothing rings there, nor about the gap
    np.testing.assert_allclose(changed[0], 3.0, atol=1e-5)
    missing = np.isnan(changed[1])
    np.testing.assert_allclose(changed[1][~missing], 3.0, atol=1e-5)
    assert abs(missing.sum() / 500 - length / rate) <= 1.01 / rate + 2 / 500


@given(
    rates=st.sampled_from([(250.0, 500.0), (360.0, 500.0), (1000.0, 500.0), (257.0, 500.0), (500.0, 500.0)]),
    count=st.integers(900, 4000),
    piece=st.integers(20, 900),
)
@settings(max_examples=30, deadline=None)
def test_resampling_piece_by_piece_is_resampling(rates: tuple[float, float], count: int, piece: int) -> None:
    samples = np.random.default_rng(count).normal(size=(2, count)).astype(np.float32)
    samples[1, 400:430] = np.nan
    given_rates = {"from_hz": rates[0], "to_hz": rates[1]}
    whole = resample(samples, **given_rates)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("ecgomics.cohort.resample._PIECE", piece)
        parts = list(resample_pieces(lambda a, b: samples[:, a:b], samples=count, **given_rates))
    pieced = np.concatenate(parts, axis=1)
    assert pieced.shape == whole.shape == (2, resampled_length(count, **given_rates))
    np.testing.assert_array_equal(np.isnan(pieced), np.isnan(whole))
    # beyond the ends both go on along the line through the ends of what they have, and so across a gap at a seam
    step = rates[1] / rates[0]
    edges = [0, round(415 * step), pieced.shape[1]]
    near = np.min([np.abs(np.arange(pieced.shape[1]) - edge) for edge in edges], axis=0) < 60 * max(1, step)
    np.testing.assert_allclose(pieced[:, ~near], whole[:, ~near], atol=1e-5)
    np.testing.assert_allclose(pieced[:, near], whole[:, near], atol=0.3)
