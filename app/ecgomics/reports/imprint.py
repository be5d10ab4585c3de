"""What makes a report reproducible and signed: versions, digests, the moment, the reviewer."""

from __future__ import annotations

import functools
import hashlib
import json
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from datetime import datetime

from ecgomics.rules import Rule


@dataclass(frozen=True)
class Imprint:
    """Provenance and signature.

    Attributes
    ----------
    version
        Of ECGomics.
    rules
        Digest of the rules it was judged by.
    made
        When.
    reviewed
        By whom and when; empty until someone signs.
    recipe
        The command that makes the report again.
    """

    version: str
    rules: str
    made: datetime
    reviewed: str = ""
    recipe: str = ""


def imprint_of(rules: Sequence[Rule], *, reviewed: str = "", recipe: str = "", made: datetime | None = None) -> Imprint:
    """The imprint of a report made now."""
    import ecgomics

    return Imprint(ecgomics.__version__, rules_digest(rules), made or datetime.now().astimezone(), reviewed, recipe)


def rules_digest(rules: Sequence[Rule]) -> str:
    """Short hash of what the rules ask: equal rules have equal digests."""
    return _digest(tuple(rules))


@functools.lru_cache(maxsize=16)
def _digest(rules: tuple[Rule, ...]) -> str:
    text = json.dumps([asdict(rule) for rule in rules], sort_keys=True, default=str)
    return hashlib.sha256(text.encode()).hexdigest()[:12]
