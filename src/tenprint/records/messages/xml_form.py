"""Messages as XML, written and read by the tables of `elements`.

A document says of itself that it is Tenprint's own: in a comment for people, and in the root's attribute ``like``,
which cannot be left out. Values are checked by the messages' own classes, so XML carries what the text form can.
"""

from __future__ import annotations

import html
import re
from collections.abc import Sequence
from dataclasses import asdict
from importlib import resources
from typing import Any

from tenprint.core.errors import RecordError
from tenprint.records.messages import xml_reading
from tenprint.records.messages.elements import LAYOUTS, NAMESPACE, Element, Layout, Message
from tenprint.records.nlets import CAVEAT, Iar

MAX_BYTES = 512 << 10
"""A text record of 64 KiB in which every character needs an entity of five, and room for the elements."""
COUNT = re.compile("0|[1-9][0-9]{0,9}")
SCHEMA = "messages.xsd"
COMMENT = """<!-- Tenprint's own XML form of this message, described by messages.xsd of the package tenprint.
     It is neither the Nlets NIEM schema nor the DHS IXM schema, and is not compatible with them. -->"""


def to_xml(message: Message) -> bytes:
    """Return the message as an XML document.

    Raises:
        RecordError: ``E0003`` when its text form would be too large.
    """
    layout = LAYOUTS[type(message)]
    message.to_bytes()  # a message without a text form has no XML form either
    values = values_of(message)
    lines = ['<?xml version="1.0" encoding="UTF-8"?>', COMMENT]
    lines.append(f'<{layout.root} xmlns="{NAMESPACE}" like="{html.escape(layout.like)}">')
    for element in layout.elements:
        value = values[element.attribute]
        for one in value if element.repeats else [value] if value != "" else []:
            lines.append(f"  <{element.name}>{html.escape(str(one), quote=False)}</{element.name}>")
    return "\n".join([*lines, f"</{layout.root}>", ""]).encode("utf-8")


def from_xml(data: bytes) -> Message:
    """Return the message in an XML document.

    Raises:
        RecordError: ``XML_SIZE``, ``XML_ENCODING``, ``XML_FORBIDDEN``, ``XML_NESTED``, ``XML_MALFORMED`` as
            `xml_reading.parse`; ``XML_UNKNOWN`` for a document or element that is not known, repeated or out of order;
            ``E0001``, ``E0002``, ``E0003`` and ``E0006`` for values, as the messages' classes.
    """
    document = xml_reading.parse(data, limit=MAX_BYTES)
    kinds = {layout.root: (kind, layout) for kind, layout in LAYOUTS.items()}
    if document.namespace != NAMESPACE or document.root not in kinds:
        raise RecordError("XML_UNKNOWN", f"the document is no message of {NAMESPACE}")
    kind, layout = kinds[document.root]
    if document.attributes != {"like": layout.like}:
        raise RecordError("XML_UNKNOWN", "the document does not say by whose layout it is written", field="like")
    values = _values(document.children, layout)
    if kind is Iar and values.pop("caveat") != CAVEAT:
        raise RecordError("E0006", "the caveat was left out or changed", field="CAV")
    message = kind(**values)
    message.to_bytes()  # too large for its text form is too large
    return message


def schema() -> bytes:
    """Return the XML Schema of the documents."""
    return (resources.files(__package__) / SCHEMA).read_bytes()


def values_of(message: Message) -> dict[str, Any]:
    """Return the message's values by attribute, with the caveat that every IAR carries."""
    return asdict(message) | ({"caveat": message.caveat} if isinstance(message, Iar) else {})


def _values(children: Sequence[tuple[str, str]], layout: Layout) -> dict[str, Any]:
    found: dict[str, list[str]] = {element.name: [] for element in layout.elements}
    order = [element.name for element in layout.elements]
    repeating = {element.name for element in layout.elements if element.repeats}
    last = -1
    for name, text in children:
        place = order.index(name) if name in found else -1
        if place < last or place < 0 or (place == last and name not in repeating):
            raise RecordError("XML_UNKNOWN", "an element is unknown, repeated or out of order", field=name[:40])
        last = place
        found[name].append(text)
    return {element.attribute: _value(found[element.name], element) for element in layout.elements}


def _value(texts: Sequence[str], element: Element) -> Any:
    if element.repeats:
        return tuple(texts)
    if not texts and not element.is_optional:
        raise RecordError("E0001", f"the mandatory element {element.name} is missing", field=element.label)
    text = texts[0] if texts else ""
    if not element.is_count:
        return text
    if not COUNT.fullmatch(text):
        raise RecordError("E0002", f"{element.name} is no count", field=element.label)
    return int(text)
