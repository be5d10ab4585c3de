"""How long a candidate table takes while a group is drawn, beside testing every biomarker afresh."""

import time

import numpy as np
import pandas as pd
import pytest
from scipy import stats

from ecgomics.discovery import RankTable, contrast

pytestmark = pytest.mark.bench


def cpu_ms(call, *, repeats):
    call()
    start = time.process_time()
    for _ in range(repeats):
        call()
    return (time.process_time() - start) / repeats * 1e3


@pytest.fixture(scope="module")
def cohort():
    rng = np.random.default_rng(0)
    values = rng.normal(size=(100_000, 300))
    values[:, :100] = rng.random((100_000, 100)) < 0.01
    values[rng.random(values.shape) < 0.03] = np.nan
    return values


def test_a_live_table_of_100000_records(cohort):
    group = np.random.default_rng(1).random(len(cohort)) < 0.1
    ranks = RankTable(cohort)
    live = cpu_ms(lambda: ranks.preview(group), repeats=5)
    few = np.nan_to_num(cohort[:, 100:103])
    afresh = cpu_ms(lambda: stats.mannwhitneyu(few[group], few[~group]), repeats=1) * 100
    print(f"\n300 biomarkers × 100,000 records: preview {live:.1f} ms; scipy mannwhitneyu {afresh:.0f} ms (from three)")
    assert live < afresh / 50


def test_a_full_contrast_costs_seconds_at_most(cohort):
    table, group = pd.DataFrame(cohort[:1000]), np.arange(1000) < 200
    adjust = pd.DataFrame({"age": np.random.default_rng(2).uniform(20, 90, 1000)})
    plain = cpu_ms(lambda: contrast(table, group, drawn_on="labels"), repeats=1)
    adjusted = cpu_ms(lambda: contrast(table, group, adjust=adjust, drawn_on="labels"), repeats=1)
    print(f"\n300 biomarkers × 1,000 patients × 1,000 resamples: {plain:.0f} ms, adjusted {adjusted:.0f} ms")
    assert plain < 10_000
