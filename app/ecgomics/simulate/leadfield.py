"""The lead field: how a heart vector shows in the twelve leads.

Vectors live in the *electrode frame*, mV: x is what lead I reads (left positive), y is 2/√3 of what aVF reads (feet
positive), z is Frank's Z (back positive). In it lead I, II and III read plain projections at 0°, 60° and 120°, so that
a frontal axis in degrees is an angle between x and y, exactly. The chest leads come from Dower's transform of the Frank
vector (Dower, Machado, Osborne 1980; the pseudo-inverse of `DOWER` is the published inverse matrix of Edenbrandt and
Pahlm 1988), each times a factor, `CHEST_GAIN`.
"""

from __future__ import annotations

import numpy as np

from ecgomics.simulate.kernel import Array

DOWER: Array = np.array(
    [
        [0.632, -0.235, 0.059],
        [0.235, 1.066, -0.132],
        [-0.515, 0.157, -0.917],
        [0.044, 0.164, -1.387],
        [0.882, 0.098, -1.277],
        [1.213, 0.127, -0.601],
        [1.125, 0.127, -0.086],
        [0.831, 0.076, 0.230],
    ]
)
"""Leads I, II, V1 … V6 (rows) of a Frank vector X (left), Y (feet), Z (back)."""

FRANK_TO_ELECTRODE: Array = np.array([DOWER[0], 2 / np.sqrt(3) * (DOWER[1] - DOWER[0] / 2), [0.0, 0.0, 1.0]])
"""Electrode-frame vector of a Frank vector."""

ELECTRODE_TO_FRANK: Array = np.linalg.inv(FRANK_TO_ELECTRODE)

CHEST_GAIN: Array = np.array([0.78, 1.55, 1.02, 0.96, 0.9, 0.84])
"""Factors on Dower's V1 … V6. His transform makes V1 and V4 to V6 of normal adults too large and V2 too small against
the medians of R and S in the PTB-XL recordings labelled normal; the factors were set by eye to those medians."""

TEXTBOOK: Array = np.vstack([DOWER[:2], CHEST_GAIN[:, None] * DOWER[2:]]) @ ELECTRODE_TO_FRANK
"""Leads I, II, V1 … V6 of an electrode-frame vector."""

ATRIAL_GAIN: Array = np.array([0.85, 0.5, 0.34, 0.33, 0.33, 0.38])
"""Factors on Dower's V1 … V6 for the atria. They lie behind and to the right of the ventricles, farther from V2 to V5,
so that what makes the ventricles large there does not do so with P; set by eye to the medians of P in V1 to V6."""

TEXTBOOK_ATRIA: Array = np.vstack([DOWER[:2], ATRIAL_GAIN[:, None] * DOWER[2:]]) @ ELECTRODE_TO_FRANK
"""`TEXTBOOK`, as the atria see it."""

TEXTBOOK_BMI = 25.0

CHEST_PER_BMI = 0.012
"""Share of the chest voltages lost for each kg/m². Obesity lowers the Sokolow–Lyon voltage (Okin PM et al. Effect of
obesity on electrocardiographic left ventricular hypertrophy in hypertensive patients: the LIFE study. Hypertension
2000;35:13–18); the size is our choice, a seventh lost at a BMI of 37."""

SITES = ("RA", "LA", "LL", "V1", "V2", "V3", "V4", "V5", "V6")
"""Electrodes, in the order of every array over sites."""

SWAPS: dict[str, tuple[int, int] | None] = {
    "none": None,
    "RA-LA": (0, 1),
    "LA-LL": (1, 2),
    "RA-LL": (0, 2),
    "V1-V2": (3, 4),
    "V1-V3": (3, 5),
    "V3-V6": (5, 8),
    "RA-RL": None,
}
"""Exchanged cables. RA-RL exchanges no two measuring electrodes: the right arm's cable then reads a leg, as LL does."""


def _leads_of_sites() -> Array:
    """Matrix (12, 9): the standard definitions of the leads, from electrode potentials."""
    ra, la, ll, *chest = np.eye(len(SITES))
    one, two = la - ra, ll - ra
    limb = [one, two, two - one, -(one + two) / 2, one - two / 2, two - one / 2]
    wilson = (ra + la + ll) / 3
    return np.array(limb + [site - wilson for site in chest])


LEADS_OF_SITES: Array = _leads_of_sites()


def _sites_of_independent() -> Array:
    """Matrix (9, 8): electrode potentials against Wilson's terminal, from I, II, V1 … V6."""
    one, two, *chest = np.eye(8)
    return np.array([-(one + two) / 3, (2 * one - two) / 3, (2 * two - one) / 3, *chest])


SITES_OF_INDEPENDENT: Array = _sites_of_independent()


def lead_field(
    rng: np.random.Generator,
    *,
    variety: float,
    textbook: Array = TEXTBOOK,
    bmi: float = TEXTBOOK_BMI,
    swap: str = "none",
    gain: float = 1.0,
) -> Array:
    """Matrix (12, 3): leads in the order of `vocabulary.LEADS`, mV each mV of the electrode frame.

    Parameters
    ----------
    rng
        Source of this body's geometry. The limb leads are the same in everyone; chest electrodes lie a little off, and
        some chests conduct better.
    variety
        0 (textbook) to 2; 1 is about the spread between people.
    textbook
        `TEXTBOOK` or `TEXTBOOK_ATRIA`; equal sources of geometry move the electrodes equally.
    bmi
        Body mass index, kg/m²: the chest leads shrink by `CHEST_PER_BMI` for each unit.
    swap
        One of `SWAPS`.
    gain
        Factor on everything the device shows.
    """
    chest = textbook[2:].copy()
    shift = variety * (0.22 * rng.standard_normal() + 0.14 * rng.standard_normal(6))
    size = np.exp(variety * (0.10 * rng.standard_normal() + 0.11 * rng.standard_normal(6)))
    size *= np.exp(-CHEST_PER_BMI * (bmi - TEXTBOOK_BMI))
    # an electrode that lies towards its neighbour reads partly what the neighbour reads
    towards_v6 = np.vstack([chest[1:], chest[-1:]]) - chest
    towards_v1 = np.vstack([chest[:1], chest[:-1]]) - chest
    step = np.clip(shift, -0.65, 0.65)[:, None]
    chest += np.where(step > 0, step * towards_v6, -step * towards_v1)
    chest *= size[:, None]
    sites = SITES_OF_INDEPENDENT @ np.vstack([textbook[:2], chest])
    pair = SWAPS[swap]
    if pair is not None:
        sites[list(pair)] = sites[list(pair[::-1])]
    elif swap == "RA-RL":
        sites[SITES.index("RA")] = sites[SITES.index("LL")]
    return gain * (LEADS_OF_SITES @ sites)


def rotation(axis: Array, degrees: float) -> Array:
    """Matrix (3, 3) that turns by `degrees` about `axis` (Rodrigues)."""
    x, y, z = axis / np.linalg.norm(axis)
    cross = np.array([[0, -z, y], [z, 0, -x], [-y, x, 0]])
    angle = np.deg2rad(degrees)
    return np.eye(3) + np.sin(angle) * cross + (1 - np.cos(angle)) * (cross @ cross)


def direction(axis_deg: float, posterior_deg: float = 0.0) -> Array:
    """Unit vector at a frontal axis (0° left, 90° feet), leaning `posterior_deg` behind the frontal plane."""
    axis, lean = np.deg2rad([axis_deg, posterior_deg])
    return np.array([np.cos(axis) * np.cos(lean), np.sin(axis) * np.cos(lean), np.sin(lean)])
