"""HDF5 files of tracings: one recording, or many of one shape (CODE-15 %, CODE-test, PTB-XL exports), or one a dataset.

Read by h5py (BSD-3). Links and datasets that lead to other files are refused, and so are filters that would load code.
A recording of a file that holds many is named by `file.hdf5#item`, where the item is its exam id, else its number.
"""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from ecgomics.errors import FormatError
from ecgomics.records.array_signal import LEAD_KEYS, RATE_KEYS, SIGNAL_KEYS, UNIT_KEYS, from_array, stated_in
from ecgomics.records.pieces import PIECE_SAMPLES
from ecgomics.records.record import Record
from ecgomics.records.stated import Stated

MAX_ITEMS = 10_000_000
MAX_SAMPLES = 400_000_000
MAX_OBJECTS = 100_000
MAX_DEPTH = 8

_ID_KEYS = ("exam_id", "ecg_id", "record_id", "record", "id", "ids")
_FILTERS = (1, 2, 3, 4, 5, 6, 32000)
"""Filters that are part of HDF5 or h5py: deflate, shuffle, Fletcher, szip, n-bit, scale-offset, LZF."""

_H5PY_RAISES = (OSError, RuntimeError, ValueError, KeyError, TypeError, OverflowError, AttributeError, MemoryError)
"""What damage makes h5py raise: there is no class of its own."""

_CODE_NOTE = "tracings as in CODE-15 %: 400 Hz and a scale of 0.1 mV assumed, as its description says"


@dataclass(frozen=True)
class _Layout:
    """Where recordings lie: a dataset of dims (item, time, lead) or (item, lead, time), or datasets of one each."""

    datasets: tuple[Any, ...]
    stacked: bool
    ids: npt.NDArray[Any] | None

    def __len__(self) -> int:
        return int(self.datasets[0].shape[0]) if self.stacked else len(self.datasets)

    def name(self, item: int) -> str:
        value = item if self.ids is None else self.ids[item]
        return value.decode("utf-8", "replace") if isinstance(value, bytes) else str(value)


def read_hdf5(path: Path, *, stated: Stated, item: str = "") -> Record:
    """Read one recording of an HDF5 file.

    Rate, unit and lead names come from the call, else from datasets or attributes of the file (`fs`, `unit`, `leads`).

    Parameters
    ----------
    item
        Exam id or number of the recording; may be left out where there is only one.

    Raises
    ------
    FormatError
        Without a signal, for an item that is not there, a link outside the file, or an unknown filter.
    """
    with _opened(path) as file:
        layout = _layout(file)
        number = _number_of(layout, item)
        dataset = layout.datasets[0 if layout.stacked else number]
        _check(dataset, math.prod(dataset.shape[1:] if layout.stacked else dataset.shape))
        own = stated_in(_small_values(file, dataset))
        name = path.stem if len(layout) == 1 else f"{path.stem}-{layout.name(number)}"
        code = layout.stacked and dataset.name.lower() == "/tracings" and dataset.shape[1:] == (4096, 12)
        notes: list[str] = []
        rate_hz, unit = stated.rate_hz or own.rate_hz, stated.unit or own.unit
        if code and (rate_hz is None or unit is None):
            notes.append(_CODE_NOTE)
            rate_hz, unit = rate_hz or 400.0, unit or "0.1 mV"
        # a piece of a compressed chunk costs the whole chunk, so what has large ones is read at once
        by_piece = not layout.stacked and math.prod(dataset.chunks or (0,)) <= PIECE_SAMPLES
        values = dataset if by_piece else np.asarray(dataset[number] if layout.stacked else dataset[()])
        values = _trimmed(values, notes) if layout.stacked else values
        whole = Stated(rate_hz, unit, stated.spool)
        return from_array(values, stated=whole, names=own.leads, source=name, notes=notes)


def items(path: Path) -> list[str]:
    """Names of the recordings of an HDF5 file, as `read` takes them behind a `#`; one empty name for a lone one.

    Raises
    ------
    FormatError
        When it holds none or cannot be trusted.
    """
    try:
        with _opened(path) as file:
            layout = _layout(file)
            return [""] if len(layout) == 1 else [layout.name(k) for k in range(len(layout))]
    except _H5PY_RAISES as error:
        raise FormatError(
            f"a damaged HDF5 file ({type(error).__name__} while listing it)", expected="a whole file"
        ) from None


def _opened(path: Path) -> Any:
    import h5py

    try:
        return h5py.File(path, "r", locking=False)
    except OSError:
        raise FormatError(
            "an HDF5 file that cannot be opened", expected="a whole file", remedy="fetch it again"
        ) from None


def _layout(file: Any) -> _Layout:
    found = list(_datasets(file, 0, [0]))
    numeric = [d for d in found if d.dtype.kind in "iuf" and math.prod(d.shape) >= 100]
    stacks = [d for d in numeric if d.ndim == 3 and min(d.shape[1:]) <= 64]
    if stacks:
        chosen = min(stacks, key=lambda d: (_rank(d), d.name))
        if chosen.shape[0] > MAX_ITEMS:
            raise FormatError(f"an HDF5 file of {chosen.shape[0]} recordings", expected=f"at most {MAX_ITEMS}")
        return _Layout((chosen,), True, _ids(found, chosen.shape[0]))
    singles = [d for d in numeric if d.ndim == 2 and min(d.shape) <= 64] or [d for d in numeric if d.ndim == 1]
    named = [d for d in singles if _rank(d) < len(SIGNAL_KEYS)]
    alone = named if len(named) == 1 else singles
    if not alone:
        raise FormatError("an HDF5 file without a signal", expected=f"a dataset named {', '.join(SIGNAL_KEYS)}")
    ordered = tuple(sorted(alone, key=lambda d: d.name))
    ids = np.array([d.name.strip("/").replace("/", "-").encode() for d in ordered])
    return _Layout(ordered, False, ids)


