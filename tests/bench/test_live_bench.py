"""Live streams under load, killed, for a day; beats beside the offline engine: `make bench`."""

from __future__ import annotations

import os
import random
import resource
import signal
import subprocess
import sys
import time
from pathlib import Path

import numpy as np
import pytest

from ecgomics.cohort import open_cohort
from ecgomics.live import (
    Block,
    Description,
    Hub,
    Reader,
    Replay,
    Stream,
    begin_recording,
    end_recording,
    record_of,
    recordings_of,
    take_in,
)
from ecgomics.live.analysis import Watch
from ecgomics.live.rhythm import stretches
from ecgomics.live.watching import Watching
from ecgomics.records import read
from ecgomics.settings import LiveSettings
from ecgomics.simulate import VirtualPatient, draw_patient, simulate
from ecgomics.vocabulary import LEADS
from ecgomics.waves import delineate

pytestmark = [pytest.mark.bench, pytest.mark.timeout(1800)]

DATA = Path(os.environ.get("ECGOMICS_DATA", "none"))
TWELVE = Description("bed", "bench", LEADS, 500.0)
KILLS = int(os.environ.get("ECGOMICS_KILLS", "50"))

SENSOR = """
import random, sys, time
from pathlib import Path
import numpy as np
from ecgomics.live import Block, Description, Stream
from ecgomics.live.rhythm import stretches
from ecgomics.live.watching import Watching
folder, begun = Path(sys.argv[1]), float(sys.argv[2])
from ecgomics.vocabulary import LEADS
stream = Stream.begin(folder, Description("bed", "bench", LEADS, 500.0))
at = max(stream.next, int((time.time() - begun) * 500))
saved = time.monotonic()
while True:
    due = int((time.time() - begun) * 500)
    if due - at >= 25:
        numbers = np.arange(at, due)
        values = (numbers % 9973 * 0.001 + np.arange(12)[:, None]).astype(np.float32)
        print("made", due, flush=True)
        print("kept", stream.push(Block(at, values)), flush=True)
        at = due
    if time.monotonic() - saved > 0.4:
        stream.keep()
        saved = time.monotonic()
    time.sleep(0.01)
"""


def of_numbers(first: int, stop: int) -> np.ndarray:
    return (np.arange(first, stop) % 9973 * 0.001 + np.arange(12)[:, None]).astype(np.float32)


def last_told(lines: list[str], word: str) -> int:
    return max((int(line.split()[1]) for line in lines if line.startswith(word) and len(line.split()) == 2), default=0)


def test_an_owner_killed_at_random_moments(tmp_path, capsys):
    """kill -9 while it records: what is missing of each life is at most a second, and a gap; the recording is whole."""
    folder = tmp_path / "demo.live" / "bed"
    begun, rng = time.time(), random.Random(4)
    recording, lost_s, lives = None, [], 0
    while lives < KILLS:
        child = subprocess.Popen(
            [sys.executable, "-c", SENSOR, str(folder), str(begun)], stdout=subprocess.PIPE, text=True
        )
        assert child.stdout is not None
        lines = [child.stdout.readline(), child.stdout.readline()]
        if recording is None:
            recording = begin_recording(Reader(folder), first=0)
        time.sleep(rng.uniform(0.0, 0.8))
        child.send_signal(signal.SIGKILL)
        lines += child.stdout.read().splitlines()
        child.communicate()
        lives += 1
        reader = Reader(folder)
        kept, made = last_told(lines, "kept"), last_told(lines, "made")
        assert reader.next >= kept, "what was acknowledged is there"
        lost_s.append(max(0, made - reader.next) / 500)
        assert recordings_of(folder)[0].state == "cut"
    assert recording is not None
    ended = end_recording(recordings_of(folder)[0])
    record = record_of(ended)
    values = record.ecg.sel(lead=list(LEADS)).values
    there = np.isfinite(values).all(axis=0)
    np.testing.assert_array_equal(values[:, there], of_numbers(0, values.shape[1])[:, there])
    gaps = {n for start, stop in Reader(folder).gaps for n in range(start, stop)}
    assert set(np.flatnonzero(~there).tolist()) == gaps
    cohort = tmp_path / "demo.zarr"
    from ecgomics.pipeline import ingest

    ingest([_short()], cohort, progress=False)
    assert take_in(ended, open_cohort(cohort), then="nothing") in set(open_cohort(cohort).ids)
    with capsys.disabled():
        print(
            f"\n{lives} kills: made but not kept at most {1000 * max(lost_s):.0f} ms, acknowledged and lost 0; "
            f"{len(Reader(folder).gaps)} gaps between lives, {there.sum() / 500:.1f} s of signal"
        )
    assert max(lost_s) <= 1.0


