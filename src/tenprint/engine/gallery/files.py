"""Durable files for the gallery: whole-file replacement, checked appends, and the writers' lock."""

from __future__ import annotations

import fcntl
import os
import time
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path

from tenprint.core.errors import StorageError

LOCK_PAUSE_S = 0.02
PRIVATE_MODE = 0o600
"""A gallery holds people's fingers: its files are for their owner only, whatever the folder allows."""


def write_durably(path: Path, pieces: Iterable[bytes]) -> None:
    """Write a file so that it is whole or absent after a crash: temporary file, fsync, rename, fsync of the folder.

    Raises:
        StorageError: ``GALLERY_WRITE``.
    """
    temporary = path.with_name(path.name + ".tmp")
    try:
        with temporary.open("wb") as file:
            os.fchmod(file.fileno(), PRIVATE_MODE)
            for piece in pieces:
                file.write(piece)
            file.flush()
            os.fsync(file.fileno())
        temporary.replace(path)
        sync_folder(path.parent)
    except OSError as problem:
        raise StorageError("GALLERY_WRITE", f"{path.name} cannot be written: {problem.strerror}") from problem


def append_durably(path: Path, end: int, data: bytes) -> None:
    """Cut the file at `end`, append and fsync; after a failure the file is cut again, so that nothing is half there.

    Raises:
        StorageError: ``GALLERY_WRITE``.
    """
    try:
        with path.open("r+b") as file:
            try:
                file.truncate(end)
                file.seek(end)
                file.write(data)
                file.flush()
                os.fsync(file.fileno())
            except OSError:
                os.ftruncate(file.fileno(), end)
                raise
    except OSError as problem:
        raise StorageError("GALLERY_WRITE", f"{path.name} cannot be written: {problem.strerror}") from problem


def sync_folder(folder: Path) -> None:
    """Make renames and new names in a folder durable."""
    handle = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)


@contextmanager
def exclusive(path: Path, wait_s: float) -> Iterator[None]:
    """Hold the writers' lock; the kernel frees it when its process ends, however that happens.

    Raises:
        StorageError: ``GALLERY_LOCKED`` when another process holds it for longer than `wait_s` seconds.
    """
    handle = os.open(path, os.O_RDWR | os.O_CREAT, PRIVATE_MODE)
    try:
        _wait_for(handle, wait_s)
        yield
    finally:
        os.close(handle)


def _wait_for(handle: int, wait_s: float) -> None:
    """Ask for the lock until it is ours or time is up."""
    give_up = time.monotonic() + wait_s
    while True:
        try:
            fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError as busy:
            if time.monotonic() >= give_up:
                raise StorageError(
                    "GALLERY_LOCKED",
                    f"another process has been changing the gallery for more than {wait_s:g} s",
                    hint="wait for it to end, then try again",
                ) from busy
            time.sleep(LOCK_PAUSE_S)
        else:
            return
