"""What the compiled code measures in one lead of one beat, and where each value is kept: the sizes, then the shapes."""

from __future__ import annotations

from ecgomics.biomarkers.block import M

SIZES = (
    "level",  # mV, median of the PR segment
    "level_from",  # 0: PR segment, 1: just before QRS onset
    "p_amp",
    "p_neg",
    "p_area",
    "q_amp",
    "r_amp",
    "s_amp",
    "r2_amp",
    "q_ms",
    "r_ms",
    "s_ms",
    "s_peak_ms",
    "r_peak_ms",
    "qrs_max",
    "qrs_min",
    "qrs_area",
    "qs",
    "st_j",
    "st_60",
    "st_80",
    "t_amp",
    "t_area",
)
"""Measured in single beats too."""

SHAPES = (
    "p_terminal",
    "p_notch_ms",
    "p_morph",
    "p_biphasic",
    "rsr",
    "notches",
    "j_wave",
    "r2_base_ms",
    "st_curve",
    "t_morph",
    "t_notch_ms",
    "t_asymmetry",
    "t_kurtosis",
)
"""Measured in the representative beat only."""

FIELDS = SIZES + SHAPES

F = {name: index for index, name in enumerate(FIELDS)}
"""Position of each value on the field axis."""

# the compiled code needs the positions as names
(
    LEVEL,
    LEVEL_FROM,
    P_AMP,
    P_NEG,
    P_AREA,
    Q_AMP,
    R_AMP,
    S_AMP,
    R2_AMP,
    Q_MS,
    R_MS,
    S_MS,
    S_PEAK_MS,
    R_PEAK_MS,
    QRS_MAX,
    QRS_MIN,
    QRS_AREA,
    QS,
    ST_J,
    ST_60,
    ST_80,
    T_AMP,
    T_AREA,
    P_TERMINAL,
    P_NOTCH_MS,
    P_MORPH,
    P_BIPHASIC,
    RSR,
    NOTCHES,
    J_WAVE,
    R2_BASE_MS,
    ST_CURVE,
    T_MORPH,
    T_NOTCH_MS,
    T_ASYMMETRY,
    T_KURTOSIS,
) = range(len(FIELDS))

P_ON, P_OFF, QRS_ON, QRS_OFF, T_ON, T_OFF = (
    M[name] for name in ("p_on", "p_off", "qrs_on", "qrs_off", "t_on", "t_off")
)
