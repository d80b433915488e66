"""Backups of a network's parties: made, checked, found.

What lies where::

    FOLDER/lock
    FOLDER/backup-20261129T010203004Z/manifest.json, network.toml, clock.json
    FOLDER/backup-…/parties/ID/database.db or database.dump, blobs/ab/…, gallery/…, tls.crt
    FOLDER/backup-…/parties/ID/keys/key, keys/tls.key; accounts.json             only with keys
    FOLDER/.backup-….tmp                                                        one that broke off

The database is copied first and the files afterwards. A row is written only when its blob is on the disk, so that every
blob the copied rows name is there when the files' turn comes; the other way round a booking that comes in between would
be a row without its blob. The same holds for galleries: a subject that the copied rows call enrolled is in the gallery.
What was erased in between is no loss: then the party is copied once more.
"""

from __future__ import annotations

import shutil
from collections.abc import Callable, Sequence
from contextlib import suppress
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from pathlib import Path

from tenprint.adapters import accounts, clock
from tenprint.adapters import backup_database as databases
from tenprint.adapters.backup_files import (
    check_file,
    copy_file,
    copy_gallery,
    files_below,
    link_or_copy,
    private_folder,
    read_whole,
    sync_tree,
    whole_blob,
)
from tenprint.adapters.backup_manifest import (
    FILE_NAME,
    MAX_BYTES,
    POSTGRESQL,
    CopiedParty,
    Manifest,
    home_of,
    invalid,
)
from tenprint.adapters.blobs import blob_path, blob_paths
from tenprint.adapters.database import open_engine
from tenprint.adapters.faults import storage_faults
from tenprint.adapters.files import sync_folder, write_whole
from tenprint.adapters.lock import DirectoryLock
from tenprint.adapters.network import NetworkFile, Place, load_network, save_network, without_passwords
from tenprint.adapters.network_rules import FILE_NAME as NETWORK
from tenprint.core.errors import SenderError
from tenprint.ledger.checkpoint import ledger_origin

PREFIX = "backup-"
TEMPORARY = ".tmp"
TRIES = 3
BLOBS, GALLERY, KEYS, CERTIFICATE = "blobs", "gallery", "keys", "tls.crt"
KEY, CERTIFICATE_KEY = f"{KEYS}/key", f"{KEYS}/tls.key"
OnFile = Callable[[int], None]


def no_progress(count: int) -> None:
    """Tell nobody."""


@dataclass(frozen=True)
class Backup:
    """A whole backup: its folder, and what its manifest says."""

    folder: Path
    manifest: Manifest


def make_backup(
    file: NetworkFile,
    places: Sequence[Place],
    to: Path,
    made_at: datetime,
    *,
    with_keys: bool = False,
    on_file: OnFile = no_progress,
) -> Backup:
    """Copy parties of a network, which may run, into a new folder below `to`; a backup that breaks off is none.

    Args:
        file: the network.
        places: whom of it.
        to: folder of backups; blobs that a former one there holds whole are linked, not copied.
        made_at: the network's time.
        with_keys: also secret keys, people's accounts, and the passwords of databases in `network.toml`.
        on_file: told how many files were copied and hashed.

    Raises:
        SenderError: ``BACKUP_INSIDE`` when `to` lies in the network's own folder.
        StorageError: ``STORE_LOCKED`` when another backup writes there, or what cannot be copied.
    """
    if to.resolve().is_relative_to(file.folder.resolve()):
        hint = "name a folder elsewhere, best on another disk"
        raise SenderError("BACKUP_INSIDE", "the backup would lie in the folder that it is a copy of", hint=hint)
    with storage_faults("making the folder of backups"):
        private_folder(to)
    with DirectoryLock(to), storage_faults("writing a backup"):
        for broken in to.glob(f".{PREFIX}*{TEMPORARY}"):
            shutil.rmtree(broken)
        name = PREFIX + datetime.now(UTC).strftime("%Y%m%dT%H%M%S%f")[:-3] + "Z"
        unfinished = to / f".{name}{TEMPORARY}"
        private_folder(unfinished)
        try:
            manifest = _filled(unfinished, file, places, made_at, with_keys=with_keys, on_file=on_file)
            write_whole(unfinished / FILE_NAME, manifest.to_bytes())
            sync_tree(unfinished)
            unfinished.replace(to / name)
        except BaseException:
            shutil.rmtree(unfinished, ignore_errors=True)
            raise
        sync_folder(to)
    return Backup(to / name, manifest)


def newest_backup(folder: Path) -> Backup:
    """Return the backup that a folder is, or the newest whole one among those in it. Only the manifest is read.

    Raises:
        SenderError: ``BACKUP_MISSING``.
        RecordError: ``BACKUP_INVALID`` or ``BACKUP_NEWER``.
        StorageError: a code of `faults`.
    """
    found = backups_in(folder)
    if not found:
        hint = "name the folder that tenprint backup --to wrote"
        raise SenderError("BACKUP_MISSING", f"there is no backup in {folder}", hint=hint)
    return read_backup(found[0])


def backups_in(folder: Path) -> list[Path]:
    """Return the folder if it is a backup, else the backups in it, newest first. What broke off is none."""
    if (folder / FILE_NAME).exists():
        return [folder]
    found = (path for path in folder.glob(f"{PREFIX}*") if not path.is_symlink() and (path / FILE_NAME).exists())
    return sorted(found, reverse=True)


