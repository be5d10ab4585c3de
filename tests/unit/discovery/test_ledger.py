import copy
import json
from datetime import UTC, datetime

import numpy as np
import pandas as pd
import pytest

from ecgomics.discovery import Group, Ledger, contrast
from ecgomics.errors import DiscoveryError
from ecgomics.settings import ContrastSettings

NOON = datetime(2026, 1, 2, 12, tzinfo=UTC)


@pytest.fixture(scope="module")
def looks():
    values = pd.DataFrame(np.random.default_rng(0).normal(size=(80, 10)), index=[f"r{row}" for row in range(80)])
    groups = [
        Group.from_mask(f"from {start}", np.arange(80) >= start, record=values.index, origin="labels")
        for start in (20, 40)
    ]
    return [contrast(values, group, settings=ContrastSettings(resamples=100)) for group in groups]


def test_every_look_is_listed_and_every_question_counted_once(looks):
    ledger = Ledger()
    for look in (*looks, looks[0]):
        ledger = ledger.with_contrast(look, when=NOON)
    assert (len(ledger.entries), ledger.contrasts, ledger.tests) == (3, 2, 20)
    assert ledger.table()["name"].tolist() == ["from 20", "from 40", "from 20"]
    assert ledger.table()["when"].tolist() == ["2026-01-02T12:00:00+00:00"] * 3


def test_adding_leaves_the_shorter_ledger_as_it_was(looks):
    first = Ledger().with_contrast(looks[0], when=NOON)
    first.with_contrast(looks[1], when=NOON)
    assert len(first.entries) == 1


def test_a_ledger_survives_json_and_goes_on(looks):
    ledger = Ledger().with_contrast(looks[0], when=NOON)
    ledger = ledger.with_spending("question", source="box", outcomes=[dict(biomarker="b", p=0.1, replicated=False)])
    back = Ledger.from_dict(json.loads(json.dumps(ledger.as_dict())))
    assert back == ledger
    longer = back.with_contrast(looks[1], when=NOON)
    assert Ledger.from_dict(longer.as_dict()) == longer
    assert back.spent("box")["biomarker"].tolist() == ["b"]
    assert back.spent("another box").empty
    assert back.table()["candidates"].tolist()[1] == "b"


@pytest.mark.parametrize("tamper", ["change", "remove", "reorder"])
def test_a_ledger_that_was_tampered_with_is_refused(looks, tamper):
    ledger = Ledger()
    for look in (*looks, looks[0]):
        ledger = ledger.with_contrast(look, when=NOON)
    stored = copy.deepcopy(ledger.as_dict())
    entries = stored["entries"]
    if tamper == "change":
        entries[1]["tests"] = 1
    elif tamper == "remove":
        del entries[1]
    else:
        entries[0], entries[1] = entries[1], entries[0]
    with pytest.raises(DiscoveryError, match="of the ledger does not follow"):
        Ledger.from_dict(stored)


def test_another_version_is_refused():
    with pytest.raises(DiscoveryError, match="version 9"):
        Ledger.from_dict({"version": 9, "entries": []})
