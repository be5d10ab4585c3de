"""The table of formats: what was read of each, how near it is to what was written, and which fields came with it.

One recording is written in every format and read back; ``pytest -s`` prints the table.
"""

from __future__ import annotations

import importlib.util
import math
import time
from collections.abc import Callable
from pathlib import Path

import h5py
import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pydicom
import pytest
import wfdb
import xarray as xr
from pydicom.dataset import Dataset, FileMetaDataset
from pydicom.uid import ExplicitVRLittleEndian, TwelveLeadECGWaveformStorage, generate_uid
from scipy.io import savemat

from ecgomics.live import Hub, Replay, begin_recording, end_recording
from ecgomics.records import Record, formats, read

_SPEC = importlib.util.spec_from_file_location("record_writers", Path(__file__).with_name("record_writers.py"))
w = importlib.util.module_from_spec(_SPEC)
_SPEC.loader.exec_module(w)

EIGHT = w.beats(8, n=5000)
TWELVE = w.twelve_of(EIGHT)
NAMES = list(w.TWELVE)
STATED = {"rate_hz": 500, "unit": "mV"}
FIELDS = (
    *("patient", "age", "sex", "start", "device", "labels"),
    *("measurements", "annotations", "median_beat", "filters", "step_uv", "derived_leads"),
)


def as_bytes(name: str, data: bytes) -> Callable[[Path], Path]:
    def write(folder: Path) -> Path:
        (folder / name).write_bytes(data)
        return folder / name

    return write


def as_wfdb(folder: Path) -> Path:
    signals = {"fs": 500, "units": ["mV"] * 12, "sig_name": NAMES, "fmt": ["16"] * 12, "adc_gain": [1000.0] * 12}
    comments = ["Age: 40", "Sex: F", "Dx: 426783006"]
    more = {"baseline": [0] * 12, "comments": comments, "write_dir": str(folder)}
    wfdb.wrsamp("wfdb", d_signal=TWELVE.T.astype(np.int64), **signals, **more)
    wfdb.wrann("wfdb", "atr", np.array([100, 900]), symbol=["N", "V"], write_dir=str(folder))
    return folder / "wfdb.hea"


def as_dicom(folder: Path) -> Path:
    group = Dataset()
    group.WaveformOriginality, group.NumberOfWaveformChannels = "ORIGINAL", 12
    group.NumberOfWaveformSamples, group.SamplingFrequency = TWELVE.shape[1], 500
    group.ChannelDefinitionSequence = []
    for name in NAMES:
        channel, source, units = Dataset(), Dataset(), Dataset()
        source.CodeValue, source.CodingSchemeDesignator, source.CodeMeaning = name, "test", f"Lead {name}"
        units.CodeValue, units.CodingSchemeDesignator, units.CodeMeaning = "uV", "UCUM", "microvolt"
        channel.ChannelSourceSequence, channel.ChannelSensitivityUnitsSequence = [source], [units]
        channel.ChannelSensitivity, channel.WaveformBitsStored = 1, 16
        channel.FilterLowFrequency, channel.FilterHighFrequency = 0.05, 150
        group.ChannelDefinitionSequence.append(channel)
    group.WaveformBitsAllocated, group.WaveformSampleInterpretation = 16, "SS"
    group.WaveformData = TWELVE.T.astype("<i2").tobytes()
    meta = FileMetaDataset()
    meta.TransferSyntaxUID, meta.MediaStorageSOPClassUID = ExplicitVRLittleEndian, TwelveLeadECGWaveformStorage
    meta.MediaStorageSOPInstanceUID = generate_uid()
    file = pydicom.FileDataset(str(folder / "dicom.dcm"), {}, file_meta=meta, preamble=bytes(128))
    file.SOPClassUID, file.SOPInstanceUID = meta.MediaStorageSOPClassUID, meta.MediaStorageSOPInstanceUID
    file.PatientID, file.PatientSex, file.PatientAge, file.Manufacturer = "P1", "F", "040Y", "Maker"
    file.AcquisitionDateTime, file.WaveformSequence = "20240102030405", [group]
    file.save_as(folder / "dicom.dcm")
    return folder / "dicom.dcm"


def as_matlab(folder: Path) -> Path:
    savemat(folder / "matlab.mat", {"ECG": {"sex": "F", "age": 40, "data": TWELVE / 1000}}, do_compression=True)
    return folder / "matlab.mat"


def as_hdf5(folder: Path) -> Path:
    with h5py.File(folder / "hdf5.h5", "w") as file:
        file.create_dataset("ecg", data=TWELVE / 1000, compression="gzip")
    return folder / "hdf5.h5"


def as_csv(folder: Path) -> Path:
    np.savetxt(folder / "csv.csv", TWELVE.T / 1000, delimiter=",", header=",".join(NAMES), comments="")
    return folder / "csv.csv"


def as_parquet(folder: Path) -> Path:
    pq.write_table(pa.table({name: row / 1000 for name, row in zip(NAMES, TWELVE, strict=True)}), folder / "p.parquet")
    return folder / "p.parquet"


def as_npy(folder: Path) -> Path:
    np.save(folder / "numpy.npy", TWELVE / 1000)
    return folder / "numpy.npy"


def as_npz(folder: Path) -> Path:
    np.savez(folder / "numpy.npz", ecg=TWELVE / 1000, leads=np.array(NAMES), rate_hz=500.0, unit="mV")
    return folder / "numpy.npz"


