"""`export_patient`: all a cohort has of one person, in one file that other programs read."""

from __future__ import annotations

import os
import zipfile
from pathlib import Path

import numpy as np

from ecgomics.cohort import Cohort
from ecgomics.errors import EcgomicsError
from ecgomics.reports.batch import earlier_of
from ecgomics.reports.examination import LONGEST_ECG_S, examined
from ecgomics.reports.imprint import imprint_of
from ecgomics.reports.timeline import timeline, timeline_html
from ecgomics.reports.writing import FORMS

EACH = (".html", ".fhir.json", ".json", ".csv")
"""Forms of the report of each recording."""

README = """\
Everything this cohort has of one person.

timeline.html   all recordings on one page: trends, and what changed since last time
timeline.csv    the same as numbers
<record>/       a folder for each recording:
  report.html, report.fhir.json (FHIR R4B), report.json, report.csv (every biomarker)
  ecg.csv       samples in mV, a column for each lead, the first column is the time in s
  ecg.dcm       DICOM 12-lead ECG, where the recording is one

For research and teaching: criteria met, not a diagnosis. {more}
"""


def export_patient(cohort: Cohort, patient: str, out: str | os.PathLike[str]) -> Path:
    """Write a ZIP file with a patient's timeline, and of each recording its reports and samples.

    Parameters
    ----------
    cohort
        An analysed cohort.
    patient
        Identifier.
    out
        The file to write; it is replaced when it is there.

    Raises
    ------
    CohortError
        As `timeline`.
    """
    table = timeline(cohort, patient)
    target = Path(out)
    part = target.with_name(f".{target.name}.part")
    more: list[str] = []
    try:
        with zipfile.ZipFile(part, "w", zipfile.ZIP_DEFLATED) as archive:
            archive.writestr("timeline.html", timeline_html(cohort, patient))
            archive.writestr("timeline.csv", table.to_csv())
            for record in table.index:
                more += _put_record(archive, cohort, str(record))
            archive.writestr("README.txt", README.format(more="\n".join(dict.fromkeys(more))))
        os.replace(part, target)
    finally:
        part.unlink(missing_ok=True)
    return target


def _put_record(archive: zipfile.ZipFile, cohort: Cohort, record: str) -> list[str]:
    """One recording's folder; sentences on what is not in it."""
    now = examined(cohort, record)
    imprint, earlier = imprint_of(now.rules), earlier_of(cohort, record)
    for form in EACH:
        archive.writestr(f"{record}/report{form}", FORMS[form](now, earlier, imprint))
    more = []
    try:
        archive.writestr(f"{record}/ecg.dcm", FORMS[".dcm"](now, earlier, imprint))
    except EcgomicsError:
        more.append(f"No ecg.dcm of {record}: it is not a 12-lead recording of ten seconds or so.")
    ecg = now.ecg
    if now.subject.duration_s > LONGEST_ECG_S:
        more.append(f"ecg.csv of {record} holds its first {LONGEST_ECG_S:g} s.")
    rate = float(ecg.attrs["rate_hz"])
    samples = ecg.transpose("time", "lead").to_pandas()
    samples.insert(0, "time_s", np.arange(len(samples)) / rate)
    archive.writestr(f"{record}/ecg.csv", samples.to_csv(index=False, float_format="%.4f"))
    return more
