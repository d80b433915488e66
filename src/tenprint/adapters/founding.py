"""Founds a network in a new folder: party file, keys, certificates, databases, galleries."""

from __future__ import annotations

import secrets
import shutil
import socket
from collections.abc import Callable, Iterable, Mapping
from contextlib import closing
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Protocol

from tenprint.adapters.certificates import write_certificate
from tenprint.adapters.database import migrate
from tenprint.adapters.faults import storage_faults
from tenprint.adapters.files import make_folders, sync_folder
from tenprint.adapters.founders import FOUNDERS, Founder, Founders
from tenprint.adapters.lock import LOCK_NAME, DirectoryLock
from tenprint.adapters.network import IN_PROCESS, NetworkFile, Place, save_network, save_private_key
from tenprint.adapters.network_rules import FILE_NAME
from tenprint.core.chance import RandomSource
from tenprint.core.errors import SenderError, StorageError
from tenprint.core.fingers import FingerPosition
from tenprint.core.template import Template
from tenprint.exchange.model.directory import CONNECTED_BY, CONNECTED_SINCE, Directory, Party
from tenprint.exchange.model.words import Role
from tenprint.ledger.keys import PrivateKey, generate_key

DEFAULT_PROGRAMME = "secure-communities-2010-10"
DEFAULT_NAME = "Example network (all people and agencies are fictitious)"
DEFAULT_START = datetime(2010, 10, 4, 8, tzinfo=UTC)
"""A Monday within the default programme's time."""
FOUNDED_BY = "whoever founded this example network"
FOLDER_MODE = 0o700
"""Databases, blobs and galleries hold what people were asked and whose fingers were shown: for their owner only."""
LOCAL_ADDRESS = "127.0.0.1"
PORTS = (10_000, 30_000)
PORT_TRIES = 100

Background = Iterable[tuple[str, Mapping[FingerPosition, Template]]]
Progress = Callable[[str, int], None]
"""Called with what is being made and how many more of it are done."""


class BackgroundGallery(Protocol):
    """What founding needs of `engine.gallery.Gallery`."""

    def enroll_many(self, people: Background, progress: Callable[[int], None] | None = None) -> int:
        """Put subjects in durably, in batches; call `progress` with the number so far; return how many."""
        ...

    def close(self) -> None:
        """Let go of the files."""
        ...


@dataclass(frozen=True)
class Founding:
    """What a new network is to be.

    Args:
        directory: its folder; must be absent, or empty.
        name: for people.
        programme: policy programme in force.
        clock_mode: ``simulated`` or ``system``.
        clock_start: where a simulated clock begins.
        seed: what the synthetic people are made from, kept for a later run; None when it does not matter.
        founders: which parties, a name of `founders.FOUNDERS`.
        first_port: of parties with an address of their own, which take it and those after it; None finds free ones.
        jurisdiction: id of a city or county to be added; ``""`` for none.
        own: ids of that one's own agencies and jails; without any, the first agency and the first jail.
    """

    directory: Path
    name: str = DEFAULT_NAME
    programme: str = DEFAULT_PROGRAMME
    clock_mode: str = "simulated"
    clock_start: datetime = DEFAULT_START
    seed: int | None = None
    founders: str = "small"
    first_port: int | None = None
    jurisdiction: str = ""
    own: tuple[str, ...] = ()


def found_network(
    founding: Founding,
    *,
    random: RandomSource,
    open_gallery: Callable[[Path], BackgroundGallery],
    background: Background = (),
    on_progress: Progress | None = None,
) -> NetworkFile:
    """Make the network beside its place and move it there at the end, so that it is whole or absent.

    Args:
        founding: what it is to be.
        random: source of the private keys; the system's, or nobody's secret is one.
        open_gallery: opens an empty gallery in a folder.
        background: subjects of the immigration repository's gallery, taken one by one.
        on_progress: called with ``parties``, then ``subjects``, and how many more are done.

    Raises:
        SenderError: ``NETWORK_EXISTS`` or ``NETWORK_FOLDER_TAKEN``; ``FOUNDERS_UNKNOWN``; ``JURISDICTION_MISSING`` when
            there are places of its own and no jurisdiction, and as `Founders.with_jurisdiction`.
        StorageError: ``STORE_LOCKED`` when another process is making it, or a code of `faults`.
    """
    directory = founding.directory.resolve()
    _refuse_taken(directory)
    founders = _founders(founding)
    making = directory.parent / f".{directory.name}.making"
    with storage_faults("making a network"):
        make_folders(making)
        making.chmod(FOLDER_MODE)
    with DirectoryLock(making), storage_faults("making a network"):
        _empty(making)  # what a killed earlier attempt left
        keys = {founder.id: generate_key(random) for founder in founders.parties}
        network = _described(founding, making, keys, _urls(founders, founding.first_port))
        for place in network.places:
            _make_party(network, place, keys[place.party.id])
            if on_progress:
                on_progress("parties", 1)
        _enroll_background(network, open_gallery, background, on_progress)
        save_network(network)
        (making / LOCK_NAME).unlink()
        making.replace(directory)
        sync_folder(directory.parent)
    return replace(network, folder=directory)


