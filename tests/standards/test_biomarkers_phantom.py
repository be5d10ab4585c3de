"""Every computed biomarker on the ECG phantom, against values derived from the phantom's formulas.

The reference never calls the code that measures: it is closed formulas of the coefficients, or integrals and maxima of
the formulas on a fine grid. Tolerances: exact for what the sampling does not touch; one sample for times and spans of
single deflections (which lose what lies within 0.01 mV of the level); 0.5 % for areas.
"""

from __future__ import annotations

import math

import numpy as np
import pandas as pd
import pytest

from ecgomics.biomarkers import catalogue, columns, compare, measure
from ecgomics.biomarkers.phantom import (
    NORMAL,
    P_MIDDLE,
    P_OFF,
    P_ON,
    Q_END,
    QRS_ON,
    R2_END,
    R_END,
    RIGHT_BLOCK,
    S_END,
    T_OFF,
    T_ON,
    T_PEAK,
    Phantom,
    phantom,
)
from ecgomics.vocabulary import LEADS

KORS = {
    "X": {"I": 0.38, "II": -0.07, "V1": -0.13, "V2": 0.05, "V3": -0.01, "V4": 0.14, "V5": 0.06, "V6": 0.54},
    "Y": {"I": -0.07, "II": 0.93, "V1": 0.06, "V2": -0.02, "V3": -0.05, "V4": 0.06, "V5": -0.17, "V6": 0.13},
    "Z": {"I": 0.11, "II": -0.23, "V1": -0.43, "V2": -0.06, "V3": -0.14, "V4": -0.20, "V5": -0.11, "V6": 0.31},
}
EDGES = {"q": (QRS_ON, Q_END), "r": (Q_END, R_END), "s": (R_END, S_END), "r2": (S_END, R2_END)}
STEP_MS = 2.0
RR_S = (0.80, 0.84, 0.78, 0.82, 0.80, 0.76, 0.82, 0.80, 0.84, 0.78, 0.80, 0.82)
RR_MS = 1000.0 * np.array(RR_S)
GAINS = tuple(1.0 + 0.02 * k for k in (-3, -2, -1, 0, 1, 2, 3, 2, 1, 0, -1, -2, -3))


