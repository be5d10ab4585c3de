import numpy as np
import pandas as pd
import pytest

from ecgomics.discovery import Group, Region, contrast, in_part, validate
from ecgomics.discovery.region import one_blob_auc
from ecgomics.errors import DiscoveryError
from ecgomics.settings import ContrastSettings, LockBoxSettings

QUICK = ContrastSettings(interval="formula")
NO_BOX = LockBoxSettings(share=0.0)


def table_of(values):
    return pd.DataFrame(
        values, index=[f"r{row}" for row in range(len(values))], columns=[f"b{n}" for n in range(values.shape[1])]
    )


def blob(seed, *, patients=600, cluster=0.0):
    """Sixty biomarkers of five common factors; with a cluster, a quarter of the patients differs in fifteen."""
    rng = np.random.default_rng(seed)
    values = rng.normal(size=(patients, 5)) @ (rng.normal(size=(5, 60)) * 0.5) + rng.normal(size=(patients, 60))
    apart = rng.random(patients) < 0.25
    values[:, :15] += cluster * values[:, :15].std(axis=0) * apart[:, None]
    return table_of(values), apart


def lassoed(table, *, along=None, seen="first half"):
    """The outer quarter of the first principal component, as someone sees it who is shown the first half alone."""
    scaled = ((table - table.mean()) / table.std()).to_numpy()
    left, size, _ = np.linalg.svd(scaled, full_matrices=False)
    places = left[:, :2] * size[:2]
    if along is not None and np.corrcoef(places[:, 0], along)[0, 1] < 0:
        places[:, 0] *= -1
    shown = in_part("first half", patient=table.index, record=table.index, settings=NO_BOX)
    edge = np.quantile(places[shown, 0], 0.75)
    polygon = ((edge, -1e3), (1e3, -1e3), (1e3, 1e3), (edge, 1e3))
    ids = frozenset(table.index[shown]) if seen == "first half" else None
    return Region("lasso", polygon, pd.DataFrame(places, index=table.index), seen=ids)


def test_a_label_is_found_in_one_half_and_confirmed_in_the_other():
    rng = np.random.default_rng(0)
    values, group = table_of(rng.normal(size=(400, 30))), np.arange(400) % 4 == 0
    values.loc[group, "b0"] += 1.2
    found = validate(values, group, drawn_on="labels", settings=QUICK).table().set_index("biomarker")
    assert found.index[found["badge"] == "validated"].tolist() == ["b0"]
    assert found.loc["b0", ["auc_first", "auc_second"]].min() > 0.7
    assert found["q_second"].notna().sum() == 1


def test_an_effect_of_one_half_alone_is_not_confirmed():
    rng = np.random.default_rng(1)
    values, group = table_of(rng.normal(size=(400, 30))), np.arange(400) % 4 == 0
    shown = in_part("first half", patient=values.index, record=values.index, settings=NO_BOX)
    values.loc[group & shown, "b0"] += 1.5
    values.loc[group, "b1"] += np.where(shown[group], 1.5, -1.5)
    found = validate(values, group, drawn_on="labels", settings=QUICK).table().set_index("biomarker")
    assert set(found["badge"]) == {"declared"}
    assert found["q_second"].notna().sum() == 2


def test_splitting_alone_does_not_rescue_a_region_of_one_blob_but_its_null_does():
    false = confirmed = 0
    for seed in range(20):
        table, _ = blob(seed)
        result = validate(table, lassoed(table), settings=QUICK)
        rows = result.table()
        assert result.badge == "exploratory"
        false += (rows["badge"] == "validated").any()
        confirmed += (rows["q_second"] < 0.05).sum()
    assert false <= 1
    # what a split without the null would have called confirmed: most of the biomarkers
    assert confirmed / 20 > 20


def test_a_region_around_a_true_cluster_is_validated():
    table, apart = blob(3, cluster=3.0)
    rows = validate(table, lassoed(table, along=apart), settings=QUICK).table()
    held = rows.loc[rows["badge"] == "validated", "biomarker"]
    assert len(held) >= 12
    assert set(held) <= {f"b{n}" for n in range(15)}


def test_what_was_seen_cannot_confirm():
    table, _ = blob(0)
    with pytest.raises(DiscoveryError, match="records outside the first half were seen"):
        validate(table, lassoed(table, seen="everything"), settings=QUICK)
    drawn = lassoed(table).group()
    assert drawn.origin == "latent"
    with pytest.raises(DiscoveryError, match="drawn on the patients it would be confirmed in"):
        validate(table, drawn, settings=QUICK)
    with pytest.raises(DiscoveryError, match="does not say where"):
        validate(table, drawn.records, settings=QUICK)


def test_the_lock_box_stays_shut():
    table, _ = blob(0)
    group, box = np.arange(600) % 3 == 0, LockBoxSettings(share=0.3)
    before = validate(table, group, drawn_on="labels", lockbox=box, settings=QUICK)
    inside = in_part("lockbox", patient=table.index, record=table.index, settings=box)
    table.loc[inside] = 99.0
    after = validate(table, group, drawn_on="labels", lockbox=box, settings=QUICK)
    pd.testing.assert_frame_equal(before.table(), after.table())


def test_a_polygon_holds_what_lies_inside():
    places = pd.DataFrame([[0.5, 0.5], [1.5, 0.5], [0.9, 0.05], [np.nan, 0.5]], index=list("abcd"))
    region = Region("triangle", ((0, 0), (1, 0), (0, 1)), places)
    assert Region("square", ((0, 0), (1, 0), (1, 1), (0, 1)), places).group().records == ("a", "c")
    assert region.group(among=["b", "c"]).records == ("c",)
    assert region.definition == "POLYGON ((0.0 0.0, 1.0 0.0, 0.0 1.0))"
    with pytest.raises(DiscoveryError, match="2 corners"):
        Region("line", ((0, 0), (1, 0)), places)


def test_the_blobs_effect_is_the_one_of_a_normal_cohort():
    rng = np.random.default_rng(4)
    places = rng.normal(size=(5000, 2))
    values = np.column_stack([places[:, 0] + rng.normal(size=5000), rng.normal(size=5000), np.exp(places[:, 1])])
    values[::9, 0] = np.nan
    region = Region("right", ((1, -9), (9, -9), (9, 9), (1, 9)), pd.DataFrame(places))
    expected = one_blob_auc(values, places, region)
    ours = contrast(pd.DataFrame(values), region.holds(places), drawn_on="latent", settings=QUICK)
    seen = ours.table().sort_values("biomarker")["auc"].to_numpy()
    np.testing.assert_allclose(expected, seen, atol=0.025)


def test_an_origin_from_labels_keeps_its_name():
    rng = np.random.default_rng(5)
    values = table_of(rng.normal(size=(200, 5)))
    group = Group.from_mask("lbbb", np.arange(200) < 60, record=values.index, origin="labels")
    recipe = validate(values, group, settings=QUICK).recipe
    assert (recipe["kind"], recipe["group"]["name"]) == ("validation", "lbbb")
