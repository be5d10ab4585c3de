import numpy as np
import pandas as pd
import pytest

from ecgomics.discovery import contrast, null_cloud
from ecgomics.errors import DiscoveryError
from ecgomics.settings import ContrastSettings, LockBoxSettings

QUICK = ContrastSettings(resamples=100)


@pytest.fixture(scope="module")
def material():
    rng = np.random.default_rng(0)
    values = pd.DataFrame(
        rng.normal(size=(300, 40)),
        index=[f"r{row}" for row in range(300)],
        columns=[f"b{column}" for column in range(40)],
    )
    group = np.arange(300) < 80
    values.loc[group, "b0"] += 2
    patient = np.array([f"p{row // 2}" for row in range(300)])
    return values, group, patient


@pytest.mark.parametrize("kind", ["permuted", "random"])
def test_a_null_cloud_is_centred_quiet_and_as_wide_as_chance(material, kind):
    values, group, patient = material
    found = contrast(values, group, patient=patient, drawn_on="labels", settings=QUICK)
    cloud = null_cloud(found, values, patient=patient, kind=kind, draws=100)
    assert cloud.auc.shape == (100, 40)
    assert cloud.auc.mean() == pytest.approx(0.5, abs=0.01)
    # 40 against 110 patients
    assert cloud.auc.std() == pytest.approx(np.sqrt(151 / (12 * 40 * 110)), rel=0.1)
    assert cloud.share_of_draws() <= 0.05
    band = cloud.band().set_index("biomarker")
    best = found.table().iloc[0]
    assert best["biomarker"] == "b0"
    assert best["auc"] > band.loc["b0", "high"]
    assert cloud.table().shape == (4000, 4)
    again = null_cloud(found, values, patient=patient, kind=kind, draws=100)
    np.testing.assert_array_equal(cloud.auc, again.auc)


def test_a_random_group_is_drawn_from_everybody_that_may_be_seen(material):
    values, group, patient = material
    box, other = LockBoxSettings(share=0.3), np.arange(300) >= 280
    found = contrast(values, group, against=other, patient=patient, drawn_on="labels", lockbox=box, settings=QUICK)
    permuted, random = (
        null_cloud(found, values, patient=patient, kind=kind, draws=20) for kind in ("permuted", "random")
    )
    # the rest of a random group is everybody else, which makes its cloud narrower
    assert random.auc.std() < permuted.auc.std() / 1.5


def test_another_table_is_refused(material):
    values, group, patient = material
    found = contrast(values, group, patient=patient, drawn_on="labels", settings=QUICK)
    with pytest.raises(DiscoveryError, match="none of the contrast's records"):
        null_cloud(found, values.set_axis([f"x{row}" for row in range(300)]), patient=patient)
