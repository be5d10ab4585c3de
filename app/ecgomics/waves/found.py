"""What is found in one record on the way to `Beats`: plain arrays, joined over windows."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, fields

import numpy as np
import numpy.typing as npt

Floats = npt.NDArray[np.float64]


@dataclass(frozen=True)
class Found:
    """Beats of one record.

    Parameters
    ----------
    r
        (beat) R peaks, s.
    marks
        (beat, mark) global marks, s.
    lead_marks
        (beat, lead, mark) marks of each lead, s.
    own
        (beat, lead) share of the three waves the lead itself shows, 0–1.
    shape
        (beat, feature) the QRS in all leads at unit length, for comparing beats.
    spiked
        (beat) whether a pacing spike leads the QRS.
    certainty
        (beat) how sure the network is of the QRS, 0–1.
    """

    r: Floats
    marks: Floats
    lead_marks: Floats
    own: npt.NDArray[np.float32]
    shape: npt.NDArray[np.float32]
    spiked: npt.NDArray[np.bool_]
    certainty: npt.NDArray[np.float32]

    def take(self, chosen: npt.NDArray[np.bool_] | npt.NDArray[np.intp]) -> Found:
        """The chosen beats."""
        return Found(**{field.name: getattr(self, field.name)[chosen] for field in fields(self)})

    def later(self, seconds: float) -> Found:
        """The same with all times moved by `seconds`."""
        moved = {"r": self.r + seconds, "marks": self.marks + seconds, "lead_marks": self.lead_marks + seconds}
        return Found(**{field.name: moved.get(field.name, getattr(self, field.name)) for field in fields(self)})


def joined(parts: Sequence[Found]) -> Found:
    """Beats of consecutive windows as one."""
    return Found(
        **{field.name: np.concatenate([getattr(part, field.name) for part in parts]) for field in fields(Found)}
    )
