"""`write_report`: a report in the form its file name asks for, written whole or not at all."""

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path

from ecgomics.errors import FormatError, did_you_mean
from ecgomics.reports.dicom_object import report_dicom
from ecgomics.reports.document import report_html, report_pdf
from ecgomics.reports.examination import Examination
from ecgomics.reports.fhir import report_fhir
from ecgomics.reports.imprint import Imprint, imprint_of
from ecgomics.reports.tables import report_csv, report_json

Form = Callable[[Examination, Examination | None, Imprint], str | bytes]

FORMS: dict[str, Form] = {
    ".html": lambda now, before, imprint: report_html(now, before=before, imprint=imprint),
    ".pdf": lambda now, before, imprint: report_pdf(now, before=before, imprint=imprint),
    ".fhir.json": lambda now, before, imprint: report_fhir(
        now, before=before, imprint=imprint, pdf=report_pdf(now, before=before, imprint=imprint)
    ),
    ".json": lambda now, before, imprint: report_json(now, before=before, imprint=imprint),
    ".csv": lambda now, before, imprint: report_csv(now),
    ".dcm": lambda now, before, imprint: report_dicom(now),
}
"""How a report is made, by the ending of its file name; the longer ending wins."""


def write_report(
    now: Examination, path: str | os.PathLike[str], *, before: Examination | None = None, imprint: Imprint | None = None
) -> Path:
    """Write a report.

    Parameters
    ----------
    now
        The record.
    path
        ``.html``, ``.pdf``, ``.fhir.json``, ``.json``, ``.csv`` or ``.dcm``.
    before
        The same patient's earlier record.
    imprint
        Provenance; made now when not given.

    Raises
    ------
    FormatError
        For another ending.
    """
    target = Path(path)
    made = form_of(target.name)(now, before, imprint or imprint_of(now.rules))
    part = target.with_name(f".{target.name}.part")
    part.write_bytes(made if isinstance(made, bytes) else made.encode("utf-8"))
    os.replace(part, target)
    return target


def form_of(name: str) -> Form:
    """How a file of this name is made. Raises FormatError for an unknown ending."""
    for ending, form in FORMS.items():
        if name.lower().endswith(ending):
            return form
    ending = "".join(Path(name).suffixes[-1:])
    raise FormatError(
        f"a report named {ending or 'without an ending'}",
        expected=f"one of {', '.join(FORMS)}",
        remedy=did_you_mean(ending, FORMS),
    )
