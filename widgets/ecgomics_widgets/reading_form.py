"""`ReadingForm`: the systematic reading of an ECG, filled in, then marked."""

from __future__ import annotations

from typing import ClassVar

import param

from ecgomics_widgets.hosting import HostedWidget


class ReadingForm(HostedWidget):
    """Lines to fill in, hints that cost points, marks after submission; events arrive in `event`.

    Events are dicts with a `type`: ``answer`` (id, value), ``hint`` (id), ``choose`` (id), ``submit``,
    ``again`` (id: one line is read a second time), ``act`` (name).

    Examples
    --------
    >>> ReadingForm(lines=[{"id": "pr", "title": "PR", "kind": "number", "unit": "ms", "points": 3}]).state
    'open'
    """

    _module: ClassVar[str] = "reading_form.js"
    _down: ClassVar[tuple[str, ...]] = (
        *("title", "note", "lines", "given", "state", "score", "why", "links", "chosen", "actions", "texts"),
    )
    _up: ClassVar[tuple[str, ...]] = ("event",)

    title = param.String(default="", doc="Heading.")
    note = param.String(default="", doc="Beside the heading.")
    lines = param.List(
        default=[],
        doc="Dicts of `id`, `title`, `kind` (number, choice, choices, question), `unit`, `points`, `options` (pairs of "
        "key and text), `hints` (texts taken), `hints_left`, and once marked `said`, `verdict`, `earned`, `feedback`, "
        "`again`; `dial`: an angle in degrees is set on a dial too, and once marked has `given` and `reference`.",
    )
    given = param.Dict(default={}, doc="Answers by line, to begin with or set by calipers.")
    state = param.Selector(default="open", objects=["open", "submitted"], doc="Whether it is still being filled in.")
    score = param.String(default="", doc="Points of points.")
    why = param.Dict(default={}, doc="`title` and `text` of the explanation, once submitted.")
    links = param.List(default=[], doc="Dicts of `text`, `href`.")
    chosen = param.String(default="", doc="The line that is chosen.")
    actions = param.List(default=[], doc="Buttons below: dicts of `name`, `title`, `main`.")
    texts = param.Dict(default={}, doc="English → the page's language.")
    event = param.Dict(default={}, doc="The last thing done in the browser.")
