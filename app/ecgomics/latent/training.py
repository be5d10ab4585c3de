"""The training loop: optimiser, learning rate, stopping early, and checkpoints to go on from. Imports torch."""

from __future__ import annotations

import io
import math
import os
import zipfile
from collections.abc import Callable
from pathlib import Path

import numpy as np
import torch
from torch import Tensor, nn

from ecgomics.errors import FormatError
from ecgomics.latent.journal import Journal
from ecgomics.latent.material import Order
from ecgomics.latent.network import flatten, restore
from ecgomics.settings import LatentSettings

Progress = Callable[[int, int, float], None]

_WEIGHT_DECAY = 1e-3
_LONGEST_GRADIENT = 5.0
_WARM_SHARE = 0.3
_FIRST_SHARE = 0.04
_SAVE_EVERY = 50


class Training:
    """A run of the loop.

    Parameters
    ----------
    modules
        Everything that is trained.
    loss
        Loss of the next batch; draws from `order` and `generator` alone.
    judge
        Loss on what is held out, for stopping early.
    order, generator
        Sources of chance, saved with a checkpoint.
    settings
        Steps, learning rate, patience.
    key
        Says what is trained on what: a checkpoint of another key is refused.
    journal
        Where losses are written down; None: nowhere.
    """

    def __init__(
        self,
        modules: nn.Module,
        loss: Callable[[], Tensor],
        *,
        judge: Callable[[], float],
        order: Order,
        generator: torch.Generator,
        settings: LatentSettings,
        key: str,
        journal: Journal | None = None,
    ) -> None:
        self._journal = journal
        self._modules, self._loss, self._judge = modules, loss, judge
        self._order, self._generator, self._settings, self._key = order, generator, settings, key
        self._optimiser = torch.optim.AdamW(modules.parameters(), lr=settings.learning_rate, weight_decay=_WEIGHT_DECAY)
        self.step = 0
        self._best, self._waited = math.inf, 0
        self._kept = flatten(modules)[0]

    def run(self, *, progress: Progress | None, checkpoint: str | os.PathLike[str] | None) -> None:
        """Train to the end, or until the judge has seen nothing better for `patience` checks.

        With a checkpoint, the state is written there every 50 steps and a run goes on from it; when done, the file
        stays. The result is the same as that of a run that was never stopped.
        """
        path = None if checkpoint is None else Path(checkpoint)
        if path is not None and path.exists():
            self._resume(path)
        self._modules.train()
        while self.step < self._settings.steps and not self._settled:
            found = self._advance()
            if self._judged and self.step % self._settings.check_every == 0:
                self._look()
            if path is not None and (self.step % _SAVE_EVERY == 0 or self.step == self._settings.steps):
                self._save(path)
            if self._journal is not None:
                self._journal.write("loss/training", self.step, found)
            if progress is not None:
                progress(self.step, self._settings.steps, found)
        if self._judged and math.isfinite(self._best):
            restore(self._modules, self._kept)
        self._modules.eval()

    @property
    def _settled(self) -> bool:
        return self._judged and self._waited >= self._settings.patience

    @property
    def _judged(self) -> bool:
        return bool(self._settings.patience) and len(self._order.held_out) > 0

    def _advance(self) -> float:
        for group in self._optimiser.param_groups:
            group["lr"] = learning_rate(self.step, self._settings.steps, most=self._settings.learning_rate)
        loss = self._loss()
        self._optimiser.zero_grad()
        loss.backward()
        nn.utils.clip_grad_norm_(self._modules.parameters(), _LONGEST_GRADIENT)
        self._optimiser.step()
        self.step += 1
        return float(loss.detach())

    def _look(self) -> None:
        self._modules.eval()
        with torch.inference_mode():
            found = self._judge()
        self._modules.train()
        if self._journal is not None:
            self._journal.write("loss/held out", self.step, found)
        if found < self._best:
            self._best, self._waited, self._kept = found, 0, flatten(self._modules)[0]
        else:
            self._waited += 1

    def _save(self, path: Path) -> None:
        moments = [self._optimiser.state[weight] for weight in self._modules.parameters()]
        flat = {
            name: torch.cat([moment[name].reshape(-1) for moment in moments]).cpu().numpy()
            for name in ("exp_avg", "exp_avg_sq")
        }
        partial = path.with_name(path.name + ".partial")
        with partial.open("wb") as file:
            np.savez(
                file,
                key=np.array(self._key),
                step=np.array(self.step),
                weights=flatten(self._modules)[0],
                kept=self._kept,
                judged=np.array([self._best, self._waited]),
                generator=self._generator.get_state().numpy(),
                order=np.array(self._order.state()),
                **flat,
            )
            file.flush()
            os.fsync(file.fileno())
        partial.replace(path)

    def _resume(self, path: Path) -> None:
        try:
            with np.load(io.BytesIO(path.read_bytes()), allow_pickle=False) as stored:
                told = {name: stored[name] for name in stored.files}
            if str(told["key"][()]) != self._key:
                raise _refusal("a checkpoint of another training")
            restore(self._modules, told["weights"])
            self._kept, self.step = told["kept"], int(told["step"])
            self._best, self._waited = float(told["judged"][0]), int(told["judged"][1])
            self._generator.set_state(torch.from_numpy(told["generator"]))
            self._order.restore(str(told["order"][()]))
            self._restore_moments(told)
        except (ValueError, KeyError, EOFError, zipfile.BadZipFile, TypeError, IndexError, RuntimeError) as error:
            raise _refusal("a damaged checkpoint") from error

    def _restore_moments(self, told: dict[str, np.ndarray]) -> None:
        weights = list(self._modules.parameters())
        sizes = [weight.numel() for weight in weights]
        pieces = [torch.from_numpy(told[name]).split(sizes) for name in ("exp_avg", "exp_avg_sq")]
        for weight, mean, square in zip(weights, *pieces, strict=True):
            self._optimiser.state[weight] = {
                "step": torch.tensor(float(self.step)),
                "exp_avg": mean.reshape(weight.shape).to(weight.device, copy=True),
                "exp_avg_sq": square.reshape(weight.shape).to(weight.device, copy=True),
            }


def learning_rate(step: int, steps: int, *, most: float) -> float:
    """Up from 4 % of the largest over the first 30 % of the steps, then down to nothing, both along a cosine."""
    warm = max(1.0, _WARM_SHARE * steps)
    if step < warm:
        return most * (_FIRST_SHARE + (1 - _FIRST_SHARE) * (0.5 - 0.5 * math.cos(math.pi * step / warm)))
    return most * (0.5 + 0.5 * math.cos(math.pi * (step - warm) / max(1.0, steps - warm)))


def _refusal(arrived: str) -> FormatError:
    return FormatError(arrived, expected="one this training wrote", remedy="remove the file to start anew")
