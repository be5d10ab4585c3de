"""`PatientBoard`: one person's recordings, trends against the person's own level, export and erasure."""

from __future__ import annotations

from typing import ClassVar

import param

from ecgomics_widgets.hosting import HostedWidget


class PatientBoard(HostedWidget):
    """A patient over time; events arrive in `event`.

    Events are dicts with a `type`: ``patient`` (id), ``export``, ``page`` (the timeline as a file), ``erase`` (typed:
    what was typed to confirm).

    Examples
    --------
    >>> PatientBoard(patients=[{"id": "anna", "about": "3 records"}], patient="anna").patient
    'anna'
    """

    _module: ClassVar[str] = "patient_board.js"
    _down: ClassVar[tuple[str, ...]] = (
        *("patients", "patient", "about", "records", "trends", "news", "may_erase", "busy", "trouble", "file", "theme"),
    )
    _up: ClassVar[tuple[str, ...]] = ("event",)

    patients = param.List(default=[], doc="Dicts of `id`, `about`; those with most records first.")
    patient = param.String(default="", doc="The one shown; empty: none.")
    about = param.String(default="", doc="Age, sex, span of time.")
    records = param.List(default=[], doc="Dicts of `title`, `when`, `length`, `href`; the last first.")
    trends = param.List(
        default=[],
        doc="Dicts of `title`, `unit`, `decimals`, `values` (None where missing), `places` (0 to 1), `when`, `level`, "
        "`limit`, `reference`, `outside` (a truth a value).",
    )
    news = param.List(default=[], doc="Sentences: what changed since last time beyond chance.")
    may_erase = param.Boolean(default=False, doc="Whether the one who looks may erase.")
    busy = param.String(default="", doc="What is being done; empty: nothing.")
    trouble = param.String(default="", doc="What did not work.")
    file = param.Dict(default={}, doc="A file to save: `name`, `kind`, `base64`, `count`.")
    theme = param.Selector(default="light", objects=["light", "dark"], doc="Colours.")
    event = param.Dict(default={}, doc="The last thing done in the browser.")
