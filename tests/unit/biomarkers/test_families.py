"""The catalogue as data: files, schema, names, and nothing hidden."""

from __future__ import annotations

import json
from importlib import resources

import jsonschema
import pytest

from ecgomics.biomarkers import catalogue, columns, describe, measure
from ecgomics.biomarkers.families import FILES, load, stage_of
from ecgomics.biomarkers.phantom import phantom
from ecgomics.errors import VocabularyError
from ecgomics.vocabulary import DIMENSIONS, LEADS


def words(text: str) -> frozenset[str]:
    return frozenset(text.split())


AGREED_GLOBAL = words(
    """
P_Dur PR_Int PR_Seg QRS_Dur QT_Int QT_IntBazett QT_IntFridericia QT_IntFramingham QT_IntHodges JT_Int QT_Index Tpe_Int
Tpe_QT_Ratio QT_Disp P_Disp ST_Dur P_AxisFront QRS_AxisFront T_AxisFront QRST_AngleFront QRST_AngleSpatial
QRST_AngleSpatialPeak Transition_Lead Delta_Index PR_LeadSpread Pace_Spikes Sokolow Cornell CornellProduct
SokolowProduct
Peguero Gubner Lewis RVH_Sum RomhiltEstes QRS_MaxLimb QRS_MaxChest QRS_PPSum QRS_VectorMag T_VectorMag VG_Mag SAI_QRST
ST_VectorMag Quality HR_Mean HR_Median HR_Min HR_Max RR_Mean RR_StdDev RR_IQR RR_CV RR_Max HR_Atrial P_QRS_Ratio RMSSD
SDSD PNN20 PNN50 SDNN SD1 SD2 SD1_SD2_Ratio SampEn CosEn NRMSSD TurningPoint RR_Entropy P_Fraction PR_Spread PAC_Count
PVC_Count PVC_Burden Pause_Count Beat_Corr Paced_Fraction Usable_Fraction LimbConsistency STRecip Out_Of_Limits
"""
)
AGREED_BY_LEAD = words(
    """
R_PeakTime Q_Dur R_Dur S_Dur P_Morph T_Morph RSR_Pattern QS_Pattern QRS_Notches Q_Present P_Biphasic JWave_Amp P_Amp
PNeg_Amp P_Area Q_Amp R_Amp S_Amp R2_Amp QRS_PP QRS_Area QRS_Balance ST_Amp ST60_Amp ST80_Amp ST_Slope T_Amp T_Area
QR_Ratio TR_Ratio STS_Ratio SNR Quality PR_Level Band_Low Band_Mid Band_High
"""
)
AGREED_ALONE = ["PTF_V1", "P_NotchSpacing_II", "RS_Ratio_V1", "RS_Ratio_V2", "RS_Ratio_V6", "Spectral_Entropy_II"]


@pytest.mark.parametrize("name", FILES)
def test_files_follow_the_schema(name: str) -> None:
    text = resources.files("ecgomics.biomarkers").joinpath("data", "biomarker.schema.json").read_text(encoding="utf-8")
    validator = jsonschema.Draft202012Validator(json.loads(text))
    errors = [f"{list(error.path)}: {error.message}" for error in validator.iter_errors(load(f"{name}.yaml"))]
    assert errors == []


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"unit": "furlong"}, "furlong"),
        ({"codes": {"loinc": "abc"}}, "abc"),
        ({"evidence": "cited", "citation": ""}, None),
        ({"ranges": [{"source": "nobody"}]}, "nobody"),
        ({"surprise": 1}, "surprise"),
    ],
)
def test_the_schema_refuses_a_wrong_entry(change: dict[str, object], message: str | None) -> None:
    text = resources.files("ecgomics.biomarkers").joinpath("data", "biomarker.schema.json").read_text(encoding="utf-8")
    entry = load("structural.yaml")[2] | change
    with pytest.raises(jsonschema.ValidationError, match=message):
        jsonschema.validate([entry], json.loads(text))


def test_every_number_of_the_catalogue_is_there() -> None:
    there = {entry.id for entry in catalogue()}
    wanted = {
        f"{letter}{n:02d}" for letter, last in (("S", 44), ("I", 37), ("F", 35), ("C", 26)) for n in range(1, last + 1)
    }
    assert wanted - there == set()


