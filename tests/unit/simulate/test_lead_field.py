"""The leads as their definitions say, and the published matrices."""

from __future__ import annotations

import numpy as np
import pytest

from ecgomics.simulate.leadfield import DOWER, ELECTRODE_TO_FRANK, SWAPS, TEXTBOOK, direction, lead_field, rotation
from ecgomics.vocabulary import LEADS

# inverse Dower matrix as published (Edenbrandt and Pahlm 1988): columns V1 … V6, I, II
INVERSE_DOWER = np.array(
    [
        [-0.172, -0.074, 0.122, 0.231, 0.239, 0.194, 0.156, -0.010],
        [0.057, -0.019, -0.106, -0.022, 0.041, 0.048, -0.227, 0.887],
        [-0.229, -0.310, -0.246, -0.063, 0.055, 0.108, 0.022, 0.102],
    ]
)


def field(seed=0, **changes):
    return lead_field(np.random.default_rng(seed), **({"variety": 1.0} | changes))


def lead(matrix, name):
    return matrix[LEADS.index(name)]


def test_the_pseudo_inverse_of_dower_is_the_published_inverse():
    inverse = np.linalg.pinv(DOWER)
    assert np.hstack([inverse[:, 2:], inverse[:, :2]]) == pytest.approx(INVERSE_DOWER, abs=0.002)


@pytest.mark.parametrize("seed", range(5))
@pytest.mark.parametrize("swap", list(SWAPS))
def test_einthoven_and_goldberger_hold_in_every_body(seed, swap):
    matrix = field(seed, swap=swap, gain=1.3)
    one, two = lead(matrix, "I"), lead(matrix, "II")
    assert lead(matrix, "III") == pytest.approx(two - one)
    assert lead(matrix, "aVR") == pytest.approx(-(one + two) / 2)
    assert lead(matrix, "aVL") == pytest.approx(one - two / 2)
    assert lead(matrix, "aVF") == pytest.approx(two - one / 2)


def test_limb_leads_are_projections_in_the_electrode_frame():
    matrix = field()
    for name, degrees in {"I": 0, "II": 60, "III": 120}.items():
        assert lead(matrix, name) == pytest.approx(direction(degrees), abs=1e-9)
    assert lead(matrix, "aVF") == pytest.approx(np.sqrt(3) / 2 * direction(90), abs=1e-9)


def test_frank_vectors_reach_the_limb_leads_as_dower_says():
    assert TEXTBOOK[:2] == pytest.approx(DOWER[:2] @ ELECTRODE_TO_FRANK)


def test_exchanged_arm_cables_turn_lead_one_over():
    plain, swapped = field(), field(swap="RA-LA")
    assert lead(swapped, "I") == pytest.approx(-lead(plain, "I"))
    assert lead(swapped, "II") == pytest.approx(lead(plain, "III"))
    assert lead(swapped, "aVR") == pytest.approx(lead(plain, "aVL"))
    assert lead(swapped, "V4") == pytest.approx(lead(plain, "V4"))


def test_exchanged_chest_cables_change_places():
    plain, swapped = field(), field(swap="V1-V2")
    assert lead(swapped, "V1") == pytest.approx(lead(plain, "V2"))
    assert lead(swapped, "V2") == pytest.approx(lead(plain, "V1"))


def test_bodies_differ_in_the_chest_only_and_the_textbook_has_no_spread():
    assert field(1)[:6] == pytest.approx(field(2)[:6])
    assert np.abs(field(1)[6:] - field(2)[6:]).max() > 0.02
    assert field(1, variety=0.0) == pytest.approx(field(2, variety=0.0))


def test_rotation_turns_and_keeps_length():
    turned = rotation(np.array([0.0, 0.0, 2.0]), 90) @ np.array([1.0, 0.0, 0.3])
    assert turned == pytest.approx([0.0, 1.0, 0.3])
