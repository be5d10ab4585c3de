"""What the stages found about some records, read from a store."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt
import xarray as xr

from ecgomics.cohort.opened import Opened

if TYPE_CHECKING:
    from ecgomics.waves import Beats


def beats_of(opened: Opened, records: Sequence[str]) -> Beats:
    """Beats, representative beats and quality of some records, in memory."""
    from ecgomics.waves import Beats

    rows = np.array([opened.row(record) for record in records], dtype=np.int64)
    beats = _beats_at(opened, rows)
    return Beats(beats, _at_rows(opened, "template", rows), _at_rows(opened, "quality", rows))


def _at_rows(opened: Opened, node: str, rows: npt.NDArray[np.int64]) -> xr.Dataset:
    return opened.node(node).isel(record=_indexer(rows)).load()


def _beats_at(opened: Opened, rows: npt.NDArray[np.int64]) -> xr.Dataset:
    span = opened.beat_span
    which = np.concatenate([np.arange(span[row], span[row + 1]) for row in rows]) if len(rows) else rows
    beats = opened.node("beats").drop_vars(["beat_count", "record"])
    return beats.isel(beat=_indexer(which)).load()


def _indexer(rows: npt.NDArray[np.int64]) -> Any:
    """A slice where rows follow each other: reading a slice is several times faster than reading rows."""
    if len(rows) and (np.diff(rows) == 1).all():
        return slice(int(rows[0]), int(rows[-1]) + 1)
    return rows
