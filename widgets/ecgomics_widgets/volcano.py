"""`Volcano`: every biomarker by its effect and its q, over what effects look like when there is nothing to find."""

from __future__ import annotations

from typing import Any, ClassVar

import numpy as np
import pandas as pd
import param
from numpy.typing import NDArray

from ecgomics_widgets.errors import WidgetError
from ecgomics_widgets.hosting import HostedWidget
from ecgomics_widgets.packing import packed

Floats = NDArray[np.float64]

EFFECTS: dict[str, dict[str, Any]] = {
    "auc": {"title": "AUC", "centre": 0.5, "scale": "linear"},
    "auc_adjusted": {"title": "AUC, adjusted", "centre": 0.5, "scale": "linear"},
    "delta": {"title": "Cliff's delta", "centre": 0.0, "scale": "linear"},
    "smd": {"title": "standardised difference", "centre": 0.0, "scale": "linear"},
    "rho": {"title": "Spearman's ρ", "centre": 0.0, "scale": "linear"},
    "hr": {"title": "hazard ratio a standard deviation", "centre": 1.0, "scale": "logarithmic"},
}
"""Columns known to be effects, what they are called, and their value where there is none."""

FLOOR = 1e-16
"""Smallest q told apart: below it the height says no more than that."""

MOST_POINTS = 20_000
"""Null points drawn one by one; of more, an even share is drawn."""

BINS = 48


class Volcano(HostedWidget):
    """Biomarkers by effect and −log10 q: colour is dimension, shape is badge, grey the null cloud.

    A click or Enter arrives in `opened` and, with those before it, in `event` (``choose``, biomarker); another effect
    wished for in the head arrives as ``effect`` (name).

    Examples
    --------
    >>> table = pd.DataFrame({"biomarker": ["PR_Int_Global"], "auc": [0.9], "q": [0.01], "dimension": ["Structural"]})
    >>> Volcano.of(table).rows[0]["height"]
    2.0
    """

    _module: ClassVar[str] = "volcano.js"
    _down: ClassVar[tuple[str, ...]] = (
        *("rows", "cloud", "rug", "axis", "limit", "opened", "ticked", "state", "about", "cloud_text", "message"),
        *("effects", "effect", "theme"),
    )
    _up: ClassVar[tuple[str, ...]] = ("opened", "event")

    rows = param.List(
        default=[],
        doc="Dicts of `biomarker`, `dimension`, `effect`, `low`, `high`, `q`, `height`, `badge`, `note`.",
    )
    cloud = param.Bytes(default=b"", doc="float32 (point, [effect, −log10 q]) of null groups, where q < 1.")
    rug = param.Bytes(default=b"", doc="float32 (bin, [low, high, count]) of null effects with q = 1.")
    cloud_text = param.String(default="", doc="What the grey is, such as `null: labels permuted ×200`.")
    axis = param.Dict(default={}, doc="`title`, `centre`, `scale` (linear, logarithmic) of the effect; `height`.")
    limit = param.Number(default=0.05, bounds=(1e-9, 1), doc="q at which the line is drawn.")
    opened = param.String(default="", doc="Biomarker that is open elsewhere; ringed.")
    ticked = param.List(default=[], doc="Biomarkers that are ticked elsewhere; ringed and named.")
    state = param.Selector(default="done", objects=["done", "stale"], doc="`stale`: from before the last change.")
    about = param.String(default="", doc="Beside the title.")
    effects = param.List(default=[], doc="Effects to choose from in the head: dicts of `name`, `title`.")
    effect = param.String(default="", doc="The effect shown, of `effects`.")
    message = param.String(default="", doc="What an empty plot says.")
    theme = param.Selector(default="auto", objects=["auto", "light", "dark"], doc="auto: as the page or the system.")
    event = param.Dict(default={}, doc="The last thing done in the browser.")

    @classmethod
    def of(
        cls,
        table: pd.DataFrame,
        *,
        cloud: pd.DataFrame | None = None,
        effect: str | None = None,
        q: str | None = None,
        **params: Any,
    ) -> Volcano:
        """Build from a contrast's table.

        Parameters
        ----------
        table
            Columns `biomarker`, an effect, a q; used when there: `dimension`, `badge` (exploratory, declared,
            validated, replicated), `note`, and the effect's interval (`low`, `high`, or with the effect's suffix).
        cloud
            Columns of the same effect and `q`, one row a null biomarker; `draw` is counted when there.
        effect
            Column shown; the first of `EFFECTS` that is there when None. Its interval is shown on hover.
        q
            Column of q; `q_adjusted` where it has values, else `q`, when None.

        Raises
        ------
        WidgetError
            When a column is missing.
        """
        return cls(**{**shown_of(table, cloud=cloud, effect=effect, q=q), **params})

    def show(self, table: pd.DataFrame, **how: Any) -> None:
        """Show another table in the same picture; arguments as of `of`."""
        keys = {name: how.pop(name) for name in ("cloud", "effect", "q") if name in how}
        self.param.update(**{**shown_of(table, **keys), **how})


