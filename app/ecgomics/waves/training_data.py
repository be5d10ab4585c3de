"""Training examples: LUDB, QTDB, virtual patients, and recordings that know their R peaks or their rhythm only."""

from __future__ import annotations

import csv
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from ecgomics.waves.conditioning import conditioned
from ecgomics.waves.kernels import NETWORK_HZ

WAVES = ("P", "QRS", "T")

Spans = npt.NDArray[np.float64]
"""(span, 2): start and stop in s."""


def _spans(pairs: list[tuple[float, float]]) -> Spans:
    """Sorted, merged, as an array."""
    merged: list[list[float]] = []
    for start, stop in sorted(pairs):
        if merged and start <= merged[-1][1]:
            merged[-1][1] = max(merged[-1][1], stop)
        elif stop > start:
            merged.append([start, stop])
    return np.array(merged, dtype=float).reshape(-1, 2)


@dataclass
class Example:
    """One recording and what is known of it, lead by lead.

    Parameters
    ----------
    name
        Source and record, for splitting.
    signal
        (lead, time) float32, conditioned, 250 Hz.
    waves
        Per lead, the spans of P, QRS and T.
    known
        Per lead, spans in which every wave is annotated.
    no_p
        Spans known to hold no P wave (atrial fibrillation or flutter), whatever else they hold.
    qrs
        Spans inside a QRS, from R peaks.
    no_qrs
        Spans far from any R peak.
    """

    name: str
    signal: npt.NDArray[np.float32]
    waves: list[dict[str, Spans]] = field(default_factory=list)
    known: list[Spans] = field(default_factory=list)
    no_p: Spans = field(default_factory=lambda: _spans([]))
    qrs: Spans = field(default_factory=lambda: _spans([]))
    no_qrs: Spans = field(default_factory=lambda: _spans([]))

    @property
    def seconds(self) -> float:
        """Length, s."""
        return self.signal.shape[1] / NETWORK_HZ


def read_signal(path: Path) -> tuple[npt.NDArray[np.float32], float, list[str]]:
    """(lead, time) in mV, rate, lead names of a WFDB record."""
    import wfdb

    record = wfdb.rdrecord(str(path))
    return np.asarray(record.p_signal.T, dtype=np.float32), float(record.fs), list(record.sig_name)


def read_marks(path: Path, *, extension: str, rate: float) -> list[tuple[float, str]]:
    """(time in s, symbol) of a WFDB annotation file."""
    import wfdb

    notes = wfdb.rdann(str(path), extension)
    return [(float(sample) / rate, str(symbol)) for sample, symbol in zip(notes.sample, notes.symbol, strict=True)]


def parse_waves(
    marks: list[tuple[float, str]],
) -> tuple[list[tuple[str, float, float, float]], list[tuple[float, float]]]:
    """Waves (kind, on, peak, off; NaN where not marked) and spans to ignore because a bound or a kind is unknown."""
    found: list[tuple[str, float, float, float]] = []
    ignore: list[tuple[float, float]] = []
    for i, (time, symbol) in enumerate(marks):
        if symbol in "()":
            continue
        kind = {"p": "P", "t": "T", "u": "U"}.get(symbol, "QRS")
        on = marks[i - 1][0] if i and marks[i - 1][1] == "(" else np.nan
        off = marks[i + 1][0] if i + 1 < len(marks) and marks[i + 1][1] == ")" else np.nan
        found.append((kind, on, time, off))
        if kind == "U":
            continue
        if not np.isfinite(on):
            ignore.append((found[-2][3] if len(found) > 1 and np.isfinite(found[-2][3]) else time - 0.3, time))
        if not np.isfinite(off):
            ignore.append((time, time + 0.3))
    return found, ignore


def _annotated(marks: list[tuple[float, str]]) -> tuple[dict[str, Spans], Spans]:
    found, ignore = parse_waves(marks)
    waves = {
        kind: _spans([(on, off) for k, on, _, off in found if k == kind and np.isfinite(on) and np.isfinite(off)])
        for kind in WAVES
    }
    for kind, on, peak, off in found:
        # a T whose onset is not marked still teaches its second half
        if kind == "T" and not np.isfinite(on) and np.isfinite(off):
            waves["T"] = _spans([*map(tuple, waves["T"].tolist()), (peak, off)])
    known = []
    for first, last in stretches(marks):
        inside = [(a, b) for a, b in ignore if a < last and b > first]
        blocked = _spans(inside)
        starts = [first, *blocked[:, 1]]
        stops = [*blocked[:, 0], last]
        known += [(a, b) for a, b in zip(starts, stops, strict=True) if b > a]
    return waves, _spans(known)


