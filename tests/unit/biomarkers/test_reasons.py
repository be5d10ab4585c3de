"""Every missing value says why: leads, waves, beats, length, sex; and how records and leads are joined."""

from __future__ import annotations

import dataclasses

import numpy as np
import pytest
import xarray as xr

from ecgomics.biomarkers import columns, measure
from ecgomics.biomarkers.phantom import Phantom, phantom
from ecgomics.biomarkers.reasons import REASONS, settle
from ecgomics.errors import SignalError
from ecgomics.settings import BiomarkerSettings
from ecgomics.vocabulary import BEAT_CLASSES, LEADS, MARKS, QUALITY_FLAGS
from ecgomics.waves import Beats, delineate


def why(values: xr.Dataset, column: str, record: int = 0) -> str:
    return values.attrs["reasons"][int(values["reason"].isel(record=record).sel(biomarker=column))]


def value(values: xr.Dataset, column: str) -> float:
    return float(values["value"].isel(record=0).sel(biomarker=column))


def without(made: Phantom, marks: tuple[str, ...]) -> Phantom:
    """The phantom with marks taken away, of the beats and of the representative beat."""
    keep = ~np.isin(MARKS, marks)
    beats = made.beats.beats.assign(
        marks=made.beats.beats["marks"].where(xr.DataArray(keep, dims="mark")),
        lead_marks=made.beats.beats["lead_marks"].where(xr.DataArray(keep, dims="mark")),
    )
    template = made.beats.template.assign(
        template_marks=made.beats.template["template_marks"].where(xr.DataArray(keep, dims="mark")),
        template_global=made.beats.template["template_global"].where(xr.DataArray(keep, dims="mark")),
    )
    return dataclasses.replace(made, beats=dataclasses.replace(made.beats, beats=beats, template=template))


def flagged(made: Phantom, lead: str, flag: str) -> Phantom:
    """The phantom with one lead flagged and emptied."""
    empty = xr.DataArray(np.array(LEADS) != lead, dims="lead")
    flags = made.beats.quality["lead_flags"].copy()
    flags.loc[{"lead": lead}] = 1 << QUALITY_FLAGS.index(flag)
    template = made.beats.template.assign(beat_mv=made.beats.template["beat_mv"].where(empty))
    quality = made.beats.quality.assign(lead_flags=flags)
    ecg = made.ecg.where(empty).assign_attrs(made.ecg.attrs)
    return dataclasses.replace(made, ecg=ecg, beats=dataclasses.replace(made.beats, template=template, quality=quality))


def nothing_silent(values: xr.Dataset) -> None:
    np.testing.assert_array_equal(np.isnan(values["value"].values), values["reason"].values > 0)


def test_settle_gives_the_first_cause_and_leaves_no_gap() -> None:
    wanted = np.array([1.0, 2.0, np.nan, np.inf])
    causes = (
        (np.array([True, False, False, False]), "no beats"),
        (np.array([True, True, False, False]), "lead missing"),
    )
    kept, reason = settle(wanted, causes, otherwise="no P wave")
    np.testing.assert_array_equal(np.isnan(kept), [True, True, True, True])
    assert [REASONS[index] for index in reason] == ["no beats", "lead missing", "no P wave", "no P wave"]


def test_a_whole_recording_has_reasons_only_for_what_needs_more() -> None:
    made = phantom()
    values = measure(made.beats, made.ecg, subjects=made.subjects)
    nothing_silent(values)
    assert why(values, "RMSSD_Global") == "needs ≥ 60 s"
    assert why(values, "SDNN_Global") == "needs ≥ 300 s"
    assert why(values, "SampEn_Global") == "needs ≥ 200 normal beats"
    assert why(values, "PR_Int_Global") == ""


def test_without_p_waves() -> None:
    made = without(phantom(), ("p_on", "p_peak", "p_off"))
    values = measure(made.beats, made.ecg, subjects=made.subjects)
    nothing_silent(values)
    for column in ("PR_Int_Global", "P_Dur_Global", "P_Amp_II", "PTF_V1", "P_AxisFront_Global", "HR_Atrial_Global"):
        assert why(values, column) == "no P wave"
    assert why(values, "PR_LeadSpread_Global") == "no P wave"
    assert value(values, "P_Fraction_Global") == 0
    # the level falls back to just before the QRS, and says so
    assert value(values, "PR_LevelFrom_Global") == 1
    assert value(values, "R_Amp_V5") == pytest.approx(1.3, abs=1e-3)


def test_without_t_waves() -> None:
    made = without(phantom(), ("t_on", "t_peak", "t_off"))
    values = measure(made.beats, made.ecg, subjects=made.subjects)
    nothing_silent(values)
    for column in ("QT_Int_Global", "QT_IntFridericia_Global", "T_Amp_V5", "Tpe_Int_Global", "QT_Disp_Global"):
        assert why(values, column) == "no T wave"
    for column in (
        "T_AxisFront_Global",
        "QRST_AngleSpatial_Global",
        "VG_Mag_Global",
        "TR_Ratio_V5",
        "T_PCA_Ratio_Global",
    ):
        assert why(values, column) == "no T wave"
    assert why(values, "ST_Amp_V2") == ""


