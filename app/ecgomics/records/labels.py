"""Tables that say who was recorded and what was found: PTB-XL's, LUDB's, or any CSV of paths and labels."""

from __future__ import annotations

import ast
import csv
import math
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any

from ecgomics.errors import FormatError
from ecgomics.records.packed import inner_name
from ecgomics.records.record import Description, Label, Sex
from ecgomics.records.text_table import HEAD_BYTES, decode, find_numbers
from ecgomics.vocabulary import LEADS, normalise_lead

MAX_TABLE_BYTES = 500_000_000

_PATH_COLUMNS = ("path", "file", "filename", "file_name", "record_path")
_NAME_COLUMNS = ("record", "source", "id", "ecg_id", "name", "record_name")
_PATIENT_COLUMNS = ("patient", "patient_id", "patientid", "subject", "subject_id")
_LABEL_COLUMNS = ("label", "labels", "diagnosis", "diagnoses", "class", "target")
_KNOWN_COLUMNS = (*_PATH_COLUMNS, *_PATIENT_COLUMNS, *_LABEL_COLUMNS, "age", "sex", "scp_codes", "diagnostic_class")
_CODE15_CLASSES = ("1dAVb", "RBBB", "LBBB", "SB", "ST", "AF", "normal_ecg")
_HIDDEN_AGE = 300.0
_HIDDEN_AGE_STANDS_FOR = 90.0


@dataclass(frozen=True)
class LabelTable:
    """What a table says about recordings, by the recording's path below the table's folder or by its file stem."""

    folder: Path
    by_path: Mapping[str, Description]
    by_stem: Mapping[str, Description]

    def of(self, path: str | Path) -> Description | None:
        """The description of a recording, or None; a path named in the table is preferred to a bare stem."""
        file = Path(path)
        for folder, target in ((self.folder.resolve(), file.resolve()), (self.folder, file)):
            if target.is_relative_to(folder):
                inside = target.relative_to(folder)
                for key in (inside.with_suffix("").as_posix(), inside.as_posix(), inside.name):
                    if key in self.by_path:
                        return self.by_path[key]
        return self.by_stem.get(Path(inner_name(file)).stem)

    def __len__(self) -> int:
        return len(self.by_path) + len(self.by_stem)


def read_labels(path: str | Path) -> LabelTable:
    """Read a label table.

    Parameters
    ----------
    path
        `ptbxl_database.csv` (with `scp_statements.csv` beside it, superclasses are added), LUDB's `ludb.csv`,
        CODE-15 %'s `exams.csv` (by exam, `exams_part3.hdf5#1169160`), or a CSV
        with a column of paths (`path`, `file`, `filename`) or names (`record`, `id`) and any of `patient`, `age`,
        `sex`, `label` (several parted by `;`); other columns become labels `column=value`.

    Raises
    ------
    FormatError
        When it is no such table.
    """
    file = Path(path)
    rows = _rows(file)
    columns = set(rows[0]) if rows else set()
    if {"scp_codes", "filename_lr"} <= columns:
        return _ptbxl(file, rows)
    if {"exam_id", "is_male", "trace_file"} <= columns:
        return _code15(file, rows)
    if {"ID", "Rhythms"} <= columns:
        by_stem = {row["ID"].strip(): _ludb_row(row) for row in rows}
        return LabelTable(file.parent, {}, by_stem)
    return _generic(file, rows)


def find_labels(source: str | Path) -> Path | None:
    """The label table that goes with a folder: in it, or up to three folders above; None when there is none.

    Of several, PTB-XL's and LUDB's own come first; other tables count only when they lie in the folder itself and have
    a column of paths.
    """
    start = Path(source).resolve()
    start = start if start.is_dir() else start.parent
    for folder in (start, *list(start.parents)[:3]):
        for name in ("ptbxl_database.csv", "ludb.csv", "exams.csv"):
            if (folder / name).is_file():
                return folder / name
    for table in sorted(start.glob("*.csv")):
        if is_label_table(table) and _header_of(table) & set(_PATH_COLUMNS):
            return table
    return None


def is_label_table(path: str | Path) -> bool:
    """Whether a CSV holds words about recordings rather than samples of one."""
    file = Path(path)
    if file.suffix.lower() not in (".csv", ".tsv") or not file.is_file():
        return False
    try:
        with file.open("rb") as stream:
            return is_label_head(stream.read(HEAD_BYTES), file.suffix.lower())
    except OSError:
        return False  # its reading says what is wrong


