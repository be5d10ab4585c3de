"""What neighbours tell: kNN-15 AUC of labels on PTB-XL at 100 Hz, 5 folds by patient, beside components of beats.

Run by `make bench` where the recordings are; prints a table. The labels were never trained on; the small encoder's
training material holds none of these recordings, save a few that a challenge set carries under other names.
"""

from __future__ import annotations

import ast
import os
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
import xarray as xr

from ecgomics.biomarkers import measure
from ecgomics.latent import handmade
from ecgomics.latent.scores import auc
from ecgomics.latent.shapes import beat_shapes
from ecgomics.latent.shipped import opened
from ecgomics.records import read
from ecgomics.waves import delineate

DATA = Path(os.environ.get("ECGOMICS_DATA", Path(__file__).parents[3] / "shared" / "data")) / "ptbxl"

pytestmark = [
    pytest.mark.bench,
    pytest.mark.data,
    pytest.mark.skipif(not DATA.exists(), reason="no recordings beside the checkout"),
    pytest.mark.filterwarnings("default"),
]

LABELS = ("NORM", "STTC", "LAFB", "MI", "CD")
FOLDS, DRAWS, NEIGHBOURS = 5, 8, 15
SIZES = (10, 15, 20, 30, 50)
RHYTHM = ["RR_Mean_Global", "RR_StdDev_Global", "RR_CV_Global", "RR_Max_Global"]


@pytest.fixture(scope="module")
def table() -> pd.DataFrame:
    found = pd.read_csv(DATA / "ptbxl_database.csv")
    there = [(DATA / f"{name}.hea").exists() for name in found["filename_lr"]]
    return found[there].reset_index(drop=True)


@pytest.fixture(scope="module")
def labels(table: pd.DataFrame) -> dict[str, np.ndarray]:
    classes = pd.read_csv(DATA / "scp_statements.csv", index_col=0)["diagnostic_class"]
    codes = [list(ast.literal_eval(text)) for text in table["scp_codes"]]
    groups = [{*own, *(classes.get(code) for code in own)} for own in codes]
    return {label: np.array([label in group for group in groups]) for label in LABELS}


@pytest.fixture(scope="module")
def ecg(table: pd.DataFrame) -> xr.DataArray:
    each = [
        read(DATA / f"{name}.hea").ecg.drop_vars("time", errors="ignore").assign_coords(record=str(number))
        for number, name in zip(table["ecg_id"], table["filename_lr"], strict=True)
    ]
    return xr.concat(each, dim="record", combine_attrs="override")


@pytest.fixture(scope="module")
def vectors(ecg: xr.DataArray, table: pd.DataFrame) -> dict[str, np.ndarray]:
    beats = delineate(ecg)
    subjects = xr.Dataset(
        {"age": ("record", table["age"].to_numpy(np.float32)), "sex": ("record", np.where(table["sex"], "F", "M"))},
        coords={"record": ecg["record"]},
    )
    values = measure(beats, ecg, subjects=subjects)
    found = {f"components {size}": components(values, beats.template, size) for size in SIZES}
    found["handmade"] = np.nan_to_num(handmade(values, beats.template).vectors.values)
    found["small"] = np.nan_to_num(opened().embed(ecg).vectors.values)
    return found


def components(values: xr.Dataset, template: xr.Dataset, size: int) -> np.ndarray:
    """The baseline: components of median beats, each of SD 1, with the rhythm."""
    shapes = np.nan_to_num(beat_shapes(template, values["record"].values, window_s=(-0.25, 0.45)))
    flat = shapes.reshape(len(shapes), -1)
    left = np.linalg.svd(flat - flat.mean(axis=0), full_matrices=False)[0][:, :size] * np.sqrt(len(flat))
    rhythm = values["value"].sel(biomarker=RHYTHM).values.astype(float)
    standard = np.nan_to_num((rhythm - np.nanmean(rhythm, axis=0)) / np.nanstd(rhythm, axis=0))
    return np.concatenate([left, 0.5 * standard], axis=1)


def judged(points: np.ndarray, carries: np.ndarray, patient: np.ndarray) -> float:
    """Mean AUC over draws of the folds of the share of carriers among a record's neighbours in the other folds."""
    people, whose = np.unique(patient, return_inverse=True)
    found = []
    for draw in range(DRAWS):
        fold = (np.random.default_rng(draw).permutation(len(people)) % FOLDS)[whose]
        share = np.empty(len(points))
        for number in range(FOLDS):
            test, train = fold == number, fold != number
            distance = np.square(points[test][:, None] - points[train]).sum(axis=-1)
            share[test] = carries[train][np.argsort(distance, axis=1, kind="stable")[:, :NEIGHBOURS]].mean(axis=1)
        found.append(auc(share, carries))
    return float(np.mean(found))


def test_neighbours_tell_the_labels(vectors, labels, table):
    patient = table["patient_id"].to_numpy()
    figures = pd.DataFrame(
        {name: {label: judged(points, labels[label], patient) for label in LABELS} for name, points in vectors.items()}
    ).T
    print(f"\n{len(patient)} records; with the label:", {label: int(who.sum()) for label, who in labels.items()})
    print(figures.assign(mean=figures.mean(axis=1)).round(3).to_string())
    baseline = figures[figures.index.str.startswith("components")]
    # the best size of the baseline for each label, which nobody could choose without the labels
    best = baseline.max()
    for name in ("handmade", "small"):
        assert (figures.loc[name] > best).all(), name
    margin = figures.loc[["handmade", "small"]].mean(axis=1).max() - baseline.mean(axis=1).max()
    assert margin >= 0.03
