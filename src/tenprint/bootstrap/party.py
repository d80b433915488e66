"""One party of a network as a process of its own: its node, its way to the others by HTTPS, its worker."""

from __future__ import annotations

import json
import logging
import threading
import time
from collections.abc import Callable
from contextlib import ExitStack, suppress
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from ssl import SSLContext
from urllib.parse import urlsplit

from tenprint.adapters.blobs import FileBlobs
from tenprint.adapters.certificates import server_context
from tenprint.adapters.claims import LEASE
from tenprint.adapters.database import POSTGRESQL
from tenprint.adapters.doorbell import EventBell
from tenprint.adapters.drop import DropFolder
from tenprint.adapters.lock import DirectoryLock
from tenprint.adapters.matcher import Extractor
from tenprint.adapters.network import NetworkFile, Place, load_network
from tenprint.adapters.post_https import HttpsPost
from tenprint.bootstrap.network import TEMPLATE_FOLDER
from tenprint.bootstrap.node import Built, Common, build_node
from tenprint.bootstrap.prints import make_extractor
from tenprint.core.chance import RandomSource, SystemRandomSource
from tenprint.core.clock import Clock, SystemClock
from tenprint.core.closing import Closing
from tenprint.core.errors import SenderError, StorageError
from tenprint.exchange import dispatch
from tenprint.exchange.dispatch.faults import ProgramFault, contained, tell_fault
from tenprint.exchange.model.observing import Event, Observer, no_observer
from tenprint.exchange.ports import Node, Trigger
from tenprint.ledger.checkpoint import ledger_origin
from tenprint.ledger.keys import PrivateKey
from tenprint.policy import programme as programmes

POLL_SECONDS = 0.1
"""How long the worker sleeps at most: other processes write rows (a person's answer, a booking) and ring no bell."""
FAULT_SECONDS = 1.0
"""Rest after the database could not be used."""
CHECKPOINT_IDLE = timedelta(seconds=1)
CHECKPOINT_BUSY = timedelta(minutes=1)
"""A ledger's root is signed once nothing was done for so long, and while something is, so often."""
LONG_AGO = datetime(1970, 1, 1, tzinfo=UTC)
NEVER = datetime(9999, 12, 31, tzinfo=UTC)
LOCK_PATIENCE_SECONDS = 10.0
"""A command on the whole network holds its lock for a moment; a party that starts meanwhile waits for it."""
LOCK_POLL_SECONDS = 0.1
START_PATIENCE_SECONDS = 30.0
"""So long a party that starts waits for a database that is busy, or for its server."""
BUSY, UNREACHABLE = "STORE_BUSY", "STORE_UNREACHABLE"
PASSING = frozenset({BUSY, UNREACHABLE})
"""Codes of a database that may be there again in a moment."""
_log = logging.getLogger("tenprint.party")


