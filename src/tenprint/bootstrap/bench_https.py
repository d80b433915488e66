"""Measures one booking at a time through seven parties that are processes of their own and speak HTTPS.

People are scripted and answer inside their party's process as soon as a task is there, so that machines alone are
measured. The driver sleeps until a party has handled something: it polls nothing, and the parties' notes come in one
piece per message.
"""

from __future__ import annotations

import contextlib
import multiprocessing
import os
import random
import signal
import sys
import threading
import time
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from multiprocessing.connection import Connection, wait
from multiprocessing.process import BaseProcess
from pathlib import Path
from queue import Empty, SimpleQueue
from statistics import median
from typing import cast

from tenprint.adapters.certificates import write_certificate
from tenprint.adapters.database import migrate
from tenprint.adapters.founding import LOCAL_ADDRESS, Founding, free_ports
from tenprint.adapters.health import health_at
from tenprint.adapters.network import NetworkFile, load_network, save_network
from tenprint.adapters.postgres_server import TemporaryPostgres
from tenprint.bootstrap.network import init_network
from tenprint.bootstrap.party import RunningParty, open_party
from tenprint.core.clock import SystemClock
from tenprint.core.errors import StorageError
from tenprint.exchange import dispatch
from tenprint.exchange.model.observing import Event, Happening
from tenprint.exchange.model.words import Role
from tenprint.exchange.ports import Node
from tenprint.studies.hops import WATCHED, Passage, Seen, handled, interval_of_median, passages
from tenprint.studies.throughput import answer_waiting, bench_booking
from tenprint.studies.truth import Truth, TruthMatcher, truth_card

START_SECONDS = 60.0
BOOKING_SECONDS = 60.0
"""A booking that takes longer is given up, and with it the run."""
QUIET_SECONDS = 5.0
"""The first booking is over when nothing was handled for so long; from it is known what a booking consists of."""
PAUSE_SECONDS = 0.3
"""Between two bookings, so that each finds an idle network."""
END_SECONDS = 30.0
STAFF_SECONDS = 0.5
"""How often people who have nothing to do ask whether they may go home."""
_LOADED = ("tenprint.", "sqlalchemy.dialects.", "_pytest")
"""A child imports the command's main module too: what that imports is loaded once, by the server."""
Job = Callable[[Callable[[], bool]], None]
Serve = Callable[[RunningParty, Callable[[], None], Sequence[Job]], None]
"""`web.party_server.serve_party`."""


@dataclass(frozen=True)
class Plan:
    """What is measured.

    Args:
        folder: of the network, new.
        database: ``sqlite`` or ``postgresql``.
        bookings, body_bytes, seed: how many after the first, how large, and from which seed.
    """

    folder: Path
    database: str
    bookings: int
    body_bytes: int
    seed: int


@dataclass(frozen=True)
class Figures:
    """What was measured.

    Args:
        milliseconds: of each booking, from before its submission until the last message of it was handled.
        first_ms: of the first booking, which finds no connection open and is in none of the other figures.
        cpu_ms: processor time of all parties for a booking, at the median.
        passages: how its messages fared.
    """

    milliseconds: tuple[float, ...]
    first_ms: float
    cpu_ms: float
    passages: tuple[Passage, ...]

    @property
    def median_ms(self) -> float:
        """Return the median."""
        return median(self.milliseconds)

    @property
    def interval_ms(self) -> tuple[float, float]:
        """Return the median's interval of about 95 %."""
        return interval_of_median(self.milliseconds)


def measure(plan: Plan, serve: Serve, advance: Callable[[int], None] = lambda n: None) -> Figures:
    """Found seven parties, run them as processes, and take bookings through them one after the other.

    Raises:
        StorageError: ``BENCH_UNFINISHED`` when a booking does not come through or a party ends.
    """
    with _network(plan) as file, _Processes(plan, file, serve) as processes:
        filler = random.Random(plan.seed).randbytes(plan.body_bytes)  # noqa: S311 - filler, no secret
        agency = next(place.party for place in file.places if place.party.role == Role.AGENCY)
        known = frozenset({Role.IMMIGRATION_REPOSITORY})

        def card(number: int) -> bytes:
            booking = bench_booking(number, f"{plan.seed:06d}", agency.ori)
            return truth_card(Truth(number, known), booking, plan.body_bytes, filler)

        first = processes.take_through(card(1), None)
        expected = processes.whole_of(first.case)
        taken = []
        for number in range(2, plan.bookings + 2):
            time.sleep(PAUSE_SECONDS)
            taken.append(processes.take_through(card(number), expected))
            advance(len(taken))
        processes.settle()
    begun = {way.case: way.begun for way in taken}
    return Figures(
        tuple(1000 * way.seconds for way in taken),
        1000 * first.seconds,
        1000 * median(way.cpu_seconds for way in taken),
        tuple(passages(processes.seen, begun)),
    )


