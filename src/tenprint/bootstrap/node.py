"""One party put together from its place in the party file: database, blobs, key, matcher."""

from __future__ import annotations

from contextlib import ExitStack
from dataclasses import dataclass
from datetime import timedelta
from typing import TYPE_CHECKING

from tenprint.adapters.blobs import FileBlobs
from tenprint.adapters.claims import LEASE
from tenprint.adapters.doorbell import Doorbell, Watch
from tenprint.adapters.matcher import Extractor, LocalMatcher
from tenprint.adapters.network import NetworkFile, Place
from tenprint.adapters.store import SqlStore
from tenprint.bootstrap.prints import open_gallery
from tenprint.core.chance import RandomSource
from tenprint.core.clock import Clock
from tenprint.core.errors import StorageError
from tenprint.exchange.model.observing import Observer, no_observer
from tenprint.exchange.ports import Node, Post, Services, Trigger, no_trigger
from tenprint.ledger.keys import PrivateKey
from tenprint.policy.programme import Programme

if TYPE_CHECKING:
    from tenprint.engine.gallery import Gallery


@dataclass(frozen=True)
class Common:
    """What all parties of a process share.

    Args:
        file: the party file.
        clock, random, programme: as `exchange.ports.Services` has them.
        extractor: keeps nothing of whom an image was.
        trigger: called at the named points of `dispatch.points`.
        observe: hears what happens at the parties.
        has_galleries: False beside a running party, whose gallery is its process's alone.
        lease: how long a worker's claim on a row lasts, where several share a queue.
        bell: what is rung when rows were queued in this process; None leaves each database its own.
    """

    file: NetworkFile
    clock: Clock
    random: RandomSource
    programme: Programme
    extractor: Extractor
    trigger: Trigger | None = None
    observe: Observer = no_observer
    has_galleries: bool = True
    lease: timedelta = LEASE
    bell: Doorbell | None = None


@dataclass(frozen=True)
class Built:
    """A party with what the wiring needs of it besides; `watch` tells whether anybody wrote to its database."""

    node: Node
    store: SqlStore
    key: PrivateKey
    blobs: FileBlobs
    watch: Watch


def build_node(common: Common, place: Place, key: PrivateKey, post: Post, opening: ExitStack) -> Built:
    """Open a party's database and put the party together.

    Args:
        common: of the process.
        place: whose.
        key: its private key.
        post: its way to the others.
        opening: gets what must be closed.

    Raises:
        StorageError: what cannot be opened.
    """
    blobs = blobs_of(common.file, place)
    store = SqlStore(common.file.database_url(place), blobs, place.party.id, bell=common.bell, lease=common.lease)
    opening.callback(store.close)
    watch = Watch(common.file.database_url(place))
    opening.callback(watch.close)
    services = Services(
        party=place.party,
        directory=common.file.directory,
        programme=common.programme,
        clock=common.clock,
        random=common.random,
        signer=key,
        blobs=blobs,
        matcher=_matcher(common, place, opening),
    )
    return Built(Node(store, post, services, common.trigger or no_trigger, common.observe), store, key, blobs, watch)


def blobs_of(file: NetworkFile, place: Place) -> FileBlobs:
    """Return a party's blobs."""
    return FileBlobs(file.folder / place.blobs)


def _matcher(common: Common, place: Place, opening: ExitStack) -> LocalMatcher:
    if not place.gallery:
        return LocalMatcher(common.extractor, None)
    # It opens at the first search: by then `opening` has handed on what it is to close, and takes nothing more.
    late = opening.enter_context(ExitStack())

    def opened() -> Gallery:
        if not common.has_galleries:
            raise StorageError(
                "STORE_LOCKED",
                f"the process of {place.party.id} works on its gallery",
                hint=f"stop it, or ask it: tenprint submit, enroll --party {place.party.id}",
            )
        gallery = open_gallery(common.file.folder / place.gallery)
        late.callback(gallery.close)
        return gallery

    return LocalMatcher(common.extractor, opened)
