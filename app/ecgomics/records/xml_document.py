"""XML files, read with suspicion: no entities, no document type of their own, bounded depth and size.

Only the shape matters to the readers, so namespaces are dropped: `voc:code` is `code`, `xsi:type` is `type`.
"""

from __future__ import annotations

import codecs
import re
import warnings
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from xml.etree.ElementTree import Element, TreeBuilder
from xml.parsers import expat

import numpy as np
import numpy.typing as npt

from ecgomics.errors import FormatError

MAX_XML_BYTES = 100_000_000
MAX_DEPTH = 100
MAX_ELEMENTS = 500_000

_DECLARED = re.compile(rb"^\s*<\?xml[^>]{0,200}?encoding\s*=\s*[\"']([A-Za-z0-9._-]{1,40})[\"']")
_BOMS = (codecs.BOM_UTF8, codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)
_NATIVE = ("utf-8", "iso8859-1", "ascii")
_CODE_PAGES = re.compile(r"^(cp125\d|cp936|cp949|cp950|iso8859-\d+|gb\w+|big5\w*|shift_jis\w*|euc_\w+|koi8-\w)$")
_BARE_NAME = re.compile(r"^[\w.-]*$")


def read_xml(path: Path) -> Element:
    """The root element of an XML file.

    A document type declaration is allowed only as the bare name some devices write (`SYSTEM "restecg.dtd"`), which is
    never opened; one with declarations of its own, or naming a place, is refused, and so are entities.

    Raises
    ------
    FormatError
        When it is too big, too deep, not well-formed, or asks for anything outside itself; with line and column.
    """
    size = path.stat().st_size
    if size > MAX_XML_BYTES:
        raise FormatError(f"an XML file of {size} bytes", expected=f"at most {MAX_XML_BYTES}")
    return parse_xml(path.read_bytes())


def parse_xml(data: bytes) -> Element:
    """The root element of XML bytes; see `read_xml`."""
    text, encoding = _decoded(data)
    guard = _Guard()
    parser = expat.ParserCreate(encoding)
    parser.buffer_text = True
    parser.StartDoctypeDeclHandler = guard.doctype
    parser.EntityDeclHandler = parser.UnparsedEntityDeclHandler = guard.entity
    parser.ExternalEntityRefHandler = guard.outside
    parser.SkippedEntityHandler = guard.entity  # one that only a document type not read could declare
    parser.StartElementHandler = guard.start
    parser.EndElementHandler = guard.end
    parser.CharacterDataHandler = guard.builder.data
    try:
        parser.Parse(text, True)
    except expat.ExpatError as error:
        raise FormatError(
            f"XML that is not well-formed at line {error.lineno}, column {error.offset}",
            expected="a whole XML file",
            remedy="fetch the file again",
        ) from None
    return guard.builder.close()


def child(element: Element | None, *names: str) -> Element | None:
    """The first descendant reached by following the names, child by child; None where one is missing."""
    for name in names:
        element = None if element is None else element.find(name)
    return element


def words(element: Element | None, *names: str) -> str:
    """Text of the descendant reached by the names, blanks folded; empty when it is missing."""
    found = child(element, *names)
    return "" if found is None or found.text is None else " ".join(found.text.split())


def number(text: str | None) -> float:
    """A number written in a file, or NaN: for blanks and words such as `Failed` or `Indeterminate`."""
    try:
        return float(text) if text is not None and len(text) < 40 and "_" not in text else float("nan")
    except ValueError:
        return float("nan")


def numbers(text: str | None, *, parted_by: str) -> npt.NDArray[np.float64]:
    """Numbers in a long text, without making a word of each.

    Raises
    ------
    FormatError
        When something among them is no number.
    """
    with warnings.catch_warnings():
        warnings.simplefilter("error")  # some versions of numpy only warn of a rest they cannot read
        try:
            return np.fromstring((text or "").strip(f"{parted_by} \t\r\n"), dtype=np.float64, sep=parted_by)
        except (ValueError, DeprecationWarning):
            raise FormatError("XML samples that are no numbers", expected="numbers") from None


def each(element: Element | None, name: str) -> Iterator[Element]:
    """All descendants of that name, at any depth."""
    return iter(()) if element is None else element.iter(name)


class _Guard:
    """Handlers that build the tree and refuse what no ECG needs."""

    def __init__(self) -> None:
        self.builder = TreeBuilder()
        self.depth = self.count = 0

    def start(self, tag: str, attributes: dict[str, str]) -> None:
        self.depth += 1
        self.count += 1
        if self.depth > MAX_DEPTH or self.count > MAX_ELEMENTS:
            raise FormatError(
                "XML nested too deeply" if self.depth > MAX_DEPTH else "XML of too many elements",
                expected=f"at most {MAX_DEPTH} levels and {MAX_ELEMENTS} elements",
            )
        plain = {_local(name): value for name, value in attributes.items() if not name.startswith("xmlns")}
        self.builder.start(_local(tag), plain)

    def end(self, tag: str) -> None:
        self.depth -= 1
        self.builder.end(_local(tag))

    def doctype(self, _name: str, system: str | None, public: str | None, own: int) -> None:
        if own or public or not _BARE_NAME.match(system or ""):
            raise FormatError(
                "XML with a document type that declares or fetches things",
                expected="plain XML",
                remedy="remove the DOCTYPE",
            )

    def entity(self, *_: Any) -> None:
        raise FormatError("XML that uses entities of its own", expected="plain XML", remedy="remove the DOCTYPE")

    def outside(self, *_: Any) -> int:
        raise FormatError("XML that refers to another file", expected="plain XML")


def _local(name: str) -> str:
    return name.rpartition(":")[2]


def _decoded(data: bytes) -> tuple[bytes, str | None]:
    """Bytes the parser understands, and the encoding to hold them for (None: as declared)."""
    if data.startswith(_BOMS):
        return data, None
    declared = _DECLARED.match(data[:400])
    if declared is None:
        return data, None
    try:
        codec = codecs.lookup(declared[1].decode("ascii")).name
    except LookupError:
        raise FormatError("XML in an unknown encoding", expected="UTF-8, UTF-16 or a usual code page") from None
    if codec.startswith("utf-16"):
        # re-saved files keep the declaration of the encoding they once had
        return data, "utf-8"
    if codec in _NATIVE:
        return data, None
    if not _CODE_PAGES.match(codec):
        raise FormatError("XML in an encoding that is not read here", expected="UTF-8, UTF-16 or a usual code page")
    try:
        return data.decode(codec).encode("utf-8"), "utf-8"
    except UnicodeDecodeError:
        raise FormatError("XML whose bytes are not in the encoding it declares", expected="text as declared") from None