@dataclass(frozen=True)
class _Way:
    case: str
    begun: float
    seconds: float
    cpu_seconds: float


@contextlib.contextmanager
def _network(plan: Plan) -> Iterator[NetworkFile]:
    """Found the seven parties with addresses of their own and without galleries: who is known, a card says itself."""
    init_network(plan.folder, founding=Founding(plan.folder, clock_mode="system"))
    file = load_network(plan.folder)
    first = free_ports(len(file.places))
    places = []
    with contextlib.ExitStack() as ending:
        server = ending.enter_context(TemporaryPostgres()) if plan.database == "postgresql" else None
        for number, place in enumerate(file.places):
            certificate, key = f"{place.home}/tls.crt", f"{place.home}/tls.key"
            write_certificate(place.party.id, plan.folder / certificate, plan.folder / key)
            url = f"https://{LOCAL_ADDRESS}:{first + number}"
            changed = replace(place, url=url, certificate=certificate, certificate_key=key, gallery="")
            if server:
                address = server.create(f"bench_{place.party.id}").render_as_string(hide_password=False)
                migrate(address)
                (plan.folder / place.database).unlink()
                changed = replace(changed, database=address)
            places.append(changed)
        save_network(replace(file, places=tuple(places)))
        yield load_network(plan.folder)


def _left(file: NetworkFile, expected: Counter[tuple[str, str]]) -> str:
    """Return a party to which a booking does not come or which it leaves with work, or an empty text."""
    reached = {party for party, _ in expected}
    for place in file.places:
        queues = health_at(file.database_url(place), place.party.id, SystemClock().now()).queues.values()
        if place.party.id not in reached or any(queue.waiting + queue.dead for queue in queues):
            return place.party.id
    return ""


class _Processes:
    """The parties' processes; a context manager that ends all of them whatever happens."""

    def __init__(self, plan: Plan, file: NetworkFile, serve: Serve) -> None:
        self.seen: list[Seen] = []
        self._plan, self._file, self._serve = plan, file, serve
        # Forked from a server that has loaded the program once.
        self._context = multiprocessing.get_context("forkserver")
        self._context.set_forkserver_preload(["__main__", *sorted(n for n in sys.modules if n.startswith(_LOADED))])
        self._running: dict[str, BaseProcess] = {}
        self._lines: dict[str, Connection] = {}
        self._used: dict[object, float] = {}

    def take_through(self, card: bytes, expected: Counter[tuple[str, str]] | None) -> _Way:
        """Hand a booking in and wait until its messages are handled: as many as expected, or until it is quiet.

        Raises:
            StorageError: ``BENCH_UNFINISHED``.
        """
        agency = next(place.party.id for place in self._file.places if place.party.role == Role.AGENCY)
        before, used, begun = len(self.seen), sum(self._used.values()), time.monotonic()
        try:
            self._lines[agency].send(card)
        except OSError:
            raise StorageError("BENCH_UNFINISHED", "the process of the agency ended") from None
        while True:
            patience = QUIET_SECONDS if expected is None and len(self.seen) > before else BOOKING_SECONDS
            heard = self._hear(patience)
            notes = [note for note in self.seen[before:] if note.event == Event.MESSAGE_HANDLED]
            case = notes[0].case if notes else ""
            if (expected and handled(notes, case) >= expected) or (notes and not heard and expected is None):
                seconds = max(note.at for note in notes if note.case == case) - begun
                return _Way(case, begun, seconds, sum(self._used.values()) - used)
            if not heard:
                raise StorageError("BENCH_UNFINISHED", f"a booking was not through after {BOOKING_SECONDS:.0f} s")

    def whole_of(self, case: str) -> Counter[tuple[str, str]]:
        """Return what each party handles of a booking, once nothing of it waits any more.

        Raises:
            StorageError: ``BENCH_UNFINISHED`` when it does not come to every party, or something stays waiting.
        """
        ends_at = time.monotonic() + BOOKING_SECONDS
        while left := _left(self._file, handled(self.seen, case)):
            if time.monotonic() > ends_at:
                raise StorageError("BENCH_UNFINISHED", f"a booking does not come through at {left}")
            self.settle()
        return handled(self.seen, case)

    def settle(self) -> None:
        """Wait for what the parties noted after they handled their last messages."""
        while self._hear(3 * STAFF_SECONDS):
            pass

    def _hear(self, seconds: float) -> bool:
        lines = wait(list(self._lines.values()), seconds)
        for line in lines:
            try:
                notes, used = cast("Connection", line).recv()
                self.seen.extend(notes)
                self._used[line] = used
            except EOFError:
                raise StorageError("BENCH_UNFINISHED", "the process of a party ended") from None
        return bool(lines)

    def _hear_all(self) -> None:
        for party, line in self._lines.items():
            if not line.poll(START_SECONDS):
                raise StorageError("BENCH_UNFINISHED", f"{party} does not start")
        self._hear(0)

    def __enter__(self) -> _Processes:
        try:
            for place in self._file.places:
                ours, theirs = self._context.Pipe()
                arguments = (self._plan.folder, place.party.id, self._serve, theirs)
                process = self._context.Process(target=_be, args=arguments, name=place.party.id, daemon=True)
                process.start()
                theirs.close()
                self._running[place.party.id], self._lines[place.party.id] = process, ours
            self._hear_all()
        except BaseException:
            self.__exit__()
            raise
        return self

    def __exit__(self, *_: object) -> None:
        for process in self._running.values():
            process.terminate()
        ends_at = time.monotonic() + END_SECONDS
        for process in self._running.values():
            process.join(max(0.1, ends_at - time.monotonic()))
            if process.is_alive():
                process.kill()
                process.join()
        for line in self._lines.values():
            line.close()


