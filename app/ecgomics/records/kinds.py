"""The formats this room reads, one line each: what tells them, what they keep, who reads them."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from importlib import import_module
from pathlib import Path
from typing import Literal

from ecgomics.errors import FormatError
from ecgomics.records.record import Record
from ecgomics.records.stated import Stated

Kind = Literal[
    "wfdb",
    "dicom",
    "aecg",
    "scp",
    "muse",
    "sierra",
    "cardiosoft",
    "edf",
    "ishne",
    "matlab",
    "hdf5",
    "apple",
    "polar",
    "opensignals",
    "csv",
    "parquet",
    "npy",
    "npz",
    "live",
]
Reader = Callable[..., Record]


@dataclass(frozen=True)
class Format:
    """One format.

    Parameters
    ----------
    kind
        Its short name: `RecordFile.kind` and `Record.format`.
    name
        Its usual name.
    suffixes
        Suffixes it usually has; the content decides.
    fields
        Fields of `Record` it fills where the file has them, beside samples, leads, rate, source and notes.
    needs
        What the caller states where the file does not: ``rate_hz``, ``unit``.
    reference
        Standard or description it was read after.
    reader
        ``module:function`` of the reader.
    checked
        The identity or tolerance its tests hold it to.
    """

    kind: Kind
    name: str
    suffixes: tuple[str, ...]
    fields: tuple[str, ...]
    needs: tuple[str, ...]
    reference: str
    reader: str
    checked: str


_PERSON = ("patient", "age", "sex", "start")
_REPORT = ("labels", "measurements", "annotations", "median_beat", "filters")

_FORMATS = (
    Format(
        "wfdb",
        "WFDB (one or many segments, .dat or .mat)",
        (".hea",),
        ("age", "sex", "start", "labels", "annotations", "step_uv"),
        (),
        "PhysioNet header(5), signal(5), annot(5)",
        "wfdb_files:read_wfdb",
        "samples and annotations equal to the wfdb library's",
    ),
    Format(
        "dicom",
        "DICOM ECG waveform (12-lead, general, ambulatory)",
        (".dcm", ".dicom"),
        (*_PERSON, "device", "labels", "measurements", "annotations", "median_beat", "filters", "step_uv"),
        (),
        "DICOM PS3.3 C.10.9, CID 3001",
        "dicom:read_dicom",
        "pydicom's example, sample for sample with its own decoder",
    ),
    Format(
        "aecg",
        "HL7 annotated ECG",
        (".xml",),
        (*_PERSON, "device", *_REPORT, "step_uv"),
        (),
        "ANSI/HL7 V3 ECG R1-2004",
        "aecg:read_aecg",
        "equal to the SCP-ECG example, sample for sample",
    ),
    Format(
        "scp",
        "SCP-ECG",
        (".scp", ".ecg"),
        (*_PERSON, "device", *_REPORT, "step_uv"),
        (),
        "EN 1064 / ISO 11073-91064",
        "scp:read_scp",
        "equal to the aECG example, sample for sample; all codings written and read back",
    ),
    Format(
        "muse",
        "GE MUSE XML",
        (".xml",),
        (*_PERSON, "device", *_REPORT, "step_uv"),
        (),
        "elements of MUSE 7 to 9 exports",
        "muse:read_muse",
        "written and read back; a converted CPSC 2018 A0001 within its writer's 0.35 mV",
    ),
    Format(
        "sierra",
        "Philips (Sierra) ECG XML 1.03 to 1.04.01",
        (".xml",),
        (*_PERSON, "device", *_REPORT, "step_uv"),
        (),
        "Philips' schema; XLI as in sierra-ecg-tools",
        "sierra:read_sierra",
        "written and read back; limb leads of the examples consistent to 2 steps (10 µV)",
    ),
    Format(
        "cardiosoft",
        "GE CardioSoft XML",
        (".xml",),
        (*_PERSON, "device", *_REPORT, "step_uv"),
        (),
        "elements of CardioSoft 6 exports",
        "cardiosoft:read_cardiosoft",
        "written and read back",
    ),
    Format(
        "edf",
        "EDF, EDF+, BDF, BDF+",
        (".edf", ".bdf", ".rec"),
        (*_PERSON, "device", "annotations", "filters", "step_uv"),
        (),
        "Kemp 1992, Kemp & Olivan 2003, BioSemi",
        "edf:read_edf",
        "A0001 within 0.04 µV of WFDB, PTB-XL 10 within 1 µV; BDF and EDF+D written and read back",
    ),
    Format(
        "ishne",
        "ISHNE Holter",
        (".ecg", ".ishne"),
        (*_PERSON, "device", "step_uv"),
        (),
        "Badilini 1998",
        "ishne:read_ishne",
        "equal to MIT-BIH 208",
    ),
    Format(
        "matlab",
        "MATLAB 4 to 7.2 (CPSC 2018, CPSC 2019, CinC .mat)",
        (".mat",),
        ("age", "sex", "step_uv"),
        ("rate_hz", "unit"),
        "MAT-file format; the challenges' descriptions",
        "matlab:read_matlab",
        "A0001 equal to WFDB; CPSC 2018 equal to scipy",
    ),
    Format(
        "hdf5",
        "HDF5 tracings (CODE-15 %, PTB-XL exports, MATLAB 7.3)",
        (".h5", ".hdf5", ".hdf"),
        ("step_uv",),
        ("rate_hz", "unit"),
        "HDF5; CODE-15 % description",
        "hdf5:read_hdf5",
        "written by h5py and read back",
    ),
    Format(
        "apple",
        "Apple Health ECG (CSV)",
        (".csv",),
        ("age", "start", "device", "labels"),
        (),
        "files as exported",
        "wearables:read_apple",
        "LUDB 1 lead I resampled, r > 0.98; written and read back",
    ),
    Format(
        "polar",
        "Polar Sensor Logger (text)",
        (".txt", ".csv"),
        ("start", "device"),
        (),
        "files as exported",
        "wearables:read_polar",
        "LUDB 1 lead II resampled, r > 0.98; written and read back",
    ),
    Format(
        "opensignals",
        "OpenSignals (text; BITalino, biosignalsplux)",
        (".txt",),
        ("start", "device", "step_uv"),
        (),
        "files as exported; makers' transfer functions",
        "wearables:read_open_signals",
        "written and read back with the maker's transfer function",
    ),
    Format(
        "csv",
        "Text table",
        (".csv", ".tsv", ".txt"),
        (),
        ("rate_hz", "unit"),
        "own",
        "tables:read_csv",
        "A0001 exactly, LUDB 1 within 0.1 µV of WFDB",
    ),
    Format(
        "parquet",
        "Parquet",
        (".parquet", ".pq"),
        (),
        ("rate_hz", "unit"),
        "Apache Parquet",
        "tables:read_parquet",
        "written by pyarrow and read back",
    ),
    Format(
        "npy",
        "NumPy array",
        (".npy",),
        ("step_uv",),
        ("rate_hz", "unit"),
        "NEP 1",
        "tables:read_npy",
        "written by NumPy and read back",
    ),
    Format(
        "npz",
        "NumPy archive",
        (".npz",),
        ("step_uv",),
        ("rate_hz", "unit"),
        "NEP 1",
        "tables:read_npz",
        "written by NumPy and read back",
    ),
    Format(
        "live",
        "Recording of a live stream (ecgomics.live)",
        (".json",),
        ("start", "device", "labels", "annotations"),
        (),
        "the journal of ecgomics.live",
        "live_recordings:read_live",
        "equal to the samples pushed, NaN where none came",
    ),
)
_BY_KIND = {item.kind: item for item in _FORMATS}

READ = "an ECG of a format this house reads (`ecgomics inspect` lists them)"


def formats() -> tuple[Format, ...]:
    """Every format that `read` takes.

    Examples
    --------
    >>> [item.kind for item in formats()][:4]
    ['wfdb', 'dicom', 'aecg', 'scp']
    """
    return _FORMATS


def formats_table() -> str:
    """The formats as a Markdown table: name, suffixes, fields kept, what the tests check, and more."""
    columns = (
        "format",
        "kind",
        "suffixes",
        "fields kept",
        "stated by the caller",
        "checked by the tests",
        "read after",
    )
    lines = [f"| {' | '.join(columns)} |", "|---" * len(columns) + "|"]
    for item in _FORMATS:
        cells = (
            item.name,
            f"`{item.kind}`",
            " ".join(item.suffixes),
            ", ".join(item.fields) or "—",
            ", ".join(item.needs) or "—",
            item.checked,
            item.reference,
        )
        lines.append(f"| {' | '.join(cells)} |")
    return "\n".join(lines)


def read_as(kind: Kind, path: Path, *, stated: Stated, item: str = "") -> Record:
    """Read a file as one kind; its module is loaded when first met, for some libraries are slow to import."""
    module, _, function = _BY_KIND[kind].reader.partition(":")
    reader: Reader = getattr(import_module(f"ecgomics.records.{module}"), function)
    if kind == "hdf5":
        return reader(path, stated=stated, item=item)
    if item:
        raise FormatError("a recording of a file that holds one", expected="the file's own name")
    return reader(path, stated=stated)
