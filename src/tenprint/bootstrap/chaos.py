"""Wires `tenprint bench chaos`: a network whose parties are processes over HTTPS, with faults, and what came of it."""

from __future__ import annotations

import contextlib
import itertools
import json
import logging
import multiprocessing
import os
import random
import signal
import sys
import threading
import time
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from multiprocessing.connection import wait
from multiprocessing.process import BaseProcess
from pathlib import Path

from tenprint.adapters.case_tally import tally_cases
from tenprint.adapters.chaos_post import EVENTS, EventLog, FaultyPost, SkewedClock, drawn_skews
from tenprint.adapters.database import migrate
from tenprint.adapters.founding import Founding
from tenprint.adapters.health import health_at
from tenprint.adapters.network import NetworkFile, Place, load_network, save_network
from tenprint.adapters.postgres_server import TemporaryPostgres
from tenprint.bootstrap.ending import told_of
from tenprint.bootstrap.network import init_network, open_network
from tenprint.bootstrap.party import PASSING, RunningParty, open_party
from tenprint.core.clock import Clock, SystemClock
from tenprint.core.errors import StorageError
from tenprint.exchange.model.health import Health
from tenprint.exchange.model.words import Role
from tenprint.exchange.ports import Node
from tenprint.ledger.reconcile import reconcile
from tenprint.studies.chaos import BY_ORDER, Arrival, Difference, Life, PartyLife, Staff, arrivals, compare
from tenprint.studies.chaos_run import Ended, Fall, drive
from tenprint.studies.truth import TruthMatcher

START_SECONDS = 60.0
END_SECONDS = 30.0
WITH_TABLES = "chaos_with_tables"
"""A database that the parties' own ones are copies of: copying tables is quicker than making them."""
LOG_LINES, LOG_LINE = 20, 400
"""Of a process that fell so many lines of its log are kept, and of each so many characters."""
LOOK_SECONDS, LOOK_AGAIN_SECONDS = 30.0, 0.2
"""So long the driver looks again at a database that it cannot read at the moment, and so often: parties are killed in
the middle of their writing, and one look that fails says nothing of how the run goes."""
LEASE = timedelta(seconds=8)
"""A killed worker's rows on PostgreSQL come back after so long: not minutes, or a run would only wait."""
CALM, ARMED, CASES, FILES = "calm", "armed", "cases", "files"
ENDS = (Role.JAIL, Role.FIELD_OFFICE, Role.AGENCY)
"""Whose word is a case's final state: the first of these parties that knows the case."""
_log = logging.getLogger("tenprint.party")
Serve = Callable[[RunningParty, Callable[[], None], Sequence[Callable[[Callable[[], bool]], None]]], None]
"""`web.party_server.serve_party`."""


@dataclass(frozen=True)
class Plan:
    """What is run.

    Args:
        folder: for the networks' files.
        database: ``sqlite`` or ``postgresql``.
        bookings, kills, seed: how many, and from what everything is drawn.
    """

    folder: Path
    database: str
    bookings: int
    kills: int
    seed: int

    @property
    def limit_seconds(self) -> float:
        """Return after how long a run hangs; on a machine that does nothing else it takes a tenth of that."""
        return 600.0 + 8.0 * self.bookings + 20.0 * self.kills


@dataclass(frozen=True)
class Run:
    """One run: how it went, what became of each booking, and what was found wrong afterwards.

    Args:
        parties: ids in file order.
        ended: how it went.
        lives: of the bookings.
        events: how often each fault happened; ``clock_jumps`` among them.
        dead_letters: how many were given up.
        waiting: rows that wait, and tasks that are open.
        damaged: findings about ledgers that are faults.
        discrepancies: what only one side of a pair recorded.
        ends: the parties whose word is a case's final state, the first that knows the case.
    """

    parties: tuple[str, ...]
    ended: Ended
    lives: tuple[Life, ...]
    events: dict[str, int]
    dead_letters: int
    waiting: int
    damaged: int
    discrepancies: int
    ends: tuple[str, ...]