@pytest.mark.parametrize(("flag", "reason"), [("missing", "lead missing"), ("flat", "lead unusable")])
def test_a_lead_that_is_missing_or_flat(flag: str, reason: str) -> None:
    made = flagged(phantom(), "V1", flag)
    values = measure(made.beats, made.ecg, subjects=made.subjects)
    nothing_silent(values)
    for column in ("R_Amp_V1", "PTF_V1", "RS_Ratio_V1", "SNR_V1", "Band_Low_V1", "Sokolow_Global", "VG_Mag_Global"):
        assert why(values, column) == reason
    for column in ("R_Amp_V2", "Cornell_Global", "QRS_AxisFront_Global", "PR_Int_Global"):
        assert why(values, column) == ""


def test_a_recording_of_two_leads_keeps_the_columns_tied_to_others() -> None:
    made = phantom()
    leads = ["II", "V5"]
    beats = Beats(*(part.sel(lead=leads) for part in (made.beats.beats, made.beats.template, made.beats.quality)))
    values = measure(beats, made.ecg.sel(lead=leads).assign_attrs(made.ecg.attrs), subjects=made.subjects)
    nothing_silent(values)
    assert list(values["biomarker"].values) == list(columns(leads)["column"])
    assert why(values, "PTF_V1") == "lead missing"
    assert why(values, "Sokolow_Global") == "lead missing"
    assert why(values, "QT_Disp_Global") == "too few leads"
    assert value(values, "PR_Int_Global") == pytest.approx(160, abs=0.01)


@pytest.mark.parametrize("sex", ["", "unknown"])
def test_unknown_sex_is_never_taken_for_a_man(sex: str) -> None:
    made = phantom(sex=sex)
    values = measure(made.beats, made.ecg, subjects=made.subjects)
    assert why(values, "CornellProduct_Global") == "sex unknown"
    assert why(measure(made.beats, made.ecg), "CornellProduct_Global") == "sex unknown"
    assert why(values, "Cornell_Global") == ""


def test_the_cornell_product_of_women_adds_what_is_set() -> None:
    made = phantom(sex="F")
    man = value(measure(made.beats, made.ecg, subjects=phantom().subjects), "CornellProduct_Global")
    for extra in (0.6, 0.8):
        settings = BiomarkerSettings(cornell_women_mv=extra)
        woman = value(measure(made.beats, made.ecg, subjects=made.subjects, settings=settings), "CornellProduct_Global")
        assert woman - man == pytest.approx(extra * 88.0, abs=0.01)


def test_no_beats_at_all() -> None:
    made = phantom()
    template = made.beats.template.assign(
        beat_mv=made.beats.template["beat_mv"] * np.nan,
        template_marks=made.beats.template["template_marks"] * np.nan,
        template_global=made.beats.template["template_global"] * np.nan,
        template_beats=made.beats.template["template_beats"] * 0,
    )
    beats = Beats(made.beats.beats.isel(beat=slice(0, 0)), template, made.beats.quality)
    values = measure(beats, made.ecg, subjects=made.subjects)
    nothing_silent(values)
    for column in ("PR_Int_Global", "HR_Mean_Global", "R_Amp_V5", "CosEn_Global", "Beat_Corr_Global", "VG_Mag_Global"):
        assert why(values, column) == "no beats"
    # what needs no beats is still there
    assert why(values, "Band_Low_II") == ""
    assert value(values, "Usable_Fraction_Global") == 1


def test_one_beat() -> None:
    made = phantom(rr_s=())
    values = measure(made.beats, made.ecg, subjects=made.subjects)
    nothing_silent(values)
    for column in ("HR_Mean_Global", "QT_IntFridericia_Global", "SNR_II"):
        assert why(values, column) == "needs ≥ 2 beats"
    assert why(values, "Band_Low_II") == "signal too short"
    assert value(values, "PR_Int_Global") == pytest.approx(160, abs=0.01)


@pytest.mark.parametrize("samples", [1, 2, 20, 900])
def test_a_moment_of_signal_has_no_spectrum(samples: int) -> None:
    made = phantom(rr_s=())
    ecg = made.ecg.isel(time=slice(0, samples))
    values = measure(delineate(ecg), ecg, subjects=made.subjects)
    nothing_silent(values)
    assert why(values, "Band_Low_II") in {"signal too short", "lead unusable"}


@pytest.mark.parametrize(("beats", "reason"), [(11, "needs ≥ 12 beats"), (12, "")])
def test_cosen_needs_twelve_beats(beats: int, reason: str) -> None:
    made = phantom(rr_s=(0.8, 0.9, 0.7, 0.85, 0.75, 0.95, 0.8, 0.7, 0.9, 0.85, 0.75)[: beats - 1])
    assert why(measure(made.beats, made.ecg), "CosEn_Global") == reason
    settings = BiomarkerSettings(cosen_min_beats=8)
    assert why(measure(made.beats, made.ecg, settings=settings), "CosEn_Global") == ""


