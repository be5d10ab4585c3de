"""The command line: a verb a stage, settings as options, errors in one line."""

from __future__ import annotations

import io
import shlex
import subprocess
import sys
from pathlib import Path

import numpy as np
import pandas as pd
import param
import pytest

from ecgomics import cli
from ecgomics.cli import SECTIONS, grammar, hosting, main, parser
from ecgomics.cohort import open_cohort
from ecgomics.settings import LatentSettings, Settings

HEAVY = ("torch", "umap", "numba", "neurokit2", "panel", "sklearn", "matplotlib", "scipy", "zarr", "xarray", "pandas")
VERBS = (
    "ingest",
    "analyse",
    "embed",
    "encoders",
    "pretrain",
    "finetune",
    "project",
    "discover",
    "export",
    "catalogue",
    "rules",
    "compare",
    "changes",
    "discord",
    "copy",
    "info",
    "check",
    "repair",
    "report",
    "patient",
    "inspect",
    "serve",
    "api",
    "people",
    "agreement",
    "backup",
    "restore",
    "stream",
    "recordings",
    "demo",
    "bench",
)


@pytest.fixture(scope="module")
def store(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("cli") / "demo.zarr"
    assert main(["demo", str(path), "--patients", "8", "--workers", "0", "--quiet"]) == 0
    return path


def test_help_is_quick_because_it_loads_nothing_heavy() -> None:
    code = f"""
import sys
from ecgomics.cli import main
try:
    main(["--help"])
except SystemExit as end:
    assert end.code == 0
print("HEAVY", [name for name in {HEAVY!r} if name in sys.modules])
"""
    out = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout
    assert out.splitlines()[-1] == "HEAVY []"
    for verb in VERBS:
        assert f"    {verb}" in out
    assert "not diagnoses" in out


@pytest.mark.parametrize("verb", VERBS)
def test_every_verb_explains_itself(verb: str, capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as end:
        main([verb, "--help"])
    assert end.value.code == 0
    assert f"ecgomics {verb}" in capsys.readouterr().out


@pytest.mark.parametrize("verb", VERBS)
def test_every_verb_ends_its_help_with_command_lines_that_parse(verb: str, capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit):
        main([verb, "--help"])
    out = capsys.readouterr().out
    lines = [line.strip() for line in out.partition("\nexamples:\n")[2].splitlines() if line.startswith("  ")]
    assert lines
    for line in lines:
        program, *arguments = shlex.split(line)
        assert [program, arguments[0]] == ["ecgomics", verb]
        assert callable(parser().parse_args(arguments).run)


def test_every_setting_is_an_option_with_its_doc_and_bounds(capsys: pytest.CaptureFixture[str]) -> None:
    for verb in ("ingest", "analyse", "embed", "project"):
        with pytest.raises(SystemExit):
            main([verb, "--help"])
        text = " ".join(capsys.readouterr().out.split())
        sections = grammar._USES[verb]
        for section in sections:
            for setting in grammar._settable(SECTIONS[section]):
                prefix = f"{section}-" if len(sections) > 1 else ""
                assert f"--{prefix}{setting.name.replace('_', '-')}" in text
                assert str(setting.doc).replace("- ", "-").split()[0] in text


class _Every(Settings):
    number = param.Number(1.0, bounds=(0, 2), doc="A number.")
    whole = param.Integer(1, doc="A whole number.")
    text = param.String("", doc="A text.")
    choice = param.Selector(default="a", objects=["a", "b"], doc="A choice.")
    words = param.List(default=["x"], item_type=str, doc="Words.")
    flag = param.Boolean(False, doc="A flag.")


def test_every_kind_of_setting_can_be_given(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(SECTIONS, "projection", _Every)
    words = ["--number", "1.5", "--whole", "3", "--text", "some/file.npz", "--choice", "b", "--words", "p,q", "--flag"]
    given = cli.parser().parse_args(["project", "c.zarr", *words])
    chosen = grammar.settings_of(given, "projection").as_dict()
    assert chosen == {
        "number": 1.5,
        "whole": 3,
        "text": "some/file.npz",
        "choice": "b",
        "words": ["p", "q"],
        "flag": True,
    }


def test_the_whole_way(store: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    cohort = open_cohort(store)
    assert set(cohort.stages) == {"ingest", "waves", "biomarkers", "rules", "embed:handmade", "project:handmade"}
    out = tmp_path / "b.csv"
    assert main(["export", str(store), "biomarkers", "--out", str(out)]) == 0
    assert capsys.readouterr().out.strip() == "9 rows"
    assert "PR_Int_Global" in pd.read_csv(out).columns
    assert main(["export", str(store), "biomarkers", "--out", str(out), "--long"]) == 0
    assert "reason" in pd.read_csv(out).columns
    capsys.readouterr()
    assert main(["info", str(store)]) == 0
    assert "virtual patients" in capsys.readouterr().out
    assert main(["check", str(store)]) == 0
    assert capsys.readouterr().out.strip() == "whole"
    assert main(["repair", str(store)]) == 0
    assert capsys.readouterr().out.strip() == "nothing to do"
    assert main(["analyse", str(store), "--workers", "0", "--quiet"]) == 0
    assert capsys.readouterr().out.strip() == "9 records analysed"


def test_ingest_says_what_it_did(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    np.save(tmp_path / "a.npy", np.random.default_rng(0).normal(size=(12, 1000)))
    (tmp_path / "b.npz").write_bytes(b"")
    target = str(tmp_path / "c.zarr")
    given = ["ingest", str(tmp_path), target, "--workers", "0", "--quiet", "--stated-hz", "200", "--stated-unit", "mV"]
    assert main([*given, "--rate-hz", "250"]) == 0
    lines = capsys.readouterr().out.splitlines()
    assert lines[0] == "1 read: 1 added, 0 known already; 1 in quarantine"
    assert len(lines) == 2
    cohort = open_cohort(target)
    assert cohort.rate_hz == 250.0
    assert cohort.records["samples"].iloc[0] == 1250
    main(["info", target])
    assert "npz:" in capsys.readouterr().out


def test_settings_come_from_a_file_and_the_command_line_wins(
    store: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    file = tmp_path / "s.toml"
    file.write_text("[latent]\nbeat_components = 3\nseed = 9\n[projection]\nmethod = 'pca'\n")
    verb = ["embed", str(store), "--settings", str(file), "--quiet"]
    given = cli.parser().parse_args([*verb, "--seed", "4", "--exclude", "P_*,T_*"])
    chosen = grammar.settings_of(given, "latent")
    assert isinstance(chosen, LatentSettings)
    assert (chosen.beat_components, chosen.seed, chosen.exclude) == (3, 4, ["P_*", "T_*"])
    file.write_text("[latnt]\nseed = 1\n")
    assert main(verb) == 2
    assert "did you mean 'latent'" in capsys.readouterr().err
    file.write_text("[latent]\nbeat_component = 1\n")
    assert main(verb) == 2
    assert "did you mean 'beat_components'" in capsys.readouterr().err
    file.write_text("not toml")
    assert main(verb) == 2
    assert "expected a TOML file" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["info", "nowhere.zarr"], "no cohort at this path"),
        (["ingest", "nowhere", "c.zarr", "--workers", "0"], "a source that is not there"),
        (["ingest", ".", "c.zarr", "--rate-hz", "5"], "rate_hz"),
        (["check", "nowhere.zarr"], "no cohort at this path"),
        (["repair", "nowhere.zarr"], "no cohort at this path"),
        (["rules", "--rule-file", "nowhere.yaml"], "nowhere.yaml"),
    ],
)
def test_an_error_is_one_line_and_exit_code_2(
    arguments: list[str], said: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(tmp_path)
    assert main(arguments) == 2
    printed = capsys.readouterr()
    assert printed.out == ""
    assert len(printed.err.strip().splitlines()) == 1
    assert said in printed.err
    assert list(tmp_path.iterdir()) == []


def test_interruption_is_told_and_is_130(
    store: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    def interrupted(*_: object, **__: object) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr("ecgomics.pipeline.analyse", interrupted)
    assert main(["analyse", str(store)]) == 130
    assert "interrupted" in capsys.readouterr().err


def test_a_damaged_cohort_is_told_by_the_exit_code(
    store: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    import shutil

    copy = shutil.copytree(store, tmp_path / "d.zarr")
    shutil.rmtree(copy / "quality")
    assert main(["check", str(copy)]) == 1
    assert capsys.readouterr().out.strip() == "quality: missing"


def test_catalogue_and_rules_are_listed(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["catalogue", "PR_Int"]) == 0
    assert "PR interval" in capsys.readouterr().out
    assert main(["rules"]) == 0
    assert "R14" in capsys.readouterr().out


def test_serve_hands_over_to_the_dashboards(store: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    seen: dict[str, object] = {}

    def serve(path: str, **options: object) -> None:
        seen.update(options, path=path)

    monkeypatch.setattr("ecgomics.dashboards.serve", serve, raising=False)
    assert main(["serve", str(store), "--port", "0"]) == 0
    here = {"path": str(store), "port": 0, "address": "127.0.0.1", "show": False}
    assert seen == here | {"access": None, "database": None, "origins": [], "processes": 1, "openid": None}


def test_python_m_ecgomics_is_the_same() -> None:
    out = subprocess.run([sys.executable, "-m", "ecgomics", "--version"], capture_output=True, text=True, check=True)
    assert out.stdout.startswith("ecgomics ")


def test_inspect_says_what_a_file_holds_and_draws_it(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    file, page = tmp_path / "strip.npy", tmp_path / "strip.html"
    np.save(file, np.tile(np.sin(np.arange(2500) / 40), (2, 1)).astype(np.float32))
    assert main(["inspect", str(file)]) == 2
    assert "rate" in capsys.readouterr().err
    assert main(["inspect", str(file), "--rate-hz", "250", "--unit", "mV", "--html", str(page)]) == 0
    said = capsys.readouterr().out
    assert "10 s at 250 Hz" in said
    assert "drawn in strip.html" in said
    assert "<svg" in page.read_text(encoding="utf-8")


def test_inspect_without_a_file_lists_the_formats(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["inspect"]) == 0
    assert "`scp`" in capsys.readouterr().out


def test_a_place_that_is_not_there_and_a_port_that_is_none_are_told_in_a_line(
    store: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["export", str(store), "records", "--out", str(tmp_path / "nowhere" / "Jane_Doe.csv")]) == 2
    assert main(["report", str(store), "--out", str(tmp_path / "one.pdf")]) == 2
    said = capsys.readouterr().err.splitlines()
    assert said[0].startswith("ecgomics: no such file or directory; check")
    assert "--record ID or --all" in said[1]
    assert not any("Jane" in line for line in said)
    for verb in ("serve", "api"):
        with pytest.raises(SystemExit) as end:
            main([verb, str(store), "--port", "99999"])
        assert end.value.code == 2
        assert "expected 0 to 65535" in capsys.readouterr().err


def test_people_says_what_it_did(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    there = ["--database", f"sqlite:///{tmp_path / 'people.db'}"]
    assert main(["people", *there]) == 0
    assert "nobody yet" in capsys.readouterr().err
    monkeypatch.setattr("sys.stdin", io.StringIO("a sentence that is long\n"))
    assert main(["people", "add", "ada", "--role", "annotator", *there]) == 0
    assert main(["people", "change", "ada", *there]) == 2
    assert main(["people", "close", "ada", *there]) == 0
    out, err = capsys.readouterr()
    assert out.splitlines() == ["ada may sign in as annotator", "ada may no longer sign in"]
    assert "change without a change" in err


def test_a_package_that_is_not_installed_is_told_in_a_line(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    def lacking(given: object) -> None:
        raise ModuleNotFoundError("No module named 'sqlalchemy'", name="sqlalchemy")

    monkeypatch.setattr(hosting, "_run_people", lacking)
    assert main(["people"]) == 2
    assert capsys.readouterr().err == "ecgomics: sqlalchemy is not installed; pip install 'ecgomics[all]' brings it\n"
