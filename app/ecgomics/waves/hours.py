"""Representative beats of a long recording, hour by hour and class by class."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt
import xarray as xr

from ecgomics.errors import SignalError
from ecgomics.vocabulary import BEAT_CLASSES, MARKS, rate_hz
from ecgomics.waves import representative
from ecgomics.waves.beats import Beats
from ecgomics.waves.filtering import measured

HOUR_S = 3600.0
MARGIN_S = 4.0
"""Signal around the beats of a piece, so that the filter has settled where they are."""
PIECE_S = 24.0
PIECES = 6
"""Pieces of an hour that lend beats to its representative beat."""
BEATS_A_PIECE = 12
PRESENT_MV = 1e-6


def hourly(ecg: xr.DataArray, *, beats: Beats, hour_s: float = HOUR_S) -> xr.Dataset:
    """Representative beat of each class in each hour of one recording.

    Parameters
    ----------
    ecg
        dims (lead, time), mV, unfiltered, as it was given to `delineate`; a lazily loaded array is read piece by piece.
    beats
        What `delineate` found in it.
    hour_s
        Length of an "hour", s.

    Returns
    -------
    xarray.Dataset
        dims (hour, class, lead, offset, mark): ``beat_mv`` (hour, class, lead, offset) float32 mV; ``template_marks``
        (hour, class, lead, mark) and ``template_global`` (hour, class, mark) s relative to R; ``beat_count`` (hour,
        class) int32, beats of that class in that hour; ``template_beats`` those averaged. Coordinates: ``hour`` (start,
        s), ``class`` (name), ``lead``, ``offset``, ``mark``. NaN where there is no beat.

    Raises
    ------
    SignalError
        For other dims, or when `beats` are of more than one record.

    Examples
    --------
    >>> import numpy as np, xarray as xr
    >>> from ecgomics.waves import delineate
    >>> ecg = xr.DataArray(np.zeros((2, 1000), np.float32), dims=("lead", "time"), attrs={"rate_hz": 500.0})
    >>> dict(hourly(ecg, beats=delineate(ecg)).sizes)["hour"]
    1
    """
    if set(ecg.dims) != {"lead", "time"} or beats.quality.sizes["record"] != 1:
        raise SignalError(
            f"a signal with dims {tuple(ecg.dims)} and beats of {beats.quality.sizes['record']} records",
            expected="one recording, dims (lead, time), and its beats",
            remedy="select one record of both",
        )
    ecg = ecg.transpose("lead", "time")
    rate = rate_hz(ecg)
    hours = max(int(np.ceil(ecg.sizes["time"] / rate / hour_s)), 1)
    r, kinds = beats.beats["r_s"].values, beats.beats["beat_class"].values
    of_hour = np.minimum((r / hour_s).astype(int), hours - 1)
    made = _empty(hours, leads=ecg.sizes["lead"], rate=rate)
    for hour, kind in np.ndindex(hours, len(BEAT_CLASSES)):
        chosen = np.flatnonzero((of_hour == hour) & (kinds == kind))
        made["beat_count"][1][hour, kind] = len(chosen)
        if len(chosen):
            _fill(made, where=(hour, kind), ecg=ecg, beats=beats, chosen=chosen)
    lead = beats.beats["lead"].values
    coords = {"hour": ("hour", np.arange(hours) * hour_s, {"units": "s"}), "class": list(BEAT_CLASSES), "lead": lead}
    return xr.Dataset(made, coords={**coords, "offset": representative.offsets(rate), "mark": list(MARKS)})


Made = dict[str, tuple[tuple[str, ...], npt.NDArray[np.float64] | npt.NDArray[np.float32] | npt.NDArray[np.int32]]]


def _empty(hours: int, *, leads: int, rate: float) -> Made:
    shape = (hours, len(BEAT_CLASSES))
    both = ("hour", "class")
    size = len(representative.offsets(rate))
    return {
        "beat_mv": ((*both, "lead", "offset"), np.full((*shape, leads, size), np.nan, dtype=np.float32)),
        "template_marks": ((*both, "lead", "mark"), np.full((*shape, leads, len(MARKS)), np.nan)),
        "template_global": ((*both, "mark"), np.full((*shape, len(MARKS)), np.nan)),
        "beat_count": (both, np.zeros(shape, dtype=np.int32)),
        "template_beats": (both, np.zeros(shape, dtype=np.int32)),
    }


def _fill(made: Made, *, where: tuple[int, int], ecg: xr.DataArray, beats: Beats, chosen: npt.NDArray[np.intp]) -> None:
    """Average some of the chosen beats, from pieces spread over them, and take the median of their marks."""
    rate = rate_hz(ecg)
    r = beats.beats["r_s"].values
    pieces, used = [], np.empty(0, dtype=np.intp)
    for start in np.unique(np.linspace(0, len(chosen) - 1, PIECES).astype(int)):
        near = chosen[start:][(r[chosen[start:]] - r[chosen[start]]) < PIECE_S][:BEATS_A_PIECE]
        near = np.setdiff1d(near, used)
        if len(near) == 0:
            continue
        first = max(int((r[near[0]] - MARGIN_S) * rate), 0)
        last = int((r[near[-1]] + MARGIN_S) * rate) + 1
        part = np.asarray(ecg[:, first:last].values, dtype=np.float32)
        pieces.append((measured(part, rate=rate)[0], r[near] - first / rate))
        used = np.concatenate([used, near])
    beat = representative.averaged(pieces, rate=rate)
    beat[np.ptp(np.nan_to_num(beat), axis=1) < PRESENT_MV] = np.nan
    own, joint = beats.beats["lead_marks"].values[used], beats.beats["marks"].values[used]
    relative = np.concatenate([joint[:, None], own], axis=1) - r[used, None, None]
    marks = np.empty(relative.shape[1:])
    representative.median_marks(np.ascontiguousarray(relative), marks)
    made["beat_mv"][1][where] = beat
    made["template_global"][1][where], made["template_marks"][1][where] = marks[0], marks[1:]
    made["template_beats"][1][where] = len(used)
