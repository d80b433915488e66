"""The worker loop: everything that is due, party by party, until nothing is."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime

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


def run_until_idle(nodes: Sequence[Node], on_step: Callable[[Step], None] | None = None) -> int:
    """Do everything that is due now, at all parties, until nothing is; return how many rows were worked on.

    Args:
        nodes: the parties of this process, in a fixed order, so that equal runs do equal things.
        on_step: called after every batch that did something; may raise to stop (KeyboardInterrupt is safe too).
    """
    total = 0
    while True:
        done = sum(_round(node, on_step) for node in nodes)
        if not done:
            return total
        total += done


def next_due(nodes: Sequence[Node]) -> datetime | None:
    """Return the earliest time at which a message, delivery, enrolment or timer of any party becomes due, or None."""
    times = [due for node in nodes if (due := node.store.next_due()) is not None]
    return min(times, default=None)


def _round(node: Node, on_step: Callable[[Step], None] | None) -> int:
    done = 0
    for stage, work in STAGES:
        count = work(node, BATCH)
        if count and on_step:
            on_step(Step(node.party.id, stage, count))
        done += count
    return done
