import numpy as np
import pandas as pd
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from ecgomics.discovery import Group, RankTable, contrast
from ecgomics.discovery.significance import benjamini_yekutieli
from ecgomics.settings import ContrastSettings

FEW = ContrastSettings(resamples=100, min_patients=2)
# whole numbers: many ties, and no two values that an increasing function could merge
numbers = st.integers(-50, 50).map(float) | st.just(float("nan"))
tables = st.integers(8, 40).flatmap(lambda rows: arrays(np.float64, (rows, 4), elements=numbers))


@st.composite
def tables_and_groups(draw):
    values = draw(tables)
    group = draw(arrays(np.bool_, len(values)))
    group[:2], group[-2:] = True, False
    return values, group


@given(tables_and_groups())
@settings(max_examples=60, deadline=None)
def test_auc_is_the_share_of_pairs_won(case):
    values, group = case
    for column, auc in enumerate(RankTable(values).auc(group)):
        ours, theirs = values[group, column], values[~group, column]
        ours, theirs = ours[~np.isnan(ours)][:, None], theirs[~np.isnan(theirs)][None]
        if ours.size == 0 or theirs.size == 0:
            assert np.isnan(auc)
        else:
            np.testing.assert_allclose(auc, np.mean((ours > theirs) + 0.5 * (ours == theirs)), atol=1e-12)


@given(tables_and_groups())
@settings(max_examples=30, deadline=None)
def test_only_the_order_of_values_matters(case):
    values, group = case
    confounder = pd.DataFrame({"row": np.arange(len(values)) % 5})
    plain, warped = (
        contrast(pd.DataFrame(table), group, adjust=confounder, drawn_on="labels", settings=FEW).table()
        for table in (values, np.exp(values / 20))
    )
    for name in ("auc", "low", "high", "q", "auc_adjusted", "q_adjusted"):
        np.testing.assert_allclose(plain[name], warped[name], atol=1e-9)


@given(tables_and_groups(), st.randoms(use_true_random=False))
@settings(max_examples=30, deadline=None)
def test_the_order_of_records_does_not_matter(case, random):
    values, group = case
    order = list(range(len(values)))
    random.shuffle(order)
    patient = np.array([f"p{row // 2}" for row in range(len(values))])
    plain, shuffled = (
        RankTable(values[rows], patient[rows]).preview(group[rows], settings=FEW) for rows in (slice(None), order)
    )
    pd.testing.assert_frame_equal(plain, shuffled, atol=1e-9)


@given(tables_and_groups())
@settings(max_examples=30, deadline=None)
def test_intervals_lie_in_zero_to_one_and_hold_the_effect(case):
    values, group = case
    table = RankTable(values).preview(group, settings=FEW).dropna()
    assert ((table["low"] <= table["auc"] + 1e-9) & (table["auc"] <= table["high"] + 1e-9)).all()
    assert (table["low"].ge(0) & table["high"].le(1) & table["q"].between(0, 1)).all()


@given(arrays(np.float64, st.integers(1, 30), elements=st.floats(0, 1)))
def test_q_is_never_below_p_and_keeps_its_order(p):
    q = benjamini_yekutieli(p)
    assert (q >= p - 1e-12).all()
    assert (np.diff(q[np.argsort(p, kind="stable")]) >= -1e-12).all()


ids = st.frozensets(st.sampled_from("abcdefgh"))


@given(ids, ids)
def test_groups_follow_the_laws_of_sets(left, right):
    ours, theirs, every = Group("x", tuple(left)), Group("y", tuple(right)), list("abcdefgh")
    both, either = (ours & theirs).complement(every), ours.complement(every) | theirs.complement(every)
    assert both.records == either.records
    assert (ours - theirs).records == (ours & theirs.complement(every)).records
    assert len(ours | theirs) == len(ours) + len(theirs) - len(ours & theirs)
