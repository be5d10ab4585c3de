"""The pure stages over a cohort, in blocks of records: in this process, in worker processes, or on a cluster.

Every stage writes down its version, its settings and the digests of what it read; one that is up to date is not run
again. Blocks are the same however many workers there are, so results are too. A killed run goes on from its finished
blocks.
"""

from ecgomics.cohort.export import export
from ecgomics.pipeline.analysis import analyse
from ecgomics.pipeline.intake import ingest, summarise
from ecgomics.pipeline.plan import VERSIONS, Plan
from ecgomics.pipeline.space import project
from ecgomics.pipeline.vectors import embed

__all__ = ["VERSIONS", "Plan", "analyse", "embed", "export", "ingest", "project", "summarise"]
