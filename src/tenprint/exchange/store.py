"""One party's database, as the exchange needs it: a transaction for all that is written, a store for what is due.

Handling one message is one transaction (ARCHITECTURE section 4). What waits stands in a queue: messages to be handled,
messages to be delivered, enrolments. Listings give keys and headers; a body is read for one message at a time, so that
one that cannot be read any more stops that message and no other.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from contextlib import AbstractContextManager
from datetime import datetime
from typing import Protocol

from tenprint.core.errors import TenprintError
from tenprint.core.fingers import FingerPosition
from tenprint.core.template import Template
from tenprint.exchange.model.case import Case, Task, Timer
from tenprint.exchange.model.envelope import Envelope, Heading, MessageKey
from tenprint.exchange.model.health import Health
from tenprint.exchange.model.stored import Counts, DeadLetter, Erasure, Queue, RowKey, Rule, WitnessedNote
from tenprint.ledger.checkpoint import Checkpoint
from tenprint.ledger.entry import Entry
from tenprint.ledger.witness import Seen


class Eraser(Protocol):
    """What may be erased inside a transaction (`dispatch.retention`)."""

    def waiting_timers(self, case_id: str) -> list[Timer]:
        """Return a case's timers that have not fired, but for those that only end a period of keeping."""
        ...

    def is_under_way(self, case_id: str, besides: MessageKey) -> bool:
        """Tell whether a message of the case, other than `besides`, waits to be handled or delivered."""
        ...

    def erase_bodies(self, case_id: str, at: datetime, rule: Rule, besides: MessageKey) -> int:
        """Erase bodies and control numbers of a case's messages, all but `besides`; return how many were erased."""
        ...

    def erase_message(self, key: MessageKey, at: datetime, rule: Rule) -> None:
        """Erase body and control numbers of one message."""
        ...

    def erase_entries(self, case_id: str, names_of: Callable[[str], frozenset[str]]) -> int:
        """Erase fields of a case's ledger entries, named by kind of entry; return how many entries lost one."""
        ...

    def cases_with(self, name: str, value: str) -> list[Case]:
        """Return the cases that know this value under that name, however deep in `Case.known`, oldest first."""
        ...

    def exemplars(self, subject_id: str) -> list[str]:
        """Return the SHA-256 of the files under which a subject is enrolled, the newest first."""
        ...

    def file(self, digest: str) -> bytes:
        """Return such a file.

        Raises:
            StorageError: ``STORE_BLOB_MISSING`` or ``STORE_BLOB_DAMAGED``.
        """
        ...

    def forget_subject(self, subject_id: str) -> None:
        """Remove what the database holds of an enrolled subject: the list of its files, and its queued templates."""
        ...

    def put_erasure(self, erasure: Erasure) -> None:
        """List what is to be removed from the disk after the commit; listing it again changes nothing."""
        ...

    def mark_removed(self, erasure: Erasure) -> None:
        """Take something off that list."""
        ...

    def is_file_needed(self, digest: str) -> bool:
        """Tell whether a message that was not erased has its body in this blob, or a subject is enrolled under it."""
        ...


