"""Drives a run: files come bit by bit, parties are killed and started again, until all is done or the time is up."""

from __future__ import annotations

import random
import time
from collections.abc import Callable, Sequence, Set
from dataclasses import dataclass
from typing import Protocol

from tenprint.core.errors import StorageError
from tenprint.exchange.dispatch.points import points
from tenprint.studies.chaos import Arrival

SETTLE_POLL_SECONDS = 0.5
FEED_PARTS = 30
"""An undisturbed run gets its files in so many portions."""
PAUSE_SECONDS = (0.1, 1.2)
"""Between two kills, drawn evenly."""
ARMED_SECONDS = 3.0
"""A party that has not come to the named point by then is killed wherever it is."""
AT_A_POINT = 0.5
ENTRIES_PER_BOOKING = 15
"""So much the ledgers grow for each booking handed in before the next party dies: a slow machine is disturbed as much
as a fast one. A booking makes some fifty entries."""
CALM_SECONDS = 6.0
"""After the last kill the network stays bad for so long."""
KILLED = "SIGKILL"
MOST_FALLEN = 20
"""Of so many processes that fell it is kept how; the others are counted."""
_WATCH_SECONDS = 0.05


@dataclass(frozen=True)
class Fall:
    """A process that ended though nobody ended it.

    Args:
        party: whose.
        how: ``exit 1``, or the signal's name.
        lines: the last that it wrote to its log.
    """

    party: str
    how: str
    lines: tuple[str, ...] = ()


class Parties(Protocol):
    """The processes of a network, as far as a driver needs them."""

    ids: Sequence[str]

    def start(self, party: str) -> None:
        """Start the process of a party that has none."""

    def is_running(self, party: str) -> bool:
        """Tell whether its process lives."""

    def kill(self, party: str) -> None:
        """End it with SIGKILL."""

    def fall_of(self, party: str) -> Fall:
        """Tell how a process ended that does not live any more."""

    def arm(self, party: str, point: str) -> None:
        """Have it kill itself when it comes to a named point; an empty name disarms."""

    def hand_in(self, arrival: Arrival) -> None:
        """Lay a file before an agency."""

    def calm(self) -> None:
        """End all other disturbances."""

    def standing(self) -> tuple[bool, int, int]:
        """Return whether nothing waits anywhere, how many bookings have a case, and how long all ledgers are."""


@dataclass(frozen=True)
class Ended:
    """How a run went.

    Args:
        kills: made.
        fell: how many processes ended though nobody killed them.
        seconds: from the first file until nothing waited any more.
        falls: the first `MOST_FALLEN` of those that fell.
    """

    kills: int
    fell: int
    seconds: float
    falls: tuple[Fall, ...] = ()


def drive(
    files: Sequence[Arrival],
    parties: Parties,
    *,
    kills: int,
    seed: int,
    limit_seconds: float,
    advance: Callable[[int], None] = lambda n: None,
) -> Ended:
    """Run all bookings to their end.

    Args:
        files: in order.
        parties: none of them runs yet.
        kills: how often a party dies; 0 leaves them alone.
        seed: of who dies when and where.
        limit_seconds: for everything.
        advance: told how many files were handed in, and how many kills made, together.

    Raises:
        StorageError: ``CHAOS_UNFINISHED`` when the time is up.
    """
    started, chance = time.monotonic(), random.Random(f"{seed}/kills")  # noqa: S311 - no secret
    run = _Run(parties, started + limit_seconds)
    for party in parties.ids:
        parties.start(party)
    steps = kills or FEED_PARTS
    for step in range(steps):
        handed_in = files[: (step + 1) * len(files) // steps]
        for arrival in handed_in[step * len(files) // steps :]:
            parties.hand_in(arrival)
        run.rest(chance.uniform(*PAUSE_SECONDS) if kills else PAUSE_SECONDS[0])
        if kills:
            run.get_on({arrival.number for arrival in handed_in})
            run.kill(chance)
        advance(step + 1)
    if kills:
        run.rest(CALM_SECONDS)
        run.get_on({arrival.number for arrival in files})
    parties.calm()
    run.settle(len({arrival.number for arrival in files}))
    return Ended(run.kills, run.fell, time.monotonic() - started, tuple(run.falls))


class _Run:
    def __init__(self, parties: Parties, ends_at: float) -> None:
        self._parties, self._ends_at = parties, ends_at
        self.kills = self.fell = 0
        self.falls = list[Fall]()
        self._size = self._bookings = 0

    def rest(self, seconds: float) -> None:
        """Wait, and start whoever fell by itself."""
        ends_at = time.monotonic() + seconds
        while time.monotonic() < ends_at:
            self._raise_up()
            time.sleep(_WATCH_SECONDS)

    def get_on(self, bookings: Set[int]) -> None:
        """Wait until the parties have done something with these bookings since the last time, or all that there is.

        Raises:
            StorageError: ``CHAOS_UNFINISHED``.
        """
        new = max(1, len(bookings) - self._bookings)
        while True:
            self._raise_up()
            is_idle, cases, size = self._parties.standing()
            if size >= self._size + ENTRIES_PER_BOOKING * new or (is_idle and cases >= len(bookings)):
                self._size, self._bookings = size, len(bookings)
                return
            self._pause(cases, len(bookings))

    def kill(self, chance: random.Random) -> None:
        """Kill one party, at a random moment or at a named point, and start it again."""
        party, point = chance.choice(list(self._parties.ids)), chance.choice(points())
        if chance.random() < AT_A_POINT:
            self._parties.arm(party, point)
            ends_at = time.monotonic() + ARMED_SECONDS
            while self._parties.is_running(party) and time.monotonic() < ends_at:
                time.sleep(_WATCH_SECONDS)
            self._parties.arm(party, "")
        self._note_fall(party, but=KILLED)
        self._parties.kill(party)
        self.kills += 1
        self._parties.start(party)

    def settle(self, bookings: int) -> None:
        """Wait until nothing waits and nothing is written any more.

        Raises:
            StorageError: ``CHAOS_UNFINISHED``.
        """
        before = -1
        while True:
            self._raise_up()
            is_idle, cases, size = self._parties.standing()
            if is_idle and cases >= bookings and size == before:
                return
            before = size if is_idle else -1
            self._pause(cases, bookings)

    def _pause(self, cases: int, bookings: int) -> None:
        if time.monotonic() > self._ends_at:
            said = f"time is up: {cases} of {bookings} bookings have a case"
            raise StorageError("CHAOS_UNFINISHED", f"{said}; {self._fell_told()}" if self.falls else said)
        time.sleep(SETTLE_POLL_SECONDS)

    def _fell_told(self) -> str:
        first = self.falls[0]
        last_line = f": {first.lines[-1]}" if first.lines else ""
        return f"{self.fell} processes fell, first that of {first.party} ({first.how}){last_line}"

    def _raise_up(self) -> None:
        for party in self._parties.ids:
            if not self._parties.is_running(party):
                self._note_fall(party)
                self._parties.start(party)

    def _note_fall(self, party: str, but: str = "") -> None:
        """Keep how a party's process ended, unless it lives or ended in the way that was meant."""
        fall = None if self._parties.is_running(party) else self._parties.fall_of(party)
        if fall is None or fall.how == but:
            return
        self.fell += 1
        if len(self.falls) < MOST_FALLEN:
            self.falls.append(fall)
