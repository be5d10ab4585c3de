"""`figure`: a small drawing of where a biomarker is measured, as SVG, made from the entry of ``data/figures.yaml``."""

from __future__ import annotations

import functools
import itertools
import math
from collections.abc import Callable, Sequence
from html import escape
from typing import Any

from ecgomics.biomarkers.families import Biomarker, load_mapping

WIDTH, HEIGHT = 220, 112
LEFT, ZERO = 14.0, 72.0
PX_PER_S, PX_PER_MV = 265.0, 46.0
FROM_S = -0.26

MARKS_S = {
    "p_on": -0.20,
    "p_peak": -0.15,
    "p_off": -0.10,
    "qrs_on": -0.042,
    "q_peak": -0.027,
    "q_end": -0.017,
    "r_peak": 0.0,
    "r_end": 0.018,
    "s_peak": 0.030,
    "qrs_off": 0.048,
    "t_on": 0.15,
    "t_peak": 0.25,
    "t_off": 0.36,
}
"""Marks of the schematic beat, s from the R peak."""

LEVELS_MV = {"p_peak": 0.16, "q_peak": -0.14, "r_peak": 1.25, "s_peak": -0.34, "t_peak": 0.36, "qrs_off": 0.05}


def _raised(start: float, stop: float, *, top: float, level: float = 0.0) -> list[tuple[float, float]]:
    """A raised cosine in twelve steps, (s, mV)."""
    steps = [k / 12.0 for k in range(13)]
    return [
        (start + (stop - start) * k, level * (1 - k) + top * (0.5 - 0.5 * math.cos(2 * math.pi * k))) for k in steps
    ]


KNOTS = (
    (-0.26, 0.0),
    *_raised(-0.20, -0.10, top=0.16),
    *((-0.042, 0.0), (-0.027, -0.14), (-0.017, 0.0), (0.0, 1.25), (0.018, 0.0), (0.030, -0.34), (0.048, 0.05)),
    *_raised(0.15, 0.36, top=0.34, level=0.05),
    (0.50, 0.0),
)
"""The schematic beat, (s, mV)."""

Draw = Callable[[Any, dict[str, Any]], str]


def figure(entry: Biomarker) -> str:
    """A drawing of where a biomarker is measured.

    Parameters
    ----------
    entry
        An entry of the catalogue.

    Returns
    -------
    str
        An inline ``<svg>`` of 220 × 112 px with a title for readers who hear it; empty for entries that are not
        computed. Schematic: a calibrated voltage or time cannot be read from it. Colours come from the classes
        ``trace``, ``zero``, ``hit`` and ``tint`` of the page it stands in.
    """
    drawn = _figures().get(entry.name)
    if drawn is None or not entry.computed:
        return ""
    kind = next(iter(drawn))
    body = _DRAW[kind](drawn[kind], drawn)
    title = escape(f"Where {entry.title} is measured (schematic)")
    return (
        f'<svg viewBox="0 0 {WIDTH} {HEIGHT}" width="{WIDTH}" height="{HEIGHT}" role="img" aria-label="{title}">'
        f"<title>{title}</title>{body}</svg>"
    )


@functools.cache
def _figures() -> dict[str, dict[str, Any]]:
    return load_mapping("figures.yaml")


def _x(seconds: float) -> float:
    return LEFT + (seconds - FROM_S) * PX_PER_S


def _y(mv: float) -> float:
    return ZERO - mv * PX_PER_MV


def _line(points: Sequence[tuple[float, float]], style: str) -> str:
    return f'<polyline class="{style}" points="{" ".join(f"{x:.1f},{y:.1f}" for x, y in points)}"/>'


def _text(x: float, y: float, words: str, *, anchor: str = "middle") -> str:
    return f'<text x="{x:.1f}" y="{y:.1f}" text-anchor="{anchor}">{escape(words)}</text>'


def _beat(level: float = 0.0) -> str:
    zero = _line([(LEFT, _y(level)), (WIDTH - 6, _y(level))], "zero")
    return zero + _line([(_x(t), _y(v)) for t, v in KNOTS], "trace")


