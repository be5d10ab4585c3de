"""Long recordings read piece by piece: the same record, sample for sample and id for id, and not in memory."""

from __future__ import annotations

import importlib.util
import shutil
from collections.abc import Callable
from pathlib import Path

import h5py
import numpy as np
import pytest
import scipy.io
import wfdb

from ecgomics.errors import FormatError
from ecgomics.records import Record, assembly, hdf5, pieces, read, text_table, wearables
from ecgomics.records.pieces import Pieces

_SPEC = importlib.util.spec_from_file_location(
    "record_writers", Path(__file__).parents[2] / "standards" / "record_writers.py"
)
w = importlib.util.module_from_spec(_SPEC)
_SPEC.loader.exec_module(w)

COUNT = 5003


def wfdb_record(folder: Path, form: str = "16", *, name: str = "w", leads: int = 3, seed: int = 0) -> Path:
    digital = np.random.default_rng(seed).integers(-2000, 2000, size=(COUNT, leads))
    if form in ("80", "310", "311"):
        digital = digital // 20
    wfdb.wrsamp(
        name,
        fs=360,
        units=["mV"] * leads,
        sig_name=["II", "V1", "aVF", "V2"][:leads],
        d_signal=digital,
        fmt=[form] * leads,
        adc_gain=[200.0] * leads,
        baseline=[7] * leads,
        write_dir=str(folder),
    )
    return folder / f"{name}.hea"


def segments(folder: Path) -> Path:
    wfdb_record(folder, name="s1")
    wfdb_record(folder, name="s2", leads=2, seed=1)
    (folder / "m.hea").write_text(f"m/3 3 360\ns1 {COUNT}\n~ 700\ns2 {COUNT}\n")
    return folder / "m.hea"


def ishne(folder: Path) -> Path:
    (folder / "i.ecg").write_bytes(w.ishne(w.beats(2, n=COUNT)))
    return folder / "i.ecg"


def edf(folder: Path) -> Path:
    (folder / "e.edf").write_bytes(w.edf(w.beats(2, n=5000)))
    return folder / "e.edf"


def dicom(folder: Path) -> Path:
    from pydicom.data import get_testdata_file

    shutil.copy(get_testdata_file("waveform_ecg.dcm"), folder / "d.dcm")
    return folder / "d.dcm"


def bdf_with_gaps(folder: Path) -> Path:
    onsets = [0, 1, 2, 3, 5, 6, 7, 8, 9, 10]
    (folder / "b.bdf").write_bytes(w.edf(w.beats(2, n=5000), variant="BDF+D", onsets=onsets))
    return folder / "b.bdf"


FILES: dict[str, Callable[[Path], Path]] = {
    **{f"wfdb {form}": lambda folder, form=form: wfdb_record(folder, form) for form in ("16", "24", "32", "80", "212")},
    "wfdb segments": segments,
    "ishne": ishne,
    "edf": edf,
    "dicom": dicom,
    "bdf with gaps": bdf_with_gaps,
}


