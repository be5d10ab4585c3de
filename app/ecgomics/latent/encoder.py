"""`Encoder`: a small network that turns any record into a vector, with its recipe and its checksum."""

from __future__ import annotations

import hashlib
import io
import json
import os
import zipfile
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import IO, Any, Literal

import numpy as np
import numpy.typing as npt
import xarray as xr

from ecgomics.errors import FormatError, SignalError
from ecgomics.latent.embedding import Embedding
from ecgomics.latent.recipe import Recipe
from ecgomics.latent.windows import Floats, embed_windows

NAME = "ecgomics-small"

Precision = Literal["float32", "bfloat16"]


@dataclass(frozen=True)
class Encoder:
    """Trained weights and what they mean.

    Parameters
    ----------
    weights
        float32, (weight): every parameter and buffer of the network in one vector.
    meta
        In a form JSON can hold: `name`, `version`, `recipe`, `network`, `settings`, `trained_on`, `checksum` of the
        weights.
    """

    weights: npt.NDArray[np.float32]
    meta: dict[str, Any]

    def __post_init__(self) -> None:
        if checksum(self.weights) != self.meta.get("checksum"):
            raise FormatError(
                "an encoder whose weights do not match their checksum",
                expected="the weights it was saved with",
                remedy="train it again, or fetch the file again",
            )

    @property
    def name(self) -> str:
        """What the store calls it."""
        return str(self.meta["name"])

    @property
    def recipe(self) -> Recipe:
        """How signals are prepared for it."""
        return Recipe.from_dict(self.meta["recipe"])

    def embed(
        self, ecg: xr.DataArray | Iterable[xr.DataArray], *, threads: int = 1, precision: Precision = "float32"
    ) -> Embedding:
        """Turn records into vectors.

        Parameters
        ----------
        ecg
            (record, lead, time) or (lead, time), mV, any rate and any subset of the twelve leads; or blocks of that.
        threads
            Pieces worked on side by side, each by one torch thread; at most as many as there are free cores.
        precision
            "bfloat16" is faster where the processor has it; vectors differ in the third digit, which is told in `meta`.

        Returns
        -------
        Embedding
            Each number has mean 0 and SD 1 over the cohort the encoder was trained on. Longer records are the mean
            over their windows of the recipe's length. A record without a usable lead is NaN.
        """
        import torch

        from ecgomics.latent.network import threads as torch_threads

        network = self.network().to(getattr(torch, precision))

        def vectorise(windows: Floats) -> npt.NDArray[Any]:
            with torch.inference_mode():
                return np.asarray(network(torch.from_numpy(windows).to(getattr(torch, precision))).float().numpy())

        told = dict(self.meta) | ({} if precision == "float32" else {"precision": precision})
        kept: dict[str, Any] = {"name": self.name, "meta": told, "fit": self.to_dataset()}
        # one torch thread each: two that share a convolution this small were up to 60 times slower on busy cores
        with torch_threads(1):
            return embed_windows(ecg, vectorise, recipe=self.recipe, threads=threads, **kept)

    def probability(self, vectors: xr.DataArray) -> xr.DataArray:
        """What a finetuned encoder says of its own vectors: 0 to 1, (record); NaN for a record without a vector.

        Raises
        ------
        SignalError
            For an encoder that was taught no label.
        """
        head = self.meta.get("head")
        if head is None:
            raise SignalError(
                f"the encoder {self.name!r}, which was taught no label",
                expected="one that `finetune` made",
                remedy="ecgomics finetune COHORT --label SYSTEM:CODE",
            )
        logit = vectors.astype(np.float64) @ xr.DataArray(np.asarray(head["weight"]), dims="latent") + head["bias"]
        return (1 / (1 + np.exp(-logit))).rename(str(head["label"]))

    def to_dataset(self) -> xr.Dataset:
        """The encoder as plain arrays."""
        return xr.Dataset({"weights": ("weight", self.weights)}, attrs={"meta": json.dumps(self.meta)})

    @classmethod
    def from_dataset(cls, stored: xr.Dataset) -> Encoder:
        """The encoder of a stored Dataset, such as `Embedding.fit`."""
        return cls(np.asarray(stored["weights"].values, dtype=np.float32), json.loads(stored.attrs["meta"]))

    def save(self, path: str | os.PathLike[str]) -> Path:
        """Write one npz file of plain arrays; a reader sees the old file or the new, never half of one."""
        target = Path(path)
        partial = target.with_name(target.name + ".partial")
        with partial.open("wb") as file:
            self.write(file)
        partial.replace(target)
        return target

    def write(self, stream: IO[bytes]) -> None:
        """Write the npz into a stream."""
        np.savez_compressed(stream, weights=self.weights, meta=np.array(json.dumps(self.meta)))

    @classmethod
    def load(cls, path: str | os.PathLike[str]) -> Encoder:
        """Read what `save` wrote. Nothing in the file is executed.

        Raises
        ------
        FormatError
            When it is no such file, or damaged.
        """
        return cls.parse(Path(path).read_bytes())

    @classmethod
    def parse(cls, content: bytes) -> Encoder:
        """As `load`, of the bytes of the file."""
        try:
            with np.load(io.BytesIO(content), allow_pickle=False) as stored:
                weights = np.asarray(stored["weights"], dtype=np.float32)
                meta = json.loads(str(stored["meta"][()]))
        except (ValueError, KeyError, EOFError, zipfile.BadZipFile, AttributeError, TypeError, IndexError) as error:
            raise FormatError(
                "a file that holds no encoder",
                expected="an npz file with weights and meta, as Encoder.save writes",
                remedy="train the encoder again, or fetch the file again",
            ) from error
        return cls(weights, meta)

    def network(self) -> Any:
        """The network with these weights, ready to be called with windows of the recipe (a torch module)."""
        from ecgomics.latent.network import SmallNetwork, restore

        told = self.meta["network"]
        network = SmallNetwork(
            leads=int(told["leads"]),
            widths=tuple(told["widths"]),
            kernel=int(told["kernel"]),
            mixed=int(told.get("mixed", 0)),
        )
        try:
            restore(network, self.weights)
        except ValueError as error:
            raise FormatError(
                f"an encoder with {error}", expected="weights that fit its network", remedy="fetch the file again"
            ) from error
        return network.eval()


def checksum(weights: npt.NDArray[np.float32]) -> str:
    """SHA-256 of the weights' bytes, little-endian."""
    return hashlib.sha256(np.ascontiguousarray(weights, dtype="<f4").tobytes()).hexdigest()
