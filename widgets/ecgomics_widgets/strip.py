"""`Strip`: the ECG on its paper, in Jupyter and in Panel."""

from __future__ import annotations

import itertools
from collections.abc import Mapping, Sequence
from typing import Any, ClassVar

import numpy as np
import param
from numpy.typing import NDArray

from ecgomics_widgets import tables
from ecgomics_widgets.errors import WidgetError
from ecgomics_widgets.hosting import HostedWidget
from ecgomics_widgets.messages import pack, quantise
from ecgomics_widgets.sheet import Sheet, sheet_of
from ecgomics_widgets.sources import ArraySource, TileSource, Window

WHOLE = 600_000
"""Recordings of up to this many values over all leads are sent whole (1.2 MB); of longer ones what is looked at."""

OVERVIEW_COLUMNS = 2000

LAYOUTS = ("auto", "12x1", "6x2", "3x4+R", "1")

_serial = itertools.count(1)


class Strip(HostedWidget):
    """The ECG strip: a recording true to scale on paper, to scrub through, with evidence laid over it.

    Everything is a parameter: set it and every picture of the strip follows, watch it and hear what a person does. Set
    several at once with ``strip.param.update(ecg=…, spans=…)`` so that nothing is seen half changed.

    Parameters
    ----------
    ecg
        A DataArray with dims (lead, time), mV, whose leads are its coordinate ``lead`` and whose rate is
        ``attrs["rate_hz"]`` or its coordinate ``time`` (s); or an array (lead, time) with `rate_hz`; or a `TileSource`
        for recordings too long to hold. NaN is a gap, and drawn as one. None: an empty strip.
    **params
        Any of the parameters below.

    Examples
    --------
    >>> import numpy as np
    >>> strip = Strip(np.zeros((1, 5000)), rate_hz=500, leads=["II"], spans=[
    ...     {"leads": ["II"], "start_s": 1.2, "stop_s": 1.4, "label": "200 ms", "dimension": "Structural"}])
    >>> strip.layout = "1"
    """

    _module = "strip.js"
    _down = (
        *("signal", "overview", "overlay", "layout", "columns", "rhythm", "gain", "speed", "theme", "calibration"),
        *("toolbar", "minimap", "title", "provenance", "height_px", "shown", "view", "cursor_s"),
        *("calipers", "edits", "who", "parcel"),
    )
    _up = (
        "layout",
        "gain",
        "speed",
        "shown",
        "view",
        "cursor_s",
        "clicked",
        "key",
        "caliper",
        "want",
        "calipers",
        "edits",
        "order",
    )
    _browser_names: ClassVar[Mapping[str, str]] = {"layout": "montage"}

    ecg = param.Parameter(None, doc="The recording: DataArray or array (lead, time) in mV, or a TileSource.")
    rate_hz = param.Number(None, allow_None=True, bounds=(0, None), doc="Sampling rate of a plain array, Hz.")
    leads = param.Parameter(None, doc="Lead names of a plain array; the twelve in their order when it has twelve rows.")
    marks = param.Parameter(None, doc="Marks: see `tables.marks_of`.")
    beats = param.Parameter(None, doc="Beats and their classes: see `tables.beats_of`.")
    spans = param.Parameter(None, doc="Evidence: see `tables.spans_of`.")

    layout = param.Parameter("auto", doc="One of LAYOUTS, or rows of lead names such as [['I', 'V1'], ['II', 'V2']].")
    columns = param.Selector(
        default="consecutive",
        objects=["consecutive", "simultaneous"],
        doc="Whether columns go on in time as printers do, or all show the same stretch.",
    )
    rhythm = param.String("II", doc="Lead of the rhythm row, of the single-lead layout and of the minimap.")
    gain = param.Number(10, bounds=(0.1, 200), doc="mm per mV; 5, 10 and 20 are usual.")
    speed = param.Number(25, bounds=(0.1, 400), doc="mm per s; 25 and 50 are usual.")
    calibration = param.Number(
        1.0, bounds=(0.3, 4), doc="Measured over stated length on this screen; 1: 96 dots an inch."
    )
    theme = param.Selector(default="auto", objects=["auto", "light", "dark"], doc="auto: as the page or the system.")
    toolbar = param.Selector(default="shown", objects=["shown", "hidden"], doc="Buttons above the strip.")
    minimap = param.Selector(default="auto", objects=["auto", "shown", "hidden"], doc="auto: where not all is in view.")
    title = param.String("", doc="What recording it is, for the toolbar and for screen readers.")
    provenance = param.Selector(
        default="recorded", objects=["recorded", "synthetic"], doc="synthetic is said on the strip's face."
    )
    height_px = param.Integer(0, bounds=(0, 10000), doc="Height in px; 0: as high as the host lets it be.")
    shown = param.List(["spans", "beats"], doc="Overlays shown, of spans, marks and beats; `m` toggles the last two.")

    view = param.Parameter(None, doc="(start, stop) shown, s; set it to go there. None: fitted, not moved.")
    cursor_s = param.Number(None, allow_None=True, doc="The chosen moment, s: clicked, or moved a beat by ← and →.")
    clicked = param.Dict({}, doc="The last click: lead, time_s, mv (None in a gap), span (its index or None), count.")
    key = param.Dict({}, doc="A key for the host: name (next_record, previous_record, next_finding, …) and count.")
    caliper = param.Dict({}, doc="The last measurement: lead, start_s, stop_s, ms, mv.")

    calipers = param.List(
        [], doc="Calipers kept: rows lead, start_s, stop_s, start_mv, stop_mv, march; with ms, bpm, mv."
    )
    edits = param.List([], doc="Marks moved by hand: rows beat, lead, mark, machine_s, edited_s, who, when (UTC).")
    who = param.String("", doc="Who edits, written into each edit.")
    order = param.Dict({}, doc="A drawing the browser asks for: kind (svg, pdf), start_s, stop_s, count.")
    parcel = param.Bytes(b"", doc="The drawing asked for.")

    signal = param.Bytes(b"", doc="What the browser draws (see `messages`).")
    overview = param.Bytes(b"", doc="The whole of a long recording, coarse.")
    overlay = param.Bytes(b"", doc="Marks, beats and spans for the browser.")
    want = param.Dict({}, doc="The stretch the browser asks for: id, t0, t1, width, count.")

    def __init__(self, ecg: Any = None, **params: Any) -> None:
        self._source: TileSource | None = None
        self._id = ""
        super().__init__(ecg=ecg, **params)
        self._take(*self._INPUTS, *(name for name in ("calipers", "edits") if name in params))
        self.param.watch(
            lambda *events: self._take(*(event.name for event in events)), [*self._INPUTS, "calipers", "edits"]
        )
        self.param.watch(lambda event: self._answer(event.new), "want")
        self.param.watch(lambda event: self._deliver(event.new), "order")

    _INPUTS = ("ecg", "rate_hz", "leads", "marks", "beats", "spans")

    @property
    def evidence(self) -> list[dict[str, Any]]:
        """The spans in the order in which `clicked["span"]` counts them."""
        return tables.spans_of(self.spans)

    def to_svg(self, *, start_s: float = 0.0, stop_s: float | None = None, leads: Sequence[str] | None = None) -> str:
        """A vector drawing at true scale (its user unit is 1 mm), every lead in a row of its own.

        Parameters
        ----------
        start_s, stop_s
            Stretch drawn, s; to the end, but at most 30 s, when `stop_s` is None.
        leads
            Leads drawn; all when None.

        Raises
        ------
        WidgetError
            Without a recording.
        """
        return self._sheet(start_s, stop_s=stop_s, leads=leads).svg()

    def to_pdf(self, *, start_s: float = 0.0, stop_s: float | None = None, leads: Sequence[str] | None = None) -> bytes:
        """The drawing of `to_svg` as a one-page PDF of its own size, true to scale when printed at 100 %."""
        return self._sheet(start_s, stop_s=stop_s, leads=leads).pdf()

    def _sheet(self, start_s: float, *, stop_s: float | None, leads: Sequence[str] | None = None) -> Sheet:
        source = self._source
        if source is None:
            raise WidgetError("an empty strip", expected="a recording to draw", remedy="set strip.ecg")
        last = min(source.duration_s, start_s + 30.0 if stop_s is None else stop_s)
        words = " · ".join(word for word in (self.provenance, self.title) if word)
        return sheet_of(
            source, start_s=start_s, stop_s=last, speed=self.speed, gain=self.gain, words=words, leads=leads
        )

    def _deliver(self, order: Mapping[str, Any]) -> None:
        if self._source is None or order.get("kind") not in ("svg", "pdf"):
            return
        kind, start = order["kind"], float(order["start_s"])
        sheet = self._sheet(start, stop_s=min(float(order["stop_s"]), start + 30.0))
        data = sheet.svg().encode() if kind == "svg" else sheet.pdf()
        mime = "image/svg+xml" if kind == "svg" else "application/pdf"
        header = {"count": order["count"], "name": f"ecg.{kind}", "type": mime}
        self.parcel = pack(header, {"bytes": np.frombuffer(data, dtype=np.uint8)})

    def _panel_layout(self) -> dict[str, Any]:
        return {"sizing_mode": "stretch_width", "height": self.height_px or 480}

    def _from_browser(self, name: str, value: Any) -> Any:
        if name == "view":
            return tuple(value) if value else None
        return super()._from_browser(name, value)

    def _take(self, *changed: str) -> None:
        """Read what was set and hand the browser all of it at once."""
        messages: dict[str, Any] = {}
        if not set(self._INPUTS) & set(changed):
            return
        if {"ecg", "rate_hz", "leads"} & set(changed):
            self._source = _source_of(self.ecg, rate_hz=self.rate_hz, leads=self.leads)
            self._id = str(next(_serial))
            messages |= self._recording() | {"view": None, "cursor_s": None}
            # what was measured belongs to the recording it was measured on
            messages |= {name: [] for name in ("calipers", "edits") if name not in changed}
        messages["overlay"] = self._overlay()
        self.param.update(**messages)

    def _recording(self) -> dict[str, bytes]:
        source = self._source
        if source is None:
            return {
                "signal": self._message(Window(np.zeros((0, 0), np.float32), 0.0, 1.0), part="whole"),
                "overview": b"",
            }
        count = round(source.duration_s * source.rate_hz)
        if count * len(source.leads) <= WHOLE:
            window = source.window(0.0, source.duration_s, max(1, count))
            return {"signal": self._message(window, part="whole"), "overview": b""}
        overview = source.window(0.0, source.duration_s, OVERVIEW_COLUMNS)
        message = self._message(overview, part="overview")
        return {"signal": message, "overview": message}

    def _message(self, window: Any, *, part: str) -> bytes:
        values = np.asarray(window.values, dtype=np.float32)
        coded, scale, offset = quantise(values)
        source = self._source
        if part != "tile":
            self._baseline = _baseline(values)
        header = {
            "id": self._id,
            "part": part,
            "kind": "envelope" if values.ndim == 3 else "samples",
            "leads": [] if source is None else list(source.leads),
            "rate": 0.0 if source is None else source.rate_hz,
            "duration": 0.0 if source is None else source.duration_s,
            "baseline": self._baseline,
            "t0": window.t0_s,
            "step": window.step_s,
            "count": values.shape[1],
            "scale": scale,
            "offset": offset,
        }
        return pack(header, {"values": coded})

    def _answer(self, want: Mapping[str, Any]) -> None:
        if self._source is None or want.get("id") != self._id:
            return
        t0, t1 = float(want["t0"]), float(want["t1"])
        window = self._source.window(
            max(0.0, t0), min(self._source.duration_s, t1), min(20_000, max(1, int(want["width"])))
        )
        self.signal = self._message(window, part="tile")

    def _overlay(self) -> bytes:
        marks = tables.marks_of(self.marks)
        beats = tables.beats_of(self.beats)
        names, kinds = np.unique(np.asarray(marks["mark"], dtype=str), return_inverse=True)
        leads, places = np.unique(np.asarray(marks["lead"], dtype=str), return_inverse=True)
        local = [str(lead) for lead in leads if lead != tables.GLOBAL]
        number = np.array([local.index(lead) if lead in local else -1 for lead in leads.tolist()], dtype=np.int8)
        header = {
            "names": names,
            "leads": local,
            "classes": tables.BEAT_CLASSES,
            "spans": tables.spans_of(self.spans),
        }
        arrays: dict[str, NDArray[Any]] = {
            "times": marks["time_s"],
            "beat_times": beats["time_s"],
            "kinds": kinds.astype(np.uint8),
            "leads": number[places] if len(number) else np.zeros(0, dtype=np.int8),
            "beat_kinds": beats["beat_class"],
        }
        return pack(header, arrays)


