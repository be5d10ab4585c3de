import numpy as np
import pandas as pd
import pytest
import xarray as xr

from ecgomics_widgets import ArraySource, Strip, TileSource, WidgetError, Window
from ecgomics_widgets.hosting import module_text
from ecgomics_widgets.messages import GAP, pack, quantise, unpack
from ecgomics_widgets.tiling import OVERVIEW_COLUMNS, WHOLE


def record(leads=("I", "II"), seconds=4, rate=100):
    values = np.random.default_rng(3).normal(size=(len(leads), seconds * rate)).astype(np.float32)
    return xr.DataArray(values, dims=("lead", "time"), coords={"lead": list(leads)}, attrs={"rate_hz": rate})


def sent(strip, name="signal"):
    return unpack(getattr(strip, name))


def volts(header, arrays):
    rows = arrays["values"].reshape(len(header["leads"]), -1).astype(float)
    known = np.where(rows == GAP, np.nan, rows)
    return known * np.array(header["scale"])[:, None] + np.array(header["offset"])[:, None]


def test_short_recording_is_sent_whole_and_within_a_microvolt():
    ecg = record()
    header, arrays = sent(Strip(ecg))
    assert (header["part"], header["kind"], header["rate"], header["duration"]) == ("whole", "samples", 100.0, 4.0)
    assert header["leads"] == ["I", "II"]
    assert np.abs(volts(header, arrays) - ecg.values).max() < 1e-3 / 2
    assert header["baseline"] == pytest.approx(np.median(ecg.values, axis=1), abs=1e-6)


def test_rate_comes_from_the_attribute_the_time_axis_or_the_caller():
    bare = record().drop_attrs()
    assert sent(Strip(bare.assign_coords(time=np.arange(400) / 100)))[0]["rate"] == pytest.approx(100)
    assert sent(Strip(bare, rate_hz=250))[0]["rate"] == 250
    assert sent(Strip(bare.values, rate_hz=50))[0]["leads"] == ["lead 1", "lead 2"]
    with pytest.raises(WidgetError, match="no sampling rate"):
        Strip(bare)
    with pytest.raises(WidgetError, match="without a sampling rate"):
        Strip(bare.values)


@pytest.mark.parametrize(
    ("ecg", "words"),
    [
        (record().expand_dims(record=["a"]), "pick one record"),
        (np.zeros((2, 3, 4)), r"dims \(lead, time\)"),
        (np.array([["a", "b"]]), "numbers"),
    ],
)
def test_what_is_no_recording_is_refused(ecg, words):
    with pytest.raises(WidgetError, match=words):
        Strip(ecg, rate_hz=100)


def test_no_recording_is_an_empty_strip():
    header, arrays = sent(Strip())
    assert header["leads"] == []
    assert arrays["values"].size == 0


def test_inputs_are_not_changed_and_gaps_survive():
    ecg = record()
    ecg[0, 10:20] = np.nan
    ecg[1] = np.nan
    before = ecg.copy(deep=True)
    header, arrays = sent(Strip(ecg))
    xr.testing.assert_identical(ecg, before)
    found = volts(header, arrays)
    assert np.isnan(found[0, 10:20]).all()
    assert np.isfinite(found[0, 20:]).all()
    assert np.isnan(found[1]).all()
    assert header["baseline"][1] == 0.0


def test_a_new_recording_starts_afresh_and_arrives_with_its_overlays_at_once():
    strip = Strip(record())
    strip.param.update(view=(1.0, 2.0), cursor_s=1.5)
    heard = []
    strip.param.watch(lambda *events: heard.append({event.name for event in events}), ["signal", "overlay", "view"])
    first = sent(strip)[0]["id"]
    strip.param.update(ecg=record(seconds=6), spans=[{"start_s": 1, "stop_s": 2}])
    assert sent(strip)[0]["id"] != first
    assert (strip.view, strip.cursor_s) == (None, None)
    assert heard == [{"signal", "overlay", "view"}]


def test_overlays_alone_do_not_send_the_signal_again():
    strip = Strip(record())
    before = strip.signal
    strip.marks = {"time_s": [0.5], "mark": ["p_on"]}
    assert strip.signal is before
    assert strip.overlay


def test_long_recording_sends_an_overview_and_answers_for_stretches():
    rate = 500
    ecg = np.zeros((2, WHOLE), dtype=np.float32)
    ecg[:, 123_456] = 3.0
    strip = Strip(ArraySource(ecg, rate_hz=rate, leads=["I", "II"]))
    header, arrays = sent(strip)
    assert (header["part"], header["kind"]) == ("overview", "envelope")
    assert OVERVIEW_COLUMNS <= header["count"] <= 2 * OVERVIEW_COLUMNS + 1
    assert volts(header, arrays).max() == pytest.approx(3.0, abs=1e-3)
    strip.want = {"id": header["id"], "t0": 246.0, "t1": 248.0, "width": 1000, "count": 1}
    tile, values = sent(strip)
    assert (tile["part"], tile["kind"], tile["id"]) == ("tile", "samples", header["id"])
    at = round((123_456 / rate - tile["t0"]) / tile["step"])
    assert volts(tile, values)[0, at] == pytest.approx(3.0, abs=1e-3)
    assert tile["baseline"] == header["baseline"]


