import numpy as np
import pytest


@pytest.fixture
def batch():
    import torch

    signal = torch.zeros(64, 12, 1000)
    signal[..., :600] = 1.0
    used = torch.ones(64, 12)
    used[:, 3] = 0
    signal[:, 3] = 0
    return signal, used, torch.full((64,), 600)


def drawn(batch, seed=0, **changes):
    import torch

    from ecgomics.latent.views import Views

    return Views(samples=300, rate_hz=100, **changes).draw(*batch, generator=torch.Generator().manual_seed(seed))


def test_views_stay_inside_what_was_recorded(batch):
    plain = drawn(batch, gain=0, noise_mv=0, wander_mv=0, thinned=0)
    assert plain.shape == (64, 12, 300)
    assert (plain[:, 0] == 1).all()


def test_missing_leads_stay_missing_and_some_more_are_dropped(batch):
    view = drawn(batch)
    assert not view[:, 3].any()
    empty = (view.abs().sum(dim=-1) == 0).sum(dim=1)
    assert empty.min() == 1
    assert 2 < empty.max() < 12


def test_a_view_is_never_empty(batch):
    assert drawn(batch, thinned=1.0, dropped=1.0).abs().sum(dim=(1, 2)).min() > 0


def test_views_differ_and_repeat_with_their_seed(batch):
    first, again, other = drawn(batch), drawn(batch), drawn(batch, seed=1)
    assert (first == again).all()
    assert (first != other).any()


def test_the_loss_is_least_when_views_agree():
    import torch

    from ecgomics.latent.views import agreement_loss

    apart = torch.eye(8)
    agreed = agreement_loss(apart, apart, temperature=0.1).item()
    swapped = agreement_loss(apart, apart.roll(1, dims=0), temperature=0.1).item()
    same = agreement_loss(torch.ones(8, 8) / 8**0.5, torch.ones(8, 8) / 8**0.5, temperature=0.1).item()
    assert agreed < same < swapped
    assert same == pytest.approx(np.log(15), rel=1e-5)
