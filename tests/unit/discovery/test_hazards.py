import subprocess
import sys

import numpy as np
import pandas as pd
import pytest

from ecgomics.discovery import hazards
from ecgomics.errors import DiscoveryError


@pytest.fixture(scope="module")
def cohort():
    """400 patients: `true` doubles the hazard a standard deviation, `aged` only through age; a third is censored."""
    rng = np.random.default_rng(0)
    age = rng.uniform(30, 90, 400)
    values = pd.DataFrame(rng.normal(size=(400, 6)), columns=["true", "aged", "b0", "b1", "b2", "flat"])
    values["aged"] = (age - 60) / 17 + 0.5 * values["aged"]
    values["flat"] = 1.0
    values.loc[::20, "b0"] = np.nan
    time = rng.exponential(np.exp(-(np.log(2) * values["true"] + 0.06 * (age - 60))))
    stop = rng.exponential(2.0, 400)
    return values, np.minimum(time, stop), time <= stop, pd.DataFrame({"age": age})


def test_a_hazard_ratio_is_recovered_and_age_is_taken_off(cohort):
    values, duration, event, age = cohort
    found = hazards(values, duration, event=event, adjust=age, drawn_on="table")
    rows = found.table().set_index("biomarker")
    assert rows.loc["true", "low_adjusted"] < 2.05 < rows.loc["true", "high_adjusted"] + 0.1
    assert rows.loc["true", "hr_adjusted"] == pytest.approx(2.0, rel=0.2)
    assert rows.loc["aged", "q"] < 1e-3
    assert rows.loc["aged", "q_adjusted"] > 0.05
    assert found.candidates()["biomarker"].tolist() == ["true"]
    assert np.isnan(rows.loc["flat", "hr"])
    assert rows.loc["b0", "missing_group"] == 20
    assert rows.loc["true", "concordance"] > 0.6
    assert (found.n.patients_group, found.n.patients_rest) == (event.sum(), (~event).sum())
    assert found.badge == "declared"


def test_chance_is_left_alone_and_effects_do_not_depend_on_the_unit(cohort):
    values, duration, event, _ = cohort
    rng = np.random.default_rng(1)
    order = rng.permutation(400)
    plain, scaled = (
        hazards(table, duration[order] * unit, event=event[order], drawn_on="table")
        for table, unit in ((values, 1.0), (values * 1000 + 5, 365.0))
    )
    assert plain.candidates().empty
    np.testing.assert_allclose(plain.table()["hr"], scaled.table()["hr"], rtol=1e-6)


def test_too_few_events_for_the_terms_leave_it_unsaid(cohort):
    values, duration, _, age = cohort
    rare = np.arange(400) < 8
    rows = hazards(values, duration, event=rare, adjust=age, drawn_on="table").table()
    assert rows["hr"].notna().any()
    assert rows["hr_adjusted"].isna().all()


@pytest.mark.parametrize(
    ("change", "said"),
    [
        (dict(duration=np.zeros(400)), "400 durations at or below 0"),
        (dict(event=np.full(400, 2)), "neither 0 nor 1"),
        (dict(event=np.zeros(400)), "0 patients with the event"),
        (dict(event=np.zeros(4)), "event of 4 records"),
    ],
)
def test_what_cannot_be_followed_is_said(cohort, change, said):
    values, duration, event, _ = cohort
    given = dict(duration=duration, event=event) | change
    with pytest.raises(DiscoveryError, match=said):
        hazards(values, given["duration"], event=given["event"])


def test_the_model_loads_only_when_asked():
    code = "import sys, ecgomics.discovery; print(' '.join(sys.modules))"
    loaded = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout.split()
    assert not {"lifelines", "sklearn", "matplotlib", "autograd"} & set(loaded)
