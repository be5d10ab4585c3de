"""`Block`: the arrays of a block of records, checked and aligned by record id."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import xarray as xr
from numpy.typing import NDArray

from ecgomics.errors import SignalError
from ecgomics.vocabulary import BEAT_CLASSES, MARKS, QUALITY_FLAGS, UNUSABLE_FLAGS, rate_hz
from ecgomics.waves.beats import Beats

M = {name: index for index, name in enumerate(MARKS)}
"""Position of each mark on the mark axis."""

NORMAL, VENTRICULAR, SUPRAVENTRICULAR, PACED = (
    BEAT_CLASSES.index(name) for name in ("normal", "ventricular", "supraventricular", "paced")
)

VENTRICULAR_MS = 110.0
"""Narrowest QRS of a ventricular beat: the 120 ms of the definition, less what two delineations of it may differ by."""

Floats = NDArray[np.float64]
Bools = NDArray[np.bool_]


@dataclass(frozen=True)
class Block:
    """A block of records as plain arrays; R records, L leads, B beats (sorted by record), O offsets, 11 marks."""

    records: NDArray[np.str_]  # (R,)
    leads: tuple[str, ...]
    ecg: NDArray[np.float32]  # (R, L, time) mV
    rate: float  # Hz
    duration_s: Floats  # (R,) recorded, without padding
    lead_absent: Bools  # (R, L)
    lead_unusable: Bools  # (R, L), absent ones included
    beat_of: NDArray[np.intp]  # (B,) index of the record
    place: NDArray[np.intp]  # (B,) position within its record
    r_s: Floats  # (B,)
    rr_s: Floats  # (B,)
    beat_class: NDArray[np.int8]  # (B,)
    marks: Floats  # (B, 11) s
    lead_marks: Floats  # (B, L, 11) s
    offset_s: Floats  # (O,)
    template: NDArray[np.float32]  # (R, L, O) mV
    template_marks: Floats  # (R, L, 11) s from the R peak
    template_global: Floats  # (R, 11)
    template_class: NDArray[np.int8]  # (R,)
    template_beats: NDArray[np.int32]  # (R,)
    lead_quality: NDArray[np.float32]  # (R, L)
    record_quality: NDArray[np.float32]  # (R,)
    usable: NDArray[np.float32]  # (R,)
    pace_spikes: NDArray[np.int32]  # (R,)

    @property
    def size(self) -> int:
        """Number of records."""
        return len(self.records)

    @property
    def no_beats(self) -> Bools:
        """Records without a representative beat, (R,)."""
        return self.template_beats == 0

    @property
    def alike(self) -> Bools:
        """Beats of the class the representative beat stands for, (B,)."""
        return self.beat_class == self.template_class[self.beat_of]

    @property
    def ventricular(self) -> Bools:
        """Beats (B,) of another shape that are as wide as a ventricular beat.

        The waves stage goes by shape and timing, so an aberrant or cut-off narrow beat may be called ventricular too. A
        beat whose QRS is not delimited is believed.
        """
        width_ms = 1000.0 * (self.marks[:, M["qrs_off"]] - self.marks[:, M["qrs_on"]])
        return (self.beat_class == VENTRICULAR) & ~(width_ms < VENTRICULAR_MS)

    @property
    def aberrant(self) -> Bools:
        """Beats (B,) the waves stage calls ventricular that are too narrow for it."""
        return (self.beat_class == VENTRICULAR) & ~self.ventricular

    @property
    def template_rate(self) -> float:
        """Sampling rate of the representative beat in Hz."""
        return float((len(self.offset_s) - 1) / (self.offset_s[-1] - self.offset_s[0]))

    def pad(self, values: NDArray[np.floating]) -> NDArray[np.floating]:
        """Spread per-beat values (B, …) over (R, beats, …), NaN where a record has fewer beats."""
        width = int(self.place.max()) + 1 if len(self.place) else 1
        grid = np.full((self.size, width, *values.shape[1:]), np.nan, dtype=values.dtype)
        grid[self.beat_of, self.place] = values
        return grid

    def per_record(self, values: NDArray[np.generic]) -> Floats:
        """Sum of per-beat values (B,) over each record, (R,)."""
        return np.bincount(self.beat_of, weights=values.astype(float), minlength=self.size).astype(float)

    def lead(self, name: str) -> int | None:
        """Position of a lead, or None."""
        return self.leads.index(name) if name in self.leads else None


def block_of(beats: Beats, ecg: xr.DataArray) -> Block:
    """Check and align what the waves stage found with the signal it was found in.

    Parameters
    ----------
    beats
        As `Beats` documents; its records may be in another order than those of `ecg`.
    ecg
        Dims (record, lead, time) or (lead, time), mV, NaN where missing.

    Raises
    ------
    SignalError
        When `ecg` has other dims, or holds a record or lead that `beats` does not know.
    """
    signal = _with_record(ecg, beats)
    records = signal["record"].values.astype(str)
    leads = tuple(str(lead) for lead in signal["lead"].values)
    template = _select(beats.template, records=records, leads=leads)
    quality = _select(beats.quality, records=records, leads=leads)
    ragged, beat_of = _ragged(beats.beats, records=records, leads=leads)
    mv = np.ascontiguousarray(signal.transpose("record", "lead", "time").values, dtype=np.float32)
    wave = np.ascontiguousarray(template["beat_mv"].transpose("record", "lead", "offset").values, dtype=np.float32)
    rate = rate_hz(signal)
    seen = np.isfinite(mv)
    absent = (quality["lead_flags"].values.astype(int) & 1 << QUALITY_FLAGS.index("missing")) > 0
    bad = sum(1 << QUALITY_FLAGS.index(name) for name in UNUSABLE_FLAGS)
    unusable = (quality["lead_flags"].values.astype(int) & bad) > 0
    some_beat = template["template_beats"].values[:, None] > 0
    unusable |= ~seen.any(axis=-1) | (some_beat & ~np.isfinite(wave).any(axis=-1))
    return Block(
        records=records,
        leads=leads,
        ecg=mv,
        rate=rate,
        duration_s=_last(np.asarray(seen.any(axis=1))) / rate,
        lead_absent=absent,
        lead_unusable=unusable,
        beat_of=beat_of,
        place=_place(beat_of, size=len(records)),
        r_s=ragged["r_s"].values.astype(float),
        rr_s=ragged["rr_s"].values.astype(float),
        beat_class=ragged["beat_class"].values.astype(np.int8),
        marks=ragged["marks"].transpose("beat", "mark").values.astype(float),
        lead_marks=ragged["lead_marks"].transpose("beat", "lead", "mark").values.astype(float),
        offset_s=template["offset"].values.astype(float),
        template=wave,
        template_marks=template["template_marks"].transpose("record", "lead", "mark").values.astype(float),
        template_global=template["template_global"].transpose("record", "mark").values.astype(float),
        template_class=template["template_class"].values.astype(np.int8),
        template_beats=template["template_beats"].values.astype(np.int32),
        lead_quality=quality["lead_quality"].values.astype(np.float32),
        record_quality=quality["record_quality"].values.astype(np.float32),
        usable=quality["usable"].values.astype(np.float32),
        pace_spikes=quality["pace_spikes"].values.astype(np.int32),
    )


def _with_record(ecg: xr.DataArray, beats: Beats) -> xr.DataArray:
    if set(ecg.dims) == {"lead", "time"}:
        known = beats.template["record"].values
        if len(known) != 1:
            raise SignalError(
                f"one recording of dims {tuple(ecg.dims)} with the beats of {len(known)} records",
                expected="the beats of that one record",
                remedy="select the record in both, or pass (record, lead, time)",
            )
        return ecg.expand_dims(record=known)
    if set(ecg.dims) != {"record", "lead", "time"}:
        raise SignalError(
            f"a signal with dims {tuple(ecg.dims)}",
            expected="(record, lead, time) or (lead, time)",
            remedy="name the dims as the vocabulary does",
        )
    return ecg


def _select(dataset: xr.Dataset, *, records: NDArray[np.str_], leads: tuple[str, ...]) -> xr.Dataset:
    known = set(dataset["record"].values.astype(str))
    missing = [record for record in records if record not in known]
    if missing:
        raise SignalError(
            f"{len(missing)} of {len(records)} records have a signal and no beats",
            expected="beats of the same records",
            remedy="delineate the block you measure",
        )
    _check_leads(dataset, leads=leads)
    picked = dataset.sel(record=records, lead=list(leads))
    return picked.sel(mark=list(MARKS)) if "mark" in picked.dims else picked


def _ragged(
    dataset: xr.Dataset, *, records: NDArray[np.str_], leads: tuple[str, ...]
) -> tuple[xr.Dataset, NDArray[np.intp]]:
    # records of other blocks may be there too: they are left out
    order = {record: index for index, record in enumerate(records)}
    owner = np.array([order.get(str(record), -1) for record in dataset["beat_record"].values], dtype=np.intp)
    kept = np.flatnonzero(owner >= 0)
    kept = kept[np.argsort(owner[kept], kind="stable")]
    _check_leads(dataset, leads=leads)
    picked = dataset.isel(beat=kept).sel(lead=list(leads), mark=list(MARKS))
    return picked, owner[kept]


def _check_leads(dataset: xr.Dataset, *, leads: tuple[str, ...]) -> None:
    known = set(dataset["lead"].values.astype(str))
    unknown = [lead for lead in leads if lead not in known]
    if unknown:
        raise SignalError(
            f"the signal has leads {', '.join(unknown)}, the beats do not",
            expected="beats delineated on the same leads",
            remedy="delineate the block you measure",
        )


def _place(beat_of: NDArray[np.intp], *, size: int) -> NDArray[np.intp]:
    first = np.searchsorted(beat_of, np.arange(size))
    return np.arange(len(beat_of)) - first[beat_of]


def _last(seen: NDArray[np.bool_]) -> Floats:
    backwards = np.argmax(seen[:, ::-1], axis=1)
    return np.where(seen.any(axis=1), seen.shape[1] - backwards, 0).astype(float)
