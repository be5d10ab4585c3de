"""Representative beats as arrays that can be compared: one grid, one zero, and if wanted one clock for all."""

from __future__ import annotations

from typing import Any, Literal

import numpy as np
import numpy.typing as npt
import xarray as xr

from ecgomics.errors import SignalError
from ecgomics.latent.neighbours import Floats
from ecgomics.vocabulary import LEADS

STEP_S = 0.01

_QRS_S = 0.06
_T_OFF_S = 0.36
_LEAST_T_S, _MOST_T_S = 0.16, 0.6

Clock = Literal["time", "qt"]


def offsets(window_s: tuple[float, float]) -> Floats:
    """Offsets from R, s: both ends included."""
    steps = np.arange(round(window_s[0] / STEP_S), round(window_s[1] / STEP_S) + 1)
    return np.asarray(steps * STEP_S, dtype=np.float64)


def beat_shapes(
    template: xr.Dataset, record: npt.ArrayLike, *, window_s: tuple[float, float], clock: Clock = "time"
) -> Floats:
    """Representative beats, each lead's median taken as its zero.

    Parameters
    ----------
    template
        `beat_mv` (record, lead, offset), mV: `Beats.template`; for the clock ``"qt"``, `template_global` too.
    record
        Which records, in which order; one that the template lacks is NaN.
    window_s
        From where to where, s after R.
    clock
        ``"time"``: seconds. ``"qt"``: from 60 ms after R the beat is stretched until its T wave ends 360 ms after R;
        before and after that, seconds. A beat without an end of T takes the cohort's median.

    Returns
    -------
    float64, (record, lead, offset), mV; NaN where the record, the lead or the time is missing.

    Raises
    ------
    SignalError
        For a Dataset without those variables.
    """
    wanted = {"beat_mv"} | ({"template_global"} if clock == "qt" else set())
    if not wanted <= set(template.data_vars) or set(template["beat_mv"].dims) != {"record", "lead", "offset"}:
        raise SignalError(
            f"a Dataset with {', '.join(map(str, template.data_vars)) or 'no variable'}",
            expected=f"{' and '.join(sorted(wanted))}, as representative beats have them",
            remedy="hand over the template of waves.delineate",
        )
    beats = _bare(template["beat_mv"], "record", "lead", "offset").transpose("record", "lead", "offset")
    beats = beats.reindex(record=np.asarray(record), lead=list(LEADS))
    voltage, given = np.asarray(beats.values, dtype=np.float64), beats["offset"].values.astype(np.float64)
    found = _on_grid(voltage, given, offsets(window_s))
    if clock == "qt":
        marks = _bare(template["template_global"], "record", "mark").reindex(record=np.asarray(record))
        found = _on_qt_clock(voltage, given, offsets(window_s), ends=marks.sel(mark="t_off").values)
    zero = np.zeros(found.shape[:2])
    there = np.isfinite(found).any(axis=-1)
    if there.any():
        zero[there] = np.nanmedian(found[there], axis=-1)
    return np.asarray(found - zero[..., None])


def _bare(thing: Any, *coords: str) -> Any:
    return thing.drop_vars([name for name in thing.coords if name not in coords])


def _on_grid(voltage: Floats, given: Floats, wanted: Floats) -> Floats:
    known = np.isfinite(voltage)
    hats = _hats(given, wanted)
    reach = known.astype(np.float64) @ hats
    found = np.where(known, voltage, 0.0) @ hats / np.where(reach > 0, reach, 1.0)
    found[reach < 0.5] = np.nan
    return np.asarray(found)


def _on_qt_clock(voltage: Floats, given: Floats, wanted: Floats, *, ends: Floats) -> Floats:
    ends = np.where((ends > _LEAST_T_S) & (ends < _MOST_T_S), ends, np.nan)
    usual = float(np.nanmedian(ends)) if np.isfinite(ends).any() else _T_OFF_S
    found = np.full((*voltage.shape[:2], len(wanted)), np.nan)
    share = np.clip((wanted - _QRS_S) / (_T_OFF_S - _QRS_S), 0.0, 1.0)
    for row, end in enumerate(np.where(np.isfinite(ends), ends, usual)):
        # beyond both ends the clock runs in seconds
        time = np.where(wanted < _QRS_S, wanted, _QRS_S + share * (end - _QRS_S))
        time = time + np.maximum(wanted - _T_OFF_S, 0.0)
        for lead, line in enumerate(voltage[row]):
            known = np.isfinite(line)
            if known.sum() > 1:
                found[row, lead] = np.interp(time, given[known], line[known], left=np.nan, right=np.nan)
    return found


def _hats(offset: Floats, wanted: Floats) -> Floats:
    """Weights (offset given, offset wanted) of a triangle one step wide to each side; columns sum to 1 or to 0."""
    step = max(STEP_S, float(np.median(np.diff(offset))) if len(offset) > 1 else STEP_S)
    hats = np.maximum(0.0, 1 - np.abs(offset[:, None] - wanted[None]) / step)
    total = hats.sum(axis=0)
    return np.asarray(hats / np.where(total > 0, total, 1.0))
