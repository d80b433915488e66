"""Founds a small network of seven parties in a new folder: party file, keys, databases, galleries."""

from __future__ import annotations

import shutil
from collections.abc import Callable, Iterable, Mapping
from contextlib import closing
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Protocol

from tenprint.adapters.database import migrate
from tenprint.adapters.faults import storage_faults
from tenprint.adapters.files import make_folders, sync_folder
from tenprint.adapters.lock import LOCK_NAME, DirectoryLock
from tenprint.adapters.network import FILE_NAME, NetworkFile, Place, save_network, save_private_key
from tenprint.core.chance import RandomSource
from tenprint.core.errors import SenderError
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
class _Founder:
    """A party of the small network before it has keys and files; its id is its role."""

    role: Role
    name: str
    ori: str
    peers: tuple[Role, ...]
    has_gallery: bool = False


_FOUNDERS = (
    _Founder(Role.AGENCY, "Sheriff of Example County, State of Nowhere", "XX0000001", (Role.STATE_BUREAU,)),
    _Founder(
        Role.STATE_BUREAU,
        "Bureau of Identification, State of Nowhere",
        "XX0000002",
        (Role.AGENCY, Role.CRIMINAL_REPOSITORY),
        has_gallery=True,
    ),
    _Founder(
        Role.CRIMINAL_REPOSITORY,
        "Example Criminal Repository",
        "XX0000003",
        (Role.STATE_BUREAU, Role.IMMIGRATION_REPOSITORY, Role.SUPPORT_CENTER),
        has_gallery=True,
    ),
    _Founder(
        Role.IMMIGRATION_REPOSITORY,
        "Example Immigration Repository",
        "XX0000004",
        (Role.CRIMINAL_REPOSITORY,),
        has_gallery=True,
    ),
    _Founder(
        Role.SUPPORT_CENTER,
        "Example Support Center",
        "XX0000005",
        (Role.CRIMINAL_REPOSITORY, Role.FIELD_OFFICE),
    ),
    _Founder(Role.FIELD_OFFICE, "Example Field Office", "XX0000006", (Role.SUPPORT_CENTER, Role.JAIL)),
    _Founder(Role.JAIL, "Jail of Example County, State of Nowhere", "XX0000007", (Role.FIELD_OFFICE,)),
)


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
    """

    directory: Path
    name: str = DEFAULT_NAME
    programme: str = DEFAULT_PROGRAMME
    clock_mode: str = "simulated"
    clock_start: datetime = DEFAULT_START
    seed: int | None = None


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
        SenderError: ``NETWORK_EXISTS`` or ``NETWORK_FOLDER_TAKEN``.
        StorageError: ``STORE_LOCKED`` when another process is making it, or a code of `faults`.
    """
    directory = founding.directory.resolve()
    _refuse_taken(directory)
    making = directory.parent / f".{directory.name}.making"
    with storage_faults("making a network"):
        make_folders(making)
        making.chmod(FOLDER_MODE)
    with DirectoryLock(making), storage_faults("making a network"):
        _empty(making)  # what a killed earlier attempt left
        keys = {founder.role: generate_key(random) for founder in _FOUNDERS}
        network = _described(founding, making, keys)
        for place in network.places:
            _make_party(network, place, keys[place.party.role])
            if on_progress:
                on_progress("parties", 1)
        _enroll_background(network, open_gallery, background, on_progress)
        save_network(network)
        (making / LOCK_NAME).unlink()
        making.replace(directory)
        sync_folder(directory.parent)
    return _described(founding, directory, keys)


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


def _described(founding: Founding, folder: Path, keys: Mapping[Role, PrivateKey]) -> NetworkFile:
    since = (founding.clock_start if founding.clock_mode == "simulated" else datetime.now(UTC)).date().isoformat()
    places = tuple(_place(founder, keys[founder.role], since) for founder in _FOUNDERS)
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


def _place(founder: _Founder, key: PrivateKey, since: str) -> Place:
    own = f"parties/{founder.role}"
    party = Party(
        id=str(founder.role),
        role=founder.role,
        ori=founder.ori,
        public_key=key.public.raw,
        peers={role: str(role) for role in founder.peers},
        name=founder.name,
        settings={CONNECTED_SINCE: since, CONNECTED_BY: FOUNDED_BY},
    )
    return Place(
        party=party,
        name=founder.name,
        database=f"{own}/tenprint.db",
        blobs=f"{own}/blobs",
        gallery=f"{own}/gallery" if founder.has_gallery else "",
        key=f"{own}/key",
    )


def _make_party(network: NetworkFile, place: Place, key: PrivateKey) -> None:
    make_folders((network.folder / place.key).parent)
    save_private_key(network.folder / place.key, key)
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
