"""A waveform change that no biomarker measures, planted in simulated patients: is it found, and where?

The U wave: the delineator marks none, and the catalogue says that `U_Amp` is not computed.
"""

import numpy as np
import pytest
import xarray as xr

from ecgomics.biomarkers import measure
from ecgomics.errors import SignalError
from ecgomics.latent import Projection, beat_residual, probe
from ecgomics.simulate import VirtualPatient, draw_patient, simulate
from ecgomics.waves import delineate

SIZE = 200
U_MV = 0.07


def recorded(number, carries):
    values = draw_patient("normal", seed=51_000 + number).as_dict()
    patient = VirtualPatient.from_dict(values | ({"u_mv": U_MV} if carries else {}))
    ecg = simulate(patient, duration_s=10, rate_hz=250, seed=number).ecg
    return ecg.drop_vars("time", errors="ignore").assign_coords(record=f"r{number:03d}")


def analysed(carriers):
    ecg = xr.concat([recorded(number, on) for number, on in enumerate(carriers)], "record", combine_attrs="override")
    beats = delineate(ecg)
    unknown = np.full(len(carriers), np.nan, dtype=np.float32)
    subjects = xr.Dataset(
        {"age": ("record", unknown), "sex": ("record", [""] * len(carriers))}, coords={"record": ecg["record"]}
    )
    return measure(beats, ecg, subjects=subjects), beats.template


@pytest.fixture(scope="module")
def carriers():
    return np.random.default_rng(0).random(SIZE) < 0.3


@pytest.fixture(scope="module")
def cohort(carriers):
    return analysed(carriers)


@pytest.fixture(scope="module")
def left(cohort):
    return beat_residual(*cohort)


def neighbours_auc(points, label, k=15):
    """Of a record's share of carriers among its nearest others."""
    distance = np.square(points[:, None] - points).sum(axis=-1)
    np.fill_diagonal(distance, np.inf)
    share = label[np.argsort(distance, axis=1)[:, :k]].mean(axis=1)
    above, equal = share[label][:, None] > share[~label], share[label][:, None] == share[~label]
    return float(above.mean() + 0.5 * equal.mean())


def difference(left, label):
    return left.vectors.values[label].mean(axis=0) - left.vectors.values[~label].mean(axis=0)


def test_the_residual_and_its_map_part_the_carriers(left, carriers):
    assert 0.7 < left.explained < 0.99
    assert neighbours_auc(left.vectors.values, carriers) >= 0.9
    drawn = Projection.fit(left.vectors).map.values
    assert neighbours_auc(drawn, carriers) >= 0.9


def test_it_is_found_nowhere_when_labels_are_shuffled(left, carriers):
    shuffled = np.random.default_rng(1).permutation(carriers)
    assert abs(neighbours_auc(left.vectors.values, shuffled) - 0.5) < 0.15


def test_the_difference_points_at_the_right_leads_and_time(left, carriers):
    strength = abs(left.strength(difference(left, carriers)))
    # the simulated U wave comes 10 to 30 ms after the end of T and peaks 70 ms later: 0.44 to 0.46 s on the clock of QT
    when = strength.sum("lead")
    assert 0.40 <= float(when["offset"][int(np.argmax(when.values))]) <= 0.52
    energy, late = np.square(strength), slice(0.38, 0.56)
    share = float(energy.sel(offset=late).sum() / energy.sum())
    assert share > 1.5 * energy.sel(offset=late).sizes["offset"] / energy.sizes["offset"]
    by_lead = energy.sel(offset=late).sum("offset")
    strongest = by_lead["lead"].values[np.argsort(by_lead.values)[::-1][:4]]
    assert {"V3", "V4"} <= set(strongest.tolist())
    assert float(by_lead.sel(lead="V3")) > 2 * float(by_lead.sel(lead="V1"))
    assert float(left.pattern(difference(left, carriers)).sel(lead="V3", offset=slice(0.42, 0.48)).mean()) > 0.01


def test_biomarkers_do_not_tell_what_is_left(left, cohort):
    assert probe(left.vectors, cohort[0])["r2"].max() < 0.5


def test_without_the_plant_a_random_group_is_not_parted(carriers):
    values, template = analysed(np.zeros(80, dtype=bool))
    empty = beat_residual(values, template)
    assert abs(neighbours_auc(empty.vectors.values, carriers[:80]) - 0.5) < 0.2


def test_records_without_a_beat_have_no_vector_and_wrong_directions_are_refused(cohort):
    values, template = cohort
    holed = template.copy(deep=True)
    holed["beat_mv"][2] = np.nan
    found = beat_residual(values, holed, components=5)
    assert found.vectors.isnull().all("latent").values.nonzero()[0].tolist() == [2]
    assert found.vectors.sizes["latent"] == 5
    with pytest.raises(SignalError, match="5 numbers"):
        found.pattern([1.0, 2.0])
    with pytest.raises(SignalError, match="template_global"):
        beat_residual(values, template[["beat_mv"]])
