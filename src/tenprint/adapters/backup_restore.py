"""Putting a backup back: staged beside its place, checked while it is copied, and renamed when it is whole."""

from __future__ import annotations

import shutil
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

import sqlalchemy as sa

from tenprint.adapters import accounts, clock
from tenprint.adapters import backup_database as databases
from tenprint.adapters.backup import (
    BLOBS,
    CERTIFICATE,
    CERTIFICATE_KEY,
    GALLERY,
    KEY,
    Backup,
    backups_in,
    needed_now,
    read_backup,
)
from tenprint.adapters.backup_files import (
    copy_file,
    private_folder,
    sync_tree,
    take_out,
    whole_blob,
)
from tenprint.adapters.backup_manifest import POSTGRESQL, home_of, is_safe
from tenprint.adapters.blobs import blob_path, blob_paths
from tenprint.adapters.database import WRITE, WRITING, open_engine, password_of, sqlite_url
from tenprint.adapters.faults import storage_faults
from tenprint.adapters.files import make_folders, sync_folder
from tenprint.adapters.lock import DirectoryLock
from tenprint.adapters.network import NetworkFile, Place
from tenprint.adapters.network_rules import FILE_NAME as NETWORK
from tenprint.core.chance import RandomSource
from tenprint.core.errors import RecordError, SenderError, StorageError, TenprintError

ASIDE = ".before-restore-"
STAGING = ".restore-"
TEMPORARY = ".tmp"
UNREACHABLE_HINT = (
    "see that the server runs; a backup holds no password: give it by PGPASSWORD, in ~/.pgpass, or in the network.toml "
    "of the folder that is restored into"
)
REPLACE_HINT = "put it aside with --replace (nothing is deleted), or restore into a new folder"


@dataclass(frozen=True)
class RestoredParty:
    """One party that was put back.

    Args:
        party: its id.
        size: entries of its ledger in the backup.
        aside: where its old files lie now, or None.
        keys_missing: paths, relative to the network's folder, of secret keys that were neither in the backup nor there.
        blobs_missing: how many blobs the backup itself did not have.
    """

    party: str
    size: int
    aside: Path | None
    keys_missing: tuple[str, ...]
    blobs_missing: int


def restore_new(
    backup: Backup, file: NetworkFile, places: Sequence[Place], directory: Path, *, now: datetime, random: RandomSource
) -> list[RestoredParty]:
    """Put parties back as a network folder of their own, which appears whole or not at all.

    Args:
        backup: verified.
        file: its network file.
        places: whom.
        directory: absent or empty.
        now: the network's time.
        random: salts of the ledger's entry.

    Raises:
        SenderError: ``RESTORE_FOLDER_TAKEN``, ``RESTORE_DATABASE_TAKEN``.
        RecordError: ``RESTORE_LAYOUT``, ``BACKUP_INVALID``.
        StorageError: what cannot be written.
    """
    if directory.is_symlink() or (directory.exists() and (not directory.is_dir() or any(directory.iterdir()))):
        hint = "name a new folder, or the network's own"
        raise SenderError("RESTORE_FOLDER_TAKEN", f"{directory} is there, and is no network", hint=hint)
    _check_layout(places)
    with storage_faults("writing what is restored"):
        make_folders(directory.absolute().parent)
        with _staging(directory.absolute().parent, directory.name) as staged, ExitStack() as loading:
            for name in (NETWORK, clock.CLOCK_NAME, accounts.FILE_NAME):
                if name in backup.manifest.files:
                    take_out(backup.folder, name, backup.manifest.files[name], staged / name)
            putting = _Putting(backup, file, staged, now, random, loading)
            restored = [_put_back(putting, place, None) for place in places]
            sync_tree(staged)
            staged.replace(directory)
            sync_folder(directory.absolute().parent)
    return restored


