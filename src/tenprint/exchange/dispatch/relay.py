"""Sending: outbox rows are delivered at least once, and the receiver's signed receipt is kept and logged."""

from __future__ import annotations

from tenprint.core.canonical import sha256_hex
from tenprint.core.errors import RecordError, StorageError, TenprintError
from tenprint.exchange.dispatch.points import (
    RELAY_AFTER_COMMIT,
    RELAY_AFTER_POST,
    RELAY_BEFORE_COMMIT,
    RELAY_BEFORE_POST,
)
from tenprint.exchange.dispatch.retry import put_off
from tenprint.exchange.model.envelope import Envelope, MessageKey
from tenprint.exchange.model.observing import Event, Stage
from tenprint.exchange.ports import Node, Queue, Services, Transaction, Work, write_down
from tenprint.ledger.keys import PublicKey
from tenprint.ledger.receipt import SignedReceipt, verify_receipt
from tenprint.ledger.vocabulary import RECEIPT

UNDELIVERABLE = "undeliverable"


def relay_due(node: Node, limit: int) -> int:
    """Deliver at most `limit` outbox rows whose time has come; return how many were tried.

    A delivery that failed, or whose bytes cannot be read, is tried again later (`retry`); one that the receiver refuses
    becomes a dead letter.
    """
    due = node.store.due_outbox(node.services.clock.now(), limit)
    for key in due:
        try:
            _deliver(node, node.store.message(key))
        except TenprintError as problem:
            _put_off(node, key, problem)
    return len(due)


def _deliver(node: Node, envelope: Envelope) -> None:
    node.trigger(RELAY_BEFORE_POST)
    with node.timed(Stage.DELIVER, envelope.kind):
        receipt = node.post.deliver(envelope.to_bytes(), envelope.recipient)
    node.trigger(RELAY_AFTER_POST)
    digest = _checked_receipt(node.services, envelope, receipt)
    with node.store.transaction() as tx:
        tx.mark_delivered(envelope.key, node.services.clock.now(), receipt)
        Work(tx, node.services, envelope).log(RECEIPT, counterpart=envelope.recipient, receipt_hash=digest)
        node.trigger(RELAY_BEFORE_COMMIT)
    node.trigger(RELAY_AFTER_COMMIT)
    node.note(Event.DELIVERED, envelope)


def _checked_receipt(services: Services, envelope: Envelope, receipt: bytes) -> str:
    """Return the receipt's hash, once it is the receiver's word for exactly this message.

    A receipt's `message_hash` is of the envelope's bytes, time and signature included; the ledger's field of that name
    is `Envelope.content_hash`, which leaves both out.
    """
    try:
        signed = SignedReceipt.from_bytes(receipt)
    except RecordError as problem:
        raise StorageError("RECEIPT_INVALID", f"{envelope.recipient} answered with no receipt") from problem
    said = signed.receipt
    key = PublicKey(services.directory.party(envelope.recipient).public_key)
    fits = (said.message, said.sender, said.recipient) == (envelope.id, envelope.sender, envelope.recipient)
    if not fits or said.message_hash != sha256_hex(envelope.to_bytes()) or not verify_receipt(signed, key):
        # A storage error, because the next try may bring a good receipt; the message itself is not at fault.
        raise StorageError("RECEIPT_INVALID", f"{envelope.recipient} did not sign for this message")
    return signed.digest


def _put_off(node: Node, key: MessageKey, problem: TenprintError) -> None:
    def give_up(tx: Transaction) -> None:
        try:
            heading = tx.heading(key)
        except StorageError:
            heading = None
        if heading is None:
            write_down(tx, node.services, UNDELIVERABLE, node.services.clock.now(), message=key.id, note=problem.code)
        else:
            Work(tx, node.services, heading).log(UNDELIVERABLE, counterpart=heading.recipient, note=problem.code)

    put_off(node, Queue.OUTBOX, key, problem, give_up)
