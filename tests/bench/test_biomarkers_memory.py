"""What the biomarkers of a day's recording take beside the recording itself."""

from __future__ import annotations

import subprocess
import sys
import time
from pathlib import Path

import numpy as np
import pytest
import xarray as xr

from ecgomics.biomarkers import measure, spectrum
from ecgomics.biomarkers.phantom import phantom
from ecgomics.waves.beats import Beats

pytestmark = pytest.mark.bench

LEADS = ("II", "V1", "V5")
RATE = 250.0
PIECE_S = 600.0


def long_recording(hours: float) -> tuple[Beats, xr.DataArray]:
    """Three leads at 250 Hz: ten minutes of a phantom whose rate wanders, again and again, with its marks."""
    rng = np.random.default_rng(0)
    made = phantom(rr_s=rng.normal(0.85, 0.02, round(PIECE_S / 0.85) - 3).tolist(), rate_hz=RATE)
    times, size = round(hours * 3600 / PIECE_S), round(PIECE_S * RATE)
    own = made.ecg.sel(lead=list(LEADS)).values[0]
    signal = np.zeros((1, len(LEADS), times * size), dtype=np.float32)
    for k in range(times):
        signal[0, :, k * size : k * size + own.shape[1]] = own[:, :size]
    beat = made.beats.beats.sel(lead=list(LEADS))
    later = np.repeat(PIECE_S * np.arange(times), beat.sizes["beat"])

    def again(name: str, shift: np.ndarray) -> np.ndarray:
        values = np.concatenate([beat[name].values] * times)
        return values + shift.reshape(-1, *[1] * (values.ndim - 1))

    r_s = again("r_s", later)
    beats = xr.Dataset(
        {
            "r_s": ("beat", r_s),
            "rr_s": ("beat", np.diff(r_s, prepend=np.nan)),
            "beat_class": ("beat", np.tile(beat["beat_class"].values, times)),
            "beat_quality": ("beat", np.tile(beat["beat_quality"].values, times)),
            "marks": (("beat", "mark"), again("marks", later)),
            "lead_marks": (("beat", "lead", "mark"), again("lead_marks", later)),
        },
        coords={
            "beat_record": ("beat", np.repeat(beat["beat_record"].values[:1], len(r_s))),
            "lead": list(LEADS),
            "mark": beat["mark"].values,
        },
    )
    ecg = xr.DataArray(
        signal,
        dims=("record", "lead", "time"),
        coords={"record": made.ecg["record"].values, "lead": list(LEADS)},
        attrs={**made.ecg.attrs, "rate_hz": RATE},
    )
    template, quality = (part.sel(lead=list(LEADS)) for part in (made.beats.template, made.beats.quality))
    return Beats(beats, template, quality), ecg


def memory_mib(name: str) -> float:
    """A figure of this process, such as VmHWM, its peak."""
    lines = Path("/proc/self/status").read_text(encoding="ascii").splitlines()
    return int(next(line for line in lines if line.startswith(name)).split()[1]) / 1024


def report() -> None:
    """Measure a day after half an hour has made everything ready; print what it took beyond what was there."""
    measure(*long_recording(0.5))
    beats, ecg = long_recording(24.0)
    Path("/proc/self/clear_refs").write_text("5", encoding="ascii")  # the peak begins anew
    before, start = memory_mib("VmRSS"), time.process_time()
    measure(beats, ecg)
    print(memory_mib("VmHWM") - before, time.process_time() - start, ecg.nbytes / 2**20)


def test_a_day_of_three_leads_is_measured_in_bounded_memory() -> None:
    code = (
        f"import sys; sys.path.insert(0, {str(Path(__file__).parent)!r}); import {Path(__file__).stem} as t; t.report()"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, timeout=600, check=True)
    grown, spent, signal = map(float, done.stdout.split())
    print(f"\n24 h x 3 leads x {RATE:.0f} Hz ({signal:.0f} MiB): +{grown:.0f} MiB, {spent:.1f} s of CPU")
    assert grown <= 300


def test_a_recording_measured_in_windows_has_the_values_of_one_measured_whole(monkeypatch: pytest.MonkeyPatch) -> None:
    beats, ecg = long_recording(0.5)
    windows = measure(beats, ecg)
    monkeypatch.setattr(spectrum, "WINDOWS", 10_000_000)
    xr.testing.assert_identical(windows, measure(beats, ecg))
