"""`MarginList`: criteria with their distance from the limit, and what it would take."""

from __future__ import annotations

from typing import ClassVar

import param

from ecgomics_widgets.hosting import HostedWidget


class MarginList(HostedWidget):
    """Criteria met first, then the nearest, each with a bar from its limit; events arrive in `event`.

    Events are dicts with a `type`: ``open`` (id), ``apply`` (parameter, value).

    Examples
    --------
    >>> row = {"id": "lbbb", "title": "LBBB", "state": "met", "margin": "+4 ms", "bar": 0.03, "why": ""}
    >>> MarginList(rows=[row], note="1 met").rows[0]["bar"]
    0.03
    """

    _module: ClassVar[str] = "margin_list.js"
    _down: ClassVar[tuple[str, ...]] = ("title", "note", "rows", "opened", "answer", "texts")
    _up: ClassVar[tuple[str, ...]] = ("event",)

    title = param.String(default="Rules", doc="Heading.")
    note = param.String(default="", doc="Beside the heading.")
    rows = param.List(
        default=[],
        doc="Dicts of `id`, `title`, `state` (met, not_met, unknown), `margin` (text), `bar` (−1 to 1 of the track's "
        "half, None without), `why` (in place of a margin), `clauses` (texts, shown when opened).",
    )
    opened = param.String(default="", doc="Id of the row that is opened.")
    answer = param.Dict(default={}, doc="What it would take: `text`, `busy`, `options` (parameter, value, label).")
    texts = param.Dict(default={}, doc="English → the page's language.")
    event = param.Dict(default={}, doc="The last thing done in the browser.")
