"""A group is a line of text that makes the same group again."""

import numpy as np
import pandas as pd
import pytest

from ecgomics.discovery import Group, Known, Ledger, clusters, save_group
from ecgomics.errors import DiscoveryError

IDS = np.array([f"r{n}" for n in range(12)])


@pytest.fixture
def known():
    rng = np.random.default_rng(0)
    places = np.concatenate([rng.normal(0, 0.1, (5, 3)), rng.normal(4, 0.1, (4, 3)), rng.normal(-4, 0.1, (3, 3))])
    return Known(
        IDS,
        labels={"LBBB": frozenset(IDS[:4]), "AF": frozenset(IDS[2:6])},
        rules={"wide": np.array([1, 1, 1, 0, 0, 0, 0, 0, 2, 2, 2, 2], dtype=np.uint8)},
        inputs={"wide": ("QRS_Dur_Global",)},
        numbers={
            "QRS_Dur_Global": np.array([140, 150, 130, 90, 95, np.nan, 80, 100, 85, 88, 99, 101.0]),
            "age": np.linspace(20, 75, 12),
        },
        facts=frozenset({"age"}),
        texts={"sex": np.array(["F", "M"] * 6), "device": np.array(["MAC 5000"] * 6 + [""] * 6)},
        saved={"old ones": Group("old ones", ("r10", "r11"), origin="latent")},
        vectors=lambda encoder: pd.DataFrame(places, index=IDS),
        aside=np.arange(12) == 0,
    )


@pytest.mark.parametrize(
    ("text", "records", "origin"),
    [
        ("label:LBBB", [0, 1, 2, 3], "labels"),
        ("rule:wide", [0, 1, 2], "rules"),
        ("rule:wide=unknown", [8, 9, 10, 11], "rules"),
        ("rule:wide = not_met", [3, 4, 5, 6, 7], "rules"),
        ("QRS_Dur_Global > 120", [0, 1, 2], "biomarker"),
        ("QRS_Dur_Global=90..100", [3, 4, 7, 10], "biomarker"),
        ("not QRS_Dur_Global > 85", [5, 6, 8], "biomarker"),
        ("age >= 70", [10, 11], "table"),
        ("sex = F and age < 40", [0, 2], "table"),
        ('device = "MAC 5000" without label:AF', [0, 1], "table"),
        ("label:LBBB or label:AF and sex = M", [0, 1, 2, 3, 5], "labels"),
        ("(label:LBBB or label:AF) and sex = M", [1, 3, 5], "labels"),
        ("label:LBBB and QRS_Dur_Global > 120", [0, 1, 2], "biomarker"),
        ('saved:"old ones" or label:LBBB', [0, 1, 2, 3, 10, 11], "latent"),
        ("cluster:handmade/3/3", [9, 10, 11], "cluster"),
        ("records:r3,r1", [1, 3], "table"),
        ("not not all", list(range(12)), "table"),
    ],
)
def test_a_definition_is_read(known, text, records, origin):
    made = known.group(text)
    assert made.records == tuple(sorted(IDS[records]))
    assert made.origin == origin
    assert made.definition == text
    assert known.group(text, name="mine").name == "mine"


def test_what_defines_a_group_is_remembered(known):
    assert known.group("rule:wide and sex = F").defined_by == ("QRS_Dur_Global",)
    assert known.group("QRS_Dur_Global > 1").defined_by == ("QRS_Dur_Global",)
    assert known.group("age > 1").defined_by == ()


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("", "an empty definition"),
        ("label:LBB", "did you mean 'LBBB'"),
        ("rule:narrow", "no rule 'narrow'"),
        ("rule:wide=maybe", "no state of a rule 'maybe'"),
        ("QRS_Dur_Globl > 3", "did you mean 'QRS_Dur_Global'"),
        ("age", "age without a comparison"),
        ("age > old", "'old' beside age"),
        ("age > 3..4", "'3..4' beside age"),
        ("sex > F", "sex is a text"),
        ("sex = X", "no sex 'X'"),
        ("(label:AF", "bracket that is not closed"),
        ("label:AF label:LBBB", "where a definition should end"),
        ("label:AF and", "ends too early"),
        ("label:AF and or label:AF", "'or' where a group should be"),
        ("cluster:handmade", "a cluster called 'handmade'"),
        ("cluster:handmade/3/4", "cluster 4 of 3"),
        ("saved:nobody", "no saved group 'nobody'"),
        ("records:r1,r99", "1 record ids that the cohort has not"),
        ('sex = "F', "quotation mark that is not closed"),
    ],
)
def test_what_is_no_definition_is_said(known, text, said):
    with pytest.raises(DiscoveryError, match=said):
        known.group(text)


def test_clusters_are_the_same_again_and_ignore_who_is_set_aside():
    rng = np.random.default_rng(1)
    vectors = np.concatenate([rng.normal(0, 1, (60, 4)), rng.normal(8, 1, (30, 4)), rng.normal(-8, 1, (10, 4))])
    vectors[5] = np.nan
    first = clusters(vectors, count=3)
    np.testing.assert_array_equal(first, clusters(vectors, count=3))
    assert np.bincount(first[first >= 0]).tolist() == [59, 30, 10]
    assert first[5] == -1
    aside = np.zeros(100, dtype=bool)
    aside[60:70] = True
    moved = vectors.copy()
    moved[aside] += 0.5
    np.testing.assert_array_equal(
        clusters(vectors, count=3, aside=aside)[~aside], clusters(moved, count=3, aside=aside)[~aside]
    )
    with pytest.raises(DiscoveryError, match="1 clusters of 99 different"):
        clusters(vectors, count=1)
    with pytest.raises(DiscoveryError, match="3 clusters of 1 different"):
        clusters(np.zeros((9, 2)), count=3)


def test_groups_are_saved_by_name_in_the_ledger():
    class Store:
        def __init__(self):
            self.kept = []

        def looks(self):
            return tuple(self.kept)

        def note_look(self, look):
            self.kept.append(look(self.looks()))
            return self.kept[-1]

    store = Store()
    for records in (("a",), ("a", "b")):
        save_group(store, Group("mine", records, definition="by hand", origin="latent", defined_by=("PR",)))
    assert Ledger.of(store).groups() == {
        "mine": Group("mine", ("a", "b"), definition="by hand", origin="latent", defined_by=("PR",))
    }
    assert Ledger.of(store).contrasts == Ledger.of(store).tests == 0
    with pytest.raises(DiscoveryError, match="cannot be saved"):
        save_group(store, Group(" ", ("a",)))
    with pytest.raises(DiscoveryError, match="cannot be saved"):
        save_group(pd.DataFrame(), Group("mine", ("a",)))
