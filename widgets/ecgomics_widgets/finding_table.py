"""`FindingTable`: candidates by family, unadjusted beside adjusted, with those that adjustment took away."""

from __future__ import annotations

from typing import ClassVar

import param

from ecgomics_widgets.hosting import HostedWidget


class FindingTable(HostedWidget):
    """Candidates as a forest of effects; what is done arrives in `event`.

    Events are dicts with a `type`: ``open`` (biomarker), ``tick`` (biomarker, on), ``unfold`` (biomarker: the family's
    representative), ``fold`` (name: families or all).

    Examples
    --------
    >>> FindingTable(message="Choose a group.").rows
    []
    """

    _module: ClassVar[str] = "finding_table.js"
    _down: ClassVar[tuple[str, ...]] = (
        *("rows", "folded", "about", "state", "opened", "message", "gone_text", "adjusted", "stamp", "stamp_text"),
    )
    _up: ClassVar[tuple[str, ...]] = ("event",)

    rows = param.List(
        default=[],
        doc="Dicts of `biomarker`, `dimension`, `badge`, `auc`, `low`, `high`, `adjusted`, `q`, `stability`, `family`, "
        "`size`, `correlation`, `reason`; and whether it is a `child`, `unfolded`, `gone`, `tickable`, `ticked`.",
    )
    folded = param.Selector(default="families", objects=["families", "all"], doc="By family, or one after the other.")
    about = param.String(default="", doc="Beside the title.")
    state = param.Selector(default="done", objects=["done", "stale"], doc="`stale`: from before the last change.")
    opened = param.String(default="", doc="Biomarker whose evidence is shown.")
    message = param.String(default="", doc="What an empty table says.")
    gone_text = param.String(default="", doc="Above those that adjustment took away.")
    adjusted = param.Boolean(default=False, doc="Whether anything was adjusted for.")
    stamp = param.String(default="", doc="How far the whole table can be trusted, such as `exploratory`.")
    stamp_text = param.String(default="", doc="What the stamp means.")
    event = param.Dict(default={}, doc="The last thing done in the browser.")
