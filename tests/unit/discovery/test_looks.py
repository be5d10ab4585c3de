"""A cohort that keeps a ledger is told of every look, once, and of every spending before anything is shown."""

import json

import numpy as np
import pandas as pd
import pytest
import xarray as xr

from ecgomics.discovery import Group, Ledger, associate, contrast, replicate, reproduce, validate
from ecgomics.errors import DiscoveryError
from ecgomics.settings import ContrastSettings, FamilySettings, LockBoxSettings, PanelSettings, StabilitySettings

QUICK = ContrastSettings(resamples=100)
FEW = (StabilitySettings(resamples=10), FamilySettings(), PanelSettings(folds=3, inner=3, repeats=1, resamples=100))
IDS = [f"r{row:03d}" for row in range(300)]


class Store:
    """As much of a cohort as discovery asks for."""

    lockbox = LockBoxSettings(share=0.3)
    path = "somewhere.zarr"

    def __init__(self, shift=0.0):
        rng = np.random.default_rng(0)
        values = rng.normal(size=(300, 5)) + shift
        values[:100, 0] += 2.0
        self.biomarkers = xr.Dataset(
            {"value": (("record", "biomarker"), values)}, coords={"record": IDS, "biomarker": list("abcde")}
        )
        people = {"patient": ("record", IDS), "age": ("record", rng.uniform(20, 90, 300))}
        self.subjects = xr.Dataset(people, coords={"record": IDS})
        self.kept = []

    def looks(self):
        return tuple(json.loads(json.dumps(self.kept)))

    def note_look(self, look):
        self.kept.append(look(self.looks()) if callable(look) else look)
        return self.kept[-1]


GROUP = Group.from_mask("first", np.arange(300) < 100, record=IDS, origin="labels")


def test_every_look_is_noted_once():
    store = Store()
    for _ in range(2):
        contrast(store, GROUP, settings=QUICK)
    contrast(store, GROUP, adjust=["age"], settings=QUICK)
    associate(store, np.arange(300), drawn_on="table", settings=QUICK)
    validate(store, GROUP, settings=QUICK)
    contrast(store, np.arange(300) < 9, drawn_on="table", settings=QUICK, note="no")
    ledger = Ledger.of(store)
    assert [entry["kind"] for entry in ledger.entries] == ["contrast", "contrast", "contrast", "validation"]
    # the halves confirm what was asked of the whole: with it they are one contrast
    assert ledger.contrasts == 3
    assert ledger.tests == 15
    # what is made of the same patients again is no new look
    assert contrast(store, GROUP, settings=QUICK).n.elsewhere > 50


def test_a_spending_is_noted_before_it_is_told_and_happens_once():
    store = Store()
    found = contrast(store, GROUP, settings=QUICK)
    spent = replicate(found, store, group=GROUP, biomarkers=["a"])
    assert store.kept[-1]["kind"] == "replication"
    assert spent.table()["replicated"].all()
    assert len(spent.ledger.entries) == 2
    with pytest.raises(DiscoveryError, match="a was spent on these patients"):
        replicate(found, store, group=GROUP, biomarkers=["a", "b"])
    assert len(store.kept) == 2


def test_two_who_spend_at_the_same_time_get_one_answer():
    class Raced(Store):
        def note_look(self, look):
            if self.kept and not any(entry["kind"] == "replication" for entry in self.kept):
                other = Ledger(self.looks()).with_spending(
                    groups, source=source, outcomes=[{"biomarker": "a", "p": 0.5, "replicated": False}]
                )
                self.kept.append(other.entries[-1])
            return super().note_look(look)

    plain = Store()
    asked = replicate(contrast(plain, GROUP, settings=QUICK), plain, group=GROUP, biomarkers=["a"])
    groups, source = (asked.ledger.entries[-1][name] for name in ("question", "source"))
    store = Raced()
    found = contrast(store, GROUP, settings=QUICK)
    with pytest.raises(DiscoveryError, match="a was spent on these patients"):
        replicate(found, store, group=GROUP, biomarkers=["a"])
    assert len(store.kept) == 2


def test_the_dossier_of_a_contrast_is_written_and_followed(tmp_path):
    store = Store()
    found = contrast(store, GROUP, adjust=["age"], settings=QUICK)
    found.dossier(tmp_path / "first.html", draws=10, settings=FEW)
    stored = json.loads((tmp_path / "first.json").read_text())
    assert "<h1>" in (tmp_path / "first.html").read_text()
    assert stored["source"]["path"] == "somewhere.zarr"
    assert len(stored["ledger"]["entries"]) == 1
    again = reproduce(stored, store)
    assert again.exact
    assert len(store.kept) == 1
    with pytest.raises(DiscoveryError, match="other values in a, b, c and 2 more"):
        reproduce(stored, Store(shift=1e-3))


def test_a_contrast_from_nowhere_has_no_dossier(tmp_path):
    import dataclasses

    found = dataclasses.replace(contrast(Store(), GROUP, settings=QUICK), given=None)
    with pytest.raises(DiscoveryError, match="does not know what it was made from"):
        found.dossier(tmp_path / "x.html")


def test_a_plain_table_keeps_no_ledger():
    table = pd.DataFrame(np.random.default_rng(0).normal(size=(40, 3)))
    contrast(table, np.arange(40) < 20, drawn_on="labels", settings=QUICK)
    assert Ledger.of(table) == Ledger()
