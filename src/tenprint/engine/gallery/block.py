"""Enrolled people as columns: what a segment holds on disk and the log's people hold in memory."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from tenprint.core.fingers import SINGLE_FINGERS, FingerPosition
from tenprint.core.template import Template
from tenprint.engine.compare import prepare
from tenprint.engine.compare.codes import CODE_WORDS
from tenprint.engine.compare.placement import Columns

COLUMN_TYPES = {"x": "<u2", "y": "<u2", "angle": "<u2", "kind": "|u1", "quality": "|u1", "codes": "<u8"}


class StoredFinger(NamedTuple):
    """One enrolled finger: Template v1 bytes, columns ready for comparison, and the key of the canonical order."""

    template: bytes
    columns: Columns
    key: int


def rows_of_columns(columns: Columns, start: int, end: int) -> Columns:
    """Return the minutiae from `start` to `end` as views."""
    return Columns(
        columns.x[start:end],
        columns.y[start:end],
        columns.angle[start:end],
        columns.kind[start:end],
        columns.quality[start:end],
        columns.codes[start:end],
    )


StoredPerson = tuple[str, Mapping[FingerPosition, StoredFinger]]


@dataclass(frozen=True, eq=False)
class FingerBlock:
    """One finger position of all people of a block.

    Args:
        starts: first minutia of each person and the end of the last, shape (people + 1,), int64.
        columns: all minutiae, one person after the other.
        keys: shape (people,), uint64, 0 where the finger is missing.
        template_starts, templates: Template v1 bytes of each person, empty where the finger is missing.
    """

    starts: npt.NDArray[np.int64]
    columns: Columns
    keys: npt.NDArray[np.uint64]
    template_starts: npt.NDArray[np.int64]
    templates: npt.NDArray[np.uint8]

    def present(self) -> npt.NDArray[np.bool_]:
        """Return which people have this finger, shape (people,)."""
        present: npt.NDArray[np.bool_] = np.diff(self.template_starts) > 0
        return present

    def finger(self, row: int) -> StoredFinger | None:
        """Return one person's finger as views, or None."""
        first, last = self.template_starts[row], self.template_starts[row + 1]
        if first == last:
            return None
        start, end = self.starts[row], self.starts[row + 1]
        return StoredFinger(
            self.templates[first:last].tobytes(), rows_of_columns(self.columns, start, end), int(self.keys[row])
        )


@dataclass(frozen=True, eq=False)
class Block:
    """People in the order of their enrolment, column by column; positions that nobody has are left out."""

    ids: tuple[str, ...]
    fingers: Mapping[FingerPosition, FingerBlock]

    def __len__(self) -> int:
        return len(self.ids)

    def person(self, row: int) -> dict[FingerPosition, StoredFinger]:
        """Return one person's fingers."""
        found = ((position, block.finger(row)) for position, block in self.fingers.items())
        return {position: finger for position, finger in found if finger is not None}

    def people(self, rows: Iterable[int]) -> Iterator[StoredPerson]:
        """Yield the people of the given rows."""
        for row in rows:
            yield self.ids[row], self.person(row)


EMPTY = Block((), {})


def store_finger(template: bytes) -> StoredFinger:
    """Return a template with its columns ready for comparison.

    Raises:
        EngineError: ``TEMPLATE_INVALID`` when the bytes are no template.
    """
    prepared = prepare(Template.from_bytes(template))
    return StoredFinger(template, prepared.columns, prepared.key)


def build_block(people: Iterable[StoredPerson]) -> Block:
    """Return the people as one block, in the given order."""
    listed = list(people)
    used = [position for position in SINGLE_FINGERS if any(position in fingers for _, fingers in listed)]
    columns = {position: _finger_block([fingers.get(position) for _, fingers in listed]) for position in used}
    return Block(tuple(subject_id for subject_id, _ in listed), columns)


def _finger_block(fingers: list[StoredFinger | None]) -> FingerBlock:
    """Return one position's block; None stands for a missing finger."""
    there = [finger for finger in fingers if finger is not None]
    joined = {
        name: np.concatenate([np.asarray(getattr(finger.columns, name)) for finger in there]).astype(kind, copy=False)
        for name, kind in COLUMN_TYPES.items()
    }
    counts = [0 if finger is None else len(finger.columns.x) for finger in fingers]
    sizes = [0 if finger is None else len(finger.template) for finger in fingers]
    return FingerBlock(
        starts=_starts(counts),
        columns=Columns(**{**joined, "codes": joined["codes"].reshape(-1, CODE_WORDS)}),
        keys=np.array([0 if finger is None else finger.key for finger in fingers], dtype=np.uint64),
        template_starts=_starts(sizes),
        templates=np.frombuffer(b"".join(finger.template for finger in there), dtype=np.uint8),
    )


def _starts(counts: list[int]) -> npt.NDArray[np.int64]:
    """Return running sums with a leading 0."""
    return np.concatenate([np.zeros(1, np.int64), np.cumsum(np.array(counts, dtype=np.int64))])
