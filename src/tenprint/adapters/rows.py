"""Rows to values and back: the only place that knows how a message, case, task or entry lies in its columns."""

from __future__ import annotations

import base64
import json
from collections.abc import Mapping
from datetime import datetime
from typing import Any

import sqlalchemy as sa

from tenprint.adapters.tables import INLINE_BODY_BYTES
from tenprint.core.canonical import compact_json, sha256_hex
from tenprint.core.clock import from_wire, to_wire
from tenprint.core.errors import EngineError, RecordError, StorageError
from tenprint.core.fingers import FingerPosition
from tenprint.core.template import Template
from tenprint.exchange.model.case import Case, Task, Timer
from tenprint.exchange.model.envelope import Envelope, ErasedHeading, Heading
from tenprint.exchange.model.words import CaseState, TaskKind
from tenprint.exchange.ports import Blobs
from tenprint.ledger.entry import Entry

Values = dict[str, Any]
Row = sa.Row[Any]


def time_text(moment: datetime | None) -> str | None:
    """Return a time column's value."""
    return None if moment is None else to_wire(moment)


def time_value(text: str | None) -> datetime | None:
    """Return the moment in a time column."""
    return None if text is None else from_wire(text)


def message_values(envelope: Envelope, blobs: Blobs) -> Values:
    """Return a message's columns; a long body goes to the blobs first, so that the row never outlives it.

    Of a `Heading` the body is a blob already (`dispatch.accept_kept`).
    """
    is_long = isinstance(envelope, Heading) or len(envelope.body) > INLINE_BODY_BYTES
    if is_long and not isinstance(envelope, Heading):
        blobs.put(envelope.body, envelope.body_hash)
    header = envelope.header()
    return {
        "sender": envelope.sender,
        "id": envelope.id,
        "case_id": envelope.case_id,
        "kind": str(envelope.kind),
        "head": envelope.head().decode(),
        "body_sha256": header["body_sha256"],
        "body_size": header["body_size"],
        "body": None if is_long else envelope.body,
    }


def message_value(row: Row, blobs: Blobs) -> Envelope:
    """Return the message in a row, its body checked against its hash.

    Raises:
        StorageError: ``STORE_DAMAGED``, ``STORE_BLOB_MISSING`` or ``STORE_BLOB_DAMAGED``; ``MESSAGE_ERASED`` when the
            period of keeping is over.
    """
    if row.erased_at is not None:
        when = str(row.erased_at)[:10]
        raise StorageError("MESSAGE_ERASED", f"what this message said was erased on {when} under {row.erased_under}")
    if row.body is None:
        body, body_hash = blobs.get(row.body_sha256), row.body_sha256  # they fit, or it would have raised
    else:
        body = bytes(row.body)
        body_hash = sha256_hex(body)
    try:
        return Envelope.of_parts(row.head.encode(), body, body_hash)
    except RecordError as problem:
        raise _damaged(f"message {row.id}") from problem


def heading_value(row: Row) -> Heading:
    """Return the header in a row; its body is not looked at.

    Raises:
        StorageError: ``STORE_DAMAGED``.
    """
    try:
        if row.erased_at is not None:
            return ErasedHeading.of_erased(row.head.encode(), row.content_hash)
        return Heading.of_head(row.head.encode())
    except RecordError as problem:
        raise _damaged(f"message {row.id}") from problem


def signature_text(heading: Heading) -> str:
    """Return a signature as a header holds it."""
    return base64.b64encode(heading.signature).decode()


def case_values(case: Case) -> Values:
    """Return a case's columns."""
    return {
        "id": case.case_id,
        "opened_at": to_wire(case.opened_at),
        "state": str(case.state),
        "ori": case.ori,
        "tcn": case.tcn,
        "known": json_text(case.known),
    }


def case_value(row: Row) -> Case:
    """Return the case in a row."""
    return Case(row.id, from_wire(row.opened_at), CaseState(row.state), row.ori, row.tcn, json.loads(row.known))


