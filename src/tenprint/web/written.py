"""What a party's ledger holds, as far as it can be read: one damaged entry does not take the others along."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from tenprint.core.clock import from_wire
from tenprint.core.errors import StorageError
from tenprint.exchange.ports import Node
from tenprint.ledger.entry import Entry
from tenprint.web import words


@dataclass(frozen=True)
class Written:
    """Entries of a ledger.

    Args:
        entries: those that can be read, in their order.
        damaged: places of those that cannot.
        faults: what is missing, in sentences; also when the ledger cannot be read at all.
    """

    entries: tuple[Entry, ...]
    damaged: tuple[int, ...] = ()
    faults: tuple[str, ...] = ()


def of_case(node: Node, case_id: str) -> Written:
    """Return a party's entries of a case."""
    store = node.store
    return _written(node, lambda: store.case_entries(case_id), lambda: store.case_places(case_id))


def between(node: Node, start: int, end: int) -> Written:
    """Return a party's entries from `start` up to and without `end`."""
    return _written(node, lambda: node.store.entries(start, end), lambda: range(start, end))


def _written(node: Node, at_once: Callable[[], list[Entry]], places: Callable[[], Sequence[int]]) -> Written:
    try:
        entries = at_once()
        if all(_is_sound(entry) for entry in entries):
            return Written(tuple(entries))
    except StorageError:
        pass  # which one it is can be told by asking for them one by one
    try:
        read = [(place, _sound_entry(node, place)) for place in places()]
    except StorageError as problem:
        whose = words.spoken_name(node.party.id)
        return Written((), (), (f"The ledger of the {whose} cannot be read: {problem.message} ({problem.code}).",))
    damaged = tuple(place for place, entry in read if entry is None)
    return Written(tuple(entry for _, entry in read if entry is not None), damaged, faults_at(node, damaged))


def faults_at(node: Node, damaged: Sequence[int]) -> tuple[str, ...]:
    """Return sentences on damaged entries of a party's ledger."""
    whose = words.spoken_name(node.party.id)
    return tuple(f"Entry {place} of the ledger of the {whose} is damaged and cannot be shown." for place in damaged)


def _sound_entry(node: Node, place: int) -> Entry | None:
    try:
        found = node.store.entries(place, place + 1)
    except StorageError:
        return None
    return found[0] if found and _is_sound(found[0]) else None


def _is_sound(entry: Entry) -> bool:
    """Tell whether an entry says where it stands and when it was written, as every page needs to know."""
    try:
        from_wire(str(entry.fields["time"]))
    except (KeyError, ValueError):
        return False
    return isinstance(entry.fields.get("sequence"), int)