def _between(start: float, stop: float) -> list[tuple[float, float]]:
    """The schematic beat between two times, (s, mV)."""
    inside = [(t, v) for t, v in KNOTS if start < t < stop]
    return [(start, _at(start)), *inside, (stop, _at(stop))]


def _at(seconds: float) -> float:
    for (t0, v0), (t1, v1) in itertools.pairwise(KNOTS):
        if t0 <= seconds <= t1:
            return v0 + (v1 - v0) * (seconds - t0) / (t1 - t0)
    return 0.0


_PLACES = {"on": "onset", "off": "end"}


def _named(mark: str) -> str:
    """A mark in words: ``QRS onset``, ``J``, ``T end``."""
    if mark == "qrs_off":
        return "J"
    wave, _, place = mark.rpartition("_")
    return f"{wave.upper()} {_PLACES.get(place, place)}".strip()


def _span(marks: list[str], _: dict[str, Any]) -> str:
    start, stop = (MARKS_S[mark] for mark in marks)
    low = 98.0
    edges = "".join(_line([(_x(t), 8), (_x(t), low + 4)], "edge") for t in (start, stop))
    tint = f'<rect class="tint" x="{_x(start):.1f}" y="8" width="{(stop - start) * PX_PER_S:.1f}" height="{low - 8}"/>'
    arrow = _line([(_x(start), low), (_x(stop), low)], "hit")
    names = f"{_named(marks[0])} – {_named(marks[1])}"
    return f"{tint}{_beat()}{edges}{arrow}{_text((_x(start) + _x(stop)) / 2, HEIGHT - 2, names)}"


def _level(mark: str, whole: dict[str, Any]) -> str:
    at = MARKS_S[mark] + float(whole.get("plus", 0)) / 1000.0
    value = _at(at) if whole.get("plus") else LEVELS_MV[mark]
    seen = value if abs(value) > 0.1 else 0.12
    arrow = _line([(_x(at) + 5, _y(0)), (_x(at) + 5, _y(value))], "hit")
    dot = f'<circle class="dot" cx="{_x(at):.1f}" cy="{_y(value):.1f}" r="3"/>'
    name = _named(mark) + (f" + {whole['plus']} ms" if whole.get("plus") else "")
    return f"{_beat()}{arrow}{dot}{_text(_x(at) + 12, _y(seen) + 3, name, anchor='start')}"


def _area(marks: list[str], _: dict[str, Any]) -> str:
    start, stop = (MARKS_S[mark] for mark in marks)
    points = [(start, 0.0), *_between(start, stop), (stop, 0.0)]
    shape = " ".join(f"{_x(t):.1f},{_y(v):.1f}" for t, v in points)
    names = f"area {_named(marks[0])} – {_named(marks[1])}"
    return f'<polygon class="fill" points="{shape}"/>{_beat()}{_text(WIDTH / 2, HEIGHT - 2, names)}'


def _shape(marks: list[str], _: dict[str, Any]) -> str:
    start, stop = (MARKS_S[mark] for mark in marks)
    wave = _line([(_x(t), _y(v)) for t, v in _between(start, stop)], "strong")
    names = f"{_named(marks[0])} – {_named(marks[1])}"
    return f"{_beat()}{wave}{_text(WIDTH / 2, HEIGHT - 2, names)}"


def _slope(given: list[Any], _: dict[str, Any]) -> str:
    start = MARKS_S[given[0]]
    stop = start + float(given[1]) / 1000.0
    line = _line([(_x(start), _y(_at(start))), (_x(stop), _y(_at(stop)))], "strong")
    return f"{_beat()}{line}{_text(_x(stop), _y(0) + 16, f'J … J + {given[1]} ms', anchor='start')}"


def _ratio(marks: list[str], _: dict[str, Any]) -> str:
    arrows = ""
    for place, mark in enumerate(marks):
        x = _x(MARKS_S[mark]) + (7 if place else -7)
        arrows += _line([(x, _y(0)), (x, _y(LEVELS_MV[mark]))], "hit")
    names = " and ".join(_named(mark) for mark in marks)
    return f"{_beat()}{arrows}{_text(WIDTH / 2, HEIGHT - 2, names)}"


