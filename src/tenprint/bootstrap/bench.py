"""Builds the network that `tenprint bench exchange` measures, in one process or two, on either database."""

from __future__ import annotations

import multiprocessing
import os
import signal
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, closing, contextmanager
from dataclasses import dataclass, replace
from multiprocessing.connection import Connection
from multiprocessing.process import BaseProcess
from pathlib import Path
from statistics import median

from tenprint.adapters.blobs import FileBlobs
from tenprint.adapters.network import load_network, save_network
from tenprint.adapters.post import InProcessPost
from tenprint.adapters.postgres_server import TemporaryPostgres
from tenprint.adapters.store import SqlStore
from tenprint.bootstrap.collector import look_seldom
from tenprint.bootstrap.network import init_network
from tenprint.core.chance import SystemRandomSource
from tenprint.core.clock import SystemClock
from tenprint.exchange.model.words import Role
from tenprint.exchange.ports import Node, Services
from tenprint.policy import programme as programmes
from tenprint.studies.throughput import BURST, Bench, ProfileRow, Window, measured, profiled
from tenprint.studies.truth import TruthMatcher

WINDOW = 1_000
UNLOADED_BOOKINGS = 50
"""Measured one by one before the others; of few bookings a twentieth."""
PROFILED_BOOKINGS = 200
_SHARES = (
    (Role.AGENCY, Role.CRIMINAL_REPOSITORY, Role.SUPPORT_CENTER, Role.JAIL),
    (Role.STATE_BUREAU, Role.IMMIGRATION_REPOSITORY, Role.FIELD_OFFICE),
)
"""SQLite has one worker a file: two processes share the parties. On PostgreSQL, whoever has nothing left to do at
his own takes from the other's queues."""


@dataclass(frozen=True)
class Plan:
    """What is measured.

    Args:
        folder: of the network.
        database: ``sqlite`` or ``postgresql``.
        bookings, body_bytes, workers, seed: how many, how large, in how many processes (1 or 2), from which seed.
    """

    folder: Path
    database: str
    bookings: int
    body_bytes: int
    workers: int
    seed: int


@dataclass(frozen=True)
class Figures:
    """What was measured; per window of up to 1,000 bookings, and one by one on an idle network.

    Args:
        windows: in order.
        unloaded_ms: median of one booking's whole way through the seven parties while nothing else runs.
        profile: most expensive functions; empty unless asked for.
    """

    windows: tuple[Window, ...]
    unloaded_ms: float
    profile: tuple[ProfileRow, ...] = ()

    @property
    def bookings_per_second(self) -> float:
        """Return the median over the windows."""
        return median(window.bookings / window.seconds for window in self.windows)


@contextmanager
def bench_network(folder: Path, database: str, database_url: str = "") -> Iterator[Callable[[], int]]:
    """Found a network of seven parties; yields what tells the bytes of its databases and blobs.

    Args:
        folder: new.
        database: ``sqlite`` or ``postgresql``.
        database_url: of a PostgreSQL server, with ``{party}`` where the database's name stands; without it a server is
            started for this run.
    """
    init_network(folder)
    with ExitStack() as ending:
        sizes: list[Callable[[], int]] = [lambda: _folder_bytes(folder / "parties")]
        if database == "postgresql":
            network = load_network(folder)
            server = None if database_url else ending.enter_context(TemporaryPostgres())
            urls = {
                place.party.id: server.create(f"bench_{place.party.id}").render_as_string(hide_password=False)
                if server
                else database_url.format(party=place.party.id)
                for place in network.places
            }
            places = tuple(replace(place, database=urls[place.party.id]) for place in network.places)
            save_network(replace(network, places=places))
            for place in network.places:
                (folder / place.database).unlink()
            if server:
                sizes.append(server.size_bytes)
        yield lambda: sum(size() for size in sizes)


