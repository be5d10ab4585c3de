"""What a signal handed to this room is to be: looked at once, at its doors."""

from __future__ import annotations

from collections.abc import Collection

import numpy as np
import xarray as xr

from ecgomics.errors import SignalError
from ecgomics.vocabulary import rate_hz

SLOWEST_HZ, FASTEST_HZ = 50.0, 4000.0
MILLIVOLT = ("", "mv", "millivolt", "millivolts")
LARGEST_MV = 40.0
"""Height of a beat that no electrode on a chest records: such numbers are no millivolts."""


def checked(ecg: xr.DataArray, *, needed: Collection[str], allowed: Collection[str] | None = None) -> float:
    """Sampling rate in Hz of a signal that can be worked on.

    Parameters
    ----------
    ecg
        What was handed over.
    needed, allowed
        Dims that it must have, and others that it may have (any, when left out).

    Raises
    ------
    SignalError
        For what is no array with names, for other dims, samples that are no real numbers, a unit other than mV, a rate
        outside 50–4000 Hz, and for records without any lead or sample.
    """
    if not isinstance(ecg, xr.DataArray):
        raise SignalError(
            f"an object of type {type(ecg).__name__}",
            expected="an xarray.DataArray in mV with its dims named",
            remedy='xr.DataArray(values, dims=("lead", "time"), attrs={"rate_hz": 500})',
        )
    dims, known = set(ecg.dims), set(needed) | set(allowed or ())
    if not set(needed) <= dims or (allowed is not None and not dims <= known):
        names = f"dims {', '.join(needed)}" + (f" and, if need be, {', '.join(allowed)}" if allowed else "")
        raise SignalError(f"a signal with dims {tuple(ecg.dims)}", expected=names, remedy="rename or expand the dims")
    if ecg.dtype.kind not in "iuf":
        raise SignalError(
            f"samples of type {ecg.dtype}", expected="real numbers in mV", remedy="convert them: ecg.astype('float32')"
        )
    unit = str(ecg.attrs.get("units", "")).strip()
    if unit.lower() not in MILLIVOLT:
        raise SignalError(
            f"a signal in {unit}", expected="millivolts", remedy="convert it, and set ecg.attrs['units'] to 'mV'"
        )
    rate = rate_hz(ecg)
    if not SLOWEST_HZ <= rate <= FASTEST_HZ:
        raise SignalError(f"a sampling rate of {rate:g} Hz", expected="50 to 4000 Hz", remedy="state the rate in Hz")
    sizes = {str(dim): size for dim, size in ecg.sizes.items() if dim in ("lead", "time")}
    if ecg.sizes.get("record", 1) and not all(sizes.values()):
        raise SignalError(
            f"a signal of {' and '.join(f'{size} along {dim}' for dim, size in sizes.items())}",
            expected="at least one lead and one sample",
            remedy="leave out records that hold nothing",
        )
    return rate


def no_millivolts(template: xr.Dataset) -> bool:
    """Whether representative beats are, in most leads that have one, too high for a voltage of a heart."""
    beat = template["beat_mv"].values
    if not beat.size:
        return False
    height = np.fmax.reduce(beat, axis=-1) - np.fmin.reduce(beat, axis=-1)
    seen = np.isfinite(height)
    return bool(np.count_nonzero(height[seen] > LARGEST_MV) * 2 > np.count_nonzero(seen))
