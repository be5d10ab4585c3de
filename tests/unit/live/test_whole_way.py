"""From a strap in the air to a record of a cohort: every sample once, gaps where they were made, beats as offline."""

from __future__ import annotations

import importlib.util
import sys
import time
from pathlib import Path

import numpy as np

from ecgomics.live import Hub, begin_recording, end_recording, live_folder, take_in
from ecgomics.live.polar import Polar
from ecgomics.pipeline import ingest
from ecgomics.simulate import demo_patients

_SPEC = importlib.util.spec_from_file_location("fake_straps", Path(__file__).with_name("fake_straps.py"))
fakes = sys.modules.setdefault("fake_straps", importlib.util.module_from_spec(_SPEC))
if not hasattr(fakes, "Air"):
    _SPEC.loader.exec_module(fakes)


def whole_way(folder: Path, one, *, seconds: float, retry_s: float):
    """Stream a strap until it ends, recording from the first sample; the cohort, the record's id, and what was told."""
    cohort = ingest(demo_patients(1, seed=3), folder / "c.zarr", workers=0, progress=False)
    hub = Hub(live_folder(cohort.path))
    try:
        stream = hub.add(Polar(radio=fakes.Air([one]).radio, retry_s=(retry_s,)))
        recording = begin_recording(stream.reader, first=0)
        ends = time.monotonic() + seconds
        while not one.ended.is_set() or stream.next < one.heard * fakes.FRAME:
            assert time.monotonic() < ends, "the strap has not ended"
            time.sleep(0.05)
        hub.stop(stream.id)
        while not stream.over:
            assert time.monotonic() < ends, "the last beats were not looked for"
            time.sleep(0.05)
        reader = hub.reader(stream.id)
        told = reader.gaps, [beat for beat in reader.beats_since(0) if beat.settled]
        record = take_in(end_recording(recording), cohort, then="nothing")
    finally:
        hub.close()
    return cohort, record, told


def check(one, cohort, record, told) -> tuple[float, int]:
    """Samples and gaps to the sample; share of beats that are the same, and how many there are."""
    total = one.heard * fakes.FRAME
    wanted = np.array([fakes.ecg_uv(k) / 1000 for k in range(104)], dtype=np.float32)[np.arange(total) % 104]
    made = [(frame * fakes.FRAME, (frame + 1) * fakes.FRAME) for frame in sorted(one.missed) if frame < one.heard]
    for start, stop in made:
        wanted[start:stop] = np.nan
    ecg = cohort.ecg(record).load()
    assert ecg.shape == (1, total)
    np.testing.assert_allclose(ecg.values[0], wanted, atol=5.1e-4)
    gaps, beats = told
    holes = np.flatnonzero(np.diff(np.isnan(wanted).astype(int), prepend=0, append=0))
    assert gaps == tuple((int(a), int(b)) for a, b in holes.reshape(-1, 2))
    from ecgomics.waves import delineate

    offline = delineate(ecg)
    peaks = np.round(offline.beats["r_s"].values * float(ecg.attrs["rate_hz"])).astype(int)
    ours = np.array([beat.number for beat in beats])
    same = sum(np.abs(ours - peak).min(initial=9) <= 1 for peak in peaks)
    extra = sum(np.abs(peaks - beat).min(initial=9) > 1 for beat in ours)
    return (same - extra) / len(peaks), len(peaks)


def test_a_straps_minute_becomes_a_record(tmp_path):
    one = fakes.Peripheral(lost=frozenset({40, 41, 100}), away=((30.0, 34.0),), speed=20.0, end=120)
    share, count = check(one, *whole_way(tmp_path, one, seconds=60, retry_s=0.01))
    # on a busy machine it takes longer to find the strap again: the gap is longer, and as exact
    assert count > 40
    assert share >= 0.98
