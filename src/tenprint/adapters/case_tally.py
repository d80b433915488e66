"""What a party did in each of its cases, counted in its database: for studies that compare runs.

A question that was asked anew counts once: whether the clerk of a court or the officer was faster is no matter of what
was done in the end.
"""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import sqlalchemy as sa

from tenprint.adapters import tables
from tenprint.adapters.database import open_engine
from tenprint.adapters.faults import storage_faults
from tenprint.exchange.model.case import REPLACED
from tenprint.exchange.model.words import Kind
from tenprint.exchange.tasks.anew import BY_CORRECTION, BY_DISPOSITION

_ASKED_ANEW = BY_CORRECTION | BY_DISPOSITION


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
    replaced: dict[str, int] = {}
    for row in connection.execute(sa.select(tasks).order_by(tasks.c.kind)):
        if row.answer == REPLACED:
            replaced[f"{row.kind}-{row.id}"] = row.findings
        else:
            found.setdefault(row.case_id, CaseTally()).tasks.append((row.kind, row.answer))
    joined = sa.select(messages.c.case_id, messages.c.kind, messages.c.id)
    joined = joined.join(inbox, inbox.c.message == messages.c.position).where(inbox.c.state == tables.DONE)
    for case_id, kind, message_id in connection.execute(joined):
        task, _, number = message_id.rpartition("-")
        if kind != Kind.TASK_ANSWER or task not in replaced or int(number) <= replaced[task]:
            found.setdefault(case_id, CaseTally()).handled[kind] += 1
    logged = sa.select(entries.c.case_id, entries.c.fields).where(entries.c.case_id.is_not(None))
    for case_id, text in connection.execute(logged):
        fields = json.loads(text)
        if not _is_about_asking_anew(fields):
            found.setdefault(case_id, CaseTally()).entries[f"{fields['kind']} {fields.get('message_kind', '')}"] += 1
    return found


def _is_about_asking_anew(entry: Mapping[str, Any]) -> bool:
    """Tell whether an entry says that a task was replaced, opened in the place of another, or no longer answerable."""
    if entry["kind"] == "task_opened":
        return entry.get("message_kind") in (Kind.DISPOSITION, Kind.CORRECTION) and entry.get("note") in _ASKED_ANEW
    return entry["kind"] == "answer_not_taken" or (entry["kind"] == "task_closed" and entry.get("outcome") == REPLACED)
