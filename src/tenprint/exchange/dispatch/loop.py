"""The worker loop: everything that is due, party by party, until nothing is."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime

from tenprint.core.errors import StorageError
from tenprint.exchange.dispatch.faults import ProgramFault, contained, tell_fault
from tenprint.exchange.dispatch.handling import handle_due
from tenprint.exchange.dispatch.relay import relay_due
from tenprint.exchange.dispatch.retention import remove_due
from tenprint.exchange.dispatch.wakes import enrol_due, fire_due_timers
from tenprint.exchange.ports import Node

BATCH = 32
STAGES: tuple[tuple[str, Callable[[Node, int], int]], ...] = (
    ("timers", fire_due_timers),
    ("inbox", handle_due),
    ("enrolments", enrol_due),
    ("outbox", relay_due),
    ("erasures", remove_due),
)


@dataclass(frozen=True)
class Step:
    """What one round of one party did: `count` rows of `stage` (one of `STAGES`)."""

    party: str
    stage: str
    count: int


@dataclass(frozen=True)
class Fault:
    """A party whose own database or files failed, so that it was left out for the rest of a run."""

    party: str
    problem: StorageError


def run_until_idle(
    nodes: Sequence[Node],
    on_step: Callable[[Step], None] | None = None,
    on_fault: Callable[[Fault], None] | None = None,
) -> int:
    """Do everything that is due now, at all parties, until nothing is; return how many rows were worked on.

    A party whose own database fails (full, read-only, damaged, unreachable) stops itself and no other: the others go
    on, and what they send to it waits in their outboxes.

    Args:
        nodes: the parties of this process, in a fixed order, so that equal runs do equal things.
        on_step: called after every batch that did something; may raise to stop (KeyboardInterrupt is safe too).
        on_fault: told of each party that failed, when it does; without it the first one is raised at the end.

    Raises:
        StorageError: a party failed, and nobody asked to be told.
    """
    total, faults = 0, list[Fault]()
    able = list(nodes)
    while done := _round(able, faults, on_step, on_fault):
        total += done
    if faults and not on_fault:
        raise faults[0].problem
    return total


def run_round(node: Node, on_step: Callable[[Step], None] | None = None) -> bool:
    """Do what is due now at one party, each stage once; tell whether a stage may have left something.

    For a process that looks for what is due anyway before it sleeps (`next_due`): looking at each stage once more would
    take longer than handling a message. What nobody waits for, such as erasures, is not in that look, so that whoever
    calls goes on until this is False.

    Raises:
        StorageError: the party's own database or files failed.
    """
    faults = list[Fault]()
    full = list[Step]()

    def note(step: Step) -> None:
        if step.count >= BATCH:
            full.append(step)
        if on_step:
            on_step(step)

    _round([node], faults, note, None)
    if faults:
        raise faults[0].problem
    return bool(full)


def _round(
    able: list[Node],
    faults: list[Fault],
    on_step: Callable[[Step], None] | None,
    on_fault: Callable[[Fault], None] | None,
) -> int:
    """Do each stage of each party once; return how many rows were worked on. A party that fails is taken out.

    So is one that meets a bug which is no single row's and is contained, once its other stages were done.
    """
    done = 0
    for node in tuple(able):
        for stage, work in STAGES:
            try:
                with contained(node, families=StorageError):
                    count = work(node, BATCH)
            except StorageError as problem:
                tell_fault(node, problem, stage=stage)
                if node in able:
                    able.remove(node)
                    faults.append(Fault(node.party.id, problem))
                    if on_fault:
                        on_fault(faults[-1])
                if isinstance(problem, ProgramFault):
                    continue
                break
            done += count
            if count and on_step:
                on_step(Step(node.party.id, stage, count))
    return done


def next_due(nodes: Sequence[Node]) -> datetime | None:
    """Return the earliest time at which a message, delivery, enrolment or timer of any party becomes due, or None."""
    times = [due for node in nodes if (due := node.store.next_due()) is not None]
    return min(times, default=None)
