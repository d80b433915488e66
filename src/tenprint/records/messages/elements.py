"""Which element carries which value: one table a message, in the order of the document.

Where Nlets' public element dictionary (formats.md section 4) names an element, ours has the same local name; the
hierarchy above it is not public as a schema, so ours is flat and in our own namespace.
"""

from __future__ import annotations

from dataclasses import dataclass

from tenprint.records import ident
from tenprint.records.ident import IdentDataResponse
from tenprint.records.nlets import Iaq, Iar, iaq, iar
from tenprint.records.nlets.lines import Line

NAMESPACE = "urn:tenprint:messages:1"
Message = Iaq | Iar | IdentDataResponse
NLETS_LIKE = "Nlets-like; not the Nlets NIEM schema"

NAMES = {
    "ORI": "OriginatingAgencyID",
    "DRI": "DestinationID",
    "REF": "ReferenceID",
    "PUR": "PurposeCode",
    "ATN": "ResponseAttentionDescriptionText",
    "PHN": "TelephoneNumberFullID",
    "NAM": "PersonFullName",
    "DOB": "PersonBirthDate",
    "SEX": "PersonSexCode",
    "POB": "PersonBirthPlaceCode",
    "CUS": "CustodyStatusText",
    "OFF": "ChargeNCICCode",
    "ARN": "AlienNumber",
    "FBI": "PersonFBIID",
    "SID": "PersonStateID",
    "FIN": "FingerprintIdentificationID",
    "CNF": "MatchConfirmationCode",
    "DTM": "AnswerDateTime",
    "STA": "ImmigrationStatusCode",
    "GRD": "LegalGroundText",
    "SPC": "SpecialistName",
    "CAV": "CaveatText",
    "TXT": "AnswerText",
}
"""Element by label of the text form."""


@dataclass(frozen=True)
class Element:
    """One value's place in a document.

    Args:
        name: local name. label: what the text form calls it. attribute: of the message's class.
        is_optional: left out when the value is empty. repeats: one element a member of the value.
        is_count: a whole number.
    """

    name: str
    label: str
    attribute: str
    is_optional: bool = False
    repeats: bool = False
    is_count: bool = False


@dataclass(frozen=True)
class Layout:
    """One kind of document.

    Args:
        root: local name of the document's element. kind: the message's name in words.
        like: what the document says about its own standing. elements: in their order.
    """

    root: str
    kind: str
    like: str
    elements: tuple[Element, ...]


def _of(lines: tuple[Line, ...]) -> tuple[Element, ...]:
    return tuple(Element(NAMES[line.label], line.label, line.name, line.is_optional) for line in lines)


IDENT_ELEMENTS = (
    Element("ControlNumberID", "tcn", "tcn"),
    Element("AnsweredControlNumberID", "tcr", "tcr"),
    Element("ResultCode", "result", "result"),
    Element("SubjectID", "subject_id", "subject_id", is_optional=True),
    Element("EncounterID", "encounter_id", "encounter_id", is_optional=True),
    Element("FingerprintIdentificationID", "fin", "fin", is_optional=True),
    Element("AlienNumber", "a_number", "a_number", is_optional=True),
    Element("FindingCode", "finding", "finding", is_optional=True),
    Element("ExaminerName", "examiner", "examiner", is_optional=True),
    Element("PersonFullName", "names", "names", is_optional=True, repeats=True),
    Element("CandidatesConsideredQuantity", "candidates_considered", "candidates_considered", is_count=True),
    Element("ShardsAnsweredQuantity", "shards_answered", "shards_answered", is_count=True),
    Element("ShardsTotalQuantity", "shards_total", "shards_total", is_count=True),
    Element("ResponseText", "text", "text", is_optional=True),
)

LAYOUTS: dict[type[Message], Layout] = {
    Iaq: Layout("ImmigrationAlienQuery", "IAQ", NLETS_LIKE, _of(iaq.LAYOUT)),
    Iar: Layout("ImmigrationAlienResponse", "IAR", NLETS_LIKE, _of(iar.LAYOUT)),
    IdentDataResponse: Layout("IdentDataResponse", "IDR", ident.LIKE, IDENT_ELEMENTS),
}
