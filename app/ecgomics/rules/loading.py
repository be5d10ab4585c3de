"""Rule files: found, checked against the schema, linked to one another."""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from functools import cache
from importlib import resources
from importlib.resources.abc import Traversable
from pathlib import Path
from typing import Any, Literal

from ecgomics.errors import RuleError, did_you_mean
from ecgomics.rules.model import Rule, Suppression
from ecgomics.rules.parsing import EVERYTHING, parse_rule, parse_suppressions
from ecgomics.settings import RuleSettings

MAX_FILE_BYTES = 2_000_000


def load_rules(
    paths: Iterable[str | Path] | None = None,
    *,
    settings: RuleSettings | None = None,
    base: Literal["core", "none"] = "core",
) -> tuple[Rule, ...]:
    """Load the rules that come with ECGomics, and rules of one's own.

    Parameters
    ----------
    paths
        YAML files, or folders of them; a rule with the id of a core rule replaces it.
    settings
        Which definitions and formulas are chosen.
    base
        ``"core"`` starts from the rules that come along, ``"none"`` takes `paths` alone.

    Returns
    -------
    tuple of Rule
        In the order of their numbers; rules that need others come with them.

    Raises
    ------
    RuleError
        For a file that does not follow the schema or names a rule that is not there: file, line and reason.

    Examples
    --------
    >>> next(rule.name for rule in load_rules() if rule.number == "R14")
    'First-degree AV block'
    """
    chosen = settings or RuleSettings()
    if paths is None and base == "core":
        return _core_rules(json.dumps(chosen.as_dict()))
    return _linked(_read(paths or (), base=base), chosen)


def documents_of(paths: Iterable[str | Path] = ()) -> dict[str, dict[str, Any]]:
    """Rules by id as they stand in their files, those that come along and those of `paths`; not to be changed."""
    return {rule: document for rule, (document, _) in _read(paths, base="core").items()}


def _read(paths: Iterable[str | Path], *, base: Literal["core", "none"]) -> dict[str, tuple[dict[str, Any], str]]:
    documents: dict[str, tuple[dict[str, Any], str]] = {}
    if base == "core":
        documents |= {document["id"]: (document, name) for document, name in _core_documents()}
    for path in _files(paths):
        documents |= {document["id"]: (document, path.name) for document in _documents(path)}
    return documents


@cache
def _core_rules(settings: str) -> tuple[Rule, ...]:
    documents = {document["id"]: (document, name) for document, name in _core_documents()}
    return _linked(documents, RuleSettings.from_dict(json.loads(settings)))


@cache
def _core_documents() -> tuple[tuple[dict[str, Any], str], ...]:
    folder = resources.files("ecgomics.rules").joinpath("data")
    files = sorted((file for file in folder.iterdir() if file.name.endswith(".yaml")), key=lambda file: file.name)
    # the core files are held against the schema by the tests, not again at every start
    return tuple((document, file.name) for file in files for document in _documents(file, against="nothing"))


def _files(paths: Iterable[str | Path]) -> list[Path]:
    found: list[Path] = []
    for path in map(Path, paths):
        if path.is_dir():
            found += sorted(file for file in path.iterdir() if file.suffix in (".yaml", ".yml"))
        elif path.is_file():
            found.append(path)
        else:
            raise RuleError(f"a rule file {path.name!r} that is not there", expected="a YAML file or a folder of them")
    return found


def _documents(file: Path | Traversable, *, against: Literal["schema", "nothing"] = "schema") -> list[dict[str, Any]]:
    import yaml

    text = _text(file)
    loader = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
    try:
        content = yaml.load(text, Loader=loader)
    except yaml.YAMLError as error:
        mark = getattr(error, "problem_mark", None)
        where = f"{file.name}, line {mark.line + 1}" if mark else file.name
        raise RuleError(f"{where}: not YAML ({getattr(error, 'problem', 'unreadable')})") from None
    except RecursionError:
        raise RuleError(f"{file.name}: nested too deep") from None
    if against == "schema":
        _check(content, text=text, name=file.name)
    return list(content["rules"]) if "rules" in content else [content]


def _text(file: Path | Traversable) -> str:
    data = file.read_bytes()
    if len(data) > MAX_FILE_BYTES:
        raise RuleError(f"{file.name}: a rule file of over 2 MB", expected="a few kB")
    try:
        return data.decode("utf-8")
    except UnicodeDecodeError:
        raise RuleError(f"{file.name}: not text", expected="YAML in UTF-8") from None


@cache
def _validator(definition: str) -> Any:
    from jsonschema import Draft202012Validator

    schema = json.loads(resources.files("ecgomics.rules").joinpath("schema.json").read_text("utf-8"))
    return Draft202012Validator({"$ref": f"#/$defs/{definition}", "$defs": schema["$defs"]})


def _check(content: Any, *, text: str, name: str) -> None:
    if not isinstance(content, dict):
        raise RuleError(f"{name}, line 1: no rule", expected="a mapping with id, number, statement, criteria …")
    rules, prefix = ([content], ()) if "rules" not in content else (content["rules"], ("rules",))
    if not isinstance(rules, list) or not rules:
        raise RuleError(f"{name}, line 1: 'rules' is no list of rules")
    for index, rule in enumerate(rules):
        errors = list(_validator("rule").iter_errors(rule))
        if errors:
            from jsonschema.exceptions import best_match

            error = best_match(errors)
            path = (*prefix, *((index,) if prefix else ()), *error.absolute_path)
            where = f"{name}, line {_line(text, path)}"
            place = ".".join(map(str, error.absolute_path)) or "the rule"
            raise RuleError(f"{where}: {place}: {error.message[:300]}", remedy=_hint(error))


