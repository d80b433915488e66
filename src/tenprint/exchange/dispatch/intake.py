"""Taking a message in: verify who says it, keep it byte for byte, sign for it. A repeat gets the first receipt."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import timedelta

from tenprint.core.canonical import sha256_hex
from tenprint.core.errors import SenderError, TenprintError
from tenprint.exchange.dispatch.batches import CONCERNS_ALL
from tenprint.exchange.dispatch.points import ACCEPT_AFTER_COMMIT, ACCEPT_BEFORE_COMMIT
from tenprint.exchange.model.directory import UNDERWAY
from tenprint.exchange.model.envelope import Envelope, Heading
from tenprint.exchange.model.observing import Event
from tenprint.exchange.model.routes import may_say
from tenprint.exchange.model.words import Kind
from tenprint.exchange.ports import Node, Services, Work
from tenprint.ledger.receipt import Receipt, SignedReceipt
from tenprint.ledger.vocabulary import RECEIVED

SUBMISSIONS = frozenset({Kind.CAR, Kind.CNA, Kind.IDENT_SEARCH})
"""Kinds that carry images: their bytes are on disk before the transaction begins. Other bodies lie in the database."""
AHEAD = timedelta(days=1)
"""How far a message's time may lie ahead of this party's clock: deadlines count from it, and the years have an end."""


def accept(node: Node, wire: bytes) -> bytes:
    """Take a message of another party in, in one transaction, and return the signed receipt's bytes.

    A message that was taken before changes nothing and gets the receipt that was signed then.

    Raises:
        RecordError: ``ENVELOPE_INVALID`` when the bytes are no envelope.
        SenderError: ``WRONG_RECIPIENT``, ``UNKNOWN_SENDER``, ``SIGNATURE_INVALID``, ``SENT_IN_FUTURE``,
            ``KIND_NOT_ACCEPTED``, or ``MESSAGE_ID_REUSED`` (its sender gave that id to another message); nothing was
            written.
        StorageError: it could not be kept; the sender tries again.
    """
    (outcome,) = accept_many(node, [wire])
    if isinstance(outcome, TenprintError):
        raise outcome
    return outcome


def accept_many(node: Node, wires: Sequence[bytes]) -> list[bytes | TenprintError]:
    """Take messages in, in one transaction; return for each its receipt, or the error that `accept` would raise.

    What is wrong with one keeps no other out. Receipts are given when all of them are committed.
    """
    outcomes: dict[int, bytes | TenprintError] = {}
    verified = []
    for place, wire in enumerate(wires):
        try:
            envelope = Envelope.from_bytes(wire)
            verify_sender(node.services, envelope)
            verified.append((place, envelope))
        except TenprintError as problem:
            outcomes[place] = _refused(node, problem)
    try:
        long = [each for _, each in verified if each.kind in SUBMISSIONS]
        node.services.blobs.put_many([each.body for each in long], [each.body_hash for each in long])
        receipts: list[bytes | TenprintError] = [*_taken_in(node, [envelope for _, envelope in verified])]
    except TenprintError as problem:
        # One of them cannot be kept. Which one, and whether the others can, is seen when each is taken by itself.
        of_all = len(verified) == 1 or problem.code in CONCERNS_ALL
        receipts = [
            _refused(node, problem) if of_all else accept_many(node, [wires[place]])[0] for place, _ in verified
        ]
    outcomes.update(zip((place for place, _ in verified), receipts, strict=True))
    return [outcomes[place] for place in range(len(wires))]


def accept_kept(node: Node, heading: Heading) -> bytes:
    """Take a message in whose body is one of this party's blobs already, as a door that streams does; as `accept`.

    Args:
        node: the recipient.
        heading: the message's header, with the hash of the whole wire form (`Heading.of_wire`); whoever wrote the blob
            has checked its hash and size against it.

    Raises:
        SenderError: as `accept`.
        StorageError: it could not be kept; the sender tries again.
    """
    try:
        verify_sender(node.services, heading)
        (receipt,) = _taken_in(node, [heading])
    except TenprintError as problem:
        raise _refused(node, problem) from None
    return receipt


def _refused(node: Node, problem: TenprintError) -> TenprintError:
    """Return the error, of which the observer is told the code alone: who said what was refused may not be known."""
    node.note(Event.REFUSED, code=problem.code)
    return problem


def _taken_in(node: Node, envelopes: Sequence[Envelope]) -> list[bytes]:
    receipts: list[bytes] = []
    if not envelopes:
        return receipts
    new: list[Envelope] = []
    signed = [signed_receipt(node.services, envelope) for envelope in envelopes]
    with node.store.transaction() as tx:
        now = node.services.clock.now()
        are_new = tx.put_inbox_all([(envelope, now, mine) for envelope, mine in zip(envelopes, signed, strict=True)])
        for envelope, receipt, is_new in zip(envelopes, signed, are_new, strict=True):
            if is_new:
                new.append(envelope)
                Work(tx, node.services, envelope).log(
                    RECEIVED,
                    counterpart=envelope.sender,
                    in_reply_to=envelope.in_reply_to,
                    receipt_hash=sha256_hex(receipt),
                )
                receipts.append(receipt)
            else:
                receipts.append(tx.receipt_of(envelope.key) or receipt)
        if new:
            node.trigger(ACCEPT_BEFORE_COMMIT)
    if new:
        node.trigger(ACCEPT_AFTER_COMMIT)
    for envelope in new:
        node.note(Event.MESSAGE_ACCEPTED, envelope)
    return receipts


def verify_sender(services: Services, envelope: Envelope) -> None:
    """Refuse a message that is not for this party, not by whom it says, or not of a kind its sender may send here.

    Raises:
        SenderError: ``WRONG_RECIPIENT``, ``UNKNOWN_SENDER``, ``SIGNATURE_INVALID``, ``KEY_EXPIRED``,
            ``KEY_NOT_YET_VALID``, ``SENT_IN_FUTURE``, ``KIND_NOT_ACCEPTED``.
    """
    party = services.party
    if envelope.recipient != party.id:
        raise SenderError("WRONG_RECIPIENT", f"this is {party.id}; the message is for another party")
    try:
        sender = services.directory.party(envelope.sender)
    except SenderError as problem:
        raise SenderError("UNKNOWN_SENDER", "the sender is not in this network's directory") from problem
    term = sender.ensure_signed(envelope.signed_bytes(), envelope.signature, envelope.sent_at)
    if term.ends is not None:  # whoever has an old key may date a message back; what waited is not refused for it
        term.ensure_holds(services.clock.now() - UNDERWAY)
    if envelope.sent_at - services.clock.now() > AHEAD:
        hint = "set both clocks by the same time server, and say it anew"
        raise SenderError("SENT_IN_FUTURE", "the message is dated more than a day ahead", hint=hint, field="sent_at")
    if not may_say(envelope.kind, sender.role, party.role):
        raise SenderError("KIND_NOT_ACCEPTED", f"{party.role} takes no {envelope.kind} from {sender.role}")


def signed_receipt(services: Services, envelope: Envelope) -> bytes:
    """Return this party's signed receipt for a message, dated now: its hash is of the bytes, not the content hash."""
    receipt = Receipt(
        message=envelope.id,
        message_hash=envelope.wire_hash,
        sender=envelope.sender,
        recipient=envelope.recipient,
        received_at=services.clock.now(),
    )
    return SignedReceipt(receipt, services.signer.sign(receipt.statement())).to_bytes()
