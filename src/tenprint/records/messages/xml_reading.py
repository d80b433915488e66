"""XML from strangers: a flat document as values, and nothing that a parser could be led astray with.

Expat of the standard library does the reading; what it may meet is cut down before it meets it. A document is at most
`limit` bytes of UTF-8, has one element with children and no deeper ones, and has neither a document type (so no entity
can be declared, expanded or fetched) nor processing instructions. The first thing that breaks a rule ends the reading.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from xml.parsers import expat

from tenprint.core.errors import RecordError

BETWEEN = " "
"""Between namespace and local name; no namespace may hold a blank."""
ENCODINGS = ("utf-8", "us-ascii", "ascii")
MAX_DEPTH = 2
MAX_CHILDREN = 64
"""More than any message has."""


@dataclass
class Flat:
    """A document of one level.

    Args:
        namespace, root: of the document's element; attributes: its attributes.
        children: local name and text of each child, as they stand; white space is kept.
    """

    namespace: str = ""
    root: str = ""
    attributes: dict[str, str] = field(default_factory=dict)
    children: list[tuple[str, str]] = field(default_factory=list)


def parse(data: bytes, *, limit: int) -> Flat:
    """Return the document in `data`.

    Raises:
        RecordError: ``XML_SIZE`` (larger than `limit`), ``XML_ENCODING``, ``XML_FORBIDDEN`` (document type, entity,
            processing instruction), ``XML_NESTED`` (deeper than one level, or very many elements), ``XML_UNKNOWN``
            (an attribute or a namespace that has no place), ``XML_MALFORMED``.
    """
    if len(data) > limit:
        raise RecordError("XML_SIZE", f"the document is larger than {limit} bytes")
    try:
        data.decode("utf-8")
    except UnicodeDecodeError as problem:
        raise RecordError("XML_ENCODING", "the document is not UTF-8") from problem
    if b"\0" in data:  # UTF-16 of Latin letters is valid UTF-8, with zeros
        raise RecordError("XML_ENCODING", "the document is not UTF-8")
    reading = _Reading()
    try:
        reading.parser.Parse(data, True)
    except expat.ExpatError as problem:
        raise RecordError("XML_MALFORMED", f"the XML breaks off in line {problem.lineno}") from problem
    return reading.document


class _Reading:
    """Expat's handlers. Each refusal is raised out of the handler, which stops expat at once."""

    def __init__(self) -> None:
        self.document = Flat()
        self.depth = 0
        self.text: list[str] = []
        self.parser = expat.ParserCreate("utf-8", BETWEEN)
        self.parser.buffer_text = True
        self.parser.XmlDeclHandler = self._declared
        self.parser.StartDoctypeDeclHandler = self._forbidden
        self.parser.EntityDeclHandler = self._forbidden
        self.parser.ProcessingInstructionHandler = self._forbidden
        self.parser.StartElementHandler = self._started
        self.parser.EndElementHandler = self._ended
        self.parser.CharacterDataHandler = self._said

    def _declared(self, _version: str, encoding: str | None, _standalone: int) -> None:
        if encoding and encoding.lower() not in ENCODINGS:
            raise RecordError("XML_ENCODING", "the document declares another encoding than UTF-8")

    def _forbidden(self, *_what: object) -> None:
        message = "document types, entities and processing instructions are not accepted"
        raise RecordError("XML_FORBIDDEN", message)

    def _started(self, tag: str, attributes: dict[str, str]) -> None:
        namespace, _, name = tag.rpartition(BETWEEN)
        self.depth += 1
        if self.depth > MAX_DEPTH or len(self.document.children) >= MAX_CHILDREN:
            raise RecordError("XML_NESTED", "elements are nested deeper, or are more, than in any message")
        if self.depth == 1:
            self.document.namespace, self.document.root, self.document.attributes = namespace, name, attributes
        elif attributes or namespace != self.document.namespace:
            raise RecordError("XML_UNKNOWN", "an element has attributes or a namespace that no message has")
        self.text = []

    def _said(self, text: str) -> None:
        if self.depth == MAX_DEPTH:
            self.text.append(text)
        elif text.strip(" \t\r\n"):
            raise RecordError("XML_UNKNOWN", "there is text between the elements")

    def _ended(self, tag: str) -> None:
        if self.depth == MAX_DEPTH:
            self.document.children.append((tag.rpartition(BETWEEN)[2], "".join(self.text)))
        self.depth -= 1
