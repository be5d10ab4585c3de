"""The words every room uses: leads, marks, beat classes, states, dimensions, and how a signal states its rate.

Enumerations are stored as small integers that index the tuples below, so the order of a tuple is part of the store's
format: append, never re-order.
"""

from __future__ import annotations

import numpy as np
import xarray as xr

from ecgomics.errors import VocabularyError

LEADS = ("I", "II", "III", "aVR", "aVL", "aVF", "V1", "V2", "V3", "V4", "V5", "V6")
LIMB_LEADS = LEADS[:6]
CHEST_LEADS = LEADS[6:]

MARKS = (
    "p_on",
    "p_peak",
    "p_off",
    "qrs_on",
    "q_peak",
    "r_peak",
    "s_peak",
    "qrs_off",
    "t_on",
    "t_peak",
    "t_off",
)

BEAT_CLASSES = ("normal", "ventricular", "supraventricular", "paced", "unclassifiable")

STATES = ("not_met", "met", "unknown")

DIMENSIONS = ("Structural", "Intensity", "Functional", "Comparative")

QUALITY_FLAGS = (
    "missing",  # the lead is not in the recording
    "nan",  # some samples are missing
    "flat",
    "clipped",
    "mains",
    "wander",
    "muscle",
    "disagreement",  # two detectors do not find the same beats
    "reversal",  # its electrodes seem to be swapped
)
"""Bits of `lead_flags`, lowest first."""

UNUSABLE_FLAGS = ("missing", "flat")
"""Flags that leave a lead out of everything computed; `nan` does so when the gap is not short."""

_SPELLINGS = {name.lower(): name for name in LEADS} | {"mli": "MLI", "mlii": "MLII", "mliii": "MLIII"}


def normalise_lead(name: str) -> str:
    """Spell a lead's name as the house does (`AVR`, `avr`, `Lead aVR`, `MDC_ECG_LEAD_AVR` → `aVR`).

    Names that are not one of the twelve standard leads keep their own spelling, stripped of blanks.
    """
    text = name.strip()
    key = text.lower().replace("mdc_ecg_lead_", "").replace(" ", "")
    key = key.removeprefix("lead").removeprefix("ecg").strip("-_:.()")
    return _SPELLINGS.get(key, text)


def lead_order(names: list[str] | tuple[str, ...]) -> list[str]:
    """Sort lead names: the twelve in their usual order, then the others in the order given, each once."""
    known = [lead for lead in LEADS if lead in names]
    return known + [name for name in dict.fromkeys(names) if name not in LEADS]


def rate_hz(ecg: xr.DataArray | xr.Dataset) -> float:
    """Sampling rate of a signal in Hz: its `rate_hz` attribute, else one over the step of `time` (s).

    Raises
    ------
    VocabularyError
        When neither is there to read.
    """
    stated = ecg.attrs.get("rate_hz")
    if stated is not None:
        return float(stated)
    if "time" in ecg.coords and ecg.sizes["time"] > 1:
        time = np.asarray(ecg["time"].values[[0, -1]], dtype=float)
        return float(round((ecg.sizes["time"] - 1) / (time[1] - time[0]), 6))
    raise VocabularyError(
        f"a signal with dims {tuple(ecg.dims)} states no sampling rate",
        expected="an attribute rate_hz, or a time coordinate in seconds",
        remedy="set ecg.attrs['rate_hz'] to the sampling rate in Hz",
    )
