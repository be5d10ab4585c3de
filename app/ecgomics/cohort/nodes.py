"""A node of the store: an `xr.Dataset` written block by block, and opened lazily."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable, Mapping
from pathlib import Path, PurePosixPath
from typing import Any

import numpy as np
import numpy.typing as npt
import xarray as xr
import zarr
from zarr.codecs import BloscCodec, ZstdCodec

from ecgomics.cohort import lazy
from ecgomics.cohort.layout import ENCODINGS, grid

COMPRESSOR = BloscCodec(cname="zstd", clevel=1, shuffle="bitshuffle")
_TEXT_COMPRESSOR = ZstdCodec(level=1)


def write_node(directory: Path, blocks: Iterable[xr.Dataset], *, along: str | None = None, total: int = 0) -> None:
    """Write a node from blocks that follow each other along one dim; memory holds a block and a shard.

    Parameters
    ----------
    directory
        Where the node's group is made; must not exist.
    blocks
        Datasets with equal variables, dims and coordinates except along `along`. The index `record` is not written:
        nodes inherit it from the root.
    along
        Dim the blocks follow each other on; None for a single block.
    total
        Its length over all blocks.
    """
    group = zarr.create_group(directory, zarr_format=3)
    writers: dict[str, _Rows] = {}
    for position, block in enumerate(blocks):
        if position == 0:
            group.update_attributes(_group_attributes(block))
            writers = _begin(group, block, along=along, total=total)
        for name, rows in writers.items():
            rows.add(encoded(name, block.variables[name].transpose(along, ...)))
    for rows in writers.values():
        rows.flush()


def write_array(
    group: zarr.Group,
    name: str,
    *,
    dims: tuple[str, ...],
    values: npt.NDArray[Any],
    attrs: Mapping[str, Any] | None = None,
) -> None:
    """Write one whole array of a group, encoded by its name and type."""
    source = xr.Variable(dims, values, attrs=dict(attrs or {}))
    array = _create(group, name, variable=source, shape=source.shape)
    if source.size:
        array[...] = encoded(name, source)


def open_node(group: zarr.Group, *, records: npt.NDArray[Any] | None = None) -> xr.Dataset:
    """A node as a lazy Dataset.

    Parameters
    ----------
    group
        The node's Zarr group.
    records
        Record ids for its dim ``record``, when it has one.
    """
    arrays = dict(group.arrays())
    variables = {name: lazy.variable(array) for name, array in arrays.items()}
    attrs = dict(group.attrs)
    names = str(attrs.pop("coordinates", "")).split()
    indexed = [name for name, v in variables.items() if v.dims == (name,)]
    coords: dict[str, Any] = {name: variables.pop(name) for name in {*names, *indexed} if name in variables}
    for name in indexed:
        if coords[name].dtype == object:
            coords[name] = xr.Variable((name,), coords[name].values.astype(str))
    dims = {dim for v in [*variables.values(), *coords.values()] for dim in v.dims}
    if records is not None and "record" in dims:
        coords["record"] = records
    return xr.Dataset(variables, coords=coords, attrs=attrs)


def digest(directory: Path) -> str:
    """Hash of every file of a node by name and content, 16 hex characters."""
    return digest_of_files(hashes(directory))


def hashes(directory: Path) -> dict[str, str]:
    """SHA-256 of every file of a node, hexadecimal, by its name below the node."""
    found = {}
    for file in (f for f in directory.rglob("*") if f.is_file()):
        with file.open("rb") as stream:
            found[file.relative_to(directory).as_posix()] = hashlib.file_digest(stream, "sha256").hexdigest()
    return found


def digest_of_files(found: Mapping[str, str]) -> str:
    """A node's digest from the hashes of its files."""
    total = hashlib.sha256()
    for name in sorted(found, key=PurePosixPath):
        total.update(name.encode())
        total.update(bytes.fromhex(found[name]))
    return total.hexdigest()[:16]


def encoded(name: str, variable: xr.Variable) -> npt.NDArray[Any]:
    """The values of a variable as they lie on disk."""
    values = np.asarray(variable.values)
    if name in ENCODINGS and values.dtype.kind == "f":
        return ENCODINGS[name].encode(values)
    if values.dtype.kind in "UOT":
        return np.asarray(values.astype(object), dtype=np.dtypes.StringDType())
    if values.dtype.kind == "M":
        return values.astype("datetime64[ms]").astype(np.int64)
    return values


