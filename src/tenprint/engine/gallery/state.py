"""A gallery's content at one moment: the mapped segment, which of its rows still count, and the log's people."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator

import numpy as np
import numpy.typing as npt

from tenprint.core.fingers import FingerPosition
from tenprint.engine.gallery.block import EMPTY, Block, StoredFinger, StoredPerson, build_block, store_finger
from tenprint.engine.gallery.frames import Operation

FIRST_EPOCH = "0" * 16


def next_epoch(epoch: str, payload: bytes) -> str:
    """Return the epoch after a commit: equal histories have equal epochs, 16 hex digits."""
    return hashlib.sha256(bytes.fromhex(epoch) + payload).hexdigest()[:16]


class State:
    """Who is enrolled. Blocks and the row mask are replaced, never changed, so that a running search keeps its own."""

    def __init__(self, base: Block = EMPTY, epoch: str = FIRST_EPOCH) -> None:
        self.base = base
        self.epoch = epoch
        self.alive: npt.NDArray[np.bool_] = np.ones(len(base), np.bool_)
        self._row = {subject_id: row for row, subject_id in enumerate(base.ids)}
        self._tail: dict[str, dict[FingerPosition, StoredFinger]] = {}
        self._tail_block: Block | None = EMPTY

    def __len__(self) -> int:
        return len(self._row) + len(self._tail)

    def __contains__(self, subject_id: object) -> bool:
        return subject_id in self._row or subject_id in self._tail

    @property
    def tail_size(self) -> int:
        """Return how many people stand in the log only."""
        return len(self._tail)

    def apply(self, operations: list[Operation], payload: bytes) -> None:
        """Make the changes of one frame."""
        gone = [self._row.pop(operation.subject_id) for operation in operations if operation.subject_id in self._row]
        if gone:
            self.alive = self.alive.copy()
            self.alive[gone] = False
        for operation in operations:
            self._tail.pop(operation.subject_id, None)
            if operation.templates:
                self._tail[operation.subject_id] = {
                    position: store_finger(template) for position, template in operation.templates.items()
                }
        self._tail_block = None
        self.epoch = next_epoch(self.epoch, payload)

    def person(self, subject_id: str) -> dict[FingerPosition, StoredFinger] | None:
        """Return a person's fingers, or None."""
        if subject_id in self._tail:
            return self._tail[subject_id]
        row = self._row.get(subject_id)
        return None if row is None else self.base.person(row)

    def holds(self, enrolment: Operation) -> bool:
        """Tell whether a person is enrolled with exactly these templates."""
        person = self.person(enrolment.subject_id)
        return person is not None and enrolment.templates == {
            position: finger.template for position, finger in person.items()
        }

    def ids(self) -> tuple[str, ...]:
        """Return everybody in the order of enrolment."""
        return (*self._row, *self._tail)

    def people(self) -> Iterator[StoredPerson]:
        """Yield everybody in the order of enrolment."""
        yield from self.base.people(self._row.values())
        yield from self._tail.items()

    def blocks(self) -> list[tuple[Block, npt.NDArray[np.bool_]]]:
        """Return what a search goes through: blocks that hold somebody, each with its row mask."""
        if self._tail_block is None:
            self._tail_block = build_block(self._tail.items())
        pairs = [(self.base, self.alive), (self._tail_block, np.ones(len(self._tail_block), np.bool_))]
        return [(block, alive) for block, alive in pairs if len(block)]
