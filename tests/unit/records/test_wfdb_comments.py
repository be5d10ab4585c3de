from __future__ import annotations

import math

import pytest

from ecgomics.records.wfdb_comments import describe


def codes(description):
    return [(label.system, label.code) for label in description.labels]


def test_challenge_headers():
    said = describe(["Age: 74", "Sex: Male", "Dx: 59118001,426177001", "Rx: Unknown", "Hx: Unknown", "Sx: Unknown"])
    assert (said.age, said.sex) == (74, "M")
    assert codes(said) == [("snomed-ct", "59118001"), ("snomed-ct", "426177001")]


def test_ludb_headers():
    said = describe(
        ["<age>: 51", "<sex>: F", "<diagnoses>:", "Rhythm: Sinus bradycardia.", "Left ventricular overload. "]
    )
    assert (said.age, said.sex) == (51, "F")
    assert codes(said) == [("wfdb-comment", "Sinus bradycardia"), ("wfdb-comment", "Left ventricular overload")]


def test_ptb_headers():
    said = describe(
        ["age: 81", "sex: female", "Reason for admission: Myocardial infarction", "Additional diagnoses: no"]
    )
    assert (said.age, said.sex) == (81, "F")
    assert codes(said) == [("wfdb-comment", "Reason for admission: Myocardial infarction")]


def test_mit_bih_headers():
    said = describe(["69 M 1085 1629 x1", "Aldomet", "Produced by xform from record 100, beginning at 0:0"])
    assert (said.age, said.sex) == (69, "M")
    assert codes(said) == [("wfdb-comment", "Aldomet")]


@pytest.mark.parametrize("text", ["Age: NaN", "Age: -1", "Age: Unknown", "Age: 999", "Age:"])
def test_an_age_that_is_none_is_unknown(text):
    assert math.isnan(describe([text]).age)


@pytest.mark.parametrize(("text", "age"), [("Age: 62.5", 62.5), ("<age>: >89", 89), ("age:  7", 7)])
def test_ages_in_their_spellings(text, age):
    assert describe([text]).age == age


def test_bare_statement_is_a_label_and_long_text_is_not():
    assert codes(describe(["paroxysmal atrial fibrillation", "x " * 200])) == [
        ("wfdb-comment", "paroxysmal atrial fibrillation")
    ]
