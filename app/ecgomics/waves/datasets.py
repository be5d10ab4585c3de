"""Arrays to the Datasets of `Beats`."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import xarray as xr

from ecgomics.vocabulary import BEAT_CLASSES, MARKS, QUALITY_FLAGS
from ecgomics.waves.beats import Beats
from ecgomics.waves.found import Found
from ecgomics.waves.quality import BIT
from ecgomics.waves.representative import Template
from ecgomics.waves.reversal import REVERSALS, SPOILT, suspected


@dataclass(frozen=True)
class RecordResult:
    """All that is known of one record.

    Parameters
    ----------
    found
        Its beats.
    kinds, beat_quality
        (beat) class and quality.
    template
        Representative beat.
    lead_quality, lead_flags
        (lead).
    usable
        Share of the recording that can be measured.
    spikes
        Pacing spikes found.
    """

    found: Found
    kinds: npt.NDArray[np.int8]
    beat_quality: npt.NDArray[np.float32]
    template: Template
    lead_quality: npt.NDArray[np.float32]
    lead_flags: npt.NDArray[np.uint16]
    usable: float
    spikes: int


def assemble(
    results: Sequence[RecordResult],
    *,
    records: npt.NDArray[np.str_],
    leads: Sequence[str],
    offset: npt.NDArray[np.float64],
) -> Beats:
    """`Beats` of a block, records in the order given."""
    names = np.asarray(leads, dtype=str)
    return Beats(
        beats=_beats(results, records=records, leads=names),
        template=_template(results, records=records, leads=names, offset=offset),
        quality=_quality(results, records=records, leads=names, offset=offset),
    )


def _beats(
    results: Sequence[RecordResult], *, records: npt.NDArray[np.str_], leads: npt.NDArray[np.str_]
) -> xr.Dataset:
    counts = [len(result.found.r) for result in results]
    rr = [np.concatenate([[np.nan], np.diff(result.found.r)])[: len(result.found.r)] for result in results]
    nothing = np.empty((0, len(leads), len(MARKS)))
    return xr.Dataset(
        {
            "r_s": ("beat", np.concatenate([np.empty(0), *(result.found.r for result in results)]), {"units": "s"}),
            "rr_s": ("beat", np.concatenate([np.empty(0), *rr]), {"units": "s"}),
            "beat_class": ("beat", np.concatenate([np.empty(0, np.int8), *(result.kinds for result in results)])),
            "beat_quality": (
                "beat",
                np.concatenate([np.empty(0, np.float32), *(result.beat_quality for result in results)]),
            ),
            "marks": (
                ("beat", "mark"),
                np.concatenate([nothing[:, 0], *(result.found.marks for result in results)]),
                {"units": "s"},
            ),
            "lead_marks": (
                ("beat", "lead", "mark"),
                np.concatenate([nothing, *(result.found.lead_marks for result in results)]),
                {"units": "s"},
            ),
        },
        coords={"beat_record": ("beat", np.repeat(records, counts)), "lead": leads, "mark": list(MARKS)},
        attrs={"beat_classes": list(BEAT_CLASSES)},
    )


def _template(
    results: Sequence[RecordResult],
    *,
    records: npt.NDArray[np.str_],
    leads: npt.NDArray[np.str_],
    offset: npt.NDArray[np.float64],
) -> xr.Dataset:
    templates = [result.template for result in results]
    count, wide, marks = len(templates), len(leads), len(MARKS)
    return xr.Dataset(
        {
            "beat_mv": (
                ("record", "lead", "offset"),
                np.array([t.beat for t in templates], dtype=np.float32).reshape(count, wide, len(offset)),
                {"units": "mV"},
            ),
            "template_marks": (
                ("record", "lead", "mark"),
                np.array([t.lead_marks for t in templates]).reshape(count, wide, marks),
                {"units": "s"},
            ),
            "template_global": (
                ("record", "mark"),
                np.array([t.marks for t in templates]).reshape(count, marks),
                {"units": "s"},
            ),
            "template_class": ("record", np.array([t.kind for t in templates], dtype=np.int8)),
            "template_beats": ("record", np.array([t.beats for t in templates], dtype=np.int32)),
        },
        coords={"record": records, "lead": leads, "offset": offset, "mark": list(MARKS)},
    )


def _quality(
    results: Sequence[RecordResult],
    *,
    records: npt.NDArray[np.str_],
    leads: npt.NDArray[np.str_],
    offset: npt.NDArray[np.float64],
) -> xr.Dataset:
    count, wide = len(results), len(leads)
    names = leads.tolist()
    scores = np.array([result.lead_quality for result in results], dtype=np.float32).reshape(count, wide)
    usable = np.array([result.usable for result in results], dtype=np.float32)
    best = np.sort(scores, axis=1)[:, -max((wide + 1) // 2, 1) :] if wide else scores
    swaps = np.array([suspected(result.template, leads=names, offset=offset) for result in results], dtype=np.int8)
    flags = np.array([result.lead_flags for result in results], dtype=np.uint16).reshape(count, wide)
    for row in np.flatnonzero(swaps):
        flags[row, np.isin(leads, SPOILT[swaps[row]])] |= BIT["reversal"]
    return xr.Dataset(
        {
            "lead_quality": (("record", "lead"), scores),
            "lead_flags": (
                ("record", "lead"),
                flags,
                {"flags": list(QUALITY_FLAGS)},
            ),
            # the better half of the leads decides: one loose electrode does not spoil a record
            "record_quality": (
                "record",
                ((best.mean(1) if wide and count else np.zeros(count)) * usable).astype(np.float32),
            ),
            "usable": ("record", usable),
            "pace_spikes": ("record", np.array([result.spikes for result in results], dtype=np.int32)),
            "lead_reversal": (
                "record",
                swaps,
                {"reversals": list(REVERSALS)},
            ),
        },
        coords={"record": records, "lead": leads},
    )
