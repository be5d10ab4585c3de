"""How much of the labels the whole biomarker table holds: gradient boosting, five folds by patient, PTB-XL."""

from __future__ import annotations

import os
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from ecgomics.pipeline import analyse, ingest
from ecgomics.settings import IngestSettings

DATA = Path(os.environ.get("ECGOMICS_DATA", Path(__file__).parents[3] / "shared" / "data")) / "ptbxl"
pytestmark = [
    pytest.mark.bench,
    pytest.mark.data,
    pytest.mark.timeout(1800),
    pytest.mark.filterwarnings("ignore:The least populated class"),
    pytest.mark.skipif(not DATA.exists(), reason="no recordings beside the checkout"),
]

SUPERCLASSES = ("NORM", "MI", "STTC", "CD", "HYP")
DIAGNOSES_AND_RHYTHMS = (
    *("SR", "NORM", "NDT", "SARRH", "IMI", "LVH", "ISC_", "IRBBB", "ASMI", "LAFB", "AFIB", "CLBBB", "SBRAD", "ISCAL"),
)
"""The 14 most frequent statements that PTB-XL counts as a diagnosis or a rhythm."""
FORMS = ("NT_", "STD_", "ABQRS", "NST_", "QWAVE")
"""The most frequent of those it counts as a form alone; reported, and not asked for."""


@pytest.fixture(scope="module")
def table(tmp_path_factory: pytest.TempPathFactory) -> tuple[pd.DataFrame, pd.DataFrame, np.ndarray]:
    """Biomarkers with age and sex, labels, and patients."""
    path = tmp_path_factory.mktemp("ptbxl") / "ptbxl.zarr"
    cohort = analyse(ingest(DATA, path, settings=IngestSettings(copies="high"), workers=0, progress=False), workers=0)
    known = cohort.records
    values = cohort.biomarkers["value"].to_pandas().loc[known.index]
    values = values.loc[:, ~values.columns.str.contains("_z|_pct")]
    values = values.assign(age=known["age"].astype(float), male=(known["sex"] == "M").astype(float))
    return values, cohort.labels, known["patient"].to_numpy()


def out_of_fold_auc(values: pd.DataFrame, hit: np.ndarray, patient: np.ndarray) -> float:
    """Mean over the folds that hold both outcomes."""
    from sklearn.ensemble import HistGradientBoostingClassifier
    from sklearn.metrics import roc_auc_score
    from sklearn.model_selection import StratifiedGroupKFold

    found = []
    for train, test in StratifiedGroupKFold(5, shuffle=True, random_state=0).split(values, hit, patient):
        told = values.columns[values.iloc[train].nunique() > 1]
        model = HistGradientBoostingClassifier(
            max_iter=150,
            learning_rate=0.06,
            max_leaf_nodes=7,
            min_samples_leaf=5,
            l2_regularization=1.0,
            max_features=0.1,
            random_state=0,
        ).fit(values.iloc[train][told], hit[train])
        if 0 < hit[test].sum() < len(test):
            found.append(roc_auc_score(hit[test], model.predict_proba(values.iloc[test][told])[:, 1]))
    return float(np.mean(found))


def aucs(table: tuple[pd.DataFrame, pd.DataFrame, np.ndarray], system: str, codes: tuple[str, ...]) -> pd.Series:
    values, labels, patient = table
    own = labels[labels["system"] == system]
    hits = {code: np.isin(values.index, own.loc[own["code"] == code, "record"]) for code in codes}
    return pd.Series({code: out_of_fold_auc(values, hit, patient) for code, hit in hits.items()})


def test_superclasses(table: tuple[pd.DataFrame, pd.DataFrame, np.ndarray]) -> None:
    found = aucs(table, "ptbxl-superclass", SUPERCLASSES)
    print(
        f"\n{len(table[0])} records, {table[0].shape[1]} columns\n{found.round(3).to_string()}\nmean {found.mean():.3f}"
    )
    assert found.mean() >= 0.87


def test_fourteen_statements(table: tuple[pd.DataFrame, pd.DataFrame, np.ndarray]) -> None:
    found = aucs(table, "ptbxl-scp", DIAGNOSES_AND_RHYTHMS)
    forms = aucs(table, "ptbxl-scp", FORMS)
    print(f"\n{found.round(3).to_string()}\nmean {found.mean():.3f}\nforms:\n{forms.round(3).to_string()}")
    assert found.mean() >= 0.90