def _short():
    from ecgomics.records import Record

    return Record(simulate(VirtualPatient(), duration_s=10, rate_hz=500, seed=8).ecg, native_hz=500.0, source="x")


OWNER = """
import os, sys, threading, time
import numpy as np
from pathlib import Path
from ecgomics.live import Block, Description, Hub
from ecgomics.simulate import VirtualPatient, simulate
from ecgomics.vocabulary import LEADS
folder, count, seconds = Path(sys.argv[1]), int(sys.argv[2]), float(sys.argv[3])
wide, rate = (LEADS, 500.0) if sys.argv[4] == "12" else (("II",), 130.0)
ecg = simulate(VirtualPatient(), duration_s=20, rate_hz=rate, seed=1).ecg.sel(lead=list(wide)).values.astype("f4")
hub = Hub(folder)
feeds = [hub.feed(Description(f"bed {i}", "bench", wide, rate)) for i in range(count)]
ids = [feed.id for feed in feeds]
print(" ".join(ids), flush=True)
time.sleep(4)  # the watcher has loaded
before, begun, at, unsafe = os.times(), time.monotonic(), [0] * count, 0.0
while time.monotonic() - begun < seconds:
    for i, feed in enumerate(feeds):
        due = int((time.monotonic() - begun) * rate)
        if due - at[i] >= rate / 10:
            values = ecg[:, np.arange(at[i], due) % ecg.shape[1]].copy()
            # the first lead's last sample says when it was pushed
            values[0, -1] = 1000 + time.monotonic() % 512
            reached = feed.push(Block(at[i], values))
            assert reached == due, (reached, due)
            at[i] = due
            if due > 2 * rate:
                unsafe = max(unsafe, (due - feed.stream.journal.saved) / rate)
    time.sleep(0.005)
after = os.times()
cpu = after.user + after.system - before.user - before.system
print(f"cpu {cpu / (time.monotonic() - begun):.3f} pushed {min(at)} unsafe {unsafe:.2f}", flush=True)
time.sleep(1.5)
hub.close()
"""

VIEWER = """
import os, sys, time
import numpy as np
from pathlib import Path
from ecgomics.live import Reader
folder, seconds, ids = Path(sys.argv[1]), float(sys.argv[2]), sys.argv[3].split()
readers = [Reader(folder / id) for id in ids]
at, seen, delays, missing = [0] * len(ids), [0] * len(ids), [], 0
print("ready", flush=True)
before, begun = os.times(), time.monotonic()
while time.monotonic() - begun < seconds:
    for i, reader in enumerate(readers):
        first, values = reader.since(at[i])
        now = time.monotonic()
        assert first == at[i]
        marks = values[0][values[0] >= 1000]
        delays += [(now % 512 - (float(mark) - 1000)) % 512 for mark in marks]
        missing += int(np.isnan(values).sum())
        at[i] += values.shape[1]
        seen[i] += values.shape[1]
        reader.status, reader.rate_bpm
    time.sleep(0.05)
after = os.times()
cpu = (after.user + after.system - before.user - before.system) / (time.monotonic() - begun)
late = np.quantile(delays, [0.5, 0.95, 0.99]) * 1000
print(f"{cpu:.3f} {late[0]:.0f} {late[1]:.0f} {late[2]:.0f} {missing} {min(seen)}", flush=True)
"""


