"""`Recipe`: the named, versioned way from a recording to what an encoder sees. Never for measuring."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from fractions import Fraction
from typing import Any

import numpy as np
import numpy.typing as npt
import xarray as xr

from ecgomics.errors import SignalError
from ecgomics.latent.steps import filtered, standardised
from ecgomics.vocabulary import LEADS, rate_hz

Floats = npt.NDArray[np.float32]

_EDGE_S = 2.0
_FLAT_MV = 1e-3
_LEAST_FINITE = 0.5
_OPEN = 0.475


@dataclass(frozen=True)
class Recipe:
    """How a signal is prepared for an encoder (the *model* path: band-passed, so ST and QT are bent).

    Parameters
    ----------
    name, version
        What is stored beside every embedding made with it.
    rate_hz, seconds
        Sampling rate in Hz and length of a window in s.
    low_hz, high_hz
        Pass band in Hz; zero phase, in the frequency domain. Zero: no limit on that side but the rates' own.
    limit_mv
        Larger voltages are cut off, mV; zero: none are.
    leads
        Order of the leads; one that is missing is zero before the last step.
    steps
        What else is done, in order; see `ecgomics.latent.steps`. `{"standardise": "all"}` or `"range"` is done to each
        window.
    """

    name: str = "model-path-100"
    version: int = 1
    rate_hz: float = 100.0
    seconds: float = 10.0
    low_hz: float = 0.5
    high_hz: float = 40.0
    limit_mv: float = 5.0
    leads: tuple[str, ...] = LEADS
    steps: tuple[Mapping[str, Any], ...] = ()

    @property
    def key(self) -> str:
        """Name and version in one word."""
        return f"{self.name}@{self.version}"

    @property
    def samples(self) -> int:
        """Samples of a window."""
        return round(self.rate_hz * self.seconds)

    def as_dict(self) -> dict[str, Any]:
        """The recipe in a form JSON can hold."""
        return asdict(self) | {"leads": list(self.leads), "steps": [dict(step) for step in self.steps]}

    @classmethod
    def from_dict(cls, stored: dict[str, Any]) -> Recipe:
        """The recipe of a stored dictionary."""
        listed = {"leads": tuple(stored["leads"]), "steps": tuple(stored.get("steps", ()))}
        return cls(**(stored | listed))

    def prepare(self, ecg: xr.DataArray) -> Prepared:
        """Filter, resample and cut a block of records into windows.

        Parameters
        ----------
        ecg
            (record, lead, time) or (lead, time), mV, NaN = missing or padding, with `attrs["rate_hz"]`.

        Raises
        ------
        SignalError
            For other dims, or when none of the recipe's leads is there.
        """
        block = self._ordered(ecg)
        voltage = np.asarray(block.values, dtype=np.float32)
        known = np.isfinite(voltage)
        length = _lengths(known)
        used = _usable(voltage, known, length)
        filled = _fill(voltage, known & used[..., None])
        signal = self._resampled(filled, rate_hz(ecg))
        for step in self.steps:
            if "standardise" not in step:
                signal = filtered(signal, step, rate_hz=self.rate_hz)
        if self.limit_mv:
            signal = np.clip(signal, -self.limit_mv, self.limit_mv)
        signal[~used] = 0.0
        seconds = length / rate_hz(ecg)
        return self._windows(signal, used=used, seconds=seconds, record=block["record"].values.astype(str))

    def _ordered(self, ecg: xr.DataArray) -> xr.DataArray:
        if set(ecg.dims) == {"lead", "time"}:
            ecg = ecg.expand_dims(record=["0" if "record" not in ecg.coords else str(ecg["record"].item())])
        if set(ecg.dims) != {"record", "lead", "time"} or ecg.sizes["time"] == 0:
            raise SignalError(
                f"a signal with dims {tuple(ecg.dims)} and shape {ecg.shape}",
                expected="(record, lead, time) or (lead, time) with at least one sample",
                remedy="take it from cohort.signal or cohort.ecg(record_id)",
            )
        present = [lead for lead in self.leads if lead in ecg["lead"].values]
        if not present:
            raise SignalError(
                "a signal with none of the leads the encoder knows",
                expected=f"one or more of {', '.join(self.leads)}",
                remedy="name its leads as vocabulary.LEADS does",
            )
        chosen = ecg.transpose("record", "lead", "time").sel(lead=present)
        return chosen.reindex(lead=list(self.leads))

    def _resampled(self, signal: Floats, rate: float) -> Floats:
        """Band-pass and resample by cutting the spectrum; the ends are mirrored so that they do not ring."""
        if not (self.low_hz or self.high_hz) and rate == self.rate_hz:
            return signal.copy()
        step = Fraction(rate / self.rate_hz).limit_denominator(2000)
        size = signal.shape[-1]
        edge = min(round(_EDGE_S * rate), size - 1)
        if edge > 0:
            signal = np.pad(signal, ((0, 0), (0, 0), (edge, edge)), mode="reflect", reflect_type="odd")
        line = _line(signal)
        signal = signal - line
        padded = -(-signal.shape[-1] // step.numerator) * step.numerator
        target = padded // step.numerator * step.denominator
        spectrum = np.fft.rfft(signal, n=padded, axis=-1)
        frequency = np.fft.rfftfreq(padded, 1 / rate)
        high = self.high_hz or _OPEN * min(rate, self.rate_hz)
        spectrum *= _response(frequency, self.low_hz, high).astype(np.float32)
        kept = np.zeros((*signal.shape[:-1], target // 2 + 1), dtype=spectrum.dtype)
        shared = min(kept.shape[-1], spectrum.shape[-1])
        kept[..., :shared] = spectrum[..., :shared]
        result = np.fft.irfft(kept, n=target, axis=-1) * (target / padded)
        start = round(edge * self.rate_hz / rate)
        stop = start + max(1, round(size * self.rate_hz / rate))
        if not self.low_hz:
            # the line is part of a signal whose slow parts are kept
            share = np.arange(target) * (rate / self.rate_hz) / max(1, signal.shape[-1] - 1)
            result = result + line[..., :1] + (line[..., -1:] - line[..., :1]) * share.astype(np.float32)
        return np.asarray(result[..., start:stop], dtype=np.float32)

    def _windows(
        self, signal: Floats, *, used: npt.NDArray[np.bool_], seconds: npt.NDArray[np.float64], record: Any
    ) -> Prepared:
        count = max(1, -(-signal.shape[-1] // self.samples))
        padding = count * self.samples - signal.shape[-1]
        framed = np.pad(signal, ((0, 0), (0, 0), (0, padding)))
        valid = np.asarray(np.arange(framed.shape[-1])[None] < np.rint(seconds * self.rate_hz)[:, None])
        framed *= valid[:, None]
        windows = framed.reshape(len(framed), len(self.leads), count, self.samples).transpose(0, 2, 1, 3)
        for step in self.steps:
            if "standardise" in step:
                windows = standardised(windows, step["standardise"])
        share = valid.reshape(len(framed), count, self.samples).mean(axis=-1)
        # a window that is mostly padding says little; the first one always counts
        weight = np.where(share >= _LEAST_FINITE, share, 0.0)
        weight[:, 0] = share[:, 0]
        return Prepared(np.ascontiguousarray(windows), weight.astype(np.float32), used, record)


@dataclass(frozen=True)
class Prepared:
    """A block as an encoder sees it.

    Parameters
    ----------
    windows
        float32, (record, window, lead, sample), mV, zero where a lead or the recording is missing; standardised, when
        the recipe says so.
    weight
        float32, (record, window), 0 to 1: share of the window that was recorded; 0 for windows left out.
    used
        bool, (record, lead): leads that hold a signal.
    record
        str, (record).
    """

    windows: Floats
    weight: Floats
    used: npt.NDArray[np.bool_]
    record: npt.NDArray[np.str_]

    @property
    def usable(self) -> npt.NDArray[np.bool_]:
        """Records with a lead and a window to look at (bool, record)."""
        return np.asarray(self.used.any(axis=1) & (self.weight > 0).any(axis=1), dtype=bool)


def _line(signal: Floats) -> Floats:
    """The straight line from a signal's first sample to its last: without it the spectrum sees no step between them."""
    share = np.linspace(0, 1, signal.shape[-1], dtype=np.float32)
    return np.asarray(signal[..., :1] + (signal[..., -1:] - signal[..., :1]) * share, dtype=np.float32)