def task_values(task: Task) -> Values:
    """Return a task's columns."""
    return {
        "id": task.id,
        "case_id": task.case_id,
        "party": task.party,
        "kind": str(task.kind),
        "opened_at": to_wire(task.opened_at),
        "due_at": time_text(task.due_at),
        "shown": json_text(task.shown),
        "shown_hash": task.shown_hash,
        "answers": json_text(list(task.answers)),
        "findings": task.findings,
        "claimed_by": task.claimed_by,
        "answer": task.answer,
        "reason": task.reason,
        "decided_by": task.decided_by,
        "decided_at": time_text(task.decided_at),
    }


def task_value(row: Row) -> Task:
    """Return the task in a row."""
    return Task(
        id=row.id,
        case_id=row.case_id,
        party=row.party,
        kind=TaskKind(row.kind),
        opened_at=from_wire(row.opened_at),
        due_at=time_value(row.due_at),
        shown=json.loads(row.shown),
        shown_hash=row.shown_hash,
        answers=tuple(json.loads(row.answers)),
        findings=row.findings,
        claimed_by=row.claimed_by,
        answer=row.answer,
        reason=row.reason,
        decided_by=row.decided_by,
        decided_at=time_value(row.decided_at),
    )


def timer_values(timer: Timer) -> Values:
    """Return a timer's columns but its state."""
    return {
        "id": timer.id,
        "case_id": timer.case_id,
        "purpose": timer.purpose,
        "due_at": to_wire(timer.due_at),
    }


def timer_value(row: Row) -> Timer:
    """Return the timer in a row."""
    return Timer(row.id, row.case_id, row.purpose, from_wire(row.due_at))


def templates_text(templates: Mapping[FingerPosition, Template]) -> str:
    """Return templates as JSON: FGP to base64 of Template v1, in the order of positions."""
    packed = {str(int(fgp)): base64.b64encode(templates[fgp].to_bytes()).decode() for fgp in sorted(templates)}
    return json.dumps(packed)


def templates_value(text: str) -> dict[FingerPosition, Template]:
    """Return the templates that `templates_text` wrote.

    Raises:
        StorageError: ``STORE_DAMAGED``.
    """
    try:
        return {
            FingerPosition(int(fgp)): Template.from_bytes(base64.b64decode(packed))
            for fgp, packed in json.loads(text).items()
        }
    except (ValueError, EngineError) as problem:
        raise _damaged("a queued enrolment") from problem


def entry_values(sequence: int, entry: Entry, leaf: bytes) -> Values:
    """Return a ledger entry's columns; `leaf` is its leaf's hash."""
    return {
        "sequence": sequence,
        "fields": json_text(entry.fields),
        "salts": json_text({name: salt.hex() for name, salt in entry.salts.items()}),
        "commitments": json_text(entry.commitments),
        "leaf_hash": leaf.hex(),
        "case_id": entry.fields.get("case"),
    }


def entry_value(row: Row) -> Entry:
    """Return the ledger entry in a row; whether values fit their commitments is for `ledger.verify` to tell.

    Raises:
        StorageError: ``STORE_DAMAGED`` when it has not the shape of an entry.
    """
    try:
        salts = {name: bytes.fromhex(salt) for name, salt in json.loads(row.salts).items()}
        return Entry(json.loads(row.fields), salts, json.loads(row.commitments))
    except (ValueError, AttributeError, TypeError, RecordError) as problem:
        raise _damaged(f"ledger entry {row.sequence}") from problem


def json_text(value: Any) -> str:
    """Return a JSON column's value, keys sorted: equal values are equal text."""
    return compact_json(value)


def _damaged(what: str) -> StorageError:
    return StorageError(
        "STORE_DAMAGED",
        f"{what} is not what was written",
        hint="keep the files as they are and restore from the last copy",
    )