def read_backup(folder: Path) -> Backup:
    """Return a backup with its manifest; raises as `newest_backup`."""
    return Backup(folder, Manifest.from_bytes(read_whole(folder, FILE_NAME, MAX_BYTES)))


def verify_backup(backup: Backup, *, on_file: OnFile = no_progress) -> NetworkFile:
    """Check everything about a backup: each file, each database, each ledger; return its network file.

    Of a PostgreSQL dump the list of contents is read; its rows are seen in a drill.

    Raises:
        RecordError: ``BACKUP_INVALID``, or ``NETWORK_INVALID`` for its party file.
        StorageError: a code of `faults`, or of `backup_database` for a dump.
    """
    manifest = backup.manifest
    for count, (path, expected) in enumerate(sorted(manifest.files.items()), start=1):
        check_file(backup.folder, path, expected)
        on_file(count)
    if NETWORK not in manifest.files:
        raise invalid("it has no network.toml")
    file = load_network(backup.folder)
    for party, copied in manifest.parties.items():
        if file.place(party).party.public_key != copied.public_key:
            raise invalid(f"{party} has another key in its network.toml than in its manifest")
        _verify_party(backup, party, copied)
    return file


def needed_now(file: NetworkFile, place: Place) -> frozenset[str]:
    """Return the blobs that a party's live database needs; raises a code of `faults`."""
    engine = open_engine(file.database_url(place))
    try:
        with storage_faults("reading a database"), engine.begin() as connection:
            return databases.needed_blobs(connection)
    finally:
        engine.dispose()


def _verify_party(backup: Backup, party: str, copied: CopiedParty) -> None:
    files, database = backup.manifest.of_party(party), databases.file_of(copied.database)
    if database not in files:
        raise invalid(f"the database of {party} is not in it")
    path = backup.folder / home_of(party) / database
    if copied.database == POSTGRESQL:
        databases.check_dump(path)
        return
    with databases.looking_into(path) as connection:
        databases.examine(connection, copied.size, copied.root, copied.public_key, ledger_origin(party))
        needed = databases.needed_blobs(connection)
    lacking = {digest for digest in needed if _in_backup(digest).isdisjoint(files)} - set(copied.missing)
    if lacking:
        raise invalid(f"{len(lacking)} blobs that the database of {party} needs are not in it")
    for name, one in files.items():
        if name.startswith(f"{BLOBS}/") and name not in _in_backup(one.sha256):
            raise invalid(f"a blob of {party} has not the hash in its name")


def _in_backup(digest: str) -> frozenset[str]:
    """Return where a blob may lie in a party's part of a backup: one of an earlier release has its places."""
    return frozenset(f"{BLOBS}/{path}" for path in blob_paths(digest))


def _filled(
    folder: Path, file: NetworkFile, places: Sequence[Place], made_at: datetime, *, with_keys: bool, on_file: OnFile
) -> Manifest:
    former = backups_in(folder.parent)
    parties = {place.party.id: _copied(folder, file, place, former, with_keys=with_keys) for place in places}
    names = (clock.CLOCK_NAME, *((NETWORK, accounts.FILE_NAME) if with_keys else ()))
    for name in names:
        if (file.folder / name).is_file():
            copy_file(file.folder / name, folder / name)
    if not with_keys:  # written anew, since a comment may hold a password too
        save_network(replace(without_passwords(file), folder=folder))
    files = dict(files_below(folder, on_file))
    return Manifest(file.directory.name, made_at, with_keys, files, parties)


def _copied(folder: Path, file: NetworkFile, place: Place, former: Sequence[Path], *, with_keys: bool) -> CopiedParty:
    home, party = folder / home_of(place.party.id), place.party
    url = file.database_url(place)
    kind = databases.kind_of(url)
    for _ in range(TRIES):
        shutil.rmtree(home, ignore_errors=True)
        private_folder(home)
        found = databases.copy_database(url, home / databases.file_of(kind))
        copied = CopiedParty(party.public_key, kind, found.size, found.root, found.checkpoint)
        old_homes = [old / home_of(party.id) for old in former]
        missing = _copy_blobs(file.folder / place.blobs, home / BLOBS, found.blobs, old_homes)
        copied = replace(copied, missing=tuple(missing))
        if not missing or needed_now(file, place).issuperset(missing):
            break
    if place.gallery:
        copy_gallery(file.folder / place.gallery, home / GALLERY)
    wanted = {CERTIFICATE: place.certificate}
    wanted |= {KEY: place.key, CERTIFICATE_KEY: place.certificate_key} if with_keys else {}
    for name, source in wanted.items():
        if source and (file.folder / source).is_file():
            copy_file(file.folder / source, home / name)
    return copied


def _copy_blobs(source: Path, target: Path, digests: Sequence[str], former: Sequence[Path]) -> list[str]:
    """Copy blobs, or link those that a former backup holds whole; return those that nobody has whole."""
    missing = []
    for digest in digests:
        path = target / blob_path(digest)
        old = next((found for one in former if (found := whole_blob(one / BLOBS, digest))), None)
        if old is not None:
            link_or_copy(old, path)
        elif not _copy_blob(source, path, digest):
            missing.append(digest)
    return missing


def _copy_blob(source: Path, target: Path, digest: str) -> bool:
    """Copy a blob from a folder of blobs; tell whether it was there and whole."""
    for path in blob_paths(digest):
        with suppress(FileNotFoundError):
            if copy_file(source / path, target).sha256 == digest:
                return True
        target.unlink(missing_ok=True)
    return False
