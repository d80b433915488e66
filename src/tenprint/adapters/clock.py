"""The simulated clock of a network, kept in `clock.json`, so that a resumed run continues at its own time."""

from __future__ import annotations

import json
from datetime import datetime
from pathlib import Path

from tenprint.adapters.faults import storage_faults
from tenprint.adapters.files import write_whole
from tenprint.core.clock import ManualClock, from_wire, to_wire
from tenprint.core.errors import StorageError

CLOCK_NAME = "clock.json"


class KeptClock(ManualClock):
    """A `ManualClock` that is written down whenever it moves.

    Args:
        path: the file; when it exists its time wins over an earlier `start`.
        start: where a new run begins.

    Raises:
        StorageError: ``CLOCK_DAMAGED`` when the file is not ours.
    """

    def __init__(self, path: Path, start: datetime) -> None:
        super().__init__(start)
        self._path = path
        kept = _kept(path)
        if kept is not None:
            super().jump_to(kept)

    def jump_to(self, moment: datetime) -> datetime:
        """Move to `moment` if it lies ahead, write it down, and return the time at which the clock stands."""
        before = self.now()
        after = super().jump_to(moment)
        if after != before:
            with storage_faults("writing the clock"):
                write_whole(self._path, json.dumps({"v": 1, "now": to_wire(after)}).encode() + b"\n")
        return after


def _kept(path: Path) -> datetime | None:
    if not path.exists():
        return None
    try:
        return from_wire(json.loads(path.read_bytes())["now"])
    except (ValueError, KeyError, TypeError, OSError) as problem:
        raise StorageError(
            "CLOCK_DAMAGED", f"{path.name} holds no time", hint=f"delete {path} to begin at the network's start"
        ) from problem
