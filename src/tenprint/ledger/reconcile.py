"""What two parties' logs disagree on: messages that only one side wrote down, hashes that differ, receipts missing.

A message that its sender has no receipt for, and that the other side has not recorded, is ``under_way``: pending, no
disagreement. Once a receipt for it was logged, or its sender gave it up, it never is. What ``under_way`` does not
prove: that the message ever left, that it will arrive, or that the receiver did not take it and keeps back both its
entry and its receipt (then both logs look the same). Nor does it show a receipt that the sender took out of its own
log; checking that log against its signed checkpoints does. So it has to end: what is still under way long after its
``since``, while both parties run, is lost, or somebody keeps something back.

Only opened fields are read. An entry whose message, counterpart or hash was erased cannot be compared; that is said,
not passed over.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Final

from tenprint.ledger.entry import Entry
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
    TIME,
    UNDELIVERABLE,
)

UNDER_WAY: Final = "under_way"

NOT_RECEIVED: Final = "not_received"
NOT_SENT: Final = "not_sent"
HASH_DIFFERS: Final = "hash_differs"
RECEIPT_MISSING: Final = "receipt_missing"
RECEIPT_UNFOUNDED: Final = "receipt_unfounded"
RECEIPT_DIFFERS: Final = "receipt_differs"
RECORDED_TWICE: Final = "recorded_twice"
NOT_COMPARABLE: Final = "not_comparable"


@dataclass(frozen=True)
class Discrepancy:
    """One disagreement between two logs.

    Args:
        kind: one of this module's constants.
        message: id of the message, or empty when it was erased.
        sender, recipient: the direction in which the message went; for ``not_comparable`` the log's own party and
            the other one.
        recorded_by: the party whose log holds the entry that has no counterpart.
        sentence: for the person who reads it.
        since: of ``under_way``, when the sender wrote down that it sent it; empty where that is not open.
    """

    kind: str
    message: str
    sender: str
    recipient: str
    recorded_by: str
    sentence: str
    since: str = ""

    @property
    def is_pending(self) -> bool:
        """Tell whether this is no disagreement yet: the message is under way."""
        return self.kind == UNDER_WAY


@dataclass(frozen=True)
class _Side:
    """One party's entries about the other, by message id; a value is a hash, empty when erased or never there.

    Args:
        party: whose.
        sent, received: hashes of messages.
        receipts: hashes of the receipts that the other party signed and this one holds.
        signed: hashes of the receipts that this party says it signed for what it received.
        sent_at: when messages were sent, as far as that is open.
        confirmed: messages for which there was a receipt once, whatever became of it.
        given_up: messages that this party has given up delivering.
        troubles: what could not be compared.
    """

    party: str
    sent: dict[str, str]
    received: dict[str, str]
    receipts: dict[str, str]
    signed: dict[str, str]
    sent_at: dict[str, str]
    confirmed: frozenset[str]
    given_up: frozenset[str]
    troubles: tuple[Discrepancy, ...]

    def may_be_under_way(self, message: str) -> bool:
        """Tell whether nothing in this log says that a message it sent has arrived, or never will."""
        return message not in self.confirmed | self.given_up


def reconcile(
    a_party: str, a_entries: Iterable[Entry], b_party: str, b_entries: Iterable[Entry]
) -> tuple[Discrepancy, ...]:
    """Return what the logs of two parties disagree on, in both directions; empty when they agree.

    A message that was sent again because its receiver was restored counts with the receipt that came then.
    What is ``under_way`` stands among the rest and is told apart by `Discrepancy.is_pending`; this module's docstring
    says what it does not prove.

    Args:
        a_party, b_party: party ids as they stand in the other log's ``counterpart``.
        a_entries, b_entries: the entries of both logs; those about third parties are passed over.
    """
    a, b = _read_side(a_party, a_entries, b_party), _read_side(b_party, b_entries, a_party)
    return (*a.troubles, *b.troubles, *_one_way(a, b), *_one_way(b, a))


def _one_way(sender: _Side, recipient: _Side) -> Iterator[Discrepancy]:
    """Compare what `sender` sent with what `recipient` received; each message at most once per kind."""

    def found(kind: str, message: str, by: str, sentence: str) -> Discrepancy:
        since = sender.sent_at.get(message, "") if kind == UNDER_WAY else ""
        return Discrepancy(kind, message, sender.party, recipient.party, by, sentence, since)

    for message, sent_hash in sender.sent.items():
        received_hash = recipient.received.get(message)
        if received_hash is None and sender.may_be_under_way(message):
            yield found(UNDER_WAY, message, sender.party, _said_under_way(sender, recipient, message))
            continue
        if received_hash is None:
            given_up = " and has given up delivering it" * (message in sender.given_up)
            sentence = f"{sender.party} sent {message}{given_up}; {recipient.party} has not recorded its arrival"
            yield found(NOT_RECEIVED, message, sender.party, sentence)
        elif not _are_alike(sent_hash, received_hash):
            sentence = f"{message} left {sender.party} with other bytes than {recipient.party} recorded"
            yield found(HASH_DIFFERS, message, sender.party, sentence)
        if message not in sender.receipts:
            sentence = f"{sender.party} holds no receipt of {recipient.party} for {message}"
            yield found(RECEIPT_MISSING, message, sender.party, sentence)
        elif not _are_alike(sender.receipts[message], recipient.signed.get(message, "")):
            sentence = f"{sender.party} holds another receipt for {message} than {recipient.party} says it signed"
            yield found(RECEIPT_DIFFERS, message, sender.party, sentence)
    for message in sorted(recipient.received.keys() - sender.sent.keys()):
        sentence = f"{recipient.party} recorded {message}; {sender.party} has not recorded sending it"
        yield found(NOT_SENT, message, recipient.party, sentence)
    for message in sorted(sender.receipts.keys() - recipient.received.keys()):
        sentence = f"{recipient.party} signed to {sender.party} for {message} but has not recorded its arrival"
        yield found(RECEIPT_UNFOUNDED, message, sender.party, sentence)


def _said_under_way(sender: _Side, recipient: _Side, message: str) -> str:
    at = sender.sent_at.get(message, "")
    when = f" at {at[:19].replace('T', ' ')} UTC" if at else ""
    return (
        f"{sender.party} sent {message}{when} and has no receipt yet; {recipient.party} has not recorded it: "
        "under way as far as these ledgers tell"
    )


def _read_side(party: str, entries: Iterable[Entry], other: str) -> _Side:
    tables: dict[str, dict[str, str]] = {SENT: {}, RECEIVED: {}, RECEIPT: {}}
    signed: dict[str, str] = {}
    sent_at: dict[str, str] = {}
    confirmed: set[str] = set()
    given_up: set[str] = set()
    troubles: list[Discrepancy] = []
    for position, entry in enumerate(entries):
        kind = str(entry.fields.get(KIND, ""))
        where = f"entry {entry.fields.get(SEQUENCE, position)} of {party}"
        if kind in (UNDELIVERABLE, REVIVED) and entry.fields.get(COUNTERPART) == other:
            (given_up.add if kind == UNDELIVERABLE else given_up.discard)(str(entry.fields.get(MESSAGE, "")))
        if not _may_concern(entry, kind, tables, other):
            continue
        gone = sorted(entry.erased & {KIND, COUNTERPART, MESSAGE})
        if gone or MESSAGE not in entry.fields or COUNTERPART not in entry.fields:
            sentence = f"{where} cannot be compared: {', '.join(gone) or 'message or counterpart'} is not there"
            troubles.append(Discrepancy(NOT_COMPARABLE, "", party, other, party, sentence))
            continue
        message = str(entry.fields[MESSAGE])
        if kind == RESENT:
            tables[RECEIPT].pop(message, None)
            continue
        if message in tables[kind]:
            sentence = f"{where} records {message} as {kind} a second time"
            troubles.append(Discrepancy(RECORDED_TWICE, message, *_direction(kind, party, other), party, sentence))
            continue
        if kind == RECEIPT:
            confirmed.add(message)
        elif kind == SENT:
            sent_at[message] = str(entry.fields.get(TIME, ""))
        tables[kind][message] = str(entry.fields.get(RECEIPT_HASH if kind == RECEIPT else MESSAGE_HASH, ""))
        if kind == RECEIVED:
            signed[message] = str(entry.fields.get(RECEIPT_HASH, ""))
        if kind != RECEIPT and not tables[kind][message]:
            sentence = f"{where} has no message hash any more, so the bytes of {message} cannot be compared"
            troubles.append(Discrepancy(NOT_COMPARABLE, message, *_direction(kind, party, other), party, sentence))
    hashes = (tables[SENT], tables[RECEIVED], tables[RECEIPT], signed)
    return _Side(party, *hashes, sent_at, frozenset(confirmed), frozenset(given_up), tuple(troubles))


def _may_concern(entry: Entry, kind: str, tables: dict[str, dict[str, str]], other: str) -> bool:
    """Tell whether an entry is, or through erasure might be, about a message exchanged with `other`."""
    is_of_kind = kind in tables or kind == RESENT or (KIND in entry.erased and MESSAGE in entry.commitments)
    return is_of_kind and entry.fields.get(COUNTERPART, other) == other


def _are_alike(one: str, other: str) -> bool:
    """Tell whether two hashes are the same; one that was erased, or never written, contradicts nothing."""
    return not one or not other or one == other


def _direction(kind: str, party: str, other: str) -> tuple[str, str]:
    return (other, party) if kind == RECEIVED else (party, other)
