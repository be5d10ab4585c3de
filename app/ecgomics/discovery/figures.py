"""Figures as self-contained SVG: no script, no font, no file beside it."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from html import escape
from typing import Any

import numpy as np
import pandas as pd

_INK, _QUIET, _LINE = "#1a1d21", "#5b6470", "#c9cfd6"
COLOURS = {
    "Structural": "#0068a8",
    "Intensity": "#c2550a",
    "Functional": "#0b8a63",
    "Comparative": "#a84b8c",
    "": "#3d4652",
}
_WIDTH, _HEIGHT = 460.0, 300.0
_LEFT, _RIGHT, _TOP, _BOTTOM = 56.0, 14.0, 26.0, 42.0


@dataclass(frozen=True)
class Figure:
    """A picture.

    Parameters
    ----------
    svg
        The whole SVG element.
    """

    svg: str

    def _repr_svg_(self) -> str:
        return self.svg


@dataclass(frozen=True)
class _Frame:
    """Axes: from data to pixels."""

    x: tuple[float, float]
    y: tuple[float, float]
    height: float = _HEIGHT

    def px(self, value: float) -> float:
        return round(_LEFT + (value - self.x[0]) / (self.x[1] - self.x[0]) * (_WIDTH - _LEFT - _RIGHT), 2)

    def py(self, value: float) -> float:
        low, high = self.height - _BOTTOM, _TOP
        return round(low + (value - self.y[0]) / (self.y[1] - self.y[0]) * (high - low), 2)

    def drawn(self, parts: Iterable[str], *, title: str, xlabel: str, ylabel: str, xticks: Sequence[float]) -> Figure:
        base = self.height - _BOTTOM
        ticks = [
            f'<text x="{self.px(t)}" y="{base + 16}" text-anchor="middle" fill="{_QUIET}">{t:g}</text>' for t in xticks
        ]
        yticks = np.linspace(self.y[0], self.y[1], 5)
        side = [
            f'<text x="{_LEFT - 6}" y="{self.py(t) + 4}" text-anchor="end" fill="{_QUIET}">{t:.3g}</text>'
            for t in (yticks if ylabel else [])
        ]
        body = "".join([*parts, *ticks, *side])
        return Figure(
            f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {_WIDTH:g} {self.height:g}" role="img" '
            f'font-family="sans-serif" font-size="11"><title>{escape(title)}</title>'
            f'<line x1="{_LEFT}" y1="{base}" x2="{_WIDTH - _RIGHT}" y2="{base}" stroke="{_LINE}"/>{body}'
            f'<text x="{(_LEFT + _WIDTH) / 2}" y="{self.height - 8}" text-anchor="middle" fill="{_INK}">'
            f"{escape(xlabel)}</text>"
            f'<text x="8" y="14" fill="{_INK}">{escape(ylabel)}</text></svg>'
        )


def volcano(table: pd.DataFrame, *, cloud: pd.DataFrame | None = None, limit: float = 0.05) -> Figure:
    """Effect against −log10 q: colour is dimension, shape is badge, the null cloud grey.

    Parameters
    ----------
    table
        Rows of a contrast.
    cloud
        `NullCloud.table`, or some of its rows.
    limit
        Where the line is drawn.
    """
    effect = next(name for name in ("auc", "rho", "hr") if name in table)
    adjusted = "q_adjusted" if table.get("q_adjusted", pd.Series(dtype=float)).notna().any() else "q"
    shown = table[table[effect].notna() & table[adjusted].notna()]
    heights = -np.log10(np.maximum(shown[adjusted].to_numpy(dtype=np.float64), 1e-12))
    top = max(2.0, float(heights.max()) * 1.08 if len(heights) else 2.0)
    centre, across = _across(shown[effect].to_numpy(dtype=np.float64), cloud, effect)
    frame = _Frame((centre - across, centre + across), (0.0, top))
    grey = [] if cloud is None or effect != "auc" else _cloud(cloud, frame)
    marks = [
        _mark(frame.px(float(x)), frame.py(float(y)), str(badge), COLOURS.get(str(kind), COLOURS[""]), f"{name}")
        for x, y, badge, kind, name in zip(
            shown[effect], heights, shown["badge"], shown["dimension"], shown["biomarker"], strict=True
        )
    ]
    line = frame.py(-float(np.log10(limit)))
    rule = (
        f'<line x1="{_LEFT}" y1="{line}" x2="{_WIDTH - _RIGHT}" y2="{line}" stroke="{_QUIET}" stroke-dasharray="4 3"/>'
    )
    named = _named(shown, heights, effect, frame)
    label = {"auc": "AUC", "rho": "Spearman's ρ", "hr": "hazard ratio a standard deviation"}[effect]
    ylabel = "−log10 q" + (", adjusted" if adjusted == "q_adjusted" else "")
    ticks = [round(float(t), 3) for t in np.linspace(centre - across, centre + across, 5)]
    return frame.drawn([*grey, rule, *marks, *named], title="Volcano", xlabel=label, ylabel=ylabel, xticks=ticks)


def dose(table: pd.DataFrame, *, unit: str = "") -> Figure:
    """Share of the group by quantile, from `dose_response`."""
    top = min(1.0, float(table["high"].max()) * 1.1)
    frame = _Frame((-0.5, len(table) - 0.5), (0.0, top))
    points = [(frame.px(float(row.bin)), frame.py(float(row.share))) for row in _rows(table)]
    bars = [_bar(frame, float(row.bin), float(row.low), float(row.high)) for row in _rows(table)]
    ranges = [
        f'<text x="{x}" y="{_TOP - 4}" text-anchor="middle" font-size="9" fill="{_QUIET}">'
        f"{row.from_:.3g}–{row.upto:.3g}</text>"
        for (x, _), row in zip(points, _rows(table), strict=True)
    ]
    parts = [*bars, _path(points), *(_dot(x, y) for x, y in points), *ranges]
    ticks = [float(each) for each in table["bin"]]
    return frame.drawn(
        parts,
        title="Dose and response",
        xlabel=f"quantile ({unit})" if unit else "quantile",
        ylabel="share",
        xticks=ticks,
    )


def forest(table: pd.DataFrame) -> Figure:
    """AUCs of subgroups with intervals, from `subgroups`."""
    rows = table[table["auc"].notna()]
    height = _TOP + _BOTTOM + 20.0 * max(len(rows), 1)
    low = float(np.floor(10 * min(0.5, rows["low"].min() if len(rows) else 0.5)) / 10)
    frame = _Frame((low - 0.6, 1.0), (len(rows) - 0.5, -0.5), height)
    parts = [_upright(frame, 0.5)]
    for place, row in enumerate(_rows(rows)):
        y = frame.py(float(place))
        parts.append(_flat(frame, y, float(row.low), float(row.high)) + _dot(frame.px(float(row.auc)), y))
        label = f"{row.by}: {row.subgroup} ({row.n_group}/{row.n_rest})"
        parts.append(f'<text x="8" y="{y + 4}" fill="{_INK}">{escape(label)}</text>')
    ticks = [round(float(t), 1) for t in np.arange(low, 1.01, 0.1)]
    return frame.drawn(parts, title="Subgroups", xlabel="AUC", ylabel="", xticks=ticks)


def calibration(table: pd.DataFrame) -> Figure:
    """What was foretold against what happened, from `Panel.calibration`."""
    top = float(max(table["predicted"].max(), table["high"].max()))
    frame = _Frame((0.0, top), (0.0, top))
    ideal = f'<line x1="{frame.px(0)}" y1="{frame.py(0)}" x2="{frame.px(top)}" y2="{frame.py(top)}" stroke="{_LINE}"/>'
    points = [(frame.px(float(row.predicted)), frame.py(float(row.observed))) for row in _rows(table)]
    bars = [_bar(frame, float(row.predicted), float(row.low), float(row.high)) for row in _rows(table)]
    ticks = [round(float(t), 2) for t in np.linspace(0, top, 5)]
    parts = [ideal, *bars, _path(points), *(_dot(x, y) for x, y in points)]
    return frame.drawn(parts, title="Calibration", xlabel="predicted", ylabel="observed", xticks=ticks)


def decision(table: pd.DataFrame) -> Figure:
    """Net benefit by threshold, from `Panel.decision`."""
    top = float(max(table["panel"].max(), table["everyone"].max(), 0.01)) * 1.05
    low = -0.25 * top
    frame = _Frame((0.0, float(table["threshold"].max())), (low, top))
    parts = []
    for name, colour in (("panel", _INK), ("everyone", "#c2550a"), ("nobody", _QUIET)):
        kept = table[table[name] >= low]
        points = [(frame.px(float(x)), frame.py(float(y))) for x, y in zip(kept["threshold"], kept[name], strict=True)]
        parts.append(_path(points, colour))
        if points:
            parts.append(f'<text x="{points[0][0] + 4}" y="{points[0][1] - 5}" fill="{colour}">{name}</text>')
    ticks = [float(t) for t in table["threshold"].iloc[::2]]
    return frame.drawn(parts, title="Decision curve", xlabel="threshold", ylabel="net benefit", xticks=ticks)


def _rows(table: pd.DataFrame) -> list[Any]:
    return list(table.itertuples())


def _across(effects: np.ndarray, cloud: pd.DataFrame | None, effect: str) -> tuple[float, float]:
    centre = {"auc": 0.5, "rho": 0.0, "hr": 1.0}[effect]
    reach = [np.abs(effects - centre).max()] if len(effects) else []
    if cloud is not None and effect == "auc" and len(cloud):
        reach.append(float(np.nanmax(np.abs(cloud["auc"] - centre))))
    return centre, max(0.1, float(max(reach)) * 1.05) if reach else 0.1


def _cloud(cloud: pd.DataFrame, frame: _Frame) -> list[str]:
    known = cloud[cloud["auc"].notna() & cloud["q"].notna()]
    heights = -np.log10(np.maximum(known["q"].to_numpy(dtype=np.float64), 1e-12))
    return [
        f'<circle cx="{frame.px(float(x))}" cy="{frame.py(float(y))}" r="1.6" fill="{_QUIET}" opacity="0.25"/>'
        for x, y in zip(known["auc"], heights, strict=True)
    ]


def _mark(x: float, y: float, badge: str, colour: str, title: str) -> str:
    told = f"<title>{escape(title)}</title>"
    if badge == "replicated":
        angles = np.pi / 5 * np.arange(10) - np.pi / 2
        radius = np.where(np.arange(10) % 2 == 0, 6.0, 2.6)
        corners = " ".join(
            f"{x + r * np.cos(a):.2f},{y + r * np.sin(a):.2f}" for r, a in zip(radius, angles, strict=True)
        )
        return f'<polygon points="{corners}" fill="{colour}">{told}</polygon>'
    if badge == "validated":
        return f'<path d="M{x} {y - 5}L{x + 5} {y}L{x} {y + 5}L{x - 5} {y}Z" fill="{colour}">{told}</path>'
    fill = colour if badge == "declared" else "white"
    return f'<circle cx="{x}" cy="{y}" r="3.4" fill="{fill}" stroke="{colour}" stroke-width="1.5">{told}</circle>'


def _named(shown: pd.DataFrame, heights: np.ndarray, effect: str, frame: _Frame) -> list[str]:
    order = np.argsort(-heights, kind="stable")[:6]
    rows = [(str(shown["biomarker"].iloc[k]), float(shown[effect].iloc[k]), float(heights[k])) for k in order]
    taken: list[float] = []
    parts = []
    for name, x, y in rows:
        place = frame.py(y) + 4
        if all(abs(place - other) > 11 for other in taken):
            taken.append(place)
            left = frame.px(x) > (_LEFT + _WIDTH) / 2
            anchor, shift = ("end", -8) if left else ("start", 8)
            at = f'x="{frame.px(x) + shift}" y="{place}" text-anchor="{anchor}"'
            parts.append(f'<text {at} fill="{_INK}">{escape(name)}</text>')
    return parts


def _path(points: Sequence[tuple[float, float]], colour: str = "#0068a8") -> str:
    text = " ".join(f"{x},{y}" for x, y in points)
    return f'<polyline points="{text}" fill="none" stroke="{colour}" stroke-width="1.5"/>'


def _dot(x: float, y: float) -> str:
    return f'<circle cx="{x}" cy="{y}" r="3.2" fill="#0068a8"/>'


def _bar(frame: _Frame, x: float, low: float, high: float) -> str:
    px = frame.px(x)
    return f'<line x1="{px}" y1="{frame.py(low)}" x2="{px}" y2="{frame.py(high)}" stroke="{_QUIET}"/>'


def _flat(frame: _Frame, y: float, low: float, high: float) -> str:
    return f'<line x1="{frame.px(low)}" y1="{y}" x2="{frame.px(high)}" y2="{y}" stroke="{_QUIET}"/>'


def _upright(frame: _Frame, x: float) -> str:
    px = frame.px(x)
    return f'<line x1="{px}" y1="{_TOP}" x2="{px}" y2="{frame.height - _BOTTOM}" stroke="{_LINE}"/>'
