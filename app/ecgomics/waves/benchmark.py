"""Score delineators against annotated recordings, and time them, side by side in one process."""

from __future__ import annotations

import importlib
import importlib.util
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import AbstractContextManager, contextmanager, nullcontext
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import numpy.typing as npt
import pandas as pd
import xarray as xr

from ecgomics.errors import FormatError
from ecgomics.vocabulary import MARKS, lead_order, normalise_lead
from ecgomics.waves.delineation import delineate
from ecgomics.waves.rpeaks import r_peaks
from ecgomics.waves.training_data import BEAT_SYMBOLS, Spans, parse_waves, read_marks, read_signal, stretches

BOUNDARIES = ("p_on", "p_off", "qrs_on", "qrs_off", "t_on", "t_off")
TOLERANCE_MS = {"p_on": 50, "p_off": 50, "qrs_on": 40, "qrs_off": 40, "t_on": 50, "t_off": 100}
"""Tolerances of the F1 column."""
MATCH_MS = 150.0

Times = npt.NDArray[np.float64]
Marks = dict[str, Times]
"""Times in s by mark."""


@dataclass(frozen=True)
class Annotated:
    """An annotated recording: signal (lead, time), and marks by lead, by "global" for marks that hold for all leads.

    `spans` are, in the same way, the parts (start and stop in s) in which beat after beat is annotated.
    """

    name: str
    ecg: xr.DataArray
    marks: Mapping[str, Marks]
    spans: Mapping[str, Spans]


def matched(
    reference: Times, *, detected: Times, tolerance_s: float
) -> tuple[npt.NDArray[np.intp], npt.NDArray[np.intp]]:
    """One-to-one pairs (indices of reference, of detected) no further apart than the tolerance, nearest first."""
    if len(reference) == 0 or len(detected) == 0:
        return np.empty(0, dtype=np.intp), np.empty(0, dtype=np.intp)
    left, right = [], []
    order = np.argsort(detected)
    ordered = detected[order]
    candidates = []
    for i, at in enumerate(reference):
        low, high = np.searchsorted(ordered, [at - tolerance_s, at + tolerance_s + 1e-12])
        candidates += [(abs(ordered[j] - at), i, j) for j in range(low, high)]
    used_left: set[int] = set()
    used_right: set[int] = set()
    for _, i, j in sorted(candidates):
        if i not in used_left and j not in used_right:
            used_left.add(i)
            used_right.add(j)
            left.append(i)
            right.append(int(order[j]))
    return np.array(left, dtype=np.intp), np.array(right, dtype=np.intp)


@dataclass
class Tally:
    """Counts and errors of one mark, added up over recordings."""

    references: int = 0
    detections: int = 0
    hits: int = 0
    close: int = 0
    errors: list[float] | None = None

    def add(self, reference: Times, *, detected: Times, close_s: float) -> None:
        """One recording's marks."""
        i, j = matched(reference, detected=detected, tolerance_s=MATCH_MS / 1000)
        error = detected[j] - reference[i]
        self.references += len(reference)
        self.detections += len(detected)
        self.hits += len(i)
        self.close += len(matched(reference, detected=detected, tolerance_s=close_s)[0])
        self.errors = [*(self.errors or []), *(1000 * error).tolist()]

    def row(self) -> dict[str, float]:
        """Sensitivity, positive predictive value, mean ± SD of the error in ms, and F1 at the mark's own tolerance."""
        errors = np.array(self.errors or [np.nan])
        return {
            "n": self.references,
            "se": self.hits / max(self.references, 1),
            "ppv": self.hits / max(self.detections, 1),
            "mean_ms": float(errors.mean()),
            "sd_ms": float(errors.std()),
            "f1": 2 * self.close / max(self.references + self.detections, 1),
        }


