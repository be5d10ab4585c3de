"""`FamilyList`: families of candidates, one representative each."""

from __future__ import annotations

from typing import ClassVar

import param

from ecgomics_widgets.hosting import HostedWidget


class FamilyList(HostedWidget):
    """Families by their representative; a click arrives in `event` (``open``, biomarker).

    Examples
    --------
    >>> row = {"biomarker": "PTF_V1", "dimension": "Intensity", "badge": "validated", "size": 5, "chosen": 0.8}
    >>> FamilyList(rows=[row]).rows[0]["size"]
    5
    """

    _module: ClassVar[str] = "family_list.js"
    _down: ClassVar[tuple[str, ...]] = ("rows", "about", "note", "state", "opened")
    _up: ClassVar[tuple[str, ...]] = ("event",)

    rows = param.List(default=[], doc="Dicts of `biomarker`, `dimension`, `badge`, `size`, `chosen` (0 to 1 or None).")
    about = param.String(default="", doc="Beside the title.")
    note = param.String(default="", doc="A sentence below.")
    state = param.Selector(default="done", objects=["done", "stale"], doc="`stale`: from before the last change.")
    opened = param.String(default="", doc="Biomarker whose evidence is shown.")
    event = param.Dict(default={}, doc="The last thing done in the browser.")
