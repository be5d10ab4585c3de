"""`VerdictBar`: what an event is by the machine, and what its reader says it is."""

from __future__ import annotations

from typing import ClassVar

import param

from ecgomics_widgets.hosting import HostedWidget


class VerdictBar(HostedWidget):
    """A line under a strip: the open event, its measurements, and a button a verdict.

    Events are dicts with a `type`: ``judge`` (says, scope: ``event`` or ``kind``), ``step`` (by).

    Examples
    --------
    >>> bar = VerdictBar(title="Ventricular, single", choices=[{"says": "agree", "title": "agree", "key": "Enter"}])
    >>> bar.choices[0]["says"]
    'agree'
    """

    _module: ClassVar[str] = "verdict_bar.js"
    _down: ClassVar[tuple[str, ...]] = ("title", "facts", "place", "choices", "said", "scope", "message")
    _up: ClassVar[tuple[str, ...]] = ("event",)

    title = param.String(default="", doc="What the event is; empty for none.")
    facts = param.String(default="", doc="Its measurements.")
    place = param.String(default="", doc="Which of how many.")
    choices = param.List(default=[], doc="Dicts of `says`, `title`, `key`.")
    said = param.String(default="", doc="What was said of it; empty for nothing.")
    scope = param.String(default="", doc="What Shift makes a verdict apply to.")
    message = param.String(default="", doc="What a bar without an event says.")
    event = param.Dict(default={}, doc="The last thing done in the browser.")
