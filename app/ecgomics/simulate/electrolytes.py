"""What potassium and calcium do to an ECG: a patient with the other parameters moved as the electrolytes move them.

The order of the changes is the textbooks' (Diercks DB et al. Electrocardiographic manifestations: electrolyte
abnormalities. J Emerg Med 2004;27:153–160): high potassium first narrows and raises T, then flattens P and lengthens
PR, then widens the QRS towards a sine wave; low potassium lowers T and ST and raises U; calcium shortens or lengthens
the ST segment and with it QT, and leaves the T wave as long as it was. How much each millimole does is ours, set by
eye: in real patients the ECG follows the serum value only loosely.
"""

from __future__ import annotations

from typing import Any

from ecgomics.simulate.patient import VirtualPatient

NORMAL = {"k_mmol": 4.2, "ca_mmol": 2.35}
"""Values at which nothing is changed."""

_HIGH_K, _LATE_K, _WIDE_K, _LOW_K = 5.2, 6.2, 6.6, 3.5
_HIGH_CA, _LOW_CA = 2.6, 2.15


def with_electrolytes(patient: VirtualPatient) -> VirtualPatient:
    """The patient whose waves are as potassium and calcium make them; the same one when both are normal."""
    for change in (_potassium, _calcium):
        changed = change(patient)
        if changed:
            values = patient.as_dict() | changed
            patient = VirtualPatient.from_dict({name: _within(name, value) for name, value in values.items()})
    return patient


def _within(name: str, value: Any) -> Any:
    bounds = getattr(VirtualPatient.param[name], "bounds", None)
    return min(max(value, bounds[0]), bounds[1]) if bounds and isinstance(value, float) else value


def _potassium(patient: VirtualPatient) -> dict[str, Any]:
    potassium = patient.k_mmol
    if potassium > _HIGH_K:
        tall, late, wide = potassium - _HIGH_K, max(0.0, potassium - _LATE_K), max(0.0, potassium - _WIDE_K)
        return {
            "k_mmol": NORMAL["k_mmol"],
            "t_mv": patient.t_mv * (1 + 0.75 * min(tall, 1.8)),
            "t_share": patient.t_share - 0.05 * min(tall, 2.2),
            "t_asymmetry": patient.t_asymmetry + (0.5 - patient.t_asymmetry) * min(1.0, 0.7 * tall),
            "p_mv": patient.p_mv * max(0.0, 1 - 0.4 * late),
            "p_ms": patient.p_ms + 10.0 * late,
            "pr_ms": patient.pr_ms + 26.0 * late,
            "qrs_ms": patient.qrs_ms + 30.0 * wide,
            "qtc_ms": patient.qtc_ms + 22.0 * wide,
        }
    if potassium < _LOW_K:
        low = _LOW_K - potassium
        return {
            "k_mmol": NORMAL["k_mmol"],
            "t_mv": patient.t_mv * max(0.12, 1 - 0.55 * low),
            "u_mv": patient.u_mv + 0.13 * low,
            "st_lateral_mv": patient.st_lateral_mv - 0.045 * low,
            "st_anterior_mv": patient.st_anterior_mv - 0.055 * low,
            "st_slope_mv_s": patient.st_slope_mv_s - 0.35 * low,
            "p_mv": patient.p_mv * (1 + 0.12 * low),
        }
    return {}


def _calcium(patient: VirtualPatient) -> dict[str, Any]:
    calcium = patient.ca_mmol
    if calcium > _HIGH_CA:
        # the ST segment goes first: T keeps its length as far as there is room
        qtc_ms = max(patient.qtc_ms - 75.0 * (calcium - _HIGH_CA), 290.0)
    elif calcium < _LOW_CA:
        qtc_ms = patient.qtc_ms + 130.0 * (_LOW_CA - calcium)
    else:
        return {}
    share = patient.t_share * patient.qtc_ms / qtc_ms
    return {"ca_mmol": NORMAL["ca_mmol"], "qtc_ms": qtc_ms, "t_share": share, "qt_ms": 0.0}
