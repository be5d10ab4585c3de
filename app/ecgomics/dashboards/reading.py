"""`Reading`: a cohort as dashboards read it, once for all sessions."""

from __future__ import annotations

import os
from dataclasses import dataclass
from typing import Any

from ecgomics.dashboards.census import Census
from ecgomics.dashboards.ranking import Ranker
from ecgomics.dashboards.rulebook import RuleBook


@dataclass(frozen=True)
class Reading:
    """What all sessions that look at one cohort share; none of it changes.

    Parameters
    ----------
    census
        Records as arrays.
    rulebook
        Rules and their outcomes.
    ranker
        Ranks, made when first needed.
    """

    census: Census
    rulebook: RuleBook
    ranker: Ranker

    @classmethod
    def of(cls, cohort: Any) -> Reading:
        """Read a cohort, given as an open `Cohort` or as a path.

        Raises
        ------
        CohortError
            When there is no cohort at the path.
        """
        if isinstance(cohort, str | os.PathLike):
            from ecgomics.cohort import open_cohort

            cohort = open_cohort(cohort)
        book = RuleBook.of(cohort)
        census = Census(cohort, rule_titles=book.titles)
        return cls(census, book.about(census), Ranker(census))

    def warm(self) -> None:
        """Read everything a first page asks for."""
        census = self.census
        for part in (
            census.biomarkers,
            census.states,
            census.quality,
            census.labels,
            census.search_text,
            census.columns,
        ):
            len(part)

    def prepare(self) -> None:
        """Make what takes longer: the ranks, and how far each map can be trusted. For a thread of its own."""
        if self.census.biomarker_columns:
            self.ranker.prepare()
        for encoder in getattr(self.census.cohort, "encoders", ()):
            self.census.judge_map(encoder)
