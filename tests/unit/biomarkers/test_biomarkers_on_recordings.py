"""Intervals and rhythm of real recordings against their annotations; skipped where the recordings are not there."""

from __future__ import annotations

import os
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
import wfdb
import xarray as xr

from ecgomics.biomarkers import compare, measure
from ecgomics.vocabulary import LEADS, normalise_lead
from ecgomics.waves import delineate

DATA = Path(os.environ.get("ECGOMICS_DATA", Path(__file__).parents[4] / "shared" / "data"))

pytestmark = [
    pytest.mark.data,
    pytest.mark.skipif(not DATA.is_dir(), reason="no real recordings beside the checkout (set ECGOMICS_DATA)"),
]
EVERY = 3
"""One LUDB recording of so many."""


def annotated(stem: str) -> dict[str, float]:
    """Medians over leads and beats of the annotator's QRS, PR and QT, ms; NaN where there is none."""
    found: dict[str, list[float]] = {"QRS_Dur": [], "PR_Int": [], "QT_Int": []}
    for lead in LEADS:
        marks = wfdb.rdann(stem, lead.lower())
        waves = [
            (marks.symbol[k], *marks.sample[k - 1 : k + 2])
            for k in range(1, len(marks.sample) - 1)
            if marks.symbol[k] in "pNt" and (marks.symbol[k - 1], marks.symbol[k + 1]) == ("(", ")")
        ]
        for kind, on, _, off in waves:
            if kind != "N":
                continue
            found["QRS_Dur"].append(2 * (off - on))
            found["PR_Int"] += [2 * (on - p[1]) for p in waves if p[0] == "p" and 0 < on - p[1] < 200]
            found["QT_Int"] += [2 * (t[3] - on) for t in waves if t[0] == "t" and 0 < t[3] - on < 300]
    return {name: float(np.median(values)) if values else np.nan for name, values in found.items()}


@pytest.fixture(scope="module")
def ludb() -> tuple[pd.DataFrame, pd.DataFrame, xr.Dataset]:
    stems = [str(DATA / "ludb" / line) for line in (DATA / "ludb" / "RECORDS").read_text().split()[::EVERY]]
    signals = []
    for stem in stems:
        record = wfdb.rdrecord(stem)
        place = [normalise_lead(name) for name in record.sig_name]
        signals.append(record.p_signal.T[[place.index(lead) for lead in LEADS]])
    names = [Path(stem).name for stem in stems]
    ecg = xr.DataArray(
        np.stack(signals).astype(np.float32),
        dims=("record", "lead", "time"),
        coords={"record": names, "lead": list(LEADS)},
        attrs={"rate_hz": 500.0},
    )
    values = measure(delineate(ecg), ecg)
    table = pd.DataFrame(values["value"].values, index=names, columns=values["biomarker"].values)
    return table, pd.DataFrame([annotated(stem) for stem in stems], index=names), values


@pytest.mark.parametrize(("name", "bias_ms", "spread_ms"), [("QRS_Dur", 5, 10), ("PR_Int", 6, 10), ("QT_Int", 8, 16)])
def test_intervals_agree_with_the_annotators(
    ludb: tuple[pd.DataFrame, pd.DataFrame, xr.Dataset], name: str, bias_ms: float, spread_ms: float
) -> None:
    table, truth, _ = ludb
    error = (table[f"{name}_Global"] - truth[name]).dropna()
    assert len(error) >= 0.75 * len(truth)
    assert abs(error.median()) < bias_ms
    assert 1.4826 * (error - error.median()).abs().median() < spread_ms


def test_nothing_is_missing_without_a_reason(ludb: tuple[pd.DataFrame, pd.DataFrame, xr.Dataset]) -> None:
    _, _, values = ludb
    together = compare(values)
    np.testing.assert_array_equal(np.isnan(together["value"].values), together["reason"].values > 0)


def test_values_lie_where_adults_lie(ludb: tuple[pd.DataFrame, pd.DataFrame, xr.Dataset]) -> None:
    table, _, _ = ludb
    for column, low, high in (
        ("PR_Int_Global", 120, 210),
        ("QRS_Dur_Global", 75, 125),
        ("QT_IntFridericia_Global", 360, 460),
        ("Tpe_Int_Global", 60, 115),
        ("P_Dur_Global", 80, 130),
        ("VG_Mag_Global", 20, 170),
        ("QRS_VectorMag_Global", 0.6, 3.0),
        ("Beat_Corr_Global", 0.95, 1.0),
    ):
        assert low < table[column].median() < high, column
