"""Immigration messages (IAQ, IAR, IDENT data response) in their two forms: the record's own text, and XML.

The XML is Tenprint's own, in a namespace of its own (`NAMESPACE`), described by ``messages.xsd`` beside this file. It
is not the Nlets NIEM schema, which is given to members only, and not the DHS IXM schema; each document says so itself.
"""

from tenprint.records.messages.elements import NAMESPACE, Message
from tenprint.records.messages.forms import Form, facts, kind_of, read, write
from tenprint.records.messages.xml_form import MAX_BYTES, from_xml, schema, to_xml

__all__ = [
    "MAX_BYTES",
    "NAMESPACE",
    "Form",
    "Message",
    "facts",
    "from_xml",
    "kind_of",
    "read",
    "schema",
    "to_xml",
    "write",
]
