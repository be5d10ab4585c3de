"""The event list and the verdict bar alone, from tables."""

from __future__ import annotations

import pandas as pd
import pytest

from ecgomics_widgets import EventList, VerdictBar, WidgetError


def test_a_table_of_kinds_is_grouped_and_summed():
    table = pd.DataFrame(
        {
            "group": ["Ventricular", "Ventricular", "Pauses"],
            "title": ["single", "couplet", "over 2 s"],
            "id": ["v1", "v2", "p"],
            "count": [1200, 5, 2],
            "left": [6, 5, 2],
        }
    )
    groups = EventList.of(table, done=1, total=13).groups
    assert [group["title"] for group in groups] == ["Ventricular", "Pauses"]
    assert groups[0]["count"] == "1\u202f205"
    assert groups[0]["left"] == 11
    assert [row["id"] for row in groups[0]["rows"]] == ["v1", "v2"]


def test_a_missing_column_is_named():
    with pytest.raises(WidgetError, match="count"):
        EventList.of(pd.DataFrame({"group": [], "title": [], "id": []}))


@pytest.mark.parametrize("widget", [EventList(), VerdictBar()])
def test_both_show_in_both_hosts(widget):
    assert widget.widget().event == {}
    assert widget.panel().event == {}
