"""Pages to read and to hand on: so far the catalogue of biomarkers and rules."""

from ecgomics.reports.catalogue import catalogue_html

__all__ = ["catalogue_html"]
