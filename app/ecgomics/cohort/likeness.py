"""Recordings that are the same or of the same person: by content, by patient, and by their signal."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
import numpy.typing as npt
import pandas as pd

from ecgomics.cohort.cohort import Cohort

ALIKE = 0.99
"""Correlation of two short records from which they count as one recording in two versions.

Re-encoding and another device filter leave more than this, another ten seconds of the same heart far less.
"""

_RATE_HZ, _SECONDS = 25.0, 10.0
_LEADS = ("II", "V2", "V5")
_TOGETHER = 1024
_SAME = "the same recording as "


def duplicates(cohort: Cohort) -> pd.DataFrame:
    """Pairs of recordings that are the same.

    Returns
    -------
    pd.DataFrame
        Columns ``record``, ``other``, ``how``, ``correlation``. ``how`` is ``"content"``: the same samples came again
        under the name in ``other``, and were kept once; or ``"signal"``: two records whose samples differ but whose
        first ten seconds correlate at `ALIKE` or more (leads II, V2 and V5, 25 Hz), such as the same recording from
        two exports.

    Notes
    -----
    Every pair of short records is compared: about 20 s on one core for 20 000.
    """
    again = [
        {"record": record, "other": note.removeprefix(_SAME), "how": "content", "correlation": 1.0}
        for record, notes in cohort.records["notes"].items()
        for note in notes.split("\n")
        if note.startswith(_SAME)
    ]
    return pd.DataFrame([*again, *_alike(cohort)], columns=["record", "other", "how", "correlation"])


def is_assumed(note: str) -> bool:
    """Whether a note of a recording says what was assumed or left out, and not that it came twice."""
    return bool(note) and not note.startswith(_SAME)


def patients(cohort: Cohort) -> pd.DataFrame:
    """Patients with more than one recording: index patient; columns ``records`` and ``span_days`` (NaN: no dates)."""
    table = cohort.records
    known = table[table["patient"] != table.index]
    groups = known.groupby("patient")
    span = (groups["start"].max() - groups["start"].min()).dt.total_seconds() / 86_400
    found = pd.DataFrame({"records": groups.size(), "span_days": span})
    return found[found["records"] > 1].sort_values("records", ascending=False)


def _alike(cohort: Cohort) -> Iterator[dict[str, object]]:
    short = cohort.records.index[cohort.records["kind"] == "short"]
    leads = [lead for lead in _LEADS if lead in cohort.leads] or list(cohort.leads[:1])
    prints = np.concatenate(
        [_prints(cohort, list(short[k : k + _TOGETHER]), leads) for k in range(0, len(short), _TOGETHER)]
        or [np.empty((0, 1), dtype=np.float32)]
    )
    for start in range(0, len(prints), _TOGETHER):
        likeness = prints[start : start + _TOGETHER] @ prints[start:].T
        first, second = np.nonzero(np.triu(likeness, k=1) >= ALIKE)
        for row, column in zip(first.tolist(), second.tolist(), strict=True):
            pair = {"record": short[start + row], "other": short[start + column], "how": "signal"}
            yield pair | {"correlation": round(float(likeness[row, column]), 4)}


def _prints(cohort: Cohort, records: list[str], leads: list[str]) -> npt.NDArray[np.float32]:
    """A vector of length 1 a record: its leads' first seconds without their mean, coarse; 0 for one without samples."""
    block = cohort.block(records).sel(lead=leads)
    step = max(1, round(float(block.attrs["rate_hz"]) / _RATE_HZ))
    samples = np.nan_to_num(block.values[:, :, : int(_SECONDS * block.attrs["rate_hz"])])
    samples = samples[:, :, : samples.shape[2] // step * step]
    coarse = samples.reshape(*samples.shape[:2], -1, step).mean(axis=-1)
    full = np.zeros((len(records), len(leads), int(_SECONDS * _RATE_HZ) + 1), dtype=np.float32)
    full[:, :, : coarse.shape[2]] = coarse - coarse.mean(axis=-1, keepdims=True)
    flat = full.reshape(len(records), -1)
    length = np.linalg.norm(flat, axis=1, keepdims=True)
    return np.asarray(flat / np.where(length > 0, length, 1.0), dtype=np.float32)
