"""Names of files as words: a name is bytes to a disk, and not all of them are UTF-8."""

from __future__ import annotations

import os


def readable(name: str) -> str:
    r"""A file's name as text that can be shown and stored; bytes that are no UTF-8 are taken for Windows Latin-1.

    Examples
    --------
    >>> readable("M\udcfcller")
    'Müller'
    """
    raw = os.fsencode(name)
    try:
        return raw.decode()
    except UnicodeDecodeError:
        return raw.decode("cp1252", errors="replace")