@pytest.fixture(params=FILES)
def both(request: pytest.FixtureRequest, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> tuple[Record, Record]:
    """A recording read whole, and again in pieces of a few hundred samples laid down in a file."""
    path = FILES[request.param](tmp_path)
    whole = read(path)
    monkeypatch.setattr(pieces, "PIECE_SAMPLES", 700)
    for module in ("assembly", "wfdb_files"):
        monkeypatch.setattr(f"ecgomics.records.{module}.PIECE_SAMPLES", 700)
    return whole, read(path, spool=tmp_path / "spool")


def test_it_is_the_same_record_and_nothing_is_in_memory(both: tuple[Record, Record], tmp_path: Path) -> None:
    whole, laid = both
    assert (tmp_path / "spool").is_file()
    assert not laid.ecg.variable._in_memory
    assert laid.id == whole.id
    assert laid.leads == whole.leads
    assert laid.derived_leads == whole.derived_leads
    assert laid.notes == whole.notes
    assert laid.annotations == whole.annotations
    assert (laid.step_uv, laid.start, laid.filters) == (whole.step_uv, whole.start, whole.filters)
    np.testing.assert_array_equal(laid.ecg.values, whole.ecg.values)


def test_any_part_can_be_read_alone(both: tuple[Record, Record]) -> None:
    whole, laid = both
    for key in (
        (slice(None), slice(1200, 1300)),
        (1, slice(None, None, 7)),
        (slice(0, 1), 17),
        (0, slice(900, 800, -3)),
    ):
        np.testing.assert_array_equal(laid.ecg[key].values, whole.ecg[key].values)
    np.testing.assert_array_equal(np.concatenate(list(laid.parts(400))), whole.ecg.values.ravel())


def test_leads_without_a_sample_lend_nothing_to_derived_ones(tmp_path: Path) -> None:
    from ecgomics.records import assemble

    samples = np.random.default_rng(0).normal(size=(3, 3_000_000)).astype(np.float32)
    samples[0] = np.nan
    samples[1, 5], samples[2, 8] = np.inf, np.nan
    names = ["I", "II", "III"]
    given = {"rate_hz": 500, "source": "x"}
    whole = assemble(samples, names, **given)
    parts = Pieces(3, samples.shape[1], (samples[:, k : k + 1_000_000] for k in range(0, samples.shape[1], 1_000_000)))
    laid = assemble(parts, names, **given, spool=tmp_path / "spool")
    assert laid.id == whole.id
    assert laid.notes == whole.notes == ("1 infinite samples taken for missing",)


@pytest.mark.parametrize("count", [90, 110])
def test_pieces_that_are_not_what_was_promised_are_refused(count: int) -> None:
    with pytest.raises(FormatError, match=r"ends early|do not fit"):
        Pieces(1, 100, iter([np.zeros((1, count))])).gathered()


def test_more_than_memory_should_hold_is_refused_with_the_way_out() -> None:
    with pytest.raises(FormatError, match="ingest it into a cohort"):
        Pieces(12, 24 * 3600 * 500, iter([])).gathered()


ROWS = "".join(f"{k / 250},{'NA' if k % 7 == 0 else k % 11},{'x' if k % 5 else ''}\n" for k in range(60))
WORDS = f"time,II,note\n{ROWS}"
TEXTS = {
    "plain": "# rate_hz=250 unit=mV\nI,II\n" + "".join(f"{k % 13 / 10},{k % 5}\n" for k in range(50)),
    "words": "# unit=mV\n" + WORDS,
    "semicolons": "# rate_hz=250 unit=mV\nI;II\n" + "".join(f"0,{k % 10};1,{k % 7}\n" for k in range(50)),
    "latin": "# rate_hz=250 unit=mV é\nI,II\n" + "".join(f"{k % 13 / 10},{k % 5}\n" for k in range(50)),
    "polar": "Phone timestamp;sensor timestamp [ns];timestamp [ms];ecg [uV]\n"
    + "".join(f"2024-01-01T10:00:00.{k:03};{k * 7692308};{k * 7.7};{k % 17}\n" for k in range(80)),
    "opensignals": "# OpenSignals Text File Format\n"
    '# {"d": {"sensor": ["ECG"], "device name": "d", "column": ["nSeq", "A1"], "sampling rate": 1000, "label": ["A1"],'
    ' "resolution": [4, 10], "device": "bitalino", "date": "2024-1-1", "time": "7:3:47.2"}}\n# EndOfHeader\n'
    + "".join(f"{k % 16}\t{500 + k % 9}\t\n" for k in range(70)),
}


@pytest.mark.parametrize("kind", TEXTS)
def test_a_long_text_is_read_line_by_line_to_the_same_record(
    kind: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path / "t.txt"
    path.write_text(TEXTS[kind], encoding="latin-1" if kind == "latin" else "utf-8")
    whole = read(path)
    monkeypatch.setattr(text_table, "WHOLE_BYTES", 0 if kind == "latin" else 64)
    monkeypatch.setattr(text_table, "ROWS", 7)
    monkeypatch.setattr(wearables, "ROWS", 7)
    parts = read(path)
    assert parts.id == whole.id
    assert (parts.notes, parts.start, parts.device) == (whole.notes, whole.start, whole.device)
    np.testing.assert_array_equal(parts.ecg, whole.ecg)


@pytest.mark.parametrize("form", ["lead-time", "time-lead", "one", "chunked", "npy", "matlab"])
def test_a_long_array_goes_to_the_spool(form: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    signal = np.random.default_rng(0).integers(-900, 900, size=(3, 500)).astype(np.int16)
    given = signal.T if form == "time-lead" else signal[0] if form == "one" else signal
    path = tmp_path / f"a.{'npy' if form == 'npy' else 'mat' if form == 'matlab' else 'h5'}"
    if form == "npy":
        np.save(path, given)
    elif form == "matlab":
        scipy.io.savemat(path, {"ecg": given})
    else:
        with h5py.File(path, "w") as file:
            chunks = (3, 500) if form == "chunked" else None
            file.create_dataset("ecg", data=given, chunks=chunks, compression="gzip" if chunks else None)
    whole = read(path, rate_hz=250, unit="uV")
    monkeypatch.setattr(pieces, "PIECE_SAMPLES", 99)
    monkeypatch.setattr(assembly, "PIECE_SAMPLES", 99)
    monkeypatch.setattr(hdf5, "PIECE_SAMPLES", 99)
    laid = read(path, rate_hz=250, unit="uV", spool=tmp_path / "spool")
    assert (tmp_path / "spool").exists()
    assert laid.id == whole.id
    np.testing.assert_array_equal(laid.ecg, whole.ecg)
    np.testing.assert_allclose(whole.ecg, np.atleast_2d(given.T if form == "time-lead" else given) / 1000, rtol=1e-6)
