"""Depolarisation: the fronts that cross atria and ventricles, as bumps of the heart vector."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import cache
from importlib import resources

import numpy as np
import yaml

from ecgomics.simulate.kernel import Array, Bump, drawn
from ecgomics.simulate.leadfield import TEXTBOOK, direction, rotation

_FRACTIONS = np.linspace(0.0, 1.0, 201)
_RIGHT_VENTRICLE = np.array([-0.34, 0.18, -0.40])
_MOST_FRONTS = 6
_FRAGMENTS = 3
_FRAGMENT_SHARE = 0.06


@dataclass(frozen=True)
class Front:
    """One activation front: a bump on the wave's clock (0 onset, 1 offset), its chamber, and how far it turns."""

    bump: Bump
    part: str
    follow: float = 1.0

    def turned(self, axis: Array, degrees: float) -> Front:
        """Turned about `axis`, as far as it follows."""
        turn = rotation(axis, degrees * self.follow)
        return replace(self, bump=replace(self.bump, vector=turn @ self.bump.vector))

    def sized(self, factor: float) -> Front:
        """With its vector multiplied."""
        return replace(self, bump=replace(self.bump, vector=factor * self.bump.vector))


@cache
def sequence(name: str) -> tuple[Front, ...]:
    """The fronts of a textbook heart, from ``shapes.yaml``."""
    return _sequences()[name]


@cache
def _sequences() -> dict[str, tuple[Front, ...]]:
    text = resources.files("ecgomics.simulate").joinpath("shapes.yaml").read_text(encoding="utf-8")
    return {name: tuple(map(_front, fronts)) for name, fronts in yaml.safe_load(text).items()}


def _front(entry: dict[str, float | str]) -> Front:
    def number(key: str, default: float = 0.0) -> float:
        return float(entry.get(key, default))

    bump = Bump(
        number("onset"),
        number("peak"),
        number("offset"),
        np.array([number("x"), number("y"), number("z")]),
        rise=number("rise", 1.3),
        fall=number("fall", 1.3),
    )
    return Front(bump, str(entry["part"]), number("follow", 1.0))


def individual(fronts: Sequence[Front], rng: np.random.Generator, *, variety: float) -> list[Front]:
    """A person's version of a sequence: other directions, sizes and times of the fronts; same onset and offset."""
    tilt = rng.standard_normal((_MOST_FRONTS, 3)) * 13.0 * variety
    size = np.exp(0.22 * variety * np.clip(rng.standard_normal(_MOST_FRONTS), -2, 2))
    shift = 0.022 * variety * np.clip(rng.standard_normal((_MOST_FRONTS, 3)), -1.5, 1.5)
    result = []
    for k, front in enumerate(fronts):
        bump = front.bump
        degrees = float(np.linalg.norm(tilt[k]))
        vector = size[k] * bump.vector
        if degrees:
            vector = rotation(tilt[k], min(degrees, 35.0)) @ vector
        on = bump.on if bump.on == 0 else bump.on + shift[k, 0]
        off = bump.off if bump.off == 1 else bump.off + shift[k, 2]
        moved = replace(bump, vector=vector, on=on, peak=bump.peak + shift[k, 1], off=off)
        result.append(replace(front, bump=moved))
    return result


def normalised(fronts: Sequence[Front], size_mv: float) -> list[Front]:
    """Scaled so that the heart vector's greatest length is `size_mv`."""
    factor = size_mv / greatest_length(fronts)
    return [front.sized(factor) for front in fronts]


def greatest_length(fronts: Sequence[Front]) -> float:
    """Greatest length of the summed vector over the wave, mV."""
    return float(np.linalg.norm(drawn([front.bump for front in fronts], _FRACTIONS), axis=0).max())


def net_area(fronts: Sequence[Front]) -> Array:
    """Net area per unit duration, dims (3,), mV."""
    total: Array = np.sum([front.bump.area() for front in fronts], axis=0)
    return total


