"""A bad network and bad clocks, drawn from a seed, for `tenprint bench chaos`: never for a network that is to stay."""

from __future__ import annotations

import os
import random
import time
from collections.abc import Sequence
from contextlib import suppress
from datetime import datetime, timedelta
from pathlib import Path

from tenprint.core.clock import SystemClock
from tenprint.core.errors import StorageError, TenprintError
from tenprint.exchange.ports import Post

DROPPED, UNCONFIRMED, DOUBLED, REORDERED, DELAYED, REFUSED = (
    "dropped", "unconfirmed", "doubled", "reordered", "delayed", "refused",
)  # fmt: skip
EVENTS = (DROPPED, UNCONFIRMED, DOUBLED, REORDERED, DELAYED, REFUSED)
FAULT_PARTS = (
    (DROPPED, 0.06),
    (UNCONFIRMED, 0.06),
    (DOUBLED, 0.06),
    (REORDERED, 0.06),
    (DELAYED, 0.06),
    (REFUSED, 0.01),
)
REFUSED_SECONDS = 0.7
DELAY_SECONDS = 0.3
HELD_FOR = 4
"""A message that is held back goes out after so many later ones at most."""
FURTHEST_SECONDS = 140.0
"""Two parties are at most twice this apart: below the five minutes of a request's signature."""


class EventLog:
    """A file to which all parties' processes append one word an event; a line is written whole or not at all."""

    def __init__(self, path: Path) -> None:
        self._path = path

    def note(self, event: str) -> None:
        """Count an event."""
        file = os.open(self._path, os.O_WRONLY | os.O_APPEND | os.O_CREAT, 0o600)
        try:
            os.write(file, f"{event}\n".encode())
        finally:
            os.close(file)

    def count(self, event: str) -> int:
        """Return how often it was noted."""
        try:
            return self._path.read_text().split().count(event)
        except FileNotFoundError:
            return 0


class FaultyPost:
    """The `Post` port with faults in front of another one.

    Args:
        post: what really delivers.
        chance: of the faults.
        events: where they are counted.
        calm: once this file is there, nothing fails any more.
    """

    def __init__(self, post: Post, chance: random.Random, events: EventLog, calm: Path) -> None:
        self._post, self._chance, self._events, self._calm = post, chance, events, calm
        self._held: list[tuple[int, bytes, str]] = []
        self._refused_until: dict[str, float] = {}

    def deliver(self, wire: bytes, recipient: str) -> bytes:
        """Deliver it, or not, or twice, or later. Raises as the other post, and ``PARTY_UNREACHABLE``."""
        if self._calm.exists():
            return self._post.deliver(wire, recipient)
        self._let_go()
        if time.monotonic() < self._refused_until.get(recipient, 0.0):
            raise _unreachable(recipient)
        fault = self._drawn()
        if fault:
            self._events.note(fault)
        if fault == REORDERED:
            self._held.append((self._chance.randint(1, HELD_FOR), wire, recipient))
        elif fault == REFUSED:
            self._refused_until[recipient] = time.monotonic() + REFUSED_SECONDS
        elif fault == DELAYED:
            time.sleep(self._chance.uniform(0.0, DELAY_SECONDS))
        if fault in (DROPPED, REORDERED, REFUSED):
            raise _unreachable(recipient)
        receipt = self._post.deliver(wire, recipient)
        if fault == UNCONFIRMED:
            raise _unreachable(recipient)
        return self._post.deliver(wire, recipient) if fault == DOUBLED else receipt

    def cosign(self, request: bytes, witness: str) -> bytes:
        """Ask a witness; the question may be dropped."""
        if not self._calm.exists() and self._drawn() == DROPPED:
            raise _unreachable(witness)
        return self._post.cosign(request, witness)

    def _drawn(self) -> str:
        place = self._chance.random()
        for fault, part in FAULT_PARTS:
            place -= part
            if place < 0:
                return fault
        return ""

    def _let_go(self) -> None:
        self._held = [(left - 1, wire, recipient) for left, wire, recipient in self._held]
        for left, wire, recipient in list(self._held):
            if left <= 0:
                self._held.remove((left, wire, recipient))
                with suppress(TenprintError):  # its sender was told so already, and tries again
                    self._post.deliver(wire, recipient)


class SkewedClock:
    """The machine's clock, wrong by an amount that changes at given moments.

    Args:
        epoch: from when the moments count.
        skews: seconds since then, and by how many seconds the clock is wrong from there on; the first one at 0.
    """

    def __init__(self, epoch: datetime, skews: Sequence[tuple[float, float]]) -> None:
        self._clock, self._epoch, self._skews = SystemClock(), epoch, skews

    def now(self) -> datetime:
        """Return the wrong time."""
        true = self._clock.now()
        passed = (true - self._epoch).total_seconds()
        wrong = [skew for at, skew in self._skews if at <= passed] or [self._skews[0][1]]
        return true + timedelta(milliseconds=round(1000 * wrong[-1]))


def drawn_skews(chance: random.Random, seconds: float) -> list[tuple[float, float]]:
    """Return by how much a party's clock is wrong over so many seconds: jumps forwards and, smaller, backwards.

    What is due waits for a clock that jumped back, so that these are of some seconds.
    """
    at, skew = 0.0, chance.uniform(-0.8, 0.8) * FURTHEST_SECONDS
    found = [(at, skew)]
    while at < seconds:
        at += chance.uniform(3.0, 12.0)
        jump = chance.uniform(5.0, 25.0) if chance.random() < 0.15 else chance.uniform(-4.0, 4.0)
        skew = max(-FURTHEST_SECONDS, min(FURTHEST_SECONDS, skew + jump))
        found.append((at, skew))
    return found


def _unreachable(recipient: str) -> StorageError:
    return StorageError("PARTY_UNREACHABLE", f"{recipient} cannot be reached: a drawn fault")
