"""What a party's database holds of witnessing: lines of others under its checkpoints, checkpoints of others' logs.

Each function asks one question over an open connection, inside whatever transaction it is in.
"""

from __future__ import annotations

import sqlalchemy as sa

from tenprint.adapters import tables
from tenprint.core.clock import from_wire
from tenprint.exchange.model.stored import WitnessedNote
from tenprint.ledger.witness import NOTHING_SEEN, Seen


def checkpoints(connection: sa.Connection) -> list[bytes]:
    """Return all signed checkpoints with their witnesses' lines, smallest first."""
    notes, lines = tables.checkpoints.c, tables.cosignatures.c
    signed = {
        int(row.size): bytes(row.note)
        for row in connection.execute(sa.select(notes.size, notes.note).order_by(notes.size))
    }
    for row in connection.execute(sa.select(lines.size, lines.line).order_by(lines.size, lines.witness)):
        signed[int(row.size)] += bytes(row.line)
    return list(signed.values())


def newest_checkpoint(connection: sa.Connection) -> bytes | None:
    """Return the signed checkpoint of the greatest size with its witnesses' lines, or None before the first one."""
    notes, lines = tables.checkpoints.c, tables.cosignatures.c
    row = connection.execute(sa.select(notes.size, notes.note).order_by(notes.size.desc()).limit(1)).first()
    if row is None:
        return None
    under = connection.execute(sa.select(lines.line).where(lines.size == row.size).order_by(lines.witness)).scalars()
    return b"".join((bytes(row.note), *(bytes(line) for line in under)))


def cosigned_sizes(connection: sa.Connection) -> dict[str, int]:
    """Return, by witness, the size of the newest checkpoint that it cosigned."""
    table = tables.cosignatures
    query = sa.select(table.c.witness, sa.func.max(table.c.size).label("size")).group_by(table.c.witness)
    return {str(row.witness): int(row.size) for row in connection.execute(query)}


def last_cosigned(connection: sa.Connection, origin: str) -> Seen:
    """Return what this party cosigned last of another log."""
    table = tables.witnessed
    query = (
        sa.select(table.c.size, table.c.root)
        .where(table.c.origin == origin, table.c.is_cosigned)
        .order_by(table.c.size.desc())
        .limit(1)
    )
    row = connection.execute(query).first()
    return NOTHING_SEEN if row is None else Seen(int(row.size), bytes.fromhex(row.root))


def notes(connection: sa.Connection) -> list[WitnessedNote]:
    """Return all checkpoints of other logs that this party was shown, by log, size and time."""
    table = tables.witnessed
    query = sa.select(table).order_by(table.c.origin, table.c.size, table.c.seen_at)
    return [
        WitnessedNote(
            origin=str(row.origin),
            size=int(row.size),
            note=bytes(row.note),
            seen_at=from_wire(row.seen_at),
            is_cosigned=bool(row.is_cosigned),
        )
        for row in connection.execute(query)
    ]
