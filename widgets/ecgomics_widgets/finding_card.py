"""`FindingCard`: what stands behind one candidate."""

from __future__ import annotations

from typing import ClassVar

import param

from ecgomics_widgets.hosting import HostedWidget


class FindingCard(HostedWidget):
    """Both groups' values, dose and response, subgroups and records of a candidate, in two parts.

    A press on the cross arrives in `event` (``close``).

    Examples
    --------
    >>> FindingCard(part="head", message="Click a candidate.").part
    'head'
    """

    _module: ClassVar[str] = "finding_card.js"
    _down: ClassVar[tuple[str, ...]] = ("part", "card", "state", "message")
    _up: ClassVar[tuple[str, ...]] = ("event",)

    part = param.Selector(default="body", objects=["head", "body"], doc="Its head, or all below it.")
    card = param.Dict(
        default={},
        doc="`name`, `facts`, `dimension`, `badge`, `badge_title`, `halves`, `group` and `rest` (`value`, `spread`); "
        "`dose` (`share`, `low`, `high`, `range`), `dose_about`; `subgroups` (`name`, `auc`, `low`, `high`, `n`, "
        "`title`, `all`), `interaction`; `records` (`text`, `href`, `title`, `group`); `definition`, `sources`.",
    )
    state = param.Selector(default="done", objects=["done", "stale"], doc="`stale`: from before the last change.")
    message = param.String(default="", doc="What an empty card says.")
    event = param.Dict(default={}, doc="The last thing done in the browser.")
