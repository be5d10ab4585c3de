"""`Selection`: some records and where the choice came from; the one thing every view of a dashboard shares."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from ecgomics.discovery.groups import Origin


@dataclass(frozen=True)
class Selection:
    """Records chosen together.

    Parameters
    ----------
    records
        Record ids, each once, in the order of the cohort.
    origin
        How they were chosen, as the page says it: ``"lasso A"``, ``"filter: sex F"``, ``"python"``.
    drawn_on
        What the choice looked at, as a contrast's origin: ``"latent"`` for a shape drawn on the map, ``"labels"``,
        ``"rules"`` or ``"table"``. A contrast needs it to say how far its result can be trusted.

    Examples
    --------
    >>> Selection(("a", "b"), origin="python")
    Selection: 2 records, python
    """

    records: tuple[str, ...] = ()
    origin: str = ""
    drawn_on: Origin = "table"

    @classmethod
    def of(cls, records: Iterable[str], *, origin: str = "python", drawn_on: Origin = "table") -> Selection:
        """Build from any iterable of record ids; repeats are dropped."""
        if isinstance(records, Selection):
            return records
        return cls(tuple(dict.fromkeys(str(record) for record in records)), origin=origin, drawn_on=drawn_on)

    def called(self, name: str) -> Selection:
        """The same records under another name."""
        return Selection(self.records, origin=name, drawn_on=self.drawn_on)

    def __len__(self) -> int:
        return len(self.records)

    def __iter__(self) -> Iterator[str]:
        return iter(self.records)

    def __contains__(self, record: object) -> bool:
        return record in self.records

    def __repr__(self) -> str:
        noun = "record" if len(self) == 1 else "records"
        return f"Selection: {len(self)} {noun}, {self.origin}" if self.records else "Selection: nothing"


NOTHING = Selection()
"""No record chosen."""
