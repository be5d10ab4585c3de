"""Rule files: what they must hold, and what is said of bad ones."""

from __future__ import annotations

from importlib import resources

import pytest
import yaml
from jsonschema import Draft202012Validator

from ecgomics.errors import RuleError
from ecgomics.rules import load_rules
from ecgomics.settings import RuleSettings
from ecgomics.vocabulary import DIMENSIONS

CORE = set(range(1, 65)) - {6, 11, 12, 17, 18, 24, 29, 47, 48, 50, 56, 57, 58, 59, 63}

GOOD = """
id: mine
number: X1
version: 1
name: Mine
statement: "Criteria met for mine"
dimension: Structural
chapter: Mine
severity: note
criteria: {id: long, biomarker: QRS_Dur_Global, above: 100, unit: ms}
citations: [{source: me}]
evidence: house
"""


@pytest.fixture
def write(tmp_path):
    def put(text: str, name: str = "mine.yaml"):
        (tmp_path / name).write_text(text)
        return tmp_path / name

    return put


def test_every_core_file_follows_the_schema():
    room = resources.files("ecgomics.rules")
    schema = yaml.safe_load(room.joinpath("schema.json").read_text())
    Draft202012Validator.check_schema(schema)
    files = [file for file in room.joinpath("data").iterdir() if file.name.endswith(".yaml")]
    assert files
    for file in files:
        errors = list(Draft202012Validator(schema).iter_errors(yaml.safe_load(file.read_text())))
        assert not errors, (file.name, errors[0].message, list(errors[0].absolute_path))


def test_the_core_set_of_the_catalogue_is_there():
    numbers = {int("".join(c for c in rule.number if c.isdigit())) for rule in load_rules()}
    assert numbers >= CORE
    assert len(CORE) == 49


def test_every_input_of_a_rule_is_a_biomarker_that_is_computed():
    from ecgomics.biomarkers import columns

    known = set(columns()["column"])
    assert {name for rule in load_rules() for name in rule.inputs} <= known


def test_rules_say_what_the_house_asks():
    rules = load_rules()
    assert len({rule.id for rule in rules}) == len({rule.number for rule in rules}) == len(rules)
    assert {rule.dimension for rule in rules} == set(DIMENSIONS)
    for rule in rules:
        assert rule.citations
        assert not rule.statement.endswith("."), rule.id
        assert all(clause.unit for clause in rule.clauses), rule.id


def test_rules_come_in_the_order_of_their_numbers():
    numbers = [rule.number for rule in load_rules()]
    assert numbers.index("R02") < numbers.index("R02a") < numbers.index("R03") < numbers.index("R10")


def test_a_rule_of_ones_own_joins_the_core(write):
    rules = load_rules([write(GOOD)])
    assert len(rules) == len(load_rules()) + 1
    assert [rule.id for rule in load_rules([write(GOOD)], base="none")] == ["mine"]


def test_a_rule_with_a_core_id_replaces_it(write):
    own = GOOD.replace("id: mine", "id: bradycardia")
    (rule,) = [rule for rule in load_rules([write(own)]) if rule.id == "bradycardia"]
    assert rule.name == "Mine"


def test_a_folder_of_files_and_a_list_in_one_file(write, tmp_path):
    write(GOOD)
    document = yaml.safe_load(GOOD)
    write(yaml.safe_dump({"rules": [{**document, "id": "two"}, {**document, "id": "three"}]}), "more.yml")
    assert {rule.id for rule in load_rules([tmp_path], base="none")} == {"mine", "two", "three"}


def test_the_chosen_formula_and_definition_are_filled_in():
    rules = {rule.id: rule for rule in load_rules(settings=RuleSettings(qtc="Hodges", lbbb="AHA", quality_floor=0.5))}
    assert rules["long_qt"].inputs[0] == "QT_IntHodges_Global"
    assert rules["not_interpretable"].clauses[0].bands[0].limit == 0.5
    assert "lbbb_aha" in [s.by for s in rules["lvh_cornell"].suppressed_by]
    assert "lbbb_strauss" not in [s.by for s in rules["lvh_cornell"].suppressed_by]
    assert "lbbb_aha" in rules["sgarbossa"].depends_on