def _spike(_mark: str, _: dict[str, Any]) -> str:
    x = _x(-0.06)
    return f"{_beat()}{_line([(x, _y(-0.3)), (x, _y(1.2))], 'hit')}{_text(x - 4, 14, 'spike', anchor='end')}"


def _small_beat(x: float, *, wide: bool = False, tall: float = 1.0) -> list[tuple[float, float]]:
    if wide:
        return [(x - 10, 66), (x - 4, 84), (x + 4, 26), (x + 10, 66), (x + 17, 76), (x + 24, 66)]
    top = 66 - 40 * tall
    p = [(x - 16, 66), (x - 13, 61), (x - 10, 66)]
    return [*p, (x - 3, 66), (x - 2, 69), (x, top), (x + 2, 73), (x + 3, 66), (x + 10, 66), (x + 15, 58), (x + 20, 66)]


def _strip(beats: Sequence[tuple[float, bool]]) -> str:
    points: list[tuple[float, float]] = [(4, 66)]
    for x, wide in beats:
        points += _small_beat(x, wide=wide)
    return _line([*points, (WIDTH - 4, 66)], "trace")


def _rr(which: str, _: dict[str, Any]) -> str:
    at = (28.0, 82.0, 128.0, 190.0)
    pairs = list(itertools.pairwise(at))
    chosen = {"longest": pairs[2:], "shortest": pairs[1:2], "successive": pairs[:2]}.get(which, pairs)
    arrows = "".join(_line([(a + 1, 88), (b - 1, 88)], "hit") for a, b in chosen)
    edges = "".join(_line([(x, 20), (x, 92)], "edge") for x in sorted({x for pair in chosen for x in pair}))
    names = {"successive": "RR and the next RR", "longest": "longest RR", "shortest": "shortest RR"}.get(which, "RR")
    return f"{edges}{_strip([(x, False) for x in at])}{arrows}{_text(WIDTH / 2, HEIGHT - 4, names)}"


def _pp(which: str, _: dict[str, Any]) -> str:
    if which == "blocked":
        return _blocked()
    at = (40.0, 106.0, 172.0)
    dots = "".join(f'<circle class="dot" cx="{x - 13:.0f}" cy="56" r="3"/>' for x in at)
    arrow = _line([(at[0] - 13, 88), (at[1] - 13, 88)], "hit")
    return f"{_strip([(x, False) for x in at])}{dots}{arrow}{_text(WIDTH / 2, HEIGHT - 4, 'P waves and PP')}"


def _blocked() -> str:
    """P waves as regular as before, of which one has no QRS: PR grows, and is short again after it."""
    every = (18.0, 66.0, 114.0, 162.0)
    beats = (34.0, 84.0, None, 178.0)
    points: list[tuple[float, float]] = [(4, 66)]
    for p, qrs in zip(every, beats, strict=True):
        points += [(p - 3, 66), (p, 61), (p + 3, 66)]
        # the P of a small beat stands 13 before its R: here it has a place of its own
        points += [] if qrs is None else _small_beat(qrs, wide=False)[3:]
    dots = "".join(f'<circle class="dot" cx="{x:.0f}" cy="56" r="3"/>' for x in every)
    tint = f'<rect class="tint" x="{every[2] - 8:.0f}" y="12" width="16" height="80"/>'
    arrows = "".join(_line([(p, 88), (qrs, 88)], "hit") for p, qrs in zip(every, beats, strict=True) if qrs)
    words = _text(WIDTH / 2, HEIGHT - 4, "PR, and a blocked P")
    return f"{tint}{_line([*points, (WIDTH - 4, 66)], 'trace')}{dots}{arrows}{words}"


def _class(kind: str, _: dict[str, Any]) -> str:
    at = [(32.0, False), (82.0, False), (118.0, kind == "wide"), (186.0, False)]
    tint = '<rect class="tint" x="98" y="12" width="46" height="80"/>'
    words = "early, wide, of another shape" if kind == "wide" else "early, of the usual shape"
    return f"{tint}{_strip(at)}{_text(WIDTH / 2, HEIGHT - 4, words)}"


