"""All tables of one party's database, in one place. Migrations create them; a test holds both equal.

Conventions: times are wire text (``2010-10-04T08:00:00.000Z``: 24 characters that sort as time does), JSON is text,
hashes are 64 hex digits, so that SQLite and PostgreSQL hold the same values. A length is one that no value exceeds:
PostgreSQL refuses a longer one, SQLite takes it. `position` counts rows as written.

A message is one row of `messages`, known by its sender and the id that the sender gave it; `inbox` and `outbox` hold
what became of it here. Its body stays in the row up to `INLINE_BODY_BYTES` and is a blob file above: an answer of some
hundred bytes costs no file and fsync of its own, while images stay out of the database, whose pages and log would be
written twice for each booking.
"""

from __future__ import annotations

import sqlalchemy as sa

INLINE_BODY_BYTES = 8_192
"""Largest body kept in its row: two database pages of SQLite, above every JSON and NLETS body, below every image."""

WAITING, DONE, DEAD = "waiting", "done", "dead"
"""States of an inbox row, outbox row, timer or enrolment: still due, finished, given up (a dead letter)."""

FORGOTTEN = "expunged"
"""State of an enrolment whose prints were taken out for good; its subject is never enrolled or shown again."""

IS_DEAD = f"state = '{DEAD}'"
"""Condition of rows that were given up, spelled as their indexes have it."""

IS_WAITING = f"state = '{WAITING}'"
"""Condition of timers that have not fired, spelled as their index has it: a bound value would not find that index."""

IS_AWAITED = f"{IS_WAITING} AND purpose <> 'retention'"
"""The same without those that only end a period of keeping: one stays for years of every case, and nobody waits."""

IN_A_FILE = sa.text("body IS NULL AND erased_at IS NULL")
"""Condition of messages whose body is a blob."""

metadata = sa.MetaData(
    naming_convention={
        "ix": "ix_%(table_name)s_%(column_0_N_name)s",
        "uq": "uq_%(table_name)s_%(column_0_N_name)s",
        "ck": "ck_%(table_name)s_%(constraint_name)s",
        "fk": "fk_%(table_name)s_%(column_0_N_name)s_%(referred_table_name)s",
        "pk": "pk_%(table_name)s",
    }
)

_TIME = sa.String(24)
_HASH = sa.String(64)
_ID = sa.String(200)
_LINE = sa.String(500)  # what a person types as one line


def _position() -> sa.Column[int]:
    # SQLite counts by itself only for a column declared INTEGER PRIMARY KEY.
    return sa.Column("position", sa.BigInteger().with_variant(sa.Integer, "sqlite"), primary_key=True)


def _state() -> sa.Column[str]:
    return sa.Column("state", sa.String(8), nullable=False)


def _some(name: str, column: str, which: str) -> sa.Index:
    """Return an index of the rows alone for which a condition holds.

    The migration says it for PostgreSQL too; said here it would load that dialect wherever SQLite is used.
    """
    return sa.Index(name, column, sqlite_where=sa.text(which))


messages = sa.Table(
    "messages",
    metadata,
    _position(),
    sa.Column("sender", _ID, nullable=False),
    sa.Column("id", _ID, nullable=False),
    sa.Column("case_id", _ID, nullable=False, index=True),
    sa.Column("kind", sa.String(32), nullable=False),
    sa.Column("head", sa.Text, nullable=False),  # canonical header with signature, the wire form's first line
    sa.Column("body_sha256", _HASH, nullable=False),
    sa.Column("body_size", sa.BigInteger, nullable=False),
    sa.Column("body", sa.LargeBinary),  # NULL: the body is a blob, or was erased
    sa.Column("erased_at", _TIME),  # then `head` is without control numbers, and `content_hash` that of the whole
    sa.Column("erased_under", _ID),
    sa.Column("content_hash", _HASH),
    sa.UniqueConstraint("sender", "id"),
    # Which messages need a blob file: asked before one is removed.
    _some("ix_messages_blobs", "body_sha256", IN_A_FILE.text),
)

inbox = sa.Table(
    "inbox",
    metadata,
    _position(),
    sa.Column("message", sa.BigInteger, sa.ForeignKey(messages.c.position), nullable=False, unique=True),
    sa.Column("received_at", _TIME, nullable=False),
    sa.Column("receipt", sa.LargeBinary, nullable=False),  # ours, for the sender
    _state(),
    sa.Column("due_at", _TIME, index=True),  # NULL unless waiting
    sa.Column("attempts", sa.Integer, nullable=False),
    sa.Column("failure", sa.String(64), nullable=False),
    sa.Column("handled_at", _TIME),
    _some("ix_inbox_dead", "state", IS_DEAD),
    _some("ix_inbox_handled", "handled_at", "handled_at IS NOT NULL"),
)

outbox = sa.Table(
    "outbox",
    metadata,
    _position(),
    sa.Column("message", sa.BigInteger, sa.ForeignKey(messages.c.position), nullable=False, unique=True),
    sa.Column("receipt", sa.LargeBinary),  # the receiver's
    _state(),
    sa.Column("due_at", _TIME, index=True),
    sa.Column("attempts", sa.Integer, nullable=False),
    sa.Column("failure", sa.String(64), nullable=False),
    sa.Column("delivered_at", _TIME),
    _some("ix_outbox_dead", "state", IS_DEAD),
)

