from __future__ import annotations

import pytest

from ecgomics import settings
from ecgomics.errors import SettingsError

CLASSES = [
    thing for thing in vars(settings).values() if isinstance(thing, type) and issubclass(thing, settings.Settings)
]


@pytest.mark.parametrize("kind", CLASSES)
def test_settings_round_trip_and_say_what_they_are(kind):
    chosen = kind()
    assert kind.from_dict(chosen.as_dict()).digest() == chosen.digest()
    bare = [name for name in kind.param if name != "name" and not kind.param[name].doc]
    assert not bare, f"{kind.__name__}: undocumented {bare}"


def test_a_changed_value_changes_the_digest():
    assert settings.IngestSettings(rate_hz=250).digest() != settings.IngestSettings().digest()


def test_an_unknown_setting_names_the_nearest():
    with pytest.raises(SettingsError, match="did you mean 'rate_hz'"):
        settings.IngestSettings.from_dict({"rate_h": 250})


def test_a_value_out_of_bounds_is_refused():
    with pytest.raises(SettingsError, match="rate_hz"):
        settings.IngestSettings.from_dict({"rate_hz": 5})
