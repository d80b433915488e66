"""All parties of a data directory in this process: opened, run, founded."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable
from contextlib import AbstractContextManager, ExitStack, closing
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Any

from sqlalchemy import Engine

from tenprint.adapters.accounts import AccountFile
from tenprint.adapters.case_activity import case_activity
from tenprint.adapters.clock import CLOCK_NAME, KeptClock
from tenprint.adapters.database import open_engine
from tenprint.adapters.founding import Background, Founding, Progress, found_network
from tenprint.adapters.lock import DirectoryLock, holder_of
from tenprint.adapters.matcher import Extractor
from tenprint.adapters.network import NetworkFile, load_network
from tenprint.adapters.post import InProcessPost
from tenprint.adapters.reading import Reader
from tenprint.adapters.store import SqlStore
from tenprint.bootstrap.node import Common, blobs_of, build_node
from tenprint.bootstrap.prints import make_extractor, open_gallery
from tenprint.bootstrap.witnesses import Contradicted, Standing, contradicted, standing_of
from tenprint.core.chance import RandomSource, SeededRandomSource, SystemRandomSource
from tenprint.core.clock import Clock, ManualClock, SystemClock
from tenprint.core.closing import Closing
from tenprint.core.errors import SenderError, StorageError
from tenprint.exchange import dispatch
from tenprint.exchange.dispatch import Step
from tenprint.exchange.model.directory import Directory
from tenprint.exchange.model.health import Health
from tenprint.exchange.model.observing import Event, Observer, no_observer
from tenprint.exchange.model.stored import DeadLetter
from tenprint.exchange.model.words import Role
from tenprint.exchange.ports import Extraction, Node, Trigger
from tenprint.ledger.checkpoint import ledger_origin
from tenprint.ledger.keys import PrivateKey
from tenprint.ledger.verify import Finding, verify_log
from tenprint.policy import programme as programmes

if TYPE_CHECKING:
    from tenprint.engine.gallery import Gallery

TEMPLATE_FOLDER = Path("cache") / "templates"
SETTLE_SECONDS = 10.0
"""How long a command that wrote something waits for the running parties to carry it out."""
SETTLE_POLL_SECONDS, SETTLE_POLL_MOST_SECONDS = 0.05, 0.5
WAITS_PASSED_OVER = timedelta(hours=2)
"""Longer than all tries of a row that is given up at last; what waits for a receiver may wait for ever."""


@dataclass
class Network(Closing):
    """All parties of a data directory, running in this process. A context manager; made by `open_network`.

    Args:
        file: what `network.toml` says.
        nodes: running parties by id, in file order.
        clock: what tells the time; a `ManualClock` in simulated networks, which callers may move.
        is_beside: parties of this network run as processes of their own: here things are only written and read.
    """

    file: NetworkFile
    nodes: dict[str, Node]
    clock: Clock
    _stores: dict[str, SqlStore]
    _keys: dict[str, PrivateKey]
    _resources: ExitStack = field(repr=False)
    is_beside: bool = False
    _engines: dict[str, Engine] = field(default_factory=dict, repr=False)

    @property
    def directory(self) -> Directory:
        """Return who takes part."""
        return self.file.directory

    @property
    def galleries(self) -> dict[str, Gallery]:
        """Return the galleries of the parties that keep prints, by party id; opens them."""
        return {place.party.id: self.gallery(place.party.id) for place in self.file.places if place.gallery}

    def node(self, role_or_id: Role | str) -> Node:
        """Return the party with this id, or the first one of this role.

        Raises:
            SenderError: ``UNKNOWN_PARTY``.
        """
        found = self.nodes.get(str(role_or_id))
        if found is None:
            found = next((node for node in self.nodes.values() if node.party.role == role_or_id), None)
        if found is None:
            known = ", ".join(self.nodes)
            raise SenderError("UNKNOWN_PARTY", f"no party {role_or_id!r} here", hint=f"known parties: {known}")
        return found

    def gallery(self, role_or_id: Role | str) -> Gallery:
        """Return a party's gallery, opened.

        Raises:
            SenderError: ``UNKNOWN_PARTY``, or ``NO_GALLERY`` for a party that keeps no prints.
        """
        matcher: Any = self.node(role_or_id).services.matcher
        gallery: Gallery = matcher.gallery
        return gallery

    def run(self, on_step: Callable[[Step], None] | None = None) -> int:
        """Do everything that is due, then sign each ledger's present root; return how many rows were worked on.

        A simulated clock moves over the waits between repeated tries, which nobody need sit through, for at most two
        hours, and never to a timer: that is `jump_to_next_due`. Beside running parties nothing is done here: the work
        is theirs.
        """
        if self.is_beside:
            return 0
        nodes = list(self.nodes.values())
        done = dispatch.run_until_idle(nodes, on_step)
        until = self.clock.now() + WAITS_PASSED_OVER
        while isinstance(self.clock, ManualClock) and (retry := self._next_queue_due()) is not None and retry <= until:
            self.clock.jump_to(retry)
            done += dispatch.run_until_idle(nodes, on_step)
        self.sign_checkpoints()
        return done

    def settle(self, seconds: float = SETTLE_SECONDS, case_id: str = "") -> bool:
        """See to it that what was written is carried out: `run`, or wait for the parties that run by themselves.

        Args:
            seconds: longest wait beside running parties.
            case_id: wait for this case's messages only.

        Returns:
            whether nothing is due any more, as far as the parties run.
        """
        if not self.is_beside:
            self.run()
            return True
        ends_at, before, pause = time.monotonic() + seconds, -1, SETTLE_POLL_SECONDS
        while time.monotonic() < ends_at:
            is_busy, size = self._running_state(case_id)
            if not is_busy and size == before:  # twice in a row: a message on its way lies in one of two databases
                return True
            before = -1 if is_busy else size
            time.sleep(pause)
            pause = min(2 * pause, SETTLE_POLL_MOST_SECONDS)
        return False

    def process_of(self, party_id: str) -> int | None:
        """Return the process that runs a party by itself, or None."""
        return holder_of(self.file.folder / self.file.place(party_id).home)

    def is_stopped(self, party_id: str) -> bool:
        """Tell whether other parties run by themselves and this one does not, so that nobody does its work."""
        return self.is_beside and self.process_of(party_id) is None

    def enrol(self, role_or_id: Role | str, subject_id: str, data: bytes) -> Extraction:
        """Put a subject into a party's gallery from a file (`dispatch.enrol`); beside a running party, it does that."""
        return dispatch.enrol(self.node(role_or_id), subject_id, data, at_once=not self.is_beside)

    def jump_to_next_due(self, until: datetime | None = None) -> bool:
        """Move a simulated clock to the next due timer or message; tell whether there was one (not after `until`).

        Raises:
            SenderError: ``CLOCK_REAL`` when the network runs by the system's clock.
        """
        if not isinstance(self.clock, ManualClock):
            raise SenderError("CLOCK_REAL", "this network runs by the real time, which does not jump")
        due = dispatch.next_due(list(self.nodes.values()))
        if due is None or (until is not None and due > until):
            return False
        self.clock.jump_to(due)
        return True

    def sign_checkpoints(self) -> dict[str, bytes]:
        """Sign each ledger's present root, unless that was done, and have it cosigned; return the newest per party."""
        signed = {}
        for party, store in self._stores.items():
            before = store.newest_checkpoint()
            signed[party] = self._sign_checkpoint(party)
            if signed[party] != before:
                self.nodes[party].note(Event.CHECKPOINT_SIGNED)
        for node in self.nodes.values():
            dispatch.seek_cosignatures(node)
        return signed

    def witness_standing(self) -> list[Standing]:
        """Return who cosigned each ledger's newest checkpoint, in file order."""
        return [standing_of(node) for node in self.nodes.values()]

    def contradictions(self) -> tuple[Contradicted, ...]:
        """Return every two checkpoints of a party, by whomever they were kept, that cannot both be true."""
        return contradicted(self.nodes)

    def checkpoints(self, role_or_id: Role | str) -> list[bytes]:
        """Return all signed checkpoints of a party's ledger, oldest first."""
        return self._stores[self.node(role_or_id).party.id].checkpoints()

    def root(self, role_or_id: Role | str) -> tuple[int, bytes]:
        """Return size and Merkle root (32 bytes) of a party's ledger."""
        with self._reading(role_or_id) as reader:
            frontier = reader.frontier()
        return frontier.size, frontier.root()

    def verify_ledger(self, role_or_id: Role | str) -> tuple[Finding, ...]:
        """Recompute a party's log and check it against all of its checkpoints; empty when all of it verifies."""
        node = self.node(role_or_id)
        if self.is_beside:
            self._sign_checkpoint(node.party.id)
        *earlier, newest = self.checkpoints(node.party.id)
        key = node.party.verifier
        return verify_log(node.store.entries(), newest, key, ledger_origin(node.party.id), earlier)

    def message_counts(self) -> dict[str, int]:
        """Return how many messages of each kind the parties sent each other."""
        counts: dict[str, int] = {}
        for party in self.nodes:
            with self._reading(party) as reader:
                for kind, count in reader.message_counts().items():
                    counts[kind] = counts.get(kind, 0) + count
        return dict(sorted(counts.items()))

    def dead_letters(self) -> dict[str, list[DeadLetter]]:
        """Return the messages and enrolments that were given up, per party that has any."""
        found = {party: node.store.dead_letters() for party, node in self.nodes.items()}
        return {party: letters for party, letters in found.items() if letters}

    def health(self) -> dict[str, Health]:
        """Return how each party's work stands, counted without reading what anybody wrote, by party id."""
        return {party: node.store.health(self.clock.now()) for party, node in self.nodes.items()}

    def dead_letters_of(
        self, role_or_id: Role | str = "", code: str = "", name: str = ""
    ) -> dict[str, list[DeadLetter]]:
        """Return some of the `dead_letters`.

        Args:
            role_or_id: only this party's.
            code: only those that failed with it last.
            name: only this message (`DeadLetter.id`; those of all its senders), or ``sender/id`` for one sender's.

        Raises:
            SenderError: ``UNKNOWN_PARTY``, or ``UNKNOWN_DEAD_LETTER`` when there is none of this name.
        """
        party = self.node(role_or_id).party.id if role_or_id else ""
        found = {
            one: [each for each in letters if code in ("", each.failure) and name in ("", each.id, str(each.key))]
            for one, letters in self.dead_letters().items()
            if party in ("", one)
        }
        found = {one: letters for one, letters in found.items() if letters}
        if name and not found:
            said, hint = f"{party} has given up no message {name!r}", "see: tenprint network dead-letters"
            raise SenderError("UNKNOWN_DEAD_LETTER", said, hint=hint)
        return found

    def revive(self, party: str, letters: Iterable[DeadLetter]) -> int:
        """Make dead letters of a party due again; return how many were dead (`dispatch.revive`)."""
        return dispatch.revive(self.nodes[party], letters)

    def close(self) -> None:
        """Release databases, workers and the lock; doing it twice changes nothing."""
        self._resources.close()

    def _sign_checkpoint(self, party: str) -> bytes:
        return self._stores[party].sign_checkpoint(ledger_origin(party), self._keys[party], self.clock.now())

    def _running_state(self, case_id: str) -> tuple[bool, int]:
        """Return whether a party that runs has something due (of a case), and a number that grows with what is done."""
        now, is_busy, size = self.clock.now(), False, 0
        for party in self.nodes:
            if self.process_of(party) is None:
                continue
            if case_id:
                waits, length = case_activity(self._engine(party), case_id, now)
            else:
                with self._reading(party) as reader:
                    due, length = reader.next_queue_due(), reader.ledger_size()
                waits = due is not None and due <= now
            is_busy, size = is_busy or waits, size + length
        return is_busy, size

    def _engine(self, party: str) -> Engine:
        if party not in self._engines:
            self._engines[party] = open_engine(self.file.database_url(self.file.place(party)))
            self._resources.callback(self._engines[party].dispose)
        return self._engines[party]

    def _reading(self, role_or_id: Role | str) -> AbstractContextManager[Reader]:
        return self._stores[self.node(role_or_id).party.id].reading()

    def _next_queue_due(self) -> datetime | None:
        times = []
        for store in self._stores.values():
            with store.reading() as reader:
                times.append(reader.next_queue_due())
        return min((moment for moment in times if moment is not None), default=None)


