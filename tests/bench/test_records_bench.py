"""How long each format takes to read, beside wfdb alone; and 20,000 damaged files in bounded time and memory.

Files are written for the purpose; the real samples are added where they are beside the checkout.
"""

from __future__ import annotations

import importlib.util
import json
import os
import shutil
import subprocess
import sys
import time
from pathlib import Path

import h5py
import numpy as np
import pytest
import wfdb
from scipy.io import savemat

from ecgomics.records import find, read

pytestmark = [pytest.mark.bench, pytest.mark.timeout(3000)]

DATA = Path(os.environ.get("ECGOMICS_DATA", Path(__file__).parents[3] / "shared" / "data"))
SCRIPT = Path(__file__).parents[1] / "properties" / "record_mutations.py"
MUTATIONS = 20_000
MAX_SECONDS = 10.0
MAX_BYTES = 1_500_000_000

_SPEC = importlib.util.spec_from_file_location(
    "record_writers", Path(__file__).parents[1] / "standards" / "record_writers.py"
)
w = importlib.util.module_from_spec(_SPEC)
_SPEC.loader.exec_module(w)


def write_all(folder: Path) -> None:
    """One file of each format, ten seconds of twelve leads where the format holds them."""
    eight = w.beats(8, n=5000)
    twelve = w.twelve_of(eight)
    for name, data in {
        "scp.scp": w.scp(eight),
        "scp_custom.scp": w.scp(eight, coding="switching"),
        "ishne.ecg": w.ishne(eight[:2]),
        "edf.edf": w.edf(eight[:2]),
        "bdf.bdf": w.edf(eight[:2], variant="BDF+D", onsets=[0, 1, 2, 3, 5, 6, 7, 8, 9, 10]),
        "aecg.xml": w.aecg(twelve),
        "muse.xml": w.muse(eight, median=eight[:, :600]),
        "sierra.xml": w.sierra(twelve),
        "cardiosoft.xml": w.cardiosoft(twelve),
        "apple.csv": w.apple(eight[0]),
        "polar.txt": w.polar(eight[0]),
        "opensignals.txt": w.open_signals(512 + eight[0].clip(-400, 400)),
    }.items():
        (folder / name).write_bytes(data)
    savemat(folder / "matlab.mat", {"ECG": {"sex": "F", "age": 40, "data": twelve / 1000}}, do_compression=True)
    with h5py.File(folder / "hdf5.h5", "w") as file:
        file.create_dataset("ecg", data=twelve / 1000, compression="gzip")
    np.save(folder / "numpy.npy", twelve / 1000)
    wfdb.wrsamp(
        "wfdb",
        fs=500,
        units=["mV"] * 12,
        sig_name=list(w.TWELVE),
        p_signal=twelve.T / 1000,
        fmt=["16"] * 12,
        write_dir=str(folder),
    )


def cpu_ms(call, *, repeats: int = 7) -> float:
    """Median CPU time, ms."""
    call()
    times = []
    for _ in range(repeats):
        begun = time.process_time()
        call()
        times.append(time.process_time() - begun)
    return 1e3 * float(np.median(times))


def test_read_time_of_each_format(tmp_path):
    write_all(tmp_path)
    folders = [tmp_path, *(path for path in (DATA / "formats", DATA / "formats_converted") if path.is_dir())]
    alone = cpu_ms(lambda: wfdb.rdrecord(str(tmp_path / "wfdb")))
    print(
        f"\nwfdb alone, 12 leads × 10 s: {alone:.2f} ms\n{'kind':<12}{'file':<44}{'samples':>10}{'ms':>8}{'× wfdb':>8}"
    )
    for folder in folders:
        for file in find(folder):
            stated = {"rate_hz": 500, "unit": "mV"} if file.kind in ("csv", "hdf5", "npy") else {}
            record = read(file.path, **stated)
            spent = cpu_ms(lambda path=file.path, stated=stated: read(path, **stated))
            print(f"{record.format:<12}{file.source[:42]:<44}{record.ecg.size:>10}{spent:>8.1f}{spent / alone:>8.1f}")
            assert spent < 150 * alone


def test_20_000_damaged_files(tmp_path):
    folders = [tmp_path / "written", tmp_path / "real"]
    for folder in folders:
        folder.mkdir()
    write_all(folders[0])
    if DATA.is_dir():
        for path in sorted([*(DATA / "formats").rglob("*"), *(DATA / "formats_converted").rglob("*")]):
            if path.is_file():
                shutil.copy(path, folders[1] / path.name)
        for path in (
            DATA / "cpsc2018" / "A1980.mat",
            DATA / "ludb" / "data" / "1.hea",
            DATA / "ludb" / "data" / "1.dat",
        ):
            shutil.copy(path, folders[1] / path.name)
    used = [folder for folder in folders if any(folder.iterdir())]
    for seed, folder in enumerate(used):
        count = MUTATIONS // len(used)
        ran = subprocess.run(
            [sys.executable, str(SCRIPT), str(folder), str(count), str(seed)],
            capture_output=True,
            text=True,
            check=False,
        )
        assert ran.returncode == 0, f"the interpreter died: {ran.returncode} {ran.stderr[-500:]}"
        told = json.loads(ran.stdout)
        print(f"\n{folder.name}: {count} damaged files: {told}")
        assert told["wrong"] == []
        assert sum(told["told"].values()) == count
        assert told["slowest_s"] < MAX_SECONDS
        assert told["peak_bytes"] < MAX_BYTES
