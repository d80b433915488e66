"""Any message from any of its forms, told apart by how the bytes begin."""

from __future__ import annotations

from enum import StrEnum

from tenprint.core.errors import RecordError
from tenprint.records.ident import IdentDataResponse
from tenprint.records.messages.elements import LAYOUTS, Message
from tenprint.records.messages.xml_form import from_xml, to_xml, values_of
from tenprint.records.nlets import Iaq, Iar

BYTE_ORDER_MARK = b"\xef\xbb\xbf"
OTHER_ENCODINGS = (b"\xff\xfe", b"\xfe\xff", b"\0<", b"<\0", b"\0\0", b"\x4c\x6f\xa7\x94")
"""UTF-16 and UTF-32 with and without mark, and ``<?xm`` in EBCDIC."""


class Form(StrEnum):
    """How a message is written. Text: labelled lines for IAQ and IAR, canonical JSON for the IDENT data response."""

    TEXT = "text"
    XML = "xml"


def read(data: bytes) -> tuple[Message, Form]:
    """Return the message in `data`, and the form that it came in.

    Raises:
        RecordError: ``E0004`` when the bytes are none of the messages, and all that the forms' readers raise.
    """
    if data.startswith(b"IAQ "):
        return Iaq.from_bytes(data), Form.TEXT
    if data.startswith(b"IAR "):
        return Iar.from_bytes(data), Form.TEXT
    if data.startswith(b"{"):
        return IdentDataResponse.from_bytes(data), Form.TEXT
    if data.startswith(OTHER_ENCODINGS):
        raise RecordError("XML_ENCODING", "the document is not UTF-8")
    if data.removeprefix(BYTE_ORDER_MARK)[:1024].lstrip(b" \t\r\n").startswith(b"<"):
        return from_xml(data), Form.XML
    raise RecordError("E0004", "the bytes are no IAQ, IAR or IDENT data response, neither as text nor as XML")


def write(message: Message, form: Form) -> bytes:
    """Return the message in one of its forms."""
    return to_xml(message) if form is Form.XML else message.to_bytes()


def kind_of(message: Message) -> str:
    """Return ``IAQ``, ``IAR`` or ``IDR``."""
    return LAYOUTS[type(message)].kind


def facts(message: Message) -> list[tuple[str, str, str]]:
    """Return label, element and value of everything that the message says, in its order."""
    values = values_of(message)
    rows: list[tuple[str, str, str]] = []
    for element in LAYOUTS[type(message)].elements:
        value = values[element.attribute]
        rows += [(element.label, element.name, str(one)) for one in (value if element.repeats else [value])]
    return [row for row in rows if row[2]]
