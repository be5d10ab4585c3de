"""Swapped electrodes are suspected, and by name; electrodes in place are not."""

from __future__ import annotations

import numpy as np
import pytest

from ecgomics.vocabulary import LEADS, QUALITY_FLAGS
from ecgomics.waves import delineate
from ecgomics.waves.reversal import INDEPENDENT, REVERSALS, SWAPS, evidence

CONDITIONS = ("normal", "sinus_bradycardia", "rbbb", "lvh", "af", "low_voltage")


def swapped(ecg, *electrodes):
    """The recording with electrodes exchanged, from the voltages of limb electrodes against RA = 0."""
    lead = {name: ecg.sel(lead=name).values for name in LEADS}
    at = {"RA": 0 * lead["I"], "LA": lead["I"], "LL": lead["II"], "RL": lead["II"]}
    at |= {name: lead[name] for name in LEADS[6:]}
    first, second = electrodes
    at[first], at[second] = at[second], at[first]
    i, ii = at["LA"] - at["RA"], at["LL"] - at["RA"]
    limb = [i, ii, ii - i, -(i + ii) / 2, i - ii / 2, ii - i / 2]
    return ecg.copy(data=np.stack([*limb, *(at[name] for name in LEADS[6:])]))


def named(ecg) -> str:
    return REVERSALS[int(delineate(ecg).quality["lead_reversal"].values[0])]


@pytest.mark.parametrize("electrodes", [("RA", "LA"), ("RA", "LL"), ("V1", "V2"), ("V1", "V3"), ("RA", "RL")])
def test_gross_swaps_are_named(virtual, electrodes):
    found = [named(swapped(virtual(condition).ecg, *electrodes)) for condition in CONDITIONS]
    assert found.count("/".join(electrodes)) >= len(CONDITIONS) - 1, found


def test_electrodes_in_place_are_not_suspected(virtual):
    records = [virtual(condition, number).ecg for condition in CONDITIONS for number in (1, 2, 3)]
    suspected = [named(ecg) for ecg in records]
    assert sum(name != "" for name in suspected) <= 1, suspected


def test_the_leads_that_a_swap_spoils_are_flagged(virtual):
    quality = delineate(swapped(virtual("normal").ecg, "RA", "LA")).quality
    bit = 1 << QUALITY_FLAGS.index("reversal")
    flagged = [lead for lead, flags in zip(LEADS, quality["lead_flags"].values[0], strict=True) if flags & bit]
    assert flagged == ["I", "II", "III", "aVR", "aVL"]
    assert quality["lead_reversal"].attrs["reversals"][0] == ""


def test_few_leads_and_no_beats_are_not_judged(virtual):
    ecg = virtual("normal").ecg
    assert named(ecg.isel(lead=slice(0, 8))) == ""
    assert named(ecg.copy(data=np.zeros_like(ecg.values))) == ""


def test_undoing_a_swap_gives_the_evidence_with_its_sign_turned():
    """A swap that is its own inverse: evidence on the swapped moments is minus that on the true ones."""
    rng = np.random.default_rng(0)
    x = rng.standard_normal((3, len(INDEPENDENT), 40))
    moments = x @ x.transpose(0, 2, 1)
    precision = np.stack([np.linalg.inv(np.cov(rng.standard_normal((8, 30)))) for _ in range(3)])
    for k, swap in enumerate(SWAPS):
        if np.allclose(swap.made @ swap.made, np.eye(8)):
            moved = swap.made @ moments @ swap.made.T
            there, back = evidence(moments, precision=precision)[k], evidence(moved, precision=precision)[k]
            assert there == pytest.approx(-back)
