"""Samples that come piece by piece: gathered in memory, or laid down in a file that a record reads from as it needs."""

from __future__ import annotations

import os
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import xarray as xr
from xarray.backends import BackendArray
from xarray.core import indexing

from ecgomics.errors import FormatError

Samples = npt.NDArray[np.floating]

PIECE_SAMPLES = 1 << 21
"""Samples of all leads together that are decoded at a time."""

MAX_GATHERED = 400_000_000
"""Samples of all leads together that a record in memory may have; two weeks of one lead at 250 Hz are 300 million."""

MAX_LAID = 16_000_000_000
"""Samples of all leads together that a recording may have at all: a month of twelve leads at 500 Hz."""


@dataclass(frozen=True)
class Pieces:
    """A recording's samples, decoded as they are asked for.

    Parameters
    ----------
    leads
        Number of leads.
    samples
        Samples of each lead, all pieces together.
    parts
        The pieces in order of time, dims ``(lead, time)``, mV; NaN and infinities mean missing.
    """

    leads: int
    samples: int
    parts: Iterator[Samples]

    @property
    def size(self) -> int:
        """Samples of all leads together."""
        return self.leads * self.samples

    def gathered(self) -> npt.NDArray[np.float32]:
        """All samples in memory, dims ``(lead, time)``.

        Raises
        ------
        FormatError
            For more than `MAX_GATHERED` samples.
        """
        check_total(self.size, most=MAX_GATHERED)
        whole = np.empty((self.leads, self.samples), dtype=np.float32)
        for at, part in self._placed():
            whole[:, at : at + part.shape[1]] = part
        return whole

    def laid(self, path: Path) -> Laid:
        """All samples in a file, lead after lead.

        Raises
        ------
        FormatError
            For more than `MAX_LAID` samples.
        """
        check_total(self.size, most=MAX_LAID)
        alive = np.zeros(self.leads, dtype=np.bool_)
        infinite = 0
        with path.open("wb") as file:
            for at, part in self._placed():
                finite = np.isfinite(part)
                alive |= finite.any(axis=1)
                values = np.array(part, dtype="<f4", order="C")
                if not finite.all():
                    infinite += int(np.isinf(values).sum())
                    values[np.isinf(values)] = np.nan
                for lead, row in enumerate(values):
                    os.pwrite(file.fileno(), row.tobytes(), 4 * (lead * self.samples + at))
        return Laid(path, self.samples, tuple(alive.tolist()), infinite)

    def _placed(self) -> Iterator[tuple[int, Samples]]:
        at = 0
        for part in self.parts:
            if part.ndim != 2 or part.shape[0] != self.leads or at + part.shape[1] > self.samples:
                raise FormatError("a recording whose parts do not fit together", expected="as many samples as promised")
            yield at, part
            at += part.shape[1]
        if at != self.samples:
            raise FormatError(
                f"a recording that ends early: {at} of {self.samples} samples",
                expected="as many as promised",
                remedy="fetch the file again",
            )


@dataclass(frozen=True)
class Laid:
    """Samples in a file, float32 little-endian, lead after lead.

    Parameters
    ----------
    path
        The file; whoever asked for it removes it.
    samples
        Samples of each lead.
    alive
        Which leads have a finite sample.
    infinite
        Infinite samples that were taken for missing.
    """

    path: Path
    samples: int
    alive: tuple[bool, ...]
    infinite: int

    def variable(self, rows: Sequence[Row], *, along: str) -> xr.Variable:
        """Leads as sums of the stored ones, dims ``(lead, along)``, read when indexed."""
        return xr.Variable(("lead", along), indexing.LazilyIndexedArray(_LaidArray(self, tuple(rows))))


Row = tuple[tuple[int, float], ...]
"""A lead as a sum: the places of stored leads and their weights."""


class _LaidArray(BackendArray):
    def __init__(self, laid: Laid, rows: tuple[Row, ...]) -> None:
        self.laid, self.rows = laid, rows
        self.shape = (len(rows), laid.samples)
        self.dtype = np.dtype(np.float32)

    def __getitem__(self, key: indexing.ExplicitIndexer) -> Any:
        return indexing.explicit_indexing_adapter(key, self.shape, indexing.IndexingSupport.BASIC, self._read)

    def _read(self, key: tuple[Any, ...]) -> Any:
        lead, time = key
        start, stop, step = time.indices(self.shape[1]) if isinstance(time, slice) else (time, time + 1, 1)
        if step < 0:
            start, stop = stop + 1, start + 1
        low, high = min(start, stop), max(start, stop)
        chosen = self.rows[lead] if isinstance(lead, slice) else (self.rows[lead],)
        stored: dict[int, npt.NDArray[np.float32]] = {}
        values = np.empty((len(chosen), high - low), dtype=np.float32)
        with self.laid.path.open("rb") as file:
            for place, row in enumerate(chosen):
                for number in {number for number, _ in row} - stored.keys():
                    at = 4 * (number * self.laid.samples + low)
                    stored[number] = np.fromfile(_at(file, at), dtype="<f4", count=high - low)
                values[place] = weighted([(stored[number], weight) for number, weight in row])
        values = values[:, ::step] if isinstance(time, slice) else values[:, 0]
        return values if isinstance(lead, slice) else values[0]


def weighted(parts: Sequence[tuple[npt.NDArray[np.float32], float]]) -> npt.NDArray[np.float32]:
    """A sum of weighted leads, float32 throughout; a single lead of weight 1 is itself."""
    total: npt.NDArray[np.float32] | None = None
    for lead, weight in parts:
        term = lead if weight == 1 else np.float32(weight) * lead
        total = term if total is None else total + term
    assert total is not None
    return total


def steps(total: int, *, width: int) -> Iterator[tuple[int, int]]:
    """From where to where to decode at a time, of `total` frames of `width` samples each."""
    step = max(1, PIECE_SAMPLES // max(1, width))
    return ((start, min(start + step, total)) for start in range(0, total, step))


def check_total(samples: int, *, most: int = MAX_LAID) -> None:
    """Refuse more samples than `most`.

    Raises
    ------
    FormatError
        For more; says that a cohort takes longer ones than memory does.
    """
    if samples > most:
        longer = most < MAX_LAID
        raise FormatError(
            f"a recording of {samples} samples",
            expected=f"at most {most}" + (" in memory" if longer else ""),
            remedy="ingest it into a cohort, which takes it piece by piece" if longer else "cut it into parts",
        )


def _at(file: Any, place: int) -> Any:
    file.seek(place)
    return file
