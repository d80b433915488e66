"""What was erased of a message, when and under which rule; the list of what is to be removed from the disk."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0005"
down_revision = "0004"
branch_labels = None
depends_on = None

IN_A_FILE = sa.text("body IS NULL AND erased_at IS NULL")


def upgrade() -> None:
    """Add the columns, the list, and the indexes by which a file is found to be needed."""
    op.add_column("messages", sa.Column("erased_at", sa.String(length=24)))
    op.add_column("messages", sa.Column("erased_under", sa.String(length=200)))
    op.add_column("messages", sa.Column("content_hash", sa.String(length=64)))
    op.create_index(
        "ix_messages_blobs", "messages", ["body_sha256"], sqlite_where=IN_A_FILE, postgresql_where=IN_A_FILE
    )
    op.create_index(op.f("ix_exemplars_file_sha256"), "exemplars", ["file_sha256"])
    op.create_table(
        "erasures",
        sa.Column("position", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("kind", sa.String(length=16), nullable=False),
        sa.Column("name", sa.String(length=200), nullable=False),
        sa.PrimaryKeyConstraint("position", name=op.f("pk_erasures")),
        sa.UniqueConstraint("kind", "name", name=op.f("uq_erasures_kind_name")),
    )


def downgrade() -> None:
    """Undo `upgrade`, the last step first."""
    op.drop_table("erasures")
    op.drop_index(op.f("ix_exemplars_file_sha256"), "exemplars")
    op.drop_index("ix_messages_blobs", "messages")
    for column in ("content_hash", "erased_under", "erased_at"):
        op.drop_column("messages", column)