def _source_of(ecg: Any, *, rate_hz: float | None, leads: Sequence[str] | None) -> TileSource | None:
    if ecg is None:
        return None
    if isinstance(ecg, TileSource):
        return ecg
    if hasattr(ecg, "dims"):
        return _labelled_source(ecg, rate_hz=rate_hz)
    values = np.atleast_2d(np.asarray(ecg))
    if rate_hz is None:
        raise WidgetError(
            "an array without a sampling rate", expected="rate_hz in Hz", remedy="Strip(ecg, rate_hz=500)"
        )
    names = _names(leads, count=len(values))
    return ArraySource(values, rate_hz=rate_hz, leads=names)


def _labelled_source(ecg: Any, *, rate_hz: float | None) -> ArraySource:
    if set(ecg.dims) != {"lead", "time"}:
        raise WidgetError(
            f"an ECG with dims {tuple(ecg.dims)}", expected="(lead, time)", remedy="pick one record: ecg.sel(record=…)"
        )
    stated = ecg.attrs.get("rate_hz", rate_hz)
    if stated is None and "time" in ecg.coords and ecg.sizes["time"] > 1:
        time = np.asarray(ecg["time"].values[[0, -1]], dtype=float)
        stated = (ecg.sizes["time"] - 1) / (time[1] - time[0])
    if stated is None:
        raise WidgetError("an ECG that states no sampling rate", expected="attrs['rate_hz'] or a time coordinate in s")
    names = (
        [str(lead) for lead in ecg["lead"].values] if "lead" in ecg.coords else _names(None, count=ecg.sizes["lead"])
    )
    return ArraySource(ecg.transpose("lead", "time").values, rate_hz=float(stated), leads=names)


def _names(leads: Sequence[str] | None, *, count: int) -> Sequence[str]:
    if leads is not None:
        return leads
    twelve = ("I", "II", "III", "aVR", "aVL", "aVF", "V1", "V2", "V3", "V4", "V5", "V6")
    return twelve if count == len(twelve) else [f"lead {number}" for number in range(1, count + 1)]


def _baseline(values: NDArray[np.float32]) -> list[float]:
    """Zero of each lead's row, mV: the median, so that an electrode's offset does not carry a trace off the paper."""
    known = [row[np.isfinite(row)] for row in values]
    return [float(np.median(row)) if len(row) else 0.0 for row in known]
