"""The demo cohort: virtual patients of every condition, and one planted biomarker."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime, timedelta
from typing import Any

import numpy as np

from ecgomics.records import Label, Record
from ecgomics.simulate.conditions import CONDITIONS
from ecgomics.simulate.patient import VirtualPatient
from ecgomics.simulate.recording import simulate

SYSTEM = "synthetic"
PLANTED = "planted"
PLANTED_BIOMARKERS = ("Tpe_QT_Ratio_Global", "Tpe_Int_Global")
"""The columns the planted phenotype moves."""

PLANTED_SHARE = 0.2
PLANTED_SHIFT = -0.12
"""Change of `VirtualPatient.t_asymmetry` in the planted group."""

_RATE_HZ = 500.0
_REPEAT_EVERY = 14
_FIRST_DAY = datetime(2025, 1, 6, 9, 0)
_NOTE = "synthetic: simulated by ECGomics, no patient"


def demo_patients(n: int = 420, *, seed: int = 7) -> Iterator[Record]:
    """Recordings of `n` virtual patients (one in fourteen has two), 12 leads, 10 s at 500 Hz.

    Every record carries the label ``(synthetic, <condition>)``. In each condition one patient in five carries
    ``(synthetic, planted)`` too: their T wave peaks earlier, while its onset, its end, its height and everything else
    are drawn as for the others. The interval from T peak to T end grows by 0.12 of the T duration, about 24 ms at a
    QT of 400 ms (81 → 105 ms; its ratio to QT 0.20 → 0.26, 3.5 standard deviations of the others before
    measurement). No expert rule reads `Tpe_QT_Ratio_Global` or `Tpe_Int_Global`.

    Parameters
    ----------
    n
        Patients; at least 1.
    seed
        Equal arguments give equal records.

    Yields
    ------
    Record
        ``source`` ``synthetic-0001`` …, ``patient`` ``virtual-0001`` …, `notes` say that it is synthetic.
    """
    names = condition_mix(n, seed=seed)
    planted = planted_patients(names, seed=seed)
    number = 0
    for k, name in enumerate(names):
        patient = demo_patient(name, index=k, seed=seed, group=PLANTED if planted[k] else "")
        visits = 2 if k % _REPEAT_EVERY == 3 else 1
        for visit in range(visits):
            number += 1
            yield _record(patient, name, number=number, index=k, visit=visit, planted=bool(planted[k]), seed=seed)


def condition_mix(n: int, *, seed: int) -> list[str]:
    """Condition of every demo patient: shares by `Condition.weight`, in random order."""
    weights = np.array([condition.weight for condition in CONDITIONS.values()])
    exact = n * weights / weights.sum()
    counts = np.floor(exact).astype(int)
    # the largest remainders get what rounding left over
    counts[np.argsort(counts - exact, kind="stable")[: n - counts.sum()]] += 1
    names = [name for name, count in zip(CONDITIONS, counts, strict=True) for _ in range(count)]
    np.random.default_rng([seed, 1]).shuffle(names)
    return names


def planted_patients(names: list[str], *, seed: int) -> np.ndarray[Any, np.dtype[np.bool_]]:
    """Who carries the planted phenotype, dims (patient,): a fifth of every condition, chosen blindly."""
    rng = np.random.default_rng([seed, 2])
    chosen = np.zeros(len(names), dtype=bool)
    for name in CONDITIONS:
        members = np.array([k for k, other in enumerate(names) if other == name], dtype=int)
        count = int(PLANTED_SHARE * members.size + rng.random())
        chosen[rng.permutation(members)[:count]] = True
    return chosen


def demo_patient(name: str, *, index: int, seed: int, group: str = "") -> VirtualPatient:
    """The demo patient at a place of the mix; with `group` ``"planted"``, the same one with the phenotype."""
    patient = CONDITIONS[name].draw(np.random.default_rng([seed, 3, index]))
    if group == PLANTED:
        patient.t_asymmetry += PLANTED_SHIFT
    return patient


def _record(
    patient: VirtualPatient, name: str, *, number: int, index: int, visit: int, planted: bool, seed: int
) -> Record:
    if visit:
        patient = _later(patient, name, np.random.default_rng([seed, 4, index]))
    ecg = simulate(
        patient, rate_hz=_RATE_HZ, seed=int(np.random.default_rng([seed, 5, index, visit]).integers(2**31))
    ).ecg
    codes = (name, PLANTED) if planted else (name,)
    return Record(
        ecg=ecg,
        native_hz=_RATE_HZ,
        source=f"synthetic-{number:04d}",
        patient=f"virtual-{index + 1:04d}",
        age=float(round(patient.age)),
        sex=patient.sex,
        start=_FIRST_DAY + timedelta(days=index % 200 + 90 * visit, minutes=7 * (index % 50)),
        device="ECGomics simulator",
        labels=tuple(Label(SYSTEM, code) for code in codes),
        notes=(_NOTE,),
    )


def _later(patient: VirtualPatient, name: str, rng: np.random.Generator) -> VirtualPatient:
    """The same body on another day: another rate."""
    values = patient.as_dict()
    low, high = CONDITIONS[name].limits("heart_rate_bpm") or (values["heart_rate_bpm"],) * 2
    values["heart_rate_bpm"] = float(np.clip(values["heart_rate_bpm"] * rng.normal(1, 0.05), low, high))
    return VirtualPatient.from_dict(values)