def is_label_head(head: bytes, suffix: str) -> bool:
    """Whether a table that begins so holds words about recordings; ``.tsv`` is parted by tabs."""
    text = decode(head)
    if not text or not text.strip():
        return False
    first = next(csv.reader(text.splitlines()[:1], delimiter="\t" if suffix == ".tsv" else ","), [])
    names = {name.strip().lower() for name in first}
    if len(first) < 2 or any(normalise_lead(name) in LEADS for name in first):
        return False
    if names & set(_KNOWN_COLUMNS):
        return True
    return find_numbers(text) is None and len(text.splitlines()) > 1


def listed_paths(table: str | Path) -> Iterator[Path]:
    """Paths a table lists, relative ones taken from the table's folder.

    Raises
    ------
    FormatError
        When it has no column of paths.
    """
    file = Path(table)
    rows = _rows(file)
    wanted = ("filename_lr", "filename_hr") if rows and "filename_lr" in rows[0] else _PATH_COLUMNS
    columns = [name for name in (rows[0] if rows else {}) if name.strip().lower() in wanted]
    if not columns:
        raise FormatError(
            "a table without a column of paths",
            expected=f"a column named {', '.join(_PATH_COLUMNS)}",
            remedy="name it so",
        )
    for row in rows:
        for column in columns:
            if row[column] and row[column].strip():
                yield file.parent / row[column].strip()


def _header_of(path: Path) -> set[str]:
    with path.open(newline="", encoding="utf-8-sig", errors="replace") as stream:
        return {name.strip().lower() for name in next(csv.reader(stream), [])}


def _rows(path: Path) -> list[dict[str, str]]:
    try:
        if path.stat().st_size > MAX_TABLE_BYTES:
            raise FormatError("a label table of over 500 MB", expected="one row a recording")
        delimiter = "\t" if path.suffix.lower() == ".tsv" else ","
        with path.open(newline="", encoding="utf-8-sig", errors="replace") as stream:
            reader = csv.DictReader(stream, delimiter=delimiter, restkey="…", restval="")
            return [{str(key): value if isinstance(value, str) else "" for key, value in row.items()} for row in reader]
    except (OSError, csv.Error):
        raise FormatError("a label table that cannot be read", expected="a CSV with a line of column names") from None


def _ptbxl(path: Path, rows: list[dict[str, str]]) -> LabelTable:
    classes = _superclasses(path.with_name("scp_statements.csv"))
    described = [(row, _ptbxl_row(row, classes)) for row in rows]
    by_path = {
        row[column].strip(): description
        for row, description in described
        for column in ("filename_lr", "filename_hr")
        if row.get(column, "").strip()
    }
    by_stem = {key.rsplit("/", 1)[-1]: description for key, description in by_path.items()}
    return LabelTable(path.parent, by_path, by_stem)


def _superclasses(path: Path) -> dict[str, str]:
    if not path.is_file():
        return {}
    rows = _rows(path)
    return {row.get("", ""): row["diagnostic_class"] for row in rows if row.get("diagnostic_class")}


def _ptbxl_row(row: Mapping[str, str], classes: Mapping[str, str]) -> Description:
    codes = _scp_codes(row["scp_codes"])
    groups: dict[str, float] = {}
    for code, likelihood in codes.items():
        if code in classes:
            groups[classes[code]] = max(likelihood, groups.get(classes[code], 0.0))
    age, notes = _years(row.get("age", "")), ()
    if age == _HIDDEN_AGE:
        age, notes = _HIDDEN_AGE_STANDS_FOR, ("age above 89 is hidden in PTB-XL; 90 stands for it",)  # type: ignore[assignment]
    sex: Sex = {"0": "M", "1": "F"}.get(row.get("sex", "").strip().split(".")[0], "")  # type: ignore[assignment]
    return Description(
        patient=row.get("patient_id", "").strip().removesuffix(".0"),
        age=age if age <= 130 else math.nan,
        sex=sex,
        start=_stamp(row.get("recording_date", "")),
        device=" ".join(row.get("device", "").split()),
        labels=tuple(Label("ptbxl-scp", code, likelihood) for code, likelihood in codes.items())
        + tuple(Label("ptbxl-superclass", code, likelihood) for code, likelihood in groups.items()),
        notes=notes,
    )


