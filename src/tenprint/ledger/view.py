"""A whole log as an auditor is shown it: every leaf, the fields that the question is about opened, nothing else.

The auditor holds no party's data. From the leaves it computes the root itself and compares it with the checkpoint that
the log and its witnesses signed, so that no entry can be left out; from the opened fields it sees which entries are
messages, and, of those exchanged with the party asked about, which message with which hash. Cases, persons, reasons
and times stay closed.

A view comes in pages, each canonical JSON::

    {"type": "tenprint.log_view", "v": 1, "checkpoint": note, "start": 0, "size": 42,
     "entries": [{"c": {name: commitment, …}, "o": {name: [value, salt], …}}, …]}
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any, Final

from tenprint.core.canonical import canonical_json
from tenprint.core.errors import RecordError
from tenprint.ledger.checkpoint import Checkpoint, verify_checkpoint
from tenprint.ledger.entry import Entry
from tenprint.ledger.keys import PublicKey
from tenprint.ledger.tree import MerkleTree, leaf_hash
from tenprint.ledger.verify import ROOT_DIFFERS, SEQUENCE_BROKEN, Finding, check_entry
from tenprint.ledger.vocabulary import (
    COUNTERPART,
    KIND,
    MESSAGE,
    MESSAGE_HASH,
    RECEIPT,
    RECEIPT_HASH,
    RECEIVED,
    RESENT,
    REVIVED,
    SENT,
    SEQUENCE,
    UNDELIVERABLE,
)

VIEW_TYPE: Final = "tenprint.log_view"
VIEW_VERSION: Final = 1
MAX_PAGE_ENTRIES: Final = 2_000
MAX_PAGE_BYTES: Final = 8 * 1024 * 1024
OF_MESSAGES: Final = (SENT, RECEIVED, RECEIPT, RESENT)
OF_DELIVERY: Final = (UNDELIVERABLE, REVIVED)
"""What became of a message on its way; opened like the rest, not demanded: older ledgers have no counterpart there."""
OF_EVERY_ENTRY: Final = (SEQUENCE, KIND)
OF_EVERY_MESSAGE: Final = (COUNTERPART,)
OF_THEIR_MESSAGES: Final = (MESSAGE, MESSAGE_HASH, RECEIPT_HASH)
CLOSED: Final = "LEDGER_VIEW_CLOSED"
INCOMPLETE: Final = "LEDGER_VIEW_INCOMPLETE"


@dataclass(frozen=True)
class LogView:
    """One page of a log as shown.

    Args:
        note: the checkpoint that the whole log is checked against.
        start: index of the first entry of this page.
        entries: their commitments, all of them, and the fields that are open; a closed field looks like an erased one.
    """

    note: bytes
    start: int
    entries: tuple[Entry, ...]

    def to_bytes(self) -> bytes:
        """Return the page in this module's docstring."""
        return canonical_json(
            {
                "type": VIEW_TYPE,
                "v": VIEW_VERSION,
                "checkpoint": self.note.decode(),
                "start": self.start,
                "size": len(self.entries),
                "entries": [_entry_json(entry) for entry in self.entries],
            }
        )

    @classmethod
    def from_bytes(cls, data: bytes) -> LogView:
        """Return the page that `to_bytes` wrote. Nothing of it is verified yet.

        Raises:
            RecordError: ``LEDGER_VIEW_FORM`` when the bytes are something else.
        """
        if len(data) > MAX_PAGE_BYTES:
            raise _malformed("it is too long")
        try:
            parsed = json.loads(data)
            entries = tuple(_entry_of(one) for one in parsed["entries"])
            view = cls(parsed["checkpoint"].encode(), parsed["start"], entries)
            is_same = view.to_bytes() == data
        except (ValueError, KeyError, TypeError, AttributeError, RecursionError, RecordError) as problem:
            raise _malformed("it cannot be read") from problem
        if not is_same or type(view.start) is not int or len(view.entries) > MAX_PAGE_ENTRIES:
            raise _malformed("it is not written in the one form it has")
        return view


