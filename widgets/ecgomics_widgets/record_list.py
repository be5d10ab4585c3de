"""`RecordList`: thousands of records to scroll, sort, filter and open."""

from __future__ import annotations

from typing import ClassVar

import numpy as np
import pandas as pd
import param

from ecgomics_widgets.errors import WidgetError
from ecgomics_widgets.hosting import HostedWidget
from ecgomics_widgets.packing import packed


class RecordList(HostedWidget):
    """A list of records: what is done to it arrives in `event`, the rest is told to it.

    Events are dicts with a `type`: ``open`` (position), ``sort`` (name, descending), ``filter`` (filters),
    ``unfilter`` (id), ``compare``, ``pick`` (positions, how: ``turn`` or ``add``, of clicks with Ctrl or Shift).
    Positions count the rows of `table`, whatever the order shown.

    Examples
    --------
    >>> records = RecordList.of(pd.DataFrame({"source": ["a", "b"], "about": ["71 M", "64 F"], "detail": ["", "LBBB"]}))
    >>> np.frombuffer(records.order, dtype="<i4").tolist()
    [0, 1]
    """

    _module: ClassVar[str] = "record_list.js"
    _down: ClassVar[tuple[str, ...]] = (
        *("table", "order", "value", "quality", "group", "current", "chips", "sort", "columns", "choices"),
        *("unit", "decimals", "message"),
    )
    _up: ClassVar[tuple[str, ...]] = ("event",)

    table = param.Dict(default={}, doc="Columns of texts, one a record: `source`, `about` (age, sex), `detail`.")
    order = param.Bytes(default=b"", doc="int32: positions of the records shown, in their order.")
    value = param.Bytes(default=b"", doc="float32, one a record: the sort column's values; empty to show none.")
    quality = param.Bytes(default=b"", doc="uint8, one a record: 0 unknown, 1 poor, 2 fair, 3 good.")
    group = param.Bytes(default=b"", doc="uint8, one a record: 1 for members of the selected group.")
    current = param.Integer(default=-1, doc="Position of the record that is open; -1 for none.")
    chips = param.List(default=[], doc="Filters in force: dicts of `id`, `text`, `kind` (`group` for the selection).")
    sort = param.Dict(default={}, doc="`name` and `descending` of the sort column.")
    columns = param.List(default=[], doc="Columns to sort by: dicts of `name`, `title`, `group`.")
    choices = param.Dict(default={}, doc="`labels` and `rules` to filter by: lists of dicts of `value`, `text`.")
    unit = param.String(default="", doc="Unit of `value`.")
    decimals = param.Integer(default=0, bounds=(0, 6), doc="Decimals of `value`.")
    message = param.String(default="", doc="What an empty list says.")
    event = param.Dict(default={}, doc="The last thing done in the browser.")

    @classmethod
    def of(cls, table: pd.DataFrame) -> RecordList:
        """Build from a table with the text columns `source`, `about` and `detail`, and optionally `quality` (0 to 1).

        Raises
        ------
        WidgetError
            When `source` is missing.
        """
        if "source" not in table:
            raise WidgetError("a record table without a column 'source'", expected="source, about, detail")
        texts = {
            name: table[name].astype(str).tolist() if name in table else [""] * len(table)
            for name in ("source", "about", "detail")
        }
        quality = grades(table["quality"].to_numpy(dtype=float)) if "quality" in table else np.zeros(len(table))
        return cls(table=texts, order=packed(np.arange(len(table)), "int32"), quality=packed(quality, "uint8"))


def grades(quality: np.ndarray) -> np.ndarray:
    """Quality (float, 0 to 1, NaN unknown) in the list's grades: 0 unknown, 1 poor, 2 fair (≥ 0.5), 3 good (≥ 0.8)."""
    known = np.isfinite(quality)
    graded = 1 + (np.nan_to_num(quality) >= 0.5).astype(np.uint8) + (np.nan_to_num(quality) >= 0.8)
    return np.where(known, graded, 0).astype(np.uint8)
