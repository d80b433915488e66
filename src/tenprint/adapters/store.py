"""The `Store` port: one party's database, on SQLite and PostgreSQL behind the same statements."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from datetime import datetime, timedelta

import sqlalchemy as sa

from tenprint.adapters import claims, counting, erasing, health, restoring, witnessing
from tenprint.adapters.database import CLAIM, POSTGRESQL, WRITE, WRITING, migrate, open_engine
from tenprint.adapters.doorbell import NOTIFICATION, Doorbell, LocalBell, PostgresBell
from tenprint.adapters.faults import storage_faults
from tenprint.adapters.reading import Reader
from tenprint.adapters.sessions import Sessions
from tenprint.adapters.writing import Writer
from tenprint.core.errors import StorageError, TenprintError
from tenprint.core.fingers import FingerPosition
from tenprint.core.template import Template
from tenprint.exchange.model.case import Timer
from tenprint.exchange.model.envelope import Envelope, MessageKey
from tenprint.exchange.model.health import Health
from tenprint.exchange.model.stored import Counts, DeadLetter, Erasure, WitnessedNote
from tenprint.exchange.ports import Blobs, Queue
from tenprint.ledger.checkpoint import Checkpoint, sign_checkpoint
from tenprint.ledger.entry import Entry
from tenprint.ledger.keys import PrivateKey


class SqlStore:
    """One party's database.

    Args:
        url: SQLAlchemy address; `database.sqlite_url` makes one of a file.
        blobs: where bodies above `tables.INLINE_BODY_BYTES` lie.
        name: the party's id, for error sentences.
        bell: what is rung when rows were queued, instead of one's own; several SQLite files of a process may share it.
        lease: how long a claimed row is this worker's (PostgreSQL).

    Raises:
        StorageError: ``STORE_NEWER``, ``STORE_UNREACHABLE`` or another code of `faults`.
    """

    def __init__(
        self,
        url: str | sa.URL,
        blobs: Blobs,
        name: str = "this party",
        *,
        bell: Doorbell | None = None,
        lease: timedelta = claims.LEASE,
    ) -> None:
        self._name = name
        self._blobs = blobs
        migrate(url)
        self._engine = open_engine(url)
        self._sessions = Sessions(self._engine)
        self._claiming = self._engine.execution_options(**{WRITING: CLAIM})
        self._shares_queues = self._engine.dialect.name == POSTGRESQL
        self._bell = bell or (PostgresBell(self._engine) if self._shares_queues else LocalBell())
        self._lease = lease
        with self._connected() as connection:
            self._has_returned = restoring.has_returned(connection)

    @contextmanager
    def transaction(self) -> Iterator[Writer]:
        """Open a write transaction (one writer at a time); commits at the end, rolls back on any exception.

        Raises:
            StorageError: a code of `faults`; nothing was written then.
        """
        writer: Writer

        def ringing() -> str:
            return NOTIFICATION if self._shares_queues and writer.has_queued else ""

        doing, together = f"writing to the database of {self._name}", self._shares_queues
        with storage_faults(doing), self._sessions.begun(WRITE, ringing, together=together) as connection:
            writer = Writer(connection, self._blobs, has_returned=self._has_returned)
            yield writer
            writer.finish()
        self._has_returned = writer.has_returned
        if writer.has_queued:
            self._bell.ring()

    @contextmanager
    def reading(self) -> Iterator[Reader]:
        """Open a view of the committed rows that does not change while it is open."""
        with self._connected() as connection:
            yield Reader(connection, self._blobs)

    def due_inbox(self, now: datetime, limit: int) -> list[MessageKey]:
        """Return unhandled inbox messages whose time has come, in the order in which it came."""
        with self._glancing() as reader:
            return reader.due_messages(Queue.INBOX, now, limit)

    def due_outbox(self, now: datetime, limit: int) -> list[MessageKey]:
        """Return undelivered outbox messages whose time has come, in the order in which it came."""
        with self._glancing() as reader:
            return reader.due_messages(Queue.OUTBOX, now, limit)

    def claim_inbox(self, now: datetime, limit: int) -> list[MessageKey]:
        """Return as `due_inbox`; on PostgreSQL no other worker gets them as long as the lease lasts."""
        return self._claim(Queue.INBOX, now, limit)

    def claim_outbox(self, now: datetime, limit: int) -> list[MessageKey]:
        """Return as `due_outbox`; on PostgreSQL no other worker gets them as long as the lease lasts."""
        return self._claim(Queue.OUTBOX, now, limit)

    def release(self, queue: Queue, keys: Iterable[MessageKey], now: datetime) -> None:
        """Give claimed messages back that were not worked on: they are due again now."""
        if self._shares_queues:
            with storage_faults(f"writing to the database of {self._name}"), self._claiming.begin() as connection:
                claims.release(connection, queue, keys, now)

    def bring_forward(self, now: datetime) -> None:
        """Make messages and enrolments due now that were never tried (`claims.bring_forward`)."""
        with storage_faults(f"writing to the database of {self._name}"), self._claiming.begin() as connection:
            claims.bring_forward(connection, now)

    def wait(self, seconds: float) -> bool:
        """Wait until rows were queued here, at most so long; tell whether some were. False rings cost a look only."""
        return self._bell.wait(seconds)

    def message(self, key: MessageKey) -> Envelope:
        """Return a message with its body.

        Raises:
            StorageError: ``MESSAGE_MISSING``, ``STORE_BLOB_MISSING``, ``STORE_BLOB_DAMAGED`` or a code of `faults`.
        """
        with self._glancing() as reader:
            message = reader.message(key)
        if message is None:
            raise StorageError("MESSAGE_MISSING", f"{self._name} has no message {key}")
        return message

    def load(self, keys: Sequence[MessageKey], most_bytes: int) -> list[tuple[MessageKey, Envelope | TenprintError]]:
        """Return the first of these messages, or for each why it cannot be read, as many as fit; at least one."""
        with self._glancing() as reader:
            return reader.load(keys, most_bytes)

    def due_timers(self, now: datetime, limit: int) -> list[Timer]:
        """Return unfired timers whose time has come, earliest first."""
        with self._glancing() as reader:
            return reader.due_timers(now, limit)

    def due_enrolments(self, now: datetime, limit: int) -> list[str]:
        """Return the subjects of queued enrolments whose time has come, in the order in which it came."""
        with self._glancing() as reader:
            return reader.due_enrolments(now, limit)

    def enrolment(self, subject_id: str) -> dict[FingerPosition, Template]:
        """Return the templates of a queued enrolment.

        Raises:
            StorageError: ``STORE_ROW_MISSING``, ``STORE_DAMAGED`` or another code of `faults`.
        """
        with self._glancing() as reader:
            return reader.enrolment(subject_id)

    def next_due(self) -> datetime | None:
        """Return the earliest time at which a row of a queue or a timer becomes due, or None."""
        with self._glancing() as reader:
            return reader.next_due()

    def entries(self, start: int = 0, end: int | None = None) -> list[Entry]:
        """Return ledger entries from `start` up to and without `end`."""
        with self.reading() as reader:
            return reader.entries(start, end)

    def case_entries(self, case_id: str) -> list[Entry]:
        """Return the ledger entries of a case, in their order."""
        with self.reading() as reader:
            return reader.case_entries(case_id)

    def case_places(self, case_id: str) -> list[int]:
        """Return the places of a case's ledger entries, in their order, also of such as cannot be read."""
        with self.reading() as reader:
            return reader.case_places(case_id)

    def leaf_hashes(self) -> list[bytes]:
        """Return the hash (32 bytes) of every leaf of the ledger."""
        with self.reading() as reader:
            return reader.leaf_hashes()

    def exemplars(self, subject_id: str) -> list[str]:
        """Return the SHA-256 of the files under which a subject is enrolled, the newest first."""
        with self.reading() as reader:
            return reader.exemplars(subject_id)

    def file(self, digest: str) -> bytes:
        """Return a kept file: a blob, or a message's short body.

        Raises:
            StorageError: ``STORE_BLOB_MISSING``, ``STORE_BLOB_DAMAGED`` or a code of `faults`.
        """
        with self.reading() as reader:
            return reader.file(digest)

    def checkpoints(self) -> list[bytes]:
        """Return all signed checkpoints of this ledger with their witnesses' lines; the last one is the newest."""
        with self.reading() as reader:
            return reader.checkpoints()

    def newest_checkpoint(self) -> bytes | None:
        """Return the newest signed checkpoint with its witnesses' lines, or None before the first one."""
        with self._connected() as connection:
            return witnessing.newest_checkpoint(connection)

    def cosigned_sizes(self) -> dict[str, int]:
        """Return, by witness, the size of the newest checkpoint of this ledger that it cosigned."""
        with self.reading() as reader:
            return reader.cosigned_sizes()

    def witnessed_notes(self) -> list[WitnessedNote]:
        """Return all checkpoints of other logs that this party was shown, cosigned or refused, by log and size."""
        with self.reading() as reader:
            return reader.witnessed_notes()

    def waiting_timers(self, case_id: str) -> list[Timer]:
        """Return a case's timers that have not fired, but for those that only end a period of keeping."""
        with self._connected() as connection:
            return erasing.waiting_timers(connection, case_id)

    def ends_of_keeping(self) -> list[Timer]:
        """Return the timers that end a period of keeping and have not fired, earliest first."""
        with self._connected() as connection:
            return erasing.ends_of_keeping(connection)

    def erasures(self, limit: int) -> list[Erasure]:
        """Return what is to be removed from the disk, in the order in which it was listed."""
        with self._glancing() as reader:
            return reader.erasures(limit)

    def erased_entries(self) -> list[Entry]:
        """Return the ledger entries that say what was erased, in their order."""
        with self._connected() as connection:
            return erasing.erased_entries(connection)

    def scrub(self) -> bool:
        """Make what rows held leave the database's files; tell whether all of it has (`erasing.scrub`)."""
        with storage_faults(f"cleaning the database of {self._name}"):
            return erasing.scrub(self._engine)

    def counts(self) -> Counts:
        """Return how many cases, messages and answers there are."""
        with self._connected() as connection:
            return counting.counts(connection)

    def health(self, now: datetime) -> Health:
        """Return how this party's work stands at `now`: queues, timers, tasks, ledger; no body is read."""
        with self._connected() as connection:
            return health.health(connection, now)

    def dead_letters(self) -> list[DeadLetter]:
        """Return what was given up, queue by queue, oldest first."""
        with self.reading() as reader:
            return reader.dead_letters()

    def sign_checkpoint(self, origin: str, key: PrivateKey, at: datetime) -> bytes:
        """Sign the ledger's present size and root unless that was done; return the newest checkpoint's note.

        Args:
            origin: name of the log, such as ``tenprint/immigration_repository``.
            key: the party's.
            at: the clock's time.
        """
        with self.transaction() as transaction:
            frontier = transaction.frontier()
            checkpoint = Checkpoint(origin, frontier.size, frontier.root(), at)
            transaction.put_checkpoint(frontier.size, checkpoint.root, at, sign_checkpoint(checkpoint, key))
            return transaction.checkpoints()[-1]

    def close(self) -> None:
        """Release the database."""
        self._bell.close()
        self._sessions.close()
        self._engine.dispose()

    def _claim(self, queue: Queue, now: datetime, limit: int) -> list[MessageKey]:
        if not self._shares_queues:
            with self._glancing() as reader:
                return reader.due_messages(queue, now, limit)
        with storage_faults(f"writing to the database of {self._name}"), self._sessions.glancing() as connection:
            return claims.claim(connection, queue, now, limit, self._lease)

    @contextmanager
    def _connected(self) -> Iterator[sa.Connection]:
        with storage_faults(f"reading the database of {self._name}"), self._sessions.begun(None) as connection:
            yield connection

    @contextmanager
    def _glancing(self) -> Iterator[Reader]:
        """Give a reader for a single statement: it needs no transaction to see one moment."""
        with storage_faults(f"reading the database of {self._name}"), self._sessions.glancing() as connection:
            yield Reader(connection, self._blobs)
