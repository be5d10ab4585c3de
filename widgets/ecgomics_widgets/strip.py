"""`Strip`: the ECG on its paper, in Jupyter and in Panel."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, ClassVar

import numpy as np
import param
from numpy.typing import NDArray

from ecgomics_widgets import comparing, remarks, tables
from ecgomics_widgets.errors import WidgetError
from ecgomics_widgets.hosting import HostedWidget
from ecgomics_widgets.messages import pack
from ecgomics_widgets.sheet import Sheet, montage, sheet_of
from ecgomics_widgets.sheet_remarks import Remarks
from ecgomics_widgets.sources import ArraySource, TileSource
from ecgomics_widgets.tiling import Sender

LAYOUTS = ("auto", "12x1", "6x2", "3x4+R", "1")


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
        *("calipers", "caliper_labels", "edits", "notes", "who", "parcel", "message", "machine_marks", "start"),
        *("feedback", "feedback_chosen", "compared", "compared_overview", "comparison", "beat_pair"),
        *("compare_mode", "compare_align"),
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
        "notes",
        "order",
        "feedback_chosen",
        "compare_mode",
        "compare_align",
    )
    _browser_names: ClassVar[Mapping[str, str]] = {"layout": "montage"}

    ecg = param.Parameter(None, doc="The recording: DataArray or array (lead, time) in mV, or a TileSource.")
    rate_hz = param.Number(None, allow_None=True, bounds=(0, None), doc="Sampling rate of a plain array, Hz.")
    leads = param.Parameter(None, doc="Lead names of a plain array; the twelve in their order when it has twelve rows.")
    marks = param.Parameter(None, doc="Marks: see `tables.marks_of`.")
    beats = param.Parameter(None, doc="Beats and their classes: see `tables.beats_of`.")
    spans = param.Parameter(None, doc="Evidence: see `tables.spans_of`.")
    quality = param.Parameter(None, doc="Signal that cannot be trusted: see `remarks.quality_of`.")

    compare = param.Parameter(
        None, doc="A second recording, as `ecg` takes them, or s from a moment to another of the same recording."
    )
    compare_beats = param.Parameter(None, doc="Beats of the second recording, to align it and for its beat.")
    compare_marks = param.Parameter(None, doc="Marks of the second recording; `qrs_on` is used.")
    compare_title = param.String("", doc="What the second recording is.")
    compare_style = param.Selector(
        default="record", objects=["record", "ghost"], doc="ghost: faint, as of the state before a change."
    )
    compare_shift_s = param.Number(
        None, allow_None=True, doc="s added to a time to find it in the second; None: first beats in one place."
    )
    compare_mode = param.Selector(
        default="overlay", objects=["off", "overlay", "beside", "beats"], doc="How two recordings are shown."
    )
    compare_align = param.Selector(default="r", objects=["r", "qrs_on"], doc="Where beats are aligned.")

    machine_marks = param.Selector(
        default="shown", objects=["shown", "hidden"], doc="hidden: marks, beats, evidence are not even sent."
    )
    feedback = param.List([], doc="Feedback on a reading: `remarks.feedback_of` of a table.")
    feedback_chosen = param.Integer(-1, doc="The line of feedback that is chosen; -1 for none.")

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
    start = param.String("", doc="When the recording began, ISO 8601: its clock is shown then, not time from 0.")
    provenance = param.Selector(
        default="recorded", objects=["recorded", "synthetic"], doc="synthetic is said on the strip's face."
    )
    height_px = param.Integer(0, bounds=(0, 10000), doc="Height in px; 0: as high as the host lets it be.")
    shown = param.List(
        ["spans", "beats", "quality", "notes"],
        doc="Overlays shown: spans, marks, beats, quality, notes; `unmet` adds evidence of rules that are not met.",
    )
    message = param.String("", doc="What an empty strip says.")

    view = param.Parameter(None, doc="(start, stop) shown, s; set it to go there. None: fitted, not moved.")
    cursor_s = param.Number(None, allow_None=True, doc="The chosen moment, s: clicked, or moved a beat by ← and →.")
    clicked = param.Dict({}, doc="The last click: lead, time_s, mv (None in a gap), span (its index or None), count.")
    key = param.Dict({}, doc="A key for the host: name (next_record, previous_record, next_finding, …) and count.")
    caliper = param.Dict({}, doc="The last measurement: lead, start_s, stop_s, ms, mv.")

    calipers = param.List(
        [], doc="Calipers kept: rows lead, label, start_s, stop_s, start_mv, stop_mv, march, ms, bpm, mv."
    )
    caliper_labels = param.List([], doc="What calipers are to measure, such as PR, QRS, QT: each new one takes one.")
    notes = param.List(
        [], doc="Notes: rows start_s, stop_s (None: a moment), lead (empty: all), text, who, when (UTC)."
    )
    edits = param.List([], doc="Marks moved by hand: rows beat, lead, mark, machine_s, edited_s, who, when (UTC).")
    who = param.String("", doc="Who edits, written into each edit.")
    order = param.Dict({}, doc="A drawing the browser asks for: kind (svg, pdf), start_s, stop_s, layout, count.")
    parcel = param.Bytes(b"", doc="The drawing asked for.")

    signal = param.Bytes(b"", doc="What the browser draws (see `messages`).")
    overview = param.Bytes(b"", doc="The whole of a long recording, coarse.")
    overlay = param.Bytes(b"", doc="Marks, beats, spans and quality for the browser.")
    compared = param.Bytes(b"", doc="What the browser draws of the second recording.")
    compared_overview = param.Bytes(b"", doc="The whole of a long second recording, coarse.")
    comparison = param.Dict({}, doc="What is compared: id, title, shift_s, same, ghost.")
    beat_pair = param.Bytes(b"", doc="Both representative beats (see `comparing.beat_pair`).")
    want = param.Dict({}, doc="The stretch the browser asks for: id, t0, t1, width, count.")

    def __init__(self, ecg: Any = None, **params: Any) -> None:
        self._sender = Sender(None)
        self._second: Sender | None = None
        super().__init__(ecg=ecg, **params)
        self._take(*self._INPUTS, *(name for name in self._HANDMADE if name in params))
        self.param.watch(
            lambda *events: self._take(*(event.name for event in events)), [*self._INPUTS, *self._HANDMADE]
        )
        self.param.watch(lambda event: self._answer(event.new), "want")
        self.param.watch(lambda event: self._deliver(event.new), "order")

    _RECORDING = ("ecg", "rate_hz", "leads")
    _OVERLAYS = ("marks", "beats", "spans", "quality", "machine_marks", "shown")
    _COMPARED = ("compare", "compare_beats", "compare_marks", "compare_title", "compare_style", "compare_shift_s")
    _INPUTS = (*_RECORDING, *_OVERLAYS, *_COMPARED)
    _HANDMADE = ("calipers", "edits", "notes", "feedback")

    @property
    def evidence(self) -> list[dict[str, Any]]:
        """The spans drawn, in the order in which `clicked["span"]` counts them."""
        return tables.spans_of(self.spans, unmet="shown" if "unmet" in self.shown else "hidden")

    @property
    def _source(self) -> TileSource | None:
        return self._sender.source

    def to_svg(
        self,
        *,
        start_s: float = 0.0,
        stop_s: float | None = None,
        leads: Sequence[str] | None = None,
        layout: str | Sequence[Sequence[str]] = "12x1",
    ) -> str:
        """A vector drawing at true scale (its user unit is 1 mm), with the evidence and notes shown and the calipers.

        Parameters
        ----------
        start_s, stop_s
            Stretch drawn, s; to the end, but at most 30 s, when `stop_s` is None.
        leads
            Leads drawn, one a row; all when None. Not used with another layout.
        layout
            As the strip's `layout`: columns share the stretch and go on in time; ``"12x1"`` is every lead in a row.

        Raises
        ------
        WidgetError
            Without a recording.
        """
        return self._sheet(start_s, stop_s=stop_s, leads=leads, layout=layout).svg()

    def to_pdf(
        self,
        *,
        start_s: float = 0.0,
        stop_s: float | None = None,
        leads: Sequence[str] | None = None,
        layout: str | Sequence[Sequence[str]] = "12x1",
    ) -> bytes:
        """The drawing of `to_svg` as a one-page PDF of its own size, true to scale when printed at 100 %."""
        return self._sheet(start_s, stop_s=stop_s, leads=leads, layout=layout).pdf()

    def _sheet(
        self,
        start_s: float,
        *,
        stop_s: float | None,
        leads: Sequence[str] | None = None,
        layout: str | Sequence[Sequence[str]] = "12x1",
    ) -> Sheet:
        source = self._source
        if source is None:
            raise WidgetError("an empty strip", expected="a recording to draw", remedy="set strip.ecg")
        last = min(source.duration_s, start_s + 30.0 if stop_s is None else stop_s)
        words = " · ".join(word for word in (self.provenance, self.title) if word)
        rows, rhythm = montage(layout, source.leads, rhythm=self.rhythm)
        return sheet_of(
            source,
            start_s=start_s,
            stop_s=last,
            speed=self.speed,
            gain=self.gain,
            words=words,
            leads=leads,
            rows=rows,
            rhythm=rhythm,
            remarks=self._remarks(),
        )

    def _remarks(self) -> Remarks:
        """What is shown over the trace, for a sheet."""
        hidden = self.machine_marks == "hidden" or "spans" not in self.shown
        return Remarks(
            spans=[] if hidden else self.evidence,
            calipers=self.calipers,
            notes=self.notes if "notes" in self.shown else [],
        )

    def _deliver(self, order: Mapping[str, Any]) -> None:
        if self._source is None or order.get("kind") not in ("svg", "pdf"):
            return
        kind, start = order["kind"], float(order["start_s"])
        stop = min(float(order["stop_s"]), start + 30.0)
        sheet = self._sheet(start, stop_s=stop, layout=order.get("layout") or "12x1")
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
        new = bool(set(self._RECORDING) & set(changed))
        if new:
            self._sender = Sender(_source_of(self.ecg, rate_hz=self.rate_hz, leads=self.leads))
            signal, overview = self._sender.opening()
            messages |= {"signal": signal, "overview": overview, "view": None, "cursor_s": None, "feedback_chosen": -1}
            # what was measured belongs to the recording it was measured on
            messages |= {name: [] for name in self._HANDMADE if name not in changed}
        if new or set(self._OVERLAYS) & set(changed):
            overlay = self._overlay()
            messages |= {"overlay": overlay} if overlay != self.overlay else {}
        if set(self._COMPARED) & set(changed) or (
            self.compare is not None and {"beats", *self._RECORDING} & set(changed)
        ):
            messages |= self._comparison()
        if messages:
            self.param.update(**messages)

    def _answer(self, want: Mapping[str, Any]) -> None:
        if want.get("id") == self._sender.id and self._source is not None:
            self.signal = self._sender.tile(want)
        elif self._second is not None and want.get("id") == self._second.id:
            self.compared = self._second.tile(want)

    def _comparison(self) -> dict[str, Any]:
        nothing = {"comparison": {}, "compared": b"", "compared_overview": b"", "beat_pair": b""}
        own = self._source
        self._second = None
        if self.compare is None or own is None:
            return nothing
        stated = {"title": self.compare_title, "ghost": self.compare_style == "ghost"}
        start = float(self.view[0]) if self.view else 0.0
        if isinstance(self.compare, int | float):
            shift = float(self.compare)
            pair = self._beats_of(own, self.beats, self.marks, start=(start, start + shift))
            return {**nothing, "comparison": {**stated, "same": True, "shift_s": shift}, "beat_pair": pair}
        second = _source_of(self.compare, rate_hz=self.rate_hz or own.rate_hz, leads=self.leads)
        if second is None:
            return nothing
        self._second = Sender(second)
        signal, overview = self._second.opening()
        pair = self._beats_of(second, self.compare_beats, self.compare_marks, start=(0.0, 0.0))
        stated |= {"id": self._second.id, "shift_s": self._shift()}
        return {"comparison": stated, "compared": signal, "compared_overview": overview, "beat_pair": pair}

    def _shift(self) -> float:
        if self.compare_shift_s is not None:
            return float(self.compare_shift_s)
        mine, theirs = comparing.first_beat_s(self.beats), comparing.first_beat_s(self.compare_beats)
        return 0.0 if mine is None or theirs is None else theirs - mine

    def _beats_of(self, other: TileSource, beats: Any, marks: Any, *, start: tuple[float, float]) -> bytes:
        own = self._source
        if own is None or self.beats is None or beats is None:
            return b""
        return comparing.beat_pair(own, other, beats=(self.beats, beats), marks=(self.marks, marks), start_s=start)

    def _overlay(self) -> bytes:
        hidden = self.machine_marks == "hidden"
        marks = tables.marks_of(None if hidden else self.marks)
        beats = tables.beats_of(None if hidden else self.beats)
        names, kinds = np.unique(np.asarray(marks["mark"], dtype=str), return_inverse=True)
        leads, places = np.unique(np.asarray(marks["lead"], dtype=str), return_inverse=True)
        local = [str(lead) for lead in leads if lead != tables.GLOBAL]
        number = np.array([local.index(lead) if lead in local else -1 for lead in leads.tolist()], dtype=np.int8)
        bad, stretches = remarks.quality_message([] if hidden else remarks.quality_of(self.quality))
        header = {
            "names": names,
            "leads": local,
            "classes": tables.BEAT_CLASSES,
            "spans": [] if hidden else self.evidence,
            "quality": bad,
        }
        arrays: dict[str, NDArray[Any]] = {
            "times": marks["time_s"],
            "beat_times": beats["time_s"],
            **stretches,
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
