import json
import re
from datetime import UTC, datetime
from html.parser import HTMLParser

import numpy as np
import pandas as pd
import pytest
import xarray as xr

from ecgomics.discovery import (
    Group,
    Ledger,
    Region,
    associate,
    contrast,
    contrast_pairs,
    dossier,
    hazards,
    in_part,
    replicate,
    reproduce,
    validate,
)
from ecgomics.errors import DiscoveryError
from ecgomics.settings import ContrastSettings, FamilySettings, LockBoxSettings, PanelSettings, StabilitySettings

QUICK = ContrastSettings(resamples=100)
FEW = (StabilitySettings(resamples=10), FamilySettings(), PanelSettings(folds=3, inner=3, repeats=1, resamples=100))
BOX = LockBoxSettings(share=0.25)
NOON = datetime(2026, 1, 2, 12, tzinfo=UTC)


@pytest.fixture(scope="module")
def cohort():
    rng = np.random.default_rng(0)
    ids = [f"r{row:03d}" for row in range(400)]
    values = pd.DataFrame(rng.normal(size=(400, 12)), index=ids, columns=[f"b{n}" for n in range(12)])
    labelled = (np.arange(200) % 3 == 0).repeat(2)
    values.loc[labelled, ["b0", "b1"]] += 1.2
    values.iloc[::11, 3] = np.nan
    people = pd.DataFrame({"age": rng.uniform(20, 90, 200).repeat(2), "sex": rng.choice(["F", "M"], 200).repeat(2)})
    patient = np.array([f"p{n}" for n in range(200)], dtype=object).repeat(2)
    group = Group.from_mask("<b>LVH</b> & co", labelled, record=ids, origin="labels", definition="scp code = LVH")
    return values, group, patient, people


@pytest.fixture(scope="module")
def made(cohort):
    values, group, patient, people = cohort
    latent = pd.DataFrame(np.random.default_rng(1).normal(size=(400, 6)))
    found = contrast(values, group, patient=patient, adjust=people, lockbox=BOX, settings=QUICK)
    ledger = Ledger().with_contrast(found, when=NOON)
    spent = replicate(
        found,
        values,
        group=group,
        patient=patient,
        adjust=people,
        biomarkers=["b0"],
        ledger=ledger,
        lockbox=BOX,
        when=NOON,
    )
    given = dict(patient=patient, adjust=people, latent=latent)
    made = dossier(spent.found, values, **given, ledger=spent.ledger, replication=spent, settings=FEW, draws=20)
    return made, values, given


def test_a_dossier_is_made_again_to_the_last_digit(made):
    first, values, given = made
    stored = json.loads(json.dumps(first.as_dict()))
    assert "replicated" in [row["badge"] for row in stored["results"]["table"]]
    again = reproduce(stored, values, **given)
    assert again.exact, again.differences.head()
    assert again.largest <= 1e-12
    assert again.numbers > 800


def test_the_lock_box_is_not_opened_to_make_a_dossier_again(made, cohort):
    first, values, given = made
    spoilt = values.copy()
    shut = in_part("lockbox", patient=given["patient"], record=values.index, settings=BOX)
    spoilt.loc[shut] = 1e9
    assert reproduce(first.as_dict(), spoilt, **given).largest <= 1e-12


def test_another_number_is_noticed(made):
    first, values, given = made
    stored = first.as_dict()
    stored["results"]["table"][0]["auc"] += 1e-9
    again = reproduce(stored, values, **given)
    assert not again.exact
    assert "/results/table/0/auc" in again.differences["where"].tolist()


def test_other_values_are_refused(made):
    first, values, given = made
    with pytest.raises(DiscoveryError, match="other values in b0, b1, b2 and 9 more"):
        reproduce(first.as_dict(), values + 1e-9, **given)
    with pytest.raises(DiscoveryError, match="no dossier"):
        reproduce({"format": "another"}, values)


class Reader(HTMLParser):
    """Collects headings, tags and where attributes point."""

    def __init__(self):
        super().__init__()
        self.tags, self.links, self.open, self.headings = [], [], [], []

    def handle_starttag(self, tag, attrs):
        self.tags.append(tag)
        self.links += [value for name, value in attrs if name in ("src", "href")]
        if tag not in ("meta", "line", "circle", "polygon", "polyline", "path"):
            self.open.append(tag)

    def handle_endtag(self, tag):
        if self.open and self.open[-1] == tag:
            self.open.pop()

    def handle_data(self, data):
        if self.open and self.open[-1] == "h2":
            self.headings.append(data)


def test_the_page_stands_alone_and_escapes_what_it_was_given(made):
    html = made[0].html()
    reader = Reader()
    reader.feed(html)
    assert reader.open == []
    assert reader.links == []
    assert "script" not in reader.tags
    assert not re.search(r"url\(|@import|https?://(?!www\.w3\.org/2000/svg)", html)
    assert "<b>LVH" not in html
    assert "&lt;b&gt;LVH&lt;/b&gt; &amp; co" in html
    assert "NaN" not in html
    assert reader.tags.count("svg") >= 4