class Transaction(Eraser, Protocol):
    """One party's database inside one transaction."""

    def case(self, case_id: str) -> Case | None:
        """Return the case, or None."""
        ...

    def foresee(self, case_ids: Iterable[str]) -> None:
        """Say which cases will be asked for: a server sends them along with what it is asked first."""
        ...

    def case_by_tcn(self, ori: str, tcn: str) -> Case | None:
        """Return the case of the submission with this ORI and TCN, or None."""
        ...

    def cases(self) -> list[Case]:
        """Return all cases, oldest first."""
        ...

    def save_case(self, case: Case) -> None:
        """Insert or replace a case."""
        ...

    def task(self, task_id: str) -> Task | None:
        """Return the task, or None."""
        ...

    def tasks(self, case_id: str | None = None, *, open_only: bool = False) -> list[Task]:
        """Return tasks, oldest first."""
        ...

    def save_task(self, task: Task) -> None:
        """Insert or replace a task."""
        ...

    def set_timer(self, timer: Timer) -> None:
        """Insert a timer; one with the same id is left as it is."""
        ...

    def cancel_timers(self, case_id: str, purpose: str) -> None:
        """Remove timers of this purpose that have not fired."""
        ...

    def message(self, key: MessageKey) -> Envelope | None:
        """Return a message received or sent by this party, or None.

        Raises:
            StorageError: its body or header cannot be read any more.
        """
        ...

    def messages(self, case_id: str) -> list[Envelope]:
        """Return messages of a case that this party received or sent, in the order in which it wrote them."""
        ...

    def heading(self, key: MessageKey) -> Heading | None:
        """Return a message's header without reading its body, or None.

        Raises:
            StorageError: ``STORE_DAMAGED`` when the header cannot be read.
        """
        ...

    def headings(self, case_id: str) -> list[Heading]:
        """Return the headers of `messages` without reading a body."""
        ...

    def put_outbox(self, envelope: Envelope) -> bool:
        """Queue a signed message for delivery; False when this very message was queued before.

        Raises:
            SenderError: ``MESSAGE_ID_REUSED`` when its sender gave this id to another message.
        """
        ...

    def put_inbox(self, envelope: Envelope, received_at: datetime, receipt: bytes) -> bool:
        """Take a message in, with the signed receipt; False when this very message was taken before.

        Raises:
            SenderError: ``MESSAGE_ID_REUSED`` when its sender gave this id to another message.
        """
        ...

    def put_inbox_all(self, arrivals: Sequence[tuple[Envelope, datetime, bytes]]) -> list[bool]:
        """Take messages in, each with its time and receipt, as `put_inbox` does with one; a server is asked once."""
        ...

    def receipt_of(self, key: MessageKey) -> bytes | None:
        """Return the receipt that was signed when this message was first taken in, or None."""
        ...

    def delivery_receipt(self, key: MessageKey) -> bytes | None:
        """Return the receiver's receipt for a message that this party sent, or None while it is under way."""
        ...

    def mark_handled(self, key: MessageKey, at: datetime) -> bool:
        """Mark an inbox row handled; False when it was not waiting any more: then another worker was faster."""
        ...

    def mark_handled_all(self, keys: Sequence[MessageKey], at: datetime) -> list[bool]:
        """Mark inbox rows handled, as `mark_handled` does with one; a server is asked once."""
        ...

    def mark_delivered(self, key: MessageKey, at: datetime, receipt: bytes) -> bool:
        """Mark an outbox row delivered, with the receiver's receipt; False when it was not waiting any more."""
        ...

    def mark_delivered_all(self, delivered: Sequence[tuple[MessageKey, bytes]], at: datetime) -> list[bool]:
        """Mark outbox rows delivered, each with its receipt, as `mark_delivered` does; a server is asked once."""
        ...

    def failures_of(self, queue: Queue, key: RowKey) -> int:
        """Return how often working on this row of the queue has failed; 0 when there is none."""
        ...

    def mark_failed(self, queue: Queue, key: RowKey, code: str, next_try: datetime | None) -> bool:
        """Count a failed attempt of a row; without `next_try` it becomes a dead letter. False: it did not wait."""
        ...

    def hasten(self, recipient: str, at: datetime, most: int) -> None:
        """Make due at `at` what waits for a receiver because it could not be reached: the first `most` messages."""
        ...

    def revive(self, queue: Queue, key: RowKey, at: datetime) -> bool:
        """Make a dead letter due again at `at`, with its attempts counted anew; False when it is none."""
        ...

    def is_dead_letter(self, queue: Queue, key: RowKey) -> bool:
        """Tell whether this row was given up."""
        ...

    def savepoint(self) -> AbstractContextManager[None]:
        """Open a part of this transaction: an exception inside undoes that part only, and goes on upwards."""
        ...

    def mark_fired(self, timer_id: str, at: datetime) -> None:
        """Mark a timer fired."""
        ...

    @property
    def has_enrolled(self) -> bool:
        """Tell whether this transaction queued an enrolment: a search that was made before it may not find it."""
        ...

    def put_enrolment(self, subject_id: str, templates: Mapping[FingerPosition, Template], at: datetime) -> None:
        """Queue an enrolment into this party's gallery, done from `at` on, after the commit and at least once."""
        ...

    def keep_exemplar(self, subject_id: str, digest: str, at: datetime) -> bool:
        """Note that a subject is enrolled under a kept file (a blob, or a message's body); False when it was noted."""
        ...

    def forget_prints(self, subject_id: str) -> None:
        """Remove a subject's enrolment and exemplars for good; a later enrolment under this id changes nothing."""
        ...

    def forgotten(self, subject_ids: Iterable[str]) -> frozenset[str]:
        """Return those of the subjects whose prints were removed for good."""
        ...

    def mark_enrolled(self, subject_id: str) -> None:
        """Mark a queued enrolment done."""
        ...

    def ledger_size(self) -> int:
        """Return the number of ledger entries."""
        ...

    def entries(self, start: int = 0, end: int | None = None) -> list[Entry]:
        """Return ledger entries from `start` up to and without `end`."""
        ...

    def case_entries(self, case_id: str) -> list[Entry]:
        """Return the ledger entries of a case, in their order."""
        ...

    def leaf_hashes(self) -> list[bytes]:
        """Return the hash (32 bytes) of every leaf of the ledger."""
        ...

    def checkpoints(self) -> list[bytes]:
        """Return all signed checkpoints of this ledger with their witnesses' lines, smallest first."""
        ...

    def keep_cosignature(self, size: int, witness: str, line: bytes, at: datetime) -> None:
        """Keep a witness's line under the checkpoint of that size; the first one stays."""
        ...

    def witnessed(self, origin: str) -> Seen:
        """Return what this party cosigned last of another log."""
        ...

    def keep_witnessed(self, stated: Checkpoint, note: bytes, at: datetime, *, is_cosigned: bool) -> bool:
        """Keep another log's checkpoint that was shown here; False when it was kept before."""
        ...

    def append_entry(self, entry: Entry) -> None:
        """Append to the ledger; its sequence must be `ledger_size()`."""
        ...

    def held_keys(self) -> frozenset[MessageKey]:
        """Return every message that was taken in here, or that was sent from here and has its receipt."""
        ...

    def delivered_to(self, party: str, since: datetime | None) -> list[Heading]:
        """Return the messages that `party` signed for since then and whose bodies are still here, in their order."""
        ...

    def received_from(self, party: str, since: datetime | None) -> list[MessageKey]:
        """Return the messages of `party` that were taken in since then and whose bodies are still here, in order."""
        ...

    def deliver_again(self, key: MessageKey, at: datetime) -> None:
        """Make a delivered message due again; the receipt that comes then replaces the one that is held."""
        ...

    def take_back(self, envelope: Envelope, receipt: bytes, at: datetime) -> bool:
        """Keep an own message as it was first sent, with its receipt; False when it was delivered already."""
        ...

    def said_before(self, envelope: Envelope) -> Envelope | None:
        """Return the message that came back after a restore and stands for this one, once; None when there is none."""
        ...

    def is_held(self, envelope: Envelope) -> bool:
        """Tell whether an answer came to something that this party said before a restore and has yet to say again."""
        ...

    def park(self, key: MessageKey) -> None:
        """Let a held answer wait until something is said again, or a person has answered, in its case."""
        ...

    def set_aside(self, origin: str, size: int) -> int:
        """Let checkpoints of a log over more than `size` entries be evidence only, and no beginning; tell how many."""
        ...


