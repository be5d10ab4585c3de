"""Two at one record lose nothing, and their agreement is measured as the papers say."""

from __future__ import annotations

import threading

import numpy as np
import pandas as pd
import pytest
from sklearn.metrics import cohen_kappa_score

from ecgomics.errors import AccessError, ConflictError, ServiceError
from ecgomics.service.annotations import (
    MARK_COLUMNS,
    NOTE_COLUMNS,
    VERDICT_COLUMNS,
    Annotations,
    mark_agreement,
    verdict_agreement,
)


@pytest.fixture
def annotations(database):
    return Annotations(database, cohort="c1")


def test_a_note_is_written_changed_removed_and_restored(annotations, ada):
    note = annotations.write("r1", "  look <b>here</b> ", by=ada, start_s=1.5, lead="II")
    [row] = annotations.notes("r1").to_dict("records")
    assert tuple(row) == NOTE_COLUMNS
    assert (row["text"], row["start_s"], row["stop_s"], row["author"], row["version"]) == (
        "look <b>here</b>",
        1.5,
        1.5,
        "ada",
        1,
    )
    assert annotations.rewrite(note, "there", by=ada, seen=1) == 2
    annotations.remove(note, by=ada, seen=2)
    assert annotations.notes("r1").empty
    annotations.restore(note, by=ada)
    assert annotations.notes()["text"].tolist() == ["there"]


def test_a_note_is_its_authors(annotations, ada, ben, accounts):
    note = annotations.write("r1", "mine", by=ada, start_s=0)
    for change in (
        lambda: annotations.rewrite(note, "yours", by=ben, seen=1),
        lambda: annotations.remove(note, by=ben, seen=1),
        lambda: annotations.restore(note, by=ben),
    ):
        with pytest.raises(AccessError):
            change()
    assert annotations.rewrite(note, "ruled", by=accounts.local(), seen=1) == 2


def test_a_change_to_an_old_version_writes_nothing(annotations, ada):
    note = annotations.write("r1", "one", by=ada, start_s=0)
    annotations.rewrite(note, "two", by=ada, seen=1)
    with pytest.raises(ConflictError, match="version 2 is there"):
        annotations.rewrite(note, "three", by=ada, seen=1)
    assert annotations.notes()["text"].tolist() == ["two"]


