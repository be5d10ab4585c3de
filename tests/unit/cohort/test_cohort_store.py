"""The store as others see it: plain xarray, the tables, the signal, the stages."""

from __future__ import annotations

import json
import shutil
import warnings
from collections.abc import Callable
from dataclasses import replace
from datetime import datetime
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
import xarray as xr

from ecgomics.cohort import Cohort, check, open_cohort
from ecgomics.errors import CohortError
from ecgomics.records import Label, Record
from ecgomics.settings import IngestSettings
from ecgomics.vocabulary import LEADS


def test_plain_xarray_opens_the_whole_tree_without_a_warning(cohort: Cohort) -> None:
    cohort.write_stage("waves", _beats(cohort), version="1", settings={}, inputs={})
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        tree = xr.open_datatree(cohort.path, engine="zarr")
        tree.load()
    assert set(tree.groups) >= {"/", "/signal", "/quarantine", "/beats", f"/long/{cohort.ids[2]}"}
    assert list(tree["record"].values) == list(cohort.ids)
    # children inherit the ids, so a record is found by its id in any node
    by_xarray = tree["signal"].to_dataset()["ecg"].sel(record=cohort.ids[0], lead="V2")[:1000]
    np.testing.assert_allclose(by_xarray, cohort.ecg(cohort.ids[0]).sel(lead="V2"), atol=1e-6)
    np.testing.assert_allclose(tree["beats"]["r_s"], [0.5, 1.5, 0.25])


def test_plain_xarray_sees_missing_samples_as_nan(
    take_in: Callable[..., Cohort], record: Callable[..., Record]
) -> None:
    first = record(1)
    gappy = replace(first, ecg=first.ecg.where(first.ecg["lead"] != "V3"))
    cohort = take_in(gappy, record(2, seconds=1))
    with xr.open_datatree(cohort.path, engine="zarr") as tree:
        ecg = tree["signal/ecg"].values
    assert np.isnan(ecg[0, LEADS.index("V3")]).all()
    assert np.isfinite(ecg[0, 0]).all()
    assert np.isnan(ecg[1, :, 500:]).all()
    assert np.isfinite(ecg[1, :, :500]).all()


def test_samples_come_back_within_half_a_microvolt(cohort: Cohort, record: Callable[..., Record]) -> None:
    ecg = cohort.ecg(cohort.ids[0])
    assert ecg.dims == ("lead", "time")
    assert ecg.dtype == np.float32
    assert ecg.attrs["rate_hz"] == 500.0
    assert np.abs(ecg.values - record(1).ecg.values).max() <= 0.000501


def test_a_long_recording_keeps_its_rate_and_leads(cohort: Cohort, record: Callable[..., Record]) -> None:
    ecg = cohort.ecg(cohort.ids[2])
    assert ecg.attrs["rate_hz"] == 360.0
    assert list(ecg["lead"].values) == ["V1", "MLII"]
    assert (
        np.abs(
            ecg.sel(lead="MLII").values
            - record(3, seconds=30, rate_hz=360.0, leads=("MLII", "V1")).ecg.sel(lead="MLII").values
        ).max()
        <= 0.000501
    )
    assert cohort.leads == (*LEADS, "MLII")


def test_signal_is_lazy_and_holds_the_short_records_only(cohort: Cohort) -> None:
    signal = cohort.signal
    assert signal.dims == ("record", "lead", "time")
    assert signal.dtype == np.float32
    assert list(signal["record"].values) == [cohort.ids[row] for row in (0, 1, 3)]
    assert not signal.variable._in_memory
    own = signal.sel(record=cohort.ids[3], lead=list(LEADS)).isel(time=slice(500))
    np.testing.assert_array_equal(own, cohort.ecg(cohort.ids[3]))
    assert np.isnan(signal.sel(record=cohort.ids[3], lead="MLII")).all()
    np.testing.assert_array_equal(signal.isel(record=[2, 0]).values[1], signal.isel(record=0).values)


