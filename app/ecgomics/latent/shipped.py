"""The small encoder that comes along."""

from __future__ import annotations

from functools import cache
from importlib import resources
from pathlib import Path

from ecgomics.latent.encoder import Encoder

WEIGHTS = "ecgomics-small.npz"


def opened(path: Path | None = None) -> Encoder:
    """The encoder of a file that `Encoder.save` wrote; by default the one that comes along.

    Raises
    ------
    FormatError
        When the file is damaged or no encoder.
    """
    return Encoder.load(path) if path is not None else _shipped()


def checksum() -> str:
    """SHA-256 of the weights that come along."""
    return str(_shipped().meta["checksum"])


@cache
def _shipped() -> Encoder:
    with resources.as_file(resources.files("ecgomics.latent").joinpath("weights", WEIGHTS)) as file:
        return Encoder.load(file)
