from __future__ import annotations

import os

import numpy as np
import pandas as pd
import pytest

from ecgomics.errors import FormatError
from ecgomics.records import find, is_label_table, read

NUMBERS = "V1,V2\n" + "0.1,0.2\n" * 300


def sources(folder, **options):
    return [file.source for file in find(folder, **options)]


def test_each_recording_once_in_a_stable_order(signal, write_wfdb, tmp_path):
    for name in ("b", "a"):
        path = write_wfdb(signal[:, :2], name=name)
        path.with_suffix(".atr").write_bytes(b"\x00")
    (tmp_path / "c").mkdir()
    np.save(tmp_path / "c" / "z.npy", signal)
    (tmp_path / "d.csv").write_text(NUMBERS)
    found = list(find(tmp_path))
    assert [(file.source, file.kind) for file in found] == [
        ("a", "wfdb"),
        ("b", "wfdb"),
        ("d", "csv"),
        ("z", "npy"),
    ]
    assert found == list(find(tmp_path))


def test_documents_and_label_tables_are_passed_over(tmp_path):
    (tmp_path / "README.md").write_text("words")
    (tmp_path / "LICENSE.txt").write_text("words\n" * 500)
    (tmp_path / "RECORDS").write_text("a\nb\n")
    (tmp_path / "p.png").write_bytes(b"\x89PNG\r\n")
    (tmp_path / "ptbxl_database.csv").write_text("ecg_id,patient_id,scp_codes\n1,2,\"{'NORM': 100.0}\"\n")
    (tmp_path / "scp_statements.csv").write_text(",description,diagnostic,diagnostic_class\nNORM,normal,1.0,NORM\n")
    (tmp_path / "ludb.csv").write_text('ID,Sex,Age,Rhythms\n1,"F\n","51\n",Sinus rhythm\n')
    (tmp_path / "mine.csv").write_text("file,label\nx.hea,A\n")
    assert sources(tmp_path) == []


def test_what_claims_to_be_an_ecg_is_returned_for_quarantine(tmp_path):
    (tmp_path / "a.dcm").write_text("words")
    (tmp_path / "b.hea").write_bytes(b"")
    (tmp_path / "c.csv").write_bytes(b"\x00\x01\x02")
    (tmp_path / "d.npy").write_bytes(b"")
    (tmp_path / "e.parquet").write_bytes(b"PAR1")
    (tmp_path / "f.edf").write_bytes(b"0       ")
    (tmp_path / "g.dat").write_bytes(b"\x01")
    (tmp_path / "h.mat").write_bytes(b"MATLAB 5.0")
    (tmp_path / "i.xml").write_text("<?xml version='1.0'?><AnnotatedECG/>")
    (tmp_path / "j.csv").write_text("one line of words\n")
    found = list(find(tmp_path))
    assert [file.source for file in found] == list("abcdefghij")
    for file in found:
        with pytest.raises(FormatError):
            read(file.path)


def test_hidden_folders_stores_and_linked_folders_are_not_entered(tmp_path):
    outside = tmp_path / "outside"
    inside = tmp_path / "in"
    for folder in (outside, inside / ".hidden", inside / "x.zarr"):
        folder.mkdir(parents=True)
        (folder / "a.csv").write_text(NUMBERS)
    os.symlink(outside, inside / "link")
    assert sources(inside) == []


def test_dicom_without_suffix_is_found_and_text_tables_too(tmp_path):
    (tmp_path / "1.2.840.1").write_bytes(bytes(128) + b"DICM" + bytes(20))
    (tmp_path / "strip.txt").write_text(NUMBERS)
    assert [(file.source, file.kind) for file in find(tmp_path)] == [("1.2.840", "dicom"), ("strip", "csv")]


def test_a_signal_file_in_a_header_of_another_name_belongs_to_it(signal, write_wfdb, tmp_path):
    path = write_wfdb(signal[:, :2])
    path.with_suffix(".dat").rename(tmp_path / "other.dat")
    path.write_text(path.read_text().replace("rec.dat", "other.dat"))
    assert sources(tmp_path) == ["rec"]


def test_copies_of_ptbxl_recordings(signal, write_wfdb, tmp_path):
    for name in ("00001_lr", "00001_hr", "00002_lr"):
        write_wfdb(signal[:, :2], name=name)
    assert sources(tmp_path) == ["00001_hr", "00001_lr", "00002_lr"]
    assert sources(tmp_path, copies="low") == ["00001_lr", "00002_lr"]
    assert sources(tmp_path, copies="high") == ["00001_hr", "00002_lr"]


def test_one_file_is_a_source(signal, write_wfdb):
    assert sources(write_wfdb(signal)) == ["rec"]


def test_a_table_of_paths_is_a_source(signal, write_wfdb, tmp_path):
    write_wfdb(signal[:, :2])
    pd.DataFrame({"path": ["rec", "rec.hea", "gone.csv"], "age": [1, 2, 3]}).to_csv(tmp_path / "list.csv", index=False)
    found = list(find(tmp_path / "list.csv"))
    assert [file.source for file in found] == ["rec", "rec", "gone"]
    assert read(found[0].path).id == read(found[1].path).id
    with pytest.raises(FormatError, match="no file can be read"):
        read(found[2].path)


def test_a_source_that_is_not_there(tmp_path):
    with pytest.raises(FormatError, match="not there"):
        list(find(tmp_path / "gone"))


def test_a_signal_table_is_no_label_table(tmp_path):
    for name, text in {"a": NUMBERS, "b": "time_s,II\n0,1\n", "c": "1,2\n3,4\n", "d": "", "e": "words\n"}.items():
        (tmp_path / f"{name}.csv").write_text(text)
        assert not is_label_table(tmp_path / f"{name}.csv"), name


def test_links_that_lead_nowhere_are_returned_for_quarantine(tmp_path):
    for name in ("a.hea", "b.csv", "c.dcm"):
        os.symlink(tmp_path / "gone", tmp_path / name)
    os.symlink(tmp_path / "gone", tmp_path / "note.txt")
    found = list(find(tmp_path))
    assert [file.source for file in found] == ["a", "b", "c"]
    for file in found:
        with pytest.raises(FormatError, match="no file can be read"):
            read(file.path)


def test_a_pipe_is_no_file(tmp_path):
    os.mkfifo(tmp_path / "p.csv")
    with pytest.raises(FormatError, match="no regular file"):
        read(tmp_path / "p.csv")


def test_a_folder_is_no_recording(tmp_path):
    with pytest.raises(FormatError):
        read(tmp_path)
