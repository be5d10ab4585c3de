"""ECGomics: electrocardiograms as digital biomarkers that a person can see, question and trust.

Research and teaching software: statements read "criteria met", never a diagnosis.
"""

from __future__ import annotations

import importlib
from typing import Any

__version__ = "0.1.0"

_HOMES = {
    # files and the store
    "Record": "ecgomics.records",
    "read": "ecgomics.records",
    "Cohort": "ecgomics.cohort",
    "open_cohort": "ecgomics.cohort",
    "ingest": "ecgomics.pipeline",
    # waves, biomarkers, rules
    "Beats": "ecgomics.waves",
    "delineate": "ecgomics.waves",
    "catalogue": "ecgomics.biomarkers",
    "measure": "ecgomics.biomarkers",
    "load_rules": "ecgomics.rules",
    "evaluate": "ecgomics.rules",
    # maps and discovery
    "Projection": "ecgomics.latent",
    "contrast": "ecgomics.discovery",
    # virtual patients
    "VirtualPatient": "ecgomics.simulate",
    # dashboards
    "explore": "ecgomics.dashboards",
    "discover": "ecgomics.dashboards.discover",
    "strip": "ecgomics.notebook",
    # errors
    "EcgomicsError": "ecgomics.errors",
}

_ROOMS = {
    "biomarkers",
    "cohort",
    "dashboards",
    "discovery",
    "latent",
    "live",
    "pipeline",
    "records",
    "rules",
    "simulate",
    "waves",
}

__all__ = ["__version__", *_HOMES]


def __getattr__(name: str) -> Any:
    # heavy rooms (torch, umap, panel) load when first named, so that `import ecgomics` stays light
    if name in _HOMES:
        return getattr(importlib.import_module(_HOMES[name]), name)
    if name in _ROOMS:
        return importlib.import_module(f"ecgomics.{name}")
    raise AttributeError(f"module 'ecgomics' has no attribute {name!r}")


def __dir__() -> list[str]:
    return sorted(__all__)