def test_other_rates_are_brought_to_the_common_one(
    take_in: Callable[..., Cohort], record: Callable[..., Record]
) -> None:
    time = np.arange(360 * 4) / 360
    source = record(1, seconds=4, rate_hz=360.0)
    tone = replace(source, ecg=source.ecg.copy(data=np.tile(np.sin(2 * np.pi * 5 * time), (12, 1)).astype(np.float32)))
    cohort = take_in(tone)
    ecg = cohort.ecg(cohort.ids[0]).values[0]
    expected = np.sin(2 * np.pi * 5 * np.arange(2000) / 500)
    assert ecg.shape == (2000,)
    assert np.abs(ecg - expected)[100:-100].max() < 0.0006
    assert cohort.records["native_hz"].iloc[0] == 360.0


def test_values_out_of_range_are_cut_and_noted(take_in: Callable[..., Cohort], record: Callable[..., Record]) -> None:
    source = record(1)
    values = source.ecg.values.copy()
    values[0, 10], values[1, 20] = 40.0, -50.0
    cohort = take_in(replace(source, ecg=source.ecg.copy(data=values)))
    ecg = cohort.ecg(cohort.ids[0])
    assert ecg.values[0, 10] == pytest.approx(32.767, abs=1e-3)
    assert ecg.values[1, 20] == pytest.approx(-32.767, abs=1e-3)
    assert "2 samples beyond 32.767 mV were cut to it" in cohort.records["notes"].iloc[0]


def test_tables_hold_what_the_records_said(take_in: Callable[..., Cohort], record: Callable[..., Record]) -> None:
    start = datetime(2020, 2, 3, 4, 5, 6)
    said = record(
        1,
        patient="p7",
        age=33.5,
        sex="M",
        start=start,
        device="D",
        notes=("n1", "n2"),
        labels=(Label("s", "AF", 35.0),),
    )
    cohort = take_in(said, record(2))
    first, second = cohort.records.iloc[0], cohort.records.iloc[1]
    assert first[["source", "patient", "sex", "device", "kind", "notes"]].to_list() == [
        "r1",
        "p7",
        "M",
        "D",
        "short",
        "n1\nn2",
    ]
    assert (first["age"], first["duration_s"], first["start"]) == (33.5, 2.0, start)
    # the patient is the unit of statistics, so an unknown one is the record itself
    assert second["patient"] == cohort.ids[1]
    assert np.isnan(second["age"])
    assert str(second["start"]) == "NaT"
    assert cohort.labels.to_dict("records") == [
        {"record": cohort.ids[0], "system": "s", "code": "AF", "likelihood": 35.0}
    ]
    assert list(cohort.subjects["patient"].values) == ["p7", cohort.ids[1]]


def test_appending_keeps_what_is_there_once_and_makes_results_go(
    cohort: Cohort, take_in: Callable[..., Cohort], record: Callable[..., Record]
) -> None:
    cohort.write_stage("waves", _beats(cohort), version="1", settings={}, inputs={"ingest": cohort.digest_of("ingest")})
    before = [cohort.ecg(record).values for record in cohort.ids]
    ids, generation = list(cohort.ids), cohort.generation
    take_in(record(1, patient="a", age=40.0, sex="F"))
    assert (list(cohort.ids), cohort.generation) == (ids, generation)
    assert "waves" in cohort.stages
    take_in(record(9, seconds=5, leads=(*LEADS, "vx")))
    assert list(cohort.ids)[:4] == ids
    assert len(cohort) == 5
    assert cohort.leads == (*LEADS, "MLII", "vx")
    for identity, old in zip(ids, before, strict=True):
        new = cohort.ecg(identity)
        np.testing.assert_array_equal(new.values[: len(old)], old)
    assert np.isfinite(cohort.ecg(cohort.ids[4]).sel(lead="vx")).all()
    assert "waves" not in cohort.stages
    with pytest.raises(CohortError, match="run `analyse` first"):
        cohort.node("beats")
    assert check(cohort.path) == ()


