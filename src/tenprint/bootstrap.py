"""The one place where real things are built and put together. Heavy libraries load when they are first needed.

with open_network(Path("data/demo")) as network:
    submit(network.node("agency"), card)
    network.run()
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import AbstractContextManager, ExitStack, closing, contextmanager
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from types import TracebackType
from typing import TYPE_CHECKING, Any, Self

from tenprint.adapters.accounts import AccountFile
from tenprint.adapters.blobs import FileBlobs
from tenprint.adapters.card_cache import CardCache
from tenprint.adapters.clock import CLOCK_NAME, KeptClock
from tenprint.adapters.founding import Background, Founding, Progress, found_network
from tenprint.adapters.image_files import read_image, read_template
from tenprint.adapters.lock import DirectoryLock
from tenprint.adapters.matcher import Extractor, LocalMatcher
from tenprint.adapters.network import NetworkFile, Place, load_network
from tenprint.adapters.pool import Crew, InProcessPool, WorkerPool, default_workers
from tenprint.adapters.post import InProcessPost
from tenprint.adapters.reading import DeadLetter, Reader
from tenprint.adapters.store import SqlStore
from tenprint.adapters.templates import TemplateCache
from tenprint.core.chance import RandomSource, SeededRandomSource, SystemRandomSource
from tenprint.core.clock import Clock, ManualClock, SystemClock
from tenprint.core.errors import SenderError
from tenprint.core.image import ENGINE_PPI, FingerImage
from tenprint.core.template import Template
from tenprint.exchange import dispatch
from tenprint.exchange.dispatch import Step
from tenprint.exchange.model.directory import Directory
from tenprint.exchange.model.words import Role
from tenprint.exchange.ports import Node, Services, Trigger, no_trigger
from tenprint.ledger.keys import PrivateKey, PublicKey
from tenprint.ledger.verify import Finding, verify_log
from tenprint.policy import programme as programmes
from tenprint.records import EncodedImage

if TYPE_CHECKING:
    import numpy as np
    import numpy.typing as npt

    from tenprint.engine.gallery import Gallery
    from tenprint.studies.cards import CardShop

TEMPLATE_FOLDER = Path("cache") / "templates"
LOG_ORIGIN = "tenprint/{party}"
"""Name of a party's log in its checkpoints."""

__all__ = [
    "AccountFile", "DeadLetter", "Founding", "Network", "card_shop", "compare", "extract", "extract_file",
    "image_codec", "init_network", "ledger_origin", "load_network", "make_extractor", "open_accounts", "open_gallery",
    "open_network", "read_image", "seeded_random", "templates_of", "warm",
]  # fmt: skip


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
        """Sign each ledger's present root, unless that was done; return the newest checkpoint per party."""
        return {
            party: store.sign_checkpoint(ledger_origin(party), self._keys[party], self.clock.now())
            for party, store in self._stores.items()
        }

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
        found = {}
        for party in self.nodes:
            with self._reading(party) as reader:
                found[party] = reader.dead_letters()
        return {party: letters for party, letters in found.items() if letters}

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
        with self._stores[party].transaction() as transaction:
            return sum(transaction.revive(letter.queue, letter.key, self.clock.now()) for letter in letters)

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
            nodes[party.id] = Node(stores[party.id], post, services, trigger or no_trigger)
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


@contextmanager
def image_codec() -> Iterator[tuple[Callable[[EncodedImage], FingerImage], Callable[[FingerImage], EncodedImage]]]:
    """Run codec processes; yields how to decode and how to encode (WSQ) an image of a record."""
    from tenprint.records.images import CodecPool, decode, encode  # noqa: PLC0415 - loads Pillow

    with CodecPool() as codec:
        yield lambda image: decode(image, codec), lambda image: encode(image, codec)


def open_accounts(directory: Path) -> AccountFile:
    """Return the accounts of a network's people; raises as `load_network`."""
    return AccountFile(load_network(directory).folder)


def ledger_origin(party_id: str) -> str:
    """Return the name of a party's log, as its checkpoints state it."""
    return LOG_ORIGIN.format(party=party_id)


