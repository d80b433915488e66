"""One process at a time works on a data directory: a lock that the system releases even when the holder is killed."""

from __future__ import annotations

import fcntl
import json
import os
from pathlib import Path
from types import TracebackType
from typing import Self

from tenprint.adapters.faults import storage_faults
from tenprint.adapters.files import PRIVATE_MODE
from tenprint.core.errors import StorageError

LOCK_NAME = "lock"


class DirectoryLock:
    """Held from construction until `release` or the end of the process.

    Args:
        directory: data directory; must exist.

    Raises:
        StorageError: ``STORE_LOCKED`` when another process holds it.
    """

    def __init__(self, directory: Path) -> None:
        self._path = directory / LOCK_NAME
        with storage_faults("opening the lock of the data directory"):
            self._handle = os.open(self._path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, PRIVATE_MODE)
        try:
            fcntl.flock(self._handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError as problem:
            holder = _holder(self._handle)
            os.close(self._handle)
            raise StorageError(
                "STORE_LOCKED",
                f"another process ({holder}) works on {directory}",
                hint="wait until it ends, or stop it (Ctrl-C there), then run this command again",
            ) from problem
        os.ftruncate(self._handle, 0)
        os.pwrite(self._handle, json.dumps({"pid": os.getpid()}).encode(), 0)

    def release(self) -> None:
        """Give the directory free; doing it twice changes nothing."""
        if self._handle >= 0:
            os.close(self._handle)
            self._handle = -1

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, value: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.release()


def _holder(handle: int) -> str:
    try:
        return f"pid {int(json.loads(os.pread(handle, 200, 0))['pid'])}"
    except (ValueError, KeyError, TypeError, OSError):
        return "pid unknown"
