"""What a patient's parameters promise is in the recording and its truth."""

from __future__ import annotations

import numpy as np
import pytest
import xarray as xr

from ecgomics.errors import SettingsError, SignalError
from ecgomics.simulate import VirtualPatient, heart_vector, simulate
from ecgomics.simulate.landmarks import landmarks
from ecgomics.vocabulary import BEAT_CLASSES, LEADS, MARKS
from ecgomics.waves import Beats


def marks(record, name):
    return record.truth.beats["marks"].sel(mark=name).values


def interval_ms(record, first, second):
    length = 1000 * (marks(record, second) - marks(record, first))
    return length[np.isfinite(length)]


def ideal(patient, **changes):
    return simulate(patient, **({"recorder": "ideal", "seed": 3} | changes))


@pytest.fixture(scope="module")
def healthy():
    return simulate(VirtualPatient(), seed=3)


def test_the_recording_is_what_the_contract_says(healthy):
    ecg = healthy.ecg
    assert ecg.dims == ("lead", "time")
    assert ecg.dtype == np.float32
    assert tuple(ecg["lead"].values) == LEADS
    assert ecg.sizes["time"] == 5000
    assert ecg.attrs["rate_hz"] == 500.0
    assert ecg.attrs["synthetic"] is True
    assert np.isfinite(ecg.values).all()


def test_the_truth_is_beats_as_the_waves_say_them(healthy):
    truth = healthy.truth
    assert isinstance(truth, Beats)
    assert truth.beats["marks"].dims == ("beat", "mark")
    assert truth.beats["lead_marks"].dims == ("beat", "lead", "mark")
    assert tuple(truth.beats["mark"].values) == MARKS
    assert set(truth.beats["beat_record"].values) == {healthy.ecg.attrs["record"]}
    assert truth.template["beat_mv"].dims == ("record", "lead", "offset")
    assert truth.quality["lead_quality"].shape == (1, 12)
    assert all(part.attrs["synthetic"] for part in (truth.beats, truth.template, truth.quality))
    assert truth.beats["beat_class"].dtype == np.int8


@pytest.mark.parametrize(
    "values",
    [
        {},
        {"pr_ms": 280, "p_ms": 120},
        {"qrs_ms": 150, "conduction": "lbbb", "qtc_ms": 460},
        {"qrs_ms": 140, "conduction": "rbbb", "qtc_ms": 440},
        {"heart_rate_bpm": 130, "pr_ms": 130},
        {"heart_rate_bpm": 42, "qtc_ms": 520},
        {"qt_ms": 444},
        {"geometry_seed": 9, "variety": 2.0},
    ],
)
def test_intervals_are_the_parameters_within_a_millisecond(values):
    patient = VirtualPatient(rr_variability=0.01, **values)
    record = ideal(patient)
    assert interval_ms(record, "p_on", "qrs_on") == pytest.approx(patient.pr_ms, abs=1)
    assert interval_ms(record, "p_on", "p_off") == pytest.approx(patient.p_ms, abs=1)
    assert interval_ms(record, "qrs_on", "qrs_off") == pytest.approx(patient.qrs_ms, abs=1)
    assert interval_ms(record, "qrs_on", "t_off") == pytest.approx(1000 * patient.qt_s, abs=1)
    assert interval_ms(record, "t_peak", "t_off") == pytest.approx(1000 * patient.tpe_s, abs=1)


def test_qt_follows_the_rate_by_fridericia():
    patient = VirtualPatient(heart_rate_bpm=80, qtc_ms=420)
    assert 1000 * patient.qt_s == pytest.approx(420 * 0.75 ** (1 / 3))
    assert VirtualPatient(qt_ms=390).qt_s == pytest.approx(0.39)


def test_marks_come_in_order_within_the_recording(healthy):
    order = ["p_on", "p_peak", "p_off", "qrs_on", "r_peak", "qrs_off", "t_on", "t_peak", "t_off"]
    table = healthy.truth.beats
    for array in (table["marks"], table["lead_marks"]):
        values = array.sel(mark=order).values
        steps = np.diff(values, axis=-1)
        assert (steps[np.isfinite(steps)] >= 0).all()
        assert np.nanmin(values) >= 0
        assert np.nanmax(values) <= 10


def test_lead_marks_lie_inside_the_global_ones(healthy):
    table = healthy.truth.beats
    for first, last in (("p_on", "p_off"), ("qrs_on", "qrs_off"), ("t_on", "t_off")):
        early = table["lead_marks"].sel(mark=first).min("lead") - table["marks"].sel(mark=first)
        late = table["marks"].sel(mark=last) - table["lead_marks"].sel(mark=last).max("lead")
        # the widest lead shows the wave within 15 ms (T onset, the gentlest) of where it is stated
        for gap in (early.dropna("beat").values, late.dropna("beat").values):
            assert (gap >= -1e-6).all()
            assert (gap < 0.015).all()