class _Inside:
    """What is added to a party's process: its notes go to the driver, its people answer, an agency hands in cards."""

    def __init__(self, line: Connection) -> None:
        self.node: Node | None = None
        self._line = line
        self._notes: list[Seen] = []
        self._sending = threading.Lock()
        self._cases: SimpleQueue[str] = SimpleQueue()

    def observe(self, told: Happening) -> None:
        """Note what happened; called by the worker and by the door."""
        if told.event == Event.TASK_OPENED:
            self._cases.put(told.case)
        if told.event not in WATCHED:
            return
        note = Seen(str(told.event), told.party, told.kind, told.message, told.case, time.monotonic())
        with self._sending:
            self._notes.append(note)
            if told.event == Event.MESSAGE_HANDLED:
                self._tell()

    def ready(self) -> None:
        """Tell the driver that the door listens."""
        with self._sending:
            self._tell()

    def people(self, node: Node, should_stop: Callable[[], bool]) -> None:
        """Answer what waits in a case as soon as something was asked."""
        while not should_stop():
            try:
                case = self._cases.get(timeout=STAFF_SECONDS)
            except Empty:
                self.tell_late()
            else:
                answer_waiting(node, {case})

    def counter(self, node: Node, should_stop: Callable[[], bool]) -> None:
        """Hand in the driver's cards."""
        while not should_stop():
            if self._line.poll(STAFF_SECONDS):
                dispatch.submit(node, self._line.recv())
            else:
                self.tell_late()

    def tell_late(self) -> None:
        """Tell what was noted since the last message, once nobody has anything to do."""
        with self._sending:
            if self._notes:
                self._tell()

    def _tell(self) -> None:
        notes, self._notes = self._notes, []
        with contextlib.suppress(OSError):  # the driver has gone; so shall we
            self._line.send((notes, time.process_time()))


def _be(folder: Path, party: str, serve: Serve, line: Connection) -> None:
    """Be a party's process: the entry of a child."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl-C is the driver's; it ends us
    threading.Thread(target=_end_with_parent, daemon=True).start()
    log = os.open(folder / f"{party}.log", os.O_WRONLY | os.O_APPEND | os.O_CREAT, 0o600)
    os.dup2(log, 2)
    os.dup2(log, 1)
    inside = _Inside(line)

    def change(node: Node) -> Node:
        matcher = TruthMatcher(node.party.role, folder / "enrolled" / party)
        services = replace(node.services, matcher=matcher)
        return replace(node, services=services, contains_faults=False)

    with open_party(folder, party, workers=0, observe=inside.observe, change=change) as running:
        role = running.node.party.role
        work = inside.counter if role == Role.AGENCY else inside.people
        serve(running, inside.ready, (lambda should_stop: work(running.node, should_stop),))


def _end_with_parent() -> None:
    parent = multiprocessing.parent_process()
    if parent is not None:
        wait([parent.sentinel])
        os._exit(1)