def _axis(wave: str, _: dict[str, Any]) -> str:
    cx, cy, r = 78.0, 54.0, 42.0
    dial = f'<circle class="ring" cx="{cx}" cy="{cy}" r="{r}"/>'
    dial += _line([(cx - r, cy), (cx + r, cy)], "zero") + _line([(cx, cy - r), (cx, cy + r)], "zero")
    dial += _text(cx + r + 4, cy + 4, "0° (I)", anchor="start") + _text(cx, cy + r + 12, "90° (aVF)")

    def ray(degrees: float) -> str:
        angle = math.radians(degrees)
        return _line([(cx, cy), (cx + r * math.cos(angle), cy + r * math.sin(angle))], "strong")

    second = ray(5) + _text(cx + 26, cy + 24, "angle", anchor="start") if wave == "QRS-T" else ""
    return f"{dial}{ray(52)}{second}{_text(WIDTH - 8, 16, wave, anchor='end')}"


def _loop(what: str, _: dict[str, Any]) -> str:
    cx, cy = 90.0, 40.0
    axes = _line([(cx, cy), (cx + 74, cy)], "zero") + _line([(cx, cy), (cx, cy + 60)], "zero")
    axes += _line([(cx, cy), (cx - 40, cy + 26)], "zero")
    axes += _text(cx + 82, cy + 4, "X") + _text(cx + 8, cy + 62, "Y") + _text(cx - 46, cy + 34, "Z")
    loops = f'<path class="trace" d="M{cx},{cy} C{cx + 20},{cy - 20} {cx + 80},{cy + 10} {cx + 52},{cy + 50} Z"/>'
    loops += f'<path class="ring" d="M{cx},{cy} C{cx + 30},{cy - 4} {cx + 46},{cy + 8} {cx + 34},{cy + 26} Z"/>'
    vector = _line([(cx, cy), (cx + 54, cy + 40)], "strong")
    return f"{axes}{loops}{vector}{_text(8, 16, what, anchor='start')}"


def _spectrum(band: list[float], _: dict[str, Any]) -> str:
    heights = [18, 30, 58, 70, 62, 50, 40, 34, 27, 22, 18, 14, 11, 9, 7, 6]
    bars = "".join(
        f'<rect class="{"fill" if 4 <= k <= 9 else "bar"}" x="{18 + 12 * k}" y="{88 - h}" width="9" height="{h}"/>'
        for k, h in enumerate(heights)
    )
    return f"{bars}{_line([(14, 88), (212, 88)], 'zero')}{_text(WIDTH / 2, 104, f'{band[0]:g} – {band[1]:g} Hz')}"


def _sums(leads: list[str], _: dict[str, Any]) -> str:
    shown = leads[:6]
    width = (WIDTH - 16) / max(len(shown), 3)
    parts = ""
    for place, lead in enumerate(shown):
        x = 8 + width * (place + 0.5)
        parts += _line([(x - 10, 60), (x - 2, 60), (x, 26), (x + 3, 84), (x + 5, 60), (x + 12, 60)], "trace")
        parts += _line([(x - 6, 26), (x - 6, 84)], "hit") + _text(x, 102, "all leads" if lead == "all" else lead)
    return parts


def _whole(_what: str, _: dict[str, Any]) -> str:
    strip = _strip([(34.0, False), (90.0, False), (146.0, False), (196.0, False)])
    return f'<rect class="tint" x="4" y="14" width="{WIDTH - 8}" height="78"/>{strip}'


def _compared(against: str, _: dict[str, Any]) -> str:
    points = [(14 + k * 2, 88 - 64 * math.exp(-(((k - 48) / 20) ** 2))) for k in range(97)]
    value = _line([(158, 20), (158, 92)], "strong")
    return f"{_line(points, 'trace')}{_line([(14, 88), (208, 88)], 'zero')}{value}{_text(WIDTH / 2, 104, against)}"


_DRAW: dict[str, Draw] = {
    "span": _span,
    "level": _level,
    "area": _area,
    "shape": _shape,
    "slope": _slope,
    "ratio": _ratio,
    "spike": _spike,
    "rr": _rr,
    "pp": _pp,
    "class": _class,
    "axis": _axis,
    "loop": _loop,
    "spectrum": _spectrum,
    "sums": _sums,
    "strip": _whole,
    "compared": _compared,
}
