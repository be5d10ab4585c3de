"""What is handed on: a record's report as page, PDF, FHIR, DICOM and tables; a patient's timeline; the catalogue."""

from __future__ import annotations

import importlib
from typing import Any

_HOMES = {
    "Examination": "ecgomics.reports.examination",
    "Imprint": "ecgomics.reports.imprint",
    "catalogue_html": "ecgomics.reports.catalogue",
    "examine": "ecgomics.reports.examination",
    "examined": "ecgomics.reports.examination",
    "imprint_of": "ecgomics.reports.imprint",
    "report_all": "ecgomics.reports.batch",
    "report_csv": "ecgomics.reports.tables",
    "report_data": "ecgomics.reports.tables",
    "report_dicom": "ecgomics.reports.dicom_object",
    "report_fhir": "ecgomics.reports.fhir",
    "report_html": "ecgomics.reports.document",
    "report_json": "ecgomics.reports.tables",
    "report_one": "ecgomics.reports.batch",
    "report_pdf": "ecgomics.reports.document",
    "timeline": "ecgomics.reports.timeline",
    "timeline_html": "ecgomics.reports.timeline",
    "write_report": "ecgomics.reports.writing",
}

__all__ = list(_HOMES)


def __getattr__(name: str) -> Any:
    if name in _HOMES:
        return getattr(importlib.import_module(_HOMES[name]), name)
    raise AttributeError(f"module 'ecgomics.reports' has no attribute {name!r}")