@dataclass
class RunningParty(Closing):
    """One party with its worker. A context manager; made by `open_party`.

    Args:
        file: what `network.toml` says.
        place: the party's.
        bell: rung when something was queued in this process: by its door, or by whoever answers a task here.
    """

    file: NetworkFile
    place: Place
    _built: Built
    _clock: Clock
    _resources: ExitStack = field(repr=False)
    bell: threading.Event = field(default_factory=threading.Event)
    _seen: tuple[int | None, datetime | None] = (None, None)
    _is_rung: bool = False
    _signed_size: int = -1
    _signed_at: datetime = LONG_AGO
    _checked_at: datetime = LONG_AGO
    _looked_at: datetime = NEVER

    @property
    def node(self) -> Node:
        """Return the party's node."""
        return self._built.node

    @property
    def blobs(self) -> FileBlobs:
        """Return the party's blobs, to which its door writes."""
        return self._built.blobs

    @property
    def address(self) -> tuple[str, int]:
        """Return host and port of its door."""
        return address_of(self.place)

    def drop_folder(self, folder: Path) -> DropFolder:
        """Return the party's drop folder; raises as `adapters.drop.DropFolder`."""
        database, journal = self.file.database_url(self.place), self.file.folder / self.place.home / "drop"
        return DropFolder(folder, self.node, database, journal, self.bell.set)

    def tls(self) -> SSLContext:
        """Return the TLS settings of its door; raises as `adapters.certificates.server_context`."""
        folder = self.file.folder
        return server_context(folder / self.place.certificate, folder / self.place.certificate_key)

    def work(self, should_stop: Callable[[], bool]) -> None:
        """Do what is due, again and again, until told to stop; then sign the ledger's last root.

        A database that cannot be used is tried again. A fault of the program is put down to the row at which it
        happens; one that is no row's is told, and what it happened at is tried again after a rest.
        """
        while not should_stop():
            self.bell.clear()
            try:
                with contained(self.node, families=StorageError):
                    self._work_once()
            except ProgramFault as fault:
                tell_fault(self.node, fault)
                self.bell.wait(FAULT_SECONDS)
            except StorageError as problem:
                _log_fault("worker_fault", self.node.party.id, problem.code)
                self.bell.wait(FAULT_SECONDS)
        # What was not signed yet is signed when the party runs again: ending is not the time to wait for a database.
        with suppress(StorageError):
            self._sign_checkpoint()

    def announce(self, should_stop: Callable[[], bool]) -> None:
        """Tell those whom the party's switches bind what has changed in the party file; a database is tried again."""
        while not should_stop():
            try:
                if dispatch.announce(self.node):
                    self.bell.set()
            except StorageError as problem:
                _log_fault("worker_fault", self.node.party.id, problem.code)
                self.bell.wait(FAULT_SECONDS)
            else:
                return

    def close(self) -> None:
        """Release database, connections, workers and locks; doing it twice changes nothing."""
        self._resources.close()

    def _work_once(self) -> None:
        """Do what is due, or sleep for a moment; the database is read only when somebody has written to it.

        What the bell tells of is due, so that nothing needs to be looked up before it.
        """
        now = self._clock.now()
        if now < self._looked_at:  # at the start, and when the clock was set back
            self._built.store.bring_forward(now)
            self._signed_at, self._checked_at, self._seen = LONG_AGO, LONG_AGO, (None, None)
        self._looked_at = now
        version = self._built.watch.version()
        seen, due = self._seen
        if not self._is_rung and (version is None or version != seen or (due is not None and due <= now)):
            due = dispatch.next_due([self.node])
            self._seen = (version, due)
        if self._is_rung or (due is not None and due <= now):
            self._is_rung, self._seen = False, (None, None)
            while dispatch.run_round(self.node, self._after_step):
                pass
            self._checked_at = self._clock.now()
            return
        if abs(now - self._checked_at) >= CHECKPOINT_IDLE:
            self._checked_at = now
            self._sign_checkpoint()
        seconds = POLL_SECONDS if due is None else min(POLL_SECONDS, (due - now).total_seconds())
        self._is_rung = self.bell.wait(seconds)

    def _after_step(self, step: dispatch.Step) -> None:  # noqa: ARG002 - whatever it was
        if self._clock.now() - self._signed_at >= CHECKPOINT_BUSY:
            self._sign_checkpoint()

    def _sign_checkpoint(self) -> None:
        with self._built.store.reading() as reader:
            size = reader.ledger_size()
        if size != self._signed_size:
            self._signed_at = self._clock.now()
            self._built.store.sign_checkpoint(ledger_origin(self.node.party.id), self._built.key, self._signed_at)
            self._signed_size = size
            self.node.note(Event.CHECKPOINT_SIGNED)
        dispatch.seek_cosignatures(self.node)