def recordings(folder: Path) -> Iterator[Annotated]:
    """Annotated WFDB recordings below a folder: one mark file a lead (LUDB), joint marks (.q1c, .pu), or R only (.atr).

    Raises
    ------
    FormatError
        When there is no annotated recording.
    """
    headers = sorted(folder.rglob("*.hea"))
    count = 0
    for header in headers:
        path = header.with_suffix("")
        extensions = {file.suffix[1:] for file in path.parent.glob(path.name + ".*")}
        values, rate, names = read_signal(path)
        leads = [normalise_lead(name) for name in names]
        ecg = xr.DataArray(values, dims=("lead", "time"), coords={"lead": leads}, attrs={"rate_hz": rate})
        by_lead = {lead: name for lead, name in zip(leads, names, strict=True) if name in extensions}
        if by_lead:
            files = {lead: read_marks(path, extension=name, rate=rate) for lead, name in by_lead.items()}
        elif extension := next((name for name in ("q1c", "pu", "atr") if name in extensions), ""):
            files = {"global": read_marks(path, extension=extension, rate=rate)}
        else:
            continue
        count += 1
        marks = {lead: _marks(file) for lead, file in files.items()}
        if by_lead:
            marks["global"] = across(list(marks.values()))
        # joint marks leave beats out; marks of single leads and of R peaks do not
        broken = not by_lead and any(symbol in "()" for _, symbol in files["global"])
        spans = {lead: _spans(part, file=files["global"] if broken else None) for lead, part in marks.items()}
        yield Annotated(path.name, ecg, marks=marks, spans=spans)
    if count == 0:
        raise FormatError(
            f"a folder with {len(headers)} WFDB headers and no annotation beside any of them",
            expected="annotation files named like the leads, or .q1c, .pu or .atr",
            remedy="name the folder that holds the annotated records",
        )


def _marks(file: list[tuple[float, str]]) -> Marks:
    out: dict[str, list[float]] = {name: [] for name in ("r_peak", *BOUNDARIES)}
    bounded = any(symbol in "()" for _, symbol in file)
    if not bounded:
        out["r_peak"] = [time for time, symbol in file if symbol in BEAT_SYMBOLS]
        return {name: np.array(times) for name, times in out.items()}
    for kind, on, peak, off in parse_waves(file)[0]:
        if kind == "U":
            continue
        if kind == "QRS":
            out["r_peak"].append(peak)
        out[f"{kind.lower()}_on"].append(on)
        out[f"{kind.lower()}_off"].append(off)
    return {name: np.array([time for time in times if np.isfinite(time)]) for name, times in out.items()}


def _spans(marks: Marks, *, file: list[tuple[float, str]] | None) -> Spans:
    if file is not None:
        return np.array(stretches(file), dtype=float).reshape(-1, 2)
    times = np.concatenate(list(marks.values()))
    return np.array([[times.min(), times.max()]] if len(times) else [], dtype=float).reshape(-1, 2)


def across(leads: Sequence[Marks]) -> Marks:
    """Median over leads of marks that lie within 100 ms of each other, where at least half of the leads have one."""
    out = {}
    for name in leads[0]:
        times = np.sort(np.concatenate([marks[name] for marks in leads]))
        groups = np.split(times, np.flatnonzero(np.diff(times) > 0.1) + 1)
        out[name] = np.array([np.median(group) for group in groups if len(group) * 2 >= len(leads)])
    return out


Method = Callable[[xr.DataArray], Mapping[str, Marks]]
"""Signal (lead, time) to marks by lead and "global"."""


def ours(ecg: xr.DataArray) -> Mapping[str, Marks]:
    """Marks of `delineate`."""
    beats = delineate(ecg).beats
    by_lead = {
        str(lead): _by_mark(values) for lead, values in zip(beats["lead"].values, _leads_first(beats), strict=True)
    }
    return {**by_lead, "global": _by_mark(beats["marks"].values)}


def _leads_first(beats: xr.Dataset) -> npt.NDArray[np.float64]:
    return np.asarray(beats["lead_marks"].transpose("lead", "beat", "mark").values)


def _by_mark(values: npt.NDArray[np.float64]) -> Marks:
    return {name: values[np.isfinite(values[:, k]), k] for k, name in enumerate(MARKS)}


def neurokit(delineator: str) -> Method:
    """Marks of neurokit2, each lead by itself, global marks as the median over leads."""
    from ecgomics.waves.neurokit import lead_marks

    def run(ecg: xr.DataArray) -> Mapping[str, Marks]:
        rate = float(ecg.attrs["rate_hz"])
        by_lead = {}
        for lead in ecg["lead"].values:
            found = lead_marks(ecg.sel(lead=lead).values, rate=rate, delineator=delineator)
            by_lead[str(lead)] = _by_mark(found if found is not None else np.empty((0, len(MARKS))))
        return {**by_lead, "global": across(list(by_lead.values()))}

    return run


