"""After a restore: what came after the backup is asked for again, nothing happens twice, and the ledgers say so.

The party that was restored forgot what it was told and what it told. Its peers hold both, signed: they deliver again
what it signed for and lacks (the receiver knows repeats), and give its own messages back, by which it knows again to
whom it disclosed what. Its ledger cannot come back: its entries after the backup are lost, and what it writes from now
on is another continuation of the same beginning. Witnesses that cosigned the lost entries refuse it, as they must,
until a person of theirs has accepted the restore by name. See docs/decisions/0013.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime

from tenprint.core.errors import RecordError, SenderError, StorageError, TenprintError
from tenprint.exchange.dispatch.doors import submit
from tenprint.exchange.dispatch.intake import SUBMISSIONS
from tenprint.exchange.model.envelope import Envelope, MessageKey
from tenprint.exchange.model.words import Role
from tenprint.exchange.ports import Node, Work, write_down
from tenprint.ledger.checkpoint import ledger_origin, parse_checkpoint
from tenprint.ledger.keys import PublicKey
from tenprint.ledger.receipt import SignedReceipt, verify_receipt
from tenprint.ledger.vocabulary import GIVEN_BACK, RECEIPT, RESENT, SENT

RESTORED = "restored"
ENTRIES_LOST = "entries_lost"
RESTORE_ACCEPTED = "restore_accepted"


@dataclass(frozen=True)
class Given:
    """What a peer does for a party that was restored.

    Args:
        again: how many messages are delivered to it once more.
        returned: its own messages in their wire form, each with the peer's receipt.
        unreadable: how many could not be read here any more.
    """

    again: int
    returned: tuple[tuple[bytes, bytes], ...]
    unreadable: int = 0


def give_back(
    node: Node, party: str, *, since: datetime | None = None, known: frozenset[MessageKey] = frozenset()
) -> Given:
    """Deliver again what a party that was restored signed for, and return what it had said to this one.

    Each message of either kind is an entry of this party's ledger. What was erased here cannot be given.

    Args:
        node: the peer.
        party: who was restored.
        since: only what was delivered or taken in since then; None for all.
        known: messages that the restored party has.

    Raises:
        SenderError: ``UNKNOWN_PARTY``.
        StorageError: nothing was written.
    """
    services, unreadable = node.services, 0
    services.directory.party(party)
    returned: list[tuple[bytes, bytes]] = []
    with node.store.transaction() as tx:
        again = [heading for heading in tx.delivered_to(party, since) if heading.key not in known]
        for heading in again:
            tx.deliver_again(heading.key, services.clock.now())
            Work(tx, services, heading).log(RESENT, counterpart=party)
        for key in tx.received_from(party, since):
            if key in known:
                continue
            receipt = tx.receipt_of(key)
            try:
                message = tx.message(key)
            except StorageError:
                message = None
            if message is None or receipt is None:
                unreadable += 1
                continue
            returned.append((message.to_bytes(), receipt))
            Work(tx, services, message).log(GIVEN_BACK, counterpart=party)
    return Given(len(again), tuple(returned), unreadable)


def take_back(node: Node, returned: Iterable[tuple[bytes, bytes]]) -> int:
    """Take own messages back that a peer returned; tell how many were not known as delivered.

    Only what this party's key signed, with a receipt that the receiver's key signed for these very bytes, is taken. A
    booking whose case is not here any more gets it again, under its old key. The party's worker must not run.

    Raises:
        RecordError: ``RETURNED_INVALID``, ``ENVELOPE_INVALID`` or ``RECEIPT_FORM``; nothing was written.
        StorageError: it could not be kept.
    """
    checked = [_checked(node, wire, receipt) for wire, receipt in returned]
    count, bookings = 0, list[Envelope]()
    with node.store.transaction() as tx:
        for envelope, receipt in checked:
            was_known = tx.heading(envelope.key) is not None
            if not tx.take_back(envelope, receipt.to_bytes(), node.services.clock.now()):
                continue
            count += 1
            work = Work(tx, node.services, envelope)
            if not was_known:
                work.log(SENT, counterpart=envelope.recipient, note="came back after a restore")
            work.log(RECEIPT, counterpart=envelope.recipient, receipt_hash=receipt.digest)
            is_booking = node.party.role == Role.AGENCY and envelope.kind in SUBMISSIONS
            if is_booking and tx.case(envelope.case_id) is None:
                bookings.append(envelope)
    for booking in bookings:
        submit(node, booking.body, case_id=booking.case_id)
    return count


def note_entries_lost(node: Node, witness: str, notes: Iterable[bytes], size: int) -> int:
    """Write down that a witness cosigned more entries of this ledger than were restored; tell how many at most.

    Args:
        node: the party that was restored.
        witness: whose notes.
        notes: checkpoints of this ledger that the witness cosigned.
        size: of the ledger in the backup.
    """
    newest = max((parse_checkpoint(note).checkpoint for note in notes), key=lambda one: one.size, default=None)
    if newest is None or newest.size <= size:
        return 0
    with node.store.transaction() as tx:
        now, lost = node.services.clock.now(), newest.size - size
        note = f"{witness} cosigned {newest.size} entries with root {newest.root.hex()}; {size} were restored"
        write_down(tx, node.services, ENTRIES_LOST, now, counterpart=witness, count=lost, note=note)
    return lost


def accept_restored(node: Node, party: str, size: int, *, person: str) -> int:
    """Let a witness go on with the ledger of a party that was restored; return how many checkpoints it sets aside.

    A person decides, because the witness cannot tell a restore from a rewriting. What it had cosigned over more than
    `size` entries it keeps as evidence, but it is no beginning any more; the ledger must continue what was cosigned up
    to there.

    Args:
        node: the witness.
        party: whose ledger.
        size: entries in the backup, as the restored party's operator says and as its entry ``restored`` says.
        person: who decides, by name.

    Raises:
        SenderError: ``NOT_WITNESSED``, ``UNKNOWN_PARTY``, ``NOTHING_TO_ACCEPT``.
        RecordError: ``LEDGER_FIELD_VALUE``.
    """
    owner = node.services.directory.party(party)
    if node.party.id not in owner.witnesses:
        raise SenderError("NOT_WITNESSED", f"{node.party.id} is no witness of the ledger of {party}")
    with node.store.transaction() as tx:
        count = tx.set_aside(ledger_origin(party), size)
        if not count:
            said = f"{node.party.id} has cosigned no more than {size} entries of {party}"
            raise SenderError("NOTHING_TO_ACCEPT", said, hint="see: tenprint ledger witnesses")
        note = f"{count} checkpoints over more entries are set aside, and kept"
        now = node.services.clock.now()
        write_down(tx, node.services, RESTORE_ACCEPTED, now, counterpart=party, count=size, person=person, note=note)
    return count


def _checked(node: Node, wire: bytes, receipt: bytes) -> tuple[Envelope, SignedReceipt]:
    envelope, signed = Envelope.from_bytes(wire), SignedReceipt.from_bytes(receipt)
    said, own = signed.receipt, node.party
    try:
        receiver = PublicKey(node.services.directory.party(envelope.recipient).public_key)
        is_own = PublicKey(own.public_key).verify(envelope.signed_bytes(), envelope.signature)
    except TenprintError as problem:
        raise _no_return("its receiver is not known here") from problem
    if envelope.sender != own.id or not is_own:
        raise _no_return(f"{own.id} did not sign it")
    names = (said.message, said.sender, said.recipient, said.message_hash)
    if names != (envelope.id, own.id, envelope.recipient, envelope.wire_hash) or not verify_receipt(signed, receiver):
        raise _no_return(f"{envelope.recipient} did not sign for it")
    return envelope, signed


def _no_return(why: str) -> RecordError:
    return RecordError("RETURNED_INVALID", f"this is no message that comes back: {why}")
