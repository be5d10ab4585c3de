"""`Ranker`: what sets a group apart, at once and approximately, then in full."""

from __future__ import annotations

import threading
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import cached_property
from typing import TYPE_CHECKING, Any, Literal

import numpy as np
import pandas as pd

from ecgomics.dashboards.census import Census
from ecgomics.dashboards.selection import Selection
from ecgomics.errors import CohortError, DiscoveryError, EcgomicsError
from ecgomics.settings import ContrastSettings, LockBoxSettings

if TYPE_CHECKING:
    from ecgomics.discovery import Contrast, Group, RankTable

SHOWN = 200
"""Candidates a table shows, the strongest effects first."""

BADGES = {
    "exploratory": "The group was drawn on the data compared: suggestions to test on other patients, no findings.",
    "declared": "The group comes from outside the biomarkers compared.",
}
FEW_CELLS = 200_000
"""Patients × biomarkers up to which a full contrast resamples; above, its intervals come from a formula."""


@dataclass(frozen=True)
class Ranking:
    """Candidates, and how far they are.

    Parameters
    ----------
    state
        ``none`` (no group), ``preview`` (effects and q; intervals by formula), ``done`` (in full), ``failed``.
    table
        Columns of `discovery.Contrast.table` that are known so far, strongest effect first.
    badge
        See `BADGES`.
    about
        Who is compared with whom.
    message
        What an empty or failed table says.
    notes
        The contrast's own notes.
    """

    state: Literal["none", "preview", "done", "failed"] = "none"
    table: pd.DataFrame = field(default_factory=pd.DataFrame)
    badge: str = ""
    about: str = ""
    message: str = ""
    notes: tuple[str, ...] = ()


NOT_ANALYSED = Ranking("failed", message="This cohort is not analysed yet.\nRun: ecgomics analyse COHORT")


class Ranker:
    """Ranks biomarkers for groups of one cohort; shared by all sessions, which may call it from any thread.

    Parameters
    ----------
    census
        The cohort's records.
    settings
        Of the full contrast. Left out: resampling for small tables, a formula for large ones.
    """

    def __init__(self, census: Census, *, settings: ContrastSettings | None = None) -> None:
        self.census = census
        self.settings = settings
        self._table: RankTable | None = None
        self._lock = threading.Lock()

    @property
    def ready(self) -> bool:
        """Whether a preview costs milliseconds: the ranks are made."""
        return self._table is not None

    def prepare(self) -> RankTable:
        """Make the ranks, once; takes a sort of every biomarker."""
        from ecgomics.discovery import RankTable

        with self._lock:
            if self._table is None:
                open_, census = self.open, self.census
                values = pd.DataFrame(census.biomarkers[open_], columns=list(census.biomarker_columns))
                self._table = RankTable(values, census.patient[open_])
            return self._table

    @cached_property
    def open(self) -> np.ndarray:
        """Which records may be compared: boolean, one a record; patients in the cohort's lock-box are set aside."""
        from ecgomics.discovery import sealed

        census = self.census
        return ~sealed(census.patient, record=census.ids, settings=self._lockbox)

    @property
    def _lockbox(self) -> LockBoxSettings:
        own = getattr(self.census.cohort, "lockbox", None)
        return own if isinstance(own, LockBoxSettings) else LockBoxSettings(share=0.0)

    def preview(self, mask: np.ndarray, *, origin: str, drawn_on: str = "latent") -> Ranking:
        """Effects of a group against the rest, from ranks made before.

        Parameters
        ----------
        mask
            Who is in the group: boolean, one a record.
        origin, drawn_on
            See `Selection`.
        """
        if not self.census.biomarker_columns:
            return NOT_ANALYSED
        ranks = self.prepare()
        mask = mask[self.open]
        members = ranks.members(mask)
        group, rest = int(members.sum()), int((~members).sum())
        least = (self.settings or ContrastSettings()).min_patients
        about = _about(origin, group, rest)
        if min(group, rest) < least:
            few = "the group" if group < least else "the rest"
            return Ranking(
                "failed", about=about, message=f"{few} has {min(group, rest)} patients; a contrast needs {least}."
            )
        table = ranks.preview(mask).reset_index()
        badge = "exploratory" if drawn_on in ("latent", "biomarker", "cluster") else "declared"
        return Ranking("preview", self._shown(table), badge=badge, about=about)

    def full(self, selection: Selection) -> Ranking:
        """The whole contrast of a selection against all other records, adjusted for age and sex where known. Slow.

        Rows carry the badge each deserves: of a group that was not drawn on the data, those that both halves of the
        patients agree on are validated, and those that held in the lock-box before are replicated. The cohort's ledger
        is told of the look.
        """
        from ecgomics.discovery import Group

        census = self.census
        if not census.biomarker_columns:
            return NOT_ANALYSED
        values = pd.DataFrame(census.biomarkers, columns=list(census.biomarker_columns), index=pd.Index(census.ids))
        group = Group(selection.origin or "selection", selection.records, origin=selection.drawn_on)
        asked: dict[str, Any] = {
            "patient": census.patient,
            "adjust": self._confounders(),
            "settings": self.settings or _settings_for(values),
            "lockbox": self._lockbox,
        }
        try:
            result = self._badged(values, group, asked)
        except EcgomicsError as error:
            return Ranking("failed", message=str(error))
        about = _about(selection.origin, result.n.patients_group, result.n.patients_rest)
        return Ranking("done", self._shown(result.table()), badge=result.badge, about=about, notes=tuple(result.notes))

    def _badged(self, values: pd.DataFrame, group: Group, asked: Mapping[str, Any]) -> Contrast:
        from ecgomics.discovery import contrast, noted, validate, with_replicated

        found, kind = None, "contrast"
        if not group.exploratory:
            try:
                found, kind = validate(values, group, **asked), "validation"
            except DiscoveryError:
                # too few patients for halves: the whole is still worth a look, and says itself what it lacks
                found = None
        found = contrast(values, group, **asked) if found is None else found
        try:
            noted(self.census.cohort, found, kind="validation" if kind == "validation" else "contrast")
        except CohortError as error:
            found = replace(found, notes=(*found.notes, f"This look could not be noted: {error}"))
        return with_replicated(found, self.census.cohort)

    def _confounders(self) -> pd.DataFrame | None:
        frame = pd.DataFrame({"age": self.census.age, "sex": self.census.sex})
        known = [name for name in frame if frame[name].replace("", np.nan).nunique() > 1]
        return frame[known] if known else None

    def _shown(self, table: pd.DataFrame) -> pd.DataFrame:
        kept = table[np.isfinite(table["auc"])].head(SHOWN).reset_index(drop=True)
        columns = self.census.biomarker_columns
        return kept.assign(dimension=[columns[name].dimension for name in kept["biomarker"]])


def extremes(values: np.ndarray, *, among: np.ndarray, count: int = 4) -> tuple[Sequence[int], Sequence[int]]:
    """Positions of the largest and of the smallest values among some records.

    Parameters
    ----------
    values
        float, one a record; NaN = unknown.
    among
        boolean, one a record.
    """
    places = np.flatnonzero(among & np.isfinite(values))
    order = places[np.argsort(values[places], kind="stable")]
    return order[::-1][:count].tolist(), order[:count].tolist()


def _settings_for(values: pd.DataFrame) -> ContrastSettings:
    return ContrastSettings(interval="bootstrap" if values.size <= FEW_CELLS else "formula")


def _about(origin: str, group: int, rest: int) -> str:
    return f"{origin} ({group} patients) against the rest ({rest})"
