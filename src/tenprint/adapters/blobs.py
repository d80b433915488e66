"""Blob files: bytes kept under the SHA-256 of their content, such as ``ab/abcd…``.

A row that names a blob is written after `put` returned, so a row never outlives its blob. Reading checks the hash.
There are 256 folders, each made once. Earlier releases made one for nearly every blob (``ab/cd/abcd…``), which took a
third of the time that a blob takes; what they wrote stays where it is, and is found there.
"""

from __future__ import annotations

import os
from collections import OrderedDict
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from functools import cache
from pathlib import Path

from tenprint.adapters.faults import storage_faults
from tenprint.adapters.files import make_folders, sync_folder, write_all_whole, write_whole
from tenprint.core.canonical import sha256_hex
from tenprint.core.errors import StorageError

REMEMBERED_BLOBS = 4096
RESTORE_HINT = "put it back from a backup: tenprint restore FOLDER --to DIR --missing"
SPOOL = "spool"
"""Folder of what is still arriving; no blob's folder, which has two hex digits."""
WRITERS = 8
"""Threads that `put_many` waits for the disk with; they wait together for what the file system writes together."""
_HEX_DIGITS = frozenset("0123456789abcdef")


def blob_path(digest: str) -> str:
    """Return where a blob is written below a folder of blobs."""
    return f"{digest[:2]}/{digest}"


def blob_paths(digest: str) -> tuple[str, str]:
    """Return where a blob may lie below a folder of blobs: where it is written, and where earlier releases wrote it."""
    return blob_path(digest), f"{digest[:2]}/{digest[2:4]}/{digest}"


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

    def put(self, data: bytes, digest: str = "") -> str:
        """Store durably and return the SHA-256 as hex; the same bytes again change nothing.

        Args:
            data: the bytes.
            digest: their SHA-256 in hex, where the caller has it already.

        Raises:
            StorageError: ``STORE_FULL``, ``STORE_READONLY`` or another code of `faults`.
        """
        digest = digest or sha256_hex(data)
        with storage_faults("writing a blob"):
            if not self._has(digest, len(data)):
                path = self._path(digest)
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

    def put_many(self, blobs: Sequence[bytes], digests: Sequence[str] = ()) -> list[str]:
        """Store durably; they wait for the disk together, and while it writes one, the next is handed to it.

        Args:
            blobs: the bytes of each.
            digests: the SHA-256 of each in hex, where the caller has them already.

        Raises:
            StorageError: as `put`; some of them may be there.
        """
        named = list(digests) or [sha256_hex(data) for data in blobs]
        if len(blobs) < 2:
            return [self.put(data, digest) for data, digest in zip(blobs, named, strict=True)]
        with storage_faults("writing a blob"):
            missing = {
                self._path(digest): data
                for digest, data in zip(named, blobs, strict=True)
                if not self._has(digest, len(data))
            }
            for folder in {path.parent for path in missing}:
                make_folders(folder)
            write_all_whole(missing, _writers())
        for digest in named:
            self._remember(digest)
        return named

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
        with storage_faults("reading a blob"):
            data = self._read(digest)
        if data is None:
            raise StorageError("STORE_BLOB_MISSING", f"blob {digest[:12]}… is not here", hint=RESTORE_HINT)
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
        self._durable.pop(digest, None)
        with storage_faults("removing a blob"):
            for path in self._paths(digest):
                path.unlink(missing_ok=True)
                if path.parent.is_dir():
                    sync_folder(path.parent)

    def _path(self, digest: str) -> Path:
        return Path(f"{self._root}/{blob_path(digest)}")

    def _paths(self, digest: str) -> list[Path]:
        return [Path(f"{self._root}/{path}") for path in blob_paths(digest)]

    def _read(self, digest: str) -> bytes | None:
        """Return what lies under a name, or None."""
        for path in self._paths(digest):
            try:
                return path.read_bytes()
            except FileNotFoundError:
                continue
        return None

    def _has(self, digest: str, size: int) -> bool:
        """Tell whether a blob of this size is there, durably. Another process of this party may have erased it."""
        for path in self._paths(digest):
            if path.is_file():
                if digest in self._durable:
                    return True
                if path.stat().st_size == size:
                    sync_folder(path.parent)  # an earlier process may have died between rename and sync
                    return True
        return False

    def _remember(self, digest: str) -> None:
        self._durable[digest] = None
        if len(self._durable) > REMEMBERED_BLOBS:
            self._durable.popitem(last=False)
