"""Weights files that others wrote, read as data: nothing in them is executed, and no more is unpacked than is there."""

from __future__ import annotations

import hashlib
import os
import pickle
import zipfile
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from ecgomics.errors import FormatError

_MOST_BYTES = 2 << 30
_MOST_PICKLE_BYTES = 32 << 20
_PIECE = 1 << 20


def file_checksum(path: str | os.PathLike[str]) -> str:
    """SHA-256 of a file, hexadecimal."""
    digest = hashlib.sha256()
    with Path(path).open("rb") as file:
        while piece := file.read(_PIECE):
            digest.update(piece)
    return digest.hexdigest()


def read_tensors(
    path: str | os.PathLike[str], *, shapes: Mapping[str, tuple[int, ...]], under: Sequence[str] = ("state_dict",)
) -> dict[str, Any]:
    """The named tensors of a PyTorch checkpoint.

    Parameters
    ----------
    path
        A file that ``torch.save`` wrote: a state dict, or a dict with one.
    shapes
        What is wanted, by name. Other entries are left where they are; a ``module.`` before the names is dropped.
    under
        Keys the state dict may lie under.

    Returns
    -------
    dict
        float32 tensors, finite, of exactly those shapes.

    Raises
    ------
    FormatError
        When the file is no such checkpoint, damaged, compressed beyond what it states, asks for code, or lacks a
        tensor or holds it in another shape. There is no laxer way to load it.
    """
    file = Path(path)
    _check_archive(file)
    state = _state_dict(file, under)
    missing = [name for name in shapes if name not in state]
    if missing:
        raise _refusal(f"a checkpoint without {len(missing)} of {len(shapes)} tensors, among them {missing[0]}")
    return {name: _tensor(state[name], name, shape) for name, shape in shapes.items()}


def _check_archive(file: Path) -> None:
    try:
        with zipfile.ZipFile(file) as archive:
            parts = archive.infolist()
    except (OSError, zipfile.BadZipFile, ValueError, NotImplementedError) as error:
        raise _refusal("a file that is no complete PyTorch archive") from error
    if any(part.compress_type != zipfile.ZIP_STORED for part in parts):
        raise _refusal("an archive with compressed parts, which PyTorch never writes")
    if sum(part.file_size for part in parts) > min(_MOST_BYTES, 2 * file.stat().st_size):
        raise _refusal("an archive that unpacks to more than it holds")
    if any(part.filename.endswith(".pkl") and part.file_size > _MOST_PICKLE_BYTES for part in parts):
        raise _refusal("an archive with an overlong table of contents")


def _state_dict(file: Path, under: Sequence[str]) -> dict[str, Any]:
    import torch

    try:
        content = torch.load(file, map_location="cpu", weights_only=True)
    except pickle.UnpicklingError as error:
        raise _refusal("a checkpoint that asks for code to be run, which is never done") from error
    except (RuntimeError, ValueError, KeyError, EOFError, TypeError, AttributeError, IndexError, OSError) as error:
        raise _refusal("a damaged checkpoint") from error
    except (MemoryError, RecursionError, OverflowError, AssertionError, UnicodeDecodeError) as error:
        raise _refusal("a damaged checkpoint") from error
    for key in under:
        if isinstance(content, Mapping) and isinstance(content.get(key), Mapping):
            content = content[key]
    if not isinstance(content, Mapping):
        raise _refusal("a checkpoint that holds no state dict")
    return {str(name).removeprefix("module."): tensor for name, tensor in content.items()}


def _tensor(tensor: Any, name: str, shape: tuple[int, ...]) -> Any:
    import torch

    if not isinstance(tensor, torch.Tensor) or tuple(tensor.shape) != shape:
        told = tuple(tensor.shape) if isinstance(tensor, torch.Tensor) else type(tensor).__name__
        raise _refusal(f"a checkpoint whose {name} is {told} instead of {shape}")
    if tensor.layout != torch.strided or not tensor.is_floating_point():
        raise _refusal(f"a checkpoint whose {name} holds {tensor.dtype}")
    dense = tensor.detach().to(torch.float32).contiguous()
    if not torch.isfinite(dense).all():
        raise _refusal(f"a checkpoint whose {name} is not finite")
    return dense


def _refusal(arrived: str) -> FormatError:
    return FormatError(
        arrived,
        expected="the weights its authors publish, saved by torch.save as tensors alone",
        remedy="fetch the file again and compare its checksum",
    )