class Reference:
    """Expected (value, tolerance) by column of a phantom with the rhythm above, at 75/min or so, a man of 50."""

    def __init__(self, made: Phantom) -> None:
        self.c = {lead: {shape: made.coefficients[lead].get(shape, 0.0) for shape in SHAPES} for lead in LEADS}
        self.wide = any(values["r2"] for values in self.c.values())
        self.j = R2_END if self.wide else S_END
        self.expected: dict[str, tuple[float, float]] = {}
        self.intervals()
        self.leads()
        self.sums()
        self.vectors()
        self.rhythm()

    def put(self, column: str, value: float, tolerance: float) -> None:
        assert column not in self.expected
        self.expected[column] = (value, tolerance)

    def intervals(self) -> None:
        qrs, qt, rr = 1000 * (self.j - QRS_ON), 1000 * (T_OFF - QRS_ON), float(np.mean(RR_MS)) / 1000
        for column, value in {
            "P_Dur": 1000 * (P_OFF - P_ON),
            "PR_Int": 1000 * (QRS_ON - P_ON),
            "PR_Seg": 1000 * (QRS_ON - P_OFF),
            "QRS_Dur": qrs,
            "QT_Int": qt,
            "JT_Int": 1000 * (T_OFF - self.j),
            "ST_Dur": 1000 * (T_ON - self.j),
            "Tpe_Int": 1000 * (T_OFF - T_PEAK),
            "QT_Disp": 0.0,
            "P_Disp": 0.0,
            "PR_LeadSpread": 0.0,
            "PR_Spread": 0.0,
            "QT_IntBazett": qt / rr**0.5,
            "QT_IntFridericia": qt / rr ** (1 / 3),
            "QT_IntFramingham": qt + 154 * (1 - rr),
            "QT_IntHodges": qt + 1.75 * (60 / rr - 60),
        }.items():
            self.put(f"{column}_Global", value, 0.01)
        self.put("Tpe_QT_Ratio_Global", (T_OFF - T_PEAK) / (T_OFF - QRS_ON), 1e-5)
        hr = 60 / rr
        index = (qt - qrs) / 518 * (hr + 100) if qrs >= 120 else 100 * qt * (hr + 100) / 65600
        self.put("QT_Index_Global", index, 0.01)

    def leads(self) -> None:
        for lead, c in self.c.items():
            self.qrs_waves(lead, c)
            self.st_and_t(lead, c)
            self.p_wave(lead, c)
            self.put(f"PR_Level_{lead}", 0.0, 1e-6)
            self.put(f"Quality_{lead}", 1.0, 1e-6)
        for at, lead in enumerate(("V1", "V2", "V3", "V4", "V5", "V6"), start=1):
            if self.tall(lead) > self.deep(lead):
                self.put("Transition_Lead_Global", at, 0)
                break
        self.put("PR_LevelFrom_Global", 0, 0)
        for lead in ("V1", "V2", "V6"):
            self.put(f"RS_Ratio_{lead}", self.tall(lead) / max(self.deep(lead), 0.025), 1e-3)
        wave = self.c["V1"]
        self.put("PTF_V1", -wave["p2"] * 1000 * (P_OFF - P_MIDDLE), -wave["p2"] * STEP_MS)
        self.put("P_NotchSpacing_II", 0, 0)
        for lead in ("V1", "V2"):
            top = self.c[lead]["r2"]
            # a half sine stays within 0.1 mV of its top for this long
            width = 2000 * (R2_END - S_END) / math.pi * math.acos(1 - 0.1 / top) if top else 0.0
            self.put(f"Rprime_Base_{lead}", 5 * width, 5 * STEP_MS if top else 0)

    def waves(self, lead: str) -> list[tuple[str, float]]:
        """Deflections of 0.025 mV or more in order, neighbours of one sign merged."""
        found: list[tuple[str, float]] = []
        for shape in EDGES:
            height = self.c[lead][shape]
            if abs(height) < 0.025:
                continue
            if found and (found[-1][1] > 0) == (height > 0):
                if abs(height) > abs(found[-1][1]):
                    found[-1] = (shape, height)
                continue
            found.append((shape, height))
        return found

    def named(self, lead: str) -> dict[str, tuple[str, float]]:
        waves = self.waves(lead)
        first = next((k for k, (_, height) in enumerate(waves) if height > 0), len(waves))
        names: dict[str, tuple[str, float]] = {}
        if waves and waves[0][1] < 0:
            names["Q"] = waves[0] if first < len(waves) else min(waves, key=lambda wave: wave[1])
        if first < len(waves):
            names["R"] = waves[first]
            later = waves[first + 1 :]
            if any(height < 0 for _, height in later):
                names["S"] = min(later, key=lambda wave: wave[1])
            if any(height > 0 for _, height in later):
                names["R2"] = max(later, key=lambda wave: wave[1])
        return names

    def tall(self, lead: str) -> float:
        names = self.named(lead)
        return max((names[name][1] for name in ("R", "R2") if name in names), default=0.0)

    def deep(self, lead: str) -> float:
        names = self.named(lead)
        return -names["S"][1] if "S" in names else -names["Q"][1] if "Q" in names and "R" not in names else 0.0

    def low(self, lead: str) -> float:
        return -min((height for _, height in self.waves(lead) if height < 0), default=0.0)

    def span_ms(self, lead: str, name: str) -> tuple[float, float]:
        """Length of a deflection, neighbours of one sign included, and what trimming and sampling may take off."""
        names = self.named(lead)
        if name not in names:
            return 0.0, 0.0
        shape, height = names[name]
        start, stop = EDGES[shape]
        keys = list(EDGES)
        for other in keys[keys.index(shape) + 1 :]:
            if self.c[lead][other] * height <= 0:
                break
            stop = EDGES[other][1]
        for other in reversed(keys[: keys.index(shape)]):
            if self.c[lead][other] * height <= 0:
                break
            start = EDGES[other][0]
        ends = [self.c[lead][key] for key in keys if start <= EDGES[key][0] and EDGES[key][1] <= stop]
        lost = sum(math.asin(min(0.01 / abs(end), 1.0)) / math.pi * 40.0 for end in (ends[0], ends[-1]))
        return 1000 * (stop - start), lost + 2 * STEP_MS

    def qrs_waves(self, lead: str, c: dict[str, float]) -> None:
        names = self.named(lead)
        for name in ("Q", "R", "S", "R2"):
            self.put(f"{name}_Amp_{lead}", names[name][1] if name in names else 0.0, 2e-3)
        for name in ("Q", "R", "S"):
            self.put(f"{name}_Dur_{lead}", *self.span_ms(lead, name))
        heights = [c[shape] for shape in EDGES] + [c["st"], 0.0]
        high, low = max(heights), min(heights)
        self.put(f"QRS_PP_{lead}", high - low, 2e-3)
        self.put(f"QRS_Balance_{lead}", high + low, 2e-3)
        area = sum(2 / math.pi * c[shape] * 1000 * (stop - start) for shape, (start, stop) in EDGES.items())
        # J itself is on the plateau: the last trapezoid holds half of it
        self.put(f"QRS_Area_{lead}", area, 0.005 * abs(area) + 0.05 + abs(c["st"]) * STEP_MS)
        self.put(f"QS_Pattern_{lead}", float("Q" in names and "R" not in names), 0)
        self.put(f"Q_Present_{lead}", float("Q" in names), 0)
        self.put(f"RSR_Pattern_{lead}", float("R2" in names and names["R2"][1] >= 0.05), 0)
        self.put(f"QR_Ratio_{lead}", abs(names.get("Q", ("", 0.0))[1]) / max(self.tall(lead), 0.025), 0.01)
        tops = [shape for shape in EDGES if c[shape] >= max(0.5 * self.tall(lead), 0.025)]
        if tops:
            self.put(f"R_PeakTime_{lead}", 1000 * (sum(EDGES[tops[-1]]) / 2 - QRS_ON), STEP_MS)
        if lead in ("V1", "V2", "V3"):
            shape = names["S"][0] if "S" in names else names["Q"][0]
            self.put(f"Terminal_Activation_{lead}", 1000 * (self.j - sum(EDGES[shape]) / 2), STEP_MS)
        # two neighbours of one sign touch the level between them: one notch
        floor = max(0.03, 0.03 * (high - low))
        pairs = zip(list(EDGES)[:-1], list(EDGES)[1:], strict=True)
        twins = sum(c[a] * c[b] > 0 and min(abs(c[a]), abs(c[b])) >= floor for a, b in pairs)
        self.put(f"QRS_Notches_{lead}", twins, 0)
        self.put(f"JWave_Amp_{lead}", 0, 0)

    def st_and_t(self, lead: str, c: dict[str, float]) -> None:
        def level(t: float) -> float:
            plateau = min(max((T_OFF - t) / (T_OFF - T_ON), 0.0), 1.0)
            return c["st"] * plateau + c["t"] * (raised(t, T_ON, T_OFF))

        at_j, after = level(self.j), level(self.j + 0.080)
        self.put(f"ST_Amp_{lead}", at_j, 1e-3)
        self.put(f"ST60_Amp_{lead}", level(self.j + 0.060), 1e-3)
        self.put(f"ST80_Amp_{lead}", after, 1e-3)
        self.put(f"ST_Slope_{lead}", (after - at_j) / 0.080, 0.02)
        middle = level(self.j + 0.040)
        self.put(f"ST_Curve_{lead}", middle - (at_j + after) / 2, 1e-3)
        # nothing of the T wave lies in the first 80 ms of ST, but its first 8 ms where the QRS is wide
        assert abs(after - at_j) < 0.02, "the phantom's ST segments are level and straight"
        self.put(f"ST_Form_{lead}", 0, 0)
        curve = np.array([level(t) for t in np.linspace(T_ON, T_OFF, 2001)])
        top = curve[np.abs(curve).argmax()]
        if abs(top) >= 0.0999:
            self.t_shape(lead, curve * math.copysign(1.0, top))
        self.put(f"T_Amp_{lead}", top, 1e-3)
        area = (0.5 * c["st"] + 0.5 * c["t"]) * 1000 * (T_OFF - T_ON)
        self.put(f"T_Area_{lead}", area, 0.01 * abs(area) + abs(c["st"]) * STEP_MS + 0.02)
        both = curve.max() >= 0.05 and -curve.min() >= 0.05
        assert not both, "the phantom has no biphasic T"
        self.put(f"T_Morph_{lead}", 0.0 if abs(top) < 0.05 else math.copysign(1.0, top), 0)
        if self.tall(lead) > 0:
            self.put(f"TR_Ratio_{lead}", top / self.tall(lead), 0.02)
        if abs(at_j) < 1e-9:
            self.put(f"STS_Ratio_{lead}", 0.0, 1e-4)
        else:
            opposite = -self.low(lead) if at_j > 0 else self.tall(lead)
            if opposite:
                self.put(f"STS_Ratio_{lead}", at_j / opposite, 0.01)

    def t_shape(self, lead: str, curve: np.ndarray) -> None:
        """Slopes over 20 ms on either side of the peak, and the kurtosis above the chord, of an upright T wave."""
        t = np.linspace(T_ON, T_OFF, len(curve))
        top, reach = int(curve.argmax()), round(0.020 / (t[1] - t[0]))
        steps = curve[reach:] - curve[:-reach]
        before, after = steps[: top - reach + 1].max(), -steps[top:].min()
        self.put(f"T_Asymmetry_{lead}", after / before, 0.03 * after / before)
        weight = np.clip(curve - np.interp(t, t[[0, -1]], curve[[0, -1]]), 0, None)
        weight = weight / weight.sum()
        away = t - (weight * t).sum()
        self.put(f"T_Kurtosis_{lead}", (weight * away**4).sum() / (weight * away**2).sum() ** 2, 0.03)
        self.put(f"T_NotchSpacing_{lead}", 0, 0)

    def p_wave(self, lead: str, c: dict[str, float]) -> None:
        phases = (c["p1"], c["p2"]) if c["p1"] or c["p2"] else (c["p"],)
        top = max(phases, key=abs)
        self.put(f"P_Amp_{lead}", top, 1e-3)
        self.put(f"PNeg_Amp_{lead}", min(*phases, 0.0), 1e-3)
        width = 1000 * (P_OFF - P_ON)
        area = 0.5 * c["p"] * width + (c["p1"] + c["p2"]) / math.pi * width
        self.put(f"P_Area_{lead}", area, 0.005 * abs(area) + 0.01)
        biphasic = len(phases) == 2
        self.put(f"P_Biphasic_{lead}", float(biphasic), 0)
        flat = abs(top) < 0.02
        self.put(f"P_Morph_{lead}", 2.0 if biphasic else 0.0 if flat else math.copysign(1.0, top), 0)

    def sums(self) -> None:
        r, s = self.tall, self.deep
        qrs = 1000 * (self.j - QRS_ON)
        sokolow, cornell = s("V1") + max(r("V5"), r("V6")), r("aVL") + s("V3")
        pp = {lead: self.expected[f"QRS_PP_{lead}"][0] for lead in LEADS}
        for column, value in {
            "Sokolow": sokolow,
            "Cornell": cornell,
            "Peguero": max(s(lead) for lead in LEADS) + s("V4"),
            "Gubner": r("I") + s("III"),
            "Lewis": r("I") + s("III") - r("III") - s("I"),
            "RVH_Sum": r("V1") + max(s("V5"), s("V6")),
            "QRS_MaxLimb": max(pp[lead] for lead in LEADS[:6]),
            "QRS_MaxChest": max(pp[lead] for lead in LEADS[6:]),
            "QRS_PPSum": sum(pp.values()),
        }.items():
            self.put(f"{column}_Global", value, 0.005 if column != "QRS_PPSum" else 0.02)
        self.put("SokolowProduct_Global", sokolow * qrs, 0.5)
        self.put("CornellProduct_Global", cornell * qrs, 0.5)
        st = {lead: c["st"] for lead, c in self.c.items() if lead != "aVR"}
        up = sum(value for value in st.values() if value >= 0.05)
        down = -sum(value for value in st.values() if value <= -0.05)
        self.put("STRecip_Global", min(up, down), 5e-3)
        self.put("ST_InfLat_Global", 0.0, 2e-3)
        self.put("LimbConsistency_Global", 0.0, 1e-5)
        # QRS ≥ 90 ms is the only Romhilt–Estes point either phantom has
        self.put("RomhiltEstes_Global", float(qrs >= 90), 0)

    def vectors(self) -> None:
        def vcg(of: dict[str, float]) -> np.ndarray:
            return np.array([sum(weight * of[lead] for lead, weight in row.items()) for row in KORS.values()])

        def shape(name: str) -> np.ndarray:
            return vcg({lead: c[name] for lead, c in self.c.items()})

        def axis(area: dict[str, float]) -> float:
            return math.degrees(math.atan2(2 / math.sqrt(3) * area["aVF"], area["I"]))

        axes = {}
        for wave, column in (("P", "P_Area"), ("QRS", "QRS_Area"), ("T", "T_Area")):
            axes[wave] = axis({lead: self.expected[f"{column}_{lead}"][0] for lead in ("I", "aVF")})
            self.put(f"{wave}_AxisFront_Global", axes[wave], 0.5)
        initial = {}
        for lead in ("I", "aVF"):
            # the first 80 ms hold q and r whole, and the s up to where they end
            part = (QRS_ON + 0.080 - EDGES["s"][0]) / (EDGES["s"][1] - EDGES["s"][0])
            share = {"q": 1.0, "r": 1.0, "s": (1 - math.cos(math.pi * part)) / 2}
            initial[lead] = sum(
                self.c[lead][name] * (EDGES[name][1] - EDGES[name][0]) * whole for name, whole in share.items()
            )
        self.put("QRS_AxisInitial_Global", axis(initial), 1.0)
        turn = abs(axes["QRS"] - axes["T"])
        self.put("QRST_AngleFront_Global", min(turn, 360 - turn), 0.7)

        lobes = {name: shape(name) for name in EDGES}
        qrs_area = sum(2 / math.pi * 1000 * (EDGES[name][1] - EDGES[name][0]) * v for name, v in lobes.items())
        st_area = 1000 * (T_ON - self.j) + 500 * (T_OFF - T_ON)
        late_area = st_area * shape("st") + 500 * (T_OFF - T_ON) * shape("t")
        whole = qrs_area + late_area
        self.put("QRST_AngleSpatial_Global", angle(qrs_area, late_area), 0.7)
        self.put("VG_Mag_Global", np.linalg.norm(whole), 0.6)
        self.put("VG_Azimuth_Global", math.degrees(math.atan2(whole[2], whole[0])), 0.7)
        self.put("VG_Elevation_Global", math.degrees(math.atan2(whole[1], math.hypot(whole[0], whole[2]))), 0.7)
        largest = max(lobes.values(), key=np.linalg.norm)
        self.put("QRS_VectorMag_Global", np.linalg.norm(largest), 2e-3)
        t = np.linspace(T_ON, T_OFF, 4001)
        loop = raised(t, T_ON, T_OFF)[:, None] * shape("t") + ((T_OFF - t) / (T_OFF - T_ON))[:, None] * shape("st")
        peak = loop[np.linalg.norm(loop, axis=1).argmax()]
        self.put("T_VectorMag_Global", np.linalg.norm(peak), 2e-3)
        self.put("QRST_AngleSpatialPeak_Global", angle(largest, peak), 0.7)
        plateau = 1000 * (T_ON - self.j) * np.abs(shape("st")).sum()
        late = 1000 * np.trapezoid(np.abs(loop).sum(axis=1), t)
        early = sum(2 / math.pi * 1000 * (EDGES[k][1] - EDGES[k][0]) * np.abs(v).sum() for k, v in lobes.items())
        self.put("SAI_QRST_Global", early + plateau + late, 0.6)
        self.put("ST_VectorMag_Global", np.linalg.norm(shape("st")), 2e-3)
        # the T wave is a · raised + b · ramp in every lead: its second moments have rank 2 and follow from 2×2 overlaps
        forms = np.stack([raised(t, T_ON, T_OFF), (T_OFF - t) / (T_OFF - T_ON)])
        overlap = np.trapezoid(forms[:, None] * forms[None], t, axis=-1)
        weights = np.array([[self.c[lead]["t"], self.c[lead]["st"]] for lead in KORS["X"]])
        values = np.sort(np.linalg.eigvals(weights.T @ weights @ overlap).real)
        self.put("T_PCA_Ratio_Global", values[0] / values[1], 1e-3)
        self.put("Delta_Index_Global", self.delta_index(), 0.02)

    def delta_index(self) -> float:
        """Root of summed squares over the leads of the slope across ±4 ms, first 40 ms against the largest."""
        t = np.linspace(QRS_ON - 0.01, self.j + 0.01, 40001)

        def moved(by: float) -> np.ndarray:
            at = t + by
            waves = {
                k: np.where((at > a) & (at < b), np.sin(np.pi * (at - a) / (b - a)), 0) for k, (a, b) in EDGES.items()
            }
            waves["st"] = (at >= self.j).astype(float)
            return np.stack([sum(c[k] * wave for k, wave in waves.items()) for c in self.c.values()])

        speed = np.linalg.norm(moved(0.004) - moved(-0.004), axis=0)
        inside = (t >= QRS_ON) & (t <= self.j)
        early = (t >= QRS_ON) & (t <= QRS_ON + 0.040)
        return float(speed[early].mean() / speed[inside].max())

    def rhythm(self) -> None:
        rr, d = RR_MS, np.diff(RR_MS)
        n = len(rr)
        middle = float(np.median(rr))
        for column, value in {
            "HR_Mean": 60000 / rr.mean(),
            "HR_Median": 60000 / middle,
            "HR_Sinus": 60000 / rr.mean(),
            "HR_Min": 60000 / rr.max(),
            "HR_Max": 60000 / rr.min(),
            "HR_Atrial": 60000 / middle,
            "RR_Mean": rr.mean(),
            "RR_StdDev": math.sqrt(((rr - rr.mean()) ** 2).sum() / (n - 1)),
            "RR_IQR": np.percentile(rr, 75) - np.percentile(rr, 25),
            "RR_MAD": 1.4826 * np.median(np.abs(rr - middle)),
            "RR_Max": rr.max(),
        }.items():
            self.put(f"{column}_Global", float(value), 0.01)
        for column, value in {
            "RR_CV": math.sqrt(((rr - rr.mean()) ** 2).sum() / (n - 1)) / rr.mean(),
            "NRMSSD": math.sqrt((d**2).mean()) / rr.mean(),
            "TurningPoint": sum(d[k] * d[k + 1] < 0 for k in range(n - 2)) / (n - 2),
            "P_QRS_Ratio": 1,
            "P_Fraction": 1,
            # PR is constant, so PP is RR
            "PP_Deviation": float(np.median(np.abs(rr / middle - 1))),
            "PAC_Count": 0,
            "PVC_Count": 0,
            "PVC_Burden": 0,
            "PVC_Couplets": 0,
            "PVC_Runs": 0,
            "PVC_RunMax": 0,
            "Bigeminy": 0,
            "P_Unfollowed": 0,
            "AV_Blocked": 0,
            "AV_BlockedRun": 0,
            "AV_Alternating": 0,
            "Pause_Count": 0,
            "Paced_Fraction": 0,
            "Pace_Spikes": 0,
            "Usable_Fraction": 1,
            "Quality": 1,
            "Beat_Corr": 1,
        }.items():
            self.put(f"{column}_Global", float(value), 1e-4)
        # intervals lie within 0.96 … 1.04 of the median (the middle one of 15 bins) but for the extremes
        bins = np.array([((rr / middle >= 0.4 + 0.08 * k) & (rr / middle < 0.48 + 0.08 * k)).sum() for k in range(15)])
        share = bins[bins > 0] / n
        self.put("RR_Entropy_Global", float(-(share * np.log(share)).sum() / math.log(15)), 1e-4)


