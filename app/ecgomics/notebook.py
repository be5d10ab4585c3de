"""For notebooks: after ``import ecgomics.notebook`` an ECG has ``.ecg.strip()`` and ``.ecg.delineate()``.

The accessor sits on `xarray.DataArray`; a Dataset keeps ``dataset.ecg`` for its own variable of that name.
"""

from __future__ import annotations

from typing import Any

import xarray as xr

from ecgomics.cohort import Cohort
from ecgomics.errors import VocabularyError
from ecgomics.records import Record
from ecgomics.waves import Beats
from ecgomics_widgets import Strip

__all__ = ["Ecg", "strip"]


@xr.register_dataarray_accessor("ecg")
class Ecg:
    """``ecg.ecg``: an ECG, dims (lead, time), mV, seen and measured.

    Examples
    --------
    >>> import numpy as np
    >>> flat = xr.DataArray(np.zeros((1, 500)), dims=("lead", "time"), coords={"lead": ["II"]}, attrs={"rate_hz": 500})
    >>> flat.ecg.strip(title="flat").title
    'flat'
    """

    def __init__(self, array: xr.DataArray) -> None:
        self._array = array

    def strip(self, **params: Any) -> Strip:
        """A `Strip` of it; `params` are the strip's."""
        return Strip(self._array, **params)

    def delineate(self, **options: Any) -> Beats:
        """Its beats and marks; `options` are those of `ecgomics.waves.delineate`."""
        from ecgomics.waves import delineate

        return delineate(self._array, **options)


def strip(source: Record | Cohort | xr.DataArray, record: str | None = None, **params: Any) -> Strip:
    """A strip of a recording, ready for a notebook cell.

    Parameters
    ----------
    source
        A record, an array with dims (lead, time) in mV, or a cohort.
    record
        Which record of the cohort.
    **params
        Parameters of `ecgomics_widgets.Strip`.

    Raises
    ------
    VocabularyError
        When a cohort comes without the id of a record.
    """
    if not isinstance(source, Cohort):
        return Strip(source.ecg if isinstance(source, Record) else source, **params)
    if record is None:
        raise VocabularyError("a cohort without a record", expected="the id of one", remedy="strip(cohort, record_id)")
    return Strip(source.ecg(record), **params)
