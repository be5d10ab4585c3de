"""`agreement`: the outcomes of a rule against a label, with intervals, and the records on which they differ most."""

from __future__ import annotations

import math
from collections.abc import Iterable
from dataclasses import dataclass
from html import escape
from statistics import NormalDist
from typing import Any, Literal

import numpy as np
import numpy.typing as npt
import pandas as pd
import xarray as xr

from ecgomics.errors import RuleError, did_you_mean
from ecgomics.rules.kleene import MET, UNKNOWN
from ecgomics.vocabulary import STATES

Unknown = Literal["not_met", "left_out"]
Bools = npt.NDArray[np.bool_]

SHARES = ("prevalence", "labelled", "sensitivity", "specificity", "ppv", "npv", "f1")


@dataclass(frozen=True)
class Rate:
    """A share and its interval.

    `part` of `whole` records; `low` and `high` by Wilson's score interval on `effective` records. All NaN where `whole`
    is 0.
    """

    value: float
    low: float
    high: float
    part: int
    whole: int
    effective: float

    def __str__(self) -> str:
        if self.whole == 0:
            return "–"
        return f"{self.value:.2f} ({self.low:.2f}–{self.high:.2f}), {self.part}/{self.whole}"


@dataclass(frozen=True, repr=False)
class Agreement:
    """A rule against a label.

    Parameters
    ----------
    rule
        Id of the rule.
    records, patients
        How many were compared.
    prevalence, labelled
        Share of the records in which the rule is met, and in which the label is set.
    sensitivity, specificity, ppv, npv, f1
        The label is taken as the truth, which it need not be.
    unknown
        Records on which the rule is unknown.
    disagreements
        Columns record, kind (``met, not labelled`` or ``labelled, not met``), state and margin (in fractions of the
        deciding limit; NaN when unknown); widest margin first, unknown ones last.
    """

    rule: str
    records: int
    patients: int
    prevalence: Rate
    labelled: Rate
    sensitivity: Rate
    specificity: Rate
    ppv: Rate
    npv: Rate
    f1: Rate
    unknown: int
    disagreements: pd.DataFrame

    def __repr__(self) -> str:
        told = ", ".join(f"{name} {getattr(self, name)}" for name in ("sensitivity", "specificity", "ppv"))
        return f"<Agreement of {self.rule} on {self.records} records: {told}>"

    def _repr_html_(self) -> str:
        rows = "".join(f"<tr><th>{name}</th><td>{escape(str(getattr(self, name)))}</td></tr>" for name in SHARES)
        return f"<div><b>{escape(self.rule)}</b>, {self.records} records<table>{rows}</table></div>"

    def row(self) -> dict[str, Any]:
        """As one row of a table."""
        flat: dict[str, Any] = {"rule": self.rule, "records": self.records, "patients": self.patients}
        for name in SHARES:
            rate: Rate = getattr(self, name)
            flat |= {name: rate.value, f"{name}_low": rate.low, f"{name}_high": rate.high}
        return flat | {"unknown": self.unknown}


def agreement(
    findings: xr.Dataset,
    label: pd.Series,
    *,
    rule: str,
    patient: pd.Series | None = None,
    unknown: Unknown = "not_met",
    level: float = 0.95,
) -> Agreement:
    """Compare the outcomes of a rule with a label.

    Parameters
    ----------
    findings
        As `evaluate` returns: `state` and `margin`, dims ``(record, rule)``.
    label
        Whether the label is set, by record id; records that are absent or missing (NaN, None) are left out.
    rule
        Id of the rule.
    patient
        Patient by record id. Records of one patient are then no independent draws: every interval is Wilson's at the
        effective number of records. None, or an empty id: every record stands for itself.
    unknown
        What a rule left unknown counts as: not met (the stricter for its sensitivity), or the record is left out.
    level
        Coverage of the intervals, 0 to 1.

    Raises
    ------
    RuleError
        For a rule that was not judged, or when no record has a label.

    Notes
    -----
    The effective number is that of records over the design effect of the ratio estimator (Rao and Scott, Biometrics
    1992), never more than the records; where every record has one outcome it is the number of patients. F1 is a
    function of the share TP/(TP + FP + FN); its interval is that share's, mapped.

    Examples
    --------
    >>> found = agreement(findings, label, rule="first_degree_block")  # doctest: +SKIP
    >>> str(found.sensitivity)  # doctest: +SKIP
    '0.83 (0.61–0.94), 15/18'
    """
    known = [str(name) for name in findings["rule"].values]
    if rule not in known:
        raise RuleError(f"no outcomes of a rule {rule!r}", expected="a rule judged", remedy=did_you_mean(rule, known))
    records = findings["record"].values.astype(str)
    truth = label.reindex(records)
    kept = truth.notna().to_numpy()
    if not kept.any():
        raise RuleError("no record with a label", expected="labels of records with findings, by record id")
    column = findings.isel(rule=known.index(rule))
    state = column["state"].values[kept]
    margin = column["margin"].values[kept].astype(float)
    records = records[kept]
    positive = truth.to_numpy()[kept].astype(bool)
    unit = _units(records, patient)
    compared = np.ones(len(state), dtype=bool) if unknown == "not_met" else state != UNKNOWN
    met = state == MET
    share = _Shares(unit, level)

    def rate(part: Bools, whole: Bools) -> Rate:
        return share(part & compared, whole & compared)

    everyone = np.ones(len(state), dtype=bool)
    return Agreement(
        rule=rule,
        records=int(compared.sum()),
        patients=len(np.unique(unit[compared])),
        prevalence=rate(met, everyone),
        labelled=rate(positive, everyone),
        sensitivity=rate(met & positive, positive),
        specificity=rate(~met & ~positive, ~positive),
        ppv=rate(met & positive, met),
        npv=rate(~met & ~positive, ~met),
        f1=_doubled(rate(met & positive, met | positive)),
        unknown=int((state == UNKNOWN).sum()),
        disagreements=_disagreements(records, state=state, margin=margin, positive=positive),
    )


