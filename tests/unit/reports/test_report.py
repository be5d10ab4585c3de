"""A report is true to scale, says what was found and how sure it is, and reads back in the formats of others."""

from __future__ import annotations

import csv
import io
import json
import math
import re
import sys
from datetime import UTC, datetime
from pathlib import Path

import numpy as np
import pypdfium2
import pytest
from fhir.resources.R4B.bundle import Bundle

from ecgomics.cli import main
from ecgomics.errors import CohortError, FormatError
from ecgomics.records import Record, read
from ecgomics.records.record import Label
from ecgomics.reports import (
    Examination,
    Imprint,
    examine,
    examined,
    report_csv,
    report_data,
    report_dicom,
    report_fhir,
    report_html,
    report_json,
    report_pdf,
    write_report,
)
from ecgomics.reports.batch import record_id, report_all, report_one
from ecgomics.reports.drawing import as_pdf, fitted, width_of, wrapped
from ecgomics.reports.measurements import rows
from ecgomics.reports.page import pages
from ecgomics.reports.paper import layout
from ecgomics.reports.summary import changes, criteria, headline, nearest
from ecgomics.reports.timeline import timeline, timeline_html
from ecgomics.reports.uncertainty import detectable_change, uncertainty
from ecgomics.simulate import VirtualPatient, demo_patients, simulate

IMPRINT = Imprint("0.2", "abc123", datetime(2026, 11, 24, 14, 0, tzinfo=UTC))


def record_of(seed: int = 3, **patient: object):
    made = simulate(VirtualPatient(**patient), seed=seed)
    label = Label("synthetic", "normal")
    return Record(made.ecg, native_hz=500.0, source="virtual", age=52.0, sex="F", labels=(label,))


@pytest.fixture(scope="module")
def block() -> Examination:
    """A first-degree block with a left axis."""
    return examine(record_of(pr_ms=236.0))


@pytest.fixture(scope="module")
def normal() -> Examination:
    return examine(record_of(pr_ms=160.0))


@pytest.fixture(scope="module")
def cohort(tmp_path_factory):
    from ecgomics.pipeline import ingest

    path = tmp_path_factory.mktemp("reports") / "c.zarr"
    made = ingest(demo_patients(14, seed=5), path, workers=0, progress=False)
    return made.analyse(workers=0, progress=False)


def test_the_way_in_memory_and_the_stages_say_the_same(cohort, tmp_path):
    identity = str(cohort.ids[0])
    stored = examined(cohort, identity)
    line = cohort.records.loc[identity]
    assert (stored.subject.age, stored.subject.sex) == (line["age"], line["sex"])
    assert stored.subject.synthetic
    found = cohort.findings.sel(record=identity)
    words, names = found.attrs["states"], found["rule"].values.astype(str)
    held = {name: words[int(code)] for name, code in zip(names, found["state"].values, strict=True)}
    assert stored.states == held


def test_the_sentence_names_rhythm_rate_and_what_is_met(block, normal):
    assert re.match(r"Sinus rhythm \d+/min\. First-degree AV block", headline(block))
    assert "AV block" not in headline(normal)
    for examination in (block, normal):
        assert "diagnos" not in headline(examination).lower()


def test_a_criterion_met_by_less_than_its_uncertainty_is_borderline():
    seen = set()
    for pr_ms in (180.0, 200.0, 203.0, 206.0, 209.0, 250.0):
        examined = examine(record_of(pr_ms=pr_ms))
        apart = examined.value("PR_Int_Global") - 200
        found = [one for one in criteria(examined) if one.finding.rule.id == "first_degree_block"]
        assert bool(found) == (apart > 0)
        for one in found:
            assert one.borderline == (apart < uncertainty(examined.table, "PR_Int_Global"))
            seen.add(one.borderline)
    assert seen == {True, False}


def test_nearest_not_met_are_near_and_not_met(block):
    for line in nearest(block, most=50):
        name = line.split(" (")[0]
        states = [finding.state for finding in block.findings if name.startswith(finding.rule.name)]
        assert "not_met" in states


