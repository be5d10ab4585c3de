"""Signals to `Beats`: short records block by block, long recordings by overlapping windows stitched on beats."""

from __future__ import annotations

import warnings
from collections.abc import Callable, Iterator, Sequence

import numpy as np
import numpy.typing as npt
import xarray as xr

from ecgomics.settings import WavesSettings
from ecgomics.waves import representative
from ecgomics.waves.beats import Beats
from ecgomics.waves.classes import classify
from ecgomics.waves.compilation import sparing
from ecgomics.waves.datasets import RecordResult, assemble
from ecgomics.waves.detection import Piece, detect
from ecgomics.waves.filtering import measured
from ecgomics.waves.found import Found, joined
from ecgomics.waves.quality import BIT, Survey
from ecgomics.waves.signals import LARGEST_MV, checked, no_millivolts

SHORT_S = 60.0
"""Longer recordings are done window by window."""
CORE_S, OVERLAP_S = 32.0, 4.0
"""A window keeps the beats of its core and looks this far to both sides of it."""
SEAM_S = 0.05
"""Beats this close to the edge of a core are kept by both windows, and once when joined."""
TOGETHER = 16
"""Records or windows at a time."""
LEAST_AGREEMENT = 0.8
PIECE = 10_000
"""Samples looked at together when the end of a record is looked for."""
PACKED = 160
"""Results of this many windows are moved together: many small arrays among the large ones pin the memory of these."""
TEMPLATE_WINDOWS = 12
"""Windows of a long recording that lend beats to its representative beat."""

Block = npt.NDArray[np.float32]
Finder = Callable[[Block, float], Piece]


def delineate(ecg: xr.DataArray, *, settings: WavesSettings | None = None) -> Beats:
    """Find beats, their marks in each lead and over all leads, their classes, representative beats and quality.

    Parameters
    ----------
    ecg
        dims (record, lead, time) or (lead, time), mV, unfiltered; 100–1000 Hz stated by `rate_hz`. NaN marks missing
        samples and padding. Leads that are missing, flat or mostly NaN are flagged and left out. Without a `record`
        coordinate records are called "0", "1", …
    settings
        How; the defaults when left out.

    Returns
    -------
    Beats
        Absent marks are NaN. In each lead ``r_peak`` is the largest positive deflection of the QRS; a complex that
        has none (QS) has its nadir there and neither ``q_peak`` nor ``s_peak``. The global ``r_peak`` is ``r_s``.

    Raises
    ------
    SignalError
        For other dims, samples that are no real numbers, a stated unit other than mV, a rate outside 50–4000 Hz.

    Warns
    -----
    UserWarning
        When most beats are so high that the numbers cannot be millivolts: marks do not depend on the unit, what is
        measured from the representative beat does.

    Notes
    -----
    A small U-Net (see the model card in ``weights/``) gives P, QRS and T probabilities; their mean over the leads
    decides which waves there are, each lead's own crossing of one half gives its boundaries, and the median over
    leads the global ones. Peaks and Q, R, S come from the measurement signal.

    Examples
    --------
    >>> import numpy as np, xarray as xr
    >>> ecg = xr.DataArray(np.zeros((2, 1000), np.float32), dims=("lead", "time"), attrs={"rate_hz": 500.0})
    >>> delineate(ecg).beats.sizes["beat"]
    0
    """
    settings = settings or WavesSettings()
    values, records, leads, rate = _opened(ecg)
    find = _finder(settings)
    results: dict[int, RecordResult] = {}
    with sparing(values.size):
        for rows, own in _unpadded(values):
            if own.shape[2] > SHORT_S * rate:
                found = [_long(record, rate=rate, find=find) for record in own]
            else:
                found = [result for part in _parts(len(own)) for result in _short(own[part], rate=rate, find=find)]
            results |= dict(zip(rows.tolist(), found, strict=True))
    ordered = [results[row] for row in range(len(values))]
    beats = assemble(ordered, records=records, leads=leads, offset=representative.offsets(rate))
    if no_millivolts(beats.template):
        warnings.warn(
            f"beats higher than {LARGEST_MV:g} mV in most leads: the signal seems to be in another unit than mV; "
            "marks stand, voltages do not; convert the signal to mV",
            UserWarning,
            stacklevel=2,
        )
    return beats


def _unpadded(values: Block) -> Iterator[tuple[npt.NDArray[np.intp], Block]]:
    """Rows and signals of records of one length at a time, without what pads them to the longest of their block.

    What is found in a record must not hang on the company it is in. A record without any sample keeps its padding.
    """
    lengths = _lengths(values)
    for length in np.unique(lengths):
        rows = np.flatnonzero(lengths == length)
        yield rows, values[rows, :, :length] if len(rows) < len(values) else values[:, :, :length]


