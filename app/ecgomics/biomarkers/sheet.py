"""`Sheet`: the table a block's values are written on, column by column."""

from __future__ import annotations

from collections.abc import Iterable

import numpy as np
import pandas as pd
import xarray as xr
from numpy.typing import NDArray

from ecgomics.biomarkers.block import Block
from ecgomics.biomarkers.families import columns
from ecgomics.biomarkers.reasons import REASONS, Causes, settle

Values = NDArray[np.floating]


def quartile_range(grid: Values) -> tuple[NDArray[np.float32], NDArray[np.int32]]:
    """Interquartile range and count of the finite values along axis 1 (linear interpolation; one value: range 0)."""
    high, low = quantile(grid, 0.75), quantile(grid, 0.25)
    return (high - low).astype(np.float32), np.isfinite(grid).sum(axis=1).astype(np.int32)


def quantile(grid: Values, share: float) -> Values:
    """Quantile of the finite values along axis 1, NaN where there are none; linear interpolation."""
    ordered = np.sort(grid, axis=1)  # NaN goes last
    count = np.isfinite(grid).sum(axis=1, keepdims=True)
    position = share * np.maximum(count - 1, 0)
    left = np.floor(position).astype(int)
    right = np.minimum(left + 1, np.maximum(count - 1, 0))
    low, high = np.take_along_axis(ordered, left, axis=1), np.take_along_axis(ordered, right, axis=1)
    value = low + (high - low) * (position - left)
    return np.asarray(np.where(count > 0, value, np.nan).squeeze(axis=1))


class Sheet:
    """Values, spreads, counts and reasons of a block of records, gathered by column name.

    Parameters
    ----------
    block
        The records and leads the columns are for.
    """

    def __init__(self, block: Block) -> None:
        self._block = block
        self._table = columns(block.leads)
        self._place = {name: index for index, name in enumerate(self._table["column"])}
        shape = (len(self._place), block.size)
        self._value = np.full(shape, np.nan, dtype=np.float32)
        self._iqr = np.full(shape, np.nan, dtype=np.float32)
        self._count = np.zeros(shape, dtype=np.int32)
        self._reason = np.full(shape, REASONS.index("not measured"), dtype=np.uint8)

    def put(
        self,
        column: str,
        value: Values,
        *,
        causes: Causes = (),
        otherwise: str = "wave not delimited",
        spread: Values | None = None,
        count: NDArray[np.integer] | Values | None = None,
    ) -> None:
        """Write one column.

        Parameters
        ----------
        column
            Its name, one of the catalogue's.
        value
            (R,), NaN where it could not be computed.
        causes, otherwise
            Why a value is missing, see `settle`.
        spread
            Values by beat, (R, beats), for the interquartile range and the count.
        count
            What the value was made of, (R,), where that is not the beats in `spread`.
        """
        row = self._place[column]
        self._value[row], self._reason[row] = settle(value, causes, otherwise=otherwise)
        if spread is not None:
            self._iqr[row], self._count[row] = quartile_range(spread)
            self._iqr[row, self._reason[row] > 0] = np.nan
        if count is not None:
            self._count[row] = np.nan_to_num(count)

    def put_leads(
        self,
        name: str,
        value: Values,
        *,
        causes: Causes = (),
        otherwise: str = "wave not delimited",
        spread: tuple[Values, NDArray[np.int32]] | None = None,
    ) -> None:
        """Write one column a lead; `value` and causes are (R, L), `spread` holds iqr and count (R, L)."""
        block = self._block
        reasons: Causes = (
            (block.lead_absent, "lead missing"),
            (block.lead_unusable, "lead unusable"),
            *causes,
        )
        settled, reason = settle(value, reasons, otherwise=otherwise)
        count = np.where(reason == 0, block.template_beats[:, None], 0)
        for index, lead in enumerate(block.leads):
            row = self._place.get(f"{name}_{lead}")
            if row is None:
                continue
            self._value[row], self._reason[row] = settled[:, index], reason[:, index]
            self._count[row] = count[:, index]
            if spread is not None:
                self._iqr[row] = np.where(reason[:, index] == 0, spread[0][:, index], np.nan)
                self._count[row] = spread[1][:, index]

    def get(self, column: str) -> NDArray[np.float32]:
        """Values written so far, (R,); NaN where missing or where the lead is not in the block."""
        row = self._place.get(column)
        return self._value[row].copy() if row is not None else np.full(self._block.size, np.nan, dtype=np.float32)

    def reason(self, column: str) -> NDArray[np.uint8]:
        """Reasons written so far, (R,)."""
        row = self._place.get(column)
        if row is None:
            return np.full(self._block.size, REASONS.index("lead missing"), dtype=np.uint8)
        return self._reason[row].copy()

    def inherit(self, needed: Iterable[str]) -> Causes:
        """Causes that hand on the reasons of the columns a value is computed from."""
        found = [self.reason(column) for column in needed]
        return tuple(
            (reasons == index, REASONS[index]) for reasons in found for index in np.unique(reasons) if index > 0
        )

    def close(self) -> xr.Dataset:
        """The finished Dataset, dims (record, biomarker), as `measure` documents it."""
        absent = np.array([lead not in ("", *self._block.leads) for lead in self._table["lead"]])
        self._reason[absent] = REASONS.index("lead missing")
        return dataset(
            records=self._block.records,
            columns=self._table,
            value=self._value.T,
            iqr=self._iqr.T,
            count=self._count.T,
            reason=self._reason.T,
        )


def dataset(
    *,
    records: NDArray[np.str_],
    columns: pd.DataFrame,
    value: NDArray[np.float32],
    iqr: NDArray[np.float32],
    count: NDArray[np.int32],
    reason: NDArray[np.uint8],
) -> xr.Dataset:
    """Put arrays (record, biomarker) and the catalogue's columns together."""
    dims = ("record", "biomarker")
    return xr.Dataset(
        {
            "value": (dims, np.ascontiguousarray(value)),
            "iqr": (dims, np.ascontiguousarray(iqr)),
            "count": (dims, np.ascontiguousarray(count)),
            "reason": (dims, np.ascontiguousarray(reason)),
        },
        coords={
            "record": records,
            "biomarker": columns["column"].to_numpy(dtype=str),
            "dimension": ("biomarker", columns["dimension"].to_numpy(dtype=str)),
            "lead": ("biomarker", columns["lead"].to_numpy(dtype=str)),
            "unit": ("biomarker", columns["unit"].to_numpy(dtype=str)),
            "definition": ("biomarker", columns["id"].to_numpy(dtype=str)),
            "version": ("biomarker", columns["version"].to_numpy(dtype=str)),
        },
        attrs={"reasons": list(REASONS)},
    )
