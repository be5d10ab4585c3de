"""`Heart`: a patient's beats as vector signals on a fine clock, and the lead field that shows them."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np

from ecgomics.simulate import repolarisation
from ecgomics.simulate.activation import LATE, TERRITORIES, Front, atria, net_area, ventricles
from ecgomics.simulate.kernel import Array, Bump, drawn
from ecgomics.simulate.leadfield import TEXTBOOK, TEXTBOOK_ATRIA, lead_field
from ecgomics.simulate.patient import VirtualPatient
from ecgomics.simulate.repolarisation import Body, Times

STEP_S = 0.00025
"""Grid of the vector signals, s. Marks are read off it, so they do not depend on the sampling rate."""

_REFERENCE_QRS_S = 0.09
_BEFORE_NOTCH = 0.82
_BASE_BEFORE_NOTCH = 0.1
_GEOMETRY = {"field": 0, "ventricles": 1, "atria": 2, "recovery": 3, "ectopic": 4}


@dataclass(frozen=True)
class Signal:
    """A vector signal that starts at 0 s: dims (3, grid), mV, step `STEP_S`; zero outside."""

    vector: Array

    def at(self, time: Array) -> Array:
        """Linear interpolation at `time` (s), dims (3, time)."""
        position = time / STEP_S
        index = np.floor(position).astype(np.int64)
        inside = (index >= 0) & (index < self.vector.shape[1] - 1)
        index = np.where(inside, index, 0)
        share = (position - index) * inside
        left, right = self.vector[:, index], self.vector[:, index + 1]
        result: Array = (left + share * (right - left)) * inside
        return result

    @property
    def duration_s(self) -> float:
        """Length of the grid, s."""
        return float((self.vector.shape[1] - 1) * STEP_S)


@dataclass(frozen=True)
class Complex:
    """QRS, ST, T and U of one kind of beat; 0 s is QRS onset."""

    at: Times
    qrs: Signal
    st: Signal
    t: Signal

    @property
    def ventricular(self) -> Signal:
        """All of it together."""
        return Signal(self.qrs.vector + self.st.vector + self.t.vector)


@dataclass(frozen=True)
class Heart:
    """A patient's beats.

    Parameters
    ----------
    field, atrial_field
        Dims (12, 3), mV each mV: of the ventricles (and whatever else there is), and of the P waves.
    complexes
        ``conducted`` and, where they occur, ``pvc`` and ``paced``.
    atria
        ``sinus`` and, where they occur, ``pac``: P waves; 0 s is P onset.
    leading
        Which of `complexes` most beats are.
    """

    field: Array
    atrial_field: Array
    complexes: dict[str, Complex]
    atria: dict[str, Signal]
    leading: str = "conducted"

    @classmethod
    def of(cls, patient: VirtualPatient) -> Heart:
        """Build the heart a patient's parameters imply."""
        rng = _streams(patient)
        variety = patient.variety
        field, atrial_field = (_field(patient, textbook) for textbook in (TEXTBOOK, TEXTBOOK_ATRIA))
        body = Body.drawn(rng["recovery"], variety=variety)
        normal = net_area(_conducted(patient, "normal")) * _REFERENCE_QRS_S
        complexes = {"conducted": _complex(patient, body, fronts=_conducted(patient), normal=normal)}
        if patient.pvc_per_min or patient.rhythm == "ventricular":
            fronts, qrs_s = _ectopic(patient, rng["ectopic"])
            complexes["pvc"] = _complex(patient, body, fronts=fronts, normal=normal, kind="pvc", qrs_s=qrs_s)
        if patient.pacing in ("ventricular", "dual"):
            fronts, qrs_s = _paced(patient), max(patient.qrs_ms, 150) / 1000
            complexes["paced"] = _complex(patient, body, fronts=fronts, normal=normal, kind="paced", qrs_s=qrs_s)
        leading = "pvc" if patient.rhythm == "ventricular" else "paced" if "paced" in complexes else "conducted"
        return cls(field, atrial_field, complexes, _p_waves(patient), leading)


def p_s(patient: VirtualPatient) -> float:
    """P duration, s; it ends at the latest 6 ms before the QRS."""
    return min(patient.p_ms, patient.pr_ms - 6) / 1000


def _streams(patient: VirtualPatient) -> dict[str, np.random.Generator]:
    return {name: np.random.default_rng([patient.geometry_seed, k]) for name, k in _GEOMETRY.items()}


def _field(patient: VirtualPatient, textbook: Array) -> Array:
    return lead_field(
        _streams(patient)["field"],
        variety=patient.variety,
        textbook=textbook,
        bmi=patient.bmi,
        swap=patient.swap,
        gain=patient.gain,
    )


