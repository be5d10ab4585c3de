from datetime import UTC, datetime

import numpy as np
import pandas as pd
import pytest

from ecgomics.discovery import Group, Ledger, contrast, replicate, sealed
from ecgomics.discovery.lockbox import in_part
from ecgomics.errors import DiscoveryError
from ecgomics.settings import ContrastSettings, LockBoxSettings

QUICK = ContrastSettings(resamples=100)
BOX = LockBoxSettings(share=0.3)
NOON = datetime(2026, 1, 2, 12, tzinfo=UTC)


@pytest.fixture
def cohort():
    """600 records of 300 patients, 20 biomarkers; `true` differs, `fluke` does so outside the lock-box only."""
    rng = np.random.default_rng(0)
    patient = np.repeat([f"p{number}" for number in range(300)], 2)
    ids = [f"r{row:03d}" for row in range(600)]
    own = rng.normal(size=(300, 20)).repeat(2, axis=0) + 0.2 * rng.normal(size=(600, 20))
    values = pd.DataFrame(own, index=ids, columns=["true", "fluke", *[f"b{number}" for number in range(18)]])
    labelled = (np.arange(300) % 3 == 0).repeat(2)
    values.loc[labelled, "true"] += 1.5
    values.loc[labelled & ~sealed(patient, settings=BOX), "fluke"] += 1.5
    return values, Group.from_mask("labelled", labelled, record=ids, origin="labels"), patient


def found_in(cohort, **more):
    values, group, patient = cohort
    return contrast(values, group, patient=patient, lockbox=BOX, settings=QUICK, **more)


def spend(cohort, found, ledger, *, biomarkers, **more):
    values, group, patient = cohort
    asked = dict(group=group, patient=patient, lockbox=BOX, when=NOON) | more
    return replicate(found, values, biomarkers=biomarkers, ledger=ledger, **asked)


def test_a_patient_is_on_one_side_whatever_else_the_cohort_holds():
    patient = np.array([f"p{number}" for number in range(5000)])
    box = sealed(patient, settings=BOX)
    assert box.mean() == pytest.approx(0.3, abs=0.02)
    order = np.random.default_rng(1).permutation(5000)[:100]
    np.testing.assert_array_equal(sealed(patient[order], settings=BOX), box[order])
    assert sealed(["p1"] * 3, settings=BOX).tolist() == [bool(box[1])] * 3
    other = sealed(patient, settings=LockBoxSettings(share=0.3, salt="another"))
    assert 0.3 < np.mean(other != box) < 0.55


def test_the_place_of_a_patient_does_not_change_between_releases():
    assert np.flatnonzero(sealed([f"p{number}" for number in range(20)], settings=BOX)).tolist() == [0, 17]


def test_records_without_a_patient_are_placed_by_their_own_id():
    records = [f"r{row}" for row in range(1000)]
    box = sealed([""] * 500 + [None] * 250 + [float("nan")] * 250, record=records, settings=BOX)
    assert box.mean() == pytest.approx(0.3, abs=0.05)


def test_parts_share_no_patient_and_leave_none_out():
    patient = np.repeat([f"p{number}" for number in range(400)], 2)
    parts = [in_part(part, patient=patient, settings=BOX) for part in ("first half", "second half", "lockbox")]
    np.testing.assert_array_equal(np.sum(parts, axis=0), 1)
    np.testing.assert_array_equal(parts[0] | parts[1], in_part("discovery", patient=patient, settings=BOX))
    assert parts[0].sum() == pytest.approx(parts[1].sum(), rel=0.2)
    with pytest.raises(DiscoveryError, match="did you mean 'lockbox'"):
        in_part("lockbx", patient=patient, settings=BOX)


def test_exploration_never_sees_the_lock_box(cohort):
    values, group, patient = cohort
    inside = sealed(patient, record=values.index, settings=BOX)
    before = found_in(cohort)
    spoilt = values.copy()
    spoilt.loc[inside] = 1e6
    after = contrast(spoilt, group, patient=patient, lockbox=BOX, settings=QUICK)
    pd.testing.assert_frame_equal(before.table(), after.table())
    assert before.recipe == after.recipe
    assert before.n.elsewhere == len(set(patient[inside]))
    assert any("set aside" in note for note in before.notes)
    assert not set(values.index[inside]) & {record for side in before.sides for record in side}


def test_a_cohort_brings_its_lock_box(cohort):
    import xarray as xr

    values, group, owner = cohort

    class Store:
        lockbox = BOX
        biomarkers = xr.Dataset(
            {"value": (("record", "biomarker"), values.to_numpy())},
            coords={"record": values.index.to_numpy(), "biomarker": values.columns.to_numpy()},
        )
        subjects = xr.Dataset({"patient": ("record", owner)}, coords={"record": values.index.to_numpy()})

    result = contrast(Store(), group, settings=QUICK)
    assert result.recipe["lockbox"] == BOX.as_dict() | {"part": "discovery"}
    pd.testing.assert_series_equal(result.table()["auc"], found_in(cohort).table()["auc"])


