import json

import numpy as np
import pandas as pd
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays
from scipy import stats

from ecgomics.discovery import Ledger, Region, auc_error, power, sealed, standardised_difference
from ecgomics.discovery.intervals import paired_interval, wilson_interval
from ecgomics.discovery.kinship import rank_correlation
from ecgomics.discovery.lockbox import in_part
from ecgomics.discovery.pairs import signed_rank_p
from ecgomics.settings import LockBoxSettings

numbers = st.integers(-50, 50).map(float) | st.just(float("nan"))
tables = st.integers(8, 40).flatmap(lambda rows: arrays(np.float64, (rows, 3), elements=numbers))
names = st.lists(st.text(min_size=1, max_size=12), min_size=1, max_size=40)


@given(names, st.floats(0.0, 0.8), st.text(max_size=8))
@settings(max_examples=60, deadline=None)
def test_every_patient_is_in_exactly_one_part_with_all_records(patients, share, salt):
    box = LockBoxSettings(share=share, salt=salt)
    twice = patients + patients
    parts = [in_part(part, patient=twice, settings=box) for part in ("first half", "second half", "lockbox")]
    for part in parts:
        # a patient without an id is placed by the record, so only those with one stay together
        together = np.array([bool(name.strip()) for name in patients])
        np.testing.assert_array_equal(part[: len(patients)][together], part[len(patients) :][together])
    np.testing.assert_array_equal(np.sum(parts, axis=0), 1)


@given(names, st.floats(0.0, 0.4), st.floats(0.0, 0.4))
@settings(max_examples=40, deadline=None)
def test_a_larger_lock_box_holds_the_smaller_one(patients, share, more):
    small, large = (
        sealed(patients, record=patients, settings=LockBoxSettings(share=size)) for size in (share, share + more)
    )
    assert (large | ~small).all()


@given(tables)
@settings(max_examples=60, deadline=None)
def test_turning_every_change_round_mirrors_the_pairs(change):
    np.testing.assert_allclose(signed_rank_p(change), signed_rank_p(-change), atol=1e-12)
    there, back = (paired_interval(side, resamples=100)[0] for side in (change, -change))
    np.testing.assert_allclose(there, 1 - back, atol=1e-12)


@given(tables)
@settings(max_examples=60, deadline=None)
def test_the_effects_mirror_and_the_auc_is_mann_whitneys(values):
    members = np.arange(len(values)) % 2 == 0
    (auc, error), (mirrored, _) = auc_error(values, members), auc_error(values, ~members)
    np.testing.assert_allclose(auc, 1 - mirrored, atol=1e-12)
    assert (error[np.isfinite(error)] >= 0).all()
    g, turned = (standardised_difference(values, side) for side in (members, ~members))
    np.testing.assert_allclose(g, -turned, atol=1e-9)
    for column in np.flatnonzero(np.isfinite(auc)):
        sides = [values[side, column] for side in (members, ~members)]
        ours, theirs = (side[~np.isnan(side)] for side in sides)
        u = stats.mannwhitneyu(ours, theirs, method="asymptotic").statistic if np.ptp(values[:, column]) else None
        if u is not None:
            np.testing.assert_allclose(auc[column], u / (len(ours) * len(theirs)), atol=1e-12)


@given(tables)
@settings(max_examples=60, deadline=None)
def test_correlations_are_symmetric_and_within_one(values):
    found = rank_correlation(values)
    np.testing.assert_allclose(found, found.T, atol=1e-12)
    assert (np.abs(found) <= 1).all()


@given(st.integers(0, 60), st.integers(1, 60))
def test_wilsons_interval_holds_the_share(seen, others):
    low, high = wilson_interval(np.array([float(seen)]), np.array([float(seen + others)]))
    share = seen / (seen + others)
    assert 0 <= low[0] <= share + 1e-12
    assert share - 1e-12 <= high[0] <= 1


@given(st.floats(0.51, 0.95), st.integers(10, 500), st.integers(10, 500))
def test_more_patients_never_lose_power(auc, inside, outside):
    few, many = power(auc, inside, outside), power(auc, 2 * inside, 2 * outside)
    assert 0 <= few <= many + 1e-9
    np.testing.assert_allclose(few, power(1 - auc, inside, outside), atol=1e-12)


@given(arrays(np.float64, (30, 2), elements=st.floats(-2, 2)))
def test_a_region_holds_the_same_points_whichever_way_it_was_drawn(points):
    corners = ((-1.0, -1.1), (1.2, -0.9), (0.9, 1.3), (-0.8, 0.7))
    places = pd.DataFrame(points, index=[f"r{row}" for row in range(30)])
    there, back = (Region("shape", drawn, places).group().records for drawn in (corners, corners[::-1]))
    assert there == back


@given(st.lists(st.lists(st.sampled_from(["PR", "QRS", "QT"]), min_size=1, max_size=3), max_size=5))
def test_a_ledger_is_what_was_written_and_only_grows(spendings):
    ledger = Ledger()
    for names_spent in spendings:
        outcomes = [dict(biomarker=name, p=0.5, replicated=False) for name in names_spent]
        longer = ledger.with_spending("question", source="box", outcomes=outcomes)
        assert longer.entries[: len(ledger.entries)] == ledger.entries
        ledger = longer
    assert Ledger.from_dict(json.loads(json.dumps(ledger.as_dict()))) == ledger
    assert len(ledger.spent("box")) == sum(map(len, spendings))