def measure(
    plan: Plan,
    disk_bytes: Callable[[], int],
    *,
    profile: bool = False,
    advance: Callable[[int], None] = lambda n: None,
    on_window: Callable[[Window], None] = lambda window: None,
) -> Figures:
    """Measure; `advance` is told how many bookings are done, `on_window` what each window's took once it is over."""
    with _bench(plan, None) as bench:
        unhurried = max(1, min(UNLOADED_BOOKINGS, plan.bookings // 20))
        singles = [bench.cards([number]) for number in range(1, unhurried + 1)]
        unloaded = [measured(lambda cards=cards: bench.work_off(cards), 1, lambda: 0).seconds for cards in singles]  # type: ignore[misc]
    windows = list[Window]()
    first = UNLOADED_BOOKINGS + 1
    with _workers(plan) as run:
        for start in range(0, plan.bookings, WINDOW):
            count = min(WINDOW, plan.bookings - start)
            windows.append(_window(run, first + start, count, disk_bytes, lambda n, start=start: advance(start + n)))  # type: ignore[misc]
            on_window(windows[-1])
    rows: list[ProfileRow] = []
    if profile:
        with _bench(plan, None) as bench:
            cards = bench.cards(range(first + plan.bookings, first + plan.bookings + PROFILED_BOOKINGS))
            rows = profiled(lambda: bench.work_off(cards), PROFILED_BOOKINGS)
    return Figures(tuple(windows), 1000 * median(unloaded), tuple(rows))


Run = Callable[[range], tuple[float, float]]
"""Works these bookings off; returns seconds, and seconds of processors."""


def _window(run: Run, first: int, count: int, disk_bytes: Callable[[], int], advance: Callable[[int], None]) -> Window:
    before, seconds, used = disk_bytes(), 0.0, 0.0
    burst = BURST if count > BURST else count
    for start in range(0, count, burst):
        numbers = range(first + start, first + min(start + burst, count))
        took, cpu = run(numbers)
        seconds, used = seconds + took, used + cpu
        advance(min(start + burst, count))
    return Window(count, seconds, used, disk_bytes() - before)


@contextmanager
def _workers(plan: Plan) -> Iterator[Run]:
    if plan.workers == 1:
        with _bench(plan, None) as bench:

            def run_here(numbers: range) -> tuple[float, float]:
                cards = bench.cards(numbers)
                took = measured(lambda: bench.work_off(cards), len(numbers), lambda: 0)
                return took.seconds, took.cpu_seconds

            yield run_here
        return
    context = multiprocessing.get_context("spawn")
    with ExitStack() as ending:
        lines, processes = list[Connection](), list[BaseProcess]()
        for worker in range(plan.workers):
            ours, theirs = context.Pipe()
            process = context.Process(target=_serve, args=(plan, worker, theirs), daemon=True)
            process.start()
            ending.callback(process.join)
            ending.callback(ours.close)
            lines.append(ours)
            processes.append(process)
        try:
            yield lambda numbers: _run_there(lines, numbers)
        except BaseException:
            for started in processes:
                started.terminate()  # else it would work off what it has, and nobody wants it any more
            raise


def _run_there(lines: list[Connection], numbers: range) -> tuple[float, float]:
    for worker, line in enumerate(lines):
        line.send(numbers[worker :: len(lines)])
    for line in lines:
        line.recv()  # its cards are made
    started = time.perf_counter()
    for line in lines:
        line.send(None)
    for line in lines:
        line.recv()  # its bookings are through
    seconds = time.perf_counter() - started
    for line in lines:
        line.send(None)
    return seconds, sum(line.recv() for line in lines)


def _serve(plan: Plan, worker: int, line: Connection) -> None:
    """Run a worker process: make the cards it is told, work them off, help the other one until told to stop.

    Each step is told on the line; at the end it says what processor time that took.
    """
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl-C is the driver's; it ends us
    with _bench(plan, worker) as bench:
        while True:
            try:
                cards = bench.cards(line.recv())
            except EOFError:
                return
            line.send(None)
            line.recv()
            began = time.process_time()
            bench.work_off(cards)
            line.send(None)
            bench.help_until(line.poll)
            line.recv()
            line.send(time.process_time() - began)


@contextmanager
def _bench(plan: Plan, worker: int | None) -> Iterator[Bench]:
    """Open the network in this process; `worker` is the process's number, None for the only one."""
    file = load_network(plan.folder)
    programme = programmes.load(file.directory.programme)
    post, stores, nodes = InProcessPost(), list[SqlStore](), dict[Role, Node]()
    with ExitStack() as ending:
        for place in file.places:
            blobs = FileBlobs(plan.folder / place.blobs)
            store = ending.enter_context(closing(SqlStore(file.database_url(place), blobs, place.party.id)))
            enrolled = plan.folder / "enrolled" / place.party.id
            services = Services(
                place.party, file.directory, programme, SystemClock(), SystemRandomSource(),
                file.private_key(place), blobs, TruthMatcher(place.party.role, enrolled),
            )  # fmt: skip
            stores.append(store)
            nodes[place.party.role] = Node(store, post, services)
        post.connect(nodes.values())
        runs = list(nodes) if worker is None else list(_SHARES[worker])
        helps = [role for role in nodes if role not in runs] if plan.database == "postgresql" else []
        look_seldom()
        yield Bench(nodes, runs, helps, lambda: _is_idle(stores), body_bytes=plan.body_bytes, seed=plan.seed)


def _is_idle(stores: list[SqlStore]) -> bool:
    for store in stores:
        with store.reading() as reader:
            if reader.next_queue_due() is not None:
                return False
    return True


def _folder_bytes(folder: Path) -> int:
    total = 0
    for base, _, names in os.walk(folder):
        total += sum(os.lstat(Path(base) / name).st_size for name in names)
    return total
