"""Exact minimum and maximum of any stretch of a long recording, at any zoom."""

from __future__ import annotations

import itertools
from dataclasses import dataclass
from typing import Any, Protocol

import numpy as np
import numpy.typing as npt

BASE = 16
STEP = 4

Samples = npt.NDArray[np.int16]


class Signal(Protocol):
    """Something with dims ``(lead, time)`` that slices to int16."""

    shape: tuple[int, ...]

    def __getitem__(self, key: Any, /) -> Any: ...


def bin_sizes(samples: int) -> tuple[int, ...]:
    """Samples in a bin, level by level: 16, 64, 256, … while a level has more than a few hundred bins."""
    sizes = [BASE]
    while samples / sizes[-1] > 512:
        sizes.append(sizes[-1] * STEP)
    return tuple(sizes)


def envelope(samples: Samples, *, size: int, fill: int) -> Samples:
    """Lowest and highest sample of each bin.

    Parameters
    ----------
    samples
        Dims ``(lead, time)``, int16; the last bin may be short.
    size
        Samples in a bin.
    fill
        The integer for NaN, the type's lowest; a bin without samples is fill in both.

    Returns
    -------
    Samples
        Dims ``(bound, lead, bin)``: minimum, maximum.
    """
    return _coarser(samples, samples, size=size, fill=fill)


def coarser(finer: Samples, *, fill: int) -> Samples:
    """The next level of an envelope, dims ``(bound, lead, bin)``."""
    return _coarser(finer[0], finer[1], size=STEP, fill=fill)


@dataclass(frozen=True)
class Columns:
    """An envelope drawn in columns.

    Parameters
    ----------
    edges
        Sample numbers; column ``k`` covers ``edges[k]`` up to but not including ``edges[k + 1]``.
    bounds
        Dims ``(bound, lead, column)``, int16: minimum and maximum; fill where a column has no samples.
    """

    edges: npt.NDArray[np.int64]
    bounds: Samples


def columns(signal: Signal, levels: dict[int, Signal], *, start: int, stop: int, width: int, fill: int) -> Columns:
    """Exact envelope of samples ``start`` to ``stop`` in at most about `width` columns.

    Column edges lie on the bins of the level read, so each column states exactly what its samples do; the first and
    last column may reach past the window by less than a bin.

    Parameters
    ----------
    signal
        Dims ``(lead, time)``, int16.
    levels
        Envelopes, dims ``(bound, lead, bin)``, by samples in a bin.
    start, stop
        Sample numbers, ``0 <= start < stop <= samples``.
    width
        Columns wished for, ≥ 1.
    fill
        The integer for NaN.
    """
    total = signal.shape[1]
    size = max((size for size in levels if size <= (stop - start) / width), default=1)
    first, last = start // size, -(-stop // size)
    wished = np.linspace(first, last, min(width, last - first) + 1)
    cuts = np.unique(np.rint(wished).astype(np.int64))
    if size == 1:
        raw = np.asarray(signal[:, first:last])
        low, high = raw, raw
    else:
        read = np.asarray(levels[size][:, :, first:last])
        low, high = read[0], read[1]
    return Columns(np.minimum(cuts * size, total), _reduced(low, high, cuts[:-1] - first, fill=fill))


class Pyramid:
    """The envelope of a recording that comes piece by piece.

    Parameters
    ----------
    total
        Samples of each lead, all pieces together.
    fill
        The integer for NaN.
    """

    def __init__(self, total: int, *, fill: int) -> None:
        self.sizes = bin_sizes(total)
        self._left, self._fill = total, fill
        self._waiting: dict[int, Samples] = {}

    def add(self, piece: Samples) -> dict[int, Samples]:
        """The next piece, dims ``(lead, time)``, a multiple of 16 samples but for the last; the bins it completes.

        By level, dims ``(bound, lead, bin)``.
        """
        self._left -= piece.shape[-1]
        done = {BASE: envelope(piece, size=BASE, fill=self._fill)}
        for finer, size in itertools.pairwise(self.sizes):
            bins = done[finer]
            if size in self._waiting:
                bins = np.concatenate([self._waiting[size], bins], axis=-1)
            whole = bins.shape[-1] if self._left <= 0 else bins.shape[-1] // STEP * STEP
            self._waiting[size] = bins[..., whole:]
            done[size] = coarser(bins[..., :whole], fill=self._fill) if whole else bins[..., :0]
        return done


def _coarser(low: Samples, high: Samples, *, size: int, fill: int) -> Samples:
    starts = np.arange(0, low.shape[-1], size)
    return _reduced(low, high, starts, fill=fill)


def _reduced(low: Samples, high: Samples, starts: npt.NDArray[np.int64], *, fill: int) -> Samples:
    # fill is the lowest integer: harmless to the maximum, and taken for the highest by the minimum
    top = np.iinfo(low.dtype).max
    hidden = np.where(low == fill, top, low)
    lowest = np.minimum.reduceat(hidden, starts, axis=-1)
    highest = np.maximum.reduceat(high, starts, axis=-1)
    return np.stack([np.where(highest == fill, fill, lowest), highest]).astype(low.dtype)
