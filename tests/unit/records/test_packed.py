"""Files as people have them: packed, named in capitals or in an old encoding; archives are told, not passed over."""

from __future__ import annotations

import gzip
import io
import os
import tarfile
import zipfile
from pathlib import Path

import numpy as np
import pytest

from ecgomics.cohort import open_cohort
from ecgomics.errors import FormatError
from ecgomics.pipeline import ingest
from ecgomics.records import find, packed, read
from ecgomics.settings import IngestSettings

RATE = 250


@pytest.fixture
def table() -> bytes:
    """A table of one lead: 4 s that are no two alike."""
    values = np.random.default_rng(1).normal(0, 0.3, RATE * 4)
    rows = "\n".join(f"{value:.4f}" for value in values)
    return f"# rate_hz={RATE} unit=mV\nII\n{rows}\n".encode()


def wfdb_record(folder: Path, *, name: str, header: str, signal: str) -> None:
    values = np.random.default_rng(2).integers(-800, 800, RATE * 4).astype("<i2")
    (folder / signal).write_bytes(values.tobytes())
    line = f"{name}.dat 16 1000/mV 16 0 {values[0]} {int(values.sum()) & 0xFFFF} 0 II\n"
    (folder / header).write_text(f"{name} 1 {RATE} {len(values)}\n{line}")


def test_a_gzip_archive_is_read_as_the_file_in_it(tmp_path, table):
    plain, packed = tmp_path / "strip.csv", tmp_path / "packed.csv.gz"
    plain.write_bytes(table)
    packed.write_bytes(gzip.compress(table[:500]) + gzip.compress(table[500:]) + bytes(64))
    assert read(packed).id == read(plain).id
    assert read(packed).source == "packed"
    assert [(file.source, file.kind) for file in find(tmp_path)] == [("packed", "csv"), ("strip", "csv")]


@pytest.mark.parametrize(
    ("content", "reason"),
    [
        (lambda table: gzip.compress(table)[:-20], "cut short"),
        (lambda table: gzip.compress(table)[:40] + b"\xff" * 60, "damaged"),
        (lambda table: gzip.compress(table) + b"and more", "damaged"),
        (lambda table: gzip.compress(gzip.compress(table)), "a gzip archive in a gzip archive"),
        (lambda table: gzip.compress(b""), "empty"),
        (lambda table: gzip.compress(bytes(3_000_000)), "unpacks to over"),
    ],
)
def test_an_archive_that_is_not_whole_or_never_ends_is_refused(tmp_path, table, content, reason, monkeypatch):
    room = tmp_path / "room"
    room.mkdir()
    monkeypatch.setattr("tempfile.tempdir", str(room))
    monkeypatch.setattr(packed, "_FREE_BYTES", 1_000_000)
    file = tmp_path / "a.csv.gz"
    file.write_bytes(content(table))
    with pytest.raises(FormatError, match=reason):
        read(file)
    assert list(room.iterdir()) == []


def test_archives_of_many_files_are_told_what_to_do_with_them(tmp_path):
    with zipfile.ZipFile(tmp_path / "export.zip", "w") as archive:
        archive.writestr("x.csv", "1,2,3")
    with tarfile.open(tmp_path / "all.tar.gz", "w:gz") as archive:
        member = tarfile.TarInfo("x.csv")
        member.size = 3
        archive.addfile(member, io.BytesIO(b"1,2"))
    found = {file.source: file for file in find(tmp_path)}
    assert {name: file.kind for name, file in found.items()} == {"export": "other", "all": "other"}
    for file in found.values():
        with pytest.raises(FormatError, match="unpack it first"):
            read(file.path)


@pytest.mark.parametrize("content", [b"%PDF-1.7 ", b"\x89PNG\r\n", b"\xff\xd8\xff\xe0"])
def test_paper_is_told_from_samples(tmp_path, content):
    file = tmp_path / "ecg"
    file.write_bytes(content + bytes(range(128, 256)))
    with pytest.raises(FormatError, match="the digital recording"):
        read(file)


def test_a_wfdb_record_named_in_capitals_is_read_once(tmp_path):
    wfdb_record(tmp_path, name="r1", header="r1.hea", signal="r1.dat")
    capitals = tmp_path / "capitals"
    capitals.mkdir()
    wfdb_record(capitals, name="r1", header="R1.HEA", signal="R1.DAT")
    assert [file.path.name for file in find(capitals)] == ["R1.HEA"]
    for name in ("R1.HEA", "R1.DAT"):
        assert read(capitals / name).id == read(tmp_path / "r1.hea").id
    (capitals / "R1.DAT").unlink()
    with pytest.raises(FormatError, match="a file that is not there"):
        read(capitals / "R1.HEA")


def test_a_header_in_capitals_brings_in_no_file_of_elsewhere(tmp_path):
    secret, folder = tmp_path / "secret.dat", tmp_path / "records"
    folder.mkdir()
    wfdb_record(folder, name="r1", header="R1.HEA", signal="secret.dat")
    (folder / "secret.dat").rename(secret)
    (folder / "R1.DAT").symlink_to(secret)
    with pytest.raises(FormatError, match="a file that is not there"):
        read(folder / "R1.HEA")


def test_a_name_in_latin_1_is_kept_as_words(tmp_path, table):
    try:
        Path(os.fsdecode(os.fsencode(tmp_path) + b"/M\xfcller.csv")).write_bytes(table)
    except OSError:
        pytest.skip("a disk that takes names in UTF-8 only")
    (tmp_path / "Żółw ЭКГ.csv").write_bytes(table.replace(b"0.1", b"0.2"))
    store = tmp_path / "cohort.zarr"
    ingest(tmp_path, store, settings=IngestSettings(), workers=0, progress=False)
    assert sorted(open_cohort(store).records["source"]) == ["Müller", "Żółw ЭКГ"]