def shown_of(
    table: pd.DataFrame, *, cloud: pd.DataFrame | None = None, effect: str | None = None, q: str | None = None
) -> dict[str, Any]:
    """What a `Volcano` shows of a table: its parameters `rows`, `axis`, `cloud`, `rug`, `cloud_text` and `effect`."""
    name = effect or next((known for known in EFFECTS if known in table), "auc")
    chance = q or ("q_adjusted" if "q_adjusted" in table and table["q_adjusted"].notna().any() else "q")
    missing = [column for column in ("biomarker", name, chance) if column not in table]
    if missing:
        raise WidgetError(
            f"a table without {', '.join(missing)}",
            expected=f"biomarker, q and an effect ({', '.join(EFFECTS)})",
            remedy="name the columns: Volcano.of(table, effect=…, q=…)",
        )
    height = "−log10 q, adjusted" if chance == "q_adjusted" else "−log10 q"
    axis = {**EFFECTS.get(name, {"title": name, "centre": 0.0, "scale": "linear"}), "height": height}
    grey = _null_of(cloud, effect=name)
    return {"rows": _rows_of(table, effect=name, q=chance), "axis": axis, "effect": name, **grey}


def _rows_of(table: pd.DataFrame, *, effect: str, q: str) -> list[dict[str, Any]]:
    suffix = effect.partition("_")[2]
    low, high = (f"{side}_{suffix}" if suffix else side for side in ("low", "high"))
    size = len(table)
    heights = _heights(table[q])
    columns: dict[str, list[Any]] = {
        "biomarker": table["biomarker"].astype(str).tolist(),
        "dimension": _texts(table, "dimension"),
        "effect": _floats(table[effect]),
        "low": _floats(table[low]) if low in table else [None] * size,
        "high": _floats(table[high]) if high in table else [None] * size,
        "q": _floats(table[q]),
        "height": [float(height) if np.isfinite(height) else None for height in heights],
        "badge": _texts(table, "badge", default="exploratory"),
        "note": _texts(table, "note"),
    }
    return [dict(zip(columns, row, strict=True)) for row in zip(*columns.values(), strict=True)]


def _null_of(cloud: pd.DataFrame | None, *, effect: str) -> dict[str, Any]:
    if cloud is None or effect not in cloud or "q" not in cloud:
        return {"cloud": b"", "rug": b"", "cloud_text": ""}
    effects, heights = cloud[effect].to_numpy(dtype=float), _heights(cloud["q"])
    known = np.isfinite(effects) & np.isfinite(heights)
    low = known & (heights < 1e-6)
    high = np.flatnonzero(known & ~low)
    kept = high[:: max(1, -(-len(high) // MOST_POINTS))]
    words = f"null: labels permuted ×{cloud['draw'].nunique()}" if "draw" in cloud else "null"
    return {
        "cloud": packed(np.stack([effects[kept], heights[kept]], axis=1), "float32"),
        "rug": packed(_binned(effects[low]), "float32"),
        "cloud_text": words,
    }


def _binned(effects: Floats) -> Floats:
    if not len(effects):
        return np.zeros((0, 3))
    counts, edges = np.histogram(effects, bins=BINS)
    return np.stack([edges[:-1], edges[1:], counts], axis=1)


def _heights(q: pd.Series[Any]) -> Floats:
    heights: Floats = -np.log10(np.maximum(q.to_numpy(dtype=float), FLOOR))
    return np.abs(heights)  # no minus zero


def _texts(table: pd.DataFrame, column: str, *, default: str = "") -> list[str]:
    if column not in table:
        return [default] * len(table)
    return [str(value) if isinstance(value, str) and value else default for value in table[column]]


def _floats(values: pd.Series[Any]) -> list[float | None]:
    return [float(value) if np.isfinite(value) else None for value in values.to_numpy(dtype=float)]