def pointed(fronts: Sequence[Front], axis_deg: float) -> list[Front]:
    """Turned in the frontal plane until the net area lies along `axis_deg`, to 0.01°.

    Fronts that follow only in part make the turn of the whole smaller than asked, so it is repeated.
    """
    areas = np.array([front.bump.area() for front in fronts])
    size, angle = np.hypot(areas[:, 0], areas[:, 1]), np.arctan2(areas[:, 1], areas[:, 0])
    follow = np.array([front.follow for front in fronts])
    turn = 0.0
    for _ in range(60):
        turned = angle + np.deg2rad(turn) * follow
        net = np.rad2deg(np.arctan2((size * np.sin(turned)).sum(), (size * np.cos(turned)).sum()))
        missing = (axis_deg - net + 180) % 360 - 180
        if abs(missing) < 0.01:
            break
        turn += float(missing)
    back = np.array([0.0, 0.0, 1.0])
    return [front.turned(back, turn) for front in fronts]


def ventricles(
    name: str,
    rng: np.random.Generator,
    *,
    variety: float,
    size_mv: float,
    axis_deg: float | None,
    rotation_deg: float = 0.0,
    lv_scale: float = 1.0,
    rv_scale: float = 1.0,
    fragments: float = 0.0,
    scars: Sequence[Bump] = (),
) -> list[Front]:
    """The QRS fronts of a patient; `axis_deg` None leaves the sequence where it points by itself."""
    fronts = normalised(individual(sequence(name), rng, variety=variety), size_mv)
    fronts = [front.sized(lv_scale) if front.part == "lv" else front for front in fronts]
    fronts += _fragments(rng, fragments * size_mv)
    if rv_scale > 1:
        extra = size_mv * (rv_scale - 1) * _RIGHT_VENTRICLE
        fronts.append(Front(Bump(0.3, 0.57, 0.9, extra), "rv", 0.3))
    feet = np.array([0.0, 1.0, 0.0])
    # a positive turn brings the left-pointing vector to the back (x towards +z)
    fronts = [front.turned(feet, -rotation_deg) for front in fronts]
    fronts += [Front(scar, "scar", 0.0) for scar in scars]
    return fronts if axis_deg is None else pointed(fronts, axis_deg)


def _fragments(rng: np.random.Generator, size_mv: float) -> list[Front]:
    """Where activation spreads unevenly: short bumps in any direction, between the first and the last tenth."""
    if not size_mv:
        return []
    peaks = rng.uniform(0.22, 0.82, _FRAGMENTS)
    widths = rng.uniform(0.07, 0.12, _FRAGMENTS)
    vectors = _FRAGMENT_SHARE * size_mv * rng.standard_normal((_FRAGMENTS, 3))
    return [
        Front(Bump(peak - width, peak, peak + width, vector, 1.5, 1.5), "fragment")
        for peak, width, vector in zip(peaks, widths, vectors, strict=True)
    ]


def atria(
    rng: np.random.Generator,
    *,
    variety: float,
    size_mv: float,
    axis_deg: float,
    la_scale: float = 1.0,
    ra_scale: float = 1.0,
) -> list[Front]:
    """The P fronts of a patient."""
    scale = {"la": la_scale, "ra": ra_scale}
    fronts = normalised(individual(sequence("atria"), rng, variety=variety), size_mv)
    return pointed([front.sized(scale[front.part]) for front in fronts], axis_deg)


def _towards(axis_deg: float, posterior_deg: float, row: int) -> Array:
    vector = direction(axis_deg, posterior_deg)
    return vector / float(TEXTBOOK[row] @ vector)


_AVF = TEXTBOOK[1] - 0.5 * TEXTBOOK[0]

TERRITORIES: dict[str, Array] = {
    "anterior": _towards(-60, -62, 4),
    "septal": _towards(-135, -80, 3),
    "lateral": _towards(-12, 19, 7),
    "inferior": direction(106, 6) / float(_AVF @ direction(106, 6)),
    "posterior": -_towards(-100, -78, 3),
}
"""Injury vectors that make 1 mV in V3, V2, V6, aVF and −1 mV in V2 of the textbook lead field."""

COVED = _towards(-150, -72, 2)
"""The outflow tract's late vector, 1 mV in V1."""

LATE = _towards(40, 8, 7)
"""Direction of an end-QRS notch, to the lateral and inferior wall: 1 mV in V6."""