def test_a_wave_that_does_not_show_in_a_lead_has_no_mark_there():
    patient = VirtualPatient(p_axis_deg=60, p_mv=0.08, variety=0.0)
    lead_marks = ideal(patient).truth.beats["lead_marks"].sel(mark="p_peak")
    # aVL looks across a P wave at 60°
    assert np.isnan(lead_marks.sel(lead="aVL")).all()
    assert np.isfinite(lead_marks.sel(lead="II")[1:-1]).all()


def test_peaks_lie_where_the_signal_has_them():
    record = ideal(VirtualPatient(rr_variability=0.0), rate_hz=1000)
    for lead, sign in {"II": 1, "V5": 1, "V1": -1, "aVR": -1}.items():
        wave = sign * record.ecg.sel(lead=lead).values
        table = record.truth.beats.isel(beat=slice(1, -1))
        mark = {("V1", -1): "s_peak", ("aVR", -1): "q_peak"}.get((lead, sign), "r_peak")
        for time in table["lead_marks"].sel(lead=lead, mark=mark).values:
            near = slice(round(time * 1000) - 20, round(time * 1000) + 21)
            if np.isfinite(time):
                assert abs(int(wave[near].argmax()) - 20) <= 2


def test_einthoven_and_goldberger_hold_with_and_without_noise(healthy):
    for record in (healthy, ideal(VirtualPatient(gain=1.1))):
        lead = {name: record.ecg.sel(lead=name).values.astype(float) for name in LEADS}
        assert np.abs(lead["I"] + lead["III"] - lead["II"]).max() < 1e-6
        assert np.abs(lead["aVR"] + (lead["I"] + lead["II"]) / 2).max() < 1e-6
        assert np.abs(lead["aVL"] - (lead["I"] - lead["III"]) / 2).max() < 1e-6
        assert np.abs(lead["aVF"] - (lead["II"] + lead["III"]) / 2).max() < 1e-6


def test_equal_arguments_give_equal_recordings():
    patient = VirtualPatient(pvc_per_min=12, mains_mv=0.02)
    first, second = simulate(patient, seed=4), simulate(VirtualPatient(pvc_per_min=12, mains_mv=0.02), seed=4)
    xr.testing.assert_identical(first.ecg, second.ecg)
    xr.testing.assert_identical(first.truth.beats, second.truth.beats)
    assert np.abs(simulate(patient, seed=5).ecg.values - first.ecg.values).max() > 0.1
    assert simulate(patient, seed=5).ecg.attrs["record"] != first.ecg.attrs["record"]


@pytest.mark.parametrize("values", [{}, {"rhythm": "af"}, {"pvc_per_min": 12}, {"pac_per_min": 12}])
def test_the_truth_does_not_depend_on_the_sampling_rate(values):
    slow = ideal(VirtualPatient(**values), rate_hz=250)
    fast = ideal(VirtualPatient(**values), rate_hz=500)
    xr.testing.assert_allclose(
        slow.truth.beats.drop_vars("beat_record"), fast.truth.beats.drop_vars("beat_record"), atol=1e-9
    )
    assert fast.ecg.values[:, ::2] == pytest.approx(slow.ecg.values, abs=1e-5)


@pytest.mark.parametrize("rate_hz", [100, 250, 360, 1000])
@pytest.mark.parametrize("duration_s", [5, 30])
def test_lengths_and_rates(rate_hz, duration_s):
    record = simulate(VirtualPatient(mains_mv=0.02), duration_s=duration_s, rate_hz=rate_hz)
    assert record.ecg.sizes["time"] == duration_s * rate_hz
    assert record.truth.beats.sizes["beat"] == pytest.approx(68 / 60 * duration_s, abs=2)


@pytest.mark.parametrize("values", [{"duration_s": 0.5}, {"rate_hz": 20.0}, {"rate_hz": 9000.0}])
def test_impossible_recordings_are_refused(values):
    with pytest.raises(SignalError, match="expected"):
        simulate(VirtualPatient(), **values)


def test_parameters_have_bounds_units_and_words():
    for name in VirtualPatient.param:
        if name == "name":
            continue
        parameter = VirtualPatient.param[name]
        assert parameter.doc, name
        if hasattr(parameter, "bounds"):
            assert parameter.bounds is not None, name
        if name.endswith(("_ms", "_mv", "_deg", "_bpm", "_hz")):
            unit = {"ms": "ms", "mv": "mV", "deg": "°", "bpm": "/min", "hz": "Hz"}[name.rsplit("_", 1)[1]]
            assert unit in parameter.doc, name
    with pytest.raises(SettingsError, match="did you mean 'pr_ms'"):
        VirtualPatient.from_dict({"prms": 200})
    with pytest.raises(SettingsError, match="pr_ms"):
        VirtualPatient.from_dict({"pr_ms": 2000})