class Store(Protocol):
    """One party's database. Readers see committed rows only."""

    def transaction(self) -> AbstractContextManager[Transaction]:
        """Open a write transaction (one writer at a time); commits at the end, rolls back on any exception."""
        ...

    def due_inbox(self, now: datetime, limit: int) -> list[MessageKey]:
        """Return unhandled inbox messages whose time has come, in the order in which it came."""
        ...

    def due_outbox(self, now: datetime, limit: int) -> list[MessageKey]:
        """Return undelivered outbox messages whose time has come, in the order in which it came."""
        ...

    def claim_inbox(self, now: datetime, limit: int) -> list[MessageKey]:
        """Return as `due_inbox`, and keep them from other workers for a while where several share a queue."""
        ...

    def claim_outbox(self, now: datetime, limit: int) -> list[MessageKey]:
        """Return as `due_outbox`, and keep them from other workers for a while where several share a queue."""
        ...

    def release(self, queue: Queue, keys: Iterable[MessageKey], now: datetime) -> None:
        """Give claimed messages back that were not worked on: they are due again now."""
        ...

    def wait(self, seconds: float) -> bool:
        """Wait until rows were queued here, at most so long; tell whether some were. False rings cost a look only."""
        ...

    def message(self, key: MessageKey) -> Envelope:
        """Return a message with its body.

        Raises:
            StorageError: ``MESSAGE_MISSING``, or its body or header cannot be read any more.
        """
        ...

    def load(self, keys: Sequence[MessageKey], most_bytes: int) -> list[tuple[MessageKey, Envelope | TenprintError]]:
        """Return the first of these messages, or for each why it cannot be read, as many as fit; at least one."""
        ...

    def due_timers(self, now: datetime, limit: int) -> list[Timer]:
        """Return unfired timers whose time has come, earliest first."""
        ...

    def due_enrolments(self, now: datetime, limit: int) -> list[str]:
        """Return the subjects of queued enrolments whose time has come, in the order in which it came."""
        ...

    def enrolment(self, subject_id: str) -> dict[FingerPosition, Template]:
        """Return the templates of a queued enrolment.

        Raises:
            StorageError: ``STORE_ROW_MISSING``, or ``STORE_DAMAGED`` when they cannot be read any more.
        """
        ...

    def next_due(self) -> datetime | None:
        """Return the earliest time at which a row of a queue or a timer becomes due, or None.

        The end of a period of keeping is not counted: it happens at its time, but nobody waits for it.
        """
        ...

    def entries(self, start: int = 0, end: int | None = None) -> list[Entry]:
        """Return ledger entries of the range."""
        ...

    def waiting_timers(self, case_id: str) -> list[Timer]:
        """Return a case's timers that have not fired, but for those that only end a period of keeping."""
        ...

    def ends_of_keeping(self) -> list[Timer]:
        """Return the timers that end a period of keeping and have not fired, earliest first."""
        ...

    def erasures(self, limit: int) -> list[Erasure]:
        """Return what is to be removed from the disk, in the order in which it was listed."""
        ...

    def erased_entries(self) -> list[Entry]:
        """Return the ledger entries that say what was erased, in their order."""
        ...

    def scrub(self) -> bool:
        """Make what rows held leave the database's files; tell whether all of it has."""
        ...

    def newest_checkpoint(self) -> bytes | None:
        """Return the signed checkpoint of the greatest size, or None before the first one."""
        ...

    def counts(self) -> Counts:
        """Return how many cases, messages and answers there are."""
        ...

    def health(self, now: datetime) -> Health:
        """Return how this party's work stands at `now`: queues, timers, tasks, ledger; no body is read."""
        ...

    def dead_letters(self) -> list[DeadLetter]:
        """Return what was given up, queue by queue, oldest first."""
        ...

    def case_entries(self, case_id: str) -> list[Entry]:
        """Return the ledger entries of a case, in their order; each tells its place as ``sequence``."""
        ...

    def case_places(self, case_id: str) -> list[int]:
        """Return the places of a case's ledger entries, in their order, also of such as cannot be read."""
        ...

    def leaf_hashes(self) -> list[bytes]:
        """Return the hash (32 bytes) of every leaf of the ledger, to make proofs from."""
        ...

    def exemplars(self, subject_id: str) -> list[str]:
        """Return the SHA-256 of the ANSI/NIST files under which a subject is enrolled here, the newest first."""
        ...

    def file(self, digest: str) -> bytes:
        """Return such a file.

        Raises:
            StorageError: ``STORE_BLOB_MISSING`` or ``STORE_BLOB_DAMAGED``.
        """
        ...

    def checkpoints(self) -> list[bytes]:
        """Return all signed checkpoints of this ledger, smallest first; the last one is the newest."""
        ...

    def cosigned_sizes(self) -> dict[str, int]:
        """Return, by witness, the size of the newest checkpoint of this ledger that it cosigned."""
        ...

    def witnessed_notes(self) -> list[WitnessedNote]:
        """Return all checkpoints of other logs that this party was shown, cosigned or refused, by log and size."""
        ...

    def close(self) -> None:
        """Release the database."""
        ...
