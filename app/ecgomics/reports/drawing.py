"""A sheet to draw on, in millimetres, and its two ways out: SVG and PDF. What is 25 mm here is 25 mm on paper."""

from __future__ import annotations

import functools
import importlib.util
import io
from collections.abc import Sequence
from dataclasses import dataclass, field
from html import escape
from pathlib import Path as Place
from typing import Any, Literal

import numpy as np
import numpy.typing as npt

Anchor = Literal["start", "middle", "end"]
Weight = Literal["regular", "bold"]
Point = tuple[float, float]

A4 = (210.0, 297.0)
MM = 72.0 / 25.4
"""Points a millimetre."""
POINT_MM = 25.4 / 72.0
FACES = {"regular": "DejaVuSans", "bold": "DejaVuSans-Bold"}
SCREEN_FACE = "system-ui, -apple-system, 'Segoe UI', Roboto, 'DejaVu Sans', sans-serif"


@dataclass(frozen=True)
class Text:
    """A line of text; `size` in points, `y` of its baseline."""

    x: float
    y: float
    text: str
    size: float
    colour: str
    weight: Weight
    anchor: Anchor


@dataclass(frozen=True, eq=False)
class Path:
    """Polylines, each an array of (x, y)."""

    lines: tuple[npt.NDArray[np.float64], ...]
    colour: str
    width: float
    dash: tuple[float, float] | None = None


@dataclass(frozen=True)
class Box:
    """A rectangle; `fill` and `stroke` may be empty."""

    x: float
    y: float
    width: float
    height: float
    fill: str
    stroke: str = ""
    radius: float = 0.0
    opacity: float = 1.0


@dataclass(frozen=True)
class Dot:
    """A disc, or a ring when `fill` is empty."""

    x: float
    y: float
    radius: float
    fill: str
    stroke: str = ""


@dataclass
class Sheet:
    """A page of drawn things, in the order they were drawn.

    Attributes
    ----------
    width, height
        Millimetres; the origin is the upper left corner.
    """

    width: float = A4[0]
    height: float = A4[1]
    marks: list[Text | Path | Box | Dot] = field(default_factory=list)

    def text(
        self,
        at: Point,
        text: str,
        *,
        size: float = 8.0,
        colour: str = "#161a22",
        weight: Weight = "regular",
        anchor: Anchor = "start",
    ) -> float:
        """Write a line with its baseline at a point; where it ends, mm."""
        self.marks.append(Text(*at, text, size, colour, weight, anchor))
        return at[0] + width_of(text, size=size, weight=weight)

    def paragraph(
        self, at: Point, text: str, *, width: float, size: float = 8.0, colour: str = "#161a22", leading: float = 1.35
    ) -> float:
        """Write text in lines no wider than `width`; the baseline after the last."""
        x, y = at
        for line in wrapped(text, width=width, size=size):
            self.text((x, y), line, size=size, colour=colour)
            y += size * POINT_MM * leading
        return y

    def path(
        self, lines: Sequence[npt.ArrayLike], *, colour: str, width: float, dash: tuple[float, float] | None = None
    ) -> None:
        """Draw polylines."""
        arrays = tuple(np.asarray(line, dtype=np.float64).reshape(-1, 2) for line in lines)
        self.marks.append(Path(tuple(line for line in arrays if len(line) > 1), colour, width, dash))

    def line(self, start: Point, stop: Point, *, colour: str = "#e3e6eb", width: float = 0.2) -> None:
        """Draw a straight line."""
        self.path([[start, stop]], colour=colour, width=width)

    def box(
        self,
        at: Point,
        size: tuple[float, float],
        *,
        fill: str = "",
        stroke: str = "",
        radius: float = 0.0,
        opacity: float = 1.0,
    ) -> None:
        """Draw a rectangle from its upper left corner."""
        self.marks.append(Box(*at, *size, fill, stroke, radius, opacity))

    def dot(self, at: Point, radius: float, *, fill: str = "", stroke: str = "") -> None:
        """Draw a disc, or a ring."""
        self.marks.append(Dot(*at, radius, fill, stroke))


