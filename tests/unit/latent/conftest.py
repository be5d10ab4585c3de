"""Small made-up cohorts: beats of three shapes in twelve leads, the same three behind the biomarkers."""

import numpy as np
import pytest
import xarray as xr

from ecgomics.vocabulary import LEADS

RECORDS = 60


def bump(time, centre, width):
    return np.exp(-0.5 * ((time - centre) / width) ** 2)


def beat(time, kind, gain):
    """One beat around its R peak at 0 s; the third kind is wide, the second has its T wave upside down."""
    qrs = bump(time, 0.0, 0.035 if kind == 2 else 0.012)
    wave = 0.15 * bump(time, -0.16, 0.025) + qrs + (-0.3 if kind == 1 else 0.3) * bump(time, 0.28, 0.045)
    return gain * wave


def gains(rng):
    return np.linspace(-0.6, 1.2, len(LEADS)) + 0.3 * rng.normal(size=len(LEADS))


@pytest.fixture(scope="session")
def kinds():
    return np.arange(RECORDS) % 3


@pytest.fixture(scope="session")
def signal(kinds):
    """(record, lead, time), 10 s at 250 Hz, mV."""
    rng = np.random.default_rng(0)
    time = np.arange(2500) / 250
    block = np.zeros((RECORDS, len(LEADS), len(time)), dtype=np.float32)
    for record, kind in enumerate(kinds):
        gain, period = gains(rng), rng.uniform(0.7, 1.0)
        for peak in np.arange(rng.uniform(0.1, 0.6), 10, period):
            block[record] += gain[:, None] * beat(time - peak, kind, 1.0)
        block[record] += 0.02 * rng.normal(size=block[record].shape)
    names = [f"r{number:02d}" for number in range(RECORDS)]
    return xr.DataArray(
        block, dims=("record", "lead", "time"), coords={"record": names, "lead": list(LEADS)}, attrs={"rate_hz": 250.0}
    )


@pytest.fixture(scope="session")
def template(kinds):
    rng = np.random.default_rng(1)
    offset = np.arange(-150, 250) / 500
    beats = np.stack([[beat(offset, kind, gain) for gain in gains(rng)] for kind in kinds]).astype(np.float32)
    names = [f"r{number:02d}" for number in range(RECORDS)]
    return xr.Dataset(
        {"beat_mv": (("record", "lead", "offset"), beats)},
        coords={"record": names, "lead": list(LEADS), "offset": offset},
    )


@pytest.fixture(scope="session")
def values(kinds):
    rng = np.random.default_rng(2)
    names = ["PR_Int_Global", "QRS_Dur_Global", *[f"R_Amp_{lead}" for lead in LEADS], "Quality_Global", "Always_Global"]
    table = rng.normal(size=(RECORDS, len(names)))
    table[:, 1] = 90 + 50 * (kinds == 2) + rng.normal(size=RECORDS)
    table[:, -1] = 7.0
    table[rng.random(table.shape) < 0.05] = np.nan
    return xr.Dataset(
        {"value": (("record", "biomarker"), table.astype(np.float32))},
        coords={"record": [f"r{number:02d}" for number in range(RECORDS)], "biomarker": names},
    )
