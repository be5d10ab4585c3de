"""What the verbs share: their options, their settings as options, and the cohort they open."""

from __future__ import annotations

import argparse
import tomllib
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import param

import ecgomics
from ecgomics import settings as stages
from ecgomics.cli import examples
from ecgomics.errors import SettingsError, did_you_mean

CAVEAT = "For research and teaching: findings say which criteria are met, they are not diagnoses."

SECTIONS: dict[str, type[stages.Settings]] = {
    "ingest": stages.IngestSettings,
    "waves": stages.WavesSettings,
    "biomarkers": stages.BiomarkerSettings,
    "rules": stages.RuleSettings,
    "latent": stages.LatentSettings,
    "projection": stages.ProjectionSettings,
    "discovery": stages.ContrastSettings,
    "api": stages.ApiSettings,
    "live": stages.LiveSettings,
}
"""Sections of a settings file, and the settings each holds."""

_USES = {
    "ingest": ("ingest",),
    "analyse": ("waves", "biomarkers", "rules"),
    "embed": ("latent",),
    "pretrain": ("latent",),
    "finetune": ("latent",),
    "project": ("projection",),
    "api": ("api",),
    "stream": ("live",),
    "discover": ("discovery",),
}
"""Sections whose settings a verb takes."""

Run = Callable[[argparse.Namespace], int | None]


class _Formatter(argparse.RawDescriptionHelpFormatter):
    """Lines of a description stay as they are; a number is called X, a whole one N, as settings call theirs."""

    def _get_default_metavar_for_optional(self, action: argparse.Action) -> str:
        named = {int: "N", float: "X"}.get(action.type) if isinstance(action.type, type) else None
        return named or super()._get_default_metavar_for_optional(action)


def verb_of(verbs: Any, name: str, run: Run, about: str) -> argparse.ArgumentParser:
    """A verb with its settings as options, and its examples at the end of its help."""
    closing = f"{examples.told(name)}{CAVEAT}"
    verb: argparse.ArgumentParser = verbs.add_parser(
        name, help=about, description=about, epilog=closing, formatter_class=_Formatter
    )
    verb.set_defaults(run=run)
    uses = _USES.get(name, ())
    for section in uses:
        group = verb.add_argument_group(f"settings of {section}")
        for setting in _settable(SECTIONS[section]):
            _add_setting(group, setting, section=section, prefix=f"{section}-" if len(uses) > 1 else "")
    if uses:
        known = ", ".join(f"[{section}]" for section in uses)
        verb.add_argument("--settings", metavar="TOML", type=Path, help=f"settings from a file, in sections {known}")
    return verb


def cohort_of(verb: argparse.ArgumentParser) -> None:
    """The cohort a verb works on."""
    verb.add_argument("cohort", metavar="COHORT", help="the cohort's directory or URL")


def working(verb: argparse.ArgumentParser) -> None:
    """How much of the machine a long verb takes, and whether it shows progress."""
    verb.add_argument("--workers", type=int, metavar="N", help="processes (default: one a core; 0: none but this)")
    quiet(verb)


def elsewhere(verb: argparse.ArgumentParser) -> None:
    """Workers of a cluster, and how much memory a worker may take."""
    verb.add_argument("--scheduler", metavar="ADDRESS", default="", help="workers of this Dask cluster do it instead")
    verb.add_argument("--memory-gb", metavar="X", type=float, help="memory a worker process may take, 10⁹ bytes")


def quiet(verb: argparse.ArgumentParser) -> None:
    """`--quiet`."""
    verb.add_argument("--quiet", action="store_true", help="no progress bars")


def rule_files(verb: argparse.ArgumentParser) -> None:
    """`--rule-file`: a user's own rules."""
    verb.add_argument("--rule-file", metavar="YAML", type=Path, action="append", help="your own rules; may be repeated")


def stated(verb: argparse.ArgumentParser) -> None:
    """`--rate-hz` and `--unit`: what a recording's file does not say."""
    verb.add_argument("--rate-hz", type=float, help="sampling rate of a table or array that does not state it, Hz")
    verb.add_argument("--unit", help="unit of a table or array that does not state it, such as mV, uV or '0.1 mV'")


def listening(verb: argparse.ArgumentParser, *, port: int) -> None:
    """`--port` and `--address`."""
    verb.add_argument(
        "--port", type=_port, metavar="N", default=port, help="TCP port; 0 takes a free one (default: %(default)s)"
    )
    verb.add_argument("--address", default="127.0.0.1", help="address to listen on (default: %(default)s)")


def _port(text: str) -> int:
    if not (text.isascii() and text.isdecimal() and int(text) <= 65535):
        raise argparse.ArgumentTypeError(f"{text!r} is no port; expected 0 to 65535")
    return int(text)


def fit(verb: argparse.ArgumentParser, what: str) -> None:
    """`--fit`: keep what was fitted, or fit again."""
    words = f"keep the {what} fitted before and place new records by it, or fit it again (default: %(default)s)"
    verb.add_argument("--fit", choices=("keep", "again"), default="keep", help=words)


def opened(given: argparse.Namespace) -> ecgomics.Cohort:
    """The cohort named on the command line."""
    from ecgomics.cohort import open_cohort

    return open_cohort(given.cohort)


def settings_of(given: argparse.Namespace, section: str) -> Any:
    """Settings of a section: the defaults, over them the file's, over them the command line's."""
    values = dict(_from_file(given.settings).get(section, {})) if given.settings else {}
    prefix = f"{section}:"
    values |= {
        name.removeprefix(prefix): value
        for name, value in vars(given).items()
        if name.startswith(prefix) and value is not None
    }
    return SECTIONS[section].from_dict(values)


def _settable(kind: type[stages.Settings]) -> list[param.Parameter]:
    return [kind.param[name] for name in kind.param if name != "name"]


def _add_setting(group: Any, setting: param.Parameter, *, section: str, prefix: str) -> None:
    options: dict[str, Any] = {"dest": f"{section}:{setting.name}", "default": None, "help": _help(setting)}
    if isinstance(setting, param.Selector):
        options["choices"] = list(setting.objects)
        options["metavar"] = f"{{{','.join(str(choice) for choice in setting.objects if choice != '')}}}"
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
