"""WFDB headers, read with suspicion: what they name, how much they promise, and whether the disk agrees.

Format: PhysioNet `header(5)` (WFDB Applications Guide). The samples are read by the wfdb library, which follows
whatever names a header holds; so every name is checked here first.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from pathlib import Path

from ecgomics.errors import FormatError
from ecgomics.records.pieces import MAX_GATHERED, check_total

MAX_HEADER_BYTES = 1_000_000
MAX_SEGMENTS = 20_000
MAX_STRETCH = 100
"""A recording of segments and gaps may be at most this many times longer than its samples, and a long one twice."""

_BITS = {"8": 8, "16": 16, "24": 24, "32": 32, "61": 16, "80": 8, "160": 16, "212": 12}
_BITS_OF_BLOCKS = {"310": 32 / 3, "311": 32 / 3}
_COMPRESSED = ("508", "516", "524")

_RECORD_LINE = re.compile(r"^\s*(?P<name>[-\w]+)(?:/(?P<segments>\d+))?\s+(?P<signals>\d+)(?:\s|$)")
_SIGNAL_LINE = re.compile(
    r"^\s*(?P<file>\S+)\s+(?P<format>\d+)(?:x(?P<frame>\d+))?(?::(?P<skew>\d+))?(?:\+(?P<offset>\d+))?"
    r"(?:\s+(?P<gain>\S+))?"
)


@dataclass(frozen=True)
class SignalLine:
    """One signal as its header line announces it."""

    file: str
    format: str
    frame: int
    offset: int
    gain_stated: bool
    unit_stated: bool


@dataclass(frozen=True)
class Header:
    """A header's lines: the names it holds and the samples it promises."""

    name: str
    segments: int | None
    n_signals: int
    n_samples: int | None
    signals: tuple[SignalLine, ...]
    segment_lines: tuple[tuple[str, int], ...]
    comments: tuple[str, ...]


def is_record_line(line: str) -> bool:
    """Whether a line could be the first line of a WFDB header."""
    return _RECORD_LINE.match(line) is not None


def read_header(path: Path) -> Header:
    """Parse a header file without opening anything it names.

    Raises
    ------
    FormatError
        When it is too big, not text, or not a WFDB header.
    """
    if path.stat().st_size > MAX_HEADER_BYTES:
        raise FormatError("a WFDB header of over 1 MB", expected="a few kB of text")
    text = path.read_bytes().decode("utf-8", errors="replace")
    lines = [line.strip() for line in text.splitlines() if line.strip()]
    comments = tuple(line.lstrip("#").strip() for line in lines if line.startswith("#"))
    body = [line for line in lines if not line.startswith("#")]
    match = _RECORD_LINE.match(body[0]) if body else None
    if match is None:
        raise FormatError("a .hea file that is no WFDB header", expected="a record line: name, signals, rate, samples")
    segments = None if match["segments"] is None else int(match["segments"])
    n_samples = _samples_of(body[0])
    if segments is None:
        return _single(match, body, n_samples=n_samples, comments=comments)
    return _multi(match, body, segments=segments, n_samples=n_samples, comments=comments)


def member(folder: Path, name: str) -> Path:
    """The file a header names, if it lies in the header's folder.

    Raises
    ------
    FormatError
        For an absolute name, one with a folder in it, or a link that leads outside.
    """
    if not name or name != Path(name).name or "\\" in name or ":" in name or name in (".", ".."):
        raise FormatError(
            "a WFDB header naming a file outside its folder",
            expected="bare file names beside the header",
            remedy="put the signal file beside its header, and its bare name in it",
        )
    path = (folder / name).resolve()
    if path.parent != folder.resolve():
        raise FormatError(
            "a WFDB header naming a file outside its folder by a link",
            expected="regular files beside the header",
            remedy="copy the signal file beside its header",
        )
    if not path.is_file():
        raise FormatError("a WFDB header naming a file that is not there", expected="the signal file beside its header")
    return path