def width_of(text: str, *, size: float, weight: Weight = "regular") -> float:
    """Width of a line of text, mm."""
    from reportlab.pdfbase.pdfmetrics import stringWidth

    return float(stringWidth(text, _registered(weight), size)) * POINT_MM


def wrapped(text: str, *, width: float, size: float, weight: Weight = "regular") -> list[str]:
    """Text broken at spaces into lines no wider than `width` mm; a longer word stands alone."""
    lines: list[str] = []
    line = ""
    for word in text.split():
        longer = f"{line} {word}".strip()
        if line and width_of(longer, size=size, weight=weight) > width:
            lines.append(line)
            line = word
        else:
            line = longer
    return [*lines, line] if line else lines


def fitted(text: str, *, width: float, size: float, weight: Weight = "regular") -> str:
    """Text cut with an ellipsis to fit into `width` mm."""
    if width_of(text, size=size, weight=weight) <= width:
        return text
    while text and width_of(f"{text}…", size=size, weight=weight) > width:
        text = text[:-1]
    return f"{text.rstrip()}…"


# SVG


def as_svg(sheet: Sheet, *, title: str) -> str:
    """The sheet as one self-contained SVG whose millimetres are the page's."""
    parts = [
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {sheet.width:g} {sheet.height:g}" '
        f'width="{sheet.width:g}mm" height="{sheet.height:g}mm" role="img" aria-label="{escape(title, quote=True)}" '
        f'font-family="{SCREEN_FACE}">'
    ]
    parts += [_SVG[type(mark)](mark) for mark in sheet.marks]
    return "".join([*parts, "</svg>"])


def _svg_text(mark: Text) -> str:
    weight = ' font-weight="600"' if mark.weight == "bold" else ""
    anchor = f' text-anchor="{mark.anchor}"' if mark.anchor != "start" else ""
    return (
        f'<text x="{mark.x:.2f}" y="{mark.y:.2f}" font-size="{mark.size * POINT_MM:.3f}" fill="{mark.colour}"'
        f"{weight}{anchor}>{escape(mark.text)}</text>"
    )


def _svg_path(mark: Path) -> str:
    words = "".join(
        f"M{line[0, 0]:.2f} {line[0, 1]:.2f}L{' '.join(f'{x:.2f} {y:.2f}' for x, y in line[1:])}" for line in mark.lines
    )
    dash = f' stroke-dasharray="{mark.dash[0]:g} {mark.dash[1]:g}"' if mark.dash else ""
    return (
        f'<path d="{words}" fill="none" stroke="{mark.colour}" stroke-width="{mark.width:g}" '
        f'stroke-linejoin="round"{dash}/>'
    )


def _svg_box(mark: Box) -> str:
    stroke = f' stroke="{mark.stroke}" stroke-width="0.2"' if mark.stroke else ""
    radius = f' rx="{mark.radius:g}"' if mark.radius else ""
    opacity = f' fill-opacity="{mark.opacity:g}"' if mark.opacity < 1 else ""
    return (
        f'<rect x="{mark.x:.2f}" y="{mark.y:.2f}" width="{mark.width:.2f}" height="{mark.height:.2f}" '
        f'fill="{mark.fill or "none"}"{stroke}{radius}{opacity}/>'
    )


def _svg_dot(mark: Dot) -> str:
    stroke = f' stroke="{mark.stroke}" stroke-width="0.3"' if mark.stroke else ""
    return f'<circle cx="{mark.x:.2f}" cy="{mark.y:.2f}" r="{mark.radius:g}" fill="{mark.fill or "none"}"{stroke}/>'


_SVG: dict[type, Any] = {Text: _svg_text, Path: _svg_path, Box: _svg_box, Dot: _svg_dot}


# PDF


