from __future__ import annotations

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from ecgomics.errors import FormatError
from ecgomics.records import read

TWELVE = ["I", "II", "III", "aVR", "aVL", "aVF", "V1", "V2", "V3", "V4", "V5", "V6"]
CHEST = np.round(np.random.default_rng(5).normal(0, 0.4, (800, 2)), 4)


def frame(**extra):
    return pd.DataFrame({**extra, "V1": CHEST[:, 0], "V2": CHEST[:, 1]})


def times(n=800, rate=500):
    return np.round(np.arange(n) / rate, 6)


def test_header_comment_states_rate_and_unit(tmp_path):
    path = tmp_path / "a.csv"
    path.write_text("# rate_hz=500 unit=uV\n" + (frame() * 1000).to_csv(index=False))
    record = read(path)
    assert (record.native_hz, record.leads) == (500.0, ("V1", "V2"))
    np.testing.assert_allclose(record.ecg.values.T, CHEST, atol=1e-5)


def test_arguments_state_rate_and_unit(tmp_path):
    path = tmp_path / "a.csv"
    frame().to_csv(path, index=False)
    record = read(path, rate_hz=250, unit="mV")
    assert record.native_hz == 250.0
    np.testing.assert_allclose(record.ecg.values.T, CHEST, atol=1e-5)


@pytest.mark.parametrize(("name", "scale"), [("time_s", 1), ("time (s)", 1), ("t", 1), ("time [ms]", 1000)])
def test_time_column_states_the_rate(tmp_path, name, scale):
    path = tmp_path / "a.csv"
    frame(**{name: times() * scale}).to_csv(path, index=False)
    record = read(path, unit="mV")
    assert (record.native_hz, record.leads) == (500.0, ("V1", "V2"))


@pytest.mark.parametrize(("name", "factor"), [("V1 [uV]", 1e-3), ("V1_mV", 1.0), ("V1 (µV)", 1e-3)])
def test_column_names_may_state_units(tmp_path, name, factor):
    path = tmp_path / "a.csv"
    pd.DataFrame({name: CHEST[:, 0]}).to_csv(path, index=False)
    record = read(path, rate_hz=500)
    assert record.leads == ("V1",)
    np.testing.assert_allclose(record.ecg.values[0], CHEST[:, 0] * factor, atol=1e-6)


@pytest.mark.parametrize(("given", "lacking"), [({"rate_hz": 500}, "no unit"), ({"unit": "mV"}, "no sampling rate")])
@pytest.mark.parametrize("suffix", [".csv", ".parquet"])
def test_without_rate_or_unit_the_error_says_how_to_state_them(tmp_path, given, lacking, suffix):
    path = tmp_path / f"a{suffix}"
    frame().to_csv(path, index=False) if suffix == ".csv" else frame().to_parquet(path)
    with pytest.raises(FormatError, match=lacking) as caught:
        read(path, **given)
    assert "rate_hz=500 unit=mV" in str(caught.value)


def test_decimal_commas_semicolons_and_tabs(tmp_path):
    text = frame().to_csv(index=False, sep=";", decimal=",")
    (tmp_path / "a.csv").write_text(text)
    np.testing.assert_allclose(read(tmp_path / "a.csv", rate_hz=500, unit="mV").ecg.values.T, CHEST, atol=1e-5)
    (tmp_path / "a.tsv").write_text(frame().to_csv(index=False, sep="\t"))
    np.testing.assert_allclose(read(tmp_path / "a.tsv", rate_hz=500, unit="mV").ecg.values.T, CHEST, atol=1e-5)


def test_key_and_value_lines_before_the_samples(tmp_path):
    samples = "\n".join(f"{v * 1000:.3f}" for v in CHEST[:, 0])
    (tmp_path / "a.csv").write_text(f"Name,Someone\nSample Rate,512 hertz\n\nLead,Lead I\nUnit,µV\n\n{samples}\n")
    record = read(tmp_path / "a.csv")
    assert (record.native_hz, record.leads) == (512.0, ("I",))
    np.testing.assert_allclose(record.ecg.values[0], CHEST[:, 0], atol=1e-5)
    assert "Someone" not in repr(record)


def test_twelve_nameless_columns_are_the_usual_leads_and_noted(tmp_path):
    wide = np.zeros((600, 12))
    wide[:, 6] = np.arange(600)
    pd.DataFrame(wide).to_csv(tmp_path / "a.csv", index=False, header=False)
    record = read(tmp_path / "a.csv", rate_hz=500, unit="uV")
    assert list(record.leads) == TWELVE
    assert record.ecg.sel(lead="V1").values[-1] == pytest.approx(0.599)
    assert any("assumed" in note for note in record.notes)


def test_an_index_column_is_no_lead(tmp_path):
    frame().to_csv(tmp_path / "a.csv")
    assert read(tmp_path / "a.csv", rate_hz=500, unit="mV").leads == ("V1", "V2")


def test_gaps_in_time_become_missing_samples(tmp_path):
    cut = frame(time_s=times()).drop(index=range(100, 150))
    cut.to_csv(tmp_path / "a.csv", index=False)
    record = read(tmp_path / "a.csv", unit="mV")
    assert record.ecg.sizes["time"] == 800
    assert np.isnan(record.ecg.values[:, 100:150]).all()
    assert any("gap" in note for note in record.notes)