def shown_entry(entry: Entry, about: str) -> Entry:
    """Return an entry with only those fields open that an auditor of messages with the party `about` is shown."""
    is_message = entry.fields.get(KIND) in OF_MESSAGES + OF_DELIVERY
    is_theirs = is_message and entry.fields.get(COUNTERPART) == about
    names = OF_EVERY_ENTRY + OF_EVERY_MESSAGE * is_message + OF_THEIR_MESSAGES * is_theirs
    open_names = [name for name in names if name in entry.fields]
    fields = {name: entry.fields[name] for name in open_names}
    return Entry(fields, {name: entry.salts[name] for name in open_names}, dict(entry.commitments))


def assemble(pages: Iterable[LogView]) -> tuple[Entry, ...]:
    """Return the entries of all pages in order; each page must begin where the one before ended.

    Raises:
        RecordError: ``LEDGER_VIEW_FORM`` when one is missing, comes twice, or is of another checkpoint.
    """
    entries: list[Entry] = []
    note: bytes | None = None
    for page in sorted(pages, key=lambda one: one.start):
        if page.start != len(entries) or note not in (None, _stated(page.note)):
            raise _malformed("a page is missing, comes twice or is of another checkpoint")
        note = _stated(page.note)
        entries += page.entries
    return tuple(entries)


def _stated(note: bytes) -> bytes:
    """Return what a signed note says, without its signatures: a witness may have cosigned between two pages."""
    return note.partition(b"\n\n")[0]


def verify_view(
    entries: Sequence[Entry], note: bytes, public_key: PublicKey, origin: str
) -> tuple[Checkpoint, tuple[Finding, ...]]:
    """Return the checkpoint that a view is of, and everything that keeps it from being that log, whole and opened.

    Args:
        entries: all of them (`assemble`).
        note: the signed checkpoint.
        public_key, origin: key and name of the log.

    Raises:
        RecordError: ``CHECKPOINT_…`` when the log's key did not sign the note: then nothing can be said.
    """
    stated = verify_checkpoint(note, public_key, origin)
    findings = [finding for index, entry in enumerate(entries) for finding in check_entry(index, entry)]
    findings += [finding for index, entry in enumerate(entries) for finding in _check_opened(index, entry)]
    if len(entries) != stated.size:
        sentence = f"{len(entries)} entries were shown, the checkpoint is over {stated.size}"
        findings.append(Finding(INCOMPLETE, None, sentence))
    elif MerkleTree(leaf_hash(entry.leaf()) for entry in entries).root() != stated.root:
        findings.append(Finding(ROOT_DIFFERS, None, "the entries shown are not those whose root was signed"))
    return stated, tuple(findings)


def _check_opened(index: int, entry: Entry) -> Iterable[Finding]:
    if SEQUENCE in entry.commitments and SEQUENCE not in entry.fields:
        yield Finding(SEQUENCE_BROKEN, index, f"the sequence number of entry {index} is not shown")
    if KIND not in entry.fields:
        yield Finding(CLOSED, index, f"what entry {index} is about is not shown, so it may be a message")
    elif entry.fields[KIND] in OF_MESSAGES and COUNTERPART not in entry.fields:
        yield Finding(CLOSED, index, f"entry {index} is a message, and with whom it was exchanged is not shown")


def _entry_json(entry: Entry) -> dict[str, Any]:
    opened = {name: [value, entry.salts[name].hex()] for name, value in entry.fields.items()}
    return {"c": entry.commitments, "o": opened}


def _entry_of(parsed: dict[str, Any]) -> Entry:
    opened = {str(name): (value, bytes.fromhex(salt)) for name, (value, salt) in parsed["o"].items()}
    return Entry(
        {name: value for name, (value, _) in opened.items()},
        {name: salt for name, (_, salt) in opened.items()},
        dict(parsed["c"]),
    )


def _malformed(why: str) -> RecordError:
    return RecordError("LEDGER_VIEW_FORM", f"this is no view of a log: {why}")