timers = sa.Table(
    "timers",
    metadata,
    _position(),
    sa.Column("id", _ID, nullable=False, unique=True),
    sa.Column("case_id", _ID, nullable=False),
    sa.Column("purpose", sa.String(64), nullable=False),
    sa.Column("due_at", _TIME, nullable=False),
    _state(),
    sa.Column("fired_at", _TIME),
    sa.Index(None, "case_id", "purpose"),
    _some("ix_timers_waiting", "due_at", IS_WAITING),
    _some("ix_timers_awaited", "due_at", IS_AWAITED),
)

cases = sa.Table(
    "cases",
    metadata,
    _position(),
    sa.Column("id", _ID, nullable=False, unique=True),
    sa.Column("opened_at", _TIME, nullable=False),
    sa.Column("state", sa.String(32), nullable=False),
    sa.Column("ori", sa.String(32), nullable=False),
    sa.Column("tcn", sa.String(80), nullable=False),  # as long as an envelope's control number
    sa.Column("known", sa.Text, nullable=False),
    sa.Index(None, "ori", "tcn"),
)

tasks = sa.Table(
    "tasks",
    metadata,
    _position(),
    sa.Column("id", _ID, nullable=False, unique=True),
    sa.Column("case_id", _ID, nullable=False, index=True),
    sa.Column("party", sa.String(64), nullable=False),
    sa.Column("kind", sa.String(32), nullable=False),
    sa.Column("opened_at", _TIME, nullable=False),
    sa.Column("due_at", _TIME),
    sa.Column("shown", sa.Text, nullable=False),
    sa.Column("shown_hash", _HASH, nullable=False),
    sa.Column("answers", sa.Text, nullable=False),
    sa.Column("findings", sa.Integer, nullable=False),
    sa.Column("claimed_by", _LINE, nullable=False),
    sa.Column("answer", sa.String(64), nullable=False),
    sa.Column("reason", sa.Text, nullable=False),
    sa.Column("decided_by", _LINE, nullable=False),
    sa.Column("decided_at", _TIME),
    _some("ix_tasks_open", "kind", "decided_at IS NULL"),
)

enrolments = sa.Table(
    "enrolments",
    metadata,
    _position(),
    sa.Column("subject_id", _ID, nullable=False, unique=True),
    sa.Column("templates", sa.Text, nullable=False),  # JSON: FGP -> base64 of Template v1
    _state(),
    sa.Column("due_at", _TIME, index=True),
    sa.Column("attempts", sa.Integer, nullable=False),
    sa.Column("failure", sa.String(64), nullable=False),
    _some("ix_enrolments_dead", "state", IS_DEAD),
)

exemplars = sa.Table(
    "exemplars",
    metadata,
    _position(),
    sa.Column("subject_id", _ID, nullable=False),
    sa.Column("file_sha256", _HASH, nullable=False, index=True),  # a blob, or the body of a message
    sa.Column("kept_at", _TIME, nullable=False),
    sa.UniqueConstraint("subject_id", "file_sha256"),
)

ledger_entries = sa.Table(
    "ledger_entries",
    metadata,
    sa.Column("sequence", sa.BigInteger, primary_key=True, autoincrement=False),
    sa.Column("fields", sa.Text, nullable=False),
    sa.Column("salts", sa.Text, nullable=False),
    sa.Column("commitments", sa.Text, nullable=False),
    sa.Column("leaf_hash", _HASH, nullable=False),
    sa.Column("case_id", _ID, index=True),  # the field `case` once more, to be found by; NULL without one
)

ledger_state = sa.Table(
    "ledger_state",
    metadata,
    sa.Column("id", sa.Integer, primary_key=True, autoincrement=False),  # always 1
    sa.Column("size", sa.BigInteger, nullable=False),
    sa.Column("frontier", sa.LargeBinary, nullable=False),  # ledger.tree.Frontier.to_bytes
)

checkpoints = sa.Table(
    "checkpoints",
    metadata,
    sa.Column("size", sa.BigInteger, primary_key=True, autoincrement=False),
    sa.Column("root", _HASH, nullable=False),
    sa.Column("signed_at", _TIME, nullable=False),
    sa.Column("note", sa.LargeBinary, nullable=False),  # signed note, ledger.checkpoint
)

cosignatures = sa.Table(
    "cosignatures",
    metadata,
    sa.Column("size", sa.BigInteger, sa.ForeignKey(checkpoints.c.size), primary_key=True, autoincrement=False),
    sa.Column("witness", _ID, primary_key=True),
    sa.Column("line", sa.LargeBinary, nullable=False),  # signature line, ledger.checkpoint
    sa.Column("kept_at", _TIME, nullable=False),
)

witnessed = sa.Table(
    "witnessed",
    metadata,
    sa.Column("origin", _ID, primary_key=True),  # whose log, as its checkpoints name it
    sa.Column("size", sa.BigInteger, primary_key=True, autoincrement=False),
    sa.Column("root", _HASH, primary_key=True),
    sa.Column("note", sa.LargeBinary, nullable=False),  # as its log signed it
    sa.Column("seen_at", _TIME, nullable=False),
    sa.Column("is_cosigned", sa.Boolean, nullable=False),  # false: refused, kept as evidence
)

erasures = sa.Table(
    "erasures",
    metadata,
    _position(),
    sa.Column("kind", sa.String(16), nullable=False),  # exchange.store.ErasureKind
    sa.Column("name", _ID, nullable=False),
    sa.UniqueConstraint("kind", "name"),
)