def _datasets(group: Any, depth: int, seen: list[int]) -> Iterator[Any]:
    """All datasets of the file itself; hard links only, so that nothing outside is touched."""
    import h5py

    for name in group:
        seen[0] += 1
        if seen[0] > MAX_OBJECTS or depth > MAX_DEPTH:
            raise FormatError("an HDF5 file of too many or too deep groups", expected="tracings")
        link = group.get(name, getlink=True)
        if not isinstance(link, h5py.HardLink):
            if isinstance(link, h5py.ExternalLink):
                raise FormatError("an HDF5 file that refers to another file", expected="tracings in the file itself")
            continue
        thing = group[name]
        if isinstance(thing, h5py.Group):
            yield from _datasets(thing, depth + 1, seen)
        elif isinstance(thing, h5py.Dataset):
            yield thing


def _rank(dataset: Any) -> int:
    name = dataset.name.rsplit("/", 1)[-1].lower()
    return SIGNAL_KEYS.index(name) if name in SIGNAL_KEYS else len(SIGNAL_KEYS)


def _ids(datasets: list[Any], count: int) -> npt.NDArray[Any] | None:
    """Exam ids, if a dataset holds as many different ones as there are recordings."""
    for dataset in datasets:
        name = dataset.name.rsplit("/", 1)[-1].lower()
        if name in _ID_KEYS and dataset.shape == (count,) and dataset.dtype.kind in "iuSO":
            _check(dataset, count)
            values = np.asarray(dataset[()])
            if values.dtype.kind == "O":
                values = np.array([v if isinstance(v, bytes) else str(v).encode() for v in values])
            if np.unique(values).size == count:
                return values
    return None


def _number_of(layout: _Layout, item: str) -> int:
    if not item and len(layout) == 1:
        return 0
    if layout.ids is None:
        numbers = [int(item)] if item.isdecimal() and len(item) < 10 and int(item) < len(layout) else []
    elif layout.ids.dtype.kind in "iu":
        numbers = np.flatnonzero(layout.ids == int(item)).tolist() if item.isdecimal() and len(item) < 19 else []
    else:
        numbers = np.flatnonzero(layout.ids == item.encode()).tolist()
    if len(numbers) == 1:
        return int(numbers[0])
    raise FormatError(
        f"an HDF5 file of {len(layout)} recordings" if not item else "a recording that is not in the HDF5 file",
        expected="the name of one",
        remedy="read file.hdf5#NAME; find() lists the names",
    )


def _check(dataset: Any, wanted: int) -> None:
    """Refuse what is too large, what lies in another file, and filters that are not built in."""
    if wanted > MAX_SAMPLES:
        raise FormatError(f"an HDF5 recording of {wanted} values", expected=f"at most {MAX_SAMPLES}")
    if dataset.is_virtual or dataset.external:
        raise FormatError("an HDF5 dataset whose values lie in another file", expected="values in the file itself")
    plist = dataset.id.get_create_plist()
    filters = [plist.get_filter(k)[0] for k in range(plist.get_nfilters())]
    if any(number not in _FILTERS for number in filters):
        raise FormatError("an HDF5 dataset with a filter that is not built in", expected="deflate, shuffle or LZF")
    chunk = math.prod(dataset.chunks) if dataset.chunks else 0
    if chunk > MAX_SAMPLES:
        raise FormatError(f"an HDF5 chunk of {chunk} values", expected=f"at most {MAX_SAMPLES}")


def _small_values(file: Any, dataset: Any) -> dict[str, Any]:
    """Attributes and small datasets that state rate, unit or leads; nearest to the signal last, so that it wins."""
    wanted = (*RATE_KEYS, *UNIT_KEYS, *LEAD_KEYS)
    found: dict[str, Any] = {}
    places = [file] if dataset.parent == file else [file, dataset.parent]
    for place in places:
        for name in place:
            thing = place[name] if name.lower() in wanted and place.get(name, getclass=True) is type(dataset) else None
            if thing is not None and math.prod(thing.shape) <= 64 and thing.id != dataset.id:
                _check(thing, 64)
                found[name.lower()] = thing[()]
        found |= {name.lower(): value for name, value in place.attrs.items() if name.lower() in wanted}
    return found | {name.lower(): value for name, value in dataset.attrs.items() if name.lower() in wanted}


def _trimmed(values: npt.NDArray[Any], notes: list[str]) -> npt.NDArray[Any]:
    """Without the zeros that fill recordings of different length up to one shape, at the start and at the end."""
    if values.ndim != 2:
        return values
    across = 0 if values.shape[0] < values.shape[1] else 1
    used = np.flatnonzero((values != 0).any(axis=across))
    if not used.size:
        return values
    first, last = int(used[0]), int(used[-1]) + 1
    length = values.shape[1 - across]
    if length - (last - first) < 0.01 * length:
        return values
    notes.append(f"{first} filled samples at the start and {length - last} at the end left out")
    return values[:, first:last] if across == 0 else values[first:last]
