"""`Sheet`: the table a block's values are written on, column by column."""

from __future__ import annotations

import functools
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
    (low, high), count = _quantiles(grid, (0.25, 0.75))
    return (high - low).astype(np.float32), count.astype(np.int32)


def quantile(grid: Values, share: float) -> Values:
    """Quantile of the finite values along axis 1, NaN where there are none; linear interpolation."""
    return _quantiles(grid, (share,))[0][0]


def quantiles(grid: Values, shares: tuple[float, ...]) -> list[Values]:
    """Several quantiles, as `quantile`, for one sorting."""
    return _quantiles(grid, shares)[0]


def _quantiles(grid: Values, shares: tuple[float, ...]) -> tuple[list[Values], NDArray[np.intp]]:
    ordered = np.sort(grid, axis=1)  # NaN goes last
    count = np.isfinite(grid).sum(axis=1)
    last = np.maximum(count - 1, 0)
    none = count == 0
    rest = np.ogrid[tuple(slice(size) for size in count.shape)]
    found = []
    for share in shares:
        position = share * last
        left = position.astype(np.intp)
        low = ordered[rest[0], left, *rest[1:]]
        high = ordered[rest[0], np.minimum(left + 1, last), *rest[1:]]
        value: Values = low + (high - low) * (position - left)
        value[none] = np.nan
        found.append(value)
    return found, count


@functools.lru_cache(maxsize=32)
def _places(leads: tuple[str, ...]) -> dict[str, int]:
    """Row of each column `measure` writes over some leads."""
    return {str(name): place for place, name in enumerate(columns(leads)["column"])}


@functools.lru_cache(maxsize=256)
def _lead_places(name: str, leads: tuple[str, ...]) -> tuple[NDArray[np.intp], NDArray[np.intp]]:
    """Rows of a lead-wise family, and the leads they are for."""
    rows = [(place, _places(leads).get(f"{name}_{lead}")) for place, lead in enumerate(leads)]
    kept = [(place, row) for place, row in rows if row is not None]
    return np.array([row for _, row in kept], dtype=np.intp), np.array([place for place, _ in kept], dtype=np.intp)


class Sheet:
    """Values, spreads, counts and reasons of a block of records, gathered by column name.

    Parameters
    ----------
    block
        The records and leads the columns are for.
    """

    def __init__(self, block: Block) -> None:
        self._block = block
        self._place = _places(block.leads)
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
            self._count[row] = np.where(np.isnan(count), 0, count)

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
        rows, leads = _lead_places(name, block.leads)
        own = reason.T[leads]
        self._value[rows], self._reason[rows] = settled.T[leads], own
        if spread is None:
            self._count[rows] = np.where(own == 0, block.template_beats, 0)
        else:
            self._iqr[rows] = np.where(own == 0, spread[0].T[leads], np.nan)
            self._count[rows] = spread[1].T[leads]

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
            (reasons == index, REASONS[index])
            for reasons in found
            if reasons.any()
            for index in np.unique(reasons)
            if index > 0
        )

    def close(self) -> xr.Dataset:
        """The finished Dataset, dims (record, biomarker), as `measure` documents it."""
        heads = _heads(self._block.leads)
        absent = ~np.isin(heads["lead"].values, ["", *self._block.leads])
        self._reason[absent] = REASONS.index("lead missing")
        return dataset(
            records=self._block.records,
            heads=heads,
            value=self._value.T,
            iqr=self._iqr.T,
            count=self._count.T,
            reason=self._reason.T,
        )


def heads_of(columns: pd.DataFrame) -> xr.Coordinates:
    """The catalogue's columns as coordinates on biomarker."""
    told = {"dimension": "dimension", "lead": "lead", "unit": "unit", "definition": "id", "version": "version"}
    return xr.Dataset(
        coords={
            "biomarker": columns["column"].to_numpy(dtype=str),
            **{name: ("biomarker", columns[column].to_numpy(dtype=str)) for name, column in told.items()},
        }
    ).coords


@functools.lru_cache(maxsize=32)
def _heads(leads: tuple[str, ...]) -> xr.Coordinates:
    return heads_of(columns(leads))


def with_records(heads: xr.Coordinates, records: NDArray[np.str_]) -> xr.Coordinates:
    """Coordinates made once, indexes included, and the records of a block beside them."""
    own = xr.Coordinates({"record": records})
    return xr.Coordinates({**heads, **own}, indexes={**heads.xindexes, **own.xindexes})


def dataset(
    *,
    records: NDArray[np.str_],
    heads: xr.Coordinates,
    value: NDArray[np.float32],
    iqr: NDArray[np.float32],
    count: NDArray[np.int32],
    reason: NDArray[np.uint8],
) -> xr.Dataset:
    """Put arrays (record, biomarker) and the catalogue's columns, see `heads_of`, together."""
    dims = ("record", "biomarker")
    return xr.Dataset(
        {
            "value": (dims, np.ascontiguousarray(value)),
            "iqr": (dims, np.ascontiguousarray(iqr)),
            "count": (dims, np.ascontiguousarray(count)),
            "reason": (dims, np.ascontiguousarray(reason)),
        },
        coords=with_records(heads, records),
        attrs={"reasons": list(REASONS)},
    )