def stretches(marks: list[tuple[float, str]]) -> list[tuple[float, float]]:
    """Spans (s) in which beat after beat is annotated; a pause much longer than the usual RR starts a new one."""
    beats = np.array([time for time, symbol in marks if symbol not in "()ptu"])
    if len(beats) < 2:
        return []
    rr = np.diff(beats)
    # beats left out make pauses of two RR and more; the usual one is the median of the shorter half
    pause = 1.7 * float(np.median(np.sort(rr)[: max(len(rr) * 3 // 4, 1)]))
    out = []
    for group in np.split(np.arange(len(beats)), np.flatnonzero(rr > pause) + 1):
        low, high = beats[group[0]] - 0.5 * pause, beats[group[-1]] + 0.5 * pause
        times = [time for time, _ in marks if low <= time <= high]
        out.append((min(times), max(times)))
    return out


def ludb(folder: Path) -> Iterator[Example]:
    """LUDB: twelve leads, each with its own marks."""
    for header in sorted(folder.rglob("*.hea"), key=lambda path: int(path.stem)):
        path = header.with_suffix("")
        values, rate, leads = read_signal(path)
        known = [_annotated(read_marks(path, extension=lead, rate=rate)) for lead in leads]
        yield Example(
            f"ludb/{path.name}",
            conditioned(values, rate=rate),
            waves=[waves for waves, _ in known],
            known=[spans for _, spans in known],
        )


def qtdb(folder: Path) -> Iterator[Example]:
    """QTDB, first annotator: one set of marks for both leads, about thirty beats."""
    for header in sorted(folder.glob("*.hea")):
        path = header.with_suffix("")
        values, rate, _ = read_signal(path)
        marks = read_marks(path, extension="q1c", rate=rate)
        symbols = {symbol for _, symbol in marks}
        first, last = max(marks[0][0] - 8, 0), marks[-1][0] + 8
        part = conditioned(values[:, int(first * rate) : int(last * rate)], rate=rate)
        shifted = [(time - int(first * rate) / rate, symbol) for time, symbol in marks]
        waves, known = _annotated(shifted)
        example = Example(f"qtdb/{path.name}", part)
        if symbols & {"p", "t"}:
            example.waves, example.known = [waves] * 2, [known] * 2
        else:
            example.qrs = waves["QRS"]
        yield example


def _from_peaks(name: str, signal: npt.NDArray[np.float32], peaks: npt.NDArray[np.float64]) -> Example:
    example = Example(name, signal)
    example.qrs = _spans([(peak - 0.016, peak + 0.016) for peak in peaks])
    starts, stops = [0.0, *(peaks + 0.2)], [*(peaks - 0.2), example.seconds]
    example.no_qrs = _spans([(a, b) for a, b in zip(starts, stops, strict=True) if b > a])
    return example


BEAT_SYMBOLS = frozenset("NLRBAaJSVrFejnE/fQ?")
"""WFDB annotation symbols that are beats."""


def mitdb(folder: Path) -> Iterator[Example]:
    """MIT-BIH: R peaks only."""
    for header in sorted(folder.glob("*.hea")):
        path = header.with_suffix("")
        values, rate, _ = read_signal(path)
        marks = read_marks(path, extension="atr", rate=rate)
        peaks = np.array([time for time, symbol in marks if symbol in BEAT_SYMBOLS])
        yield _from_peaks(f"mitdb/{path.name}", conditioned(values, rate=rate), peaks)


def cpsc2019(folder: Path) -> Iterator[Example]:
    """CPSC2019: one noisy lead, R peaks only, 500 Hz."""
    from scipy.io import loadmat

    for file in sorted(folder.glob("data/*.mat")):
        values = np.asarray(loadmat(file)["ecg"], dtype=np.float32).reshape(1, -1)
        peaks = np.ravel(loadmat(folder / "ref" / file.name.replace("data", "R"))["R_peak"]) / 500.0
        yield _from_peaks(f"cpsc2019/{file.stem}", conditioned(values, rate=500.0), peaks)


def fibrillation(folder: Path) -> Iterator[Example]:
    """PTB-XL records in atrial fibrillation or flutter: no P wave anywhere."""
    with (folder / "ptbxl_database.csv").open(newline="") as file:
        rows: list[dict[str, Any]] = list(csv.DictReader(file))
    for row in rows:
        path = folder / row["filename_lr"]
        if {"AFIB", "AFLT"} & _codes(row["scp_codes"]) and path.with_suffix(".hea").exists():
            values, rate, _ = read_signal(path)
            example = Example(f"ptbxl/{row['ecg_id']}", conditioned(values, rate=rate))
            example.no_p = _spans([(0.0, example.seconds)])
            yield example


def _codes(text: str) -> set[str]:
    return {part.split("'")[1] for part in text.split(",") if part.count("'") >= 2}


DRAWN = {
    "sinus_tachycardia": 4,
    "first_degree_block": 4,
    "wpw": 5,
    "svt": 4,
    "lbbb": 3,
    "conduction_delay": 3,
    "flutter": 3,
    "paced": 2,
    "pac": 2,
    "af": 2,
    "junctional": 2,
    "normal": 2,
}
"""How often a condition is drawn in a round in which the others are drawn once."""


HURRIED = frozenset({"normal", "sinus_tachycardia", "rbbb", "lafb", "left_axis", "right_axis", "short_pr", "noisy"})
"""Conditions of which some are drawn at 110 to 190 a minute, where P comes near the T before it."""


def virtual(rounds: int, *, seed: int = 0) -> Iterator[Example]:
    """Virtual patients of every condition, with the marks they were made from; what shows in no lead is left open."""
    from ecgomics.simulate import CONDITIONS, draw_patient, simulate
    from ecgomics.vocabulary import MARKS

    column = {name: k for k, name in enumerate(MARKS)}
    rng = np.random.default_rng(seed)
    for condition in CONDITIONS:
        for _ in range(rounds * DRAWN.get(condition, 1)):
            drawn, recorded = (int(number) for number in rng.integers(10_000, 2**31, 2))
            patient = draw_patient(condition, seed=drawn)
            if condition in HURRIED and rng.random() < 0.4:
                patient.heart_rate_bpm = rng.uniform(110, 190)
            # P waves that are not conducted are in the signal and not among the marks
            apart = patient.av_conduction != "1:1" or patient.rhythm == "ventricular"
            made = simulate(patient, seed=recorded)
            example = Example(f"virtual/{condition}-{drawn}", conditioned(made.ecg.values, rate=500.0))
            beats = made.truth.beats
            for lead in range(len(example.signal)):
                own, joint = beats["lead_marks"].values[:, lead], beats["marks"].values
                waves, open_spans = {}, []
                for kind in WAVES:
                    on, off = column[f"{kind.lower()}_on"], column[f"{kind.lower()}_off"]
                    shown = np.isfinite(own[:, on]) & np.isfinite(own[:, off])
                    hidden = ~shown & np.isfinite(joint[:, on]) & np.isfinite(joint[:, off])
                    waves[kind] = _spans(own[shown][:, [on, off]].tolist())
                    open_spans += joint[hidden][:, [on, off]].tolist()
                if apart:
                    edges = [column[name] for name in ("p_on", "qrs_on", "t_off")]
                    begin = np.where(np.isfinite(joint[:, edges[0]]), joint[:, edges[0]], joint[:, edges[1]])
                    ends = np.nan_to_num(np.fmax(joint[:-1, edges[2]], joint[:-1, column["qrs_off"]]))
                    open_spans += np.column_stack([ends, begin[1:]])[ends < begin[1:]].tolist()
                blocked = _spans(open_spans)
                first, last = np.nanmin(joint[0]), np.nanmax(joint[-1])
                pairs = zip([first, *blocked[:, 1]], [*blocked[:, 0], last], strict=True)
                example.waves.append(waves)
                example.known.append(_spans([(a, b) for a, b in pairs if b > a]))
            yield example


SOURCES = {
    "ludb": ludb,
    "qtdb": qtdb,
    "mitdb/excerpt_5min": mitdb,
    "cpsc2019": cpsc2019,
    "ptbxl": fibrillation,
}
"""Folder below the data folder → reader."""


def examples(data: Path, *, sources: tuple[str, ...] = tuple(SOURCES)) -> list[Example]:
    """All examples of the sources that are there."""
    return [example for source in sources if (data / source).is_dir() for example in SOURCES[source](data / source)]