def _scp_codes(text: str) -> dict[str, float]:
    try:
        codes = ast.literal_eval(text)
        return {str(code): float(likelihood) for code, likelihood in codes.items()}
    except (ValueError, SyntaxError, AttributeError, TypeError, RecursionError, MemoryError):
        return {}


def _ludb_row(row: Mapping[str, str]) -> Description:
    cells = (row[name] for name in row if name not in ("ID", "Sex", "Age", "…"))
    texts = [" ".join(line.split()).rstrip(". ") for cell in cells for line in cell.splitlines()]
    return Description(
        age=_years(row.get("Age", "")),
        sex=_sex(row.get("Sex", "")),
        labels=tuple(Label("wfdb-comment", text) for text in dict.fromkeys(texts) if text),
    )


def _code15(path: Path, rows: list[dict[str, str]]) -> LabelTable:
    """CODE-15 %: six classes as columns of True and False, recordings by exam id within HDF5 files."""
    by_path = {}
    for row in rows:
        codes = [name for name in _CODE15_CLASSES if row.get(name, "").strip().lower() in ("true", "1")]
        sexes: dict[str, Sex] = {"true": "M", "1": "M", "false": "F", "0": "F"}
        description = Description(
            patient=row.get("patient_id", "").strip(),
            age=_years(row.get("age", "")),
            sex=sexes.get(row["is_male"].strip().lower(), ""),
            labels=tuple(Label("code15", code) for code in codes),
        )
        by_path[f"{row['trace_file'].strip()}#{row['exam_id'].strip()}"] = description
    return LabelTable(path.parent, by_path, {})


def _generic(path: Path, rows: list[dict[str, str]]) -> LabelTable:
    names = {name.strip().lower(): name for name in (rows[0] if rows else {})}
    key = next((names[name] for name in (*_PATH_COLUMNS, *_NAME_COLUMNS) if name in names), None)
    if key is None:
        raise FormatError(
            "a table that names no recordings",
            expected=f"a column named {', '.join((*_PATH_COLUMNS, *_NAME_COLUMNS))}",
            remedy="name the column of paths 'path'",
        )
    by_path: dict[str, Description] = {}
    by_stem: dict[str, Description] = {}
    for row in rows:
        target = Path(row[key].strip())
        description = _generic_row(row, names, key=key)
        by_path[_relative(target, path.parent)] = description
        by_stem[target.stem] = description
    return LabelTable(path.parent, by_path, by_stem)


def _relative(target: Path, folder: Path) -> str:
    bare = target.with_suffix("") if target.name else target
    return bare.relative_to(folder).as_posix() if bare.is_relative_to(folder) else bare.as_posix()


def _generic_row(row: Mapping[str, str], names: Mapping[str, str], *, key: str) -> Description:
    def cell(*wanted: str) -> str:
        return next((row[names[name]].strip() for name in wanted if name in names), "")

    taken = {key, *(names[n] for n in (*_PATIENT_COLUMNS, *_LABEL_COLUMNS, "age", "sex", "gender") if n in names)}
    labels = [Label("table", word.strip()) for word in re.split(r"[;|]", cell(*_LABEL_COLUMNS)) if word.strip()]
    for name, value in row.items():
        if name not in taken and name != "…" and value.strip():
            labels.append(Label("table", f"{name.strip()}={value.strip()}"))
    return Description(
        patient=cell(*_PATIENT_COLUMNS),
        age=_years(cell("age")),
        sex=_sex(cell("sex", "gender")),
        labels=tuple(dict.fromkeys(labels)),
    )


def _years(text: str) -> float:
    match = re.match(r"^\D*(\d+(?:\.\d+)?)", text.strip())
    return float(match[1]) if match and not text.strip().startswith("-") else math.nan


def _sex(text: str) -> Sex:
    word = text.strip().lower()
    if word in ("m", "male", "man"):
        return "M"
    return "F" if word in ("f", "female", "woman") else ""


def _stamp(text: str) -> Any:
    try:
        return datetime.fromisoformat(text.strip())
    except ValueError:
        return None