def test_labels_of_known_content_are_added_without_losing_results(
    cohort: Cohort, take_in: Callable[..., Cohort], record: Callable[..., Record]
) -> None:
    cohort.write_stage("waves", _beats(cohort), version="1", settings={}, inputs={"ingest": cohort.digest_of("ingest")})
    take_in(record(2, labels=(Label("s", "LBBB", 100.0),)))
    assert ("s", "LBBB") in set(cohort.labels[["system", "code"]].itertuples(index=False, name=None))
    assert len(cohort.labels) == 3
    assert "waves" in cohort.stages
    assert cohort.stale == ()


def test_shards_that_do_not_change_are_not_rewritten(
    take_in: Callable[..., Cohort], record: Callable[..., Record]
) -> None:
    leads = ("II",)
    cohort = take_in(*(record(k, seconds=0.2, leads=leads) for k in range(258)))
    shard = cohort.path / "signal/ecg/c/0/0/0"
    inode = shard.stat().st_ino
    middle = cohort.ecg(cohort.ids[200]).values
    take_in(*(record(k, seconds=0.2, leads=leads) for k in range(258, 262)))
    assert len(cohort) == 262
    assert shard.stat().st_ino == inode
    np.testing.assert_array_equal(cohort.ecg(cohort.ids[200]).values, middle)
    assert np.isfinite(cohort.ecg(cohort.ids[257]).values).all()
    assert np.isfinite(cohort.ecg(cohort.ids[261]).values).all()


def test_a_stage_is_current_until_version_settings_or_inputs_change(cohort: Cohort) -> None:
    inputs = {"ingest": cohort.digest_of("ingest")}
    given = {"version": "1", "settings": IngestSettings(), "inputs": inputs}
    assert not cohort.is_current("waves", **given)
    cohort.write_stage("waves", _beats(cohort), **given)
    assert cohort.is_current("waves", **given)
    assert not cohort.is_current("waves", **(given | {"version": "2"}))
    assert not cohort.is_current("waves", **(given | {"settings": IngestSettings(rate_hz=250)}))
    assert not cohort.is_current("waves", **(given | {"inputs": {"ingest": "other"}}))


def test_a_stage_written_anew_makes_those_that_read_it_stale(cohort: Cohort) -> None:
    cohort.write_stage("waves", _beats(cohort), version="1", settings={}, inputs={"ingest": cohort.digest_of("ingest")})
    values = xr.Dataset(
        {"value": (("record", "biomarker"), np.ones((4, 2), np.float32))}, coords={"record": cohort.ids}
    )
    cohort.write_stage("biomarkers", values, version="1", settings={}, inputs={"waves": cohort.digest_of("waves")})
    assert cohort.stale == ()
    cohort.write_stage(
        "waves", _beats(cohort, shift=0.1), version="1", settings={}, inputs={"ingest": cohort.digest_of("ingest")}
    )
    assert cohort.stale == ("biomarkers",)
    assert "biomarkers (out of date)" in repr(cohort)


def test_beats_of_gives_one_records_beats(cohort: Cohort) -> None:
    quality = xr.Dataset({"usable": ("record", np.arange(4, dtype=np.float32))}, coords={"record": cohort.ids})
    nodes = {**_beats(cohort), "template": quality.rename(usable="template_beats"), "quality": quality}
    cohort.write_stage("waves", nodes, version="1", settings={}, inputs={})
    found = cohort.beats_of(cohort.ids[0])
    assert list(found.beats["r_s"].values) == [0.5, 1.5]
    assert set(found.beats["beat_record"].values) == {cohort.ids[0]}
    assert found.beats.sizes["beat"] == 2
    assert float(found.quality["usable"].item()) == 0.0
    assert cohort.beats_of(cohort.ids[1]).beats.sizes["beat"] == 0
    both = cohort.beats_of([cohort.ids[3], cohort.ids[0]])
    assert list(both.beats["r_s"].values) == [0.25, 0.5, 1.5]
    assert list(both.quality["record"].values) == [cohort.ids[3], cohort.ids[0]]


