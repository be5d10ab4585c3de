import numpy as np
import pytest
from scipy import stats

from ecgomics.discovery.significance import benjamini_yekutieli, missingness_p


def test_untested_biomarkers_do_not_count():
    p = np.array([0.001, np.nan, 0.02, np.nan, 0.5])
    q = benjamini_yekutieli(p)
    expected = stats.false_discovery_control([0.001, 0.02, 0.5], method="by")
    np.testing.assert_allclose(q[[0, 2, 4]], expected)
    assert np.isnan(q[[1, 3]]).all()
    assert np.isnan(benjamini_yekutieli(np.array([np.nan]))).all()


def test_missingness_is_fishers_test_with_doubled_tail():
    p = missingness_p((np.array([0.0, 8.0, 20.0]), np.array([0.0, 2.0, 80.0])), (20, 80))
    law = stats.hypergeom(100, 10, 20)
    assert p[0] == p[2] == 1.0
    assert p[1] == pytest.approx(2 * law.sf(7), rel=1e-9)
