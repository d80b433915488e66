"""Indexes of the timers that wait: one by state led SQLite to walk all of them when one case's were to be removed.

A case keeps a timer for the end of its period of keeping, for years; what is looked for is among the others.
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


def upgrade() -> None:
    """Add the indexes, and drop the one they replace."""
    op.drop_index("ix_timers_state_due_at", "timers")
    for name, which in INDEXES:
        op.create_index(name, "timers", ["due_at"], sqlite_where=which, postgresql_where=which)


def downgrade() -> None:
    """Undo `upgrade`."""
    for name, _ in reversed(INDEXES):
        op.drop_index(name, "timers")
    op.create_index("ix_timers_state_due_at", "timers", ["state", "due_at"])
