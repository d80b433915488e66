"""Sending: outbox rows are delivered at least once, and the receiver's signed receipt is kept and logged."""

from __future__ import annotations

from tenprint.core.errors import RecordError, SenderError, StorageError, TenprintError
from tenprint.exchange.dispatch.batches import Loaded, loaded_in_parts, working_on
from tenprint.exchange.dispatch.faults import ProgramFault, contained
from tenprint.exchange.dispatch.points import (
    RELAY_AFTER_COMMIT,
    RELAY_AFTER_POST,
    RELAY_BEFORE_COMMIT,
    RELAY_BEFORE_POST,
)
from tenprint.exchange.dispatch.retry import put_off
from tenprint.exchange.model.envelope import Envelope, MessageKey
from tenprint.exchange.model.failures import KEYS
from tenprint.exchange.model.observing import Event, Stage
from tenprint.exchange.ports import (
    GroupPost,
    Node,
    ParallelPost,
    Post,
    Queue,
    Services,
    Transaction,
    Work,
    write_down,
)
from tenprint.ledger.receipt import SignedReceipt
from tenprint.ledger.vocabulary import RECEIPT, UNDELIVERABLE

HASTENED = 32
"""When something got through to a receiver that was away, so much of what waits for it follows at once, in order; each
delivery of that brings on the next. A receiver that is gone again has cost no more tries than these."""


def relay_due(node: Node, limit: int) -> int:
    """Deliver at most `limit` outbox rows whose time has come; return how many were tried.

    All that goes to one recipient is handed over together, or all of it to all recipients, where the post can. A
    delivery that failed, or whose bytes cannot be read, is tried again later (`retry`); one that the receiver refuses
    becomes a dead letter. The others are marked delivered in one transaction; in it becomes due what waits for
    the same receivers because they could not be reached.
    """
    keys = node.store.claim_outbox(node.services.clock.now(), limit)
    with working_on(node, Queue.OUTBOX, keys) as open_keys:
        for part in loaded_in_parts(node, keys):
            _relay_part(node, part)
            open_keys.difference_update(key for key, _ in part)
    return len(keys)


def _relay_part(node: Node, part: list[Loaded]) -> None:
    readable = []
    for key, message in part:
        if isinstance(message, TenprintError):
            _put_off(node, key, message)
        else:
            readable.append(message)
    delivered = []
    for envelopes in _groups(node.post, readable):
        with node.timed(Stage.DELIVER, envelopes[0].kind):
            outcomes = _delivered(node, envelopes)
        for envelope, outcome in zip(envelopes, outcomes, strict=True):
            try:
                if isinstance(outcome, TenprintError):
                    raise outcome
                with contained(node):
                    digest = _checked_receipt(node.services, envelope, outcome)
                delivered.append((envelope, outcome, digest))
            except TenprintError as problem:
                _put_off(node, envelope.key, problem)
    if delivered:
        _mark_delivered(node, delivered)


def _groups(post: Post, envelopes: list[Envelope]) -> list[list[Envelope]]:
    """Return what is handed over at once: all there is where the post can do that, else what goes to one recipient."""
    if isinstance(post, ParallelPost):
        return [envelopes] if envelopes else []
    recipients: dict[str, list[Envelope]] = {}
    for envelope in envelopes:
        recipients.setdefault(envelope.recipient, []).append(envelope)
    return list(recipients.values())


def _delivered(node: Node, envelopes: list[Envelope]) -> list[bytes | TenprintError]:
    """Hand messages over; where that meets a bug, one by one, which finds the message that meets it."""
    try:
        with contained(node):
            node.trigger(RELAY_BEFORE_POST)
            outcomes = _posted(node.post, envelopes)
            node.trigger(RELAY_AFTER_POST)
            return outcomes
    except ProgramFault as fault:
        if len(envelopes) == 1:
            return [fault]
    return [_delivered(node, [envelope])[0] for envelope in envelopes]


def _posted(post: Post, envelopes: list[Envelope]) -> list[bytes | TenprintError]:
    """Return a receipt, or why there is none, for each message of a group."""
    letters = [(envelope.to_bytes(), envelope.recipient) for envelope in envelopes]
    if isinstance(post, ParallelPost):
        return post.deliver_all(letters)
    if isinstance(post, GroupPost):
        return post.deliver_many([wire for wire, _ in letters], letters[0][1])
    outcomes: list[bytes | TenprintError] = []
    for wire, recipient in letters:
        try:
            outcomes.append(post.deliver(wire, recipient))
        except TenprintError as problem:
            outcomes.append(problem)
    return outcomes


def _mark_delivered(node: Node, delivered: list[tuple[Envelope, bytes, str]]) -> None:
    try:
        with contained(node), node.store.transaction() as tx:
            receipts = [(envelope.key, receipt) for envelope, receipt, _ in delivered]
            now = node.services.clock.now()
            marked = tx.mark_delivered_all(receipts, now)
            for recipient in dict.fromkeys(envelope.recipient for envelope, _, _ in delivered):
                tx.hasten(recipient, now, HASTENED)
            for (envelope, _, digest), is_marked in zip(delivered, marked, strict=True):
                if is_marked:
                    work = Work(tx, node.services, envelope)
                    work.log(RECEIPT, counterpart=envelope.recipient, receipt_hash=digest)
            node.trigger(RELAY_BEFORE_COMMIT)
    except StorageError as problem:
        if isinstance(problem, ProgramFault) and len(delivered) > 1:
            for each in delivered:
                _mark_delivered(node, [each])
            return
        for envelope, _, _ in delivered:
            _put_off(node, envelope.key, problem)
        return
    node.trigger(RELAY_AFTER_COMMIT)
    for envelope, _, _ in delivered:
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
    fits = (said.message, said.sender, said.recipient) == (envelope.id, envelope.sender, envelope.recipient)
    if not fits or said.message_hash != envelope.wire_hash:
        raise StorageError("RECEIPT_INVALID", f"{envelope.recipient} did not sign for this message")
    try:
        recipient = services.directory.party(envelope.recipient)
        recipient.ensure_signed(said.statement(), signed.signature, said.received_at)
    except SenderError as problem:
        # A storage error, because the next try may bring a good receipt; the message itself is not at fault.
        code = problem.code if problem.code in KEYS else "RECEIPT_INVALID"
        raise StorageError(code, f"{envelope.recipient} did not sign for this message") from problem
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