def test_names_are_unique_within_their_scope() -> None:
    names = [(entry.name, entry.scope) for entry in catalogue()]
    assert len(names) == len(set(names))
    made = columns(LEADS, stage="all")["column"]
    assert made.is_unique


def test_dimensions_are_the_four() -> None:
    assert {entry.dimension for entry in catalogue()} == set(DIMENSIONS)
    assert all(entry.id[0] == entry.dimension[0] for entry in catalogue())


def test_what_is_not_computed_says_why_and_what_is_cited_says_whom() -> None:
    assert all(entry.computed or len(entry.why_not) > 4 for entry in catalogue())
    assert all(entry.citation for entry in catalogue() if entry.evidence == "cited")
    assert all(entry.aggregation for entry in catalogue() if entry.computed and stage_of(entry) == "measure")


def test_agreed_columns_exist() -> None:
    made = set(columns(LEADS, stage="all")["column"])
    wanted = {f"{name}_Global" for name in AGREED_GLOBAL} | set(AGREED_ALONE)
    wanted |= {f"{name}_{lead}" for name in AGREED_BY_LEAD for lead in LEADS}
    wanted |= {f"{name}_Global_zRef" for name in ("PR_Int", "QRS_Dur", "QT_Int", "QT_IntFridericia", "HR_Mean")}
    assert wanted - made == set()


def test_columns_follow_the_leads_given() -> None:
    made = columns(["V5", "II"])
    assert list(made.loc[made["name"] == "R_Amp", "column"]) == ["R_Amp_II", "R_Amp_V5"]
    # a column tied to one lead is there in any case, so that its absence gets a reason
    assert "PTF_V1" in set(made["column"])


def test_reference_percentiles_are_masons() -> None:
    found = {}
    for entry in catalogue():
        for limits in entry.ranges:
            if limits.source == "Mason 2007":
                found[entry.name] = (limits.low, limits.high)
    assert found == {
        "PR_Int": (113, 212),
        "QRS_Dur": (69, 109),
        "QT_Int": (325, 452),
        "QT_IntBazett": (361, 457),
        "QT_IntFridericia": (359, 445),
        "QRS_AxisFront": (-40, 91),
        "HR_Mean": (48, 98),
    }


def test_describe_finds_the_family_of_a_column() -> None:
    assert describe("PR_Int_Global").id == "S02"
    assert describe("R_Amp_V5").codes == {"loinc_V5": "9995-2"}
    assert describe("R_Amp_V8").name == "R_Amp"
    assert describe("PR_Int_Global_zRef").id == "C01"
    assert describe("PR_Int_Global").codes == {"loinc": "8625-6", "mdc": "MDC_ECG_TIME_PD_PR", "dicom": "2:15872"}


def test_describe_offers_the_nearest_name() -> None:
    with pytest.raises(VocabularyError, match="did you mean 'PR_Int_Global'"):
        describe("PR_Int_Globl")


CORE = {
    "S": "1 2 4-10 12 14 17-25 29-35 37-41 44",
    "I": "1-22 24-26 29 30 33 35 36",
    "F": "1-5 8-11 13 17-23 30 31 35",
    "C": "1-3 9 10",
}
"""The core set, less those of the Comparative ones that are no column: they belong to pairs, maps and groups."""
ELSEWHERE = "C04 C05 C06 C07 C11 C12 C13 C14 C15 C16 C17 C18 C19 C20 C22 C24 C25"


def core_ids() -> set[str]:
    found = set()
    for series, numbers in CORE.items():
        for part in numbers.split():
            first, _, last = part.partition("-")
            found |= {f"{series}{number:02d}" for number in range(int(first), int(last or first) + 1)}
    return found


def test_every_core_biomarker_is_computed() -> None:
    assert core_ids() - {entry.id for entry in catalogue() if entry.computed} == set()


def test_core_comparisons_that_are_no_column_say_where_they_are() -> None:
    said = {entry.id: entry.why_not for entry in catalogue() if entry.id in ELSEWHERE.split()}
    assert set(said) == set(ELSEWHERE.split())
    assert all(said.values())


def test_measured_values_are_found_by_record_and_column() -> None:
    made = phantom()
    values = measure(made.beats, made.ecg)
    assert set(values.xindexes) == {"record", "biomarker"}
    record = str(made.ecg["record"].values[0])
    assert values["value"].sel(record=record, biomarker="PR_Int_Global").shape == ()
