"""The dossier as one HTML page, in the order of TRIPOD+AI."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from html import escape
from typing import Any

import pandas as pd

from ecgomics.discovery import figures

_STYLE = """
:root{color-scheme:light dark}
body{font:15px/1.5 system-ui,sans-serif;max-width:52rem;margin:2rem auto;padding:0 1rem;color:#1a1d21;background:#fff}
h1{font-size:1.6rem;margin:0 0 .25rem}h2{font-size:1.15rem;margin:2rem 0 .5rem;border-bottom:1px solid #c9cfd6}
h3{font-size:1rem;margin:1.25rem 0 .25rem}
table{border-collapse:collapse;font-size:.85rem;width:100%}th,td{text-align:left;padding:.2rem .5rem .2rem 0;
border-bottom:1px solid #e3e7eb;vertical-align:top}td{overflow-wrap:anywhere}
.wide td{overflow-wrap:normal;white-space:nowrap}th{white-space:nowrap}
td.n{text-align:right;white-space:nowrap;font-variant-numeric:tabular-nums}
svg{max-width:30rem;width:100%;height:auto;background:#fff}.note{color:#5b6470}.wide{overflow-x:auto}
.badge{border:1px solid #5b6470;border-radius:4px;padding:0 .4rem}code{overflow-wrap:anywhere}
@media print{h2{break-after:avoid}svg,table{break-inside:avoid}}
"""

BADGES = {
    "exploratory": "drawn on the data tested: suggestions, no findings",
    "declared": "the group came from outside the data tested; not yet confirmed in other patients",
    "validated": "found in one half of the patients, confirmed in the other",
    "replicated": "confirmed in patients that exploration never saw",
}
_SHOWN = 25


def page(data: Mapping[str, Any]) -> str:
    """One self-contained page of a dossier's dict: no script, nothing fetched, every text escaped."""
    title = data["title"] or f"Contrast: {_group_name(data)}"
    parts = [
        _heading(data, title),
        _methods(data),
        _results(data),
        _evidence(data),
        _confirmation(data),
        _limits(data),
        _tried(data),
        _open_science(data),
    ]
    return (
        '<!doctype html><html lang="en"><head><meta charset="utf-8">'
        '<meta name="viewport" content="width=device-width,initial-scale=1">'
        f"<title>{escape(title)}</title><style>{_STYLE}</style></head><body>{''.join(parts)}</body></html>"
    )


def _heading(data: Mapping[str, Any], title: str) -> str:
    results = data["results"]
    held = [row["badge"] for row in results["table"]]
    replicated = sum(bool(row["replicated"]) for row in data["replication"] or [])
    counts = ", ".join(f"{held.count(badge)} {badge}" for badge in BADGES if held.count(badge))
    told = (
        f"{len(results['candidates'])} of {len(results['table'])} biomarkers are candidates at q &lt; "
        f"{data['recipe']['asked']['settings']['q']:g}; rows by badge: {escape(counts)}; {replicated} replicated."
    )
    badge = results["badge"]
    return (
        f'<h1>{escape(title)}</h1><p><span class="badge">{escape(badge)}</span> {escape(BADGES[badge])}. {told}</p>'
        f'<p class="note">Made {escape(data["made"])}. Research and teaching; not for diagnosis.</p>'
    )


def _methods(data: Mapping[str, Any]) -> str:
    asked, results, plan = data["recipe"]["asked"], data["results"], data["plan"]
    settings, box = asked["settings"], asked["lockbox"]
    rows = [
        ("Analysis", asked["kind"]),
        ("Group", _side(asked.get("group"))),
        ("Against", _side(asked.get("against")) or "all others"),
        ("Drawn on", ", ".join(asked["drawn_on"]) or "not stated"),
        ("Adjusted for", ", ".join(asked["adjust"]) or "nothing"),
        ("Unit", f"the patient ({settings['aggregate']} of the records; mixed patients: {settings['mixed']})"),
        ("Values", f"digest {asked['values']}, {len(results['table'])} biomarkers"),
        ("Lock-box", f"share {box['share']:g}, salt {box['salt']!r}, looked at: {box['part']}"),
        ("Intervals", f"{settings['interval']}, {settings['level']:.0%}, {settings['resamples']} resamples"),
        ("Multiplicity", "Benjamini–Yekutieli over all biomarkers of the contrast"),
        ("Missing values", "left out biomarker by biomarker, and compared as a finding of their own"),
        ("Seeds", f"contrast {settings['seed']}, stability {plan['stability']['seed']}, panel {plan['panel']['seed']}"),
    ]
    region = data["recipe"]["region"]
    if region is not None:
        corners = ", ".join(f"{x:.6g} {y:.6g}" for x, y in region["polygon"])
        rows.append(("Region", f"{region['name']}: POLYGON (({corners}))"))
    body = "".join(f"<tr><th>{escape(name)}</th><td>{escape(str(told))}</td></tr>" for name, told in rows)
    return f"<h2>Methods</h2><table>{body}</table>"


def _results(data: Mapping[str, Any]) -> str:
    results, n = data["results"], data["results"]["counts"]
    flow = [
        ("patients in the group", n["patients_group"]),
        ("patients in the rest", n["patients_rest"]),
        ("records in the group", n["records_group"]),
        ("records in the rest", n["records_rest"]),
        ("patients set aside, not looked at", n["elsewhere"]),
        ("patients with records on both sides", n["mixed"]),
        ("patients left out", n["dropped"]),
        ("records without a patient id", n["unnamed"]),
        ("patients that lack a confounder", n["incomplete"]),
    ]
    table = pd.DataFrame(results["table"])
    cloud = None
    parts = ["<h2>Results</h2><h3>Participants</h3>", _table([{"": a, "n": b} for a, b in flow])]
    if "null" in results:
        cloud = pd.DataFrame(results["null"]["points"]).astype(float)
    limit = float(data["recipe"]["asked"]["settings"]["q"])
    parts += ["<h3>Effects</h3>", figures.volcano(_numbers(table), cloud=cloud, limit=limit).svg]
    if "null" in results:
        share = results["null"]["share_of_draws"]
        parts.append(
            f'<p class="note">Grey: the same biomarkers when the labels are dealt anew. In {share:.1%} of '
            f"{data['plan']['draws']} deals anything at all fell below q {limit:g}.</p>"
        )
    parts.append(_table([_effect(row) for row in results["table"][:_SHOWN]]))
    if len(results["table"]) > _SHOWN:
        parts.append(f'<p class="note">The strongest {_SHOWN} of {len(results["table"])}; all are in the JSON.</p>')
    parts += ["<h3>Missing more often on one side</h3>", _missing(results["missingness"])]
    parts += ["<h3>Families</h3>", _table(results["families"]) or "<p>No candidates.</p>"]
    if "stability" in results:
        stable = [row for row in results["stability"] if row["frequency"] > 0][:_SHOWN]
        parts += ["<h3>Stability</h3>", _table(stable) or "<p>Nothing was selected in any draw.</p>"]
    return "".join(parts) + _panel(results.get("panel"))


def _missing(rows: Sequence[Mapping[str, Any]]) -> str:
    if not rows:
        return "<p>Nothing.</p>"
    told = [
        {
            "biomarker": row["biomarker"],
            "missing in the group": _percent(row["share_group"]),
            "in the rest": _percent(row["share_rest"]),
            "q": _small(row["q_missing"]),
        }
        for row in rows[:_SHOWN]
    ]
    return (
        "<p>Missing values are no accident here: effects of these biomarkers hold for the patients that have them.</p>"
        + _table(told)
    )


def _percent(share: float | None) -> str:
    return "" if share is None else f"{share:.1%}"


def _effect(row: Mapping[str, Any]) -> dict[str, Any]:
    """One row of the table of effects, its interval beside each number."""
    effect = next(name for name in ("auc", "rho", "hr") if name in row)
    told = {"biomarker": row["biomarker"], "unit": row["unit"], effect: _ranged(row, effect, ""), "q": _small(row["q"])}
    if row.get(f"{effect}_adjusted") is not None:
        told |= {"adjusted": _ranged(row, effect, "_adjusted"), "q adjusted": _small(row["q_adjusted"])}
    kept = ("median_group", "median_rest", "median_change", "q_second", "q_blob", "concordance")
    told |= {name: _small(row[name]) if name.startswith("q_") else row[name] for name in kept if name in row}
    missing = [str(row[name]) for name in ("missing_group", "missing_rest") if name in row]
    badge = "defines the group" if row["defines_group"] else row["badge"]
    return told | {"missing": " / ".join(missing), "badge": badge}


def _ranged(row: Mapping[str, Any], effect: str, suffix: str) -> str:
    value, low, high = (row[f"{name}{suffix}"] for name in (effect, "low", "high"))
    return "" if value is None else f"{value:.2f} ({low:.2f}–{high:.2f})"


def _small(q: float | None) -> str:
    if q is None:
        return ""
    return "< .001" if q < 0.001 else f"{q:.2g}"


def _panel(panel: Mapping[str, Any] | None) -> str:
    if panel is None:
        return ""
    if "reason" in panel:
        return f"<h3>Panel</h3><p>None: {escape(panel['reason'])}</p>"
    return "".join(
        [
            "<h3>Panel</h3>",
            _table(panel["members"]) or "<p>No biomarker was chosen.</p>",
            "<h3>Performance on patients left out</h3>",
            _table(panel["models"]),
            _table(panel["gains"]),
            figures.calibration(_numbers(pd.DataFrame(panel["calibration"]))).svg,
            figures.decision(_numbers(pd.DataFrame(panel["decision"]))).svg,
        ]
    )


def _evidence(data: Mapping[str, Any]) -> str:
    units = {row["biomarker"]: row["unit"] for row in data["results"]["table"]}
    parts = []
    for name, told in data["results"].get("evidence", {}).items():
        parts += [
            f"<h3>{escape(name)}</h3>",
            figures.dose(_numbers(pd.DataFrame(told["dose"])), unit=units.get(name, "")).svg,
            figures.forest(_numbers(pd.DataFrame(told["subgroups"]))).svg,
            '<p class="note">Records that show it most, and those that speak against it:</p>',
            _table(told["records"]),
        ]
    return f"<h2>Evidence</h2>{''.join(parts)}" if parts else ""


def _confirmation(data: Mapping[str, Any]) -> str:
    if data["replication"] is None:
        return "<h2>Replication</h2><p>None of these candidates was put to patients set aside.</p>"
    return "<h2>Replication</h2>" + _table(data["replication"])


def _limits(data: Mapping[str, Any]) -> str:
    notes = "".join(f"<li>{escape(note)}</li>" for note in data["results"]["notes"])
    fixed = (
        "<li>Effects are associations in the patients at hand, at the time of the recording.</li>"
        "<li>Adjustment holds for the confounders named, in the form of splines and indicators; not for others.</li>"
        "<li>q-values count the biomarkers of this contrast, not the contrasts tried before it, listed below.</li>"
    )
    return f"<h2>Limits</h2><ul>{notes}{fixed}</ul>"


def _tried(data: Mapping[str, Any]) -> str:
    entries = data["ledger"]["entries"]
    if not entries:
        return "<h2>Every contrast tried</h2><p>No ledger was kept: how often was asked before is not known.</p>"
    from ecgomics.discovery.ledger import Ledger

    ledger = Ledger.from_dict(data["ledger"])
    rows = [{str(name): entry for name, entry in row.items()} for row in ledger.table().to_dict("records")]
    told = f"<p>{ledger.contrasts} contrasts, {ledger.tests} tests.</p>"
    return f"<h2>Every contrast tried</h2>{told}{_table(rows)}"


def _open_science(data: Mapping[str, Any]) -> str:
    versions = "".join(
        f"<tr><th>{escape(name)}</th><td>{escape(str(told))}</td></tr>" for name, told in data["versions"].items()
    )
    chosen = set(data["results"]["candidates"])
    defined = [row for row in data["definitions"] if row["biomarker"] in chosen]
    sides = data["recipe"]
    return (
        f"<h2>Open science</h2><h3>Versions</h3><table>{versions}</table>"
        f"<h3>Definitions of the candidates</h3>{_table(defined) or '<p>No candidates.</p>'}"
        f"<h3>Records</h3><p>{len(sides['group'])} and {len(sides['rest'])}; their ids are in the JSON, from which "
        "<code>ecgomics discover --recipe</code> makes every number of this page again.</p>"
    )


def _table(rows: Sequence[Mapping[str, Any]]) -> str:
    if not rows:
        return ""
    names = list(rows[0])
    head = "".join(f"<th>{escape(str(name).replace('_', ' '))}</th>" for name in names)
    body = "".join("<tr>" + "".join(_cell(row.get(name)) for name in names) + "</tr>" for row in rows)
    return f'<div class="wide"><table><thead><tr>{head}</tr></thead><tbody>{body}</tbody></table></div>'


def _cell(entry: Any) -> str:
    if entry is None:
        return "<td></td>"
    if isinstance(entry, bool):
        return f"<td>{'yes' if entry else 'no'}</td>"
    if isinstance(entry, (int, float)):
        return f'<td class="n">{entry:.3g}</td>' if isinstance(entry, float) else f'<td class="n">{entry}</td>'
    return f"<td>{escape(str(entry))}</td>"


def _numbers(table: pd.DataFrame) -> pd.DataFrame:
    """Columns that are numbers or missing, as floats again."""
    words = {"biomarker", "dimension", "lead", "unit", "badge", "by", "subgroup", "defines_group"}
    return table.assign(**{name: table[name].astype(float) for name in table.columns if name not in words})


def _side(described: Mapping[str, Any] | None) -> str:
    if not described:
        return ""
    name = described.get("name", "records")
    definition = f" = {described['definition']}" if described.get("definition") else ""
    return f"{name}{definition}; {described['records']} records, digest {described['digest']}"


def _group_name(data: Mapping[str, Any]) -> str:
    described = data["recipe"]["asked"].get("group") or {}
    return str(described.get("name") or data["recipe"]["asked"]["kind"])