@dataclass(frozen=True)
class Result:
    """Both runs, and what differs."""

    undisturbed: Run
    disturbed: Run
    difference: Difference

    @property
    def is_good(self) -> bool:
        """Tell whether nothing was lost, repeated or otherwise than it should be."""
        runs = (self.undisturbed, self.disturbed)
        wrong = sum(run.waiting + run.damaged + run.discrepancies + run.ended.fell for run in runs)
        same_letters = self.undisturbed.dead_letters == self.disturbed.dead_letters
        difference = self.difference
        return same_letters and not wrong + difference.lost + difference.repeated + difference.diverged


@dataclass(frozen=True)
class Setting:
    """What a party's process is told; it crosses to that process as bytes.

    Args:
        folder: of the network.
        seed: of the run.
        is_disturbed: with faults and a wrong clock.
        epoch: when the run began.
        serve: what runs the party's door and worker.
        change: for tests that break a party on purpose.
    """

    folder: Path
    seed: int
    is_disturbed: bool
    epoch: datetime
    serve: Serve
    change: Callable[[Node], Node] | None = None


def run_both(
    plan: Plan,
    serve: Serve,
    advance: Callable[[int], None] = lambda n: None,
    change: Callable[[Node], Node] | None = None,
) -> Result:
    """Run the same bookings undisturbed and disturbed, and compare; `change` breaks the disturbed run's parties.

    Raises:
        StorageError: ``CHAOS_UNFINISHED``; or a network cannot be founded.
    """
    one = _run(replace(plan, kills=0), plan.folder / "undisturbed", serve, lambda n: None)
    other = _run(plan, plan.folder / "disturbed", serve, advance, change)
    return Result(one, other, compare(one.lives, other.lives, one.parties))


def _run(
    plan: Plan,
    folder: Path,
    serve: Serve,
    advance: Callable[[int], None],
    change: Callable[[Node], Node] | None = None,
) -> Run:
    with _network(folder, plan.database) as file:
        agencies = [place.party for place in file.places if place.party.role == Role.AGENCY]
        files = arrivals(plan.bookings, plan.seed, [party.ori for party in agencies])
        setting = Setting(folder, plan.seed, plan.kills > 0, datetime.now(UTC), serve, change)
        with Processes(setting, file) as processes:
            limit = plan.limit_seconds
            ended = drive(
                files, processes, kills=plan.kills, seed=plan.seed, limit_seconds=limit, advance=advance
            )  # fmt: skip
        return _found(plan, file, ended, setting)


@contextmanager
def _network(folder: Path, database: str) -> Iterator[NetworkFile]:
    """Found eleven parties without galleries: who is known, a card says itself."""
    init_network(folder, founding=Founding(folder, clock_mode="system", founders="eleven"))
    file = load_network(folder)
    for name in (ARMED, CASES, *(f"{FILES}/{place.party.id}" for place in file.places)):
        (folder / name).mkdir(parents=True)
    with contextlib.ExitStack() as ending:
        places = [replace(place, gallery="") for place in file.places]
        if database == "postgresql":
            server = ending.enter_context(TemporaryPostgres())
            migrate(server.create(WITH_TABLES))
            for number, place in enumerate(places):
                name = f"chaos_{place.party.id.replace('-', '_')}"
                url = server.create(name, WITH_TABLES).render_as_string(hide_password=False)
                (folder / place.database).unlink()
                places[number] = replace(place, database=url)
        save_network(replace(file, places=tuple(places)))
        yield load_network(folder)


