"""`PanelCard`: a minimal panel of biomarkers, and what it is worth."""

from __future__ import annotations

from typing import ClassVar

import param

from ecgomics_widgets.hosting import HostedWidget


class PanelCard(HostedWidget):
    """Members, models and calibration of a panel; a wish for one arrives in `event` (``make``).

    Examples
    --------
    >>> PanelCard(message="No panel yet.").card
    {}
    """

    _module: ClassVar[str] = "panel_card.js"
    _down: ClassVar[tuple[str, ...]] = ("card", "state", "message", "offer")
    _up: ClassVar[tuple[str, ...]] = ("event",)

    card = param.Dict(
        default={},
        doc="`about`; `members` (dicts of `biomarker`, `coefficient`, `chosen`); `models` (`title`, `auc`, `low`, "
        "`high`, `main`); `gains` (texts); `calibration` (`predicted`, `observed`, `low`, `high`); `facts`.",
    )
    state = param.Selector(default="done", objects=["done", "stale"], doc="`stale`: from before the last change.")
    message = param.String(default="", doc="What an empty card says.")
    offer = param.Boolean(default=False, doc="Whether a panel can be asked for.")
    event = param.Dict(default={}, doc="The last thing done in the browser.")