def test_results_are_joined_by_id_not_by_position(cohort: Cohort) -> None:
    turned = cohort.ids[::-1]
    values = xr.Dataset({"value": ("record", np.arange(4.0))}, coords={"record": turned})
    cohort.write_stage("biomarkers", values, version="1", settings={}, inputs={})
    assert list(cohort.biomarkers["value"].values) == [3.0, 2.0, 1.0, 0.0]
    assert list(cohort.biomarkers["record"].values) == list(cohort.ids)


@pytest.mark.parametrize("records", [["unknown"], ["unknown", "other"]])
def test_results_for_unknown_records_are_refused(cohort: Cohort, records: list[str]) -> None:
    values = xr.Dataset({"value": ("record", np.arange(float(len(records))))}, coords={"record": records})
    with pytest.raises(CohortError, match="does not have"):
        cohort.write_stage("biomarkers", values, version="1", settings={}, inputs={})
    assert open_cohort(cohort.path).stages.keys() == {"ingest"}


def test_times_keep_a_tenth_of_a_millisecond_over_a_day(cohort: Cohort) -> None:
    times = np.array([0.0001, 43210.98765, 86399.9999, np.nan])
    beats = _beats(cohort)["beats"]
    beats = xr.Dataset(
        {"r_s": ("beat", times)}, coords={"beat_record": ("beat", np.repeat(cohort.ids[:1], 4))}, attrs=beats.attrs
    )
    cohort.write_stage("waves", {"beats": beats}, version="1", settings={}, inputs={})
    np.testing.assert_allclose(cohort.beats["r_s"].values, times, atol=0.5001e-4)
    with xr.open_datatree(cohort.path, engine="zarr") as tree:
        np.testing.assert_allclose(tree["beats/r_s"].values, times, atol=0.5001e-4)


def test_a_store_of_a_future_layout_is_refused(cohort: Cohort) -> None:
    file = cohort.path / "manifest.json"
    file.write_text(json.dumps(json.loads(file.read_text()) | {"schema": 99}))
    with pytest.raises(CohortError, match=r"of layout 99.*newer ECGomics"):
        open_cohort(cohort.path)


def test_a_damaged_manifest_and_a_missing_store_say_so(cohort: Cohort, tmp_path: Path) -> None:
    (cohort.path / "manifest.json").write_text("{")
    with pytest.raises(CohortError, match="damaged"):
        open_cohort(cohort.path)
    with pytest.raises(CohortError, match="no cohort at this path"):
        open_cohort(tmp_path / "nothing.zarr")


