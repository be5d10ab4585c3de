"""Where a strip's samples come from: a recording that answers, for any stretch of time and width, with what to draw."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, NamedTuple, Protocol, runtime_checkable

import numpy as np
from numpy.typing import NDArray

from ecgomics_widgets.errors import WidgetError

BASE = 16
"""Samples in a column of the finest stored envelope; each further level has `FACTOR` times as many."""

FACTOR = 4
SAMPLES_A_COLUMN = 4
"""Up to this many samples a pixel column, samples are sent rather than an envelope."""


class Window(NamedTuple):
    """A stretch of a recording as it is to be drawn.

    Parameters
    ----------
    values
        mV, float32; (lead, time) raw samples, or (lead, column, 2) exact minimum and maximum a column. NaN: a gap.
    t0_s
        Time of the first sample, or start of the first column, s from the start of the recording.
    step_s
        Time from one sample or column to the next, s.
    """

    values: NDArray[np.float32]
    t0_s: float
    step_s: float


@runtime_checkable
class TileSource(Protocol):
    """A recording a strip can ask for stretches of; a cohort's long records answer the same call."""

    @property
    def leads(self) -> Sequence[str]:
        """Lead names, in the order of the rows of `window`."""
        ...

    @property
    def rate_hz(self) -> float:
        """Samples a second."""
        ...

    @property
    def duration_s(self) -> float:
        """Length of the recording, s."""
        ...

    def window(self, t0: float, t1: float, width: int) -> Any:
        """The stretch from `t0` to `t1` s for `width` pixel columns.

        Returns a `Window`, or anything with its three attributes. Samples when there are few a column, otherwise
        columns no wider than asked for.
        """
        ...


class ArraySource:
    """A recording held in memory.

    Parameters
    ----------
    values
        mV, dims (lead, time); NaN where a sample is missing. Not copied where it is float32 already.
    rate_hz
        Samples a second; above 0.
    leads
        Lead names, one a row.

    Raises
    ------
    WidgetError
        When the array is not (lead, time), is complex or text, or the names do not fit it.
    """

    def __init__(self, values: Any, *, rate_hz: float, leads: Sequence[str]) -> None:
        array = np.asarray(values)
        if array.ndim != 2 or array.dtype.kind not in "fiu":
            raise WidgetError(
                f"an ECG of shape {array.shape} and dtype {array.dtype}",
                expected="numbers with dims (lead, time), in mV",
                remedy="pick one record, and transpose when time comes first",
            )
        if len(leads) != len(array) or len(set(leads)) != len(leads):
            raise WidgetError(f"{len(leads)} lead names for {len(array)} leads", expected="one name a lead, each once")
        if not rate_hz > 0:
            raise WidgetError(f"a sampling rate of {rate_hz} Hz", expected="a rate above 0")
        self.values: NDArray[np.float32] = array.astype(np.float32, copy=False)
        self.leads = tuple(str(lead) for lead in leads)
        self.rate_hz = float(rate_hz)
        self.duration_s = array.shape[1] / self.rate_hz
        self._levels: list[tuple[int, NDArray[np.float32]]] = []

    def window(self, t0: float, t1: float, width: int) -> Window:
        """The stretch from `t0` to `t1` s for `width` columns: samples, or an exact envelope (see `TileSource`)."""
        count = self.values.shape[1]
        first = min(max(0, int(np.floor(t0 * self.rate_hz))), count)
        last = min(count, int(np.ceil(t1 * self.rate_hz)) + 1)
        share = (last - first) / max(1, width)
        if share <= SAMPLES_A_COLUMN:
            return Window(self.values[:, first:last], first / self.rate_hz, 1 / self.rate_hz)
        stored = self._pyramid() if share >= BASE * FACTOR else []
        width, level = ([(1, _pairs(self.values))] + [entry for entry in stored if entry[0] * FACTOR <= share])[-1]
        run = int(
            share / width
        )  # stored columns in one to be sent: at least FACTOR, so that few more are sent than asked
        size = run * width
        start, stop = first // size, -(-last // size)
        columns = _coarser(level[:, start * run : stop * run], size=run)
        return Window(columns, start * size / self.rate_hz, size / self.rate_hz)

    def _pyramid(self) -> list[tuple[int, NDArray[np.float32]]]:
        if not self._levels:
            self._levels.append((BASE, envelope(self.values, size=BASE)))
            while self._levels[-1][1].shape[1] > 2000:
                width, level = self._levels[-1]
                self._levels.append((width * FACTOR, _coarser(level, size=FACTOR)))
        return self._levels


def envelope(values: NDArray[np.float32], *, size: int) -> NDArray[np.float32]:
    """Exact minimum and maximum of each run of `size` samples.

    Parameters
    ----------
    values
        mV, dims (lead, time). Missing samples are passed over; a run with none but missing samples is NaN.
    size
        Samples in a run; the last run may be shorter.

    Returns
    -------
    numpy.ndarray
        float32, dims (lead, column, 2), minimum before maximum.
    """
    return _coarser(_pairs(values), size=size)


def _pairs(values: NDArray[np.float32]) -> NDArray[np.float32]:
    """Minimum and maximum of single samples: the samples, twice, without a copy."""
    return np.broadcast_to(values[:, :, None], (*values.shape, 2))


def _coarser(level: NDArray[np.float32], *, size: int) -> NDArray[np.float32]:
    if size == 1:
        return level
    edges = np.arange(0, level.shape[1], size)
    if not len(edges):
        return level[:, :0]
    # fmin and fmax pass NaN over, and give NaN only where all are
    low = np.fmin.reduceat(level[:, :, 0], edges, axis=1)
    high = np.fmax.reduceat(level[:, :, 1], edges, axis=1)
    return np.stack([low, high], axis=2)