def _conducted(patient: VirtualPatient, conduction: str | None = None) -> list[Front]:
    """Fronts of a conducted beat; with `conduction`, as they would be with that path and no scar or enlargement."""
    path = conduction or patient.conduction
    notch = 0.0 if conduction else patient.j_wave_mv
    sizes = (
        {}
        if conduction
        else {"lv_scale": patient.lv_scale, "rv_scale": patient.rv_scale, "fragments": patient.fragments}
    )
    fronts = ventricles(
        path,
        _streams(patient)["ventricles"],
        variety=patient.variety * (0.6 if path == "lbbb" else 1.0),
        size_mv=patient.qrs_mv,
        axis_deg=patient.qrs_axis_deg if conduction is None else min(max(patient.qrs_axis_deg, -20), 75),
        rotation_deg=patient.qrs_rotation_deg,
        scars=() if conduction else _scars(patient),
        **sizes,
    )
    return _notched(fronts, notch) if notch else fronts


def _notched(fronts: list[Front], size_mv: float) -> list[Front]:
    """A notch in the last fifth of the QRS; the rest is over when it is at its height."""
    # a notch sits on the falling R: the late basal forces that would make an S are small here
    sized = [front.sized(_BASE_BEFORE_NOTCH) if front.part == "base" else front for front in fronts]
    earlier = [replace(front, bump=front.bump.scaled(0.0, _BEFORE_NOTCH)) for front in sized]
    return [*earlier, Front(Bump(_BEFORE_NOTCH - 0.06, 0.9, 1.0, size_mv * LATE, 1.2, 1.2), "notch", 0.0)]


def _scars(patient: VirtualPatient) -> list[Bump]:
    lost = {"anterior": patient.scar_anterior_mv, "inferior": patient.scar_inferior_mv}
    bumps = [Bump(0.0, 0.22, 0.5, -mv * TERRITORIES[name]) for name, mv in lost.items() if mv]
    return bumps


def _ectopic(patient: VirtualPatient, rng: np.random.Generator) -> tuple[list[Front], float]:
    origin = "pvc right" if rng.random() < 0.6 else "pvc left"
    size = patient.qrs_mv * rng.uniform(1.25, 1.7)
    qrs_s = max(0.138 + 0.03 * rng.random(), patient.qrs_ms / 1000 + 0.03)
    return ventricles(origin, rng, variety=patient.variety, size_mv=size, axis_deg=None), float(qrs_s)


def _paced(patient: VirtualPatient) -> list[Front]:
    rng = _streams(patient)["ventricles"]
    return ventricles("paced", rng, variety=patient.variety, size_mv=1.1 * patient.qrs_mv, axis_deg=None)


def _complex(
    patient: VirtualPatient,
    body: Body,
    *,
    fronts: list[Front],
    normal: Array,
    kind: str | None = None,
    qrs_s: float | None = None,
) -> Complex:
    qrs = patient.qrs_ms / 1000 if qrs_s is None else qrs_s
    qt = patient.qt_s + (qrs - patient.qrs_ms / 1000)
    at = repolarisation.times(patient, qrs_s=qrs, qt_s=qt)
    excess = net_area(fronts) * qrs - normal
    st, t = repolarisation.bumps(patient, body, at=at, excess=excess, kind=kind or patient.conduction)
    end = max(bump.off for bump in st + t)
    time = np.arange(int(np.ceil(end / STEP_S)) + 2) * STEP_S
    waves = [front.bump.scaled(0.0, qrs) for front in fronts]
    return Complex(at, Signal(drawn(waves, time)), Signal(drawn(st, time)), Signal(drawn(t, time)))


def _p_waves(patient: VirtualPatient) -> dict[str, Signal]:
    if not patient.p_mv:
        return {}
    waves = {"sinus": patient.p_axis_deg}
    if patient.pac_per_min:
        # an ectopic focus: the P points elsewhere
        waves["pac"] = patient.p_axis_deg - 70
    return {name: _p_wave(patient, axis) for name, axis in waves.items()}


def _p_wave(patient: VirtualPatient, axis_deg: float) -> Signal:
    fronts = atria(
        _streams(patient)["atria"],
        variety=patient.variety,
        size_mv=patient.p_mv,
        axis_deg=axis_deg,
        la_scale=patient.la_scale,
        ra_scale=patient.ra_scale,
    )
    duration = p_s(patient)
    time = np.arange(int(np.ceil(duration / STEP_S)) + 2) * STEP_S
    return Signal(drawn([front.bump.scaled(0.0, duration) for front in fronts], time))
