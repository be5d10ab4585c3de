"""`Block`: the arrays of a block of records, checked and aligned by record id."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

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

_STRETCH = 65_536

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
    records, samples = _signal(ecg, beats)
    leads = tuple(str(lead) for lead in ecg["lead"].values.tolist())
    template = _Picked(beats.template, records=records, leads=leads)
    quality = _Picked(beats.quality, records=records, leads=leads)
    ragged, beat_of = _ragged(beats.beats, records=records, leads=leads)
    mv = np.ascontiguousarray(samples, dtype=np.float32)
    wave = np.ascontiguousarray(template.array("beat_mv"), dtype=np.float32)
    rate = rate_hz(ecg)
    last = last_sample(mv)
    flags = quality.array("lead_flags").astype(int)
    absent = (flags & 1 << QUALITY_FLAGS.index("missing")) > 0
    bad = sum(1 << QUALITY_FLAGS.index(name) for name in UNUSABLE_FLAGS)
    unusable = (flags & bad) > 0
    some_beat = template.array("template_beats")[:, None] > 0
    unusable |= (last == 0) | (some_beat & ~np.isfinite(wave).any(axis=-1))
    return Block(
        records=records,
        leads=leads,
        ecg=mv,
        rate=rate,
        duration_s=last.max(axis=1, initial=0) / rate,
        lead_absent=absent,
        lead_unusable=unusable,
        beat_of=beat_of,
        place=_place(beat_of, size=len(records)),
        r_s=ragged.array("r_s").astype(float),
        rr_s=ragged.array("rr_s").astype(float),
        beat_class=ragged.array("beat_class").astype(np.int8),
        marks=ragged.array("marks").astype(float),
        lead_marks=ragged.array("lead_marks").astype(float),
        offset_s=beats.template["offset"].values.astype(float),
        template=wave,
        template_marks=template.array("template_marks").astype(float),
        template_global=template.array("template_global").astype(float),
        template_class=template.array("template_class").astype(np.int8),
        template_beats=template.array("template_beats").astype(np.int32),
        lead_quality=quality.array("lead_quality").astype(np.float32),
        record_quality=quality.array("record_quality").astype(np.float32),
        usable=quality.array("usable").astype(np.float32),
        pace_spikes=quality.array("pace_spikes").astype(np.int32),
    )


def last_sample(ecg: NDArray[np.float32]) -> NDArray[np.intp]:
    """Number of samples up to the last that is there, (record, lead); 0 where there is none.

    Looks from the end in stretches, so that nothing of the length of the recording is made.
    """
    last = np.zeros(ecg.shape[:2], dtype=np.intp)
    open_ = np.ones(ecg.shape[:2], dtype=bool)
    stop, stretch = ecg.shape[-1], 16
    while stop > 0 and open_.any():
        start, stretch = max(stop - stretch, 0), min(8 * stretch, _STRETCH)
        seen = np.isfinite(ecg[..., start:stop])
        found = seen.any(axis=-1) & open_
        last[found] = stop - np.argmax(seen[..., ::-1], axis=-1)[found]
        open_ &= ~found
        stop = start
    return last


def _signal(ecg: xr.DataArray, beats: Beats) -> tuple[NDArray[np.str_], NDArray[np.float32]]:
    """Ids, and samples as (record, lead, time)."""
    if set(ecg.dims) == {"lead", "time"}:
        known = beats.template["record"].values
        if len(known) != 1:
            raise SignalError(
                f"one recording of dims {tuple(ecg.dims)} with the beats of {len(known)} records",
                expected="the beats of that one record",
                remedy="select the record in both, or pass (record, lead, time)",
            )
        return known.astype(str), ecg.variable.transpose("lead", "time").values[None]
    if set(ecg.dims) != {"record", "lead", "time"}:
        raise SignalError(
            f"a signal with dims {tuple(ecg.dims)}",
            expected="(record, lead, time) or (lead, time)",
            remedy="name the dims as the vocabulary does",
        )
    return ecg["record"].values.astype(str), ecg.variable.transpose("record", "lead", "time").values


_ORDER = ("record", "beat", "lead", "offset", "mark")


class _Picked:
    """Arrays of a Dataset with its records (or beats), leads and marks in the order asked for.

    Beats of one's own block come in that order already: then nothing is copied.
    """

    def __init__(self, dataset: xr.Dataset, *, records: NDArray[np.str_], leads: tuple[str, ...]) -> None:
        self._dataset = dataset
        self._places: dict[str, NDArray[np.intp] | None] = {"record": self._of_records(records)}
        self._pick("lead", leads)
        if "mark" in dataset.dims:
            self._pick("mark", MARKS)

    def array(self, name: str) -> NDArray[Any]:
        """One variable, dims in the order record, beat, lead, offset, mark."""
        variable = self._dataset.variables[name]
        variable = variable.transpose(*(dim for dim in _ORDER if dim in variable.dims))
        values: NDArray[Any] = variable.values
        for axis, dim in enumerate(variable.dims):
            places = self._places.get(str(dim))
            if places is not None:
                values = np.take(values, places, axis=axis)
        return values

    def _pick(self, dim: str, wanted: tuple[str, ...]) -> None:
        known = [str(name) for name in self._dataset[dim].values.tolist()]
        if dim == "lead":
            _check_leads(known, leads=wanted)
        same = known == list(wanted)
        self._places[dim] = None if same else np.array([known.index(name) for name in wanted], dtype=np.intp)

    def _of_records(self, records: NDArray[np.str_]) -> NDArray[np.intp] | None:
        if "record" not in self._dataset.dims:
            return None
        known = self._dataset["record"].values.astype(str)
        if np.array_equal(known, records):
            return None
        place = {record: index for index, record in enumerate(known.tolist())}
        missing = [record for record in records.tolist() if record not in place]
        if missing:
            raise SignalError(
                f"{len(missing)} of {len(records)} records have a signal and no beats",
                expected="beats of the same records",
                remedy="delineate the block you measure",
            )
        return np.array([place[record] for record in records.tolist()], dtype=np.intp)


class _PickedBeats(_Picked):
    """The beats at some places."""

    def __init__(self, dataset: xr.Dataset, *, beats: NDArray[np.intp], leads: tuple[str, ...]) -> None:
        super().__init__(dataset, records=np.empty(0, dtype=str), leads=leads)
        whole = len(beats) == dataset.sizes["beat"] and bool((np.diff(beats) == 1).all())
        self._places["beat"] = None if whole else beats


def _ragged(
    dataset: xr.Dataset, *, records: NDArray[np.str_], leads: tuple[str, ...]
) -> tuple[_PickedBeats, NDArray[np.intp]]:
    # records of other blocks may be there too: they are left out
    order = {record: index for index, record in enumerate(records.tolist())}
    owner = np.array([order.get(str(record), -1) for record in dataset["beat_record"].values.tolist()], dtype=np.intp)
    kept = np.flatnonzero(owner >= 0)
    kept = kept[np.argsort(owner[kept], kind="stable")]
    return _PickedBeats(dataset, beats=kept, leads=leads), owner[kept]


def _check_leads(known: list[str], *, leads: tuple[str, ...]) -> None:
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
