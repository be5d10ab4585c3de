"""`MonitorFrame`: the frame of the Monitor page."""

from __future__ import annotations

from typing import Any, ClassVar

import param
from panel.custom import Child

from ecgomics.dashboards.frame import Frame
from ecgomics_widgets.hosting import module_text

KEYS = (
    ("1 … 9", "choose a stream"),
    ("n", "next event not seen"),
    ("m", "mark the moment"),
    ("Space", "in a strip: stop and look back"),
    ("← →", "in a stopped strip: a second back, forward"),
    ("+ −", "in a strip: gain"),
    ("Esc", "close"),
    ("?", "this list"),
)


class MonitorFrame(Frame):
    """Streams as tiles on a desk, one of them on a phone; trends are its child.

    Events beyond those of `Frame`: ``replay`` (record, speed), ``select``, ``remove``, ``record``, ``stop``,
    ``analyse`` (key), ``mark`` (key, time_s where it was set in a strip), ``tune`` (key, gain, lead), ``open``,
    ``seen`` (id), ``verdict`` (id, verdict), ``note`` (id, note), ``next_event``, ``span`` (span_s), ``close_report``.
    """

    _esm: ClassVar[Any] = module_text("monitor_frame.js")

    keys = param.List(default=[list(pair) for pair in KEYS], doc="Keys and what they do.")
    streams = param.List(default=[], doc="Facts of each stream (see `monitor_facts.facts_of`), in the order of tiles.")
    block = param.Bytes(default=b"", doc="The last samples of all streams.")
    chosen = param.String(default="", doc="Key of the stream that trends and phones show.")
    events = param.List(default=[], doc="Dicts of `id`, `kind`, `text`, `when`, `stream`, `seen`, `verdict`.")
    why = param.Dict(default={}, doc="The opened event: `rows` of reasons, `trace` around it, `note`.")
    span_s = param.Integer(default=600, doc="How far back trends go, s.")
    records = param.List(default=[], doc="Records that can be replayed: dicts of `id`, `title`.")
    report = param.Dict(default={}, doc="`title` and `html` of a report shown over the page, or what is `said` of it.")
    samples = param.Dict(default={}, doc="Samples of a strap that this browser is connected to (see `monitor_strap`).")
    acks = param.Dict(default={}, doc="Sender → number of the first sample not yet taken; −1: stop sending.")

    trends = Child()
