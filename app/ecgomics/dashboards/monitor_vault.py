"""The key with which a person's browser seals the samples that it keeps until the server has them."""

from __future__ import annotations

import base64
import hashlib
import hmac
import os
import secrets
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from ecgomics.service.accounts import Person

NAME = ".browser-secret"
BYTES = 32


def browser_key(folder: Path, *, person: Person) -> str:
    """A person's key, the same at each visit: what another person of the same browser finds there is sealed to them.

    Parameters
    ----------
    folder
        Where the cohort's streams lie; the secret that all keys come from is made there, for this user's eyes.
    person
        Whose.

    Returns
    -------
    str
        32 bytes (AES-256), base64; empty where no secret can be kept: then a browser keeps samples in memory alone.
    """
    try:
        secret = _secret_of(folder / NAME)
    except OSError:
        return ""
    mac = hmac.new(secret, f"samples kept by a browser of {person.id}".encode(), hashlib.sha256)
    return base64.b64encode(mac.digest()).decode() if len(secret) == BYTES else ""


def _secret_of(path: Path) -> bytes:
    path.parent.mkdir(parents=True, exist_ok=True)
    try:
        handle = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    except FileExistsError:
        return path.read_bytes()
    secret = secrets.token_bytes(BYTES)
    with os.fdopen(handle, "wb") as file:
        file.write(secret)
        file.flush()
        os.fsync(file.fileno())
    return secret