def test_the_page_follows_tripod_and_names_what_a_reader_must_know(made):
    html = made[0].html()
    reader = Reader()
    reader.feed(html)
    order = ["Methods", "Results", "Evidence", "Replication", "Limits", "Every contrast tried", "Open science"]
    assert reader.headings == order
    recipe = made[0].data["recipe"]["asked"]
    for told in (recipe["values"], recipe["group"]["digest"], "scp code = LVH", "1 contrasts", "Seeds", "age, sex"):
        assert told in html, told


def test_a_validated_region_is_made_again_from_its_polygon(cohort):
    values, _, patient, _ = cohort
    places = values[["b0", "b1"]].to_numpy() + 0.0
    first = in_part("first half", patient=patient, record=values.index, settings=LockBoxSettings(share=0.0))
    region = Region(
        "corner",
        ((0.5, 0.5), (9, 0.5), (9, 9), (0.5, 9)),
        pd.DataFrame(places, values.index),
        frozenset(values.index[first]),
    )
    found = validate(values, region, patient=patient, settings=QUICK)
    with pytest.raises(DiscoveryError, match="region that is not handed over"):
        dossier(found, values, patient=patient)
    first_made = dossier(found, values, patient=patient, region=region, settings=FEW, draws=10)
    assert "POLYGON" in first_made.html()
    again = reproduce(json.loads(json.dumps(first_made.as_dict())), values, patient=patient)
    assert again.exact, again.differences.head()


@pytest.mark.parametrize("kind", ["pairs", "association", "hazards"])
def test_other_analyses_have_dossiers_too(cohort, kind):
    values, _, patient, people = cohort
    rng = np.random.default_rng(2)
    shared = dict(patient=patient, drawn_on="table", lockbox=BOX, settings=QUICK)
    if kind == "pairs":
        found = contrast_pairs(values, earlier=np.arange(400) % 2 == 0, later=np.arange(400) % 2 == 1, **shared)
    elif kind == "association":
        outcome = rng.normal(size=200).repeat(2)
        outcome[:6] = np.nan
        found = associate(values, outcome, adjust=people, **shared)
    else:
        found = hazards(values, rng.exponential(size=200).repeat(2), event=np.arange(400) % 4 < 2, **shared)
    adjust = people if kind == "association" else None
    made = dossier(found, values, patient=patient, adjust=adjust, settings=FEW)
    again = reproduce(json.loads(json.dumps(made.as_dict())), values, patient=patient, adjust=adjust)
    assert again.exact, again.differences.head()
    assert "<h2>Methods</h2>" in made.html()


def test_a_cohort_is_found_by_names_and_tells_its_definitions(cohort):
    values, group, patient, people = cohort

    class Store:
        biomarkers = xr.Dataset(
            {"value": (("record", "biomarker"), values.to_numpy())},
            coords={
                "record": values.index.to_numpy(),
                "biomarker": values.columns.to_numpy(),
                "unit": ("biomarker", ["ms"] * 12),
                "dimension": ("biomarker", ["Structural"] * 12),
                "definition": ("biomarker", [f"S{n:02d}" for n in range(12)]),
                "version": ("biomarker", ["3"] * 12),
            },
        )
        subjects = xr.Dataset(
            {"patient": ("record", patient), "age": ("record", people["age"]), "sex": ("record", people["sex"])},
            coords={"record": values.index.to_numpy()},
        )

    found = contrast(Store(), group, adjust=["age", "sex"], settings=QUICK)
    made = dossier(found, Store(), adjust=["age", "sex"], settings=FEW, draws=10, title="Left ventricle")
    assert made.data["definitions"][0]["definition"] == "S00"
    assert "S00" in made.html()
    assert "<h1>Left ventricle</h1>" in made.html()
    assert reproduce(json.loads(json.dumps(made.as_dict())), Store()).exact


def test_too_few_patients_for_a_panel_are_told_not_hidden(cohort):
    values, _, patient, _ = cohort
    found = contrast(values, np.arange(400) < 14, patient=patient, drawn_on="labels", settings=QUICK)
    made = dossier(found, values, patient=patient, draws=10)
    assert "7 patients on the smaller side" in made.html()


def test_a_volcano_draws_every_biomarker_and_its_badge(made, cohort):
    values, group, patient, _ = cohort
    found = contrast(values, group, patient=patient, settings=QUICK)
    svg = found.with_badge("replicated", ["b0"]).with_badge("validated", ["b1"]).volcano()._repr_svg_()
    assert svg.count("<polygon") == 1
    assert svg.count("<path") == 1
    assert svg.count("<circle") == 10
    assert "b0</title>" in svg
