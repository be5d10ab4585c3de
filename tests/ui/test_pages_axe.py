"""axe-core on whole pages, in both themes, where it is at hand: `ECGOMICS_AXE` names its `axe.min.js`."""

from __future__ import annotations

import os
import socket
import time
import urllib.error
import urllib.request
from dataclasses import replace
from datetime import datetime
from pathlib import Path

import numpy as np
import pytest

pytestmark = pytest.mark.ui

AXE = "axe.run().then((r) => r.violations.map((v) => [v.id, v.impact, v.nodes.map((n) => n.html).slice(0, 4)]))"
PAGES = {
    "": ".ecg-strip canvas",
    "holter": ".eg-events .row",
    "patient?patient=anna": ".eg-patient figure",
    "discover": ".frame main",
    "learn": ".frame main",
    "monitor": ".frame main",
}


@pytest.fixture(scope="module")
def served(tmp_path_factory):
    """A cohort with everything a page shows, and a recording of five minutes, served in this process."""
    from ecgomics import pipeline
    from ecgomics.dashboards import serve
    from ecgomics.records import Record
    from ecgomics.simulate import VirtualPatient, demo_patients, simulate

    ecg = simulate(VirtualPatient(pvc_per_min=4), duration_s=300, rate_hz=250, seed=4).ecg.sel(lead=["II", "V1"])
    long = Record(ecg=ecg.astype(np.float32), native_hz=250.0, source="long", start=datetime(2026, 3, 4, 8))
    folder = tmp_path_factory.mktemp("axe")
    records = [*demo_patients(16, seed=5), long]
    records[:2] = [replace(record, patient="anna") for record in records[:2]]
    cohort = pipeline.ingest(records, folder / "axe.zarr", workers=0, progress=False)
    pipeline.analyse(cohort, workers=0, progress=False)
    pipeline.embed(cohort, encoder="handmade", progress=False)
    pipeline.project(cohort)
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = int(probe.getsockname()[1])
    server = serve(cohort.path, port=port, wait="no")
    address = f"http://127.0.0.1:{port}"
    end = time.monotonic() + 60
    while True:
        try:
            urllib.request.urlopen(address, timeout=10).close()
            break
        except (urllib.error.URLError, ConnectionError, TimeoutError):
            assert time.monotonic() < end
            time.sleep(0.1)
    yield address
    server.stop()


@pytest.mark.parametrize("path", PAGES)
def test_axe_finds_nothing_serious_on_a_page(served, open_page, path):
    script = os.environ.get("ECGOMICS_AXE", "")
    if not script:
        pytest.skip("ECGOMICS_AXE names no axe.min.js")
    page = open_page(f"{served}/{path}")
    page.wait_for_selector(PAGES[path], timeout=30_000)
    page.wait_for_timeout(800)
    page.evaluate(Path(script).read_text(encoding="utf-8"))
    for theme in ("light", "dark"):
        page.wait_for_selector(f".frame[data-theme='{theme}']")
        # colours fade in a tenth of a second
        page.wait_for_timeout(400)
        found = page.evaluate(AXE)
        assert not [violation for violation in found if violation[1] in ("serious", "critical")], (theme, found)
        page.locator("[aria-label='light or dark']").click()
    page.watch.assert_clean()
