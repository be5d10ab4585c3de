"""What is known of a record, and the records most like it."""

from __future__ import annotations

from typing import Any

import numpy as np

from ecgomics.dashboards.explore_state import ExploreState
from ecgomics.dashboards.recording import facts_of
from ecgomics.errors import EcgomicsError
from ecgomics.wording import person, quality_word, share

NEAREST = 12
"""Records shown as alike."""


def record_card(state: ExploreState, record: str) -> dict[str, Any]:
    """A record: its facts, its labels and criteria, and records like it.

    Returns
    -------
    dict
        As `ecgomics_widgets.evidence_card.EvidenceCard.card`.
    """
    census = state.census
    at = census.at(record)
    quality = float(census.quality[at])
    met = state.rulebook.met(record, limits=state.limits)
    facts = [
        ("recorded from", person(float(census.age[at]), str(census.sex[at]))),
        ("recording", facts_of(census, record)),
        ("quality", f"{share(quality)} {quality_word(quality)}" if np.isfinite(quality) else "not known"),
        ("labels", ", ".join(census.labels[at]) or "none"),
        ("criteria met", ", ".join(state.rulebook.title(rule) for rule in met) or "none"),
        ("id", record),
    ]
    return {
        "title": str(census.source[at]),
        "dimension": "",
        "facts": [list(fact) for fact in facts],
        "alike": _alike(state, record),
    }


def alike(state: ExploreState, record: str, *, count: int = NEAREST) -> list[str]:
    """Ids of the records whose vectors are nearest to a record's, nearest first.

    Raises
    ------
    EcgomicsError
        When there are no vectors, or none of this record.
    """
    from ecgomics.latent import nearest

    vectors = state.census.cohort.latent(state.encoder)["vectors"]
    return [str(found) for found in nearest(vectors.load(), record, k=count)["record"]]


def _alike(state: ExploreState, record: str) -> dict[str, Any]:
    if not state.encoder:
        return {"records": [], "note": "Vectors say which records are alike. Make some with: ecgomics embed COHORT"}
    try:
        found = alike(state, record)
    except EcgomicsError as error:
        return {"records": [], "note": str(error)}
    census = state.census
    records = []
    for one in found:
        codes = ", ".join(census.labels[census.at(one)][:2])
        words = " · ".join(part for part in (str(census.source[census.at(one)]), codes) if part)
        records.append({"id": one, "text": words})
    return {"records": records, "note": f"Nearest by the vectors of {state.encoder}."}
