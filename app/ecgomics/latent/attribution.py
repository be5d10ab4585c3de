"""Which leads and times carry a direction of a small encoder's embedding."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt
import xarray as xr

from ecgomics.errors import SignalError
from ecgomics.latent.encoder import Encoder, checksum

_STEPS = 64


def attribute(
    encoder: Encoder, ecg: xr.DataArray, direction: npt.ArrayLike, *, baseline: xr.DataArray | None = None
) -> xr.DataArray:
    """Share of each lead and sample in where a record lies along a direction.

    Parameters
    ----------
    encoder
        The small encoder.
    ecg
        (lead, time) of one record, mV; its first window of the recipe's length is looked at.
    direction
        (latent): a latent number, the difference of two clusters' means, or weights of a probe.
    baseline
        Another recording to compare with, beat on beat; by default silence.

    Returns
    -------
    float32, (lead, time) at the recipe's rate, with `attrs["rate_hz"]`. Summed over all, it is the record's position
    along the direction less the baseline's, to the rule's accuracy; both are in `attrs["difference"]`.

    Raises
    ------
    SignalError
        When the record has no usable lead or the direction another length.

    Notes
    -----
    Integrated gradients, Sundararajan, Taly & Yan, ICML 2017; midpoint rule of 64 steps. Check it against
    `randomised(encoder)`: an attribution that looks the same on random weights says nothing (Adebayo et al., NeurIPS
    2018).
    """
    import torch

    recipe = encoder.recipe
    prepared = recipe.prepare(ecg)
    network = encoder.network()
    along = torch.from_numpy(np.asarray(direction, dtype=np.float32))
    if not prepared.usable[0] or along.shape != (network.dim,):
        raise SignalError(
            "a record without a usable lead, or a direction of another length",
            expected=f"a recording, and a direction of {network.dim} numbers",
            remedy="use the encoder the direction came from",
        )
    signal = torch.from_numpy(prepared.windows[0, 0])
    start = torch.zeros_like(signal)
    if baseline is not None:
        start = torch.from_numpy(recipe.prepare(baseline).windows[0, 0])
    shares = (torch.arange(_STEPS) + 0.5) / _STEPS
    path = (start + shares[:, None, None] * (signal - start)).requires_grad_(True)
    (network(path) @ along).sum().backward()
    found = ((signal - start) * path.grad.mean(dim=0)).numpy()
    with torch.inference_mode():
        ends = (network(torch.stack([signal, start])) @ along).numpy()
    time = np.arange(recipe.samples) / recipe.rate_hz
    return xr.DataArray(
        found.astype(np.float32),
        dims=("lead", "time"),
        coords={"lead": list(recipe.leads), "time": time},
        attrs={"rate_hz": recipe.rate_hz, "difference": float(ends[0] - ends[1])},
    )


def randomised(encoder: Encoder, *, seed: int = 0) -> Encoder:
    """The same network with its weights shuffled: what an attribution must not look like.

    Returns
    -------
    Encoder
        Each convolution's and layer's own weights in another order; scales and norms are kept.
    """
    from ecgomics.latent.network import flatten

    network = encoder.network()
    rng = np.random.default_rng(seed)
    import torch

    with torch.no_grad():
        for weight in network.parameters():
            if weight.dim() > 1:
                order = torch.from_numpy(rng.permutation(weight.numel()))
                weight.copy_(weight.reshape(-1)[order].reshape(weight.shape))
    weights = flatten(network)[0]
    return Encoder(weights, encoder.meta | {"checksum": checksum(weights), "randomised": seed})