def _hint(error: Any) -> str:
    """The nearest allowed word for a misspelled key or choice."""
    if error.validator == "additionalProperties" and isinstance(error.instance, dict):
        known = error.schema.get("properties", {})
        return next((hint for key in error.instance if key not in known and (hint := did_you_mean(key, known))), "")
    if error.validator == "enum":
        return did_you_mean(str(error.instance), [str(word) for word in error.validator_value])
    return ""


def _line(text: str, path: Sequence[str | int]) -> int:
    """Line of the deepest part of `path` that is there."""
    import yaml

    node: Any = yaml.compose(text, Loader=yaml.SafeLoader)
    for step in path:
        if isinstance(node, yaml.MappingNode):
            found = [value for key, value in node.value if key.value == str(step)]
        elif isinstance(node, yaml.SequenceNode) and isinstance(step, int) and step < len(node.value):
            found = [node.value[step]]
        else:
            found = []
        if not found:
            break
        node = found[0]
    return int(node.start_mark.line) + 1


def _linked(documents: Mapping[str, tuple[dict[str, Any], str]], settings: RuleSettings) -> tuple[Rule, ...]:
    words = settings.places()
    rules: dict[str, Rule] = {}
    for rule_id, (document, name) in documents.items():
        try:
            rules[rule_id] = parse_rule(document, words)
        except RuleError as error:
            raise RuleError(f"{name}: {error.arrived}", expected=error.expected, remedy=error.remedy) from None
    suppressions = [s for document, _ in documents.values() for s in parse_suppressions(document)]
    aliases = _aliases(rules.values(), settings)
    linked = {rule.id: _with_suppressions(rule, suppressions, aliases) for rule in rules.values()}
    for rule in linked.values():
        _check_references(rule, linked, file=documents[rule.id][1])
    in_order(tuple(linked.values()))
    return tuple(sorted(linked.values(), key=_place))


def _place(rule: Rule) -> tuple[str, int, str, str]:
    """Numbers in reading order: R9, R10, R10a."""
    match = re.match(r"([A-Z]+)(\d*)(.*)", rule.number)
    series, number, rest = match.groups() if match else (rule.number, "", "")
    return series, int(number or 0), rest, rule.id


def _aliases(rules: Iterable[Rule], settings: RuleSettings) -> dict[str, str]:
    """Definition sets stand for the definition chosen of them."""
    chosen = settings.definitions()
    return {
        rule.definition_set: rule.id
        for rule in rules
        if rule.definition_set and chosen.get(rule.definition_set) == rule.definition
    }


def _with_suppressions(rule: Rule, others: Sequence[Suppression], aliases: Mapping[str, str]) -> Rule:
    own = list(rule.suppressed_by)
    for suppression in others:
        if suppression.rule in (rule.id, rule.definition_set, EVERYTHING) and suppression.by != rule.id:
            own.append(replace(suppression, rule=rule.id))
    named: dict[str, Suppression] = {}
    for suppression in own:
        by = aliases.get(suppression.by, suppression.by)
        if by != rule.id:
            named.setdefault(by, replace(suppression, by=by))
    return replace(rule, suppressed_by=tuple(named.values()), **_renamed(rule, aliases))


def _renamed(rule: Rule, aliases: Mapping[str, str]) -> dict[str, Any]:
    from ecgomics.rules.rewriting import with_rules_renamed

    return {
        "criteria": with_rules_renamed(rule.criteria, aliases),
        "exclusions": tuple(replace(e, of=with_rules_renamed(e.of, aliases)) for e in rule.exclusions),
    }


def _check_references(rule: Rule, rules: Mapping[str, Rule], *, file: str) -> None:
    for name in rule.depends_on:
        if name not in rules:
            raise RuleError(
                f"{file}: rule {rule.id!r} names rule {name!r}, which is not loaded",
                expected="the id of a rule",
                remedy=did_you_mean(name, rules),
            )


def in_order(rules: Sequence[Rule]) -> tuple[Rule, ...]:
    """Rules sorted so that each comes after those it depends on.

    Raises
    ------
    RuleError
        When rules depend on one another in a circle.
    """
    by_id = {rule.id: rule for rule in rules}
    done: dict[str, Rule] = {}
    waiting: list[str] = []

    def visit(rule: Rule) -> None:
        if rule.id in done:
            return
        if rule.id in waiting:
            circle = " → ".join([*waiting[waiting.index(rule.id) :], rule.id])
            raise RuleError(f"rules that depend on one another: {circle}", expected="suppression without circles")
        waiting.append(rule.id)
        for name in rule.depends_on:
            if name in by_id:
                visit(by_id[name])
        waiting.remove(rule.id)
        done[rule.id] = rule

    for rule in rules:
        visit(rule)
    return tuple(done.values())


def closure(rules: Sequence[Rule], wanted: str) -> tuple[Rule, ...]:
    """A rule and all it depends on."""
    by_id = {rule.id: rule for rule in rules}
    names, queue = [wanted], [wanted]
    while queue:
        for name in by_id[queue.pop()].depends_on:
            if name not in names and name in by_id:
                names.append(name)
                queue.append(name)
    return tuple(rule for rule in rules if rule.id in names)