def _lengths(values: Block) -> npt.NDArray[np.intp]:
    """Samples of each record up to the last that is known in any lead; looked for from the end, a piece at a time."""
    samples = values.shape[2]
    lengths = np.full(len(values), samples)
    padded = np.arange(len(values))
    for stop in range(samples, 0, -PIECE):
        known: npt.NDArray[np.bool_] = np.any(np.isfinite(values[padded, :, max(stop - PIECE, 0) : stop]), axis=1)
        ended: npt.NDArray[np.bool_] = np.any(known, axis=1)
        lengths[padded[ended]] = stop - np.argmax(known[ended, ::-1], axis=1)
        padded = padded[~ended]
        if len(padded) == 0:
            break
    return lengths


def _opened(ecg: xr.DataArray) -> tuple[Block, npt.NDArray[np.str_], list[str], float]:
    """Values (record, lead, time), record ids, lead names, rate."""
    rate = checked(ecg, needed=("lead", "time"), allowed=("record",))
    block = ecg if "record" in ecg.dims else ecg.expand_dims("record")
    block = block.transpose("record", "lead", "time")
    count, wide = block.sizes["record"], block.sizes["lead"]
    records = (
        np.atleast_1d(block["record"].values).astype(str) if "record" in block.coords else np.arange(count).astype(str)
    )
    leads = block["lead"].values.astype(str).tolist() if "lead" in block.coords else [str(i) for i in range(wide)]
    return np.asarray(block.values, dtype=np.float32), records, leads, rate


def _finder(settings: WavesSettings) -> Finder:
    if settings.method == "neurokit":
        from ecgomics.waves.neurokit import detect_with_neurokit

        return lambda values, rate: detect_with_neurokit(values, rate=rate)
    return lambda values, rate: detect(values, rate=rate)


def _parts(count: int) -> Iterator[slice]:
    return (slice(first, min(first + TOGETHER, count)) for first in range(0, count, TOGETHER))


def _short(values: Block, *, rate: float, find: Finder) -> list[RecordResult]:
    """Results of a few records (record, lead, time) that fit in memory as they are."""
    piece = find(values, rate)
    results = []
    for i, found in enumerate(piece.found):
        kinds, like = classify(found)
        template = representative.empty(values.shape[1], rate=rate)
        if len(found.r):
            kind, chosen = representative.dominant(kinds, like=like)
            beat = representative.averaged([(piece.signal[i], found.r[chosen])], rate=rate)
            template = representative.finished(
                found.take(chosen), beat=beat, kind=kind, present=piece.survey.present[i]
            )
        results.append(_result(found, kinds=kinds, template=template, windows=[_row(piece, i)]))
    return results


Window = tuple[Survey, npt.NDArray[np.float64], int]
"""Quality of one window (lead, …), agreement of its leads, its pacing spikes."""


def _row(piece: Piece, i: int) -> Window:
    return piece.survey.row(i), piece.agreement[i], len(piece.spikes[i])


def _packed(windows: Sequence[Window]) -> list[Window]:
    """The same windows as rows of a few arrays."""
    surveys = [survey for survey, _, _ in windows]
    together = Survey(
        np.stack([survey.flags for survey in surveys]),
        score=np.stack([survey.score for survey in surveys]),
        present=np.stack([survey.present for survey in surveys]),
        seconds=np.stack([survey.seconds for survey in surveys]),
    )
    agreement = np.stack([share for _, share, _ in windows])
    return [(together.row(i), agreement[i], count) for i, (_, _, count) in enumerate(windows)]


def _result(
    found: Found, *, kinds: npt.NDArray[np.int8], template: representative.Template, windows: Sequence[Window]
) -> RecordResult:
    """Put one record together from its beats and the quality of its windows."""
    score = np.mean([survey.score for survey, _, _ in windows], axis=0)
    agreement = np.mean([share for _, share, _ in windows], axis=0)
    present = np.any([survey.present for survey, _, _ in windows], axis=0)
    flags = _flags([survey.flags for survey, _, _ in windows])
    flags[present & (agreement < LEAST_AGREEMENT)] |= BIT["disagreement"]
    certain = found.certainty * (found.own @ score / max(float(score.sum()), 1e-6))
    return RecordResult(
        found=found,
        kinds=kinds,
        beat_quality=np.clip(certain, 0, 1).astype(np.float32),
        template=template,
        lead_quality=np.clip(score * (0.4 + 0.6 * agreement), 0, 1).astype(np.float32),
        lead_flags=flags,
        usable=float(np.mean(np.concatenate([survey.usable_seconds() for survey, _, _ in windows]))),
        spikes=sum(count for _, _, count in windows),
    )


