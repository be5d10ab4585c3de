import numpy as np
import pandas as pd
import pytest
from lifelines import CoxPHFitter
from lifelines.statistics import logrank_test

from ecgomics.discovery import hazards
from ecgomics.discovery.cox import Followed, log_rank_p, orthogonal, resampled_coefficients
from ecgomics.discovery.intervals import resample_weights
from ecgomics.settings import ContrastSettings


@pytest.fixture(scope="module")
def followed():
    rng = np.random.default_rng(3)
    age = rng.normal(size=150)
    value = 0.6 * age + rng.normal(size=150)
    time = rng.exponential(np.exp(-(0.5 * value + 0.8 * age)))
    stop = rng.exponential(1.5, 150)
    return np.minimum(time, stop), (time <= stop).astype(float), value, age


def refitted(duration, event, columns, weight):
    rows = np.repeat(np.arange(len(duration)), weight.astype(int))
    frame = pd.DataFrame(columns[rows], columns=[f"x{n}" for n in range(columns.shape[1])])
    # copies of a patient are ties: Breslow's rule needs them apart by nothing
    model = CoxPHFitter(baseline_estimation_method="breslow").fit(
        frame.assign(t=duration[rows], e=event[rows]), "t", "e"
    )
    return float(model.params_["x0"])


def test_resampled_coefficients_are_those_of_refitted_models(followed):
    duration, event, value, age = followed
    columns = np.column_stack([value, age])
    model = CoxPHFitter().fit(pd.DataFrame(columns, columns=["x0", "x1"]).assign(t=duration, e=event), "t", "e")
    beta, covariance = np.asarray(model.params_), np.asarray(model.variance_matrix_)
    own = orthogonal(value, age[:, None], covariance)
    weights = resample_weights(150, 60, np.random.default_rng(0))
    drawn = resampled_coefficients(
        Followed.of(duration, event), own, start=beta[0], offset=columns @ beta - beta[0] * own, weights=weights
    )
    assert drawn[0] == pytest.approx(beta[0], abs=1e-3)
    again = np.array([refitted(duration, event, columns, weights[:, k]) for k in range(1, 61)])
    # Efron's ties among copies and the refitted term move single draws, not where they lie
    assert np.corrcoef(drawn[1:], again)[0, 1] > 0.95
    assert drawn[1:].std() == pytest.approx(again.std(), rel=0.15)


def test_intervals_resample_patients_and_agree_with_walds_where_the_model_holds(followed):
    duration, event, value, age = followed
    table = pd.DataFrame({"value": value, "noise": np.random.default_rng(4).normal(size=150)})
    asked = dict(event=event, adjust=pd.DataFrame({"age": age}), drawn_on="table")
    drawn, wald = (
        hazards(table, duration, **asked, settings=ContrastSettings(interval=way)).table().set_index("biomarker")
        for way in ("bootstrap", "formula")
    )
    for suffix in ("", "_adjusted"):
        widths = [np.log(rows[f"high{suffix}"] / rows[f"low{suffix}"]) for rows in (drawn, wald)]
        np.testing.assert_allclose(widths[0], widths[1], rtol=0.35)
        assert (drawn[f"low{suffix}"] < drawn[f"hr{suffix}"]).all()
        assert (drawn[f"high{suffix}"] > drawn[f"hr{suffix}"]).all()
        np.testing.assert_array_equal(drawn[f"q{suffix}"], wald[f"q{suffix}"])
    assert not np.allclose(drawn["low"], wald["low"])


def test_the_log_rank_test_is_lifelines(followed):
    duration, event, value, _ = followed
    inside = value > 0.3
    peer = logrank_test(duration[inside], duration[~inside], event[inside], event[~inside]).p_value
    assert log_rank_p(duration, event, inside) == pytest.approx(peer, rel=1e-6)
    assert log_rank_p(duration, event, np.zeros(150, dtype=bool)) == 1.0
