"""For notebooks: recordings seen and measured in a cell, without a dashboard.

``eg.strip(cohort, record)`` shows a recording; after ``import ecgomics.notebook`` (which ``eg.strip`` does) an ECG has
``ecg.ecg.strip()`` and ``ecg.ecg.delineate()``, and a Dataset that holds one ``ds.ecg.strip()``. All of it is plain
anywidget, so it also shows where no server of ours runs, as in editors that speak the notebook protocol.
"""

from __future__ import annotations

import math
from collections.abc import Iterable
from typing import TYPE_CHECKING, Any

import numpy as np
import xarray as xr

from ecgomics.errors import CohortError, VocabularyError
from ecgomics_widgets import Strip, Window
from ecgomics_widgets.tiling import MOST_VALUES, SAMPLES_A_COLUMN

if TYPE_CHECKING:
    from ecgomics.cohort import Cohort
    from ecgomics.records import Record
    from ecgomics.rules import Span
    from ecgomics.waves import Beats

__all__ = ["Ecg", "EcgArray", "LongRecording", "drawn", "strip"]

WHOLE_S = 60.0
"""Recordings up to this long are handed over whole; of longer ones what is looked at."""


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
        return Strip(_one(self._array), **params)

    def delineate(self, **options: Any) -> Beats:
        """Its beats and marks; `options` are those of `ecgomics.waves.delineate`."""
        from ecgomics.waves import delineate

        return delineate(self._array, **options)


class EcgArray(xr.DataArray):
    """``ds.ecg``: the Dataset's variable ``ecg``, with `strip` and `delineate` on it.

    A DataArray in everything else.
    """

    __slots__ = ()

    def strip(self, **params: Any) -> Strip:
        """A `Strip` of it; `params` are the strip's."""
        return Ecg(self).strip(**params)

    def delineate(self, **options: Any) -> Beats:
        """Its beats and marks; `options` are those of `ecgomics.waves.delineate`."""
        return Ecg(self).delineate(**options)


class LongRecording:
    """A recording too long to hand over whole: the cohort is asked for every stretch that is looked at.

    Parameters
    ----------
    cohort
        An open `Cohort`.
    record
        Its id.
    duration_s
        Its length, s.
    """

    def __init__(self, cohort: Any, record: str, *, duration_s: float) -> None:
        glance = cohort.window(record, 0.0, duration_s, 1)
        self._cohort = cohort
        self._record = record
        self.leads = tuple(str(lead) for lead in glance["lead"].values)
        self.rate_hz = float(glance.attrs["rate_hz"])
        self.duration_s = duration_s

    def window(self, t0: float, t1: float, width: int) -> Window:
        """The stretch from `t0` to `t1` s for `width` columns: samples, or exact minima and maxima."""
        # a screen of few leads holds more samples a column than one of twelve: they are shown, not their envelope
        count = math.ceil((min(t1, self.duration_s) - max(t0, 0.0)) * self.rate_hz)
        if count <= min(SAMPLES_A_COLUMN, MOST_VALUES / len(self.leads)) * width:
            width = max(width, count)
        found = self._cohort.window(self._record, t0, t1, width)
        if found.attrs["kind"] == "samples":
            times = found["time"].values if "time" in found.coords else np.array([t0])
            start = float(times[0]) if len(times) else t0
            return Window(np.asarray(found["ecg"].values, dtype=np.float32), start, 1 / self.rate_hz)
        both = np.stack([found["low"].values, found["high"].values], axis=2).astype(np.float32)
        start_s, stop_s = found["start_s"].values, found["stop_s"].values
        if not len(start_s):
            return Window(both, t0, 1.0)
        # columns end on whole samples, so one alone is up to a sample off; all together are right
        return Window(both, float(start_s[0]), float(stop_s[-1] - start_s[0]) / len(start_s))


