"""`EventList`: events of a long recording by class, with how many there are and how many are left to look at."""

from __future__ import annotations

from typing import Any, ClassVar

import pandas as pd
import param

from ecgomics_widgets.errors import WidgetError
from ecgomics_widgets.hosting import HostedWidget


class EventList(HostedWidget):
    """Groups of kinds of events; a click arrives in `event` (``choose``, id).

    Examples
    --------
    >>> table = pd.DataFrame({"group": ["Ventricular"], "title": ["single"], "id": ["v1"], "count": [12], "left": [3]})
    >>> EventList.of(table).groups[0]["rows"][0]["count"]
    12
    """

    _module: ClassVar[str] = "event_list.js"
    _down: ClassVar[tuple[str, ...]] = ("groups", "chosen", "done", "total", "title", "message")
    _up: ClassVar[tuple[str, ...]] = ("event",)

    groups = param.List(
        default=[],
        doc="""Dicts of `title`, `colour` (a dimension, or empty), `shape` (square, circle, diamond, dash, ring),
        `count` (a text), `left`, and `rows`: dicts of `id`, `title`, `count`, `left`, and optionally `sub`
        (a form of the row before) and `beat`: a short trace drawn beside it, mV.""",
    )
    chosen = param.String(default="", doc="Id of the row that is looked through.")
    done = param.Integer(default=0, doc="Events looked at, of those that ask for eyes.")
    total = param.Integer(default=0, doc="Events that ask for eyes.")
    title = param.String(default="Events", doc="Head.")
    message = param.String(default="", doc="What an empty list says.")
    event = param.Dict(default={}, doc="The last thing done in the browser.")

    @classmethod
    def of(cls, table: pd.DataFrame, **params: Any) -> EventList:
        """Build from a table of kinds: columns `group`, `title`, `id`, `count`, and optionally `left`.

        Raises
        ------
        WidgetError
            When a column is missing.
        """
        missing = [name for name in ("group", "title", "id", "count") if name not in table]
        if missing:
            raise WidgetError(f"a table of events without {', '.join(missing)}", expected="group, title, id, count")
        groups = []
        for name, part in table.groupby("group", sort=False):
            rows = part.to_dict("records")
            groups.append(
                {
                    "title": str(name),
                    "colour": "",
                    "shape": "square",
                    "count": f"{int(part['count'].sum()):,}".replace(",", "\u202f"),
                    "left": sum(int(row.get("left", 0)) for row in rows),
                    "rows": [
                        {"id": str(row["id"]), "title": str(row["title"]), "count": int(row["count"])}
                        | {"left": int(row.get("left", 0))}
                        for row in rows
                    ],
                }
            )
        return cls(groups=groups, **params)
