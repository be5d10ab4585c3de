"""Beats and findings while samples come: settled beats are the offline engine's, findings the rules room's."""

from __future__ import annotations

import math

import numpy as np
import pytest
import xarray as xr

from ecgomics.biomarkers import measure
from ecgomics.live import Description
from ecgomics.live.analysis import IntervalWatch, Told, Watch, rmssd_of
from ecgomics.live.rhythm import RULES, Judge, Rhythm, stretches, values_of
from ecgomics.rules import load_rules
from ecgomics.simulate import draw_patient, simulate
from ecgomics.waves import delineate

RATE = 250.0


def ecg_of(condition: str, *, seconds: float, seed: int = 1, leads: tuple[str, ...] = ("II", "V1")) -> xr.DataArray:
    patient = draw_patient(condition, seed=seed)
    return simulate(patient, duration_s=seconds, rate_hz=RATE, seed=seed).ecg.sel(lead=list(leads))


class Follower:
    """What whoever reads a journal knows of a stream's beats and findings."""

    def __init__(self) -> None:
        self.beats: dict[int, int] = {}
        self.early: dict[int, int] = {}
        self.found: list[tuple[str, int, int]] = []
        """Code, number where the evidence begins, number when it was told."""

    def take(self, told: Told, *, now: int) -> None:
        self.early |= {beat.number: beat.beat_class for beat in told.early}
        for done in told.settled:
            self.beats = {n: k for n, k in self.beats.items() if not done.first <= n < done.stop}
            self.beats |= {beat.number: beat.beat_class for beat in done.beats}
            self.beats |= {n: k for n, k in done.changed if n in self.beats}
        self.found += [(event.code, event.first, now) for event in told.events if event.stop is None]


def watched(ecg: xr.DataArray, *, chunk_s: float = 0.5, looks: bool = True, first: int = 0) -> Follower:
    values = ecg.values.astype(np.float32)
    watch = Watch(Description("x", "test", tuple(ecg["lead"].values), RATE), first=first)
    follower = Follower()
    step = max(1, round(chunk_s * RATE))
    for start in range(0, values.shape[1], step):
        follower.take(watch.take(first + start, values[:, start : start + step]), now=watch.next)
        if looks:
            follower.take(watch.look(), now=watch.next)
    follower.take(watch.finish(), now=watch.next)
    return follower


def offline(ecg: xr.DataArray, *, first: int = 0) -> dict[int, int]:
    beats = delineate(ecg).beats
    numbers = np.round(beats["r_s"].values * RATE).astype(int) + first
    return dict(zip(numbers.tolist(), beats["beat_class"].values.tolist(), strict=True))


@pytest.mark.parametrize(
    ("condition", "seconds"), [("pvc", 75.0), ("af", 68.3), ("normal", 41.0), ("bigeminy", 12.0), ("couplets", 61.0)]
)
def test_settled_beats_are_those_of_the_record(condition, seconds):
    ecg = ecg_of(condition, seconds=seconds)
    assert watched(ecg, looks=False).beats == offline(ecg)


def test_how_samples_come_changes_nothing():
    ecg = ecg_of("pvc", seconds=75)
    one, other = watched(ecg, chunk_s=0.13, looks=False), watched(ecg, chunk_s=60, looks=False)
    assert one.beats == other.beats


def test_a_stream_that_goes_on_counts_from_where_it_is():
    ecg = ecg_of("pvc", seconds=70)
    assert watched(ecg, first=10_000, looks=False).beats == offline(ecg, first=10_000)


def test_beats_of_a_recording_are_those_of_its_record():
    ecg = ecg_of("pvc", seconds=110)
    values = ecg.values.astype(np.float32)
    watch = Watch(Description("x", "test", ("II", "V1"), RATE))
    follower = Follower()
    first = round(35.3 * RATE)
    for start in range(0, values.shape[1], 100):
        if start <= first < start + 100:
            watch.align(first)
        follower.take(watch.take(start, values[:, start : start + 100]), now=watch.next)
    follower.take(watch.finish(), now=watch.next)
    expected = offline(ecg.isel(time=slice(first, None)), first=first)
    recorded = {n: k for n, k in follower.beats.items() if n >= first}
    assert recorded == expected
    assert len(follower.beats) - len(recorded) == len(offline(ecg.isel(time=slice(0, first))))


