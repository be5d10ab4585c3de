"""The census: a cohort as arrays, joined by record id, never by position."""

from __future__ import annotations

import numpy as np
import pytest

from ecgomics.errors import VocabularyError


def test_stages_are_joined_by_id_whatever_their_order(make_reading):
    census = make_reading(20).census
    found = census.cohort.biomarkers
    census.cohort._biomarkers = found.isel(record=slice(None, None, -1))
    expected = found["value"].sel(biomarker="PR_Int_Global").values
    np.testing.assert_array_equal(census.numbers("PR_Int_Global"), expected.astype(float))


def test_a_record_a_stage_lacks_is_unknown_not_another_records_value(make_reading):
    census = make_reading(20).census
    census.cohort._biomarkers = census.cohort.biomarkers.isel(record=slice(5, None))
    values = census.numbers("PR_Int_Global")
    assert np.isnan(values[:5]).all()
    assert np.isfinite(values[5:]).all()
    assert (census.state_of("long_pr")[:5] == census.UNKNOWN).all()


def test_before_analysis_nothing_is_known_and_nothing_breaks(make_reading):
    census = make_reading(5, analysed=False).census
    assert census.biomarker_columns == {}
    assert np.isnan(census.quality).all()
    assert "source" in census.columns
    assert census.state_of("long_pr").tolist() == [census.UNKNOWN] * 5


def test_records_of_one_patient_are_counted_once(reading):
    assert reading.census.n_patients == 55


def test_natural_order_puts_nine_before_ten(reading):
    ranks = reading.census.ranks("source")
    assert ranks[9] < ranks[10]
    assert ranks[2] < ranks[10]


def test_an_unknown_record_or_column_says_so(reading):
    with pytest.raises(VocabularyError, match="no record with that id"):
        reading.census.at("nobody")
    with pytest.raises(VocabularyError, match="did you mean 'PR_Int_Global'"):
        reading.census.column("PR_Int_Globl")


def test_search_reads_sources_patients_labels_and_rules_met(reading):
    text = reading.census.search_text[0]
    assert "rec0" in text
    assert "1avb" in text
    assert "long pr" in text
