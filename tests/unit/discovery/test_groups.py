import numpy as np
import pytest

from ecgomics.discovery import Group
from ecgomics.errors import DiscoveryError


def test_records_are_a_set_and_combine_as_sets():
    late, wide = Group("late", ("b", "a", "a"), origin="labels"), Group("wide", ("b", "c"), origin="labels")
    assert late.records == ("a", "b")
    assert (late & wide).records == ("b",)
    assert (late | wide).records == ("a", "b", "c")
    assert (late - wide).records == ("a",)
    assert late.complement(["a", "b", "c", "d"]).records == ("c", "d")
    assert len(late) == 2
    assert "a" in late


def test_a_combination_is_as_exploratory_as_its_parts():
    declared = Group("declared", ("a",), origin="labels", defined_by=("PR_Int_Global",))
    drawn = Group("drawn", ("a",), origin="latent")
    assert not declared.exploratory
    assert (declared & drawn).origin == "latent"
    assert (declared - drawn).exploratory
    assert (drawn | declared).defined_by == ("PR_Int_Global",)
    assert drawn.complement(["a", "b"]).exploratory


def test_a_mask_makes_a_group_and_a_group_a_mask():
    records = ["a", "b", "c"]
    group = Group.from_mask("some", [True, False, True], record=records, origin="rules", definition="PR > 200 ms")
    assert group.records == ("a", "c")
    assert group.mask(records[::-1]).tolist() == [True, False, True]
    assert "PR > 200 ms" in group.complement(records).definition


def test_a_mask_of_another_length_is_refused():
    with pytest.raises(DiscoveryError, match="for 3 records"):
        Group.from_mask("some", np.ones(2, dtype=bool), record=["a", "b", "c"])


def test_an_unknown_origin_is_refused_with_the_near_one():
    with pytest.raises(DiscoveryError, match="did you mean 'labels'"):
        Group("some", ("a",), origin="label")