def as_live(folder: Path) -> Path:
    values = (TWELVE / 1000).astype(np.float32)
    ecg = xr.DataArray(values, dims=("lead", "time"), coords={"lead": NAMES}, attrs={"rate_hz": 500.0})
    hub = Hub(folder / "live.live")
    stream = hub.add(Replay(ecg, speed=math.inf))
    end = time.monotonic() + 10
    while not stream.ended and time.monotonic() < end:
        time.sleep(0.01)
    hub.close()
    return Path(end_recording(begin_recording(stream.reader, first=0, name="live")).path)


SAMPLES: dict[str, tuple[Callable[[Path], Path], np.ndarray, list[str], float]] = {
    "wfdb": (as_wfdb, TWELVE, NAMES, 0.0),
    "dicom": (as_dicom, TWELVE, NAMES, 0.0),
    "aecg": (as_bytes("aecg.xml", w.aecg(TWELVE)), TWELVE, NAMES, 0.0),
    "scp": (as_bytes("scp.scp", w.scp(EIGHT)), EIGHT, list(w.EIGHT), 0.0),
    "muse": (as_bytes("muse.xml", w.muse(EIGHT, median=EIGHT[:, :600])), EIGHT, ["I", "II", *NAMES[6:]], 0.0),
    "sierra": (as_bytes("sierra.xml", w.sierra(TWELVE)), TWELVE, NAMES, 0.0),
    "cardiosoft": (as_bytes("cardiosoft.xml", w.cardiosoft(TWELVE)), TWELVE, NAMES, 0.0),
    "edf": (as_bytes("edf.edf", w.edf(EIGHT[:2])), EIGHT[:2], ["I", "II"], 0.0),
    "ishne": (as_bytes("ishne.ecg", w.ishne(EIGHT[:2])), EIGHT[:2], ["I", "V1"], 0.0),
    "matlab": (as_matlab, TWELVE, NAMES, 0.0),
    "hdf5": (as_hdf5, TWELVE, NAMES, 0.0),
    "apple": (as_bytes("apple.csv", w.apple(EIGHT[0])), EIGHT[:1], ["I"], 0.0),
    "polar": (as_bytes("polar.txt", w.polar(EIGHT[0])), EIGHT[:1], [""], 0.0),
    "opensignals": (as_bytes("o.txt", w.open_signals(512 + EIGHT[0].clip(-400, 400))), EIGHT[:1], [""], 0.0),
    "csv": (as_csv, TWELVE, NAMES, 0.0),
    "parquet": (as_parquet, TWELVE, NAMES, 0.0),
    "npy": (as_npy, TWELVE, NAMES, 0.0),
    "npz": (as_npz, TWELVE, NAMES, 0.0),
    "live": (as_live, TWELVE, NAMES, 0.0),
}
"""Of each format: how it is written, what was, its leads ("": the only one), and the tolerance in steps."""


def filled(record: Record) -> set[str]:
    """Fields of a record that hold something."""
    values = {name: getattr(record, name) for name in FIELDS}
    empty = ("", None, (), {})
    return {
        name
        for name, value in values.items()
        if not (any(value is nothing or (type(value) is type(nothing) and value == nothing) for nothing in empty))
        and not (isinstance(value, float) and math.isnan(value))
    }


@pytest.fixture(scope="module")
def table(tmp_path_factory: pytest.TempPathFactory) -> dict[str, tuple[Record, float, float]]:
    folder, found = tmp_path_factory.mktemp("table"), {}
    for kind, (write, written, leads, _) in SAMPLES.items():
        path = write(folder)
        record = read(path, **(STATED if kind in ("matlab", "hdf5", "csv", "parquet", "npy") else {}))
        worst, step = 0.0, 1.0
        for row, lead in zip(written, leads, strict=True):
            own = record.ecg.sel(lead=lead or record.leads[0]).values.astype(float)
            step = record.step_uv.get(lead or record.leads[0], 1.0)
            if kind == "opensignals":
                row = row.clip(-400, 400)
            worst = max(worst, float(np.nanmax(np.abs(own[: row.size] - row[: own.size] * step / 1000))) * 1000 / step)
        found[kind] = (record, worst, step)
    return found


def test_every_format_is_in_the_table() -> None:
    assert set(SAMPLES) == {item.kind for item in formats()}


@pytest.mark.parametrize("kind", SAMPLES)
def test_it_is_what_was_written_and_keeps_the_fields_it_is_said_to(
    table: dict[str, tuple[Record, float, float]], kind: str
) -> None:
    record, worst, _ = table[kind]
    item = next(item for item in formats() if item.kind == kind)
    assert record.format == kind
    assert worst <= SAMPLES[kind][3] + 1e-3, "steps of the stored samples"
    assert filled(record) - {"derived_leads"} <= set(item.fields)


def test_the_table(table: dict[str, tuple[Record, float, float]]) -> None:
    lines = ["| format | leads × samples | at most off, steps | step, µV | fields that came | fields it can hold |"]
    lines.append("|---" * 6 + "|")
    for item in formats():
        record, worst, step = table[item.kind]
        came = ", ".join(name for name in FIELDS if name in filled(record)) or "—"
        size = f"{record.ecg.sizes['lead']} × {record.ecg.sizes['time']}"
        cells = (item.name, size, f"{worst:.2g}", f"{step:.3g}", came, ", ".join(item.fields) or "—")
        lines.append(f"| {' | '.join(cells)} |")
    print("\n" + "\n".join(lines))
    assert len(lines) == len(formats()) + 2
    assert all(line.count("|") == 7 for line in lines)
