import sys

import numpy as np
import pytest

from ecgomics.errors import SettingsError
from ecgomics.latent import Recipe, encoder_named, encoders, recipe_named

PLUGIN = """
import numpy as np
from ecgomics.latent import EncoderCard, EncoderEntry, Recipe, embed_windows

CARD = EncoderCard(
    name="lead-power", version="1", title="Power of each lead", licence="MIT", leads=Recipe().leads,
    rate_hz=100.0, seconds=10.0, unit="mV", recipe="model-path-100", dim=12, citation="none",
)


class LeadPower:
    name = CARD.name

    def embed(self, ecg, *, threads=1):
        return embed_windows(
            ecg, lambda windows: np.square(windows).mean(axis=-1), recipe=Recipe(), name=CARD.name
        )


ENTRY = EncoderEntry(CARD, lambda weights: LeadPower())
"""


@pytest.fixture
def plugged(tmp_path, monkeypatch):
    """Install packages with an entry point: module text by name."""

    def install(name, text, target="ENTRY"):
        module = name.replace("-", "_") + "_plugin"
        (tmp_path / f"{module}.py").write_text(text)
        info = tmp_path / f"{module}-1.0.dist-info"
        info.mkdir()
        (info / "METADATA").write_text(f"Metadata-Version: 2.1\nName: {module}\nVersion: 1.0\n")
        (info / "entry_points.txt").write_text(f"[ecgomics.encoders]\n{name} = {module}:{target}\n")

    monkeypatch.syspath_prepend(tmp_path)
    yield install
    for name in [name for name in sys.modules if name.endswith("_plugin")]:
        del sys.modules[name]


def test_every_card_is_complete():
    cards = {card.name: card for card in encoders()}
    assert list(cards) == ["handmade", "ecgomics-small", "ecgfounder", "ecgfounder-1-lead", "ecg-jepa", "merl"]
    for card in cards.values():
        assert card.licence
        assert card.citation
        if card.reads == "signal":
            recipe = recipe_named(card.recipe)
            assert (recipe.rate_hz, recipe.seconds, recipe.leads) == (card.rate_hz, card.seconds, card.leads)
            assert card.dim


def test_the_default_recipe_is_the_data_files():
    assert recipe_named("model-path-100") == Recipe()
    assert Recipe().key == "model-path-100@1"
    with pytest.raises(SettingsError, match="did you mean 'ecgfounder-code'"):
        recipe_named("ecgfounder-cod")


def test_unknown_names_say_what_there_is():
    with pytest.raises(SettingsError, match="did you mean 'handmade'"):
        encoder_named("handmad")
    with pytest.raises(SettingsError, match="biomarkers"):
        encoder_named("handmade").open()


def test_a_plug_in_is_listed_and_embeds(plugged, signal):
    plugged("lead-power", PLUGIN)
    assert encoders()[-1].name == "lead-power"
    embedding = encoder_named("lead-power").open().embed(signal)
    power = np.square(Recipe().prepare(signal).windows[:, 0]).mean(axis=-1)
    np.testing.assert_allclose(embedding.vectors, power, rtol=1e-5)
    assert embedding.meta["recipe"]["name"] == "model-path-100"


@pytest.mark.parametrize("text", ["raise OSError", "ENTRY = 3", PLUGIN.replace("lead-power", "handmade")])
def test_a_broken_plug_in_is_left_out_and_told(plugged, text):
    plugged("broken", text)
    with pytest.warns(RuntimeWarning, match="'broken' is left out"):
        names = [card.name for card in encoders()]
    assert "ecgfounder" in names
    assert names.count("handmade") == 1


def test_the_docs_example_is_the_tested_one():
    from ecgomics.latent import registry

    said = "".join((registry.__doc__ or "").split())
    assert "".join(PLUGIN.split()) in said