def as_pdf(sheets: Sequence[Sheet], *, title: str) -> bytes:
    """The sheets as pages of a PDF; the same input makes the same bytes."""
    from reportlab.pdfgen.canvas import Canvas

    out = io.BytesIO()
    canvas = Canvas(out, pagesize=(A4[0] * MM, A4[1] * MM), invariant=1, pageCompression=1)
    canvas.setTitle(title)
    canvas.setCreator("ECGomics")
    canvas.setSubject("For research and teaching, not for diagnosis")
    for sheet in sheets:
        canvas.setPageSize((sheet.width * MM, sheet.height * MM))
        for mark in sheet.marks:
            _PDF[type(mark)](canvas, mark, sheet.height)
        canvas.showPage()
    canvas.save()
    return out.getvalue()


def _pdf_text(canvas: Any, mark: Text, height: float) -> None:
    canvas.setFillColor(mark.colour)
    canvas.setFont(_registered(mark.weight), mark.size)
    write = {"start": canvas.drawString, "middle": canvas.drawCentredString, "end": canvas.drawRightString}[mark.anchor]
    write(mark.x * MM, (height - mark.y) * MM, mark.text)


def _pdf_path(canvas: Any, mark: Path, height: float) -> None:
    canvas.setStrokeColor(mark.colour)
    canvas.setLineWidth(mark.width * MM)
    canvas.setLineJoin(1)
    canvas.setDash(*([[part * MM for part in mark.dash]] if mark.dash else [[]]))
    drawn = canvas.beginPath()
    for line in mark.lines:
        points = np.column_stack([line[:, 0], height - line[:, 1]]) * MM
        drawn.moveTo(*points[0])
        for x, y in points[1:]:
            drawn.lineTo(x, y)
    canvas.drawPath(drawn, stroke=1, fill=0)
    canvas.setDash([])


def _pdf_box(canvas: Any, mark: Box, height: float) -> None:
    _pdf_pens(canvas, mark.fill, mark.stroke, opacity=mark.opacity)
    place = (mark.x * MM, (height - mark.y - mark.height) * MM, mark.width * MM, mark.height * MM)
    if mark.radius:
        canvas.roundRect(*place, mark.radius * MM, stroke=int(bool(mark.stroke)), fill=int(bool(mark.fill)))
    else:
        canvas.rect(*place, stroke=int(bool(mark.stroke)), fill=int(bool(mark.fill)))
    canvas.setFillAlpha(1)


def _pdf_dot(canvas: Any, mark: Dot, height: float) -> None:
    _pdf_pens(canvas, mark.fill, mark.stroke)
    canvas.circle(
        mark.x * MM,
        (height - mark.y) * MM,
        mark.radius * MM,
        stroke=int(bool(mark.stroke)),
        fill=int(bool(mark.fill)),
    )


def _pdf_pens(canvas: Any, fill: str, stroke: str, *, opacity: float = 1.0) -> None:
    if fill:
        canvas.setFillColor(fill)
        canvas.setFillAlpha(opacity)
    if stroke:
        canvas.setStrokeColor(stroke)
        canvas.setLineWidth(0.2 * MM)


_PDF: dict[type, Any] = {Text: _pdf_text, Path: _pdf_path, Box: _pdf_box, Dot: _pdf_dot}


@functools.cache
def _registered(weight: Weight) -> str:
    """The face's name once its file is known to the PDF library: it has − ≥ ° ± and most of the world's letters."""
    from reportlab.pdfbase import pdfmetrics
    from reportlab.pdfbase.ttfonts import TTFont

    pdfmetrics.registerFont(TTFont(FACES[weight], str(_font_folder() / f"{FACES[weight]}.ttf")))
    return FACES[weight]


def _font_folder() -> Place:
    # DejaVu comes with matplotlib, which neurokit2 brings; finding it does not import it
    found = importlib.util.find_spec("matplotlib")
    if found is None or found.origin is None:
        raise ModuleNotFoundError("matplotlib, whose DejaVu faces the report is set in")
    return Place(found.origin).parent / "mpl-data" / "fonts" / "ttf"
