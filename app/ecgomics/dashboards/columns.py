"""The columns a person can sort and colour by, the usual ones first."""

from __future__ import annotations

from collections.abc import Iterable

from ecgomics.dashboards.census import Census
from ecgomics.vocabulary import DIMENSIONS

COMMON = (
    "HR_Mean_Global",
    "PR_Int_Global",
    "QRS_Dur_Global",
    "QT_IntFridericia_Global",
    "QRS_AxisFront_Global",
    "Sokolow_Global",
)
"""Biomarkers everyone looks for, offered before the others."""


def column_choices(census: Census, *, first: Iterable[str]) -> list[dict[str, str]]:
    """Choices for a menu: dicts of `name`, `title`, `group`; the columns in `first` lead it, then each dimension's.

    Parameters
    ----------
    census
        The cohort's records.
    first
        Names of columns to lead the menu, where the cohort has them.
    """
    leading = [name for name in first if name in census.columns]
    choices = [{"name": name, "title": census.columns[name].title, "group": "usual"} for name in leading]
    for dimension in DIMENSIONS:
        choices += [
            {"name": column.name, "title": column.title, "group": dimension}
            for column in census.biomarker_columns.values()
            if column.dimension == dimension
        ]
    choices += [
        {"name": column.name, "title": column.title, "group": "rules"}
        for column in census.columns.values()
        if column.name.startswith("rule:")
    ]
    return choices
