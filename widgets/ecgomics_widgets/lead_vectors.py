"""`LeadVectors`: the heart's vector as loops in three planes, and the frontal axes on their dial."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, ClassVar

import numpy as np
import numpy.typing as npt
import param

from ecgomics_widgets.errors import WidgetError
from ecgomics_widgets.hosting import HostedWidget
from ecgomics_widgets.messages import pack

PLANES = ("frontal", "horizontal", "sagittal", "axis")
"""What can be shown; `axis` is the dial of frontal axes."""

NORMAL_AXIS = (-30.0, 90.0)
"""Normal frontal QRS axis of adults, degrees: AHA/ACCF/HRS recommendations, part III (Surawicz 2009)."""


class LeadVectors(HostedWidget):
    """Loops of P, QRS and T in the frontal, horizontal and sagittal plane, axes on a dial, a ghost of what was before.

    The moment shown (`moment_s`) goes both ways; moving it also arrives in `event` (``moment``, time_s).

    Examples
    --------
    >>> turn = np.linspace(0, 2 * np.pi, 50)
    >>> qrs = np.stack([np.sin(turn), 1 - np.cos(turn), 0.3 * np.sin(turn)])
    >>> LeadVectors.of({"qrs": qrs}, np.linspace(0, 0.1, 50), axes={"qrs": 60.0}).axes
    {'qrs': 60.0}
    """

    _module: ClassVar[str] = "lead_vectors.js"
    _down: ClassVar[tuple[str, ...]] = (
        *("loops", "before", "axes", "axes_before", "normal", "planes", "before_text", "moment_s", "message", "theme"),
        "texts",
    )
    _up: ClassVar[tuple[str, ...]] = ("moment_s", "event")

    loops = param.Bytes(default=b"", doc="The loops (see `loops_of`).")
    before = param.Bytes(default=b"", doc="The loops before the last change, drawn as a ghost.")
    axes = param.Dict(default={}, doc="Frontal axis of each wave, degrees: 0 is lead I, 90 is aVF; None for none.")
    axes_before = param.Dict(default={}, doc="The axes before the last change.")
    normal = param.List(default=list(NORMAL_AXIS), doc="Normal sector of the QRS axis, degrees; empty for none.")
    planes = param.List(default=list(PLANES), doc="What is shown, of PLANES, in this order.")
    before_text = param.String(default="", doc="What the ghost is; `before` when empty.")
    moment_s = param.Number(default=None, allow_None=True, doc="The moment shown, s; None: where QRS is largest.")
    message = param.String(default="", doc="What an empty picture says.")
    theme = param.Selector(default="auto", objects=["auto", "light", "dark"], doc="auto: as the page or the system.")
    texts = param.Dict(default={}, doc="English → the page's language.")
    event = param.Dict(default={}, doc="The last thing done in the browser.")

    @classmethod
    def of(cls, loops: Any, time_s: npt.ArrayLike | None = None, **params: Any) -> LeadVectors:
        """Build from vectors; arguments as of `loops_of`, others are parameters."""
        return cls(loops=loops_of(loops, time_s), **params)

    def show(
        self,
        loops: Any,
        time_s: npt.ArrayLike | None = None,
        *,
        axes: Mapping[str, float | None] | None = None,
        ghost: str = "keep",
    ) -> None:
        """Show other loops and axes.

        Parameters
        ----------
        loops, time_s
            As of `loops_of`.
        axes
            Frontal axes, degrees; those shown stay when None.
        ghost
            ``"keep"`` leaves the ghost as it is, ``"previous"`` makes it of what was shown, ``"none"`` takes it away.
        """
        ghosts = {
            "keep": {},
            "previous": {"before": self.loops, "axes_before": dict(self.axes)},
            "none": {"before": b"", "axes_before": {}},
        }
        if ghost not in ghosts:
            raise WidgetError(f"ghost={ghost!r}", expected="keep, previous or none")
        new = {"loops": loops_of(loops, time_s), "axes": dict(self.axes if axes is None else axes)}
        self.param.update(**{**ghosts[ghost], **new})


def loops_of(loops: Any, time_s: npt.ArrayLike | None = None) -> bytes:
    """Loops as the browser takes them.

    Parameters
    ----------
    loops
        Wave (``p``, ``qrs``, ``st_t`` …) → vector, mV, dims (axis, time): x to the left, y to the feet, z to the back
        (Frank's axes). A mapping of arrays, or an xarray Dataset whose `time` is taken.
    time_s
        Time of each column, s after QRS onset; needed without a Dataset.

    Raises
    ------
    WidgetError
        When a vector is not (3, time).
    """
    if hasattr(loops, "data_vars"):
        time = loops["time"].values if time_s is None else time_s
        waves: dict[str, Any] = {
            str(name): np.asarray(loops[name].transpose(..., "time").values) for name in loops.data_vars
        }
    else:
        waves, time = {str(name): np.asarray(wave) for name, wave in loops.items()}, time_s
    if time is None:
        raise WidgetError(
            "loops without times", expected="time_s, one a column", remedy="LeadVectors.of(loops, time_s)"
        )
    moments = np.asarray(time, dtype=np.float32)
    return pack({"waves": list(waves)}, {"time": moments, **_checked(waves, size=len(moments))})


def _checked(waves: Mapping[str, npt.NDArray[Any]], *, size: int) -> dict[str, npt.NDArray[np.float32]]:
    for name, wave in waves.items():
        if wave.shape != (3, size):
            raise WidgetError(f"{name!r} of shape {wave.shape}", expected=f"(3, {size}): x, y, z by time, in mV")
    return {name: np.nan_to_num(wave).astype(np.float32) for name, wave in waves.items()}
