"""What people write on records: notes, moved marks, verdicts. Two at one record lose nothing.

Every row has a version. Whoever changes a row says which version they saw; when it is not the newest, nothing is
written and a `ConflictError` says so. Marks and verdicts are kept per annotator, so that agreement can be measured.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
import pandas as pd
from sqlalchemy import select
from sqlalchemy.orm import Session

from ecgomics.errors import AccessError, ConflictError, ServiceError
from ecgomics.service.accounts import Person
from ecgomics.service.database import Database
from ecgomics.service.models import MarkEdit, Note, Verdict, now

LONGEST_NOTE = 4000
"""Characters."""

NOTE_COLUMNS = ("id", "record", "lead", "start_s", "stop_s", "text", "author", "version", "edited")
MARK_COLUMNS = ("record", "lead", "beat", "mark", "machine_s", "placed_s", "author", "version", "edited")
VERDICT_COLUMNS = ("record", "subject", "says", "comment", "author", "version", "edited")


class Annotations:
    """Everything written about the records of one cohort.

    Parameters
    ----------
    database
        Where it is kept.
    cohort
        A stable id of the cohort (its manifest's).
    """

    def __init__(self, database: Database, *, cohort: str) -> None:
        self.database, self.cohort = database, cohort

    # notes

    def write(
        self, record: str, text: str, *, by: Person, start_s: float, stop_s: float | None = None, lead: str = ""
    ) -> int:
        """Write a note at a moment or over a span; its number.

        Parameters
        ----------
        record
            Record id.
        text
            Up to 4,000 characters, shown as text and never as markup.
        by
            An annotator or more.
        start_s, stop_s
            Seconds from the start of the record; without a stop, a moment.
        lead
            One lead; all when empty.

        Raises
        ------
        AccessError
            For a viewer.
        ServiceError
            Without text, with too much, or for a time before the start.
        """
        by.require("annotator")
        stop_s = start_s if stop_s is None else stop_s
        if not (0 <= start_s <= stop_s):
            raise ServiceError(f"a note from {start_s:g} to {stop_s:g} s", expected="times within the record, in order")
        note = Note(
            cohort=self.cohort,
            record=record,
            author_id=by.id,
            lead=lead[:24],
            start_s=float(start_s),
            stop_s=float(stop_s),
            text=_proper_text(text),
        )
        with self.database.session() as session:
            session.add(note)
            session.flush()
            return note.id

    def rewrite(self, note: int, text: str, *, by: Person, seen: int) -> int:
        """Change a note's text; the new version.

        Raises
        ------
        AccessError
            For somebody else's note, unless an administrator asks.
        ConflictError
            When the note was changed since version `seen`.
        """
        with self.database.session() as session:
            row = self._own_note(session, note, by=by, seen=seen)
            row.text, row.version, row.edited = _proper_text(text), row.version + 1, now()
            return row.version

    def remove(self, note: int, *, by: Person, seen: int) -> None:
        """Take a note away; `restore` brings it back. Raises as `rewrite` does."""
        with self.database.session() as session:
            row = self._own_note(session, note, by=by, seen=seen)
            row.removed, row.version = now(), row.version + 1

    def restore(self, note: int, *, by: Person) -> None:
        """Bring a removed note back. Raises AccessError for somebody else's."""
        with self.database.session() as session:
            row = session.get(Note, note)
            if row is None or row.cohort != self.cohort:
                raise _unknown("note")
            if row.author_id != by.id and not by.may("admin"):
                raise _not_yours()
            row.removed, row.version = None, row.version + 1

    def notes(self, record: str | None = None) -> pd.DataFrame:
        """Notes in force, by time: the columns `NOTE_COLUMNS`."""
        query = select(Note).where(Note.cohort == self.cohort, Note.removed.is_(None)).order_by(Note.start_s, Note.id)
        if record is not None:
            query = query.where(Note.record == record)
        return self._table(query, NOTE_COLUMNS)

    # marks

    def place(
        self,
        record: str,
        *,
        lead: str,
        beat: int,
        mark: str,
        placed_s: float | None,
        machine_s: float | None,
        by: Person,
        seen: int = 0,
    ) -> int:
        """Place a mark of a beat (none: there is no such wave); the version of this annotator's row.

        Parameters
        ----------
        record, lead, beat, mark
            Which: record id, lead name, number of the beat in the record from 0, and a mark of the vocabulary.
        placed_s, machine_s
            Seconds from the start of the record: the person's, and the machine's, which is kept.
        by
            An annotator or more.
        seen
            The version this was made from; 0 for a mark this annotator has not placed before.

        Raises
        ------
        AccessError
            For a viewer.
        ConflictError
            When the same annotator changed it in another window meanwhile.
        """
        by.require("annotator")
        with self.database.session() as session:
            row = session.scalar(
                select(MarkEdit).where(
                    MarkEdit.cohort == self.cohort,
                    MarkEdit.record == record,
                    MarkEdit.lead == lead,
                    MarkEdit.beat == beat,
                    MarkEdit.mark == mark,
                    MarkEdit.author_id == by.id,
                )
            )
            if row is None:
                row = MarkEdit(
                    cohort=self.cohort, record=record, lead=lead, beat=beat, mark=mark, author_id=by.id, version=0
                )
                session.add(row)
            _require_seen(row.version, seen)
            row.placed_s, row.machine_s, row.edited = placed_s, machine_s, now()
            row.version += 1
            session.flush()
            return row.version

    def withdraw(self, record: str, *, lead: str, beat: int, mark: str, by: Person) -> None:
        """Go back to the machine's mark: this annotator's is forgotten."""
        with self.database.session() as session:
            for row in session.scalars(
                select(MarkEdit).where(
                    MarkEdit.cohort == self.cohort, MarkEdit.record == record, MarkEdit.author_id == by.id
                )
            ):
                if (row.lead, row.beat, row.mark) == (lead, beat, mark):
                    session.delete(row)

    def marks(self, record: str | None = None) -> pd.DataFrame:
        """Every annotator's marks: the columns `MARK_COLUMNS`."""
        query = select(MarkEdit).where(MarkEdit.cohort == self.cohort).order_by(MarkEdit.record, MarkEdit.id)
        if record is not None:
            query = query.where(MarkEdit.record == record)
        return self._table(query, MARK_COLUMNS)

    # verdicts

    def judge(self, record: str, subject: str, says: str, *, by: Person, comment: str = "", seen: int = 0) -> int:
        """Say what one thinks of a statement of the machine; an empty word takes the verdict back. The version.

        Parameters
        ----------
        record, subject
            What is judged, such as ``"event:ventricular:18234"``, ``"rule:lbbb"`` or ``"report"``.
        says
            A word, such as ``"agree"``, ``"disagree"``, ``"unsure"`` or ``"reviewed"``.
        by
            An annotator or more.
        comment
            Free text.
        seen
            The version this was made from; 0 at first.

        Raises
        ------
        AccessError
            For a viewer.
        ConflictError
            When the same annotator judged it in another window meanwhile.
        """
        by.require("annotator")
        with self.database.session() as session:
            row = session.scalar(
                select(Verdict).where(
                    Verdict.cohort == self.cohort,
                    Verdict.record == record,
                    Verdict.subject == subject,
                    Verdict.author_id == by.id,
                )
            )
            if row is None:
                row = Verdict(cohort=self.cohort, record=record, subject=subject[:120], author_id=by.id, version=0)
                session.add(row)
            _require_seen(row.version, seen)
            row.says, row.comment, row.edited = says[:24], comment[:LONGEST_NOTE], now()
            row.version += 1
            session.flush()
            return row.version

    def verdicts(self, record: str | None = None) -> pd.DataFrame:
        """Every annotator's verdicts in force: the columns `VERDICT_COLUMNS`."""
        query = select(Verdict).where(Verdict.cohort == self.cohort, Verdict.says != "").order_by(Verdict.id)
        if record is not None:
            query = query.where(Verdict.record == record)
        return self._table(query, VERDICT_COLUMNS)

    def _own_note(self, session: Session, note: int, *, by: Person, seen: int) -> Note:
        row = session.get(Note, note)
        if row is None or row.cohort != self.cohort or row.removed is not None:
            raise _unknown("note")
        if row.author_id != by.id and not by.may("admin"):
            raise _not_yours()
        _require_seen(row.version, seen)
        return row

    def _table(self, query: Any, columns: Sequence[str]) -> pd.DataFrame:
        with self.database.reading() as session:
            rows = [
                [row.author.name if column == "author" else getattr(row, column) for column in columns]
                for row in session.scalars(query)
            ]
        return pd.DataFrame(rows, columns=list(columns))


def mark_agreement(marks: pd.DataFrame, *, one: str, other: str) -> pd.DataFrame:
    """How far two annotators' marks of the same beats lie apart.

    Parameters
    ----------
    marks
        As `Annotations.marks` gives them.
    one, other
        Names of two annotators, or ``"machine"``.

    Returns
    -------
    pandas.DataFrame
        One row a mark: ``n`` pairs both placed, ``mean_ms`` and ``sd_ms`` of `other` minus `one`, ``low_ms`` and
        ``high_ms`` (Bland & Altman's 95 % limits of agreement, Lancet 1986;327:307–310), ``only_one`` and
        ``only_other`` (the wave is there for one of them only).
    """
    left, right = (_placed_by(marks, name) for name in (one, other))
    both = left.merge(right, on=["record", "lead", "beat", "mark"], suffixes=("_one", "_other"))
    rows = []
    for mark, pairs in both.groupby("mark", sort=True):
        apart = (pairs["at_other"] - pairs["at_one"]).dropna().to_numpy(float) * 1000
        sd = float(np.std(apart, ddof=1)) if len(apart) > 1 else float("nan")
        mean = float(np.mean(apart)) if len(apart) else float("nan")
        rows.append(
            {
                "mark": mark,
                "n": len(apart),
                "mean_ms": mean,
                "sd_ms": sd,
                "low_ms": mean - 1.96 * sd,
                "high_ms": mean + 1.96 * sd,
                "only_one": int((pairs["at_one"].notna() & pairs["at_other"].isna()).sum()),
                "only_other": int((pairs["at_one"].isna() & pairs["at_other"].notna()).sum()),
            }
        )
    return pd.DataFrame(rows, columns=["mark", "n", "mean_ms", "sd_ms", "low_ms", "high_ms", "only_one", "only_other"])


def verdict_agreement(verdicts: pd.DataFrame, *, one: str, other: str) -> dict[str, float]:
    """How far two annotators say the same.

    Parameters
    ----------
    verdicts
        As `Annotations.verdicts` gives them.
    one, other
        Names of two annotators.

    Returns
    -------
    dict
        ``n`` things both judged, ``observed`` share on which they agree, ``kappa`` (Cohen, Educ Psychol Meas
        1960;20:37–46), and its large-sample standard error ``kappa_se``. Kappa is NaN when chance alone would give full
        agreement (both always say the same one word).
    """
    pairs = verdicts[verdicts["author"] == one].merge(
        verdicts[verdicts["author"] == other], on=["record", "subject"], suffixes=("_one", "_other")
    )
    n = len(pairs)
    if n == 0:
        return {"n": 0, "observed": float("nan"), "kappa": float("nan"), "kappa_se": float("nan")}
    table = pd.crosstab(pairs["says_one"], pairs["says_other"])
    words = sorted(set(table.index) | set(table.columns))
    share = table.reindex(index=words, columns=words, fill_value=0).to_numpy(float) / n
    observed, chance = float(np.trace(share)), float(share.sum(axis=1) @ share.sum(axis=0))
    if np.isclose(chance, 1):
        return {"n": n, "observed": observed, "kappa": float("nan"), "kappa_se": float("nan")}
    kappa = (observed - chance) / (1 - chance)
    return {"n": n, "observed": observed, "kappa": kappa, "kappa_se": _kappa_error(share, kappa, n=n)}


def _kappa_error(share: np.ndarray, kappa: float, *, n: int) -> float:
    # Fleiss, Cohen & Everitt, Psychol Bull 1969;72:323-327, eq. 13
    rows, columns = share.sum(axis=1), share.sum(axis=0)
    chance = float(rows @ columns)
    diagonal = np.diag(share) * (1 - (rows + columns) * (1 - kappa)) ** 2
    across = (columns[:, None] + rows[None, :]) ** 2 * share
    off = (1 - kappa) ** 2 * (across.sum() - np.trace(across))
    spread = diagonal.sum() + off - (kappa - chance * (1 - kappa)) ** 2
    return float(np.sqrt(max(spread, 0.0) / n) / (1 - chance))


def _placed_by(marks: pd.DataFrame, name: str) -> pd.DataFrame:
    keys = ["record", "lead", "beat", "mark"]
    if name == "machine":
        return marks.drop_duplicates(keys).assign(at=lambda rows: rows["machine_s"].astype(float))[[*keys, "at"]]
    return marks[marks["author"] == name].assign(at=lambda rows: rows["placed_s"].astype(float))[[*keys, "at"]]


def _proper_text(text: str) -> str:
    text = text.strip()
    if not text or len(text) > LONGEST_NOTE:
        raise ServiceError(
            f"a note of {len(text)} characters", expected=f"1 to {LONGEST_NOTE}", remedy="write something shorter"
        )
    return text


def _require_seen(version: int, seen: int) -> None:
    if version != seen:
        raise ConflictError(
            f"a change to version {seen}, and version {version} is there by now",
            expected="a change to the newest version",
            remedy="look at the newest, then change it again",
        )


def _unknown(what: str) -> ServiceError:
    return ServiceError(f"an unknown {what}", expected=f"the number of a {what} of this cohort")


def _not_yours() -> AccessError:
    return AccessError("somebody else's", expected="one's own", remedy="write another beside it")
