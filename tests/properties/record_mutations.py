"""Damage done to files on purpose, and what a reader may make of it. Run as a script, it works through many files.

    python record_mutations.py FOLDER COUNT SEED

damages the files of a folder in turn, COUNT times, reads each in this process under limits of memory and time, and
prints one line of JSON. A crash of the interpreter is the caller's to see.
"""

from __future__ import annotations

import contextlib
import importlib.util
import json
import re
import resource
import signal
import struct
import sys
import tempfile
import time
import zlib
from base64 import b64decode
from collections import Counter
from pathlib import Path

import numpy as np

from ecgomics.errors import FormatError
from ecgomics.records import Record, describe, read

_SPEC = importlib.util.spec_from_file_location(
    "record_writers", Path(__file__).parents[1] / "standards" / "record_writers.py"
)
w = importlib.util.module_from_spec(_SPEC)
_SPEC.loader.exec_module(w)

SECONDS_A_FILE = 20
MEMORY_BYTES = 6_000_000_000
_NUMBERS = [b"0", b"-1", b"1e308", b"nan", b"99999999999", b"0.0000001", b"", b"x", b"-32768", b"2147483648"]


def damaged(data: bytes, rng: np.random.Generator) -> bytes:
    """A few changes: bytes set, flipped, dropped, doubled or put in; numbers made impossible; an end lost."""
    result = bytearray(data)
    head = bool(rng.integers(2))  # headers are where damage tells
    for _ in range(int(rng.geometric(0.5))):
        reach = max(1, min(len(result), 4096) if head else len(result))
        at, how = int(rng.integers(reach)), int(rng.integers(8))
        span = int(rng.integers(1, 64))
        if not result:
            break
        if how == 0:
            result[at] = int(rng.integers(256))
        elif how == 1:
            result[at] ^= 1 << int(rng.integers(8))
        elif how == 2:
            del result[at : at + span]
        elif how == 3:
            result[at:at] = result[at : at + span]
        elif how == 4:
            result[at:at] = rng.integers(256, size=span, dtype=np.uint8).tobytes()
        elif how == 5:
            result[at : at + 4] = struct.pack("<I", int(rng.choice([0, 1, 255, 65535, 2**31 - 1, 2**31, 2**32 - 1])))
        elif how == 6:
            result = _with_number(result, at, rng)
        elif rng.random() < 0.3:
            del result[max(1, int(rng.integers(len(result)))) :]
    return bytes(result)


def _with_number(data: bytearray, at: int, rng: np.random.Generator) -> bytearray:
    found = re.compile(rb"-?\d+(?:\.\d+)?").search(data, at)
    if found is None:
        return data
    return data[: found.start()] + bytearray(_NUMBERS[int(rng.integers(len(_NUMBERS)))]) + data[found.end() :]


def resealed(data: bytes) -> bytes:
    """Checksums made to match again, so that damage reaches what lies behind them."""
    if data[16:22] == b"SCPECG" and len(data) > 22:
        sized = data[:2] + struct.pack("<I", len(data)) + data[6:]
        return w.scp_resealed(sized)
    if data[:8] == b"ISHNE1.0" and len(data) > 522:
        at = struct.unpack_from("<i", data, 22)[0]
        return data[:8] + struct.pack("<H", w.crc(data[10:at]) if 10 < at < 5000 else 0) + data[10:]
    if b"<LeadDataCRC32>" in data:
        return re.sub(
            rb"<LeadDataCRC32>\d+</LeadDataCRC32>\s*<WaveFormData>(.*?)</WaveFormData>", _sealed, data, flags=re.S
        )
    return data


def _sealed(found: re.Match[bytes]) -> bytes:
    with contextlib.suppress(ValueError):
        crc = zlib.crc32(b64decode(b"".join(found[1].split()), validate=True))
        return b"<LeadDataCRC32>%d</LeadDataCRC32><WaveFormData>%s</WaveFormData>" % (crc, found[1])
    return found[0]


def outcome(path: Path, **stated: object) -> str:
    """`record` or `refused`; anything else is an error that goes up."""
    try:
        record = read(path, **stated)
    except FormatError:
        return "refused"
    check(record)
    return "record"


def check(record: Record) -> None:
    """What holds for every record, whatever its file."""
    values = record.ecg.values
    assert values.dtype == np.float32
    assert values.shape == (len(record.leads), record.ecg.sizes["time"])
    assert np.isfinite(values).any()
    assert not np.isinf(values).any()
    assert 20 <= record.native_hz <= 100_000
    assert len(set(record.leads)) == len(record.leads)
    assert np.isnan(record.age) or 0 <= record.age <= 130
    assert record.sex in ("M", "F", "")
    assert all(np.isfinite(value) for value, _ in record.measurements.values())
    assert all(np.isfinite(annotation.time_s) for annotation in record.annotations)
    assert describe(record)


class TooSlow(BaseException):
    """Not an Exception: the door must not take it for damage."""


def _alarm(*_: object) -> None:
    raise TooSlow


def main(folder: str, count: str, seed: str) -> None:
    """Damage and read, and tell."""
    resource.setrlimit(resource.RLIMIT_AS, (MEMORY_BYTES, MEMORY_BYTES))
    signal.signal(signal.SIGALRM, _alarm)
    originals = sorted(path for path in Path(folder).iterdir() if path.is_file())
    told: Counter[str] = Counter()
    wrong: list[str] = []
    slowest, rng_seed = 0.0, int(seed)
    with tempfile.TemporaryDirectory() as scratch:
        for number in range(int(count)):
            original = originals[number % len(originals)]
            rng = np.random.default_rng([rng_seed, number])
            data = damaged(original.read_bytes(), rng)
            target = Path(scratch) / original.name
            target.write_bytes(resealed(data) if rng.random() < 0.7 else data)
            beside = original.with_suffix(".dat")
            if original.suffix == ".hea" and beside.is_file():
                (Path(scratch) / beside.name).write_bytes(beside.read_bytes())
            begun = time.perf_counter()
            signal.alarm(SECONDS_A_FILE)
            try:
                told[outcome(target, rate_hz=500, unit="mV")] += 1
            except TooSlow:
                wrong.append(f"{original.name} #{number}: slower than {SECONDS_A_FILE} s")
            except MemoryError:
                wrong.append(f"{original.name} #{number}: memory")
            except Exception as error:
                wrong.append(f"{original.name} #{number}: {type(error).__name__}: {error}"[:300])
            finally:
                signal.alarm(0)
            slowest = max(slowest, time.perf_counter() - begun)
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024
    print(json.dumps({"told": told, "wrong": wrong, "slowest_s": round(slowest, 3), "peak_bytes": peak}))


if __name__ == "__main__":
    main(*sys.argv[1:])
