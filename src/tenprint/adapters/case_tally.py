"""What a party did in each of its cases, counted in its database: for studies that compare runs."""

from __future__ import annotations

import json
from collections import Counter
from dataclasses import dataclass, field

import sqlalchemy as sa

from tenprint.adapters import tables
from tenprint.adapters.database import open_engine
from tenprint.adapters.faults import storage_faults


@dataclass
class CaseTally:
    """One case at one party: its state, tasks, messages handled and ledger entries."""

    state: str = ""
    tasks: list[tuple[str, str]] = field(default_factory=list)
    handled: Counter[str] = field(default_factory=Counter)
    entries: Counter[str] = field(default_factory=Counter)


def tally_cases(url: str | sa.URL, name: str) -> dict[str, CaseTally]:
    """Return what a party did, by case id.

    Raises:
        StorageError: a code of `faults`.
    """
    engine = open_engine(url)
    try:
        with storage_faults(f"reading the database of {name}"), engine.begin() as connection:
            return _tallied(connection)
    finally:
        engine.dispose()


def _tallied(connection: sa.Connection) -> dict[str, CaseTally]:
    found: dict[str, CaseTally] = {}
    cases, tasks, messages, inbox, entries = (
        tables.cases, tables.tasks, tables.messages, tables.inbox, tables.ledger_entries,
    )  # fmt: skip
    for row in connection.execute(sa.select(cases.c.id, cases.c.state)):
        found.setdefault(row.id, CaseTally()).state = row.state
    for case_id, kind, answer in connection.execute(
        sa.select(tasks.c.case_id, tasks.c.kind, tasks.c.answer).order_by(tasks.c.kind)
    ):
        found.setdefault(case_id, CaseTally()).tasks.append((kind, answer))
    joined = sa.select(messages.c.case_id, messages.c.kind).join(inbox, inbox.c.message == messages.c.position)
    for case_id, kind in connection.execute(joined.where(inbox.c.state == tables.DONE)):
        found.setdefault(case_id, CaseTally()).handled[kind] += 1
    logged = sa.select(entries.c.case_id, entries.c.fields).where(entries.c.case_id.is_not(None))
    for case_id, text in connection.execute(logged):
        fields = json.loads(text)
        found.setdefault(case_id, CaseTally()).entries[f"{fields['kind']} {fields.get('message_kind', '')}"] += 1
    return found
