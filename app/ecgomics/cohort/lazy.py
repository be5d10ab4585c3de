"""Stored arrays as lazy xarray variables: read when indexed, decoded to the types the engine works with."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import numpy.typing as npt
import xarray as xr
import zarr
from xarray.backends import BackendArray
from xarray.core import indexing

from ecgomics.cohort.layout import FixedPoint

Decoder = Callable[[npt.NDArray[Any]], npt.NDArray[Any]]


class StoredArray(BackendArray):
    """One Zarr array, decoded when read."""

    def __init__(self, array: zarr.Array) -> None:
        self.array = array
        self.shape = array.shape
        self.dtype, self._decode = _decoding(array)

    def __getitem__(self, key: indexing.ExplicitIndexer) -> Any:
        return indexing.explicit_indexing_adapter(key, self.shape, indexing.IndexingSupport.OUTER, self._read)

    def _read(self, key: tuple[Any, ...]) -> npt.NDArray[Any]:
        if all(isinstance(part, slice | int | np.integer) for part in key):
            return self._decode(np.asarray(self.array[key]))
        return self._decode(np.asarray(self.array.oindex[key]))


def variable(array: zarr.Array) -> xr.Variable:
    """A lazy variable over a stored array; dims from its dimension names, attributes less the encoding's."""
    dims = array.metadata.dimension_names or ()
    attrs = {key: value for key, value in array.attrs.items() if key not in _ENCODING_ATTRIBUTES}
    return xr.Variable(dims, indexing.LazilyIndexedArray(StoredArray(array)), attrs=attrs)


def read(array: zarr.Array) -> npt.NDArray[Any]:
    """All of a stored array, decoded."""
    return _decoding(array)[1](np.asarray(array[...]))


_ENCODING_ATTRIBUTES = ("scale_factor", "_FillValue", "calendar")
EPOCH_UNITS = "milliseconds since 1970-01-01"
_NO_TIME = np.iinfo(np.int64).min


def _decoding(array: zarr.Array) -> tuple[np.dtype[Any], Decoder]:
    attrs = array.attrs
    if array.dtype.kind == "T":
        # object: numpy's variable-width strings are not yet taken by pandas
        return np.dtype(object), lambda raw: raw.astype(object)
    if "scale_factor" in attrs:
        fixed = _fixed_point(array)
        return np.dtype(fixed.decoded), fixed.decode
    if attrs.get("units") == EPOCH_UNITS:
        return np.dtype("datetime64[ms]"), _as_time
    return np.dtype(array.dtype), lambda raw: raw


def _fixed_point(array: zarr.Array) -> FixedPoint:
    dtype = np.dtype(array.dtype)
    return FixedPoint(dtype.name, float(array.attrs["scale_factor"]), "float32" if dtype.itemsize <= 2 else "float64")


def _as_time(raw: npt.NDArray[Any]) -> npt.NDArray[Any]:
    times = np.asarray(raw, dtype=np.int64).astype("datetime64[ms]")
    times[raw == _NO_TIME] = np.datetime64("NaT")
    return times
