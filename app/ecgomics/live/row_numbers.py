"""`RowNumbers`: which number each row of a text stream has, by its sequence number, its clock, or when it came."""

from __future__ import annotations

import math
from collections.abc import Iterable, Iterator

import numpy as np

from ecgomics.live.block import Block
from ecgomics.live.lines import Layout, Row
from ecgomics.live.numbering import Numbering

RESTARTED = 1000
"""A sequence number this far back is a device that began anew; one less far came late or twice."""
SILENT_S = 1.0
"""Without sequence numbers and clock, only a silence this long is a gap."""


class RowNumbers:
    """Numbers rows from 0.

    A sequence number counts samples: what it leaves out is a gap, what it repeats came twice, what is a little back
    came late. Where it begins anew after so many, whole rounds are told by the clock, or by a silence. Without it the
    sender's clock tells, and without that only a silence.

    Parameters
    ----------
    layout
        What the columns are.
    """

    def __init__(self, layout: Layout) -> None:
        self.layout = layout
        timed = any(name.startswith("time_") for name in layout.columns)
        period = 1 / layout.rate_hz
        # whole ms may be almost 1 ms off
        unsteady = max(0.75 * period, 1.01e-3 if "time_ms" in layout.columns else 0.0)
        self._numbers = Numbering(layout.rate_hz, hole_s=unsteady if timed else SILENT_S)
        self._seq: int | None = None
        self._number = -1
        self._clock_s = self._came_s = math.nan

    def blocks(self, rows: Iterable[Row], *, came_s: float) -> Iterator[Block]:
        """Rows that came together, as blocks without jumps inside."""
        run: list[Row] = []
        first = 0
        came = list(rows)
        for place, row in enumerate(came):
            # of rows that come in one go the earlier ones were under way for longer
            number = self._place(row, came_s - (len(came) - 1 - place) / self.layout.rate_hz)
            if number is None:
                continue
            if run and number != first + len(run):
                yield _block(run, first, came_s)
                run = []
            if not run:
                first = number
            run.append(row)
        if run:
            yield _block(run, first, came_s)

    def _place(self, row: Row, came_s: float) -> int | None:
        clock_s = row.clock_s if math.isfinite(row.clock_s) else came_s
        if row.seq is None:
            if not math.isfinite(row.clock_s):
                return self._by_arrival(came_s)
            return self._numbers.place(1, last_s=clock_s, came_s=came_s)
        ahead = 1 if self._seq is None else self._ahead(row, since=self._seq, came_s=came_s)
        number = self._number + ahead
        if ahead == 0 or number < 0:
            return None
        if ahead > 0:
            self._seq, self._number, self._clock_s, self._came_s = row.seq, number, row.clock_s, came_s
        return number

    def _by_arrival(self, came_s: float) -> int:
        numbers = self._numbers
        silent = came_s - self._came_s
        if silent > SILENT_S:
            numbers.next += max(0, round(silent * self.layout.rate_hz) - 1)
        self._came_s = came_s
        numbers.next += 1
        return numbers.next - 1

    def _ahead(self, row: Row, *, since: int, came_s: float) -> int:
        """How many samples a row lies ahead of the newest, whose sequence number was `since`."""
        modulo, ahead = self.layout.seq_modulo, (row.seq or 0) - since
        passed = self._passed(row, came_s)
        if modulo:
            ahead %= modulo
            if passed > 0:
                ahead += modulo * max(0, round((passed - ahead) / modulo))
            elif passed < 0 and ahead > modulo // 2:
                ahead -= modulo
        elif ahead <= -RESTARTED or (ahead < 0 and passed > 0):
            ahead = max(1, round(passed)) if passed > 0 else 1
        return ahead

    def _passed(self, row: Row, came_s: float) -> float:
        """Samples that must have passed since the newest row, by a clock; NaN when none can tell."""
        passed_s = row.clock_s - self._clock_s
        if not math.isfinite(passed_s) or passed_s < -SILENT_S:
            passed_s = came_s - self._came_s
            if passed_s < SILENT_S:
                return math.nan
        return passed_s * self.layout.rate_hz


def _block(rows: list[Row], first: int, came_s: float) -> Block:
    values = np.array([row.values for row in rows], dtype=np.float32).T
    return Block(first, np.ascontiguousarray(values), clock_s=rows[0].clock_s, came_s=came_s)
