"""What an encoder is trained on: windows of recordings, and the order in which they come."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
import numpy.typing as npt
import xarray as xr

from ecgomics.errors import SignalError
from ecgomics.latent.recipe import Recipe

if TYPE_CHECKING:
    import torch

_LEAST_RECORDS = 8


@dataclass(frozen=True)
class Windows:
    """Everything to train on: float16 (window, lead, sample) in mV, leads used, samples recorded, record ids."""

    signal: npt.NDArray[np.float16]
    used: npt.NDArray[np.bool_]
    length: npt.NDArray[np.int64]
    record: list[str]

    @classmethod
    def gather(cls, blocks: xr.DataArray | Iterable[xr.DataArray], recipe: Recipe) -> Windows:
        """Prepare recordings and keep them in memory, 24 kB a window of 10 s at 100 Hz.

        Raises
        ------
        SignalError
            For fewer than eight records with a usable lead.
        """
        signal, used, length, record = [], [], [], []
        for block in [blocks] if isinstance(blocks, xr.DataArray) else blocks:
            prepared = recipe.prepare(block)
            row, window = np.nonzero((prepared.weight > 0) & prepared.usable[:, None])
            signal.append(prepared.windows[row, window].astype(np.float16))
            used.append(prepared.used[row])
            length.append(np.rint(prepared.weight[row, window] * recipe.samples).astype(np.int64))
            record += prepared.record[row].tolist()
        if len(set(record)) < _LEAST_RECORDS:
            raise SignalError(
                f"{len(set(record))} records with a usable lead",
                expected=f"at least {_LEAST_RECORDS} to train an encoder",
                remedy="use the handmade embedding, or ingest more records",
            )
        return cls(np.concatenate(signal), np.concatenate(used), np.concatenate(length), record)

    def batch(self, chosen: npt.NDArray[np.int64]) -> tuple[torch.Tensor, torch.Tensor, torch.Tensor]:
        """Signal (float32, mV), leads used (0 or 1) and samples recorded of some windows."""
        import torch

        signal = torch.from_numpy(self.signal[chosen].astype(np.float32))
        return signal, torch.from_numpy(self.used[chosen].astype(np.float32)), torch.from_numpy(self.length[chosen])

    def at(self, rows: npt.NDArray[np.int64]) -> Windows:
        """Some of them."""
        record = [self.record[row] for row in rows.tolist()]
        return Windows(self.signal[rows], self.used[rows], self.length[rows], record)

    def digest(self) -> str:
        """Short hash of what was trained on, whatever its order."""
        parts = sorted(hashlib.sha256(window.tobytes()).hexdigest() for window in self.signal)
        return hashlib.sha256("".join(parts).encode()).hexdigest()[:16]


class Order:
    """Which windows come next: every record once before any twice, one window of it at random.

    Parameters
    ----------
    record
        Record id of each window.
    seed
        Of the order.
    held_out
        Share of the patients, 0 to 0.5, never drawn: for judging when to stop.
    patient
        Whose each record is, by its id; one that is not there is somebody of its own.
    """

    def __init__(
        self, record: list[str], *, seed: int, held_out: float = 0.0, patient: Mapping[str, str] | None = None
    ) -> None:
        names, of = np.unique(np.asarray(record), return_inverse=True)
        self._rng = np.random.default_rng(seed)
        who = np.array([(patient or {}).get(name) or f"record {name}" for name in names.tolist()])
        people, whose = np.unique(who, return_inverse=True)
        count = int(held_out * len(people))
        # of a single patient there is nothing to judge by
        chosen = self._rng.permutation(len(people))[: count if count > 1 else 0] if held_out else np.empty(0, int)
        spared = set(np.flatnonzero(np.isin(whose, chosen)).tolist())
        every = [np.flatnonzero(of == number) for number in range(len(names))]
        self._windows = [windows for number, windows in enumerate(every) if number not in spared]
        self.held_out = np.array([every[number][0] for number in sorted(spared)], dtype=np.int64)
        self._queue: list[int] = []

    def draw(self, size: int) -> npt.NDArray[np.int64]:
        """Windows of `size` different records, or of all when there are fewer."""
        size = min(size, len(self._windows))
        if len(self._queue) < size:
            self._queue = self._rng.permutation(len(self._windows)).tolist()
        records, self._queue = self._queue[:size], self._queue[size:]
        return np.array([self._rng.choice(self._windows[number]) for number in records], dtype=np.int64)

    def state(self) -> str:
        """Where the order is, as text."""
        return json.dumps({"rng": self._rng.bit_generator.state, "queue": self._queue})

    def restore(self, state: str) -> None:
        """Go on from a `state`."""
        told = json.loads(state)
        self._rng.bit_generator.state, self._queue = told["rng"], told["queue"]
