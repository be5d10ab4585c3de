"""Damaged bytes give a record or a FormatError: never another error, never a warning."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import wfdb
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from pydicom.data import get_testdata_file

from ecgomics.errors import FormatError
from ecgomics.records import Record, assemble, read

QUICK = settings(max_examples=120, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])

mutations = st.lists(
    st.tuples(st.floats(0, 1, exclude_max=True), st.integers(0, 255), st.sampled_from(["set", "drop", "insert"])),
    min_size=1,
    max_size=8,
)


def damaged(data: bytes, changes, *, within: int | None = None) -> bytes:
    result = bytearray(data)
    for place, value, how in changes:
        at = int(place * min(len(result), within or len(result)))
        if how == "set" and result:
            result[at] = value
        elif how == "drop" and result:
            del result[at]
        else:
            result.insert(at, value)
    return bytes(result)


def outcome(path: Path, **stated: object) -> Record | None:
    try:
        record = read(path, **stated)
    except FormatError:
        return None
    assert np.isfinite(record.ecg.values).any()
    assert record.native_hz > 0
    return record


@pytest.fixture(scope="module")
def originals(tmp_path_factory) -> dict[str, Path]:
    folder = tmp_path_factory.mktemp("originals")
    samples = np.random.default_rng(1).normal(0, 0.4, (300, 3))
    options = {"fs": 500, "units": ["mV"] * 3, "sig_name": ["I", "II", "V1"], "write_dir": str(folder)}
    wfdb.wrsamp("w", p_signal=samples, fmt=["16"] * 3, comments=["Age: 50", "Dx: 426177001"], **options)
    wfdb.wrsamp("p", p_signal=samples, fmt=["212"] * 3, **options)
    (folder / "m.hea").write_text("m/3 3 500 700\nw 300\n~ 100\np 300\n")
    rows = "\n".join(f"{k / 500},{a:.4f},{b:.4f},{c:.4f}" for k, (a, b, c) in enumerate(samples))
    (folder / "t.csv").write_text("# unit=mV\ntime_s,I,II,V1\n" + rows)
    np.save(folder / "a.npy", samples)
    (folder / "d.dcm").write_bytes(Path(str(get_testdata_file("waveform_ecg.dcm", download=False))).read_bytes())
    return {path.name: path for path in folder.iterdir()}


@pytest.mark.parametrize("name", ["w.hea", "p.hea", "m.hea"])
@QUICK
@given(changes=mutations)
def test_wfdb_header(originals, tmp_path, name, changes):
    for path in originals.values():
        if path.suffix in (".hea", ".dat"):
            (tmp_path / path.name).write_bytes(path.read_bytes())
    (tmp_path / name).write_bytes(damaged(originals[name].read_bytes(), changes))
    outcome(tmp_path / name)


@pytest.mark.parametrize("stem", ["w", "p"])
@QUICK
@given(changes=mutations, keep=st.floats(0, 1))
def test_wfdb_samples(originals, tmp_path, stem, changes, keep):
    (tmp_path / f"{stem}.hea").write_bytes(originals[f"{stem}.hea"].read_bytes())
    data = originals[f"{stem}.dat"].read_bytes()
    cut = data[: int(keep * len(data))]
    (tmp_path / f"{stem}.dat").write_bytes(damaged(cut, changes))
    outcome(tmp_path / f"{stem}.hea")


@settings(QUICK, max_examples=60)
@given(changes=mutations, within=st.sampled_from([600, 4000, None]), keep=st.sampled_from([1.0, 0.9, 0.3, 0.01]))
def test_dicom(originals, tmp_path, changes, within, keep):
    data = originals["d.dcm"].read_bytes()
    (tmp_path / "d.dcm").write_bytes(damaged(data[: int(keep * len(data))], changes, within=within))
    outcome(tmp_path / "d.dcm")


@QUICK
@given(changes=mutations, within=st.sampled_from([60, None]))
def test_csv(originals, tmp_path, changes, within):
    (tmp_path / "t.csv").write_bytes(damaged(originals["t.csv"].read_bytes(), changes, within=within))
    outcome(tmp_path / "t.csv")


@QUICK
@given(changes=mutations, within=st.sampled_from([128, None]))
def test_numpy(originals, tmp_path, changes, within):
    (tmp_path / "a.npy").write_bytes(damaged(originals["a.npy"].read_bytes(), changes, within=within))
    outcome(tmp_path / "a.npy", rate_hz=500, unit="mV")


@QUICK
@given(data=st.binary(max_size=400), suffix=st.sampled_from([".hea", ".dcm", ".csv", ".npy", ".npz", ".parquet", ""]))
def test_any_bytes_under_any_name(tmp_path, data, suffix):
    path = tmp_path / f"x{suffix}"
    path.write_bytes(data)
    outcome(path, rate_hz=500, unit="mV")


@given(
    st.lists(st.lists(st.floats(-5, 5, width=32), min_size=4, max_size=4), min_size=2, max_size=2),
    st.sampled_from([("I", "II"), ("II", "III"), ("I", "III"), ("aVL", "aVF")]),
)
def test_limb_leads_are_consistent_whatever_pair_they_come_from(rows, pair):
    ecg = assemble(np.array(rows), pair, rate_hz=500, source="x").ecg
    lead = {str(name): ecg.sel(lead=name).values for name in ecg["lead"].values}
    np.testing.assert_allclose(lead["I"] + lead["III"], lead["II"], atol=1e-4)
    np.testing.assert_allclose(lead["aVR"] + lead["aVL"] + lead["aVF"], 0, atol=1e-4)
