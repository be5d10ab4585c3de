"""axe-core on every widget here, where it is at hand: `ECGOMICS_AXE` names its `axe.min.js` (``npm pack axe-core``).

axe-core is MPL-2.0: it is a tool of the tests and no part of the package.
"""

from __future__ import annotations

import os
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from ecgomics_widgets import LeadVectors, LiveStrip, Poincare, Strip, Tachogram, TrendPlot, Volcano

pytestmark = pytest.mark.ui

WHOLE_PAGE = {"region", "page-has-heading-one", "landmark-one-main"}
"""Rules about a page around the widget, which this bare one has not."""


def live() -> LiveStrip:
    strip = LiveStrip(leads=["I", "II"], rate_hz=250)
    strip.append(np.zeros((2, 1000)))
    return strip


def vectors() -> LeadVectors:
    loop = np.ones((3, 20))
    return LeadVectors.of({"p": loop, "qrs": loop}, np.linspace(0, 0.1, 20), axes={"p": 50.0, "qrs": -40.0})


def volcano() -> Volcano:
    table = {"biomarker": ["a"], "auc": [0.9], "q": [0.01], "dimension": ["Comparative"], "badge": ["validated"]}
    return Volcano.of(pd.DataFrame(table))


def strip() -> Strip:
    return Strip(np.zeros((1, 5000)), rate_hz=500, leads=["II"], title="15", compare=2.0)


WIDGETS = {
    "volcano": volcano,
    "vectors": vectors,
    "tachogram": lambda: Tachogram.of({"time_s": np.arange(0, 4000, 0.8)}),
    "poincare": lambda: Poincare.of({"time_s": np.arange(0, 100, 0.8)}),
    "trend": lambda: TrendPlot.of({"Rate": {"time_s": [0, 3600], "value": [60, 70]}}),
    "strip": strip,
    "empty strip": Strip,
    "live": live,
}


@pytest.mark.parametrize("theme", ["light", "dark"])
@pytest.mark.parametrize("name", WIDGETS)
def test_axe_finds_nothing_serious(stage, name, theme):
    script = os.environ.get("ECGOMICS_AXE", "")
    if not script:
        pytest.skip("ECGOMICS_AXE names no axe.min.js")
    page = stage(WIDGETS[name](), width=1000, height=560, theme=theme)
    page.evaluate(Path(script).read_text(encoding="utf-8"))
    found = page.evaluate("axe.run().then((r) => r.violations.map((v) => [v.id, v.impact, v.nodes[0].html]))")
    serious = [violation for violation in found if violation[0] not in WHOLE_PAGE]
    assert not [violation for violation in serious if violation[1] in ("serious", "critical")], serious