class Processes:
    """The parties' processes; a context manager that ends all of them whatever happens.

    They are forked from a server that has loaded the program once, so that a killed party is back at once.
    """

    def __init__(self, setting: Setting, file: NetworkFile) -> None:
        self.ids: Sequence[str] = [place.party.id for place in file.places]
        self._setting, self._file = setting, file
        self._agencies = [place.party.id for place in file.places if place.party.role == Role.AGENCY]
        self._context = multiprocessing.get_context("forkserver")
        # A child imports the command's main module too: what that imports is loaded once, by the server.
        loaded = sorted(
            name for name in sys.modules if name.startswith(("tenprint.", "sqlalchemy.dialects.", "_pytest"))
        )
        self._context.set_forkserver_preload(["__main__", *loaded])
        self._running: dict[str, BaseProcess] = {}
        self._log_begins: dict[str, int] = {}
        self._starts = itertools.count()
        self._files = itertools.count()

    def start(self, party: str) -> None:
        """Start the process of a party that has none."""
        process = self._context.Process(
            target=_be, args=(self._setting, party, next(self._starts)), name=party, daemon=True
        )
        log = self._log(party)
        self._log_begins[party] = log.stat().st_size if log.exists() else 0
        process.start()
        self._running[party] = process

    def is_running(self, party: str) -> bool:
        """Tell whether its process lives."""
        return self._running[party].is_alive()

    def kill(self, party: str) -> None:
        """End it with SIGKILL."""
        self._running[party].kill()
        self._running[party].join()

    def fall_of(self, party: str) -> Fall:
        """Tell how a process ended that does not live any more, and what it wrote last."""
        code = self._running[party].exitcode or 0
        log = self._log(party)
        written = log.read_bytes()[self._log_begins[party] :] if log.exists() else b""
        lines = written.decode(errors="replace").splitlines()[-LOG_LINES:]
        how = signal.Signals(-code).name if code < 0 else f"exit {code}"
        return Fall(party, how, tuple(line[:LOG_LINE] for line in lines))

    def arm(self, party: str, point: str) -> None:
        """Have it kill itself when it comes to a named point; an empty name disarms."""
        path = self._setting.folder / ARMED / party
        if point:
            path.write_text(point)
        else:
            path.unlink(missing_ok=True)

    def hand_in(self, arrival: Arrival) -> None:
        """Lay a file before an agency."""
        folder = self._setting.folder / FILES / self._agencies[arrival.agency]
        made = folder / f"{arrival.number:06d}-{next(self._files):06d}.eft"
        made.with_suffix(".tmp").write_bytes(arrival.data)
        made.with_suffix(".tmp").rename(made)

    def calm(self) -> None:
        """End all other disturbances."""
        (self._setting.folder / CALM).touch()

    def standing(self) -> tuple[bool, int, int]:
        """Return whether nothing waits anywhere, how many bookings have a case, and how long all ledgers are."""
        cases = len({path.read_text() for path in (self._setting.folder / CASES).iterdir()})
        states = _healths(self._file)
        return not sum(map(_waiting, states)), cases, sum(state.ledger.size for state in states)

    def _log(self, party: str) -> Path:
        return _log_of(self._setting.folder, party)

    def __enter__(self) -> Processes:
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


def _healths(file: NetworkFile) -> list[Health]:
    now, ends_at = datetime.now(UTC), time.monotonic() + LOOK_SECONDS
    return [_health(file, place, now, ends_at) for place in file.places]


def _health(file: NetworkFile, place: Place, now: datetime, ends_at: float) -> Health:
    """Look into a party's database; while what a killed process holds of it keeps us out, look again."""
    while True:
        try:
            return health_at(file.database_url(place), place.party.id, now)
        except StorageError as problem:
            if problem.code not in PASSING or time.monotonic() > ends_at:
                raise
            time.sleep(LOOK_AGAIN_SECONDS)


def _waiting(state: Health) -> int:
    return sum(queue.waiting for queue in state.queues.values()) + sum(state.tasks.open.values())