@pytest.mark.parametrize(
    ("change", "line", "reason"),
    [
        (("above: 100", "abve: 100"), 10, "did you mean 'above'"),
        (("dimension: Structural", "dimension: Structurel"), 7, "did you mean 'Structural'"),
        (("version: 1", "version: one"), 4, "not of type 'integer'"),
        (("above: 100", "above: [1, 2]"), 10, "above"),
        (("severity: note\n", ""), 2, "'severity' is a required property"),
        (("id: mine", "id: Mine Own"), 2, "does not match"),
        (("unit: ms}", "unit: ms, above_all: 1}"), 10, "above_all"),
        (('"Criteria met for mine"', "Diagnosis of mine"), 6, "Criteria met|criteria met|match"),
        (("{id: long, biomarker: QRS_Dur_Global, above: 100, unit: ms}", "{al: []}"), 10, "criteria"),
    ],
)
def test_a_bad_file_is_refused_with_file_line_and_reason(write, change, line, reason):
    with pytest.raises(RuleError, match=reason) as caught:
        load_rules([write(GOOD.replace(*change))])
    assert f"mine.yaml, line {line}" in str(caught.value)


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("id: [", "line"),
        ("- 1\n", "no rule"),
        ("rules: 3\n", "no list"),
        ("", "no rule"),
        (GOOD + "suppressed_by: [{rule: nobody, then: unknown}]\n", "names rule 'nobody'"),
        (GOOD + "suppressed_by: [{rule: pacd, then: unknown}]\n", "did you mean 'paced'"),
        (GOOD.replace("QRS_Dur_Global", '"QT_Int{qtcc}_Global"'), "setting"),
        (GOOD.replace("above: 100", 'above: "{nothing}"'), "setting 'nothing'"),
        (GOOD.replace("QRS_Dur_Global", '"ST_Amp_{lead}"'), "outside a 'leads' part"),
    ],
)
def test_other_mistakes_are_named(write, text, reason):
    with pytest.raises(RuleError, match=reason):
        load_rules([write(text)])


def test_quantifiers_that_cannot_be_met_are_refused(write):
    part = "{leads: [V1, V5], contiguous: true, need: 2, of: {id: a, biomarker: 'ST_Amp_{lead}', above: 1, unit: mV}}"
    text = GOOD.replace("{id: long, biomarker: QRS_Dur_Global, above: 100, unit: ms}", part)
    with pytest.raises(RuleError, match="neighbour"):
        load_rules([write(text)])
    with pytest.raises(RuleError, match="3 of 2"):
        load_rules([write(text.replace("contiguous: true, need: 2", "need: 3"))])


def test_a_clause_id_is_used_once(write):
    twice = "{all: [{id: a, biomarker: X, above: 1, unit: mV}, {id: a, biomarker: Y, above: 1, unit: mV}]}"
    text = GOOD.replace("{id: long, biomarker: QRS_Dur_Global, above: 100, unit: ms}", twice)
    with pytest.raises(RuleError, match="more than once"):
        load_rules([write(text)])


def test_rules_that_suppress_one_another_in_a_circle_are_refused(write):
    first = GOOD + "suppressed_by: [{rule: other, then: unknown}]\n"
    second = GOOD.replace("id: mine", "id: other") + "suppressed_by: [{rule: mine, then: unknown}]\n"
    with pytest.raises(RuleError, match="mine → other → mine"):
        load_rules([write(first), write(second, "other.yaml")])


def test_files_that_are_no_text_or_not_there(write, tmp_path):
    (tmp_path / "b.yaml").write_bytes(b"\xff\xfe\x00")
    with pytest.raises(RuleError, match="not text"):
        load_rules([tmp_path / "b.yaml"])
    with pytest.raises(RuleError, match="not there"):
        load_rules([tmp_path / "gone.yaml"])


def test_nothing_in_a_file_is_run(write):
    text = GOOD.replace("above: 100", "above: \"__import__('os')\"")
    with pytest.raises(RuleError):
        load_rules([write(text)])
    with pytest.raises(RuleError, match="not YAML"):
        load_rules([write(GOOD.replace("name: Mine", "name: !!python/object/apply:os.getcwd []"))])
    with pytest.raises(RuleError, match="does not match"):
        load_rules([write(GOOD.replace("QRS_Dur_Global", '"{qtc.__class__}"'))])
