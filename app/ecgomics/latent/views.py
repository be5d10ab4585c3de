"""Two views of the same heart: what a recording may change without becoming another patient's. Imports torch."""

from __future__ import annotations

import math
from dataclasses import dataclass

import torch
from torch import Tensor


@dataclass(frozen=True)
class Views:
    """Random changes that keep the patient: another moment, another gain, noise, wander, missing leads.

    Parameters
    ----------
    samples
        Length of a view.
    rate_hz
        Sampling rate, Hz.
    gain
        Half-width of the log gain of the whole recording; each lead varies by half of it.
    noise_mv, wander_mv
        Largest standard deviation of white noise and amplitude of a 0.2–0.8 Hz wander, mV.
    thinned, dropped
        Share of views that lose leads, and share of leads they lose.
    """

    samples: int
    rate_hz: float
    gain: float = 0.2
    noise_mv: float = 0.03
    wander_mv: float = 0.1
    thinned: float = 0.35
    dropped: float = 0.3

    def draw(self, signal: Tensor, used: Tensor, length: Tensor, *, generator: torch.Generator) -> Tensor:
        """One view of each recording.

        Parameters
        ----------
        signal
            (batch, lead, sample), mV, zero where missing.
        used
            (batch, lead), 1 for leads that are there.
        length
            (batch), samples that were recorded.
        """

        def uniform(*shape: int) -> Tensor:
            return torch.rand(*shape, generator=generator)

        batch, leads, _ = signal.shape
        view = self._cut(signal, length, uniform(batch))
        view = view * torch.exp(self.gain * (2 * uniform(batch, 1, 1) - 1))
        view = view * torch.exp(self.gain / 2 * (2 * uniform(batch, leads, 1) - 1))
        view = view + self.noise_mv * uniform(batch, 1, 1) * torch.randn(view.shape, generator=generator)
        cycles = (0.2 + 0.6 * uniform(batch, 1, 1)) * torch.arange(self.samples) / self.rate_hz
        phase = cycles + uniform(batch, leads, 1)
        view = view + self.wander_mv * uniform(batch, leads, 1) * torch.sin(2 * math.pi * phase)
        kept = (uniform(batch, leads) >= self.dropped) | (uniform(batch, 1) >= self.thinned)
        # a view must hold something: a recording whose every lead was dropped keeps them all
        kept = kept | ((kept * used).sum(dim=1, keepdim=True) == 0)
        return view * (kept * used)[..., None]

    def _cut(self, signal: Tensor, length: Tensor, chance: Tensor) -> Tensor:
        room = (length - self.samples).clamp(min=0, max=signal.shape[-1] - self.samples)
        start = (chance * (room + 1)).long().clamp(max=signal.shape[-1] - self.samples)
        index = start[:, None] + torch.arange(self.samples)
        return signal.gather(2, index[:, None].expand(-1, signal.shape[1], -1))


def agreement_loss(first: Tensor, second: Tensor, *, temperature: float) -> Tensor:
    """Cross-entropy of finding a recording's other view among all others in the batch.

    Parameters
    ----------
    first, second
        (batch, dim) of length one: two views of the same recordings in the same order.
    temperature
        Smaller: harder on near misses.

    Notes
    -----
    Chen et al., ICML 2020 (NT-Xent).
    """
    both = torch.cat([first, second])
    likeness = both @ both.T / temperature
    likeness = likeness.masked_fill(torch.eye(len(both), dtype=torch.bool, device=both.device), -math.inf)
    size = len(first)
    other = torch.cat([torch.arange(size) + size, torch.arange(size)]).to(both.device)
    return torch.nn.functional.cross_entropy(likeness, other)