def test_early_beats_come_within_a_second_and_a_half_and_are_the_same_beats():
    ecg = ecg_of("normal", seconds=30)
    values = ecg.values.astype(np.float32)
    watch = Watch(Description("x", "test", ("II", "V1"), RATE))
    came: dict[int, int] = {}
    for start in range(0, values.shape[1], 125):
        watch.take(start, values[:, start : start + 125])
        came |= {beat.number: watch.next for beat in watch.look().early}
    settled = offline(ecg)
    delays = [(now - number) / RATE for number, now in came.items() if number > 4 * RATE]
    assert max(delays) < 1.5
    near = [min(abs(number - other) for other in settled) for number in came]
    assert max(near) <= 0.05 * RATE
    assert abs(len(came) - len(settled)) <= 2


def test_samples_that_never_came_part_the_beats():
    ecg = ecg_of("normal", seconds=60)
    values = ecg.values.astype(np.float32).copy()
    values[:, round(20 * RATE) : round(25 * RATE)] = np.nan
    watch = Watch(Description("x", "test", ("II", "V1"), RATE))
    beats, events = [], []
    for start in range(0, values.shape[1], 125):
        told = [watch.take(start, values[:, start : start + 125]), watch.look()]
        beats += [beat for one in told for done in one.settled for beat in done.beats]
        events += [event.code for one in told for event in one.events]
    done = watch.finish().settled
    beats += [beat for one in done for beat in one.beats]
    across = [beat for beat in beats if 25 <= beat.time_s < 26.5]
    assert math.isnan(across[0].rr_s)
    assert "pause" not in events, "samples that never came are no pause"


CLEAR = {
    "ventricular_run": "ventricular_run",
    "bigeminy": "ventricular_bigeminy",
    "couplets": "ventricular_couplet",
    "sinus_tachycardia": "tachycardia",
    "sinus_pause": "pause",
    "af": "atrial_fibrillation",
    "marked_bradycardia": "bradycardia_marked",
}


@pytest.mark.parametrize("condition", sorted(CLEAR))
def test_findings_are_told_while_they_happen(condition):
    codes = {code for code, _, _ in watched(ecg_of(condition, seconds=40, seed=2)).found}
    codes = {code.replace("pause_marked", "pause").replace("tachycardia", "run") for code in codes} | codes
    assert CLEAR[condition] in codes


@pytest.mark.parametrize("condition", ["ventricular_run", "couplets"])
def test_a_finding_is_told_within_three_seconds(condition):
    need = 3 if condition == "ventricular_run" else 2
    codes = {3: ("ventricular_run", "ventricular_tachycardia"), 2: ("ventricular_couplet",)}[need]
    delays: list[float] = []
    for seed in range(2, 8):
        ecg = ecg_of(condition, seconds=24, seed=seed)
        found = delineate(ecg).beats
        marks = found["marks"].sel(mark=["qrs_on", "qrs_off"]).values
        wide = (found["beat_class"].values == 1) & (np.diff(marks, axis=1)[:, 0] > 0.115)
        numbers = np.round(found["r_s"].values * RATE).astype(int)
        starts = [start for start, stop in stretches(wide) if stop - start == need or need == 3 <= stop - start]
        ends = [numbers[start + need - 1] for start in starts if numbers[start] > 10 * RATE]
        if ends:
            told = [now for code, _, now in watched(ecg).found if code in codes]
            delays.append(min((now - ends[0] for now in told if now > ends[0]), default=math.inf) / RATE)
        if sum(delay <= 3 for delay in delays) == 2:
            break
    # of one patient the early look may put a width on the other side of its limit
    assert sum(delay <= 3 for delay in delays) == 2, delays
    assert len(delays) <= 3, delays


def test_a_healthy_heart_has_no_findings_that_ask_for_eyes():
    severity = {rule.id: rule.severity for rule in load_rules()}
    codes = {code for code, _, _ in watched(ecg_of("normal", seconds=60)).found}
    assert not [code for code in codes if severity[code] in ("attention", "urgent")]


