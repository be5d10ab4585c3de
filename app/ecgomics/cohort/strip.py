"""`Strip`: what a window of a recording looks like at a given width."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Self

import numpy as np
import numpy.typing as npt
import xarray as xr
import zarr

from ecgomics.cohort.layout import MILLIVOLTS, FixedPoint
from ecgomics.cohort.pyramid import Signal, columns
from ecgomics.errors import CohortError

_SAMPLES_PER_PIXEL = 2
"""Up to here raw samples are sent: an envelope would be no smaller."""


@dataclass(frozen=True)
class Strip:
    """A recording and its envelopes, ready to be looked at through a window.

    Parameters
    ----------
    signal
        Dims ``(lead, time)``, int16.
    levels
        Envelopes, dims ``(bound, lead, bin)``, by samples in a bin.
    leads
        Lead names.
    rate_hz
        Sampling rate, Hz.
    fixed
        How the integers stand for mV.
    """

    signal: Signal
    levels: dict[int, Signal]
    leads: tuple[str, ...]
    rate_hz: float
    fixed: FixedPoint

    @classmethod
    def of_long(cls, group: zarr.Group) -> Self:
        """The strip of a node ``/long/<record>``."""
        arrays = dict(group.arrays())
        ecg = arrays["ecg"]
        levels = {int(name.rpartition("_")[2]): a for name, a in arrays.items() if name.startswith("envelope_")}
        fixed = FixedPoint(MILLIVOLTS.dtype, float(ecg.attrs["scale_factor"]), MILLIVOLTS.decoded)
        leads = tuple(str(name) for name in arrays["lead"][...])
        return cls(ecg, levels, leads, float(group.attrs["rate_hz"]), fixed)

    @classmethod
    def of_short(cls, samples: npt.NDArray[np.int16], *, leads: Sequence[str], rate_hz: float) -> Self:
        """The strip of a short record in memory, dims ``(lead, time)``."""
        return cls(samples, {}, tuple(leads), rate_hz, MILLIVOLTS)

    def window(self, t0: float, t1: float, *, width: int) -> xr.Dataset:
        """The window from `t0` to `t1` s in about `width` columns; see `Cohort.window`."""
        start = max(0, math.ceil(t0 * self.rate_hz - 1e-6))
        stop = min(int(self.signal.shape[1]), math.ceil(t1 * self.rate_hz - 1e-6))
        if stop <= start or width < 1:
            raise CohortError(
                f"a window of {t0:g} to {t1:g} s, {width} wide",
                expected=f"a stretch within 0 to {self.signal.shape[1] / self.rate_hz:g} s, at least 1 wide",
            )
        if stop - start <= _SAMPLES_PER_PIXEL * width:
            return self._samples(start, stop)
        return self._envelope(start, stop, width)

    def _samples(self, start: int, stop: int) -> xr.Dataset:
        values = self.fixed.decode(np.asarray(self.signal[:, start:stop]))
        coords = {"lead": list(self.leads), "time": np.arange(start, stop) / self.rate_hz}
        return xr.Dataset({"ecg": (("lead", "time"), values)}, coords=coords, attrs=self._attributes("samples"))

    def _envelope(self, start: int, stop: int, width: int) -> xr.Dataset:
        drawn = columns(self.signal, self.levels, start=start, stop=stop, width=width, fill=self.fixed.fill)
        low, high = self.fixed.decode(drawn.bounds)
        edges = drawn.edges / self.rate_hz
        dims = ("lead", "column")
        return xr.Dataset(
            {"low": (dims, low), "high": (dims, high)},
            coords={"lead": list(self.leads), "start_s": ("column", edges[:-1]), "stop_s": ("column", edges[1:])},
            attrs=self._attributes("envelope"),
        )

    def _attributes(self, kind: str) -> dict[str, Any]:
        return {"kind": kind, "rate_hz": self.rate_hz, "units": "mV"}
