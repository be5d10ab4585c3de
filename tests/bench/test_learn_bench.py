"""The simulator against the rules, its speed, and where its normal patients lie among recorded normals.

``ECGOMICS_TABLES=folder pytest tests/bench/test_learn_bench.py`` writes the tables as CSV.
"""

from __future__ import annotations

import os
import time
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from ecgomics.learn import examine, examine_many, teachings
from ecgomics.rules import evaluate, load_rules
from ecgomics.simulate import draw_patient, heart_vector, simulate
from ecgomics.vocabulary import STATES

pytestmark = pytest.mark.bench

PATIENTS = int(os.environ.get("ECGOMICS_PATIENTS", "200"))
BLOCK = 50
ENOUGH = 0.95
PAGE_MS = 50.0


def _shares(condition, *, marks):
    """Share of the patients in whom each rule is met."""
    met = None
    for start in range(0, PATIENTS, BLOCK):
        seeds = range(start, min(start + BLOCK, PATIENTS))
        records = [simulate(draw_patient(condition, seed=9000 + seed), seed=seed) for seed in seeds]
        values, subjects = examine_many(records, marks=marks)
        state = evaluate(values, subjects=subjects, rules=load_rules())["state"]
        count = (state == STATES.index("met")).sum("record").to_series()
        met = count if met is None else met + count
    return met / PATIENTS


def _rows(condition):
    teaching = teachings()[condition]
    shares = {marks: _shares(condition, marks=marks) for marks in ("truth", "engine")}
    for rules, wanted in ((teaching.met, "met"), (teaching.not_met, "not met")):
        for rule in rules:
            right = {marks: share[rule] if wanted == "met" else 1 - share[rule] for marks, share in shares.items()}
            yield {
                "condition": condition,
                "rule": rule,
                "expected": wanted,
                **right,
                "why": teaching.missed.get(rule, ""),
            }


def _write(table, name):
    folder = os.environ.get("ECGOMICS_TABLES")
    if folder:
        Path(folder).mkdir(parents=True, exist_ok=True)
        table.to_csv(Path(folder) / name, index=False)


@pytest.mark.timeout(3600)
def test_defining_rules_fire_and_excluded_ones_do_not():
    table = pd.DataFrame([row for condition in teachings() for row in _rows(condition)])
    _write(table, "conditions_and_rules.csv")
    with pd.option_context("display.max_rows", None, "display.width", 200):
        print(table.drop(columns="why").to_string())
    short = table[(table["truth"] < ENOUGH) & (table["why"] == "")]
    assert short.empty, short.to_string()
    unexplained = table[(table["engine"] < ENOUGH) & (table["why"] == "")]
    assert unexplained.empty, unexplained.to_string()


def test_a_moved_slider_answers_within_its_budget():
    patient = draw_patient("lbbb", seed=1)
    rules = load_rules()

    def once():
        seen = examine(patient, seed=1, rules=rules)
        heart_vector(patient, step_s=0.002)
        return len(seen.standings)

    once()
    start = time.process_time()
    for _ in range(10):
        once()
    took = (time.process_time() - start) / 10 * 1000
    print(f"simulate + delineate + measure + judge + loops: {took:.1f} ms of CPU")
    assert took < PAGE_MS * float(os.environ.get("ECGOMICS_SLOWER", "2"))


REALISM = (
    *("PR_Int_Global", "QRS_Dur_Global", "QT_IntFridericia_Global", "P_Dur_Global", "HR_Mean_Global"),
    *("QRS_AxisFront_Global", "T_AxisFront_Global", "QRST_AngleFront_Global", "QRST_AngleSpatial_Global"),
    *(
        "R_Amp_I",
        "R_Amp_II",
        "R_Amp_V5",
        "S_Amp_V1",
        "S_Amp_V2",
        "T_Amp_II",
        "T_Amp_V2",
        "T_Amp_V5",
        "P_Amp_II",
        "P_Amp_V1",
    ),
    *("ST_Amp_V2", "ST_Amp_V5", "Sokolow_Global", "Cornell_Global", "Tpe_Int_Global", "RR_StdDev_Global", "SNR_II"),
    *("QRS_Notches_V2", "Spectral_Entropy_II", "PTF_V1", "Transition_Lead_Global"),
)


