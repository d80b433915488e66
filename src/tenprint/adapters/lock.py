"""Who works on a data directory: locks that the system releases even when the holder is killed.

`lock` of the data directory, held alone: a whole network runs in one process. Held together: single parties run as
processes of their own, or somebody writes beside them. `parties/ID/lock`, held alone: who runs this party's work and
writes its gallery.
"""

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
WAIT_HINT = "wait until it ends, or stop it (Ctrl-C there), then run this command again"


class DirectoryLock:
    """Held from construction until `release` or the end of the process.

    Args:
        directory: data directory, or a party's folder; must exist.
        shared: hold it together with others who say so too.

    Raises:
        StorageError: ``STORE_LOCKED`` when another process holds it in a way that excludes this one.
    """

    def __init__(self, directory: Path, *, shared: bool = False) -> None:
        self.is_shared = shared
        self._path = directory / LOCK_NAME
        with storage_faults("opening the lock of the data directory"):
            self._handle = os.open(self._path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, PRIVATE_MODE)
        try:
            fcntl.flock(self._handle, (fcntl.LOCK_SH if shared else fcntl.LOCK_EX) | fcntl.LOCK_NB)
        except OSError as problem:
            holder = _holder(self._handle)
            os.close(self._handle)
            said, hint = f"another process ({holder}) works on {directory}", WAIT_HINT
            if not holder:
                said = f"parties of {directory} run as processes of their own, or a command works beside them"
                hint = "stop them (Ctrl-C at tenprint network up), then run this command again"
            raise StorageError("STORE_LOCKED", said, hint=hint) from problem
        if not shared:
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


def holder_of(directory: Path) -> int | None:
    """Return the process that holds a directory's lock alone, or None when nobody does."""
    try:
        handle = os.open(directory / LOCK_NAME, os.O_RDONLY | os.O_CLOEXEC)
    except OSError:
        return None
    try:
        fcntl.flock(handle, fcntl.LOCK_SH | fcntl.LOCK_NB)
    except OSError:
        return _pid(handle) or 0
    finally:
        os.close(handle)
    return None


def was_held(directory: Path) -> bool:
    """Tell whether somebody holds a directory's lock alone, or ever did: of a party, whether it has run by itself."""
    return (directory / LOCK_NAME).exists()


def _holder(handle: int) -> str:
    """Return who holds a lock alone; ``""`` when several hold it together, of whom the file tells nothing."""
    try:
        fcntl.flock(handle, fcntl.LOCK_SH | fcntl.LOCK_NB)
    except OSError:
        pass
    else:
        return ""
    pid = _pid(handle)
    return f"pid {pid}" if pid else "pid unknown"


def _pid(handle: int) -> int | None:
    try:
        return int(json.loads(os.pread(handle, 200, 0))["pid"])
    except (ValueError, KeyError, TypeError, OSError):
        return None
