"""The first tables: messages, work, ledger."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0001"
down_revision = None
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Create the tables."""
    _messages()
    _work()
    _ledger()


def downgrade() -> None:
    """Drop the tables, those that refer to others first."""
    for name in (
        "inbox",
        "outbox",
        "messages",
        "cases",
        "tasks",
        "timers",
        "enrolments",
        "ledger_entries",
        "ledger_state",
        "checkpoints",
    ):
        op.drop_table(name)


def _messages() -> None:
    op.create_table(
        "messages",
        sa.Column("position", _position_type(), nullable=False),
        sa.Column("id", sa.String(length=200), nullable=False),
        sa.Column("case_id", sa.String(length=200), nullable=False),
        sa.Column("kind", sa.String(length=32), nullable=False),
        sa.Column("head", sa.Text(), nullable=False),
        sa.Column("body_sha256", sa.String(length=64), nullable=False),
        sa.Column("body_size", sa.BigInteger(), nullable=False),
        sa.Column("body", sa.LargeBinary(), nullable=True),
        sa.PrimaryKeyConstraint("position", name=op.f("pk_messages")),
        sa.UniqueConstraint("id", name=op.f("uq_messages_id")),
    )
    op.create_index(op.f("ix_messages_case_id"), "messages", ["case_id"], unique=False)
    _boxes()


def _boxes() -> None:
    op.create_table(
        "inbox",
        sa.Column("position", _position_type(), nullable=False),
        sa.Column("message_id", sa.String(length=200), nullable=False),
        sa.Column("received_at", sa.String(length=24), nullable=False),
        sa.Column("receipt", sa.LargeBinary(), nullable=False),
        sa.Column("state", sa.String(length=8), nullable=False),
        sa.Column("due_at", sa.String(length=24), nullable=True),
        sa.Column("attempts", sa.Integer(), nullable=False),
        sa.Column("failure", sa.String(length=64), nullable=False),
        sa.Column("handled_at", sa.String(length=24), nullable=True),
        sa.ForeignKeyConstraint(["message_id"], ["messages.id"], name=op.f("fk_inbox_message_id_messages")),
        sa.PrimaryKeyConstraint("position", name=op.f("pk_inbox")),
        sa.UniqueConstraint("message_id", name=op.f("uq_inbox_message_id")),
    )
    op.create_index(op.f("ix_inbox_due_at"), "inbox", ["due_at"], unique=False)
    op.create_table(
        "outbox",
        sa.Column("position", _position_type(), nullable=False),
        sa.Column("message_id", sa.String(length=200), nullable=False),
        sa.Column("receipt", sa.LargeBinary(), nullable=True),
        sa.Column("state", sa.String(length=8), nullable=False),
        sa.Column("due_at", sa.String(length=24), nullable=True),
        sa.Column("attempts", sa.Integer(), nullable=False),
        sa.Column("failure", sa.String(length=64), nullable=False),
        sa.Column("delivered_at", sa.String(length=24), nullable=True),
        sa.ForeignKeyConstraint(["message_id"], ["messages.id"], name=op.f("fk_outbox_message_id_messages")),
        sa.PrimaryKeyConstraint("position", name=op.f("pk_outbox")),
        sa.UniqueConstraint("message_id", name=op.f("uq_outbox_message_id")),
    )
    op.create_index(op.f("ix_outbox_due_at"), "outbox", ["due_at"], unique=False)


def _work() -> None:
    _cases_and_tasks()
    _timers_and_enrolments()