SHAPES = ("p", "p1", "p2", "q", "r", "s", "r2", "st", "t")

ELSEWHERE = {
    "PVC_Coupling_": "tests/unit/biomarkers/test_ectopy.py",
    "PVC_Pause_": "tests/unit/biomarkers/test_ectopy.py",
    "CSI_": "tests/unit/biomarkers/test_variability.py",
    "CVI_": "tests/unit/biomarkers/test_variability.py",
    "VLF_": "tests/unit/biomarkers/test_fluctuation.py",
    "LF_": "tests/unit/biomarkers/test_fluctuation.py",
    "HF_": "tests/unit/biomarkers/test_fluctuation.py",
    "DFA_": "tests/unit/biomarkers/test_fluctuation.py",
    "Lorenz_": "tests/unit/biomarkers/test_variability.py",
    **dict.fromkeys(
        ("PVC_PerHour_", "PAC_PerHour_", "HR_Slowest5_", "HR_Fastest5_", "SDANN_", "SDNN_Index_", "HRV_Triangular_"),
        "tests/unit/biomarkers/test_holter.py",
    ),
    "Sawtooth_": "tests/unit/biomarkers/test_sawtooth.py",
    "AV_PRDrop_": "tests/unit/biomarkers/test_conduction.py",
    "PVC_RunRate_": "tests/unit/biomarkers/test_ectopy.py",
    "FWave_": "tests/unit/biomarkers/test_fibrillation.py",
    "Resp_": "tests/unit/biomarkers/test_breathing.py",
    "RSA_": "tests/unit/biomarkers/test_breathing.py",
    "Band_": "against scipy's Welch, test_biomarkers_signal.py",
    "Spectral_Entropy": "against scipy's Welch, test_biomarkers_signal.py",
    "SNR_": "against noise of known size, test_biomarkers_signal.py",
    "CosEn_": "by hand and against brute force, tests/unit/biomarkers/test_variability.py",
    "SampEn_": "tests/unit/biomarkers/test_variability.py",
    "RMSSD_": "tests/unit/biomarkers/test_variability.py",
    "SDSD_": "tests/unit/biomarkers/test_variability.py",
    "PNN": "tests/unit/biomarkers/test_variability.py",
    "SDNN_": "tests/unit/biomarkers/test_variability.py",
    "SD1_": "tests/unit/biomarkers/test_variability.py",
    "SD2_": "tests/unit/biomarkers/test_variability.py",
}


