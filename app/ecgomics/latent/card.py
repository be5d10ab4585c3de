"""What is known about an encoder, and the way to it."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Literal, Protocol

import xarray as xr

from ecgomics.errors import SettingsError
from ecgomics.latent.embedding import Embedding

Weights = Literal["none", "shipped", "file"]


class SignalEncoder(Protocol):
    """Whatever turns signals into vectors."""

    @property
    def name(self) -> str:
        """What the store calls it."""

    def embed(self, ecg: xr.DataArray | Iterable[xr.DataArray], *, threads: int = 1) -> Embedding:
        """Vectors of (record, lead, time) or (lead, time) in mV, or of blocks of that."""


@dataclass(frozen=True)
class EncoderCard:
    """What is known about an encoder without opening it.

    Parameters
    ----------
    name, version, title
        Its name in the store, its version, and what it is in a line.
    licence
        Of its weights and code.
    leads
        Which, and in which order.
    rate_hz, seconds
        What it sees: sampling rate in Hz and length in s; 0 when it sees no signal.
    unit
        Of the numbers it sees.
    recipe
        Name of the recipe that prepares its signals.
    dim
        Numbers in a vector; 0 when that depends on the cohort.
    labels
        What its classifier names, when it has one whose names are known.
    checksum
        SHA-256 of the weights that come along; empty for a file of the user's or none.
    citation
        Whom to cite.
    weights
        "none" (fitted to a cohort), "shipped", or "file": the user gives it.
    reads
        Whether vectors are made of biomarkers or of signals.
    """

    name: str
    version: str
    title: str
    licence: str
    leads: tuple[str, ...]
    rate_hz: float
    seconds: float
    unit: str
    recipe: str
    dim: int
    labels: tuple[str, ...] = ()
    checksum: str = ""
    citation: str = ""
    weights: Weights = "none"
    reads: Literal["biomarkers", "signal"] = "signal"


@dataclass(frozen=True)
class EncoderEntry:
    """A card and the way to the encoder.

    Parameters
    ----------
    card
        What it is.
    opener
        Makes the encoder of the path of a weights file, or None where it needs no file.
    """

    card: EncoderCard
    opener: Callable[[Path | None], SignalEncoder]

    def open(self, *, weights: str | os.PathLike[str] | None = None) -> SignalEncoder:
        """The encoder, ready to embed.

        Parameters
        ----------
        weights
            The user's file, for an encoder that needs one.

        Raises
        ------
        SettingsError
            When it needs a file and none is given, or is made of biomarkers.
        FormatError
            When the file is not the encoder's.
        """
        if self.card.weights == "file" and not weights:
            raise SettingsError(
                f"encoder {self.card.name!r} without its weights",
                expected="the path of the file its authors publish",
                remedy="download it and name it as `weights`",
            )
        return self.opener(Path(weights) if weights else None)
