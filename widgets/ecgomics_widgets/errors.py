"""The one error of the widgets: what arrived, what was expected, what to do."""

from __future__ import annotations


class WidgetError(ValueError):
    """A widget was given arrays, tables or choices it cannot show.

    Parameters
    ----------
    arrived
        What was given, in a short clause.
    expected
        What would have been right.
    remedy
        What the person reading it can do.
    """

    def __init__(self, arrived: str, *, expected: str = "", remedy: str = "") -> None:
        parts = [arrived, f"expected {expected}" if expected else "", remedy]
        super().__init__("; ".join(part for part in parts if part))