def test_what_is_true_replicates_and_a_fluke_does_not(cohort):
    found = found_in(cohort)
    assert set(found.candidates()["biomarker"]) == {"true", "fluke"}
    done = spend(cohort, found, Ledger().with_contrast(found, when=NOON), biomarkers=["true", "fluke"])
    rows = done.table().set_index("biomarker")
    assert rows["replicated"].to_dict() == {"true": True, "fluke": False}
    assert rows.loc["true", "power"] > 0.95
    badges = done.found.table().set_index("biomarker")["badge"]
    assert (badges["true"], badges["fluke"], badges["b3"]) == ("replicated", "declared", "declared")
    assert found.table().set_index("biomarker")["badge"]["true"] == "declared"


def test_only_the_candidates_columns_are_looked_at(cohort):
    values, group, patient = cohort
    found = found_in(cohort)
    done = spend(cohort, found, Ledger(), biomarkers=["true"])
    assert done.contrast.table()["biomarker"].tolist() == ["true"]
    spoilt = values.copy()
    spoilt.loc[:, "b3"] = np.nan
    again = spend((spoilt, group, patient), found, Ledger(), biomarkers=["true"])
    pd.testing.assert_frame_equal(done.table(), again.table())


def test_a_candidate_is_spent_once_whatever_it_is_adjusted_for(cohort):
    found = found_in(cohort)
    ledger = spend(cohort, found, Ledger(), biomarkers=["true"]).ledger
    with pytest.raises(DiscoveryError, match="true was spent on these patients on 2026-01-02"):
        spend(cohort, found, ledger, biomarkers=["fluke", "true"])
    adjusted = found_in(cohort, adjust=["b5"])
    with pytest.raises(DiscoveryError, match="was spent"):
        spend(cohort, adjusted, ledger, biomarkers=["true"], adjust=["b5"])
    assert len(spend(cohort, found, ledger, biomarkers=["fluke"]).ledger.entries) == 2


def test_every_look_at_the_lock_box_is_paid_for():
    rng = np.random.default_rng(2)
    values = pd.DataFrame(rng.normal(size=(200, 30)), columns=[f"b{number}" for number in range(30)])
    group = Group.from_mask("g", np.arange(200) < 100, record=values.index.astype(str), origin="labels")
    values.iloc[:100, 0] += 0.75
    values.index = values.index.astype(str)
    found, ledger = contrast(values, group, lockbox=BOX, settings=QUICK), Ledger()
    alone = replicate(found, values, group=group, biomarkers=["b0"], ledger=ledger, lockbox=BOX).table()["q"].iloc[0]
    for name in values.columns[1:]:
        ledger = replicate(found, values, group=group, biomarkers=[name], ledger=ledger, lockbox=BOX).ledger
    last = replicate(found, values, group=group, biomarkers=["b0"], ledger=ledger, lockbox=BOX).table()["q"].iloc[0]
    assert last == pytest.approx(min(1.0, alone * 30 * np.sum(1 / np.arange(1, 31))), rel=1e-9)


def test_a_second_cohort_replicates_too(cohort):
    values, group, patient = cohort
    found = contrast(values, group, patient=patient, settings=QUICK)
    rng = np.random.default_rng(3)
    other = pd.DataFrame(rng.normal(size=(200, 20)), columns=values.columns, index=[f"s{row}" for row in range(200)])
    there = Group.from_mask("labelled", np.arange(200) < 60, record=other.index, origin="labels")
    other.loc[list(there.records), "true"] += 1.5
    asked = dict(group=there, biomarkers=["true", "fluke"], ledger=Ledger(), where="second cohort")
    done = replicate(found, other, **asked)
    assert done.table().set_index("biomarker")["replicated"].to_dict() == {"true": True, "fluke": False}
    with pytest.raises(DiscoveryError, match="records of the second cohort are records of the first"):
        replicate(found, values, patient=patient, **asked | {"group": group})


def test_what_cannot_count_as_replication_is_refused(cohort):
    values, group, patient = cohort
    found, open_box = found_in(cohort), contrast(values, group, patient=patient, settings=QUICK)
    drawn = Group("lasso", group.records, origin="latent")
    with pytest.raises(DiscoveryError, match="a group drawn on the data"):
        spend(cohort, found_in((values, drawn, patient)), Ledger(), biomarkers=["true"])
    with pytest.raises(DiscoveryError, match="not found outside this lock-box"):
        spend(cohort, open_box, Ledger(), biomarkers=["true"])
    with pytest.raises(DiscoveryError, match="not found outside this lock-box"):
        spend(cohort, found, Ledger(), biomarkers=["true"], lockbox=LockBoxSettings(share=0.3, salt="another"))
    with pytest.raises(DiscoveryError, match="did you mean 'true'"):
        spend(cohort, found, Ledger(), biomarkers=["ture"])
    rule = Group("rule", group.records, origin="rules", defined_by=("true",))
    with pytest.raises(DiscoveryError, match="true defines the group"):
        spend((values, rule, patient), found_in((values, rule, patient)), Ledger(), biomarkers=["true"])
