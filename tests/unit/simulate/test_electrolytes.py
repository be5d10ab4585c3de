"""Potassium and calcium move the other parameters in the order the textbooks give."""

from __future__ import annotations

import pytest

from ecgomics.simulate import VirtualPatient, simulate
from ecgomics.simulate.electrolytes import with_electrolytes


def test_normal_values_change_nothing():
    patient = VirtualPatient()
    assert with_electrolytes(patient) is patient


def test_potassium_first_raises_t_then_widens_the_qrs():
    mild, severe = (with_electrolytes(VirtualPatient(k_mmol=value)) for value in (6.0, 8.0))
    usual = VirtualPatient()
    assert mild.t_mv > 1.3 * usual.t_mv
    assert mild.t_share < usual.t_share
    assert mild.qrs_ms == usual.qrs_ms
    assert severe.qrs_ms > usual.qrs_ms + 30
    assert severe.pr_ms > usual.pr_ms + 30
    assert severe.p_mv < 0.5 * usual.p_mv


def test_low_potassium_lowers_t_and_raises_u():
    low = with_electrolytes(VirtualPatient(k_mmol=2.4))
    assert low.t_mv < 0.5 * VirtualPatient().t_mv
    assert low.u_mv > 0.1
    assert low.st_lateral_mv < 0


@pytest.mark.parametrize(("calcium", "longer"), [(3.5, -1), (1.6, 1)])
def test_calcium_changes_the_st_segment_and_leaves_t_as_long(calcium, longer):
    usual, moved = VirtualPatient(), with_electrolytes(VirtualPatient(ca_mmol=calcium))
    assert longer * (moved.qtc_ms - usual.qtc_ms) > 50
    assert moved.t_s == pytest.approx(usual.t_s, rel=0.12)


def test_both_at_once_and_within_bounds():
    worst = with_electrolytes(VirtualPatient(k_mmol=9.0, ca_mmol=1.4, t_mv=1.4, pr_ms=400))
    assert worst.pr_ms <= 420
    assert worst.t_mv <= 1.5


def test_the_truth_is_of_the_changed_heart():
    patient = VirtualPatient(k_mmol=8.0)
    template = simulate(patient).truth.template["template_global"].isel(record=0)
    qrs_s = float(template.sel(mark="qrs_off") - template.sel(mark="qrs_on"))
    assert qrs_s * 1000 == pytest.approx(with_electrolytes(patient).qrs_ms, abs=1)
