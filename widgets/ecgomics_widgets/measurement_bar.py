"""`MeasurementBar`: whose record is shown, its standard measurements, and the criteria it meets."""

from __future__ import annotations

from typing import ClassVar

import param

from ecgomics_widgets.hosting import HostedWidget


class MeasurementBar(HostedWidget):
    """A bar of facts and numbers; what is clicked arrives in `event`.

    Events are dicts with a `type`: ``why`` (biomarker, rule, or record: True), ``step`` (by).

    Examples
    --------
    >>> pr = {"title": "PR", "value": "236", "unit": "ms", "out": True, "column": "PR_Int_Global"}
    >>> bar = MeasurementBar(values=[pr])
    >>> bar.values[0]["out"]
    True
    """

    _module: ClassVar[str] = "measurement_bar.js"
    _down: ClassVar[tuple[str, ...]] = ("record", "values", "criteria", "message", "texts")
    _up: ClassVar[tuple[str, ...]] = ("event",)

    record = param.Dict(default={}, doc="`source`, `person`, `quality`, `state`, `place`, `synthetic`, `day` (a link).")
    values = param.List(default=[], doc="Dicts of `title`, `value`, `unit`, `reference`, `out`, `column`.")
    criteria = param.List(default=None, allow_None=True, doc="Rules met: dicts of `id`, `title`; None before analysis.")
    message = param.String(default="", doc="What a bar without values says.")
    texts = param.Dict(default={}, doc="English → the page's language.")
    event = param.Dict(default={}, doc="The last thing done in the browser.")
