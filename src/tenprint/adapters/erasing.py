"""Erasing: the statements by which a case's data leave a party's database, and the list of what leaves the disk next.

A row stays where it proves something: a message keeps its header without control numbers, its hashes and its receipt,
a ledger entry its commitments. Files and galleries are no database tables: what is to be removed from them is a row of
`erasures`, written with the rest, so that a kill after the commit forgets nothing.
"""

from __future__ import annotations

from collections.abc import Callable
from contextlib import closing
from datetime import datetime

import sqlalchemy as sa

from tenprint.adapters import rows, tables
from tenprint.core.canonical import canonical_json
from tenprint.exchange.model.case import Case, Timer
from tenprint.exchange.model.envelope import Heading, MessageKey
from tenprint.exchange.model.known import Wake
from tenprint.exchange.model.stored import Erasure, ErasureKind, Rule
from tenprint.ledger.entry import Entry, erase
from tenprint.ledger.vocabulary import KIND

ERASED_KIND = '%"kind":"erased"%'
"""How the fields of an entry about an erasure look as stored (`rows.json_text`)."""


class Eraser:
    """The part of the `Transaction` port that erases; a `Writer` is one."""

    @property
    def _connection(self) -> sa.Connection:
        """Return the connection, inside a transaction that may write."""
        raise NotImplementedError

    def waiting_timers(self, case_id: str) -> list[Timer]:
        """Return a case's timers that have not fired, but for those that only end a period of keeping."""
        return waiting_timers(self._connection, case_id)

    def is_under_way(self, case_id: str, besides: MessageKey) -> bool:
        """Tell whether a message of the case, other than `besides`, waits to be handled or delivered."""
        table = tables.messages
        for box in (tables.inbox, tables.outbox):
            query = (
                sa.select(table.c.sender, table.c.id)
                .join(box, box.c.message == table.c.position)
                .where(table.c.case_id == case_id, box.c.state == tables.WAITING)
            )
            if any(MessageKey(row.sender, row.id) != besides for row in self._connection.execute(query)):
                return True
        return False

    def erase_bodies(self, case_id: str, at: datetime, rule: Rule, besides: MessageKey) -> int:
        """Erase bodies and control numbers of a case's messages, all but `besides`; return how many were erased."""
        table = tables.messages
        query = sa.select(table).where(table.c.case_id == case_id, table.c.erased_at.is_(None))
        found = [row for row in self._connection.execute(query) if MessageKey(row.sender, row.id) != besides]
        for row in found:
            self._erase_body(row, at, rule)
        return len(found)

    def erase_message(self, key: MessageKey, at: datetime, rule: Rule) -> None:
        """Erase body and control numbers of one message."""
        table = tables.messages
        query = sa.select(table).where(table.c.sender == key.sender, table.c.id == key.id, table.c.erased_at.is_(None))
        for row in self._connection.execute(query).all():
            self._erase_body(row, at, rule)

    def erase_entries(self, case_id: str, names_of: Callable[[str], frozenset[str]]) -> int:
        """Erase fields of a case's ledger entries; return how many entries lost one.

        Args:
            case_id: whose.
            names_of: by kind of entry, the names of the fields to erase. An entry whose field ``case`` goes is not
                found by its case any more.
        """
        table, count = tables.ledger_entries, 0
        query = sa.select(table).where(table.c.case_id == case_id).order_by(table.c.sequence)
        for row in self._connection.execute(query).all():
            entry = rows.entry_value(row)
            names = names_of(str(entry.fields.get(KIND, ""))) & entry.fields.keys()
            if names:
                values = rows.entry_values(row.sequence, erase(entry, names), bytes.fromhex(row.leaf_hash))
                changed = {name: values[name] for name in ("fields", "salts", "case_id")}
                self._connection.execute(sa.update(table).where(table.c.sequence == row.sequence).values(changed))
                count += 1
        return count

    def cases_with(self, name: str, value: str) -> list[Case]:
        """Return the cases that know this value under that name, however deep in `Case.known`, oldest first."""
        table = tables.cases
        known = rows.json_text({name: value})[1:-1]
        query = sa.select(table).where(table.c.known.contains(known, autoescape=True)).order_by(table.c.position)
        return [rows.case_value(row) for row in self._connection.execute(query)]

    def forget_subject(self, subject_id: str) -> None:
        """Remove what the database holds of an enrolled subject: the list of its files, and its queued templates."""
        exemplars, enrolments = tables.exemplars, tables.enrolments
        self._connection.execute(sa.delete(exemplars).where(exemplars.c.subject_id == subject_id))
        # Whose prints were expunged stays known by the bare id, so that they are never enrolled or shown again.
        queued = sa.and_(enrolments.c.subject_id == subject_id, enrolments.c.state != tables.FORGOTTEN)
        self._connection.execute(sa.delete(enrolments).where(queued))

    def put_erasure(self, erasure: Erasure) -> None:
        """List what is to be removed from the disk after the commit; listing it again changes nothing."""
        table = tables.erasures
        row = {"kind": str(erasure.kind), "name": erasure.name}
        known = sa.select(table.c.position).where(table.c.kind == row["kind"], table.c.name == row["name"])
        if self._connection.execute(known).first() is None:
            self._connection.execute(sa.insert(table).values(row))

    def mark_removed(self, erasure: Erasure) -> None:
        """Take something off that list."""
        table = tables.erasures
        which = sa.and_(table.c.kind == str(erasure.kind), table.c.name == erasure.name)
        self._connection.execute(sa.delete(table).where(which))

    def is_file_needed(self, digest: str) -> bool:
        """Tell whether a message that was not erased has its body in this blob, or a subject is enrolled under it."""
        message, exemplar = tables.messages, tables.exemplars
        body = sa.select(message.c.position).where(
            message.c.body_sha256 == digest, message.c.body.is_(None), message.c.erased_at.is_(None)
        )
        kept = sa.select(exemplar.c.position).where(exemplar.c.file_sha256 == digest)
        return any(self._connection.execute(query.limit(1)).first() is not None for query in (body, kept))

    def _erase_body(self, row: rows.Row, at: datetime, rule: Rule) -> None:
        heading, table = rows.heading_value(row), tables.messages
        erased = {
            "head": _without_numbers(heading),
            "body": None,
            "erased_at": rows.time_text(at),
            "erased_under": str(rule),
            "content_hash": heading.content_hash,
        }
        self._connection.execute(sa.update(table).where(table.c.position == row.position).values(erased))
        # A short body may lie in a file too: images are on the disk before the transaction that takes them in.
        self.put_erasure(Erasure(ErasureKind.FILE, row.body_sha256))


