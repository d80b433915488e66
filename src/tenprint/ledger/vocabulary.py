"""The words an entry may contain: name, type and form of every field (ARCHITECTURE section 7, Ledger).

A name has exactly one type, so that the committed text of a value says what the value was: the integer 7 and the text
``7`` cannot stand under one name. No field is wide enough for a print, a template or a biography, and none is meant
for the subject's name: a case is a case key, an official is named because officials answer for what they do.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from functools import lru_cache
from typing import Final

from tenprint.core.clock import from_wire, to_wire
from tenprint.core.errors import RecordError

SEQUENCE: Final = "sequence"
TIME: Final = "time"
KIND: Final = "kind"
CASE: Final = "case"
MESSAGE: Final = "message"
MESSAGE_HASH: Final = "message_hash"
MESSAGE_KIND: Final = "message_kind"
COUNTERPART: Final = "counterpart"
IN_REPLY_TO: Final = "in_reply_to"
TCN: Final = "tcn"
TCR: Final = "tcr"
RECEIPT_HASH: Final = "receipt_hash"
QUESTION: Final = "question"
RULE: Final = "rule"
VERSION: Final = "version"
OUTCOME: Final = "outcome"
REPOSITORY: Final = "repository"
RESULT: Final = "result"
STATUS: Final = "status"
STATE: Final = "state"
TASK: Final = "task"
PERSON: Final = "person"
SHOWN_HASH: Final = "shown_hash"
REASON: Final = "reason"
REASON_HASH: Final = "reason_hash"
NOTE: Final = "note"
CANDIDATES: Final = "candidates"
SCORE: Final = "score"
COUNT: Final = "count"

# Kinds of entries that `reconcile` reads; other kinds are the exchange's own.
SENT: Final = "sent"
RECEIVED: Final = "received"
RECEIPT: Final = "receipt"
RESENT: Final = "resent"  # after the receiver was restored: it signs once more
GIVEN_BACK: Final = "given_back"  # a message of a party that was restored went back to it
UNDELIVERABLE: Final = "undeliverable"  # its sender has given up bringing it to the receiver
REVIVED: Final = "revived"  # what was given up is tried again

MAX_NOTE_CHARACTERS: Final = 500
MAX_INTEGER: Final = 2**53 - 1  # RFC 8785, section 3.2.2.3: what every JSON reader holds exactly


@dataclass(frozen=True)
class FieldSpec:
    """One field: its name, whether it is a number, the form of its text, and what it says.

    Args:
        name: lower-case ASCII, no NUL: the separator of the commitment.
        is_integer: True for whole numbers from 0 to 2**53 - 1, False for text.
        form: regular expression that the whole text must match; empty for numbers.
        meaning: one line for documentation and pages.
    """

    name: str
    is_integer: bool
    form: str
    meaning: str


_WORD = r"[A-Za-z0-9_]{1,64}"
_IDENTIFIER = r"[A-Za-z0-9][A-Za-z0-9 ._:/@+#=-]{0,159}"
_HASH = r"[0-9a-f]{64}"
_LINE = rf"[^\x00-\x1f\x7f-\x9f]{{1,{MAX_NOTE_CHARACTERS}}}"
_CONTROL_NUMBER = r"[\x20-\x7e]{1,80}"  # EBTS allows any printable sign in 1.009
_WIRE_TIME = r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z"

_SPECS = (
    FieldSpec(SEQUENCE, True, "", "index of the entry in its log, from 0"),
    FieldSpec(TIME, False, _WIRE_TIME, "when it was written, UTC, milliseconds"),
    FieldSpec(KIND, False, _WORD, "what happened: sent, received, receipt, or a kind of the exchange's own"),
    FieldSpec(CASE, False, _IDENTIFIER, "key of the case, never of the person"),
    FieldSpec(MESSAGE, False, _IDENTIFIER, "id of the message"),
    FieldSpec(MESSAGE_HASH, False, _HASH, "SHA-256 of the message's header and body without time and signature"),
    FieldSpec(MESSAGE_KIND, False, _WORD, "kind of the message, such as CAR or IAR"),
    FieldSpec(COUNTERPART, False, _IDENTIFIER, "the other party: to whom it was sent, from whom it came"),
    FieldSpec(IN_REPLY_TO, False, _IDENTIFIER, "id of the message that is answered"),
    FieldSpec(TCN, False, _CONTROL_NUMBER, "transaction control number, 1.009"),
    FieldSpec(TCR, False, _CONTROL_NUMBER, "transaction control reference, 1.010"),
    FieldSpec(RECEIPT_HASH, False, _HASH, "SHA-256 of the receiver's signed receipt"),
    FieldSpec(QUESTION, False, _WORD, "what a rule was asked"),
    FieldSpec(RULE, False, _IDENTIFIER, "id of the rule that spoke"),
    FieldSpec(VERSION, False, _IDENTIFIER, "version of the rules, the engine or the definition"),
    FieldSpec(OUTCOME, False, _IDENTIFIER, "what the rule or the person answered"),
    FieldSpec(REPOSITORY, False, _WORD, "which gallery was searched"),
    FieldSpec(RESULT, False, _WORD, "what it answered: no_match, match, pending, error, partial"),
    FieldSpec(STATUS, False, _WORD, "status finding of an IAR"),
    FieldSpec(STATE, False, _WORD, "state of the case from now on"),
    FieldSpec(TASK, False, _IDENTIFIER, "id of the task a person answered"),
    FieldSpec(PERSON, False, _LINE, "the official who answered, by name or staff number"),
    FieldSpec(SHOWN_HASH, False, _HASH, "SHA-256 of what that official saw"),
    FieldSpec(REASON, False, _LINE, "why, in the house's own words, as when a clock did it"),
    FieldSpec(REASON_HASH, False, _HASH, "SHA-256 of the reason that official gave, which stands in the message"),
    FieldSpec(NOTE, False, _LINE, "one line of remark"),
    FieldSpec(CANDIDATES, True, "", "number of candidates returned"),
    FieldSpec(SCORE, True, "", "fused similarity, milli-units"),
    FieldSpec(COUNT, True, "", "how many, where the kind says of what"),
)
VOCABULARY: Final[dict[str, FieldSpec]] = {spec.name: spec for spec in _SPECS}


_SURROGATE = re.compile("[\ud800-\udfff]")
_FORMS = {spec.name: re.compile(spec.form) for spec in _SPECS if not spec.is_integer}


def check_field(name: str, value: str | int) -> None:
    """Refuse a field that is not in the vocabulary or has another type or form than it should.

    Raises:
        RecordError: ``LEDGER_FIELD_UNKNOWN`` for a name, ``LEDGER_FIELD_VALUE`` for a value. The value itself is
            never repeated in the message.
    """
    spec = VOCABULARY.get(name)
    if spec is None:
        raise RecordError("LEDGER_FIELD_UNKNOWN", "a ledger entry has no field of this name", field=name[:64])
    if not (_is_fitting_integer(value) if spec.is_integer else _is_fitting_text(spec, value)):
        raise RecordError("LEDGER_FIELD_VALUE", f"this is no {spec.meaning}", field=name)


def _is_fitting_integer(value: str | int) -> bool:
    return isinstance(value, int) and not isinstance(value, bool) and 0 <= value <= MAX_INTEGER


def _is_fitting_text(spec: FieldSpec, value: str | int) -> bool:
    if not isinstance(value, str) or _FORMS[spec.name].fullmatch(value) is None:
        return False
    if not value.isascii() and _SURROGATE.search(value):  # has no UTF-8, hence no commitment
        return False
    return spec.form != _WIRE_TIME or _is_wire_time(value)


@lru_cache(maxsize=256)  # what one moment causes bears its time
def _is_wire_time(text: str) -> bool:
    try:
        return to_wire(from_wire(text)) == text
    except ValueError:
        return False
