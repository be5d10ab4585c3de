"""Marks, beats and evidence spans as a strip takes them: DataFrames, columns, rows, or a Dataset of beats."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray

from ecgomics_widgets.errors import WidgetError

BEAT_CLASSES = ("normal", "ventricular", "supraventricular", "paced", "unclassifiable")
"""Classes by number, where a table holds numbers."""

GLOBAL = "global"
"""The lead name of marks and spans that belong to all leads."""


def marks_of(table: Any) -> dict[str, NDArray[Any]]:
    """Marks in order of time.

    Parameters
    ----------
    table
        Columns ``time_s`` (s, NaN is left out), ``mark`` (such as ``"p_on"``) and, optionally, ``lead`` (a lead's name
        or ``"global"``, which it is when absent): a DataFrame, a mapping of columns, or a sequence of rows. Or a
        Dataset with ``marks (beat, mark)`` and ``lead_marks (beat, lead, mark)``, s.

    Returns
    -------
    dict
        ``time_s`` float64, ``mark`` and ``lead`` str, dims (mark,).
    """
    if _is_dataset(table):
        return _in_order(_dataset_marks(table))
    columns = _columns(table, needed=("time_s", "mark"), optional={"lead": GLOBAL})
    return _in_order({**columns, "time_s": np.asarray(columns["time_s"], dtype=np.float64)})


def beats_of(table: Any) -> dict[str, NDArray[Any]]:
    """Beats in order of time.

    Parameters
    ----------
    table
        Columns ``time_s`` (s) and, optionally, ``beat_class`` (a name or number of `BEAT_CLASSES`; normal when absent),
        as in `marks_of`. Or a Dataset with ``r_s`` and ``beat_class``, dims (beat,).

    Returns
    -------
    dict
        ``time_s`` float64 and ``beat_class`` uint8 (index into `BEAT_CLASSES`), dims (beat,).
    """
    if _is_dataset(table):
        kinds: Any = table["beat_class"].values if "beat_class" in table else np.zeros(table.sizes["beat"], dtype=int)
        columns = {"time_s": table["r_s"].values, "beat_class": kinds}
    else:
        columns = _columns(table, needed=("time_s",), optional={"beat_class": 0})
    numbers = _class_numbers(np.asarray(columns["beat_class"]))
    return _in_order({"time_s": np.asarray(columns["time_s"], dtype=np.float64), "beat_class": numbers})


def spans_of(table: Any, *, unmet: Literal["shown", "hidden"] = "shown") -> list[dict[str, Any]]:
    """Evidence spans in order of time, as the browser wants them.

    Parameters
    ----------
    table
        Rows with ``start_s``, ``stop_s`` (s) and, optionally, ``leads`` (names; none or ``"global"``: all leads),
        ``label`` (the value to write beside it) and ``dimension`` (its colour: Structural, Intensity, Functional,
        Comparative, or empty), ``state`` (of the rule it belongs to): mappings, objects with these attributes, or a
        DataFrame.
    unmet
        ``"hidden"`` leaves out spans whose state is ``"not_met"``.
    """
    rows = table.to_dict("records") if hasattr(table, "to_dict") and hasattr(table, "columns") else list(table or ())
    spans: list[dict[str, Any]] = [
        {
            "start": float(_field(row, "start_s")),
            "stop": float(_field(row, "stop_s")),
            "leads": _lead_names(_field(row, "leads", ())),
            "label": str(_field(row, "label", "")),
            "dimension": str(_field(row, "dimension", "")),
        }
        for row in rows
        if unmet == "shown" or str(_field(row, "state", "")) != "not_met"
    ]
    known = [span for span in spans if np.isfinite(span["start"]) and np.isfinite(span["stop"])]
    return sorted(known, key=lambda span: (span["start"], span["stop"]))


def _is_dataset(table: Any) -> bool:
    return hasattr(table, "data_vars") and "r_s" in table


def _dataset_marks(table: Any) -> dict[str, NDArray[Any]]:
    names = np.asarray(table["mark"].values, dtype=str)
    parts = [(np.asarray(table["marks"].transpose("beat", "mark").values), GLOBAL)]
    if "lead_marks" in table:
        per_lead = table["lead_marks"].transpose("lead", "beat", "mark")
        parts += [
            (np.asarray(block), str(lead)) for lead, block in zip(table["lead"].values, per_lead.values, strict=True)
        ]
    return {
        "time_s": np.concatenate([times.ravel() for times, _ in parts]),
        "mark": np.concatenate([np.tile(names, len(times)) for times, _ in parts]),
        "lead": np.concatenate([np.full(times.size, lead, dtype="U16") for times, lead in parts]),
    }


def _columns(table: Any, *, needed: Sequence[str], optional: Mapping[str, Any]) -> dict[str, NDArray[Any]]:
    if table is None or len(table) == 0:
        return {name: np.array([]) for name in (*needed, *optional)}
    if hasattr(table, "columns") or isinstance(table, Mapping):
        names = list(table.columns if hasattr(table, "columns") else table)
        found = {name: np.asarray(table[name]) for name in (*needed, *optional) if name in names}
    else:
        found = {
            name: np.asarray([_field(row, name, optional.get(name)) for row in table]) for name in (*needed, *optional)
        }
        names = list(found)
    missing = [name for name in needed if name not in found]
    if missing:
        raise WidgetError(
            f"a table with columns {', '.join(map(str, names))}",
            expected=f"columns {', '.join(needed)}",
            remedy="rename them",
        )
    size = len(found[needed[0]])
    return {**{name: np.full(size, value) for name, value in optional.items() if name not in found}, **found}


def _field(row: Any, name: str, otherwise: Any = None) -> Any:
    value = row.get(name, otherwise) if isinstance(row, Mapping) else getattr(row, name, otherwise)
    if value is None:
        raise WidgetError(f"a row without {name}", expected=f"{name} in every row")
    return value


def _lead_names(leads: Any) -> list[str]:
    names = [leads] if isinstance(leads, str) else [str(lead) for lead in leads]
    return [] if GLOBAL in names else [name for name in names if name]


def _class_numbers(kinds: NDArray[Any]) -> NDArray[np.uint8]:
    if kinds.dtype.kind in "iu":  # a day has a hundred thousand of them
        return np.where((kinds >= 0) & (kinds < len(BEAT_CLASSES)), kinds, len(BEAT_CLASSES) - 1).astype(np.uint8)
    return np.array([_class_number(kind) for kind in kinds], dtype=np.uint8)


def _class_number(kind: Any) -> int:
    if isinstance(kind, str):
        if kind not in BEAT_CLASSES:
            raise WidgetError(f"a beat class {kind!r}", expected=f"one of {', '.join(BEAT_CLASSES)}")
        return BEAT_CLASSES.index(kind)
    return int(kind) if 0 <= int(kind) < len(BEAT_CLASSES) else BEAT_CLASSES.index("unclassifiable")


def _in_order(columns: dict[str, NDArray[Any]]) -> dict[str, NDArray[Any]]:
    known = np.flatnonzero(np.isfinite(columns["time_s"]))
    order = known[np.argsort(columns["time_s"][known], kind="stable")]
    return {name: column[order] for name, column in columns.items()}
