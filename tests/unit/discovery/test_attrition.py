import dataclasses

import numpy as np
import pandas as pd
import pytest

from ecgomics.discovery import contrast, lost
from ecgomics.errors import DiscoveryError
from ecgomics.settings import ContrastSettings

QUICK = ContrastSettings(interval="formula")


@pytest.fixture(scope="module")
def asked():
    rng = np.random.default_rng(0)
    age, rate = rng.normal(size=600), rng.normal(size=600)
    group = rng.random(600) < 1 / (1 + np.exp(-(1.2 * age + 1.2 * rate - 1)))
    noise = rng.normal(size=(600, 5)) * 0.5
    values = pd.DataFrame(
        {
            "aged": age + noise[:, 0],
            "quick": rate + noise[:, 1],
            "both": age + rate + noise[:, 2],
            "true": group + noise[:, 3],
            "none": noise[:, 4],
            "rate": rate,
            "beats": 60 / (80 + 10 * rate) + 1e-3 * noise[:, 4],
        }
    )
    return values, group, pd.DataFrame({"age": age, "rate": rate})


def test_what_adjustment_took_away_says_what_it_went_with(asked):
    values, group, people = asked
    found = contrast(values, group, adjust=people, drawn_on="labels", settings=QUICK)
    gone = lost(found).set_index("biomarker")["reason"].to_dict()
    assert gone == {
        "aged": "gone with age",
        "quick": "gone with rate",
        "both": "gone with age and rate together",
        "rate": "it is adjusted for",
        "beats": "nothing is left of it",
    }
    assert found.candidates()["biomarker"].tolist() == ["true"]
    # a confounder has no adjusted effect: nothing is left of it but how it bends
    assert np.isnan(found.results.set_index("biomarker").loc["rate", "auc_adjusted"])


def test_nothing_is_lost_where_nothing_is_adjusted(asked):
    values, group, people = asked
    assert lost(contrast(values, group, drawn_on="labels", settings=QUICK)).empty
    found = contrast(values, group, adjust=people, drawn_on="labels", settings=QUICK)
    with pytest.raises(DiscoveryError, match="does not know what it was made from"):
        lost(dataclasses.replace(found, given=None))
