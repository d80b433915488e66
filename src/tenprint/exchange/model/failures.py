"""What went wrong, in plain sentences: why a row failed, and what to do before it is worth trying again."""

from __future__ import annotations

import re
from typing import Final

INBOX: Final = "inbox"
ENROLMENTS: Final = "enrolments"
DAMAGED: Final = ("STORE_BLOB_MISSING", "STORE_BLOB_DAMAGED", "STORE_DAMAGED", "MESSAGE_MISSING", "STORE_ROW_MISSING")
AWAITED: Final = ("UNKNOWN_CASE", "ANSWER_OUT_OF_ORDER", "NOT_ASKED")
FULL: Final = ("STORE_FULL", "STORE_READONLY", "STORE_UNREACHABLE")
UNREACHED: Final = (
    "PARTY_UNREACHABLE", "PARTY_BUSY", "PARTY_ANSWER", "DOOR_FULL", "BODY_TOO_SLOW", "REQUEST_NOT_FRESH",
    "STORE_BUSY", *FULL,
)  # fmt: skip
"""Codes of a delivery that did not come to the receiver's judgement: nobody there, too busy, no place to keep it. It is
never given up, because the receiver, and not the message, has to change."""
KEYS: Final = ("KEY_EXPIRED", "KEY_NOT_YET_VALID")
PROGRAM_FAULT: Final = "PROGRAM_FAULT"
FORMAT: Final = "What was sent does not have the form that its standard asks for."
_OF_A_FORMAT: Final = re.compile(r"[EL]\d{4}")  # as EBTS numbers its errors
OF_ANY_QUEUE: Final[dict[str, str]] = {
    **dict.fromkeys(DAMAGED, "restore the data directory's missing or damaged file from a copy"),
    **dict.fromkeys(FULL, "free space on the disk, or make it writable"),
    **dict.fromkeys(KEYS, "give the party that signed it a key that is in force, and tell the others of that key"),
    "NO_ADDRESS": "give the receiver an address in network.toml, and start this party anew",
    "REQUEST_NOT_FRESH": "set the clocks of both machines",
    PROGRAM_FAULT: "report the lines program_fault of the log, and install the update that mends it",
}
WHY: Final[dict[str, str]] = {
    "ANSWER_HELD": "It answers what this party said before it was restored, and has yet to say again.",
    "ANSWER_OUT_OF_ORDER": "An answer came before the message that it answers.",
    "BODY_INVALID": "What the message says cannot be read.",
    "BODY_TOO_SLOW": "The message came to the receiver too slowly.",
    "CREW_ENDED": "The processes that read fingerprints ended.",
    "DOOR_FULL": "The receiver had too many connections.",
    "ENVELOPE_INVALID": "The message does not have the form of a message.",
    "KEY_EXPIRED": "The key that signed it was not valid any more.",
    "KEY_NOT_YET_VALID": "The key that signed it was not valid yet.",
    "KIND_NOT_ACCEPTED": "The receiver takes no message of this kind from this sender.",
    "LEDGER_SEQUENCE": "The ledger's next number was taken by another writer.",
    "MESSAGE_ID_REUSED": "Its sender gave this number to another message before.",
    "MESSAGE_MISSING": "The message is not in the database any more.",
    "NOT_ASKED": "It answers a question that was never asked.",
    "NO_ADDRESS": "The party file has no address of the receiver.",
    "NO_HANDLER": "This party has no use for a message of this kind.",
    "NO_PEER": "This party knows nobody to whom the next message must go.",
    "NO_USABLE_FINGER": "No finger on the card can be used.",
    "MESSAGE_TOO_LARGE": "The message is larger than any party takes.",
    "PARTY_ANSWER": "The receiver answered, and not as a party does.",
    "PARTY_BUSY": "The receiver was too busy.",
    "PARTY_UNREACHABLE": "The receiver cannot be reached.",
    PROGRAM_FAULT: "The program has a fault, which this met; it is not the sender's fault.",
    "RECEIPT_INVALID": "The receiver did not sign for this message.",
    "REQUEST_NOT_FRESH": "The clocks of this party and the receiver differ by more than five minutes.",
    "SIGNATURE_INVALID": "The signature under the message is not the sender's.",
    "STORE_BLOB_DAMAGED": "A kept file is damaged.",
    "STORE_BLOB_MISSING": "A kept file is missing.",
    "STORE_BUSY": "Another process was writing to the database.",
    "STORE_CONFLICT": "The database refused to write it.",
    "STORE_DAMAGED": "The database or a kept row is damaged.",
    "STORE_FULL": "The disk is full.",
    "STORE_READONLY": "The disk cannot be written to.",
    "STORE_ROW_MISSING": "A row that should be in the database is not there.",
    "STORE_UNREACHABLE": "The database cannot be opened.",
    "TASK_CLOSED": "The question was answered by somebody else before.",
    "UNKNOWN_CASE": "This party does not know the case yet.",
    "UNKNOWN_DETAINER": "It answers a request to hold a person that this party did not make.",
    "UNKNOWN_SENDER": "The sender is not in this network's directory.",
    "UNKNOWN_TASK": "It answers a question that this party did not ask.",
    "WRONG_RECIPIENT": "The message is for another party.",
}


def why(code: str) -> str:
    """Return why a row failed, as a sentence; the code stands beside it for whoever looks further."""
    return WHY.get(code, FORMAT if _OF_A_FORMAT.fullmatch(code) else "It could not be done.")


def what_to_do(queue: str, kind: str, code: str) -> str:
    """Return what to do before it is worth trying a given-up row again, as the rest of a sentence.

    Args:
        queue: where it lay.
        kind: of the message.
        code: of its last failure.
    """
    if code in OF_ANY_QUEUE:
        return OF_ANY_QUEUE[code]
    if queue == INBOX:
        return _what_to_do_about_a_message(kind, code)
    if queue == ENROLMENTS:
        return "mend what the gallery refuses"
    if code in UNREACHED:
        return "see that the receiver runs and can be reached"
    return "ask the receiver why it refuses, or whether it can be reached"


def _what_to_do_about_a_message(kind: str, code: str) -> str:
    if code in AWAITED:
        return "wait for the message that comes before it"
    if kind == "TASK_ANSWER":
        return "nothing: whoever gave this answer answers the task anew, if it is still open"
    return "nothing here can mend it: the sender has to say it otherwise"
