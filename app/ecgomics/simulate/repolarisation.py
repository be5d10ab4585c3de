"""ST, T and U: primary repolarisation, injury, and what follows from an abnormal activation.

Secondary change follows Wilson's ventricular gradient: as far as activation is abnormal, the T area turns against the
excess of the QRS area, so that the sum tends to stay (Wilson et al. 1934; Burger 1957).
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from ecgomics.simulate.activation import COVED, TERRITORIES
from ecgomics.simulate.kernel import Array, Bump, limb_area, limb_power
from ecgomics.simulate.leadfield import direction
from ecgomics.simulate.patient import VirtualPatient

T_TOES = (0.065, 0.03)
"""Shares of the T wave's duration within which it passes 5 % of its height, after its onset and before its end: it
leaves the ST segment gently and ends sharply, whatever its asymmetry."""

SECONDARY = {
    "normal": 0.0,
    "lafb": 0.0,
    "lpfb": 0.0,
    "rbbb": 0.75,
    "rbbb_lafb": 0.6,
    "lbbb": 0.62,
    "wpw": 0.5,
    "paced": 0.62,
    "pvc": 0.62,
}
"""How far the T area turns against the excess QRS area, by kind of activation."""

J_PER_AREA = {"rbbb": 0.5, "rbbb_lafb": 0.4, "lbbb": 1.5, "wpw": 1.0, "paced": 1.2, "pvc": 0.8}
"""Secondary ST level against the excess QRS area, mV each mV·s."""


_SECONDARY_IN_ST = 0.25


@dataclass(frozen=True)
class Body:
    """A person's T loop and U wave: drawn once from the geometry seed."""

    swing_deg: float
    swing_towards: Array
    u_gap_s: float

    @classmethod
    def drawn(cls, rng: np.random.Generator, *, variety: float) -> Body:
        """A random one; `variety` 0 gives a T loop of 25°."""
        return cls(
            swing_deg=25 + 12 * variety * float(np.clip(rng.standard_normal(), -1.8, 1.8)),
            swing_towards=np.array([0.4, 0.2, -1.0]) + 0.4 * variety * rng.standard_normal(3),
            u_gap_s=0.02 + 0.01 * float(rng.random()),
        )


@dataclass(frozen=True)
class Times:
    """Repolarisation times, s after QRS onset."""

    j: float
    t_on: float
    t_peak: float
    t_off: float

    @property
    def t_powers(self) -> tuple[float, float]:
        """Powers of the T wave's limbs, by `T_TOES`."""
        length = self.t_off - self.t_on
        toe_on, toe_off = T_TOES
        return (
            limb_power(toe_on * length / (self.t_peak - self.t_on)),
            limb_power(toe_off * length / (self.t_off - self.t_peak)),
        )


def times(patient: VirtualPatient, *, qrs_s: float, qt_s: float) -> Times:
    """When ST and T happen in a beat of this QRS and QT."""
    t_s = min(patient.t_s * qt_s / patient.qt_s, 0.85 * (qt_s - qrs_s))
    t_on = qt_s - t_s
    return Times(qrs_s, t_on, t_on + patient.t_asymmetry * t_s, qt_s)


def bumps(patient: VirtualPatient, body: Body, *, at: Times, excess: Array, kind: str) -> tuple[list[Bump], list[Bump]]:
    """The ST (with its slope) and the T and U of a beat.

    Parameters
    ----------
    patient, body
        Whose.
    at
        When.
    excess
        Dims (3,), QRS area beyond that of a normal activation, mV·s.
    kind
        A key of `SECONDARY`.
    """
    t_vector, st_vector = _primary(patient)
    area_to_mv = 1 / _t_area_per_mv(at)
    secondary = -SECONDARY[kind] * area_to_mv * excess
    t_vector = t_vector + secondary
    st_vector = st_vector - J_PER_AREA.get(kind, 0.0) * excess
    along = t_vector / max(float(np.linalg.norm(t_vector)), 1e-9)
    # secondary T waves begin in the ST segment: no shelf between J and T
    ramp = patient.st_slope_mv_s * (at.t_on - at.j) * along + _SECONDARY_IN_ST * secondary
    mid_t = at.t_on + 0.35 * (at.t_peak - at.t_on)
    st = [Bump(0.62 * at.j, at.j, at.t_off, st_vector, 1.6, 1.6, hold=mid_t)]
    st.append(Bump(at.j, at.t_on, at.t_off, ramp, 1.5, 1.5, hold=at.t_peak))
    if patient.coved_mv:
        # highest at the end of the QRS, falling into an inverted T
        st.append(Bump(0.72 * at.j, at.j, at.t_on + 0.5 * (at.t_peak - at.t_on), patient.coved_mv * COVED, 1.4, 1.1))
    return st, [_t_bump(t_vector, body, at), *_u_bumps(patient, body, at, along)]


def _t_area_per_mv(at: Times) -> float:
    rise, fall = at.t_powers
    return (at.t_peak - at.t_on) * limb_area(rise) + (at.t_off - at.t_peak) * limb_area(fall)


def _primary(patient: VirtualPatient) -> tuple[Array, Array]:
    """T vector at its peak and ST vector at J before secondary change, mV."""
    t_vector = patient.t_mv * direction(patient.t_axis_deg, patient.t_posterior_deg)
    st_vector = np.zeros(3)
    if patient.coved_mv:
        t_vector = t_vector - 0.75 * patient.coved_mv * COVED
    for name, vector in TERRITORIES.items():
        st_vector = st_vector + getattr(patient, f"st_{name}_mv") * vector
    if patient.strain:
        # a large left ventricle recovers late: T and ST turn away from its lateral wall
        wall = direction(min(max(patient.qrs_axis_deg, -30), 60) - 10, 28)
        t_vector = t_vector - patient.strain * (patient.t_mv + 0.22) * wall
        st_vector = st_vector - patient.strain * 0.075 * wall
    return t_vector, st_vector


def _t_bump(vector: Array, body: Body, at: Times) -> Bump:
    size = float(np.linalg.norm(vector))
    rise, fall = at.t_powers
    if size < 1e-9:
        return Bump(at.t_on, at.t_peak, at.t_off, vector, rise, fall)
    along = vector / size
    aside = body.swing_towards - (body.swing_towards @ along) * along
    aside = size * aside / max(float(np.linalg.norm(aside)), 1e-9)
    turn = float(np.deg2rad(body.swing_deg))
    return Bump(at.t_on, at.t_peak, at.t_off, vector, rise, fall, swing=aside, swing_rad=turn)


def _u_bumps(patient: VirtualPatient, body: Body, at: Times, along: Array) -> list[Bump]:
    if not patient.u_mv:
        return []
    on = at.t_off + body.u_gap_s
    return [Bump(on, on + 0.07, on + 0.17, patient.u_mv * along, 1.6, 1.6)]
