"""What was given up is tried again because a person says so, and that stands on the ledger with the person's name."""

from __future__ import annotations

from collections.abc import Iterable
from contextlib import suppress

from tenprint.core.errors import StorageError
from tenprint.exchange.model.observing import Event
from tenprint.exchange.model.stored import DeadLetter, Queue
from tenprint.exchange.ports import Node, Transaction, write_down
from tenprint.ledger.vocabulary import REVIVED


def revive(node: Node, letters: Iterable[DeadLetter], *, person: str = "", rule: str = "", version: str = "") -> int:
    """Make dead letters of a party due again, now and with their attempts counted anew; return how many were dead.

    Args:
        node: whose letters, and whose ledger.
        letters: from `Store.dead_letters`; one that is due again already is left as it is.
        person: the official who wants it, or ``""`` for whoever runs the command line.
        rule, version: of the access rule that allows it, or ``""``.

    Raises:
        RecordError: ``LEDGER_FIELD_VALUE`` when the person's name has not the form of a name.
        StorageError: it could not be written; nothing was revived.
    """
    count = 0
    with node.store.transaction() as tx:
        now = node.services.clock.now()
        for letter in letters:
            if not tx.revive(letter.queue, letter.key, now):
                continue
            count += 1
            about = {} if letter.queue == Queue.ENROLMENTS else _about(tx, letter)
            write_down(tx, node.services, REVIVED, now, **about, person=person, rule=rule, version=version,
                       note=f"{letter.queue}: {letter.failure}")  # fmt: skip
    if count:
        node.note(Event.REVIVED)
    return count


def _about(tx: Transaction, letter: DeadLetter) -> dict[str, str | int]:
    said: dict[str, str | int] = {"case": letter.case_id, "message": letter.id, "message_kind": letter.kind}
    if letter.queue == Queue.OUTBOX and not isinstance(letter.key, str):
        with suppress(StorageError):  # a damaged row: whom it was for cannot be told
            heading = tx.heading(letter.key)
            said |= {"counterpart": heading.recipient} if heading is not None else {}
    return said
