"""Under which files a subject is enrolled; ledger entries are found by their case without reading the whole log."""

from __future__ import annotations

import json

import sqlalchemy as sa
from alembic import op

revision = "0003"
down_revision = "0002"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Make the table of exemplars; give every ledger entry its case."""
    op.create_table(
        "exemplars",
        sa.Column("position", sa.BigInteger().with_variant(sa.Integer, "sqlite"), nullable=False),
        sa.Column("subject_id", sa.String(length=200), nullable=False),
        sa.Column("file_sha256", sa.String(length=64), nullable=False),
        sa.Column("kept_at", sa.String(length=24), nullable=False),
        sa.PrimaryKeyConstraint("position", name=op.f("pk_exemplars")),
        sa.UniqueConstraint("subject_id", "file_sha256", name=op.f("uq_exemplars_subject_id_file_sha256")),
    )
    op.add_column("ledger_entries", sa.Column("case_id", sa.String(length=200), nullable=True))
    entries = sa.table("ledger_entries", sa.column("sequence"), sa.column("fields"), sa.column("case_id"))
    connection = op.get_bind()
    for sequence, text in connection.execute(sa.select(entries.c.sequence, entries.c.fields)).all():
        case_id = json.loads(text).get("case")
        connection.execute(sa.update(entries).where(entries.c.sequence == sequence).values(case_id=case_id))
    op.create_index(op.f("ix_ledger_entries_case_id"), "ledger_entries", ["case_id"], unique=False)


def downgrade() -> None:
    """Undo `upgrade`, the last step first."""
    op.drop_index(op.f("ix_ledger_entries_case_id"), table_name="ledger_entries")
    with op.batch_alter_table("ledger_entries") as table:
        table.drop_column("case_id")
    op.drop_table("exemplars")
