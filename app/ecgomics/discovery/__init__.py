"""Groups to candidates: who is compared, and which biomarkers set them apart, with honest statistics.

Pure: tables and arrays in, tables out.
"""

from ecgomics.discovery.comparison import Contrast, Counts, contrast
from ecgomics.discovery.groups import EXPLORATORY_ORIGINS, ORIGINS, Group
from ecgomics.discovery.ranks import RankTable

__all__ = [
    "EXPLORATORY_ORIGINS",
    "ORIGINS",
    "Contrast",
    "Counts",
    "Group",
    "RankTable",
    "contrast",
]
