import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from ecgomics_widgets import ArraySource
from ecgomics_widgets.sources import SAMPLES_A_COLUMN

NOISE = np.random.default_rng(1).normal(size=(1, 200_000)).astype(np.float32)


@settings(max_examples=60, deadline=None)
@given(start=st.floats(0, 1000), span=st.floats(20, 2000), width=st.integers(50, 2000), missing=st.integers(0, 100_000))
def test_envelope_is_the_exact_minimum_and_maximum_of_each_column(start, span, width, missing):
    values = NOISE.copy()
    values[0, missing : missing + 3000] = np.nan
    source = ArraySource(values, rate_hz=100, leads=["II"])
    window = source.window(start, min(2000.0, start + span), width)
    if window.values.ndim == 2:
        assert span * 100 <= SAMPLES_A_COLUMN * width + 2 or start + span > 2000
        return
    size = round(window.step_s * 100)
    assert size <= span * 100 / width + 1  # columns no wider than asked for
    first = round(window.t0_s * 100)
    for column in (0, window.values.shape[1] // 2, window.values.shape[1] - 1):
        run = values[0, first + column * size : first + (column + 1) * size]
        known = run[np.isfinite(run)]
        low, high = window.values[0, column]
        if len(known):
            assert (low, high) == (known.min(), known.max())
        else:
            assert np.isnan(low)
            assert np.isnan(high)
