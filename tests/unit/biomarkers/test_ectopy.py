"""The order of the beats: premature beats, couplets, runs, bigeminy, coupling and pause."""

from __future__ import annotations

import dataclasses

import numpy as np
import pandas as pd
import pytest

from ecgomics.biomarkers import measure
from ecgomics.biomarkers.phantom import phantom
from ecgomics.biomarkers.reasons import REASONS

CODES = {"N": 0, "V": 1, "S": 2, "P": 3, "?": 4}


def table(classes: str, rr_s: list[float] | None = None) -> pd.DataFrame:
    made = phantom(rr_s=rr_s or [0.8] * (len(classes) - 1))
    kinds = np.array([CODES[letter] for letter in classes], dtype=np.int8)
    return measure(made.classed(kinds).beats, made.ecg).isel(record=0).to_dataframe()


@pytest.mark.parametrize(
    ("classes", "couplets", "runs", "longest", "bigeminy"),
    [
        ("NNNNNNNN", 0, 0, 0, 0),
        ("NNVNNNVN", 0, 0, 1, 0),
        ("NNVVNNVV", 2, 0, 2, 0),
        ("NVVVNVVN", 1, 1, 3, 0),
        ("VVVVVVNN", 0, 1, 6, 0),
        ("NVNVNVNN", 0, 0, 1, 3),
        ("NVNVNNVNVNVNV", 0, 0, 1, 4),
        ("VNVNVNNN", 0, 0, 1, 2),  # what was before the first is not known
        ("NVVNVNVN", 1, 0, 2, 2),
        ("NV?V?VNN", 0, 0, 1, 3),
    ],
)
def test_order_of_ventricular_beats(classes: str, couplets: int, runs: int, longest: int, bigeminy: int) -> None:
    value = table(classes)["value"]
    got = [value[f"{name}_Global"] for name in ("PVC_Couplets", "PVC_Runs", "PVC_RunMax", "Bigeminy")]
    assert got == [couplets, runs, longest, bigeminy]


def test_the_fastest_run_is_timed_between_its_own_beats() -> None:
    value = table("NVVVNNVVVVN", [0.8, 0.5, 0.5, 0.9, 0.8, 0.8, 0.4, 0.45, 0.35, 0.9])["value"]
    assert value["PVC_RunRate_Global"] == pytest.approx(60 / 0.4, abs=0.01)
    none = table("NNVVNNVN").loc["PVC_RunRate_Global"]
    assert REASONS[int(none["reason"])] == "no ventricular run"


def test_a_run_does_not_go_on_into_the_next_record() -> None:
    import xarray as xr

    from ecgomics.waves.beats import Beats

    made = [phantom(record=name, rr_s=[0.8] * 4) for name in ("a", "b")]
    kinds = [np.array([0, 0, 0, 1, 1], dtype=np.int8), np.array([1, 1, 0, 0, 0], dtype=np.int8)]
    ragged = [one.classed(kind).beats.beats for one, kind in zip(made, kinds, strict=True)]
    beats = Beats(
        beats=xr.concat(ragged, dim="beat"),
        template=xr.concat([one.beats.template for one in made], dim="record"),
        quality=xr.concat([one.beats.quality for one in made], dim="record"),
    )
    ecg = xr.concat([one.ecg for one in made], dim="record").assign_attrs(made[0].ecg.attrs)
    values = measure(beats, ecg)["value"]
    assert values.sel(biomarker="PVC_RunMax_Global").values.tolist() == [2, 2]


def test_a_narrow_beat_of_another_shape_is_not_ventricular_and_counts_as_early_when_it_is() -> None:
    made = phantom(rr_s=[0.8, 0.8, 0.6, 0.85, 0.8, 0.8, 0.8])
    kinds = np.array([0, 0, 0, 1, 0, 0, 1, 0], dtype=np.int8)
    narrow = made.beats.beats.assign(beat_class=("beat", kinds))
    value = measure(dataclasses.replace(made.beats, beats=narrow), made.ecg)["value"].isel(record=0)
    assert value.sel(biomarker="PVC_Count_Global").item() == 0
    assert value.sel(biomarker="PAC_Count_Global").item() == 1, "the late one is aberrant and not early"


def test_an_early_beat_counts_when_it_comes_abruptly() -> None:
    early = [0.8, 0.8, 0.6, 0.85, 0.8, 0.8]
    assert table("NNNSNNN", early)["value"]["PAC_Count_Global"] == 1


def test_a_pair_of_early_beats_counts_as_two() -> None:
    assert table("NNNSSNNN", [0.8, 0.8, 0.6, 0.62, 0.9, 0.8, 0.8])["value"]["PAC_Count_Global"] == 2


def test_sinus_arrhythmia_is_no_premature_beat() -> None:
    by_degrees = [1.0, 0.95, 0.82, 0.78, 0.9, 1.0]
    assert table("NNNSSNN", by_degrees)["value"]["PAC_Count_Global"] == 0


def test_the_last_beat_of_the_recording_needs_no_interval_after_it() -> None:
    assert table("NNNNS", [0.8, 0.8, 0.8, 0.6])["value"]["PAC_Count_Global"] == 1


def test_coupling_and_pause_of_single_ventricular_beats() -> None:
    rr = [0.8, 0.8, 0.5, 1.1, 0.8, 0.5, 0.5, 0.8]
    found = table("NNNVNNVVN", rr)
    assert found.loc["PVC_Coupling_Global", "value"] == pytest.approx(500)
    assert found.loc["PVC_Pause_Global", "value"] == pytest.approx(1.1 / 0.8)
    assert found.loc["PVC_Coupling_Global", "count"] == 1, "the couplet is not single"


def test_without_ventricular_beats_there_is_a_reason() -> None:
    found = table("NNNNN")
    assert REASONS[found.loc["PVC_Coupling_Global", "reason"]] == "no ventricular beat"
    assert REASONS[table("NNV")["reason"]["PVC_Pause_Global"]] == "signal too short"
