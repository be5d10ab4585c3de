"""What the store costs: a record at random, all in sequence, opening many, taking files in, and a day of twelve leads.

Run by `make bench` (``pytest -m bench -s tests/bench``). Times are CPU times of this process, or ratios.
"""

from __future__ import annotations

import shutil
import subprocess
import sys
import textwrap
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import numpy as np
import pytest
import wfdb

from ecgomics.cohort import open_cohort
from ecgomics.cohort.crew import Hands
from ecgomics.cohort.ingest import ingest_files, ingest_records
from ecgomics.cohort.progress import Progress
from ecgomics.records import assemble
from ecgomics.settings import IngestSettings
from ecgomics.vocabulary import LEADS

pytestmark = [pytest.mark.bench, pytest.mark.timeout(1800)]

QUIET = Progress("quiet")
RATE = 500
DAY_S = 24 * 3600


def beats_like(seconds: float, *, seed: int, rate: float = RATE) -> np.ndarray:
    """Twelve leads of something with the density of an ECG, mV."""
    rng = np.random.default_rng(seed)
    phase = (np.arange(round(seconds * rate)) / rate + rng.uniform()) % rng.uniform(0.6, 1.1)
    waves = np.exp(-(((phase - 0.3) / 0.012) ** 2)) + 0.25 * np.exp(-(((phase - 0.55) / 0.05) ** 2))
    return waves * np.linspace(0.4, 1.6, 12)[:, None] + rng.normal(scale=0.01, size=(12, len(phase)))


def median_ms(call: Callable[[int], object], count: int) -> float:
    """Median CPU time of `count` calls, ms."""
    times = []
    for number in range(count):
        begun = time.process_time()
        call(number)
        times.append(time.process_time() - begun)
    return 1e3 * float(np.median(times))


def test_a_record_at_random_and_all_in_sequence(tmp_path):
    count = 2048
    made = (assemble(beats_like(10, seed=k), LEADS, rate_hz=RATE, source=f"r{k}") for k in range(count))
    ingest_records(made, tmp_path / "c.zarr", settings=IngestSettings(), progress=QUIET)
    cohort = open_cohort(tmp_path / "c.zarr")
    ids, order = list(cohort.ids), np.random.default_rng(0).permutation(count)
    one = median_ms(lambda k: cohort.ecg(ids[order[k]]), 300)
    rates = []
    for _ in range(3):
        begun = time.process_time()
        size = sum(cohort.block(ids[start : start + 256]).nbytes for start in range(0, count, 256))
        rates.append(size / 1e6 / (time.process_time() - begun))
    signal = cohort.path / "signal"
    raw, kept = 2 * 12 * 5000 * count, sum(f.stat().st_size for f in signal.rglob("*") if f.is_file())
    rate = float(np.median(rates))
    print(f"\nrandom record {one:.2f} ms; sequential {rate:.0f} MB/s of float32; {raw / kept:.1f} × smaller")
    assert one <= 2
    assert rate >= 300


def test_opening_twenty_thousand_records(tmp_path):
    # how long the records are makes no difference to opening them
    made = (assemble(beats_like(0.1, seed=k), LEADS, rate_hz=RATE, source=f"r{k}") for k in range(20_000))
    ingest_records(made, tmp_path / "c.zarr", settings=IngestSettings(), progress=QUIET)

    def opened(_: int) -> int:
        return len(open_cohort(tmp_path / "c.zarr").records)

    assert opened(0) == 20_000
    spent = median_ms(opened, 5)
    print(f"\nopening 20,000 records, with their table: {spent:.0f} ms")
    assert spent <= 300


def wfdb_folder(folder: Path, count: int) -> None:
    folder.mkdir()
    for number in range(count):
        wfdb.wrsamp(
            f"r{number:04}",
            fs=RATE,
            units=["mV"] * 12,
            sig_name=list(LEADS),
            p_signal=beats_like(10, seed=number).T,
            fmt=["16"] * 12,
            comments=["Age: 50", "Sex: F", "Dx: 426783006"],
            write_dir=str(folder),
        )


