"""What a changed threshold costs: every rule on 20,000 records, beside judging them one by one in Python."""

from __future__ import annotations

import time

import numpy as np
import pytest
import xarray as xr

from ecgomics.rules import evaluate, load_rules, with_limits

pytestmark = pytest.mark.bench

RECORDS = 20_000


@pytest.fixture(scope="module")
def cohort() -> tuple[xr.Dataset, xr.Dataset]:
    rng = np.random.default_rng(0)
    names = sorted({name for rule in load_rules() for name in rule.inputs})
    values = rng.normal(0, 100, (RECORDS, len(names))).astype(np.float32)
    values[rng.random(values.shape) < 0.05] = np.nan
    records = [f"{k:016x}" for k in range(RECORDS)]
    table = xr.Dataset({"value": (("record", "biomarker"), values)}, coords={"record": records, "biomarker": names})
    people = xr.Dataset(
        {
            "age": ("record", rng.uniform(20, 90, RECORDS).astype(np.float32)),
            "sex": ("record", rng.choice(["M", "F", ""], RECORDS)),
        },
        coords={"record": records},
    )
    return table, people


def test_a_changed_threshold_re_evaluates_the_cohort_within_a_second(cohort):
    values, subjects = cohort
    rules = with_limits(load_rules(), {"first_degree_block.pr_long": 210})
    evaluate(values.isel(record=slice(0, 10)), subjects=subjects, rules=rules)
    start = time.process_time()
    findings = evaluate(values, subjects=subjects, rules=rules)
    spent = time.process_time() - start
    print(f"\n{RECORDS} records × {len(rules)} rules ({findings.sizes['clause']} clauses): {spent:.2f} s of CPU")
    assert spent < 1.0


def test_a_block_is_far_cheaper_than_its_records_one_by_one(cohort):
    values, subjects = cohort
    few = values.isel(record=slice(0, 20))
    start = time.process_time()
    for k in range(20):
        evaluate(few.isel(record=[k]), subjects=subjects)
    alone = (time.process_time() - start) / 20
    start = time.process_time()
    evaluate(values, subjects=subjects)
    together = (time.process_time() - start) / RECORDS
    print(f"\na record alone {alone * 1e3:.1f} ms, in a block {together * 1e6:.0f} µs")
    assert together < alone / 50
