"""Groups to candidates: who is compared, and which biomarkers set them apart, with honest statistics.

Pure: tables and arrays in, tables out.
"""

from ecgomics.discovery.comparison import Badge, Contrast, Counts, contrast
from ecgomics.discovery.groups import EXPLORATORY_ORIGINS, ORIGINS, Group, Origin
from ecgomics.discovery.ranks import RankTable

__all__ = [
    "EXPLORATORY_ORIGINS",
    "ORIGINS",
    "Badge",
    "Contrast",
    "Counts",
    "Group",
    "Origin",
    "RankTable",
    "contrast",
]
