"""Files that survive a power cut: whole as they were or whole as they are, under a name that is there."""

from __future__ import annotations

import os
import threading
from pathlib import Path


def write_durably(path: Path, text: str) -> None:
    """Replace a file so that after a crash it holds either its old or its new text.

    Raises
    ------
    OSError
        When the disk does not take it; the file is as it was.
    """
    draft = draft_of(path, text)
    try:
        os.replace(draft, path)
        sync_folder(path.parent)
    except OSError:
        draft.unlink(missing_ok=True)
        raise


def draft_of(path: Path, text: str) -> Path:
    """A file beside another, of this process and thread alone, that holds a text safely.

    Raises
    ------
    OSError
        When the disk does not take it; nothing is left of it.
    """
    draft = path.with_name(f".{path.name}.{os.getpid()}.{threading.get_ident()}.partial")
    try:
        with draft.open("w", encoding="utf-8") as file:
            file.write(text)
            file.flush()
            os.fsync(file.fileno())
    except OSError:
        draft.unlink(missing_ok=True)
        raise
    return draft


def sync_folder(folder: Path) -> None:
    """Make the names in a folder durable."""
    handle = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)