class _Rows:
    """Gathers rows until a shard is full, so that every shard is written once."""

    def __init__(self, array: zarr.Array) -> None:
        self.array = array
        self.step = (array.shards or array.chunks)[0]
        self.start = 0
        self.waiting: list[npt.NDArray[Any]] = []

    def add(self, values: npt.NDArray[Any]) -> None:
        self.waiting.append(values)
        count = sum(len(part) for part in self.waiting)
        if count >= self.step:
            self._write(count - count % self.step)

    def flush(self) -> None:
        self._write(sum(len(part) for part in self.waiting))

    def _write(self, count: int) -> None:
        if count == 0:
            return
        rows = self.waiting[0] if len(self.waiting) == 1 else np.concatenate(self.waiting)
        self.array[self.start : self.start + count] = rows[:count]
        self.start += count
        self.waiting = [rows[count:]] if len(rows) > count else []


def _begin(group: zarr.Group, block: xr.Dataset, *, along: str | None, total: int) -> dict[str, _Rows]:
    writers = {}
    for name, variable in block.variables.items():
        key = str(name)
        if key == "record" and variable.dims == ("record",):
            continue
        if along is None or along not in variable.dims:
            write_array(group, key, dims=_dims(variable), values=variable.values, attrs=variable.attrs)
            continue
        turned = variable.transpose(along, ...)
        writers[key] = _Rows(_create(group, key, variable=turned, shape=(total, *turned.shape[1:])))
    return writers


def _dims(variable: xr.Variable) -> tuple[str, ...]:
    return tuple(str(dim) for dim in variable.dims)


def _create(group: zarr.Group, name: str, *, variable: xr.Variable, shape: tuple[int, ...]) -> zarr.Array:
    attrs = {str(key): plain(value) for key, value in variable.attrs.items()}
    dtype, fill, encoding = _stored_as(name, variable.dtype)
    text = dtype == "string"
    chunks, shards = grid(shape, itemsize=None if text else np.dtype(dtype).itemsize) if shape else ((), None)
    return group.create_array(
        name,
        shape=shape,
        dtype=dtype,
        chunks=chunks,
        shards=shards,
        fill_value=fill,
        compressors=_TEXT_COMPRESSOR if text else COMPRESSOR,
        dimension_names=_dims(variable),
        attributes=attrs | encoding,
    )


def _stored_as(name: str, dtype: np.dtype[Any]) -> tuple[Any, Any, dict[str, Any]]:
    if name in ENCODINGS and dtype.kind == "f":
        fixed = ENCODINGS[name]
        return fixed.dtype, fixed.fill, dict(fixed.attributes())
    if dtype.kind in "UOT":
        return "string", "", {}
    if dtype.kind == "M":
        lowest = int(np.iinfo(np.int64).min)
        return "int64", lowest, {"units": lazy.EPOCH_UNITS, "_FillValue": lowest, "calendar": "proleptic_gregorian"}
    return dtype.name, np.nan if dtype.kind == "f" else 0, {}


def _group_attributes(block: xr.Dataset) -> dict[str, Any]:
    attrs = {str(key): plain(value) for key, value in block.attrs.items()}
    extra = sorted(str(name) for name, v in block.coords.items() if v.dims != (name,))
    return attrs | ({"coordinates": " ".join(extra)} if extra else {})


def plain(value: Any) -> Any:
    """A value as JSON holds it: arrays and tuples as lists, numpy numbers as Python's, anything else as text."""
    if isinstance(value, Mapping):
        return {str(key): plain(item) for key, item in value.items()}
    if isinstance(value, np.ndarray):
        return plain(value.tolist())
    if isinstance(value, list | tuple | set | frozenset):
        return [plain(item) for item in value]
    if isinstance(value, np.generic):
        return plain(value.item())
    if isinstance(value, str | int | float | bool) or value is None:
        return value
    return str(value)


def metadata_of(directory: Path) -> dict[str, Any]:
    """The Zarr metadata of a group or array directory."""
    found: dict[str, Any] = json.loads((directory / "zarr.json").read_text())
    return found