@pytest.mark.parametrize("damage", ["backwards", "missing", "irregular"])
def test_a_time_column_that_is_none_is_refused(tmp_path, damage):
    time = times()
    if damage == "backwards":
        time[400] = 0
    elif damage == "missing":
        time[400] = np.nan
    else:
        time[400:] += 0.0031
    frame(time_s=time).to_csv(tmp_path / "a.csv", index=False)
    with pytest.raises(FormatError, match="time column"):
        read(tmp_path / "a.csv", unit="mV")


def test_words_among_the_numbers_are_missing_and_counted(tmp_path):
    text = frame().to_csv(index=False).splitlines()
    text[10] = "lost," + text[10].split(",")[1]
    (tmp_path / "a.csv").write_text("\n".join(text))
    record = read(tmp_path / "a.csv", rate_hz=500, unit="mV")
    assert np.isnan(record.ecg.sel(lead="V1").values[9])
    assert any("1 cells" in note for note in record.notes)


def test_numbers_of_many_digits_beside_damaged_ones(tmp_path):
    """This pair takes pandas 2.3.3's C parser, and the process with it, down."""
    text = frame().to_csv(index=False).splitlines()
    text[3] = "-0.2147894144114005288621247297,0\u00c223244724167854125"
    (tmp_path / "a.csv").write_bytes("\n".join(text).encode("latin-1"))
    record = read(tmp_path / "a.csv", rate_hz=500, unit="mV")
    assert record.ecg.sel(lead="V1").values[2] == pytest.approx(-0.2147894)
    assert np.isnan(record.ecg.sel(lead="V2").values[2])


def test_rows_of_other_lengths_are_refused(tmp_path):
    text = frame().to_csv(index=False).splitlines()
    text[30] += ",0.1"
    (tmp_path / "a.csv").write_text("\n".join(text))
    with pytest.raises(FormatError, match="3 cells among rows of 2"):
        read(tmp_path / "a.csv", rate_hz=500, unit="mV")


def test_an_empty_column_is_a_missing_lead(tmp_path):
    frame(V3=np.nan).to_csv(tmp_path / "a.csv", index=False)
    record = read(tmp_path / "a.csv", rate_hz=500, unit="mV")
    assert np.isnan(record.ecg.sel(lead="V3")).all()


@pytest.mark.parametrize("text", ["hello\nworld\n", "a,b\nc,d\n", "\n\n\n", "<html></html>"])
def test_text_without_numbers_is_refused(tmp_path, text):
    (tmp_path / "a.csv").write_text(text)
    with pytest.raises(FormatError):
        read(tmp_path / "a.csv", rate_hz=500, unit="mV")


def test_parquet_may_state_rate_and_unit_in_its_metadata(tmp_path):
    table = pa.Table.from_pandas(frame() * 1000).replace_schema_metadata({"rate_hz": "500", "unit": "uV"})
    pq.write_table(table, tmp_path / "a.parquet")
    record = read(tmp_path / "a.parquet")
    assert record.native_hz == 500.0
    np.testing.assert_allclose(record.ecg.values.T, CHEST, atol=1e-5)


@pytest.mark.parametrize("turned", [False, True])
def test_numpy_array_either_way_round(tmp_path, turned):
    np.save(tmp_path / "a.npy", CHEST if turned else CHEST.T)
    record = read(tmp_path / "a.npy", rate_hz=500, unit="mV")
    np.testing.assert_allclose(record.ecg.values.T, CHEST, atol=1e-6)
    assert any("taken as (time, lead)" in note for note in record.notes) is turned


def test_numpy_archive_states_all(tmp_path):
    np.savez(tmp_path / "a.npz", ecg=CHEST.T * 1000, fs=500, unit="uV", leads=["V1", "V2"])
    record = read(tmp_path / "a.npz")
    assert (record.native_hz, record.leads) == (500.0, ("V1", "V2"))
    np.testing.assert_allclose(record.ecg.values.T, CHEST, atol=1e-5)


@pytest.mark.parametrize(
    ("array", "reason"),
    [
        (np.zeros((3, 4, 5)), "3 dimensions"),
        (np.array(["a", "b"]), "kind 'U'"),
        (np.zeros((0, 5)), "dimensions"),
        (np.zeros((200, 300)), "200 leads"),
    ],
)
def test_arrays_that_are_no_recording_are_refused(tmp_path, array, reason):
    np.save(tmp_path / "a.npy", array)
    with pytest.raises(FormatError, match=reason):
        read(tmp_path / "a.npy", rate_hz=500, unit="mV")


def test_pickles_are_not_opened(tmp_path):
    np.save(tmp_path / "a.npy", np.array([{"a": 1}], dtype=object), allow_pickle=True)
    with pytest.raises(FormatError, match="damaged"):
        read(tmp_path / "a.npy", rate_hz=500, unit="mV")


def test_a_unit_that_is_none_is_refused(tmp_path):
    np.save(tmp_path / "a.npy", CHEST)
    with pytest.raises(FormatError, match="no voltage"):
        read(tmp_path / "a.npy", rate_hz=500, unit="kg")
