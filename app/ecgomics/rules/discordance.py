"""`discordance`: a model against a rule (catalogue C19); `statement_changes`: a record against an earlier one (C07)."""

from __future__ import annotations

import numpy as np
import pandas as pd
import xarray as xr

from ecgomics.errors import RuleError, did_you_mean
from ecgomics.rules.kleene import MET, NOT_MET
from ecgomics.vocabulary import STATES


def discordance(
    findings: xr.Dataset, probability: pd.Series, *, rule: str, low: float = 0.1, high: float = 0.9
) -> pd.DataFrame:
    """List the records on which a model and a rule contradict each other.

    Parameters
    ----------
    findings
        As `evaluate` returns: `state` and `margin`, dims ``(record, rule)``.
    probability
        The model's probability of the same statement, 0 to 1, by record id; missing ones are left out.
    rule
        Id of the rule.
    low, high
        The model says no up to `low`, and yes from `high` on; between them it contradicts nothing.

    Returns
    -------
    DataFrame
        Columns record, kind (``rule alone``: met where the model says no; ``model alone``: not met where it says yes),
        state, margin (fractions of the deciding limit), probability and discordance (distance of the probability from
        the rule's outcome as 1 or 0); largest first. A rule left unknown contradicts nothing.

    Raises
    ------
    RuleError
        For a rule that was not judged, a probability outside 0 to 1, or `low` not below `high`.
    """
    known = [str(name) for name in findings["rule"].values]
    if rule not in known:
        raise RuleError(f"no outcomes of a rule {rule!r}", expected="a rule judged", remedy=did_you_mean(rule, known))
    if not 0.0 <= low < high <= 1.0:
        raise RuleError(f"limits {low:g} and {high:g}", expected="0 ≤ low < high ≤ 1")
    records = findings["record"].values.astype(str)
    p = probability.reindex(records).to_numpy(dtype=float)
    if np.any((p < 0.0) | (p > 1.0)):
        raise RuleError("a probability outside 0 to 1", expected="probabilities", remedy="apply the model's link first")
    one = findings.isel(rule=known.index(rule))
    state, margin = one["state"].values, one["margin"].values.astype(float)
    alone = (state == MET) & (p <= low)
    model = (state == NOT_MET) & (p >= high)
    rows = np.flatnonzero(alone | model)
    size = np.where(alone[rows], 1.0 - p[rows], p[rows])
    order = rows[np.lexsort((-np.abs(margin[rows]), -size))]
    return pd.DataFrame(
        {
            "record": records[order],
            "kind": np.where(alone[order], "rule alone", "model alone"),
            "state": [STATES[code] for code in state[order]],
            "margin": margin[order],
            "probability": p[order],
            "discordance": np.where(alone[order], 1.0 - p[order], p[order]),
        }
    )


def statement_changes(findings: xr.Dataset, earlier: pd.Series) -> pd.DataFrame:
    """List the rules gained and lost since the same patient's earlier record.

    Parameters
    ----------
    findings
        As `evaluate` returns, of both.
    earlier
        Id of the earlier record by record id; empty or missing: none.

    Returns
    -------
    DataFrame
        Columns record, earlier, rule, kind (``gained``: not met before and met now; ``lost``: the other way round).
        What was or is unknown is neither.
    """
    records = [str(record) for record in findings["record"].values]
    place = {record: row for row, record in enumerate(records)}
    pairs = [(str(now), str(then)) for now, then in earlier.items() if now in place and then in place]
    names = findings["rule"].values.astype(str)
    state = findings["state"].transpose("record", "rule").values
    rows = []
    for now, then in pairs:
        after, before = state[place[now]], state[place[then]]
        for rule in np.flatnonzero((after == MET) & (before == NOT_MET)):
            rows.append((now, then, names[rule], "gained"))
        for rule in np.flatnonzero((after == NOT_MET) & (before == MET)):
            rows.append((now, then, names[rule], "lost"))
    return pd.DataFrame(rows, columns=["record", "earlier", "rule", "kind"])
