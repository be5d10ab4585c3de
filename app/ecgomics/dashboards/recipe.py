"""`recipe_of`: a view as Python, to be run, read and kept with what was found."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from ecgomics.dashboards.census import Census
from ecgomics.dashboards.explore_state import PICKED, ExploreState
from ecgomics.dashboards.filters import Filter
from ecgomics.dashboards.shapes import inside


def recipe_of(state: ExploreState) -> str:
    """Python that opens the cohort and comes to what a view shows.

    Returns
    -------
    str
        Run, it leaves `listed` (ids in the order of the list), and as far as the view has them `group` (ids), `rules`
        (with edited limits), `contrast`, and `strip`, a picture of the open record.
    """
    parts = [
        _head(state),
        _listed(state),
        *([_group(state)] if state.selection.records else []),
        *([_rules(state)] if state.toggled or state.limits else []),
        *([_contrast(state)] if state.selection.records and state.census.biomarker_columns else []),
        *([_strip(state)] if state.record else []),
    ]
    return "\n\n".join(parts) + "\n"


def _head(state: ExploreState) -> str:
    cohort = state.census.cohort
    stages = ", ".join(f"{name} {stage.version}" for name, stage in getattr(cohort, "stages", {}).items())
    about = f"# stages then: {stages}\n" if stages else ""
    return (
        "# A view of ECGomics Explore as Python. Research and teaching, not for diagnosis.\n"
        f"{about}"
        "import ecgomics as eg\n\n"
        f"cohort = eg.open_cohort({str(cohort.path)!r})\n"
        "records, labels = cohort.records, cohort.labels"
    )


def _listed(state: ExploreState) -> str:
    lines = ["# the list: filters, then order", "keep = records.index.notna()"]
    lines += [
        f"keep &= {_FILTERS[chip.kind](chip, state.census)}  # {chip.text(state.census)}" for chip in state.filters
    ]
    lines += [f"shown = records[keep].assign(by={_column(state.sort)})"]
    order = f'shown.sort_values("by", ascending={not state.descending}, kind="stable", na_position="last"'
    if state.census.column(state.sort).kind == "category":
        lines += ["# in natural order: 9 before 10"]
        order += ", key=natural"
        lines.insert(0, _NATURAL)
    lines += [f"listed = list({order}).index)"]
    return "\n".join(lines)


def _group(state: ExploreState) -> str:
    chosen = state.selection
    lines = [f"# the group: {chosen.origin}"]
    if state.lasso and _refound(state):
        corners = ", ".join(f"({x!r}, {y!r})" for x, y in state.lasso)
        lines += [
            "from ecgomics.dashboards.shapes import inside",
            "",
            f'places = cohort.latent({state.encoder!r})["map"].transpose("record", "axis").to_pandas()',
            f"shape = [{corners}]",
            "group = list(places.index[inside(places.to_numpy()[:, :2], shape)])",
        ]
    else:
        lines += ["group = ["]
        ids = list(chosen.records)
        lines += [f"    {', '.join(repr(one) for one in ids[start : start + 5])}," for start in range(0, len(ids), 5)]
        lines += ["]"]
    if chosen.origin != PICKED:
        lines += ["listed = [record for record in listed if record in set(group)]"]
    return "\n".join(lines)


def _refound(state: ExploreState) -> bool:
    """Whether the shape alone finds the group again; a long one is kept with fewer corners than it was drawn with."""
    places, _ = state.census.map_of(state.encoder)
    found = inside(places[:, :2], state.lasso)
    return bool((found == state.members()).all())


def _rules(state: ExploreState) -> str:
    lines = ["# the rules drawn on the strip", "from ecgomics.rules import evaluate, spans, trace, with_limits", ""]
    lines += ["rules = eg.load_rules()"]
    if state.limits:
        edited = {clause: list(values) for clause, values in state.limits.items()}
        lines += [f"rules = with_limits(rules, {edited!r})"]
        lines += ["findings = evaluate(cohort.biomarkers.load(), subjects=cohort.subjects, rules=rules)"]
    else:
        lines += ["findings = cohort.findings"]
    for rule in state.toggled:
        lines += [f'print({rule!r}, int((findings["state"].sel(rule={rule!r}) == 1).sum()), "records")']
    return "\n".join(lines)


def _contrast(state: ExploreState) -> str:
    table = state.census.cohort.records
    adjust = [name for name in ("age", "sex") if table.loc[table[name].astype(str) != "", name].nunique() > 1]
    return (
        "# what sets the group apart\n"
        f"contrast = eg.contrast(cohort, group, adjust={adjust!r}, drawn_on={state.selection.drawn_on!r})\n"
        "contrast.table(top=20)"
    )


def _strip(state: ExploreState) -> str:
    options = ""
    for name, value, usual in (
        ("layout", state.montage, "auto"),
        ("gain", state.gain, 10),
        ("speed", state.speed, 25),
    ):
        if value != usual:
            options += f", {name}={value!r}"
    lines = ["# the open record", f"record = {state.record!r}"]
    if state.toggled:
        lines += [
            "evidence = []",
            f"for name in {list(state.toggled)!r}:",
            "    finding = trace(cohort.biomarkers.sel(record=[record]).load(), record=record, rule=name, rules=rules,",
            "                    subjects=cohort.subjects.sel(record=[record]))",
            "    evidence += spans(finding, cohort.beats_of(record))",
        ]
        options += ", spans=evidence"
    lines += [f"strip = eg.strip(cohort, record{options})"]
    lines += [f"strip.view = {tuple(state.span)!r}"] if state.span else []
    lines += ["strip"]
    return "\n".join(lines)


_NATURAL = """import re


def natural(texts):
    def parts(text):
        return [(0, int(p), "") if p.isdigit() else (1, 0, p.casefold()) for p in re.split(r"(\\d+)", text) if p]

    place = {text: rank for rank, text in enumerate(sorted(set(texts) - {""}, key=parts))}
    return texts.map(place)

"""


def _column(name: str) -> str:
    if name in ("source", "age", "sex"):
        return f"records[{name!r}]"
    if name == "quality":
        return 'cohort.quality["record_quality"].to_series()'
    if name == "label":
        likeliest = 'labels.sort_values("likelihood", ascending=False, kind="stable").groupby("record")["code"].first()'
        return f'{likeliest}.reindex(records.index, fill_value="")'
    if name.startswith("rule:"):
        states = '{0: "not met", 1: "met", 2: "unknown"}'
        return f'cohort.findings["state"].sel(rule={name.removeprefix("rule:")!r}).to_series().map({states})'
    return f'cohort.biomarkers["value"].sel(biomarker={name!r}).to_series()'


def _span(values: str, low: Any, high: Any) -> str:
    parts = [f"({values} >= {low!r})" if low is not None else "", f"({values} <= {high!r})" if high is not None else ""]
    return " & ".join(part for part in parts if part)


_FILTERS: dict[str, Callable[[Filter, Census], str]] = {
    "text": lambda chip, census: f"records.index.isin({[str(one) for one in census.ids[chip.mask(census)]]!r})",
    "age": lambda chip, census: _span('records["age"]', *chip.value),
    "sex": lambda chip, census: f'records["sex"] == {chip.value!r}',
    "quality": lambda chip, census: f"{_column('quality')} >= {chip.value!r}",
    "label": lambda chip, census: f'records.index.isin(labels.loc[labels["code"] == {chip.value!r}, "record"])',
    "rule": lambda chip, census: f'cohort.findings["state"].sel(rule={chip.value!r}).to_series() == 1',
    "value": lambda chip, census: _span(_column(chip.value[0]), *chip.value[1:]),
}