def restore_into(
    backup: Backup, file: NetworkFile, places: Sequence[Place], *, now: datetime, random: RandomSource, replace: bool
) -> list[RestoredParty]:
    """Put parties back into the network that they are of; their old files are renamed, not deleted.

    Args:
        backup: verified.
        file: the network's own file, which is left as it is.
        places: whom.
        now, random: as `restore_new`.
        replace: also those of whom something is there.

    Raises:
        SenderError: ``RESTORE_PARTY_THERE`` or ``RESTORE_DATABASE_TAKEN`` without `replace`.
        RecordError: ``BACKUP_FOREIGN`` when a party of the backup has another key, ``RESTORE_LAYOUT``.
        StorageError: ``STORE_LOCKED`` when a party runs, or what cannot be written.
    """
    for place in places:
        if place.party.public_key != backup.manifest.parties[place.party.id].public_key:
            said = f"the backup is of another {place.party.id}: its key is not the one of this network"
            raise RecordError("BACKUP_FOREIGN", said, hint="restore it into a folder of its own")
    _check_layout(places)
    folder = file.folder
    with storage_faults("writing what is restored"), ExitStack() as held, ExitStack() as loading:
        held.enter_context(DirectoryLock(folder, shared=True))
        for place in places:
            home = folder / place.home
            if home.is_dir():
                held.enter_context(DirectoryLock(home))
                if not replace and any(path.name != "lock" for path in home.iterdir()):
                    raise SenderError("RESTORE_PARTY_THERE", f"{place.party.id} is there", hint=REPLACE_HINT)
        staged = held.enter_context(_staging(folder, "parties"))
        stamp = datetime.now(UTC).strftime("%Y%m%dT%H%M%S%f")
        putting = _Putting(backup, file, staged, now, random, loading, replace)
        prepared = [_put_back(putting, place, folder / place.home) for place in places]
        sync_tree(staged)
        return _swapped(file, places, prepared, staged, stamp)


def restore_missing(folder: Path, file: NetworkFile, place: Place) -> tuple[int, int]:
    """Put back only the blobs that a party needs and has not whole, from whichever backup of the folder has them.

    The party may run. Returns how many were put back, and how many no backup has.

    Raises:
        RecordError: ``BACKUP_INVALID``.
        StorageError: a code of `faults`.
    """
    root, party = file.folder / place.blobs, place.party.id
    wanted = [digest for digest in sorted(needed_now(file, place)) if whole_blob(root, digest) is None]
    backups = [read_backup(path) for path in backups_in(folder)] if wanted else []
    backups = [
        one for one in backups
        if party in one.manifest.parties and one.manifest.parties[party].public_key == place.party.public_key
    ]  # fmt: skip
    back = sum(any(_blob_put_back(one, file, place, digest) for one in backups) for digest in wanted)
    return back, len(wanted) - back


def _blob_put_back(backup: Backup, file: NetworkFile, place: Place, digest: str) -> bool:
    places = [f"{home_of(place.party.id)}/{BLOBS}/{path}" for path in blob_paths(digest)]
    path = next((path for path in places if path in backup.manifest.files), "")
    expected = backup.manifest.files.get(path)
    if expected is None or expected.sha256 != digest:
        return False
    target = file.folder / place.blobs / blob_path(digest)
    engine = open_engine(file.database_url(place))
    try:
        with storage_faults("putting a blob back"):
            make_folders(target.parent)
            spooled = target.with_name(f".{digest}.part")
            try:
                take_out(backup.folder, path, expected, spooled)
                # Inside a write transaction, as its removal is: nobody erases the row meanwhile.
                with engine.execution_options(**{WRITING: WRITE}).begin() as connection:
                    if digest in databases.needed_blobs(connection):
                        spooled.replace(target)
                        sync_folder(target.parent)
            except TenprintError:
                return False  # that backup has it no more; another one may
            finally:
                spooled.unlink(missing_ok=True)
    finally:
        engine.dispose()
    return True


@dataclass(frozen=True)
class _Putting:
    """What is being put back, for all parties: whence, by whose network file, to where, when, and what undoes it."""

    backup: Backup
    file: NetworkFile
    staged: Path
    now: datetime
    random: RandomSource
    loading: ExitStack
    replace: bool = False


