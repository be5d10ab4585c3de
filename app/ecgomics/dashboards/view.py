"""A view as plain data: what Explore shows, to be saved, shared as an address, and shown again."""

from __future__ import annotations

import base64
import json
import zlib
from collections.abc import Iterable, Mapping
from typing import TYPE_CHECKING, Any
from urllib.parse import parse_qsl, quote, unquote, urlencode

import numpy as np

from ecgomics.dashboards.explore_state import ExploreState
from ecgomics.dashboards.filters import Filter
from ecgomics.dashboards.selection import NOTHING, Selection
from ecgomics.errors import EcgomicsError

if TYPE_CHECKING:
    from ecgomics.discovery.groups import Origin

LONGEST_GROUP = 6000
"""Characters of a group in an address; a larger one is shared by saving it under a name."""

PLAIN = ("record", "sort", "descending", "encoder", "colour", "paint", "lead", "montage", "gain", "speed")
"""Values of the state that are kept as they are."""

SHORT = {"encoder": "map", "montage": "layout", "toggled": "rules"}
"""What an address calls them."""


def view_of(state: ExploreState) -> dict[str, Any]:
    """What a state shows, as JSON can hold it; what is as it was when the page opened is left out.

    Returns
    -------
    dict
        `record`, `span` (start, stop in s), `montage`, `gain`, `speed`, `sort`, `descending`, `filters` (kind, value),
        `group` (origin, drawn_on, records, lasso), `toggled`, `limits`, `encoder`, `colour`, `paint`, `lead`, `why`.
    """
    first = state.beginning
    view: dict[str, Any] = {name: getattr(state, name) for name in PLAIN if getattr(state, name) != first.get(name)}
    view["record"] = state.record
    if state.span is not None:
        view["span"] = [round(float(edge), 3) for edge in state.span]
    if state.filters:
        view["filters"] = [[chip.kind, _listed(chip.value)] for chip in state.filters]
    if state.selection.records:
        chosen = state.selection
        view["group"] = {
            "origin": chosen.origin,
            "drawn_on": chosen.drawn_on,
            "records": list(chosen.records),
            "lasso": [[float(f"{number:.4g}") for number in corner] for corner in state.lasso],
        }
    if state.toggled:
        view["toggled"] = list(state.toggled)
    if state.limits:
        view["limits"] = {clause: list(values) for clause, values in state.limits.items()}
    if state.why != first.get("why"):
        view["why"] = list(state.why)
    return view


def values_of(state: ExploreState, view: Mapping[str, Any]) -> tuple[dict[str, Any], list[str]]:
    """The state's values that show a view, and what of it this cohort does not have, in words.

    Whatever the view does not speak of is as it was when the page opened.
    """
    values: dict[str, Any] = {
        **state.beginning,
        **{"span": None, "filters": (), "selection": NOTHING, "lasso": (), "toggled": (), "limits": {}},
    }
    lost: list[str] = []
    census, book = state.census, state.rulebook
    for name in PLAIN:
        if name in view:
            values[name] = view[name]
    if values["record"] not in census.index:
        lost.append("the record")
        values["record"] = state.record
    if view.get("span"):
        start, stop = (float(edge) for edge in view["span"])
        values["span"] = (start, stop) if 0 <= start < stop else None
    for name in ("sort", "colour"):
        if values[name] not in census.columns:
            lost.append(f"the column {values[name]}")
            values[name] = state.beginning[name]
    if values["encoder"] not in getattr(census.cohort, "encoders", ()):
        values["encoder"] = state.beginning["encoder"]
    values["filters"] = tuple(_filters(view.get("filters", ()), lost=lost))
    values.update(_group(state, view.get("group") or {}, lost=lost))
    values["toggled"] = tuple(rule for rule in view.get("toggled", ()) if rule in book)
    values["limits"] = _limits(state, view.get("limits") or {}, lost=lost)
    if view.get("why"):
        values["why"] = tuple(view["why"])
    return values, lost


def query_of(view: Mapping[str, Any], state: ExploreState) -> str:
    """A view as the query of an address. Records are named by their ids, never by what a file calls them."""
    parts: dict[str, str] = {}
    for name, value in view.items():
        written = _WRITERS.get(name, _plainly)(value)
        if name == "group":
            parts |= _group_parts(value, state)
        elif name == "descending":
            continue
        elif name == "sort":
            parts["sort"] = f"{'-' if view.get('descending', state.beginning['descending']) else ''}{value}"
        else:
            parts[SHORT.get(name, name)] = written
    if "descending" in view and "sort" not in parts:
        parts["sort"] = f"{'-' if view['descending'] else ''}{state.sort}"
    return urlencode(parts, safe=",:-.;~", quote_via=quote)


def view_from(query: Mapping[str, str] | str, state: ExploreState) -> dict[str, Any]:
    """A view from the query of an address; what cannot be read is left out."""
    given = dict(parse_qsl(query)) if isinstance(query, str) else dict(query)
    view: dict[str, Any] = {}
    long = {short: name for name, short in SHORT.items()}
    for short, text in given.items():
        name = long.get(short, short)
        if name == "sort":
            view |= {"sort": text.removeprefix("-"), "descending": text.startswith("-")}
        elif name in _READERS:
            try:
                view[name] = _READERS[name](text)
            except (ValueError, KeyError, TypeError):
                continue
    if given.get("members") or given.get("group"):
        view["group"] = {
            "origin": given.get("group", "link"),
            "drawn_on": given.get("on", "table"),
            "records": _records(given.get("members", ""), state),
            "lasso": _corners(given.get("lasso", "")),
            "saved": not given.get("members"),
        }
    return view