def test_of_changes_at_once_one_wins_and_the_rest_are_told(annotations, ada):
    note = annotations.write("r1", "start", by=ada, start_s=0)
    outcomes: list[str] = []

    def change(worker: int) -> None:
        try:
            annotations.rewrite(note, f"by {worker}", by=ada, seen=1)
            outcomes.append("won")
        except ConflictError:
            outcomes.append("told")

    threads = [threading.Thread(target=change, args=(worker,)) for worker in range(6)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(outcomes) == ["told"] * 5 + ["won"]


def test_cohorts_do_not_see_one_anothers(annotations, database, ada):
    note = annotations.write("r1", "here", by=ada, start_s=0)
    other = Annotations(database, cohort="c2")
    assert other.notes().empty
    with pytest.raises(ServiceError, match="unknown note"):
        other.rewrite(note, "there", by=ada, seen=1)


def test_a_viewer_writes_nothing(annotations, accounts):
    eve = accounts.add("eve", password="a viewer's password")
    for act in (
        lambda: annotations.write("r1", "x", by=eve, start_s=0),
        lambda: annotations.judge("r1", "report", "agree", by=eve),
        lambda: annotations.place("r1", lead="II", beat=0, mark="p_on", placed_s=1, machine_s=1, by=eve),
    ):
        with pytest.raises(AccessError, match="a viewer"):
            act()


@pytest.mark.parametrize(("text", "start", "stop"), [("", 0, 0), ("x" * 4001, 0, 0), ("x", -1, 0), ("x", 2, 1)])
def test_notes_that_will_not_do(annotations, ada, text, start, stop):
    with pytest.raises(ServiceError):
        annotations.write("r1", text, by=ada, start_s=start, stop_s=stop)


def test_a_mark_keeps_the_machines(annotations, ada, ben):
    place = {"lead": "II", "beat": 3, "mark": "p_on", "machine_s": 1.0}
    assert annotations.place("r1", placed_s=1.01, by=ada, **place) == 1
    assert annotations.place("r1", placed_s=1.02, by=ada, seen=1, **place) == 2
    assert annotations.place("r1", placed_s=None, by=ben, **place) == 1
    with pytest.raises(ConflictError):
        annotations.place("r1", placed_s=1.03, by=ada, seen=1, **place)
    table = annotations.marks("r1")
    assert tuple(table.columns) == MARK_COLUMNS
    assert table.set_index("author")["placed_s"].to_dict()["ada"] == 1.02
    assert np.isnan(table.set_index("author")["placed_s"].astype(float).to_dict()["ben"])
    assert (table["machine_s"] == 1.0).all()
    annotations.withdraw("r1", lead="II", beat=3, mark="p_on", by=ada)
    assert annotations.marks("r1")["author"].tolist() == ["ben"]


def test_verdicts_are_kept_per_annotator(annotations, ada, ben):
    annotations.judge("r1", "rule:lbbb", "agree", by=ada)
    annotations.judge("r1", "rule:lbbb", "disagree", by=ben, comment="QRS 118 ms")
    assert annotations.judge("r1", "rule:lbbb", "unsure", by=ada, seen=1) == 2
    table = annotations.verdicts("r1")
    assert tuple(table.columns) == VERDICT_COLUMNS
    assert dict(zip(table["author"], table["says"], strict=True)) == {"ada": "unsure", "ben": "disagree"}
    annotations.judge("r1", "rule:lbbb", "", by=ben, seen=1)
    assert annotations.verdicts()["author"].tolist() == ["ada"]


def marks_of(author: str, placed: list[float | None], machine: float = 1.0) -> list[dict[str, object]]:
    return [
        {"record": "r", "lead": "II", "beat": n, "mark": "p_on", "machine_s": machine, "placed_s": at, "author": author}
        for n, at in enumerate(placed)
    ]


def test_agreement_of_marks_is_bland_and_altmans():
    marks = pd.DataFrame(marks_of("ada", [1.0, 1.0, 1.0, None, 1.0]) + marks_of("ben", [1.01, 1.02, 1.03, 1.0, None]))
    [row] = mark_agreement(marks, one="ada", other="ben").to_dict("records")
    assert (row["n"], row["only_one"], row["only_other"]) == (3, 1, 1)
    assert row["mean_ms"] == pytest.approx(20)
    assert row["sd_ms"] == pytest.approx(10)
    assert (row["low_ms"], row["high_ms"]) == (pytest.approx(0.4), pytest.approx(39.6))
    [row] = mark_agreement(marks, one="machine", other="ada").to_dict("records")
    assert row["mean_ms"] == pytest.approx(0)


def verdicts_of(author: str, says: str) -> list[dict[str, str]]:
    return [{"record": f"r{n}", "subject": "rule:x", "says": word, "author": author} for n, word in enumerate(says)]


def test_kappa_is_cohens():
    one, other = "yyyynnnuuy" * 4, "yyynnnyuuy" * 3 + "ynynynynyn"
    table = pd.DataFrame(verdicts_of("ada", one) + verdicts_of("ben", other))
    found = verdict_agreement(table, one="ada", other="ben")
    assert found["n"] == 40
    assert found["kappa"] == pytest.approx(cohen_kappa_score(list(one), list(other)))


def test_kappas_error_is_that_of_resampling():
    random = np.random.default_rng(1)
    one = random.choice(list("yn"), 400, p=[0.6, 0.4])
    other = np.where(random.random(400) < 0.8, one, random.choice(list("yn"), 400))
    table = pd.DataFrame(verdicts_of("ada", "".join(one)) + verdicts_of("ben", "".join(other)))
    found = verdict_agreement(table, one="ada", other="ben")
    draws = [random.integers(0, 400, 400) for _ in range(600)]
    resampled = np.std([cohen_kappa_score(one[draw], other[draw]) for draw in draws])
    assert found["kappa_se"] == pytest.approx(resampled, rel=0.15)


def test_kappa_says_when_it_says_nothing():
    table = pd.DataFrame(verdicts_of("ada", "yyy") + verdicts_of("ben", "yyy"))
    found = verdict_agreement(table, one="ada", other="ben")
    assert (found["observed"], np.isnan(found["kappa"])) == (1.0, True)
    assert verdict_agreement(table, one="ada", other="carl")["n"] == 0


def test_agreement_is_printed_from_the_command_line(tmp_path, cheap_hashing, capsys):
    from ecgomics.cli import main
    from ecgomics.pipeline import ingest
    from ecgomics.service import Accounts, Database
    from ecgomics.simulate import demo_patients

    cohort = ingest(demo_patients(2, seed=1), tmp_path / "c.zarr", workers=0, progress=False)
    url, record = f"sqlite:///{tmp_path / 'c.db'}", str(cohort.ids[0])
    database = Database(url)
    people = [
        Accounts(database).add(name, password="a password of the tests", role="annotator") for name in ("ada", "bob")
    ]
    kept = Annotations(database, cohort=cohort.id)
    for number, person in enumerate(people):
        for beat in range(4):
            shift = 0.010 * number + 0.002 * number * (beat % 2)
            kept.place(
                record, lead="II", beat=beat, mark="t_off", machine_s=1.0 + beat, placed_s=1.0 + beat + shift, by=person
            )
            kept.judge(record, f"event:x:{beat}", "agree" if beat or not number else "artefact", by=person)
    assert main(["agreement", str(tmp_path / "c.zarr"), "ada", "bob", "--database", url]) == 0
    out = capsys.readouterr().out
    assert "t_off" in out
    assert "11.0" in out
    assert "4 judged by both, 75 % alike, kappa 0.00" in out
    assert main(["agreement", str(tmp_path / "c.zarr"), "machine", "bob", "--database", url]) == 0
    assert "verdicts" not in capsys.readouterr().out
    assert main(["agreement", str(tmp_path / "c.zarr"), "ada", "nobody", "--database", url]) == 2
