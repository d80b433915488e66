"""Indexes for the figures of a party's work: rows that were given up, open tasks, the last message that was handled.

Each holds only the rows that it is asked for, so that finished ones cost nothing but the moment of being handled.
"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0006"
down_revision = "0005"
branch_labels = None
depends_on = None

IS_DEAD = sa.text("state = 'dead'")
IS_OPEN = sa.text("decided_at IS NULL")
IS_HANDLED = sa.text("handled_at IS NOT NULL")
INDEXES = (
    ("ix_inbox_dead", "inbox", "state", IS_DEAD),
    ("ix_outbox_dead", "outbox", "state", IS_DEAD),
    ("ix_enrolments_dead", "enrolments", "state", IS_DEAD),
    ("ix_tasks_open", "tasks", "kind", IS_OPEN),
    ("ix_inbox_handled", "inbox", "handled_at", IS_HANDLED),
)


def upgrade() -> None:
    """Add the indexes."""
    for name, table, column, which in INDEXES:
        op.create_index(name, table, [column], sqlite_where=which, postgresql_where=which)


def downgrade() -> None:
    """Undo `upgrade`."""
    for name, table, _, _ in reversed(INDEXES):
        op.drop_index(name, table)
