"""The command `ecgomics`: one thin verb a stage. What each does is in the engine; here it only gets its options."""

from __future__ import annotations

import argparse
import json
import sys
import tomllib
from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict
from pathlib import Path
from typing import Any

import param

import ecgomics
from ecgomics import settings as stages
from ecgomics.errors import EcgomicsError, SettingsError, did_you_mean

ABOUT = """\
Turn raw electrocardiograms into digital biomarkers that a person can see, question and trust.

  ecgomics ingest   ptb-xl/ ptb-xl.zarr     take recordings into a cohort
  ecgomics analyse  ptb-xl.zarr             beats, biomarkers, rules
  ecgomics embed    ptb-xl.zarr             vectors
  ecgomics project  ptb-xl.zarr             a map of them
  ecgomics serve    ptb-xl.zarr             look at it in a browser
"""

CAVEAT = "For research and teaching: findings say which criteria are met, they are not diagnoses."

SECTIONS: dict[str, type[stages.Settings]] = {
    "ingest": stages.IngestSettings,
    "waves": stages.WavesSettings,
    "biomarkers": stages.BiomarkerSettings,
    "rules": stages.RuleSettings,
    "latent": stages.LatentSettings,
    "projection": stages.ProjectionSettings,
}
"""Sections of a settings file, and the settings each holds."""

_USES = {
    "ingest": ("ingest",),
    "analyse": ("waves", "biomarkers", "rules"),
    "embed": ("latent",),
    "project": ("projection",),
}
"""Sections whose settings a verb takes."""


def main(arguments: Sequence[str] | None = None) -> int:
    """Run a command line; the exit code: 0 done, 1 a check found something, 2 an error, 130 interrupted."""
    try:
        given = parser().parse_args(arguments)
        return int(given.run(given) or 0)
    except EcgomicsError as error:
        print(f"ecgomics: {error}", file=sys.stderr)
        return 2
    except BrokenPipeError:
        # whoever read the output has seen enough
        sys.stderr.close()
        return 0
    except KeyboardInterrupt:
        print("\necgomics: interrupted; what was committed is kept, and the same command goes on", file=sys.stderr)
        return 130


