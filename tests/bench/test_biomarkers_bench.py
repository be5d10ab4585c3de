"""Records a second on one core, from signal to findings, beside a user's neurokit2 script on lead II alone."""

from __future__ import annotations

import resource
import time
import warnings
from collections.abc import Callable

import numpy as np
import pytest
import xarray as xr

from ecgomics.biomarkers import measure
from ecgomics.cohort.crew import one_thread
from ecgomics.rules import evaluate, load_rules
from ecgomics.simulate import draw_patient, simulate
from ecgomics.waves import delineate

pytestmark = pytest.mark.bench

BLOCK = 64
PATIENTS = 16


@pytest.fixture(scope="module")
def block() -> xr.DataArray:
    """12 leads × 10 s × 500 Hz, the patients repeated with noise of their own."""
    rng = np.random.default_rng(0)
    made = [simulate(draw_patient("normal", seed=k), seed=k).ecg for k in range(PATIENTS)]
    signal = np.stack([made[k % PATIENTS].values for k in range(BLOCK)])
    signal = (signal + rng.normal(scale=0.005, size=signal.shape)).astype(np.float32)
    return xr.DataArray(
        signal,
        dims=("record", "lead", "time"),
        coords={"record": [f"r{k}" for k in range(BLOCK)], "lead": made[0]["lead"].values},
        attrs=made[0].attrs,
    )


def the_whole_way(ecg: xr.DataArray) -> dict[str, float]:
    """CPU seconds by stage, on one thread, as the pipeline runs them."""
    times = [time.process_time()]
    with one_thread("torch"):
        beats = delineate(ecg)
    times.append(time.process_time())
    values = measure(beats, ecg)
    times.append(time.process_time())
    evaluate(values, rules=load_rules())
    times.append(time.process_time())
    return dict(zip(("waves", "biomarkers", "rules"), np.diff(times), strict=True))


def a_users_script(ecg: xr.DataArray) -> int:
    """What a notebook does with neurokit2: lead II cleaned, peaks, delineation, and the usual intervals in ms."""
    import neurokit2 as nk

    rate = int(ecg.attrs["rate_hz"])
    done = 0
    for record in ecg:
        signals, info = nk.ecg_process(record.sel(lead="II").values, sampling_rate=rate)
        marks = {name: np.asarray(info[f"ECG_{name}"], dtype=float) for name in ("P_Onsets", "R_Onsets", "R_Offsets")}
        marks["T_Offsets"] = np.asarray(info["ECG_T_Offsets"], dtype=float)
        interval = {
            "HR": float(np.mean(signals["ECG_Rate"])),
            "PR": np.nanmedian(marks["R_Onsets"] - marks["P_Onsets"]) / rate * 1000,
            "QRS": np.nanmedian(marks["R_Offsets"] - marks["R_Onsets"]) / rate * 1000,
            "QT": np.nanmedian(marks["T_Offsets"] - marks["R_Onsets"]) / rate * 1000,
        }
        done += np.isfinite(list(interval.values())).any()
    return done


def test_records_a_second_from_signal_to_findings_beside_neurokit(block: xr.DataArray) -> None:
    the_whole_way(block.isel(record=slice(0, 4)))
    spent = min((the_whole_way(block) for _ in range(3)), key=lambda stages: sum(stages.values()))
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        a_users_script(block[:1])
        start = time.process_time()
        done = a_users_script(block[:8])
        theirs = done / (time.process_time() - start)
    ours = BLOCK / sum(spent.values())
    stages = ", ".join(f"{name} {1000 * seconds / BLOCK:.2f} ms" for name, seconds in spent.items())
    print(f"\n12 leads: {ours:.0f} records/s ({stages} a record); neurokit2, lead II only: {theirs:.1f} records/s")
    assert ours >= 100
    assert ours > 5 * theirs


def test_memory_does_not_grow_with_the_number_of_records(block: xr.DataArray) -> None:
    the_whole_way(block)
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    for _ in range(6):
        the_whole_way(block)
    grown_mib = (resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before) / 1024
    print(f"\npeak memory after 7 blocks of {BLOCK} instead of 1: {grown_mib:+.1f} MiB")
    assert grown_mib < 40


def test_one_record_by_itself_as_a_page_asks_for_it(block: xr.DataArray) -> None:
    """From marks to findings of a single recording, which a page with a slider waits for at every move."""
    one = block.isel(record=[0])
    with one_thread("torch"):
        beats = delineate(one)
    rules = load_rules()

    def spent_ms(what: Callable[[], object], times: int = 20) -> float:
        what()
        start = time.process_time()
        for _ in range(times):
            what()
        return 1000 * (time.process_time() - start) / times

    values = measure(beats, one)
    measured = spent_ms(lambda: measure(beats, one))
    judged = spent_ms(lambda: evaluate(values, rules=rules))
    print(f"\none record: measure {measured:.1f} ms, evaluate {judged:.1f} ms of CPU")
    assert measured < 15
    assert judged < 5
