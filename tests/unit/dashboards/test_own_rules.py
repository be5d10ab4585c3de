"""Rules a cohort was judged by, its own among them, show on the page wherever it is opened."""

from __future__ import annotations

import pytest

from ecgomics.dashboards.explorer import Explorer
from ecgomics.dashboards.reading import Reading

OWN = """
rules:
  - id: my_rate
    number: H1
    version: 1
    name: My rate
    statement: Criteria met for a rate of mine.
    dimension: Functional
    chapter: mine
    severity: note
    evidence: house
    citations: [{source: made for a test}]
    criteria: {id: rate, biomarker: HR_Mean_Global, above: 20, unit: /min}
"""


@pytest.fixture(scope="module")
def store(tmp_path_factory):
    from ecgomics import pipeline
    from ecgomics.simulate import demo_patients

    folder = tmp_path_factory.mktemp("own")
    file = folder / "mine.yaml"
    file.write_text(OWN)
    cohort = pipeline.ingest(demo_patients(6, seed=2), folder / "c.zarr", workers=0, progress=False)
    pipeline.analyse(cohort, workers=0, progress=False, rule_files=[file])
    file.unlink()
    return folder / "c.zarr"


def test_a_rule_of_ones_own_is_listed_judged_and_explained(store):
    explorer = Explorer(Reading.of(store))
    rows = {row["id"]: row for row in explorer._panes["rules"].widget.rules}
    assert rows["my_rate"]["met"] == len(explorer.reading.census)
    assert "first_degree_block" in rows
    explorer.state.explain("rule", "my_rate")
    card = explorer._panes["why"].widget.card
    assert card["title"] == "My rate"
    assert card["state"] == "met"
    explorer.state.set_limit("my_rate.rate", value=500.0)
    assert explorer.state.rulebook.prevalence("my_rate", limits=explorer.state.limits)[0] == 0


def test_settings_of_the_rules_stage_are_those_of_the_page(store):
    from ecgomics.cohort import open_cohort
    from ecgomics.dashboards.rulebook import RuleBook
    from ecgomics.rules import load_rules

    own = load_rules()
    assert set(RuleBook.of(open_cohort(store))) == {rule.id for rule in own} | {"my_rate"}