def test_a_standstill_is_told_before_the_next_beat():
    ecg = ecg_of("normal", seconds=40)
    last = max(number for number in offline(ecg) if number < 20 * RATE)
    values = ecg.values.astype(np.float32).copy()
    still = last + round(0.5 * RATE)
    rng = np.random.default_rng(0)
    values[:, still:] = values[:, still : still + 1] + 0.004 * rng.standard_normal(values[:, still:].shape)
    follower = watched(ecg.copy(data=values.astype(np.float32)))
    told = {code: now for code, _, now in reversed(follower.found)}
    assert 2.0 < (told["pause"] - last) / RATE < 5.0, "2 s of pause, and at most 3 until it is told"


@pytest.mark.parametrize(
    "condition", ["normal", "af", "pvc", "bigeminy", "ventricular_run", "pac", "couplets", "paced"]
)
def test_the_rhythm_is_counted_as_in_a_record(condition):
    ecg = ecg_of(condition, seconds=10, seed=4, leads=("I", "II", "III", "aVR", "V1", "V5")).expand_dims(record=["r"])
    beats = delineate(ecg)
    measured = measure(beats, ecg)["value"].sel(record="r").to_series()
    found = beats.beats
    rhythm = Rhythm(
        found["r_s"].values,
        found["rr_s"].values,
        found["beat_class"].values,
        marks=found["marks"].values,
        spikes=float(beats.quality["pace_spikes"].values[0]),
    )
    for name, value in values_of(rhythm).items():
        np.testing.assert_allclose(value, measured[name], rtol=2e-3, atol=1e-3, err_msg=name)


def test_the_rules_are_there_under_these_names():
    assert not set(RULES) - {rule.id for rule in load_rules()}


def intervals(rr: list[float]) -> list[str]:
    watch = IntervalWatch(Description("strap", "heart-rate", (), 0.0))
    events = []
    for number, value in enumerate(rr):
        watch.take(number, np.array([[value]], np.float32))
        events += watch.look().events
    return [event.code for event in events if event.stop is None]


def test_a_strap_of_intervals_gives_rate_and_rhythm():
    rng = np.random.default_rng(1)
    assert intervals([0.8 + 0.02 * math.sin(i) for i in range(60)]) == []
    assert "tachycardia" in intervals([0.45] * 60)
    assert "pause" in intervals([0.8] * 20 + [2.6] + [0.8] * 20)
    irregular = intervals((0.7 + 0.25 * rng.random(80)).tolist())
    assert "irregular_intervals" in irregular
    assert "atrial_fibrillation" not in irregular, "no P waves are seen"


def test_rmssd_needs_a_minute_of_normal_intervals():
    series = [(0.8 * i, 0.8 + 0.01 * (-1) ** i) for i in range(200)]
    times = np.cumsum([rr for _, rr in series])
    told = [(float(t), rr) for t, (_, rr) in zip(times, series, strict=True)]
    assert rmssd_of(told, now=float(times[-1])) == pytest.approx(20.0, rel=0.01)
    assert math.isnan(rmssd_of(told[:50], now=float(times[49])))


def test_nothing_is_told_of_no_signal():
    watch = Watch(Description("x", "test", ("II",), RATE))
    told = watch.take(0, np.full((1, 5000), np.nan, np.float32))
    assert not [beat for done in told.settled for beat in done.beats]
    told = watch.look()
    assert not told.early
    assert not told.events
    assert watch.quality == 0


def test_a_judge_tells_an_evidence_once():
    judge = Judge(rate_hz=RATE)
    r = np.arange(10) * 0.8
    rr = np.diff(r, prepend=np.nan)
    rr[5:] += 0
    kinds = np.zeros(10, np.int8)
    kinds[4:7] = 1
    rhythm = Rhythm(r, rr, kinds)
    first = judge.look(rhythm, now=2000)
    assert [event.code for event in first] == ["ventricular_run"], "75 a minute is no tachycardia"
    assert judge.look(rhythm, now=2100) == []
    (ended,) = judge.look(rhythm, now=6000)
    assert ended.stop == round(r[6] * RATE)
    assert judge.look(rhythm, now=6100) == []