def _filters(given: Iterable[Any], *, lost: list[str]) -> Iterable[Filter]:
    for kind, value in given:
        chip = Filter(kind, tuple(value) if isinstance(value, list) else value)
        if chip.known:
            yield chip
        else:
            lost.append(f"a filter by {kind}")


def _group(state: ExploreState, group: Mapping[str, Any], *, lost: list[str]) -> dict[str, Any]:
    if not group:
        return {}
    known = state.census.positions(group.get("records", ()))
    if not len(known):
        lost.append(f"the group {group.get('origin', '')}".rstrip())
        return {}
    drawn_on: Origin = _ORIGINS.get(str(group.get("drawn_on")), "table")
    chosen = Selection.of(state.census.ids[known], origin=str(group.get("origin", "link")), drawn_on=drawn_on)
    corners = tuple((float(x), float(y)) for x, y in group.get("lasso", ()))
    return {"selection": chosen, "lasso": corners}


def _limits(state: ExploreState, limits: Mapping[str, Any], *, lost: list[str]) -> dict[str, tuple[float, ...]]:
    edited: dict[str, tuple[float, ...]] = {}
    for clause, numbers in limits.items():
        try:
            for place, value in enumerate(numbers):
                edited = state.rulebook.with_limit(edited, clause, place=place, value=float(value))
        except EcgomicsError:
            lost.append(f"the limit {clause}")
    return edited


def _group_parts(group: Mapping[str, Any], state: ExploreState) -> dict[str, str]:
    parts = {"group": str(group["origin"]), "on": str(group["drawn_on"])}
    if state.is_saved(group["origin"], group["records"]):
        return {"group": parts["group"]}
    members = _packed(group["records"], state)
    if len(members) > LONGEST_GROUP:
        return {}
    parts["members"] = members
    if group.get("lasso"):
        parts["lasso"] = ";".join(f"{x:g},{y:g}" for x, y in group["lasso"])
    return parts


def _packed(records: Iterable[str], state: ExploreState) -> str:
    """Membership a bit a record, and a check that it is read against the same records."""
    inside = np.zeros(len(state.census), dtype=bool)
    inside[state.census.positions(records)] = True
    raw = zlib.compress(np.packbits(inside).tobytes(), 9)
    return f"{_check(state)}.{base64.urlsafe_b64encode(raw).decode().rstrip('=')}"


def _records(text: str, state: ExploreState) -> list[str]:
    check, _, body = text.partition(".")
    if check != _check(state):
        return []
    size = len(state.census)
    try:
        packed = base64.urlsafe_b64decode(body + "=" * (-len(body) % 4))
        # no more than the records there are, whatever a crafted address would unfold to
        raw = zlib.decompressobj().decompress(packed, (size + 7) // 8)
    except (ValueError, zlib.error):
        return []
    bits = np.unpackbits(np.frombuffer(raw, dtype=np.uint8))[:size].astype(bool)
    return [str(record) for record in state.census.ids[: len(bits)][bits]]


def _check(state: ExploreState) -> str:
    return f"{zlib.crc32(''.join(state.census.ids).encode()) & 0xFFFF:04x}"


def _corners(text: str) -> list[tuple[float, float]]:
    try:
        return [(float(x), float(y)) for x, y in (pair.split(",") for pair in text.split(";") if pair)]
    except ValueError:
        return []


def _listed(value: Any) -> Any:
    return list(value) if isinstance(value, tuple) else value


def _plainly(value: Any) -> str:
    return f"{value:g}" if isinstance(value, float) else str(value)


def _write_filters(chips: Iterable[Any]) -> str:
    return ";".join(f"{kind}:{quote(json.dumps(value), safe='')}" for kind, value in chips)


def _read_filters(text: str) -> list[Any]:
    pairs = (part.partition(":") for part in text.split(";") if part)
    return [[kind, json.loads(unquote(value))] for kind, _, value in pairs]


def _read_limits(text: str) -> dict[str, list[float]]:
    pairs = (part.rpartition(":") for part in text.split(";") if part)
    return {clause: [float(number) for number in numbers.split(",")] for clause, _, numbers in pairs}


def _read_montage(text: str) -> Any:
    return json.loads(text) if text.startswith("[") else text


def _read_span(text: str) -> list[float]:
    start, _, stop = text.partition("-")
    return [float(start), float(stop)]


def _read_why(text: str) -> list[str]:
    kind, _, name = text.partition(":")
    if not name:
        raise ValueError("half an explanation")
    return [kind, name]


# an address may hold anything: what is no origin counts as a choice from the table
_ORIGINS: dict[str, Origin] = {
    "labels": "labels",
    "rules": "rules",
    "latent": "latent",
    "biomarker": "biomarker",
    "cluster": "cluster",
}
_WRITERS: dict[str, Any] = {
    "filters": _write_filters,
    "span": lambda span: f"{span[0]:g}-{span[1]:g}",
    "toggled": ",".join,
    "limits": lambda limits: ";".join(f"{clause}:{','.join(f'{n:g}' for n in ns)}" for clause, ns in limits.items()),
    "montage": lambda montage: montage if isinstance(montage, str) else json.dumps(montage),
    "why": ":".join,
    "group": lambda group: "",
}
_READERS: dict[str, Any] = {
    **dict.fromkeys(("record", "encoder", "colour", "lead"), str),
    "paint": lambda text: text if text in ("group", "column") else "group",
    "gain": float,
    "speed": float,
    "montage": _read_montage,
    "span": _read_span,
    "filters": _read_filters,
    "toggled": lambda text: text.split(","),
    "limits": _read_limits,
    "why": _read_why,
}
