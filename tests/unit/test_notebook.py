"""Recordings in a notebook: strips of anything that holds an ECG, and what Beats look like."""

import numpy as np
import pytest
import xarray as xr

import ecgomics as eg
from ecgomics.errors import CohortError, VocabularyError
from ecgomics.notebook import LongRecording, strip
from ecgomics.simulate import VirtualPatient, demo_patients, simulate
from ecgomics_widgets.messages import unpack


@pytest.fixture(scope="module")
def ecg():
    return simulate(VirtualPatient(), duration_s=5, seed=1).ecg


@pytest.fixture(scope="module")
def cohort(tmp_path_factory):
    """Two short records and a long one, analysed."""
    from dataclasses import replace

    from ecgomics import pipeline

    records = list(demo_patients(2, seed=1))
    long = simulate(VirtualPatient(), duration_s=90, rate_hz=250, seed=1).ecg
    records.append(replace(records[0], ecg=long, native_hz=250.0, source="long"))
    made = pipeline.ingest(records, tmp_path_factory.mktemp("nb") / "c.zarr", workers=0, progress=False)
    return pipeline.analyse(made, workers=0, progress=False)


def same_signal(one, other):
    (header, arrays), (header_other, arrays_other) = unpack(one.signal), unpack(other.signal)
    # each strip's recording has a number of its own
    assert {**header, "id": ""} == {**header_other, "id": ""}
    np.testing.assert_array_equal(arrays["values"], arrays_other["values"])


def test_an_array_shows_and_delineates_itself(ecg):
    shown = ecg.ecg.strip(title="a")
    assert shown.title == "a"
    assert len(shown.signal) > 5 * 500 * 2
    assert ecg.ecg.delineate().beats.sizes["beat"] >= 3


def test_a_dataset_shows_its_ecg_and_keeps_it_as_an_array(ecg):
    dataset = xr.Dataset({"ecg": ecg})
    assert isinstance(dataset.ecg, xr.DataArray)
    xr.testing.assert_identical(xr.DataArray(dataset.ecg), dataset["ecg"])
    same_signal(dataset.ecg.strip(title="a"), strip(ecg))
    assert dataset.ecg.delineate().beats.sizes["beat"] >= 3
    assert float((dataset.ecg * 2).max()) == pytest.approx(2 * float(ecg.max()))


def test_a_dataset_without_an_ecg_says_what_it_has():
    with pytest.raises(VocabularyError, match="it has heart"):
        xr.Dataset({"heart": ("x", np.zeros(2))}).ecg.strip()


def test_a_block_of_one_record_is_that_record(ecg):
    same_signal(strip(ecg.expand_dims(record=["a"])), strip(ecg))


def test_a_record_and_a_cohort_show_the_same_recording(cohort):
    record = next(iter(demo_patients(1, seed=1)))
    assert strip(record).provenance == "synthetic"
    shown = eg.strip(cohort, cohort.ids[0])
    assert shown.provenance == "synthetic"
    assert shown.beats.sizes["beat"] == cohort.beats_of(cohort.ids[0]).beats.sizes["beat"]


def test_evidence_of_rules_is_drawn(cohort):
    met = cohort.findings["state"].sel(record=cohort.ids[0])
    rule = str(met["rule"].values[np.flatnonzero(met.values == 1)[0]])
    assert isinstance(strip(cohort, cohort.ids[0], rules=[rule]).spans, list)
    with pytest.raises(VocabularyError, match="a recording alone"):
        strip(cohort.ecg(cohort.ids[0]), rules=[rule])


def test_a_long_record_is_read_as_it_is_looked_at(cohort):
    record = next(record for record in cohort.ids if cohort.records.loc[record, "duration_s"] > 60)
    shown = strip(cohort, record)
    assert isinstance(shown.ecg, LongRecording)
    assert shown.ecg.duration_s == pytest.approx(90)
    beats = cohort.beats_of(record).beats["r_s"].values
    # the tallest column of an envelope lies at a beat, wherever it is asked for: no drift along the window
    for width in (700, 1500):
        window = shown.ecg.window(0.0, 90.0, width)
        high = (
            np.nanmax(window.values[..., -1], axis=0) if window.values.ndim == 3 else np.nanmax(window.values, axis=0)
        )
        times = window.t0_s + window.step_s * (np.arange(len(high)) + 0.5)
        last = beats[-3]
        near = np.abs(times - last) < 0.2
        assert abs(times[near][np.argmax(high[near])] - last) < 0.1


def test_what_is_missing_is_said(cohort):
    with pytest.raises(VocabularyError, match="without a record"):
        strip(cohort)
    with pytest.raises(CohortError):
        strip(cohort, "nobody")


def test_beats_show_themselves(ecg, cohort):
    html = ecg.ecg.delineate()._repr_html_()
    assert "representative beat" in html
    assert html.count("<path") == 24
    assert "normal" in html
    many = cohort.beats_of(list(cohort.ids))._repr_html_()
    assert "(median)" in many
    assert "<svg" not in many


def test_strips_load_neither_panel_nor_a_trainer():
    import subprocess
    import sys

    code = """
import sys, numpy as np, xarray as xr
import ecgomics as eg
eg.strip(xr.DataArray(np.zeros((1, 500)), dims=("lead", "time"), coords={"lead": ["II"]}, attrs={"rate_hz": 500}))
print(" ".join(sys.modules))
"""
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, timeout=120, check=False)
    assert done.returncode == 0, done.stderr[-2000:]
    assert not set(done.stdout.split()) & {"panel", "torch", "umap", "neurokit2", "sklearn", "matplotlib", "bokeh"}
