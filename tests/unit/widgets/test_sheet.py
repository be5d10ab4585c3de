import re
import zlib

import numpy as np
import pytest

from ecgomics_widgets import ArraySource, Strip, WidgetError, Window


def strip(**params):
    ecg = np.zeros((2, 1000), dtype=np.float32)
    ecg[:, 500] = 1.0
    return Strip(ecg, rate_hz=500, leads=["I", "II"], provenance="synthetic", **params)


def test_svg_is_true_to_the_millimetre_and_says_what_it_is():
    text = strip().to_svg(stop_s=1.5)
    lines = [
        [tuple(map(float, p.split(","))) for p in found.split()] for found in re.findall(r'points="([^"]+)"', text)
    ]
    trace = next(points for points in lines if len(points) > 700)
    assert trace[500][0] - trace[0][0] == pytest.approx(25.0, abs=0.002)
    assert trace[0][1] - min(y for _, y in trace) == pytest.approx(10.0, abs=0.002)
    pulse = next(points for points in lines if len(points) == 6)
    assert pulse[2][0] - pulse[3][0] == pytest.approx(-5.0)
    assert "synthetic" in text
    assert "25 mm/s · 10 mm/mV · true scale" in text
    assert re.search(r'width="([\d.]+)mm".*viewBox="0 0 \1 ', text)


def test_pdf_has_the_same_millimetres():
    data = strip().to_pdf(stop_s=1.5)
    assert data.startswith(b"%PDF-1.4")
    body = zlib.decompress(re.search(rb"stream\n(.*)\nendstream", data, re.DOTALL)[1]).decode("cp1252")
    assert body.startswith(f"{72 / 25.4:.6f} 0 0")
    assert "synthetic" in body
    start = int(re.search(rb"startxref\n(\d+)", data)[1])
    assert data[start : start + 4] == b"xref"


def test_gap_splits_the_trace_and_an_empty_strip_is_refused():
    ecg = np.zeros((1, 1000), dtype=np.float32)
    ecg[0, 400:500] = np.nan
    gapped = Strip(ecg, rate_hz=500, leads=["II"]).to_svg()
    assert gapped.count('stroke="#161a22"') == 2
    with pytest.raises(WidgetError, match="empty strip"):
        Strip().to_svg()


def test_calipers_and_edits_belong_to_their_recording():
    one = strip(calipers=[{"lead": "II", "start_s": 0.1, "stop_s": 0.3}])
    assert len(one.calipers) == 1
    one.edits = [{"beat": 0, "lead": "II", "mark": "p_on", "machine_s": 0.1, "edited_s": 0.12}]
    one.ecg = np.zeros((2, 500), dtype=np.float32)
    assert (one.calipers, one.edits) == ([], [])


TWELVE = ["I", "II", "III", "aVR", "aVL", "aVF", "V1", "V2", "V3", "V4", "V5", "V6"]


def twelve():
    ecg = np.zeros((12, 5000), dtype=np.float32)
    ecg[:, ::500] = 1.0
    return ArraySource(ecg, rate_hz=500, leads=TWELVE)


@pytest.mark.parametrize(
    ("layout", "traces", "names"),
    [("3x4+R", 13, 13), ("6x2", 12, 12), ("1", 1, 1), ("12x1", 12, 12), ([["I", "V1"], ["II", None]], 3, 3)],
)
def test_a_montage_shares_the_stretch_among_its_columns(layout, traces, names):
    text = Strip(twelve()).to_svg(stop_s=10, layout=layout)
    drawn = [
        [tuple(map(float, pair.split(","))) for pair in points.split()]
        for points in re.findall(r'stroke="#161a22"[^>]*points="([^"]+)"', text)
    ]
    assert len(drawn) == traces
    assert len(re.findall(r"<text", text)) == names + 1
    width = max(points[-1][0] for points in drawn) - min(points[0][0] for points in drawn)
    assert width == pytest.approx(250, abs=0.1)  # 10 s at 25 mm/s, whatever the columns
    assert ("columns consecutive" in text) == (layout not in ("1", "12x1"))


def test_a_long_source_is_drawn_from_what_it_answers():
    class Coarse:
        leads, rate_hz, duration_s = ("II",), 500.0, 1e5

        def window(self, t0, t1, width):
            return Window(np.tile(np.array([-1.0, 1.0], np.float32), (1, 100, 1)), t0, (t1 - t0) / 100)

    text = Strip(Coarse()).to_svg(stop_s=4)
    points = re.findall(r'stroke="#161a22"[^>]*points="([^"]+)"', text)[0].split()
    assert len(points) == 200
    assert "envelope" in text
    assert Strip(Coarse()).to_pdf(stop_s=4).startswith(b"%PDF")


EVIDENCE = [
    {"leads": ["II"], "start_s": 0.4, "stop_s": 0.6, "label": "200 ms", "dimension": "Structural"},
    {"leads": [], "start_s": 1.0, "stop_s": 1.1, "label": "QRS <wide>", "dimension": "Intensity"},
    {"leads": ["II"], "start_s": 5.0, "stop_s": 5.1, "label": "elsewhere", "dimension": "Intensity"},
]
CALIPER = {"lead": "II", "label": "PR", "start_s": 0.4, "stop_s": 0.56, "start_mv": 0.0, "stop_mv": 0.25}
NOTE = {"start_s": 0.8, "stop_s": None, "lead": "I", "text": "notch (?)", "who": "ada", "when": ""}


def test_evidence_calipers_and_notes_are_on_the_sheet_true_to_scale():
    text = strip(spans=EVIDENCE, calipers=[CALIPER], notes=[NOTE]).to_svg(stop_s=1.5)
    rects = [tuple(map(float, found)) for found in re.findall(r'x="([\d.]+)" y="([\d.]+)" width="([\d.]+)"', text)]
    # one lead of the first, both of the second, none of what is not in the stretch
    assert len(rects) == 3
    assert rects[0][2] == pytest.approx(0.2 * 25)
    assert rects[1][0] - rects[0][0] == pytest.approx(0.6 * 25)
    assert ">200 ms<" in text
    assert "QRS &lt;wide&gt;" in text
    assert "elsewhere" not in text
    assert "PR 160 ms · 375 /min · 0.25 mV" in text
    assert "(1) notch (?) · 0.80 s · I · ada" in text


def test_what_is_not_shown_is_not_on_the_sheet():
    one = strip(spans=EVIDENCE, notes=[NOTE], shown=[])
    assert "<rect" not in one.to_svg(stop_s=1.5)
    assert "notch" not in one.to_svg(stop_s=1.5)
    hidden = strip(spans=EVIDENCE, machine_marks="hidden")
    assert "200 ms" not in hidden.to_svg(stop_s=1.5)


def test_a_pdf_has_the_evidence_too():
    data = strip(spans=EVIDENCE, calipers=[CALIPER], notes=[NOTE]).to_pdf(stop_s=1.5)
    body = zlib.decompress(re.search(rb"stream\n(.*)\nendstream", data, re.DOTALL)[1]).decode("cp1252")
    assert body.count(" re f") == 3
    assert "(200 ms) Tj" in body
    assert r"notch \(?\)" in body
    assert b"/ExtGState" in data


def test_labels_without_room_are_counted():
    crowd = [
        {"leads": ["II"], "start_s": 0.5 + i / 100, "stop_s": 0.51 + i / 100, "label": "12345 ms", "dimension": ""}
        for i in range(6)
    ]
    text = strip(spans=crowd).to_svg(stop_s=1.5)
    assert "3 more values of evidence without room" in text