def _cases_and_tasks() -> None:
    op.create_table(
        "cases",
        sa.Column("position", _position_type(), nullable=False),
        sa.Column("id", sa.String(length=200), nullable=False),
        sa.Column("opened_at", sa.String(length=24), nullable=False),
        sa.Column("state", sa.String(length=32), nullable=False),
        sa.Column("ori", sa.String(length=32), nullable=False),
        sa.Column("tcn", sa.String(length=64), nullable=False),
        sa.Column("known", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("position", name=op.f("pk_cases")),
        sa.UniqueConstraint("id", name=op.f("uq_cases_id")),
    )
    op.create_index(op.f("ix_cases_ori_tcn"), "cases", ["ori", "tcn"], unique=False)
    op.create_table(
        "tasks",
        sa.Column("position", _position_type(), nullable=False),
        sa.Column("id", sa.String(length=200), nullable=False),
        sa.Column("case_id", sa.String(length=200), nullable=False),
        sa.Column("party", sa.String(length=64), nullable=False),
        sa.Column("kind", sa.String(length=32), nullable=False),
        sa.Column("opened_at", sa.String(length=24), nullable=False),
        sa.Column("due_at", sa.String(length=24), nullable=True),
        sa.Column("shown", sa.Text(), nullable=False),
        sa.Column("shown_hash", sa.String(length=64), nullable=False),
        sa.Column("answers", sa.Text(), nullable=False),
        sa.Column("findings", sa.Integer(), nullable=False),
        sa.Column("claimed_by", sa.String(length=200), nullable=False),
        sa.Column("answer", sa.String(length=64), nullable=False),
        sa.Column("reason", sa.Text(), nullable=False),
        sa.Column("decided_by", sa.String(length=200), nullable=False),
        sa.Column("decided_at", sa.String(length=24), nullable=True),
        sa.PrimaryKeyConstraint("position", name=op.f("pk_tasks")),
        sa.UniqueConstraint("id", name=op.f("uq_tasks_id")),
    )
    op.create_index(op.f("ix_tasks_case_id"), "tasks", ["case_id"], unique=False)


def _timers_and_enrolments() -> None:
    op.create_table(
        "timers",
        sa.Column("position", _position_type(), nullable=False),
        sa.Column("id", sa.String(length=200), nullable=False),
        sa.Column("case_id", sa.String(length=200), nullable=False),
        sa.Column("purpose", sa.String(length=64), nullable=False),
        sa.Column("due_at", sa.String(length=24), nullable=False),
        sa.Column("state", sa.String(length=8), nullable=False),
        sa.Column("fired_at", sa.String(length=24), nullable=True),
        sa.PrimaryKeyConstraint("position", name=op.f("pk_timers")),
        sa.UniqueConstraint("id", name=op.f("uq_timers_id")),
    )
    op.create_index(op.f("ix_timers_case_id_purpose"), "timers", ["case_id", "purpose"], unique=False)
    op.create_index(op.f("ix_timers_state_due_at"), "timers", ["state", "due_at"], unique=False)
    op.create_table(
        "enrolments",
        sa.Column("position", _position_type(), nullable=False),
        sa.Column("subject_id", sa.String(length=200), nullable=False),
        sa.Column("templates", sa.Text(), nullable=False),
        sa.Column("state", sa.String(length=8), nullable=False),
        sa.PrimaryKeyConstraint("position", name=op.f("pk_enrolments")),
        sa.UniqueConstraint("subject_id", name=op.f("uq_enrolments_subject_id")),
    )


def _ledger() -> None:
    op.create_table(
        "ledger_entries",
        sa.Column("sequence", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("fields", sa.Text(), nullable=False),
        sa.Column("salts", sa.Text(), nullable=False),
        sa.Column("commitments", sa.Text(), nullable=False),
        sa.Column("leaf_hash", sa.String(length=64), nullable=False),
        sa.PrimaryKeyConstraint("sequence", name=op.f("pk_ledger_entries")),
    )
    op.create_table(
        "ledger_state",
        sa.Column("id", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("size", sa.BigInteger(), nullable=False),
        sa.Column("frontier", sa.LargeBinary(), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_ledger_state")),
    )
    op.create_table(
        "checkpoints",
        sa.Column("size", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("root", sa.String(length=64), nullable=False),
        sa.Column("signed_at", sa.String(length=24), nullable=False),
        sa.Column("note", sa.LargeBinary(), nullable=False),
        sa.PrimaryKeyConstraint("size", name=op.f("pk_checkpoints")),
    )


def _position_type() -> sa.types.TypeEngine[int]:
    return sa.BigInteger().with_variant(sa.Integer(), "sqlite")