def test_uncertainty_has_the_marks_and_the_beats(block):
    table = block.table
    own = uncertainty(table, "PR_Int_Global")
    spread, count = float(table.loc["PR_Int_Global", "iqr"]), int(table.loc["PR_Int_Global", "count"])
    assert own == pytest.approx(math.sqrt(6.6**2 + 3.4**2 + (1.2533 * spread / 1.349) ** 2 / count))
    assert math.isnan(uncertainty(table, "No_Such_Global"))
    assert detectable_change((3.0, 4.0)) == pytest.approx(1.959964 * 5)


def test_a_change_is_marked_only_beyond_chance(normal):
    later = examine(record_of(pr_ms=200.0))
    table = {row.biomarker: row for row in rows(later, before=normal)}
    assert table["PR_Int_Global"].changed
    assert table["PR_Int_Global"].change == pytest.approx(later.value("PR_Int_Global") - normal.value("PR_Int_Global"))
    assert not table["QRS_Dur_Global"].changed
    assert any(line.startswith("PR +") for line in changes(list(table.values())))
    assert not any(row.changed for row in rows(normal, before=normal))


def test_an_axis_turns_the_shorter_way_round(normal):
    row = next(row for row in rows(normal, before=normal) if row.unit == "°")
    assert row.change == 0


def test_the_page_is_true_to_scale_in_the_pdf(block):
    sheets = pages(block, imprint=IMPRINT)
    page = pypdfium2.PdfDocument(as_pdf(sheets, title="x"))[0]
    assert page.get_size() == (pytest.approx(595.28, abs=0.01), pytest.approx(841.89, abs=0.01))
    dots = 600
    picture = np.asarray(page.render(scale=dots / 72).to_pil().convert("RGB")).astype(int)
    plan = layout(block, left=10.0, top=0.0, width=190.0, row_mm=23.0)
    # the strong lines of the paper stand out from the fine ones: their distance is 5 mm
    row = next(y for y in range(int(55 / 25.4 * dots), int(80 / 25.4 * dots)) if len(_strong(picture[y])) > 30)
    found = _strong(picture[row])
    assert np.median(np.diff(found)) / dots * 25.4 == pytest.approx(5.0, abs=0.06)
    # and 25 mm are 25 mm over the whole width
    whole = (found[-1] - found[0]) / dots * 25.4
    assert whole == pytest.approx(round(whole / 5) * 5, abs=0.15)
    assert plan.shown_s == pytest.approx(7.2)


def _strong(line: np.ndarray) -> np.ndarray:
    """Middles of the strong grid lines in a row of pixels."""
    red = (line[:, 0] - line[:, 1] > 35) & (line[:, 0] > 200)
    edges = np.flatnonzero(np.diff(np.concatenate([[0], red.astype(int), [0]])))
    return (edges[::2] + edges[1::2]) / 2


def test_the_trace_has_the_gain_it_states(normal):
    sheet = pages(normal, imprint=IMPRINT)[0]
    paths = [mark for mark in sheet.marks if type(mark).__name__ == "Path" and mark.width == 0.25]
    trace = max(paths, key=lambda mark: len(mark.lines))
    drawn = max(float(np.ptp(line[:, 1])) for line in trace.lines)
    held = max(float(np.ptp(normal.ecg.sel(lead=lead).values[:3600])) for lead in normal.leads)
    assert drawn <= held * 10 + 0.01
    assert drawn >= held * 10 * 0.8


def test_synthetic_says_so_everywhere(block):
    assert "SYNTHETIC" in report_html(block, imprint=IMPRINT)
    assert report_data(block, imprint=IMPRINT)["subject"]["synthetic"] is True
    assert "synthetic" in report_fhir(block, imprint=IMPRINT)
    text = pypdfium2.PdfDocument(report_pdf(block, imprint=IMPRINT))[0].get_textpage().get_text_bounded()
    assert "SYNTHETIC" in text


def test_equal_reports_are_equal_to_the_byte(block):
    assert report_pdf(block, imprint=IMPRINT) == report_pdf(block, imprint=IMPRINT)
    assert report_html(block, imprint=IMPRINT) == report_html(block, imprint=IMPRINT)


def test_hostile_text_is_text(block):
    from dataclasses import replace

    bad = '<script>alert("x")</script>'
    hostile = replace(block, subject=replace(block.subject, source=bad, device=bad, patient=bad, notes=(bad,)))
    page = report_html(hostile, imprint=IMPRINT)
    assert "<script" not in page
    report_pdf(hostile, imprint=IMPRINT)


