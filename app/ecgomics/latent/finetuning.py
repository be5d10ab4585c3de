"""`finetune`: teach a small encoder to tell a label, and judge it on patients it has not seen."""

from __future__ import annotations

import hashlib
import os
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import numpy.typing as npt
import xarray as xr

from ecgomics.errors import SignalError
from ecgomics.latent.encoder import Encoder
from ecgomics.latent.journal import Journal
from ecgomics.latent.material import Order, Windows
from ecgomics.latent.pretraining import Progress, finished, standardise
from ecgomics.latent.scores import scores
from ecgomics.settings import LatentSettings

VERSION = 1
TEST_SHARE = 0.25
"""Share of the patients, of those with the label and of the others alike, that are judged on and never learned from."""

_LEAST_PATIENTS = 8
_HEAD_RATE = 5.0

Ints = npt.NDArray[np.int64]


def finetune(
    blocks: xr.DataArray | Iterable[xr.DataArray],
    carries: Mapping[str, bool],
    *,
    start: Encoder,
    label: str,
    patient: Mapping[str, str] | None = None,
    settings: LatentSettings | None = None,
    progress: Progress | None = None,
    checkpoint: str | os.PathLike[str] | None = None,
    journal: Journal | None = None,
) -> Encoder:
    """Train a small encoder on, from where it stands, to tell who carries a label.

    Parameters
    ----------
    blocks
        Signals, (record, lead, time) in mV, any rate, NaN = missing; one array or blocks of it.
    carries
        Who carries the label, by record id; records that are not there are left out.
    start
        The encoder to begin with.
    label
        What it is called, ``SYSTEM:CODE``.
    patient
        Whose each record is, by its id; by default everyone's own. Three shares of patients are kept apart: a quarter
        to be judged on, and of the others `settings.held_out` to say when to stop.
    settings, progress, checkpoint, journal
        As for `pretrain`.

    Returns
    -------
    Encoder
        With `meta["head"]`: `label`, weights on the vector and bias, and what it scored on the test patients: `auc`,
        `average_precision` and `brier`, each with a 95 % interval from resampled patients. Its vectors were taught
        the label: that a map of them parts it proves nothing; look at the scores.

    Raises
    ------
    SignalError
        For fewer than eight patients with or without the label.
    FormatError
        For a checkpoint that is damaged or of another training.
    """
    settings = settings or LatentSettings()
    windows = Windows.gather(_known(blocks, carries), start.recipe)
    split = _Split.of(windows.record, carries, patient or {}, seed=int(settings.seed))
    from ecgomics.latent.network import reproducible

    with reproducible(settings.threads):
        network = start.network()
        lesson = _Lesson(network, windows, split, settings=settings, patient=patient)
        lesson.train(label, progress=progress, checkpoint=checkpoint, journal=journal)
        standardise(network, windows.at(split.learned))
        found = finished(network, windows.at(split.learned), start.recipe, settings=settings, version=VERSION)
        head = lesson.head(network)
        told = {"label": label, **head, "scores": _judged(found, head, windows, split, patient or {})}
    counts = {
        name: split.count(windows.record, rows) for name, rows in (("learned", split.learned), ("test", split.test))
    }
    about = {
        "title": f"{start.name} trained on to tell {label}",
        "started_from": {"name": start.name, "checksum": start.meta["checksum"]},
        "records": counts,
        "scores_on_test_patients": told["scores"],
    }
    return replace(found, meta=found.meta | about | {"head": told})


@dataclass(frozen=True)
class _Split:
    """Windows to learn from and to be judged on, and who carries the label."""

    learned: Ints
    test: Ints
    carries: npt.NDArray[np.bool_]

    @classmethod
    def of(cls, record: list[str], carries: Mapping[str, bool], patient: Mapping[str, str], *, seed: int) -> _Split:
        who = np.array([patient.get(name) or f"record {name}" for name in record])
        label = np.array([carries[name] for name in record], dtype=bool)
        people = np.unique(who)
        carrying = np.isin(people, np.unique(who[label]))
        for there, word in ((carrying, "with"), (~carrying, "without")):
            if there.sum() < _LEAST_PATIENTS:
                raise SignalError(
                    f"{int(there.sum())} patients {word} the label",
                    expected=f"at least {_LEAST_PATIENTS}, to learn from some and be judged on others",
                    remedy="choose a commoner label, or a larger cohort",
                )
        rng = np.random.default_rng([seed, 7])
        spared: list[str] = []
        for there in (carrying, ~carrying):
            group = rng.permutation(people[there])
            spared += group[: max(2, round(TEST_SHARE * len(group)))].tolist()
        test = np.isin(who, spared)
        return cls(np.flatnonzero(~test), np.flatnonzero(test), label)

    def count(self, record: list[str], rows: Ints) -> dict[str, int]:
        """Records, and how many carry the label."""
        every = {record[row] for row in rows.tolist()}
        with_it = {record[row] for row in rows.tolist() if self.carries[row]}
        return {"records": len(every), "with the label": len(with_it)}

    def digest(self) -> str:
        return hashlib.sha256(self.learned.tobytes() + self.carries.tobytes()).hexdigest()[:16]


