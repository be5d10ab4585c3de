"""Groups to candidates: who is compared, and which biomarkers set them apart, with honest statistics.

Pure: tables and arrays in, tables out.
"""

from ecgomics.discovery.association import associate
from ecgomics.discovery.attrition import lost
from ecgomics.discovery.candidates import BADGES, Contrast, Counts
from ecgomics.discovery.clustering import clusters
from ecgomics.discovery.comparison import contrast
from ecgomics.discovery.definitions import Known
from ecgomics.discovery.effects import auc_error, power, standardised_difference
from ecgomics.discovery.evidence import dose_response, extremes, subgroups
from ecgomics.discovery.groups import EXPLORATORY_ORIGINS, ORIGINS, Group
from ecgomics.discovery.kinship import families
from ecgomics.discovery.ledger import Ledger, noted, save_group, with_replicated
from ecgomics.discovery.lockbox import in_part, sealed
from ecgomics.discovery.nulls import NullCloud, null_cloud
from ecgomics.discovery.pairs import contrast_pairs
from ecgomics.discovery.panels import Panel, panel
from ecgomics.discovery.provenance import changes
from ecgomics.discovery.ranks import RankTable
from ecgomics.discovery.region import Region
from ecgomics.discovery.replication import Replication, replicate
from ecgomics.discovery.report import Dossier, Reproduction, dossier, reproduce
from ecgomics.discovery.subsampling import stability
from ecgomics.discovery.survival import hazards
from ecgomics.discovery.validation import validate

__all__ = [
    # groups
    "EXPLORATORY_ORIGINS",
    "ORIGINS",
    "Group",
    "Known",
    "Region",
    "clusters",
    "save_group",
    # comparisons
    "BADGES",
    "Contrast",
    "Counts",
    "RankTable",
    "associate",
    "auc_error",
    "contrast",
    "contrast_pairs",
    "hazards",
    "power",
    "standardised_difference",
    # what they amount to
    "dose_response",
    "extremes",
    "subgroups",
    "Panel",
    "panel",
    "families",
    "lost",
    "stability",
    # what is handed on
    "Dossier",
    "Reproduction",
    "changes",
    "dossier",
    "reproduce",
    # what keeps them honest
    "Ledger",
    "NullCloud",
    "Replication",
    "noted",
    "null_cloud",
    "replicate",
    "sealed",
    "in_part",
    "validate",
    "with_replicated",
]
