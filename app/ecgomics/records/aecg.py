"""HL7 Annotated ECG (aECG): rhythm series, its annotations, and the representative beat derived from it.

Standard: ANSI/HL7 V3 ECG, R1-2004 (PORT_MT020001); codes of ISO/IEEE 11073-10102 (MDC) as used there.
"""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from xml.etree.ElementTree import Element

import numpy as np
import numpy.typing as npt

from ecgomics.errors import FormatError
from ecgomics.records.assembly import Beside, Median, assemble
from ecgomics.records.calendar import age_between, age_of, sex_of, stamp
from ecgomics.records.record import Annotation, Description, Record, device_statements
from ecgomics.records.stated import Stated, rate_checked
from ecgomics.records.units import is_voltage, mv_per
from ecgomics.records.xml_document import child, each, number, numbers, read_xml, words
from ecgomics.vocabulary import normalise_lead

MAX_LEADS = 64
MAX_STRETCH = 100

_SECONDS = {"s": 1.0, "ms": 1e-3, "us": 1e-6}
_MEASURED = {
    "MDC_ECG_HEART_RATE": "HR_Mean_Global",
    "MDC_ECG_TIME_PD_PR": "PR_Int_Global",
    "MDC_ECG_TIME_PD_P": "P_Dur_Global",
    "MDC_ECG_TIME_PD_QRS": "QRS_Dur_Global",
    "MDC_ECG_TIME_PD_QT": "QT_Int_Global",
    "MDC_ECG_TIME_PD_QTc": "QTc_Int_Global",
    "MDC_ECG_TIME_PD_QTC": "QTc_Int_Global",
    "MDC_ECG_TIME_PD_QTCB": "QT_IntBazett_Global",
    "MDC_ECG_TIME_PD_QTCF": "QT_IntFridericia_Global",
    "MDC_ECG_TIME_PD_RR": "RR_Mean_Global",
    "MDC_ECG_ANGLE_P_FRONT": "P_AxisFront_Global",
    "MDC_ECG_ANGLE_QRS_FRONT": "QRS_AxisFront_Global",
    "MDC_ECG_ANGLE_T_FRONT": "T_AxisFront_Global",
}
_UNITS = {"deg": "°", "bpm": "/min", "{beats}/min": "/min"}
_FILTERS = {
    "MDC_ECG_CTL_VBL_ATTR_FILTER_LOW_PASS": "lowpass_hz",
    "MDC_ECG_CTL_VBL_ATTR_FILTER_HIGH_PASS": "highpass_hz",
    "MDC_ECG_CTL_VBL_ATTR_FILTER_NOTCH": "notch_hz",
}


@dataclass(frozen=True)
class _Series:
    """Leads of one sequence set on their common time, and when it begins."""

    samples: npt.NDArray[np.float64]
    names: list[str]
    steps_uv: list[float]
    rate_hz: float
    start: datetime | None
    head_s: float


def read_aecg(path: Path, *, stated: Stated) -> Record:
    """Read an HL7 aECG file.

    The first series coded ``RHYTHM`` (or simply the first) is the recording; its derived ``REPRESENTATIVE_BEAT`` is
    the median beat. Annotations of the rhythm that name a time are kept, those that are numbers become measurements.

    Raises
    ------
    FormatError
        Without a series, a time sequence or a lead, or when the digits do not fit.
    """
    root = read_xml(path)
    notes: list[str] = []
    node = _of_code(list(each(root, "series")), "RHYTHM")
    if node is None:
        raise FormatError("an aECG without a waveform series", expected="a series coded RHYTHM")
    rhythm = _series(node, notes)
    derived = _of_code(list(each(node, "derivedSeries")), "REPRESENTATIVE_BEAT")
    beat = None if derived is None else _series(derived, notes)
    start = rhythm.start or stamp(_value(child(node, "effectiveTime", "low")))
    beside = Beside(
        measurements=dict(_measurements(node)),
        annotations=list(_annotations(node, derived, start=start, head_s=rhythm.head_s)),
        filters=_filters(node),
        median=None if beat is None else Median(beat.samples, beat.names, beat.rate_hz),
        step_uv=rhythm.steps_uv,
    )
    record = assemble(
        rhythm.samples,
        rhythm.names,
        rate_hz=rhythm.rate_hz,
        source=path.stem,
        description=_description(root, node, start),
        notes=notes,
        beside=beside,
    )
    return rate_checked(record, stated)


