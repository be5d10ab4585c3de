import numpy as np
import pytest
import xarray as xr

from ecgomics.notebook import strip
from ecgomics.simulate import VirtualPatient, simulate


@pytest.fixture(scope="module")
def ecg():
    return simulate(VirtualPatient(), duration_s=5, seed=1).ecg


def test_an_array_shows_and_delineates_itself(ecg):
    shown = ecg.ecg.strip(title="a")
    assert shown.title == "a"
    assert len(shown.signal) > 5 * 500 * 2
    assert ecg.ecg.delineate().beats.sizes["beat"] >= 3


def test_strip_of_an_array_is_the_same_and_a_dataset_keeps_its_variable(ecg):
    assert len(strip(ecg).signal) == len(ecg.ecg.strip().signal)
    assert isinstance(xr.Dataset({"ecg": ("x", np.zeros(2))}).ecg, xr.DataArray)