def raised(t: float | np.ndarray, start: float, stop: float) -> np.ndarray:
    return 0.5 - 0.5 * np.cos(2 * np.pi * (np.clip(t, start, stop) - start) / (stop - start))


def angle(a: np.ndarray, b: np.ndarray) -> float:
    return math.degrees(math.acos(float(a @ b) / (float(np.linalg.norm(a)) * float(np.linalg.norm(b)))))


def measured(made: Phantom) -> pd.DataFrame:
    values = measure(made.beats, made.ecg, subjects=made.subjects)
    return values.isel(record=0).to_dataframe()


@pytest.fixture(scope="module", params=["normal", "right_block"])
def made(request: pytest.FixtureRequest) -> Phantom:
    return phantom({"normal": NORMAL, "right_block": RIGHT_BLOCK}[request.param], rr_s=RR_S, gains=GAINS)


def test_every_biomarker_has_its_reference_value(made: Phantom) -> None:
    table, reference = measured(made), Reference(made)
    off = {}
    for column, (value, tolerance) in reference.expected.items():
        got = table.loc[column, "value"]
        if not abs(got - value) <= tolerance + 1e-6:
            off[column] = (float(got), value, tolerance)
    assert not off


def test_the_reference_leaves_no_column_out(made: Phantom) -> None:
    reference = Reference(made)
    missing = [
        column
        for column in columns(LEADS)["column"]
        if column not in reference.expected and not column.startswith(tuple(ELSEWHERE))
    ]
    # a lead without R, or with ST shifted and no opposite wave, has a reason instead of a value
    table = measured(made)
    assert [column for column in missing if table.loc[column, "reason"] == 0] == []
    assert {column.rsplit("_", 1)[0] for column in missing} <= {
        *("R_PeakTime", "TR_Ratio", "STS_Ratio", "T_Asymmetry", "T_Kurtosis", "T_NotchSpacing")
    }


