"""A Dataset within another: under a prefix, so that several fits may lie in one node of the store."""

from __future__ import annotations

import json
from collections.abc import Hashable, Mapping
from typing import Any

import xarray as xr


def packed(inner: xr.Dataset, *, prefix: str) -> xr.Dataset:
    """Variables, coordinates and dims under names that begin with the prefix; without the attributes."""
    names = {name: prefix + str(name) for name in [*inner.variables, *inner.dims]}
    return inner.rename(names).drop_attrs(deep=False)


def unpacked(outer: xr.Dataset, *, prefix: str) -> xr.Dataset:
    """What `packed` put there, with its own names back."""
    inner = outer[[name for name, variable in outer.data_vars.items() if _within(name, variable.dims, prefix)]]
    inner = inner.drop_vars([name for name in inner.coords if not str(name).startswith(prefix)])
    names = {name: str(name).removeprefix(prefix) for name in [*inner.variables, *inner.dims]}
    return inner.rename(names).drop_attrs(deep=False)


def _within(name: Hashable, dims: tuple[Hashable, ...], prefix: str) -> bool:
    """Whether a variable was packed: one of the node's own may begin with the prefix by chance."""
    return all(str(each).startswith(prefix) for each in (name, *dims))


def as_text(told: Mapping[str, Any]) -> str:
    """Attributes as one text, which any store can hold."""
    return json.dumps(dict(told))


def from_text(text: Any) -> dict[str, Any]:
    """What `as_text` wrote; nothing for no text."""
    found: dict[str, Any] = json.loads(text) if text else {}
    return found
