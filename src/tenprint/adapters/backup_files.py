"""Files of a backup: copied while they are hashed, linked to a former backup's, read back without following links."""

from __future__ import annotations

import errno
import hashlib
import os
import shutil
import stat
from collections.abc import Callable, Iterator
from io import BufferedReader
from pathlib import Path

from tenprint.adapters.backup_manifest import CopiedFile, invalid
from tenprint.adapters.blobs import blob_paths
from tenprint.adapters.faults import storage_faults
from tenprint.adapters.files import PRIVATE_MODE, make_folders, sync_folder
from tenprint.core.errors import StorageError

CHUNK_BYTES = 1024 * 1024
FOLDER_MODE = 0o700
GALLERY_TRIES = 20
CURRENT = "CURRENT"


def copy_file(source: Path, target: Path) -> CopiedFile:
    """Copy a file durably and return what was copied; the target's folder is made.

    Raises:
        OSError: one of them cannot be read or written.
    """
    target.parent.mkdir(parents=True, exist_ok=True)
    with source.open("rb") as reading:
        return _write(reading, target)


def link_or_copy(source: Path, target: Path) -> None:
    """Give a file a second name, or copy it where the file system has no such thing."""
    target.parent.mkdir(parents=True, exist_ok=True)
    try:
        target.hardlink_to(source)
    except OSError:
        copy_file(source, target)


def digest_of(path: Path) -> CopiedFile:
    """Return size and hash of a file.

    Raises:
        OSError: it cannot be read.
    """
    with path.open("rb") as file:
        return CopiedFile(os.fstat(file.fileno()).st_size, hashlib.file_digest(file, "sha256").hexdigest())


def whole_blob(folder: Path, digest: str) -> Path | None:
    """Return the file of a blob below a folder of blobs, wherever this or an earlier release wrote it.

    None when it is not there, is a link, or has not the hash in its name.
    """
    return next((folder / path for path in blob_paths(digest) if _is_whole(folder / path, digest)), None)


def copy_gallery(source: Path, target: Path) -> None:
    """Copy a gallery that may be in use: CURRENT's segment and log; a compaction in between begins the copy anew.

    The log only grows, in whole frames, and a frame that was cut off at its end is passed over when it is read.

    Raises:
        StorageError: ``BACKUP_GALLERY_BUSY``, or a code of `faults`.
    """
    if not source.is_dir():
        return
    with storage_faults("copying a gallery"):
        for _ in range(GALLERY_TRIES):
            before = (source / CURRENT).read_bytes()
            names = [f"{kind}-{before.decode(errors='replace').strip()}" for kind in ("segment", "log")]
            try:
                for name in names:
                    if (source / name).exists() or name.startswith("log"):
                        copy_file(source / name, target / name)
            except FileNotFoundError:
                pass
            else:
                if (source / CURRENT).read_bytes() == before:
                    _write_bytes(target / CURRENT, before)
                    return
            shutil.rmtree(target, ignore_errors=True)
    raise StorageError("BACKUP_GALLERY_BUSY", "the gallery was rewritten all the time", hint="try again")


def read_whole(folder: Path, path: str, most_bytes: int) -> bytes:
    """Return a small file of a backup, which must be a regular file in regular folders.

    Raises:
        RecordError: ``BACKUP_INVALID``.
        StorageError: a code of `faults`.
    """
    with opened(folder, path) as file:
        data = file.read(most_bytes + 1)
    if len(data) > most_bytes:
        raise invalid(f"{path} is too long", path)
    return data


def opened(folder: Path, path: str) -> BufferedReader:
    """Open a file of a backup; no link is followed on the way below `folder`.

    Raises:
        RecordError: ``BACKUP_INVALID`` when it is not there, or it or a folder on the way is a link or no file.
        StorageError: a code of `faults`.
    """
    *folders, name = path.split("/")
    handles = []
    try:
        with storage_faults("reading a backup"):
            try:
                handles.append(os.open(folder, os.O_RDONLY | os.O_DIRECTORY))
                for part in folders:
                    flags = os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW
                    handles.append(os.open(part, flags, dir_fd=handles[-1]))
                flags = os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK
                file = os.fdopen(os.open(name, flags, dir_fd=handles[-1]), "rb")
            except OSError as problem:
                if problem.errno in (errno.ELOOP, errno.ENOTDIR, errno.ENOENT, errno.EISDIR, errno.ENXIO):
                    raise invalid(f"{path} is not there, or is a link", path) from problem
                raise
    finally:
        for handle in handles:
            os.close(handle)
    if not stat.S_ISREG(os.fstat(file.fileno()).st_mode):
        file.close()
        raise invalid(f"{path} is no file", path)
    return file


def check_file(folder: Path, path: str, expected: CopiedFile) -> None:
    """Check size and hash of a file of a backup.

    Raises:
        RecordError: ``BACKUP_INVALID``.
    """
    with opened(folder, path) as file, storage_faults("reading a backup"):
        found = CopiedFile(os.fstat(file.fileno()).st_size, hashlib.file_digest(file, "sha256").hexdigest())
    _compare(path, found, expected)


def take_out(folder: Path, path: str, expected: CopiedFile, target: Path) -> None:
    """Copy a file out of a backup, checked while it is copied: what was checked before may have changed since.

    Raises:
        RecordError: ``BACKUP_INVALID``.
        StorageError: a code of `faults`.
    """
    target.parent.mkdir(parents=True, exist_ok=True)
    with opened(folder, path) as file, storage_faults("writing what is restored"):
        found = _write(file, target)
    _compare(path, found, expected)


def sync_tree(folder: Path) -> None:
    """Make all names below a folder durable."""
    for path in (folder, *(path for path in folder.rglob("*") if path.is_dir())):
        sync_folder(path)


def files_below(folder: Path, on_file: Callable[[int], None] = lambda count: None) -> Iterator[tuple[str, CopiedFile]]:
    """Yield path and hash of every file below a folder, in order of their paths."""
    for count, path in enumerate(sorted(path for path in folder.rglob("*") if path.is_file()), start=1):
        yield path.relative_to(folder).as_posix(), digest_of(path)
        on_file(count)


def private_folder(folder: Path) -> None:
    """Make a folder, and its parents, that only its owner may look into."""
    make_folders(folder.parent)
    folder.mkdir(mode=FOLDER_MODE, exist_ok=True)


def _is_whole(path: Path, digest: str) -> bool:
    try:
        return stat.S_ISREG(path.lstat().st_mode) and digest_of(path).sha256 == digest
    except OSError:
        return False


def _compare(path: str, found: CopiedFile, expected: CopiedFile) -> None:
    if found != expected:
        raise invalid(f"{path} has not the size and hash that the manifest names", path)


def _write(reading: BufferedReader, target: Path) -> CopiedFile:
    digest, size = hashlib.sha256(), 0
    handle = os.open(target, os.O_WRONLY | os.O_CREAT | os.O_TRUNC | os.O_NOFOLLOW, PRIVATE_MODE)
    with os.fdopen(handle, "wb") as writing:
        while chunk := reading.read(CHUNK_BYTES):
            writing.write(chunk)
            digest.update(chunk)
            size += len(chunk)
        writing.flush()
        os.fsync(writing.fileno())
    return CopiedFile(size, digest.hexdigest())


def _write_bytes(target: Path, data: bytes) -> None:
    target.parent.mkdir(parents=True, exist_ok=True)
    target.touch(mode=PRIVATE_MODE)
    target.write_bytes(data)
    with target.open("rb+") as file:
        os.fsync(file.fileno())