def open_party(
    directory: Path,
    party_id: str,
    *,
    clock: Clock | None = None,
    random: RandomSource | None = None,
    trigger: Trigger | None = None,
    workers: int | None = None,
    extractor: Extractor | None = None,
    templates: Path | None = None,
    observe: Observer = no_observer,
    change: Callable[[Node], Node] | None = None,
    lease: timedelta = LEASE,
) -> RunningParty:
    """Open one party of a data directory, to run it in this process; arguments as for `open_network`.

    Its node contains faults of the program. `change` returns it with other parts than the usual ones, for studies,
    which want to see a fault; `lease` is as `Common` has it.

    Raises:
        SenderError: ``NETWORK_MISSING``, ``UNKNOWN_PARTY``, ``PARTY_WITHOUT_ADDRESS``, ``CLOCK_SIMULATED``.
        RecordError: ``NETWORK_INVALID``.
        StorageError: ``STORE_LOCKED`` when another process runs this party or the whole network; ``STORE_BUSY``, or on
            a server ``STORE_UNREACHABLE``, after `START_PATIENCE_SECONDS`; another code of `adapters.faults` at once.
    """
    file = load_network(directory)
    place = file.place(party_id)
    refuse_simulated(file)
    address_of(place)
    with ExitStack() as opening:
        opening.enter_context(patient_lock(directory, shared=True))
        opening.enter_context(patient_lock(directory / place.home, shared=False))
        bell = threading.Event()
        common = Common(
            file=file,
            clock=clock or SystemClock(),
            random=random or SystemRandomSource(),
            programme=programmes.load(file.directory.programme),
            extractor=extractor
            or make_extractor(templates or directory / TEMPLATE_FOLDER, workers=workers, ending=opening),
            trigger=trigger,
            observe=observe,
            lease=lease,
            bell=EventBell(bell),
        )
        key = file.private_key(place)
        post = HttpsPost(file, party_id, key, common.clock)
        opening.callback(post.close)
        built = _built_patiently(common, place, key, post, opening)
        built.blobs.clear_spool()
        built = replace(built, node=replace(built.node, contains_faults=True))
        if change is not None:
            built = replace(built, node=change(built.node))
        return RunningParty(file, place, built, common.clock, opening.pop_all(), bell)


def refuse_simulated(file: NetworkFile) -> None:
    """Refuse a network whose parties cannot be processes of their own.

    Raises:
        SenderError: ``CLOCK_SIMULATED``.
    """
    if file.clock_start is not None:
        raise SenderError(
            "CLOCK_SIMULATED",
            "this network runs by a simulated clock, which only one process can move",
            hint="make a network of separate parties with: tenprint network init DIR",
        )


def address_of(place: Place) -> tuple[str, int]:
    """Return host and port of a party's door.

    Raises:
        SenderError: ``PARTY_WITHOUT_ADDRESS``.
    """
    split = urlsplit(place.url)
    if split.scheme != "https" or split.hostname is None:
        raise SenderError(
            "PARTY_WITHOUT_ADDRESS",
            f"{place.party.id} has no https address: it runs in one process with the others",
            hint="make a network of separate parties with: tenprint network init DIR",
        )
    return split.hostname, split.port or 443


def _built_patiently(common: Common, place: Place, key: PrivateKey, post: HttpsPost, opening: ExitStack) -> Built:
    """Put a party together as `build_node`; wait, and say so, while its database is busy or its server is not there.

    What a predecessor that was killed still holds of the database is free in a moment, and a server that was started
    together with the party, or that recovers from a crash, takes connections a little later.
    """
    is_on_server = common.file.database_url(place).get_backend_name() == POSTGRESQL
    passing = {BUSY, UNREACHABLE} if is_on_server else {BUSY}
    ends_at, told = time.monotonic() + START_PATIENCE_SECONDS, ""
    while True:
        parts = ExitStack()
        try:
            built = build_node(common, place, key, post, parts)
        except StorageError as problem:
            parts.close()
            if problem.code not in passing or time.monotonic() > ends_at:
                raise
            if problem.code != told:
                told = problem.code
                _log_fault("start_waits", place.party.id, told)
            time.sleep(FAULT_SECONDS)
        else:
            opening.enter_context(parts)
            return built


def patient_lock(directory: Path, *, shared: bool) -> DirectoryLock:
    """Return a directory's lock once commands that hold it for a moment let it go; raises as `DirectoryLock`."""
    ends_at = time.monotonic() + LOCK_PATIENCE_SECONDS
    while True:
        try:
            return DirectoryLock(directory, shared=shared)
        except StorageError as problem:
            if problem.code != "STORE_LOCKED" or time.monotonic() > ends_at:
                raise
            time.sleep(LOCK_POLL_SECONDS)


def _log_fault(event: str, party: str, code: str) -> None:
    told = {"event": event, "party": party, "code": code}
    _log.error("%s", json.dumps(told), extra={"event_name": event, "fields": told})
