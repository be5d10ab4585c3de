"""Records as the stages see them: at the cohort's rate and on its leads; a long one in a file and not in memory."""

from __future__ import annotations

import mmap
import tempfile
import threading
import time
import weakref
from collections.abc import Sequence
from typing import IO, Any

import numpy as np
import numpy.typing as npt
import xarray as xr

from ecgomics.cohort.cohort import Cohort
from ecgomics.cohort.resample import resample_pieces, resampled_length

_SWEPT_EVERY_S = 0.1


def common_rate(cohort: Cohort, records: Sequence[str]) -> xr.DataArray:
    """Short records, or one long one, as stages see them.

    A long recording is brought to the common rate piece by piece, in a file without a name beside the store that is
    mapped into memory and goes with the array: what is not being looked at takes none.

    Returns
    -------
    xr.DataArray
        Dims ``(record, lead, time)``, float32 mV at the cohort's rate and on its leads; NaN = missing or padding.
    """
    if len(records) > 1 or cohort.records.at[records[0], "kind"] == "short":
        return cohort.block(records)
    whole = _laid_down(cohort, records[0])
    coords = {"record": list(records), "lead": list(cohort.leads)}
    attrs = {"rate_hz": cohort.rate_hz, "units": "mV"}
    return xr.DataArray(whole[np.newaxis], dims=("record", "lead", "time"), coords=coords, attrs=attrs, name="ecg")


def _laid_down(cohort: Cohort, record: str) -> npt.NDArray[np.float32]:
    """A long recording's leads at the common rate, dims ``(lead, time)``, in a mapped file."""
    row: dict[Any, Any] = cohort.records.loc[record].to_dict()
    samples = int(row["samples"])
    rates = {"from_hz": float(row["native_hz"]), "to_hz": cohort.rate_hz}
    length = resampled_length(samples, **rates)
    own = [str(lead) for lead in cohort.ecg(record, stop=1)["lead"].values]

    def read(start: int, stop: int) -> npt.NDArray[np.float32]:
        return np.asarray(cohort.ecg(record, start=start, stop=stop).values, dtype=np.float32)

    with tempfile.TemporaryFile(dir=cohort.scratch) as file:
        at = 0
        for piece in resample_pieces(read, samples=samples, **rates):
            gap = np.full(piece.shape[1], np.nan, dtype=np.float32)
            for place, lead in enumerate(cohort.leads):
                file.seek(4 * (place * length + at))
                file.write((piece[own.index(lead)] if lead in own else gap).tobytes())
            at += piece.shape[1]
        file.flush()
        return _mapped(file, (len(cohort.leads), length))


def _mapped(file: IO[bytes], shape: tuple[int, int]) -> npt.NDArray[np.float32]:
    """The file as an array whose pages leave the process's memory soon after they were looked at."""
    mapping = mmap.mmap(file.fileno(), 0)
    if hasattr(mmap, "MADV_DONTNEED"):
        # shared with the file, so a page that is given up loses nothing: it is read again when it is looked at again
        threading.Thread(target=_sweep, args=(weakref.ref(mapping),), daemon=True).start()
    return np.ndarray(shape, dtype=np.float32, buffer=mapping)


def _sweep(found: weakref.ref[mmap.mmap]) -> None:
    while (mapping := found()) is not None:
        mapping.madvise(mmap.MADV_DONTNEED)
        del mapping
        time.sleep(_SWEPT_EVERY_S)
