"""The weights that come with the package."""

from __future__ import annotations

import hashlib
from functools import cache
from importlib import resources

WEIGHTS = "delineator.npz"


def stored_weights() -> bytes:
    """Bytes of the weights file (NumPy's ``.npz``, no pickles)."""
    return resources.files("ecgomics.waves").joinpath("weights", WEIGHTS).read_bytes()


@cache
def weights_digest() -> str:
    """Short hash of the network's weights: a store tells by it that its beats were found with others.

    Examples
    --------
    >>> len(weights_digest())
    16
    """
    return hashlib.sha256(stored_weights()).hexdigest()[:16]
