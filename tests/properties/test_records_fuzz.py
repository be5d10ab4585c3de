"""Damaged files of every format give a record or a `FormatError`, in bounded time; the long run is in tests/bench."""

from __future__ import annotations

import importlib.util
import time
from pathlib import Path

import h5py
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as arrays
from scipy.io import savemat

from ecgomics.errors import FormatError
from ecgomics.records import find, read
from ecgomics.records.octets import Octets, crc_ccitt
from ecgomics.records.scp_huffman import DEFAULT_CODES, Huffman
from ecgomics.records.wfdb_annotations import read_mit
from ecgomics.records.xli import decode_xli

_SPEC = importlib.util.spec_from_file_location("record_mutations", Path(__file__).with_name("record_mutations.py"))
m = importlib.util.module_from_spec(_SPEC)
_SPEC.loader.exec_module(m)
w = m.w

EIGHT = w.beats(8, n=400)
TWELVE = w.twelve_of(EIGHT)
TWO = w.beats(2, n=1000)


def _saved_matlab(folder: Path) -> bytes:
    savemat(folder / "m.mat", {"ECG": {"sex": "F", "age": 40, "data": TWELVE / 1000}}, do_compression=True)
    return (folder / "m.mat").read_bytes()


def _saved_hdf5(folder: Path) -> bytes:
    with h5py.File(folder / "h.h5", "w") as file:
        file.create_dataset("ecg", data=TWELVE / 1000, compression="gzip")
        file["ecg"].attrs["fs"] = 500
    return (folder / "h.h5").read_bytes()


WRITTEN = {
    "scp": ("x.scp", lambda _: w.scp(EIGHT)),
    "scp raw": (
        "x.scp",
        lambda _: w.scp(EIGHT, coding="switching", reference=EIGHT[:, :100], beat_lines=[(0, 1, 9, 90, 1, 90)]),
    ),
    "ishne": ("x.ecg", lambda _: w.ishne(TWO)),
    "edf": ("x.edf", lambda _: w.edf(TWO)),
    "edf d": ("x.edf", lambda _: w.edf(TWO, variant="EDF+D", onsets=[0, 3])),
    "bdf": ("x.bdf", lambda _: w.edf(TWO, variant="BDF+C")),
    "aecg": ("x.xml", lambda _: w.aecg(TWELVE)),
    "muse": ("x.xml", lambda _: w.muse(EIGHT, median=EIGHT[:, :100])),
    "sierra": ("x.xml", lambda _: w.sierra(TWELVE)),
    "sierra 1.03": ("x.xml", lambda _: w.sierra(TWELVE, version="1.03", encoding="utf-8")),
    "cardiosoft": ("x.xml", lambda _: w.cardiosoft(TWELVE)),
    "apple": ("x.csv", lambda _: w.apple(EIGHT[0])),
    "polar": ("x.txt", lambda _: w.polar(EIGHT[0])),
    "opensignals": ("x.txt", lambda _: w.open_signals(512 + EIGHT[0].clip(-400, 400))),
    "matlab": ("x.mat", _saved_matlab),
    "hdf5": ("x.h5", _saved_hdf5),
}


@pytest.mark.parametrize("name", WRITTEN)
def test_damaged_files_are_read_or_refused(tmp_path, name):
    suffix, make = WRITTEN[name]
    (tmp_path / "made").mkdir()
    original = make(tmp_path / "made")
    target = tmp_path / suffix
    target.write_bytes(original)
    assert m.outcome(target, rate_hz=500, unit="mV") == "record", "whole, it is read"
    told = []
    begun = time.process_time()
    for number in range(250):
        rng = np.random.default_rng([11, number])
        data = m.damaged(original, rng)
        target.write_bytes(m.resealed(data) if number % 3 else data)
        told.append(m.outcome(target, rate_hz=500, unit="mV"))
    assert "refused" in told
    assert time.process_time() - begun < 60, "no damage makes a reader run on"


@pytest.mark.parametrize("name", WRITTEN)
def test_every_truncation_is_read_or_refused(tmp_path, name):
    suffix, make = WRITTEN[name]
    (tmp_path / "made").mkdir()
    original = make(tmp_path / "made")
    target = tmp_path / suffix
    for share in (0.001, 0.01, 0.05, 0.2, 0.5, 0.9, 0.999):
        target.write_bytes(original[: max(1, int(share * len(original)))])
        m.outcome(target, rate_hz=500, unit="mV")
        assert len(list(find(tmp_path))) <= 40


@settings(max_examples=40, deadline=None)
@given(arrays.arrays(np.int64, st.integers(3, 200), elements=st.integers(-6000, 6000)))
def test_xli_gives_back_what_was_packed(row):
    # second differences must fit the sixteen bits they are stored in
    row = np.cumsum(row // 40)
    (decoded,) = decode_xli(w.xli(row))
    np.testing.assert_array_equal(decoded, row)


@settings(max_examples=60, deadline=None)
@given(st.lists(st.integers(-32768, 32767), min_size=1, max_size=200))
def test_huffman_gives_back_what_was_packed(values):
    data = w.packed("".join(w.default_bits(value) for value in values))
    decoded = Huffman([DEFAULT_CODES]).decode(Octets(data, "a lead"), len(values))
    assert decoded.tolist() == values


@settings(max_examples=60, deadline=None)
@given(st.binary(max_size=200), st.integers(1, 500))
def test_any_bits_are_samples_or_refused(data, count):
    for decode in (lambda: Huffman([DEFAULT_CODES]).decode(Octets(data, "a lead"), count), lambda: decode_xli(data)):
        try:
            result = decode()
        except FormatError:
            continue
        assert len(result) == count or isinstance(result, list)


@settings(max_examples=60, deadline=None)
@given(st.binary(max_size=300))
def test_any_bytes_are_annotations_or_refused(data):
    try:
        for time_s, code in read_mit(data, hz=360):
            assert np.isfinite(time_s)
            assert code
    except FormatError:
        pass


@given(st.binary(max_size=100))
def test_checksum_is_the_bit_by_bit_one(data):
    assert crc_ccitt(data) == w.crc(data)


def test_read_says_nothing_of_the_file_in_its_errors(tmp_path):
    secret = "Mustermann"
    folder = tmp_path / secret
    folder.mkdir()
    for name, data in (
        ("a.xml", w.muse(EIGHT).replace(b"M1", secret.encode())[:-40]),
        ("b.edf", w.edf(TWO, patient=f"{secret} F 02-MAY-1951 X")[:-9]),
        ("c.scp", w.scp(EIGHT).replace(b"P-17", b"Must")[:-3]),
        ("d.csv", w.apple(EIGHT[0]).replace(b"Name,X", f"Name,{secret}".encode()) + secret.encode()),
    ):
        (folder / name).write_bytes(data)
        with pytest.raises(FormatError) as caught:
            read(folder / name)
        assert secret not in str(caught.value)
        assert str(tmp_path) not in str(caught.value)