def open_gallery(folder: Path) -> Gallery:
    """Open a gallery, making an empty one if there is none."""
    from tenprint.engine.gallery import Gallery  # noqa: PLC0415 - loads the compiled kernels

    return Gallery(folder)


def make_extractor(cache: Path, *, workers: int | None = None, ending: ExitStack) -> Extractor:
    """Return the extraction line: cache, codec processes, workers. Nothing starts before the first new image.

    Args:
        cache: folder of templates of images seen before.
        workers: as for `open_network`.
        ending: gets what must be ended.
    """
    from tenprint.records.images import CodecPool, decode  # noqa: PLC0415 - loads Pillow

    count = default_workers() if workers is None else workers
    pool = WorkerPool(count) if count else InProcessPool()
    ending.callback(pool.close)
    codec = ending.enter_context(CodecPool())
    return Extractor(TemplateCache(cache, _extractor_version), lambda image: decode(image, codec), pool)


@contextmanager
def card_shop(folder: Path, workers: int | None = None) -> Iterator[CardShop]:
    """Open the folder in which the stories' cards and their templates are kept; its workers start when one is missing.

    Args:
        folder: created when the first card is made; the templates lie in `templates_of` it.
        workers: processes that make cards; None takes as many as there are cores, at most one a hand.
    """
    from tenprint.studies.cards import HANDS, CardShop  # noqa: PLC0415 - only who tells stories

    crew = Crew(min(len(HANDS), default_workers() + 1) if workers is None else workers)
    cache = CardCache(folder, TemplateCache(templates_of(folder), _extractor_version))
    try:
        yield CardShop(cache, crew, _extractor_version)
    finally:
        crew.close()


def templates_of(cards: Path) -> Path:
    """Return the folder of templates beside kept cards: `templates` of `open_network` for who uses them."""
    return cards / "templates"


def extract_file(path: Path, ppi: int | None = None) -> Template:
    """Return the template of an image file, or the one that a template file holds.

    Raises:
        as `read_image` and `read_template`; EngineError when the image cannot be used.
    """
    found = read_template(path)
    return found if found is not None else extract(read_image(path, ppi))


def extract(image: FingerImage | npt.NDArray[np.uint8], ppi: int = ENGINE_PPI) -> Template:
    """Return the template of one impression: `tenprint.extract`.

    Args:
        image: a `FingerImage`, or pixels of shape (height, width), uint8, ridges dark.
        ppi: resolution of bare pixels, 200 to 2000.

    Raises:
        EngineError: the image cannot be used, with a code that says why.
    """
    from tenprint.engine.extract import extract as engine_extract  # noqa: PLC0415 - loads the network

    return engine_extract(image if isinstance(image, FingerImage) else FingerImage(image, ppi))


def compare(probe: Template, candidate: Template) -> Any:
    """Return the comparison of two templates, a score with its named terms: `tenprint.compare`."""
    from tenprint.engine.compare import compare as engine_compare  # noqa: PLC0415 - loads the compiled kernels

    return engine_compare(probe, candidate)


def warm() -> Iterator[tuple[str, float]]:
    """Build what is built once a machine (compiled kernels, the network's graph); yield each one's name and seconds."""
    steps: Mapping[str, Callable[[], None]] = {
        "network": _warm_network,
        "comparison": warm_comparison,
        "synthetic prints": _warm_prints,
    }
    for name, step in steps.items():
        started = time.perf_counter()
        step()
        yield name, time.perf_counter() - started


def _extractor_version() -> str:
    from tenprint.engine.extract import EXTRACTOR_VERSION  # noqa: PLC0415 - loads the engine

    return EXTRACTOR_VERSION


def _warm_network() -> None:
    from tenprint.engine import extract as extraction  # noqa: PLC0415 - loads the network

    extraction.warm()


def warm_comparison() -> None:
    """Load the compiled kernels of the comparison, so that the first pairing of a process does not wait for them."""
    from tenprint.engine import compare as comparison  # noqa: PLC0415 - compiles

    comparison.warm()


def _warm_prints() -> None:
    from tenprint.synth import warming  # noqa: PLC0415 - compiles

    warming.warm()


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