def test_fhir_follows_the_schema(block, normal):
    bundle = json.loads(report_fhir(block, before=normal, imprint=IMPRINT, pdf=report_pdf(block, imprint=IMPRINT)))
    Bundle.model_validate(bundle)
    kinds = [entry["resource"]["resourceType"] for entry in bundle["entry"]]
    assert kinds.count("DiagnosticReport") == 1
    report = bundle["entry"][0]["resource"]
    known = {entry["fullUrl"] for entry in bundle["entry"]}
    assert {one["reference"] for one in report["result"]} <= known
    assert report["status"] == "preliminary"
    resources = [entry["resource"] for entry in bundle["entry"]]
    observations = {one["code"].get("text"): one for one in resources if one["resourceType"] == "Observation"}
    pr = observations["PR"]
    assert pr["valueQuantity"]["value"] == pytest.approx(block.value("PR_Int_Global"), abs=0.001)
    assert pr["interpretation"][0]["coding"][0]["code"] == "H"


def test_fhir_holds_every_sample(block):
    bundle = json.loads(report_fhir(block, imprint=IMPRINT))
    study = next(e["resource"] for e in bundle["entry"] if "component" in e["resource"])
    assert len(study["component"]) == 12
    for component, lead in zip(study["component"], block.leads, strict=True):
        data = component["valueSampledData"]
        samples = np.array([float(word) for word in data["data"].split()]) * data["factor"]
        assert np.abs(samples - block.ecg.sel(lead=lead).values).max() <= 0.00051
        assert data["period"] == pytest.approx(1000 / block.ecg.attrs["rate_hz"])


def test_a_gap_is_a_gap_in_every_form():
    record = record_of()
    ecg = record.ecg.copy(deep=True)
    ecg.values[1, 1000:1500] = np.nan
    from dataclasses import replace

    broken = examine(replace(record, ecg=ecg))
    bundle = json.loads(report_fhir(broken, imprint=IMPRINT))
    study = next(e["resource"] for e in bundle["entry"] if "component" in e["resource"])
    assert study["component"][1]["valueSampledData"]["data"].split().count("E") == 500
    sheet = pages(broken, imprint=IMPRINT)[0]
    whole = pages(examine(record), imprint=IMPRINT)[0]
    lines = [
        max(len(mark.lines) for mark in one.marks if type(mark).__name__ == "Path" and mark.width == 0.25)
        for one in (sheet, whole)
    ]
    assert lines[0] > lines[1]


def test_dicom_reads_back(block, tmp_path):
    path = tmp_path / "x.dcm"
    path.write_bytes(report_dicom(block))
    back = read(path)
    assert back.leads == block.leads
    assert back.native_hz == block.ecg.attrs["rate_hz"]
    assert np.abs(back.ecg.values - block.ecg.values).max() <= 0.00051
    assert (back.age, back.sex) == (round(block.subject.age), block.subject.sex) or math.isnan(block.subject.age)


def test_json_and_csv_hold_every_biomarker(block):
    data = json.loads(report_json(block, imprint=IMPRINT))
    lines = list(csv.DictReader(io.StringIO(report_csv(block))))
    assert set(data["biomarkers"]) == {line["biomarker"] for line in lines} == set(block.table.index)
    missing = [name for name, entry in data["biomarkers"].items() if entry["value"] is None]
    assert all(data["biomarkers"][name]["reason"] for name in missing)
    met = {finding["rule"] for finding in data["findings"] if finding["state"] == "met"}
    assert met == {rule for rule, state in block.states.items() if state == "met"}
    assert "NaN" not in report_json(block, imprint=IMPRINT)


def test_the_words_of_the_page_are_all_there_for_a_screen_reader(block):
    page = report_html(block, imprint=IMPRINT)
    words = page[page.index('class="words"') : page.index("</section>")]
    for row in rows(block):
        assert row.title in words
    for criterion in criteria(block):
        assert criterion.title in words
    assert "http" not in page.replace("http://www.w3.org/2000/svg", "")


