"""Taking a message in: verify who says it, keep it byte for byte, sign for it. A repeat gets the first receipt."""

from __future__ import annotations

from tenprint.core.canonical import sha256_hex
from tenprint.core.errors import RecordError, SenderError, TenprintError
from tenprint.exchange.dispatch.points import ACCEPT_AFTER_COMMIT, ACCEPT_BEFORE_COMMIT
from tenprint.exchange.model.envelope import Envelope
from tenprint.exchange.model.observing import Event
from tenprint.exchange.model.routes import may_say
from tenprint.exchange.model.words import Kind
from tenprint.exchange.ports import Node, Services, Work
from tenprint.ledger.keys import PublicKey
from tenprint.ledger.receipt import Receipt, SignedReceipt
from tenprint.ledger.vocabulary import RECEIVED

SUBMISSIONS = frozenset({Kind.CAR, Kind.IDENT_SEARCH})
"""Kinds that carry images: their bytes are on disk before the transaction begins. Other bodies lie in the database."""


def accept(node: Node, wire: bytes) -> bytes:
    """Take a message of another party in, in one transaction, and return the signed receipt's bytes.

    A message that was taken before changes nothing and gets the receipt that was signed then.

    Raises:
        RecordError: ``ENVELOPE_INVALID`` when the bytes are no envelope.
        SenderError: ``WRONG_RECIPIENT``, ``UNKNOWN_SENDER``, ``SIGNATURE_INVALID``, ``KIND_NOT_ACCEPTED``,
            or ``MESSAGE_ID_REUSED`` (its sender gave that id to another message); nothing was written.
        StorageError: it could not be kept; the sender tries again.
    """
    try:
        return _accept(node, wire)
    except TenprintError as problem:
        # Who said it is not known yet: of what came in, nothing is told but why it was refused.
        node.note(Event.REFUSED, code=problem.code)
        raise


def _accept(node: Node, wire: bytes) -> bytes:
    envelope = Envelope.from_bytes(wire)
    verify_sender(node.services, envelope)
    if envelope.kind in SUBMISSIONS:
        node.services.blobs.put(envelope.body)
    with node.store.transaction() as tx:
        receipt = tx.receipt_of(envelope.key)
        if receipt is not None:
            _refuse_another_message_of_that_id(tx.heading(envelope.key), envelope)
            return receipt
        now = node.services.clock.now()
        receipt = signed_receipt(node.services, envelope)
        tx.put_inbox(envelope, now, receipt)
        Work(tx, node.services, envelope).log(
            RECEIVED,
            counterpart=envelope.sender,
            in_reply_to=envelope.in_reply_to,
            receipt_hash=sha256_hex(receipt),
        )
        node.trigger(ACCEPT_BEFORE_COMMIT)
    node.trigger(ACCEPT_AFTER_COMMIT)
    node.note(Event.MESSAGE_ACCEPTED, envelope)
    return receipt


def verify_sender(services: Services, envelope: Envelope) -> None:
    """Refuse a message that is not for this party, not by whom it says, or not of a kind its sender may send here.

    Raises:
        SenderError: ``WRONG_RECIPIENT``, ``UNKNOWN_SENDER``, ``SIGNATURE_INVALID``, ``KIND_NOT_ACCEPTED``.
    """
    party = services.party
    if envelope.recipient != party.id:
        raise SenderError("WRONG_RECIPIENT", f"this is {party.id}; the message is for another party")
    try:
        sender = services.directory.party(envelope.sender)
    except SenderError as problem:
        raise SenderError("UNKNOWN_SENDER", "the sender is not in this network's directory") from problem
    if not _is_signed_by(sender.public_key, envelope):
        raise SenderError("SIGNATURE_INVALID", f"the signature is not {sender.id}'s over this message")
    if not may_say(envelope.kind, sender.role, party.role):
        raise SenderError("KIND_NOT_ACCEPTED", f"{party.role} takes no {envelope.kind} from {sender.role}")


def signed_receipt(services: Services, envelope: Envelope) -> bytes:
    """Return this party's signed receipt for a message, dated now: its hash is of the bytes, not the content hash."""
    receipt = Receipt(
        message=envelope.id,
        message_hash=sha256_hex(envelope.to_bytes()),
        sender=envelope.sender,
        recipient=envelope.recipient,
        received_at=services.clock.now(),
    )
    return SignedReceipt(receipt, services.signer.sign(receipt.statement())).to_bytes()


def _is_signed_by(public_key: bytes, envelope: Envelope) -> bool:
    try:
        return PublicKey(public_key).verify(envelope.signed_bytes(), envelope.signature)
    except RecordError as problem:
        raise SenderError("UNKNOWN_SENDER", "the directory holds no usable key of the sender") from problem


def _refuse_another_message_of_that_id(known: Envelope | None, envelope: Envelope) -> None:
    if known is None or known.content_hash != envelope.content_hash:
        raise SenderError("MESSAGE_ID_REUSED", f"{envelope.sender} gave this id to another message before")
