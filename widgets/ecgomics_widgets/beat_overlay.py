"""`BeatOverlay`: the representative beats of two groups on one paper."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, ClassVar

import numpy as np
import numpy.typing as npt
import param

from ecgomics_widgets.errors import WidgetError
from ecgomics_widgets.hosting import HostedWidget
from ecgomics_widgets.packing import packed

Floats = npt.NDArray[np.floating[Any]]


class BeatOverlay(HostedWidget):
    """Median beat and middle half of the records of two groups, and one record's own beat, a lead at a time.

    Examples
    --------
    >>> beats = np.zeros((3, 2, 50), dtype=np.float32)
    >>> overlay = BeatOverlay.of(np.linspace(-0.2, 0.3, 50), ["II", "V1"], group=beats, rest=beats + 0.1)
    >>> overlay.lead
    'II'
    """

    _module: ClassVar[str] = "beat_overlay.js"
    _down: ClassVar[tuple[str, ...]] = ("offset", "leads", "lead", "group", "rest", "own", "names", "message", "theme")
    _up: ClassVar[tuple[str, ...]] = ("lead", "event")

    offset = param.Bytes(default=b"", doc="float32: time from the R peak, s.")
    leads = param.List(default=[], doc="Lead names.")
    lead = param.String(default="", doc="The lead shown.")
    group = param.Bytes(default=b"", doc="float32 (lead, [median, lower, upper], offset), mV; empty for none.")
    rest = param.Bytes(default=b"", doc="The same of the other records.")
    own = param.Bytes(default=b"", doc="float32 (lead, offset), mV: one record's beat; empty for none.")
    names = param.Dict(default={}, doc="What `group`, `rest` and `own` are called.")
    message = param.String(default="", doc="What an empty picture says.")
    theme = param.Selector(default="auto", objects=["auto", "light", "dark"], doc="auto: as the page or the system.")
    event = param.Dict(default={}, doc="The last thing done in the browser.")

    def _height_alone(self) -> int:
        return 280

    @classmethod
    def of(
        cls,
        offset: npt.ArrayLike,
        leads: Sequence[str],
        *,
        group: Floats | None = None,
        rest: Floats | None = None,
        own: Floats | None = None,
        **params: Any,
    ) -> BeatOverlay:
        """Build from beats.

        Parameters
        ----------
        offset
            Time from the R peak, s (offset).
        leads
            Lead names (lead).
        group, rest
            Beats of the records, mV (record, lead, offset), NaN where missing.
        own
            One record's beat, mV (lead, offset).

        Raises
        ------
        WidgetError
            When shapes do not agree with `leads` and `offset`.
        """
        names = [str(lead) for lead in leads]
        shape = (len(names), len(np.asarray(offset)))
        parts = {"group": _spread(group, shape), "rest": _spread(rest, shape), "own": _single(own, shape)}
        lead = params.pop("lead", "II" if "II" in names else names[0] if names else "")
        return cls(offset=packed(offset, "float32"), leads=names, lead=lead, **parts, **params)


def spread(beats: Floats) -> Floats:
    """Median and middle half over records: (record, lead, offset) mV → (lead, 3, offset); NaN where none is."""
    known = np.isfinite(beats).any(axis=0)
    quartiles = np.full((3, *beats.shape[1:]), np.nan)
    if len(beats):
        # quantiles of an all-NaN column warn; those columns stay NaN
        quartiles[:, known] = np.nanquantile(beats[:, known], [0.5, 0.25, 0.75], axis=0)
    return np.moveaxis(quartiles, 0, 1)


def _spread(beats: Floats | None, shape: tuple[int, int]) -> bytes:
    if beats is None or not len(beats):
        return b""
    if beats.shape[1:] != shape:
        raise WidgetError(f"beats of shape {beats.shape}", expected=f"(record, {shape[0]} leads, {shape[1]} offsets)")
    return packed(spread(beats), "float32")


def _single(beat: Floats | None, shape: tuple[int, int]) -> bytes:
    if beat is None:
        return b""
    if beat.shape != shape:
        raise WidgetError(f"a beat of shape {beat.shape}", expected=f"({shape[0]} leads, {shape[1]} offsets)")
    return packed(beat, "float32")