def waiting_timers(connection: sa.Connection, case_id: str) -> list[Timer]:
    """Return a case's timers that have not fired, earliest first, but for those that only end a period of keeping."""
    table = tables.timers
    query = (
        sa.select(table)
        .where(table.c.case_id == case_id, table.c.state == tables.WAITING, table.c.purpose != Wake.RETENTION)
        .order_by(table.c.due_at, table.c.position)
    )
    return [rows.timer_value(row) for row in connection.execute(query)]


def ends_of_keeping(connection: sa.Connection) -> list[Timer]:
    """Return the timers that end a period of keeping and have not fired, earliest first."""
    table = tables.timers
    query = (
        sa.select(table)
        .where(sa.text(tables.IS_WAITING), table.c.purpose == Wake.RETENTION)
        .order_by(table.c.due_at, table.c.position)
    )
    return [rows.timer_value(row) for row in connection.execute(query)]


def erased_entries(connection: sa.Connection) -> list[Entry]:
    """Return the ledger entries that say what was erased, in their order."""
    table = tables.ledger_entries
    query = sa.select(table).where(table.c.fields.like(ERASED_KIND)).order_by(table.c.sequence)
    return [rows.entry_value(row) for row in connection.execute(query)]


def scrub(engine: sa.Engine) -> bool:
    """Make what rows held leave the files of the database; tell whether all of it has.

    SQLite overwrites what is deleted (``secure_delete``); here its free pages go too, and the write-ahead log is
    emptied, unless a reader still needs it. PostgreSQL frees dead rows; what its files held is overwritten with time,
    and its own write-ahead log leaves with its archive: nothing here can promise more.
    """
    if engine.dialect.name != "sqlite":
        with engine.connect().execution_options(isolation_level="AUTOCOMMIT") as connection:
            connection.exec_driver_sql("VACUUM")
        return True
    with closing(engine.raw_connection()) as connection:
        cursor = connection.cursor()
        cursor.execute("VACUUM")
        is_busy, *_ = cursor.execute("PRAGMA wal_checkpoint(TRUNCATE)").fetchone()
        return not is_busy


def _without_numbers(heading: Heading) -> str:
    """Return a message's first line without its control numbers, which lead to the person."""
    parsed = heading.header() | {"tcn": "", "tcr": ""}
    return canonical_json(parsed | {"signature": rows.signature_text(heading)}).decode()
