"""Files that are either whole or absent: temporary file, fsync, rename, fsync of the folder."""

from __future__ import annotations

import os
import tempfile
from collections.abc import Mapping
from concurrent.futures import Executor, Future, wait
from io import BufferedWriter
from itertools import takewhile
from pathlib import Path

PRIVATE_MODE = 0o600
"""Of every file in a data directory: prints, records and keys are for their owner only, whatever the folder allows."""


def write_whole(path: Path, data: bytes, *, mode: int = PRIVATE_MODE, durable: bool = True) -> None:
    """Write `data` so that a reader, or a power loss, sees the old file or the new one and nothing between.

    Args:
        path: target; its folder must exist.
        data: whole content.
        mode: permission bits of the file.
        durable: wait until file and folder reached the disk; False only for what can be computed again.

    Raises:
        OSError: the file system refuses.
    """
    handle, name = _part_of(path)
    try:
        with os.fdopen(handle, "wb") as file:
            file.write(data)
            os.fchmod(file.fileno(), mode)
            if durable:
                file.flush()
                os.fsync(file.fileno())
        Path(name).replace(path)
    except BaseException:
        Path(name).unlink(missing_ok=True)
        raise
    if durable:
        sync_folder(path.parent)


def write_all_whole(files: Mapping[Path, bytes], waiting: Executor) -> None:
    """Write files as `write_whole` does, durably; all of them wait for the disk together.

    Each is on the disk before it gets its name. What fails leaves each file old, whole or absent, and no other one.

    Args:
        files: targets, whose folders must exist, and the whole content of each.
        waiting: does the waiting; the writing takes this thread's time.

    Raises:
        OSError: the file system refuses one of them.
    """
    parts: dict[str, Path] = {}
    syncing: list[Future[None]] = []
    try:
        for path, data in files.items():
            handle, name = _part_of(path)
            parts[name] = path
            file = os.fdopen(handle, "wb")
            try:
                file.write(data)
                file.flush()
            except BaseException:
                file.close()
                raise
            syncing.append(waiting.submit(_sync_and_close, file))
        for each in syncing:
            each.result()
        for name, path in parts.items():
            Path(name).replace(path)
    except BaseException:
        wait(syncing)  # nobody writes to them any more
        for name in parts:
            Path(name).unlink(missing_ok=True)
        raise
    for _ in waiting.map(sync_folder, {path.parent for path in files}):
        pass


def sync_folder(folder: Path) -> None:
    """Make the folder's entries (a rename, a new file) survive a power loss."""
    handle = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)


def make_folders(folder: Path) -> None:
    """Create `folder` and its parents, each one's entry synced in its parent."""
    if folder.exists():
        return
    missing = list(takewhile(lambda f: not f.exists(), (folder, *folder.parents)))
    for made in reversed(missing):
        made.mkdir(exist_ok=True)
        sync_folder(made.parent)


def _part_of(path: Path) -> tuple[int, str]:
    """Return handle and name of a new file beside `path`, for its owner only."""
    return tempfile.mkstemp(prefix=".", suffix=".part", dir=path.parent)


def _sync_and_close(file: BufferedWriter) -> None:
    with file:
        os.fsync(file.fileno())