def _flags(rows: Sequence[npt.NDArray[np.uint16]]) -> npt.NDArray[np.uint16]:
    """Flags of a record from those of its windows: set where a fifth of the windows has them, absence where all do."""
    if len(rows) == 1:
        return rows[0].copy()
    stacked = np.stack(rows)
    out = np.zeros(stacked.shape[1], dtype=np.uint16)
    for name, bit in BIT.items():
        share = ((stacked & bit) > 0).mean(0)
        out[share >= (1.0 if name in ("missing", "flat") else 0.2 if name != "nan" else 1e-9)] |= bit
    # a lead missing in some windows only has gaps
    gone = (stacked & BIT["missing"]) > 0
    out[gone.any(0) & ~gone.all(0)] |= BIT["nan"]
    return out


def _long(values: Block, *, rate: float, find: Finder) -> RecordResult:
    """Result of one long record (lead, time), in bounded memory and at a cost linear in its length."""
    samples = values.shape[1]
    core, overlap = int(CORE_S * rate), int(OVERLAP_S * rate)
    width = core + 2 * overlap
    cores = [(first, min(first + core, samples)) for first in range(0, samples, core)]
    parts: list[Found] = []
    kept: list[Window] = []
    windows: list[Window] = []
    for some in _parts(len(cores)):
        # all windows are whole and inside the record: the first and the last see more on one side
        begins = [min(max(first - overlap, 0), samples - width) for first, _ in cores[some]]
        piece = find(np.stack([values[:, begin : begin + width] for begin in begins]), rate)
        for i, (begin, (first, stop)) in enumerate(zip(begins, cores[some], strict=True)):
            moved = piece.found[i].later(begin / rate)
            parts.append(moved.take((moved.r >= first / rate - SEAM_S) & (moved.r < stop / rate + SEAM_S)))
            windows.append(_row(piece, i))
        if len(parts) >= PACKED:
            parts, kept, windows = [joined(parts)], kept + _packed(windows), []
    windows = kept + windows
    found = _stitched(parts, last=(samples - 1) / rate)
    kinds, like = classify(found)
    template = representative.empty(len(values), rate=rate)
    if len(found.r):
        present = np.any([survey.present for survey, _, _ in windows], axis=0)
        template = _long_template(values, found=found, kinds=kinds, like=like, present=present, rate=rate)
    return _result(found, kinds=kinds, template=template, windows=windows)


def _stitched(parts: Sequence[Found], *, last: float) -> Found:
    """Beats of consecutive windows as one, each beat once, no mark outside the record."""
    found = joined(parts)
    order = np.argsort(found.r, kind="stable")
    keep = np.ones(len(order), dtype=bool)
    keep[1:] = np.diff(found.r[order]) > 2 * SEAM_S
    found = found.take(order[keep])
    np.clip(found.marks, 0, last, out=found.marks)
    np.clip(found.lead_marks, 0, last, out=found.lead_marks)
    return found


def _long_template(
    values: Block,
    *,
    found: Found,
    kinds: npt.NDArray[np.int8],
    like: npt.NDArray[np.float32],
    present: npt.NDArray[np.bool_],
    rate: float,
) -> representative.Template:
    """Representative beat of a long record from windows spread evenly over it."""
    samples = values.shape[1]
    kind, _ = representative.dominant(kinds, like=like)
    usual = np.flatnonzero(kinds == kind)
    length = CORE_S + 2 * OVERLAP_S
    count = min(TEMPLATE_WINDOWS, max(int(samples / rate / length), 1))
    pieces, used = [], []
    for centre in usual[np.linspace(0, len(usual) - 1, count + 2).astype(int)[1:-1]]:
        begin = max(int((found.r[centre] - length / 2) * rate), 0)
        part = values[:, begin : begin + int(length * rate)]
        near = usual[np.abs(found.r[usual] - found.r[centre]) < CORE_S / 2]
        good = near[like[near] > max(float(np.median(like[near])) - 0.1, 0.5)]
        good = (good if len(good) else near)[: representative.GROUP]
        pieces.append((measured(part, rate=rate)[0], found.r[good] - begin / rate))
        used.append(good)
    beat = representative.averaged(pieces, rate=rate)
    return representative.finished(found.take(np.concatenate(used)), beat=beat, kind=kind, present=present)
