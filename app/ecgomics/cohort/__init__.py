"""The cohort: recordings and all that is found in them, in one store that any xarray opens."""

from ecgomics.cohort.cohort import Cohort, open_cohort
from ecgomics.cohort.copying import copy
from ecgomics.cohort.erasing import erase
from ecgomics.cohort.health import check, repair
from ecgomics.cohort.intake_report import intake_report
from ecgomics.cohort.likeness import duplicates, patients
from ecgomics.cohort.manifest import Stage

__all__ = [
    "Cohort",
    "Stage",
    "check",
    "copy",
    "duplicates",
    "erase",
    "intake_report",
    "open_cohort",
    "patients",
    "repair",
]