@pytest.mark.parametrize("axis", [-60, -20, 45, 95, 140])
@pytest.mark.parametrize("conduction", ["normal", "lbbb"])
def test_the_qrs_axis_is_the_net_area_in_the_limb_leads(axis, conduction):
    patient = VirtualPatient(qrs_axis_deg=axis, conduction=conduction, t_mv=0, st_slope_mv_s=0, p_mv=0)
    record = ideal(patient, rate_hz=1000)
    table = record.truth.beats.isel(beat=2)["marks"]
    part = slice(*(round(float(table.sel(mark=mark)) * 1000) for mark in ("qrs_on", "qrs_off")))
    area = record.ecg.isel(time=part).sum("time")
    found = np.rad2deg(np.arctan2(2 / np.sqrt(3) * area.sel(lead="aVF"), area.sel(lead="I")))
    # in LBBB the ST level rises within the last third of the QRS
    assert abs((float(found) - axis + 180) % 360 - 180) < (0.5 if conduction == "normal" else 4)


@pytest.mark.parametrize(
    ("territory", "up", "down"),
    [
        ("anterior", ("V2", "V3", "V4"), ("III", "aVF")),
        ("septal", ("V1", "V2"), ()),
        ("inferior", ("II", "III", "aVF"), ("I", "aVL")),
        ("lateral", ("I", "aVL", "V5", "V6"), ("III",)),
    ],
)
def test_st_elevation_shows_in_its_territory_and_reciprocally(territory, up, down):
    reference = {"anterior": "V3", "septal": "V2", "inferior": "aVF", "lateral": "V6"}[territory]
    base = landmarks(VirtualPatient(variety=0.0))
    raised = landmarks(VirtualPatient(variety=0.0, **{f"st_{territory}_mv": 0.3}))
    change = {lead: raised[f"ST_Amp_{lead}"] - base[f"ST_Amp_{lead}"] for lead in LEADS}
    assert change[reference] == pytest.approx(0.3, abs=0.005)
    assert all(change[lead] > 0.1 for lead in up)
    assert all(change[lead] < -0.05 for lead in down)


def test_no_two_bodies_look_alike_and_the_textbook_is_one():
    beats = [ideal(VirtualPatient(geometry_seed=seed)).truth.template["beat_mv"].values for seed in range(6)]
    assert min(np.abs(a - b).max() for k, a in enumerate(beats) for b in beats[:k]) > 0.05
    same = [ideal(VirtualPatient(geometry_seed=s, variety=0.0)).truth.template["beat_mv"].values for s in (1, 2)]
    assert same[0] == pytest.approx(same[1], abs=1e-6)


def test_the_representative_beat_is_the_beat():
    record = ideal(VirtualPatient(rr_variability=0.0, respiration_per_min=6, u_mv=0.0), rate_hz=1000)
    template = record.truth.template
    beat = record.truth.beats.isel(beat=4)
    start = round((float(beat["r_s"]) + float(template["offset"][0])) * 1000)
    piece = record.ecg.values[:, start : start + template.sizes["offset"]]
    # breathing changes the size of a beat by 3 %, the R peak lies between samples
    assert piece == pytest.approx(template["beat_mv"].values[0], abs=0.12)
    relative = template["template_global"].sel(mark="qrs_on") - template["template_global"].sel(mark="p_on")
    assert float(relative.item()) == pytest.approx(0.156, abs=1e-3)


def test_paced_beats_are_classed_and_counted():
    record = ideal(VirtualPatient(pacing="ventricular"))
    classes = record.truth.beats["beat_class"].values
    assert set(classes) == {BEAT_CLASSES.index("paced")}
    assert abs(int(record.truth.quality["pace_spikes"].item()) - classes.size) <= 1
    assert np.isnan(record.truth.beats["marks"].sel(mark="p_on")).all()
    dual = ideal(VirtualPatient(pacing="dual"))
    assert int(dual.truth.quality["pace_spikes"].item()) >= 2 * (dual.truth.beats.sizes["beat"] - 1)


def test_loops_of_the_heart_vector():
    loops = heart_vector(VirtualPatient())
    assert loops["qrs"].dims == ("axis", "time")
    length = {name: float(np.linalg.norm(loops[name], axis=0).max()) for name in ("p", "qrs", "st_t")}
    assert length["p"] < length["st_t"] < length["qrs"]
    # a healthy main vector points left and down
    main = loops["qrs"].isel(time=int(np.linalg.norm(loops["qrs"], axis=0).argmax()))
    assert float(main.sel(axis="x")) > 0
    assert float(main.sel(axis="y")) > 0
