from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
import wfdb

LEADS = ["I", "II", "III", "aVR", "aVL", "aVF", "V1", "V2", "V3", "V4", "V5", "V6"]


@pytest.fixture
def signal() -> np.ndarray:
    """Twelve leads × 1000 samples, mV, dims (time, lead), limb leads consistent."""
    rng = np.random.default_rng(7)
    free = rng.normal(0, 0.3, size=(1000, 12))
    one, two = free[:, 0], free[:, 1]
    free[:, 2], free[:, 3], free[:, 4], free[:, 5] = two - one, -(one + two) / 2, one - two / 2, two - one / 2
    return free


@pytest.fixture
def write_wfdb(tmp_path: Path) -> Callable[..., Path]:
    """Write a WFDB record, and say where its header is."""

    def write(signal: np.ndarray, *, name: str = "rec", **options: object) -> Path:
        n = signal.shape[1]
        settings: dict[str, object] = {
            "fs": 500,
            "units": ["mV"] * n,
            "sig_name": LEADS[:n],
            "fmt": ["16"] * n,
            "adc_gain": [1000.0] * n,
            "baseline": [0] * n,
            "write_dir": str(tmp_path),
        } | options
        wfdb.wrsamp(name, p_signal=signal, **settings)
        return tmp_path / f"{name}.hea"

    return write