def strip(
    source: Record | Cohort | xr.DataArray, record: str | None = None, *, rules: Iterable[str] = (), **params: Any
) -> Strip:
    """A strip of a recording, ready for a notebook cell.

    Parameters
    ----------
    source
        A record, an array with dims (lead, time) in mV, or a cohort.
    record
        Which record of the cohort; marks and beats are drawn once it is analysed. A long one is read
        as it is looked at.
    rules
        Ids of rules whose evidence is drawn; of a cohort that is analysed.
    **params
        Parameters of `ecgomics_widgets.Strip`.

    Raises
    ------
    VocabularyError
        When a cohort comes without the id of a record, or rules without a cohort; for anything else than these.
    CohortError
        When the cohort has no such record, or rules are asked for before it is analysed.

    Examples
    --------
    >>> strip(cohort, cohort.ids[0], rules=["first_degree_block"])  # doctest: +SKIP
    """
    from ecgomics.cohort import Cohort
    from ecgomics.records import Record

    wanted = list(rules)
    if not isinstance(source, Cohort):
        if wanted:
            raise VocabularyError("rules for a recording alone", expected="a cohort and the id of one of its records")
        return Strip(source.ecg if isinstance(source, Record) else _one(source), **_told(source), **params)
    if record is None:
        raise VocabularyError("a cohort without a record", expected="the id of one", remedy="strip(cohort, record_id)")
    record = str(record)
    seconds = float(source.records["duration_s"].get(record, 0.0))
    if seconds > WHOLE_S:
        drawn: dict[str, Any] = {"ecg": LongRecording(source, record, duration_s=seconds)}
    else:
        drawn = {"ecg": source.ecg(record)}
    drawn |= _beats(source, record) | ({"spans": _evidence(source, record, wanted)} if wanted else {})
    drawn["provenance"] = "synthetic" if (source.labels["system"] == "synthetic").any() else "recorded"
    return Strip(**{**drawn, **params})


def _one(array: xr.DataArray) -> xr.DataArray:
    """A plain (lead, time) array; a block of one record loses that dim."""
    if not isinstance(array, xr.DataArray):
        raise VocabularyError(
            f"a {type(array).__name__}",
            expected="a Record, a DataArray (lead, time) or a cohort",
            remedy="strip(ecgomics.read(path)) draws a file",
        )
    if "record" in array.dims and array.sizes["record"] == 1:
        array = array.isel(record=0)
    return xr.DataArray(array)


def _told(source: Any) -> dict[str, str]:
    labels = getattr(source, "labels", ())
    synthetic = any(getattr(label, "system", "") == "synthetic" for label in labels)
    return {"provenance": "synthetic"} if synthetic else {}


def _beats(cohort: Cohort, record: str) -> dict[str, Any]:
    try:
        beats = cohort.beats_of(record).beats
    except CohortError:
        return {}
    return {"beats": beats, "marks": beats}


def _evidence(cohort: Cohort, record: str, rules: list[str]) -> list[Any]:
    from ecgomics.rules import load_rules, spans, trace

    values, subjects = cohort.biomarkers.sel(record=[record]).load(), cohort.subjects.sel(record=[record])
    beats, known = cohort.beats_of(record), load_rules()
    titles = {rule.id: rule.dimension for rule in known}
    found = [trace(values, record=record, rule=rule, subjects=subjects, rules=known) for rule in rules]
    return [
        span
        for finding, rule in zip(found, rules, strict=True)
        for span in drawn(spans(finding, beats), dimension=titles.get(rule, ""), leads=beats.beats["lead"].values)
    ]


def drawn(found: Iterable[Span], *, dimension: str, leads: Iterable[str]) -> list[dict[str, Any]]:
    """Evidence as a strip draws it.

    Parameters
    ----------
    found
        Spans of one finding.
    dimension
        Of the rule: the evidence's colour.
    leads
        Leads of the recording; what is in no one lead is drawn where the rhythm is read, not twelve times over.
    """
    rhythm = tuple(lead for lead in ("II",) if lead in set(map(str, leads)))
    said: set[tuple[Any, ...]] = set()
    rows = []
    for span in found:
        # a value of the whole record is written once, not at every beat
        repeated = span.kind != "interval" and (span.clause, span.leads, span.label) in said
        said.add((span.clause, span.leads, span.label))
        place = {"leads": span.leads or rhythm, "start_s": span.start_s, "stop_s": span.stop_s}
        rows.append({**place, "label": "" if repeated else span.label, "dimension": dimension})
    return rows


def _of_dataset(dataset: xr.Dataset) -> Any:
    # a Dataset without an ECG keeps saying so in its own words when something is asked of it
    return EcgArray(dataset["ecg"]) if "ecg" in dataset else Missing(dataset)


class Missing:
    """What ``ds.ecg`` is of a Dataset without a variable ``ecg``: says what it has instead."""

    def __init__(self, dataset: xr.Dataset) -> None:
        self._names = [str(name) for name in dataset.data_vars]

    def __getattr__(self, name: str) -> Any:
        if name.startswith("_"):
            raise AttributeError(name)
        raise VocabularyError(
            f"a Dataset without a variable 'ecg' (it has {', '.join(self._names[:6]) or 'none'})",
            expected="an ECG, dims (lead, time), mV",
            remedy="take one variable: dataset['name'].ecg.strip()",
        )


xr.register_dataset_accessor("ecg")(_of_dataset)