def open_network(
    directory: Path,
    *,
    clock: Clock | None = None,
    random: RandomSource | None = None,
    trigger: Trigger | None = None,
    observe: Observer = no_observer,
    workers: int | None = None,
    extractor: Extractor | None = None,
    templates: Path | None = None,
    beside: bool = False,
) -> Network:
    """Open all parties of a data directory; nothing runs until `Network.run`.

    Args:
        directory: folder with `network.toml`.
        clock: instead of the one that the party file names.
        random: source of salts; the system's by default.
        trigger: called at the named points of `dispatch.points`; crash tests kill the process there.
        observe: told what happens at all parties, such as a `Watch`.
        workers: extraction processes; 0 extracts in this process, None takes all cores but one.
        extractor: instead of the real one, for tests with prepared templates.
        templates: folder of templates of images seen before, instead of the network's own; may be shared by several.
        beside: when parties run as processes of their own, open it all the same (`Network.is_beside`).

    Raises:
        SenderError: ``NETWORK_MISSING``, or the programme is unknown.
        RecordError: ``NETWORK_INVALID``.
        StorageError: ``STORE_LOCKED`` when another process works on the directory, or what else cannot be opened.
    """
    file = load_network(directory)
    with ExitStack() as opening:
        is_beside = opening.enter_context(_lock(directory, beside=beside and file.clock_start is None)).is_shared
        common = Common(
            file=file,
            clock=clock or clock_of(file),
            random=random or SystemRandomSource(),
            programme=programmes.load(file.directory.programme),
            extractor=extractor
            or make_extractor(templates or directory / TEMPLATE_FOLDER, workers=workers, ending=opening),
            trigger=trigger,
            observe=observe,
            has_galleries=not is_beside,
        )
        post = InProcessPost()
        built = {
            place.party.id: build_node(common, place, file.private_key(place), post, opening)
            for place in file.places
            if file.is_here(place)
        }
        nodes = {party: each.node for party, each in built.items()}
        post.connect(nodes.values())
        return Network(
            file,
            nodes,
            common.clock,
            {party: each.store for party, each in built.items()},
            {party: each.key for party, each in built.items()},
            opening.pop_all(),
            is_beside,
        )


