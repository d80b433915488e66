"""Checkpoints of other parties' logs that this one cosigned or refused, and what witnesses said of this one's."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0004"
down_revision = "0003"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Make the two tables."""
    op.create_table(
        "cosignatures",
        sa.Column("size", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("witness", sa.String(length=200), nullable=False),
        sa.Column("line", sa.LargeBinary(), nullable=False),
        sa.Column("kept_at", sa.String(length=24), nullable=False),
        sa.ForeignKeyConstraint(["size"], ["checkpoints.size"], name=op.f("fk_cosignatures_size_checkpoints")),
        sa.PrimaryKeyConstraint("size", "witness", name=op.f("pk_cosignatures")),
    )
    op.create_table(
        "witnessed",
        sa.Column("origin", sa.String(length=200), nullable=False),
        sa.Column("size", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("root", sa.String(length=64), nullable=False),
        sa.Column("note", sa.LargeBinary(), nullable=False),
        sa.Column("seen_at", sa.String(length=24), nullable=False),
        sa.Column("is_cosigned", sa.Boolean(), nullable=False),
        sa.PrimaryKeyConstraint("origin", "size", "root", name=op.f("pk_witnessed")),
    )


def downgrade() -> None:
    """Undo `upgrade`, the last step first."""
    op.drop_table("witnessed")
    op.drop_table("cosignatures")
