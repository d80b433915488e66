"""Rows of a queue in batches: claimed together, read in parts that fit into memory, given back when a bug ends it."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress

from tenprint.core.errors import StorageError, TenprintError
from tenprint.exchange.dispatch.faults import ProgramFault, contained
from tenprint.exchange.model.envelope import Envelope, MessageKey
from tenprint.exchange.ports import Node, Queue

PART_BYTES = 16 * 1024 * 1024
"""Bodies in memory at once, unless one message alone is longer."""
CONCERNS_ALL = frozenset({"STORE_BUSY", "STORE_FULL", "STORE_READONLY", "STORE_UNREACHABLE"})
"""Codes of a database that nobody can write to now: trying a batch's messages one by one would only take longer."""
Loaded = tuple[MessageKey, Envelope | TenprintError]
"""A message, or why it cannot be read."""


@contextmanager
def working_on(node: Node, queue: Queue, keys: Sequence[MessageKey]) -> Iterator[set[MessageKey]]:
    """Give a set of the claimed rows, from which those that are done or put off are taken.

    What is left in it when an exception ends the work is due again at once, not when the claim's time is up.
    """
    left = set(keys)
    try:
        yield left
    except BaseException:
        with suppress(StorageError):  # a claim that cannot be given back ends by itself
            node.store.release(queue, left, node.services.clock.now())
        raise


def loaded_in_parts(node: Node, keys: Sequence[MessageKey]) -> Iterator[list[Loaded]]:
    """Yield the messages in their order, as many at once as `PART_BYTES` allow."""
    rest = list(keys)
    while rest:
        part = _part_of(node, rest)
        yield part
        del rest[: len(part)]


def _part_of(node: Node, keys: list[MessageKey]) -> list[Loaded]:
    """Return the first of the messages, as many as fit; where reading them meets a bug, the first one alone."""
    try:
        with contained(node):
            return node.store.load(keys, PART_BYTES)
    except ProgramFault:
        pass
    try:
        with contained(node):
            return node.store.load(keys[:1], PART_BYTES)
    except ProgramFault as fault:
        return [(keys[0], fault)]
