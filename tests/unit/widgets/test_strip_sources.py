import numpy as np
import pytest

from ecgomics_widgets import ArraySource, WidgetError
from ecgomics_widgets.sources import envelope


def noise(count, leads=2, seed=1):
    return np.random.default_rng(seed).normal(size=(leads, count)).astype(np.float32)


def test_few_samples_a_column_are_sent_as_they_are():
    values = noise(5000)
    window = ArraySource(values, rate_hz=500, leads=["I", "II"]).window(2.0, 4.0, 1000)
    first = round(window.t0_s * 500)
    assert window.step_s == 1 / 500
    assert np.array_equal(window.values, values[:, first : first + window.values.shape[1]])
    assert window.t0_s <= 2.0
    assert window.t0_s + (window.values.shape[1] - 1) * window.step_s >= 4.0


def test_envelope_covers_a_last_short_run():
    low, high = envelope(np.array([[1, 2, 3, 9, -4]], dtype=np.float32), size=2)[0].T
    assert low.tolist() == [1, 3, -4]
    assert high.tolist() == [2, 9, -4]


def test_window_outside_is_empty_and_not_an_error():
    window = ArraySource(noise(100), rate_hz=10, leads=["I", "II"]).window(50.0, 60.0, 100)
    assert window.values.shape == (2, 0)


def test_float32_is_not_copied():
    values = noise(100)
    assert np.shares_memory(ArraySource(values, rate_hz=10, leads=["I", "II"]).values, values)


@pytest.mark.parametrize(("leads", "rate"), [(["I"], 100), (["I", "I"], 100), (["I", "II"], 0)])
def test_names_and_rates_that_do_not_fit_are_refused(leads, rate):
    with pytest.raises(WidgetError):
        ArraySource(noise(100), rate_hz=rate, leads=leads)
