from __future__ import annotations

import math

import pytest

from ecgomics.errors import FormatError
from ecgomics.records import find_labels, read_labels

PTBXL = """ecg_id,patient_id,age,sex,device,recording_date,scp_codes,filename_lr,filename_hr
1,13243.0,19.0,0,CS-1  E,1984-11-14 12:55:37,"{'NORM': 80.0, 'SBRAD': 0.0}",records100/0/00001_lr,records500/0/00001_hr
2,19005.0,300.0,1,AT-6,1984-11-28 13:32:13,"{'IMI': 50.0, 'AMI': 100.0, 'LVH': 100.0}",records100/0/00002_lr,
3,7,,,,,__import__('os').system('x'),records100/0/00003_lr,
"""
STATEMENTS = ",description,diagnostic,diagnostic_class\nNORM,n,1.0,NORM\nIMI,i,1.0,MI\nAMI,a,1.0,MI\nLVH,l,1.0,HYP\n"


@pytest.fixture
def ptbxl(tmp_path):
    (tmp_path / "ptbxl_database.csv").write_text(PTBXL)
    (tmp_path / "scp_statements.csv").write_text(STATEMENTS)
    (tmp_path / "records100" / "0").mkdir(parents=True)
    return tmp_path


def codes(description, system):
    return {label.code: label.likelihood for label in description.labels if label.system == system}


def test_ptbxl_rows_by_path_at_either_rate(ptbxl):
    table = read_labels(ptbxl / "ptbxl_database.csv")
    low = table.of(ptbxl / "records100" / "0" / "00001_lr.hea")
    assert low == table.of(ptbxl / "records500" / "0" / "00001_hr.hea")
    assert (low.patient, low.age, low.sex, low.device) == ("13243", 19.0, "M", "CS-1 E")
    assert low.start.isoformat() == "1984-11-14T12:55:37"
    assert codes(low, "ptbxl-scp") == {"NORM": 80.0, "SBRAD": 0.0}
    assert codes(low, "ptbxl-superclass") == {"NORM": 80.0}


def test_ptbxl_hidden_age_is_said_to_be_hidden(ptbxl):
    said = read_labels(ptbxl / "ptbxl_database.csv").of("00002_lr")
    assert (said.age, said.sex) == (90.0, "F")
    assert "hidden" in said.notes[0]
    assert codes(said, "ptbxl-superclass") == {"MI": 100.0, "HYP": 100.0}


def test_ptbxl_code_cells_are_data_not_code(ptbxl):
    said = read_labels(ptbxl / "ptbxl_database.csv").of("00003_lr")
    assert said.labels == ()
    assert math.isnan(said.age)
    assert said.sex == ""


def test_labels_are_found_beside_and_above(ptbxl):
    assert find_labels(ptbxl) == ptbxl / "ptbxl_database.csv"
    assert find_labels(ptbxl / "records100" / "0") == ptbxl / "ptbxl_database.csv"


def test_a_list_of_paths_in_the_folder_is_found_but_others_are_not(tmp_path):
    (tmp_path / "notes.csv").write_text("who,what\na,b\n")
    assert find_labels(tmp_path) is None
    (tmp_path / "mine.csv").write_text("file,label\nx.hea,A\n")
    assert find_labels(tmp_path) == tmp_path / "mine.csv"


def test_ludb(tmp_path):
    (tmp_path / "ludb.csv").write_text(
        'ID,Sex,Age,Rhythms,Hypertrophies\n1,"F\n","51\n",Sinus bradycardia,"A overload\nB hypertrophy"\n'
    )
    said = read_labels(tmp_path / "ludb.csv").of(tmp_path / "data" / "1.hea")
    assert (said.age, said.sex) == (51.0, "F")
    assert list(codes(said, "wfdb-comment")) == ["Sinus bradycardia", "A overload", "B hypertrophy"]


def test_any_csv_of_paths_and_labels(tmp_path):
    (tmp_path / "t.csv").write_text(
        "Path,Patient,Age,Sex,Label,site\nsub/a.hea,p1,60,female,AF;LBBB,north\nb.csv,,,,,\n"
    )
    table = read_labels(tmp_path / "t.csv")
    said = table.of(tmp_path / "sub" / "a.hea")
    assert (said.patient, said.age, said.sex) == ("p1", 60.0, "F")
    assert [label.code for label in said.labels] == ["AF", "LBBB", "site=north"]
    assert table.of("elsewhere/a.hea") == said, "by its stem when the path is not known"
    assert table.of(tmp_path / "c.csv") is None
    assert table.of(tmp_path / "b.csv").labels == ()


def test_a_table_that_names_no_recording_is_refused(tmp_path):
    (tmp_path / "t.csv").write_text("a,b\n1,2\n")
    with pytest.raises(FormatError, match="names no recordings"):
        read_labels(tmp_path / "t.csv")
