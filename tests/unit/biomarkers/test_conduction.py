"""P waves that come regularly, or not, and those the ventricles do not follow, from times written down by hand."""

from __future__ import annotations

import numpy as np
import pytest

from ecgomics.biomarkers.conduction import conduction, period
from ecgomics.simulate import draw_patient, simulate


def told(pr_ms: list[float], *, pp_s: float = 0.8, at: list[float] | None = None, ectopic: tuple[int, ...] = ()):
    """Conduction of P waves with these PR intervals, 0 for a blocked one."""
    on = np.array(at) if at else 0.4 + pp_s * np.arange(len(pr_ms))
    pr = np.array([value / 1000 if value else np.nan for value in pr_ms])
    beside = np.isin(np.arange(len(pr_ms)), ectopic)
    return conduction(on, pr, followed=np.isfinite(pr), ectopic=beside)


def test_conduction_one_to_one() -> None:
    found = told([160] * 10)
    assert (found.blocked, found.longest, found.alternating, found.drops) == (0, 0, 0, [])
    assert found.period_s == pytest.approx(0.8)
    assert found.deviation == pytest.approx(0, abs=1e-9)


def test_wenckebach_pr_drops_over_the_blocked_p() -> None:
    found = told([180, 250, 290, 0, 180, 250, 290, 0, 180, 250])
    assert (found.blocked, found.longest, found.alternating) == (2, 1, 1)
    assert found.drops == pytest.approx([110, 110])


def test_mobitz_2_pr_is_the_same_on_both_sides() -> None:
    found = told([160, 160, 0, 160, 160, 160, 0, 160])
    assert (found.blocked, found.alternating) == (2, 1)
    assert found.drops == pytest.approx([0, 0])


def test_two_to_one_alternates_and_says_nothing_of_the_type() -> None:
    found = told([160, 0] * 5)
    assert (found.blocked, found.longest, found.alternating, found.drops) == (5, 1, 5, [])


def test_alternation_that_is_interrupted_is_counted_by_its_longest_stretch() -> None:
    assert told([160, 0, 160, 0, 160, 160, 0, 160, 0, 160, 0]).alternating == 3


def test_two_in_a_row_are_high_grade() -> None:
    found = told([160, 160, 0, 0, 160, 160])
    assert (found.blocked, found.longest, found.drops) == (2, 2, [])


def test_an_early_p_that_is_blocked_is_no_av_block() -> None:
    found = told([160, 160, 160, 0, 160, 160], at=[0.4, 1.2, 2.0, 2.45, 3.4, 4.2])
    assert found.blocked == 0


def test_a_p_beside_a_ventricular_beat_is_not_counted() -> None:
    assert told([160, 160, 0, 160, 160], ectopic=(2,)).blocked == 0


def test_a_hidden_p_leaves_the_period_and_its_regularity() -> None:
    on = np.array([0.4, 1.2, 2.8, 3.6, 4.4, 6.0, 6.8])
    length, each = period(on)
    assert length == pytest.approx(0.8)
    assert each == pytest.approx(np.full(6, 0.8))
    assert conduction(on, np.full(7, 0.16), followed=np.ones(7, bool), ectopic=np.zeros(7, bool)).deviation < 1e-9


def test_p_waves_that_are_none_come_irregularly() -> None:
    rng = np.random.default_rng(0)
    on = np.cumsum(rng.uniform(0.5, 1.3, 14))
    assert conduction(on, np.full(14, 0.16), followed=np.ones(14, bool), ectopic=np.zeros(14, bool)).deviation > 0.1


@pytest.mark.parametrize(
    ("name", "drop", "alternating"),
    [("wenckebach", (45, 160), 1), ("mobitz_2", (-5, 5), 1), ("two_to_one_block", None, 5)],
)
def test_blocked_p_waves_of_virtual_patients(name: str, drop: tuple[float, float] | None, alternating: int) -> None:
    from ecgomics.biomarkers import measure

    for seed in range(3):
        made = simulate(draw_patient(name, seed=40 + seed), seed=seed)
        values = measure(made.truth, made.ecg)["value"].isel(record=0)
        assert values.sel(biomarker="AV_Blocked_Global") >= 1
        assert values.sel(biomarker="AV_Alternating_Global") >= alternating
        if drop:
            assert drop[0] < values.sel(biomarker="AV_PRDrop_Global") < drop[1]
