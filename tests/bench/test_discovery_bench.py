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


@pytest.mark.timeout(1200)
@pytest.mark.parametrize(("records", "budget_ms"), [(100_000, 20), (1_000_000, 200)])
def test_a_live_table_while_a_group_is_dragged(records, budget_ms):
    rng = np.random.default_rng(3)
    values = rng.standard_normal((records, 300))
    values[:, ::5][rng.random((records, 60)) < 0.03] = np.nan
    shares: list[float] = []
    start = time.process_time()
    ranks = RankTable(values, progress=shares.append)
    prepared = time.process_time() - start
    del values
    spent = {}
    for share in (0.01, 0.1, 0.5):
        group = rng.random(records) < share
        spent[share] = cpu_ms(lambda group=group: ranks.preview(group), repeats=5)
    told = ", ".join(f"{ms:.1f} ms for {share:.0%}" for share, ms in spent.items())
    print(f"\n300 biomarkers × {records:,} records: {told} of the records in the group (budget {budget_ms} ms); ")
    print(f"ranks prepared once in {prepared:.1f} s, progress told {len(shares)} times")
    assert len(shares) > 1
    # a preview touches each rank of the smaller side once; making the ranks sorts all of them
    assert max(spent.values()) < prepared * 1e3 / 50


def test_a_full_contrast_costs_seconds_at_most(cohort):
    table, group = pd.DataFrame(cohort[:1000]), np.arange(1000) < 200
    adjust = pd.DataFrame({"age": np.random.default_rng(2).uniform(20, 90, 1000)})
    plain = cpu_ms(lambda: contrast(table, group, drawn_on="labels"), repeats=1)
    adjusted = cpu_ms(lambda: contrast(table, group, adjust=adjust, drawn_on="labels"), repeats=1)
    print(f"\n300 biomarkers × 1,000 patients × 1,000 resamples: {plain:.0f} ms, adjusted {adjusted:.0f} ms")
    assert plain < 10_000
