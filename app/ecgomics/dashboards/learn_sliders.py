"""The virtual patient's sliders: groups, units, steps, and which of them set a biomarker one for one."""

from __future__ import annotations

from typing import Any

import param

from ecgomics.simulate import VirtualPatient

SLIDERS: tuple[tuple[str, tuple[tuple[str, str, str, float, int], ...]], ...] = (
    (
        "Timing",
        (
            ("heart_rate_bpm", "Rate", "/min", 1, 0),
            ("pr_ms", "PR", "ms", 2, 0),
            ("qrs_ms", "QRS", "ms", 2, 0),
            ("qtc_ms", "QTc", "ms", 2, 0),
            ("p_ms", "P duration", "ms", 2, 0),
        ),
    ),
    (
        "Direction",
        (
            ("qrs_axis_deg", "QRS axis", "°", 1, 0),
            ("p_axis_deg", "P axis", "°", 1, 0),
            ("t_axis_deg", "T axis", "°", 1, 0),
            ("qrs_rotation_deg", "QRS turned back", "°", 1, 0),
            ("t_posterior_deg", "T turned back", "°", 1, 0),
        ),
    ),
    (
        "Size",
        (
            ("qrs_mv", "QRS size", "mV", 0.02, 2),
            ("lv_scale", "LV size", "×", 0.02, 2),
            ("rv_scale", "RV size", "×", 0.05, 2),
            ("strain", "Strain", "", 0.05, 2),
            ("p_mv", "P size", "mV", 0.005, 3),
            ("la_scale", "LA size", "×", 0.05, 2),
            ("ra_scale", "RA size", "×", 0.05, 2),
            ("t_mv", "T size", "mV", 0.02, 2),
            ("t_asymmetry", "T asymmetry", "", 0.01, 2),
        ),
    ),
    (
        "ST and scars",
        (
            ("st_anterior_mv", "ST anterior", "mV", 0.01, 2),
            ("st_septal_mv", "ST septal", "mV", 0.01, 2),
            ("st_lateral_mv", "ST lateral", "mV", 0.01, 2),
            ("st_inferior_mv", "ST inferior", "mV", 0.01, 2),
            ("st_posterior_mv", "Posterior injury", "mV", 0.01, 2),
            ("st_slope_mv_s", "ST slope", "mV/s", 0.05, 2),
            ("scar_anterior_mv", "Anterior scar", "mV", 0.02, 2),
            ("scar_inferior_mv", "Inferior scar", "mV", 0.02, 2),
            ("j_wave_mv", "J wave", "mV", 0.01, 2),
            ("coved_mv", "Coved ST in V1", "mV", 0.01, 2),
        ),
    ),
    (
        "Rhythm",
        (
            ("rhythm", "Rhythm", "", 0, 0),
            ("conduction", "Conduction", "", 0, 0),
            ("av_conduction", "AV conduction", "", 0, 0),
            ("rr_variability", "RR variability", "", 0.005, 3),
            ("pvc_per_min", "PVC", "/min", 1, 0),
            ("pvc_pattern", "PVC pattern", "", 0, 0),
            ("pac_per_min", "PAC", "/min", 1, 0),
            ("sinus_pause_s", "Sinus pause", "s", 0.1, 1),
            ("f_wave_mv", "f waves", "mV", 0.01, 2),
            ("pacing", "Pacing", "", 0, 0),
        ),
    ),
    (
        "Electrolytes and recording",
        (
            ("k_mmol", "K⁺", "mM", 0.1, 1),
            ("ca_mmol", "Ca²⁺", "mM", 0.05, 2),
            ("swap", "Electrodes", "", 0, 0),
            ("noise_mv", "Noise", "mV", 0.005, 3),
            ("wander_mv", "Wander", "mV", 0.01, 2),
            ("mains_mv", "Mains", "mV", 0.005, 3),
        ),
    ),
)
"""Sliders by group: parameter, title, unit, step, decimals; parameters that are words become choices."""

ENTRIES: dict[str, Any] = {entry[0]: entry for _, entries in SLIDERS for entry in entries} | {
    "escape_bpm": ("escape_bpm", "Escape rate", "/min", 1, 0),
}
"""Every slider by its parameter."""


DIRECT = {
    "heart_rate_bpm": "HR_Mean_Global",
    "pr_ms": "PR_Int_Global",
    "qrs_ms": "QRS_Dur_Global",
    "qtc_ms": "QT_IntFridericia_Global",
    "p_ms": "P_Dur_Global",
    "qrs_axis_deg": "QRS_AxisFront_Global",
    "st_anterior_mv": "ST_Amp_V3",
    "st_septal_mv": "ST_Amp_V2",
    "st_lateral_mv": "ST_Amp_V6",
    "st_inferior_mv": "ST_Amp_aVF",
}
"""Sliders that set a biomarker, one for one."""


def reachable(name: str, value: float) -> bool:
    """Whether a slider goes as far."""
    low, high = VirtualPatient.param[name].bounds
    return bool(low <= value <= high)


def title_of(name: str) -> str:
    """A slider's title, in English; the parameter's name where it has none."""
    return str(ENTRIES[name][1]) if name in ENTRIES else name


def said(value: Any) -> str:
    """A value as the undo button has it."""
    return f"{value:.3g}".replace("-", "−") if isinstance(value, int | float) else str(value)


def numbered(value: float, entry: Any) -> str:
    """A value with a slider's decimals and unit."""
    return f"{value:.{entry[4]}f} {entry[2]}".strip().replace("-", "−")


def slider_row(name: str, title: str, unit: str, step: float, decimals: int) -> dict[str, Any]:
    """One slider for `SliderPanel`: its range and usual range, or its choices."""
    stated = VirtualPatient.param[name]
    row = {"id": name, "title": title, "unit": unit, "hint": stated.doc}
    if isinstance(stated, param.Selector):
        return row | {"options": [[value, _WORDS.get(str(value), str(value))] for value in stated.objects]}
    low, high = stated.bounds
    soft = stated.get_soft_bounds()
    usual = list(soft) if tuple(soft) != (low, high) and soft[1] > soft[0] else None
    return row | {"low": low, "high": high, "step": step, "decimals": decimals, "usual": usual}


_WORDS = {
    "af": "fibrillation",
    "rbbb": "RBBB",
    "lbbb": "LBBB",
    "lafb": "LAFB",
    "lpfb": "LPFB",
    "rbbb_lafb": "RBBB + LAFB",
    "wpw": "pre-excitation",
    "wenckebach": "Mobitz I",
    "mobitz2": "Mobitz II",
    "none": "as they should be",
}
