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
from tenprint.exchange.dispatch.retry import next_try
from tenprint.exchange.model.envelope import Envelope
from tenprint.exchange.ports import Node, Services, Work
from tenprint.ledger.keys import PublicKey
from tenprint.ledger.receipt import SignedReceipt, verify_receipt
from tenprint.ledger.vocabulary import RECEIPT


def relay_due(node: Node, limit: int) -> int:
    """Deliver at most `limit` outbox rows whose time has come; return how many were tried.

    A failed delivery is tried again later (`retry`); one that the receiver refuses becomes a dead letter.
    """
    due = node.store.due_outbox(node.services.clock.now(), limit)
    for envelope in due:
        try:
            _deliver(node, envelope)
        except TenprintError as problem:
            _put_off(node, envelope, problem)
    return len(due)


def _deliver(node: Node, envelope: Envelope) -> None:
    node.trigger(RELAY_BEFORE_POST)
    receipt = node.post.deliver(envelope.to_bytes(), envelope.recipient)
    node.trigger(RELAY_AFTER_POST)
    digest = _checked_receipt(node.services, envelope, receipt)
    with node.store.transaction() as tx:
        tx.mark_delivered(envelope.id, node.services.clock.now(), receipt)
        Work(tx, node.services, envelope).log(RECEIPT, counterpart=envelope.recipient, receipt_hash=digest)
        node.trigger(RELAY_BEFORE_COMMIT)
    node.trigger(RELAY_AFTER_COMMIT)


def _checked_receipt(services: Services, envelope: Envelope, receipt: bytes) -> str:
    """Return the receipt's hash, once it is the receiver's word for exactly this message."""
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


def _put_off(node: Node, envelope: Envelope, problem: TenprintError) -> None:
    with node.store.transaction() as tx:
        now = node.services.clock.now()
        again = next_try(problem, envelope.id, tx.failures_of(envelope.id) + 1, now)
        tx.mark_undelivered(envelope.id, problem.code, again)
        if again is None:
            Work(tx, node.services, envelope).log("undeliverable", counterpart=envelope.recipient, note=problem.code)