def check_files(header: Header, folder: Path) -> None:
    """Hold the header's promise against the disk: every file inside the folder and long enough.

    Raises
    ------
    FormatError
        For files missing, outside, truncated, or a promise of too many samples.
    """
    if header.segments is None:
        _check_signals(header, folder)
        return
    total, frame = 0, max(header.n_signals, 1)
    for name, length in header.segment_lines:
        if name == "~":
            continue
        part = read_header(member(folder, f"{name}.hea"))
        if part.segments is not None:
            raise FormatError("a WFDB segment that is itself made of segments", expected="plain segments")
        if length:
            _check_signals(part, folder)
        elif any(signal.file != "~" for signal in part.signals):
            raise FormatError("a WFDB layout segment naming signal files", expected="'~' for each signal")
        frame = max(frame, sum(signal.frame for signal in part.signals))
        total += length * sum(signal.frame for signal in part.signals)
    # gaps cost no bytes on disk, so a header could promise any length of them
    laid_out = frame * sum(length for _, length in header.segment_lines)
    check_total(laid_out)
    if laid_out > max(min(MAX_STRETCH * total, MAX_GATHERED), 1_000_000, 2 * total):
        raise FormatError("WFDB gaps far longer than the samples between them", expected="one recording")


def _check_signals(header: Header, folder: Path) -> None:
    if not header.signals:
        raise FormatError("a WFDB header without signals", expected="at least one signal line")
    for name in dict.fromkeys(signal.file for signal in header.signals):
        path = member(folder, name)
        group = [signal for signal in header.signals if signal.file == name]
        frame = sum(signal.frame for signal in group)
        n_samples = header.n_samples or 0
        check_total(n_samples * frame)
        _check_length(path.stat().st_size, group=group, needed=n_samples * frame)


def _check_length(size: int, *, group: list[SignalLine], needed: int) -> None:
    kind = group[0].format
    if any(signal.format != kind for signal in group):
        raise FormatError("a WFDB signal file said to be in two formats", expected="one format per file")
    if kind in _COMPRESSED:
        if size == 0:
            raise FormatError("an empty WFDB signal file", expected="samples")
        return
    bits = _BITS.get(kind) or _BITS_OF_BLOCKS.get(kind)
    if bits is None:
        raise FormatError("a WFDB signal format that does not exist", expected=f"one of {', '.join(_BITS)}")
    available = max(0, int((size - group[0].offset) * 8 // bits))
    if available == 0:
        raise FormatError("an empty WFDB signal file", expected="samples")
    if available < needed:
        raise FormatError(
            f"a truncated WFDB signal file: {available} of {needed} samples",
            expected="as many samples as the header promises",
            remedy="fetch the file again",
        )


def _single(match: re.Match[str], body: list[str], *, n_samples: int | None, comments: tuple[str, ...]) -> Header:
    n_signals = int(match["signals"])
    if len(body) - 1 != n_signals:
        raise FormatError(
            f"a WFDB header with {len(body) - 1} signal lines", expected=f"the {n_signals} its first line announces"
        )
    return Header(
        name=match["name"],
        segments=None,
        n_signals=n_signals,
        n_samples=n_samples,
        signals=tuple(_signal(line) for line in body[1:]),
        segment_lines=(),
        comments=comments,
    )


def _multi(
    match: re.Match[str], body: list[str], *, segments: int, n_samples: int | None, comments: tuple[str, ...]
) -> Header:
    if len(body) - 1 != segments or not 0 < segments <= MAX_SEGMENTS:
        raise FormatError(
            f"a WFDB header with {len(body) - 1} segment lines", expected=f"the {segments} its first line announces"
        )
    lines = []
    for line in body[1:]:
        name, _, length = line.partition(" ")
        if not length.strip().isdigit():
            raise FormatError("a WFDB segment line without a length", expected="a name and a number of samples")
        lines.append((name, int(length)))
    if n_samples is not None and sum(length for _, length in lines) != n_samples:
        raise FormatError("WFDB segments that do not add up to the record's length", expected="equal sums")
    return Header(
        name=match["name"],
        segments=segments,
        n_signals=int(match["signals"]),
        n_samples=n_samples,
        signals=(),
        segment_lines=tuple(lines),
        comments=comments,
    )


def _samples_of(line: str) -> int | None:
    fields = line.split()
    if len(fields) < 4:
        return None
    if not fields[3].isdigit():
        raise FormatError("a WFDB record line whose length is no number", expected="a number of samples")
    return int(fields[3])


def _signal(line: str) -> SignalLine:
    match = _SIGNAL_LINE.match(line)
    if match is None:
        raise FormatError("a WFDB signal line that cannot be read", expected="file, format, gain, …")
    gain = match["gain"] or ""
    return SignalLine(
        file=match["file"],
        format=match["format"],
        frame=int(match["frame"] or 1),
        offset=int(match["offset"] or 0),
        gain_stated=bool(re.match(r"-?[\d.]", gain)) and not re.match(r"-?0+(\.0*)?(\(|/|$)", gain),
        unit_stated="/" in gain,
    )
