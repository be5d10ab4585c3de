"""Rules: expert criteria as data, judged in three values with a trace."""

from ecgomics.rules.agreement import Agreement, Rate, agreement, labelled, wilson
from ecgomics.rules.discordance import discordance, statement_changes
from ecgomics.rules.evaluation import evaluate
from ecgomics.rules.evidence import Span, spans
from ecgomics.rules.loading import load_rules
from ecgomics.rules.model import SEVERITIES, Clause, Rule
from ecgomics.rules.rewriting import revised, with_limits
from ecgomics.rules.study import Study, study
from ecgomics.rules.tracing import ClauseTrace, Finding, trace, traces
from ecgomics.rules.writing import rules_text, write_limits

__all__ = [
    "SEVERITIES",
    "Agreement",
    "Clause",
    "ClauseTrace",
    "Finding",
    "Rate",
    "Rule",
    "Span",
    "Study",
    "agreement",
    "discordance",
    "evaluate",
    "labelled",
    "load_rules",
    "revised",
    "rules_text",
    "spans",
    "statement_changes",
    "study",
    "trace",
    "traces",
    "wilson",
    "with_limits",
    "write_limits",
]
