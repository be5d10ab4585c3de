"""`VirtualPatient`: the parameters of a simulated heart, body and recorder."""

from __future__ import annotations

import param

from ecgomics.settings import Settings
from ecgomics.simulate.leadfield import SWAPS

CONDUCTIONS = ("normal", "rbbb", "lbbb", "lafb", "lpfb", "rbbb_lafb", "wpw")
RHYTHMS = ("sinus", "af", "flutter", "junctional", "ventricular")
AV_BLOCKS = ("1:1", "wenckebach", "mobitz2", "2:1", "complete")
PVC_PATTERNS = ("single", "bigeminy", "couplets", "runs")
PACINGS = ("none", "atrial", "ventricular", "dual")

_MAX_T_OF_JT = 0.85
_MIN_JT_S = 0.08


def _number(default: float, low: float, high: float, doc: str, usual: tuple[float, float] | None = None) -> float:
    """A bounded number; `usual` is the range of most healthy adults, shown as soft bounds."""
    return param.Number(default, bounds=(low, high), softbounds=usual or (low, high), doc=doc)


class VirtualPatient(Settings):
    """A patient who does not exist: every wave's time, size and direction, and how it was recorded.

    Axes are frontal angles in degrees (0 left, 90 feet); `*_posterior_deg` leans the vector behind the frontal plane.
    Sizes are the greatest length of the wave's vector in the electrode frame (`ecgomics.simulate.leadfield`), mV: about
    what the limb lead along the axis shows. The soft bounds of a number are its usual adult range.

    Two patients with equal parameters but another `geometry_seed` have other bodies: electrode places, directions and
    timing of the single activation fronts, width of the T loop. Axes, sizes and intervals stay as stated.
    """

    age = _number(50, 16, 100, "Age, years.")
    sex = param.Selector(default="M", objects=["M", "F"], doc="Sex.")
    bmi = _number(25, 14, 60, "Body mass index, kg/m²: a thick chest wall lowers V1 to V6.", (18.5, 30))

    # rhythm
    rhythm = param.Selector(default="sinus", objects=list(RHYTHMS), doc="Where the beats come from.")
    heart_rate_bpm = _number(68, 25, 220, "Rate of the sinus node, or of the ventricles in AF, beats/min.", (50, 100))
    rr_variability = _number(
        0.03,
        0,
        0.35,
        "Respiratory sinus arrhythmia: amplitude as a share of RR; in AF: SD of RR over its mean.",
        (0, 0.08),
    )
    respiration_per_min = _number(14, 6, 40, "Breaths a minute.", (10, 20))
    av_conduction = param.Selector(default="1:1", objects=list(AV_BLOCKS), doc="Conduction of sinus beats.")
    escape_bpm = _number(38, 20, 60, "Rate of the escape rhythm in complete block, beats/min.")
    sinus_pause_s = _number(0, 0, 6, "One arrest of the sinus node: longest PP interval, s; 0: none.")
    pvc_per_min = _number(0, 0, 40, "Premature ventricular beats (or couplets, runs) a minute, evenly spread.", (0, 1))
    pvc_pattern = param.Selector(
        default="single", objects=list(PVC_PATTERNS), doc="How premature ventricular beats come, once there are any."
    )
    pac_per_min = _number(0, 0, 40, "Premature atrial beats a minute, evenly spread.", (0, 2))
    f_wave_mv = _number(0.12, 0, 0.5, "Fibrillatory or flutter waves: mean height in V1 (AF) or aVF (flutter), mV.")
    flutter_per_min = _number(300, 220, 380, "Atrial rate in flutter, /min; the ventricles follow 1 in 2, 3, 4 …")
    pacing = param.Selector(default="none", objects=list(PACINGS), doc="Chambers paced.")
    spike_mv = _number(1.5, 0.1, 6, "Height of a pacing spike, mV.")

    # P
    pr_ms = _number(156, 60, 420, "PR interval: P onset to QRS onset, ms.", (120, 200))
    p_ms = _number(102, 40, 200, "P duration, ms; cut where it would reach the QRS.", (80, 120))
    p_mv = _number(0.12, 0, 0.5, "P size, mV.", (0.06, 0.2))
    p_axis_deg = _number(55, -180, 180, "P axis (net area), °.", (0, 75))
    la_scale = _number(1.0, 0.3, 3, "Left atrial part of the P, ×.", (0.7, 1.4))
    ra_scale = _number(1.0, 0.3, 3, "Right atrial part of the P, ×.", (0.7, 1.4))

    # QRS
    conduction = param.Selector(default="normal", objects=list(CONDUCTIONS), doc="Path of ventricular activation.")
    qrs_ms = _number(90, 50, 220, "QRS duration, ms.", (70, 110))
    qrs_mv = _number(1.15, 0.1, 4, "QRS size before chamber enlargement, mV.", (0.7, 1.8))
    qrs_axis_deg = _number(45, -180, 180, "QRS axis (net area), °.", (-30, 90))
    qrs_rotation_deg = _number(
        0, -60, 60, "Turn of the QRS loop towards the back: moves the transition left, °.", (-25, 25)
    )
    lv_scale = _number(1.0, 0.5, 3, "Left ventricular part of the QRS, ×.", (0.8, 1.3))
    rv_scale = _number(1.0, 1.0, 6, "Right ventricular part of the QRS, ×.", (1, 1.2))
    strain = _number(0.0, 0, 1, "Strain: share of a full secondary ST-T change of a large left ventricle.", (0, 0.1))
    scar_anterior_mv = _number(0, 0, 1, "Initial vector lost in an anterior scar, mV in V3.", (0, 0))
    scar_inferior_mv = _number(0, 0, 1, "Initial vector lost in an inferior scar, mV in aVF.", (0, 0))
    fragments = _number(
        0, 0, 1, "Uneven spread of activation: size of small notches and slurs in the QRS, ×.", (0, 0.6)
    )
    j_wave_mv = _number(0, 0, 0.8, "Notch at the end of the QRS (early repolarisation), mV in V6.", (0, 0))

    # ST, T, U
    st_anterior_mv = _number(0, -0.6, 0.8, "ST level at J of an anterior injury, mV in V3.", (-0.05, 0.1))
    st_inferior_mv = _number(0, -0.6, 0.8, "ST level at J of an inferior injury, mV in aVF.", (-0.05, 0.05))
    st_lateral_mv = _number(0, -0.6, 0.8, "ST level at J of a lateral injury, mV in V6.", (-0.05, 0.05))
    st_septal_mv = _number(0, -0.6, 0.8, "ST level at J of a septal injury, mV in V2.", (-0.05, 0.2))
    st_posterior_mv = _number(0, 0, 0.8, "Posterior injury: depth of the ST depression at J, mV in V2.", (0, 0))
    coved_mv = _number(0, 0, 0.8, "Coved ST elevation of the Brugada type 1 pattern at J, mV in V1.", (0, 0))
    st_slope_mv_s = _number(0.3, -3, 3, "Rise of the ST segment along the T vector, mV/s.", (0, 0.8))
    qtc_ms = _number(408, 260, 650, "QT interval at 60/min by Fridericia, ms.", (360, 450))
    qt_ms = _number(0, 0, 750, "QT interval, ms; 0: follow `qtc_ms` and the rate.")
    t_mv = _number(0.28, 0, 1.5, "T size before secondary changes, mV.", (0.12, 0.5))
    t_axis_deg = _number(45, -180, 180, "T axis at its peak before secondary changes, °.", (0, 75))
    t_posterior_deg = _number(-25, -90, 90, "Lean of the T vector behind the frontal plane, °.", (-50, 10))
    t_share = _number(0.5, 0.3, 0.7, "T duration as a share of QT.", (0.42, 0.58))
    t_asymmetry = _number(0.59, 0.25, 0.8, "Share of the T wave that lies before its peak.", (0.53, 0.65))
    u_mv = _number(0, 0, 0.4, "U size, mV.", (0, 0.04))

    # electrolytes: they change what is stated above (`ecgomics.simulate.electrolytes`)
    k_mmol = _number(4.2, 1.5, 9.0, "Serum potassium, mmol/l.", (3.5, 5.0))
    ca_mmol = _number(2.35, 1.4, 4.0, "Total serum calcium, mmol/l.", (2.15, 2.6))

    # body and recorder
    geometry_seed = param.Integer(0, bounds=(0, 2**32 - 1), doc="Which body: electrode places and activation geometry.")
    variety = _number(1.0, 0, 2, "Spread of bodies, ×; 0: the textbook's.")
    swap = param.Selector(default="none", objects=list(SWAPS), doc="Electrodes exchanged.")
    gain = _number(1.0, 0.2, 3, "Calibration error of the recorder, ×.")
    noise_mv = _number(0.01, 0, 0.5, "Muscle and amplifier noise, RMS in a limb lead, mV.", (0, 0.03))
    wander_mv = _number(0.03, 0, 1, "Baseline wander, RMS in a limb lead, mV.", (0, 0.1))
    mains_mv = _number(0.0, 0, 0.5, "Mains interference, amplitude in a limb lead, mV.", (0, 0.02))
    mains_hz = param.Selector(default=50, objects=[50, 60], doc="Mains frequency, Hz.")

    @property
    def mean_rr_s(self) -> float:
        """Mean interval between ventricular beats without ectopy, s."""
        rate = self.heart_rate_bpm
        if self.rhythm == "flutter":
            return 60.0 / self.flutter_per_min * max(2, round(self.flutter_per_min / rate))
        if self.rhythm == "sinus" and self.av_conduction == "complete":
            return 60.0 / self.escape_bpm
        return 60.0 / rate * (2 if self.rhythm == "sinus" and self.av_conduction == "2:1" else 1)

    @property
    def qt_s(self) -> float:
        """QT interval of a beat at the mean rate, s: `qt_ms`, else `qtc_ms` by Fridericia; short of the next beat."""
        stated = self.qt_ms / 1000 if self.qt_ms else self.qtc_ms / 1000 * self.mean_rr_s ** (1 / 3)
        return max(min(stated, 0.9 * self.mean_rr_s), self.qrs_ms / 1000 + _MIN_JT_S)

    @property
    def t_s(self) -> float:
        """T duration, s: its share of QT, as far as the ST-T has room for it."""
        return min(self.t_share * self.qt_s, _MAX_T_OF_JT * (self.qt_s - self.qrs_ms / 1000))

    @property
    def tpe_s(self) -> float:
        """Interval from the T peak (of the vector's length) to its end, s."""
        return (1 - self.t_asymmetry) * self.t_s

    @property
    def has_p(self) -> bool:
        """Whether conducted beats have a P wave."""
        return self.rhythm == "sinus" and self.pacing != "ventricular" and self.p_mv > 0
