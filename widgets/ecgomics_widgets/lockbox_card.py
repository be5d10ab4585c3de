"""`LockboxCard`: the patients set aside, what would be spent on them, and what was."""

from __future__ import annotations

from typing import ClassVar

import param

from ecgomics_widgets.hosting import HostedWidget


class LockboxCard(HostedWidget):
    """The lock-box with its buttons; what is pressed arrives in `event`.

    Events are dicts with a `type`: ``ask`` (to be asked once more), ``spend``, ``keep``, ``dossier``.

    Examples
    --------
    >>> LockboxCard(card={"patients": 203, "seal": "sealed"}).card["patients"]
    203
    """

    _module: ClassVar[str] = "lockbox_card.js"
    _down: ClassVar[tuple[str, ...]] = ("card", "asking", "file")
    _up: ClassVar[tuple[str, ...]] = ("event",)

    card = param.Dict(
        default={},
        doc="`about`, `seal`, `patients`, `inside`; `ticked` (dicts of `biomarker`, `power`); `past` (`biomarker`, "
        "`when`, `told`, `replicated`); `why` nothing can be spent; `looks`; whether it is `ready`, and `dossier` too.",
    )
    asking = param.Boolean(default=False, doc="Whether it asks once more.")
    file = param.Dict(default={}, doc="A dossier to hand over: `name`, `page`, `recipe`, `serial`.")
    event = param.Dict(default={}, doc="The last thing done in the browser.")
