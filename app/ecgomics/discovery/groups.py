"""`Group`: who is compared, by record id, with how the group came about."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Literal, get_args

import numpy as np
import numpy.typing as npt

from ecgomics.errors import DiscoveryError, did_you_mean

Origin = Literal["labels", "rules", "table", "latent", "biomarker", "cluster"]
"""Where a group was drawn: from labels, from rules, from a table of the user's, on a latent map, on a biomarker's
own axis, or by clustering."""

ORIGINS: tuple[Origin, ...] = get_args(Origin)
EXPLORATORY_ORIGINS: frozenset[Origin] = frozenset(("latent", "biomarker", "cluster"))
"""Origins whose groups were drawn on the data that the contrast then tests."""


@dataclass(frozen=True)
class Group:
    """A set of records with a name and the definition that made it.

    Parameters
    ----------
    name
        What people call it.
    records
        Record ids; kept sorted and unique.
    definition
        How it was made, in words or as a polygon's text: enough to make it again.
    origin
        One of `ORIGINS`; groups of `EXPLORATORY_ORIGINS` carry the exploratory badge into every contrast.
    defined_by
        Biomarker columns the definition itself uses. A contrast marks them: that they differ is no finding.

    Examples
    --------
    >>> late = Group("late", ("a", "b", "c"), origin="labels")
    >>> wide = Group("wide", ("b", "d"), origin="latent")
    >>> (late & wide).records, (late & wide).origin
    (('b',), 'latent')
    """

    name: str
    records: tuple[str, ...]
    definition: str = ""
    origin: Origin = "table"
    defined_by: tuple[str, ...] = ()

    def __post_init__(self) -> None:
        if self.origin not in ORIGINS:
            raise DiscoveryError(
                f"a group drawn on {self.origin!r}",
                expected=f"one of {', '.join(ORIGINS)}",
                remedy=did_you_mean(str(self.origin), ORIGINS),
            )
        object.__setattr__(self, "records", tuple(sorted(set(map(str, self.records)))))
        object.__setattr__(self, "defined_by", tuple(dict.fromkeys(self.defined_by)))

    @classmethod
    def from_mask(
        cls,
        name: str,
        mask: npt.ArrayLike,
        *,
        record: Sequence[str] | npt.NDArray[np.str_],
        definition: str = "",
        origin: Origin = "table",
        defined_by: Iterable[str] = (),
    ) -> Group:
        """Make a group of the records whose entry in `mask` (bool, one a record) is true."""
        chosen = np.asarray(mask, dtype=bool)
        if chosen.shape != (len(record),):
            raise DiscoveryError(
                f"a mask of shape {chosen.shape} for {len(record)} records",
                expected="one true or false a record",
                remedy="make the mask from the same table as the records",
            )
        ids = tuple(np.asarray(record, dtype=str)[chosen].tolist())
        return cls(name, ids, definition=definition, origin=origin, defined_by=tuple(defined_by))

    @property
    def exploratory(self) -> bool:
        """Whether it was drawn on the data a contrast would test."""
        return self.origin in EXPLORATORY_ORIGINS

    def mask(self, record: Sequence[str] | npt.NDArray[np.str_]) -> npt.NDArray[np.bool_]:
        """Membership (bool, record) of each of the given record ids."""
        return np.isin(np.asarray(record, dtype=str), np.asarray(self.records, dtype=str))

    def complement(self, record: Sequence[str] | npt.NDArray[np.str_]) -> Group:
        """The records of `record` that are not in this group."""
        rest = tuple(np.asarray(record, dtype=str)[~self.mask(record)].tolist())
        return self._derived(f"not {self.name}", rest, f"not ({self.definition})", others=())

    def __and__(self, other: Group) -> Group:
        return self._combine(other, "and", set(self.records) & set(other.records))

    def __or__(self, other: Group) -> Group:
        return self._combine(other, "or", set(self.records) | set(other.records))

    def __sub__(self, other: Group) -> Group:
        return self._combine(other, "without", set(self.records) - set(other.records))

    def __len__(self) -> int:
        return len(self.records)

    def __contains__(self, record: object) -> bool:
        return record in self.records

    def _combine(self, other: Group, word: str, records: set[str]) -> Group:
        definition = f"({self.definition or self.name}) {word} ({other.definition or other.name})"
        return self._derived(f"{self.name} {word} {other.name}", tuple(records), definition, others=(other,))

    def _derived(self, name: str, records: tuple[str, ...], definition: str, *, others: tuple[Group, ...]) -> Group:
        # a combination is as exploratory as its most exploratory part
        parts = (self, *others)
        origin = next((part.origin for part in parts if part.exploratory), self.origin)
        columns = tuple(column for part in parts for column in part.defined_by)
        return Group(name, records, definition=definition, origin=origin, defined_by=columns)
