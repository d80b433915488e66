"""Blob files: bytes kept under the SHA-256 of their content, such as ``ab/cd/abcd…``.

A row that names a blob is written after `put` returned, so a row never outlives its blob. Reading checks the hash.
"""

from __future__ import annotations

import os
from collections import OrderedDict
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from functools import cache
from pathlib import Path

from tenprint.adapters.faults import storage_faults
from tenprint.adapters.files import make_folders, sync_folder, write_whole
from tenprint.core.canonical import sha256_hex
from tenprint.core.errors import StorageError

REMEMBERED_BLOBS = 4096
RESTORE_HINT = "put it back from a backup: tenprint restore FOLDER --to DIR --missing"
SPOOL = "spool"
"""Folder of what is still arriving; no blob's folder, which has two hex digits."""
WRITERS = 8
"""Threads that `put_many` writes with; they wait together for what the file system writes together."""
_HEX_DIGITS = frozenset("0123456789abcdef")


@cache
def _writers() -> ThreadPoolExecutor:
    """Return the threads of this process: starting some for each batch takes longer than they work."""
    return ThreadPoolExecutor(WRITERS, thread_name_prefix="blobs")


class FileBlobs:
    """The `Blobs` port on a folder of this machine.

    Args:
        root: folder; created at the first `put`.
    """

    def __init__(self, root: Path) -> None:
        self._root = root
        # Known to be on the disk, folder entry included, so that putting the same bytes again costs no fsync.
        self._durable: OrderedDict[str, None] = OrderedDict()

    def put(self, data: bytes) -> str:
        """Store durably and return the SHA-256 as hex; the same bytes again change nothing.

        Raises:
            StorageError: ``STORE_FULL``, ``STORE_READONLY`` or another code of `faults`.
        """
        digest = sha256_hex(data)
        path = self._path(digest)
        if digest in self._durable and path.is_file():  # another process of this party may have erased it since
            return digest
        with storage_faults("writing a blob"):
            if path.is_file() and path.stat().st_size == len(data):
                # An earlier process may have died between rename and sync.
                sync_folder(path.parent)
            else:
                make_folders(path.parent)
                write_whole(path, data)
        self._remember(digest)
        return digest

    def adopt(self, spooled: Path, digest: str) -> None:
        """Keep a file of this file system that was written elsewhere, durably; it is gone from there afterwards.

        Args:
            spooled: whole and closed; whoever wrote it has checked that it has this hash.
            digest: SHA-256 in hex.

        Raises:
            StorageError: as `put`.
        """
        path = self._path(digest)
        with storage_faults("writing a blob"), spooled.open("rb+") as file:
            os.fsync(file.fileno())
            make_folders(path.parent)
            spooled.replace(path)
            sync_folder(path.parent)
        self._remember(digest)

    def spool_folder(self) -> Path:
        """Return the folder in which a door may collect what `adopt` takes; on the same file system.

        Raises:
            StorageError: as `put`.
        """
        folder = self._root / SPOOL
        with storage_faults("making the folder of a door's files"):
            make_folders(folder)
        return folder

    def put_many(self, blobs: Sequence[bytes]) -> list[str]:
        """Store durably; several at a time, because each waits for the disk and not for this processor.

        Raises:
            StorageError: as `put`; some of them may be there.
        """
        if len(blobs) < 2:
            return [self.put(data) for data in blobs]
        return list(_writers().map(self.put, blobs))

    def clear_spool(self) -> None:
        """Remove what a door that was killed left half; only who runs the party's door may.

        Raises:
            StorageError: as `put`.
        """
        for path in self.spool_folder().iterdir():
            with storage_faults("clearing the folder of a door's files"):
                path.unlink(missing_ok=True)

    def get(self, digest: str) -> bytes:
        """Return the bytes with this SHA-256 (64 lower-case hex digits).

        Raises:
            StorageError: ``STORE_BLOB_MISSING`` or ``STORE_BLOB_DAMAGED``.
        """
        if len(digest) != 64 or not _HEX_DIGITS.issuperset(digest):
            raise StorageError("STORE_BLOB_MISSING", "a blob's name has 64 lower-case hex digits")
        try:
            data = self._path(digest).read_bytes()
        except FileNotFoundError as problem:
            raise StorageError("STORE_BLOB_MISSING", f"blob {digest[:12]}… is not here", hint=RESTORE_HINT) from problem
        except OSError:
            with storage_faults("reading a blob"):
                raise
        if sha256_hex(data) != digest:
            raise StorageError(
                "STORE_BLOB_DAMAGED",
                f"blob {digest[:12]}… does not have the hash in its name",
                hint=RESTORE_HINT,
            )
        return data

    def delete(self, digest: str) -> None:
        """Remove the file with this SHA-256, durably; removing one that is not there changes nothing.

        Raises:
            StorageError: a code of `faults`.
        """
        path = self._path(digest)
        self._durable.pop(digest, None)
        with storage_faults("removing a blob"):
            path.unlink(missing_ok=True)
            if path.parent.is_dir():
                sync_folder(path.parent)

    def _path(self, digest: str) -> Path:
        return Path(f"{self._root}/{digest[:2]}/{digest[2:4]}/{digest}")

    def _remember(self, digest: str) -> None:
        self._durable[digest] = None
        if len(self._durable) > REMEMBERED_BLOBS:
            self._durable.popitem(last=False)
