"""How each party of a network is, for whoever runs it."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from tenprint.adapters.lock import was_held
from tenprint.adapters.post_https import health_of
from tenprint.bootstrap.network import Network
from tenprint.core.clock import to_wire
from tenprint.exchange.model.stored import Queue


@dataclass(frozen=True)
class PartyState:
    """One party; times are wire text, or empty.

    Args:
        party, role, ori, url: from the party file.
        pid: the process that runs it by itself; 0 when none does.
        answers: its door answers.
        trouble: why not, one word; empty when nobody runs it by itself.
        is_stopped: nobody runs it, though it has run by itself or others do.
        cases, open_tasks, inbox_waiting, outbox_waiting, retried, dead_letters: counts (`exchange.model.health`).
        oldest_waiting: when the longest waiting message was written.
        next_timer: when the next timer fires.
        ledger_entries: size of its ledger.
        checkpoint_entries, checkpoint_at: of the newest signed checkpoint.
        enrolled: subjects in its gallery; None while its process has the gallery, 0 without one.
    """

    party: str
    role: str
    ori: str
    url: str
    pid: int
    answers: bool
    trouble: str
    is_stopped: bool
    cases: int
    open_tasks: int
    inbox_waiting: int
    outbox_waiting: int
    retried: int
    dead_letters: int
    oldest_waiting: str
    next_timer: str
    ledger_entries: int
    checkpoint_entries: int
    checkpoint_at: str
    enrolled: int | None


def party_states(network: Network) -> list[PartyState]:
    """Return how the parties are that live on this machine, in file order.

    Raises:
        StorageError: a database cannot be read.
    """
    galleries = {} if network.is_beside else network.galleries
    states, healths = [], network.health()
    for place in network.file.places:
        party = place.party
        if party.id not in network.nodes:
            continue
        health = healths[party.id]
        inbox, outbox = health.queues[Queue.INBOX], health.queues[Queue.OUTBOX]
        pid = network.process_of(party.id)
        trouble = health_of(place, network.file.folder) if pid is not None else ""
        gallery = galleries.get(party.id)
        states.append(
            PartyState(
                party=party.id,
                role=str(party.role),
                ori=party.ori,
                url=place.url,
                pid=pid or 0,
                answers=pid is not None and not trouble,
                trouble=trouble,
                is_stopped=pid is None and (network.is_beside or was_held(network.file.folder / place.home)),
                cases=sum(network.nodes[party.id].store.counts().states.values()),
                open_tasks=sum(health.tasks.open.values()),
                inbox_waiting=inbox.waiting,
                outbox_waiting=outbox.waiting,
                retried=sum(queue.retrying for queue in health.queues.values()),
                dead_letters=health.dead,
                oldest_waiting=_first(inbox.oldest_since, outbox.oldest_since),
                next_timer=_first(health.timers.overdue_since, health.timers.next_due),
                ledger_entries=health.ledger.size,
                checkpoint_entries=health.ledger.checkpoint_size,
                checkpoint_at=_first(health.ledger.checkpoint_at),
                enrolled=None if network.is_beside else len(gallery) if gallery is not None else 0,
            )
        )
    return states


def _first(*moments: datetime | None) -> str:
    known = [moment for moment in moments if moment is not None]
    return to_wire(min(known)) if known else ""