def _put_back(putting: _Putting, place: Place, old: Path | None) -> RestoredParty:
    """Write a party's files below `staged` at the places that its network file names; load its dump into the server."""
    party = place.party.id
    backup, staged = putting.backup, putting.staged
    copied, files, source = backup.manifest.parties[party], backup.manifest.of_party(party), home_of(party)
    private_folder(staged / place.home)
    targets = {CERTIFICATE: place.certificate, KEY: place.key, CERTIFICATE_KEY: place.certificate_key}
    url = putting.file.database_url(place)
    database = databases.file_of(copied.database)
    if databases.kind_of(url) != copied.database:
        said = f"the backup of {party} is of {copied.database}, its place in network.toml is of another kind"
        raise RecordError("RESTORE_LAYOUT", said, hint="name a database of that kind in network.toml")
    for name, expected in files.items():
        folder, _, rest = name.partition("/")
        target = targets.get(name)
        if folder == BLOBS:
            target = f"{place.blobs}/{rest}"
        elif folder == GALLERY and place.gallery:
            target = f"{place.gallery}/{rest}"
        elif name == database:
            target = place.database if copied.database != POSTGRESQL else f"{place.home}/{database}"
        if target:
            take_out(backup.folder, f"{source}/{name}", expected, staged / target)
    lacking = _keys_from(old, place, staged)
    if copied.database == POSTGRESQL:
        _load(place, url, staged / place.home / database, putting.loading, replace=putting.replace)
    else:
        url = sqlite_url(staged / place.database)
    made_at = backup.manifest.made_at
    databases.note_restored(url, copied.size, copied.root, made_at, now=putting.now, random=putting.random)
    return RestoredParty(party, copied.size, None, lacking, len(copied.missing))


def _load(place: Place, url: sa.URL, dump: Path, loading: ExitStack, *, replace: bool) -> None:
    try:
        is_taken = databases.holds_rows(url)
    except StorageError as problem:
        if problem.code != "STORE_UNREACHABLE" or password_of(url):
            raise
        raise StorageError(problem.code, problem.message, hint=UNREACHABLE_HINT) from problem
    if is_taken and not replace:
        said = f"the database of {place.party.id} on the server holds a party already"
        raise SenderError("RESTORE_DATABASE_TAKEN", said, hint=REPLACE_HINT)
    loading.enter_context(databases.loaded_dump(url, dump, datetime.now(UTC).strftime("%Y%m%dt%H%M%S%f")))
    dump.unlink()


def _keys_from(old: Path | None, place: Place, staged: Path) -> tuple[str, ...]:
    """Take secret keys that the backup lacks from the party's old folder; return those that are not there either."""
    lacking = []
    for path in filter(None, (place.key, place.certificate_key)):
        if (staged / path).is_file():
            continue
        source = old and old / Path(path).relative_to(place.home)
        if source and source.is_file() and not source.is_symlink():
            copy_file(source, staged / path)
        else:
            lacking.append(path)
    return tuple(lacking)


def _swapped(file: NetworkFile, places: Sequence[Place], prepared: list[RestoredParty], staged: Path, stamp: str
             ) -> list[RestoredParty]:  # fmt: skip
    """Rename old homes aside and staged ones into their places; all of them, or none when one cannot be renamed."""
    done: list[tuple[Path, Path | None]] = []
    restored = []
    try:
        for place, one in zip(places, prepared, strict=True):
            home = file.folder / place.home
            aside = home.with_name(f"{home.name}{ASIDE}{stamp}") if home.exists() else None
            make_folders(home.parent)
            if aside is not None:
                home.replace(aside)
            done.append((home, aside))
            (staged / place.home).replace(home)
            sync_folder(home.parent)
            restored.append(RestoredParty(one.party, one.size, aside, one.keys_missing, one.blobs_missing))
    except BaseException:
        for home, aside in reversed(done):
            shutil.rmtree(home, ignore_errors=True)
            if aside is not None:
                aside.replace(home)
        raise
    return restored


@contextmanager
def _staging(folder: Path, name: str) -> Iterator[Path]:
    """Make a folder for what is being put back, and remove what of it was not renamed."""
    staged = folder / f"{STAGING}{name}-{datetime.now(UTC).strftime('%Y%m%dT%H%M%S%f')}{TEMPORARY}"
    private_folder(staged)
    try:
        yield staged
    finally:
        shutil.rmtree(staged, ignore_errors=True)


def _check_layout(places: Sequence[Place]) -> None:
    """Refuse a party file that would have something written outside of the party's own folder.

    Raises:
        RecordError: ``RESTORE_LAYOUT``.
    """
    for place in places:
        home = place.home
        paths = [place.key, place.blobs, place.gallery, place.certificate, place.certificate_key]
        paths += [place.database] if "://" not in place.database else []
        are_inside = all(is_safe(path) and path.startswith(f"{home}/") for path in paths if path)
        if not is_safe(home) or home == "." or not are_inside:
            said = f"in network.toml the files of {place.party.id} do not all lie in one folder of its own"
            raise RecordError("RESTORE_LAYOUT", said, hint="put them under parties/ID, or copy them by hand")
