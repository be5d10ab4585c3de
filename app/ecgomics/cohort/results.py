"""`Results`: what the stages found, read from a store."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt
import pandas as pd
import xarray as xr

from ecgomics.cohort.opened import Opened

if TYPE_CHECKING:
    from ecgomics.waves import Beats


class Results:
    """The part of a `Cohort` that its stages made."""

    if TYPE_CHECKING:

        @property
        def _now(self) -> Opened: ...

        @property
        def sealed(self) -> npt.NDArray[np.bool_]:
            """Which records are set aside."""

    def node(self, name: str) -> xr.Dataset:
        """A node of the store as a lazy Dataset.

        Raises
        ------
        CohortError
            When it is not there; says which stage makes it.
        """
        return self._now.node(name)

    @property
    def beats(self) -> xr.Dataset:
        """All beats, as `waves.Beats.beats`."""
        return self.node("beats")

    @property
    def template(self) -> xr.Dataset:
        """Representative beats, as `waves.Beats.template`."""
        return self.node("template")

    @property
    def quality(self) -> xr.Dataset:
        """Quality of records and leads, as `waves.Beats.quality`."""
        return self.node("quality")

    def hourly(self, record: str) -> xr.Dataset:
        """Representative beats of a long recording, hour by hour and class by class, as `waves.hourly` gives them.

        Raises
        ------
        CohortError
            When it is no recording of ten minutes or more, or not analysed.
        """
        return self.node(f"hourly/{record}")

    @property
    def biomarkers(self) -> xr.Dataset:
        """Biomarkers, as `biomarkers.measure` gives them."""
        return self.node("biomarkers")

    @property
    def findings(self) -> xr.Dataset:
        """Outcomes of the rules, as `rules.evaluate` gives them."""
        return self.node("findings")

    @property
    def encoders(self) -> tuple[str, ...]:
        """Encoders whose vectors are in the store."""
        names = (name.split("/") for name in self._now.manifest.nodes)
        return tuple(sorted(parts[1] for parts in names if parts[0] == "latent"))

    def latent(self, encoder: str) -> xr.Dataset:
        """Vectors of an encoder, dims ``(record, latent)``; once projected, also ``map``, dims ``(record, axis)``.

        With a map come ``map_trust`` and attributes that say how far it can be trusted: `Projection.trust_of`.
        """
        short = f"ecgomics-{encoder}"
        return self.node(f"latent/{short if short in self.encoders else encoder}")

    def beats_of(self, records: str | Sequence[str]) -> Beats:
        """Beats, representative beats and quality of one or some records, in memory.

        Raises
        ------
        CohortError
            When a record is unknown, or the cohort is not analysed.
        """
        return _beats_of(self._now, [records] if isinstance(records, str) else records)

    # the same patient over time, and another program's numbers

    def change(self, *, within_days: float = math.inf) -> xr.Dataset:
        """Change of every biomarker from the same patient's earlier record; see `biomarkers.change`.

        What counts as more than a recording's own variation is learnt from this cohort's repeat recordings, less those
        in the lock-box.

        Parameters
        ----------
        within_days
            Repeat recordings no further apart than this tell that variation.

        Raises
        ------
        CohortError
            When the cohort is not analysed.
        """
        from ecgomics.biomarkers import change, repeatability

        values, when = self._values(), self._times()
        told = values.isel(record=~self.sealed)
        limits = repeatability(told, **when, within_days=within_days)["detectable"]
        return change(values, **when, detectable=limits)

    def trend(self, *, fewest: int = 3) -> pd.DataFrame:
        """Slope of every biomarker over each patient's records, a year; see `biomarkers.trend`.

        Parameters
        ----------
        fewest
            Fewest records with a value; 3 at least.

        Raises
        ------
        CohortError
            When the cohort is not analysed.
        """
        from ecgomics.biomarkers import trend

        return trend(self._values(), **self._times(), fewest=fewest)

    def disagreement(self, theirs: xr.Dataset | pd.DataFrame) -> tuple[pd.DataFrame, pd.DataFrame]:
        """How another program's values differ from these; see `biomarkers.disagreement`.

        Parameters
        ----------
        theirs
            A table by record id with our column names, as `biomarkers.from_ptbxl_plus` makes; or a Dataset of
            `measure`.

        Raises
        ------
        CohortError
            When the cohort is not analysed.
        VocabularyError
            When they share no record or no column.
        """
        from ecgomics.biomarkers import disagreement

        return disagreement(self._values(), theirs)

    def _values(self) -> xr.Dataset:
        return self.biomarkers[["value"]].load()

    def _times(self) -> dict[str, pd.Series]:
        table = self._now.records
        # a recording whose patient nobody knows is named after itself: it has no earlier one
        return {"patient": table["patient"], "start": table["start"]}


def _beats_of(opened: Opened, records: Sequence[str]) -> Beats:
    """Beats, representative beats and quality of some records, in memory."""
    from ecgomics.waves import Beats

    rows = np.array([opened.row(record) for record in records], dtype=np.int64)
    beats = _beats_at(opened, rows)
    return Beats(beats, _at_rows(opened, "template", rows), _at_rows(opened, "quality", rows))


def _at_rows(opened: Opened, node: str, rows: npt.NDArray[np.int64]) -> xr.Dataset:
    return opened.node(node).isel(record=_indexer(rows)).load()


def _beats_at(opened: Opened, rows: npt.NDArray[np.int64]) -> xr.Dataset:
    span = opened.beat_span
    which = np.concatenate([np.arange(span[row], span[row + 1]) for row in rows]) if len(rows) else rows
    beats = opened.node("beats").drop_vars(["beat_count", "record"])
    return beats.isel(beat=_indexer(which)).load()


def _indexer(rows: npt.NDArray[np.int64]) -> Any:
    """A slice where rows follow each other: reading a slice is several times faster than reading rows."""
    if len(rows) and (np.diff(rows) == 1).all():
        return slice(int(rows[0]), int(rows[-1]) + 1)
    return rows
