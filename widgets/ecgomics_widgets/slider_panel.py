"""`SliderPanel`: sliders with their usual range and the nearest limit on the track, and presets."""

from __future__ import annotations

from typing import ClassVar

import param

from ecgomics_widgets.hosting import HostedWidget


class SliderPanel(HostedWidget):
    """Groups of sliders and choices; what is moved arrives in `event`.

    Events are dicts with a `type`: ``set`` (id, value), ``preset`` (id), ``act`` (name, of `actions`).

    Examples
    --------
    >>> pr = {"id": "pr", "title": "PR", "unit": "ms", "low": 60, "high": 420, "step": 2, "usual": [120, 200]}
    >>> SliderPanel(groups=[{"title": "Timing", "sliders": [pr]}], values={"pr": 160}).values
    {'pr': 160}
    """

    _module: ClassVar[str] = "slider_panel.js"
    _down: ClassVar[tuple[str, ...]] = (
        "title",
        "note",
        "groups",
        "values",
        "ticks",
        "presets",
        "preset",
        "actions",
        "texts",
    )
    _up: ClassVar[tuple[str, ...]] = ("event",)

    title = param.String(default="", doc="Heading.")
    note = param.String(default="", doc="Beside the heading.")
    groups = param.List(
        default=[],
        doc="Dicts of `title` and `sliders`: dicts of `id`, `title`, `unit`, `low`, `high`, `step`, `usual` (pair or "
        "None), `decimals`, `hint`, and for a choice `options` (pairs of value and text) instead of numbers.",
    )
    values = param.Dict(default={}, doc="Value of each slider or choice.")
    ticks = param.Dict(default={}, doc="Slider → the nearest value at which something changes.")
    presets = param.List(default=[], doc="Dicts of `id`, `title`, `few` (shown before all are asked for).")
    preset = param.String(default="", doc="The preset that is chosen.")
    actions = param.List(default=[], doc="Buttons below: dicts of `name`, `title`, `main`.")
    texts = param.Dict(default={}, doc="English → the page's language.")
    event = param.Dict(default={}, doc="The last thing done in the browser.")
