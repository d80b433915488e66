"""All parties of a data directory in this process: opened, run, founded."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import AbstractContextManager, ExitStack, closing
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from types import TracebackType
from typing import TYPE_CHECKING, Any, Self

from tenprint.adapters.accounts import AccountFile
from tenprint.adapters.blobs import FileBlobs
from tenprint.adapters.clock import CLOCK_NAME, KeptClock
from tenprint.adapters.founding import Background, Founding, Progress, found_network
from tenprint.adapters.lock import DirectoryLock
from tenprint.adapters.matcher import Extractor, LocalMatcher
from tenprint.adapters.network import NetworkFile, Place, load_network
from tenprint.adapters.post import InProcessPost
from tenprint.adapters.reading import Reader
from tenprint.adapters.store import SqlStore
from tenprint.bootstrap.prints import make_extractor, open_gallery
from tenprint.bootstrap.witnesses import Contradicted, Standing, contradicted, standing_of
from tenprint.core.chance import RandomSource, SeededRandomSource, SystemRandomSource
from tenprint.core.clock import Clock, ManualClock, SystemClock
from tenprint.core.errors import SenderError
from tenprint.exchange import dispatch
from tenprint.exchange.dispatch import Step
from tenprint.exchange.model.directory import Directory
from tenprint.exchange.model.health import Health
from tenprint.exchange.model.observing import Event, Observer, no_observer
from tenprint.exchange.model.words import Role
from tenprint.exchange.ports import Node, Services, Trigger, no_trigger
from tenprint.exchange.store import DeadLetter
from tenprint.ledger.checkpoint import ledger_origin
from tenprint.ledger.keys import PrivateKey, PublicKey
from tenprint.ledger.verify import Finding, verify_log
from tenprint.policy import programme as programmes

if TYPE_CHECKING:
    from tenprint.engine.gallery import Gallery

TEMPLATE_FOLDER = Path("cache") / "templates"


@dataclass
class Network:
    """All parties of a data directory, running in this process. A context manager; made by `open_network`.

    Args:
        file: what `network.toml` says.
        nodes: running parties by id, in file order.
        clock: what tells the time; a `ManualClock` in simulated networks, which callers may move.
    """

    file: NetworkFile
    nodes: dict[str, Node]
    clock: Clock
    _stores: dict[str, SqlStore]
    _keys: dict[str, PrivateKey]
    _resources: ExitStack = field(repr=False)

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

        A simulated clock moves over the waits between repeated tries, which nobody need sit through, but never to a
        timer: that is `jump_to_next_due`.
        """
        nodes = list(self.nodes.values())
        done = dispatch.run_until_idle(nodes, on_step)
        while isinstance(self.clock, ManualClock) and (retry := self._next_queue_due()) is not None:
            self.clock.jump_to(retry)
            done += dispatch.run_until_idle(nodes, on_step)
        self.sign_checkpoints()
        return done

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
            signed[party] = store.sign_checkpoint(ledger_origin(party), self._keys[party], self.clock.now())
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
        *earlier, newest = self.checkpoints(node.party.id)
        key = PublicKey(node.party.public_key)
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

    def revive(self, role_or_id: Role | str, name: str) -> int:
        """Make a party's dead letters of this id due again; return how many.

        Args:
            role_or_id: the party.
            name: message id (`DeadLetter.id`; those of all its senders), or ``sender/id`` for one sender's.

        Raises:
            SenderError: ``UNKNOWN_PARTY``, or ``UNKNOWN_DEAD_LETTER`` when it has none of this id.
        """
        party = self.node(role_or_id).party.id
        letters = [letter for letter in self.dead_letters().get(party, ()) if name in (letter.id, str(letter.key))]
        if not letters:
            raise SenderError(
                "UNKNOWN_DEAD_LETTER",
                f"{party} has given up no message {name!r}",
                hint="see: tenprint network dead-letters",
            )
        return dispatch.revive(self.nodes[party], letters)

    def close(self) -> None:
        """Release databases, workers and the lock; doing it twice changes nothing."""
        self._resources.close()

    def __enter__(self) -> Self:
        """Return the network."""
        return self

    def __exit__(
        self, kind: type[BaseException] | None, value: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Release everything."""
        self.close()

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

    Raises:
        SenderError: ``NETWORK_MISSING``, or the programme is unknown.
        RecordError: ``NETWORK_INVALID``.
        StorageError: ``STORE_LOCKED`` when another process works on the directory, or what else cannot be opened.
    """
    file = load_network(directory)
    with ExitStack() as opening:
        opening.enter_context(DirectoryLock(directory))
        clock = clock or _clock(file)
        random = random or SystemRandomSource()
        extractor = extractor or make_extractor(
            templates or directory / TEMPLATE_FOLDER, workers=workers, ending=opening
        )
        programme = programmes.load(file.directory.programme)
        post = InProcessPost()
        nodes: dict[str, Node] = {}
        stores: dict[str, SqlStore] = {}
        keys: dict[str, PrivateKey] = {}
        for place in file.places:
            party = place.party
            blobs = _blobs(file, place)
            stores[party.id] = SqlStore(file.database_url(place), blobs, party.id)
            opening.callback(stores[party.id].close)
            keys[party.id] = file.private_key(place)
            services = Services(
                party=party,
                directory=file.directory,
                programme=programme,
                clock=clock,
                random=random,
                signer=keys[party.id],
                blobs=blobs,
                matcher=_matcher(directory, place, extractor, opening),
            )
            nodes[party.id] = Node(stores[party.id], post, services, trigger or no_trigger, observe)
        post.connect(nodes.values())
        return Network(file, nodes, clock, stores, keys, opening.pop_all())


def init_network(
    directory: Path,
    *,
    seed: int | None = None,
    background: Background = (),
    founding: Founding | None = None,
    on_progress: Progress | None = None,
) -> NetworkFile:
    """Found a network of seven parties in a new folder; keys come from the system's random source.

    Args:
        directory: absent or empty.
        seed: what the synthetic people are made from, noted in the party file; does not touch the keys.
        background: ``(subject_id, {FGP: Template})`` for the immigration repository's gallery.
        founding: name, programme and clock other than the usual ones; its directory and seed are replaced.
        on_progress: called with ``parties`` or ``subjects`` and how many more are done.

    Raises:
        SenderError: ``NETWORK_EXISTS`` or ``NETWORK_FOLDER_TAKEN``, an unknown programme.
        StorageError: a code of `adapters.faults`.
    """
    usual = founding or Founding(directory)
    plan = Founding(directory, usual.name, usual.programme, usual.clock_mode, usual.clock_start, seed)
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
        store = SqlStore(network.database_url(place), _blobs(network, place), place.party.id)
        with closing(store), store.reading() as reader:
            sizes.append(reader.ledger_size())
    return SeededRandomSource(f"{seed}/{sizes}")


def open_accounts(directory: Path) -> AccountFile:
    """Return the accounts of a network's people; raises as `load_network`."""
    return AccountFile(load_network(directory).folder)


def _blobs(file: NetworkFile, place: Place) -> FileBlobs:
    return FileBlobs(file.folder / place.blobs)


def _clock(file: NetworkFile) -> Clock:
    if file.clock_start is None:
        return SystemClock()
    return KeptClock(file.folder / CLOCK_NAME, file.clock_start)


def _matcher(directory: Path, place: Place, extractor: Extractor, opening: ExitStack) -> LocalMatcher:
    if not place.gallery:
        return LocalMatcher(extractor, None)

    def opened() -> Gallery:
        gallery = open_gallery(directory / place.gallery)
        opening.callback(gallery.close)
        return gallery

    return LocalMatcher(extractor, opened)