def methods() -> dict[str, Method]:
    """Delineators installed here: ours and its peers."""
    peers = {f"neurokit_{name}": neurokit(name) for name in ("prominence", "dwt")}
    return {"ecgomics": ours, **(peers if importlib.util.find_spec("neurokit2") else {})}


def accuracy(
    folder: Path, *, run: Mapping[str, Method] | None = None, keep: Callable[[str], bool] = lambda name: True
) -> pd.DataFrame:
    """Table of accuracy on annotated recordings.

    Parameters
    ----------
    folder
        WFDB records with annotations.
    run
        Delineators by name; ours and the installed peers when left out.
    keep
        Which records (by name) to use.

    Returns
    -------
    pandas.DataFrame
        One row a delineator, group ("II", "II+V2+V5", "all leads", "global", "best lead") and mark, with ``n``,
        ``se``, ``ppv`` (0–1, ±150 ms, between the first and last annotated mark), ``mean_ms``, ``sd_ms`` and ``f1``
        (0–1, at `TOLERANCE_MS`).
    """
    chosen = run if run is not None else methods()
    tallies: dict[tuple[str, str, str], Tally] = {}
    for recording in recordings(folder):
        if not keep(recording.name):
            continue
        for name, method in chosen.items():
            found = method(recording.ecg)
            for group, lead in _groups(recording, found=found):
                _count(tallies, key=(name, group), recording=recording, lead=lead, found=found)
    rows = [
        {"method": method, "group": group, "mark": mark, **tally.row()}
        for (method, group, mark), tally in tallies.items()
        if tally.references
    ]
    return pd.DataFrame(rows)


def _groups(recording: Annotated, *, found: Mapping[str, Marks]) -> list[tuple[str, str]]:
    """(group, lead) pairs to score."""
    if set(recording.marks) == {"global"}:
        leads = [str(lead) for lead in recording.ecg["lead"].values]
        errors = {lead: _distance(recording, found=found[lead]) for lead in leads}
        return [
            ("global", "global"),
            ("first lead", leads[0]),
            ("best lead", min(leads, key=lambda lead: errors[lead])),
        ]
    pairs = [("global", "global")]
    for lead in lead_order([name for name in recording.marks if name != "global"]):
        pairs.append(("all leads", lead))
        if lead == "II":
            pairs.append(("II", lead))
        if lead in ("II", "V2", "V5"):
            pairs.append(("II+V2+V5", lead))
    return pairs


def _distance(recording: Annotated, *, found: Marks) -> float:
    """Mean squared error over all bounds of a lead against joint marks, misses counted at the tolerance."""
    total, count = 0.0, 0
    for mark in BOUNDARIES:
        reference = recording.marks["global"][mark]
        i, j = matched(reference, detected=found[mark], tolerance_s=MATCH_MS / 1000)
        total += (
            float(((found[mark][j] - reference[i]) ** 2).sum()) + (len(reference) - len(i)) * (MATCH_MS / 1000) ** 2
        )
        count += len(reference)
    return total / max(count, 1)


def _count(
    tallies: dict[tuple[str, str, str], Tally],
    *,
    key: tuple[str, str],
    recording: Annotated,
    lead: str,
    found: Mapping[str, Marks],
) -> None:
    reference = recording.marks[lead] if lead in recording.marks else recording.marks["global"]
    spans = recording.spans[lead] if lead in recording.spans else recording.spans["global"]
    for mark in ("r_peak", *BOUNDARIES):
        times = found[lead][mark] if lead in found else np.empty(0)
        _, j = matched(reference[mark], detected=times, tolerance_s=MATCH_MS / 1000)
        # outside the annotated spans only what matches counts
        inside = [bool(((spans[:, 0] <= time) & (time <= spans[:, 1])).any()) for time in times]
        counted = np.union1d(np.flatnonzero(inside), j)
        close = TOLERANCE_MS.get(mark, 75) / 1000
        tallies.setdefault((*key, mark), Tally()).add(reference[mark], detected=times[counted], close_s=close)


