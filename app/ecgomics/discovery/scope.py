"""`Scope`: what an analysis may look at and how, read once out of the parameters all analyses share."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy.typing as npt
import pandas as pd

from ecgomics.discovery.folding import Folded
from ecgomics.discovery.lockbox import AnyPart, lockbox_of
from ecgomics.discovery.material import Given, Material, Values
from ecgomics.settings import ContrastSettings, LockBoxSettings


@dataclass(frozen=True)
class Scope:
    """The material of an analysis, who is set aside, which part of the patients is looked at, and the settings.

    Parameters
    ----------
    material
        Every record, those set aside included.
    lockbox
        Which patients are set aside.
    part
        Of the patients.
    settings
        Level, resamples, seed, smallest group.
    given
        What the material was read from.
    """

    material: Material
    lockbox: LockBoxSettings
    part: AnyPart
    settings: ContrastSettings
    given: Given

    @classmethod
    def of(
        cls,
        values: Values,
        *,
        patient: npt.ArrayLike | None,
        adjust: pd.DataFrame | Sequence[str] | None,
        lockbox: LockBoxSettings | None,
        part: AnyPart,
        settings: ContrastSettings | None,
    ) -> Scope:
        """Read what was given; what was left out is the cohort's, or the default."""
        given = Given(values, patient, adjust)
        box = lockbox_of(values) if lockbox is None else lockbox
        return cls(given.material(), box, part, settings or ContrastSettings(), given)

    def folded(self) -> Folded:
        """The patients of the part, one row each."""
        return Folded.from_part(self.material, lockbox=self.lockbox, part=self.part, settings=self.settings)

    def told(self, kind: str) -> dict[str, Any]:
        """How a recipe begins."""
        box = self.lockbox.as_dict() | {"part": self.part}
        return {"kind": kind, "version": RECIPE_VERSION, "settings": self.settings.as_dict(), "lockbox": box}


RECIPE_VERSION = 3
"""Changes whenever the same recipe would give other numbers."""