def test_the_spread_of_a_voltage_is_that_of_the_gains(made: Phantom) -> None:
    table = measured(made)
    iqr = np.percentile(GAINS, 75) - np.percentile(GAINS, 25)
    for column in ("R_Amp_V5", "T_Amp_II", "P_Amp_II", "ST_Amp_V2", "QRS_Area_V5"):
        assert table.loc[column, "iqr"] == pytest.approx(iqr * abs(table.loc[column, "value"]), rel=0.02, abs=1e-4)
        assert table.loc[column, "count"] == len(GAINS)
    assert table.loc["PR_Int_Global", "iqr"] == pytest.approx(0.0, abs=1e-3)


def test_units_are_those_of_the_catalogue(made: Phantom) -> None:
    table = measured(made)
    units = {column: entry.unit for entry in catalogue() if entry.computed for column, _ in entry.columns(LEADS)}
    assert {column: table.loc[column, "unit"] for column in table.index} == {c: units[c] for c in table.index}


def test_z_against_the_reference_is_the_distance_from_the_middle_in_its_standard_deviations(made: Phantom) -> None:
    values = measure(made.beats, made.ecg, subjects=made.subjects)
    z = compare(values, subjects=made.subjects)["value"].isel(record=0)
    limits = {"PR_Int": (113, 212), "QT_Int": (325, 452), "HR_Mean": (48, 98), "QRS_AxisFront": (-40, 91)}
    for name, (low, high) in limits.items():
        value = float(values["value"].sel(biomarker=f"{name}_Global").item())
        expected = (value - (low + high) / 2) / ((high - low) / (2 * 2.05375))
        assert z.sel(biomarker=f"{name}_Global_zRef").item() == pytest.approx(expected, abs=1e-3)