def _lengths(known: npt.NDArray[np.bool_]) -> npt.NDArray[np.int64]:
    """Samples up to the last one any lead of a record has."""
    some = np.asarray(known.any(axis=1), dtype=bool)
    return np.where(some.any(axis=-1), some.shape[-1] - np.argmax(some[:, ::-1], axis=-1), 0)


def _usable(voltage: Floats, known: npt.NDArray[np.bool_], length: npt.NDArray[np.int64]) -> npt.NDArray[np.bool_]:
    finite = known.sum(axis=-1)
    low = np.where(known, voltage, np.inf).min(axis=-1)
    high = np.where(known, voltage, -np.inf).max(axis=-1)
    with np.errstate(invalid="ignore"):
        return np.asarray((finite > _LEAST_FINITE * length[:, None]) & (high - low > _FLAT_MV))


def _fill(voltage: Floats, known: npt.NDArray[np.bool_]) -> Floats:
    """Bridge gaps by straight lines and hold the ends, so that a gap makes no edge to filter."""
    filled = np.where(known, voltage, np.float32(0.0))
    position = np.arange(voltage.shape[-1])
    gaps = ~known.all(axis=-1) & known.any(axis=-1)
    for index in zip(*np.nonzero(gaps), strict=True):
        there = known[index]
        filled[index] = np.interp(position, position[there], voltage[index][there])
    return filled


def _response(frequency: npt.NDArray[np.floating[Any]], low: float, high: float) -> npt.NDArray[np.float64]:
    """Gain 0 to 1 at each frequency (Hz), with raised-cosine edges of ±50 % at the low and ±5 % at the high end."""
    rise = np.clip((frequency - 0.5 * low) / low, 0.0, 1.0) if low else np.ones_like(frequency)
    fall = np.clip((1.05 * high - frequency) / (0.1 * high), 0.0, 1.0)
    gain = (0.5 - 0.5 * np.cos(np.pi * rise)) * (0.5 - 0.5 * np.cos(np.pi * fall))
    return np.asarray(gain, dtype=np.float64)