def test_check_finds_a_changed_and_a_missing_file(cohort: Cohort) -> None:
    shard = next(f for f in (cohort.path / "signal/ecg").rglob("*") if f.is_file() and f.name != "zarr.json")
    data = bytearray(shard.read_bytes())
    data[len(data) // 2] ^= 1
    shard.write_bytes(data)
    assert check(cohort.path) == ("signal: its files are not those that were committed",)


def test_unknown_records_and_nodes_say_what_is_known(cohort: Cohort) -> None:
    with pytest.raises(CohortError, match=r"one of its 4 ids"):
        cohort.ecg("nothing")
    with pytest.raises(CohortError, match="run `embed` first"):
        cohort.latent("handmade")
    with pytest.raises(CohortError, match="within 0 to 2 s"):
        cohort.window(cohort.ids[0], 5, 6, 100)


def test_other_settings_than_the_store_was_begun_with_are_refused(
    cohort: Cohort, record: Callable[..., Record]
) -> None:
    from ecgomics.pipeline import ingest

    with pytest.raises(CohortError, match="rate_hz = 250"):
        ingest([record(5)], cohort.path, settings=IngestSettings(rate_hz=250, short_s=10), progress=False)


def test_views_tell_what_is_there_and_escape_it(
    cohort: Cohort, take_in: Callable[..., Cohort], record: Callable[..., Record]
) -> None:
    take_in(record(77, sex="<img>", leads=("<i>&</i>", "V1")))
    text, html = repr(cohort), cohort._repr_html_()
    assert "5 (4 short, 1 long)" in text
    assert "<i>&</i>" in text
    assert "<i>" not in html
    assert "<img" not in html
    assert "&lt;i&gt;&amp;&lt;/i&gt;" in html


def test_synthetic_data_says_so(take_in: Callable[..., Cohort], record: Callable[..., Record]) -> None:
    cohort = take_in(record(1, labels=(Label("synthetic", "normal", 100.0),)))
    assert "virtual patients" in repr(cohort)
    assert "virtual patients" in cohort._repr_html_()


def test_an_empty_cohort_opens(take_in: Callable[..., Cohort]) -> None:
    cohort = take_in()
    assert len(cohort) == 0
    assert "0 (0 short, 0 long)" in repr(cohort)
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        xr.open_datatree(cohort.path, engine="zarr").load()


def test_an_open_cohort_follows_its_store(
    cohort: Cohort, take_in: Callable[..., Cohort], record: Callable[..., Record]
) -> None:
    other = open_cohort(cohort.path)
    assert len(other) == 4
    take_in(record(8))
    assert len(other) == 5
    assert other.ecg(other.ids[4]).sizes["time"] == 1000


def _beats(cohort: Cohort, *, shift: float = 0.0) -> dict[str, xr.Dataset]:
    records = [cohort.ids[0], cohort.ids[0], cohort.ids[3]]
    times = np.array([0.5, 1.5, 0.25]) + shift
    beats = xr.Dataset(
        {"r_s": ("beat", times), "marks": (("beat", "mark"), np.array([[0.4], [np.nan], [0.2]]))},
        coords={"beat_record": ("beat", records), "mark": ["p_on"]},
        attrs={"beat_classes": ("normal",)},
    )
    return {"beats": beats}


def test_a_cohort_keeps_its_id_when_it_grows_moves_and_is_of_an_older_layout(
    cohort: Cohort, take_in: Callable[..., Cohort], record: Callable[..., Record], tmp_path: Path
) -> None:
    own = cohort.id
    assert len(own) == 16
    assert take_in(record(77)).id == own
    moved = open_cohort(shutil.copytree(cohort.path, tmp_path / "elsewhere.zarr"))
    assert moved.id == own
    manifest = json.loads((moved.path / "manifest.json").read_text())
    del manifest["id"], manifest["places"]
    (moved.path / "manifest.json").write_text(json.dumps(manifest | {"schema": 2}))
    old = open_cohort(moved.path)
    told = old.id
    assert len(told) == 16
    old.write_stage("x", xr.Dataset(), version="1", settings={}, inputs={})
    assert open_cohort(moved.path).id == told


def test_a_patient_is_followed_over_time(take_in: Callable[..., Cohort], record: Callable[..., Record]) -> None:
    days = [datetime(2020, 1, 1), datetime(2021, 1, 1), datetime(2022, 1, 1)]
    some = [record(k, patient="a", start=day) for k, day in enumerate(days)] + [record(9)]
    cohort = take_in(*some)
    values = np.array([[160.0], [170.0], [180.0], [150.0]], dtype=np.float32)
    names = {"record": cohort.ids, "biomarker": ["PR_Int_Global"], "unit": ("biomarker", ["ms"])}
    found = xr.Dataset({"value": (("record", "biomarker"), values)}, coords=names)
    cohort.write_stage("biomarkers", found, version="1", settings={}, inputs={})
    steps = cohort.change()
    assert list(steps["record"].values) == [some[1].id, some[2].id]
    assert steps["change"].values.tolist() == [[10.0], [10.0]]
    slopes = cohort.trend()
    assert list(slopes["patient"]) == ["a"]
    assert slopes["slope"][0] == pytest.approx(10.0, rel=0.01)
    theirs = pd.DataFrame({"PR_Int_Global": values[:, 0] - 4.0}, index=cohort.ids)
    _, apart = cohort.disagreement(theirs)
    assert (apart["PR_Int_Global"] == 4.0).all()
