"""Who looked at what: a look at a person's data is an event like any other, and stands on the looker's ledger."""

from __future__ import annotations

from tenprint.exchange.ports import Node, write_down

LOOKED_AT = "looked_at"


def note_look(
    node: Node,
    *,
    person: str,
    case_id: str,
    task_id: str = "",
    message_id: str = "",
    rule: str = "",
    version: str = "",
) -> None:
    """Write to a party's ledger that one of its people is shown a case, a task or a message. Call it before that.

    Args:
        node: whose official looks, and whose ledger it is.
        person: the official's name.
        case_id: which case.
        task_id: which of its tasks, or ``""``.
        message_id: which of its messages, or ``""``; without task and message it is the case as a whole.
        rule, version: id and version of the access rule that allows the look, or ``""``.

    Raises:
        RecordError: ``LEDGER_FIELD_VALUE`` when a value has not the form of its field.
        StorageError: it could not be written; then nothing may be shown.
    """
    with node.store.transaction() as tx:
        now, about = node.services.clock.now(), {"case": case_id, "task": task_id, "message": message_id}
        write_down(tx, node.services, LOOKED_AT, now, **about, person=person, rule=rule, version=version)