def _refuse_taken(directory: Path) -> None:
    if (directory / FILE_NAME).exists():
        raise SenderError(
            "NETWORK_EXISTS",
            f"there is a network in {directory} already",
            hint=f"use it with --data {directory}, choose another folder, or delete this one",
        )
    if directory.exists() and (not directory.is_dir() or any(directory.iterdir())):
        raise SenderError(
            "NETWORK_FOLDER_TAKEN", f"{directory} holds other files", hint="choose a folder that is new or empty"
        )


def _founders(founding: Founding) -> Founders:
    found = FOUNDERS.get(founding.founders)
    if found is None:
        raise SenderError("FOUNDERS_UNKNOWN", f"there are no founders {founding.founders!r}: {', '.join(FOUNDERS)}")
    if founding.own and not founding.jurisdiction:
        raise SenderError(
            "JURISDICTION_MISSING", "whose own these are is not said", hint="name the city with --jurisdiction"
        )
    return found.with_jurisdiction(founding.jurisdiction, founding.own) if founding.jurisdiction else found


def _urls(founders: Founders, first_port: int | None) -> dict[str, str]:
    ids = [founder.id for founder in founders.parties]
    if not founders.is_separate:
        return dict.fromkeys(ids, IN_PROCESS)
    first = free_ports(len(ids)) if first_port is None else first_port
    return {party: f"https://{LOCAL_ADDRESS}:{first + number}" for number, party in enumerate(ids)}


def free_ports(count: int) -> int:
    """Return the first of `count` ports of this machine in a row that nobody listens on.

    They lie below those that systems give to outgoing connections, so that they are still free when parties start.

    Raises:
        StorageError: ``NO_PORT``.
    """
    chance = secrets.SystemRandom()
    for _ in range(PORT_TRIES):
        first = chance.randrange(*PORTS)
        if all(_is_free(first + number) for number in range(count)):
            return first
    raise StorageError("NO_PORT", f"no {count} ports in a row are free", hint="name the first one with --first-port")


def _is_free(port: int) -> bool:
    with socket.socket(socket.AF_INET, socket.SOCK_STREAM) as tried:
        try:
            tried.bind((LOCAL_ADDRESS, port))
        except OSError:
            return False
    return True


def _described(
    founding: Founding, folder: Path, keys: Mapping[str, PrivateKey], urls: Mapping[str, str]
) -> NetworkFile:
    since = (founding.clock_start if founding.clock_mode == "simulated" else datetime.now(UTC)).date().isoformat()
    founders = _founders(founding)
    places = tuple(
        _place(founder, keys[founder.id], urls[founder.id], since, founders.witnesses_of(founder.id))
        for founder in founders.parties
    )
    return NetworkFile(
        folder=folder,
        directory=Directory(
            name=founding.name,
            parties=tuple(place.party for place in places),
            programme=founding.programme,
            activated_oris=frozenset(place.party.ori for place in places if place.party.role == Role.AGENCY),
        ),
        places=places,
        clock_mode=founding.clock_mode,
        clock_start=founding.clock_start if founding.clock_mode == "simulated" else None,
        seed=founding.seed,
    )


def _place(founder: Founder, key: PrivateKey, url: str, since: str, witnesses: tuple[str, ...]) -> Place:
    own, is_local = f"parties/{founder.id}", url == IN_PROCESS
    party = Party(
        id=founder.id,
        role=founder.role,
        ori=founder.ori,
        public_key=key.public.raw,
        peers=dict(founder.peers),
        more_peers=dict(founder.more_peers),
        name=founder.name,
        settings={CONNECTED_SINCE: since, CONNECTED_BY: FOUNDED_BY},
        witnesses=witnesses,
    )
    return Place(
        party=party,
        name=founder.name,
        database=f"{own}/tenprint.db",
        blobs=f"{own}/blobs",
        gallery=f"{own}/gallery" if founder.has_gallery else "",
        key=f"{own}/key",
        url=url,
        certificate="" if is_local else f"{own}/tls.crt",
        certificate_key="" if is_local else f"{own}/tls.key",
    )


def _make_party(network: NetworkFile, place: Place, key: PrivateKey) -> None:
    make_folders((network.folder / place.key).parent)
    save_private_key(network.folder / place.key, key)
    if place.certificate:
        folder = network.folder
        write_certificate(place.party.id, folder / place.certificate, folder / place.certificate_key)
    migrate(network.database_url(place))


def _enroll_background(
    network: NetworkFile,
    open_gallery: Callable[[Path], BackgroundGallery],
    background: Background,
    on_progress: Progress | None,
) -> None:
    for place in network.places:
        if not place.gallery:
            continue
        subjects = background if place.party.role == Role.IMMIGRATION_REPOSITORY else ()
        with closing(open_gallery(network.folder / place.gallery)) as gallery:
            gallery.enroll_many(subjects, _stepwise(on_progress) if on_progress else None)


def _stepwise(on_progress: Progress) -> Callable[[int], None]:
    """Return a callback that takes the number so far and passes on how many more that is."""
    before = 0

    def count(so_far: int) -> None:
        nonlocal before
        on_progress("subjects", so_far - before)
        before = so_far

    return count


def _empty(folder: Path) -> None:
    for entry in folder.iterdir():
        if entry.is_dir():
            shutil.rmtree(entry)
        elif entry.name != LOCK_NAME:
            entry.unlink()