def _of_code(nodes: list[Element], code: str) -> Element | None:
    named = [node for node in nodes if _code(node) == code]
    return (named or nodes or [None])[0]  # type: ignore[list-item]


def _series(node: Element, notes: list[str]) -> _Series:
    sets = node.findall("component/sequenceSet")
    if not sets:
        raise FormatError("an aECG series without sequences", expected="a sequence set")
    if len(sets) > 1:
        notes.append(f"{len(sets) - 1} further sequence set(s) left out")
    time: Element | None = None
    leads: list[tuple[str, npt.NDArray[np.float64], float]] = []
    for sequence in sets[0].findall("component/sequence"):
        code, value = _code(sequence), sequence.find("value")
        if value is not None and code.startswith("TIME_"):
            time = value
        elif value is not None and value.find("digits") is not None:
            leads.append((code, *_digits(value)))
    if time is None or not leads or len(leads) > MAX_LEADS:
        raise FormatError(f"an aECG with {len(leads)} leads" if time is not None else "an aECG without a time sequence")
    step_s = _seconds(time.find("increment"))
    if not step_s > 0:
        raise FormatError("an aECG without a sampling interval", expected="an increment in s or ms")
    return _Series(
        _padded([lead[1] for lead in leads], notes),
        [name for name, _, _ in leads],
        [step for _, _, step in leads],
        1.0 / step_s,
        stamp(_value(time.find("head"))) if _code_of_list(time) == "GLIST_TS" else None,
        _seconds(time.find("head")) if _code_of_list(time) == "GLIST_PQ" else 0.0,
    )


def _code_of_list(value: Element) -> str:
    return value.get("type", "").rpartition(":")[2]


def _digits(value: Element) -> tuple[npt.NDArray[np.float64], float]:
    raw = numbers(value.findtext("digits"), parted_by=" ")
    scale, origin = value.find("scale"), value.find("origin")
    unit = "uV" if scale is None else scale.get("unit", "")
    if not is_voltage(unit):
        raise FormatError("an aECG lead whose unit is no voltage", expected="uV, mV or V")
    step = 1.0 if scale is None else number(scale.get("value"))
    zero = 0.0 if origin is None else number(origin.get("value")) * mv_per(origin.get("unit") or unit)
    if not (math.isfinite(step) and math.isfinite(zero)):
        raise FormatError("an aECG scale that is no number", expected="a scale and an origin")
    return raw * (step * mv_per(unit)) + zero, abs(step) * mv_per(unit) * 1e3


def _padded(rows: list[npt.NDArray[np.float64]], notes: list[str]) -> npt.NDArray[np.float64]:
    """Leads of one length; shorter ones end in missing samples."""
    longest = max(row.size for row in rows)
    if longest * len(rows) > MAX_STRETCH * max(1, sum(row.size for row in rows)):
        raise FormatError("aECG leads of very different lengths", expected="one recording")
    if any(row.size != longest for row in rows):
        notes.append("leads of different lengths; the shorter ones end in missing samples")
    return np.stack([np.pad(row, (0, longest - row.size), constant_values=np.nan) for row in rows])


def _measurements(node: Element) -> Iterator[tuple[str, tuple[float, str]]]:
    for annotation in each(node, "annotation"):
        value, code = annotation.find("value"), _code(annotation)
        lone = annotation.find("support") is None and code.startswith("MDC_ECG_")
        if value is None or not lone or math.isnan(number(value.get("value"))):
            continue
        unit = value.get("unit", "")
        yield _MEASURED.get(code, code), (number(value.get("value")), _UNITS.get(unit, unit))


