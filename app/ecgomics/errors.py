"""What can go wrong, each saying what arrived, what was expected and what to do.

Messages never hold a patient's name, a path's content or a file's bytes: they are logged, shown and exported.
"""

from __future__ import annotations

import difflib
from collections.abc import Iterable


class EcgomicsError(Exception):
    """Root of every error raised on purpose.

    Parameters
    ----------
    arrived
        What was given, in a short clause.
    expected
        What would have been right.
    remedy
        What the person reading it can do.
    """

    def __init__(self, arrived: str, *, expected: str = "", remedy: str = "") -> None:
        self.arrived, self.expected, self.remedy = arrived, expected, remedy
        parts = [arrived, f"expected {expected}" if expected else "", remedy]
        super().__init__("; ".join(part for part in parts if part))

    def __reduce__(self) -> tuple[object, ...]:
        # keyword-only arguments do not survive the default pickling, and workers send errors home
        return _rebuild, (type(self), self.arrived, self.expected, self.remedy)


class FormatError(EcgomicsError):
    """A file is not what its reader can read: damaged, empty, hostile or of another format."""


class VocabularyError(EcgomicsError):
    """A name, dim or unit is not one of the house's words."""


class SettingsError(EcgomicsError):
    """A setting is unknown or out of its bounds."""


class CohortError(EcgomicsError):
    """A cohort store is missing, damaged, from another version, or lacks the stage asked for."""


class RuleError(EcgomicsError):
    """A rule file does not follow the schema; says which file, clause and why."""


class SignalError(EcgomicsError):
    """An array handed to a pure stage has the wrong dims, dtype, rate or unit."""


class DiscoveryError(EcgomicsError):
    """A contrast cannot be made: too few patients, no overlap, an unknown group."""


class StreamError(EcgomicsError):
    """A live stream cannot take, keep or give samples: its journal, its disk, its owner, or what was pushed."""


class SourceError(StreamError):
    """A source of live samples is over or hopeless: nothing there, refused, or of another kind than asked for."""


class LearnError(EcgomicsError):
    """A case, question or answer that cannot be used."""


class ServiceError(EcgomicsError):
    """The server cannot do what was asked: its database, its address, a name that is taken."""


class AccessError(ServiceError):
    """Nobody is signed in, or whoever is may not do this."""


class ConflictError(ServiceError):
    """Somebody else changed the same thing meanwhile; nothing was overwritten."""


def _rebuild(kind: type[EcgomicsError], arrived: str, expected: str, remedy: str) -> EcgomicsError:
    return kind(arrived, expected=expected, remedy=remedy)


def did_you_mean(word: str, known: Iterable[str]) -> str:
    """Offer the nearest known word as a clause for an error's remedy, or nothing."""
    near = difflib.get_close_matches(word, list(known), n=1, cutoff=0.6)
    return f"did you mean {near[0]!r}?" if near else ""