def test_taking_in_wfdb_beside_wfdb_alone(tmp_path):
    count = 600
    wfdb_folder(tmp_path / "in", count)
    begun = time.process_time()
    for number in range(count):
        wfdb.rdrecord(str(tmp_path / "in" / f"r{number:04}"))
    alone = time.process_time() - begun
    settings = IngestSettings()
    given = {"settings": settings, "labels": None, "progress": QUIET}
    begun = time.process_time()
    ingest_files(tmp_path / "in", tmp_path / "one.zarr", hands=Hands(0), **given)
    own = time.process_time() - begun
    begun = time.monotonic()
    ingest_files(tmp_path / "in", tmp_path / "two.zarr", hands=Hands(2), **given)
    wall = time.monotonic() - begun
    print(
        f"\nWFDB: {count / own:.0f} records/s of one core's time, {count / wall:.0f} a second by two workers with "
        f"their start; {own / alone:.1f} × reading them with wfdb alone ({count / alone:.0f}/s)"
    )
    assert 2 * count / own >= 150


MEMORY = """
import re, sys
from pathlib import Path
from ecgomics.cohort.crew import Hands
from ecgomics.cohort.ingest import ingest_files
from ecgomics.cohort.progress import Progress
from ecgomics.settings import IngestSettings
import scipy.signal, wfdb
def peak():
    # what getrusage says is inherited from the parent
    return int(re.search(r"VmHWM:\\s+(\\d+)", Path("/proc/self/status").read_text())[1]) / 1024

before = peak()
source, store = map(Path, sys.argv[1:])
ingest_files(source, store, settings=IngestSettings(), labels=None, hands=Hands(0), progress=Progress("quiet"))
print(before, peak())
"""


def peak_mb(source: Path, store: Path) -> tuple[float, float]:
    """Memory before and at most during an ingest in a process of its own, MB."""
    done = subprocess.run(
        [sys.executable, "-c", textwrap.dedent(MEMORY), str(source), str(store)],
        capture_output=True,
        text=True,
        check=True,
    )
    before, peak = map(float, done.stdout.split())
    return before, peak


def test_memory_does_not_grow_with_the_number_of_files(tmp_path):
    peaks = []
    # a whole shard at least, for one is held while it is written
    for count in (300, 1200):
        wfdb_folder(tmp_path / f"in{count}", count)
        before, peak = peak_mb(tmp_path / f"in{count}", tmp_path / f"{count}.zarr")
        peaks.append(peak)
    print(f"\nmemory: {before:.0f} MB before, {peaks[0]:.0f} MB for 300 files, {peaks[1]:.0f} MB for 1,200")
    assert peaks[1] < 1.2 * peaks[0]


@pytest.fixture(scope="module")
def day(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """A day of twelve leads at 500 Hz as WFDB: 1 GB."""
    folder = tmp_path_factory.mktemp("day")
    minutes = [np.rint(beats_like(60, seed=k).T * 1000).astype("<i2").tobytes() for k in range(8)]
    (folder / "in").mkdir()
    with (folder / "in" / "day.dat").open("wb") as stream:
        for minute in range(DAY_S // 60):
            stream.write(minutes[minute % 8])
    lines = [f"day 12 {RATE} {DAY_S * RATE}", *(f"day.dat 16 1000/mV 16 0 0 0 0 {lead}" for lead in LEADS)]
    (folder / "in" / "day.hea").write_text("\n".join(lines) + "\n")
    yield folder
    shutil.rmtree(folder)


def test_a_day_of_twelve_leads(day):
    before, peak = peak_mb(day / "in", day / "c.zarr")
    cohort = open_cohort(day / "c.zarr")
    record = cohort.ids[0]
    node = day / "c.zarr" / "long" / record

    def size(name: str) -> int:
        return sum(f.stat().st_size for path in node.glob(name) for f in path.rglob("*") if f.is_file())

    extra = size("envelope_*") / size("ecg")
    print(f"\n24 h × 12 × 500 Hz: {peak:.0f} MB at most ({before:.0f} before); pyramid {100 * extra:.1f} % extra")
    rng = np.random.default_rng(0)
    worst = 0.0
    for span in (1, 10, 60, 600, 3600, 6 * 3600, DAY_S):
        starts = rng.uniform(0, DAY_S - span, size=200)
        times = []
        for start in starts:
            begun = time.process_time()
            cohort.window(record, start, start + span, 1500)
            times.append(1e3 * (time.process_time() - begun))
        p95 = float(np.percentile(times[20:], 95))
        worst = max(worst, p95)
        print(f"  window of {span:>6} s, 1,500 px: p50 {np.median(times):.2f} ms, p95 {p95:.2f} ms")
    assert len(cohort.quarantine) == 0
    assert peak - before <= 500
    assert extra <= 0.2
    assert worst <= 4