def speed(*, records: int = 200, seed: int = 0, rate: float = 500.0, peers_records: int = 3) -> dict[str, object]:
    """CPU milliseconds a 12-lead 10 s record, ours and the installed peers, one process with one thread.

    Returns
    -------
    dict
        ``ms`` by method, ``ratio_to`` (peer's time over ours) and ``r_peaks_ms`` (ours for 12
        leads, and sleepecg's for one).
    """
    with _one_thread():
        return _timed(synthetic_block(records, seed=seed, rate=rate), peers_records=peers_records)


@contextmanager
def _one_thread() -> Iterator[None]:
    """Everything on one core: threads that wait for each other would count as work."""
    import torch

    before = torch.get_num_threads()
    torch.set_num_threads(1)
    limited: AbstractContextManager[object] = nullcontext()
    if importlib.util.find_spec("threadpoolctl"):
        limited = importlib.import_module("threadpoolctl").threadpool_limits(1)
    try:
        with limited:
            yield
    finally:
        torch.set_num_threads(before)


def _timed(block: xr.DataArray, *, peers_records: int) -> dict[str, object]:
    records, rate = block.sizes["record"], float(block.attrs["rate_hz"])
    delineate(block[:8])
    best = min(_cpu(lambda: delineate(block)) for _ in range(2)) / records * 1000
    times = {"ecgomics": best}
    for name, method in methods().items():
        if name != "ecgomics":
            method(block[0, :1])
            times[name] = min(_cpu(lambda i=i, m=method: m(block[i])) for i in range(peers_records)) * 1000  # type: ignore[misc]
    r_peaks(block[:2])
    peaks = {"ecgomics, 12 leads": min(_cpu(lambda: r_peaks(block)) for _ in range(2)) / records * 1000}
    if importlib.util.find_spec("sleepecg"):
        import sleepecg

        lead = np.asarray(block[0, 1].values, dtype=float)
        sleepecg.detect_heartbeats(lead, rate)
        repeated = _cpu(lambda: [sleepecg.detect_heartbeats(lead, rate) for _ in range(50)])
        peaks["sleepecg, 1 lead"] = repeated / 50 * 1000
    return {
        "ms": times,
        "ratio_to": {name: value / best for name, value in times.items() if name != "ecgomics"},
        "r_peaks_ms": peaks,
        "records": records,
    }


def _cpu(call: Callable[[], object]) -> float:
    began = time.process_time()
    call()
    return time.process_time() - began


def synthetic_block(records: int, *, seed: int, rate: float) -> xr.DataArray:
    """Sums of Gaussian waves in 12 leads, (record, lead, time) mV, 10 s, for timing only."""
    rng = np.random.default_rng(seed)
    t = np.arange(int(10 * rate)) / rate
    out = np.empty((records, 12, len(t)), dtype=np.float32)
    for record in range(records):
        rr = rng.uniform(0.6, 1.1)
        beats = np.arange(rng.uniform(0.2, 0.6), 10, rr)
        waves = [(-0.16, 0.02, 0.1), (-0.02, 0.008, -0.1), (0.0, 0.012, 1.0), (0.03, 0.01, -0.2), (0.28, 0.04, 0.3)]
        gains = rng.uniform(0.4, 1.2, (12, len(waves))) * np.where(rng.random((12, 1)) < 0.3, -1, 1)
        shapes = np.stack(
            [sum(a * np.exp(-0.5 * ((t - b - at) / width) ** 2) for b in beats) for at, width, a in waves]
        )
        out[record] = gains @ shapes + 0.01 * rng.standard_normal((12, len(t)))
    leads = ["I", "II", "III", "aVR", "aVL", "aVF", "V1", "V2", "V3", "V4", "V5", "V6"]
    return xr.DataArray(out, dims=("record", "lead", "time"), coords={"lead": leads}, attrs={"rate_hz": rate})


def shown(figures: Sequence[Mapping[str, object]] | Mapping[str, object]) -> str:
    """Figures of `accuracy` (its rows) or `speed` as text to read."""
    if not isinstance(figures, Mapping):
        digits = {"se": 4, "ppv": 4, "mean_ms": 1, "sd_ms": 1, "f1": 4}
        return pd.DataFrame(figures).round(digits).to_string(index=False)
    lines = []
    for name, value in figures.items():
        for key, number in value.items() if isinstance(value, Mapping) else [("", value)]:
            lines.append(f"{name:<12} {key:<24} {number:.4g}" if isinstance(number, float) else f"{name:<12} {number}")
    return "\n".join(lines)
