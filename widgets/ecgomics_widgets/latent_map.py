"""`LatentMap`: records as points, coloured by a column, selected by drawing."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, ClassVar

import numpy as np
import numpy.typing as npt
import param

from ecgomics_widgets.errors import WidgetError
from ecgomics_widgets.hosting import HostedWidget
from ecgomics_widgets.packing import packed

CATEGORY_COLOURS = ("#0072b2", "#009e73", "#cc79a7", "#56b4e9", "#8b5a2b", "#7a5cc7", "#b4233a", "#5d7a1f")
"""For up to eight categories; told apart by colour-blind readers, and none of them the selection's orange."""
OTHER = "#98a2b3"
MISSING = 255
"""The shade of a record whose value is unknown."""


class LatentMap(HostedWidget):
    """A map to look at, draw on and tap; what is done arrives in `event`.

    Events are dicts with a `type`: ``lasso`` (positions, polygon, done), ``open`` (position), ``clear``,
    ``colour`` (name), ``encoder`` (name), ``paint``.

    Examples
    --------
    >>> picture = LatentMap.of(np.zeros((4, 2)), values=[1, 2, 3, np.nan])
    >>> np.frombuffer(picture.shade, dtype="u1").tolist()
    [0, 127, 254, 255]
    """

    _module: ClassVar[str] = "latent_map.js"
    _down: ClassVar[tuple[str, ...]] = (
        *("points", "shade", "scale", "group", "group_name", "lasso", "current", "names", "encoders", "encoder"),
        *("columns", "column", "paint", "trust", "message", "theme", "shown"),
    )
    _up: ClassVar[tuple[str, ...]] = ("event",)

    points = param.Bytes(default=b"", doc="float32 (record, [x, y]); NaN for a record without a place.")
    shade = param.Bytes(default=b"", doc="uint8, one a record: 0 to 254 along the scale or a category; 255 unknown.")
    scale = param.Dict(
        default={}, doc="`kind` number: `low`, `high`, `unit`, `decimals`; category: `names`, `colours`."
    )
    group = param.Bytes(default=b"", doc="uint8, one a record: 1 for members of the selected group.")
    shown = param.Bytes(default=b"", doc="uint8, one a record: 0 for those faint and out of reach; empty: all shown.")
    group_name = param.String(default="", doc="Written beside the drawn shape.")
    lasso = param.List(default=[], doc="Corners (x, y) of the shape the group was drawn with.")
    current = param.Integer(default=-1, doc="Position of the record that is open; -1 for none.")
    names = param.List(default=[], doc="What the pointer says over a record.")
    encoders = param.List(default=[], doc="Encoders that have a map.")
    encoder = param.String(default="", doc="Whose map is shown.")
    columns = param.List(default=[], doc="Columns to colour by: dicts of `name`, `title`, `group`.")
    column = param.String(default="", doc="The column coloured by.")
    paint = param.Selector(
        default="group", objects=["group", "column"], doc="With a group: its rest grey, or by column."
    )
    trust = param.String(default="", doc="How far distances on the map can be trusted.")
    message = param.String(default="", doc="What an empty map says.")
    theme = param.Selector(default="auto", objects=["auto", "light", "dark"], doc="auto: as the page or the system.")
    event = param.Dict(default={}, doc="The last thing done in the browser.")

    def _height_alone(self) -> int:
        return 360

    @classmethod
    def of(
        cls,
        points: npt.ArrayLike,
        *,
        values: npt.ArrayLike | None = None,
        categories: Sequence[str] | None = None,
        **params: Any,
    ) -> LatentMap:
        """Build from places (record, 2) and, to colour by, either numbers or categories, one a record.

        Raises
        ------
        WidgetError
            When `points` is not (record, 2).
        """
        places = np.asarray(points, dtype=float)
        if places.ndim != 2 or places.shape[1] != 2:
            raise WidgetError(f"points of shape {places.shape}", expected="(record, 2)")
        if categories is not None:
            shade, scale = category_shades(np.asarray(categories, dtype=str))
        else:
            shade, scale = number_shades(
                np.full(len(places), np.nan) if values is None else np.asarray(values, dtype=float)
            )
        return cls(points=packed(places, "float32"), shade=packed(shade, "uint8"), scale=scale, **params)


def number_shades(values: npt.NDArray[np.float64]) -> tuple[npt.NDArray[np.uint8], dict[str, Any]]:
    """Numbers as shades 0 to 254 between their 2nd and 98th centile (255: unknown), and the scale that says so."""
    known = np.isfinite(values)
    if not known.any():
        return np.full(len(values), MISSING, dtype=np.uint8), {}
    low, high = np.quantile(values[known], [0.02, 0.98])
    if low == high:
        low, high = float(values[known].min()), float(values[known].max())
    width = (high - low) or 1.0
    shade = np.full(len(values), MISSING, dtype=np.uint8)
    shade[known] = np.round(np.clip((values[known] - low) / width, 0, 1) * 254).astype(np.uint8)
    return shade, {"kind": "number", "low": float(low), "high": float(high)}


def category_shades(values: npt.NDArray[np.str_]) -> tuple[npt.NDArray[np.uint8], dict[str, Any]]:
    """Categories as shades: the eight commonest have a colour each, the rest are ``other``, empty is unknown."""
    names, counts = np.unique(values[values != ""], return_counts=True)
    common = [str(name) for name in names[np.argsort(-counts, kind="stable")][: len(CATEGORY_COLOURS)]]
    shade = np.full(len(values), MISSING, dtype=np.uint8)
    shade[values != ""] = len(common)
    for place, name in enumerate(common):
        shade[values == name] = place
    colours = list(CATEGORY_COLOURS[: len(common)])
    if len(names) > len(common):
        return shade, {"kind": "category", "names": [*common, "other"], "colours": [*colours, OTHER]}
    return shade, {"kind": "category", "names": common, "colours": colours}