def labelled(
    labels: pd.DataFrame, *, records: Iterable[str], codes: Iterable[str], system: str = "", at_least: float = 0.0
) -> pd.Series:
    """Whether any of some codes is set, by record id.

    Parameters
    ----------
    labels
        Tidy: record, system, code, likelihood (0 to 100; PTB-XL writes 0 where none is stated).
    records
        Records asked for; those without any label at all are missing rather than false.
    codes
        Codes that count.
    system
        Only codes of this system; empty: of any.
    at_least
        Least likelihood that counts.
    """
    wanted, names = set(codes), list(records)
    own = labels[labels["system"] == system] if system else labels
    hit = own[own["code"].isin(wanted) & (own["likelihood"] >= at_least)]
    found = pd.Series(np.isin(names, hit["record"].to_numpy(dtype=str)), index=names, dtype=object)
    found[~np.isin(names, own["record"].to_numpy(dtype=str))] = None
    return found


def wilson(part: float, whole: float, *, level: float = 0.95) -> tuple[float, float]:
    """Wilson's score interval of a share (JASA 1927), 0 to 1; NaN where `whole` is 0."""
    if whole <= 0:
        return math.nan, math.nan
    z = NormalDist().inv_cdf(0.5 + level / 2.0)
    p, spread = part / whole, z * z / whole
    middle = (p + spread / 2.0) / (1.0 + spread)
    half = z / (1.0 + spread) * math.sqrt(p * (1.0 - p) / whole + spread / (4.0 * whole))
    return max(0.0, middle - half), min(1.0, middle + half)


class _Shares:
    """Shares with intervals for records that belong to units (patients)."""

    def __init__(self, unit: npt.NDArray[np.intp], level: float) -> None:
        self.unit, self.level = unit, level

    def __call__(self, part: Bools, whole: Bools) -> Rate:
        total, hits = int(whole.sum()), int((part & whole).sum())
        if total == 0:
            return Rate(math.nan, math.nan, math.nan, 0, 0, 0.0)
        effective = self._effective(part & whole, whole)
        low, high = wilson(hits / total * effective, effective, level=self.level)
        return Rate(hits / total, low, high, hits, total, effective)

    def _effective(self, part: Bools, whole: Bools) -> float:
        size = int(self.unit.max()) + 1
        n = np.bincount(self.unit[whole], minlength=size).astype(float)
        x = np.bincount(self.unit[part], minlength=size).astype(float)
        total, units = float(n.sum()), int((n > 0).sum())
        p = float(x.sum()) / total
        if units == total:
            return total
        if p in (0.0, 1.0) or units < 2:
            return float(units)
        variance = units / (units - 1) * float(((x - p * n) ** 2).sum()) / total**2
        return total / max(variance / (p * (1.0 - p) / total), 1.0)


def _doubled(jaccard: Rate) -> Rate:
    """F1 from the share of true positives among all that are met or labelled."""
    value, low, high = (2.0 * x / (1.0 + x) for x in (jaccard.value, jaccard.low, jaccard.high))
    return Rate(value, low, high, jaccard.part, jaccard.whole, jaccard.effective)


def _units(records: npt.NDArray[np.str_], patient: pd.Series | None) -> npt.NDArray[np.intp]:
    if patient is None:
        return np.arange(len(records))
    who = patient.reindex(records).fillna("").astype(str).to_numpy()
    names = [f"patient {name}" if name else f"record {record}" for name, record in zip(who, records, strict=True)]
    return np.unique(names, return_inverse=True)[1]


def _disagreements(
    records: npt.NDArray[np.str_], *, state: npt.NDArray[np.uint8], margin: npt.NDArray[np.float64], positive: Bools
) -> pd.DataFrame:
    met = state == MET
    wrong = np.flatnonzero(met != positive)
    width = np.nan_to_num(np.abs(margin[wrong]), nan=-1.0)
    wrong = wrong[np.argsort(-width, kind="stable")]
    return pd.DataFrame(
        {
            "record": records[wrong],
            "kind": np.where(met[wrong], "met, not labelled", "labelled, not met"),
            "state": [STATES[code] for code in state[wrong]],
            "margin": margin[wrong],
        }
    )
