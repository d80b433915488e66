"""Messages are known by sender and id, boxes refer to their row; a queued enrolment can fail and be tried again.

Ids were unique over all senders before, so nothing can collide on the way up. On the way down two senders' messages of
one id cannot both stay, and the step fails.
"""

from __future__ import annotations

import json

import sqlalchemy as sa
from alembic import op

revision = "0002"
down_revision = "0001"
branch_labels = None
depends_on = None

BOXES = ("inbox", "outbox")
LONG_AGO = "1970-01-01T00:00:00.000Z"
"""When enrolments that waited without a time become due: at once."""


def upgrade() -> None:
    """Let boxes refer to rows, then give messages their sender, then give enrolments what boxes have."""
    # Boxes let go of `messages` first: SQLite changes a table by making it anew, which a reference would forbid.
    for box in BOXES:
        with op.batch_alter_table(box) as table:
            table.add_column(sa.Column("message", sa.BigInteger(), nullable=True))
            table.drop_constraint(f"fk_{box}_message_id_messages", type_="foreignkey")
        _fill(box, "message", "SELECT position FROM messages WHERE messages.id = {box}.message_id")
        with op.batch_alter_table(box) as table:
            table.drop_constraint(f"uq_{box}_message_id", type_="unique")
            table.drop_column("message_id")
            table.alter_column("message", existing_type=sa.BigInteger(), nullable=False)
            table.create_unique_constraint(op.f(f"uq_{box}_message"), ["message"])
    _name_senders()
    for box in BOXES:
        with op.batch_alter_table(box) as table:
            table.create_foreign_key(op.f(f"fk_{box}_message_messages"), "messages", ["message"], ["position"])
    with op.batch_alter_table("enrolments") as table:
        table.add_column(sa.Column("due_at", sa.String(length=24), nullable=True))
        table.add_column(sa.Column("attempts", sa.Integer(), nullable=False, server_default="0"))
        table.add_column(sa.Column("failure", sa.String(length=64), nullable=False, server_default=""))
        table.create_index(op.f("ix_enrolments_due_at"), ["due_at"], unique=False)
    op.execute(f"UPDATE enrolments SET due_at = '{LONG_AGO}' WHERE state = 'waiting'")  # noqa: S608 - our constant
    with op.batch_alter_table("enrolments") as table:
        table.alter_column("attempts", existing_type=sa.Integer(), existing_nullable=False, server_default=None)
        table.alter_column("failure", existing_type=sa.String(64), existing_nullable=False, server_default=None)


def downgrade() -> None:
    """Undo `upgrade`, the last step first."""
    with op.batch_alter_table("enrolments") as table:
        table.drop_index(op.f("ix_enrolments_due_at"))
        for column in ("due_at", "attempts", "failure"):
            table.drop_column(column)
    for box in BOXES:
        with op.batch_alter_table(box) as table:
            table.add_column(sa.Column("message_id", sa.String(length=200), nullable=True))
            table.drop_constraint(f"fk_{box}_message_messages", type_="foreignkey")
        _fill(box, "message_id", "SELECT id FROM messages WHERE messages.position = {box}.message")
    with op.batch_alter_table("messages") as table:
        table.drop_constraint("uq_messages_sender_id", type_="unique")
        table.drop_column("sender")
        table.create_unique_constraint(op.f("uq_messages_id"), ["id"])
    for box in BOXES:
        with op.batch_alter_table(box) as table:
            table.drop_constraint(f"uq_{box}_message", type_="unique")
            table.drop_column("message")
            table.alter_column("message_id", existing_type=sa.String(length=200), nullable=False)
            table.create_unique_constraint(op.f(f"uq_{box}_message_id"), ["message_id"])
            table.create_foreign_key(op.f(f"fk_{box}_message_id_messages"), "messages", ["message_id"], ["id"])


def _name_senders() -> None:
    """Take each message's sender from its header, where it always stood."""
    with op.batch_alter_table("messages") as table:
        table.add_column(sa.Column("sender", sa.String(length=200), nullable=True))
    messages = sa.table("messages", sa.column("position"), sa.column("head"), sa.column("sender"))
    connection = op.get_bind()
    for position, head in connection.execute(sa.select(messages.c.position, messages.c.head)).all():
        sender = json.loads(head)["sender"]
        connection.execute(sa.update(messages).where(messages.c.position == position).values(sender=sender))
    with op.batch_alter_table("messages") as table:
        table.drop_constraint("uq_messages_id", type_="unique")
        table.alter_column("sender", existing_type=sa.String(length=200), nullable=False)
        table.create_unique_constraint(op.f("uq_messages_sender_id"), ["sender", "id"])


def _fill(box: str, column: str, value: str) -> None:
    op.execute(f"UPDATE {box} SET {column} = ({value.format(box=box)})")  # noqa: S608 - our constants
