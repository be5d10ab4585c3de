"""Comparisons: with another program's measurements, with the patient's own earlier record, with a model."""

from __future__ import annotations

import argparse
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

from ecgomics.cli.grammar import cohort_of, opened, verb_of
from ecgomics.errors import CohortError, RuleError

if TYPE_CHECKING:
    import pandas as pd

    from ecgomics.cohort import Cohort

SHOWN = (
    *("HR_Mean_Global", "P_Dur_Global", "PR_Int_Global", "QRS_Dur_Global", "QT_Int_Global", "QT_IntFridericia_Global"),
    *("QRS_AxisFront_Global", "T_AxisFront_Global", "R_Amp_V5", "S_Amp_V1", "ST_Amp_V2", "ST_Amp_V5", "T_Amp_V5"),
)
"""Columns shown on the terminal; `--out` holds them all."""


def compare(verbs: Any) -> None:
    """Add the verb."""
    verb = verb_of(verbs, "compare", _run_compare, "how far another program's measurements lie from ours")
    cohort_of(verb)
    verb.add_argument(
        "--with",
        dest="other",
        metavar="OTHER",
        default="neurokit",
        help="neurokit (its marks, our definitions), or a CSV: by record id, or a feature table of PTB-XL+",
    )
    verb.add_argument("--records", metavar="N", type=int, default=50, help="records drawn for neurokit (default: 50)")
    verb.add_argument("--out", metavar="FILE", type=Path, help="write bias and limits of agreement of every column")


def changes(verbs: Any) -> None:
    """Add the verb."""
    verb = verb_of(verbs, "changes", _run_changes, "what changed since each patient's earlier record")
    cohort_of(verb)
    verb.add_argument("--within-days", type=float, default=float("inf"), help="take variation from pairs this close")
    verb.add_argument("--out", metavar="FILE", type=Path, help="write every change beyond the detectable one as CSV")


def discord(verbs: Any) -> None:
    """Add the verb."""
    verb = verb_of(verbs, "discord", _run_discord, "records on which a model and a rule contradict each other")
    cohort_of(verb)
    verb.add_argument("--rule", metavar="ID", required=True, help="the rule")
    verb.add_argument("--model", metavar="CSV", type=Path, required=True, help="columns record and probability")
    verb.add_argument("--low", type=float, default=0.1, help="the model says no up to this (default: 0.1)")
    verb.add_argument("--high", type=float, default=0.9, help="the model says yes from this on (default: 0.9)")


VERBS = (compare, changes, discord)
"""What this module adds to the command line."""


def _run_compare(given: argparse.Namespace) -> None:
    from ecgomics.biomarkers import against_neurokit, disagreement

    cohort = opened(given)
    if given.other == "neurokit":
        records = cohort.records.sample(min(given.records, len(cohort.records)), random_state=0).index
        known = set(cohort.signal["record"].values.astype(str))
        drawn = [str(record) for record in records if record in known]
        if not drawn:
            raise CohortError("a cohort without short records", expected="recordings of up to a minute")
        print(f"{len(drawn)} records through neurokit, up to some seconds each", file=sys.stderr)
        summary, apart = against_neurokit(cohort.signal.sel(record=drawn).load(), subjects=cohort.subjects)
    else:
        summary, apart = disagreement(cohort.biomarkers.load(), _theirs(cohort, Path(given.other)))
    if given.out is not None:
        summary.to_csv(given.out)
    shown = summary.loc[[name for name in SHOWN if name in summary.index]]
    print(f"{len(apart)} records; ours less theirs: bias, and where 95 % of the differences lie")
    print((shown if len(shown) else summary).to_string(float_format="{:.3g}".format))


def _theirs(cohort: Cohort, path: Path) -> pd.DataFrame:
    import pandas as pd

    from ecgomics.biomarkers import from_ptbxl_plus

    if not path.is_file():
        raise CohortError(f"a table {path.name!r} that is not there", expected="neurokit, or a CSV file")
    table = pd.read_csv(path)
    if "ecg_id" in table.columns:
        number = cohort.records["source"].str.extract(r"^0*(\d+)_[lh]r$")[0].dropna()
        return from_ptbxl_plus(table, records={str(value): str(record) for record, value in number.items()})
    if "record" not in table.columns:
        raise CohortError("a table without a column record or ecg_id", expected="one row a record, by its id")
    return table.assign(record=table["record"].astype(str)).set_index("record")


def _run_changes(given: argparse.Namespace) -> None:
    from ecgomics.biomarkers import change, repeatability
    from ecgomics.biomarkers.serial import earlier_record
    from ecgomics.rules import statement_changes

    cohort = opened(given)
    values, known = cohort.biomarkers.load(), cohort.records
    who, when = known["patient"], known["start"]
    limits = repeatability(values, patient=who, start=when, within_days=given.within_days)
    steps = change(values, patient=who, start=when, detectable=limits["detectable"])
    beyond = steps[["change", "beyond"]].to_dataframe().query("beyond")[["unit", "change"]].reset_index()
    beyond = beyond.merge(steps["earlier"].to_series().rename("earlier"), left_on="record", right_index=True)
    beyond["detectable"] = beyond["biomarker"].map(limits["detectable"])
    if given.out is not None:
        beyond.to_csv(given.out, index=False)
    told = int((limits["pairs"] >= 5).sum())
    print(f"{steps.sizes['record']} records have an earlier one; {told} biomarkers have a detectable change (5 pairs)")
    print(f"{len(beyond)} changes beyond it")
    print(beyond[beyond["biomarker"].isin(SHOWN)].to_string(index=False, float_format="{:.3g}".format))
    print(statement_changes(cohort.findings.load(), earlier_record(who, when)).to_string(index=False))


def _run_discord(given: argparse.Namespace) -> None:
    import pandas as pd

    from ecgomics.rules import discordance

    if not given.model.is_file():
        raise RuleError(f"a table {given.model.name!r} that is not there", expected="a CSV file")
    table = pd.read_csv(given.model)
    if not {"record", "probability"} <= set(table.columns):
        raise RuleError(f"columns {', '.join(map(str, table.columns))}", expected="record and probability")
    probability = table.assign(record=table["record"].astype(str)).set_index("record")["probability"]
    found = discordance(opened(given).findings.load(), probability, rule=given.rule, low=given.low, high=given.high)
    print(found.to_string(index=False, float_format="{:.3g}".format))
    print(f"{len(found)} records")
