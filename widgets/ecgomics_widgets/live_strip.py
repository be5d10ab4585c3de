"""`LiveStrip`: a stream of samples on paper, as it comes."""

from __future__ import annotations

import itertools
from collections.abc import Sequence
from typing import Any, ClassVar

import numpy as np
import numpy.typing as npt
import param

from ecgomics_widgets.errors import WidgetError
from ecgomics_widgets.hosting import HostedWidget
from ecgomics_widgets.messages import pack, quantise

OVERLAP_S = 1.0
"""Each message carries this much of what came before it: a host may hand over only the last of several messages."""

_serial = itertools.count(1)


class LiveStrip(HostedWidget):
    """A stream that sweeps or scrolls; one can stop, look back through the last minutes, and go on.

    Hand samples over with `append` as they come; what is missing is drawn as a gap. `lead`, `gain` and `paused` go both
    ways. Events are dicts with a `type`: ``mark`` (time_s; key ``m``), ``stop`` and ``go`` (time_s). Times are s since
    the stream's first sample.

    Examples
    --------
    >>> live = LiveStrip(leads=["II"], rate_hz=250)
    >>> live.append(np.zeros((1, 50)))
    >>> live.time_s
    0.2
    """

    _module: ClassVar[str] = "live_strip.js"
    _down: ClassVar[tuple[str, ...]] = (
        *("block", "lead", "gain", "speed", "mode", "paused", "keep_s", "calibration", "beats", "spans", "start"),
        *("title", "provenance", "toolbar", "gap_text", "message", "theme"),
    )
    _up: ClassVar[tuple[str, ...]] = ("lead", "gain", "paused", "event")

    leads = param.List(default=["II"], doc="Lead names, in the order of the rows of `append`.")
    rate_hz = param.Number(default=250.0, bounds=(1, 10_000), doc="Samples a second.")
    lead = param.String(default="", doc="The lead shown, or `all`; the first when empty.")
    gain = param.Number(default=10.0, bounds=(0.1, 200), doc="mm per mV.")
    speed = param.Number(default=25.0, bounds=(0.1, 400), doc="mm per s.")
    mode = param.Selector(default="sweep", objects=["sweep", "scroll"], doc="New ink over old, or all of it moving.")
    paused = param.Boolean(default=False, doc="Stopped to look back; samples go on being kept.")
    keep_s = param.Number(default=300.0, bounds=(10, 3600), doc="How far back one can look, s.")
    calibration = param.Number(default=1.0, bounds=(0.3, 4), doc="Measured over stated length on this screen.")
    beats = param.List(
        default=[], doc="Dicts of `time_s` and `beat_class`: a foot under each, a letter for the unusual."
    )
    spans = param.List(default=[], doc="Tinted stretches: dicts of `start_s`, `stop_s`, `dimension`.")
    start = param.String(default="", doc="When the stream began, ISO 8601.")
    title = param.String(default="", doc="Whose stream it is, for screen readers.")
    provenance = param.Selector(
        default="recorded", objects=["recorded", "synthetic"], doc="synthetic is said on its face."
    )
    toolbar = param.Selector(default="shown", objects=["shown", "hidden"], doc="Buttons on the strip.")
    gap_text = param.String(default="", doc="Why there is no signal, while there is none.")
    message = param.String(default="", doc="What a strip without a stream says.")
    theme = param.Selector(default="auto", objects=["auto", "light", "dark"], doc="auto: as the page or the system.")
    block = param.Bytes(default=b"", doc="The last samples for the browser (see `append`).")
    event = param.Dict(default={}, doc="The last thing done in the browser.")

    def __init__(self, **params: Any) -> None:
        self._id = str(next(_serial))
        self._count = 0
        self._recent = np.zeros((0, 0), dtype=np.float32)
        super().__init__(**params)
        self.param.watch(lambda *events: self.restart(), ["leads", "rate_hz"])

    @property
    def time_s(self) -> float:
        """Length of the stream so far, gaps included, s."""
        return float(self._count / self.rate_hz)

    def restart(self) -> None:
        """Begin another stream: what was drawn goes."""
        self._id = str(next(_serial))
        self._count = 0
        self._recent = np.zeros((0, 0), dtype=np.float32)
        self.param.update(block=b"", beats=[], spans=[], paused=False)

    def append(self, values: npt.ArrayLike, *, at_s: float | None = None) -> None:
        """Take samples in.

        Parameters
        ----------
        values
            mV, (lead, time); NaN where a sample is missing. May have no samples.
        at_s
            Time of the first, s since the stream began; right after the last when None. A later time leaves a gap, an
            earlier one is not taken back: the samples follow the last.

        Raises
        ------
        WidgetError
            When there is not one row a lead.
        """
        new = np.atleast_2d(np.asarray(values, dtype=np.float32))
        if new.ndim != 2 or len(new) != len(self.leads):
            raise WidgetError(f"samples of shape {new.shape}", expected=f"({len(self.leads)} leads, time), in mV")
        missing = 0 if at_s is None else max(0, round(at_s * self.rate_hz) - self._count)
        gap = np.full((len(new), min(missing, int(self.keep_s * self.rate_hz))), np.nan, dtype=np.float32)
        self._count += missing + new.shape[1]
        self._send(np.concatenate([gap, new], axis=1))

    def _send(self, new: npt.NDArray[np.float32]) -> None:
        if not new.shape[1]:
            return
        kept = int(OVERLAP_S * self.rate_hz)
        before = self._recent if len(self._recent) == len(new) else new[:, :0]
        whole = np.concatenate([before, new], axis=1)
        self._recent = whole[:, -kept:] if kept else whole[:, :0]
        coded, scale, offset = quantise(whole)
        header = {
            "id": self._id,
            "leads": _texts(self.leads),
            "rate": self.rate_hz,
            "first": self._count - whole.shape[1],
            "count": whole.shape[1],
            "scale": scale,
            "offset": offset,
        }
        self.block = pack(header, {"values": coded})

    def _panel_layout(self) -> dict[str, Any]:
        return {"sizing_mode": "stretch_width", "height": 276}


def _texts(names: Sequence[Any]) -> list[str]:
    return [str(name) for name in names]