class _Lesson:
    """The network with a head, the sources of chance and the loss."""

    def __init__(
        self,
        network: Any,
        windows: Windows,
        split: _Split,
        *,
        settings: LatentSettings,
        patient: Mapping[str, str] | None,
    ) -> None:
        import torch

        from ecgomics.latent.network import device_named
        from ecgomics.latent.views import Views

        self._device = device_named(settings.device)
        self._network, self._settings = network, settings
        self._windows, self._digest = windows.at(split.learned), split.digest()
        self._carries = torch.from_numpy(split.carries[split.learned].astype(np.float32))
        self._head = torch.nn.Linear(network.dim, 1)
        with torch.no_grad():
            # from no opinion: what it learns does not hang on where a random head points
            self._head.weight.zero_()
            self._head.bias.zero_()
        share = float(self._carries.mean())
        self._balance = torch.tensor((1 - share) / share)
        self._generator = torch.Generator().manual_seed(int(settings.seed))
        held_out = settings.held_out if settings.patience else 0.0
        self._order = Order(self._windows.record, seed=int(settings.seed), held_out=held_out, patient=patient)
        recipe_hz = self._windows.signal.shape[-1] / 10.0
        self._views = Views(samples=round(settings.view_s * recipe_hz), rate_hz=recipe_hz)

    def train(
        self,
        label: str,
        *,
        progress: Progress | None,
        checkpoint: str | os.PathLike[str] | None,
        journal: Journal | None,
    ) -> None:
        import torch

        from ecgomics.latent.training import Training

        parts = torch.nn.ModuleList([self._network, self._head]).to(self._device)
        Training(
            parts,
            lambda: self._loss(self._order.draw(self._settings.batch), self._generator),
            judge=lambda: float(self._loss(self._order.held_out, torch.Generator().manual_seed(1))),
            order=self._order,
            generator=self._generator,
            settings=self._settings,
            key=f"finetune {label} {self._windows.digest()} {self._digest} {self._settings.digest()}",
            journal=journal,
        ).run(progress=progress, checkpoint=checkpoint)
        parts.cpu()

    def head(self, network: Any) -> dict[str, Any]:
        """Weights on the standardised vector, and a bias that knows how many carry the label, for a probability."""
        import torch

        with torch.no_grad():
            weight = self._head.weight[0] * network.scale
            bias = self._head.bias[0] + self._head.weight[0] @ network.centre - torch.log(self._balance)
        return {"weight": weight.numpy().tolist(), "bias": float(bias)}

    def _loss(self, chosen: Ints, source: Any) -> Any:
        import torch

        view = self._views.draw(*self._windows.batch(chosen), generator=source)
        logit = self._head(self._network.pooled(view.to(self._device)))[:, 0]
        return torch.nn.functional.binary_cross_entropy_with_logits(
            logit, self._carries[chosen].to(self._device), pos_weight=self._balance.to(self._device)
        )


def _known(blocks: xr.DataArray | Iterable[xr.DataArray], carries: Mapping[str, bool]) -> Iterable[xr.DataArray]:
    for block in [blocks] if isinstance(blocks, xr.DataArray) else blocks:
        kept = [name for name in block["record"].values.tolist() if name in carries]
        if kept:
            yield block.sel(record=kept)


def _judged(
    encoder: Encoder, head: Mapping[str, Any], windows: Windows, split: _Split, patient: Mapping[str, str]
) -> dict[str, list[float]]:
    """Scores on the test patients' records, each the mean of its windows."""
    import torch

    rows = split.test
    with torch.inference_mode():
        vectors = encoder.network()(windows.batch(rows)[0]).double().numpy()
    names = np.array([windows.record[row] for row in rows.tolist()])
    record, of = np.unique(names, return_inverse=True)
    length = windows.length[rows].astype(np.float64)
    logit = vectors @ np.asarray(head["weight"]) + float(head["bias"])
    mean = np.bincount(of, weights=logit * length) / np.bincount(of, weights=length)
    carries = np.bincount(of, weights=split.carries[rows]) > 0
    whose = [patient.get(name) or f"record {name}" for name in record.tolist()]
    return scores(1 / (1 + np.exp(-mean)), carries, patient=whose)