@pytest.mark.parametrize(("count", "leads", "limit_ms"), [(1, "12", 100), (20, "1", 500), (20, "12", 500)])
def test_streams_and_viewers_side_by_side(tmp_path, capsys, count, leads, limit_ms):
    """Streams with their analysis in one process, as many viewers in two others, no sample lost."""
    seconds = float(os.environ.get("ECGOMICS_LIVE_S", "20"))
    owner = subprocess.Popen(
        [sys.executable, "-c", OWNER, str(tmp_path), str(count), str(seconds), leads], stdout=subprocess.PIPE, text=True
    )
    assert owner.stdout is not None
    ids = owner.stdout.readline().split()
    halves = [half for half in (ids[: (count + 1) // 2], ids[(count + 1) // 2 :]) if half]
    viewers = [
        subprocess.Popen(
            [sys.executable, "-c", VIEWER, str(tmp_path), str(seconds + 5), " ".join(half)],
            stdout=subprocess.PIPE,
            text=True,
        )
        for half in halves
    ]
    told = [viewer.communicate(timeout=seconds + 120)[0].split()[1:] for viewer in viewers]
    said = owner.stdout.readline().split()
    owner.communicate(timeout=60)
    pushed = int(said[3])
    p95 = max(float(line[2]) for line in told)
    with capsys.disabled():
        print(
            f"\n{count} streams of {leads} leads: owner {100 * float(said[1]):.0f} % of a core, "
            f"viewers {100 * sum(float(line[0]) for line in told):.0f} %; pushed → readable elsewhere median "
            f"{max(float(line[1]) for line in told):.0f}, p95 {p95:.0f}, "
            f"p99 {max(float(line[3]) for line in told):.0f} ms; "
            f"{pushed} samples a stream, seen at least {min(int(line[5]) for line in told)}, missing "
            f"{sum(int(line[4]) for line in told)}; not yet safe from a power cut at most {said[5]} s"
        )
    assert sum(int(line[4]) for line in told) == 0
    assert min(int(line[5]) for line in told) >= pushed
    assert p95 <= limit_ms


def test_a_day_takes_no_more_memory_than_an_hour(tmp_path, capsys):
    """86,400 s of one lead at 130 Hz, pushed as fast as they are taken, watched and pruned on the way."""
    rate, day = 130.0, int(os.environ.get("ECGOMICS_DAY_S", "86400"))
    ecg = simulate(VirtualPatient(), duration_s=600, rate_hz=rate, seed=1).ecg.sel(lead=["II"]).values.astype("f4")
    stream = Stream.begin(tmp_path / "s", Description("strap", "bench", ("II",), rate))
    watching = Watching(stream.journal, stream.reader, first=0)
    step, sizes, disk = int(10 * rate), [], []
    for at in range(0, int(day * rate), step):
        stream.push(Block(at, ecg[:, np.arange(at, at + step) % ecg.shape[1]]))
        watching.step()
        if (at // step) % 6 == 0:
            stream.journal.save()
            stream.journal.prune([])
        if (at // step) % 360 == 359:
            sizes.append(_resident_mb())
            disk.append(sum(path.stat().st_size for path in stream.journal.folder.glob("*.seg")) / 1e6)
    watching.finish()
    stream.end()
    beats = len(stream.reader.beats_since(0))
    with capsys.disabled():
        print(
            f"\n{day / 3600:.0f} h: resident {sizes[0]:.0f} MB after an hour, {sizes[len(sizes) // 2]:.0f} half way, "
            f"{sizes[-1]:.0f} at the end; segments at most {max(disk):.1f} MB; {beats} beats held by the reader; "
            f"cpu {resource.getrusage(resource.RUSAGE_SELF).ru_utime:.0f} s"
        )
    assert sizes[-1] - sizes[0] < 40


def _resident_mb() -> float:
    return int(Path("/proc/self/statm").read_text().split()[1]) * os.sysconf("SC_PAGE_SIZE") / 1e6


@pytest.mark.data
@pytest.mark.skipif(not (DATA / "mitdb").is_dir(), reason="the real recordings are not beside this checkout")
def test_settled_beats_beside_the_offline_engine_on_real_records(capsys):
    """MIT-BIH: the same R sample (± 1) and class as `delineate` gives the same samples."""
    files = sorted((DATA / "mitdb" / "excerpt_5min").glob("*.hea")) + sorted((DATA / "mitdb" / "full").glob("*.hea"))
    total, placed, same, early_same, seconds, extra = 0, 0, 0, 0, 0.0, 0
    for file in files:
        record = read(file)
        rate, values = record.native_hz, record.ecg.values.astype(np.float32)
        watch = Watch(Description("x", "bench", record.leads, rate))
        settled: dict[int, int] = {}
        early: dict[int, int] = {}
        step = round(rate / 2)
        for start in range(0, values.shape[1] + step, step):
            done = start >= values.shape[1]
            told = [watch.finish()] if done else [watch.take(start, values[:, start : start + step]), watch.look()]
            early |= {beat.number: beat.beat_class for one in told for beat in one.early}
            for one in (one for part in told for one in part.settled):
                settled = {n: k for n, k in settled.items() if not one.first <= n < one.stop}
                settled |= {beat.number: beat.beat_class for beat in one.beats}
                settled |= {n: k for n, k in one.changed if n in settled}
        beats = delineate(record.ecg).beats
        true = zip(
            np.round(beats["r_s"].values * rate).astype(int).tolist(), beats["beat_class"].values.tolist(), strict=True
        )
        for number, kind in true:
            near = [n for n in (number - 1, number, number + 1) if n in settled]
            total, placed = total + 1, placed + bool(near)
            same += any(settled[n] == kind for n in near)
            early_same += any(early.get(n) == kind for n in (number - 1, number, number + 1))
        extra += len(settled) - beats.sizes["beat"]
        seconds += record.duration_s
    with capsys.disabled():
        print(
            f"\n{len(files)} records, {seconds / 3600:.2f} h, {total} beats: settled same R {placed / total:.5f}, "
            f"same R and class {same / total:.5f}, {extra:+d} beats; early same R and class {early_same / total:.4f}"
        )
    assert same / total >= 0.999
    assert abs(extra) <= 0.001 * total


def test_a_finding_is_told_within_three_seconds(tmp_path, capsys):
    """A ventricular run replayed in real time through the hub: from its third beat's arrival to the event on disk."""
    for seed in range(20):
        patient = draw_patient("ventricular_run", seed=seed)
        ecg = simulate(patient, duration_s=30, rate_hz=500, seed=seed).ecg.sel(lead=list(LEADS))
        beats = delineate(ecg).beats
        marks = beats["marks"].sel(mark=["qrs_on", "qrs_off"]).values
        wide = (beats["beat_class"].values == 1) & (np.diff(marks, axis=1)[:, 0] > 0.115)
        numbers = np.round(beats["r_s"].values * 500).astype(int)
        thirds = [int(numbers[a + 2]) for a, b in stretches(wide) if b - a >= 3 and numbers[a] > 12 * 500]
        if thirds:
            break
    hub = Hub(tmp_path / "x.live")
    warm = hub.add(Replay(ecg.isel(time=slice(0, 4000)), speed=np.inf))
    while not warm.over:
        time.sleep(0.1)  # the watcher has loaded what it needs
    stream = hub.add(Replay(ecg, speed=1.0, synthetic=True))
    while not stream.over:
        time.sleep(0.2)
    hub.close()
    reader = Reader(tmp_path / "x.live" / stream.id)
    runs = ("ventricular_run", "ventricular_tachycardia")
    told = [event for event in reader.events_since(0) if event.code in runs]
    came = reader.came_at(thirds[0])
    delay = min(event.when.timestamp() - came for event in told if event.when.timestamp() > came)
    with capsys.disabled():
        print(f"\nthird beat of a ventricular run → finding {delay:.2f} s")
    assert delay <= 3.0


def test_a_report_is_there_two_seconds_after_the_record_ends(tmp_path, capsys):
    """From the end of a recording of a minute of twelve leads to its analysed report, in a process that has worked."""
    from ecgomics.reports import examine
    from ecgomics.reports.document import report_html, report_pdf

    ecg = simulate(VirtualPatient(), duration_s=60, rate_hz=500, seed=1).ecg.sel(lead=list(LEADS)).values.astype("f4")
    stream = Stream.begin(tmp_path / "s", TWELVE, settings=LiveSettings())
    times = []
    for again in range(2):
        recording = begin_recording(stream.reader)
        for at in range(0, ecg.shape[1], 50):
            stream.push(Block(again * ecg.shape[1] + at, ecg[:, at : at + 50]))
        begun, cpu = time.perf_counter(), time.process_time()
        told = examine(record_of(end_recording(recording)))
        page = report_html(told)
        paper = report_pdf(told)
        times.append((time.perf_counter() - begun, time.process_time() - cpu))
        assert len(page) > 10_000
        assert paper.startswith(b"%PDF")
    stream.end()
    with capsys.disabled():
        wall, spent = times[1]
        print(f"\nreport of a recording of 60 s: {wall:.2f} s wall, {spent:.2f} s CPU (first: {times[0][0]:.1f} s)")
    assert times[1][1] <= 2.0