@pytest.mark.parametrize("ending", [".html", ".pdf", ".fhir.json", ".json", ".csv", ".dcm"])
def test_each_form_is_written_whole(normal, tmp_path, ending):
    written = write_report(normal, tmp_path / f"r{ending}", imprint=IMPRINT)
    assert written.stat().st_size > 1000
    assert [path.name for path in tmp_path.iterdir()] == [f"r{ending}"]


def test_another_ending_is_refused_before_anything_is_done(tmp_path):
    with pytest.raises(FormatError, match=r"report named \.docx"):
        report_one("nothing.dcm", tmp_path / "r.docx")


@pytest.mark.parametrize("leads", [["II"], ["I", "II"], ["I", "II", "III", "aVR", "aVL", "aVF"]])
def test_fewer_leads_have_a_report(leads):
    from dataclasses import replace

    record = record_of()
    few = examine(replace(record, ecg=record.ecg.sel(lead=leads)))
    sheets = pages(few, imprint=IMPRINT)
    assert {mark.text for mark in sheets[0].marks if type(mark).__name__ == "Text"} >= set(leads)


def test_a_cohort_is_reported_record_by_record_and_goes_on(cohort, tmp_path):
    folder = tmp_path / "out"
    assert report_all(cohort.path, folder, form=".json", progress=False) == (len(cohort), 0)
    first = folder / f"{cohort.ids[0]}.json"
    stamp = first.stat().st_mtime_ns
    (folder / f"{cohort.ids[1]}.json").unlink()
    assert report_all(cohort.path, folder, form=".json", progress=False) == (len(cohort), 0)
    assert first.stat().st_mtime_ns == stamp


def test_a_record_is_named_by_id_or_source(cohort):
    identity = str(cohort.ids[2])
    assert record_id(cohort, identity) == identity == record_id(cohort, identity[:8])
    assert record_id(cohort, str(cohort.records.loc[identity, "source"])) == identity
    with pytest.raises(CohortError, match="0 records"):
        record_id(cohort, "nothing-like-it")


def test_the_verb_writes_one_report(cohort, tmp_path, capsys):
    out = tmp_path / "r.pdf"
    assert main(["report", str(cohort.path), "--record", str(cohort.ids[0]), "--out", str(out)]) == 0
    assert out.read_bytes().startswith(b"%PDF")
    assert main(["report", str(cohort.path), "--all", "--record", "x", "--out", str(tmp_path)]) == 2


def test_a_timeline_has_every_record_of_a_patient(cohort):
    counts = cohort.records["patient"].value_counts()
    patient = str(counts.index[0])
    table = timeline(cohort, patient)
    assert len(table) == counts.iloc[0]
    name = "PR_Int_Global"
    held = cohort.biomarkers["value"].sel(biomarker=name, record=table.index.tolist()).values
    assert np.array_equal(table[name].to_numpy(np.float32), held, equal_nan=True)
    page = timeline_html(cohort, patient)
    assert page.count("<figure>") >= 5
    assert "Synthetic" in page
    with pytest.raises(CohortError, match="patient"):
        timeline(cohort, "nobody")


def test_text_is_fitted_and_wrapped():
    text = "a line that is far too long for the place it has to stand in"
    assert width_of(fitted(text, width=30, size=8), size=8) <= 30
    assert all(width_of(line, size=8) <= 30 for line in wrapped(text, width=30, size=8))
    assert " ".join(wrapped(text, width=30, size=8)) == text
    assert fitted("short", width=30, size=8) == "short"


def test_importing_the_room_is_light():
    import subprocess

    code = "import sys, ecgomics.reports as r; r.examine; print([m for m in sys.argv[1:] if m in sys.modules])"
    heavy = ["reportlab", "torch", "matplotlib", "pydicom", "panel"]
    done = subprocess.run([sys.executable, "-c", code, *heavy], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"


def test_real_dicom_has_a_report(tmp_path: Path):
    from pydicom.data import get_testdata_file

    out = report_one(str(get_testdata_file("waveform_ecg.dcm")), tmp_path / "r.pdf")
    text = pypdfium2.PdfDocument(out.read_bytes())[0].get_textpage().get_text_bounded()
    assert "Sinus rhythm" in text
    assert "not a diagnosis" in text