@pytest.mark.data
@pytest.mark.timeout(1800)
def test_where_simulated_normals_lie_among_recorded_ones():
    """Needs ``ECGOMICS_NORMALS``: an analysed cohort; its records labelled normal are the reference."""
    place = os.environ.get("ECGOMICS_NORMALS")
    if not place:
        pytest.skip("no cohort of recorded normals is named in ECGOMICS_NORMALS")
    from ecgomics.cohort import open_cohort

    cohort = open_cohort(place)
    labels = cohort.labels
    normal = set(labels[(labels["code"] == "NORM") & (labels["likelihood"].fillna(100) >= 80)]["record"])
    ids = [name for name in cohort.ids if name in normal]
    table = cohort.biomarkers["value"].sel(record=ids)
    records = [simulate(draw_patient("normal", seed=500 + seed), seed=seed) for seed in range(min(PATIENTS, len(ids)))]
    values, _ = examine_many(records, marks="engine")
    rows = []
    for name in REALISM:
        if name not in table["biomarker"].values:
            continue
        real = table.sel(biomarker=name).values.astype(float)
        made = values["value"].sel(biomarker=name).values.astype(float)
        real, made = real[np.isfinite(real)], made[np.isfinite(made)]
        low, middle, high = np.percentile(real, [2.5, 50, 97.5])
        auc = (
            (
                np.searchsorted(np.sort(real), made, side="left").mean()
                + np.searchsorted(np.sort(real), made, side="right").mean()
            )
            / 2
            / len(real)
        )
        rows.append(
            {
                "biomarker": name,
                "recorded": f"{middle:.3g} ({low:.3g} to {high:.3g})",
                "simulated median": np.median(made),
                "simulated SD over recorded": made.std() / max(real.std(), 1e-9),
                "within 95 %": ((made >= low) & (made <= high)).mean(),
                "AUC": auc,
            }
        )
    found = pd.DataFrame(rows)
    _write(found, "simulated_among_recorded.csv")
    print(f"{len(records)} simulated, {len(ids)} recorded normals\n{found.round(3).to_string()}")
    assert found["within 95 %"].median() > 0.8


@pytest.mark.data
@pytest.mark.timeout(1800)
def test_how_unusual_an_encoder_finds_simulated_normals(tmp_path):
    """Novelty against half of the recorded normals: of simulated patients, and of the other half."""
    place = os.environ.get("ECGOMICS_NORMALS")
    if not place:
        pytest.skip("no cohort of recorded normals is named in ECGOMICS_NORMALS")
    from ecgomics import pipeline
    from ecgomics.cohort import open_cohort
    from ecgomics.latent import Novelty
    from ecgomics.records import Record

    cohort = open_cohort(place)
    labels = cohort.labels
    normal = set(labels[(labels["code"] == "NORM") & (labels["likelihood"].fillna(100) >= 80)]["record"])
    ids = [name for name in cohort.ids if name in normal]
    encoder = "ecgomics-small"
    made = [simulate(draw_patient("normal", seed=500 + seed), seed=seed).ecg for seed in range(min(PATIENTS, len(ids)))]
    records = [
        Record(
            ecg=ecg,
            native_hz=500.0,
            source=f"s{k}",
            patient=f"p{k}",
            age=50.0,
            sex="M",
            start=None,
            device="",
            labels=(),
            notes=(),
        )
        for k, ecg in enumerate(made)
    ]
    simulated = pipeline.ingest(records, tmp_path / "simulated.zarr", workers=0, progress=False)
    for each in (cohort, simulated):
        if encoder not in each.encoders:
            pipeline.embed(each, encoder=encoder, progress=False)
    real = cohort.latent(encoder)["vectors"].sel(record=ids)
    known, held = real.isel(record=slice(0, None, 2)), real.isel(record=slice(1, None, 2))
    novelty = Novelty.fit(known)
    rows = []
    for name, vectors in (("recorded, held out", held), ("simulated", simulated.latent(encoder)["vectors"])):
        score = novelty.score(vectors)
        for kind in ("distance_percentile", "mahalanobis_percentile"):
            values = score[kind].values
            rows.append(
                {"who": name, "measure": kind, "median": np.nanmedian(values), "beyond 95 %": np.nanmean(values > 95)}
            )
    found = pd.DataFrame(rows)
    _write(found, "novelty_of_simulated.csv")
    print(found.round(3).to_string())
    assert np.isfinite(found["median"]).all()
