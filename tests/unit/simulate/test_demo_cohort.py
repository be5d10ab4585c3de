"""The demo cohort: a mix, labelled synthetic, with one planted biomarker and nothing else that tells the group."""

from __future__ import annotations

from collections import Counter

import numpy as np
import pytest

from ecgomics.records import Record
from ecgomics.simulate import CONDITIONS, demo_patients
from ecgomics.simulate.demo import PLANTED, PLANTED_SHIFT, condition_mix, demo_patient, planted_patients


@pytest.fixture(scope="module")
def cohort() -> list[Record]:
    return list(demo_patients(60, seed=7))


def codes(record):
    return {label.code for label in record.labels}


def test_every_record_says_that_it_is_synthetic(cohort):
    for record in cohort:
        assert record.ecg.attrs["synthetic"] is True
        assert record.device == "ECGomics simulator"
        assert record.source.startswith("synthetic-")
        assert any("synthetic" in note for note in record.notes)
        assert {label.system for label in record.labels} == {"synthetic"}
        assert record.ecg.shape == (12, 5000)
        assert record.native_hz == 500
        assert record.sex in ("M", "F")
        assert 16 <= record.age <= 100


def test_sources_and_ids_are_unique_and_some_patients_came_twice(cohort):
    assert len({record.source for record in cohort}) == len(cohort)
    assert len({record.id for record in cohort}) == len(cohort)
    visits = Counter(record.patient for record in cohort)
    assert len(visits) == 60
    assert sum(count == 2 for count in visits.values()) == 5
    twice = [record for record in cohort if visits[record.patient] == 2]
    first, second = twice[:2]
    assert first.patient == second.patient
    assert (first.age, first.sex, codes(first)) == (second.age, second.sex, codes(second))
    assert first.start < second.start


def test_the_cohort_is_repeatable(cohort):
    again = next(iter(demo_patients(60, seed=7)))
    assert again.id == cohort[0].id
    assert next(iter(demo_patients(60, seed=8))).id != cohort[0].id


def test_the_default_mix_has_every_condition_by_weight():
    names = condition_mix(420, seed=7)
    assert len(names) == 420
    counts = Counter(names)
    assert set(counts) == {name for name, condition in CONDITIONS.items() if condition.weight}
    assert counts["normal"] > 100
    assert min(counts.values()) >= 5


def test_a_fifth_of_every_condition_carries_the_phenotype():
    names = condition_mix(420, seed=7)
    planted = planted_patients(names, seed=7)
    assert planted.mean() == pytest.approx(0.2, abs=0.02)
    for name in ("normal", "af", "lbbb"):
        share = planted[[k for k, other in enumerate(names) if other == name]].mean()
        assert share == pytest.approx(0.2, abs=0.06)


def test_the_phenotype_changes_the_t_asymmetry_and_nothing_else():
    for index in range(12):
        plain = demo_patient("normal", index=index, seed=7).as_dict()
        planted = demo_patient("normal", index=index, seed=7, group=PLANTED).as_dict()
        assert planted.pop("t_asymmetry") == pytest.approx(plain.pop("t_asymmetry") + PLANTED_SHIFT)
        assert planted == plain


def test_the_groups_are_matched_but_for_the_planted_biomarker():
    names = condition_mix(420, seed=7)
    planted = planted_patients(names, seed=7)
    patients = [
        demo_patient(name, index=k, seed=7, group=PLANTED if planted[k] else "") for k, name in enumerate(names)
    ]

    def apart(values):
        values = np.array(values, dtype=float)
        return (values[planted].mean() - values[~planted].mean()) / values[~planted].std()

    assert apart([patient.tpe_s / patient.qt_s for patient in patients]) > 2
    for name in ("age", "heart_rate_bpm", "pr_ms", "qrs_ms", "qtc_ms", "qrs_mv", "t_mv", "qrs_axis_deg", "t_share"):
        # 84 against 336: three standard errors are 0.37
        assert abs(apart([getattr(patient, name) for patient in patients])) < 0.37, name
    assert abs(apart([patient.sex == "F" for patient in patients])) < 0.37
