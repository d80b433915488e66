"""Files that are either whole or absent: temporary file, fsync, rename, fsync of the folder."""

from __future__ import annotations

import os
import tempfile
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
    handle, name = tempfile.mkstemp(prefix=".", suffix=".part", dir=path.parent)
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
