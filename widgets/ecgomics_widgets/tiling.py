"""`Sender`: a recording on its way to the browser, whole when it is short, else an overview and tiles on request."""

from __future__ import annotations

import itertools
from collections.abc import Mapping
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ecgomics_widgets.messages import pack, quantise
from ecgomics_widgets.sources import TileSource, Window

WHOLE = 600_000
"""Recordings of up to this many values over all leads are sent whole (1.2 MB); of longer ones what is looked at."""

OVERVIEW_COLUMNS = 2000

MOST_VALUES = 24
"""Values a pixel column may have over all leads: minimum and maximum of twelve, 58 kB for a screen of 1,200 px."""

SAMPLES_A_COLUMN = 4
"""Samples a column of one lead above which they are told apart no more."""

_GRID = 64  # columns are this fraction of a sample, so that tiles of one zoom share one grid

_serial = itertools.count(1)


class Sender:
    """Messages of one recording.

    Parameters
    ----------
    source
        The recording; None for none.
    """

    def __init__(self, source: TileSource | None) -> None:
        self.source = source
        self.id = str(next(_serial))
        self._baseline: list[float] = []

    def opening(self) -> tuple[bytes, bytes]:
        """First message and overview; the overview is empty where the first message is the whole recording."""
        source = self.source
        if source is None:
            return self._message(Window(np.zeros((0, 0), np.float32), 0.0, 1.0), part="whole"), b""
        count = round(source.duration_s * source.rate_hz)
        if count * len(source.leads) <= WHOLE:
            return self._message(source.window(0.0, source.duration_s, max(1, count)), part="whole"), b""
        overview = self._message(source.window(0.0, source.duration_s, OVERVIEW_COLUMNS), part="overview")
        return overview, overview

    def tile(self, want: Mapping[str, Any]) -> bytes:
        """What was asked for: ``t0``, ``t1`` (s) and ``width`` (pixel columns)."""
        source = self.source
        if source is None:
            return b""
        t0, t1 = max(0.0, float(want["t0"])), min(source.duration_s, float(want["t1"]))
        width = min(20_000, max(1, int(want["width"])))
        return self._message(fitted(source.window(t0, t1, width), width=width), part="tile")

    def _message(self, window: Any, *, part: str) -> bytes:
        values = np.asarray(window.values, dtype=np.float32)
        coded, scale, offset = quantise(values)
        source = self.source
        if part != "tile":
            self._baseline = _baseline(values)
        header = {
            "id": self.id,
            "part": part,
            "kind": "envelope" if values.ndim == 3 else "samples",
            "leads": [] if source is None else list(source.leads),
            "rate": 0.0 if source is None else source.rate_hz,
            "duration": 0.0 if source is None else source.duration_s,
            "baseline": self._baseline,
            "t0": window.t0_s,
            "step": window.step_s,
            "count": values.shape[1],
            "scale": scale,
            "offset": offset,
        }
        return pack(header, {"values": coded})


def fitted(window: Any, *, width: int) -> Any:
    """A window with no more values a pixel column than `MOST_VALUES` over all leads.

    Where it has more, exact minimum and maximum of each column are kept. Columns lie on a grid that begins at time 0,
    the same for every window of a zoom; their edges are rounded to whole samples.
    """
    values = np.asarray(window.values, dtype=np.float32)
    leads, count = values.shape[:2]
    each = 1 if values.ndim == 2 else 2
    most = min(SAMPLES_A_COLUMN, max(2.0, MOST_VALUES / max(1, leads)))
    if count * each <= most * 1.02 * width:
        return window
    share = max(1.0, np.floor(count / width * _GRID) / _GRID)
    first = round(window.t0_s / window.step_s)
    start = int(np.floor(first / share))
    stop = int(np.ceil((first + count) / share))
    edges = np.unique(np.clip(np.rint(np.arange(start, stop) * share).astype(int) - first, 0, count - 1))
    low, high = (values, values) if values.ndim == 2 else (values[:, :, 0], values[:, :, 1])
    # fmin and fmax pass NaN over, and give NaN only where all are
    columns = [np.fmin.reduceat(low, edges, axis=1), np.fmax.reduceat(high, edges, axis=1)]
    return Window(np.stack(columns, axis=2), start * share * window.step_s, share * window.step_s)


def _baseline(values: NDArray[np.float32]) -> list[float]:
    """Zero of each lead's row, mV: the median, so that an electrode's offset does not carry a trace off the paper."""
    known = [row[np.isfinite(row)] for row in values]
    return [float(np.median(row)) if len(row) else 0.0 for row in known]
