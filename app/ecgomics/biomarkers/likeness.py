"""How alike the beats are: correlation with the representative beat, and the noise it leaves."""

from __future__ import annotations

import math

import numpy as np
from numpy.typing import NDArray

from ecgomics.biomarkers.block import Block, M
from ecgomics.biomarkers.deflections import writable
from ecgomics.biomarkers.reasons import Causes
from ecgomics.biomarkers.sheet import Sheet, quantile, quartile_range
from ecgomics.waves.kernels import compiled


def measure_likeness(block: Block, *, sheet: Sheet) -> None:
    """Write the correlation of the beats with the representative one and the signal-to-noise ratio of each lead."""
    likeness, ratio = _compare(
        writable(block.ecg),
        writable(block.template),
        block.beat_of,
        writable(block.r_s * block.rate),
        _edge(block, "qrs_on"),
        _edge(block, "t_off"),
        (block.offset_s[0] * block.rate, block.rate / block.template_rate),
        ~block.lead_unusable,
        block.alike,
    )
    alone = block.per_record(block.alike) < 2
    causes: Causes = ((block.no_beats[:, None], "no beats"), (alone[:, None], "needs ≥ 2 beats"))
    grid = block.pad(ratio)
    sheet.put_leads("SNR", quantile(grid, 0.5), causes=causes, spread=quartile_range(grid))
    over_leads = block.pad(quantile(likeness, 0.5))
    sheet.put(
        "Beat_Corr_Global",
        quantile(over_leads, 0.5),
        causes=((block.no_beats, "no beats"), (alone, "needs ≥ 2 beats")),
        spread=over_leads,
    )


def _edge(block: Block, mark: str) -> NDArray[np.intp]:
    """Sample of the representative beat at a global mark; the QRS offset + 300 ms stands in for a missing T end."""
    at = block.template_global[:, M[mark]]
    if mark == "t_off":
        at = np.where(np.isfinite(at), at, block.template_global[:, M["qrs_off"]] + 0.3)
    position = np.round((at - block.offset_s[0]) * block.template_rate)
    return np.clip(np.nan_to_num(position, nan=0.0), 0, len(block.offset_s) - 1).astype(np.intp)


@compiled
def _compare(ecg, template, owner, r_at, first, last, grid, usable, alike):  # type: ignore[no-untyped-def]
    beats, leads, size = len(owner), ecg.shape[1], ecg.shape[2]
    start, step = grid
    places = np.zeros(template.shape[2], dtype=np.int64)
    likeness = np.full((beats, leads), np.nan, dtype=np.float32)
    ratio = np.full((beats, leads), np.nan, dtype=np.float32)
    for beat in range(beats):
        record = owner[beat]
        a, b = first[record], last[record]
        n = b - a + 1
        origin = round(r_at[beat] + start)
        if not alike[beat] or n < 10 or origin + a * step < 0 or origin + b * step >= size:
            continue
        for k in range(n):
            places[k] = round((a + k) * step)
        st_, stt = 0.5 * n * (n - 1), n * (n - 1) * (2 * n - 1) / 6.0
        for lead in range(leads):
            if not usable[record, lead]:
                continue
            sx, sy, sxx, syy, sxy, sd, sdt, sdd = 0.0, 0.0, 0.0, 0.0, 0.0, 0.0, 0.0, 0.0
            for k in range(n):
                x = float(ecg[record, lead, origin + places[k]])
                y = float(template[record, lead, a + k])
                d = x - y
                sx += x
                sy += y
                sxx += x * x
                syy += y * y
                sxy += x * y
                sd += d
                sdt += d * k
                sdd += d * d
            vx, vy = sxx - sx * sx / n, syy - sy * sy / n
            if vx > 1e-12 and vy > 1e-12:
                likeness[beat, lead] = (sxy - sx * sy / n) / math.sqrt(vx * vy)
            slope = (sdt - sd * st_ / n) / (stt - st_ * st_ / n)
            residual = sdd - sd * sd / n - slope * (sdt - sd * st_ / n)
            if vy > 1e-12:
                # a floor of 0.1 µV keeps an exact repetition finite
                noise = math.sqrt(max(residual / n, 0.0))
                ratio[beat, lead] = 20.0 * math.log10(math.sqrt(vy / n) / max(noise, 1e-4))
    return likeness, ratio
