"""What a shared server adds: people and their rights, what they write, and a programming interface over HTTP.

Nothing here is needed to use ECGomics alone on one machine, except the small database that keeps notes, saved
selections and quiz answers; it asks for the extra ``ecgomics[service]``.
"""

from __future__ import annotations

import importlib
from typing import Any

_HOMES = {
    "Accounts": "ecgomics.service.accounts",
    "Annotations": "ecgomics.service.annotations",
    "Audit": "ecgomics.service.audit",
    "Classroom": "ecgomics.service.classroom",
    "Database": "ecgomics.service.database",
    "Shelf": "ecgomics.service.shelf",
    "database_of": "ecgomics.service.database",
}

__all__ = list(_HOMES)


def __getattr__(name: str) -> Any:
    if name in _HOMES:
        return getattr(importlib.import_module(_HOMES[name]), name)
    raise AttributeError(f"module 'ecgomics.service' has no attribute {name!r}")
