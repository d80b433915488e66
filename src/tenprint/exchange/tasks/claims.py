"""Claiming a task, releasing it, taking it over from a colleague: each is one transaction, and stands on the ledger.

Who claims a task says that this person works on it; nobody else can answer it then. Who sees the work of a colleague
who went home takes it over, under the own name.
"""

from __future__ import annotations

from dataclasses import replace

from tenprint.exchange.model.case import Task
from tenprint.exchange.ports import Node, Transaction, write_down
from tenprint.exchange.tasks.answers import (
    official_name,
    open_task,
    person_key,
    refuse_claimed,
    refuse_same_person,
)

CLAIMED, RELEASED, TAKEN_OVER = "task_claimed", "task_released", "task_taken_over"


def claim(node: Node, task_id: str, by: str) -> Task:
    """Claim a task; claiming one's own again changes nothing. Of two people who claim at once one is told.

    Args:
        node: the party whose task it is.
        task_id: from `Task.id`.
        by: the official's name.

    Raises:
        SenderError: ``UNKNOWN_TASK``, ``TASK_CLOSED``, ``TASK_CLAIMED`` by somebody else, ``PERSON_MISSING``,
            ``SAME_EXAMINER`` or ``SAME_OFFICER`` when another person must do it.
        StorageError: it could not be written.
    """
    by = official_name(by)
    with node.store.transaction() as tx:
        task = open_task(tx, task_id)
        refuse_claimed(task, by)
        if task.claimed_by:
            return task
        refuse_same_person(tx, task, by)
        return _write(tx, node, task, CLAIMED, by, claimed_by=by)


def release(node: Node, task_id: str, by: str) -> Task:
    """Give a claimed task back; one that nobody has claimed stays as it is.

    Raises:
        SenderError: as `claim`; ``TASK_CLAIMED`` when it was claimed by somebody else.
        StorageError: it could not be written.
    """
    by = official_name(by)
    with node.store.transaction() as tx:
        task = open_task(tx, task_id)
        refuse_claimed(task, by)
        if not task.claimed_by:
            return task
        return _write(tx, node, task, RELEASED, by, claimed_by="")


def take_over(node: Node, task_id: str, by: str, *, seen: str = "") -> Task:
    """Take a task over from the colleague who has claimed it; one that nobody has claimed is claimed.

    Args:
        node, task_id, by: as for `claim`.
        seen: who had claimed it when this person decided to take it over; ``""`` for whoever it is.

    Raises:
        SenderError: as `claim`; ``TASK_CLAIMED`` when another one than `seen` has claimed it since.
        StorageError: it could not be written.
    """
    by = official_name(by)
    with node.store.transaction() as tx:
        task = open_task(tx, task_id)
        if task.claimed_by and person_key(task.claimed_by) == person_key(by):
            return task
        if task.claimed_by and seen and person_key(seen) != person_key(task.claimed_by):
            refuse_claimed(task, by)
        refuse_same_person(tx, task, by)
        return _write(tx, node, task, TAKEN_OVER if task.claimed_by else CLAIMED, by, claimed_by=by)


def _write(tx: Transaction, node: Node, task: Task, what: str, by: str, *, claimed_by: str) -> Task:
    changed = replace(task, claimed_by=claimed_by)
    tx.save_task(changed)
    about = {"case": task.case_id, "task": task.id, "person": by, "note": _note(task, what)}
    write_down(tx, node.services, what, node.services.clock.now(), **about)
    return changed


def _note(task: Task, what: str) -> str:
    return f"{task.kind}, claimed before by {task.claimed_by}" if what == TAKEN_OVER else str(task.kind)
