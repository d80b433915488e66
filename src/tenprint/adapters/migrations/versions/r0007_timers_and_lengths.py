"""Indexes of the timers that wait: one by state led SQLite to walk all of them when one case's were to be removed.

A case keeps a timer for the end of its period of keeping, for years; what is looked for is among the others.

And room for all that may stand in a column, which PostgreSQL enforces and SQLite does not: a control number has up to
80 characters, an official's name is a line of up to 500.
"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0007"
down_revision = "0006"
branch_labels = None
depends_on = None

INDEXES = (
    ("ix_timers_waiting", sa.text("state = 'waiting'")),
    ("ix_timers_awaited", sa.text("state = 'waiting' AND purpose <> 'retention'")),
)
LENGTHS = (("cases", "tcn", 64, 80), ("tasks", "claimed_by", 200, 500), ("tasks", "decided_by", 200, 500))
"""Table, column, former and new length."""


def upgrade() -> None:
    """Add the indexes, drop the one they replace, and widen columns."""
    for table, column, before, length in LENGTHS:
        _widen(table, column, before, length)
    op.drop_index("ix_timers_state_due_at", "timers")
    for name, which in INDEXES:
        op.create_index(name, "timers", ["due_at"], sqlite_where=which, postgresql_where=which)


def downgrade() -> None:
    """Undo `upgrade`; raises what PostgreSQL raises when a value has not the former length."""
    for table, column, before, length in reversed(LENGTHS):
        _widen(table, column, length, before)
    for name, _ in reversed(INDEXES):
        op.drop_index(name, "timers")
    op.create_index("ix_timers_state_due_at", "timers", ["state", "due_at"])


def _widen(table: str, column: str, before: int, length: int) -> None:
    with op.batch_alter_table(table) as change:
        change.alter_column(column, existing_type=sa.String(before), type_=sa.String(length), existing_nullable=False)
