"""What a strip shows besides beats and findings: signal that cannot be trusted, feedback on a reading, notes."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ecgomics_widgets.errors import WidgetError
from ecgomics_widgets.tables import GLOBAL
from ecgomics_widgets.timeline import field_of, rows_of

VERDICTS = ("right", "partly", "wrong")

POOR = 0.5
"""Quality (0 to 1) below which a stretch is shown as one that cannot be trusted."""


def quality_of(table: Any) -> list[dict[str, Any]]:
    """Stretches that cannot be trusted, in order of time.

    Parameters
    ----------
    table
        Rows with ``start_s``, ``stop_s`` (s) and, optionally, ``lead`` (a name; ``"global"`` or none: all leads) and
        ``reason`` (such as ``"baseline wander"``): mappings, objects, a DataFrame. Or a DataArray of quality, 0 to 1,
        with dims (lead, time) and coordinates `lead` and `time` (start of each stretch, s, evenly spaced): what is
        below `POOR` is shown, with its value as reason.
    """
    rows = _poor_stretches(table) if hasattr(table, "dims") else [_stretch(row) for row in rows_of(table)]
    known = [row for row in rows if np.isfinite(row["start"]) and row["stop"] > row["start"]]
    return sorted(known, key=lambda row: row["start"])


def quality_message(rows: Sequence[Mapping[str, Any]]) -> tuple[dict[str, Any], dict[str, NDArray[Any]]]:
    """Header and arrays of a strip's overlay for the rows of `quality_of`."""
    leads = sorted({row["lead"] for row in rows if row["lead"]})
    reasons = sorted({row["reason"] for row in rows})
    arrays: dict[str, NDArray[Any]] = {
        "q_start": np.array([row["start"] for row in rows], dtype=np.float64),
        "q_stop": np.array([row["stop"] for row in rows], dtype=np.float64),
        "q_lead": np.array([leads.index(row["lead"]) if row["lead"] else -1 for row in rows], dtype=np.int8),
        "q_reason": np.array([reasons.index(row["reason"]) for row in rows], dtype=np.int16),
    }
    return {"leads": leads, "reasons": reasons}, arrays


def feedback_of(table: Any) -> list[dict[str, Any]]:
    """Feedback on a reading, as the browser draws it.

    Parameters
    ----------
    table
        Rows with ``lead`` and any of: ``label`` (what was measured: ``"QT"``); ``given_start_s``, ``given_stop_s`` and
        ``reference_start_s``, ``reference_stop_s`` (s; a start alone is a single mark; all absent: words on the lead);
        ``uncertainty_ms`` of the reference; ``verdict`` (one of VERDICTS); ``text`` (said of the difference; its size
        when absent).

    Returns
    -------
    list of dict
        ``lead``, ``given`` and ``reference`` (pairs in s or None), ``given_text``, ``reference_text``,
        ``uncertainty_s``, ``difference`` (pair in s or None), ``verdict``, ``text``.

    Raises
    ------
    WidgetError
        For a verdict that is none of VERDICTS.
    """
    return [_answer(row) for row in rows_of(table)]


def _answer(row: Any) -> dict[str, Any]:
    verdict = str(field_of(row, "verdict", "right"))
    if verdict not in VERDICTS:
        raise WidgetError(f"a verdict {verdict!r}", expected=f"one of {', '.join(VERDICTS)}")
    given, reference = _pair(row, "given"), _pair(row, "reference")
    doubt = float(field_of(row, "uncertainty_ms", 0.0) or 0.0)
    label, sign = str(field_of(row, "label", "")), {"right": " ✓", "partly": " ◐", "wrong": ""}[verdict]
    difference, size = _difference(given, reference) if verdict != "right" else (None, "")
    return {
        "lead": str(field_of(row, "lead", "")),
        "given": given,
        "reference": reference,
        "given_text": f"{label} {_ms(given)}".strip(),
        "reference_text": f"{_ms(reference)}{f' ± {doubt:.0f}' if doubt and reference else ''}{sign}".strip(),
        "uncertainty_s": doubt / 1000,
        "difference": difference,
        "verdict": verdict,
        "text": str(field_of(row, "text", "")) or size,
    }


def _difference(
    given: list[float | None] | None, reference: list[float | None] | None
) -> tuple[list[float] | None, str]:
    """The stretch by which an answer misses, at the edge that misses more, and how to say it."""
    if not given or not reference:
        return None, ""
    gaps = [
        (mine - true, mine, true)
        for mine, true in zip(given, reference, strict=True)
        if mine is not None and true is not None
    ]
    gap, mine, true = max(gaps, key=lambda each: abs(each[0]))
    side = "starts " if len(gaps) > 1 and gap == gaps[0][0] else ""
    return [min(mine, true), max(mine, true)], f"{side}{abs(gap) * 1000:.0f} ms {'late' if gap > 0 else 'early'}"


def _pair(row: Any, name: str) -> list[float | None] | None:
    start, stop = (float(field_of(row, f"{name}_{edge}_s", np.nan)) for edge in ("start", "stop"))
    if not np.isfinite(start):
        return None
    return [start, stop if np.isfinite(stop) else None]


def _ms(pair: list[float | None] | None) -> str:
    return "" if pair is None or pair[0] is None or pair[1] is None else f"{(pair[1] - pair[0]) * 1000:.0f}"


def _stretch(row: Any) -> dict[str, Any]:
    lead = str(field_of(row, "lead", ""))
    return {
        "lead": "" if lead == GLOBAL else lead,
        "start": float(field_of(row, "start_s", np.nan)),
        "stop": float(field_of(row, "stop_s", np.nan)),
        "reason": str(field_of(row, "reason", "")) or "not to be trusted",
    }


def _poor_stretches(quality: Any) -> list[dict[str, Any]]:
    values = np.asarray(quality.transpose("lead", "time").values, dtype=float)
    times = np.asarray(quality["time"].values, dtype=float)
    step = float(np.median(np.diff(times))) if len(times) > 1 else 1.0
    rows: list[dict[str, Any]] = []
    for lead, row in zip(quality["lead"].values, values, strict=True):
        edges = np.flatnonzero(np.diff(np.concatenate([[0], (row < POOR).astype(int), [0]])))
        for first, last in zip(edges[::2], edges[1::2], strict=True):
            reason = f"quality {np.mean(row[first:last]):.2f}"
            rows.append({"lead": str(lead), "start": times[first], "stop": times[last - 1] + step, "reason": reason})
    return rows
