"""`CandidateTable`: biomarkers that set a group apart, as a forest of effects."""

from __future__ import annotations

from typing import Any, ClassVar

import numpy as np
import pandas as pd
import param

from ecgomics_widgets.errors import WidgetError
from ecgomics_widgets.hosting import HostedWidget

NEEDED = ("biomarker", "auc", "low", "high", "q", "n_group", "n_rest")
"""Columns a table of candidates must have; `dimension`, `badge` and `auc_adjusted` are shown when there."""


class CandidateTable(HostedWidget):
    """Candidates with AUC, interval, adjusted AUC, q and counts; a click arrives in `event` (``choose``, biomarker).

    Examples
    --------
    >>> row = {"biomarker": "PR_Int_Global", "auc": 0.9, "low": 0.8, "high": 0.95, "q": 0.01, "n_group": 9, "n_rest": 9}
    >>> CandidateTable.of(pd.DataFrame([row])).rows[0]["adjusted"] is None
    True
    """

    _module: ClassVar[str] = "candidate_table.js"
    _down: ClassVar[tuple[str, ...]] = (
        "rows",
        "state",
        "opened",
        "badge",
        "badge_text",
        "about",
        "message",
        "link",
        "theme",
    )
    _up: ClassVar[tuple[str, ...]] = ("event",)

    rows = param.List(
        default=[], doc="Dicts of `biomarker`, `dimension`, `badge`, `auc`, `low`, `high`, `adjusted`, `q`, counts."
    )
    state = param.Selector(
        default="none",
        objects=["none", "stale", "preview", "done", "failed"],
        doc="`preview`: effects are there, resampled intervals not yet; `stale`: from before the last change.",
    )
    opened = param.String(default="", doc="Biomarker whose evidence is shown elsewhere.")
    badge = param.String(default="", doc="How far the table can be trusted, such as `exploratory`.")
    badge_text = param.String(default="", doc="What the badge means.")
    about = param.String(default="", doc="Who is compared with whom.")
    message = param.String(default="", doc="What an empty table says.")
    link = param.String(default="", doc="Where more is found out about the group; empty for nowhere.")
    theme = param.Selector(default="auto", objects=["auto", "light", "dark"], doc="auto: as the page or the system.")
    event = param.Dict(default={}, doc="The last thing done in the browser.")

    @classmethod
    def of(cls, table: pd.DataFrame, **params: Any) -> CandidateTable:
        """Build from a contrast's table (columns `NEEDED`). Raises WidgetError naming what is missing."""
        return cls(rows=rows_of(table), **({"state": "done"} | params))


def rows_of(table: pd.DataFrame) -> list[dict[str, Any]]:
    """A contrast's table as the rows of a `CandidateTable`, in its order; NaN becomes None.

    Raises
    ------
    WidgetError
        When columns of `NEEDED` are missing.
    """
    missing = [name for name in NEEDED if name not in table]
    if missing:
        raise WidgetError(f"a table of candidates without {', '.join(missing)}", expected=", ".join(NEEDED))
    size = len(table)
    adjusted = table["auc_adjusted"] if "auc_adjusted" in table else np.full(size, np.nan)
    dimension = table["dimension"] if "dimension" in table else [""] * size
    badge = table["badge"] if "badge" in table else [""] * size
    columns = {
        "biomarker": table["biomarker"].astype(str).tolist(),
        "dimension": [str(item) for item in dimension],
        "badge": [str(item) for item in badge],
        **{name: _floats(table[name]) for name in ("auc", "low", "high", "q")},
        "adjusted": _floats(adjusted),
        **{name: [int(count) for count in table[name]] for name in ("n_group", "n_rest")},
    }
    return [dict(zip(columns, row, strict=True)) for row in zip(*columns.values(), strict=True)]


def _floats(values: Any) -> list[float | None]:
    return [float(value) if np.isfinite(value) else None for value in np.asarray(values, dtype=float)]