def test_an_axis_without_length_is_indeterminate() -> None:
    flat = {lead: {"p": 0.1, "r": 1.0, "s": -1.0, "t": 0.3} for lead in ("V1", "V2", "V3", "V4", "V5", "V6")}
    flat |= {lead: {"p": 0.1, "r": 0.6, "s": -0.6, "t": 0.2} for lead in ("I", "II")}
    made = phantom(flat)
    values = measure(made.beats, made.ecg)
    assert why(values, "QRS_AxisFront_Global") == "axis indeterminate"
    assert why(values, "QRST_AngleFront_Global") == "axis indeterminate"
    assert why(values, "T_AxisFront_Global") == ""


def test_a_gap_in_one_beat_costs_that_beat_only() -> None:
    made = phantom()
    holed = made.ecg.copy()
    at = round((0.5 + 3 * 0.8) * 500)
    holed.loc[{"lead": "V5"}][0, at - 10 : at + 10] = np.nan
    values = measure(made.beats, holed, subjects=made.subjects)
    count = values["count"].isel(record=0)
    assert count.sel(biomarker="R_Amp_V5").item() == 11
    assert count.sel(biomarker="R_Amp_V4").item() == 12
    assert value(values, "R_Amp_V5") == pytest.approx(1.3, abs=1e-3)


def block() -> tuple[Beats, xr.DataArray, xr.Dataset]:
    made = [phantom(record=name, rr_s=(rr,) * n) for name, rr, n in (("c", 0.8, 11), ("a", 1.0, 9), ("b", 0.6, 12))]
    width = min(one.ecg.sizes["time"] for one in made)
    beats = Beats(
        xr.concat([one.beats.beats for one in made], dim="beat"),
        xr.concat([one.beats.template for one in made], dim="record"),
        xr.concat([one.beats.quality for one in made], dim="record"),
    )
    ecg = xr.concat([one.ecg.isel(time=slice(0, width)) for one in made], dim="record").assign_attrs(made[0].ecg.attrs)
    return beats, ecg, xr.concat([one.subjects for one in made], dim="record")


def test_records_are_joined_by_id_not_by_place() -> None:
    beats, ecg, subjects = block()
    values = measure(beats, ecg.sel(record=["a", "b", "c"]), subjects=subjects.sel(record=["b", "c", "a"]))
    rate = values["value"].sel(biomarker="HR_Mean_Global")
    assert [round(float(rate.sel(record=name))) for name in "abc"] == [60, 100, 75]


def test_a_block_measures_as_its_records_do_one_by_one() -> None:
    beats, ecg, subjects = block()
    together = measure(beats, ecg, subjects=subjects)
    for name in ("a", "b", "c"):
        alone = measure(beats, ecg.sel(record=[name]), subjects=subjects)
        for variable in ("value", "iqr", "count", "reason"):
            np.testing.assert_allclose(alone[variable].values[0], together[variable].sel(record=name).values, rtol=1e-4)


def test_inputs_are_not_changed() -> None:
    beats, ecg, subjects = block()
    before = [part.copy(deep=True) for part in (beats.beats, beats.template, beats.quality, ecg, subjects)]
    measure(beats, ecg, subjects=subjects)
    for then, now in zip(before, (beats.beats, beats.template, beats.quality, ecg, subjects), strict=True):
        xr.testing.assert_identical(then, now)


def test_a_single_recording_takes_the_id_of_its_beats() -> None:
    made = phantom(record="x7")
    values = measure(made.beats, made.ecg.isel(record=0, drop=True), subjects=made.subjects)
    assert list(values["record"].values) == ["x7"]
    xr.testing.assert_identical(values, measure(made.beats, made.ecg, subjects=made.subjects))


def test_errors_say_what_does_not_fit() -> None:
    made = phantom()
    with pytest.raises(SignalError, match=r"dims \('beat', 'time'\).*expected"):
        measure(made.beats, xr.DataArray(np.zeros((2, 9)), dims=("beat", "time"), attrs={"rate_hz": 500.0}))
    stranger = made.ecg.assign_coords(record=["someone"])
    with pytest.raises(SignalError, match="1 of 1 records have a signal and no beats"):
        measure(made.beats, stranger)
    renamed = made.ecg.assign_coords(lead=["MLII", *LEADS[1:]])
    with pytest.raises(SignalError, match="leads MLII"):
        measure(made.beats, renamed)


def test_unusual_classes_are_counted() -> None:
    made = phantom()
    kinds = np.zeros(12, dtype=np.int8)
    kinds[[2, 7]] = BEAT_CLASSES.index("ventricular")
    kinds[4] = BEAT_CLASSES.index("supraventricular")
    kinds[5] = BEAT_CLASSES.index("paced")
    values = measure(made.classed(kinds).beats, made.ecg)
    assert value(values, "PVC_Count_Global") == 2
    assert value(values, "PVC_Burden_Global") == pytest.approx(100 * 2 / 12)
    assert value(values, "PAC_Count_Global") == 0, "early for its neighbourhood, but not abruptly so"
    assert value(values, "Paced_Fraction_Global") == pytest.approx(1 / 12)
    # spread and count are over the beats the representative beat stands for
    assert values["count"].isel(record=0).sel(biomarker="R_Amp_V5").item() == 8