def _annotations(
    node: Element, derived: Element | None, *, start: datetime | None, head_s: float
) -> Iterator[Annotation]:
    """Annotations of the rhythm series that have a place in time; those of the derived beat have their own clock."""
    beats = set() if derived is None else set(map(id, each(derived, "annotation")))
    for annotation in each(node, "annotation"):
        if id(annotation) in beats:
            continue
        value = annotation.find("value")
        code = (value.get("code") if value is not None else None) or _code(annotation)
        region = child(annotation, "support", "supportingROI")
        begin, end, leads = _region(region, start=start, head_s=head_s)
        if not math.isnan(begin):
            for lead in leads or [""]:
                yield Annotation(begin, code, "mdc", lead=lead, end_s=None if math.isnan(end) else end)


def _region(region: Element | None, *, start: datetime | None, head_s: float) -> tuple[float, float, list[str]]:
    begin = end = math.nan
    leads: list[str] = []
    for boundary in [] if region is None else region.findall("component/boundary"):
        code, value = _code(boundary), boundary.find("value")
        if code.startswith("MDC_ECG_LEAD_"):
            leads.append(normalise_lead(code))
        elif value is not None and code.startswith("TIME_"):
            low, high = value.find("low"), value.find("high")
            only = value if low is None and high is None else None
            times = [_place(edge, start, head_s) for edge in (low if only is None else only, high)]
            # of a wave known by its end alone, both are the end
            begin, end = times if not math.isnan(times[0]) else (times[1], times[1])
    return begin, end, leads


def _place(edge: Element | None, start: datetime | None, head_s: float) -> float:
    """A boundary in s from the start: a quantity with a unit, or a time stamp."""
    if edge is None:
        return math.nan
    if edge.get("unit"):
        return _seconds(edge) - head_s
    at = stamp(edge.get("value", ""))
    return math.nan if at is None or start is None else (at - start).total_seconds()


def _filters(node: Element) -> dict[str, float]:
    found = {}
    for variable in each(node, "controlVariable"):
        name = _FILTERS.get(_code(variable))
        values = (number(value.get("value")) for value in each(variable, "value"))
        frequency = next((value for value in values if value > 0), math.nan)
        if name and not math.isnan(frequency):
            found[name] = frequency
    return found


def _description(root: Element, node: Element, start: datetime | None) -> Description:
    subject = next(each(root, "trialSubject"), None)
    person = child(subject, "subjectDemographicPerson")
    sex = child(person, "administrativeGenderCode")
    device = next(each(node, "seriesAuthor"), None)
    maker = words(device, "manufacturerOrganization", "name")
    model = words(device, "manufacturedSeriesDevice", "manufacturerModelName")
    identity = child(subject, "id")
    stated_age = _stated_age(root)
    born = stamp(_value(child(person, "birthTime")))
    when = start or stamp(_value(child(root, "effectiveTime", "low")) or _value(child(root, "effectiveTime", "center")))
    return Description(
        patient="" if identity is None else identity.get("extension", ""),
        age=age_between(born, when) if math.isnan(stated_age) else stated_age,
        sex=sex_of("" if sex is None else sex.get("code", "")),
        start=when,
        device=" ".join(word for word in (maker, model) if word),
        labels=device_statements(_statements(node)),
        notes=() if math.isnan(stated_age) else ("age as reported in the file, not reckoned from the day of birth",),
    )


def _statements(node: Element) -> Iterator[str]:
    """Texts of the interpretation, where the device wrote one."""
    for annotation in each(node, "annotation"):
        text = words(annotation, "value")
        if _code(annotation).startswith("MDC_ECG_INTERPRETATION") and text:
            yield text


def _stated_age(root: Element) -> float:
    for variable in each(root, "relatedObservation"):
        value = variable.find("value")
        if _code(variable) == "21612-7" and value is not None:  # LOINC: reported age
            return age_of(number(value.get("value")), value.get("unit") or "a")
    return math.nan


def _seconds(quantity: Element | None) -> float:
    if quantity is None:
        return math.nan
    return number(quantity.get("value")) * _SECONDS.get(quantity.get("unit", "s"), math.nan)


def _value(element: Element | None) -> str:
    return "" if element is None else element.get("value", "")


def _code(element: Element) -> str:
    code = element.find("code")
    return "" if code is None else code.get("code", "")
