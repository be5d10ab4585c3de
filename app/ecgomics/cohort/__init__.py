"""The cohort: recordings and all that is found in them, in one store that any xarray opens."""

from ecgomics.cohort.cohort import Cohort, open_cohort
from ecgomics.cohort.health import check, repair
from ecgomics.cohort.manifest import Stage

__all__ = ["Cohort", "Stage", "check", "open_cohort", "repair"]
