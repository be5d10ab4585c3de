"""Rules: expert criteria as data, judged in three values with a trace."""

from ecgomics.rules.agreement import Agreement, Rate, agreement, labelled, wilson
from ecgomics.rules.discordance import discordance, statement_changes
from ecgomics.rules.evaluation import evaluate
from ecgomics.rules.evidence import Span, spans
from ecgomics.rules.loading import load_rules
from ecgomics.rules.model import SEVERITIES, Clause, Rule
from ecgomics.rules.rewriting import with_limits
from ecgomics.rules.tracing import ClauseTrace, Finding, trace

__all__ = [
    "SEVERITIES",
    "Agreement",
    "Clause",
    "ClauseTrace",
    "Finding",
    "Rate",
    "Rule",
    "Span",
    "agreement",
    "discordance",
    "evaluate",
    "labelled",
    "load_rules",
    "spans",
    "statement_changes",
    "trace",
    "wilson",
    "with_limits",
]
