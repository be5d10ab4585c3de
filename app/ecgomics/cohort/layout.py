"""How values lie on disk: schema version, fixed-point encodings, chunks and shards."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

SCHEMA = 3
"""Version of the store's layout; a store with a higher one is refused, a lower one is read, and migrated when written.

2: the file's own measurements, annotations and representative beats, format, filters and steps; a lock-box.
3: the cohort's own id; places of nodes at a URL; representative beats by the hour.
"""

SHARD_RECORDS = 256
"""Records in one shard of `/signal`, and in one block of a stage."""

CHUNK_S = 10.0
"""Length of an inner chunk of `/signal`, s."""

UNSTATED: dict[str, Any] = {"lockbox_share": 0.0, "lockbox_salt": "ecgomics", "deidentify": "off"}
"""Settings of a cohort begun before there were any: nobody is set aside once all could be looked at."""

LEAD_SEPARATOR = ";"
"""Between lead names in a column of the record table."""

_CHUNK_BYTES = 1 << 16
_SHARD_BYTES = 1 << 23
_TEXT_ROWS = 1 << 14


@dataclass(frozen=True)
class FixedPoint:
    """Numbers as scaled integers; the lowest integer stands for NaN.

    Parameters
    ----------
    dtype
        Integer type on disk.
    scale
        Unit of the last place, in the unit of the values.
    decoded
        Float type in memory.
    """

    dtype: str
    scale: float
    decoded: str

    @property
    def fill(self) -> int:
        """The integer that stands for NaN."""
        return int(np.iinfo(self.dtype).min)

    @property
    def limit(self) -> float:
        """Largest magnitude that can be held, in the unit of the values."""
        return float(np.iinfo(self.dtype).max * self.scale)

    def encode(self, values: npt.NDArray[Any]) -> npt.NDArray[Any]:
        """Integers of `values`, rounded to nearest, clipped to `limit`; not finite → fill."""
        scaled = np.asarray(values, dtype=np.float64) / self.scale
        top = np.iinfo(self.dtype).max
        finite = np.isfinite(scaled)
        whole = np.rint(np.clip(np.where(finite, scaled, 0.0), -top, top)).astype(self.dtype)
        return np.where(finite, whole, np.asarray(self.fill, dtype=self.dtype))

    def decode(self, raw: npt.NDArray[Any]) -> npt.NDArray[Any]:
        """Values of the integers `raw`; fill → NaN."""
        values = np.multiply(raw, np.dtype(self.decoded).type(self.scale), dtype=self.decoded)
        values[raw == self.fill] = np.nan
        return values

    def attributes(self) -> dict[str, float | int]:
        """The CF attributes by which any reader decodes the integers."""
        return {"scale_factor": self.scale, "_FillValue": self.fill}


MILLIVOLTS = FixedPoint("int16", 0.001, "float32")
"""1 µV steps within ±32.767 mV."""

SECONDS = FixedPoint("int32", 1e-4, "float64")
"""0.1 ms steps within ±59.6 h, so that a day keeps them."""

ENCODINGS = {
    "beat_mv": MILLIVOLTS,
    "r_s": SECONDS,
    "rr_s": SECONDS,
    "marks": SECONDS,
    "lead_marks": SECONDS,
    "template_marks": SECONDS,
    "template_global": SECONDS,
}
"""Variables of stage results that are kept in fixed point, by name."""


def grid(shape: tuple[int, ...], *, itemsize: int | None) -> tuple[tuple[int, ...], tuple[int, ...] | None]:
    """Chunk and shard shapes for an array that is read by its first dim.

    Parameters
    ----------
    shape
        Shape of the whole array.
    itemsize
        Bytes of one element; None for text, which is not sharded.
    """
    rest = tuple(max(1, n) for n in shape[1:])
    total = max(1, shape[0])
    if itemsize is None:
        return (min(total, _TEXT_ROWS), *rest), None
    row = itemsize * int(np.prod(rest, dtype=np.int64))
    rows = _power_of_two(_CHUNK_BYTES // row)
    if total <= rows:
        return (total, *rest), None
    shard = max(rows, _power_of_two(_SHARD_BYTES // row))
    while shard > rows and shard // 2 >= total:
        shard //= 2
    return (rows, *rest), (shard, *rest)


def _power_of_two(number: int) -> int:
    return 1 << max(0, int(number).bit_length() - 1)
