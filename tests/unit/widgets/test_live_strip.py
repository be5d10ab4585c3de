"""The live strip alone: samples in, messages out that may be lost without loss."""

from __future__ import annotations

import numpy as np
import pytest

from ecgomics_widgets import LiveStrip, WidgetError
from ecgomics_widgets.live_strip import OVERLAP_S
from ecgomics_widgets.messages import GAP, unpack


def volts(live):
    header, arrays = unpack(live.block)
    rows = arrays["values"].reshape(len(header["leads"]), -1).astype(float)
    values = np.where(rows == GAP, np.nan, rows) * np.array(header["scale"])[:, None]
    return header, values + np.array(header["offset"])[:, None]


def test_samples_follow_one_another_and_each_message_repeats_the_last_second():
    live, rng = LiveStrip(leads=["I", "II"], rate_hz=100), np.random.default_rng(0)
    sent = [rng.normal(size=(2, 30)) for _ in range(8)]
    for block in sent:
        live.append(block)
    header, values = volts(live)
    assert live.time_s == pytest.approx(2.4)
    assert (header["first"], header["count"]) == (240 - 30 - int(OVERLAP_S * 100), 130)
    assert values == pytest.approx(np.concatenate(sent, axis=1)[:, -130:], abs=1e-3)


def test_a_later_time_leaves_a_gap_and_an_earlier_one_does_not_go_back():
    live = LiveStrip(leads=["II"], rate_hz=10)
    live.append(np.ones((1, 5)))
    live.append(np.ones((1, 5)), at_s=2.0)
    header, values = volts(live)
    assert live.time_s == pytest.approx(2.5)
    assert np.isnan(values[0]).sum() == 15
    assert header["first"] == 0
    live.append(np.ones((1, 1)), at_s=0.1)
    assert live.time_s == pytest.approx(2.6)


def test_another_stream_has_another_name_and_shapes_are_checked():
    live = LiveStrip(leads=["II"], rate_hz=10)
    live.append(np.ones(5))
    before = volts(live)[0]["id"]
    live.leads = ["I", "II"]
    assert (live.block, live.time_s) == (b"", 0.0)
    live.append(np.ones((2, 5)))
    assert volts(live)[0]["id"] != before
    with pytest.raises(WidgetError, match="2 leads"):
        live.append(np.ones((3, 5)))
    live.append(np.ones((2, 0)))
    assert live.time_s == pytest.approx(0.5)


def test_both_hosts_show_it_and_hear_it():
    live = LiveStrip()
    widget = live.widget()
    assert {"block", "lead", "gain", "paused", "event"} <= set(widget.keys)
    assert live.panel().block == b""
    widget.set_state({"paused": True, "gain": 20})
    assert (live.paused, live.gain) == (True, 20)