def test_question_for_another_recording_is_not_answered():
    strip = Strip(ArraySource(np.zeros((2, WHOLE), np.float32), rate_hz=500, leads=["I", "II"]))
    before = strip.signal
    strip.want = {"id": "gone", "t0": 0.0, "t1": 10.0, "width": 1000, "count": 1}
    assert strip.signal is before


def test_a_step_of_the_view_costs_at_most_sixty_kilobytes():
    rate, width = 500, 1200
    source = ArraySource(
        np.random.default_rng(0).normal(size=(12, 240 * rate)), rate_hz=rate, leads=list("abcdefghijkl")
    )
    for seconds in (2, 10, 40, 200):
        window = source.window(10.0, 10.0 + seconds, width)
        share = window.values.size * 2 * width / max(1, window.values.shape[1])  # bytes of one screen, by columns
        assert share <= 60_000 or window.values.shape[1] <= 4 * width + 2


def test_any_source_with_the_protocol_will_do():
    class Ramp:
        leads = ("II",)
        rate_hz = 100.0
        duration_s = 1e5

        def window(self, t0, t1, width):
            return Window(np.full((1, width, 2), t0, np.float32), t0, (t1 - t0) / width)

    assert isinstance(Ramp(), TileSource)
    strip = Strip(Ramp())
    strip.want = {"id": sent(strip)[0]["id"], "t0": 7.0, "t1": 9.0, "width": 4, "count": 1}
    assert volts(*sent(strip)) == pytest.approx(np.full((1, 8), 7.0))


def test_jupyter_widget_carries_everything_and_hears_the_browser():
    strip = Strip(record(), layout="1", title="x")
    widget = strip.widget()
    assert widget.signal == strip.signal
    assert (widget.montage, widget.title, widget.shown) == ("1", "x", ["spans", "beats", "quality", "notes"])
    widget.set_state(
        {"montage": "6x2", "view": [0.5, 1.5], "cursor_s": 0.7, "key": {"name": "next_record", "count": 1}}
    )
    assert (strip.layout, strip.view, strip.cursor_s) == ("6x2", (0.5, 1.5), 0.7)
    assert strip.key["name"] == "next_record"
    strip.ecg = record(seconds=2)
    assert widget.signal == strip.signal
    assert widget.view is None


def test_the_module_asks_for_nothing_and_holds_its_parts_once():
    text = module_text("strip.js")
    assert "http" not in text
    assert text.count("function unpack(") == 1
    assert len(text) < 300_000


def test_overlay_message_names_leads_marks_and_classes():
    marks = pd.DataFrame(
        {"time_s": [0.3, 0.1, np.nan], "mark": ["p_off", "p_on", "t_on"], "lead": ["II", "global", "I"]}
    )
    strip = Strip(record(), marks=marks, beats=[{"time_s": 0.2, "beat_class": "ventricular"}])
    header, arrays = sent(strip, "overlay")
    assert arrays["times"].tolist() == [0.1, 0.3]
    assert [header["names"][kind] for kind in arrays["kinds"]] == ["p_on", "p_off"]
    assert [header["leads"][lead] if lead >= 0 else "global" for lead in arrays["leads"]] == ["global", "II"]
    assert [header["classes"][kind] for kind in arrays["beat_kinds"]] == ["ventricular"]


def test_quantise_is_exact_to_half_a_step_and_marks_gaps():
    values = np.array([[0.0, 5.0, np.nan, -5.0], [np.nan] * 4, [2.5] * 4])
    coded, scale, offset = quantise(values)
    assert coded.dtype == np.int16
    assert coded[0, 2] == GAP
    assert (coded[1] == GAP).all()
    back = coded[0, [0, 1, 3]] * scale[0] + offset[0]
    assert np.abs(back - values[0, [0, 1, 3]]).max() <= scale[0] / 2
    assert coded[2] * scale[2] + offset[2] == pytest.approx(values[2])


def test_pack_aligns_arrays_and_refuses_unknown_types():
    header, arrays = unpack(pack({"a": 1, "b": float("nan")}, {"x": np.arange(3, dtype=np.uint8), "y": np.arange(2.0)}))
    assert (header["a"], header["b"]) == (1, None)
    assert arrays["x"].tolist() == [0, 1, 2]
    assert arrays["y"].tolist() == [0.0, 1.0]
    with pytest.raises(TypeError, match="int64"):
        pack({}, {"x": np.arange(3)})
