"""One booking's way through separate parties, message by message: what the parties saw, when, and what that adds up to.

Each party notes what it does with the monotonic clock of the machine, which all processes of one machine share.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from statistics import median

from tenprint.exchange.model.observing import Event

WATCHED = frozenset({Event.MESSAGE_ACCEPTED, Event.MESSAGE_HANDLED, Event.DELIVERED})


@dataclass(frozen=True)
class Seen:
    """What a party noted.

    Args:
        event: one of `WATCHED`.
        party: whose note.
        kind, message, case: of the message.
        at: seconds.
    """

    event: str
    party: str
    kind: str
    message: str
    case: str
    at: float


@dataclass(frozen=True)
class Passage:
    """How the messages of one kind between two parties fared, in milliseconds at the median.

    Args:
        kind, sender, recipient: which.
        count: messages per booking.
        accepted_ms: from the booking's submission until the recipient had committed the message.
        receipt_ms: from then until its sender had committed the receipt; None where it went to its sender itself.
        handled_ms: from when the recipient had committed it until it had handled it.
    """

    kind: str
    sender: str
    recipient: str
    count: float
    accepted_ms: float
    receipt_ms: float | None
    handled_ms: float


def passages(seen: Iterable[Seen], begun: dict[str, float]) -> list[Passage]:
    """Return the ways of all messages in the order of their arrival; `begun` is when each case was handed in."""
    first: dict[tuple[str, str], dict[str, Seen]] = {}
    for note in seen:
        if note.case in begun:
            first.setdefault((note.case, note.message), {})[note.event] = note
    ways: dict[tuple[str, str, str], list[tuple[float, float | None, float]]] = {}
    for (case, _), notes in first.items():
        accepted, handled = notes.get(Event.MESSAGE_ACCEPTED), notes.get(Event.MESSAGE_HANDLED)
        if accepted is None or handled is None:
            continue
        receipt = notes.get(Event.DELIVERED)
        sender = receipt.party if receipt else accepted.party
        took = (
            1000 * (accepted.at - begun[case]),
            1000 * (receipt.at - accepted.at) if receipt else None,
            1000 * (handled.at - accepted.at),
        )
        ways.setdefault((accepted.kind, sender, accepted.party), []).append(took)
    found = [_passage(way, took, len(begun)) for way, took in ways.items()]
    return sorted(found, key=lambda passage: passage.accepted_ms)


def _passage(way: tuple[str, str, str], took: Sequence[tuple[float, float | None, float]], bookings: int) -> Passage:
    receipts = [receipt for _, receipt, _ in took if receipt is not None]
    return Passage(
        *way,
        len(took) / bookings,
        median(accepted for accepted, _, _ in took),
        median(receipts) if receipts else None,
        median(handled for _, _, handled in took),
    )


def handled(seen: Iterable[Seen], case: str) -> Counter[tuple[str, str]]:
    """Return how many messages of a case each party has handled, by party and kind."""
    return Counter(
        (note.party, note.kind) for note in seen if note.case == case and note.event == Event.MESSAGE_HANDLED
    )


def interval_of_median(values: Sequence[float]) -> tuple[float, float]:
    """Return an interval of about 95 % for the median, from order statistics: no form of distribution is assumed.

    The number of values below the median is binomial with 1/2; with fewer than six values it is all of them.
    """
    ordered = sorted(values)
    count = len(ordered)
    half = int(0.98 * count**0.5) + 1
    low, high = max(0, count // 2 - half), min(count - 1, (count - 1) // 2 + half)
    return ordered[low], ordered[high]
