"""The page of one rule: every number on it is the study's, and it stands alone."""

from __future__ import annotations

import re

import numpy as np
import pandas as pd
import pytest
import xarray as xr

from ecgomics.reports.rulepage import Case, rule_page_html
from ecgomics.rules import Study, load_rules, study
from ecgomics.rules.evidence import Span

PR = (150.0, 170.0, 190.0, 202.0, 230.0, 260.0, 210.0, 160.0)


def told(*, label: list[bool] | None = None, rule: str = "first_degree_block") -> Study:
    names = sorted({name for one in load_rules() for name in one.inputs})
    grid = np.zeros((len(PR), len(names)), dtype=np.float32)
    values = xr.Dataset(
        {"value": (("record", "biomarker"), grid)},
        coords={"record": [f"r{k}" for k in range(len(PR))], "biomarker": names},
    )
    for name, numbers in {"PR_Int_Global": PR, "P_Fraction_Global": [1.0] * 8, "Quality_Global": [1.0] * 8}.items():
        values["value"].loc[{"biomarker": name}] = np.array(numbers, dtype=np.float32)
    values["value"].loc[{"biomarker": "Usable_Fraction_Global"}] = 1.0
    truth = None if label is None else pd.Series(label, index=values["record"].values)
    return study(values, rule=rule, rules=load_rules(), label=truth)


def words(html: str) -> str:
    return re.sub(r"\s+", " ", re.sub(r"<[^>]+>", " ", html))


def drawing(record: str) -> Case:
    t = np.arange(5000) / 500.0
    mv = np.stack([np.sin(2 * np.pi * t), np.where(t < 1, np.nan, 0.5 * np.sin(2 * np.pi * t))]).astype(np.float32)
    ecg = xr.DataArray(mv, dims=("lead", "time"), coords={"lead": ["II", "V1"]}, attrs={"rate_hz": 500.0})
    span = Span(("II",), 1.0, 1.2, "210 ms", "interval", "first_degree_block.pr_long", "met")
    return Case(record, f"Record {record}", ecg, [span], ["II", "V1"], "PR <long>")


def test_without_a_label_it_says_how_often_and_why() -> None:
    page = rule_page_html(told())
    text = words(page)
    assert "First-degree AV block" in text
    assert "4 of 8" in text
    assert "pr_long PR_Int_Global" in text
    assert "Sensitivity" not in text
    assert "Where they part" not in text


def test_with_a_label_every_share_has_its_interval_and_the_widest_disagreement_comes_first() -> None:
    found = told(label=[False, False, True, False, True, False, False, False])
    page = rule_page_html(found, label="ptbxl-scp:1AVB", case=drawing, most=2)
    text = words(page)
    assert found.against is not None
    assert "1 of 2 of the labelled, met" in text
    assert "ptbxl-scp:1AVB" in text
    assert text.index("Record r5") < text.index("Record r6" if "Record r6" in text else "Record r2")
    assert "2 more." in text, "four part, two are drawn"
    assert "PR &lt;long&gt;" in page, "what is told is escaped"
    assert page.count('class="span"') == 2
    assert "share met" in text


def test_a_drawing_breaks_at_a_gap_and_says_its_scale() -> None:
    page = rule_page_html(told(label=[True] * 8), case=drawing, most=1)
    paths = re.findall(r'class="trace" d="([^"]+)"', page)
    assert len(paths) == 2
    assert paths[0].startswith("M0.0 ")
    assert paths[1].startswith("M100.0 "), "nothing was recorded in the first second"
    assert "25 mm/s, 10 mm/mV" in page


def test_without_drawings_the_disagreements_are_a_list() -> None:
    text = words(rule_page_html(told(label=[True] * 8)))
    assert "labelled, not met" in text
    assert "r0" in text


def test_agreement_on_every_record_is_said() -> None:
    label = [pr > 200 for pr in PR]
    assert "They agree on every record." in words(rule_page_html(told(label=label), case=drawing))


@pytest.mark.parametrize("rule", [rule.id for rule in load_rules()])
def test_every_rule_has_a_page_that_stands_alone(rule: str) -> None:
    page = rule_page_html(told(label=[True, False] * 4, rule=rule))
    assert "<script" not in page
    assert not re.search(r'(src|href)="?http', page)
    assert page.count("<table>") == page.count("</table>")
    assert "nan" not in words(page).lower().split()
