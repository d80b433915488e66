"""A party whose database is on a server starts and runs through what passes, and says by a code what does not."""

from __future__ import annotations

import logging
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path

import psycopg
import pytest
import sqlalchemy as sa

from postgres_rig import PostgresRig
from tenprint import bootstrap
from tenprint.adapters import database
from tenprint.adapters.network import load_network, save_network
from tenprint.adapters.postgres_server import TemporaryPostgres, find_binaries
from tenprint.bootstrap import party as party_module
from tenprint.core.errors import StorageError
from tenprint.exchange import dispatch
from tenprint.exchange.dispatch import handling
from tenprint.exchange.dispatch.wakes import own_message
from tenprint.exchange.model.bodies import TimerFired
from tenprint.exchange.model.words import Kind, Role
from tenprint.exchange.ports import Work

PARTY = "agency-1"
pytestmark = pytest.mark.slow


@pytest.fixture(scope="module")
def founded(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Found a network of processes, of which one party at a time is opened here."""
    folder = tmp_path_factory.mktemp("founded") / "net"
    bootstrap.init_network(folder, founding=bootstrap.Founding(folder, clock_mode="system", founders="eleven"))
    return folder


@pytest.fixture
def server() -> Iterator[TemporaryPostgres]:
    """Start a server of the test's own, which it may stop."""
    if find_binaries() is None:
        pytest.skip("no PostgreSQL server on this machine (Debian: apt-get install postgresql-15)")
    with TemporaryPostgres() as started:
        yield started


@pytest.fixture
def opened(founded: Path) -> Callable[[sa.URL], bootstrap.RunningParty]:
    """Give what opens the party with its database at an address."""

    def open_at(url: sa.URL) -> bootstrap.RunningParty:
        network = load_network(founded)
        address = url.render_as_string(hide_password=False)
        places = (replace(p, database=address) if p.party.id == PARTY else p for p in network.places)
        save_network(replace(network, places=tuple(places)))
        return bootstrap.open_party(founded, PARTY)

    return open_at


def events(caplog: pytest.LogCaptureFixture) -> list[tuple[str, str]]:
    return [(r.event_name, r.fields["code"]) for r in caplog.records if hasattr(r, "event_name")]


@contextmanager
def later(seconds: float, work: Callable[[], None]) -> Iterator[None]:
    timer = threading.Timer(seconds, work)
    timer.start()
    try:
        yield
    finally:
        timer.join()


def test_a_party_that_is_started_before_its_server_waits_for_it_and_says_so(server, opened, caplog) -> None:
    url = server.create("early")
    server.stop()
    with caplog.at_level(logging.WARNING), later(1.5, server.start), opened(url) as party:
        assert dispatch.submit(party.node, b"no card at all").case_id
    assert events(caplog) == [("start_waits", "STORE_UNREACHABLE")]


def test_a_message_that_meets_a_bug_on_a_server_is_undone_alone(postgres: PostgresRig, opened, monkeypatch) -> None:
    def handle(work: Work, prepared: object) -> None:
        work.log("handled_here")
        if work.message.case_id == "case-2":
            raise ZeroDivisionError

    monkeypatch.setitem(handling.PARTIES[Role.AGENCY].HANDLERS, Kind.TIMER, handle)
    with opened(postgres.empty()) as party:
        now = party.node.services.clock.now()
        with party.node.store.transaction() as tx:
            for name in ("case-1", "case-2", "case-3"):
                body = TimerFired(f"wake-{name}", "answer_overdue", now).to_bytes()
                woken = own_message(party.node, message_id=f"timer-{name}", kind=Kind.TIMER, case_id=name, body=body)
                tx.put_inbox(woken, now, b"receipt")
        assert dispatch.handle_due(party.node, 9) == 3
        written = [entry.fields for entry in party.node.store.entries()]
        assert [row["case"] for row in written if row["kind"] == "handled_here"] == ["case-1", "case-3"]
        assert [(one.case_id, one.code) for one in party.node.store.health(now).retries] == [
            ("case-2", "PROGRAM_FAULT")
        ]


@contextmanager
def holder(url: sa.URL, seconds: float) -> Iterator[subprocess.Popen[bytes]]:
    """Give a process in the middle of a statement of so many seconds, in a transaction that writes."""
    server = {"host": url.query["host"], "user": url.username, "dbname": url.database}
    began = f"BEGIN; SELECT pg_advisory_xact_lock({database.WRITER_LOCK}); SELECT pg_sleep({seconds})"
    code = f"import psycopg; psycopg.connect(**{server!r}, autocommit=True).execute({began!r})"
    with subprocess.Popen([sys.executable, "-c", code]) as process, psycopg.connect(**server, autocommit=True) as other:
        try:
            eventually(lambda: other.execute("SELECT FROM pg_locks WHERE locktype = 'advisory'").fetchone() is not None)
            yield process
        finally:
            process.kill()


def test_a_party_starts_although_its_killed_predecessor_still_holds_the_database(
    postgres: PostgresRig, opened, caplog, monkeypatch
) -> None:
    monkeypatch.setattr(database, "BUSY_TIMEOUT_MS", 300)
    url = postgres.empty()  # the predecessor was killed while it made the tables
    with holder(url, 2.0) as predecessor:
        predecessor.kill()  # the server goes on with what it was told, and notices that nobody is there only then
        with opened(url) as party:
            assert dispatch.submit(party.node, b"no card at all").case_id
    assert events(caplog) == [("start_waits", "STORE_BUSY")]


def test_a_party_works_although_its_killed_predecessor_still_holds_the_database(
    postgres: PostgresRig, opened, caplog, monkeypatch
) -> None:
    monkeypatch.setattr(database, "BUSY_TIMEOUT_MS", 300)
    url = postgres.migrated()
    with holder(url, 3.0) as predecessor:
        predecessor.kill()
        with opened(url) as party, working(party) as worker:
            eventually(lambda: worker.is_alive() and submitted(party))
            eventually(lambda: relayed(party))
            assert worker.is_alive()


def test_a_server_that_does_not_come_is_named_by_a_code_when_patience_ends(server, opened, caplog, monkeypatch) -> None:
    monkeypatch.setattr(party_module, "START_PATIENCE_SECONDS", 1.5)
    url = server.create("never")
    server.stop()
    with pytest.raises(StorageError, match="STORE_UNREACHABLE"):
        opened(url)
    assert events(caplog) == [("start_waits", "STORE_UNREACHABLE")]
    server.start()
    with opened(url):  # the locks of the party that did not start are free
        pass


def test_a_running_party_lives_through_a_server_that_goes_away_and_comes_back(server, opened, caplog) -> None:
    with opened(server.create("away")) as party, working(party) as worker:
        server.stop("immediate")
        eventually(lambda: ("worker_fault", "STORE_UNREACHABLE") in events(caplog))
        server.start()
        eventually(lambda: worker.is_alive() and submitted(party))
        eventually(lambda: relayed(party))
        assert worker.is_alive()


@contextmanager
def working(party: bootstrap.RunningParty) -> Iterator[threading.Thread]:
    stop = threading.Event()
    worker = threading.Thread(target=party.work, args=(stop.is_set,))
    worker.start()
    try:
        yield worker
    finally:
        stop.set()
        party.bell.set()
        worker.join(20)


def relayed(party: bootstrap.RunningParty) -> bool:
    """Tell whether the worker has tried to deliver what was submitted; nobody is there to take it."""
    try:
        return party.node.store.health(party.node.services.clock.now()).queues["outbox"].retrying > 0
    except StorageError:
        return False


def submitted(party: bootstrap.RunningParty) -> bool:
    try:
        return bool(dispatch.submit(party.node, b"no card at all").case_id)
    except StorageError:
        return False


def eventually(true: Callable[[], bool]) -> None:
    ends_at = time.monotonic() + 30
    while not true():
        assert time.monotonic() < ends_at, "it did not come true"
        time.sleep(0.05)