def _be(setting: Setting, party: str, number: int) -> None:
    """Be a party's process: the entry of a child."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl-C is the driver's; it ends us
    threading.Thread(target=_end_with_parent, daemon=True).start()
    log = os.open(_log_of(setting.folder, party), os.O_WRONLY | os.O_APPEND | os.O_CREAT, 0o600)
    os.dup2(log, 2)
    os.dup2(log, 1)
    chance = random.Random(f"{setting.seed}/{party}/{number}")  # noqa: S311 - no secret

    def change(node: Node) -> Node:
        matcher = TruthMatcher(node.party.role, setting.folder / "enrolled" / party)
        services, killer = replace(node.services, matcher=matcher), _Killer(setting, party)
        changed = replace(node, services=services, trigger=killer, contains_faults=False)
        if setting.is_disturbed:
            post = FaultyPost(node.post, chance, _events(setting), setting.folder / CALM)
            changed = replace(changed, post=post)
        return setting.change(changed) if setting.change else changed

    clock = _clock(setting, party)
    try:
        with open_party(setting.folder, party, clock=clock, workers=0, change=change, lease=LEASE) as running:
            staff = Staff(running.node, setting.seed, setting.folder / FILES / party, setting.folder / CASES)
            setting.serve(running, lambda: None, (staff.work,))
    except Exception as problem:  # noqa: BLE001 - whatever it is, the log says what and where, and no more
        told = {"event": "party_ended", "party": party, **told_of(problem)}
        _log.critical("%s", json.dumps(told), extra={"event_name": "party_ended", "fields": told})
        sys.exit(1)


def _log_of(folder: Path, party: str) -> Path:
    return folder / f"{party}.log"


class _Killer:
    """The trigger of a party that may be armed: at the named point its process is no more."""

    def __init__(self, setting: Setting, party: str) -> None:
        self._path = setting.folder / ARMED / party

    def __call__(self, point: str) -> None:
        with contextlib.suppress(FileNotFoundError):
            if self._path.read_text() == point:
                os.kill(os.getpid(), signal.SIGKILL)


def _end_with_parent() -> None:
    parent = multiprocessing.parent_process()
    if parent is not None:
        wait([parent.sentinel])
        os._exit(1)


def _skews(setting: Setting, party: str) -> list[tuple[float, float]]:
    return drawn_skews(random.Random(f"{setting.seed}/{party}/clock"), 3600.0)  # noqa: S311 - no secret


def _clock(setting: Setting, party: str) -> Clock:
    return SkewedClock(setting.epoch, _skews(setting, party)) if setting.is_disturbed else SystemClock()


def _events(setting: Setting) -> EventLog:
    return EventLog(setting.folder / "events")


def _found(plan: Plan, file: NetworkFile, ended: Ended, setting: Setting) -> Run:
    parties = tuple(place.party.id for place in file.places)
    waiting = sum(map(_waiting, _healths(file)))
    with open_network(setting.folder, workers=0) as network:
        dead = sum(len(letters) for letters in network.dead_letters().values())
        network.sign_checkpoints()
        damaged = sum(finding.is_fault for party in parties for finding in network.verify_ledger(party))
        logs = {party: network.nodes[party].store.entries() for party in parties}
    pairs = itertools.combinations(parties, 2)
    discrepancies = sum(len(reconcile(x, logs[x], y, logs[y])) for x, y in pairs)
    events = {event: _events(setting).count(event) for event in EVENTS}
    passed = (datetime.now(UTC) - setting.epoch).total_seconds()
    jumps = [at for party in parties for at, _ in _skews(setting, party)[1:] if at < passed]
    events["clock_jumps"] = len(jumps) if setting.is_disturbed else 0
    ends = tuple(place.party.id for role in ENDS for place in file.places if place.party.role == role)
    lives = _lives(plan, file, setting)
    return Run(parties, ended, lives, events, dead, waiting, damaged, discrepancies, ends)


def _lives(plan: Plan, file: NetworkFile, setting: Setting) -> tuple[Life, ...]:
    tallies = {place.party.id: tally_cases(file.database_url(place), place.party.id) for place in file.places}
    booked: dict[int, list[str]] = {number: [] for number in range(1, plan.bookings + 1)}
    for path in (setting.folder / CASES).iterdir():
        booked[int(path.read_text())].append(path.name)
    lives = []
    for number, case_ids in booked.items():
        life: dict[str, PartyLife] = {}
        for party, tally in tallies.items():
            case = tally.get(case_ids[0]) if case_ids else None
            if case is not None:
                entries = Counter({name: n for name, n in case.entries.items() if name.split()[0] != BY_ORDER})
                life[party] = PartyLife(case.state, tuple(case.tasks), case.handled, entries)
        lives.append(Life(number, len(case_ids), life))
    return tuple(lives)
