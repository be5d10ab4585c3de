"""The benchmark counts what it says it counts, on recordings written for it."""

from __future__ import annotations

import json

import numpy as np
import pytest
import wfdb

from ecgomics.cli import main
from ecgomics.errors import FormatError
from ecgomics.vocabulary import MARKS
from ecgomics.waves import benchmark

M = {name: k for k, name in enumerate(MARKS)}
WAVES = {"p": "p", "qrs": "N", "t": "t"}


def write_annotated(folder, record, *, name="r1"):
    """A virtual recording as LUDB lays them out: a mark file a lead."""
    leads = [str(lead) for lead in record.ecg["lead"].values]
    options = {"fmt": ["16"] * len(leads), "write_dir": str(folder)}
    signal = record.ecg.values.T.astype(float)
    wfdb.wrsamp(name, fs=500, units=["mV"] * len(leads), sig_name=leads, p_signal=signal, **options)
    for i, lead in enumerate(leads):
        marks = []
        for beat in record.truth.beats["lead_marks"].values[1:-1, i]:
            for wave, symbol in WAVES.items():
                peak = beat[M["r_peak" if wave == "qrs" else f"{wave}_peak"]]
                bounds = beat[M[f"{wave}_on"]], beat[M[f"{wave}_off"]]
                if np.isfinite([peak, *bounds]).all():
                    marks += [(bounds[0], "("), (peak, symbol), (bounds[1], ")")]
        samples = np.round(500 * np.array([time for time, _ in marks])).astype(int)
        # wfdb writes no digits in an extension, LUDB's have them
        wfdb.wrann(name, "new", samples, symbol=[symbol for _, symbol in marks], write_dir=str(folder))
        (folder / f"{name}.new").rename(folder / f"{name}.{lead}")


@pytest.fixture(scope="module")
def annotated(tmp_path_factory, virtual):
    folder = tmp_path_factory.mktemp("annotated")
    write_annotated(folder, virtual("normal", 2))
    return folder


def test_accuracy_of_one_who_knows_and_one_who_is_late(annotated):
    recording = next(iter(benchmark.recordings(annotated)))

    def knows(ecg):
        return recording.marks

    def late(ecg):
        return {lead: {name: t + 0.060 for name, t in marks.items()} for lead, marks in recording.marks.items()}

    def blind(ecg):
        return {lead: {name: t[:0] for name, t in marks.items()} for lead, marks in recording.marks.items()}

    table = benchmark.accuracy(annotated, run={"knows": knows, "late": late, "blind": blind})
    rows = table.set_index(["method", "group", "mark"])
    for mark in benchmark.BOUNDARIES:
        assert rows.loc[("knows", "all leads", mark), "f1"] == 1
        assert rows.loc[("knows", "II", mark), "sd_ms"] == pytest.approx(0)
        assert rows.loc[("late", "II", mark), "mean_ms"] == pytest.approx(60, abs=1e-6)
        # 60 ms is within the tolerance of T off alone
        assert (rows.loc[("late", "II", mark), "f1"] > 0.8) == (mark == "t_off")
        assert rows.loc[("blind", "global", mark), "se"] == 0


def test_ours_on_a_virtual_recording(annotated):
    rows = benchmark.accuracy(annotated, run={"ecgomics": benchmark.ours}).set_index(["group", "mark"])
    assert rows.loc[("II", "qrs_on"), "se"] == 1
    assert rows.loc["II"].loc[list(benchmark.BOUNDARIES), "f1"].mean() > 0.9


def test_pairs_are_one_to_one_and_nearest_first():
    left, right = benchmark.matched(np.array([1.0, 1.1]), detected=np.array([1.09, 1.3]), tolerance_s=0.15)
    assert left.tolist() == [1]
    assert right.tolist() == [0]


def test_a_folder_without_annotations_is_refused(tmp_path, capsys):
    with pytest.raises(FormatError, match="annotation"):
        list(benchmark.recordings(tmp_path))
    assert main(["bench", "waves"]) == 2
    assert "--speed" in capsys.readouterr().err


def test_the_command_prints_ratios(capsys, monkeypatch):
    figures = benchmark.speed(records=4, peers_records=1)
    assert figures["ms"]["ecgomics"] > 0
    assert set(figures["ratio_to"]) == {"neurokit_prominence", "neurokit_dwt"}
    monkeypatch.setattr(benchmark, "speed", lambda: figures)
    assert main(["bench", "waves", "--speed", "--json", "-"]) == 0
    assert json.loads(capsys.readouterr().out) == figures
    assert main(["bench", "waves", "--speed"]) == 0
    assert "neurokit_dwt" in capsys.readouterr().out