def init_network(
    directory: Path,
    *,
    seed: int | None = None,
    background: Background = (),
    founding: Founding | None = None,
    on_progress: Progress | None = None,
) -> NetworkFile:
    """Found a network in a new folder, of seven parties unless `founding` says otherwise.

    Keys come from the system's random source.

    Args:
        directory: absent or empty.
        seed: what the synthetic people are made from, noted in the party file; does not touch the keys.
        background: ``(subject_id, {FGP: Template})`` for the immigration repository's gallery.
        founding: name, programme, clock and founders other than the usual ones; its directory and seed are replaced.
        on_progress: called with ``parties`` or ``subjects`` and how many more are done.

    Raises:
        SenderError: ``NETWORK_EXISTS`` or ``NETWORK_FOLDER_TAKEN``, an unknown programme.
        StorageError: a code of `adapters.faults`.
    """
    usual = founding or Founding(directory)
    plan = replace(usual, directory=directory, seed=seed)
    programmes.load(plan.programme)
    return found_network(
        plan,
        random=SystemRandomSource(),
        open_gallery=open_gallery,
        background=background,
        on_progress=on_progress,
    )


def seeded_random(network: NetworkFile, seed: int) -> RandomSource:
    """Return a repeatable source of ids and salts for a network of synthetic people.

    It continues from the ledgers' sizes, because whatever used it left an entry: a run that resumes after a stop or
    kill, even at the same time of the clock, never gives a second case the first one's id.

    Raises:
        StorageError: a database cannot be read.
    """
    sizes = []
    for place in network.places:
        store = SqlStore(network.database_url(place), blobs_of(network, place), place.party.id)
        with closing(store), store.reading() as reader:
            sizes.append(reader.ledger_size())
    return SeededRandomSource(f"{seed}/{sizes}")


def open_accounts(directory: Path, party: str = "") -> AccountFile:
    """Return the accounts of a network's people, or of those who work at one party; raises as `load_network`."""
    return AccountFile(load_network(directory).folder, party=party)


def clock_of(file: NetworkFile) -> Clock:
    """Return the clock that a party file names."""
    if file.clock_start is None:
        return SystemClock()
    return KeptClock(file.folder / CLOCK_NAME, file.clock_start)


def _lock(directory: Path, *, beside: bool) -> DirectoryLock:
    """Return the lock of a whole network; beside running parties, where that is wanted, one held together with them."""
    try:
        return DirectoryLock(directory)
    except StorageError:
        if not beside:
            raise
    return DirectoryLock(directory, shared=True)