def parser() -> argparse.ArgumentParser:
    """The command line's grammar."""
    top = argparse.ArgumentParser(
        prog="ecgomics", description=ABOUT, epilog=CAVEAT, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    top.add_argument("--version", action="version", version=f"ecgomics {ecgomics.__version__}")
    verbs = top.add_subparsers(title="verbs", metavar="VERB", required=True)
    _ingest(verbs)
    _analyse(verbs)
    _embed(verbs)
    _encoders(verbs)
    _project(verbs)
    _export(verbs)
    _catalogue(verbs)
    _rules(verbs)
    _about_a_cohort(verbs)
    _inspect(verbs)
    _serve(verbs)
    _demo(verbs)
    _bench(verbs)
    return top


# the verbs


def _ingest(verbs: Any) -> None:
    verb = _verb(verbs, "ingest", _run_ingest, "take recordings into a cohort, which is made when absent")
    verb.add_argument("source", metavar="SOURCE", help="a folder, a file, or a CSV of paths and labels")
    verb.add_argument("cohort", metavar="COHORT", help="the cohort's directory, such as ptb-xl.zarr")
    verb.add_argument("--labels", metavar="CSV", help="a table of labels, when it is not found beside the recordings")
    _working(verb)


def _run_ingest(given: argparse.Namespace) -> None:
    from ecgomics.pipeline import summarise

    chosen = _settings(given, "ingest")
    options = {"labels": given.labels, "workers": given.workers, "progress": not given.quiet}
    summary = summarise(given.source, given.cohort, settings=chosen, **options)
    print(summary)


def _analyse(verbs: Any) -> None:
    verb = _verb(verbs, "analyse", _run_analyse, "find beats, measure biomarkers, evaluate rules")
    _cohort(verb)
    _rule_files(verb)
    _working(verb)


def _run_analyse(given: argparse.Namespace) -> None:
    from ecgomics import pipeline

    cohort = pipeline.analyse(
        _open(given),
        waves=_settings(given, "waves"),
        biomarkers=_settings(given, "biomarkers"),
        rules=_settings(given, "rules"),
        rule_files=given.rule_file,
        workers=given.workers,
        progress=not given.quiet,
    )
    failed = cohort.quarantine["reader"].isin(cohort.stages).sum()
    print(f"{len(cohort)} records analysed" + (f"; {failed} failed, see `ecgomics info`" if failed else ""))


def _embed(verbs: Any) -> None:
    verb = _verb(verbs, "embed", _run_embed, "turn records into vectors")
    _cohort(verb)
    verb.add_argument(
        "--encoder",
        metavar="NAME",
        default="handmade",
        help="handmade (biomarkers and beats), small (the network that comes along, or with --origin cohort trained on "
        "this cohort), or another of `ecgomics encoders` (default: %(default)s)",
    )
    _fit(verb, "encoder")
    _quiet(verb)


def _run_embed(given: argparse.Namespace) -> None:
    from ecgomics import pipeline

    options = {"encoder": given.encoder, "fit": given.fit, "progress": not given.quiet}
    pipeline.embed(_open(given), settings=_settings(given, "latent"), **options)


def _encoders(verbs: Any) -> None:
    _verb(verbs, "encoders", _run_encoders, "list the encoders: what they read, and what they ask for")


def _run_encoders(given: argparse.Namespace) -> None:
    from ecgomics.latent import encoders

    for card in encoders():
        weights = {"none": "", "file": ", needs --weights FILE"}.get(card.weights, "")
        print(f"{card.name:<18} {card.version:<8} {card.dim:>5} numbers  {card.licence:<12} {card.title}{weights}")
        if card.citation:
            print(f"{'':<18} {card.citation}")


def _project(verbs: Any) -> None:
    verb = _verb(verbs, "project", _run_project, "draw a map of an encoder's vectors")
    _cohort(verb)
    verb.add_argument("--encoder", metavar="NAME", help="whose vectors (default: all there are)")
    _fit(verb, "map")


def _run_project(given: argparse.Namespace) -> None:
    from ecgomics import pipeline

    pipeline.project(_open(given), encoder=given.encoder, settings=_settings(given, "projection"), fit=given.fit)


def _export(verbs: Any) -> None:
    verb = _verb(verbs, "export", _run_export, "write a table of results as CSV or Parquet")
    _cohort(verb)
    verb.add_argument("table", metavar="TABLE", help="records, marks, beats, biomarkers, findings, latent or map")
    verb.add_argument("--out", metavar="FILE", type=Path, required=True, help="file to write: .csv or .parquet")
    verb.add_argument("--long", action="store_true", help="biomarkers one row each, with unit, iqr, count and reason")


def _run_export(given: argparse.Namespace) -> None:
    from ecgomics.pipeline import export

    rows = export(_open(given), given.table, out=given.out, form="long" if given.long else "wide")
    print(f"{rows} rows")


def _catalogue(verbs: Any) -> None:
    verb = _verb(verbs, "catalogue", _run_catalogue, "list the biomarkers: what they are, their unit and source")
    verb.add_argument("word", metavar="WORD", nargs="?", default="", help="only those that speak of this")
    verb.add_argument("--html", metavar="FILE", type=Path, help="write biomarkers and rules as a page to read instead")


def _run_catalogue(given: argparse.Namespace) -> None:
    from ecgomics.biomarkers import catalogue

    if given.html is not None:
        from ecgomics.reports import catalogue_html

        given.html.write_text(catalogue_html(), encoding="utf-8")
        print(f"written to {given.html.name}")
        return
    entries = [entry for entry in catalogue() if given.word.lower() in str(asdict(entry)).lower()]
    for entry in entries:
        print(f"{entry.id:<5} {entry.name:<22} {entry.dimension:<12} {entry.unit:<8} {entry.title}")
        print(f"      {entry.definition}  [{entry.citation}]")
        if entry.why_not:
            print(f"      not computed: {entry.why_not}")
    print(f"{len(entries)} families of biomarkers")


def _rules(verbs: Any) -> None:
    verb = _verb(verbs, "rules", _run_rules, "list the expert rules")
    _rule_files(verb)


def _run_rules(given: argparse.Namespace) -> None:
    from ecgomics.rules import load_rules

    rules = load_rules(given.rule_file)
    for rule in rules:
        print(f"{rule.number:<5} {rule.id:<30} {rule.dimension:<12} {rule.statement}")
    print(f"{len(rules)} rules")


def _about_a_cohort(verbs: Any) -> None:
    _cohort(_verb(verbs, "info", _run_info, "say what is in a cohort, and what was refused"))
    _cohort(_verb(verbs, "check", _run_check, "compare a cohort's files with what was committed"))
    _cohort(_verb(verbs, "repair", _run_repair, "bring a cohort back to its last commit"))


def _run_info(given: argparse.Namespace) -> None:
    cohort = _open(given)
    print(cohort)
    for (reader, reason), lines in cohort.quarantine.groupby(["reader", "reason"], sort=True):
        print(f"  {len(lines):>6}  {reader}: {reason}")


def _run_check(given: argparse.Namespace) -> int:
    from ecgomics.cohort import check

    problems = check(given.cohort)
    print("\n".join(problems) or "whole")
    return 1 if problems else 0


def _run_repair(given: argparse.Namespace) -> None:
    from ecgomics.cohort import repair

    _open(given)
    print("\n".join(repair(given.cohort)) or "nothing to do")


def _inspect(verbs: Any) -> None:
    verb = _verb(verbs, "inspect", _run_inspect, "say all that a file of a recording holds, and draw it")
    verb.add_argument("file", metavar="FILE", nargs="?", help="a recording; left out: list the formats that are read")
    verb.add_argument("--rate-hz", type=float, help="sampling rate of a table or array that does not state it, Hz")
    verb.add_argument("--unit", help="unit of a table or array that does not state it, such as mV, uV or '0.1 mV'")
    verb.add_argument("--html", metavar="OUT", type=Path, help="write it as a page with the ECG drawn")


def _run_inspect(given: argparse.Namespace) -> None:
    from ecgomics.records import describe, formats_table, read

    if given.file is None:
        print(formats_table())
        return
    record = read(given.file, rate_hz=given.rate_hz, unit=given.unit)
    print(describe(record))
    if given.html is not None:
        head = "<!doctype html><html lang=en><meta charset=utf-8><title>ECGomics: a recording</title>"
        given.html.write_text(f"{head}<body>{record._repr_html_()}</body></html>", encoding="utf-8")
        print(f"drawn in {given.html.name}")


def _serve(verbs: Any) -> None:
    verb = _verb(verbs, "serve", _run_serve, "look at a cohort in a browser")
    _cohort(verb)
    verb.add_argument("--port", type=int, default=5006, help="TCP port; 0 takes a free one (default: %(default)s)")
    verb.add_argument("--show", action="store_true", help="open a browser")


def _run_serve(given: argparse.Namespace) -> None:
    from ecgomics.dashboards import serve

    serve(given.cohort, port=given.port, address="127.0.0.1", show=given.show)


def _demo(verbs: Any) -> None:
    verb = _verb(verbs, "demo", _run_demo, "make a cohort of virtual patients, through every stage")
    verb.add_argument("cohort", metavar="COHORT", nargs="?", default="demo.zarr", help="(default: %(default)s)")
    verb.add_argument("--patients", type=int, default=420, help="how many (default: %(default)s)")
    verb.add_argument("--seed", type=int, default=7, help="equal seeds make equal patients (default: %(default)s)")
    _working(verb)


def _run_demo(given: argparse.Namespace) -> None:
    from ecgomics import pipeline
    from ecgomics.simulate import demo_patients

    progress = not given.quiet
    patients = demo_patients(given.patients, seed=given.seed)
    cohort = pipeline.ingest(patients, given.cohort, progress=progress)
    cohort.analyse(workers=given.workers, progress=progress).embed(progress=progress).project()
    print(cohort)
    print(f"\nnow: ecgomics serve {given.cohort}")


def _bench(verbs: Any) -> None:
    verb = _verb(verbs, "bench", _run_bench, "measure a stage beside its installed peers: accuracy or speed")
    verb.add_argument("stage", choices=("waves",), help="what is measured")
    verb.add_argument("folder", metavar="FOLDER", type=Path, nargs="?", help="annotated WFDB recordings: accuracy")
    verb.add_argument("--speed", action="store_true", help="time of one core, on made-up records, instead of accuracy")
    verb.add_argument("--json", metavar="FILE", help="write the figures as JSON; - is the standard output")


def _run_bench(given: argparse.Namespace) -> None:
    from ecgomics.waves import benchmark

    if given.speed == (given.folder is not None):
        raise SettingsError(
            "a bench with both a folder and --speed" if given.speed else "a bench without a folder",
            expected="a folder of annotated recordings, or --speed",
            remedy="ecgomics bench waves FOLDER, or ecgomics bench waves --speed",
        )
    figures: Any = benchmark.speed() if given.speed else benchmark.accuracy(given.folder).to_dict("records")
    if given.json is None:
        print(benchmark.shown(figures))
    elif given.json == "-":
        print(json.dumps(figures, indent=2))
    else:
        Path(given.json).write_text(json.dumps(figures, indent=2), encoding="utf-8")


# what verbs share


Run = Callable[[argparse.Namespace], int | None]


def _verb(verbs: Any, name: str, run: Run, about: str) -> argparse.ArgumentParser:
    verb: argparse.ArgumentParser = verbs.add_parser(name, help=about, description=about, epilog=CAVEAT)
    verb.set_defaults(run=run)
    uses = _USES.get(name, ())
    for section in uses:
        group = verb.add_argument_group(f"settings: {section}")
        for setting in _settable(SECTIONS[section]):
            _add_setting(group, setting, section=section, prefix=f"{section}-" if len(uses) > 1 else "")
    if uses:
        known = ", ".join(f"[{section}]" for section in uses)
        verb.add_argument("--settings", metavar="TOML", type=Path, help=f"settings from a file, in sections {known}")
    return verb


def _cohort(verb: argparse.ArgumentParser) -> None:
    verb.add_argument("cohort", metavar="COHORT", help="the cohort's directory")


def _working(verb: argparse.ArgumentParser) -> None:
    verb.add_argument("--workers", type=int, metavar="N", help="processes (default: one a core; 0: none but this)")
    _quiet(verb)


def _quiet(verb: argparse.ArgumentParser) -> None:
    verb.add_argument("--quiet", action="store_true", help="no progress bars")


def _rule_files(verb: argparse.ArgumentParser) -> None:
    verb.add_argument("--rule-file", metavar="YAML", type=Path, action="append", help="your own rules; may be repeated")


def _fit(verb: argparse.ArgumentParser, what: str) -> None:
    words = f"keep the {what} fitted before and place new records by it, or fit it again (default: %(default)s)"
    verb.add_argument("--fit", choices=("keep", "again"), default="keep", help=words)


def _open(given: argparse.Namespace) -> ecgomics.Cohort:
    from ecgomics.cohort import open_cohort

    return open_cohort(given.cohort)


# settings as options


def _settable(kind: type[stages.Settings]) -> list[param.Parameter]:
    return [kind.param[name] for name in kind.param if name != "name"]


def _add_setting(group: Any, setting: param.Parameter, *, section: str, prefix: str) -> None:
    options: dict[str, Any] = {"dest": f"{section}:{setting.name}", "default": None, "help": _help(setting)}
    if isinstance(setting, param.Selector):
        options["choices"] = list(setting.objects)
    elif isinstance(setting, param.Boolean):
        options["action"] = argparse.BooleanOptionalAction
    elif isinstance(setting, param.List):
        options |= {"type": lambda text: [part for part in text.split(",") if part], "metavar": "A,B,…"}
    elif isinstance(setting, param.String):
        options["metavar"] = "TEXT"
    else:
        whole = isinstance(setting, param.Integer)
        options |= {"type": int if whole else float, "metavar": "N" if whole else "X"}
    group.add_argument(f"--{prefix}{setting.name.replace('_', '-')}", **options)


def _help(setting: param.Parameter) -> str:
    bounds = getattr(setting, "bounds", None) if isinstance(setting, param.Number) else None
    low, high = bounds or (None, None)
    span = {(True, True): f"{low} to {high}", (True, False): f"at least {low}", (False, True): f"at most {high}"}
    said = [span.get((low is not None, high is not None), ""), _default(setting.default)]
    return f"{setting.doc} ({'; '.join(part for part in said if part)})".replace("%", "%%")


def _default(value: Any) -> str:
    if value is None or value == "":
        return "default: none"
    return f"default: {','.join(map(str, value)) if isinstance(value, list | tuple) else value}"


def _settings(given: argparse.Namespace, section: str) -> Any:
    """Settings of a section: the defaults, over them the file's, over them the command line's."""
    values = dict(_from_file(given.settings).get(section, {})) if given.settings else {}
    prefix = f"{section}:"
    values |= {
        name.removeprefix(prefix): value
        for name, value in vars(given).items()
        if name.startswith(prefix) and value is not None
    }
    return SECTIONS[section].from_dict(values)


def _from_file(path: Path) -> Mapping[str, Mapping[str, Any]]:
    try:
        found = tomllib.loads(path.read_text(encoding="utf-8"))
    except (OSError, UnicodeDecodeError, tomllib.TOMLDecodeError) as error:
        raise SettingsError("a settings file that cannot be read", expected="a TOML file", remedy=str(error)) from error
    for section, values in found.items():
        if section not in SECTIONS or not isinstance(values, Mapping):
            raise SettingsError(
                f"a settings file with {section!r}",
                expected=f"sections {', '.join(f'[{name}]' for name in SECTIONS)}",
                remedy=did_you_mean(section, SECTIONS),
            )
    return found
