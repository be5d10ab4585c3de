"""Voltage criteria over several leads: hypertrophy sums and scores, low voltage, transition, ST contrasts."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from ecgomics.biomarkers.amplitudes import Waves, deepest, tallest
from ecgomics.biomarkers.block import Block, Bools
from ecgomics.biomarkers.fields import F
from ecgomics.biomarkers.reasons import Causes
from ecgomics.biomarkers.sheet import Sheet
from ecgomics.settings import BiomarkerSettings
from ecgomics.vocabulary import CHEST_LEADS, LEADS, LIMB_LEADS

ST_SHIFT_MV = 0.05
ST_LEADS = 8
NO_TRANSITION = 7


def measure_voltages(
    block: Block, waves: Waves, *, sheet: Sheet, sex: NDArray[np.str_], settings: BiomarkerSettings
) -> None:
    """Write the columns that add up or compare the waves of several leads."""
    r, s = tallest(waves), deepest(waves)
    _measure_left(block, r, s, sheet=sheet, sex=sex, settings=settings)
    _measure_size(block, waves, sheet=sheet)
    _measure_transition(block, r, s, sheet=sheet)
    _measure_romhilt_estes(block, r, s, sheet=sheet)
    _measure_st_contrast(block, waves, sheet=sheet)


def lacking(block: Block, leads: tuple[str, ...]) -> Causes:
    """Causes for a column that needs these leads: no beats, a lead missing, a lead unusable."""
    absent = np.zeros(block.size, dtype=bool)
    unusable = np.zeros(block.size, dtype=bool)
    for name in leads:
        at = block.lead(name)
        absent |= True if at is None else block.lead_absent[:, at]
        unusable |= False if at is None else block.lead_unusable[:, at]
    return ((absent, "lead missing"), (block.no_beats, "no beats"), (unusable, "lead unusable"))


def pick(block: Block, values: Waves, lead: str) -> Waves:
    """One lead of (R, L) values, NaN where the block lacks the lead."""
    at = block.lead(lead)
    return values[:, at] if at is not None else np.full(block.size, np.nan, dtype=np.float32)


def _measure_left(
    block: Block, r: Waves, s: Waves, *, sheet: Sheet, sex: NDArray[np.str_], settings: BiomarkerSettings
) -> None:
    def put(column: str, value: Waves, leads: tuple[str, ...]) -> None:
        sheet.put(column, value, causes=lacking(block, leads), count=block.template_beats)

    r_of = {lead: pick(block, r, lead) for lead in LEADS}
    s_of = {lead: pick(block, s, lead) for lead in LEADS}
    sokolow = s_of["V1"] + np.maximum(r_of["V5"], r_of["V6"])
    put("Sokolow_Global", sokolow, ("V1", "V5", "V6"))
    cornell = r_of["aVL"] + s_of["V3"]
    put("Cornell_Global", cornell, ("aVL", "V3"))
    deep = np.max(np.stack([s_of[lead] for lead in LEADS]), axis=0)
    put("Peguero_Global", deep + s_of["V4"], LEADS)
    put("Gubner_Global", r_of["I"] + s_of["III"], ("I", "III"))
    put("Lewis_Global", r_of["I"] + s_of["III"] - r_of["III"] - s_of["I"], ("I", "III"))
    put("RVH_Sum_Global", r_of["V1"] + np.maximum(s_of["V5"], s_of["V6"]), ("V1", "V5", "V6"))
    qrs = sheet.get("QRS_Dur_Global")
    causes = sheet.inherit(["Sokolow_Global", "QRS_Dur_Global"])
    sheet.put("SokolowProduct_Global", sokolow * qrs, causes=causes, count=block.template_beats)
    known = np.isin(sex, ("M", "F"))
    added = np.where(sex == "F", settings.cornell_women_mv, 0.0)
    causes = (*sheet.inherit(["Cornell_Global", "QRS_Dur_Global"]), (~known, "sex unknown"))
    sheet.put("CornellProduct_Global", (cornell + added) * qrs, causes=causes, count=block.template_beats)


def _measure_size(block: Block, waves: Waves, *, sheet: Sheet) -> None:
    span = waves[..., F["qrs_max"]] - waves[..., F["qrs_min"]]
    for column, leads, largest in (
        ("QRS_MaxLimb_Global", LIMB_LEADS, True),
        ("QRS_MaxChest_Global", CHEST_LEADS, True),
        ("QRS_PPSum_Global", LEADS, False),
    ):
        over = np.stack([pick(block, span, lead) for lead in leads])
        value = over.max(axis=0) if largest else over.sum(axis=0)
        sheet.put(column, value, causes=lacking(block, leads), count=block.template_beats)


def _measure_transition(block: Block, r: Waves, s: Waves, *, sheet: Sheet) -> None:
    over = np.stack([pick(block, r, lead) > pick(block, s, lead) for lead in CHEST_LEADS])
    value = np.where(over.any(axis=0), over.argmax(axis=0) + 1, NO_TRANSITION).astype(float)
    sheet.put("Transition_Lead_Global", value, causes=lacking(block, CHEST_LEADS), count=block.template_beats)


def _measure_romhilt_estes(block: Block, r: Waves, s: Waves, *, sheet: Sheet) -> None:
    def of(values: Waves, leads: tuple[str, ...]) -> Waves:
        return np.max(np.stack([pick(block, values, lead) for lead in leads]), axis=0)

    def column(name: str) -> NDArray[np.float32]:
        return sheet.get(name)

    limb = np.fmax(of(r, LIMB_LEADS), of(s, LIMB_LEADS))
    voltage = (limb >= 2.0) | (of(s, ("V1", "V2")) >= 3.0) | (of(r, ("V5", "V6")) >= 3.0)
    strain: Bools = np.zeros(block.size, dtype=bool)
    late: Bools = np.zeros(block.size, dtype=bool)
    for lead in ("V5", "V6"):
        strain |= (column(f"ST_Amp_{lead}") <= -ST_SHIFT_MV) & (column(f"T_Amp_{lead}") < 0)
        late |= column(f"R_PeakTime_{lead}") >= 50.0
    points = (
        3.0 * voltage
        + 3.0 * strain
        + 3.0 * (column("PTF_V1") >= 4.0)
        + 2.0 * (column("QRS_AxisFront_Global") <= -30.0)
        + 1.0 * (column("QRS_Dur_Global") >= 90.0)
        + 1.0 * late
    )
    needed = (*LIMB_LEADS, "V1", "V2", "V5", "V6")
    sheet.put("RomhiltEstes_Global", points, causes=lacking(block, needed), count=block.template_beats)


def _measure_st_contrast(block: Block, waves: Waves, *, sheet: Sheet) -> None:
    st = waves[..., F["st_j"]]
    rows = [index for index, lead in enumerate(block.leads) if lead in LEADS and lead != "aVR"]
    own = st[:, rows]
    found = np.isfinite(own).sum(axis=1)
    raised = np.nansum(np.where(own >= ST_SHIFT_MV, own, 0.0), axis=1)
    lowered = np.nansum(np.where(own <= -ST_SHIFT_MV, -own, 0.0), axis=1)
    causes: Causes = ((block.no_beats, "no beats"), (found < ST_LEADS, "too few leads"))
    sheet.put("STRecip_Global", np.minimum(raised, lowered), causes=causes, count=found)
    inferior = np.mean([pick(block, st, lead) for lead in ("II", "III", "aVF")], axis=0)
    lateral = np.mean([pick(block, st, lead) for lead in ("I", "aVL")], axis=0)
    needed = ("I", "II", "III", "aVL", "aVF")
    sheet.put("ST_InfLat_Global", inferior - lateral, causes=lacking(block, needed), count=block.template_beats)
